//! Which of the metadata files that a scan found are originals, and which are documents that were made here and exported.
//!
//! What a document of our own tells is known already, with who said so: it must not become the word of the tree, where an
//! edit could not be taken back and nothing that providers say would be shown any more.

use std::borrow::Cow;

use rusqlite::Connection;

use super::documents;
use super::entities::Entity;
use super::scanned::{ScannedItem, ScannedNfo};

/// The item with those metadata files among its originals that are some, and whether what is told of it comes from a
/// document of our own. Then it keeps its title and year.
pub(super) fn sorted<'a>(
    connection: &Connection,
    item: &'a ScannedItem,
    known: Option<&Entity>,
) -> rusqlite::Result<(Cow<'a, ScannedItem>, bool)> {
    if item.nfo.is_empty() {
        return Ok((Cow::Borrowed(item), false));
    }
    let mut sorted = item.clone();
    let mut is_told_by_own = false;
    for (at, ScannedNfo { original, hash }) in item.nfo.iter().enumerate() {
        let is_own = match hash {
            Some(hash) => documents::is_known(connection, hash)?,
            None => false,
        };
        if !is_own {
            sorted.originals.push(original.clone());
        }
        is_told_by_own |= is_own && at == 0;
    }
    // Without an entity that it could be a document of, it is one of another library or state: then it is a file like any.
    let Some(known) = known.filter(|_| is_told_by_own) else { return Ok((Cow::Owned(sorted), false)) };
    (sorted.title, sorted.sort_title) = (known.title.clone(), known.sort_title.clone());
    sorted.year = known.year;
    Ok((Cow::Owned(sorted), true))
}
