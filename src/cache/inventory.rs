//! What really lies in the cache, for those who look after it: every name with what stat says of it, also names that
//! posterfs would not have given.
//!
//! The pictures are looked at in 256 parts, by the first byte of their hash: a part fits into memory however many
//! pictures there are, and parts can be looked at by several threads.

use std::fs::File;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::{AtFlags, FileType, RawDir, Stat};
use rustix::io::Errno;

use crate::model::{ContentHash, Name, RelPath, UnixSeconds};

use super::error::CacheError;
use super::folder::{Folder, is_file};
use super::place::{ASSETS, Place, TEMPORARY};
use super::store::Cache;
use super::temporary;

/// Room for the listing of a folder, in bytes: most folders of the cache have a handful of names.
const LISTING_BYTES: usize = 16 << 10;

/// A file under a name that the cache gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// The hash that it is named by; what is in it may be something else.
    pub hash: ContentHash,
    /// What its name ends in.
    pub extension: String,
    /// Its size in bytes.
    pub byte_count: u64,
    /// Its inode number: reading in this order saves a disk long ways.
    pub inode: u64,
    /// When anything of it last changed (ctime): of what was put there, or asked for again by `put`, lately.
    pub changed_at: UnixSeconds,
    /// Whether it is a regular file.
    pub is_file: bool,
}

/// Something under a name, or in a place, that the cache does not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Its path beneath the root of the cache.
    pub path: RelPath,
    /// The hash in its name, where there is one: a picture in the wrong place.
    pub hash: Option<ContentHash>,
    /// When anything of it last changed.
    pub changed_at: UnixSeconds,
    /// Whether it is a regular file.
    pub is_file: bool,
}

/// A part of what is in the cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The files, by hash and extension.
    pub files: Vec<FoundFile>,
    /// What does not belong there.
    pub strays: Vec<Stray>,
    /// What cannot be looked at, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// A file of the cache, or in its way, as something that can be taken away.
#[derive(Debug)]
pub struct Located {
    /// The folder that it lies in.
    pub folder: OwnedFd,
    /// Its name there.
    pub name: Name,
    /// Its full path, for messages and records.
    pub path: PathBuf,
    /// When anything of it last changed.
    pub changed_at: UnixSeconds,
    /// Its size in bytes.
    pub byte_count: u64,
}

/// Held while files are taken out of the cache: nobody puts one there meanwhile.
#[derive(Debug)]
pub struct Alone {
    _locked: Folder,
}

impl Cache {
    /// What lies there of the pictures whose hash begins with that byte.
    #[must_use]
    pub fn inventory(&self, first: u8) -> Inventory {
        let mut look = Look::new(self);
        let path = format!("{ASSETS}/{first:02x}");
        match self.root.enter(ASSETS).and_then(|assets| assets.enter(&path[ASSETS.len() + 1..])) {
            Ok(folder) => look.first_level(&folder, &path),
            // A cache, or a part of it, without a picture.
            Err(Errno::NOENT) => {}
            Err(errno) => look.fails(&path, errno),
        }
        look.inventory.files.sort_unstable_by(|a, b| (&a.hash, &a.extension).cmp(&(&b.hash, &b.extension)));
        look.inventory
    }

    /// What lies above these parts and does not belong there.
    #[must_use]
    pub fn inventory_above(&self) -> Inventory {
        let mut look = Look::new(self);
        match self.root.enter(ASSETS) {
            Ok(folder) => look.top(&folder),
            Err(Errno::NOENT) => {}
            Err(errno) => look.fails(ASSETS, errno),
        }
        look.inventory
    }

    /// What killed processes left of their `put`, where it was last written before that time, by path.
    ///
    /// # Errors
    /// When the folder of temporaries cannot be read.
    pub fn stale_temporaries(&self, before: UnixSeconds) -> Result<Vec<PathBuf>, CacheError> {
        let folder = match self.root.enter(TEMPORARY) {
            Err(Errno::NOENT) => return Ok(Vec::new()),
            folder => folder.map_err(CacheError::reading(&self.root().join(TEMPORARY)))?,
        };
        let names = temporary::stale(&folder, before).map_err(CacheError::reading(folder.path()))?;
        Ok(names.into_iter().map(|name| folder.path().join(name)).collect())
    }

    /// Where the file of that hash lies, whether it is there or not.
    #[must_use]
    pub fn file_path(&self, hash: &ContentHash, extension: &str) -> PathBuf {
        self.root().join(Place::of(hash).path_in(ASSETS, extension))
    }

    /// Opens the file of that hash, whatever kind of file it is. The way there follows no link.
    ///
    /// # Errors
    /// When it is not there, no regular file, or cannot be read.
    pub fn open_content(&self, hash: &ContentHash, extension: &str) -> Result<File, CacheError> {
        let path = Place::of(hash).path_in(ASSETS, extension);
        let failed = |errno| CacheError::reading(&self.root().join(&path))(errno);
        let file = self.root.open_beneath(&path).map_err(failed)?;
        if is_file(&rustix::fs::fstat(&file).map_err(failed)?) { Ok(file) } else { Err(failed(Errno::INVAL)) }
    }

    /// The file of that hash, as something that can be taken away; `None` when there is nothing.
    ///
    /// # Errors
    /// When the folders on the way cannot be opened.
    pub fn locate(&self, hash: &ContentHash, extension: &str) -> Result<Option<Located>, CacheError> {
        let path = Place::of(hash).path_in(ASSETS, extension);
        let path = RelPath::parse(path.as_bytes()).expect("digits and letters joined by single slashes are a path");
        self.locate_at(&path)
    }

    /// The same for anything beneath the root of the cache.
    ///
    /// # Errors
    /// When the folders on the way cannot be opened.
    pub fn locate_at(&self, path: &RelPath) -> Result<Option<Located>, CacheError> {
        let full = self.root().join(path.as_path());
        let Some((parent, name)) = path.split_last() else { return Ok(None) };
        let mut folder = Folder::open_root(self.root()).map_err(CacheError::reading(&full))?;
        for component in parent.components() {
            folder = match component.as_os_str().to_str().map(|name| folder.enter(name)) {
                None | Some(Err(Errno::NOENT)) => return Ok(None),
                Some(entered) => entered.map_err(CacheError::reading(&full))?,
            };
        }
        let stat = match rustix::fs::statat(&folder, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(None),
            stat => stat.map_err(CacheError::reading(&full))?,
        };
        let (changed_at, byte_count) = (UnixSeconds::new(stat.st_ctime), bytes_of(&stat));
        Ok(Some(Located { folder: folder.into(), name, path: full, changed_at, byte_count }))
    }

    /// Waits until nobody is putting anything into the cache, and keeps others from it until the value is dropped.
    /// Whoever takes files away holds it, and takes none that changed lately: what `put` or [`Cache::renew`] answered
    /// for may not be in the catalog yet.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn alone(&self) -> Result<Alone, CacheError> {
        let folder = self.writable_top(ASSETS)?;
        folder.lock(true);
        Ok(Alone { _locked: folder })
    }

    /// Whether a picture is there, which is kept from collection for a while if it is: for whoever is about to write of
    /// it in the catalog without putting it there.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn renew(&self, hash: &ContentHash, extension: &str) -> Result<bool, CacheError> {
        let place = Place::of(hash);
        let name = place.name(extension);
        let assets = self.writable_top(ASSETS)?;
        assets.lock(false);
        let [first, second] = &place.folders;
        let folder = match assets.enter(first).and_then(|folder| folder.enter(second)) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(false),
            Err(errno) => return Err(CacheError::reading(&self.root().join(ASSETS))(errno)),
        };
        let path = folder.path().join(&name);
        let is_there = folder.look(&name).map_err(CacheError::reading(&path))?.is_some_and(|stat| is_file(&stat));
        if is_there {
            folder.renew(&name).map_err(CacheError::writing(&path))?;
        }
        Ok(is_there)
    }

    /// Puts the bytes of that hash in its place, over whatever is there, durably. Bytes of another hash are not taken:
    /// `false`. `make_room` is called when the right bytes are durable beside it, to take away what is in their place.
    ///
    /// # Errors
    /// When the bytes cannot be read or written, or there is no room to be made.
    pub fn mend<E: From<CacheError>>(
        &self,
        hash: &ContentHash,
        extension: &str,
        reader: impl Read,
        bytes_max: u64,
        make_room: impl FnOnce() -> Result<(), E>,
    ) -> Result<bool, E> {
        let folder = self.writable_top(TEMPORARY)?;
        let Some((temporary, byte_count)) = self.receive(&folder, hash, reader, bytes_max)? else { return Ok(false) };
        make_room()?;
        self.place(temporary, hash, byte_count, extension, true)?;
        Ok(true)
    }
}

/// A walk through a part.
struct Look<'a> {
    cache: &'a Cache,
    inventory: Inventory,
}

impl<'a> Look<'a> {
    fn new(cache: &'a Cache) -> Self {
        Self { cache, inventory: Inventory::default() }
    }

    fn fails(&mut self, path: &str, errno: Errno) {
        let reason = std::io::Error::from(errno).to_string();
        self.inventory.unreadable.push((self.cache.root().join(path), reason));
    }

    fn top(&mut self, folder: &Folder) {
        self.each(folder, ASSETS, |look, name, kind| {
            if !is_digits(name) || kind != FileType::Directory {
                look.stray(folder, ASSETS, name);
            }
        });
    }

    /// `assets/ab`
    fn first_level(&mut self, folder: &Folder, path: &str) {
        let mut below = Vec::new();
        self.each(folder, path, |look, name, kind| match std::str::from_utf8(name) {
            Ok(digits) if is_digits(name) && kind == FileType::Directory => below.push(digits.to_owned()),
            _ => look.stray(folder, path, name),
        });
        for name in below {
            let path = format!("{path}/{name}");
            match folder.enter(&name) {
                Ok(folder) => self.second_level(&folder, &path),
                Err(errno) => self.fails(&path, errno),
            }
        }
    }

    /// `assets/ab/c1`
    fn second_level(&mut self, folder: &Folder, path: &str) {
        self.each(folder, path, |look, name, _| match parse(name).filter(|(hash, _)| lies_in(hash, path)) {
            Some((hash, extension)) => look.file(folder, path, name, hash, extension),
            None => look.stray(folder, path, name),
        });
    }

    fn file(&mut self, folder: &Folder, path: &str, name: &[u8], hash: ContentHash, extension: &str) {
        let Some(stat) = self.stat(folder, path, name) else { return };
        self.inventory.files.push(FoundFile {
            hash,
            extension: extension.to_owned(),
            byte_count: bytes_of(&stat),
            inode: stat.st_ino,
            changed_at: UnixSeconds::new(stat.st_ctime),
            is_file: is_file(&stat),
        });
    }

    fn stray(&mut self, folder: &Folder, path: &str, name: &[u8]) {
        let Some(stat) = self.stat(folder, path, name) else { return };
        let (Ok(folder), Ok(below)) = (RelPath::parse(path.as_bytes()), Name::parse(name)) else { return };
        self.inventory.strays.push(Stray {
            path: folder.join(&below),
            hash: parse(name).map(|(hash, _)| hash),
            changed_at: UnixSeconds::new(stat.st_ctime),
            is_file: is_file(&stat),
        });
    }

    /// `None`, noted, when it cannot be looked at; and when it is gone, which happens.
    fn stat(&mut self, folder: &Folder, path: &str, name: &[u8]) -> Option<Stat> {
        let name = std::ffi::OsStr::from_bytes(name);
        match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Some(stat),
            Err(Errno::NOENT) => None,
            Err(errno) => {
                self.fails(&format!("{path}/{}", name.to_string_lossy()), errno);
                None
            }
        }
    }

    fn each(&mut self, folder: &Folder, path: &str, mut tell: impl FnMut(&mut Self, &[u8], FileType)) {
        let mut buffer = [MaybeUninit::<u8>::uninit(); LISTING_BYTES];
        let mut entries = RawDir::new(folder, &mut buffer);
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) => match entry.file_name().to_bytes() {
                    b"." | b".." => {}
                    name => tell(self, name, kind_of(folder, name, entry.file_type())),
                },
                Err(errno) => return self.fails(path, errno),
            }
        }
    }
}

/// Some file systems do not tell in a listing.
fn kind_of(folder: &Folder, name: &[u8], listed_as: FileType) -> FileType {
    if listed_as != FileType::Unknown {
        return listed_as;
    }
    let stat = rustix::fs::statat(folder.as_fd(), std::ffi::OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW);
    stat.map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
}

fn is_digits(name: &[u8]) -> bool {
    name.len() == 2 && name.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The hash and extension in the name of a file of the cache, whatever kind of file it is.
fn parse(name: &[u8]) -> Option<(ContentHash, &str)> {
    let (stem, extension) = std::str::from_utf8(name).ok()?.split_once('.')?;
    let is_word =
        (1..=8).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_lower = !stem.bytes().any(|b| b.is_ascii_uppercase());
    if is_word && is_lower { Some((stem.parse().ok()?, extension)) } else { None }
}

/// Whether `assets/ab/c1` is the folder of that hash.
fn lies_in(hash: &ContentHash, path: &str) -> bool {
    let [first, second, ..] = *hash.as_bytes();
    path.ends_with(&format!("/{first:02x}/{second:02x}"))
}

fn bytes_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}
