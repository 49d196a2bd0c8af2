//! The catalog itself, originals, exported files, and what killed processes left.

use std::collections::HashSet;
use std::fs::File;
use std::os::fd::AsFd;

use crate::catalog::{BadRow, ExportNote};
use crate::model::{LibraryId, Name, RelPath, UnixSeconds};
use crate::phase::PhaseError;
use crate::phase::export::{ExportCheck, ExportReport, restore_exported};
use crate::phase::gc::GRACE_SECONDS;
use crate::phase::verify::{Subject, is_absent};

use super::{Repaired, Repairs};

/// What the copy of the catalog is called on its way to the recycle bin.
const COPY_NAME: &[u8] = b"posterfs.before-repair.db";

impl Repairs<'_> {
    pub(super) fn remove_row(&mut self, row: &BadRow) -> Result<Repaired, PhaseError> {
        if !self.is_dry_run() {
            self.keep_catalog()?;
            if !self.catalog.remove_row(row)? {
                return Ok(Repaired::Left("the row is gone by now".to_owned()));
            }
        }
        Ok(self.did("the row is taken out of the catalog, a copy of which is in the recycle bin"))
    }

    /// Once in a run, a copy of the whole catalog goes to the recycle bin, before anything is taken out of it.
    fn keep_catalog(&mut self) -> Result<(), PhaseError> {
        if self.is_catalog_kept {
            return Ok(());
        }
        let Some(folder) = self.catalog.path().parent().map(std::path::Path::to_owned) else { return Ok(()) };
        let name = Name::parse(COPY_NAME).expect("it is a name");
        let path = folder.join(name.as_os_str());
        // What a killed repair left is not whole.
        let _ = std::fs::remove_file(&path);
        self.catalog.copy_as_it_is(&path)?;
        let opened = File::open(&folder).map_err(|source| PhaseError::File { path: folder, source })?;
        let reason = "the catalog, before a repair took rows out of it";
        self.recycle.take(opened.as_fd(), &name, &path, reason, self.request.stamp.now)?;
        self.is_catalog_kept = true;
        Ok(())
    }

    pub(super) fn reindex(&mut self) -> Result<Repaired, PhaseError> {
        if self.is_dry_run() {
            return Ok(Repaired::Would("the indexes are made anew".to_owned()));
        }
        if self.reindexed.is_none() {
            let is_done = self.catalog.rebuild_indexes().is_ok() && self.catalog.integrity()?.is_empty();
            self.reindexed = Some(if is_done {
                Repaired::Repaired("the indexes are made anew".to_owned())
            } else {
                let words = "making the indexes anew is not enough; restore a backup, or run `posterfs rebuild`";
                Repaired::Left(words.to_owned())
            });
        }
        Ok(self.reindexed.clone().unwrap_or_else(|| Repaired::Left(String::new())))
    }

    pub(super) fn sweep(&self) -> Result<Repaired, PhaseError> {
        if !self.is_dry_run() {
            let before = UnixSeconds::new(self.request.stamp.now.get().saturating_sub(GRACE_SECONDS));
            self.cache.sweep_temporaries(before)?;
        }
        Ok(self.did("deleted"))
    }

    pub(super) fn forget_original(
        &mut self,
        library: LibraryId,
        folder: &RelPath,
        name: &Name,
    ) -> Result<Repaired, PhaseError> {
        let source = self.tree(library).and_then(|tree| tree.usable().ok());
        let is_gone =
            source.is_some_and(|source| source.stat(&folder.join(name)).is_err_and(|error| is_absent(&error)));
        if !is_gone {
            return Ok(Repaired::Left("it is there again, or its library cannot be looked at".to_owned()));
        }
        if !self.is_dry_run() {
            self.catalog.forget_original(library, folder, name, self.request.stamp.now)?;
        }
        Ok(self.did("forgotten"))
    }

    pub(super) fn export_again(&mut self, export: &ExportNote, path: &str) -> Result<Repaired, PhaseError> {
        if self.is_dry_run() {
            return Ok(Repaired::Would("exported again".to_owned()));
        }
        if !self.exported.iter().any(|(done, _)| done == export) {
            let report = self.restore(export)?;
            self.exported.push((export.clone(), report));
        }
        let report = self.exported.iter().find(|(done, _)| done == export).map(|(_, report)| report);
        let problem = report.and_then(|report| {
            report
                .errors
                .iter()
                .find(|problem| problem.path == path || report.errors.len() as u64 != report.error_count)
        });
        Ok(match problem {
            Some(problem) => Repaired::Left(problem.message.clone()),
            None => Repaired::Repaired("exported again".to_owned()),
        })
    }

    /// All findings of an export at once.
    fn restore(&mut self, export: &ExportNote) -> Result<ExportReport, PhaseError> {
        let wanted: HashSet<(RelPath, Name)> = self
            .findings
            .iter()
            .filter_map(|finding| match &finding.subject {
                Subject::Exported { export: of, folder, name } if of == export => Some((folder.clone(), name.clone())),
                _ => None,
            })
            .collect();
        let trees = self.request.trees;
        let tree = trees.iter().find(|tree| tree.library.id == export.library);
        let Some((tree, source)) = tree.and_then(|tree| Some((tree, tree.usable().ok()?))) else {
            return Ok(ExportReport::default());
        };
        let check = ExportCheck { cache: self.cache, library: &tree.library, source, export, is_deep: true };
        restore_exported(self.catalog, &check, self.recycle, &wanted, self.request.stamp.now)
    }
}
