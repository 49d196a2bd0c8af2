//! The phases with all they need.

use std::sync::Arc;

use crate::catalog::{Catalog, EnrichScope, Library, PublishMode, Scope, Stamp};
use crate::library::Source;
use crate::model::{Clock, RelPath, SystemClock, TaskKind};
use crate::phase::{
    self, DocumentSources, EnrichReport, EnrichRequest, FolderReport, PublishReport, ScanReport, read_streams, scan,
};

use super::{Attendant, WorkError, Workplace};

/// How many items are under way at once: enough to keep every provider busy at its own pace.
const AT_ONCE: usize = 16;

/// What is asked of providers.
#[derive(Debug, Clone)]
pub struct EnrichWish {
    /// Which items.
    pub scope: EnrichScope,
    /// Whether to ask again whatever is remembered.
    pub ask_again: bool,
    /// Whether nobody is asked: remembered replies and local folders only.
    pub is_offline: bool,
    /// Whether nothing is downloaded and changed.
    pub is_dry_run: bool,
}

impl Workplace {
    /// Looks what is in a library, and then what is in its videos. For who holds the turn of scans.
    ///
    /// # Errors
    /// When the root of the library or the catalog fails.
    pub fn scan_library(
        &self,
        catalog: &mut Catalog,
        library: &Library,
        attendant: &dyn Attendant,
    ) -> Result<ScanReport, WorkError> {
        let source = Source::from_fd(self.source(&library.path)?, library.path.clone());
        let report = scan(catalog, library, &source, &SystemClock, attendant.progress("folders").as_ref())?;
        let progress = attendant.progress("videos");
        read_streams(catalog, library, &source, &self.prober(), &SystemClock, progress.as_ref())?;
        Ok(report)
    }

    /// Looks what is in one folder of a library. For who holds the turn of scans.
    ///
    /// # Errors
    /// When the root of the library or the catalog fails.
    pub fn scan_folder(
        &self,
        catalog: &mut Catalog,
        library: &Library,
        folder: &RelPath,
        attendant: &dyn Attendant,
    ) -> Result<FolderReport, WorkError> {
        let source = Source::from_fd(self.source(&library.path)?, library.path.clone());
        let progress = attendant.progress("folders");
        Ok(phase::scan_folder(catalog, library, &source, folder, &SystemClock, progress.as_ref())?)
    }

    /// Asks providers, in its turn.
    ///
    /// # Errors
    /// When catalog or cache fail. What fails at a provider is in the report.
    pub fn enrich(
        &self,
        catalog: &mut Catalog,
        wish: EnrichWish,
        attendant: &dyn Attendant,
    ) -> Result<EnrichReport, WorkError> {
        let _turn = self.hold(TaskKind::Enrich, attendant)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let request = EnrichRequest {
            scope: wish.scope,
            providers: self.providers(wish.ask_again, wish.is_offline)?,
            config: &self.config,
            limits: self.limits(),
            replies: Some(self.replies()),
            at_once: AT_ONCE,
            is_dry_run: wish.is_dry_run,
        };
        let cache = Arc::new(self.cache()?);
        Ok(phase::enrich(catalog, &cache, &request, &clock, attendant.progress("items").as_ref())?)
    }

    /// Shows what is selected, in its turn, forgets what need not be kept, and returns when the views show it.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn publish(
        &self,
        catalog: &mut Catalog,
        scope: Scope<'_>,
        mode: PublishMode,
        stamp: &Stamp,
        attendant: &dyn Attendant,
    ) -> Result<PublishReport, WorkError> {
        let _turn = self.hold(TaskKind::Publish, attendant)?;
        let (cache, progress) = (self.cache()?, attendant.progress("items"));
        let libraries = self.libraries_with_documents(catalog)?;
        let sources = DocumentSources { cache: &cache, libraries, progress: progress.as_ref() };
        let report = phase::publish_with_documents(catalog, &sources, scope, mode, stamp)?;
        phase::forget(catalog, &self.config.history, mode, stamp.now)?;
        if mode == PublishMode::Apply {
            self.tidy_recycle();
        }
        self.nudge();
        Ok(report)
    }
}
