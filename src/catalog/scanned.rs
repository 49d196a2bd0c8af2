//! What a scan records: a start, batches of items, an end that marks what was not seen.
//!
//! Which entities the running scan has seen is kept in a temporary table of this connection, so a scan that is
//! killed marks nothing, and two scans do not disturb each other.

use super::credits::{ScannedCredit, ScannedSet};
use super::metadata::{DeclaredArtwork, MetadataField};
use super::originals::ScannedOriginal;
use super::scanned_folders::{self, ScannedFolder};
use super::scanned_record::Recorder;
use super::sql_types::array;
use super::{Catalog, CatalogError, credits, feed, open, reach, replace};
use crate::model::{ContentHash, EntityId, EntityType, Layout, LibraryId, Provider, RelPath, UnixSeconds};

/// An item as a scan found it.
#[derive(Debug, Clone)]
pub struct ScannedItem {
    /// The library it is in.
    pub library: LibraryId,
    /// What it is.
    pub entity_type: EntityType,
    /// The entity it belongs to, recorded before.
    pub parent: Option<ScannedParent>,
    /// Its title.
    pub title: String,
    /// The title to sort by.
    pub sort_title: String,
    /// The year of release.
    pub year: Option<u16>,
    /// The season, 0 for specials.
    pub season: Option<u16>,
    /// The episode; the first one of a file that holds several.
    pub episode: Option<u16>,
    /// The last episode of a file that holds several.
    pub last_episode: Option<u16>,
    /// How it lies on disk.
    pub layout: Layout,
    /// The folder that its artwork goes to.
    pub folder: RelPath,
    /// Its main video.
    pub video: Option<RelPath>,
    /// Its further videos: parts of a stack, versions.
    pub further_videos: Vec<RelPath>,
    /// Its further folders, as [`Placement`](crate::model::Placement) tells.
    pub folders: Vec<RelPath>,
    /// What identifies it: its own folder, or its video in a shared folder.
    pub path: RelPath,
    /// Ids that names in the tree tell.
    pub ids: Vec<(Provider, String)>,
    /// All pictures that are there for it.
    pub originals: Vec<ScannedOriginal>,
    /// All metadata files that are there for it and tell something; the first one is what else is told here.
    pub nfo: Vec<ScannedNfo>,
    /// The folder that tells of it, by which the next scan knows whether it has to look again.
    pub found_in: RelPath,
    /// The file or folder that it is, by which it is known again elsewhere.
    pub file: Option<ScannedFile>,
    /// Metadata of it.
    pub metadata: Vec<MetadataField>,
    /// Pictures of it that are named by address.
    pub artwork: Vec<DeclaredArtwork>,
    /// Who plays in it, as billed.
    pub credits: Vec<ScannedCredit>,
    /// The movie set it belongs to.
    pub set: Option<ScannedSet>,
    /// Whether it is only mentioned here: where it is known, it stays as it is.
    pub is_mention: bool,
}

/// A metadata file as a scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedNfo {
    /// The file.
    pub original: ScannedOriginal,
    /// The SHA-256 of its bytes; `None` for one that is too long to be made here.
    pub hash: Option<ContentHash>,
}

/// The entity that a scanned item belongs to, by what identifies it in its library.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScannedParent {
    /// What it is.
    pub entity_type: EntityType,
    /// Its path; of a season, the path of its series.
    pub path: RelPath,
    /// The number of a season.
    pub season: Option<u16>,
}

/// What makes a file or folder the same wherever it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedFile {
    /// Its inode number.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970; where that is not known, when it last changed.
    pub born_ns: i64,
}

/// What recording an item came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanOutcome {
    /// It was not known.
    Added,
    /// It was missing and is back.
    Returned,
    /// It is somewhere else.
    Moved,
    /// Something of it, of its ids or of its originals is different.
    Changed,
    /// All is as it was; nothing was written.
    Unchanged,
}

/// A recorded item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// The entity it is.
    pub id: EntityId,
    /// What happened.
    pub outcome: ScanOutcome,
    /// Whether it lies elsewhere, or otherwise, than it did: its pictures have other names now.
    pub is_placed_anew: bool,
}

pub(super) const TEMPORARY_TABLES: &str = "
    CREATE TEMP TABLE seen (entity_id INTEGER PRIMARY KEY) STRICT;
";

impl ScannedItem {
    /// An item in a folder of its own, which identifies it, and of which no more is known.
    #[must_use]
    pub fn new(library: LibraryId, entity_type: EntityType, title: &str, folder: RelPath) -> Self {
        Self {
            library,
            entity_type,
            parent: None,
            title: title.to_owned(),
            sort_title: title.to_lowercase(),
            year: None,
            season: None,
            episode: None,
            last_episode: None,
            layout: Layout::Own,
            video: None,
            further_videos: Vec::new(),
            folders: Vec::new(),
            path: folder.clone(),
            ids: Vec::new(),
            originals: Vec::new(),
            nfo: Vec::new(),
            found_in: folder.clone(),
            folder,
            file: None,
            metadata: Vec::new(),
            artwork: Vec::new(),
            credits: Vec::new(),
            set: None,
            is_mention: false,
        }
    }
}

impl Catalog {
    /// Begins a scan of a library: nothing has been seen yet. Until it ends, what this connection writes need not be on
    /// the disk when it is acknowledged: after a power failure the scan is done again, from what was there then.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn start_scan(&mut self, library: LibraryId) -> Result<(), CatalogError> {
        let is_known = self.read(|connection| {
            connection.execute_batch(open::HASTE)?;
            connection.execute_batch("DELETE FROM temp.seen")?;
            Ok(connection.prepare_cached("SELECT 1 FROM entities WHERE library_id = ?1 LIMIT 1")?.exists([library])?)
        })?;
        self.new_library = (!is_known).then_some(library);
        Ok(())
    }

    /// Ends a scan that could not go on: nothing is marked missing.
    pub fn abandon_scan(&mut self) {
        self.new_library = None;
        // A connection that cannot be set is one that cannot write either.
        if let Err(error) = self.read(|connection| Ok(connection.execute_batch(open::DURABLE)?)) {
            tracing::debug!(%error, "the scan is given up");
        }
    }

    /// Records a batch of items in one transaction: some hundreds at a time are quickest. Recording the same again
    /// changes nothing. The answers are in the order of the items.
    ///
    /// # Errors
    /// When a library does not exist, or the catalog cannot be written.
    pub fn record(&mut self, items: &[ScannedItem], now: UnixSeconds) -> Result<Vec<Recorded>, CatalogError> {
        self.record_folders(items, &[], &|_| false, now)
    }

    /// As [`Self::record`], with the folders that told of the items.
    ///
    /// An entity is taken for one that moved when the same file, or one of its ids, was known at a path of which
    /// `is_gone` says that nothing is there any more.
    ///
    /// # Errors
    /// When a library does not exist, or the catalog cannot be written.
    pub fn record_folders(
        &mut self,
        items: &[ScannedItem],
        folders: &[ScannedFolder],
        is_gone: &dyn Fn(&RelPath) -> bool,
        now: UnixSeconds,
    ) -> Result<Vec<Recorded>, CatalogError> {
        let new_library = self.new_library;
        self.write(|transaction| {
            replace::clear(transaction)?;
            let mut recorder = Recorder::new(transaction, new_library, is_gone, now);
            let recorded = items.iter().map(|item| recorder.record(item)).collect::<Result<_, _>>()?;
            for folder in folders {
                scanned_folders::put(transaction, folder, new_library == Some(folder.library))?;
            }
            feed::announce(transaction, None, now)?;
            Ok(recorded)
        })
    }

    /// Ends a scan of a library, or of what is beneath one folder of it: what was not seen there is marked missing, except
    /// beneath folders that could not be read.
    /// The originals of missing entities are forgotten; their mappings stay, so that an item that comes back has its
    /// artwork at once. Answers how many went missing.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn finish_scan(
        &mut self,
        library: LibraryId,
        below: &RelPath,
        unreadable: &[RelPath],
        now: UnixSeconds,
    ) -> Result<u64, CatalogError> {
        self.abandon_scan();
        self.write(|transaction| {
            credits::see_all(transaction)?;
            let mut gone = reach::unseen(transaction, library, below)?;
            gone.retain(|(_, path)| !unreadable.iter().any(|folder| path.strip_prefix(folder).is_some()));
            let gone = array(gone.into_iter().map(|(id, _)| id.get()));
            transaction
                .prepare_cached(
                    "DELETE FROM library_image_files
                     WHERE cache_file_id IS NULL AND entity_id IN (SELECT value FROM rarray(?1))",
                )?
                .execute([&gone])?;
            let count = transaction
                .prepare_cached(
                    "UPDATE entities SET is_missing = 1, found_in = NULL, updated_at = ?2
                     WHERE id IN (SELECT value FROM rarray(?1))",
                )?
                .execute((&gone, now))?;
            credits::forget_left_behind(transaction, library, below)?;
            Ok(count as u64)
        })
    }
}
