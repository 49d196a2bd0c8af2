//! Replies may be anything: no parser panics, and what is odd costs the entry it is in.

use proptest::prelude::*;
use serde_json::Value;

use posterfs::model::EntityType;
use posterfs::provider::{Answer, parse};

use crate::support::{ALBUM, fixture};

type Parser = fn(&[u8]) -> Result<Answer, String>;

fn images() -> url::Url {
    "https://example.org/".parse().unwrap()
}

/// Every parser of candidates with a reply that it understands.
fn parsers() -> Vec<(&'static str, &'static str, Parser)> {
    vec![
        ("tmdb film", "tmdb_movie.json", |b| parse::tmdb_details(b, EntityType::Movie, &images())),
        ("tmdb series", "tmdb_tv.json", |b| parse::tmdb_details(b, EntityType::Series, &images())),
        ("tmdb episode", "tmdb_episode.json", |b| parse::tmdb_details(b, EntityType::Episode, &images())),
        ("tmdb pictures", "tmdb_movie.json", |b| {
            let whole: Value = serde_json::from_slice(b).map_err(|error| error.to_string())?;
            parse::tmdb_images(whole["images"].to_string().as_bytes(), EntityType::Movie, &images())
        }),
        ("tvdb series", "tvdb_series.json", |b| tvdb_record(b, EntityType::Series)),
        ("tvdb film", "tvdb_movie.json", |b| tvdb_record(b, EntityType::Movie)),
        ("tvdb person", "tvdb_person.json", |b| parse::tvdb_person(b, &[], &images())),
        ("fanart.tv film", "fanarttv_movie.json", |b| parse::fanarttv_artwork(b, EntityType::Movie)),
        ("fanart.tv series", "fanarttv_tv.json", |b| parse::fanarttv_artwork(b, EntityType::Series)),
        ("fanart.tv artist", "fanarttv_artist.json", |b| parse::fanarttv_artwork(b, EntityType::Artist)),
        ("fanart.tv album", "fanarttv_album.json", |b| parse::fanarttv_album(b, ALBUM)),
        ("musicbrainz", "musicbrainz_artist.json", |b| parse::musicbrainz_record(b, "musicbrainz")),
        ("cover art", "coverart.json", parse::coverart_images),
    ]
}

fn tvdb_record(bytes: &[u8], entity_type: EntityType) -> Result<Answer, String> {
    let types = parse::TvdbArtworkTypes::default();
    parse::tvdb_record(bytes, entity_type, &images(), &types).map(|record| record.answer)
}

/// All parsers of other replies; what they find does not matter here.
fn others(bytes: &[u8]) {
    let _ = parse::tmdb_search(bytes);
    let _ = parse::tmdb_find(bytes, "movie_results");
    let _ = parse::tvdb_found(bytes);
    let _ = parse::tvdb_remote(bytes, "series");
    let _ = parse::tvdb_token(bytes);
    let _ = parse::TvdbArtworkTypes::parse(bytes);
    let _ = parse::musicbrainz_found(bytes, "artists", Some("x"));
}

/// What a value may be instead of what it should.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!([[{"id": {}}], null, "x"])),
    ]
}

/// The paths of all values in a document, of leaves and of what holds them.
fn paths(value: &Value, here: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(list) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in inner {
        let path = format!("{here}/{key}");
        found.push(path.clone());
        paths(value, &path, found);
    }
}

fn document(name: &str) -> (Value, Vec<String>) {
    let value: Value = serde_json::from_slice(&fixture(name, "https://example.org")).unwrap();
    let mut found = Vec::new();
    paths(&value, "", &mut found);
    (value, found)
}

/// Whether the value at that path is within one entry of a list of pictures.
fn is_in_entry(document: &Value, path: &str) -> bool {
    let mut at = document;
    let mut is_inside = false;
    for part in path.split('/').skip(1) {
        let inner = match at {
            Value::Array(list) => {
                is_inside |= list.iter().all(Value::is_object);
                list.get(part.parse::<usize>().unwrap()).unwrap()
            }
            _ => at.get(part.replace("~1", "/").replace("~0", "~")).unwrap(),
        };
        at = inner;
    }
    is_inside
}

#[test]
fn null_everywhere_is_no_error_and_costs_one_candidate() {
    for (name, file, parser) in parsers() {
        let (whole, paths) = document(file);
        let all = parser(whole.to_string().as_bytes()).unwrap().offers.len();
        for path in &paths {
            let mut changed = whole.clone();
            *changed.pointer_mut(path).unwrap() = Value::Null;
            let found = parser(changed.to_string().as_bytes());
            // Without the envelope around everything there is nothing to read.
            let Ok(answer) = found else {
                let is_around_all = path == "/data" && name.starts_with("tvdb") || path == "/images";
                assert!(is_around_all, "{name} {path}: {found:?}");
                continue;
            };
            let is_season = path.starts_with("/data/seasons");
            if is_in_entry(&whole, path) && !is_season && !path.contains("albums") {
                assert!(answer.offers.len() + 1 >= all, "{name} {path}: {} of {all}", answer.offers.len());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_parser_panics_on_any_bytes(bytes: Vec<u8>, text in "[\\{\\}\\[\\]\":,0-9a-z ]{0,200}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            for (_, _, parser) in parsers() {
                let _ = parser(bytes);
            }
            others(bytes);
        }
    }

    #[test]
    fn a_wrong_type_costs_one_candidate_and_an_unknown_key_none(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        odd in odd(),
    ) {
        let (name, file, parser) = parsers()[which.index(parsers().len())];
        let (mut whole, paths) = document(file);
        let all = parser(whole.to_string().as_bytes()).unwrap().offers;
        let path = place.get(&paths);
        let is_in_entry = is_in_entry(&whole, path) && !path.starts_with("/data/seasons") && !path.contains("albums");
        if let Some(map) = whole.pointer_mut(path).and_then(Value::as_object_mut) {
            map.insert("a key of tomorrow".into(), odd.clone());
            let found = parser(whole.to_string().as_bytes()).unwrap();
            prop_assert_eq!(&found.offers, &all, "{} {}", name, path);
        }
        *whole.pointer_mut(path).unwrap() = odd;
        let bytes = whole.to_string();
        others(bytes.as_bytes());
        if let (Ok(found), true) = (parser(bytes.as_bytes()), is_in_entry) {
            prop_assert!(found.offers.len() + 1 >= all.len(), "{} {}", name, path);
        }
    }
}
