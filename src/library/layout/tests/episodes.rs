//! Names of episodes and seasons: each way to write them, and what only looks like one.

use super::super::episode_name::{certain_episode, episode_in_series};
use super::super::season_name::{before_season, season_number};

/// `season episodes`, `-` for what is not told: `1 2,3`, `- 5`, `- 2017-04-20`.
fn told(name: &str, season: Option<u16>) -> String {
    let Some(found) = episode_in_series(name, season) else { return "none".to_owned() };
    let season = found.season.map_or("-".to_owned(), |season| season.to_string());
    let episodes: Vec<_> = found.episodes.iter().map(u16::to_string).collect();
    let date = found.date.map(|date| date.to_string()).unwrap_or_default();
    format!("{season} {}{date}", episodes.join(","))
}

#[test]
fn season_and_episode() {
    for (name, expected) in [
        ("Lost S01E02", "1 2"),
        ("Lost.s01e02.Tabula.Rasa.720p.HDTV.x264-GRP", "1 2"),
        ("lost_s1e2", "1 2"),
        ("Lost S01.E02", "1 2"),
        ("Lost s01_e02", "1 2"),
        ("Lost S01 E02 - Title", "1 2"),
        ("Lost - S02 - E06 - Title", "2 6"),
        ("Lost S01-E02", "1 2"),
        ("Lost [S01E05] Title", "1 5"),
        ("Lost [S01] [E05] Title", "1 5"),
        ("Lost S01xE02", "1 2"),
        ("Lost S01x02", "1 2"),
        ("Lost S01.Ep06.1080p", "1 6"),
        ("Lost.S01EP01", "1 1"),
        ("Lost.S01.E.01.English", "1 1"),
        ("S003 E009", "3 9"),
        ("losts01e11-1080p", "1 11"),
        ("Lost S2017E368", "2017 368"),
        ("Lost S05E607", "5 607"),
        ("Lost S41 E10478 - 2014-08-15", "41 10478"),
        ("Lost S2020E1527 [1527] [2020-10-11]", "2020 1527"),
        ("Lost 2016 02 25 S20E142", "20 142"),
        ("Lost S00E16", "0 16"),
        ("24-7 Lost - S01E03 - Episode 3", "1 3"),
        ("Lost Season 3 Episode 09 - Title", "3 9"),
        ("Lost - Season 1 - Episode 01 (Title)", "1 1"),
        ("Lost Staffel 2 Folge 4", "2 4"),
        ("Lost S3 E9 - Title", "3 9"),
        ("1x02", "1 2"),
        ("01x04 - Title, Part 1 - 720p WEB-DL", "1 4"),
        ("Lost 1x02 Title", "1 2"),
        ("Lost_-_7x6_-_Title_[SDTV]", "7 6"),
        ("Lost (2009) - [06x16] - Room 147", "6 16"),
        ("[Group] Lost - 0x01 [720p][34073169]", "0 1"),
        ("Lost - 2016x231", "2016 231"),
        ("Lost - 07x03 - 2005.11.70", "7 3"),
        ("Lost - 06x11 - 2005.08.07", "6 11"),
        ("Lost 2x01 Title [WEB-DL 1080p h264 DD5.1]", "2 1"),
        ("Lost S02E01 1920x910", "2 1"),
        ("Lost 1920x1080", "none"),
        ("Lost Special (1280x720)", "none"),
        ("Lost 3840x2160 x265", "none"),
        ("Lost x264", "none"),
    ] {
        assert_eq!(told(name, None), expected, "{name}");
    }
}

#[test]
fn several_episodes() {
    for (name, expected) in [
        ("Lost S01E01E02", "1 1,2"),
        ("Lost S01E01-E02", "1 1,2"),
        ("Lost S01E01xE02", "1 1,2"),
        ("Lost S01E01 E02", "1 1,2"),
        ("Lost S01E01 & E02", "1 1,2"),
        ("Lost S01E01, E02", "1 1,2"),
        ("Lost S01E01-02 - Title & Title", "1 1,2"),
        ("Lost S01E01-E03", "1 1,2,3"),
        ("Lost S01E01-S01E03", "1 1,2,3"),
        ("Lost.S03E01-06.DUAL", "3 1,2,3,4,5,6"),
        ("Lost.S01E91-E100", "1 91,92,93,94,95,96,97,98,99,100"),
        ("Lost.S22E5363-E5366.HDTV", "22 5363,5364,5365,5366"),
        ("Lost S01E03E04E05", "1 3,4,5"),
        ("Lost S02E03-04-05.720p", "2 3,4,5"),
        ("Lost S01E01-E03-E05", "1 1,3,5"),
        ("Lost S02E01-bar-S02E02-bar", "2 1,2"),
        ("Lost.S03E01.S03E02.720p", "3 1,2"),
        ("Lost - S07E22 - S07E23 - Title", "7 22,23"),
        ("Lost - S07E22 - 7x23 - Title", "7 22,23"),
        ("Lost 2x01-2x02", "2 1,2"),
        ("Lost - 2x9-2x10 - Title", "2 9,10"),
        ("02x03x04x15", "2 3,4,15"),
        ("02x03 - 02x04 - 02x15 - Title", "2 3,4,15"),
        ("02x03 - x04 - x15 - Title", "2 3,4,15"),
        ("02x03-04-15 - Title", "2 3,4,15"),
        ("02x03-E15 - Title", "2 3,4,5,6,7,8,9,10,11,12,13,14,15"),
        ("8x01_02 - Title", "8 1,2"),
        ("foo ep01-ep02", "- 1,2"),
        ("foo.E03-05", "- 3,4,5"),
        ("02x03 - 04 Title", "2 3"),
        ("lost-s09e14-1080p", "9 14"),
        ("lost-s09e14-720i", "9 14"),
        ("lost-s02e01_18536", "2 1"),
        ("S01E01 The 6-10 to Lubbock", "1 1"),
        ("S05E23 11-59 [HDTV-1080p]", "5 23"),
        ("Lost S08E20 50-50 Title", "8 20"),
        ("Lost - S02E21 - 18-5-4", "2 21"),
        ("Lost.S01E04.2-45.PM", "1 4"),
        ("Lost S01E03-E01", "1 3"),
        ("Lost S01E01-S02E03", "1 1"),
        ("Lost S01E05 x264", "1 5"),
        ("Lost.S05E230.x264", "5 230"),
        ("Lost S01E01-99", "1 1"),
        ("Lost S01E01a", "1 1"),
    ] {
        assert_eq!(told(name, None), expected, "{name}");
    }
}

#[test]
fn days() {
    for (name, expected) in [
        ("Show_1996.11.14", "- 1996-11-14"),
        ("Show 1996-11-14", "- 1996-11-14"),
        ("show.2017.04.20.guest.720p", "- 2017-04-20"),
        ("News 2018_03_24_19_00_00", "- 2018-03-24"),
        ("Show 2023 07 14 HDTV", "- 2023-07-14"),
        ("Show - (2015-01-15) - Title", "- 2015-01-15"),
        ("Show_KTLA_2018_05_25_01_28_00", "- 2018-05-25"),
        ("Show_14.11.1996", "- 1996-11-14"),
        ("Show 11-14-1996", "- 1996-11-14"),
        ("Show 02-03-2010", "- 2010-02-03"),
        ("Show 20131209", "- 2013-12-09"),
        ("2026年01月10日 Show", "- 2026-01-10"),
        ("Show 2010-02-30", "none"),
        ("Show 2010-13-01", "- 2010-01-13"),
        ("Show 2010-13-13", "none"),
        ("Show 2024-02-29", "- 2024-02-29"),
    ] {
        assert_eq!(told(name, None), expected, "{name}");
    }
}

#[test]
fn episodes_without_a_season() {
    for (name, season, expected) in [
        ("foo.Ep03", None, "- 3"),
        ("foo.Ep_03", None, "- 3"),
        ("foo_ep_02", None, "- 2"),
        ("foo.E03", None, "- 3"),
        ("foo.2009.E03", None, "- 3"),
        ("Episode 16", Some(2), "- 16"),
        ("Episode - 16", Some(2), "- 16"),
        ("Episode 21 - 94 Meetings", Some(2), "- 21"),
        ("Folge 7 - Titel", Some(2), "- 7"),
        ("第03話", None, "- 3"),
        ("Show SP01", None, "0 1"),
        ("Show SP01", Some(1), "0 1"),
        ("Show [HDTV 720p][Cap.201][AC3]", None, "2 1"),
        ("Show [Cap.1901]", None, "19 1"),
        ("Show.5of9.Title", None, "- 5"),
        ("foo.Part.III", None, "- 3"),
        ("foo.Part.3", None, "- 3"),
        ("foo pt 2", None, "- 2"),
        ("Show - Road Part01 720p", None, "- 1"),
        ("Show.Part.Two.720p", None, "- 2"),
        ("02", None, "- 2"),
        ("12", None, "- 12"),
        ("02 - Title", None, "- 2"),
        ("02-Title", None, "- 2"),
        ("02.Title", None, "- 2"),
        ("2. Title", Some(2), "- 2"),
        ("02 - Title 14 Title", Some(2), "- 2"),
        ("02 - Title-02 a", Some(1), "- 2"),
        ("7 - 12 Angry Men", Some(2), "- 7"),
        ("16 - 12 Some Title", Some(2), "- 16"),
        ("16 Some Title", Some(2), "- 16"),
        ("24 Hours of Title", None, "none"),
        ("02-04", Some(2), "- 2,3,4"),
        ("02-03 - Title", Some(1), "- 2,3"),
        ("4-12 - Title", None, "4 12"),
        ("11-02 Title (HD)", None, "11 2"),
        ("01-03", None, "- 1,2,3"),
        ("203 - Title", Some(2), "2 3"),
        ("1012 - Title", Some(10), "10 12"),
        ("1012 - Title", None, "none"),
        ("Show 05", Some(1), "- 5"),
        ("Show 889", None, "- 889"),
        ("One 1001", Some(21), "- 1001"),
        ("Show 05 [720p][Group]", Some(1), "- 5"),
        ("Show - 02 - Title", None, "- 2"),
        ("Show - 02 Title", None, "- 2"),
        ("Show - 317", None, "- 317"),
        ("Show - 1234 [720p]", Some(1), "- 1234"),
        ("[Group] Show X Show - 136 [720p]", Some(2), "- 136"),
        ("[Group] Show - 136[720p]", Some(2), "- 136"),
        ("[Group] Show 2 - 03 [720p]", None, "- 3"),
        ("[BBT-RMX] Show ½ - 154 [50AC421A]", None, "- 154"),
        ("[Group] Show - 05v2 [1080p]", None, "- 5"),
        ("[VCB-Studio] Show Title [21][Ma10p_1080p][x265_flac]", None, "- 21"),
        ("[A&B][Show_Title][04][BDRIP][1920x1080]", None, "- 4"),
        ("Show - Title Title - 12 (NVENC H.265 1080p)", None, "- 12"),
        ("foo.203", None, "2 3"),
        ("foo_102", None, "1 2"),
        ("Show.1013.720p.HDTV", None, "10 13"),
        ("show.2009.416.hdtv-lol", None, "4 16"),
        ("this.is.a.show.2015.0308-yestv", None, "3 8"),
        ("St_Show_209_Title", None, "2 9"),
        ("show-x264-103", None, "1 3"),
        ("Show 0807 Title", None, "8 7"),
        ("Show.h.264", None, "none"),
        ("Show.720", None, "none"),
        ("Show 2009", None, "none"),
        ("Show (2009)", None, "none"),
        ("Pilot", None, "none"),
        ("", None, "none"),
    ] {
        assert_eq!(told(name, season), expected, "{name} in {season:?}");
    }
}

#[test]
fn only_what_names_season_and_episode_is_certain() {
    for name in ["Lost 05", "Lost - 05", "Lost.103", "Lost E05", "Lost Part 2", "12"] {
        assert_eq!(certain_episode(name), None, "{name}");
    }
    assert!(certain_episode("Lost 1x05").is_some());
}

#[test]
fn folders_of_seasons() {
    for (folder, title, season) in [
        ("Season 1", "", Some(1)),
        ("SEASON 01", "", Some(1)),
        ("Season1", "", Some(1)),
        ("Season 100", "", Some(100)),
        ("Season 2009", "", Some(2009)),
        ("Season 7 (2016)", "", Some(7)),
        ("Staffel 1", "", Some(1)),
        ("3.Staffel", "", Some(3)),
        ("1st Season", "", Some(1)),
        ("Stagione 1", "", Some(1)),
        ("SÆSON 1", "", Some(1)),
        ("Temporada 1", "", Some(1)),
        ("series 1", "", Some(1)),
        ("Kausi 1", "", Some(1)),
        ("Säsong 1", "", Some(1)),
        ("Seizoen 1", "", Some(1)),
        ("Sezon 1", "", Some(1)),
        ("sezóna 1", "", Some(1)),
        ("Sezonul 1", "", Some(1)),
        ("Saison 1", "", Some(1)),
        ("Série 1", "", Some(1)),
        ("시즌 1", "", Some(1)),
        ("シーズン 1", "", Some(1)),
        ("СЕЗОН 1", "", Some(1)),
        ("1 сезон", "", Some(1)),
        ("第2季", "", Some(2)),
        ("s1", "", Some(1)),
        ("S02", "Seinfeld", Some(2)),
        ("2", "Seinfeld", Some(2)),
        ("2009", "", Some(2009)),
        ("Specials", "", Some(0)),
        ("SPECIALS", "", Some(0)),
        ("Season 00", "", Some(0)),
        ("Season 0", "", Some(0)),
        ("S00", "", Some(0)),
        ("Seinfeld Season 2", "", None),
        ("Seinfeld Season 2", "Seinfeld", Some(2)),
        ("Stargate SG-1 Season 1", "Stargate SG-1", Some(1)),
        ("Stargate SG-1 (1997) - Season 1", "Stargate SG-1", Some(1)),
        ("The.Wonder.Years.S04.PDTV.x264-JCH", "The Wonder Years", Some(4)),
        ("[The.Wonder.Years.S04.1080p.PDTV.x264-JCH]", "The Wonder Years", Some(4)),
        ("The.Wonder.Years [S04][1080p]", "The Wonder Years", Some(4)),
        ("The Wonder Years Season 01 1080p", "The Wonder Years", Some(1)),
        ("Other.Show.S04.1080p", "Downloads", None),
        ("s06e05", "", None),
        ("Season 1 Episode 2", "", None),
        ("Episode 1 Season 2", "", None),
        ("Season (8)", "", None),
        ("2024-01-24 4070 in under 7 minutes", "", None),
        ("202401244070", "", None),
        ("The.Condor.Heroes.2017.V2.web-dl.1080p", "", None),
        ("Extras", "", None),
        ("Season", "", None),
        ("", "", None),
    ] {
        assert_eq!(season_number(folder, title), season, "{folder} of {title}");
    }
}

#[test]
fn releases_of_whole_seasons() {
    for (name, expected) in [
        ("The.Show.S01", Some(("The.Show", 1))),
        ("The.Show.S01.COMPLETE.1080p", Some(("The.Show", 1))),
        ("The_Show_Season_1", Some(("The_Show", 1))),
        ("The Show Season 10", Some(("The Show", 10))),
        ("Season 10", None),
        ("S01", None),
        ("The Show", None),
        ("The Show s02e10", None),
    ] {
        assert_eq!(before_season(name), expected, "{name}");
    }
}
