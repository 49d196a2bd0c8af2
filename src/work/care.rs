//! Looking whether everything is whole, repairing it, collecting.

use std::sync::Arc;

use serde::Serialize;

use crate::catalog::{Catalog, Stamp};
use crate::model::TaskKind;
use crate::phase::{
    self, DocumentSources, Finding, GcReport, GcRequest, LibraryTree, NoProgress, PhaseError, RepairRequest, Repaired,
    VerifyReport, VerifyRequest,
};
use crate::recycle::Recycle;

use super::{Attendant, WorkError, Workplace};

/// More findings than that are counted, and neither shown nor repaired: the next run finds them again.
pub const FINDINGS_MAX: usize = 100_000;

/// How repairs are made.
#[derive(Debug, Clone)]
pub struct RepairWish {
    /// Who repairs, and why.
    pub stamp: Stamp,
    /// Whether nothing is downloaded for them.
    pub is_offline: bool,
    /// Whether it is only told what would be repaired.
    pub is_dry_run: bool,
}

/// What a look at everything came to, and what was repaired.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifySummary {
    /// Always: tells this line from those of findings.
    pub summary: bool,
    /// The look.
    #[serde(flatten)]
    pub report: VerifyReport,
    /// Findings that were repaired.
    pub repaired: u64,
    /// Findings that were not.
    pub left: u64,
}

impl VerifySummary {
    /// After a look, and so many repairs.
    #[must_use]
    pub fn new(report: VerifyReport, repaired: u64) -> Self {
        let left = report.findings - repaired;
        Self { summary: true, report, repaired, left }
    }
}

impl Workplace {
    /// Looks whether everything is whole, in its turn; `found` is told of each thing that is wrong.
    ///
    /// # Errors
    /// When the catalog cannot be read, or the cache not be opened.
    pub fn verify(
        &self,
        catalog: &mut Catalog,
        is_deep: bool,
        attendant: &dyn Attendant,
        found: &mut dyn FnMut(Finding),
    ) -> Result<VerifyReport, WorkError> {
        let _turn = self.hold(TaskKind::Verify, attendant)?;
        let trees = self.trees(catalog.libraries()?);
        self.look(catalog, &trees, is_deep, attendant, found)
    }

    /// The same, and repairs what is wrong; `done` is told of each finding and what became of it.
    ///
    /// # Errors
    /// As [`Self::verify`]; when what is repaired cannot be written.
    pub fn verify_and_repair(
        &self,
        catalog: &mut Catalog,
        is_deep: bool,
        wish: &RepairWish,
        attendant: &dyn Attendant,
        done: &mut dyn FnMut(&Finding, &Repaired),
    ) -> Result<VerifySummary, WorkError> {
        let _turn = self.hold(TaskKind::Verify, attendant)?;
        let (trees, mut findings) = (self.trees(catalog.libraries()?), Vec::new());
        let mut keep = |finding| {
            if findings.len() < FINDINGS_MAX {
                findings.push(finding);
            }
        };
        let report = self.look(catalog, &trees, is_deep, attendant, &mut keep)?;
        let repaired = self.repair(catalog, &trees, (&findings, report.run), wish, attendant, done)?;
        Ok(VerifySummary::new(report, repaired))
    }

    fn look(
        &self,
        catalog: &mut Catalog,
        trees: &[LibraryTree],
        is_deep: bool,
        attendant: &dyn Attendant,
        found: &mut dyn FnMut(Finding),
    ) -> Result<VerifyReport, WorkError> {
        let now = self.now();
        let request = VerifyRequest { trees, is_everything: true, is_deep, since: None, rate: None, now };
        let (cache, progress) = (self.cache_to_read()?, attendant.progress("files"));
        Ok(phase::verify(catalog, &cache, &request, progress.as_ref(), found)?)
    }

    /// Repairs what a look has found, of which the number is given as well; `done` is told of each finding and what
    /// became of it. How many were repaired is returned. For who holds the turn of looks.
    ///
    /// # Errors
    /// When catalog, cache or recycle bin cannot be written, or a provider cannot be used as it is configured. What was
    /// repaired by then is noted.
    pub fn repair(
        &self,
        catalog: &mut Catalog,
        trees: &[LibraryTree],
        (findings, run): (&[Finding], Option<i64>),
        wish: &RepairWish,
        attendant: &dyn Attendant,
        done: &mut dyn FnMut(&Finding, &Repaired),
    ) -> Result<u64, WorkError> {
        if findings.is_empty() {
            return Ok(0);
        }
        let (cache, recycle) = (Arc::new(self.cache()?), self.recycle()?);
        let libraries = self.libraries_with_documents(catalog)?;
        let request = RepairRequest {
            trees,
            providers: &self.providers(false, wish.is_offline)?,
            surroundings: &self.surroundings(false, wish.is_offline),
            limits: &self.limits(),
            documents: &DocumentSources { cache: &cache, libraries, progress: &NoProgress },
            stamp: &wish.stamp,
            is_dry_run: wish.is_dry_run,
        };
        let (mut repaired, progress) = (0, attendant.progress("repairs"));
        let mut count = |finding: &Finding, what: &Repaired| {
            repaired += u64::from(matches!(what, Repaired::Repaired(_)));
            done(finding, what);
        };
        let outcome = phase::repair(catalog, &cache, &recycle, findings, &request, progress.as_ref(), &mut count);
        if repaired > 0 {
            if let Some(run) = run {
                catalog.note_repaired(run, repaired)?;
            }
            self.nudge();
        }
        outcome?;
        Ok(repaired)
    }

    /// Moves what nothing needs into the recycle bin, in its turn.
    ///
    /// # Errors
    /// When catalog, cache or recycle bin cannot be written.
    pub fn gc(
        &self,
        catalog: &mut Catalog,
        is_dry_run: bool,
        attendant: &dyn Attendant,
    ) -> Result<GcReport, WorkError> {
        let _turn = self.hold(TaskKind::Gc, attendant)?;
        let (cache, recycle, progress) = (self.cache()?, self.recycle()?, attendant.progress("parts of the cache"));
        let (history, recycle_limits, now) = (&self.config.history, self.recycle_limits(), self.now());
        let request = GcRequest { history, recycle_limits, is_dry_run, now };
        Ok(phase::gc(catalog, &cache, &recycle, &request, progress.as_ref())?)
    }

    fn recycle(&self) -> Result<Recycle, WorkError> {
        Ok(Recycle::open(&self.state.recycle()).map_err(PhaseError::from)?)
    }
}
