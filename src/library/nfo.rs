//! Metadata files (NFO) as Kodi, Jellyfin, Emby and managers write them.
//!
//! They come from anywhere: with a wrong encoding, cut off in the middle, with addresses behind the XML, or as fifty
//! megabytes of something else. What can be read is taken, the rest is a [`NfoProblem`]; nothing here fails, and nothing
//! takes more memory than its limits say.
//!
//! - `text.rs`: from bytes to text.
//! - `tree.rs`: from text to elements, within limits.
//! - `entry.rs`: from elements to what they mean.
//! - `address.rs`: ids in addresses of providers.
//!
//! And the way back, [`write_nfo`]:
//!
//! - `write.rs`: from what is known of an item to parts of a document.
//! - `compose.rs`: parts put into what a file of the tree says already.
//! - `split.rs`: such a file in pieces that can be copied byte by byte.

mod address;
mod compose;
mod entry;
mod split;
mod text;
mod tree;
mod write;

#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use crate::model::{ContentHash, EntityType, Provider, RelPath};

use super::{LibraryError, Source};

pub use entry::{NfoActor, NfoArtwork, NfoEntry, NfoRoot};
pub use write::{NfoBase, NfoFacts, NfoField, NfoPicture, NfoSeason, write_nfo};

/// More of a file is not read. The longest that Kodi writes have some hundred kilobytes.
pub const NFO_BYTES_MAX: u64 = 1 << 20;

/// What a metadata file tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nfo {
    /// Its entries: several for a file with several episodes.
    pub entries: Vec<NfoEntry>,
    /// Ids in addresses beside the XML, or in a file that has nothing else.
    pub ids: Vec<(Provider, String)>,
    /// What could not be read.
    pub problems: Vec<NfoProblem>,
    /// The SHA-256 of the file, if it was read whole: tells whether it is a document that was made here.
    pub hash: Option<ContentHash>,
}

/// What is wrong with a metadata file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NfoProblem {
    /// It is longer than any metadata.
    #[error("it is longer than {NFO_BYTES_MAX} bytes; the rest was not read")]
    TooLong,
    /// The XML is broken.
    #[error("it is broken XML from byte {at} on ({reason}); what stands before was taken")]
    Broken {
        /// Where, in the decoded text.
        at: u64,
        /// What is wrong there.
        reason: String,
    },
    /// It has more elements than any metadata, or they are nested too deeply.
    #[error("it has too many elements; some were passed over")]
    TooMany,
    /// It tells nothing.
    #[error("it holds neither known XML nor an address of a provider")]
    Nothing,
}

impl Nfo {
    /// Whether it tells anything.
    #[must_use]
    pub fn tells_something(&self) -> bool {
        !(self.entries.is_empty() && self.ids.is_empty())
    }

    /// The entries of a thing of that type.
    pub fn entries_of(&self, entity_type: EntityType) -> impl Iterator<Item = &NfoEntry> {
        self.entries.iter().filter(move |entry| entry.root.entity_type() == entity_type)
    }

    /// The entry of a thing of that type; in a file with several episodes that of the episode, else the first.
    #[must_use]
    pub fn entry_of(&self, entity_type: EntityType, season: Option<u16>, episode: Option<u16>) -> Option<&NfoEntry> {
        let is_it = |entry: &&NfoEntry| {
            entry.episode == episode && (entry.season.is_none() || season.is_none() || entry.season == season)
        };
        self.entries_of(entity_type).find(is_it).or_else(|| self.entries_of(entity_type).next())
    }

    /// All ids of that entry, and those beside the XML. Where the file has no such entry, those of the first one: managers
    /// write `<movie>` for what is none.
    #[must_use]
    pub fn ids_of(&self, entry: Option<&NfoEntry>) -> Vec<(Provider, String)> {
        let own = entry.or(self.entries.first()).into_iter().flat_map(|entry| &entry.ids);
        let mut ids: Vec<(Provider, String)> = Vec::new();
        for (provider, value) in own.chain(&self.ids) {
            if !ids.iter().any(|(known, _)| known == provider) {
                ids.push((provider.clone(), value.clone()));
            }
        }
        ids
    }
}

/// Reads a metadata file of the tree.
///
/// # Errors
/// When it cannot be read at all. What is wrong in it is no error, but a problem of its own.
pub fn read_nfo(source: &Source, path: &RelPath) -> Result<Nfo, LibraryError> {
    let bytes = source.read_start(path, NFO_BYTES_MAX + 1)?;
    let length = usize::try_from(NFO_BYTES_MAX).unwrap_or(usize::MAX);
    let mut nfo = parse_nfo(&bytes[..bytes.len().min(length)]);
    match bytes.len() > length {
        true => nfo.problems.insert(0, NfoProblem::TooLong),
        false => nfo.hash = Some(ContentHash::new(Sha256::digest(&bytes).into())),
    }
    Ok(nfo)
}

/// What the bytes of a metadata file tell.
#[must_use]
pub fn parse_nfo(bytes: &[u8]) -> Nfo {
    let text = text::decode(bytes);
    let tree = tree::parse(&text);
    let entries: Vec<NfoEntry> = tree.elements.iter().filter_map(entry::entry).collect();
    let outside = if entries.is_empty() { &text } else { &tree.outside };
    let ids = address::ids_in(outside, entries.is_empty());
    let mut problems = tree.problems;
    if entries.is_empty() && ids.is_empty() {
        problems.push(NfoProblem::Nothing);
    }
    Nfo { entries, ids, problems, hash: None }
}
