//! Which entity a user means: an id, a provider id, a path or a title, always exactly one.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::catalog::{Catalog, Entity, EntityFilter, Library};
use crate::model::{EntityType, ItemChild, ItemRef, ItemTarget, Provider, RelPath};

use super::{ItemCandidate, PhaseError};

/// Items read at once.
const PAGE: u32 = 500;

/// The one entity that `item` names. Relative paths are relative to `working_folder`. Among several, those that the last
/// scan found come before those that are missing.
///
/// # Errors
/// When there is none or more than one, or the catalog cannot be read.
pub fn resolve(catalog: &Catalog, item: &ItemRef, working_folder: &Path) -> Result<Entity, PhaseError> {
    let found = match &item.target {
        ItemTarget::Id(id) => match catalog.entity(*id)? {
            Some(entity) => vec![entity],
            // A title may be a number: `1917`.
            None => by_title(catalog, &id.to_string())?,
        },
        ItemTarget::External(provider, value) => by_external_id(catalog, provider, value)?,
        ItemTarget::Path(path) => by_path(catalog, &working_folder.join(path))?,
        ItemTarget::Title(title) => by_title(catalog, title)?,
    };
    let entity = only_one(catalog, item, found)?;
    match item.child {
        None => Ok(entity),
        Some(child) => child_of(catalog, item, entity, child),
    }
}

/// All entities that a filter leaves, in the order of lists.
///
/// # Errors
/// When the catalog cannot be read.
pub fn matching(catalog: &Catalog, filter: &EntityFilter) -> Result<Vec<Entity>, PhaseError> {
    let mut found: Vec<Entity> = Vec::new();
    loop {
        let page = catalog.list_entities(filter, found.last().map(Entity::list_key).as_ref(), PAGE)?;
        let is_last = page.len() < PAGE as usize;
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}

/// The title of an entity for people: with its year, and for a season or episode behind that of its series.
///
/// # Errors
/// When the catalog cannot be read.
pub fn full_title(catalog: &Catalog, entity: &Entity) -> Result<String, PhaseError> {
    let own = |entity: &Entity| match entity.year {
        Some(year) => format!("{} ({year})", entity.title),
        None => entity.title.clone(),
    };
    let above = |entity: &Entity| entity.parent.map(|parent| catalog.entity(parent)).transpose().map(Option::flatten);
    Ok(match (entity.entity_type, entity.season, entity.episode) {
        (EntityType::Season, Some(season), _) => {
            above(entity)?.map_or_else(|| own(entity), |series| format!("{}, season {season}", own(&series)))
        }
        (EntityType::Episode, Some(season), Some(episode)) => {
            let of_season = above(entity)?;
            let series = of_season.as_ref().map(above).transpose()?.flatten().map(|series| own(&series) + ", ");
            format!("{}S{season:02}E{episode:02} {}", series.unwrap_or_default(), entity.title)
        }
        _ => own(entity),
    })
}

fn only_one(catalog: &Catalog, item: &ItemRef, found: Vec<Entity>) -> Result<Entity, PhaseError> {
    let is_any_there = found.iter().any(|entity| !entity.is_missing);
    let mut found: Vec<Entity> = found.into_iter().filter(|entity| !(is_any_there && entity.is_missing)).collect();
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(PhaseError::NoSuchItem { item: item.to_string() }),
        (Some(entity), true) => Ok(entity),
        (Some(last), false) => {
            found.push(last);
            let candidates = found.iter().map(|entity| candidate(catalog, entity)).collect::<Result<_, _>>()?;
            Err(PhaseError::AmbiguousItem { item: item.to_string(), candidates })
        }
    }
}

fn candidate(catalog: &Catalog, entity: &Entity) -> Result<ItemCandidate, PhaseError> {
    let root = catalog.library(entity.library)?.map_or_else(PathBuf::new, |library| library.path);
    let path = root.join(entity.path.as_path());
    Ok(ItemCandidate { id: entity.id, title: entity.title.clone(), year: entity.year, path })
}

fn child_of(catalog: &Catalog, item: &ItemRef, entity: Entity, child: ItemChild) -> Result<Entity, PhaseError> {
    let none = |entity: &Entity| PhaseError::NoSuchChild {
        entity_type: entity.entity_type,
        id: entity.id,
        child: match child.episode {
            None => format!("season {}", child.season),
            Some(episode) => format!("episode {episode} in season {}", child.season),
        },
    };
    let seasons = catalog.children_of(entity.id)?.into_iter();
    let is_season = |season: &Entity| season.entity_type == EntityType::Season && season.season == Some(child.season);
    let Some(season) = seasons.into_iter().find(is_season) else { return Err(none(&entity)) };
    let Some(number) = child.episode else { return Ok(season) };
    let episodes = catalog.children_of(season.id)?.into_iter();
    // A file may hold several: each of them names it.
    let is_it = |episode: &Entity| episode.episodes().is_some_and(|range| range.contains(number));
    let episodes: Vec<_> = episodes.filter(is_it).collect();
    if episodes.is_empty() { Err(none(&entity)) } else { only_one(catalog, item, episodes) }
}

fn by_external_id(catalog: &Catalog, provider: &Provider, value: &str) -> Result<Vec<Entity>, PhaseError> {
    let found = catalog.entities_by_external_id(provider, value)?;
    if found.is_empty() {
        Ok(catalog.entities_by_external_id(provider, &value.to_ascii_lowercase())?)
    } else {
        Ok(found)
    }
}

/// The whole text may be the title (`2001: A Space Odyssey (Restored)`), or its end may be the year.
fn by_title(catalog: &Catalog, text: &str) -> Result<Vec<Entity>, PhaseError> {
    let text = text.trim();
    if let Some((title, year)) = title_and_year(text) {
        let found = catalog.entities_by_title(title, Some(year))?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(catalog.entities_by_title(text, None)?)
}

fn title_and_year(text: &str) -> Option<(&str, u16)> {
    let (title, year) = text.strip_suffix(')')?.rsplit_once('(')?;
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    is_year.then(|| Some((title.trim_end(), year.parse().ok()?)))?
}

/// The entities of a folder or file. A file that is nobody's main file (a picture, a subtitle) names whatever the
/// nearest folder above it is.
fn by_path(catalog: &Catalog, path: &Path) -> Result<Vec<Entity>, PhaseError> {
    let spellings = spellings(path);
    let places = in_libraries(catalog, &spellings)?;
    for (full, library, below) in &places {
        let exists = full.symlink_metadata().is_ok();
        let folders_above = || std::iter::successors(below.parent(), RelPath::parent).filter(|p| !p.is_root());
        for place in std::iter::once(below.clone()).chain(folders_above().filter(|_| exists)) {
            let found = catalog.entities_at(library.id, &place)?;
            if !found.is_empty() {
                return Ok(identified_by(&place, found));
            }
        }
    }
    match (places.is_empty(), spellings.into_iter().next()) {
        (true, Some(path)) => Err(PhaseError::OutsideLibraries { path }),
        _ => Ok(Vec::new()),
    }
}

/// The library that a path lies in, and where it lies beneath its root; the inner one of two libraries.
///
/// # Errors
/// When it lies in none, or the catalog cannot be read.
pub fn library_at(catalog: &Catalog, path: &Path) -> Result<(Library, RelPath), PhaseError> {
    let found = in_libraries(catalog, &spellings(path))?;
    let inner = found.into_iter().min_by_key(|(_, _, below)| below.as_bytes().len());
    let (_, library, below) = inner.ok_or_else(|| PhaseError::OutsideLibraries { path: path.to_owned() })?;
    Ok((library, below))
}

/// Where these spellings of a path lie beneath the roots of libraries.
fn in_libraries(catalog: &Catalog, spellings: &[PathBuf]) -> Result<Vec<(PathBuf, Library, RelPath)>, PhaseError> {
    let libraries = catalog.libraries()?;
    let place = |full: &PathBuf, library: &Library| {
        let below = full.strip_prefix(&library.path).ok()?;
        let below = RelPath::parse(below.as_os_str().as_bytes()).ok()?;
        Some((full.clone(), library.clone(), below))
    };
    Ok(spellings.iter().flat_map(|full| libraries.iter().filter_map(move |library| place(full, library))).collect())
}

/// Those that the path identifies come before those that have their artwork or video there: a series before its seasons,
/// a season before its episodes.
fn identified_by(place: &RelPath, found: Vec<Entity>) -> Vec<Entity> {
    let is_any = found.iter().any(|entity| entity.path == *place);
    found.into_iter().filter(|entity| !is_any || entity.path == *place).collect()
}

/// The path as it was typed, then with the links on the way resolved, then with all links resolved: libraries may be
/// reached through links, and videos may be links.
fn spellings(path: &Path) -> Vec<PathBuf> {
    let typed = without_dots(path);
    let folder_resolved = typed.parent().and_then(|parent| Some(parent.canonicalize().ok()?.join(typed.file_name()?)));
    let all_resolved = path.canonicalize().ok();
    let mut spellings = vec![typed];
    for other in [folder_resolved, all_resolved].into_iter().flatten() {
        if !spellings.contains(&other) {
            spellings.push(other);
        }
    }
    spellings
}

fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
