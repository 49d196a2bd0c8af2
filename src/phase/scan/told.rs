//! What metadata files tell of an item.
//!
//! A file that lies beside the media was made for it, so it comes before what names tell, as in all players; where the two
//! disagree on an id, that is reported.

use crate::catalog::{DeclaredArtwork, MetadataField, ScannedCredit, ScannedItem, ScannedSet};
use crate::library::{Nfo, NfoArtwork, NfoEntry};
use crate::model::{EntityType, Provider, sort_title};

/// What a metadata file tells of others than its item.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Where it disagrees with names.
    pub(super) conflicts: Vec<String>,
    /// Pictures of seasons that the file of a series names.
    pub(super) of_seasons: Vec<NfoArtwork>,
}

/// A picture in a metadata file, as it is recorded.
pub(super) struct NamedArtwork;

impl NamedArtwork {
    /// The row of a picture.
    pub(super) fn of(artwork: &NfoArtwork) -> DeclaredArtwork {
        DeclaredArtwork { image_type: artwork.image_type, url: artwork.url.clone() }
    }
}

/// Puts what the file tells into the item.
pub(super) fn tell(item: &mut ScannedItem, nfo: &Nfo) -> Told {
    let main = nfo.entry_of(item.entity_type, item.season, item.episode);
    let entries: Vec<&NfoEntry> = nfo.entries_of(item.entity_type).collect();
    let ids = nfo.ids_of(main);
    let mut told = Told { conflicts: merge_ids(item, ids), ..Told::default() };
    if let Some(entry) = main {
        tell_entry(item, entry, &entries);
        told.of_seasons = entry.artwork.iter().filter(|artwork| artwork.season.is_some()).cloned().collect();
    }
    told
}

fn tell_entry(item: &mut ScannedItem, entry: &NfoEntry, all: &[&NfoEntry]) {
    // A file with several episodes has several titles.
    let titles: Vec<&str> = match item.last_episode {
        Some(_) => all.iter().filter_map(|entry| entry.title.as_deref()).collect(),
        None => entry.title.as_deref().into_iter().collect(),
    };
    if !titles.is_empty() {
        item.title = titles.join(" / ");
        item.sort_title = sort_title(&item.title);
    }
    if let Some(sort_title) = &entry.sort_title {
        item.sort_title = sort_title.to_lowercase();
    }
    item.year = entry.year.filter(|_| item.entity_type != EntityType::Season).or(item.year);
    item.metadata = fields(item, entry);
    let own = entry.artwork.iter().filter(|artwork| artwork.season.is_none());
    item.artwork.extend(own.map(NamedArtwork::of));
    item.set = entry
        .set
        .clone()
        .filter(|_| item.entity_type == EntityType::Movie)
        .map(|name| ScannedSet { name, originals: Vec::new() });
    item.credits = entry
        .actors
        .iter()
        .map(|actor| ScannedCredit {
            name: actor.name.clone(),
            role: actor.role.clone(),
            url: actor.url.clone(),
            originals: Vec::new(),
        })
        .collect();
}

fn fields(item: &ScannedItem, entry: &NfoEntry) -> Vec<MetadataField> {
    let title = entry.title.as_ref().map(|_| ("title", vec![item.title.clone()]));
    let sort_title = entry.sort_title.as_ref().map(|title| ("sort_title", vec![title.clone()]));
    let year = entry.year.map(|year| ("year", vec![year.to_string()]));
    let all = title.into_iter().chain(sort_title).chain(year).chain(entry.fields.iter().cloned());
    all.map(|(field, values)| MetadataField { field: field.to_owned(), value: shown(field, values) }).collect()
}

/// Fields with several values are lists, by their names in the plural.
fn shown(field: &str, mut values: Vec<String>) -> String {
    if field.ends_with('s') && field != "status" {
        return serde_json::Value::from(values).to_string();
    }
    values.pop().unwrap_or_default()
}

/// Puts the ids of the file before those of names. Where they disagree, that is told.
fn merge_ids(item: &mut ScannedItem, told: Vec<(Provider, String)>) -> Vec<String> {
    let mut conflicts = Vec::new();
    let named = std::mem::replace(&mut item.ids, told);
    for (provider, value) in named {
        match item.ids.iter().find(|(known, _)| *known == provider) {
            None => item.ids.push((provider, value)),
            Some((_, told)) if *told != value => conflicts.push(format!(
                "it says {provider}:{told}, the name says {provider}:{value}; the file was followed, correct one of them"
            )),
            Some(_) => {}
        }
    }
    conflicts
}
