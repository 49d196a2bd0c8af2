//! `posterfs export`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::catalog::{Catalog, Library};
use crate::library::Source;
use crate::naming::Profiles;
use crate::phase::{
    ExportMode, ExportReport, ExportRequest, ExportTarget, export, export_as, forget_export, note_export,
};
use crate::recycle::Recycle;

use super::Outcome;
use super::context::Context;
use super::progress::Bar;
use super::scan::chosen;

/// Write what is published as real files.
///
/// The same pictures under the same names as in the view; no mount is needed. A file of another content that has such
/// a name goes to the recycle bin first. Exporting again changes nothing.
///
/// For example: `posterfs export films --dry-run` tells what would be written into the library films, `posterfs export
/// --to /srv/artwork --mode hardlink` writes all of it elsewhere and takes no space. `posterfs export --naming kometa --to
/// /srv/kometa/assets` writes Kometa's asset directory from what is selected.
#[derive(Debug, Args)]
pub struct Export {
    /// Only these libraries. Default: all.
    libraries: Vec<String>,
    /// Write below this folder instead of into the library itself.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// copy; reflink (shares space, btrfs and xfs); hardlink or symlink to the cache.
    #[arg(long, default_value = "copy")]
    mode: ExportMode,
    /// Use the names of other profiles than the library's: default, kodi, jellyfin, emby, plex; or kodi-sets,
    /// jellyfin-people, kometa, which make a tree of their own (with --to).
    #[arg(long, value_name = "PROFILES")]
    naming: Option<Profiles>,
    /// Tell what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write nothing, and forget what was exported there: `posterfs verify` looks at it no more.
    #[arg(long, conflicts_with_all = ["dry_run", "mode"])]
    forget: bool,
}

#[derive(Debug, Serialize)]
struct Forgotten {
    library: String,
    forgotten: bool,
}

impl Export {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let mut catalog = context.catalog()?;
        let libraries = chosen(&catalog, &self.libraries)?;
        let has_one_folder = self.to.is_some() && libraries.len() > 1;
        let mut outcome = Outcome::Done;
        for library in libraries {
            if self.forget {
                self.forget(context, &mut catalog, library, has_one_folder)?;
                continue;
            }
            let report = self.export_one(context, &mut catalog, &library, has_one_folder)?;
            if report.error_count > 0 {
                outcome = Outcome::Problems;
            }
            context.output.result(&report, |report| text(report, self.dry_run))?;
        }
        if !self.dry_run {
            context.tidy_recycle();
        }
        Ok(outcome)
    }

    /// Several libraries may hold the same names, so each gets a folder of its own below the one given.
    fn folder_of(&self, library: &Library, has_one_folder: bool) -> Option<PathBuf> {
        self.to.as_ref().map(|to| if has_one_folder { to.join(&library.name) } else { to.clone() })
    }

    fn forget(
        &self,
        context: &Context,
        catalog: &mut Catalog,
        library: Library,
        has_one_folder: bool,
    ) -> anyhow::Result<()> {
        let to = self.folder_of(&library, has_one_folder);
        let forgotten = forget_export(catalog, &library, to.as_deref(), self.naming.as_ref())?;
        context.output.result(&Forgotten { library: library.name, forgotten }, |report| {
            let word = if report.forgotten { "forgotten" } else { "nothing is known of such an export" };
            format!("{}: {word}", report.library)
        })
    }

    fn export_one(
        &self,
        context: &Context,
        catalog: &mut Catalog,
        library: &Library,
        has_one_folder: bool,
    ) -> anyhow::Result<ExportReport> {
        let source;
        let to = self.folder_of(library, has_one_folder);
        let target = match &to {
            Some(to) => ExportTarget::Folder(to),
            None => {
                source = Source::from_fd(context.source(&library.path)?, library.path.clone());
                ExportTarget::Library(&source)
            }
        };
        let request = ExportRequest { library, target, mode: self.mode, is_dry_run: self.dry_run, now: context.now() };
        let (cache, recycle) = (context.cache()?, Recycle::open(&context.state.recycle())?);
        let bar = Bar::new(&context.output, "files");
        let report = match &self.naming {
            None => export(catalog, &cache, &recycle, &request, &bar)?,
            Some(profiles) => export_as(catalog, &cache, &recycle, &request, profiles, &bar)?,
        };
        note_export(catalog, &request, self.naming.as_ref())?;
        Ok(report)
    }
}

fn text(report: &ExportReport, dry_run: bool) -> String {
    let would = if dry_run { "would be " } else { "" };
    let mut lines = vec![format!(
        "{}: {would}{} written, {} replaced, {} unchanged, {} moved to the recycle bin, {} skipped (folder not there)",
        report.library, report.added, report.replaced, report.unchanged, report.recycled, report.skipped
    )];
    lines.extend(report.errors.iter().map(|problem| format!("  {}: {}", problem.path, problem.message)));
    lines.join("\n")
}
