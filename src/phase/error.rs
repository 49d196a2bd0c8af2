//! What can go wrong in a phase.

use std::io;
use std::path::{Path, PathBuf};

use crate::cache::CacheError;
use crate::catalog::CatalogError;
use crate::library::LibraryError;
use crate::model::{CandidateId, EntityId, EntityType, ImageType, show_bytes};
use crate::naming::ProfileError;
use crate::provider::ProviderError;
use crate::recycle::RecycleError;

use super::ExportError;

/// Why a phase did not do its work. What it had done before stays, and running it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum PhaseError {
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The tree of a library cannot be read.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The cache failed.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The recycle bin failed.
    #[error(transparent)]
    Recycle(#[from] RecycleError),
    /// Nothing can be exported to the target.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A provider failed at what only it could do.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A candidate's provider cannot be asked.
    #[error("{provider} is not enabled, or has no key: see `posterfs config`")]
    NoProvider {
        /// Its word.
        provider: String,
    },
    /// A candidate is one of something else.
    #[error("candidate {candidate} is a {kind} of item {owner}; `posterfs candidates ITEM` shows those of an item")]
    OtherCandidate {
        /// The candidate.
        candidate: CandidateId,
        /// What it is of.
        kind: &'static str,
        /// Whose it is.
        owner: EntityId,
    },
    /// Nothing of that type is selected for the item whose picture is to be shared.
    #[error("no {image_type} is selected for item {item}; `posterfs show {item}` tells what is")]
    NothingToShare {
        /// The item.
        item: EntityId,
        /// What the picture is of.
        image_type: ImageType,
    },
    /// The title of an item is the name by which players look for its artwork.
    #[error(
        "the title of the {entity_type} {id} is the name that players look for its pictures by; it cannot be another"
    )]
    NamedByTitle {
        /// What it is.
        entity_type: EntityType,
        /// Its number.
        id: EntityId,
    },
    /// What waits for the network cannot be started.
    #[error("cannot start what waits for the network: {source}")]
    Runtime {
        /// Why.
        source: io::Error,
    },
    /// A part of the program ended too early.
    #[error("the work was stopped before its end; run it again")]
    Stopped,
    /// The database is whole, and knows more than the cache does.
    #[error(
        "the database {} is whole, and knows more than the cache does (its history, what providers told): nothing needs to be made anew; if it is to be all the same, say --force",
        show_path(path)
    )]
    DatabaseIsWhole {
        /// The file.
        path: PathBuf,
    },
    /// A file that the user named cannot be opened.
    #[error("cannot open {}: {source}; give a picture file (JPEG, PNG, WebP or GIF)", show_path(path))]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A tree of its own is made for one library.
    #[error("{profiles} makes a tree of one library; say of which with `--library NAME`")]
    TreeOfWhich {
        /// The profile.
        profiles: String,
    },
    /// A library's naming profiles are not known.
    #[error("the library {library} cannot be published: {source}")]
    Naming {
        /// The name of the library.
        library: String,
        /// Which word is none.
        source: ProfileError,
    },
    /// The root of a library has nothing in it, which looks like a disk that is not mounted.
    #[error(
        "the library {library} at {} is empty, so nothing was changed; is its disk mounted? If it is gone for good, run \
         `posterfs library remove {library}`",
        show_path(path)
    )]
    RootEmpty {
        /// The name of the library.
        library: String,
        /// Its root.
        path: PathBuf,
    },
    /// Nothing known goes by what the user typed.
    #[error("there is no item `{item}`; `posterfs list` shows what is known, `posterfs scan` looks for what is new")]
    NoSuchItem {
        /// What was typed.
        item: String,
    },
    /// Several entities go by what the user typed.
    #[error("`{item}` may be one of several items, give the number of one of them: {}", shown(candidates))]
    AmbiguousItem {
        /// What was typed.
        item: String,
        /// The entities.
        candidates: Vec<ItemCandidate>,
    },
    /// A path lies in no library.
    #[error(
        "{} lies in no library; `posterfs library list` shows them, `posterfs library add` adds one",
        show_path(path)
    )]
    OutsideLibraries {
        /// The full path.
        path: PathBuf,
    },
    /// The record of something in the recycle bin names no place that it may be brought back to.
    #[error(
        "{id} was at {}, which is in no library; say where it shall go: `posterfs recycle restore {id} --to DIR`",
        show_path(origin)
    )]
    NoPlaceToBringBack {
        /// The entry.
        id: String,
        /// What its record says.
        origin: PathBuf,
    },
    /// An item has no such season or episode.
    #[error("the {entity_type} {id} has no {child}")]
    NoSuchChild {
        /// What it is.
        entity_type: EntityType,
        /// Its number.
        id: EntityId,
        /// The season or episode that was asked for.
        child: String,
    },
}

/// One of several entities that a user may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemCandidate {
    /// Its number.
    pub id: EntityId,
    /// Its title.
    pub title: String,
    /// Its year.
    pub year: Option<u16>,
    /// Where it is.
    pub path: PathBuf,
}

fn show_path(path: &Path) -> String {
    show_bytes(path.as_os_str().as_encoded_bytes())
}

/// More would not be read.
const CANDIDATES_SHOWN: usize = 10;

fn shown(candidates: &[ItemCandidate]) -> String {
    let one = |ItemCandidate { id, title, year, path }: &ItemCandidate| {
        let year = year.map(|year| format!(" ({year})")).unwrap_or_default();
        format!("{id} is {title}{year} at {}", show_path(path))
    };
    let mut shown: Vec<String> = candidates.iter().take(CANDIDATES_SHOWN).map(one).collect();
    if candidates.len() > CANDIDATES_SHOWN {
        shown.push(format!("and {} more", candidates.len() - CANDIDATES_SHOWN));
    }
    shown.join("; ")
}
