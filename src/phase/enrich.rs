//! Enrich: providers are asked what they have, the best is chosen unless a person decides, and only what is chosen is
//! downloaded.
//!
//! ```text
//! look (ids, locks) ─▶ identify ─▶ ask ─▶ record and score ─▶ for each image type: walk the ranking
//!        │                                                       │ cached? else download, cache, provenance
//!        └─ nothing wanted: not asked for at all                 └ fits, no near-duplicate: choose
//! ```
//!
//! Many items are under way at once, a bounded number, on one thread that waits for the network (`run`); pictures are
//! decoded on others; the catalog stays with the caller's thread, which serves questions from the items one after the
//! other (`desk`). Each step is durable before the next one begins, so a run may be killed at any instant: the next one
//! finds what was downloaded and goes on with the items that were not finished.
//!
//! - `item`: one item from beginning to end; `subject`: what a provider is told of it
//! - `plan`: which candidate may take which place, as a pure function; `choose`: trying them in turn
//! - `take`: one picture into the cache; `due`: when an item is asked for again
//! - `by_hand`: choosing a candidate or an address by hand; `block`: what must never be chosen; `substitute`: what
//!   is lost

mod block;
mod by_hand;
mod choose;
mod desk;
mod due;
mod item;
mod plan;
mod report;
mod run;
#[cfg(test)]
mod scale_tests;
mod subject;
mod substitute;
mod take;

use std::sync::Arc;

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, EnrichScope};
use crate::config::Config;
use crate::model::{Clock, EntityType};
use crate::provider::{ArtworkProvider, Replies};

use super::{PhaseError, Progress};

pub use block::{BlockReport, block, unblock};
pub use by_hand::{select_candidate, select_url};
pub(super) use substitute::Substitutes;
pub(super) use take::download;

pub use report::{EnrichProblem, EnrichReport, Planned, ProviderTally};

/// What shall be enriched, and how.
pub struct EnrichRequest<'a> {
    /// Which entities.
    pub scope: EnrichScope,
    /// Who is asked, in this order.
    pub providers: Vec<Arc<dyn ArtworkProvider>>,
    /// What is preferred.
    pub config: &'a Config,
    /// What the cache takes.
    pub limits: Limits,
    /// The replies that these keep; tidied up behind a run over everything.
    pub replies: Option<Replies>,
    /// How many items are under way at once.
    pub at_once: usize,
    /// Only ask and tell what would be chosen: nothing is written or downloaded.
    pub is_dry_run: bool,
}

/// Types of entities in the order in which they are asked for: what others take their ids from comes first.
const WAVES: &[&[EntityType]] = &[
    &[EntityType::Movie, EntityType::Series, EntityType::MovieSet, EntityType::Artist],
    &[EntityType::Season, EntityType::Album, EntityType::Actor],
    &[EntityType::Episode],
];

/// Asks the providers for the entities in the scope and chooses for them. A provider that fails is reported, and the
/// others go on without it.
///
/// # Errors
/// When catalog or cache cannot be written: whatever was finished before stays.
pub fn enrich(
    catalog: &mut Catalog,
    cache: &Arc<Cache>,
    request: &EnrichRequest<'_>,
    clock: &Arc<dyn Clock>,
    progress: &dyn Progress,
) -> Result<EnrichReport, PhaseError> {
    let work = run::Work::new(catalog, cache, request, clock)?;
    let done = run::all(catalog, &work, WAVES, request.at_once, progress);
    progress.finish();
    done?;
    if matches!(request.scope, EnrichScope::Due(_) | EnrichScope::All) {
        tidy(request, clock);
    }
    Ok(work.report())
}

/// Throws old replies away. That they stay for now is no failure of the run.
fn tidy(request: &EnrichRequest<'_>, clock: &Arc<dyn Clock>) {
    let Some(replies) = &request.replies else { return };
    match replies.tidy(&request.config.network, clock.now()) {
        Ok(removed) => tracing::debug!(removed, "old replies are thrown away"),
        Err(error) => tracing::warn!(%error, "old replies cannot be thrown away"),
    }
}
