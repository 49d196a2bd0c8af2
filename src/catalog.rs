//! The catalog: everything posterfs knows, in one SQLite file, and the only module that contains SQL.
//!
//! A [`Catalog`] is one connection. Processes are equal clients of the file: writers take turns (`BEGIN IMMEDIATE`,
//! a busy timeout), readers never wait for them (WAL). What a method acknowledged is on the disk
//! (`synchronous = FULL`), so a mapping is never newer than what is durable. Each method is one transaction: killed at
//! any point, it has happened or it has not.
//!
//! One file per table family: [`Library`] (`libraries`), [`Entity`] (`entities`, and `scanned` for what a scan
//! records), `places` (where they lie), `reach` (what lies in a folder), `originals`, [`CacheFile`], [`Candidate`] (`candidates`: choosing by hand;
//! `offers`: what enrichment writes of them), `enrichment` (ids, when), `metadata`, `edits` and `titles` (what is said in words,
//! and by whom), `answers` (what an item's providers said, at once), `locks` and `guards` (what [`Guard`](crate::model::Guard)
//! decides by), mappings (`publish` decides what shall be, of a `scope`, by what is `wanted` where, `settled` what is shown
//! just so, `kept` what locks keep, `replace` brings it about, `rollback` undoes it, `generations`, `history` and `forget`
//! tell of it and let go of it,
//! `mappings` reads it, `lay_out` tells where other names would lead), `documents` (which metadata document is shown),
//! `folders` and `feed` for the mount, `served`, `damage`, `verifications` and `exports` for those who look after all of it,
//! `tallies` for those who watch over it, `video_files` (stream details), `program_writes`, `shown_attributes` and `renames`
//! for what programs do through it, `jobs` and `task_runs` for what the daemon has to do, `players` for what players have
//! been told, `journal` (what is to be noted beside the cache; `put_back` reads it into a new catalog). `copy` and
//! `replacement` are about the file as a whole. `migrations/` holds the schema.

mod answers;
mod cache_files;
mod candidates;
mod copy;
mod credits;
mod damage;
mod derive;
mod document_marks;
mod documents;
mod edits;
mod enrichment;
mod entities;
mod error;
mod exports;
mod external_ids;
mod facts;
mod feed;
mod folders;
mod forget;
mod generations;
mod guards;
mod history;
mod jobs;
mod journal;
mod kept;
mod lay_out;
mod libraries;
mod locks;
mod mappings;
mod metadata;
mod offers;
mod open;
mod originals;
mod places;
mod players;
mod program_writes;
mod publish;
mod put_back;
mod reach;
mod release;
mod renames;
mod replace;
mod replacement;
mod rollback;
mod scanned;
mod scanned_folders;
mod scanned_known;
mod scanned_nfo;
mod scanned_record;
mod scope;
mod served;
mod settled;
mod shown_attributes;
mod sql_types;
mod status;
mod tallies;
mod task_runs;
mod titles;
mod verifications;
mod video_files;
mod wanted;
mod webhooks;

#[cfg(test)]
mod scale_tests;

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::model::LibraryId;

pub use answers::{ProviderAnswers, Rate};
pub use cache_files::{CacheFile, CacheTotals, NewCacheFile};
pub use candidates::{Candidate, Deselected, GivenUp, PROGRAM_PROVIDER, Selected, USER_PROVIDER};
pub use copy::{CatalogCheck, OnPages};
pub use credits::{Credit, ScannedCredit, ScannedSet, ToldCast, ToldCredit};
pub use damage::{BadPath, BadRow, CheckedPaths};
pub use derive::Derivation;
pub use documents::{DocumentChanges, DocumentInputs, DocumentState, NewDocument};
pub use edits::{Edited, EntityEdit};
pub use enrichment::{EnrichScope, Enrichment, Identification};
pub use entities::{Entity, EntityFilter, ListKey};
pub use error::CatalogError;
pub use exports::ExportNote;
pub use external_ids::SharedId;
pub use facts::PictureFacts;
pub use feed::{Change, Changes};
pub use folders::{FolderMappings, HiddenOriginal, MappedPicture, MappingFolder, Mask, SyntheticFolder};
pub use forget::{Forgotten, Retention};
pub use generations::{Generation, Stamp};
pub use history::{CapturedWrite, Difference, ShownPicture, Tag};
pub use jobs::{Asked, Job, JobCounts, JobFilter, NewJob};
pub use journal::Unnoted;
pub use lay_out::{LaidOut, Layouts};
pub use libraries::{Library, NewLibrary};
pub use locks::{Lock, LockChange};
pub use mappings::{Mapping, MappingPage, PathKey, RefusedRow};
pub use metadata::{DeclaredArtwork, MetadataField, SourcedField};
pub use offers::{NotChosen, OfferedCandidate, ScoredCandidate};
pub use open::PATIENCE_BRIEF;
pub use originals::{Original, ScannedOriginal};
pub use program_writes::{Program, ProgramWrite, WriteAction};
pub use publish::{PublishMode, Published};
pub use put_back::{ItemToPutBack, KnownPictures, PutBack};
pub use release::Released;
pub use renames::{NewRename, Rename};
pub use replacement::SoleUse;
pub use rollback::RollbackScope;
pub use scanned::{Recorded, ScanOutcome, ScannedFile, ScannedItem, ScannedNfo, ScannedParent};
pub use scanned_folders::ScannedFolder;
pub use scope::Scope;
pub use served::{Service, Unreferred};
pub use shown_attributes::{ExactTime, ShownAttributes};
pub use status::Counts;
pub use tallies::{Tallies, Tally};
pub use task_runs::TaskRun;
pub use verifications::{CachedFile, Verification};
pub use video_files::VideoIdentity;
pub use wanted::{Conflict, Place, SelectedPicture};
pub use webhooks::{NewWebhook, ReceivedWebhook, ToldIds};

use crate::steps;
use error::Fault;

/// One connection to the catalog.
#[derive(Debug)]
pub struct Catalog {
    connection: Connection,
    path: PathBuf,
    /// Keeps the file from being replaced; dropped behind the connection.
    _part: Option<File>,
    /// The library of the running scan, if nothing was known of it when that began.
    new_library: Option<LibraryId>,
}

impl Catalog {
    /// The file it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A number that differs from its last value when *another* connection has changed the catalog since.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn data_version(&self) -> Result<i64, CatalogError> {
        self.read(|connection| Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?))
    }

    /// Runs one statement that reads.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, CatalogError> {
        work(&self.connection).map_err(|fault| fault.at(&self.path))
    }

    /// Runs several statements that read, all of one state of the catalog.
    fn read_together<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, CatalogError> {
        let run = || {
            let transaction = self.connection.unchecked_transaction()?;
            let value = work(&transaction)?;
            transaction.finish()?;
            Ok(value)
        };
        run().map_err(|fault: Fault| fault.at(&self.path))
    }

    /// Runs one transaction that writes. An error undoes all of it.
    fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, CatalogError> {
        let Self { connection, path, .. } = self;
        let run = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            steps::reached("catalog.written");
            transaction.commit()?;
            steps::reached("catalog.committed");
            Ok(value)
        };
        run().map_err(|fault: Fault| fault.at(path))
    }

    /// As [`Self::write`], for changes that may touch very many rows: takes more memory while it lasts.
    fn write_many<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, CatalogError> {
        self.read(|connection| Ok(connection.execute_batch(open::LARGE_CACHE)?))?;
        let result = self.write(work);
        self.read(|connection| Ok(connection.execute_batch(open::USUAL_CACHE)?))?;
        result
    }

    /// Runs a transaction that leaves everything as it was: to find out what a change would come to.
    fn try_out<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, CatalogError> {
        let Self { connection, path, .. } = self;
        let run = || {
            let transaction = connection.transaction()?;
            let value = work(&transaction)?;
            transaction.rollback()?;
            Ok(value)
        };
        run().map_err(|fault: Fault| fault.at(path))
    }

    /// Runs a transaction that writes nothing but temporary tables, for those that read them afterwards.
    fn note<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, CatalogError> {
        let Self { connection, path, .. } = self;
        let run = || {
            let transaction = connection.transaction()?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|fault: Fault| fault.at(path))
    }
}
