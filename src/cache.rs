//! The content-addressed store of pictures: each picture once, named by what is in it, protected.
//!
//! [`Cache::put`] is the only way in for pictures. It gives a picture its place when it is whole, checked and durable, and never
//! touches it again; so whoever holds a [`Stored`] may write the database row. Beside each picture lies its provenance
//! ([`Cache::record`]): what it was chosen for and where it came from, enough to make the database anew.
//! `docs/formats.md` draws the folders and the format of the provenance.
//!
//! - `format`: what a file is, by its first bytes; `whole`: whether it has its end
//! - `decode`, `reduce`, `probe`: one decode, size, alpha and the hashes by which pictures are compared
//! - `document`: the other kind of content, metadata documents of our own making: [`Cache::put_document`]
//! - `thumbnail`: small copies, for people to look at
//! - `place`: where a picture lies; `folder`: folders by descriptor, never through links
//! - `durable`: which folders need not be synced again
//! - `temporary`: files that are not yet anything; `store`: `put` and `open`; `stored`: what is there
//! - `inventory`: what really lies there, for those who look after it; the protocol by which files are taken away
//! - `provenance`: records of what a picture serves; `journal`: what was chosen, to make the database anew

mod decode;
mod document;
mod durable;
mod error;
mod folder;
mod format;
mod inventory;
mod journal;
mod place;
mod probe;
mod provenance;
mod reduce;
#[cfg(test)]
mod samples;
mod store;
mod stored;
mod temporary;
mod thumbnail;
mod whole;

pub use document::{DOCUMENT_BYTES_MAX, NotADocument, StoredDocument, hash_of_document, is_document};
pub use error::CacheError;
pub use format::{PictureFormat, StoredFormat, StoredFormatError};
pub use inventory::{Alone, FoundFile, Inventory, Located, Stray};
pub use journal::{Journal, JournalIndex, JournalKey};
pub use probe::{Limits, Picture, Refusal, probe};
pub use provenance::{Origin, ProvenanceRecord, Records};
pub use store::{Cache, Stored};
pub use stored::{StoredFile, Usage};
pub use thumbnail::{Thumbnail, thumbnail};
