//! Replies that were had: so that the same question is not asked again too soon, and later only whether the answer has
//! changed.
//!
//! One file a reply, `<state>/replies/<provider>/ab/<sha256 of the address>`: a line of JSON that says what it is, then
//! the body, packed. Losing one costs a request, so nothing is synced; a file that is torn or odd counts as absent.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use crate::model::UnixSeconds;

/// A folder of replies.
#[derive(Debug, Clone)]
pub struct Replies {
    folder: PathBuf,
}

/// A reply that was had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

/// What is known of a stored reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The address, to tell a folder's owner what it is.
    pub(super) url: String,
    /// Whether the answer was that there is none.
    pub(super) is_absent: bool,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// When it was had, or found to be the same.
    pub(super) at: i64,
    /// How many seconds from then on it need not be asked for.
    pub(super) fresh: i64,
}

impl Stored {
    pub(super) fn is_fresh(&self, now: UnixSeconds) -> bool {
        // A reply from the future was written with another clock.
        (0..self.head.fresh).contains(&now.get().saturating_sub(self.head.at))
    }

    /// Whether it is so young that the same run must have asked for it.
    pub(super) fn is_of_this_run(&self, now: UnixSeconds) -> bool {
        (0..60).contains(&now.get().saturating_sub(self.head.at))
    }
}

impl Replies {
    /// Replies in that folder, which need not exist yet.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file that a provider keeps for itself beside its replies.
    pub(in crate::provider) fn file(&self, provider: &str, name: &str) -> PathBuf {
        self.folder.join(provider).join(name)
    }

    /// The stored reply; `None` when there is none, or it cannot be understood.
    pub(super) fn read(&self, provider: &str, name: &str, bytes_max: u64) -> Option<Stored> {
        let mut file = File::open(self.path(provider, name)).ok()?;
        let mut bytes = Vec::new();
        (&mut file).take(bytes_max).read_to_end(&mut bytes).ok()?;
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        let mut body = Vec::new();
        let unpacked = DeflateDecoder::new(&bytes[end + 1..]).take(bytes_max + 1).read_to_end(&mut body).ok()?;
        (unpacked as u64 <= bytes_max).then_some(Stored { head, body })
    }

    /// Keeps a reply. What cannot be kept is asked for again next time, so nobody needs to know.
    pub(super) fn write(&self, provider: &str, name: &str, stored: &Stored) {
        let path = self.path(provider, name);
        if let Err(error) = write(&path, stored) {
            tracing::debug!(path = %path.display(), %error, "a reply is not kept");
        }
    }

    fn path(&self, provider: &str, name: &str) -> PathBuf {
        self.folder.join(provider).join(name.get(..2).unwrap_or("00")).join(name)
    }
}

/// Whole or not at all, as another process may read it.
fn write(path: &Path, stored: &Stored) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let head = serde_json::to_vec(&stored.head)?;
    file.write_all(&head)?;
    file.write_all(b"\n")?;
    let mut packed = DeflateEncoder::new(file.as_file_mut(), Compression::fast());
    packed.write_all(&stored.body)?;
    packed.finish()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(at: i64, fresh: i64) -> Stored {
        let url = "https://example.org/x".to_owned();
        let head = Head { url, is_absent: false, etag: Some("W/\"a\"".into()), last_modified: None, at, fresh };
        Stored { head, body: b"{\"a\": 1}".repeat(100) }
    }

    #[test]
    fn a_reply_is_read_as_it_was_written_and_a_torn_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let replies = Replies::in_folder(folder.path());
        assert_eq!(replies.read("tmdb", "abcd", 10_000), None);
        let reply = stored(100, 50);
        replies.write("tmdb", "abcd", &reply);
        assert_eq!(replies.read("tmdb", "abcd", 10_000).as_ref(), Some(&reply));
        assert_eq!(replies.read("tvdb", "abcd", 10_000), None);
        assert_eq!(replies.read("tmdb", "abcd", 500), None, "larger than is taken");
        let path = replies.path("tmdb", "abcd");
        let whole = fs::read(&path).unwrap();
        for kept in [0, 5, whole.len() / 2, whole.len() - 1] {
            File::create(&path).unwrap().write_all(&whole[..kept]).unwrap();
            assert_eq!(replies.read("tmdb", "abcd", 10_000), None, "{kept}");
        }
    }

    #[test]
    fn a_reply_is_fresh_for_its_time() {
        for (now, wanted) in [(99, false), (100, true), (149, true), (150, false)] {
            assert_eq!(stored(100, 50).is_fresh(UnixSeconds::new(now)), wanted, "{now}");
        }
    }
}
