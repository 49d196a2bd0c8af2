//! What TMDB's replies say, as functions of their bytes.

use serde_json::Value;
use url::Url;

use crate::model::{EntityType, ImageKind};
use crate::provider::answer::{Answer, Offer, Person, id};
use crate::provider::language::language;
use crate::provider::lenient::{count, list, name, number, object, pixels, several, text, word, year};
use crate::score::Found;

/// How many people of a cast are looked at.
const PEOPLE_MAX: usize = 50;

/// The reply to a request for details, with the pictures that came along.
///
/// # Errors
/// When it is no JSON object.
pub fn details(bytes: &[u8], entity_type: EntityType, images: &Url) -> Result<Answer, String> {
    let value = object(bytes)?;
    let original_language = text(&value, "original_language").and_then(|code| language(code, None));
    let mut answer = Answer { original_language, ..Answer::default() };
    add_pictures(&mut answer, value.get("images").unwrap_or(&value), entity_type, images);
    if entity_type != EntityType::Season && entity_type != EntityType::Episode {
        add_ids(&mut answer, &value);
    }
    add_fields(&mut answer, &value, entity_type);
    // Seasons and episodes have guests of their own; who plays in them is told of the series.
    if matches!(entity_type, EntityType::Movie | EntityType::Series) {
        add_people(&mut answer, &value);
    }
    Ok(answer)
}

/// Who plays in it: of a series in all its seasons, where the reply has these credits, else in the last one.
fn add_people(answer: &mut Answer, value: &Value) {
    let casts = ["aggregate_credits", "credits"].iter().filter_map(|key| Some(list(value.get(key)?, "cast")));
    let cast = casts.into_iter().find(|cast| !cast.is_empty()).unwrap_or_default();
    for entry in cast.iter().take(PEOPLE_MAX) {
        match (name(entry, "name"), word(entry, "id")) {
            (Some(name), Some(number)) => {
                let role = text(entry, "character").or_else(|| text(list(entry, "roles").first()?, "character"));
                let role = role.unwrap_or_default().to_owned();
                answer.people.push(Person { name: name.to_owned(), role, ids: id("tmdb", number) });
            }
            _ => answer.dropped += 1,
        }
    }
}

/// The reply to a request for pictures alone.
///
/// # Errors
/// When it is no JSON object.
pub fn images(bytes: &[u8], entity_type: EntityType, images: &Url) -> Result<Answer, String> {
    let mut answer = Answer::default();
    add_pictures(&mut answer, &object(bytes)?, entity_type, images);
    Ok(answer)
}

/// The results of a search, whatever was searched for.
///
/// # Errors
/// When it is no JSON object.
pub fn search(bytes: &[u8]) -> Result<Vec<Found>, String> {
    let value = object(bytes)?;
    let found = list(&value, "results").iter().filter_map(|result| {
        let titles = ["title", "original_title", "name", "original_name"];
        let titles: Vec<String> = titles.iter().filter_map(|key| text(result, key)).map(str::to_owned).collect();
        let year = ["release_date", "first_air_date"].iter().find_map(|key| year(result, key));
        (!titles.is_empty()).then_some(Found { id: word(result, "id")?, titles, year })
    });
    Ok(found.collect())
}

/// The ids in one of the five lists that finding by a foreign id answers; numbers elsewhere are not unique, so the other
/// lists may have something unrelated.
///
/// # Errors
/// When it is no JSON object.
pub fn find(bytes: &[u8], results: &str) -> Result<Vec<String>, String> {
    let value = object(bytes)?;
    Ok(list(&value, results).iter().filter_map(|result| word(result, "id")).collect())
}

/// Which list has which pictures.
const LISTS: &[&str] = &["posters", "backdrops", "logos", "stills", "profiles"];

fn add_pictures(answer: &mut Answer, value: &Value, entity_type: EntityType, images: &Url) {
    for name in LISTS {
        for entry in list(value, name) {
            match offer(entry, name, entity_type, images) {
                Some(offer) => answer.offers.push(offer),
                None => answer.dropped += 1,
            }
        }
    }
}

fn offer(entry: &Value, list_name: &str, entity_type: EntityType, images: &Url) -> Option<Offer> {
    let path = text(entry, "file_path").filter(|path| is_picture_path(path))?;
    let language = text(entry, "iso_639_1").and_then(|code| language(code, text(entry, "iso_3166_1")));
    let kind = match list_name {
        "posters" if language.is_none() && has_key_art(entity_type) => ImageKind::KeyArt,
        "posters" => ImageKind::Poster,
        // A background with a title on it is a landscape.
        "backdrops" if language.is_some() => ImageKind::Landscape,
        "backdrops" => ImageKind::Fanart,
        "logos" => ImageKind::ClearLogo,
        "stills" => ImageKind::Thumb,
        _ => ImageKind::ActorThumb,
    };
    // Drawings are offered as text; the same path with another extension is a picture.
    let delivered = path.strip_suffix(".svg").map_or_else(|| path.to_owned(), |stem| format!("{stem}.png"));
    Some(Offer {
        kind,
        key: path.to_owned(),
        url: format!("{}/original{delivered}", images.as_str().trim_end_matches('/')),
        width: pixels(entry, "width"),
        height: pixels(entry, "height"),
        language,
        vote_average: number(entry, "vote_average"),
        vote_count: count(entry, "vote_count"),
        season: None,
    })
}

/// Only films, series and sets tell posters without text apart; untagged posters of seasons mostly do have text.
fn has_key_art(entity_type: EntityType) -> bool {
    matches!(entity_type, EntityType::Movie | EntityType::Series | EntityType::MovieSet)
}

/// `/abc.jpg`: a path of one component, as it becomes part of an address.
fn is_picture_path(path: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    path.len() < 200
        && path.strip_prefix('/').is_some_and(|name| !name.is_empty() && name != ".." && name.bytes().all(is_plain))
}

fn add_ids(answer: &mut Answer, value: &Value) {
    answer.add_id("tmdb", word(value, "id"));
    let elsewhere = value.get("external_ids").unwrap_or(value);
    let imdb = text(elsewhere, "imdb_id").or_else(|| text(value, "imdb_id"));
    answer.add_id("imdb", imdb.map(str::to_owned));
    answer.add_id("tvdb", word(elsewhere, "tvdb_id").filter(|id| id != "0"));
}

fn add_fields(answer: &mut Answer, value: &Value, entity_type: EntityType) {
    let owned = |key: &str| text(value, key).map(str::to_owned);
    if matches!(entity_type, EntityType::Actor) {
        answer.add_field("plot", owned("biography"));
        return answer.add_field("premiered", owned("birthday"));
    }
    let date = ["release_date", "first_air_date", "air_date"].iter().find_map(|key| owned(key));
    answer.add_field("title", owned("title").or_else(|| owned("name")));
    answer.add_field("original_title", owned("original_title").or_else(|| owned("original_name")));
    answer.add_field("original_language", answer.original_language.as_ref().map(ToString::to_string));
    answer.add_field("plot", owned("overview"));
    answer.add_field("tagline", owned("tagline"));
    answer.add_field("premiered", date);
    let rating = number(value, "vote_average").filter(|&rating| rating > 0.0);
    answer.add_field("rating", rating.map(|rating| format!("{rating:.1}")));
    answer.add_field("votes", count(value, "vote_count").filter(|&votes| votes > 0).map(|votes| votes.to_string()));
    answer.add_field("runtime", count(value, "runtime").filter(|&minutes| minutes > 0).map(|m| m.to_string()));
    answer.add_field("genres", several(value, "genres", "name"));
    answer.add_field(
        "studios",
        several(value, "production_companies", "name").or_else(|| several(value, "networks", "name")),
    );
    answer.add_field("content_rating", content_rating(value));
    answer.add_field("set", value.get("belongs_to_collection").and_then(|set| text(set, "name")).map(str::to_owned));
}

/// What the United States say, as players expect it.
fn content_rating(value: &Value) -> Option<String> {
    let is_home = |entry: &&Value| text(entry, "iso_3166_1") == Some("US");
    let of_film = || {
        let releases = list(value.get("release_dates")?, "results").iter().find(is_home)?;
        list(releases, "release_dates").iter().find_map(|release| text(release, "certification"))
    };
    let of_series = || text(list(value.get("content_ratings")?, "results").iter().find(is_home)?, "rating");
    of_film().or_else(of_series).map(str::to_owned)
}
