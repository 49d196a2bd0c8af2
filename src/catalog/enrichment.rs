//! What enrichment writes of entities: ids, and when they were last asked for.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::sql_types::{array, words};
use super::{Catalog, CatalogError};
use crate::model::{EntityId, EntityType, Provider, UnixSeconds};

/// How an entity is known to providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identification {
    /// By an id in its name, its NFO, or given by a person.
    Known,
    /// By an id elsewhere, which led to others.
    Found,
    /// By its title and year.
    Searched,
    /// Not yet: it may be one of these (`tmdb:603`).
    Doubtful(Vec<String>),
    /// Not at all.
    Unknown,
}

/// When an entity was last asked for, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrichment {
    /// When.
    pub enriched_at: UnixSeconds,
    /// Not asked for again before then.
    pub due_at: UnixSeconds,
    /// How it is known to providers.
    pub identification: Identification,
}

/// Which entities are to be asked for.
#[derive(Debug, Clone)]
pub enum EnrichScope {
    /// All that are due.
    Due(UnixSeconds),
    /// All, due or not.
    All,
    /// These, what belongs to them and who plays in them, due or not.
    Items(Vec<EntityId>),
    /// Those of these, of what belongs to them and who plays in them, that are due.
    DueAmong(Vec<EntityId>, UnixSeconds),
}

/// Who says it: a person. Comes before everything else.
pub(super) const SOURCE_USER: &str = "user";

impl Catalog {
    /// The entities of these types in the scope that are there and monitored, by number. What belongs to something
    /// unmonitored is among them; [`Guard`](crate::model::Guard) tells.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn entities_to_enrich(&self, scope: &EnrichScope, types: &[EntityType]) -> Result<Vec<EntityId>, CatalogError> {
        let (items, due) = match scope {
            EnrichScope::Due(now) => (None, Some(*now)),
            EnrichScope::All => (None, None),
            EnrichScope::Items(items) => (Some(array(items.iter().map(|id| id.get()))), None),
            EnrichScope::DueAmong(items, now) => (Some(array(items.iter().map(|id| id.get()))), Some(*now)),
        };
        // An array reads as NULL everywhere but in `rarray`.
        let is_for_all = items.is_none();
        let items = items.unwrap_or_else(|| array(std::iter::empty()));
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT e.id FROM entities e JOIN libraries l ON l.id = e.library_id AND l.removed_at IS NULL
                     LEFT JOIN enrichments n ON n.entity_id = e.id
                 WHERE e.is_missing = 0 AND e.monitored = 1 AND e.entity_type IN (SELECT value FROM rarray(:types))
                     AND (:due IS NULL OR n.due_at IS NULL OR n.due_at <= :due)
                     AND (:is_for_all OR e.id IN (SELECT value FROM rarray(:items))
                          OR e.parent_id IN (SELECT value FROM rarray(:items))
                          OR e.parent_id IN (SELECT id FROM entities WHERE parent_id IN (SELECT value FROM rarray(:items)))
                          OR e.id IN (SELECT actor_id FROM credits WHERE entity_id IN (SELECT value FROM rarray(:items))))
                 ORDER BY e.id",
            )?;
            let parameters = named_params! {
                ":types": words(types.iter().map(|of| of.as_str())), ":due": due, ":items": items,
                ":is_for_all": is_for_all,
            };
            Ok(statement.query_map(parameters, |row| row.get("id"))?.collect::<Result<_, _>>()?)
        })
    }

    /// When an entity was last asked for; `None` when never.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn enrichment_of(&self, entity: EntityId) -> Result<Option<Enrichment>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT enriched_at, due_at, identification, note FROM enrichments WHERE entity_id = ?1",
            )?;
            let read = |row: &rusqlite::Row<'_>| {
                let note: Option<String> = row.get("note")?;
                let identification = row.get::<_, String>("identification")?;
                let identification = identification_of(&identification, note.as_deref().unwrap_or_default());
                Ok(Enrichment { enriched_at: row.get("enriched_at")?, due_at: row.get("due_at")?, identification })
            };
            Ok(statement.query_row([entity], read).optional()?)
        })
    }

    /// Notes that an entity was asked for.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn set_enriched(&mut self, entity: EntityId, enrichment: &Enrichment) -> Result<(), CatalogError> {
        let (word, note) = word_and_note(&enrichment.identification);
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO enrichments (entity_id, enriched_at, due_at, identification, note)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (entity_id) DO UPDATE SET enriched_at = excluded.enriched_at, due_at = excluded.due_at,
                         identification = excluded.identification, note = excluded.note",
                )?
                .execute((entity, enrichment.enriched_at, enrichment.due_at, word, note))?;
            Ok(())
        })
    }
}

/// Adds ids that `source` tells; an id that is known already, from wherever, stays.
pub(super) fn add_ids(
    connection: &Connection,
    entity: EntityId,
    ids: &[(Provider, String)],
    source: &str,
) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO external_ids (entity_id, provider, value, source) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (entity_id, provider) DO NOTHING",
    )?;
    ids.iter().try_for_each(|(provider, value)| add.execute((entity, provider, value, source)).map(drop))
}

fn word_and_note(identification: &Identification) -> (&'static str, Option<String>) {
    match identification {
        Identification::Known => ("known", None),
        Identification::Found => ("found", None),
        Identification::Searched => ("searched", None),
        Identification::Doubtful(ids) => ("doubtful", Some(ids.join(" "))),
        Identification::Unknown => ("unknown", None),
    }
}

fn identification_of(word: &str, note: &str) -> Identification {
    match word {
        "known" => Identification::Known,
        "found" => Identification::Found,
        "searched" => Identification::Searched,
        "doubtful" => Identification::Doubtful(note.split_whitespace().map(str::to_owned).collect()),
        _ => Identification::Unknown,
    }
}
