//! Benchmark of care: `cargo bench --bench care` (`docs/performance.md` reads the figures).
//!
//! `verify --deep` beside `sha256sum` over the same files on all cores, both from the disk; a quick `verify` beside a bare
//! stat of each file; then publishing beside a backup. What is told are ratios of times taken in one round, and the longest that
//! a publication took; nothing here passes or fails by time.
//!
//! No network. Nothing is left behind: everything is in one temporary folder.

mod backing_up;
mod shelf;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use posterfs::cache::Cache;
use posterfs::catalog::Catalog;
use posterfs::library::Source;
use posterfs::model::{Clock, SystemClock};
use posterfs::phase::{LibraryTree, NoProgress, VerifyReport, VerifyRequest, verify};
use rustix::fs::{Advice, fadvise};

use shelf::Shelf;

/// Compare verify with sha256sum and with stat, and publish beside a backup.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench care --")]
struct Options {
    /// Few files and one round: only to see that everything works.
    #[arg(long)]
    quick: bool,
    /// How many rounds. Default: 3, with --quick 1.
    #[arg(long)]
    rounds: Option<usize>,
    /// Where the files are made: a folder on the file system to be measured. Default: beside the build.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let base = options.dir.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let rounds = options.rounds.unwrap_or(if options.quick { 1 } else { 3 });
    let (large, many) = if options.quick { (100, 2_000) } else { (4_000, 100_000) };
    deep(&base, large, rounds)?;
    quick(&base, many, rounds)
}

/// Pictures of half a mebibyte, as posters are.
fn deep(base: &Path, count: u32, rounds: usize) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("care-").tempdir_in(base)?;
    let shelf = Shelf::fill(folder.path(), count, 512 << 10)?;
    println!("deep: {count} files, {} MiB; MB/s", shelf.bytes >> 20);
    println!("{:>12} {:>12} {:>8}", "sha256sum", "verify", "ratio");
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let mut times = [Duration::ZERO; 2];
        // Who comes first changes from round to round.
        for turn in [round % 2, (round + 1) % 2] {
            shelf.files.iter().try_for_each(|path| evict(path))?;
            times[turn] = if turn == 0 { sha256sum(&shelf.root)? } else { look(&shelf, true)?.0 };
        }
        let [sums, verified] = times.map(|time| shelf.bytes as f64 / 1e6 / time.as_secs_f64());
        println!("{sums:>12.0} {verified:>12.0} {:>8.2}", verified / sums);
        ratios.push(verified / sums);
    }
    println!("median: verify --deep at {:.2} x the rate of sha256sum on all cores (aim: 0.9)", median(ratios));
    Ok(())
}

fn quick(base: &Path, count: u32, rounds: usize) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("care-").tempdir_in(base)?;
    let shelf = Shelf::fill(folder.path(), count, 512)?;
    println!("quick: {count} mappings of as many files; seconds");
    println!("{:>12} {:>12} {:>8}", "stat", "verify", "ratio");
    look(&shelf, false)?;
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let stat = stat(&shelf.files)?;
        let (verified, report) = look(&shelf, false)?;
        ensure!(report.mappings == u64::from(count), "not all mappings were looked at");
        let ratio = verified.as_secs_f64() / stat.as_secs_f64();
        println!("{:>12.3} {:>12.3} {ratio:>8.2}", stat.as_secs_f64(), verified.as_secs_f64());
        ratios.push(ratio);
    }
    println!("median: a quick verify takes {:.2} x a bare stat of each file (aim: 2)", median(ratios));
    backing_up::beside_publishing(&shelf, folder.path(), rounds)
}

fn look(shelf: &Shelf, is_deep: bool) -> anyhow::Result<(Duration, VerifyReport)> {
    let mut catalog = Catalog::open(&shelf.database)?;
    let cache = Cache::open(&shelf.root)?;
    let trees = catalog.libraries()?.into_iter().map(|library| {
        let source = Source::open(&library.path).map_err(|error| error.to_string());
        LibraryTree { library, source }
    });
    let trees: Vec<LibraryTree> = trees.collect();
    let request =
        VerifyRequest { trees: &trees, is_everything: true, is_deep, since: None, rate: None, now: SystemClock.now() };
    let mut findings = Vec::new();
    let begun = Instant::now();
    let report = verify(&mut catalog, &cache, &request, &NoProgress, &mut |finding| findings.push(finding))?;
    let time = begun.elapsed();
    ensure!(findings.is_empty(), "something is wrong: {findings:?}");
    ensure!(report.files == shelf.files.len() as u64, "not everything was looked at: {report:?}");
    ensure!(!is_deep || report.read_bytes == shelf.bytes, "not everything was read: {report:?}");
    Ok((time, report))
}

/// The same files, a process a core.
fn sha256sum(root: &Path) -> anyhow::Result<Duration> {
    let cores = thread::available_parallelism()?.get();
    let script = format!("find assets -type f -print0 | xargs -0 -P {cores} -n 64 sha256sum");
    let begun = Instant::now();
    let status = Command::new("sh").args(["-c", &script]).current_dir(root).stdout(Stdio::null()).status();
    ensure!(status.context("cannot run sh")?.success(), "sha256sum failed");
    Ok(begun.elapsed())
}

fn stat(files: &[PathBuf]) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut bytes = 0;
    for path in files {
        bytes += fs::symlink_metadata(path)?.len();
    }
    ensure!(bytes > 0, "the files are empty");
    Ok(begun.elapsed())
}

/// Has the kernel forget what is in a file, so that it comes from the disk.
fn evict(path: &Path) -> anyhow::Result<()> {
    let file = File::open(path)?;
    file.sync_all()?;
    Ok(fadvise(&file, 0, None, Advice::DontNeed)?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
