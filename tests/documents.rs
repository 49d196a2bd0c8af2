//! What the documents promise is held by tests of these names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every test in a folder of tests.
fn tests_in(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let mut names = BTreeSet::new();
    for text in files {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            // What is ignored is no test but a part of one.
            if line.trim() == "#[test]"
                && let Some(next) = lines.next().map(str::trim)
                && let Some(name) = next.strip_prefix("fn ")
            {
                names.insert(name.split('(').next().unwrap().to_owned());
            }
        }
    }
    names
}

/// The last cell of each row of the table that has this header.
fn last_cells<'a>(document: &'a str, header: &str) -> Vec<(&'a str, &'a str)> {
    let rows = document.lines().skip_while(|line| *line != header).skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0], *cells.last().unwrap())
    })
    .collect()
}

#[test]
fn every_row_of_the_semantics_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("docs/semantics.md")).unwrap();
    let rows = last_cells(&document, "| a program does | what happens | test |");
    assert!(rows.len() > 30, "{} rows", rows.len());
    let tests: BTreeSet<_> =
        ["semantics", "view"].iter().flat_map(|name| tests_in(&root.join("tests").join(name))).collect();
    let mut named = BTreeSet::new();
    for (row, cell) in rows {
        let test =
            cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or_else(|| panic!("{row}: {cell}"));
        assert!(tests.contains(test), "{row}: there is no test `{test}`");
        assert!(named.insert(test.to_owned()), "{row}: `{test}` is the test of another row");
    }
    let unnamed: Vec<_> = tests_in(&root.join("tests/semantics")).difference(&named).cloned().collect();
    assert!(unnamed.is_empty(), "no row of docs/semantics.md names {unnamed:?}");
}

/// The name of the test of a paragraph: `Lost database` is `lost_database`.
fn test_of(heading: &str) -> String {
    heading.to_lowercase().replace([' ', '-'], "_").replace(['\'', ','], "")
}

#[test]
fn every_disaster_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("docs/disasters.md")).unwrap();
    let named: BTreeSet<_> = document.lines().filter_map(|line| line.strip_prefix("## ")).map(test_of).collect();
    assert!(named.len() >= 9, "{named:?}");
    let tests = tests_in(&root.join("tests/disasters"));
    assert_eq!(named, tests, "left: paragraphs of docs/disasters.md, right: tests in tests/disasters");
}
