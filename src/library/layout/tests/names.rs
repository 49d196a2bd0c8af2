//! Names alone: titles, years, ids, extras, extensions.

use super::super::file_name::extra_rule;
use super::*;

fn told(name: &[u8]) -> (String, Option<u16>, String) {
    let identity = parse_name(name);
    let ids: Vec<_> = identity.ids.iter().map(|(provider, value)| format!("{provider}:{value}")).collect();
    (identity.title, identity.year, ids.join(" "))
}

#[test]
fn titles_and_years() {
    for (name, title, year) in [
        ("Heat (1995)", "Heat", Some(1995)),
        ("Heat [1995]", "Heat", Some(1995)),
        ("Heat.1995.1080p.BluRay.x264-GRP", "Heat", Some(1995)),
        ("The.Big.Lebowski.1998.REMASTERED.2160p", "The Big Lebowski", Some(1998)),
        ("Heat_(1995)_[1080p]", "Heat", Some(1995)),
        ("Heat - 1995", "Heat", Some(1995)),
        ("Heat", "Heat", None),
        ("heat.1080p.web-dl", "heat", None),
        ("Crouching.Tiger.Hidden.Dragon.4K.UltraHD.HDR.BDrip-HDC", "Crouching Tiger Hidden Dragon", None),
        ("Crouching.Tiger.Hidden.Dragon.4k", "Crouching Tiger Hidden Dragon", None),
        ("My Movie (1997) - GreatestReleaseGroup 2019", "My Movie", Some(1997)),
        ("The Wolf of Wall Street 2001 (2013)", "The Wolf of Wall Street 2001", Some(2013)),
        ("Robin Hood [Multi-Subs] [2018]", "Robin Hood", Some(2018)),
        ("Super movie(2009)", "Super movie", Some(2009)),
        ("Maximum Ride - 2016 - WEBDL-1080p - x264 AC3", "Maximum Ride", Some(2016)),
        ("curse.of.chucky.2013.stv.unrated.multi.1080p.bluray.x264-rough", "curse of chucky", Some(2013)),
        ("[rec]", "[rec]", None),
        ("Apocalypse.Now - Redux", "Apocalypse.Now - Redux", None),
        ("Heat Extended Unrated", "Heat", None),
        ("1917 (2019)", "1917", Some(2019)),
        ("1917.2019.1080p", "1917", Some(2019)),
        ("1917", "1917", None),
        ("2001 A Space Odyssey (1968)", "2001 A Space Odyssey", Some(1968)),
        ("2001.A.Space.Odyssey.1968.720p", "2001 A Space Odyssey", Some(1968)),
        ("2012 (2009)", "2012", Some(2009)),
        ("Blade Runner 2049", "Blade Runner 2049", None),
        ("Blade.Runner.2049.2017.1080p.WEB.h264", "Blade Runner 2049", Some(2017)),
        ("Wonder Woman 1984 (2020)", "Wonder Woman 1984", Some(2020)),
        ("300 (2006)", "300", Some(2006)),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", Some(2009)),
        ("[REC] (2007)", "[REC]", Some(2007)),
        ("[Group] Akira (1988) [1080p]", "Akira", Some(1988)),
        ("S.W.A.T. (2003)", "S.W.A.T.", Some(2003)),
        ("Dr. Strangelove (1964)", "Dr. Strangelove", Some(1964)),
        ("Monsters, Inc. (2001)", "Monsters, Inc.", Some(2001)),
        ("Spider-Man - Homecoming (2017)", "Spider-Man - Homecoming", Some(2017)),
        ("Léon (The Professional) (1994)", "Léon (The Professional)", Some(1994)),
        ("Die fabelhafte Welt der Amélie (2001)", "Die fabelhafte Welt der Amélie", Some(2001)),
        ("Das.Leben.der.Anderen.2006.German.1080p", "Das Leben der Anderen", Some(2006)),
        ("Film.German.DL.AC3.1080p", "Film", None),
        ("The Good German (2006)", "The Good German", Some(2006)),
        ("Über uns das All (2011)", "Über uns das All", Some(2011)),
        ("千と千尋の神隠し (2001)", "千と千尋の神隠し", Some(2001)),
        ("Some Film 1920x1080", "Some Film", None),
        ("Concert 2010-05-12", "Concert 2010-05-12", None),
        ("Film (0)", "Film (0)", None),
        ("Film (0000)", "Film (0000)", None),
        ("Film (9999)", "Film (9999)", None),
        ("Film (1887)", "Film (1887)", None),
        ("Film (1888)", "Film", Some(1888)),
        ("Film.1899.720p", "Film 1899", None),
        ("(1995) Heat", "Heat", Some(1995)),
        ("[1995] Heat 1080p", "Heat", Some(1995)),
        ("(2012) (2009)", "(2012)", Some(2009)),
        ("www.example.com - Heat (1995)", "Heat", Some(1995)),
        ("[ www.example.com ] - Heat (1995)", "Heat", Some(1995)),
        ("The.Man.from.U.N.C.L.E.2015.1080p", "The Man from U.N.C.L.E.", Some(2015)),
        ("V.H.S.2.2013.720p", "V.H.S. 2", Some(2013)),
        ("A.I.Artificial.Intelligence.(2001)", "A.I. Artificial Intelligence", Some(2001)),
        ("I.Am.Legend.2007", "I Am Legend", Some(2007)),
        ("Dr.Strangelove.1964.720p", "Dr. Strangelove", Some(1964)),
        ("Brazil Director's Cut (1985)", "Brazil", Some(1985)),
        ("Brazil The Final Cut (1985)", "Brazil", Some(1985)),
        ("Brazil.EXTENDED.CUT.1985.German.1080p", "Brazil", Some(1985)),
        ("Brazil.EXTENDED.1985.German.1080p", "Brazil", Some(1985)),
        ("Brazil.(Extended.Theatrical.Version.IMAX).1985.1080p", "Brazil", Some(1985)),
        ("Brazil 50th Anniversary Edition 1985", "Brazil", Some(1985)),
        ("Brazil Special Edition", "Brazil", None),
        ("The Final Cut (2004)", "The Final Cut", Some(2004)),
        ("Uncut (1997)", "Uncut", Some(1997)),
        ("Heat Uncut (1997)", "Heat Uncut", Some(1997)),
        ("[Group] Akira v2 [1080p]", "Akira", None),
        ("[Group] Akira - 12 [720p]", "Akira", None),
        ("Ocean - 12", "Ocean - 12", None),
        ("example.com - Heat (1995)", "Heat", Some(1995)),
        ("St.Vincent (2014)", "St Vincent", Some(2014)),
        ("My Film!.2013.720p", "My Film!", Some(2013)),
        ("Film V2", "Film V2", None),
        ("【Group】Akira (1988)", "Akira", Some(1988)),
        ("Heat {edition-Director's Cut} (1995)", "Heat", Some(1995)),
        ("Heat (1995) {edition-Final}", "Heat", Some(1995)),
        ("Heat {edition=Final} (1995)", "Heat", Some(1995)),
        ("Heat - [0004]", "Heat", None),
        ("  Heat  ", "Heat", None),
        ("1080p", "1080p", None),
        ("()", "", None),
        ("", "", None),
    ] {
        assert_eq!(told(name.as_bytes()), (title.to_owned(), year, String::new()), "{name}");
    }
}

#[test]
fn odd_bytes() {
    assert_eq!(told(b"Am\xe9lie (2001)").0, "Amélie", "Latin-1");
    assert_eq!(told(b"He\nat\t(1995)\x1b").0, "He at");
    assert_eq!(told(&[b'x'; 255]).0.len(), 255);
    assert_eq!(told("ä".repeat(127).as_bytes()).0, "ä".repeat(127));
}

#[test]
fn provider_ids() {
    for (name, ids) in [
        ("Heat (1995) [tmdbid-949]", "tmdb:949"),
        ("Heat (1995) [tmdbid=949]", "tmdb:949"),
        ("Heat (1995) {tmdb-949}", "tmdb:949"),
        ("Heat (1995) [tmdb-949]", "tmdb:949"),
        ("Heat (1995) {tmdbid=949}", "tmdb:949"),
        ("Heat (1995) (tmdbid-949)", "tmdb:949"),
        ("{tmdb-949} Heat (1995)", "tmdb:949"),
        ("Heat (1995) {imdb-tt0113277}", "imdb:tt0113277"),
        ("Heat (1995) [imdbid-TT0113277]", "imdb:tt0113277"),
        ("Heat (1995) tt0113277", "imdb:tt0113277"),
        ("Heat.tt0113277.(1995)", "imdb:tt0113277"),
        ("tt0113277 Heat (1995)", "imdb:tt0113277"),
        ("Heat (1995) [TVDBID=81189]", "tvdb:81189"),
        ("Heat (1995) {tvmaze-1} [anidb-2] (anilistid=3)", "tvmaze:1 anidb:2 anilist:3"),
        ("Heat (1995) {tmdb-949} [tmdb-950]", "tmdb:949"),
        ("Heat (1995) {imdb-tt0113277} tt7654321", "imdb:tt0113277"),
        ("Heat (1995) [tmdb-]", ""),
        ("Heat (1995) [tmdb-../../etc]", ""),
        ("Heat (1995) [tmdb-123456789012345678901234567890123]", ""),
        ("Heat (1995) {imdb-0113277}", ""),
        ("Heat (1995) {other-1}", ""),
        ("Heat (1995) tt123", ""),
        ("Heat (1995) att0113277", ""),
        ("Heat (1995) [tmdb-949", ""),
        ("Heat (1995) [tmdb-949}", ""),
    ] {
        assert_eq!(told(name.as_bytes()), ("Heat".to_owned(), Some(1995), ids.to_owned()), "{name}");
    }
    assert_eq!(told(b"Heat {tmdb-949}").0, "Heat");
    assert_eq!(told(b"[tmdbid-949]"), (String::new(), None, "tmdb:949".to_owned()));
}

#[test]
fn extras_by_name() {
    let extra = Some(Rule::ExtraSuffix);
    for (base, folder, rule) in [
        ("trailer", None, Some(Rule::Trailer)),
        ("movie-trailer2", None, Some(Rule::Trailer)),
        ("Heat (1995)-trailer", None, Some(Rule::Trailer)),
        ("Heat (1995)-Trailer1", None, Some(Rule::Trailer)),
        ("Heat.trailer", None, Some(Rule::Trailer)),
        ("Heat_trailer", None, Some(Rule::Trailer)),
        ("Heat - trailer", None, Some(Rule::Trailer)),
        ("Heat-trailer-1080p", None, Some(Rule::Trailer)),
        ("Trailer Park Boys The Movie", None, None),
        ("Heat-trailers-x", None, None),
        ("sample", None, Some(Rule::Sample)),
        ("heat-sample", None, Some(Rule::Sample)),
        ("sample-heat.1995", None, Some(Rule::Sample)),
        ("heat.1995.sample.1080p", None, Some(Rule::Sample)),
        ("Heat sample", None, None),
        ("The DNA Sample", None, None),
        ("Heat - sample", None, Some(Rule::Sample)),
        ("I Live In A Trailer", None, None),
        ("The Sample Story (2020)", None, None),
        ("Samples", None, None),
        ("heat-sample", Some("Sample (2010)"), extra),
        ("Sample", Some("Sample (2010)"), None),
        ("Heat-behindthescenes", None, extra),
        ("Heat-deleted", None, extra),
        ("Heat-deletedscene3", None, extra),
        ("Heat-featurette", None, extra),
        ("Heat-interview", None, extra),
        ("Heat-scene", None, extra),
        ("Heat-short", None, extra),
        ("Heat-clip", None, extra),
        ("Heat-extra", None, extra),
        ("Heat-other", None, extra),
        ("Heat short", None, None),
        ("The.Big-Short", Some("The Big Short (2015)"), None),
        ("The.Big-Short", None, extra),
        ("Heat", None, None),
        ("-short", None, None),
        ("", None, None),
    ] {
        assert_eq!(extra_rule(base.as_bytes(), folder.map(str::as_bytes)), rule, "{base} in {folder:?}");
    }
}

#[test]
fn kinds_by_extension() {
    for (name, kind) in [
        ("a.mkv", FileKind::Video),
        ("a.MP4", FileKind::Video),
        ("a.dvr-ms", FileKind::Video),
        ("a.strm", FileKind::Video),
        ("a.iso", FileKind::Video),
        ("a.m3u", FileKind::Other),
        ("a.zip", FileKind::Other),
        ("a.srt", FileKind::Subtitle),
        ("a.jpg", FileKind::Picture),
        ("a.nfo", FileKind::Nfo),
        ("a.mp3", FileKind::Audio),
        ("a.txt", FileKind::Other),
        ("mkv", FileKind::Other),
        (".mkv", FileKind::Other),
        ("a.", FileKind::Other),
    ] {
        assert_eq!(kind_by_extension(name.as_bytes()), kind, "{name}");
    }
    let core = "mkv mp4 m4v avi mov wmv mpg mpeg ts m2ts mts vob webm flv ogv ogm divx asf 3gp rmvb iso img strm";
    for extension in core.split(' ') {
        assert_eq!(kind_by_extension(format!("a.{extension}").as_bytes()), FileKind::Video, "{extension}");
    }
}

#[test]
fn kinds_of_extras() {
    for (rule, name, kind) in [
        (Rule::Trailer, "Heat-trailer2.mkv", "trailer"),
        (Rule::ExtraSuffix, "Heat-behindthescenes.mkv", "behindthescenes"),
        (Rule::ExtraSuffix, "Heat-deleted3.mkv", "deletedscene"),
        (Rule::ExtraSuffix, "Heat-other.mkv", "other"),
        (Rule::ExtrasFolder, "Behind The Scenes", "behindthescenes"),
        (Rule::ExtrasFolder, "Featurettes", "featurette"),
        (Rule::ExtrasFolder, "Extras", "other"),
        (Rule::ExtrasFolder, "theme-music", "theme"),
        (Rule::Theme, "theme.mp3", "theme"),
    ] {
        assert_eq!(extra_kind(rule, name.as_bytes()), kind, "{name}");
    }
}
