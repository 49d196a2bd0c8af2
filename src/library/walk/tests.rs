use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::library::layout::FileVerdict;
use crate::library::{IdentifiedKind, identify, identify_below};
use crate::model::Layout;
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
            Visit::Unchanged(path) => panic!("{path} was not asked about"),
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
            Visit::Unchanged(path) => panic!("{path} was not asked about"),
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
        ("/no/such/films/Heat (1995).mkv", "movie", "Heat", Some(1995)),
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
fn any_tree(folders: &'static [&str], files: &'static [&str]) -> impl Strategy<Value = Vec<String>> {
    let path = (prop::sample::select(folders), prop::sample::select(files));
    prop::collection::vec(path.prop_map(|(folder, file)| format!("{folder}{file}")), 1..12)
}

const FILM_FOLDERS: &[&str] = &[
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
];
const FILM_FILES: &[&str] = &[
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
];
const SERIES_FOLDERS: &[&str] = &[
    "",
    "Lost/",
    "Lost/Season 1/",
    "Lost/Specials/",
    "Lost/Extras/",
    "Lost/Season 1/Lost.S01E05/",
    "Shelf/Lost (2004)/",
    "Shelf/Lost (2004)/Season 2/",
    "Lost/Lost S01E09/VIDEO_TS/",
    "Lost.S03.1080p/",
    "Season 1/",
    "Lost/.hidden/",
];
const SERIES_FILES: &[&str] = &[
    "Lost S01E01.mkv",
    "Lost S01E01 - 720p.mkv",
    "Lost S02E01-E03.mkv",
    "Lost.103.mkv",
    "04.mkv",
    "05 part1.mkv",
    "05 part2.mkv",
    "Lost 2010-05-12.mkv",
    "Lost-trailer.mkv",
    "Pilot.mkv",
    "VIDEO_TS.IFO",
    "tvshow.nfo",
    "season01-poster.jpg",
    ".nomedia",
];
const MUSIC_FOLDERS: &[&str] = &[
    "",
    "Queen/",
    "Queen/Opera (1975)/",
    "Queen/Opera (1975)/CD1/",
    "Queen/Opera (1975)/CD2/",
    "Queen/Singles/One/",
    "Rock/Queen/Opera/",
    "Sampler (2001)/",
    "Queen/Scans/",
];
const MUSIC_FILES: &[&str] =
    &["01.flac", "02.mp3", "folder.jpg", "album.nfo", "artist.nfo", "clip.mkv", "theme.mp3", ".ignore"];

/// Every file is to `identify` what a walk has found it to be.
fn agree(kind: LibraryKind, files: &[String]) -> Result<(), TestCaseError> {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let root = tree(&files);
    let source = Source::open(root.path()).unwrap();
    let mut walked = BTreeMap::new();
    let mut walk = Walk::new(&source, kind);
    while let Some(visit) = walk.next_visit() {
        let Visit::Folder { listing, verdict, .. } = visit else { panic!("{visit:?}") };
        for (name, file) in &verdict.files {
            if let FileVerdict::Item(index) = file {
                walked.insert(listing.path.join(name), verdict.items[*index].clone());
            }
        }
        for disc in verdict.items.iter().filter(|item| item.layout == Layout::Disc) {
            walked.insert(disc.videos[0].clone(), disc.clone());
        }
    }
    for file in files {
        let path = RelPath::parse(file.as_bytes()).unwrap();
        let found = identify_below(Some(&source), kind, &path).unwrap();
        prop_assert!(found.is_on_disk, "{file}");
        let is_item = matches!(found.kind, IdentifiedKind::Entity(_));
        match walked.get(&path) {
            Some(item) => {
                prop_assert_eq!(found.kind, IdentifiedKind::Entity(item.entity_type), "{}", file);
                prop_assert_eq!((found.rule, found.layout), (item.rule, Some(item.layout)), "{}", file);
                prop_assert_eq!(&found.episodes, &item.episodes, "{}", file);
                let identity = item.series.as_ref().map_or(&item.identity, |series| &series.identity);
                prop_assert_eq!((&found.identity.title, found.identity.year), (&identity.title, identity.year));
            }
            // Every file of a disc is the disc; a walk knows only the one that players open, or the folder.
            None if file.contains("VIDEO_TS/") || file.contains("/CD") => {}
            None => prop_assert!(!is_item, "{} is {:?}", file, found),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn identify_agrees_with_the_walk_over_films(files in any_tree(FILM_FOLDERS, FILM_FILES)) {
        agree(LibraryKind::Movies, &files)?;
    }

    #[test]
    fn identify_agrees_with_the_walk_over_series(files in any_tree(SERIES_FOLDERS, SERIES_FILES)) {
        agree(LibraryKind::Tv, &files)?;
    }

    #[test]
    fn identify_agrees_with_the_walk_over_music(files in any_tree(MUSIC_FOLDERS, MUSIC_FILES)) {
        agree(LibraryKind::Music, &files)?;
    }
}

#[test]
fn names_of_series_and_music_are_judged_where_nothing_is_on_disk() {
    let tv = LibraryKind::Tv;
    for (kind, path, expected) in [
        (tv, "/no/such/tv/Lost (2004)", "series Lost 2004"),
        (tv, "/no/such/tv/Lost (2004)/Season 2", "season Lost 2004 s2"),
        (tv, "/no/such/tv/Lost (2004)/Specials", "season Lost 2004 s0"),
        (
            tv,
            "/no/such/tv/Lost (2004) {tvdb-73739}/Season 02/Lost - S02E03 - Title.mkv",
            "episode Lost 2004 s2 e3 Title",
        ),
        (tv, "/no/such/tv/Lost/Season 1/05.mkv", "episode Lost s1 e5 Episode 5"),
        (tv, "/no/such/tv/Lost/Lost 1x02-1x04.mkv", "episode Lost s1 e2 e3 e4 Episode 2"),
        (tv, "/no/such/tv/News/News 2017-04-20.mkv", "episode News 2017-04-20 2017-04-20"),
        (tv, "/no/such/tv/Lost S01E02.mkv", "episode Lost s1 e2 Episode 2"),
        (tv, "/server/Lost S01E02.mkv", "episode Lost s1 e2 Episode 2"),
        (tv, "/no/such/tv/Lost/Season 1/Lost S01E02-trailer.mkv", "extra Lost S01E02"),
        (tv, "/no/such/tv/Lost/Season 1/Extras/x.mkv", "extra x"),
        (tv, "/no/such/tv/Lost/Season 1/Lost S01E02.srt", "ignored"),
        (tv, "/no/such/tv/Lost/Season 1/Making of.mkv", "unknown"),
        (LibraryKind::Music, "/no/such/music/Queen", "artist Queen"),
        (LibraryKind::Music, "/no/such/music/Queen/A Night at the Opera (1975)", "album A Night at the Opera 1975"),
        (LibraryKind::Music, "/no/such/music/Queen/1975 - Opera/01.flac", "album Opera 1975"),
        (LibraryKind::Music, "/no/such/music/Queen/Opera/CD 2/01.flac", "album Opera"),
    ] {
        let found = identify(Path::new(path), kind, None).unwrap();
        let mut shown = vec![found.kind.as_str().to_owned(), found.identity.title.clone()];
        shown.extend(found.identity.year.map(|year| year.to_string()));
        shown.extend(found.season.map(|season| format!("s{season}")));
        shown.extend(found.episodes.iter().map(|episode| format!("e{episode}")));
        shown.extend(found.date.map(|date| date.to_string()));
        shown.extend(found.episode_title.clone());
        shown.retain(|part| !part.is_empty());
        assert_eq!(shown.join(" "), expected, "{path}: {found:?}");
    }
}

#[test]
fn a_metadata_file_comes_before_names() {
    let root = tree(&["tv/lost/s1/lost.s01e01.mkv", "films/heat/heat.mkv"]);
    let write = |path: &str, text: &str| {
        std::io::Write::write_all(&mut fs::File::create(root.path().join(path)).unwrap(), text.as_bytes()).unwrap();
    };
    write("tv/lost/tvshow.nfo", "<tvshow><title>Lost!</title><year>2004</year><id>73739</id></tvshow>");
    write("tv/lost/s1/lost.s01e01.nfo", "<episodedetails><title>Pilot</title></episodedetails>");
    write("films/heat/movie.nfo", "<movie><title>Heat!</title><tmdbid>949</tmdbid></movie>");
    let episode = identify(&root.path().join("tv/lost/s1/lost.s01e01.mkv"), LibraryKind::Tv, None).unwrap();
    assert_eq!((episode.identity.title.as_str(), episode.identity.year), ("Lost!", Some(2004)));
    assert_eq!((episode.identity.ids[0].1.as_str(), episode.episode_title.as_deref()), ("73739", Some("Pilot")));
    let film = identify(&root.path().join("films/heat"), LibraryKind::Movies, None).unwrap();
    assert_eq!((film.identity.title.as_str(), film.identity.ids[0].1.as_str()), ("Heat!", "949"));
}
