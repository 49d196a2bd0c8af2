//! `posterfs scan`

use std::path::PathBuf;

use clap::Args;

use crate::catalog::Library;
use crate::library::Source;
use crate::model::SystemClock;
use crate::phase::items::library_at;
use crate::phase::{ScanReport, read_streams, scan, scan_folder};

use super::Outcome;
use super::context::Context;
use super::progress::Bar;

/// Look what is in the libraries.
///
/// Nothing in them is touched. Where `ffprobe` is installed, it is asked what is in videos that are new or have changed
/// (`posterfs show` tells). Items that vanished are kept as missing, with everything they own, and come back with
/// their folder. Works the same whether or not a view is mounted over the library.
///
/// For example: `posterfs scan films`, `posterfs scan --path "/media/films/Heat (1995)"`. It ends with exit code 3 when parts could not be read.
#[derive(Debug, Args)]
pub struct Scan {
    /// Only these libraries. Default: all.
    libraries: Vec<String>,
    /// Only this folder of a library, and what is beneath it: a film, a series, an artist.
    #[arg(long, value_name = "DIR", conflicts_with = "libraries")]
    path: Vec<PathBuf>,
}

impl Scan {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        if !self.path.is_empty() {
            return scan_folders(context, &mut catalog, &self.path);
        }
        let mut outcome = Outcome::Done;
        for library in chosen(&catalog, &self.libraries)? {
            match scan_one(context, &mut catalog, &library) {
                Ok(report) => {
                    if report.error_count > 0 || !report.duplicates.is_empty() {
                        outcome = Outcome::Problems;
                    }
                    context.output.result(&report, text)?;
                }
                // One library whose disk is not there must not keep the others from being looked at.
                Err(error) if self.libraries.len() != 1 => {
                    eprintln!("error: {}", super::output::one_line(&error));
                    outcome = Outcome::Problems;
                }
                Err(error) => return Err(error),
            }
        }
        context.nudge();
        Ok(outcome)
    }
}

/// The libraries of those names; all of them when none is named.
pub fn chosen(catalog: &crate::catalog::Catalog, names: &[String]) -> anyhow::Result<Vec<Library>> {
    if names.is_empty() {
        let libraries = catalog.libraries()?;
        anyhow::ensure!(
            !libraries.is_empty(),
            "there is no library yet; add one with `posterfs library add NAME PATH --kind movies`"
        );
        return Ok(libraries);
    }
    names.iter().map(|name| Ok(catalog.library_named(name)?)).collect()
}

fn scan_folders(
    context: &Context,
    catalog: &mut crate::catalog::Catalog,
    folders: &[PathBuf],
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    for folder in folders {
        let (library, folder) = library_at(catalog, &context.path_in_source(folder))?;
        let source = Source::from_fd(context.source(&library.path)?, library.path.clone());
        let bar = Bar::new(context.output, "folders");
        let report = scan_folder(catalog, &library, &source, &folder, &SystemClock, &bar)?;
        if report.scan.error_count > 0 {
            outcome = Outcome::Problems;
        }
        context.output.result(&report, |report| text(&report.scan))?;
    }
    context.nudge();
    Ok(outcome)
}

fn scan_one(context: &Context, catalog: &mut crate::catalog::Catalog, library: &Library) -> anyhow::Result<ScanReport> {
    let source = Source::from_fd(context.source(&library.path)?, library.path.clone());
    let bar = Bar::new(context.output, "folders");
    let report = scan(catalog, library, &source, &SystemClock, &bar)?;
    let bar = Bar::new(context.output, "videos");
    read_streams(catalog, library, &source, &context.prober(), &SystemClock, &bar)?;
    Ok(report)
}

fn text(report: &ScanReport) -> String {
    let mut lines = vec![format!(
        "{}: {} items, {} new, {} changed, {} moved, {} missing, {} back",
        report.library, report.seen, report.added, report.changed, report.moved, report.missing, report.returned
    )];
    lines.extend(report.errors.iter().map(|problem| format!("  {}: {}", problem.path, problem.message)));
    let told = u64::try_from(report.errors.len()).unwrap_or(u64::MAX);
    if report.error_count > told {
        lines.push(format!("  and {} more problems", report.error_count - told));
    }
    lines.extend(report.duplicates.iter().map(|duplicate| {
        format!(
            "  {}:{} is claimed by items {} and {} ({}); both are kept",
            duplicate.provider, duplicate.value, duplicate.first, duplicate.second, duplicate.path
        )
    }));
    lines.join("\n")
}
