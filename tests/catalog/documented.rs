//! `docs/schema.md` names every table and column, and none that there is not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use posterfs::catalog::Catalog;
use rusqlite::Connection;

type Tables = BTreeMap<String, BTreeSet<String>>;

fn in_schema() -> Tables {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterfs.db");
    drop(Catalog::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'";
    let mut tables = Tables::new();
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        tables.entry(row.get(0).unwrap()).or_default().insert(row.get(1).unwrap());
    }
    tables
}

/// Words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// A table is a heading, its columns are what the items below begin with, up to a colon.
fn in_document() -> Tables {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut tables = Tables::new();
    for section in text.split("\n### ").skip(1) {
        let (heading, body) = section.split_once('\n').unwrap();
        let items = body.lines().filter_map(|line| line.strip_prefix("- "));
        let columns = items.flat_map(|item| quoted(item.split(':').next().unwrap()).collect::<Vec<_>>());
        let known = tables.insert(quoted(heading).next().unwrap(), columns.collect());
        assert!(known.is_none(), "{heading} is there twice");
    }
    tables
}

#[test]
fn every_table_and_column_is_documented() {
    let (schema, document) = (in_schema(), in_document());
    assert_eq!(document.keys().collect::<Vec<_>>(), schema.keys().collect::<Vec<_>>());
    for (table, columns) in &schema {
        assert_eq!(document[table], *columns, "{table}: left: docs/schema.md, right: the schema");
    }
}
