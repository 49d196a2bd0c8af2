use proptest::prelude::*;

use super::super::parse_nfo;
use super::*;
use crate::model::{AudioStream, SubtitleStream, VideoStream};

fn fact(field: &str, value: &str) -> NfoField {
    NfoField { field: field.parse().unwrap(), values: vec![value.to_owned()], is_own: false }
}

fn own(field: &str, value: &str) -> NfoField {
    NfoField { is_own: true, ..fact(field, value) }
}

fn facts(root: NfoRoot, fields: Vec<NfoField>) -> NfoFacts {
    NfoFacts {
        root,
        season: None,
        episode: None,
        belongs_to: None,
        fields,
        ids: Vec::new(),
        set: None,
        actors: Vec::new(),
        has_own_cast: false,
        artwork: Vec::new(),
        seasons: Vec::new(),
        streams: None,
    }
}

fn id(provider: &str, value: &str) -> (Provider, String) {
    (Provider::parse(provider).unwrap(), value.to_owned())
}

fn picture(image_type: &str, url: &str) -> NfoPicture {
    NfoPicture { image_type: image_type.parse().unwrap(), url: url.to_owned(), is_own: false }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn written(entry: &NfoFacts, base: NfoBase<'_>) -> String {
    text(write_nfo(std::slice::from_ref(entry), base))
}

/// Merges one film with one file, without the declaration.
#[track_caller]
fn assert_merged(fields: Vec<NfoField>, file: &str, expected: &str) {
    let entry = facts(NfoRoot::Movie, fields);
    let document = written(&entry, NfoBase::Original(file.as_bytes()));
    let (_, body) = document.split_once("?>").unwrap();
    assert_eq!(body.trim_start(), expected);
    assert_eq!(written(&entry, NfoBase::Original(document.as_bytes())), document, "merging again changes nothing");
}

fn film() -> NfoFacts {
    let streams = StreamDetails {
        container: Some("matroska".into()),
        duration_ms: Some(10_212_000),
        video: vec![VideoStream {
            codec: Some("hevc".into()),
            width: Some(3840),
            height: Some(1600),
            hdr: Some(Hdr::DolbyVision),
        }],
        audio: vec![AudioStream { codec: Some("truehd".into()), channels: Some(8), language: "en".parse().ok() }],
        subtitles: vec![SubtitleStream { codec: None, language: "de".parse().ok() }],
    };
    let mut genres = fact("genres", "Crime");
    genres.values.push("Drama & More".to_owned());
    NfoFacts {
        ids: vec![id("tmdb", "949"), id("imdb", "tt0113277")],
        set: Some(fact("set", "A <Set>")),
        actors: vec![
            NfoActor { name: "Al Pacino".into(), role: "Hanna".into(), url: Some("https://i.example/p.jpg".into()) },
            NfoActor { name: "Robert De Niro".into(), role: String::new(), url: None },
        ],
        artwork: vec![
            picture("poster", "https://i.example/poster.jpg?a=1&b=2"),
            picture("fanart", "https://i.example/f0.jpg"),
            picture("fanart1", "https://i.example/f1.jpg"),
            picture("clearlogo", "https://i.example/logo.png"),
        ],
        streams: Some(streams),
        ..facts(
            NfoRoot::Movie,
            vec![
                fact("title", "Heat"),
                fact("year", "1995"),
                fact("plot", "A thief.\nA cop."),
                genres,
                fact("rating", "8.3"),
                fact("votes", "7000"),
                fact("premiered", "1995-12-15"),
                fact("runtime", "170"),
                fact("content_rating", "R"),
            ],
        )
    }
}

#[test]
fn a_film_with_everything_and_nothing_before_it() {
    let expected = include_str!("../../../../tests/golden/nfo/movie.nfo");
    assert_eq!(written(&film(), NfoBase::Nothing), expected);
    let read = parse_nfo(expected.as_bytes());
    let entry = &read.entries[0];
    assert_eq!((read.entries.len(), read.problems.len()), (1, 0));
    assert_eq!((entry.title.as_deref(), entry.year, entry.set.as_deref()), (Some("Heat"), Some(1995), Some("A <Set>")));
    assert_eq!(entry.ids, film().ids, "what is written is read again");
    assert_eq!(entry.actors, film().actors);
    let artwork: Vec<_> = entry.artwork.iter().map(|one| (one.image_type.to_string(), one.url.clone())).collect();
    assert!(film().artwork.iter().all(|one| artwork.contains(&(one.image_type.to_string(), one.url.clone()))));
}

#[test]
fn every_type_of_item_has_its_document() {
    let episode = |number: u16, title: &str| NfoFacts {
        season: Some(1),
        episode: Some(number),
        belongs_to: Some("Lost".into()),
        ids: vec![id("tvdb", "127131")],
        ..facts(NfoRoot::Episode, vec![fact("title", title), fact("premiered", "2004-09-22"), fact("plot", "A crash.")])
    };
    let seasons = vec![
        NfoSeason { number: 0, title: None, artwork: vec![picture("poster", "https://i.example/s0.jpg")] },
        NfoSeason {
            number: 1,
            title: Some(fact("title", "The Island")),
            artwork: vec![picture("banner", "https://i.example/b1.jpg"), picture("poster", "https://i.example/s1.jpg")],
        },
    ];
    let series = NfoFacts {
        ids: vec![id("tmdb", "4607"), id("tvdb", "73739"), id("imdb", "tt0411008")],
        artwork: vec![picture("characterart", "https://i.example/c.png"), picture("poster", "https://i.example/p.jpg")],
        seasons,
        ..facts(NfoRoot::Series, vec![fact("title", "Lost"), fact("status", "Ended"), fact("studios", "ABC")])
    };
    let season =
        NfoFacts { season: Some(1), ..facts(NfoRoot::Season, vec![fact("title", "Season 1"), fact("plot", "…")]) };
    let artist = NfoFacts {
        ids: vec![id("musicbrainz", "a74b1b7f-71a5-4011-9441-d0b5e4122711")],
        artwork: vec![picture("thumb", "https://i.example/r.jpg")],
        ..facts(NfoRoot::Artist, vec![fact("title", "Radiohead"), fact("plot", "A band."), fact("moods", "Calm")])
    };
    let album = NfoFacts {
        belongs_to: Some("Radiohead".into()),
        artwork: vec![picture("cover", "https://i.example/c.jpg")],
        ..facts(NfoRoot::Album, vec![fact("title", "Kid A"), fact("year", "2000"), fact("plot", "A review.")])
    };
    let set = facts(NfoRoot::Set, vec![fact("title", "A Set"), fact("plot", "Several.")]);
    let documents = [
        ("tvshow", vec![series]),
        ("season", vec![season]),
        ("episodes", vec![episode(1, "Pilot (1)"), episode(2, "Pilot (2)")]),
        ("artist", vec![artist]),
        ("album", vec![album]),
        ("set", vec![set]),
    ];
    let all: String = documents
        .into_iter()
        .map(|(name, entries)| format!("# {name}\n{}", text(write_nfo(&entries, NfoBase::Nothing))))
        .collect();
    assert_eq!(all, include_str!("../../../../tests/golden/nfo/others.txt"));
}

#[test]
fn what_the_file_says_stands_unless_it_is_edited_or_lacking() {
    let file = "<movie>\n  <title>Heat (file)</title>\n  <foo a='1'><bar/></foo>\n  <plot></plot>\n</movie>\n";
    assert_merged(
        vec![fact("title", "Heat"), fact("plot", "Ours."), fact("year", "1995")],
        file,
        "<movie>\n  <title>Heat (file)</title>\n  <foo a='1'><bar/></foo>\n  <plot>Ours.</plot>\n  <year>1995</year>\n</movie>\n",
    );
    assert_merged(
        vec![own("title", "Heat")],
        file,
        "<movie>\n  <title>Heat</title>\n  <foo a='1'><bar/></foo>\n  <plot></plot>\n</movie>\n",
    );
}

#[test]
fn what_a_series_says_of_its_seasons_stands_but_for_what_is_edited() {
    let file = "<tvshow>\n  <thumb aspect=\"poster\">https://a.example/p.jpg</thumb>\n  \
                <thumb aspect=\"poster\" type=\"season\" season=\"1\">https://a.example/1.jpg</thumb>\n  \
                <namedseason number=\"1\">Book One</namedseason>\n</tvshow>\n";
    let season = |number, title, url| NfoSeason { number, title: Some(title), artwork: vec![picture("poster", url)] };
    let entry = NfoFacts {
        artwork: vec![picture("poster", "https://i.example/p.jpg")],
        seasons: vec![
            season(1, fact("title", "Season One"), "https://i.example/1.jpg"),
            season(2, fact("title", "Book Two"), "https://i.example/2.jpg"),
        ],
        ..facts(NfoRoot::Series, Vec::new())
    };
    let merged = written(&entry, NfoBase::Original(file.as_bytes()));
    for kept in ["p.jpg</thumb>", "1.jpg</thumb>", ">Book One<"] {
        assert_eq!(merged.matches(kept).count(), 1, "{kept}: {merged}");
    }
    assert!(
        merged.contains("<thumb aspect=\"poster\" type=\"season\" season=\"2\">https://i.example/2.jpg<"),
        "{merged}"
    );
    assert!(merged.contains("<namedseason number=\"2\">Book Two<") && !merged.contains("i.example/1.jpg"), "{merged}");
    let mut edited = entry.clone();
    edited.seasons[0].title = Some(own("title", "Mine"));
    let merged = written(&edited, NfoBase::Original(file.as_bytes()));
    assert!(merged.contains(">Mine<") && !merged.contains("Book One"), "{merged}");
}

#[test]
fn comments_order_and_space_are_kept() {
    let file = "<!-- by a program -->\n<movie>\n\t<!-- ids -->\n\t<id>x</id>\n\n\t<genre>A</genre> <genre>B</genre>\n\t<!-- end -->\n</movie>\n<!-- behind -->\n";
    let mut genres = own("genres", "C");
    genres.values.push("D".into());
    assert_merged(
        vec![genres],
        file,
        "<!-- by a program -->\n<movie>\n\t<!-- ids -->\n\t<id>x</id>\n\n\t<genre>C</genre>\n\t<genre>D</genre>\n\t<!-- end -->\n</movie>\n<!-- behind -->\n",
    );
}

#[test]
fn ids_are_written_and_one_of_them_is_the_default() {
    let entry = NfoFacts { ids: vec![id("tmdb", "949"), id("imdb", "tt0113277")], ..facts(NfoRoot::Movie, Vec::new()) };
    let merge = |file: &str| written(&entry, NfoBase::Original(file.as_bytes()));
    let merged = merge(
        "<movie>\n<uniqueid type=\"imdb\" default=\"true\">tt0113277</uniqueid>\n<uniqueid type='tmdb'>1</uniqueid>\n</movie>",
    );
    assert!(merged.contains("<uniqueid type=\"imdb\" default=\"true\">tt0113277</uniqueid>"), "{merged}");
    assert!(merged.contains("<uniqueid type=\"tmdb\">949</uniqueid>"), "{merged}");
    let merged = merge("<movie><uniqueid type='anidb' default='true'>7</uniqueid></movie>");
    assert_eq!((merged.matches("default=").count(), merged.contains("anidb")), (1, true), "{merged}");
    let fresh = merge("<movie><plot>x</plot></movie>");
    assert!(fresh.contains("<uniqueid type=\"tmdb\" default=\"true\">949</uniqueid>"), "{fresh}");
    assert_eq!(fresh.matches("default=").count(), 1);
}

#[test]
fn addresses_stay_behind_the_document() {
    assert_merged(
        vec![fact("title", "Heat")],
        "https://www.themoviedb.org/movie/949?language=de&x=1\n",
        "<movie>\n    <title>Heat</title>\n</movie>\nhttps://www.themoviedb.org/movie/949?language=de&x=1\n",
    );
    assert_merged(
        Vec::new(),
        "<movie><title>Heat</title></movie>\r\nhttps://www.imdb.com/title/tt0113277/\r\nwords\r\n",
        "<movie><title>Heat</title>\r\n</movie>\r\nhttps://www.imdb.com/title/tt0113277/\r\n",
    );
}

#[test]
fn of_broken_files_what_is_whole_is_kept() {
    for (file, kept, lost) in [
        ("<movie><foo>1</foo><bar>2</movie>", "<foo>1</foo>", "bar"),
        ("<movie><foo>1</foo><ba", "<foo>1</foo>", "<ba"),
        ("garbage <movie><foo>Tom & Jerry</foo></movie>", "<foo>Tom &amp; Jerry</foo>", "garbage"),
        ("<!DOCTYPE movie [<!ENTITY a 'b'>]><movie><foo>&a;</foo></movie>", "<foo>&amp;a;</foo>", "DOCTYPE"),
        ("<movie><foo>\u{1}x</foo></movie>", "<foo>x</foo>", "\u{1}"),
    ] {
        let document = written(&facts(NfoRoot::Movie, vec![fact("title", "Heat")]), NfoBase::Original(file.as_bytes()));
        assert!(document.contains(kept) && !document.contains(lost), "{file}: {document}");
        assert!(document.contains("<title>Heat</title>") && document.ends_with("</movie>\n"), "{document}");
    }
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><movie><foo>L\xe9on</foo></movie>";
    let document = written(&facts(NfoRoot::Movie, Vec::new()), NfoBase::Original(latin));
    assert!(document.contains("encoding=\"UTF-8\"") && document.contains("<foo>Léon</foo>"), "{document}");
}

#[test]
fn each_episode_goes_into_its_own_entry() {
    let file = "<episodedetails>\n  <episode>2</episode>\n  <x>two</x>\n</episodedetails>\n<episodedetails>\n  <episode>1</episode>\n  <x>one</x>\n</episodedetails>\n";
    let episode = |number| NfoFacts {
        episode: Some(number),
        ..facts(NfoRoot::Episode, vec![own("title", &format!("Title {number}"))])
    };
    let document = text(write_nfo(&[episode(1), episode(2), episode(3)], NfoBase::Original(file.as_bytes())));
    let entries = parse_nfo(document.as_bytes()).entries;
    let told: Vec<_> = entries.iter().map(|entry| (entry.episode, entry.title.clone().unwrap())).collect();
    assert_eq!(told, [(Some(2), "Title 2".into()), (Some(1), "Title 1".into()), (Some(3), "Title 3".into())]);
    assert!(document.find("<x>two</x>").unwrap() < document.find("<x>one</x>").unwrap());
    let of_other =
        written(&episode(4), NfoBase::Original(b"<episodedetails><episode>7</episode><x/></episodedetails>"));
    assert!(of_other.contains("<x/>") && of_other.matches("<episodedetails>").count() == 1, "{of_other}");
}

#[test]
fn a_document_of_our_own_says_what_is_known_now() {
    let before = written(&facts(NfoRoot::Movie, vec![fact("title", "Heat"), fact("plot", "Old.")]), NfoBase::Nothing);
    let exported = before.replace("</movie>", "    <foo/>\n</movie>");
    let now = facts(NfoRoot::Movie, vec![fact("title", "Heat 2")]);
    let document = written(&now, NfoBase::Own(exported.as_bytes()));
    assert!(document.contains("<title>Heat 2</title>") && document.contains("<foo/>"), "{document}");
    assert!(!document.contains("Old."), "{document}");
}

/// Kept, it would be read as a declaration the next time, and be something else.
#[test]
fn what_begins_like_a_declaration_and_is_none_is_left_out() {
    for broken in ["<?xml<movie>\nhttps://a.example/?b&c?>", "<?xml<movie>?><movie><x/></movie>", "<?<?><movie/>"] {
        let document = write_nfo(&[film()], NfoBase::Original(broken.as_bytes()));
        assert_eq!(write_nfo(&[film()], NfoBase::Original(&document)), document, "{broken}");
    }
    let kept = written(&film(), NfoBase::Original(b"<?xml-stylesheet href='a.css'?>\n<movie/>"));
    assert!(kept.contains("<?xml-stylesheet href='a.css'?>"), "{kept}");
}

#[test]
fn fifty_megabytes_of_rubbish_are_bounded() {
    let rubbish = "<movie>".to_owned() + &"<a>&".repeat(50 << 18);
    let document = write_nfo(&[film()], NfoBase::Original(&rubbish.as_bytes()[..(NFO_BYTES_MAX as usize)]));
    assert!(document.len() as u64 <= NFO_BYTES_MAX);
    let wide = "<movie>".to_owned() + &"<a>&&&&</a>".repeat(90_000) + "</movie>";
    assert!(write_nfo(&[film()], NfoBase::Original(wide.as_bytes())).len() as u64 <= NFO_BYTES_MAX);
}

fn a_field() -> impl Strategy<Value = NfoField> {
    let words: Vec<&str> = TOLD.iter().map(|told| told.field).filter(|field| !field.ends_with("year")).collect();
    (prop::sample::select(words), "[ -~\u{e4}\u{1f600}]{0,12}", any::<bool>())
        .prop_map(|(field, value, is_own)| NfoField { is_own, ..fact(field, value.trim()) })
}

/// An element that no part knows.
fn unknown() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "<foo/>",
        "<bar a='1' b=\"&lt;\">x &amp; y</bar>",
        "<!-- a & b -->",
        "<![CDATA[ <x> & ]]>",
        "<q:w xmlns:q='u'>ä</q:w>",
        "<deep><er><est>1</est></er></deep>",
        "<empty></empty>",
        "<?pi some?>",
    ]);
    leaf.prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn any_bytes_make_a_document_that_can_be_read(bytes: Vec<u8>, fields in prop::collection::vec(a_field(), 0..4)) {
        let entry = facts(NfoRoot::Movie, fields);
        let document = write_nfo(std::slice::from_ref(&entry), NfoBase::Original(&bytes));
        prop_assert!(crate::cache::is_document(&document), "{}", String::from_utf8_lossy(&document));
        prop_assert_eq!(write_nfo(&[entry], NfoBase::Original(&document)), document);
    }

    #[test]
    fn any_xml_makes_a_document_that_can_be_read(parts in prop::collection::vec(prop::sample::select(vec![
        "<movie>", "</movie>", "<title>", "</title>", "<actor>", "x", "&", "&amp;", "&nbsp;", "&x;", "<![CDATA[", "]]>", "<!--",
        "-->", "<uniqueid type=\"tmdb\">", "</uniqueid>", "<fanart/>", "<set>", "<", ">", "\"", "<a b=", "/>", "<?xml", "?>",
        "<episodedetails>", "\n", "https://a.example/?b&c", "<!DOCTYPE a>", "&#0;", "&#1;",
    ]), 0..40)) {
        let document = write_nfo(&[film()], NfoBase::Original(parts.concat().as_bytes()));
        prop_assert!(crate::cache::is_document(&document), "{}", String::from_utf8_lossy(&document));
        prop_assert_eq!(write_nfo(&[film()], NfoBase::Original(&document)), document);
    }

    #[test]
    fn what_is_unknown_survives_byte_by_byte(
        elements in prop::collection::vec(unknown(), 0..8),
        fields in prop::collection::vec(a_field(), 0..6),
        space in "[ \n\t]{0,4}",
    ) {
        let body: String = elements.iter().map(|element| format!("{space}{element}")).collect();
        let file = format!("<movie>{body}\n</movie>\n");
        let document = written(&facts(NfoRoot::Movie, fields), NfoBase::Original(file.as_bytes()));
        prop_assert!(document.contains(body.trim_end()), "{document}");
    }

    #[test]
    fn what_is_written_is_read(fields in prop::collection::vec(a_field(), 0..8)) {
        let mut unique: Vec<NfoField> = Vec::new();
        for field in fields {
            if !unique.iter().any(|known| known.field == field.field) && !field.values[0].is_empty() {
                unique.push(field);
            }
        }
        let document = write_nfo(&[facts(NfoRoot::Movie, unique.clone())], NfoBase::Nothing);
        let read = parse_nfo(&document);
        let entry = &read.entries[0];
        for NfoField { field, values, .. } in unique {
            let found = match field.as_str() {
                "title" => entry.title.clone(),
                "sort_title" => entry.sort_title.clone(),
                name => entry.fields.iter().find(|(known, _)| *known == name).map(|(_, values)| values[0].clone()),
            };
            prop_assert_eq!(found.as_deref(), Some(values[0].as_str()), "{}", field);
        }
    }
}
