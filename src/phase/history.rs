//! History: which generation is meant, what happened to an item, what is forgotten.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::catalog::{Catalog, Forgotten, PublishMode, Retention};
use crate::config::HistorySettings;
use crate::model::{EntityId, GenerationId, ImageType, UnixSeconds};

use super::PhaseError;

/// A generation as it was typed: its number, or a name that it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenerationRef {
    /// Its number; 0 is the time before the first.
    Number(GenerationId),
    /// A name of it.
    Name(String),
}

/// Something that happened to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Event {
    /// The generation that it made; `None` where what is shown did not change.
    #[schema(value_type = Option<i64>, required)]
    pub generation: Option<GenerationId>,
    /// When.
    #[serde(rename = "time")]
    #[schema(value_type = i64)]
    pub at: UnixSeconds,
    /// A person or program.
    pub author: String,
    /// What moved it.
    pub reason: String,
    /// Paths of the item that began to show a picture.
    pub added: u64,
    /// Paths of it that show another picture.
    pub changed: u64,
    /// Paths of it that ceased to show one.
    pub removed: u64,
}

impl FromStr for GenerationRef {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = is_number.then(|| text.parse().ok()).flatten();
        Ok(number.map_or_else(|| Self::Name(text.to_owned()), |number| Self::Number(GenerationId::new(number))))
    }
}

impl fmt::Display for GenerationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl GenerationRef {
    /// The generation that is meant.
    ///
    /// # Errors
    /// When nothing has that name, or the catalog cannot be read.
    pub fn resolve(&self, catalog: &Catalog) -> Result<GenerationId, PhaseError> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Name(name) => Ok(catalog.tagged(name)?),
        }
    }
}

/// What happened to an item and to all that belongs to it, newest first: generations, and what programs wrote that became
/// candidates.
///
/// # Errors
/// When there is no such item, or the catalog cannot be read.
pub fn events_of(
    catalog: &Catalog,
    item: EntityId,
    before: Option<GenerationId>,
    limit: u32,
) -> Result<Vec<Event>, PhaseError> {
    let generations = catalog.history_of(item, before, limit)?.into_iter().map(|generation| Event {
        generation: Some(generation.id),
        at: generation.at,
        author: generation.author,
        reason: generation.reason,
        added: generation.added,
        changed: generation.changed,
        removed: generation.removed,
    });
    let mut events: Vec<Event> = generations.collect();
    // Pages behind the first begin with a generation; what else happened is told on the first.
    if before.is_none() {
        for written in catalog.captured_writes_of(item, limit)? {
            let image_type: ImageType = written.image_type;
            let reason = format!("wrote a {image_type} of item {}, kept as a candidate", written.entity);
            let (added, changed, removed) = (0, 0, 0);
            let (at, author) = (written.at, written.author);
            events.push(Event { generation: None, at, author, reason, added, changed, removed });
        }
        events.sort_by_key(|event| std::cmp::Reverse((event.at, event.generation)));
        events.truncate(limit as usize);
    }
    Ok(events)
}

/// Forgets what only generations showed that the configuration does not keep. The present one and those with a name stay.
///
/// # Errors
/// When the catalog cannot be written.
pub fn forget(
    catalog: &mut Catalog,
    settings: &HistorySettings,
    mode: PublishMode,
    now: UnixSeconds,
) -> Result<Forgotten, PhaseError> {
    if settings.keeps_all() {
        return Ok(Forgotten::default());
    }
    let since = UnixSeconds::new(now.get().saturating_sub(i64::from(settings.days) * 86_400));
    Ok(catalog.forget(Retention { newest: settings.generations, since }, mode, now)?)
}
