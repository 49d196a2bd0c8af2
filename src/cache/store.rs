//! The store itself: `put`, the only way in for pictures, and `open`.

use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::lasting;
use crate::model::{ContentHash, RelPath, UnixSeconds};
use crate::steps;

use super::durable::DurableFolders;
use super::error::{CacheError, errno_of};
use super::folder::{Folder, is_file};
use super::format::StoredFormat;
use super::place::{ASSETS, PROVENANCE, Place, TEMPORARY, relative_path};
use super::probe::{Limits, Picture, Refusal, probe};
use super::temporary::{self, Temporary};

/// How much is read, hashed and written at a time, in bytes.
const CHUNK_BYTES: usize = 128 << 10;

/// Mode of pictures: nobody writes to them again.
const PICTURE_MODE: u32 = 0o444;

/// A picture that is durably in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub hash: ContentHash,
    /// The size of its file in bytes.
    pub byte_count: u64,
    /// What it is and looks like.
    pub picture: Picture,
    /// Whether it was put there now; `false` when it was there already.
    pub was_new: bool,
}

/// A store of pictures in one folder. May be used by several threads, and by several processes at once.
pub struct Cache {
    pub(super) root: Folder,
    can_write: bool,
    durable_assets: DurableFolders,
    pub(super) durable_provenance: DurableFolders,
    /// Opens what is not in here.
    behind: Option<Box<Self>>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("root", &self.root.path()).field("can_write", &self.can_write).finish()
    }
}

impl Cache {
    /// Opens the cache in that folder, which is made where it does not exist.
    ///
    /// # Errors
    /// When the folders cannot be made or opened, or lie on two file systems.
    pub fn open(root: &Path) -> Result<Self, CacheError> {
        lasting::make_folder(root, 0o755).map_err(|error| CacheError::writing(root)(errno_of(&error)))?;
        let cache = Self { can_write: true, ..Self::open_read_only(root)? };
        let [assets, temporary, provenance] = [ASSETS, TEMPORARY, PROVENANCE].map(|name| cache.top(name));
        provenance?;
        if assets?.device() != temporary?.device() {
            return Err(CacheError::TwoFileSystems { root: root.to_owned() });
        }
        // The names of these folders; those beneath them are made durable with what they are made for.
        cache.root.sync().map_err(CacheError::writing(root))?;
        Ok(cache)
    }

    /// Opens an existing cache to read from it; nothing is made or changed.
    ///
    /// # Errors
    /// When the folder does not exist or cannot be opened.
    pub fn open_read_only(root: &Path) -> Result<Self, CacheError> {
        let root = Folder::open_root(root).map_err(CacheError::reading(root))?;
        let [durable_assets, durable_provenance] = Default::default();
        Ok(Self { root, can_write: false, durable_assets, durable_provenance, behind: None })
    }

    /// Takes a picture in. When this returns, it is durable. A picture that is there already is not written again,
    /// unless its file has lost its size. `origin` says in messages where the bytes come from: a path or URL.
    ///
    /// # Errors
    /// When the bytes cannot be read, are no picture within the limits, or cannot be written. Nothing is left then.
    pub fn put(&self, reader: impl Read, origin: &dyn Display, limits: &Limits) -> Result<Stored, CacheError> {
        let folder = self.writable_top(TEMPORARY)?;
        let mut temporary = Temporary::make(&folder).map_err(CacheError::writing(folder.path()))?;
        steps::reached("put.temporary_made");
        let intake = Intake { origin, limits, folder: &folder };
        let (hash, byte_count) = intake.copy(reader, &mut temporary.file)?;
        steps::reached("put.written");
        let picture = intake.probe(&temporary.file, byte_count)?;
        steps::reached("put.probed");
        let was_new = self.place(temporary, &hash, byte_count, picture.format.extension(), false)?;
        Ok(Stored { hash, byte_count, picture, was_new })
    }

    /// Receives bytes that are known by their hash into a temporary file. `None` when they are others.
    pub(super) fn receive<'a>(
        &self,
        folder: &'a Folder,
        hash: &ContentHash,
        reader: impl Read,
        bytes_max: u64,
    ) -> Result<Option<(Temporary<'a>, u64)>, CacheError> {
        let limits = Limits { file_bytes: bytes_max, ..Limits::default() };
        let mut temporary = Temporary::make(folder).map_err(CacheError::writing(folder.path()))?;
        steps::reached("put.temporary_made");
        let intake = Intake { origin: hash, limits: &limits, folder };
        let (found, byte_count) = intake.copy(reader, &mut temporary.file)?;
        steps::reached("put.written");
        Ok((found == *hash).then_some((temporary, byte_count)))
    }

    /// Gives a temporary its place, durably. `false` when the picture is there already, unless it is to be replaced. What
    /// is there already is renewed, so that no collection takes it before the catalog knows of it.
    pub(super) fn place(
        &self,
        temporary: Temporary<'_>,
        hash: &ContentHash,
        byte_count: u64,
        extension: &str,
        replaces: bool,
    ) -> Result<bool, CacheError> {
        let place = Place::of(hash);
        let folders = self.make_folders(ASSETS, &place)?;
        steps::reached("put.folders_made");
        let [top, .., folder] = &folders;
        top.lock(false);
        let name = place.name(extension);
        let path = folder.path().join(&name);
        let there = folder.look(&name).map_err(CacheError::reading(&path))?;
        let is_whole = there.is_some_and(|stat| is_file(&stat) && u64::try_from(stat.st_size) == Ok(byte_count));
        if is_whole && !replaces {
            folder.renew(&name).map_err(CacheError::writing(&path))?;
        }
        let was_new = (replaces || !is_whole) && {
            temporary.make_durable(PICTURE_MODE).map_err(|error| CacheError::writing(&path)(errno_of(&error)))?;
            steps::reached("put.synced");
            // What is there without being whole is damaged, and replaced.
            let moved = temporary.move_to(folder, &name, there.is_some()).map_err(CacheError::writing(&path))?;
            steps::reached("put.named");
            moved
        };
        // Also for a picture that is there already: whoever put it may not have come this far yet.
        sync_folders(&self.durable_assets, &place, &folders)?;
        steps::reached("put.folders_synced");
        Ok(was_new)
    }

    /// The top folder and the two beneath it that hold a hash, made where they do not exist.
    pub(super) fn make_folders(&self, top: &str, place: &Place) -> Result<[Folder; 3], CacheError> {
        let top = self.writable_top(top)?;
        let enter = |folder: &Folder, name: &str| {
            folder.enter_or_make(name).map_err(|errno| CacheError::writing(&folder.path().join(name))(errno))
        };
        let first = enter(&top, &place.folders[0])?;
        let second = enter(&first, &place.folders[1])?;
        Ok([top, first, second])
    }

    /// Removes what killed processes left of their `put`, where it was last written before that time. Running ones are
    /// not disturbed, whatever the time. Returns how many files went.
    ///
    /// # Errors
    /// When the folder of temporaries cannot be read or changed.
    pub fn sweep_temporaries(&self, before: UnixSeconds) -> Result<u64, CacheError> {
        let folder = self.writable_top(TEMPORARY)?;
        temporary::sweep(&folder, before).map_err(CacheError::writing(folder.path()))
    }

    /// Opens a picture or document for reading. The way there follows no link.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn open_file(&self, hash: &ContentHash, format: StoredFormat) -> Result<File, CacheError> {
        let path = Place::of(hash).path_in(ASSETS, format.extension());
        match (self.root.open_beneath(&path), &self.behind) {
            (Err(Errno::NOENT), Some(behind)) => behind.open_file(hash, format),
            (opened, _) => opened.map_err(|errno| CacheError::reading(&self.path_of(hash, format))(errno)),
        }
    }

    /// The same cache, which also opens what `behind` has and it lacks.
    #[must_use]
    pub fn in_front_of(self, behind: Self) -> Self {
        Self { behind: Some(Box::new(behind)), ..self }
    }

    /// Where a picture or document lies, whether it is there or not.
    #[must_use]
    pub fn path_of(&self, hash: &ContentHash, format: StoredFormat) -> PathBuf {
        self.root.path().join(Self::relative_path(hash, format).as_path())
    }

    /// Where a picture or document lies beneath the root of the cache.
    #[must_use]
    pub fn relative_path(hash: &ContentHash, format: StoredFormat) -> RelPath {
        relative_path(hash, format)
    }

    /// The root of the cache.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub(super) fn writable_top(&self, name: &str) -> Result<Folder, CacheError> {
        self.require_writable()?;
        self.top(name)
    }

    pub(super) fn require_writable(&self) -> Result<(), CacheError> {
        if self.can_write { Ok(()) } else { Err(CacheError::OpenForReading { root: self.root().to_owned() }) }
    }

    pub(super) fn top(&self, name: &str) -> Result<Folder, CacheError> {
        self.root.enter_or_make(name).map_err(|errno| CacheError::writing(&self.root().join(name))(errno))
    }
}

/// Makes a name in the lowest of the folders of a place durable, and those of the folders themselves.
pub(super) fn sync_folders(durable: &DurableFolders, place: &Place, folders: &[Folder; 3]) -> Result<(), CacheError> {
    let count = durable.to_sync(place);
    for folder in folders.iter().rev().take(count) {
        folder.sync().map_err(CacheError::writing(folder.path()))?;
    }
    durable.note(place, count);
    Ok(())
}

/// What one `put` knows of its source.
struct Intake<'a> {
    origin: &'a dyn Display,
    limits: &'a Limits,
    folder: &'a Folder,
}

impl Intake<'_> {
    /// Copies the source into the file, hashing on the way. Returns the hash and the number of bytes.
    fn copy(&self, mut reader: impl Read, file: &mut File) -> Result<(ContentHash, u64), CacheError> {
        let mut hasher = Sha256::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut byte_count = 0;
        loop {
            let length = match reader.read(&mut chunk) {
                Ok(0) => return Ok((ContentHash::new(hasher.finalize().into()), byte_count)),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(CacheError::Source { origin: self.origin.to_string(), source }),
            };
            byte_count += length as u64;
            if byte_count > self.limits.file_bytes {
                let refusal = Refusal::TooManyBytes { limit: self.limits.file_bytes };
                return Err(CacheError::refused(self.origin)(refusal));
            }
            hasher.update(&chunk[..length]);
            file.write_all(&chunk[..length]).map_err(|error| self.writing(&error))?;
        }
    }

    /// Looks at the file as it was written. It fits into memory, as its size is limited.
    fn probe(&self, file: &File, byte_count: u64) -> Result<Picture, CacheError> {
        let mut bytes = vec![0; byte_count as usize];
        file.read_exact_at(&mut bytes, 0).map_err(|error| self.writing(&error))?;
        probe(&bytes, self.limits).map_err(CacheError::refused(self.origin))
    }

    fn writing(&self, error: &io::Error) -> CacheError {
        CacheError::writing(self.folder.path())(errno_of(error))
    }
}
