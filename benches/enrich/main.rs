//! Benchmark of enrichment: `cargo bench --bench enrich` (`docs/performance.md` reads the figures).
//!
//! Two questions. How fast does a picture get into the cache (probe, hashes, durable put), beside the plain way (decode
//! whole, resize, hash, copy, sync) and beside nothing but the decoding? And what bounds `enrich` of many films against a
//! server on this machine: the pace that is set (30 requests a second by default, then one that nobody keeps up with), or
//! we?
//!
//! Times on a machine that others use say little, so every way goes round the same pictures in turn, and what is told are
//! medians and ratios. Nothing here passes or fails by time. No network; nothing is left behind.

mod films;
mod intake;

use clap::Parser;

/// Measure how pictures get into the cache, and what bounds enrichment.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench enrich --")]
struct Options {
    /// Few pictures, few films, one round: only to see that everything works.
    #[arg(long)]
    quick: bool,
    /// So many films and nothing else, with small pictures and at a pace that nobody keeps up with: what a large library
    /// costs in memory, and whether a second run finds anything left to do.
    #[arg(long, conflicts_with = "quick")]
    films: Option<u64>,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let Some(films) = options.films {
        println!("{}", films::measure(films, 1000.0, films::SMALL)?);
        return Ok(());
    }
    let (pictures, rounds) = if options.quick { (3, 1) } else { (24, 5) };
    println!("{}", intake::measure(pictures, rounds)?);
    let runs: &[(u64, f64)] = if options.quick { &[(20, 100.0)] } else { &[(500, 30.0), (2000, 30.0), (2000, 1000.0)] };
    for &(films, pace) in runs {
        println!("{}", films::measure(films, pace, films::USUAL)?);
    }
    Ok(())
}
