use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::library::layout::FileVerdict;
use crate::library::{IdentifiedKind, identify, identify_below};
use crate::model::EntityType;
use proptest::prelude::*;

use super::*;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        touch(&root.path().join(file));
    }
    root
}

fn touch(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(path).unwrap();
}

/// The main files of all films, and the paths of all problems.
fn walk(source: &Source) -> (Vec<String>, Vec<String>) {
    let (mut films, mut problems) = (Vec::new(), Vec::new());
    let mut walk = Walk::new(source, LibraryKind::Movies);
    while let Some(visit) = walk.next_visit() {
        match visit {
            Visit::Folder { verdict, .. } => films.extend(verdict.items.iter().map(|item| item.videos[0].to_string())),
            Visit::Problem(problem) => problems.push(problem.path.to_string()),
        }
    }
    (films, problems)
}

#[test]
fn every_film_is_met_once_and_nothing_else() {
    let root = tree(&[
        "Heat (1995)/Heat.mkv",
        "Heat (1995)/Extras/Making.mkv",
        "A/B/Alien (1979)/Alien.mkv",
        "Loose.mkv",
        "Disc (2000)/VIDEO_TS/VIDEO_TS.IFO",
        "Disc (2000)/VIDEO_TS/VTS_01_1.VOB",
        "closed/.nomedia",
        "closed/below/Film.mkv",
        "blank/.ignore",
        "blank/Film.mkv",
        "@eaDir/Film.mkv",
        "Set (2001)/Disc 1/a.mkv",
        "Set (2001)/Disc 2/b.mkv",
    ]);
    symlink("A", root.path().join("link-to-a")).unwrap();
    symlink("..", root.path().join("A/loop")).unwrap();
    let source = Source::open(root.path()).unwrap();
    let (films, problems) = walk(&source);
    assert_eq!(
        films,
        [
            "Loose.mkv",
            "A/B/Alien (1979)/Alien.mkv",
            "Disc (2000)/VIDEO_TS/VIDEO_TS.IFO",
            "Heat (1995)/Heat.mkv",
            "Set (2001)/Disc 1/a.mkv",
        ]
    );
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn an_ignore_file_with_patterns_does_not_close_the_folder() {
    let root = tree(&["films/Heat.mkv"]);
    use std::io::Write;
    fs::File::create(root.path().join("films/.ignore")).unwrap().write_all(b"*.tmp\n").unwrap();
    assert_eq!(walk(&Source::open(root.path()).unwrap()).0, ["films/Heat.mkv"]);
}

#[test]
fn what_cannot_be_read_is_reported_and_the_walk_goes_on() {
    let root = tree(&["a/A.mkv", "b/B.mkv", "c/C.mkv"]);
    let source = Source::open(root.path()).unwrap();
    let mut walk = Walk::new(&source, LibraryKind::Movies);
    let (mut films, mut problems) = (0, Vec::new());
    while let Some(visit) = walk.next_visit() {
        match visit {
            Visit::Folder { listing, verdict, .. } => {
                films += verdict.items.len();
                if listing.path.is_root() {
                    // Root reads everything, so the folder is taken away under the walk's nose as well.
                    fs::set_permissions(root.path().join("b"), fs::Permissions::from_mode(0o000)).unwrap();
                    fs::rename(root.path().join("b"), root.path().join("z")).unwrap();
                }
            }
            Visit::Problem(problem) => problems.push(problem),
        }
    }
    fs::set_permissions(root.path().join("z"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(films, 2);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].error.to_string().contains("/b"), "{}", problems[0].error);
}

#[test]
fn a_tree_without_end_ends() {
    let root = tempfile::tempdir().unwrap();
    let deep = (0..DEPTH_MAX + 20).fold(root.path().to_owned(), |path, _| path.join("d"));
    touch(&deep.join("Film.mkv"));
    let (films, problems) = walk(&Source::open(root.path()).unwrap());
    assert!(films.is_empty());
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn identify_tells_what_a_path_is() {
    let root = tree(&[
        "films/Heat (1995) [tmdbid-949]/Heat.mkv",
        "films/Heat (1995) [tmdbid-949]/Heat.srt",
        "films/Heat (1995) [tmdbid-949]/poster.jpg",
        "films/Heat (1995) [tmdbid-949]/Heat-trailer.mkv",
        "films/Heat (1995) [tmdbid-949]/Extras/More/Making.mkv",
        "films/Action/Alien (1979).mkv",
        "films/Action/Brazil (1985).mkv",
        "films/Disc (2000)/BDMV/STREAM/00001.m2ts",
        "films/Disc (2000)/BDMV/index.bdmv",
        "films/@eaDir/Film.mkv",
        "films/closed/.nomedia",
        "films/closed/Film.mkv",
        "films/notes.txt",
    ]);
    let heat = "films/Heat (1995) [tmdbid-949]";
    let file = |name: &str| format!("{heat}/{name}");
    for (path, kind, title, rule) in [
        (file("Heat.mkv"), "movie", "Heat", "single-video"),
        (heat.to_owned(), "movie", "Heat", "single-video"),
        (file("Heat.srt"), "ignored", "", "subtitle"),
        (file("poster.jpg"), "ignored", "", "picture"),
        (file("Heat-trailer.mkv"), "extra", "Heat", "trailer"),
        (file("Extras"), "extra", "Extras", "extras-folder"),
        (file("Extras/More/Making.mkv"), "extra", "Making", "extras-folder"),
        ("films/Action".into(), "unknown", "", "folder-of-items"),
        ("films/Action/Alien (1979).mkv".into(), "movie", "Alien", "several-videos"),
        ("films/Disc (2000)".into(), "movie", "Disc", "disc-folder"),
        ("films/Disc (2000)/BDMV".into(), "movie", "Disc", "disc-folder"),
        ("films/Disc (2000)/BDMV/STREAM/00001.m2ts".into(), "movie", "Disc", "disc-folder"),
        ("films/@eaDir/Film.mkv".into(), "ignored", "", "system-name"),
        ("films/closed/Film.mkv".into(), "ignored", "", "ignore-marker"),
        ("films/closed".into(), "ignored", "", "ignore-marker"),
        ("films/notes.txt".into(), "unknown", "", "no-media"),
        ("films/notes.txt/x.mkv".into(), "unknown", "", "no-media"),
        ("films".into(), "unknown", "", "no-items"),
    ] {
        for library in [None, Some(root.path().join("films"))] {
            let found = identify(&root.path().join(&path), LibraryKind::Movies, library.as_deref());
            let Ok(found) = found else {
                assert!(path.starts_with("films/notes.txt/"), "{path}: {found:?}");
                continue;
            };
            let shown = (found.kind.as_str(), found.identity.title.as_str(), found.rule.as_str());
            if library.is_some() || path != "films" {
                assert_eq!(shown, (kind, title, rule), "{path} in {library:?}");
            }
        }
    }
    let found = identify(&root.path().join(file("Heat.mkv")), LibraryKind::Movies, None).unwrap();
    assert_eq!((found.identity.year, found.identity.ids[0].1.as_str(), found.is_on_disk), (Some(1995), "949", true));
    assert!(identify(Path::new("/"), LibraryKind::Movies, Some(&root.path().join("films"))).is_err());
}

#[test]
fn names_are_judged_where_nothing_is_on_disk() {
    for (path, kind, title, year) in [
        ("/no/such/films/Heat (1995)/Heat.mkv", "movie", "Heat", Some(1995)),
        ("/no/such/films/Heat (1995)", "movie", "Heat", Some(1995)),
        ("/no/such/films/Heat (1995)/Heat-trailer.mkv", "extra", "Heat", None),
        ("/no/such/films/Heat (1995)/Extras/x.mkv", "extra", "x", None),
        ("/no/such/films/Heat (1995)/VIDEO_TS/VIDEO_TS.IFO", "movie", "Heat", Some(1995)),
        ("/no/such/films/Heat (1995)/Heat.srt", "ignored", "", None),
        ("/no/such/films/something", "unknown", "something", None),
    ] {
        let found = identify(Path::new(path), LibraryKind::Movies, None).unwrap();
        let shown = (found.kind.as_str(), found.identity.title.as_str(), found.identity.year, found.is_on_disk);
        assert_eq!(shown, (kind, title, year, false), "{path}");
    }
}

/// Trees from a tiny alphabet, so that names meet.
fn any_tree() -> impl Strategy<Value = Vec<String>> {
    let folder = prop::sample::select(vec![
        "",
        "Heat (1995)/",
        "Heat (1995)/Extras/",
        "Disc (2000)/VIDEO_TS/",
        "A/",
        "A/Disc 1/",
        "A/Disc 2/",
        "Extras (2005)/",
        "A/Heat (1995)/",
        ".hidden/",
        "Subs/",
    ]);
    let file = prop::sample::select(vec![
        "Heat.mkv",
        "Heat (1995).mkv",
        "Heat (1995) - 1080p.mkv",
        "Heat cd1.avi",
        "Heat cd2.avi",
        "Alien (1979).mkv",
        "Heat-trailer.mkv",
        "sample.mkv",
        "VIDEO_TS.IFO",
        "poster.jpg",
        "Heat.srt",
        "x.txt",
        ".nomedia",
        ".ignore",
    ]);
    prop::collection::vec((folder, file).prop_map(|(folder, file)| format!("{folder}{file}")), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn identify_agrees_with_the_walk(files in any_tree()) {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let root = tree(&files);
        let source = Source::open(root.path()).unwrap();
        let mut walked = BTreeMap::new();
        let mut walk = Walk::new(&source, LibraryKind::Movies);
        while let Some(visit) = walk.next_visit() {
            let Visit::Folder { listing, verdict, .. } = visit else { panic!("{visit:?}") };
            for (name, file) in &verdict.files {
                if let FileVerdict::Item(index) = file {
                    walked.insert(listing.path.join(name), verdict.items[*index].clone());
                }
            }
            for disc in verdict.items.iter().filter(|item| item.rule == crate::library::Rule::DiscFolder) {
                walked.insert(disc.videos[0].clone(), disc.clone());
            }
        }
        for file in files {
            let path = RelPath::parse(file.as_bytes()).unwrap();
            let found = identify_below(Some(&source), LibraryKind::Movies, &path).unwrap();
            prop_assert!(found.is_on_disk, "{file}");
            match walked.get(&path) {
                Some(item) => {
                    prop_assert_eq!(found.kind, IdentifiedKind::Entity(EntityType::Movie), "{}", file);
                    prop_assert_eq!((&found.identity, found.rule), (&item.identity, item.rule), "{}", file);
                }
                // Every file of a disc folder is the disc; a walk knows only the one that players open.
                None if file.contains("VIDEO_TS/") => {}
                None => prop_assert_ne!(found.kind, IdentifiedKind::Entity(EntityType::Movie), "{}", file),
            }
        }
    }
}
