//! Whole folders of series: which folder is one, its seasons and its episodes.

use super::*;

/// The items of a folder as text, each with what is beneath the folder of its path.
fn items(inside: &Inside, path: &str, entries: &[&str]) -> Vec<String> {
    let listing = listing_of(LibraryKind::Tv, path, entries);
    let context = Context { inside: inside.clone(), ..Context::root(LibraryKind::Tv) };
    decide(&listing, &context).items.iter().map(show).collect()
}

fn show(item: &FoundItem) -> String {
    let path = item.path.strip_prefix(&item.folder).unwrap_or(item.path.clone());
    let season = item.season.map(|season| format!(" s{season}")).unwrap_or_default();
    let episodes: Vec<_> = item.episodes.iter().map(|episode| format!("e{episode}")).collect();
    let date = item.date.map(|date| format!(" {date}")).unwrap_or_default();
    format!("{} {} {}{season}{}{date} {path}", item.entity_type, item.layout, item.rule, episodes.concat())
        .trim_end()
        .to_owned()
}

fn within(title: &str, season: Option<u16>) -> Inside {
    let identity = MediaIdentity { title: title.into(), ..MediaIdentity::default() };
    Inside::Series(SeriesPlace { folder: RelPath::parse(title.as_bytes()).unwrap(), identity, season })
}

#[test]
fn what_makes_a_folder_one_of_a_series() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "Lost (2004)",
            &["Season 1/", "Specials/", "poster.jpg"],
            &[
                "series own series-by-seasons",
                "season own season-folder s0 Specials",
                "season own season-folder s1 Season 1",
            ],
        ),
        ("Lost (2004)", &["tvshow.nfo", "Pilot/"], &["series own series-nfo"]),
        (
            "Lost (2004)",
            &["Lost S01E01.mkv", "Lost S01E02.mkv", "Lost S02E01.mkv"],
            &[
                "series own series-by-episodes",
                "season own season-of-episodes s1 Season 01",
                "season own season-of-episodes s2 Season 02",
                "episode flat season-episode s1e1 Lost S01E01.mkv",
                "episode flat season-episode s1e2 Lost S01E02.mkv",
                "episode flat season-episode s2e1 Lost S02E01.mkv",
            ],
        ),
        (
            "Lost (2004)",
            &["02.avi", "Extras/"],
            &[
                "series own series-by-episodes",
                "season own season-of-episodes s1 Season 01",
                "episode flat leading-number s1e2 02.avi",
            ],
        ),
        ("Lost (2004)", &["Lost.S01E01.1080p/"], &["series own series-by-episodes"]),
        (
            "The.Show.S02.1080p",
            &["show.e03.mkv"],
            &[
                "series own series-by-episodes",
                "season own season-of-episodes s2 Season 02",
                "episode flat episode-only s2e3 show.e03.mkv",
            ],
        ),
        ("Anime", &["Naruto/", "Bleach (2004)/"], &[]),
        ("Downloads", &["Lost.S01.1080p/", "House.S10E11.720p/"], &[]),
        ("Empty", &[], &[]),
        (
            "Anime",
            &["[Group] Naruto - 12 [720p].mkv", "[Group] Bleach - 03 [720p].mkv"],
            &[
                "episode flat absolute-number s1e3 [Group] Bleach - 03 [720p].mkv",
                "episode flat absolute-number s1e12 [Group] Naruto - 12 [720p].mkv",
            ],
        ),
        (
            "Lost (2004)",
            &["Lost S01E01.mkv", "Perdidos S01E02.mkv"],
            &[
                "series own series-by-episodes",
                "season own season-of-episodes s1 Season 01",
                "episode flat season-episode s1e1 Lost S01E01.mkv",
                "episode flat season-episode s1e2 Perdidos S01E02.mkv",
            ],
        ),
        (
            "Naruto",
            &["[Group] Naruto - 12 [720p].mkv", "Openings/"],
            &[
                "series own series-by-episodes",
                "season own season-of-episodes s1 Season 01",
                "episode flat leading-number s1e12 [Group] Naruto - 12 [720p].mkv",
            ],
        ),
        ("Ocean", &["Apollo 13.mkv", "Films/"], &[]),
        ("Lost", &["trailer.mkv", "Lost-sample.mkv", "theme.mp3"], &[]),
        ("Lost", &["Season 1/", ".nomedia"], &[]),
        ("", &["Season 1/", "Lost/"], &[]),
        ("", &["Lost S01E01.mkv", "Pilot.mkv"], &["episode flat season-episode s1e1 Lost S01E01.mkv"]),
        (
            "",
            &["Heroes S01E01.mkv", "Lost S01E01.1080p.mkv", "Lost.S01E01.720p.mkv"],
            &[
                "episode flat season-episode s1e1 Heroes S01E01.mkv",
                "episode version season-episode s1e1 Lost S01E01.1080p.mkv",
            ],
        ),
        (
            "Lost (2004)",
            &["Season 1/", "Staffel 1/", "Season 2/"],
            &[
                "series own series-by-seasons",
                "season own season-folder s1 Season 1",
                "season own season-folder s2 Season 2",
            ],
        ),
    ];
    for (path, entries, expected) in cases {
        assert_eq!(items(&Inside::Shelf, path, entries), *expected, "{path}: {entries:?}");
    }
}

#[test]
fn episodes_of_a_season_folder() {
    let season = within("Lost", Some(1));
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["Lost S01E01.mkv", "Lost S01E01-thumb.jpg", "Lost S01E01.en.srt", "Lost S01E02-trailer.mkv"],
            &["episode flat season-episode s1e1 Lost S01E01.mkv"],
        ),
        (&["Lost S01E01-E02.mkv"], &["episode flat season-episode s1e1e2 Lost S01E01-E02.mkv"]),
        (
            &["Lost S01E01 - 1080p.mkv", "Lost S01E01 - 2160p.mkv", "Lost S01E01 - 720p.mkv"],
            &["episode version season-episode s1e1 Lost S01E01 - 2160p.mkv"],
        ),
        (
            &["Lost S01E01 part2.mkv", "Lost S01E01 part1.mkv"],
            &["episode stack season-episode s1e1 Lost S01E01 part1.mkv"],
        ),
        (&["Lost S01E01a.mkv", "Lost S01E01b.mkv"], &["episode stack season-episode s1e1 Lost S01E01a.mkv"]),
        (
            &["part1.mkv", "part2.mkv"],
            &["episode flat episode-part s1e1 part1.mkv", "episode flat episode-part s1e2 part2.mkv"],
        ),
        (
            &["Lost S02E05.mkv"],
            &["season own season-of-episodes s2 Season 02", "episode flat season-episode s2e5 Lost S02E05.mkv"],
        ),
        (&["Lost 2010-05-12.mkv"], &["episode flat episode-date s1 2010-05-12 Lost 2010-05-12.mkv"]),
        (&["03 - Title.mkv", "Making of.mkv"], &["episode flat leading-number s1e3 03 - Title.mkv"]),
        (&["Lost.103.mkv"], &["episode flat leading-number s1e3 Lost.103.mkv"]),
        (&["Lost - 05.mkv"], &["episode flat leading-number s1e5 Lost - 05.mkv"]),
        (&["VIDEO_TS/VIDEO_TS.IFO"], &[]),
    ];
    for (entries, expected) in cases {
        assert_eq!(items(&season, "Lost/Season 1", entries), *expected, "{entries:?}");
    }
}

#[test]
fn an_episode_in_a_folder_of_its_own() {
    let season = within("House", None);
    for (folder, entries, expected) in [
        ("House.S10E11.720p", &["abcdef.mkv"][..], vec!["episode flat episode-folder s10e11 abcdef.mkv"]),
        (
            "House - 10x11 - Title",
            &["1011 - Title.avi", "sample.avi"],
            vec!["episode flat episode-folder s10e11 1011 - Title.avi"],
        ),
        ("House.S10E11", &["House.S10E12.mkv"], vec!["episode flat season-episode s10e12 House.S10E12.mkv"]),
        ("House.S10E11", &["VIDEO_TS/VIDEO_TS.IFO"], vec!["episode disc disc-folder s10e11"]),
        ("Bonus Round", &["abc.mkv"], vec![]),
    ] {
        let found = items(&season, &format!("House/{folder}"), entries);
        let found: Vec<_> = found.into_iter().filter(|item| !item.starts_with("season")).collect();
        let expected: Vec<_> =
            expected.into_iter().map(|text| text.replace("disc-folder s10", "episode-folder s10")).collect();
        assert_eq!(found, expected, "{folder}: {entries:?}");
    }
}

#[test]
fn titles_of_series() {
    for (folder, title, year, ids) in [
        ("Lost", "Lost", None, ""),
        ("Lost (2004)", "Lost", Some(2004), ""),
        ("Lost (2004) {tvdb-73739}", "Lost", Some(2004), "tvdb:73739"),
        ("Lost [tvdbid=73739] [imdbid-tt0411008]", "Lost", None, "tvdb:73739 imdb:tt0411008"),
        ("Dr. Who (2005) [tvmazeid-210]", "Dr. Who", Some(2005), "tvmaze:210"),
        ("1923 (2022)", "1923", Some(2022), ""),
        ("24", "24", None, ""),
        ("The 100 (2014)", "The 100", Some(2014), ""),
        ("The.Show.S01", "The Show", None, ""),
        ("The.Show.S01.COMPLETE", "The Show", None, ""),
        ("The Show Season 10", "The Show", None, ""),
        ("The_Show_Season_1", "The Show", None, ""),
        ("S.H.O.W.S01", "S.H.O.W", None, ""),
        ("The.Show.P.I.S01", "The Show P.I", None, ""),
        ("The Show s02e10 720p hdtv", "The Show", None, ""),
        ("[Group] Show Title", "Show Title", None, ""),
        ("[Group] Show Title - 12 [720p]", "Show Title", None, ""),
        ("The.Show.2016.S02.1080p", "The Show", Some(2016), ""),
        ("The Show Complete Series S01-S04", "The Show", None, ""),
    ] {
        let identity = series_identity(&Name::parse(folder.as_bytes()).unwrap());
        let told: Vec<_> = identity.ids.iter().map(|(provider, value)| format!("{provider}:{value}")).collect();
        assert_eq!((identity.title.as_str(), identity.year, told.join(" ").as_str()), (title, year, ids), "{folder}");
    }
}

#[test]
fn titles_of_series_before_an_episode() {
    use super::super::series_title::series_before;
    for (before, title, year) in [
        ("Lost", "Lost", None),
        ("Lost.2004", "Lost", Some(2004)),
        ("[Group] Lost", "Lost", None),
        ("[Group][Lost_Again]", "Lost Again", None),
        ("[Group][迷失][Lost][2004]", "Lost", None),
        ("[Group][迷失]", "迷失", None),
        ("【Group】★10月新番★[Lost]", "Lost", None),
        ("Lost Season 2", "Lost", None),
        ("(example.com) Lost", "Lost", None),
        ("example.net - Lost", "Lost", None),
        ("【Group】[Lost]", "Lost", None),
        ("[ www.example.com ] - Lost", "Lost", None),
        ("www.example.org - Lost", "Lost", None),
        ("Lost - Temporada 2 [HDTV 720p", "Lost", None),
        ("Lost [HDTV", "Lost", None),
        ("Lost - Temporada 2 [HDTV 720p]", "Lost", None),
        ("[Group] 86", "86", None),
        ("Lost 2016 02 25", "Lost", None),
        ("Lost 2016 02 25 WEBRip", "Lost", None),
        ("160225 Lost", "Lost", None),
        ("20160225- Lost", "Lost", None),
        ("Lost [2004] [HDTV]", "Lost", Some(2004)),
        ("Lost 2016 02 25 Again", "Lost 2016 02 25 Again", None),
        ("11.22.63", "11.22.63", None),
        ("Lost Again E76", "Lost Again", None),
        ("[Group] Lost - 12", "Lost", None),
        ("Studio - 60", "Studio - 60", None),
        ("24", "24", None),
        ("", "", None),
    ] {
        let identity = series_before(before);
        assert_eq!((identity.title.as_str(), identity.year), (title, year), "{before}");
    }
}

#[test]
fn titles_of_episodes() {
    let season = within("Lost", Some(1));
    for (name, title) in [
        ("Lost S01E01 - Pilot.mkv", "Pilot"),
        ("Lost S01E01 - Pilot (1080p).mkv", "Pilot"),
        ("Lost.S01E01.The.Pilot.720p.WEB-DL.DD5.1.H.264-GRP.mkv", "The Pilot"),
        ("Lost S01E01 - 94 Meetings - 720p TV.mkv", "94 Meetings"),
        ("Lost S01E01 - Class of 1999 [1080p].mkv", "Class of 1999"),
        ("Lost.S01E01.2023.1080p.WEB.mkv", "Episode 1"),
        ("Lost.S01E01.1080p.WEB.mkv", "Episode 1"),
        ("Lost.S01E01.German.1080p.WEB.x264-GRP.mkv", "Episode 1"),
        ("Lost.S01E01.German.DL.1080p.WEB.mkv", "Episode 1"),
        ("Lost.S01E01.Pilot.German.DL.1080p.WEB.mkv", "Pilot"),
        ("Lost S01E01 - The German.mkv", "The German"),
        ("Lost - S01E01 - Festival WEBDL-1080p.mkv", "Festival"),
        ("Lost S01E01v2 - Pilot [1080p].mkv", "Pilot"),
        ("Lost S01E01v2 [1080p].mkv", "Episode 1"),
        ("Lost - S01E01 - 001 - Pilot.mkv", "Pilot"),
        ("Lost - S01E01-02 - 001-002 - Pilot.mkv", "Pilot"),
        ("Lost - S01E01 - 100.mkv", "100"),
        ("Lost S01E01.mkv", "Episode 1"),
        ("Lost S01E01 {tvdb-127131} Pilot.mkv", "Pilot"),
    ] {
        let context = Context { inside: season.clone(), ..Context::root(LibraryKind::Tv) };
        let found = decide(&listing_of(LibraryKind::Tv, "Lost/Season 1", &[name]), &context).items;
        assert_eq!(found.last().map(|item| item.identity.title.as_str()), Some(title), "{name}");
    }
}

#[test]
fn folders_in_a_series() {
    let listing = listing_of(LibraryKind::Tv, "Lost", &["Season 1/", "Extras/", "Lost S01E01.mkv"]);
    let verdict = decide(&listing, &Context::root(LibraryKind::Tv));
    for (name, expected) in [
        ("Season 1", Descent::Enter),
        ("Specials", Descent::Enter),
        ("Extras", Descent::Extras),
        ("Behind The Scenes", Descent::Extras),
        (".actors", Descent::Ignored(Rule::Hidden)),
        ("metadata", Descent::Ignored(Rule::SystemName)),
        ("extrafanart", Descent::Ignored(Rule::SystemName)),
    ] {
        let name = Name::parse(name.as_bytes()).unwrap();
        assert_eq!(descent(&listing, LibraryKind::Tv, &verdict, &name), expected, "{name}");
    }
    let shelf = FolderVerdict::default();
    let extras = Name::parse(b"Extras").unwrap();
    assert_eq!(descent(&listing, LibraryKind::Tv, &shelf, &extras), Descent::Enter, "the show of that name");
    let season = context_of(&listing, LibraryKind::Tv, &verdict, &Name::parse(b"Season 1").unwrap());
    assert!(
        matches!(&season.inside, Inside::Series(place) if place.season == Some(1) && place.identity.title == "Lost")
    );
}
