//! Benchmark of the mount: `cargo bench --bench mount` (as root; `docs/performance.md` reads the figures).
//!
//! Makes a library of 50,000 entries and does the same work in it through several views: the plain folder, posterfs,
//! and mergerfs and bindfs where they are installed. Times on a machine that others use say little, so every workload
//! goes round all views before the next one begins, each time is divided by that of the plain folder in the same
//! round, and what is told is the median of these ratios. Nothing here passes or fails by time.
//!
//! No network. Nothing is left behind: mounts and children end with this process, however it ends.

mod artwork;
mod freshness;
mod published;
mod report;
mod rounds;
mod tree;
mod view;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Parser;

use rounds::Rounds;
use tree::{Scale, Tree};
use view::View;

/// Compare the mount with the plain folder, mergerfs and bindfs.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench mount --")]
struct Options {
    /// A small tree and one round: only to see that everything works.
    #[arg(long)]
    quick: bool,
    /// How many rounds. Default: 5, with --quick 1.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Where the tree is made: a folder on the file system to be measured. Default: beside the build.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Write everything that was measured there, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only these views besides the plain folder, separated by commas.
    #[arg(long, value_delimiter = ',')]
    views: Vec<String>,
    /// Only workloads whose names begin with one of these, separated by commas; `artwork` for those that compare
    /// mapped pictures with real files.
    #[arg(long, value_delimiter = ',')]
    workloads: Vec<String>,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let told_to_stop = stop_on_signals()?;
    let base = options.dir.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let base = base.canonicalize().with_context(|| format!("cannot open {}", base.display()))?;
    let machine = report::Machine::look(&base)?;
    eprintln!("{machine}");
    let scale = if options.quick { Scale::QUICK } else { Scale::FULL };
    eprintln!("making {} entries in {} …", scale.entries(), base.display());
    let tree = Tree::make(&base, scale)?;
    eprintln!("publishing a poster for each of the {} films …", scale.films);
    let views = View::all(&tree, &options.views)?;
    let rounds = options.rounds.unwrap_or(if options.quick { 1 } else { 5 });
    let measured = Rounds::new(&tree, &views, &options.workloads, told_to_stop).run(rounds)?;
    let report = report::Report::new(machine, &tree, &views, measured);
    println!("{report}");
    if let Some(path) = &options.json {
        report.write_json(path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The first signal lets the current step end and everything be cleaned up; a second one ends the process at once
/// (the mounts go with it all the same).
fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let told_to_stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&told_to_stop))?;
        signal_hook::flag::register(signal, Arc::clone(&told_to_stop))?;
    }
    Ok(told_to_stop)
}
