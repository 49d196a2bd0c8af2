//! What `identify` tells of paths, also of such as are not on disk.

use std::fs;
use std::path::Path;

use crate::library::test_tree::tree;

use super::*;

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
        ("/no/such/films/Heat (1995)/VIDEO_TS.IFO", "movie", "Heat", Some(1995)),
        ("/no/such/films/Heat (1995)/Heat.srt", "ignored", "", None),
        ("/no/such/films/something", "unknown", "something", None),
    ] {
        let found = identify(Path::new(path), LibraryKind::Movies, None).unwrap();
        let shown = (found.kind.as_str(), found.identity.title.as_str(), found.identity.year, found.is_on_disk);
        assert_eq!(shown, (kind, title, year, false), "{path}");
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
        (tv, "/no/such/tv/[Group] Lost - 12 [720p].mkv", "episode Lost s1 e12 Episode 12"),
        (tv, "/no/such/tv/Lost.103.720p.mkv", "episode Lost s1 e3 Episode 3"),
        (tv, "/no/such/tv/S01E02 - Pilot.mkv", "episode s1 e2 Pilot"),
        (tv, "/no/such/tv/Lost - 12 DVD - Group.mkv", "episode Lost s1 e12 DVD - Group"),
        (tv, "/no/such/tv/Season 1/Lost S01E02.mkv", "episode Lost s1 e2 Episode 2"),
        (tv, "/no/such/tv/Lost (2004)/Lost S01/Lost S01E02.mkv", "episode Lost 2004 s1 e2 Episode 2"),
        (tv, "/no/such/tv/24/Season 1/S01E02.mkv", "episode 24 s1 e2 Episode 2"),
        (tv, "/no/such/tv/24/24 - S01E02.mkv", "episode 24 s1 e2 Episode 2"),
        (tv, "/no/such/tv/Lost/Lost.S01E02.1080p", "episode Lost s1 e2 Episode 2"),
        (tv, "/no/such/tv/Lost/Season 1/Lost S01E02-E03", "episode Lost s1 e2 e3 Episode 2"),
        (tv, "/no/such/tv/Lost/Season 1/Lost S01E02-trailer.mkv", "extra Lost S01E02"),
        (tv, "/no/such/tv/Lost/Season 1/Extras/x.mkv", "extra x"),
        (tv, "/no/such/tv/Lost/Season 1/Lost S01E02.srt", "ignored"),
        (tv, "/no/such/tv/Lost/Season 1/Making of.mkv", "unknown"),
        (LibraryKind::Music, "/no/such/music/Queen", "artist Queen"),
        (LibraryKind::Music, "/no/such/music/Queen/A Night at the Opera (1975)", "album A Night at the Opera 1975"),
        (LibraryKind::Music, "/no/such/music/Queen/1975 - Opera/01.flac", "album Opera 1975"),
        (LibraryKind::Music, "/no/such/music/Queen/Opera/CD 2/01.flac", "album Opera"),
        (LibraryKind::Music, "/no/such/music/Queen/Live/Wembley (1992)/01.flac", "album Wembley 1992 by Queen"),
        (LibraryKind::Music, "/no/such/music/The 1975", "artist The 1975"),
        (LibraryKind::Music, "/no/such/music/Queen - Opera (1975) [FLAC]/01.flac", "album Opera 1975 by Queen"),
        (LibraryKind::Music, "/no/such/music/Queen - Opera (1975)", "album Opera 1975 by Queen"),
    ] {
        let found = identify(Path::new(path), kind, None).unwrap();
        let mut shown = vec![found.kind.as_str().to_owned(), found.identity.title.clone()];
        shown.extend(found.identity.year.map(|year| year.to_string()));
        shown.extend(found.season.map(|season| format!("s{season}")));
        shown.extend(found.episodes.iter().map(|episode| format!("e{episode}")));
        shown.extend(found.date.map(|date| date.to_string()));
        shown.extend(found.episode_title.clone());
        shown.extend(found.artist.as_ref().map(|artist| format!("by {artist}")).filter(|_| expected.contains(" by ")));
        shown.retain(|part| !part.is_empty());
        assert_eq!(shown.join(" "), expected, "{path}: {found:?}");
    }
}

#[test]
fn the_kind_of_library_is_guessed_from_the_path() {
    use LibraryKind::{Movies, Music, Tv};
    for (path, kind) in [
        ("/media/tv/Lost/Pilot.mkv", Tv),
        ("/media/TV Shows/Lost/Season 1", Tv),
        ("/media/films/4x4 (2019)/4x4.mkv", Movies),
        ("/media/Music/Queen/Opera", Music),
        ("/media/videos/Lost/Lost S01E02.mkv", Tv),
        ("/x/Lost/Season 1/05.mkv", Tv),
        ("/x/Lost.S01E02.1080p", Tv),
        ("/x/Queen/Opera/01.flac", Music),
        ("/x/2012 (2009)/2012.mkv", Movies),
        ("/x/2012/film.mkv", Movies),
        ("/x/Series 7 The Contenders (2001)/film.mkv", Movies),
        ("/x/Heat.mkv", Movies),
        ("/", Movies),
    ] {
        assert_eq!(guessed_kind(Path::new(path)), kind, "{path}");
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

#[test]
fn a_folder_of_one_episode_is_that_episode() {
    let root = tree(&[
        "tv/Lost/Lost.S01E02.1080p/abcdef.mkv",
        "tv/Lost/Lost.S01E03/Lost.S01E03.mkv",
        "tv/Lost/Lost.S01E04/Lost.S01E05.mkv",
    ]);
    for (folder, episodes) in [("Lost.S01E02.1080p", &[2][..]), ("Lost.S01E03", &[3]), ("Lost.S01E04", &[])] {
        let found = identify(&root.path().join("tv/Lost").join(folder), LibraryKind::Tv, None).unwrap();
        assert_eq!(found.episodes, episodes, "{folder}: {found:?}");
    }
}
