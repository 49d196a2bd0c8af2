//! Whole folders: the decision table for films.

use super::*;

/// One film as text: layout, rule, title, year, main file.
fn films(path: &str, entries: &[&str]) -> Vec<String> {
    let above = listing("", &[]);
    let above = (!path.is_empty()).then_some(&above);
    movies_in(&listing(path, entries), above).iter().map(show).collect()
}

fn show(item: &FoundItem) -> String {
    let year = item.identity.year.map_or("-".to_owned(), |year| year.to_string());
    let video = item.videos[0].strip_prefix(&item.folder).unwrap();
    format!("{} {} {}/{year} {video}", item.layout, item.rule, item.identity.title)
}

#[test]
fn one_film_has_its_folder_to_itself() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("Heat (1995)", &["Heat (1995).mkv"], "own single-video Heat/1995 Heat (1995).mkv"),
        (
            "Heat (1995)",
            &[
                "heat.1080p.mkv",
                "heat.1080p.en.srt",
                "movie.nfo",
                "poster.jpg",
                "Extras/",
                "Subs/",
                ".actors/",
                "extrafanart/",
            ],
            "own single-video Heat/1995 heat.1080p.mkv",
        ),
        (
            "Heat (1995)",
            &["Heat.mkv", "Heat-trailer.mp4", "sample.mkv", "Heat-featurette.mkv", "theme.mp3", "._Heat.mkv"],
            "own single-video Heat/1995 Heat.mkv",
        ),
        ("Heat", &["Heat.1995.mkv"], "own single-video Heat/1995 Heat.1995.mkv"),
        ("Action", &["Heat (1995).mkv"], "own single-video Heat/1995 Heat (1995).mkv"),
        ("Heat", &["film.mkv"], "own single-video Heat/- film.mkv"),
        ("Extras (2005)", &["Extras.mkv"], "own single-video Extras/2005 Extras.mkv"),
        ("A/B/Heat (1995)", &["x.iso"], "own single-video Heat/1995 x.iso"),
        ("Heat (1995)", &["Heat.mkv", "Scans/"], "flat single-video-beside-folders Heat/1995 Heat.mkv"),
        ("Action", &["Heat.mkv", "Alien (1979)/"], "flat single-video-beside-folders Heat/- Heat.mkv"),
    ];
    for (path, entries, expected) in cases {
        assert_eq!(films(path, entries), [*expected], "{path}: {entries:?}");
    }
}

#[test]
fn several_films_share_a_folder() {
    assert_eq!(
        films("Action", &["Alien (1979).mkv", "Heat (1995).mkv", "Heat (1995)-trailer.mkv"]),
        ["flat several-videos Alien/1979 Alien (1979).mkv", "flat several-videos Heat/1995 Heat (1995).mkv"]
    );
    assert_eq!(films("", &["Heat (1995).mkv"]), ["flat library-root Heat/1995 Heat (1995).mkv"]);
    assert_eq!(
        films("Alien (1979)", &["Alien (1979).mkv", "Alien - Resurrection (1997).mkv"]).len(),
        2,
        "different years are different films"
    );
    for empty in [&[][..], &["readme.txt", "Heat.srt"], &["trailer.mkv"], &["a.mkv", ".nomedia"]] {
        assert!(films("Heat", empty).is_empty(), "{empty:?}");
    }
}

#[test]
fn stacks_versions_and_discs() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("Heat (1995)", &["Heat cd2.avi", "Heat cd1.avi"], &["stack stack Heat/1995 Heat cd1.avi"]),
        ("Heat", &["Heat.1995.part1.mkv", "Heat.1995.part2.mkv"], &["stack stack Heat/1995 Heat.1995.part1.mkv"]),
        (
            "Action",
            &["Alien.mkv", "Heat cd1.avi", "Heat cd2.avi"],
            &["flat several-videos Alien/- Alien.mkv", "flat stack-beside-others Heat/- Heat cd1.avi"],
        ),
        (
            "Kill Bill",
            &["Kill Bill Part 1 (2003).mkv", "Kill Bill Part 2 (2004).mkv"],
            &[
                "flat several-videos Kill Bill Part 1/2003 Kill Bill Part 1 (2003).mkv",
                "flat several-videos Kill Bill Part 2/2004 Kill Bill Part 2 (2004).mkv",
            ],
        ),
        (
            "",
            &["300a.mkv", "300b.mkv", "Bad Boys part1.mkv", "Bad Boys part2.mkv", "Bad Boys parta.mkv"],
            &[
                "flat stack-beside-others 300/- 300a.mkv",
                "flat stack-beside-others Bad Boys/- Bad Boys part1.mkv",
                "flat library-root Bad Boys parta/- Bad Boys parta.mkv",
            ],
        ),
        (
            "",
            &["Vitamin B.mkv", "Vitamin C.mkv"],
            &["flat library-root Vitamin B/- Vitamin B.mkv", "flat library-root Vitamin C/- Vitamin C.mkv"],
        ),
        ("Heat", &["Heat cd1.avi"], &["own single-video Heat/- Heat cd1.avi"]),
        (
            "Heat (1995)",
            &["Heat (1995) - 1080p.mkv", "Heat (1995) - 2160p.mkv", "Heat (1995) - 720p.mkv"],
            &["version versions Heat/1995 Heat (1995) - 2160p.mkv"],
        ),
        (
            "Heat (1995)",
            &["Heat (1995) - 1080p.mkv", "Heat (1995) - 4K.mkv"],
            &["version versions Heat/1995 Heat (1995) - 4K.mkv"],
        ),
        (
            "Movie",
            &["Movie-2.mkv", "Movie-bluray.mkv", "Movie.mkv", "Movie[test].mkv", "Movie_720p.mkv"],
            &["version versions Movie/- Movie.mkv"],
        ),
        (
            "Phantom (1925)",
            &["Phantom (1925) - 1925 version.mkv", "Phantom (1925) - 1929 version.mkv"],
            &["version versions Phantom/1925 Phantom (1925) - 1925 version.mkv"],
        ),
        (
            "Iron Man",
            &["Iron Man (2008).mkv", "Iron Man.mkv"],
            &["flat several-videos Iron Man/2008 Iron Man (2008).mkv", "flat several-videos Iron Man/- Iron Man.mkv"],
        ),
        (
            "Movie",
            &["Movie 1.mkv", "Movie 2.mkv"],
            &["flat several-videos Movie 1/- Movie 1.mkv", "flat several-videos Movie 2/- Movie 2.mkv"],
        ),
        (
            "Heat (1995)",
            &["Heat (1995) 2160p.mkv", "Heat (1995).mkv", "Heat (1995) [Final].mkv"],
            &["version versions Heat/1995 Heat (1995).mkv"],
        ),
        ("Heat (1995)", &["VIDEO_TS/VIDEO_TS.IFO"], &["disc disc-folder Heat/1995 VIDEO_TS/VIDEO_TS.IFO"]),
        ("Heat (1995)", &["BDMV/index.bdmv", "CERTIFICATE/"], &["disc disc-folder Heat/1995 BDMV/index.bdmv"]),
        ("Heat (1995)", &["video_ts/VTS_01_1.VOB", "x.mkv"], &["disc disc-folder Heat/1995 video_ts"]),
        ("Heat (1995)", &["VIDEO_TS.IFO", "VTS_01_1.VOB"], &["disc disc-files Heat/1995 VIDEO_TS.IFO"]),
        ("Heat (1995)", &["VIDEO_TS/", "Heat.mkv"], &["own single-video Heat/1995 Heat.mkv"]),
    ];
    for (path, entries, expected) in cases {
        assert_eq!(films(path, entries), *expected, "{path}: {entries:?}");
    }
}

#[test]
fn discs_of_a_set_are_one_film() {
    let above = listing("Heat (1995)", &["Disc 1/", "Disc 2/"]);
    let disc = |name: &str| movies_in(&listing(&format!("Heat (1995)/{name}"), &["BDMV/index.bdmv"]), Some(&above));
    assert_eq!(disc("Disc 1").iter().map(show).collect::<Vec<_>>(), ["disc disc-folder Heat/1995 BDMV/index.bdmv"]);
    assert!(disc("Disc 2").is_empty());
}

#[test]
fn ids_come_from_the_folder_first() {
    let item = |path: &str, file: &str| movies_in(&listing(path, &[file]), Some(&listing("", &[]))).remove(0).identity;
    let both = item("Heat (1995) [tmdbid-949]", "Heat {tmdb-1} {imdb-tt0113277}.mkv");
    let ids: Vec<_> = both.ids.iter().map(|(provider, value)| format!("{provider}:{value}")).collect();
    assert_eq!(ids, ["tmdb:949", "imdb:tt0113277"]);
    assert_eq!(item("Heat (1995)", "x {tmdb-949}.mkv").ids.len(), 1);
}

#[test]
fn descents() {
    let enter = Descent::Enter;
    let system = Descent::Ignored(Rule::SystemName);
    let above_films = listing("", &["Heat.mkv"]);
    let own = listing("Heat (1995)", &["Heat.mkv"]);
    let disc = listing("Heat (1995)", &["VIDEO_TS/VIDEO_TS.IFO", "AUDIO_TS/"]);
    for (folder, name, expected) in [
        (&above_films, "Heat (1995)", enter),
        (&above_films, "Extras (2005)", enter),
        (&above_films, "Extras", Descent::Extras),
        (&own, "Extras (2005)", Descent::Extras),
        (&own, "Behind The Scenes", Descent::Extras),
        (&own, "behind.the.scenes", Descent::Extras),
        (&own, "Bonus Disc 2", Descent::Extras),
        (&own, "Scans", enter),
        (&above_films, "Interview with the Vampire (1994)", enter),
        (&above_films, "Short Circuit (1986)", enter),
        (&above_films, ".Trash-1000", Descent::Ignored(Rule::Hidden)),
        (&own, "Subs", system),
        (&own, "extrafanart", system),
        (&above_films, "@eaDir", system),
        (&above_films, "$RECYCLE.BIN", system),
        (&above_films, "System Volume Information", system),
        (&above_films, "Heat_UNPACK_1", system),
        (&own, "Heat.trickplay", system),
        (&disc, "VIDEO_TS", Descent::Disc),
        (&disc, "AUDIO_TS", Descent::Disc),
        (&own, "BDMV", enter),
    ] {
        assert_eq!(
            folder_name::descent(folder, &Name::parse(name.as_bytes()).unwrap()),
            expected,
            "{name} in {}",
            folder.path
        );
    }
}

#[test]
fn pictures_are_originals_of_their_film() {
    let originals = |path: &str, entries: &[&str]| -> Vec<String> {
        let found = movies_in(&listing(path, entries), (!path.is_empty()).then_some(&listing("", &[])));
        let of = |item: &FoundItem| {
            let base = item.base.to_string();
            item.originals
                .iter()
                .map(move |(path, image_type)| format!("{base}: {path} {image_type}"))
                .collect::<Vec<_>>()
        };
        found.iter().flat_map(of).collect()
    };
    assert_eq!(
        originals("Heat", &["Heat.mkv", "poster.jpg", "Heat-fanart.png", "x.jpg", "extrafanart/fanart2.jpg"]),
        [
            "Heat: Heat/Heat-fanart.png fanart",
            "Heat: Heat/extrafanart/fanart2.jpg fanart2",
            "Heat: Heat/poster.jpg poster"
        ]
    );
    assert_eq!(
        originals("", &["Heat.mkv", "Heat-2.mkv", "Heat-2.jpg", "Heat-poster.jpg", "folder.jpg"]),
        ["Heat-2: Heat-2.jpg poster", "Heat: Heat-poster.jpg poster"]
    );
    assert_eq!(
        originals("Heat", &["Heat - 1080p.mkv", "Heat - 720p.mkv", "Heat - 720p-poster.jpg"]),
        ["Heat - 1080p: Heat/Heat - 720p-poster.jpg poster"]
    );
    assert_eq!(originals("Heat", &["VIDEO_TS/VIDEO_TS.IFO", "Heat.jpg"]), ["Heat: Heat/Heat.jpg poster"]);
    assert_eq!(originals("Heat", &["Heat.1080p.mkv", "Heat.jpg"]), ["Heat.1080p: Heat/Heat.jpg poster"]);
    assert_eq!(originals("Heat", &["Ronin.mkv", "Alien.mkv", "Heat.jpg"]), [""; 0]);
    assert_eq!(
        originals("Heat", &["Heat cd1.avi", "Heat cd2.avi", "Heat-fanart.jpg"]),
        ["Heat cd1: Heat/Heat-fanart.jpg fanart"]
    );
}

#[test]
fn patterns_pass_over_names_in_their_folder_and_beneath() {
    let films = |text: &str, path: &str, above: &str, entries: &[&str]| -> Vec<String> {
        let mut folder = listing(path, entries);
        folder.ignore_text = text.to_owned();
        let patterns = vec![IgnorePatterns { folder: RelPath::root(), text: above.to_owned() }];
        let context = Context { patterns, ..Context::root(LibraryKind::Movies) };
        let verdict = decide(&folder, &context);
        let ignored = verdict.ignored_folders.iter().map(|name| format!("({name})"));
        let mut found: Vec<_> = verdict.items.iter().map(|item| item.base.to_string()).collect();
        found.sort();
        found.into_iter().chain(ignored).collect()
    };
    let entries = &["Heat.mkv", "Heat raw.mkv", "Old/", "Alien (1979)/"];
    for (text, above, expected) in [
        ("", "", &["Heat", "Heat raw"][..]),
        ("* raw.mkv", "", &["Heat"]),
        ("* RAW.*", "", &["Heat"]),
        ("# a comment\n\nOld", "", &["Heat", "Heat raw", "(Old)"]),
        ("Old/", "", &["Heat", "Heat raw", "(Old)"]),
        ("", "Action/Heat*", &[]),
        ("", "/Heat*", &["Heat", "Heat raw"]),
        ("!Heat.mkv", "Heat*", &["Heat"]),
        ("[", "", &["Heat", "Heat raw"]),
    ] {
        assert_eq!(films(text, "Action", above, entries), expected, "{text:?} beneath {above:?}");
    }
}
