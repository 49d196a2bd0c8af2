//! Jellyfin and Emby, which share an ancestor and most of its API.
//!
//! An item is found by its path, of which there is no filter, so a list is gone through that is kept short by type, year and
//! parent. What is found has its pictures read again; what is not is named by its folder, and the server looks there after
//! a minute.

use std::collections::HashMap;
use std::path::Path;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::path_map::is_below;
use super::wire::{Request, Wire, sentence};
use super::{Access, Change, Changes, Greeting, Item, PathMap, PlayerError, PlayerKind, Told};
use crate::model::EntityType;

/// Items of one page of a list.
const PAGE: usize = 500;
/// A list is followed for so many pages; an item behind them is named by its folder.
const PAGES_MAX: usize = 40;

/// An element of a list. What is missing or odd in it only keeps it from being found.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    provider_ids: Option<HashMap<String, Value>>,
    #[serde(default)]
    index_number: Option<i64>,
}

/// Which list: the types in it, the year or parent that keeps it short.
type ListKey = (&'static str, Option<u16>, Option<String>);

pub(super) async fn tell(wire: &Wire, access: &Access, changes: &Changes) -> Result<(), PlayerError> {
    let mut server = Server { wire, kind: access.kind, paths: &access.paths, lists: HashMap::new() };
    let mut folders = Vec::new();
    match changes {
        Changes::Libraries(roots) => folders.extend(roots.iter().filter_map(|root| access.paths.there(root))),
        Changes::Items(items) => {
            for change in items {
                match server.find(&change.item).await? {
                    Some(id) => server.refresh(change, &id).await?,
                    None => folders.extend(server.folder_to_scan(&change.item)),
                }
            }
        }
    }
    folders.sort();
    folders.dedup();
    server.look_into(&folders).await
}

pub(super) async fn greet(wire: &Wire) -> Result<Greeting, PlayerError> {
    // Not the public page: this one tells whether the key is taken.
    let info = wire.ask(&Request::get(&["System", "Info"], &[])).await?;
    let text = |key: &str| sentence(info[key].as_str().unwrap_or_default());
    let is_jellyfin = text("ProductName").starts_with("Jellyfin");
    let hint = match wire.player {
        PlayerKind::Emby if is_jellyfin => Some("this is a Jellyfin server: configure it as [player.jellyfin]"),
        PlayerKind::Jellyfin if !is_jellyfin => Some("this is no Jellyfin server: if it is Emby, use [player.emby]"),
        _ => None,
    };
    let hints = hint.map(str::to_owned).into_iter().collect();
    Ok(Greeting { name: text("ServerName"), version: text("Version"), hints })
}

struct Server<'a> {
    wire: &'a Wire,
    kind: PlayerKind,
    paths: &'a PathMap,
    lists: HashMap<ListKey, Vec<Entry>>,
}

impl Server<'_> {
    /// The server's number of an item; `None` for what it does not know.
    async fn find(&mut self, item: &Item) -> Result<Option<String>, PlayerError> {
        let Some(types) = types(item.entity_type) else { return Ok(None) };
        let parent = match (item.entity_type, item.parent.as_deref()) {
            (EntityType::Season | EntityType::Episode, Some(series)) => {
                let Some(series) = Box::pin(self.find(series)).await? else { return Ok(None) };
                Some(series)
            }
            _ => None,
        };
        let year = item.year.filter(|_| parent.is_none());
        let key = (types, year, parent);
        if !self.lists.contains_key(&key) {
            let list = self.list(&key).await?;
            self.lists.insert(key.clone(), list);
        }
        let list = self.lists.get(&key).map(Vec::as_slice).unwrap_or_default();
        Ok(best(item, list, self.paths).map(|entry| entry.id.clone()))
    }

    async fn list(&self, (types, year, parent): &ListKey) -> Result<Vec<Entry>, PlayerError> {
        let year = year.map(|year| year.to_string());
        let mut list = Vec::new();
        for page in 0..PAGES_MAX {
            let (start, limit) = ((page * PAGE).to_string(), PAGE.to_string());
            let mut parameters = vec![("recursive", "true"), ("includeItemTypes", *types)];
            parameters.extend([("fields", "Path,ProviderIds"), ("startIndex", &start), ("limit", &limit)]);
            parameters.extend(year.as_deref().map(|year| ("years", year)));
            parameters.extend(parent.as_deref().map(|parent| ("parentId", parent)));
            let mut reply = self.wire.ask(&Request::get(&["Items"], &parameters)).await?;
            let Some(Value::Array(items)) = reply.get_mut("Items").map(Value::take) else { break };
            let is_last = items.len() < PAGE;
            list.extend(items.into_iter().filter_map(|entry| serde_json::from_value::<Entry>(entry).ok()));
            if is_last {
                break;
            }
        }
        Ok(list)
    }

    async fn refresh(&self, change: &Change, id: &str) -> Result<(), PlayerError> {
        // What is written in metadata files is only read again by a full refresh. Nothing is replaced by what the server
        // would find on the network.
        let metadata = if change.has_metadata() { "FullRefresh" } else { "ValidationOnly" };
        let names = match self.kind {
            PlayerKind::Emby => {
                ["MetadataRefreshMode", "ImageRefreshMode", "ReplaceAllImages", "ReplaceAllMetadata", "Recursive"]
            }
            _ => ["metadataRefreshMode", "imageRefreshMode", "replaceAllImages", "replaceAllMetadata", "recursive"],
        };
        let values = [metadata, "FullRefresh", "false", "false", "false"];
        let parameters: Vec<(&str, &str)> = names.into_iter().zip(values).collect();
        let path = ["Items", id, "Refresh"];
        let request = Request { method: Method::POST, path: &path, parameters: &parameters, body: None };
        self.command(&request, "POST /Items/{id}/Refresh", &change.item.told_as()).await
    }

    fn folder_to_scan(&self, item: &Item) -> Option<String> {
        types(item.entity_type)?;
        self.paths.there(&item.head().folder)
    }

    /// Names folders to look into. The server answers the same whether or not it knows them.
    async fn look_into(&self, folders: &[String]) -> Result<(), PlayerError> {
        if folders.is_empty() {
            return Ok(());
        }
        let update = |path: &String| json!({ "Path": path, "UpdateType": "Modified" });
        let body = json!({ "Updates": folders.iter().map(update).collect::<Vec<_>>() });
        let request = Request::post(&["Library", "Media", "Updated"], body);
        self.command(&request, "POST /Library/Media/Updated", &folders.join(", ")).await
    }

    async fn command(&self, request: &Request<'_>, command: &str, about: &str) -> Result<(), PlayerError> {
        let told = Told { command: command.to_owned(), about: about.to_owned() };
        self.wire.command(request, told).await.map(drop)
    }
}

/// What the server calls a type of item; `None` for those whose pictures are read together with films and series.
fn types(entity_type: EntityType) -> Option<&'static str> {
    Some(match entity_type {
        EntityType::Movie => "Movie",
        EntityType::Series => "Series",
        EntityType::Season => "Season",
        EntityType::Episode => "Episode",
        EntityType::Artist => "MusicArtist",
        EntityType::Album => "MusicAlbum",
        EntityType::Actor | EntityType::MovieSet => return None,
    })
}

/// The entry of an item: what has its path, else what lies in its folder, else what has its ids. Of seasons the number
/// decides, as few of them have a folder.
fn best<'a>(item: &Item, list: &'a [Entry], paths: &PathMap) -> Option<&'a Entry> {
    if item.entity_type == EntityType::Season {
        return list.iter().find(|entry| entry.index_number == item.season.map(i64::from));
    }
    let there = |path: &Path| paths.there(path);
    let at = |path: Option<String>| {
        let path = path?;
        list.iter().find(|entry| entry.path.as_ref() == Some(&path))
    };
    let within = |folder: Option<String>| {
        let folder = folder?;
        list.iter().find(|entry| entry.path.as_ref().is_some_and(|path| is_below(path, &folder)))
    };
    let own = item.has_own_folder && item.entity_type == EntityType::Movie;
    at(there(item.path()))
        .or_else(|| own.then(|| within(there(&item.folder))).flatten())
        .or_else(|| list.iter().find(|entry| has_id_of(entry, item)))
}

fn has_id_of(entry: &Entry, item: &Item) -> bool {
    entry.provider_ids.iter().flatten().any(|(provider, id)| {
        let ours = item.id(&provider.to_ascii_lowercase());
        ours.is_some_and(|ours| id.as_str() == Some(ours))
    })
}
