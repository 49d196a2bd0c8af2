//! Plex.
//!
//! A scan of a folder does not read the pictures of what Plex knows, so a known item is refreshed by its key. It is found
//! in the section whose folder it lies in: films and episodes by their files, series by their ids and titles, since
//! their folders are in no list.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::path_map::is_below;
use super::wire::{Request, Wire, array, sentence};
use super::{Changes, Greeting, Item, PathMap, PlayerError, Told};
use crate::model::EntityType;

/// Items of one page of a list.
const PAGE: usize = 500;
/// A list is followed for so many pages; an item behind them is named by its folder.
const PAGES_MAX: usize = 40;

/// A part of the library that Plex shows by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    key: String,
    folders: Vec<String>,
}

pub(super) async fn tell(wire: &Wire, paths: &PathMap, changes: &Changes) -> Result<(), PlayerError> {
    let sections = sections(wire).await?;
    let plex = Plex { wire, paths, sections };
    match changes {
        Changes::Libraries(roots) => {
            let whole: BTreeSet<_> = roots
                .iter()
                .filter_map(|root| paths.there(root))
                .flat_map(|root| plex.sections.iter().filter(move |section| section.touches(&root)))
                .map(|section| section.key.clone())
                .collect();
            for key in whole {
                plex.scan(&key, None).await?;
            }
        }
        Changes::Items(items) => {
            let mut folders = BTreeSet::new();
            for change in items {
                let Some((key, folder)) = plex.place(&change.item) else { continue };
                match plex.find(&key, &change.item).await? {
                    Some(number) => plex.refresh(&number, &change.item).await?,
                    None => drop(folders.insert((key, folder))),
                }
            }
            for (key, folder) in folders {
                plex.scan(&key, Some(&folder)).await?;
            }
        }
    }
    Ok(())
}

pub(super) async fn greet(wire: &Wire) -> Result<Greeting, PlayerError> {
    let reply = wire.ask(&Request::get(&[], &[])).await?;
    let text = |key: &str| sentence(reply["MediaContainer"][key].as_str().unwrap_or_default());
    Ok(Greeting { name: text("friendlyName"), version: text("version"), hints: Vec::new() })
}

async fn sections(wire: &Wire) -> Result<Vec<Section>, PlayerError> {
    let reply = wire.ask(&Request::get(&["library", "sections"], &[])).await?;
    let section = |entry: &Value| {
        let folder = |location: &Value| location["path"].as_str().map(str::to_owned);
        let folders = array(&entry["Location"]).iter().filter_map(folder).collect();
        Some(Section { key: text(&entry["key"])?, folders })
    };
    Ok(array(&reply["MediaContainer"]["Directory"]).iter().filter_map(section).collect())
}

impl Section {
    /// How many bytes of a path its folders account for; `None` where it does not lie in them.
    fn fits(&self, path: &str) -> Option<usize> {
        self.folders.iter().filter(|folder| is_below(path, folder)).map(String::len).max()
    }

    /// Whether anything of a folder is in it.
    fn touches(&self, folder: &str) -> bool {
        self.folders.iter().any(|own| is_below(own, folder) || is_below(folder, own))
    }
}

struct Plex<'a> {
    wire: &'a Wire,
    paths: &'a PathMap,
    sections: Vec<Section>,
}

impl Plex<'_> {
    /// The section that an item is in, and the folder of it there.
    fn place(&self, item: &Item) -> Option<(String, String)> {
        kind(item.entity_type)?;
        let folder = self.paths.there(&item.head().folder)?;
        let section = self.sections.iter().filter_map(|section| Some((section.fits(&folder)?, section)));
        let (_, section) = section.max_by_key(|(length, _)| *length)?;
        Some((section.key.clone(), folder))
    }

    /// Plex's key of an item; `None` for what it does not know.
    async fn find(&self, section: &str, item: &Item) -> Result<Option<String>, PlayerError> {
        let Some(kind) = kind(item.entity_type) else { return Ok(None) };
        if let (EntityType::Season, Some(series)) = (item.entity_type, item.parent.as_deref()) {
            let Some(series) = Box::pin(self.find(section, series)).await? else { return Ok(None) };
            let seasons = self.wire.ask(&Request::get(&["library", "metadata", &series, "children"], &[])).await?;
            let is_it = |entry: &&Value| entry["index"].as_u64() == item.season.map(u64::from);
            return Ok(metadata(&seasons).iter().find(is_it).and_then(|entry| text(&entry["ratingKey"])));
        }
        let file = item.video.as_deref().and_then(|video| self.paths.there(video));
        for page in 0..PAGES_MAX {
            let (start, size) = ((page * PAGE).to_string(), PAGE.to_string());
            let mut parameters = vec![("type", kind), ("includeGuids", "1")];
            parameters.extend([("X-Plex-Container-Start", start.as_str()), ("X-Plex-Container-Size", size.as_str())]);
            // A title as it is here need not be Plex's, so lists of films are not filtered: their files tell them.
            if matches!(item.entity_type, EntityType::Artist | EntityType::Album) {
                parameters.push(("title", item.title.as_str()));
            }
            let reply = self.wire.ask(&Request::get(&["library", "sections", section, "all"], &parameters)).await?;
            let entries = metadata(&reply);
            if let Some(entry) = entries.iter().find(|entry| is_it(item, file.as_deref(), entry)) {
                return Ok(text(&entry["ratingKey"]));
            }
            if entries.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    async fn refresh(&self, number: &str, item: &Item) -> Result<(), PlayerError> {
        let path = ["library", "metadata", number, "refresh"];
        let request = Request { method: Method::PUT, path: &path, parameters: &[], body: None };
        let told = Told { command: "PUT /library/metadata/{key}/refresh".to_owned(), about: item.told_as() };
        self.wire.command(&request, told).await.map(drop)
    }

    /// Lets Plex look through a section, or a folder of it.
    async fn scan(&self, section: &str, folder: Option<&str>) -> Result<(), PlayerError> {
        let parameters: Vec<(&str, &str)> = folder.map(|folder| ("path", folder)).into_iter().collect();
        let path = ["library", "sections", section, "refresh"];
        let request = Request::get(&path, &parameters);
        let about = folder.map_or_else(|| format!("section {}", sentence(section)), str::to_owned);
        let told = Told { command: "GET /library/sections/{key}/refresh".to_owned(), about };
        self.wire.command(&request, told).await.map(drop)
    }
}

/// Plex's number of a type of item; `None` for those whose pictures are read together with films and series.
fn kind(entity_type: EntityType) -> Option<&'static str> {
    Some(match entity_type {
        EntityType::Movie => "1",
        EntityType::Series => "2",
        EntityType::Season => "3",
        EntityType::Episode => "4",
        EntityType::Artist => "8",
        EntityType::Album => "9",
        EntityType::Actor | EntityType::MovieSet => return None,
    })
}

/// Whether an entry of a list is the item.
fn is_it(item: &Item, file: Option<&str>, entry: &Value) -> bool {
    let parts = array(&entry["Media"]).iter().flat_map(|media| array(&media["Part"]));
    let mut files = parts.filter_map(|part| part["file"].as_str());
    let mut ids = array(&entry["Guid"]).iter().filter_map(|guid| guid["id"].as_str()?.split_once("://"));
    match item.entity_type {
        EntityType::Movie | EntityType::Episode => file.is_some_and(|file| files.any(|found| found == file)),
        EntityType::Series => {
            let has_title = || entry["title"] == item.title.as_str();
            let has_year = || item.year.is_none() || entry["year"].as_u64() == item.year.map(u64::from);
            ids.any(|(provider, id)| item.id(provider) == Some(id)) || (has_title() && has_year())
        }
        EntityType::Artist => entry["title"] == item.title.as_str(),
        EntityType::Album => {
            entry["title"] == item.title.as_str() && entry["parentTitle"] == item.head().title.as_str()
        }
        EntityType::Season | EntityType::Actor | EntityType::MovieSet => false,
    }
}

fn metadata(reply: &Value) -> &[Value] {
    array(&reply["MediaContainer"]["Metadata"])
}

/// Keys are texts, and in some versions numbers.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()))
}
