//! Benchmark of the scan: `cargo bench --bench scan` (`docs/performance.md` reads the figures).
//!
//! Makes a library of films and one of series, scans both twice, and does the same look over the tree with `find`, in
//! turns. What is told are ratios of times taken in one round; nothing here passes or fails by time.
//!
//! No network. Nothing is left behind: everything is in one temporary folder.

mod tree;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use posterfs::catalog::{Catalog, Library, NewLibrary};
use posterfs::library::Source;
use posterfs::model::{Clock, LibraryKind, UnixSeconds};
use posterfs::phase::{NoProgress, ScanReport, scan};

use tree::Scale;

/// Compare a first and a second scan with `find`.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench scan --")]
struct Options {
    /// A small tree and one round: only to see that everything works.
    #[arg(long)]
    quick: bool,
    /// How many rounds. Default: 5, with --quick and --films 1.
    #[arg(long)]
    rounds: Option<usize>,
    /// So many films and no series, one round: what a large library costs in time and memory.
    #[arg(long, conflicts_with = "quick")]
    films: Option<u64>,
    /// Where the tree is made: a folder on the file system to be measured. Default: beside the build.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Long after the tree was made, so that folders count as settled.
struct Later;

impl Clock for Later {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(4_000_000_000)
    }
}

/// The times of one round.
struct Round {
    find: Duration,
    find_with_stat: Duration,
    first: Duration,
    second: Duration,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let base = options.dir.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let folder = tempfile::Builder::new().prefix("scan-").tempdir_in(&base)?;
    let scale = match options.films {
        Some(films) => Scale::of_films(films),
        None if options.quick => Scale::QUICK,
        None => Scale::FULL,
    };
    tree::make(&folder.path().join("media"), scale).context("cannot make the tree")?;
    println!("{} films, {} episodes; times in seconds", scale.films, scale.episodes());
    println!(
        "{:>8} {:>10} {:>8} {:>8} {:>12} {:>12}",
        "find", "find+stat", "first", "second", "first/stat", "second/find"
    );
    let count = options.rounds.unwrap_or(if options.quick || options.films.is_some() { 1 } else { 5 });
    let mut rounds = Vec::new();
    for number in 0..count {
        let round = round(folder.path(), number, scale)?;
        tell(&round);
        rounds.push(round);
    }
    tell_medians(&rounds);
    tell_memory();
    Ok(())
}

fn round(folder: &Path, number: usize, scale: Scale) -> anyhow::Result<Round> {
    let media = folder.join("media");
    let mut catalog = Catalog::open(&folder.join(format!("{number}.db")))?;
    let libraries = [("films", LibraryKind::Movies), ("tv", LibraryKind::Tv)];
    let libraries = libraries.map(|(name, kind)| add(&mut catalog, &media.join(name), name, kind));
    let libraries = libraries.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let find = find(&media, &[])?;
    let find_with_stat = self::find(&media, &["-printf", "%i %s %T@\n"])?;
    let (first, reports) = scans(&mut catalog, &libraries)?;
    ensure!(
        reports.iter().map(|report| report.added).sum::<u64>() >= scale.films + scale.episodes(),
        "not all was found"
    );
    let (second, reports) = scans(&mut catalog, &libraries)?;
    ensure!(reports.iter().all(|report| report.added + report.changed + report.missing == 0), "something has changed");
    Ok(Round { find, find_with_stat, first, second })
}

fn add(catalog: &mut Catalog, path: &Path, name: &str, kind: LibraryKind) -> anyhow::Result<Library> {
    let new = NewLibrary { name: name.to_owned(), path: path.to_owned(), kind, naming: "default".to_owned() };
    Ok(catalog.add_library(&new, Later.now())?)
}

fn scans(catalog: &mut Catalog, libraries: &[Library]) -> anyhow::Result<(Duration, Vec<ScanReport>)> {
    let begun = Instant::now();
    let mut reports = Vec::new();
    for library in libraries {
        let source = Source::open(&library.path)?;
        reports.push(scan(catalog, library, &source, &Later, &NoProgress)?);
    }
    Ok((begun.elapsed(), reports))
}

fn find(media: &Path, arguments: &[&str]) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let status =
        Command::new("find").arg(media).args(arguments).stdout(Stdio::null()).status().context("cannot run find")?;
    ensure!(status.success(), "find failed");
    Ok(begun.elapsed())
}

fn ratio(time: Duration, by: Duration) -> f64 {
    time.as_secs_f64() / by.as_secs_f64()
}

fn tell(round: &Round) {
    let Round { find, find_with_stat, first, second } = round;
    println!(
        "{:>8.3} {:>10.3} {:>8.3} {:>8.3} {:>12.2} {:>12.2}",
        find.as_secs_f64(),
        find_with_stat.as_secs_f64(),
        first.as_secs_f64(),
        second.as_secs_f64(),
        ratio(*first, *find_with_stat),
        ratio(*second, *find),
    );
}

fn tell_medians(rounds: &[Round]) {
    let median = |of: fn(&Round) -> f64| {
        let mut ratios: Vec<f64> = rounds.iter().map(of).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    };
    println!("median: first scan {:.2} x find with stat", median(|round| ratio(round.first, round.find_with_stat)));
    println!("median: second scan {:.2} x bare find", median(|round| ratio(round.second, round.find)));
}

/// The most memory this process has had, as the kernel tells.
fn tell_memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("VmHWM")) {
        println!("memory: {}", line.trim_start_matches("VmHWM:").trim());
    }
}
