//! Items to tell of, and players to tell.

use std::path::PathBuf;
use std::time::Duration;

use posterfs::config::Secret;
use posterfs::model::EntityType;
use posterfs::player::{self, Access, Change, Changes, Item, PathMap, PlayerError, PlayerKind, Replacement, Told};
use serde_json::Value;

use super::server::{Asked, Server};

/// A player at a server's address, which sees `/media` as `/data`.
pub fn access(kind: PlayerKind, server: &Server) -> Access {
    let replacement = Replacement { from: PathBuf::from("/media"), to: "/data".to_owned() };
    Access {
        kind,
        url: server.url().parse().unwrap(),
        key: Secret::from(if kind == PlayerKind::Kodi { "" } else { "s3cret" }.to_owned()),
        user: if kind == PlayerKind::Kodi { "kodi" } else { "" }.to_owned(),
        password: Secret::from("pass".to_owned()),
        paths: PathMap::new(vec![replacement]),
        timeout: Duration::from_secs(10),
        retries: 2,
        wait: Duration::from_millis(1),
    }
}

pub fn film() -> Item {
    Item {
        entity_type: EntityType::Movie,
        title: "Heat".to_owned(),
        year: Some(1995),
        ids: vec![("tmdb".to_owned(), "949".to_owned())],
        folder: PathBuf::from("/media/films/Heat (1995)"),
        video: Some(PathBuf::from("/media/films/Heat (1995)/Heat.mkv")),
        has_own_folder: true,
        season: None,
        episode: None,
        parent: None,
    }
}

pub fn series() -> Item {
    Item {
        entity_type: EntityType::Series,
        title: "Show & Tell".to_owned(),
        year: Some(2008),
        ids: vec![("tvdb".to_owned(), "81189".to_owned())],
        folder: PathBuf::from("/media/tv/Show & Tell"),
        video: None,
        ..film()
    }
}

pub fn season() -> Item {
    Item {
        entity_type: EntityType::Season,
        title: "Season 1".to_owned(),
        year: None,
        ids: Vec::new(),
        season: Some(1),
        parent: Some(Box::new(series())),
        ..series()
    }
}

pub fn episode() -> Item {
    Item {
        entity_type: EntityType::Episode,
        title: "Pilot".to_owned(),
        year: None,
        ids: Vec::new(),
        folder: PathBuf::from("/media/tv/Show & Tell/Season 1"),
        video: Some(PathBuf::from("/media/tv/Show & Tell/Season 1/Show - s01e02.mkv")),
        has_own_folder: false,
        season: Some(1),
        episode: Some(2),
        parent: Some(Box::new(series())),
    }
}

pub fn album() -> Item {
    let artist = Item {
        entity_type: EntityType::Artist,
        title: "Björk".to_owned(),
        year: None,
        ids: Vec::new(),
        folder: PathBuf::from("/media/music/Björk"),
        video: None,
        ..film()
    };
    Item {
        entity_type: EntityType::Album,
        title: "Debut".to_owned(),
        year: Some(1993),
        folder: PathBuf::from("/media/music/Björk/Debut"),
        parent: Some(Box::new(artist.clone())),
        ..artist
    }
}

/// Its poster has changed.
pub fn changed(item: Item) -> Change {
    let paths = vec![item.folder.join("poster.jpg")];
    Change { item, paths }
}

pub fn items(items: impl IntoIterator<Item = Item>) -> Changes {
    Changes::Items(items.into_iter().map(changed).collect())
}

pub fn libraries(folders: &[&str]) -> Changes {
    Changes::Libraries(folders.iter().map(PathBuf::from).collect())
}

/// Tells, from a runtime as a phase has it.
pub fn tell(access: &Access, changes: &Changes) -> Result<Vec<Told>, PlayerError> {
    block_on(player::tell(access, changes, false))
}

pub fn rehearse(access: &Access, changes: &Changes) -> Result<Vec<Told>, PlayerError> {
    block_on(player::tell(access, changes, true))
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// `METHOD /path?name=value`, parameters in order of their names.
pub fn line(asked: &Asked) -> String {
    let parameters: Vec<String> = asked.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    format!("{} {}{query}", asked.method, asked.path)
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub fn commands(told: &[Told]) -> Vec<String> {
    told.iter().map(|told| format!("{}: {}", told.command, told.about)).collect()
}
