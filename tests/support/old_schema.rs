//! A database as an older posterfs has left it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::{Films, contents};

/// Makes the database one of the schema before the journal, with one film (`Old`) that is locked and not monitored.
pub fn with_old_schema(films: &Films) {
    let database = films.state().join("posterfs.db");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(films.state().join(format!("posterfs.db{suffix}")));
    }
    let _ = std::fs::remove_file(films.state().join("cache/journal.jsonl"));
    let connection = Connection::open(&database).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog/migrations");
    let migrations: BTreeMap<_, _> = contents(&folder).into_iter().collect();
    let old: Vec<_> = migrations.iter().take_while(|(name, _)| !name.to_str().unwrap().contains("journal")).collect();
    for (_, sql) in &old {
        connection.execute_batch(std::str::from_utf8(sql).unwrap()).unwrap();
    }
    connection.execute_batch(&format!("PRAGMA user_version = {}", old.len())).unwrap();
    let media = films.media().to_str().unwrap();
    connection
        .execute_batch(&format!(
            "INSERT INTO libraries (name, path, kind, naming, added_at)
                 VALUES ('films', CAST('{media}' AS BLOB), 'movies', 'default', 1);
             INSERT INTO entities (library_id, entity_type, title, sort_title, layout, folder, path, monitored, added_at,
                                   updated_at)
                 VALUES (1, 'movie', 'Old', 'old', 'own', CAST('Old' AS BLOB), CAST('Old' AS BLOB), 0, 1, 1);
             INSERT INTO locks (entity_id, field, is_locked, origin, locked_at) VALUES (1, 'poster', 1, 'manual', 1);"
        ))
        .unwrap();
}
