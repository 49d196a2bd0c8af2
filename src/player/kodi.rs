//! Kodi, by JSON-RPC over HTTP.
//!
//! Three things are particular. A scan only finds what is new, so a known item is refreshed by its number in Kodi's
//! library. Kodi keeps copies of pictures by their address and looks at local files once a day at most, so the copies of what
//! changed are removed. And to ask for a scan while one runs ends that one, so it is asked first whether one runs.

use std::collections::BTreeSet;
use std::path::Path;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::path_map::{is_below, separator};
use super::wire::{Request, Wire, array, sentence};
use super::{Changes, Greeting, Item, PathMap, PlayerError, Told};
use crate::model::EntityType;

/// How often it is asked whether a scan has ended before the next one is put off, with growing waits between.
const SCAN_TRIES_MAX: u16 = 8;

/// Where new things are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Library {
    Video,
    Audio,
}

pub(super) async fn tell(wire: &Wire, paths: &PathMap, changes: &Changes) -> Result<(), PlayerError> {
    let kodi = Kodi { wire, paths };
    let mut unknown = BTreeSet::new();
    match changes {
        Changes::Libraries(folders) => {
            // Nobody knows here which of them holds music; a scan of the wrong library finds nothing.
            for folder in folders.iter().filter_map(|folder| paths.folder_there(folder)) {
                unknown.extend([(Library::Video, folder.clone()), (Library::Audio, folder)]);
            }
        }
        Changes::Items(items) => {
            let mut refreshed = BTreeSet::new();
            for change in items {
                for path in &change.paths {
                    kodi.forget_copies(path).await?;
                }
                match kodi.find(&change.item).await? {
                    Some(entry) if refreshed.insert(entry.clone()) => kodi.refresh(&change.item, &entry).await?,
                    Some(_) => {}
                    None => unknown.extend(kodi.folder_to_scan(&change.item)),
                }
            }
        }
    }
    kodi.scan(&unknown).await
}

pub(super) async fn greet(wire: &Wire) -> Result<Greeting, PlayerError> {
    let params = json!({ "properties": ["name", "version"] });
    let properties = ask(wire, "Application.GetProperties", params).await?;
    let version = &properties["version"];
    let number = |key: &str| version[key].as_u64().unwrap_or_default();
    let name = properties["name"].as_str().unwrap_or("Kodi");
    Ok(Greeting {
        name: sentence(name),
        version: format!("{}.{}", number("major"), number("minor")),
        hints: Vec::new(),
    })
}

/// What an item is in Kodi's library: the command that reads it again, with what identifies it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    command: &'static str,
    key: &'static str,
    number: i64,
}

/// How a type of item is asked for.
struct Question {
    list: &'static str,
    /// Where the list is in the reply.
    field: &'static str,
    /// Where the number of an item is in an element of it.
    key: &'static str,
    filter: Value,
    refresh: &'static str,
}

struct Kodi<'a> {
    wire: &'a Wire,
    paths: &'a PathMap,
}

impl Kodi<'_> {
    /// Removes the copies that Kodi keeps of what is, or was, under a path.
    async fn forget_copies(&self, path: &Path) -> Result<(), PlayerError> {
        let Some(path) = self.paths.there(path) else { return Ok(()) };
        let filter = json!({ "field": "url", "operator": "contains", "value": path });
        let params = json!({ "properties": ["url"], "filter": filter });
        let found = ask(self.wire, "Textures.GetTextures", params).await?;
        for texture in array(&found["textures"]) {
            let is_it = texture["url"].as_str().and_then(unwrapped).is_some_and(|url| url == path);
            if let Some(number) = texture["textureid"].as_i64().filter(|_| is_it) {
                self.command("Textures.RemoveTexture", json!({ "textureid": number }), &path).await?;
            }
        }
        Ok(())
    }

    /// The entry of an item; of a season that of its series. `None` for what Kodi does not know, or never reads again.
    async fn find(&self, item: &Item) -> Result<Option<Entry>, PlayerError> {
        let Some(question) = self.question(item) else { return Ok(None) };
        let params = json!({ "properties": properties(item), "filter": question.filter });
        let found = ask(self.wire, question.list, params).await?;
        let entry = array(&found[question.field]).iter().find(|entry| self.is_it(item, entry));
        let number = entry.and_then(|entry| entry[question.key].as_i64());
        Ok(number.map(|number| Entry { command: question.refresh, key: question.key, number }))
    }

    fn question(&self, item: &Item) -> Option<Question> {
        let below = |folder: &Path| {
            let folder = self.paths.folder_there(folder)?;
            Some(json!({ "field": "path", "operator": "startswith", "value": folder }))
        };
        let is = |field: &str, value: &str| json!({ "field": field, "operator": "is", "value": value });
        let question = |list, field, key, filter, refresh| Some(Question { list, field, key, filter, refresh });
        match item.entity_type {
            EntityType::Movie => {
                let filter = below(&item.folder)?;
                question("VideoLibrary.GetMovies", "movies", "movieid", filter, "VideoLibrary.RefreshMovie")
            }
            EntityType::Series | EntityType::Season => {
                let filter = below(&item.head().folder)?;
                question("VideoLibrary.GetTVShows", "tvshows", "tvshowid", filter, "VideoLibrary.RefreshTVShow")
            }
            EntityType::Episode => {
                let filter = below(&item.folder)?;
                question("VideoLibrary.GetEpisodes", "episodes", "episodeid", filter, "VideoLibrary.RefreshEpisode")
            }
            EntityType::Artist => {
                let filter = is("artist", &item.title);
                question("AudioLibrary.GetArtists", "artists", "artistid", filter, "AudioLibrary.RefreshArtist")
            }
            EntityType::Album => {
                let filter = json!({ "and": [is("album", &item.title), is("artist", &item.head().title)] });
                question("AudioLibrary.GetAlbums", "albums", "albumid", filter, "AudioLibrary.RefreshAlbum")
            }
            // Their pictures are read together with the films and series that they belong to.
            EntityType::Actor | EntityType::MovieSet => None,
        }
    }

    /// Whether an entry of the list that came back is the item: what is in its folder may be something else.
    fn is_it(&self, item: &Item, entry: &Value) -> bool {
        let file = entry["file"].as_str().unwrap_or_default();
        let is_at = |path: &Path| {
            let there = self.paths.there(path);
            there.is_some_and(|there| {
                file.trim_end_matches(separator(file)) == there.trim_end_matches(separator(&there))
            })
        };
        let is_in = |path: &Path| self.paths.there(path).is_some_and(|folder| is_below(file, &folder));
        match item.entity_type {
            EntityType::Artist | EntityType::Album => true,
            EntityType::Series | EntityType::Season => is_at(&item.head().folder),
            _ if item.video.as_deref().is_some_and(is_at) => true,
            // The parts of one film: stack://first , second
            _ if file.starts_with("stack://") => {
                let video = item.video.as_deref().and_then(|video| self.paths.there(video));
                video.is_some_and(|video| file["stack://".len()..].split(" , ").any(|part| part == video))
            }
            _ => item.has_own_folder && is_in(&item.folder),
        }
    }

    async fn refresh(&self, item: &Item, entry: &Entry) -> Result<(), PlayerError> {
        let params = json!({ entry.key: entry.number, "ignorenfo": false });
        self.command(entry.command, params, &item.told_as()).await
    }

    fn folder_to_scan(&self, item: &Item) -> Option<(Library, String)> {
        let library = match item.entity_type {
            EntityType::Actor | EntityType::MovieSet => return None,
            EntityType::Artist | EntityType::Album => Library::Audio,
            EntityType::Movie | EntityType::Series | EntityType::Season | EntityType::Episode => Library::Video,
        };
        let folder = if library == Library::Audio { &item.folder } else { &item.head().folder };
        Some((library, self.paths.folder_there(folder)?))
    }

    /// Lets Kodi look for new things, one folder after the other.
    async fn scan(&self, folders: &BTreeSet<(Library, String)>) -> Result<(), PlayerError> {
        for (library, folder) in folders {
            self.wait_until_idle().await?;
            let command = match library {
                Library::Video => "VideoLibrary.Scan",
                Library::Audio => "AudioLibrary.Scan",
            };
            self.command(command, json!({ "directory": folder, "showdialogs": false }), folder).await?;
        }
        Ok(())
    }

    /// Waits for a scan that runs. A film that plays is waited for by whoever tells later.
    async fn wait_until_idle(&self) -> Result<(), PlayerError> {
        let busy = |doing| PlayerError::Busy { player: self.wire.player, doing };
        let active = ask(self.wire, "Player.GetActivePlayers", json!({})).await?;
        if array(&active).iter().any(|player| player["type"] == "video") {
            return Err(busy("plays a video"));
        }
        let booleans = ["Library.IsScanningVideo", "Library.IsScanningMusic"];
        let mut waits = crate::net::waits(SCAN_TRIES_MAX, self.wire.wait);
        loop {
            let state = ask(self.wire, "XBMC.GetInfoBooleans", json!({ "booleans": booleans })).await?;
            if booleans.iter().all(|&name| state[name] != true) {
                return Ok(());
            }
            tokio::time::sleep(waits.next().ok_or_else(|| busy("is scanning its library"))?).await;
        }
    }

    async fn command(&self, method: &str, params: Value, about: &str) -> Result<(), PlayerError> {
        let told = Told { command: method.to_owned(), about: about.to_owned() };
        let request = rpc(method, params);
        match self.wire.command(&Request::post(&["jsonrpc"], request), told).await? {
            Some(reply) => result(self.wire, method, serde_json::from_slice(&reply).unwrap_or_default()).map(drop),
            None => Ok(()),
        }
    }
}

/// What is asked of an entry besides its number.
fn properties(item: &Item) -> &'static [&'static str] {
    match item.entity_type {
        EntityType::Artist | EntityType::Album => &[],
        _ => &["file"],
    }
}

async fn ask(wire: &Wire, method: &str, params: Value) -> Result<Value, PlayerError> {
    let reply = wire.ask(&Request::post(&["jsonrpc"], rpc(method, params))).await?;
    result(wire, method, reply)
}

fn rpc(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// Errors come with status 200.
fn result(wire: &Wire, method: &str, mut reply: Value) -> Result<Value, PlayerError> {
    let failed = |message| PlayerError::Command { player: wire.player, command: method.to_owned(), message };
    if let Some(error) = reply.get("error") {
        return Err(failed(sentence(error["message"].as_str().unwrap_or("it does not say why"))));
    }
    let result = reply.get_mut("result").map(Value::take);
    result.ok_or_else(|| failed("the reply is none of JSON-RPC".to_owned()))
}

/// The address inside `image://…/`; `None` for pictures that Kodi made itself (`image://video@…`).
fn unwrapped(url: &str) -> Option<String> {
    let Some(inner) = url.strip_prefix("image://") else { return Some(url.to_owned()) };
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let begins_so = |kind: &str| inner.strip_prefix(kind).is_some_and(|rest| rest.starts_with('@'));
    if ["video", "music", "picturefolder"].into_iter().any(begins_so) {
        return None;
    }
    Some(percent_decode_str(inner).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_copies_are_unwrapped_once() {
        for (url, wanted) in [
            ("image://smb%3a%2f%2fnas%2fFilm%20(1999)%2fposter.jpg/", Some("smb://nas/Film (1999)/poster.jpg")),
            ("image://%2fmedia%2fA%20%26%20B+C%2fposter.jpg/", Some("/media/A & B+C/poster.jpg")),
            ("image://%2fmedia%2f100%2525.jpg/", Some("/media/100%25.jpg")),
            ("/media/poster.jpg", Some("/media/poster.jpg")),
            ("image://video@%2fmedia%2ffilm.mkv/", None),
            ("image://%ff/", None),
        ] {
            assert_eq!(unwrapped(url).as_deref(), wanted, "{url}");
        }
    }
}
