//! What managers tell: a bounded log of it, the jobs that follow, and the ids that come with it.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::jobs::{Asked, NewJob, ask};
use super::reach::range;
use super::{Catalog, CatalogError, enrichment};
use crate::model::{EntityId, LibraryId, Provider, RelPath, UnixSeconds, WebhookId};

/// How many webhooks are remembered.
const REMEMBERED: i64 = 1000;

/// How many bytes their bodies may have together.
const BODIES_BYTES_MAX: i64 = 16 << 20;

/// How long ids are kept of what was not found yet, in seconds: 30 days.
const TOLD_FOR: i64 = 30 * 86_400;

/// A webhook that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook<'a> {
    /// Who sent it.
    pub manager: &'a str,
    /// Its word of what happened.
    pub event: &'a str,
    /// What became of it: `accepted`, `ignored` or `refused`.
    pub outcome: &'static str,
    /// The same for people.
    pub told: &'a str,
    /// As it came.
    pub body: &'a [u8],
}

/// A webhook that came, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedWebhook {
    /// Its number.
    pub id: WebhookId,
    /// When it came.
    pub received_at: UnixSeconds,
    /// Who sent it.
    pub manager: String,
    /// Its word of what happened.
    pub event: String,
    /// What became of it.
    pub outcome: String,
    /// The same for people.
    pub told: String,
    /// How long its body is.
    pub bytes: u64,
}

/// Ids of an item that is in a folder, or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldIds {
    /// The library.
    pub library: LibraryId,
    /// The folder.
    pub folder: RelPath,
    /// The ids.
    pub ids: Vec<(Provider, String)>,
    /// Who says so.
    pub source: String,
}

const COLUMNS: &str = "id, received_at, manager, event, outcome, told, length(body) AS bytes";

const FORGET: &str = "
    DELETE FROM webhooks WHERE id <= (SELECT max(id) FROM webhooks) - ?1
        OR id <= (SELECT max(id) FROM (SELECT id, sum(length(body)) OVER (ORDER BY id DESC) AS bytes FROM webhooks)
                  WHERE bytes > ?2)";

impl Catalog {
    /// Writes down a webhook with everything that follows from it: when this returns it will be done, whatever happens.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn take_webhook(
        &mut self,
        webhook: &NewWebhook<'_>,
        jobs: &[NewJob],
        ids: Option<&ToldIds>,
        now: UnixSeconds,
    ) -> Result<(WebhookId, Vec<Asked>), CatalogError> {
        self.write(|transaction| {
            let id = transaction
                .prepare_cached(
                    "INSERT INTO webhooks (received_at, manager, event, outcome, told, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                )?
                .query_row(
                    (now, webhook.manager, webhook.event, webhook.outcome, webhook.told, webhook.body),
                    |row| row.get("id"),
                )?;
            transaction.prepare_cached(FORGET)?.execute((REMEMBERED, BODIES_BYTES_MAX))?;
            ids.map(|ids| tell(transaction, ids, now)).transpose()?;
            let asked = jobs.iter().map(|job| ask(transaction, job, now)).collect::<Result<_, _>>()?;
            Ok((id, asked))
        })
    }

    /// The newest webhooks first, at most `limit`, older than `before`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn webhooks(&self, before: Option<WebhookId>, limit: u32) -> Result<Vec<ReceivedWebhook>, CatalogError> {
        let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_map((before, limit), received)?.collect::<Result<_, _>>()?)
        })
    }

    /// A webhook and its body; `None` when there is none of that number (any more).
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn webhook(&self, id: WebhookId) -> Result<Option<(ReceivedWebhook, Vec<u8>)>, CatalogError> {
        let sql = format!("SELECT {COLUMNS}, body FROM webhooks WHERE id = ?1");
        self.read(|connection| {
            let read = |row: &Row<'_>| Ok((received(row)?, row.get("body")?));
            Ok(connection.prepare_cached(&sql)?.query_row([id], read).optional()?)
        })
    }

    /// Gives the ids that were told of what is in a folder, or beneath it, to the items that are there now; an id that is
    /// known stays. How many items that were.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn use_told_ids(&mut self, library: LibraryId, below: &RelPath, now: UnixSeconds) -> Result<u64, CatalogError> {
        let is_any = self.read(|connection| Ok(connection.prepare_cached("SELECT 1 FROM told_ids")?.exists([])?))?;
        if !is_any {
            return Ok(0);
        }
        self.write(|transaction| Ok(use_ids(transaction, library, below, now)?))
    }
}

fn received(row: &Row<'_>) -> rusqlite::Result<ReceivedWebhook> {
    Ok(ReceivedWebhook {
        id: row.get("id")?,
        received_at: row.get("received_at")?,
        manager: row.get("manager")?,
        event: row.get("event")?,
        outcome: row.get("outcome")?,
        told: row.get("told")?,
        bytes: super::sql_types::count(row, "bytes")?,
    })
}

fn tell(connection: &Connection, told: &ToldIds, now: UnixSeconds) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO told_ids (library_id, folder, provider, value, source, told_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET value = excluded.value, source = excluded.source, told_at = excluded.told_at",
    )?;
    for (provider, value) in &told.ids {
        put.execute((told.library, &told.folder, provider, value, &told.source, now))?;
    }
    let old = UnixSeconds::new(now.get() - TOLD_FOR);
    connection.prepare_cached("DELETE FROM told_ids WHERE told_at < ?1")?.execute([old])?;
    Ok(())
}

fn use_ids(
    transaction: &Transaction<'_>,
    library: LibraryId,
    below: &RelPath,
    now: UnixSeconds,
) -> rusqlite::Result<u64> {
    const FOUND: &str = "
        SELECT e.id, t.folder, t.provider, t.value, t.source FROM told_ids t JOIN entities e
            ON e.library_id = t.library_id AND e.path = t.folder AND e.is_missing = 0
               AND e.entity_type IN ('movie', 'series', 'artist')
        WHERE t.library_id = ?1 AND t.folder >= ?2 AND t.folder < ?3 AND t.told_at <= ?4 ORDER BY e.id";
    let (first, end) = range(below);
    let mut statement = transaction.prepare_cached(FOUND)?;
    let mut rows = statement.query((library, first, end, now))?;
    let mut items = std::collections::BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (entity, folder): (EntityId, RelPath) = (row.get("id")?, row.get("folder")?);
        let provider: String = row.get("provider")?;
        if let Some(provider) = Provider::parse(&provider) {
            let source: String = row.get("source")?;
            enrichment::add_ids(transaction, entity, &[(provider, row.get("value")?)], &source)?;
        }
        items.insert((entity, folder));
    }
    for (_, folder) in &items {
        transaction
            .prepare_cached("DELETE FROM told_ids WHERE library_id = ?1 AND folder = ?2")?
            .execute((library, folder))?;
    }
    Ok(items.len() as u64)
}
