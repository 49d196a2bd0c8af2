//! Many items under way at once, a bounded number of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, CatalogError, EnrichScope, Library};
use crate::config::{ArtworkSettings, ChoiceMode};
use crate::model::{Clock, EntityId, EntityType, ImageKind, LibraryId};
use crate::provider::ArtworkProvider;
use crate::score::{Preferences, Wish};

use super::super::progress::may_stop;
use super::super::runtime::runtime;
use super::super::{PhaseError, Progress};
use super::desk::{self, Desk};
use super::report::EnrichReport;
use super::{EnrichRequest, item};

/// How many pictures may be in memory at once, downloaded and not yet in the cache.
const PICTURES_AT_ONCE: usize = 8;

/// Everything that the items under way share.
pub(super) struct Work {
    pub(super) cache: Arc<Cache>,
    pub(super) providers: Vec<Arc<dyn ArtworkProvider>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: Limits,
    pub(super) is_dry_run: bool,
    scope: EnrichScope,
    pub(super) pictures: tokio::sync::Semaphore,
    libraries: HashMap<LibraryId, Arc<LibraryPlan>>,
    report: Mutex<EnrichReport>,
    /// Items whose last request failed; they stay due.
    unfinished: Mutex<BTreeSet<EntityId>>,
}

/// A library, and what is preferred in it.
pub(super) struct LibraryPlan {
    pub(super) library: Library,
    pub(super) settings: ArtworkSettings,
    pub(super) preferences: Preferences,
}

impl LibraryPlan {
    /// Whether any list of languages wants that of the original.
    pub(super) fn wants_original(&self) -> bool {
        self.preferences.languages.values().flatten().any(|wish| *wish == Wish::Original)
    }

    /// Whether pictures of that kind are chosen automatically.
    pub(super) fn is_automatic(&self, kind: ImageKind) -> bool {
        self.settings.choice_of(kind) == ChoiceMode::Automatic
    }
}

impl Work {
    pub(super) fn new(
        catalog: &Catalog,
        cache: &Arc<Cache>,
        request: &EnrichRequest<'_>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, PhaseError> {
        let plan = |library: Library| {
            let settings = request.config.artwork_of(&library.name);
            let preferences = settings.preferences();
            (library.id, Arc::new(LibraryPlan { library, settings, preferences }))
        };
        Ok(Self {
            cache: Arc::clone(cache),
            providers: request.providers.clone(),
            clock: Arc::clone(clock),
            limits: request.limits,
            is_dry_run: request.is_dry_run,
            scope: request.scope.clone(),
            pictures: tokio::sync::Semaphore::new(PICTURES_AT_ONCE),
            libraries: catalog.libraries()?.into_iter().map(plan).collect(),
            report: Mutex::default(),
            unfinished: Mutex::default(),
        })
    }

    pub(super) fn library(&self, id: LibraryId) -> Option<Arc<LibraryPlan>> {
        self.libraries.get(&id).map(Arc::clone)
    }

    /// Writes something into the report.
    pub(super) fn note(&self, write: impl FnOnce(&mut EnrichReport)) {
        write(&mut self.report.lock());
    }

    /// Notes that an item is to be asked for again in the next run.
    pub(super) fn leave_due(&self, item: EntityId) {
        self.unfinished.lock().insert(item);
    }

    /// Whether it is, and forgets it.
    pub(super) fn stays_due(&self, item: EntityId) -> bool {
        self.unfinished.lock().remove(&item)
    }

    pub(super) fn report(self) -> EnrichReport {
        self.report.into_inner()
    }
}

/// Goes through all items, wave by wave. The first error of catalog or cache ends it.
pub(super) fn all(
    catalog: &mut Catalog,
    work: &Work,
    waves: &[&'static [EntityType]],
    at_once: usize,
    progress: &dyn Progress,
) -> Result<(), PhaseError> {
    let known = waves.iter().map(|types| catalog.entities_to_enrich(&work.scope, types).map(|wave| wave.len()));
    let known: Vec<usize> = known.collect::<Result<_, CatalogError>>()?;
    progress.start(Some(known.iter().sum::<usize>() as u64));
    let runtime = runtime()?;
    let (desk, clerk) = desk::open();
    std::thread::scope(|scope| {
        let network = scope.spawn(move || {
            let desk = desk;
            let done = runtime.block_on(async {
                for (types, known) in waves.iter().zip(known) {
                    let wave = wave(work, &desk, types).await?;
                    // Actors come in with what they play in.
                    progress.extend(wave.len().saturating_sub(known) as u64);
                    one_wave(work, &desk, &wave, at_once, progress).await?;
                }
                Ok(())
            });
            // What is still being decoded belongs to items that nobody waits for.
            runtime.shutdown_background();
            done
        });
        clerk.serve(catalog);
        network.join().unwrap_or(Err(PhaseError::Stopped))
    })
}

/// The items of a wave, as they are known when it begins.
async fn wave(work: &Work, desk: &Desk, types: &'static [EntityType]) -> Result<Vec<EntityId>, PhaseError> {
    let scope = work.scope.clone();
    desk.ask(move |catalog| catalog.entities_to_enrich(&scope, types)).await
}

async fn one_wave(
    work: &Work,
    desk: &Desk,
    wave: &[EntityId],
    at_once: usize,
    progress: &dyn Progress,
) -> Result<(), PhaseError> {
    stream::iter(wave)
        .map(|&id| async move {
            may_stop(progress)?;
            let done = item::enrich(work, desk, id).await;
            progress.advance(1);
            done
        })
        .buffer_unordered(at_once.max(1))
        .try_collect()
        .await
}
