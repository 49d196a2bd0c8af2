//! What TheTVDB's replies say, as functions of their bytes.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use crate::model::{EntityType, ImageKind, Language};
use crate::provider::answer::{Answer, Offer, Person, id};
use crate::provider::language::language;
use crate::provider::lenient::{count, list, name, number, object, pixels, several, text, word, year};
use crate::score::Found;

use super::types::ArtworkTypes;

/// How many people of a cast are looked at.
const PEOPLE_MAX: usize = 50;

/// The token in the reply to a login.
///
/// # Errors
/// When there is none.
pub fn token(bytes: &[u8]) -> Result<String, String> {
    let value = object(bytes)?;
    let token = value.get("data").and_then(|data| text(data, "token"));
    token.map(str::to_owned).ok_or_else(|| "it has no token".to_owned())
}

/// The results of a search. The same record may come twice, with different years.
///
/// # Errors
/// When it is no JSON object.
pub fn found(bytes: &[u8]) -> Result<Vec<Found>, String> {
    let value = object(bytes)?;
    let found = list(&value, "data").iter().filter_map(|result| {
        let translations = result.get("translations").and_then(Value::as_object);
        let translated = translations.into_iter().flat_map(|map| map.values()).filter_map(Value::as_str);
        let aliases = list(result, "aliases").iter().filter_map(Value::as_str);
        let titles = text(result, "name").into_iter().chain(translated).chain(aliases);
        Some(Found {
            id: word(result, "tvdb_id")?,
            titles: titles.map(without_year).collect(),
            year: year(result, "year").or_else(|| year(result, "first_air_time")),
        })
    });
    Ok(found.collect())
}

/// Titles that are not unique have their year behind them here: `Battlestar Galactica (2003)`.
fn without_year(title: &str) -> String {
    let stripped = title.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    match stripped {
        Some((title, year)) if year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) => title.to_owned(),
        _ => title.to_owned(),
    }
}

/// The ids of the records of that kind (`series`, `movie`) that a foreign id leads to.
///
/// # Errors
/// When it is no JSON object.
pub fn remote(bytes: &[u8], kind: &str) -> Result<Vec<String>, String> {
    let value = object(bytes)?;
    let mut ids: Vec<String> = list(&value, "data").iter().filter_map(|entry| word(entry.get(kind)?, "id")).collect();
    ids.dedup();
    Ok(ids)
}

/// An extended record of a series or film.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it tells. Artwork of seasons has its season; everything else has none.
    pub answer: Answer,
    /// Whether it has artwork of a type that the table does not have.
    pub has_new_types: bool,
}

/// An extended record of a series or film, by that table of artwork types.
///
/// # Errors
/// When it is no JSON object, or says that it failed.
pub fn record(bytes: &[u8], entity_type: EntityType, images: &Url, types: &ArtworkTypes) -> Result<Record, String> {
    let value = object(bytes)?;
    let data = value.get("data").filter(|data| data.is_object()).ok_or("it has no data")?;
    let seasons = seasons(data);
    let mut answer = Answer::default();
    let mut has_new_types = false;
    for entry in list(data, "artworks") {
        let number = count(entry, "type");
        has_new_types |= number.is_some_and(|number| !types.knows(number));
        match number.and_then(|number| types.meaning(number)) {
            None => {}
            Some((kind, is_of_season)) => match offer(entry, kind, is_of_season, &seasons, images) {
                Some(offer) => answer.offers.push(offer),
                None => answer.dropped += 1,
            },
        }
    }
    if entity_type != EntityType::Season {
        add_facts(&mut answer, data, entity_type);
        add_people(&mut answer, data);
    }
    Ok(Record { answer, has_new_types })
}

/// Who plays in it, in the order of billing. Directors, writers and guests of single episodes are in the same list.
fn add_people(answer: &mut Answer, data: &Value) {
    let is_actor = |entry: &&Value| text(entry, "peopleType") == Some("Actor") || count(entry, "type") == Some(3);
    let mut cast: Vec<&Value> = list(data, "characters").iter().filter(is_actor).collect();
    cast.sort_by_key(|entry| count(entry, "sort").unwrap_or(u32::MAX));
    for entry in cast.into_iter().take(PEOPLE_MAX) {
        match (name(entry, "personName"), word(entry, "peopleId")) {
            (Some(name), Some(number)) => {
                let role = text(entry, "name").unwrap_or_default().to_owned();
                answer.people.push(Person { name: name.to_owned(), role, ids: id("tvdb", number) });
            }
            _ => answer.dropped += 1,
        }
    }
}

/// An extended record of a person: one portrait at most, the ids elsewhere, and facts in the first of the languages.
///
/// # Errors
/// When it is no JSON object, or says that it failed.
pub fn person(bytes: &[u8], languages: &[Language], images: &Url) -> Result<Answer, String> {
    let value = object(bytes)?;
    let data = value.get("data").filter(|data| data.is_object()).ok_or("it has no data")?;
    let mut answer = Answer::default();
    let number = word(data, "id");
    if let (Some(number), Some(url)) = (&number, text(data, "image").and_then(|image| absolute(image, images))) {
        let (width, height) = (Some(300), Some(450));
        let (kind, key) = (ImageKind::ActorThumb, format!("person-{number}"));
        let (language, vote_average, vote_count, season) = (None, None, None, None);
        answer.offers.push(Offer { kind, key, url, width, height, language, vote_average, vote_count, season });
    }
    answer.add_id("tvdb", number);
    add_remote_ids(&mut answer, data, "nm");
    let is_wanted = |entry: &&Value| {
        let code = text(entry, "language").and_then(|code| language(code, None));
        languages.first().is_some_and(|wanted| code.is_some_and(|code| code.base() == wanted.base()))
    };
    let biography = list(data, "biographies").iter().find(is_wanted).and_then(|entry| text(entry, "biography"));
    answer.add_field("plot", biography.map(str::to_owned));
    answer.add_field("premiered", text(data, "birth").map(str::to_owned));
    Ok(answer)
}

/// Record of a season → its number, and whether it is of the official numbering. Every numbering has its own records.
fn seasons(data: &Value) -> HashMap<u64, (u16, bool)> {
    let entries = list(data, "seasons").iter().filter_map(|season| {
        let id = season.get("id")?.as_u64()?;
        let number = u16::try_from(count(season, "number")?).ok()?;
        let is_official = season.get("type").and_then(|kind| text(kind, "type")) == Some("official");
        Some((id, (number, is_official)))
    });
    entries.collect()
}

fn offer(
    entry: &Value,
    kind: ImageKind,
    is_of_season: bool,
    seasons: &HashMap<u64, (u16, bool)>,
    images: &Url,
) -> Option<Offer> {
    let season = match is_of_season {
        true => Some(*seasons.get(&entry.get("seasonId")?.as_u64()?)?),
        false => None,
    };
    let language = text(entry, "language").and_then(|code| language(code, None));
    let has_no_text = entry.get("includesText").and_then(Value::as_bool) == Some(false);
    let kind = if kind == ImageKind::Poster && has_no_text && !is_of_season { ImageKind::KeyArt } else { kind };
    // The score is some 100000 and the votes for it. What belongs to another numbering is second choice: no votes.
    let is_official = season.is_none_or(|(_, is_official)| is_official);
    let votes = count(entry, "score").map(|score| score.saturating_sub(100_000)).filter(|_| is_official).unwrap_or(0);
    Some(Offer {
        kind,
        key: word(entry, "id")?,
        url: absolute(text(entry, "image")?, images)?,
        width: pixels(entry, "width"),
        height: pixels(entry, "height"),
        language: language.filter(|_| !has_no_text),
        vote_average: (votes > 0).then_some(10.0),
        vote_count: Some(votes),
        season: season.map(|(number, _)| number),
    })
}

/// Some pictures are listed with a path alone.
fn absolute(image: &str, images: &Url) -> Option<String> {
    images.join(image).ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(Into::into)
}

fn add_facts(answer: &mut Answer, data: &Value, entity_type: EntityType) {
    let owned = |key: &str| text(data, key).map(str::to_owned);
    answer.original_language = text(data, "originalLanguage").and_then(|code| language(code, None));
    answer.add_id("tvdb", word(data, "id"));
    add_remote_ids(answer, data, "tt");
    // Its title and overview are those of the original language.
    answer.add_field("original_title", owned("name"));
    answer.add_field("original_language", answer.original_language.as_ref().map(ToString::to_string));
    answer.add_field("genres", several(data, "genres", "name"));
    if entity_type == EntityType::Series {
        answer.add_field("premiered", owned("firstAired"));
    }
    let minutes = ["averageRuntime", "runtime"].iter().find_map(|key| count(data, key)).filter(|&minutes| minutes > 0);
    answer.add_field("runtime", minutes.map(|minutes| minutes.to_string()));
}

/// Its ids elsewhere; those at IMDb begin with what its kind of record does there.
fn add_remote_ids(answer: &mut Answer, data: &Value, imdb_prefix: &str) {
    for remote in list(data, "remoteIds") {
        let id = text(remote, "id").map(str::to_owned);
        match text(remote, "sourceName") {
            Some("IMDB") => answer.add_id("imdb", id.filter(|id| id.starts_with(imdb_prefix))),
            Some("TheMovieDB.com") => {
                answer.add_id("tmdb", id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit())));
            }
            _ => {}
        }
    }
}

/// One page of a list of episodes, as far as one episode is concerned.
pub(super) struct Page {
    pub(super) answer: Answer,
    pub(super) is_last: bool,
}

/// Looks for an episode on a page.
pub(super) fn episodes(bytes: &[u8], season: u16, episode: u16, images: &Url) -> Result<Page, String> {
    let value = object(bytes)?;
    let is_last = value.get("links").is_none_or(|links| text(links, "next").is_none());
    let mut answer = Answer::default();
    let data = value.get("data").unwrap_or(&Value::Null);
    let is_wanted = |entry: &&Value| {
        count(entry, "seasonNumber") == Some(season.into()) && count(entry, "number") == Some(episode.into())
    };
    if let Some(entry) = list(data, "episodes").iter().find(is_wanted) {
        answer.add_field("title", text(entry, "name").map(str::to_owned));
        answer.add_field("plot", text(entry, "overview").map(str::to_owned));
        answer.add_field("premiered", text(entry, "aired").map(str::to_owned));
        answer.offers.extend(still(entry, season, images));
    }
    Ok(Page { answer, is_last })
}

fn still(entry: &Value, season: u16, images: &Url) -> Option<Offer> {
    // 11 is 16:9, 12 is 4:3; anything else is no still.
    let (width, height) = match number(entry, "imageType") {
        Some(12.0) => (640, 480),
        _ => (640, 360),
    };
    Some(Offer {
        kind: ImageKind::Thumb,
        key: format!("episode-{}", word(entry, "id")?),
        url: absolute(text(entry, "image")?, images)?,
        width: Some(width),
        height: Some(height),
        language: None,
        vote_average: None,
        vote_count: None,
        season: Some(season),
    })
}
