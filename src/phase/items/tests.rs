use std::fs;
use std::os::unix::fs::symlink;

use crate::catalog::{NewLibrary, ScannedItem, ScannedParent};
use crate::library::Source;
use crate::model::{LibraryKind, UnixSeconds};
use crate::phase::{NoProgress, scan};

use super::*;

struct Noon;

impl crate::model::Clock for Noon {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(1_700_000_000)
    }
}

fn library(files: &[&str]) -> (tempfile::TempDir, Catalog) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap().join("films");
    for file in files {
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::File::create(root.join(file)).unwrap();
    }
    let mut catalog = Catalog::open(&folder.path().join("posterfs.db")).unwrap();
    let kind = LibraryKind::Movies;
    let new = NewLibrary { name: "films".into(), path: root.clone(), kind, naming: "default".into() };
    let library = catalog.add_library(&new, UnixSeconds::new(0)).unwrap();
    scan(&mut catalog, &library, &Source::open(&root).unwrap(), &Noon, &NoProgress).unwrap();
    (folder, catalog)
}

/// The path of the entity, or the start of the error.
fn found(catalog: &Catalog, typed: &str, folder: &Path) -> String {
    match resolve(catalog, &typed.parse().unwrap(), folder) {
        Ok(entity) => entity.path.to_string(),
        Err(PhaseError::NoSuchItem { .. }) => "none".into(),
        Err(PhaseError::AmbiguousItem { candidates, .. }) => format!("{} candidates", candidates.len()),
        Err(PhaseError::OutsideLibraries { .. }) => "outside".into(),
        Err(PhaseError::NoSuchChild { .. }) => "no child".into(),
        Err(error) => panic!("{typed}: {error}"),
    }
}

#[test]
fn every_way_to_name_an_item() {
    let (folder, catalog) = library(&[
        "Heat (1995) {tmdb-949} {imdb-tt0113277}/Heat.mkv",
        "Heat (1995) {tmdb-949} {imdb-tt0113277}/poster.jpg",
        "Solaris (1972)/Solaris.mkv",
        "Solaris (2002)/Solaris.mkv",
        "Action/Alien (1979).mkv",
        "Action/Brazil (1985).mkv",
        "1917 (2019)/1917.mkv",
    ]);
    let here = folder.path().canonicalize().unwrap();
    symlink(here.join("films"), here.join("link")).unwrap();
    let heat = "Heat (1995) {tmdb-949} {imdb-tt0113277}";
    for (typed, expected) in [
        ("tmdb:949".to_owned(), heat),
        ("IMDB:TT0113277".into(), heat),
        ("tmdb:950".into(), "none"),
        ("Heat".into(), heat),
        ("heat (1995)".into(), heat),
        ("Heat (1996)".into(), "none"),
        ("Solaris".into(), "2 candidates"),
        ("Solaris (1972)".into(), "Solaris (1972)"),
        ("1917".into(), "1917 (2019)"),
        ("4711".into(), "none"),
        ("No Such Film".into(), "none"),
        (format!("./films/{heat}"), heat),
        (format!("films/../films/./{heat}/"), heat),
        (format!("films/{heat}/Heat.mkv"), heat),
        (format!("films/{heat}/poster.jpg"), heat),
        (format!("films/{heat}/none.jpg"), "none"),
        (format!("link/{heat}"), heat),
        (here.join("films").join(heat).to_str().unwrap().into(), heat),
        ("films/Action".into(), "2 candidates"),
        ("films/Action/Alien (1979).mkv".into(), "Action/Alien (1979).mkv"),
        ("films/Nowhere".into(), "none"),
        ("./films".into(), "none"),
        ("/".into(), "outside"),
        ("..".into(), "outside"),
        ("tmdb:949/s01".into(), "no child"),
    ] {
        assert_eq!(found(&catalog, &typed, &here), expected, "{typed}");
    }
    let id = resolve(&catalog, &"tmdb:949".parse().unwrap(), &here).unwrap().id;
    assert_eq!(found(&catalog, &id.to_string(), &here), heat);
}

/// An item of a series, as a scan records it.
fn part(
    library: crate::model::LibraryId,
    entity_type: EntityType,
    parent: Option<ScannedParent>,
    path: &str,
    numbers: (Option<u16>, Option<u16>, Option<u16>),
) -> ScannedItem {
    let path = RelPath::parse(path.as_bytes()).unwrap();
    let is_episode = entity_type == EntityType::Episode;
    let folder = if entity_type == EntityType::Series { path.clone() } else { path.parent().unwrap() };
    ScannedItem {
        parent,
        season: numbers.0,
        episode: numbers.1,
        last_episode: numbers.2,
        layout: if is_episode { crate::model::Layout::Flat } else { crate::model::Layout::Own },
        video: is_episode.then(|| path.clone()),
        path: path.clone(),
        ..ScannedItem::new(library, entity_type, &path.name().unwrap().to_string(), folder)
    }
}

#[test]
fn parts_of_a_series() {
    let (folder, mut catalog) = library(&["Heat (1995)/Heat.mkv"]);
    let root = folder.path().canonicalize().unwrap().join("films");
    let library = catalog.library_named("films").unwrap().id;
    let mut record = |item| catalog.record(&[item], UnixSeconds::new(1)).unwrap()[0].id;
    let above =
        |entity_type, season| Some(ScannedParent { entity_type, path: RelPath::parse(b"Lost").unwrap(), season });
    record(part(library, EntityType::Series, None, "Lost", (None, None, None)));
    let series = above(EntityType::Series, None);
    record(part(library, EntityType::Season, series, "Lost/Season 1", (Some(1), None, None)));
    for (file, episode, last) in [("a.mkv", 1, None), ("b.mkv", 2, Some(4))] {
        let path = format!("Lost/Season 1/{file}");
        record(part(
            library,
            EntityType::Episode,
            above(EntityType::Season, Some(1)),
            &path,
            (Some(1), Some(episode), last),
        ));
    }
    fs::create_dir_all(root.join("Lost/Season 1")).unwrap();
    fs::File::create(root.join("Lost/Season 1/b.nfo")).unwrap();
    for (typed, expected) in [
        ("./Lost", "Lost"),
        ("Lost", "Lost"),
        ("Lost/s01", "Lost/Season 1"),
        ("Lost/s01e01", "Lost/Season 1/a.mkv"),
        ("Lost/s01e02", "Lost/Season 1/b.mkv"),
        ("Lost/s01e04", "Lost/Season 1/b.mkv"),
        ("Lost/s01e05", "no child"),
        ("Lost/s02", "no child"),
        ("./Lost/Season 1", "Lost/Season 1"),
        ("./Lost/Season 1/a.mkv", "Lost/Season 1/a.mkv"),
        ("./Lost/Season 1/b.nfo", "Lost/Season 1"),
    ] {
        assert_eq!(found(&catalog, typed, &root), expected, "{typed}");
    }
}

#[test]
fn errors_tell_what_to_do() {
    let (folder, catalog) = library(&["Solaris (1972)/a.mkv", "Solaris (2002)/b.mkv"]);
    let error = |typed: &str| resolve(&catalog, &typed.parse().unwrap(), folder.path()).unwrap_err().to_string();
    let ambiguous = error("Solaris");
    assert!(ambiguous.contains("Solaris (1972)") && ambiguous.contains("Solaris (2002)"), "{ambiguous}");
    assert!(error("Heat").contains("`posterfs list`"));
    assert!(error("/etc/passwd").contains("`posterfs library add`"));
}

#[test]
fn what_is_missing_steps_back_behind_what_is_there() {
    let (folder, mut catalog) = library(&["Solaris (1972)/a.mkv", "Solaris (2002)/b.mkv"]);
    let root = folder.path().canonicalize().unwrap().join("films");
    fs::rename(root.join("Solaris (1972)"), root.join(".gone")).unwrap();
    let library = catalog.library_named("films").unwrap();
    scan(&mut catalog, &library, &Source::open(&root).unwrap(), &Noon, &NoProgress).unwrap();
    assert_eq!(found(&catalog, "Solaris", &root), "Solaris (2002)");
    assert_eq!(found(&catalog, "Solaris (1972)", &root), "Solaris (1972)", "a missing item can be named");
}
