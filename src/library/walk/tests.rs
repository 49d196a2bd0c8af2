use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::library::layout::FileVerdict;
use crate::library::test_tree::{touch, tree};
use crate::library::{IdentifiedKind, identify_below};
use crate::model::Layout;
use proptest::prelude::*;

use super::*;

/// Makes nothing of a folder but itself.
struct AsItIs;

impl Survey for AsItIs {
    type Known = ();
    type Found = ReadFolder;

    fn unchanged(&self, _folder: &OpenFolder<'_>, _context: Option<&Context>, (): &()) -> Option<Vec<Name>> {
        None
    }

    fn found(&self, read: &ReadFolder, _folder: &OpenFolder<'_>, (): ()) -> ReadFolder {
        read.clone()
    }
}

/// Everything that a walk with so many threads beside it meets, as soon as it is met.
fn each_visit(source: &Source, kind: LibraryKind, helpers: usize, mut met: impl FnMut(Visit<ReadFolder>)) {
    super::walk(source, kind, Start::root(kind), &AsItIs, helpers, |mut walk| {
        let mut nothing = |paths: &[RelPath]| Ok::<_, Infallible>(vec![(); paths.len()]);
        while let Some(visit) = walk.next_visit(&mut nothing).unwrap() {
            met(visit);
        }
        assert!(walk.next_visit(&mut nothing).unwrap().is_none(), "an end is an end");
    });
}

/// The main files of all films, and the paths of all problems, in the order in which they are met.
fn walk(source: &Source) -> (Vec<String>, Vec<String>) {
    let of = |helpers: usize| {
        let (mut films, mut problems) = (Vec::new(), Vec::new());
        each_visit(source, LibraryKind::Movies, helpers, |visit| match visit {
            Visit::Folder(folder) => {
                films.extend(folder.verdict.items.iter().map(|item| item.videos[0].to_string()));
            }
            Visit::Problem(problem) => problems.push(problem.path.to_string()),
            Visit::Unchanged(path) => panic!("{path} was not asked about"),
        });
        (films, problems)
    };
    let alone = of(0);
    assert_eq!(of(4), alone, "threads change nothing");
    alone
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
    let (mut films, mut problems) = (0, Vec::new());
    each_visit(&source, LibraryKind::Movies, 2, |visit| match visit {
        Visit::Folder(folder) => {
            films += folder.verdict.items.len();
            if folder.listing.path.is_root() {
                // Root reads everything, so the folder is taken away under the walk's nose as well.
                fs::set_permissions(root.path().join("b"), fs::Permissions::from_mode(0o000)).unwrap();
                fs::rename(root.path().join("b"), root.path().join("z")).unwrap();
            }
        }
        Visit::Problem(problem) => problems.push(problem),
        Visit::Unchanged(path) => panic!("{path} was not asked about"),
    });
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
    each_visit(&source, kind, 1, |visit| {
        let Visit::Folder(ReadFolder { listing, verdict, .. }) = visit else { panic!("{visit:?}") };
        for (name, file) in &verdict.files {
            if let FileVerdict::Item(index) = file {
                walked.insert(listing.path.join(name), verdict.items[*index].clone());
            }
        }
        for disc in verdict.items.iter().filter(|item| item.layout == Layout::Disc) {
            walked.insert(disc.videos[0].clone(), disc.clone());
        }
    });
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
