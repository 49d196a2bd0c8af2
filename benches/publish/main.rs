//! Benchmark of publishing: `cargo bench --bench publish` (`docs/performance.md` reads the figures).
//!
//! What it takes to show a whole library, to find that all of it is shown already, and to show one more picture of it: by
//! publishing everything, by publishing that picture, and as it happens after an import. What is told are times, with the
//! machine's own noise in them; nothing here passes or fails by time.
//!
//! No network. Nothing is left behind: everything is in one temporary folder.

mod films;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use posterfs::catalog::Scope;
use posterfs::model::EntityId;

use films::{Films, POSTER};

/// Measure what publishing costs, of everything and of one picture.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench publish --")]
struct Options {
    /// Few films and one round: only to see that everything works.
    #[arg(long)]
    quick: bool,
    /// How many films. Default: 100000, with --quick 1000.
    #[arg(long)]
    films: Option<u32>,
    /// How many rounds, each with a new catalog. Default: 3, with --quick 1.
    #[arg(long)]
    rounds: Option<usize>,
    /// Where the catalog is made: a folder on the file system to be measured. Default: beside the build.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is measured, in this order.
const WHAT: [&str; 8] = [
    "publish everything",
    "publish everything again, nothing to change",
    "one picture chosen: publish everything",
    "one picture chosen: publish it",
    "one folder scanned again",
    "one item imported: publish it",
    "go back by one generation",
    "go back to nothing",
];

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let base = options.dir.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let count = options.films.unwrap_or(if options.quick { 1_000 } else { 100_000 });
    let rounds = options.rounds.unwrap_or(if options.quick { 1 } else { 3 });
    let mut times = vec![Vec::new(); WHAT.len()];
    for _ in 0..rounds {
        let folder = tempfile::Builder::new().prefix("publish-").tempdir_in(&base)?;
        let mut films = Films::fill(folder.path(), count)?;
        for (times, time) in times.iter_mut().zip(round(&mut films)?) {
            times.push(time);
        }
    }
    println!(
        "{count} films, each with a poster under two names that hides an original; milliseconds, median of {rounds} (least to most)"
    );
    WHAT.iter().zip(times).for_each(|(what, times)| tell(what, times));
    Ok(())
}

fn round(films: &mut Films) -> anyhow::Result<[Duration; WHAT.len()]> {
    let everything = films.publish(Scope::All, u64::from(films.count))?;
    let again = films.publish(Scope::All, 0)?;

    films.choose(1)?;
    let one_of_all = films.publish(Scope::All, 1)?;
    films.choose(2)?;
    let picture = films.publish(Scope::Pictures(&[(EntityId::new(2), POSTER)]), 1)?;

    let scanned = films.scan_folder()?;
    films.choose(3)?;
    let imported = films.publish(Scope::Among(&[EntityId::new(3)]), 1)?;

    let back_by_one = films.go_back_to(3, 1)?;
    let back_to_nothing = films.go_back_to(0, u64::from(films.count))?;
    Ok([everything, again, one_of_all, picture, scanned, imported, back_by_one, back_to_nothing])
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let [least, median, most] =
        [0, times.len() / 2, times.len() - 1].map(|at| times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3));
    println!("{what:<45} {median:>9.1} ({least:.1} to {most:.1})");
}
