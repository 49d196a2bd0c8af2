//! What takes away the mark that a document is made of what is known now: triggers on all that documents tell of.
//!
//! They exist while documents are published, and not otherwise. SQLite keeps a copy of every page that a statement touches
//! if it may fail halfway, and every statement that fires a trigger may: on tables with triggers a first scan takes half as
//! long again, and most libraries publish no documents.

use std::fmt::Write as _;

use rusqlite::Connection;

/// A table of which documents tell something. In its SQL `{row}` stands for the row as it was (`old`) or is (`new`).
struct Told {
    table: &'static str,
    events: &'static [Event],
    /// The columns that are told, when not all of them are.
    columns: &'static [&'static str],
    /// Which rows are told.
    only: &'static str,
    /// Whose documents tell a row.
    tellers: &'static str,
}

#[derive(Clone, Copy)]
enum Event {
    Insert,
    Update,
    Delete,
}

use Event::{Delete, Insert, Update};

const ALL: &[Event] = &[Insert, Update, Delete];
const EVERY_ROW: &str = "true";

const OF_ENTITY: &str = "SELECT reader_id FROM document_readers WHERE entity_id = {row}.entity_id";
const OF_VIDEO: &str = "SELECT id FROM entities WHERE library_id = {row}.library_id AND video = {row}.path
    UNION ALL SELECT entity_id FROM entity_places WHERE path = {row}.path";

/// All that is known of an entity in a table.
const fn of_entity(table: &'static str) -> Told {
    Told { table, events: ALL, columns: &[], only: EVERY_ROW, tellers: OF_ENTITY }
}

const TOLD: &[Told] = &[
    of_entity("metadata_fields"),
    of_entity("locks"),
    of_entity("external_ids"),
    of_entity("credits"),
    of_entity("set_members"),
    of_entity("entity_places"),
    of_entity("declared_artwork"),
    Told {
        table: "entities",
        events: &[Insert, Update],
        columns: &[
            "library_id",
            "parent_id",
            "title",
            "year",
            "season",
            "episode",
            "last_episode",
            "layout",
            "folder",
            "video",
            "path",
            "monitored",
            "is_missing",
        ],
        only: EVERY_ROW,
        tellers: "SELECT reader_id FROM document_readers WHERE entity_id = {row}.id",
    },
    Told {
        columns: &["is_selected", "cache_file_id", "image_number"],
        only: "{row}.is_selected = 1",
        ..of_entity("asset_candidates")
    },
    Told { events: &[Update], columns: &["source_url"], ..of_entity("cache_image_files") },
    Told {
        // A metadata file of the tree that is a document of ours is known by its bytes: any may be this one.
        table: "cache_image_files",
        events: &[Delete],
        columns: &[],
        only: "{row}.image_type = 'nfo'",
        tellers: "SELECT entity_id FROM document_inputs",
    },
    Told { table: "documents", events: &[Delete], columns: &[], only: EVERY_ROW, tellers: "SELECT {row}.entity_id" },
    Told {
        columns: &["library_id", "entity_id", "folder", "name"],
        only: "{row}.cache_file_id IS NULL AND {row}.image_type = 'nfo'",
        ..of_entity("library_image_files")
    },
    Told { tellers: OF_VIDEO, ..of_entity("video_files") },
    Told {
        table: "libraries",
        events: &[Update],
        columns: &["naming", "removed_at"],
        only: EVERY_ROW,
        tellers: "SELECT id FROM entities WHERE library_id = {row}.id",
    },
];

/// From now on, what changes something that a document tells takes its mark away.
pub(super) fn watch(connection: &Connection) -> rusqlite::Result<()> {
    if is_watched(connection)? {
        return Ok(());
    }
    connection.execute_batch(&every(|told, event| told.trigger(event)))
}

/// No document is published any more: no mark is left that somebody could go by later.
pub(super) fn unwatch(connection: &Connection) -> rusqlite::Result<()> {
    if !is_watched(connection)? {
        return Ok(());
    }
    connection.execute_batch(&every(|told, event| format!("DROP TRIGGER {};\n", told.name(event))))?;
    connection.execute("DELETE FROM document_inputs", []).map(drop)
}

fn is_watched(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = ?1";
    connection.prepare_cached(sql)?.exists([TOLD[0].name(TOLD[0].events[0])])
}

fn every(sql: impl Fn(&Told, Event) -> String) -> String {
    TOLD.iter().flat_map(|told| told.events.iter().map(|event| sql(told, *event))).collect()
}

impl Told {
    fn name(&self, event: Event) -> String {
        format!("make_anew_{}_{}", self.table, event.name().to_lowercase())
    }

    fn trigger(&self, event: Event) -> String {
        let Self { table, columns, only, tellers, .. } = self;
        let each = |sql: &str, between| {
            event.rows().iter().map(|row| sql.replace("{row}", row)).collect::<Vec<_>>().join(between)
        };
        let mut sql = format!("CREATE TRIGGER {} AFTER {}", self.name(event), event.name());
        let mut when = format!("({})", each(only, ") OR ("));
        if matches!(event, Update) && !columns.is_empty() {
            let of = |row: &str| columns.iter().map(|column| format!("{row}.{column}")).collect::<Vec<_>>().join(", ");
            let _ = write!(sql, " OF {}", columns.join(", "));
            when = format!("({when}) AND ({}) IS NOT ({})", of("new"), of("old"));
        }
        let _ = write!(sql, " ON {table} WHEN {when} BEGIN\n    DELETE FROM document_inputs WHERE entity_id IN (");
        let _ = write!(sql, "{});\nEND;\n", each(tellers, "\n    UNION ALL "));
        sql
    }
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Insert => "INSERT",
            Update => "UPDATE",
            Delete => "DELETE",
        }
    }

    fn rows(self) -> &'static [&'static str] {
        match self {
            Insert => &["new"],
            Update => &["old", "new"],
            Delete => &["old"],
        }
    }
}
