use proptest::prelude::*;

use super::*;
use crate::model::ImageType;

const MOVIE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
<movie>
  <title>Léon &amp; Mathilda</title>
  <originaltitle>L&#233;on</originaltitle>
  <sorttitle>Leon</sorttitle>
  <year>1994</year>
  <ratings><rating name="imdb"><value>8.5</value></rating><rating name="tmdb" default="true"><value>8.3</value></rating></ratings>
  <plot>A man.
A girl.</plot>
  <tagline><![CDATA[If you want <the job> done well]]></tagline>
  <mpaa>R</mpaa>
  <uniqueid type="imdb">tt0110413</uniqueid>
  <uniqueid type="tmdb" default="true">101</uniqueid>
  <uniqueid type="other">x</uniqueid>
  <genre>Crime</genre><genre>Drama</genre>
  <set><name>A Set</name><overview>…</overview></set>
  <thumb aspect="poster">https://images.example/poster.jpg</thumb>
  <thumb aspect="landscape">https://images.example/landscape.jpg</thumb>
  <thumb aspect="poster">https://images.example/poster2.jpg</thumb>
  <fanart><thumb>https://images.example/f0.jpg</thumb><thumb>https://images.example/f1.jpg</thumb></fanart>
  <actor><name>Jean Reno</name><role>Léon</role><thumb>https://images.example/reno.jpg</thumb></actor>
  <actor><name>Natalie Portman</name></actor>
  <actor><role>Nobody</role></actor>
</movie>
https://www.themoviedb.org/movie/101-leon
"#;

fn ids(nfo: &[(Provider, String)]) -> String {
    nfo.iter().map(|(provider, value)| format!("{provider}:{value}")).collect::<Vec<_>>().join(" ")
}

fn field<'a>(entry: &'a NfoEntry, name: &str) -> Option<&'a [String]> {
    entry.fields.iter().find(|(field, _)| *field == name).map(|(_, values)| values.as_slice())
}

#[test]
fn a_film_with_everything() {
    let nfo = parse_nfo(MOVIE.as_bytes());
    assert_eq!((nfo.entries.len(), nfo.problems.as_slice(), ids(&nfo.ids).as_str()), (1, &[][..], "tmdb:101"));
    let movie = &nfo.entries[0];
    assert_eq!(movie.root, NfoRoot::Movie);
    assert_eq!((movie.title.as_deref(), movie.year), (Some("Léon & Mathilda"), Some(1994)));
    assert_eq!(field(movie, "original_title"), Some(&["Léon".to_owned()][..]));
    assert_eq!(field(movie, "tagline"), Some(&["If you want <the job> done well".to_owned()][..]));
    assert_eq!(field(movie, "plot"), Some(&["A man.\nA girl.".to_owned()][..]));
    assert_eq!(field(movie, "rating"), Some(&["8.3".to_owned()][..]));
    assert_eq!(field(movie, "genres"), Some(&["Crime".to_owned(), "Drama".to_owned()][..]));
    assert_eq!(ids(&movie.ids), "tmdb:101 imdb:tt0110413", "the default one first");
    assert_eq!(movie.set.as_deref(), Some("A Set"));
    let actors: Vec<_> = movie.actors.iter().map(|actor| (actor.name.as_str(), actor.role.as_str())).collect();
    assert_eq!(actors, [("Jean Reno", "Léon"), ("Natalie Portman", "")]);
    assert_eq!(movie.actors[0].url.as_deref(), Some("https://images.example/reno.jpg"));
    let artwork: Vec<_> = movie.artwork.iter().map(|artwork| artwork.image_type.to_string()).collect();
    assert_eq!(artwork, ["poster", "landscape", "fanart", "fanart1"]);
}

#[test]
fn every_form_of_an_id() {
    for (text, expected) in [
        ("<movie><id>tt0110413</id></movie>", "imdb:tt0110413"),
        ("<movie><id>101</id></movie>", "tmdb:101"),
        ("<movie><id moviedb=\"tmdb\">101</id></movie>", "tmdb:101"),
        ("<tvshow><id>81189</id></tvshow>", "tvdb:81189"),
        ("<tvshow><id IMDB=\"tt0903747\" TMDB=\"1396\">81189</id></tvshow>", "imdb:tt0903747 tmdb:1396 tvdb:81189"),
        ("<movie><tmdbid>101</tmdbid><imdbid>tt0110413</imdbid></movie>", "tmdb:101 imdb:tt0110413"),
        ("<movie><imdb_id>TT0110413</imdb_id></movie>", "imdb:tt0110413"),
        ("<tvshow><tvdbid>81189</tvdbid><uniqueid type=\"tvdb\">1</uniqueid></tvshow>", "tvdb:1"),
        ("<movie><uniqueid type=\"tmdb\">../../etc</uniqueid></movie>", ""),
        ("<movie><uniqueid type=\"imdb\">0110413</uniqueid></movie>", ""),
        ("<movie><uniqueid type=\"tmdb\"></uniqueid><tmdbid> 101 </tmdbid></movie>", "tmdb:101"),
        (
            "<album><musicbrainzreleasegroupid>f5093c06-23e3-404f-aeaa-40f72885ee3a</musicbrainzreleasegroupid></album>",
            "musicbrainzreleasegroup:f5093c06-23e3-404f-aeaa-40f72885ee3a",
        ),
        (
            "<artist><name>Pink Floyd</name><musicBrainzArtistID>83d91898-7763-47d7-b03b-b92132375c47</musicBrainzArtistID></artist>",
            "musicbrainz:83d91898-7763-47d7-b03b-b92132375c47",
        ),
    ] {
        let nfo = parse_nfo(text.as_bytes());
        assert_eq!(ids(&nfo.entries[0].ids), expected, "{text}");
    }
}

#[test]
fn addresses_instead_of_xml_and_behind_it() {
    for (text, expected) in [
        ("https://www.themoviedb.org/movie/603-the-matrix", "tmdb:603"),
        ("https://www.themoviedb.org/tv/1396", "tmdb:1396"),
        ("http://www.imdb.com/title/tt0133093/", "imdb:tt0133093"),
        ("see https://m.imdb.com/de/title/tt0133093", "imdb:tt0133093"),
        ("https://thetvdb.com/?tab=series&id=81189", "tvdb:81189"),
        ("https://www.thetvdb.com/dereferrer/series/81189", "tvdb:81189"),
        ("https://www.tvmaze.com/shows/169/breaking-bad", "tvmaze:169"),
        ("https://anidb.net/anime/23", "anidb:23"),
        ("https://anilist.co/anime/1/Cowboy-Bebop", "anilist:1"),
        (
            "https://musicbrainz.org/artist/83d91898-7763-47d7-b03b-b92132375c47",
            "musicbrainz:83d91898-7763-47d7-b03b-b92132375c47",
        ),
        ("tt0133093", "imdb:tt0133093"),
        ("<movie><title>X</title></movie>\nhttps://www.imdb.com/title/tt0133093/", "imdb:tt0133093"),
        ("<movie><title>X</title></movie> tt0133093", ""),
        ("<movie><plot>as in tt0133093</plot></movie>", ""),
        ("<movie><trailer>https://www.themoviedb.org/movie/1</trailer></movie>", ""),
    ] {
        assert_eq!(ids(&parse_nfo(text.as_bytes()).ids), expected, "{text}");
    }
}

#[test]
fn several_entries_in_one_file() {
    let text = "<episodedetails><title>One</title><season>1</season><episode>1</episode></episodedetails>\n\
                <episodedetails><title>Two</title><season>1</season><episode>2</episode></episodedetails>";
    let nfo = parse_nfo(text.as_bytes());
    let told: Vec<_> = nfo.entries.iter().map(|entry| (entry.title.as_deref(), entry.season, entry.episode)).collect();
    assert_eq!(told, [(Some("One"), Some(1), Some(1)), (Some("Two"), Some(1), Some(2))]);
    assert!(nfo.problems.is_empty());
}

#[test]
fn pictures_of_seasons() {
    let text = "<tvshow><thumb aspect=\"poster\">https://a.example/s.jpg</thumb>\
                <thumb aspect=\"poster\" type=\"season\" season=\"1\">https://a.example/1.jpg</thumb>\
                <thumb aspect=\"banner\" type=\"season\" season=\"0\">https://a.example/0.jpg</thumb>\
                <thumb aspect=\"poster\" type=\"season\" season=\"-1\">https://a.example/all.jpg</thumb>\
                <thumb aspect=\"poster\">javascript:alert(1)</thumb><art><clearlogo>https://a.example/l.png</clearlogo></art></tvshow>";
    let nfo = parse_nfo(text.as_bytes());
    let told: Vec<_> =
        nfo.entries[0].artwork.iter().map(|artwork| (artwork.image_type.to_string(), artwork.season)).collect();
    let expected = [("clearlogo", None), ("poster", None), ("poster", Some(1)), ("banner", Some(0))];
    assert_eq!(told, expected.map(|(kind, season)| (kind.to_owned(), season)));
}

#[test]
fn wrong_encodings() {
    let title = |bytes: &[u8]| parse_nfo(bytes).entries[0].title.clone().unwrap();
    let xml = |encoding: &str| format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?><movie><title>").into_bytes();
    let end = b"</title></movie>".to_vec();
    for (encoding, bytes, expected) in [
        ("UTF-8", b"L\xc3\xa9on".to_vec(), "Léon"),
        ("UTF-8", b"L\xe9on".to_vec(), "Léon"),
        ("ISO-8859-1", b"L\xe9on".to_vec(), "Léon"),
        ("ISO-8859-1", b"L\xc3\xa9on".to_vec(), "Léon"),
        ("windows-1251", b"\xcb\xe5\xee\xed".to_vec(), "Леон"),
        ("nonsense", b"L\xe9on".to_vec(), "Léon"),
    ] {
        assert_eq!(title(&[xml(encoding), bytes, end.clone()].concat()), expected, "{encoding}");
    }
    let text = "<movie><title>Léon</title></movie>";
    let little: Vec<u8> = [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(title(&little), "Léon");
    assert_eq!(title(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), "Léon");
}

#[test]
fn broken_files_tell_what_they_can() {
    for (text, title, has_problem) in [
        ("<movie><title>Heat</title><year>1995", "Heat", false),
        ("<movie><title>Heat & Co</title></movie>", "Heat & Co", false),
        ("<movie><title>Heat</titel></title><year>1995</year></movie>", "Heat", false),
        ("<movie><a><b></a></b><title>Heat</title></movie>", "Heat", false),
        ("\n\n garbage <movie><title>Heat</title></movie>", "Heat", false),
        ("<movie><title>Heat</title></movie><!-- never closed", "Heat", true),
        ("<movie><title>Heat&nbsp;&unknown;</title></movie>", "Heat &unknown;", false),
        ("<MOVIE><Title>Heat</Title></MOVIE>", "Heat", false),
    ] {
        let nfo = parse_nfo(text.as_bytes());
        assert_eq!(nfo.entries.first().and_then(|entry| entry.title.as_deref()), Some(title), "{text}");
        assert_eq!(!nfo.problems.is_empty(), has_problem, "{text}: {:?}", nfo.problems);
    }
    for nothing in ["", "   ", "hello", "<html><body>404</body></html>", "<movies/>"] {
        assert_eq!(parse_nfo(nothing.as_bytes()).problems.last(), Some(&NfoProblem::Nothing), "{nothing}");
    }
}

#[test]
fn rubbish_is_bounded() {
    let deep = "<a>".repeat(300_000);
    assert!(parse_nfo(deep.as_bytes()).problems.contains(&NfoProblem::TooMany));
    let wide = format!("<movie>{}<title>Heat</title></movie>", "<tag>x</tag>".repeat(50_000));
    assert!(parse_nfo(wide.as_bytes()).problems.contains(&NfoProblem::TooMany));
    let long = format!("<movie><plot>{}</plot></movie>", "ü".repeat(400_000));
    let plot = parse_nfo(long.as_bytes()).entries[0].fields[0].1[0].clone();
    assert!(plot.len() <= 32 << 10);
    let years = ["0", "9999", "-5", "MCMXCV", ""];
    for year in years {
        assert_eq!(parse_nfo(format!("<movie><year>{year}</year></movie>").as_bytes()).entries[0].year, None, "{year}");
    }
}

#[test]
fn a_file_of_fifty_megabytes_is_read_to_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("movie.nfo")).unwrap();
    std::io::Write::write_all(&mut &file, b"<movie><title>Heat</title><tmdbid>949</tmdbid><plot>").unwrap();
    file.set_len(50 << 20).unwrap();
    let source = Source::open(folder.path()).unwrap();
    let nfo = read_nfo(&source, &RelPath::parse(b"movie.nfo").unwrap()).unwrap();
    assert_eq!((nfo.entries[0].title.as_deref(), nfo.problems.first()), (Some("Heat"), Some(&NfoProblem::TooLong)));
    assert!(read_nfo(&source, &RelPath::parse(b"other.nfo").unwrap()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>) {
        let _ = parse_nfo(&bytes);
    }

    #[test]
    fn any_xml_is_read(parts in prop::collection::vec(prop::sample::select(vec![
        "<movie>", "</movie>", "<title>", "</title>", "<actor>", "<name>", "x", "&", "&amp;", "<![CDATA[", "]]>", "<!--",
        "-->", "<uniqueid type=\"tmdb\">", "1", "<thumb aspect='poster'>", "https://a", "<set>", "<", ">", "\"", "<a b=", "/>",
        "<?xml", "?>", "<episodedetails>",
    ]), 0..40)) {
        let nfo = parse_nfo(parts.concat().as_bytes());
        for entry in nfo.entries {
            prop_assert!(entry.artwork.iter().all(|artwork| artwork.image_type.number() <= ImageType::NUMBER_MAX));
            prop_assert!(entry.actors.iter().all(|actor| !actor.name.is_empty()));
        }
    }
}
