//! From the catalog to what is written into a document.

use crate::catalog::{Catalog, Entity, SourcedField};
use crate::library::{NfoActor, NfoFacts, NfoField, NfoPicture, NfoRoot, NfoSeason};
use crate::model::{EntityType, EpisodeRange, Field, Guard, Layout, Placement, Provider, StreamDetails};
use crate::phase::PhaseError;

/// Who says what only names in the tree say.
const SOURCE_SCAN: &str = "scan";
/// Who says what a person says.
const SOURCE_USER: &str = "user";

/// By which id players are to go, the most trusted first.
const PROVIDERS: &[&str] = &["tmdb", "tvdb", "imdb", "musicbrainz", "musicbrainzreleasegroup"];

/// Whether more is known of an entity in words than its names tell.
pub(super) fn is_more_than_names(catalog: &Catalog, entity: &Entity) -> Result<bool, PhaseError> {
    Ok(catalog.sourced_metadata_of(entity.id)?.iter().any(|field| field.source != SOURCE_SCAN))
}

/// What is known of an entity; of a file with several episodes, of each of them. Empty for what has no documents.
pub(super) fn facts(catalog: &Catalog, entity: &Entity, placement: &Placement) -> Result<Vec<NfoFacts>, PhaseError> {
    let Some(root) = NfoRoot::of(entity.entity_type) else { return Ok(Vec::new()) };
    let guard = catalog.guard_of(entity.id)?;
    let known = catalog.fields_of(entity)?;
    let one = NfoFacts {
        root,
        season: entity.season,
        episode: entity.episode,
        belongs_to: belongs_to(catalog, entity)?,
        set: set(catalog, entity, &known, &guard)?,
        fields: known.into_iter().filter_map(|sourced| field(sourced, &guard)).collect(),
        ids: ids(catalog, entity)?,
        actors: actors(catalog, entity)?,
        has_own_cast: guard.is_locked(Field::ACTORS.as_str()),
        artwork: artwork(catalog, entity, &guard)?,
        seasons: seasons(catalog, entity)?,
        streams: streams(catalog, entity, placement)?,
    };
    Ok(match placement.episodes.filter(|range| range.is_several()) {
        Some(range) => each_episode(&one, range),
        None => vec![one],
    })
}

/// A file with several episodes has their titles with strokes between, where they are known. What else is known is of the
/// first of them, but for what a person says, which is of the file.
fn each_episode(one: &NfoFacts, range: EpisodeRange) -> Vec<NfoFacts> {
    let count = usize::from(range.last() - range.first()) + 1;
    let numbered = (range.first()..=range.last()).enumerate().map(|(at, number)| {
        let mut facts = NfoFacts { episode: Some(number), ..one.clone() };
        if at > 0 {
            facts.fields.retain(|field| field.is_own || field.field == Field::TITLE);
            (facts.ids, facts.artwork) = (Vec::new(), Vec::new());
        }
        for title in facts.fields.iter_mut().filter(|field| field.field == Field::TITLE) {
            let titles: Vec<String> = title.values.concat().split(" / ").map(str::to_owned).collect();
            if titles.len() == count {
                title.values = vec![titles[at].clone()];
            }
        }
        facts
    });
    numbered.collect()
}

/// The title of the series or artist.
fn belongs_to(catalog: &Catalog, entity: &Entity) -> Result<Option<String>, PhaseError> {
    let wanted = match entity.entity_type {
        EntityType::Episode => EntityType::Series,
        EntityType::Album => EntityType::Artist,
        _ => return Ok(None),
    };
    let mut above = entity.parent;
    // An episode belongs to a season, and that to a series.
    for _ in 0..3 {
        let Some(parent) = above.map(|id| catalog.entity(id)).transpose()?.flatten() else { break };
        if parent.entity_type == wanted {
            return Ok(Some(parent.title));
        }
        above = parent.parent;
    }
    Ok(None)
}

fn field(sourced: SourcedField, guard: &Guard) -> Option<NfoField> {
    let SourcedField { field, source } = sourced;
    let known: Field = field.field.parse().ok()?;
    let values = match known.has_several() {
        true => serde_json::from_str(&field.value).unwrap_or_else(|_| vec![field.value]),
        false => vec![field.value],
    };
    Some(NfoField { field: known, values, is_own: source == SOURCE_USER || guard.is_locked(known.as_str()) })
}

/// What a person says of the set, else the set that the film is in.
fn set(
    catalog: &Catalog,
    entity: &Entity,
    known: &[SourcedField],
    guard: &Guard,
) -> Result<Option<NfoField>, PhaseError> {
    if entity.entity_type != EntityType::Movie {
        return Ok(None);
    }
    let said = known.iter().find(|one| one.field.field == Field::SET.as_str()).cloned();
    if let Some(said) = said.and_then(|said| field(said, guard)) {
        return Ok(Some(said));
    }
    let is_own = guard.is_locked(Field::SET.as_str());
    Ok(catalog.set_of(entity.id)?.map(|title| NfoField { field: Field::SET, values: vec![title], is_own }))
}

fn ids(catalog: &Catalog, entity: &Entity) -> Result<Vec<(Provider, String)>, PhaseError> {
    let mut ids = catalog.external_ids_of(entity.id)?;
    let rank = |provider: &Provider| PROVIDERS.iter().position(|known| *known == provider.as_str());
    ids.sort_by_key(|(provider, _)| rank(provider).unwrap_or(PROVIDERS.len()));
    Ok(ids)
}

fn actors(catalog: &Catalog, entity: &Entity) -> Result<Vec<NfoActor>, PhaseError> {
    let portraits = catalog.portraits_of(entity.id)?;
    let one = |(credit, url): (crate::catalog::Credit, Option<String>)| NfoActor {
        name: credit.name,
        role: credit.role,
        url,
    };
    Ok(catalog.credits_of(entity.id)?.into_iter().zip(portraits).map(one).collect())
}

/// What is chosen and can be fetched by others, too.
fn artwork(catalog: &Catalog, entity: &Entity, guard: &Guard) -> Result<Vec<NfoPicture>, PhaseError> {
    let of = |file: crate::catalog::CacheFile| {
        let image_type = file.picture.image_type;
        let url = file.picture.source_url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))?;
        Some(NfoPicture { image_type, url, is_own: guard.is_locked(&image_type.to_string()) })
    };
    Ok(catalog.selections_of(entity.id)?.into_iter().filter_map(of).collect())
}

/// What a series tells of its seasons: names that somebody gave them, and their pictures.
fn seasons(catalog: &Catalog, entity: &Entity) -> Result<Vec<NfoSeason>, PhaseError> {
    if entity.entity_type != EntityType::Series {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    for season in catalog.children_of(entity.id)?.into_iter().filter(|below| !below.is_missing) {
        let Some(number) = season.season.filter(|_| season.entity_type == EntityType::Season) else { continue };
        let guard = catalog.guard_of(season.id)?;
        let is_name = |sourced: &SourcedField| sourced.field.field == "title" && sourced.source != SOURCE_SCAN;
        let title = catalog.fields_of(&season)?.into_iter().find(is_name).and_then(|name| field(name, &guard));
        told.push(NfoSeason { number, title, artwork: artwork(catalog, &season, &guard)? });
    }
    told.sort_by_key(|season| season.number);
    Ok(told)
}

/// Of a film in several files what the first tells, and how long they play together. Versions differ, so nothing is told.
fn streams(catalog: &Catalog, entity: &Entity, placement: &Placement) -> Result<Option<StreamDetails>, PhaseError> {
    let details = |path| Ok::<_, PhaseError>(catalog.stream_details(entity.library, path)?);
    let Some(first) = placement.video().filter(|_| placement.layout != Layout::Version) else { return Ok(None) };
    let Some(mut told) = details(first)? else { return Ok(None) };
    for part in &placement.videos[1..] {
        let further = details(part)?.and_then(|details| details.duration_ms);
        told.duration_ms = told.duration_ms.zip(further).map(|(one, other)| one.saturating_add(other));
    }
    Ok(Some(told))
}
