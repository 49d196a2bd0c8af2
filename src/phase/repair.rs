//! Putting right what `verify` found: for each finding, what its kind and subject say.
//!
//! Every repair is whole or not at all, whenever the power goes: bytes that are to replace others are durable before
//! these move to the recycle bin, and what the catalog is told happens in one transaction. Run again, a repair finds what
//! is left to be done. Damaged files are kept in the recycle bin, which says why they are there; and a locked picture is
//! never exchanged for another.
//!
//! - `copies`: where the same bytes may be
//! - `cached`: files of the cache: taken again, or given up for another candidate
//! - `orphans`: adopted, or moved to the recycle bin
//! - `rest`: the catalog itself, originals, exported files

mod cached;
mod copies;
mod orphans;
mod rest;

use std::sync::Arc;

use serde::Serialize;

use crate::cache::{Cache, Limits, Located};
use crate::catalog::{Catalog, ExportNote, Stamp};
use crate::model::{ContentHash, LibraryId};
use crate::provider::{ArtworkProvider, Surroundings};
use crate::recycle::Recycle;

use super::export::ExportReport;
use super::gc::recycle_file;
use super::verify::{Finding, LibraryTree, Remedy, Subject};
use super::{DocumentSources, PhaseError};

/// What came of a repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "how", rename_all = "kebab-case")]
pub enum Repaired {
    /// It is whole again; how, in words.
    Repaired(String),
    /// What a dry run would do.
    Would(String),
    /// Nothing could be done, and was; why, in words.
    Left(String),
}

/// All that repairs need.
pub struct RepairRequest<'a> {
    /// Libraries with their trees.
    pub trees: &'a [LibraryTree],
    /// Who is asked for pictures; nobody, where nothing is to be downloaded.
    pub providers: &'a [Arc<dyn ArtworkProvider>],
    /// How typed addresses are reached.
    pub surroundings: &'a Surroundings,
    /// What the cache takes.
    pub limits: &'a Limits,
    /// Where metadata documents are wanted: a lost one is made anew of what is known.
    pub documents: &'a DocumentSources<'a>,
    /// Who repairs, why and when.
    pub stamp: &'a Stamp,
    /// Whether to tell only what would be done.
    pub is_dry_run: bool,
}

/// Repairs findings, one after the other.
struct Repairs<'a> {
    catalog: &'a mut Catalog,
    cache: &'a Arc<Cache>,
    recycle: &'a Recycle,
    request: &'a RepairRequest<'a>,
    /// All findings: one may be what another one needs.
    findings: &'a [Finding],
    is_catalog_kept: bool,
    exported: Vec<(ExportNote, ExportReport)>,
    reindexed: Option<Repaired>,
}

impl Repaired {
    /// The words of it.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Repaired(words) | Self::Would(words) | Self::Left(words) => words,
        }
    }
}

/// Repairs findings, the gravest first, and tells what came of each. What one repair makes whole is of use to those that
/// follow.
///
/// # Errors
/// When catalog, cache or recycle bin cannot be written. What is repaired by then is repaired.
pub fn repair(
    catalog: &mut Catalog,
    cache: &Arc<Cache>,
    recycle: &Recycle,
    findings: &[Finding],
    request: &RepairRequest<'_>,
    progress: &dyn super::Progress,
    done: &mut dyn FnMut(&Finding, &Repaired),
) -> Result<(), PhaseError> {
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by_key(|finding| rank(finding));
    let mut repairs = Repairs {
        catalog,
        cache,
        recycle,
        request,
        findings,
        is_catalog_kept: false,
        exported: Vec::new(),
        reindexed: None,
    };
    progress.start(Some(findings.len() as u64));
    let repaired = order.into_iter().try_for_each(|finding| {
        let outcome = repairs.repair(finding)?;
        progress.advance(1);
        done(finding, &outcome);
        Ok(())
    });
    progress.finish();
    repaired
}

/// The catalog comes first, as everything else goes by it; files that serve as sources for others go last.
fn rank(finding: &Finding) -> u8 {
    match finding.repair {
        Remedy::Reindex => 0,
        Remedy::RemoveRow => 1,
        Remedy::TakeAgain => 2,
        Remedy::ExportAgain => 3,
        Remedy::Forget | Remedy::Sweep | Remedy::ByHand => 4,
        Remedy::AdoptOrRecycle => 5,
    }
}

impl Repairs<'_> {
    fn repair(&mut self, finding: &Finding) -> Result<Repaired, PhaseError> {
        match (finding.repair, &finding.subject) {
            (Remedy::TakeAgain, Subject::Cached { hash, extension }) => self.take_again(hash, extension),
            (Remedy::AdoptOrRecycle, Subject::Cached { hash, extension }) => self.adopt(hash, extension),
            (Remedy::AdoptOrRecycle, Subject::Stray(path)) => self.recycle_stray(path),
            (Remedy::RemoveRow, Subject::Cached { hash, extension }) => self.forget_file(hash, extension),
            (Remedy::RemoveRow, Subject::Row(row)) => self.remove_row(row),
            (Remedy::Sweep, _) => self.sweep(),
            (Remedy::Forget, Subject::Original { library, folder, name }) => {
                self.forget_original(*library, folder, name)
            }
            (Remedy::ExportAgain, Subject::Exported { export, .. }) => self.export_again(export, &finding.path),
            (Remedy::Reindex, _) => self.reindex(),
            _ => Ok(Repaired::Left("it needs you".to_owned())),
        }
    }

    fn is_dry_run(&self) -> bool {
        self.request.is_dry_run
    }

    /// What was done, or would be.
    fn did(&self, words: impl Into<String>) -> Repaired {
        let words = words.into();
        if self.is_dry_run() { Repaired::Would(words) } else { Repaired::Repaired(words) }
    }

    fn tree(&self, library: LibraryId) -> Option<&LibraryTree> {
        self.request.trees.iter().find(|tree| tree.library.id == library)
    }

    /// Moves a damaged file to the recycle bin, which says what is wrong with it.
    fn quarantine(&self, hash: &ContentHash, extension: &str) -> Result<bool, PhaseError> {
        let Some(file) = self.cache.locate(hash, extension)? else { return Ok(false) };
        self.bin(&file, "quarantine: found damaged by verify, its bytes are not those of its name")?;
        Ok(true)
    }

    fn bin(&self, file: &Located, reason: &str) -> Result<(), PhaseError> {
        Ok(recycle_file(self.recycle, file, reason, self.request.stamp.now)?)
    }
}
