//! The other kind of content: metadata documents, which posterfs makes itself.
//!
//! They have checks of their own, as a picture has: whoever reads a stored document finds whole, well-formed XML in UTF-8.
//! What could be none is refused, whatever made it.

use std::fmt::Display;
use std::io::Write;

use quick_xml::Reader;
use quick_xml::events::Event;
use sha2::{Digest, Sha256};

use crate::model::ContentHash;
use crate::steps;

use super::error::{CacheError, errno_of};
use super::format::StoredFormat;
use super::place::TEMPORARY;
use super::probe::Refusal;
use super::store::Cache;
use super::temporary::Temporary;

/// The longest document that is kept, in bytes. The longest that Kodi writes have some hundred kilobytes.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// A document that is durably in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its name.
    pub hash: ContentHash,
    /// Its size in bytes.
    pub byte_count: u64,
    /// Whether it was put there now; `false` when it was there already.
    pub was_new: bool,
}

/// Why bytes are no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADocument {
    /// There are too many of them.
    #[error("it is longer than {DOCUMENT_BYTES_MAX} bytes")]
    TooLong,
    /// They are no text.
    #[error("it is not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// The XML is broken.
    #[error("it is broken XML at byte {at}: {reason}")]
    Broken {
        /// Where.
        at: u64,
        /// What is wrong there.
        reason: String,
    },
    /// There is no element.
    #[error("it has no element")]
    Empty,
}

impl Cache {
    /// Takes a metadata document in. When this returns, it is durable. One that is there already is not written again.
    /// `origin` says in messages what it is of.
    ///
    /// # Errors
    /// When the bytes are no whole document, or cannot be written. Nothing is left then.
    pub fn put_document(&self, bytes: &[u8], origin: &dyn Display) -> Result<StoredDocument, CacheError> {
        check(bytes).map_err(|error| CacheError::refused(origin)(Refusal::NotADocument(error)))?;
        let folder = self.writable_top(TEMPORARY)?;
        let failed = |error: &std::io::Error| CacheError::writing(folder.path())(errno_of(error));
        let mut temporary = Temporary::make(&folder).map_err(CacheError::writing(folder.path()))?;
        steps::reached("put.temporary_made");
        temporary.file.write_all(bytes).map_err(|error| failed(&error))?;
        steps::reached("put.written");
        let (hash, byte_count) = (hash_of_document(bytes), bytes.len() as u64);
        steps::reached("put.probed");
        let was_new = self.place(temporary, &hash, byte_count, StoredFormat::Nfo.extension(), false)?;
        Ok(StoredDocument { hash, byte_count, was_new })
    }
}

/// The name that the cache would give to a document.
#[must_use]
pub fn hash_of_document(bytes: &[u8]) -> ContentHash {
    ContentHash::new(Sha256::digest(bytes).into())
}

/// Whether [`Cache::put_document`] would take these bytes.
#[must_use]
pub fn is_document(bytes: &[u8]) -> bool {
    check(bytes).is_ok()
}

/// Whether the bytes are a whole document.
pub(super) fn check(bytes: &[u8]) -> Result<(), NotADocument> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(NotADocument::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| NotADocument::NotUtf8(error.valid_up_to()))?;
    let mut reader = Reader::from_str(text);
    // An address behind the elements has its `&` as it is typed.
    reader.config_mut().allow_dangling_amp = true;
    let (mut depth, mut count) = (0_u64, 0_u64);
    loop {
        let broken = |reader: &Reader<_>, reason: String| NotADocument::Broken { at: reader.buffer_position(), reason };
        match reader.read_event() {
            Ok(Event::Start(_)) => (depth, count) = (depth + 1, count + 1),
            Ok(Event::Empty(_)) => count += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) if depth > 0 => return Err(broken(&reader, "it ends within an element".to_owned())),
            Ok(Event::Eof) if count == 0 => return Err(NotADocument::Empty),
            Ok(Event::Eof) => return Ok(()),
            Ok(Event::Text(inner)) if depth > 0 && inner.xml10_content().starts_with('&') => {
                return Err(broken(&reader, "there is a lone `&`".to_owned()));
            }
            Ok(_) => {}
            Err(error) => return Err(broken(&reader, error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_whole_documents_are_taken() {
        for good in
            ["<movie/>", "<?xml version=\"1.0\"?><movie><title>Ä &amp; B</title></movie>\nhttps://a.example/1\n"]
        {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            "",
            "text",
            "<movie>",
            "<movie></film>",
            "<movie><title></movie></title>",
            "<movie",
            "</movie>",
            "<a>b & c</a>",
        ] {
            assert!(check(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(check(b"<a>\xff</a>"), Err(NotADocument::NotUtf8(3)));
        assert_eq!(check(&vec![b' '; DOCUMENT_BYTES_MAX + 1]), Err(NotADocument::TooLong));
    }

    #[test]
    fn a_document_is_kept_once_read_only_and_under_its_hash() {
        use std::io::Read;
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let bytes = b"<movie><title>Heat</title></movie>\n";
        let stored = cache.put_document(bytes, &"a film").unwrap();
        assert!(stored.was_new && !cache.put_document(bytes, &"a film").unwrap().was_new);
        assert_eq!((stored.hash, stored.byte_count), (hash_of_document(bytes), bytes.len() as u64));
        let mut read = Vec::new();
        let mut file = cache.open_file(&stored.hash, StoredFormat::Nfo).unwrap();
        file.read_to_end(&mut read).unwrap();
        assert_eq!((read.as_slice(), file.metadata().unwrap().mode() & 0o777), (&bytes[..], 0o444));
        let found: Vec<_> = cache.files().map(Result::unwrap).collect();
        assert!(matches!(found.as_slice(), [file] if file.format == StoredFormat::Nfo && file.hash == stored.hash));
        assert!(cache.put_document(b"<movie>", &"a film").unwrap_err().to_string().starts_with("a film is no"));
        assert_eq!(cache.files().count(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_checked(bytes: Vec<u8>) {
            let _ = check(&bytes);
        }
    }
}
