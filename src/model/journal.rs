//! What is noted of choices beside the cache, so that the database can be made anew (docs/formats.md, "Journal").
//!
//! An entry tells the whole of one thing as it is, so the last entry of a thing holds and the earlier ones mean nothing.
//! Things are known by their numbers in one catalog; its *lineage* (a word that it was given when it was made) tells the
//! numbers of one from those of another.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::exact;
use super::{ContentHash, EntityType, ImageType, Layout, LibraryKind, LockOrigin, RelPath};

/// One thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JournalEntry {
    /// A library.
    Library(JournalLibrary),
    /// What was chosen for an entity. With nothing chosen any more, it says so.
    Item(Box<JournalItem>),
    /// The newest generation.
    Generation(JournalGeneration),
}

/// A library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLibrary {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its root.
    #[serde(with = "exact::path")]
    pub path: PathBuf,
    /// What it holds.
    #[serde(deserialize_with = "exact::parsed")]
    pub kind: LibraryKind,
    /// Its naming profiles.
    pub naming: String,
    /// When it was added, in seconds since 1970.
    pub added_at: i64,
    /// When it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<i64>,
}

/// A generation: the next one has a higher number and a later time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalGeneration {
    /// Its number.
    pub id: i64,
    /// When it was made, or the latest publish time there ever was, where that is later.
    pub at: i64,
}

/// Which entity it is: enough to make its row anew, and to know it again in a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntity {
    /// Its number.
    pub id: i64,
    /// What it is.
    #[serde(rename = "type", deserialize_with = "exact::parsed")]
    pub entity_type: EntityType,
    /// What identifies it in its library.
    #[serde(with = "exact::rel_path")]
    pub path: RelPath,
    /// The folder that its artwork goes to.
    #[serde(with = "exact::rel_path")]
    pub folder: RelPath,
    /// Its main video.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::optional_rel_path")]
    pub video: Option<RelPath>,
    /// How it lies on disk.
    #[serde(deserialize_with = "exact::parsed")]
    pub layout: Layout,
    /// Its title.
    pub title: String,
    /// The title it is sorted by.
    pub sort_title: String,
    /// Its year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// The season.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<u16>,
    /// The episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<u16>,
    /// The last episode of a file that holds several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_episode: Option<u16>,
    /// When it was first found.
    pub added_at: i64,
    /// Its ids at providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<JournalId>,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<JournalEntity>>,
}

/// An id at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalId {
    /// The provider.
    pub provider: String,
    /// The id.
    pub value: String,
    /// Who says so.
    pub source: String,
}

/// What was chosen for an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalItem {
    /// The number of its library.
    pub library: i64,
    /// Which entity.
    pub entity: JournalEntity,
    /// Whether automatic steps may touch it.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub monitored: bool,
    /// The selected pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selected: Vec<JournalChoice>,
    /// What must never be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<JournalBlocked>,
    /// What is said of locks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<JournalLock>,
    /// What a person says in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<JournalField>,
    /// Image types that were unpublished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<JournalWithheld>,
}

/// A picture that is selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalChoice {
    /// What it is of.
    #[serde(deserialize_with = "exact::parsed")]
    pub image_type: ImageType,
    /// Its bytes.
    #[serde(deserialize_with = "exact::parsed")]
    pub sha256: ContentHash,
    /// Its extension in the cache.
    pub extension: String,
    /// Who offers it: `user` for a person.
    pub provider: String,
    /// The provider's own name of it.
    pub key: String,
    /// Where the provider has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// Whether a person chose it.
    #[serde(default)]
    pub by_hand: bool,
    /// Where the picture came from: provider, file, url, original, program.
    pub source: String,
    /// The address or file it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// Who brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// A candidate that must never be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalBlocked {
    /// What it is of.
    #[serde(deserialize_with = "exact::parsed")]
    pub image_type: ImageType,
    /// Who offers it.
    pub provider: String,
    /// The provider's own name of it.
    pub key: String,
    /// Where the provider has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What is said of the lock of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLock {
    /// The field, an image type or `all`.
    pub field: String,
    /// Locked, or explicitly not.
    pub locked: bool,
    /// How that came about.
    pub origin: LockOrigin,
    /// When.
    pub at: i64,
}

/// What a person says of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalField {
    /// The field.
    pub field: String,
    /// Its value.
    pub value: String,
    /// When that was said.
    pub at: i64,
}

/// An image type that was unpublished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalWithheld {
    /// Which.
    #[serde(deserialize_with = "exact::parsed")]
    pub image_type: ImageType,
    /// When.
    pub at: i64,
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

impl JournalEntry {
    /// What the entry is about, within its lineage.
    #[must_use]
    pub fn subject(&self) -> JournalSubject {
        match self {
            Self::Library(library) => JournalSubject::Library(library.id),
            Self::Item(item) => JournalSubject::Item(item.entity.id),
            Self::Generation(_) => JournalSubject::Generation,
        }
    }
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JournalSubject {
    /// The newest generation; there is one.
    Generation,
    /// The library of that number.
    Library(i64),
    /// The entity of that number.
    Item(i64),
}
