//! What the documents promise is held by tests of these names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// The project's pages for people: its README and what is in `docs`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    ["README.md", "systemd/README.md"].map(|name| root.join(name)).into_iter().chain(in_docs).collect()
}

/// What stands between `](` and `)`, without the part of a page.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.split('#').next().unwrap()).filter(|target| !target.is_empty())
}

#[test]
fn every_link_leads_somewhere_and_every_page_is_in_the_table_of_contents() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in links(&text).filter(|target| !target.contains("://")) {
            assert!(page.parent().unwrap().join(target).exists(), "{}: {target} is not there", page.display());
        }
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let contents = fs::read_to_string(docs.join("README.md")).unwrap();
    let listed: BTreeSet<_> = links(&contents).collect();
    for page in fs::read_dir(&docs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(page == "README.md" || listed.contains(page.as_str()), "docs/README.md does not name {page}");
    }
}

/// The lines of blocks of shell that call posterfs, as far as the call goes.
fn calls(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines = blocks.flat_map(str::lines).map(|line| line.split(['#', '>', '|']).next().unwrap().trim());
    let is_call = |line: &&str| {
        let mut words = line.split(' ').skip_while(|word| word.contains('='));
        words.next() == Some("posterfs")
    };
    lines.filter(is_call).map(str::to_owned).collect()
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut count = 0;
    for page in pages() {
        for call in calls(&fs::read_to_string(&page).unwrap()) {
            count += 1;
            // Everything before `--help` is looked at, and nothing is done.
            let script = format!("posterfs() {{ \"$POSTERFS\" \"$@\" --help; }}; {call}");
            let mut shell = Command::new("sh");
            let output = shell.args(["-c", &script]).env("POSTERFS", env!("CARGO_BIN_EXE_posterfs")).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {call}: {told}", page.display());
        }
    }
    assert!(count > 12, "{count} commands");
}
