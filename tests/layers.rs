//! The arrows between the layers only ever point down (docs/architecture.md, "Layers"): a test over the `crate::`
//! paths of every source file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the bottom up. Modules of one row do not know each other, except where [`SIDEWAYS`] says so.
const LAYERS: &[&[&str]] = &[
    &["lasting", "steps"],
    &["model"],
    &["naming", "net", "score"],
    &["cache", "catalog", "config", "control", "recycle"],
    &["library", "player", "provider", "streams"],
    &["phase", "overlay"],
    &["mount"],
    &["work"],
    &["http"],
    &["daemon", "demo", "doctor"],
    &["cli"],
];

/// Arrows within a row, each with its reason.
const SIDEWAYS: &[(&str, &str, &str)] = &[];

fn ranks() -> BTreeMap<&'static str, usize> {
    LAYERS.iter().enumerate().flat_map(|(rank, row)| row.iter().map(move |module| (*module, rank))).collect()
}

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules named behind `crate::` in a line of code, also in `use crate::{a, b}`.
fn modules_named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let mut named = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let group = rest.strip_prefix('{').map_or(rest, |inner| inner.split('}').next().unwrap_or(inner));
        let parts: Vec<&str> = if rest.starts_with('{') { group.split(',').collect() } else { vec![rest] };
        named.extend(parts.into_iter().map(|part| {
            part.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
        }));
    }
    named.retain(|module| !module.is_empty());
    named
}

fn own_module(file: &Path) -> String {
    let below = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn is_allowed(from: &str, to: &str, ranks: &BTreeMap<&str, usize>) -> bool {
    let (Some(from_rank), Some(to_rank)) = (ranks.get(from), ranks.get(to)) else { return false };
    from == to || from_rank > to_rank || SIDEWAYS.iter().any(|(a, b, _)| (*a, *b) == (from, to))
}

#[test]
fn arrows_between_layers_only_point_down() {
    let ranks = ranks();
    let mut files = Vec::new();
    source_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 10, "the source files were not found");
    let mut wrong = Vec::new();
    for file in files {
        let from = own_module(&file);
        if from == "lib" || from == "main" {
            continue;
        }
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            for to in modules_named(line).into_iter().filter(|to| !is_allowed(&from, to, &ranks)) {
                wrong.push(format!("{}:{}: `{from}` must not use `{to}`", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point up or sideways:\n{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_what_it_should() {
    let ranks = ranks();
    assert_eq!(modules_named("use crate::{catalog::Catalog, model::Name};"), ["catalog", "model"]);
    assert_eq!(modules_named("    let x = crate::mount::run(); // crate::cli"), ["mount"]);
    assert!(is_allowed("phase", "catalog", &ranks));
    assert!(!is_allowed("catalog", "phase", &ranks));
    assert!(!is_allowed("cache", "catalog", &ranks));
    assert!(!is_allowed("overlay", "unheard_of", &ranks));
}
