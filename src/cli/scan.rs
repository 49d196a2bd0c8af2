//! `posterfs scan`

use std::path::PathBuf;

use clap::Args;

use crate::catalog::Library;
use crate::model::TaskKind;
use crate::phase::ScanReport;
use crate::phase::items::library_at;

use super::Outcome;
use super::context::Context;

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
        let _turn = context.turn(TaskKind::Scan)?;
        if !self.path.is_empty() {
            return scan_folders(context, &mut catalog, &self.path);
        }
        let mut outcome = Outcome::Done;
        for library in chosen(&catalog, &self.libraries)? {
            match context.scan_library(&mut catalog, &library, &context.output) {
                Ok(report) => {
                    if report.error_count > 0 || !report.duplicates.is_empty() {
                        outcome = Outcome::Problems;
                    }
                    context.output.result(&report, text)?;
                }
                // One library whose disk is not there must not keep the others from being looked at.
                Err(error) if self.libraries.len() != 1 && !error.is_cancelled() => {
                    context.output.complain(&format!("error: {}", super::output::one_line(&error.into())));
                    outcome = Outcome::Problems;
                }
                Err(error) => return Err(error.into()),
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
        let report = context.scan_folder(catalog, &library, &folder, &context.output)?;
        if report.scan.error_count > 0 {
            outcome = Outcome::Problems;
        }
        context.output.result(&report, |report| text(&report.scan))?;
    }
    context.nudge();
    Ok(outcome)
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
