//! What the mappings make of each folder of the view: read from the catalog on demand, kept while there is room.
//!
//! A request never waits for a writer: it reads the catalog through a connection of its own, which sees the last
//! committed state. What was read is kept until the change feed says otherwise; at most [`FOLDERS_MAX`] folders are,
//! the longest unused go first.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lru::LruCache;
use parking_lot::Mutex;

use crate::catalog::{Catalog, CatalogError, Library, Mapping, PictureFacts, ScannedFile};
use crate::model::{FolderId, LibraryId, MappingId, RelPath, UnixSeconds};
use crate::overlay::Folder;

/// How many folders are kept. A folder without mappings costs about 150 bytes, one with seven names 5 KiB (`tests/memory.rs`):
/// 100 MiB when every one of them has so many.
const FOLDERS_MAX: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();
/// How many idle connections are kept for the next requests.
const IDLE_CONNECTIONS_MAX: usize = 4;

/// A folder as the catalog names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FolderKey {
    /// The library.
    pub library: LibraryId,
    /// The folder's path beneath the library's root.
    pub folder: RelPath,
}

/// Where a library lies in the view: one of the two paths is the root.
#[derive(Debug, Clone)]
struct Binding {
    library: LibraryId,
    /// The library's root beneath the view's, when the library is part of the view.
    in_view: RelPath,
    /// The view's root beneath the library's, when the view shows part of a library.
    in_library: RelPath,
}

/// See the module.
#[derive(Debug)]
pub struct FolderIndex {
    catalog_path: PathBuf,
    source_path: PathBuf,
    bindings: Mutex<Arc<Vec<Binding>>>,
    /// What is known. Never held while the catalog is read.
    known: Mutex<LruCache<FolderKey, Option<Arc<Folder>>>>,
    /// Rises with every change that the feed reports: what was read before must not be kept.
    changes: AtomicU64,
    idle: Mutex<Vec<Catalog>>,
}

impl FolderIndex {
    /// Opens the catalog for reading and finds which libraries lie in the source at that absolute path.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn open(catalog_path: &Path, source_path: &Path) -> Result<Self, CatalogError> {
        let index = Self {
            catalog_path: catalog_path.to_owned(),
            source_path: source_path.to_owned(),
            bindings: Mutex::default(),
            known: Mutex::new(LruCache::new(FOLDERS_MAX)),
            changes: AtomicU64::new(0),
            idle: Mutex::default(),
        };
        index.reload_libraries()?;
        Ok(index)
    }

    /// Finds the libraries anew: one was added or removed. Everything known is dropped.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn reload_libraries(&self) -> Result<(), CatalogError> {
        let libraries = self.read(Catalog::libraries)?;
        let bindings = libraries.iter().filter_map(|library| binding(library, &self.source_path)).collect();
        *self.bindings.lock() = Arc::new(bindings);
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.known.lock().clear();
        Ok(())
    }

    /// Whether any library lies in the view.
    #[must_use]
    pub fn has_libraries(&self) -> bool {
        !self.bindings.lock().is_empty()
    }

    /// Which folder of which library a path of the view is.
    #[must_use]
    pub fn key(&self, path_in_view: &RelPath) -> Option<FolderKey> {
        let bindings = Arc::clone(&self.bindings.lock());
        bindings.iter().find_map(|binding| {
            let below = path_in_view.strip_prefix(&binding.in_view)?;
            Some(FolderKey { library: binding.library, folder: binding.in_library.concat(&below) })
        })
    }

    /// Where a folder of a library is in the view; `None` when the view does not show it.
    #[must_use]
    pub fn path_in_view(&self, key: &FolderKey) -> Option<RelPath> {
        let bindings = Arc::clone(&self.bindings.lock());
        let binding = bindings.iter().find(|binding| binding.library == key.library)?;
        Some(binding.in_view.concat(&key.folder.strip_prefix(&binding.in_library)?))
    }

    /// What the mappings make of the folder, `None` when nothing concerns it.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn folder(&self, key: &FolderKey) -> Result<Option<Arc<Folder>>, CatalogError> {
        if let Some(known) = self.known.lock().get(key) {
            return Ok(known.clone());
        }
        loop {
            let before = self.changes.load(Ordering::Acquire);
            let read = self.read(|catalog| catalog.folder_mappings(key.library, &key.folder))?;
            let folder = read.map(|mappings| Arc::new(Folder::new(mappings)));
            let mut known = self.known.lock();
            // A change that was reported while we read may not be in what we read.
            if self.changes.load(Ordering::Acquire) == before {
                known.put(key.clone(), folder.clone());
                return Ok(folder);
            }
        }
    }

    /// Drops what is known of the folders, and returns what it was: a change was reported.
    pub fn drop_folders<'a>(&self, keys: impl IntoIterator<Item = &'a FolderKey>) -> Vec<Option<Arc<Folder>>> {
        let mut known = self.known.lock();
        self.changes.fetch_add(1, Ordering::AcqRel);
        keys.into_iter().map(|key| known.pop(key).flatten()).collect()
    }

    /// Drops everything that is known: paths have changed.
    pub fn forget_folders(&self) {
        let mut known = self.known.lock();
        self.changes.fetch_add(1, Ordering::AcqRel);
        known.clear();
    }

    /// The name of a library; `None` when there is none of that number.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn library_name(&self, id: LibraryId) -> Result<Option<String>, CatalogError> {
        Ok(self.read(|catalog| catalog.library(id))?.map(|library| library.name))
    }

    /// Whether a rename of that folder or file concerns the catalog.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn concerns(&self, key: &FolderKey, is_folder: bool) -> Result<bool, CatalogError> {
        self.read(|catalog| catalog.concerns(key.library, &key.folder, is_folder))
    }

    /// Where in the library that file was known as the video of something.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn video_of_file(&self, library: LibraryId, file: ScannedFile) -> Result<Option<RelPath>, CatalogError> {
        self.read(|catalog| catalog.video_of_file(library, file))
    }

    /// Where a mapped picture is from, and whether its image type is locked.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn facts(&self, mapping: MappingId) -> Result<Option<(PictureFacts, bool)>, CatalogError> {
        self.read(|catalog| {
            let Some(facts) = catalog.picture_facts(mapping)? else { return Ok(None) };
            let is_locked = catalog.has_lock_in_force(facts.entity, &facts.image_type.to_string())?;
            Ok(Some((facts, is_locked)))
        })
    }

    /// A mapping by its row, also one that is no longer current.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn mapping(&self, id: MappingId) -> Result<Option<Mapping>, CatalogError> {
        self.read(|catalog| catalog.mapping(id))
    }

    /// Which folder a row of the folders of mappings is, and when its mappings changed last.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn synthetic_folder(&self, id: FolderId) -> Result<Option<(FolderKey, UnixSeconds)>, CatalogError> {
        let record = self.read(|catalog| catalog.mapping_folder(id))?;
        Ok(record.map(|record| (FolderKey { library: record.library, folder: record.folder }, record.changed_at)))
    }

    /// How many folders are known at present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.lock().len()
    }

    fn read<T>(&self, question: impl FnOnce(&Catalog) -> Result<T, CatalogError>) -> Result<T, CatalogError> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Catalog::open_read_only(&self.catalog_path)?,
        };
        let answer = question(&connection);
        let mut idle = self.idle.lock();
        // A connection that failed may be broken; the next request opens a fresh one.
        if answer.is_ok() && idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(connection);
        }
        answer
    }
}

fn binding(library: &Library, source: &Path) -> Option<Binding> {
    let below = |path: &Path, root: &Path| {
        let rest = path.strip_prefix(root).ok()?;
        RelPath::parse(std::os::unix::ffi::OsStrExt::as_bytes(rest.as_os_str())).ok()
    };
    if let Some(in_view) = below(&library.path, source) {
        return Some(Binding { library: library.id, in_view, in_library: RelPath::root() });
    }
    let in_library = below(source, &library.path)?;
    Some(Binding { library: library.id, in_view: RelPath::root(), in_library })
}
