//! What has changed, from the catalog into what players are told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, CatalogError, Difference, Entity, Library};
use crate::model::{EntityId, EntityType, GenerationId, Layout, LibraryId};
use crate::player::{Change, Changes, Item};

/// Where a library, by its root, is seen.
type View<'a> = &'a dyn Fn(&Path) -> PathBuf;

/// What two generations show differently: item by item, or, where these are too many, which libraries it is in.
pub(super) fn between(
    catalog: &Catalog,
    from: GenerationId,
    to: GenerationId,
    view: View<'_>,
) -> Result<Changes, CatalogError> {
    if from == to {
        return Ok(Changes::Items(Vec::new()));
    }
    let roots = roots(catalog, view)?;
    let mut found = Found::default();
    match catalog.differences(from, to, |difference| found.add(&difference, &roots)) {
        // Nobody knows any more what that player has seen.
        Err(CatalogError::Forgotten { .. } | CatalogError::NoSuchGeneration { .. }) => {
            return Ok(Changes::Libraries(roots.into_values().collect()));
        }
        differences => differences?,
    }
    if found.are_too_many() {
        let roots = roots.into_iter().filter(|(library, _)| found.libraries.contains(library));
        return Ok(Changes::Libraries(roots.map(|(_, root)| root).collect()));
    }
    items(catalog, found.paths, &roots)
}

/// Everything that is shown of some items and of what belongs to them.
pub(super) fn of_items(catalog: &Catalog, items: &[EntityId], view: View<'_>) -> Result<Changes, CatalogError> {
    let roots = roots(catalog, view)?;
    let mut paths: BTreeMap<EntityId, Vec<PathBuf>> = BTreeMap::new();
    let mut open = items.to_vec();
    while let Some(item) = open.pop() {
        open.extend(catalog.children_of(item)?.into_iter().map(|child| child.id));
        let shown = catalog.mappings_of(item)?;
        let path = |mapping: &crate::catalog::Mapping| {
            Some(roots.get(&mapping.library)?.join(mapping.folder.join(&mapping.name).as_path()))
        };
        paths.insert(item, shown.iter().filter_map(path).collect());
    }
    if paths.len() > Changes::ITEMS_MAX {
        let libraries: Result<BTreeSet<LibraryId>, CatalogError> =
            items.iter().filter_map(|&item| catalog.entity(item).transpose()).map(|item| Ok(item?.library)).collect();
        let libraries = libraries?;
        let roots = roots.into_iter().filter(|(library, _)| libraries.contains(library));
        return Ok(Changes::Libraries(roots.map(|(_, root)| root).collect()));
    }
    self::items(catalog, paths, &roots)
}

/// All libraries.
pub(super) fn of_all(catalog: &Catalog, view: View<'_>) -> Result<Changes, CatalogError> {
    Ok(Changes::Libraries(roots(catalog, view)?.into_values().collect()))
}

/// What differs, as far as it is worth collecting.
#[derive(Default)]
struct Found {
    paths: BTreeMap<EntityId, Vec<PathBuf>>,
    libraries: BTreeSet<LibraryId>,
}

impl Found {
    fn are_too_many(&self) -> bool {
        self.paths.len() > Changes::ITEMS_MAX
    }

    fn add(&mut self, difference: &Difference, roots: &BTreeMap<LibraryId, PathBuf>) {
        self.libraries.insert(difference.library);
        let Some(root) = roots.get(&difference.library) else { return };
        let path = root.join(difference.folder.join(&difference.name).as_path());
        let entities = [&difference.before, &difference.after].into_iter().flatten().map(|shown| shown.entity);
        for entity in entities.collect::<BTreeSet<_>>() {
            // What is more than can be told one by one is only counted.
            if !self.are_too_many() {
                self.paths.entry(entity).or_default().push(path.clone());
            }
        }
    }
}

fn roots(catalog: &Catalog, view: View<'_>) -> Result<BTreeMap<LibraryId, PathBuf>, CatalogError> {
    let root = |library: Library| (library.id, view(&library.path));
    Ok(catalog.libraries()?.into_iter().map(root).collect())
}

fn items(
    catalog: &Catalog,
    paths: BTreeMap<EntityId, Vec<PathBuf>>,
    roots: &BTreeMap<LibraryId, PathBuf>,
) -> Result<Changes, CatalogError> {
    let mut changes = Vec::new();
    for (entity, paths) in paths {
        let Some(entity) = catalog.entity(entity)? else { continue };
        let Some(root) = roots.get(&entity.library) else { continue };
        changes.push(Change { item: item(catalog, &entity, root)?, paths });
    }
    Ok(Changes::Items(changes))
}

fn item(catalog: &Catalog, entity: &Entity, root: &Path) -> Result<Item, CatalogError> {
    let ids = catalog.external_ids_of(entity.id)?;
    let parent = head(catalog, entity)?.map(|head| item(catalog, &head, root)).transpose()?;
    Ok(Item {
        entity_type: entity.entity_type,
        title: entity.title.clone(),
        year: entity.year,
        ids: ids.into_iter().map(|(provider, id)| (provider.to_string(), id)).collect(),
        folder: root.join(entity.folder.as_path()),
        video: entity.video.as_ref().map(|video| root.join(video.as_path())),
        has_own_folder: !matches!(entity.layout, Layout::Flat),
        season: entity.season,
        episode: entity.episode,
        parent: parent.map(Box::new),
    })
}

/// The series of a season or episode, the artist of an album; `None` for everything else.
fn head(catalog: &Catalog, entity: &Entity) -> Result<Option<Entity>, CatalogError> {
    let Some(parent) = entity.parent else { return Ok(None) };
    let Some(parent) = catalog.entity(parent)? else { return Ok(None) };
    if parent.entity_type == EntityType::Season { head(catalog, &parent) } else { Ok(Some(parent)) }
}
