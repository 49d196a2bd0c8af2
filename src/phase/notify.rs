//! Telling players what has changed since they were told last.
//!
//! What a player knows of is remembered as a generation of its own. So one that was off hears of everything when it is
//! back, whoever published meanwhile, and of what was published and taken back in between it hears nothing. A player
//! that is told for the first time is told nothing: it has looked at what is there by itself.

mod changes;
mod views;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::model::{EntityId, GenerationId, UnixSeconds};
use crate::player::{Access, Changes, PlayerError, PlayerKind, Told, tell};

use super::PhaseError;
use super::runtime::runtime;

pub use views::{PlayerView, PlayerViews};

/// Of what a player is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News<'a> {
    /// What it does not know of yet.
    Since,
    /// These items, and what belongs to them, whatever it knows of.
    Items(&'a [EntityId]),
    /// All libraries.
    Everything,
}

/// What telling one player came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotifyReport {
    /// Which.
    pub player: PlayerKind,
    /// What it was told, in order; in a rehearsal what it would have been told.
    pub told: Vec<Told>,
    /// The generation that it knows of now. `None` where it was only told of some items, or not told.
    pub generation: Option<GenerationId>,
    /// Why it was not told. What it was told before that may have happened; telling it again does no harm.
    pub error: Option<String>,
    /// Whether it may take it a while later: it is off, or busy.
    pub may_pass: bool,
}

/// Tells one player. A failure of the player is no error of the phase: what it does not know of stays to be told.
///
/// # Errors
/// When the catalog fails, or the network cannot be used at all.
pub fn notify(
    catalog: &mut Catalog,
    access: &Access,
    news: News<'_>,
    views: &PlayerViews,
    is_rehearsal: bool,
    now: UnixSeconds,
) -> Result<NotifyReport, PhaseError> {
    let player = access.kind.to_string();
    let latest = catalog.latest_generation()?;
    let view = |root: &std::path::Path| views.of(access.kind, root);
    let changes = match news {
        News::Since => match catalog.told(&player)? {
            Some(known) => changes::between(catalog, known, latest, &view)?,
            None => Changes::Items(Vec::new()),
        },
        News::Items(items) => changes::of_items(catalog, items, &view)?,
        News::Everything => changes::of_all(catalog, &view)?,
    };
    let outcome = told(access, &changes, is_rehearsal)?;
    let knows_all = !matches!(news, News::Items(_)) && outcome.is_ok();
    if knows_all && !is_rehearsal {
        catalog.set_told(&player, latest, now)?;
    }
    Ok(report(access.kind, outcome, knows_all.then_some(latest)))
}

fn told(access: &Access, changes: &Changes, is_rehearsal: bool) -> Result<Result<Vec<Told>, PlayerError>, PhaseError> {
    if changes.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    Ok(runtime()?.block_on(tell(access, changes, is_rehearsal)))
}

fn report(
    player: PlayerKind,
    outcome: Result<Vec<Told>, PlayerError>,
    generation: Option<GenerationId>,
) -> NotifyReport {
    match outcome {
        Ok(told) => NotifyReport { player, told, generation, error: None, may_pass: false },
        Err(error) => {
            let may_pass = error.may_pass();
            NotifyReport { player, told: Vec::new(), generation, error: Some(error.to_string()), may_pass }
        }
    }
}
