//! Opening and migrating.
//!
//! What is found is looked at before anything is written: a newer catalog, or a file that is none, is left byte for
//! byte as it was. Two processes that open a new state folder at once take turns through a lock on that folder, held
//! only while the file is made or migrated.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use rustix::fs::{FlockOperation, flock};

use super::error::Fault;
use super::{Catalog, CatalogError, copy, replace, replacement, scanned};
use crate::{lasting, steps};

/// Every step of the schema's life. Append; never change what has been released.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("migrations/0001_initial.sql")),
    M::up(include_str!("migrations/0002_places.sql")),
    M::up(include_str!("migrations/0003_streams.sql")),
    M::up(include_str!("migrations/0004_programs.sql")),
    M::up(include_str!("migrations/0005_scan.sql")),
    M::up(include_str!("migrations/0006_enrichment.sql")),
    M::up(include_str!("migrations/0007_credits.sql")),
    M::up(include_str!("migrations/0008_fields.sql")),
    M::up(include_str!("migrations/0009_history.sql")),
    M::up(include_str!("migrations/0010_jobs.sql")),
    M::up(include_str!("migrations/0011_players.sql")),
    M::up(include_str!("migrations/0012_webhooks.sql")),
    M::up(include_str!("migrations/0013_journal.sql")),
    M::up(include_str!("migrations/0014_documents.sql")),
    M::up(include_str!("migrations/0015_withdrawals.sql")),
    M::up(include_str!("migrations/0015_care.sql")),
    M::up(include_str!("migrations/0016_document_inputs.sql")),
    M::up(include_str!("migrations/0017_hashes.sql")),
    M::up(include_str!("migrations/0018_document_marks.sql")),
];

/// `PRAGMA application_id` of a catalog: "pfs1".
const APPLICATION_ID: i64 = 0x7066_7331;

/// How long a writer waits for another one. Publishing a million mappings stays below it.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same for one whom a program is waiting for; see [`Catalog::wait_briefly`].
pub const PATIENCE_BRIEF: Duration = Duration::from_secs(5);
/// How often it looks whether it is its turn. SQLite's own wait grows to a tenth of a second, and who waits so long between two
/// looks never has a turn while several others write all the time.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Enough for every statement of the catalog, so that none is parsed twice.
const STATEMENTS_KEPT: usize = 128;

/// What a file says about itself.
pub(super) struct Found {
    version: i64,
    application: i64,
    tables: i64,
    is_wal: bool,
}

impl Catalog {
    /// Opens the catalog for reading and writing; makes or migrates it where needed. Its folder must exist. Before it is
    /// migrated, it is backed up into `backups` beside it.
    ///
    /// # Errors
    /// When the file is newer than this program or no catalog (it is then left untouched), cannot be opened or
    /// written, or the file system is full.
    pub fn open(path: &Path) -> Result<Self, CatalogError> {
        Self::open_or_make(path, true)
    }

    /// As [`Self::open`], for a catalog that can be made anew at any time: it is not backed up before it is migrated.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_disposable(path: &Path) -> Result<Self, CatalogError> {
        Self::open_or_make(path, false)
    }

    fn open_or_make(path: &Path, keeps_old: bool) -> Result<Self, CatalogError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            // For what is attached.
            | OpenFlags::SQLITE_OPEN_URI;
        let at = |error| Fault::from(error).at(path);
        let part = replacement::take_part(path)?;
        let mut connection = connect(path, flags).map_err(at)?;
        if !is_ready(&checked(&connection, path)?) {
            prepare_file(&mut connection, path, keeps_old)?;
        }
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(at)?;
        connection.execute_batch(WRITER_SETTINGS).map_err(at)?;
        connection.execute_batch(replace::TEMPORARY_TABLES).map_err(at)?;
        connection.execute_batch(scanned::TEMPORARY_TABLES).map_err(at)?;
        Ok(Self { connection, path: path.to_owned(), _part: part, new_library: None })
    }

    /// Closes the catalog and folds its log into its file, which holds everything then.
    ///
    /// # Errors
    /// When that cannot be written, or another connection has it open.
    pub fn close(self) -> Result<(), CatalogError> {
        let Self { connection, path, .. } = self;
        let fold =
            |connection: &Connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        let is_busy: i64 = fold(&connection).map_err(|error| Fault::from(error).at(&path))?;
        connection.close().map_err(|(_, error)| Fault::from(error).at(&path))?;
        if is_busy == 0 { Ok(()) } else { Err(CatalogError::Busy { path }) }
    }

    /// From now on a method waits [`PATIENCE_BRIEF`] at most for another process that writes, before it fails with
    /// [`CatalogError::Busy`].
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn wait_briefly(&self) -> Result<(), CatalogError> {
        self.read(|connection| Ok(connection.busy_handler(Some(|looks| look_again(looks, PATIENCE_BRIEF)))?))
    }

    /// Opens the catalog for reading only. It never waits for a writer and never makes one wait.
    ///
    /// # Errors
    /// When there is no catalog, it has another schema than this program, or it cannot be read.
    pub fn open_read_only(path: &Path) -> Result<Self, CatalogError> {
        Self::open_to_read(path, path, OpenFlags::empty(), is_ready)
    }

    /// Opens a catalog in a place where nothing can be written, not even what readers leave for each other (a read-only
    /// or full file system). Only for a short look: what another process changes meanwhile may go unseen.
    ///
    /// # Errors
    /// As [`Self::open_read_only`]; also when a process was killed while it wrote and the place has been read-only
    /// since, as its last changes cannot be put in.
    pub fn open_frozen(path: &Path) -> Result<Self, CatalogError> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        if std::fs::metadata(log).is_ok_and(|log| log.len() > 0) {
            return Self::open_read_only(path);
        }
        // Its log is not looked at, so it does not seem to have one.
        let is_present = |found: &Found| found.version == known_version();
        Self::open_to_read(path, &immutable_uri(path), OpenFlags::SQLITE_OPEN_URI, is_present)
    }

    fn open_to_read(
        path: &Path,
        opened_as: &Path,
        more: OpenFlags,
        is_usable: impl Fn(&Found) -> bool,
    ) -> Result<Self, CatalogError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let at = |error| Fault::from(error).at(path);
        let part = replacement::take_part(path)?;
        let connection = connect(opened_as, flags).map_err(at)?;
        let found = checked(&connection, path)?;
        if !is_usable(&found) {
            return Err(CatalogError::Older { path: path.to_owned(), found: found.version, known: known_version() });
        }
        connection.execute_batch(READER_SETTINGS).map_err(at)?;
        Ok(Self { connection, path: path.to_owned(), _part: part, new_library: None })
    }
}

/// The path as a URI that tells SQLite to look at the file alone.
pub(super) fn immutable_uri(path: &Path) -> PathBuf {
    PathBuf::from(uri(path) + "?immutable=1")
}

/// The path as a URI of a catalog that is only read.
pub(super) fn read_only_uri(path: &Path) -> String {
    uri(path) + "?mode=ro"
}

/// Names need not be UTF-8, so every byte that is not plain is escaped.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri
}

/// Runs something that rows without their counterparts do not keep from being written.
pub(super) fn without_foreign_keys<T>(
    catalog: &mut Catalog,
    work: impl FnOnce(&mut Catalog) -> Result<T, CatalogError>,
) -> Result<T, CatalogError> {
    let set = |catalog: &Catalog, sql| catalog.read(|connection| Ok(connection.execute_batch(sql)?));
    set(catalog, "PRAGMA foreign_keys = OFF")?;
    let outcome = work(catalog);
    set(catalog, "PRAGMA foreign_keys = ON")?;
    outcome
}

// The page caches (in KiB when negative) bound the memory of a connection; they fill only as far as needed.
const WRITER_SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -16384;
    PRAGMA temp.cache_size = -16384;
    PRAGMA journal_size_limit = 67108864;
";
const READER_SETTINGS: &str = "
    PRAGMA query_only = ON;
    PRAGMA cache_size = -8192;
";

/// For changes of very many rows: with less, 100,000 mappings are written to the disk several times over.
pub(super) const LARGE_CACHE: &str = "PRAGMA cache_size = -131072";
/// Back to the usual, which frees what is above it.
pub(super) const USUAL_CACHE: &str = "PRAGMA cache_size = -16384";

/// For many changes that can be made again: commits are not waited for, and the log is folded in less often. What others
/// commit later is not on the disk before these.
pub(super) const HASTE: &str = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000";
/// Back to the usual.
pub(super) const DURABLE: &str = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000";

pub(super) fn known_version() -> i64 {
    MIGRATIONS.len() as i64
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(|looks| look_again(looks, PATIENCE)))?;
    // Closing must not fold a log into a file that is then found not to be ours.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    rusqlite::vtab::array::load_module(&connection)?;
    Ok(connection)
}

/// Waits until the next look, unless there have been enough of them.
fn look_again(looks: i32, patience: Duration) -> bool {
    let is_worth_it = LOOK_EVERY * looks.unsigned_abs() < patience;
    if is_worth_it {
        std::thread::sleep(LOOK_EVERY);
    }
    is_worth_it
}

/// Looks at the file, and refuses what is newer or none of ours.
pub(super) fn checked(connection: &Connection, path: &Path) -> Result<Found, CatalogError> {
    let found = look(connection).map_err(|error| Fault::from(error).at(path))?;
    let is_new = found.version == 0 && found.tables == 0 && found.application == 0;
    if !is_new && found.application != APPLICATION_ID {
        return Err(CatalogError::Foreign { path: path.to_owned() });
    }
    if found.version > known_version() {
        return Err(CatalogError::Newer { path: path.to_owned(), found: found.version, known: known_version() });
    }
    Ok(found)
}

fn look(connection: &Connection) -> rusqlite::Result<Found> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    Ok(Found {
        version: number("PRAGMA user_version")?,
        application: number("PRAGMA application_id")?,
        tables: number("SELECT count(*) FROM sqlite_schema")?,
        is_wal: connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0))? == "wal",
    })
}

fn is_ready(found: &Found) -> bool {
    found.version == known_version() && found.is_wal
}

/// Makes the file a catalog of the present schema, alone: another process doing the same waits, then finds it done.
fn prepare_file(connection: &mut Connection, path: &Path, keeps_old: bool) -> Result<(), CatalogError> {
    let _turn = lock_folder(path)?;
    let found = checked(connection, path)?;
    if is_ready(&found) {
        return Ok(());
    }
    if keeps_old && (1..known_version()).contains(&found.version) {
        keep_old_schema(connection, path, found.version)?;
    }
    steps::reached("migrate.backed_up");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        .map_err(|error| Fault::from(error).at(path))?;
    Migrations::from_slice(MIGRATIONS).to_latest(connection).map_err(|error| migration_error(error, path))?;
    steps::reached("migrate.done");
    Ok(())
}

/// Where backups are kept: beside the catalog.
pub(super) fn backups_of(path: &Path) -> PathBuf {
    path.with_file_name("backups")
}

/// Copies the catalog as it is before its schema changes. There is one such copy for each schema, the newest.
fn keep_old_schema(connection: &Connection, path: &Path, version: i64) -> Result<(), CatalogError> {
    let folder = backups_of(path);
    let made = lasting::make_folder(&folder, 0o700);
    made.map_err(|source| CatalogError::of_file(&folder, source))?;
    let target = folder.join(format!("before-migration-of-schema-{version}.db"));
    copy::back_up(connection, path, &target, true, &mut |_, _| {})?;
    Ok(())
}

fn migration_error(error: rusqlite_migration::Error, path: &Path) -> CatalogError {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } if err.sqlite_error().is_some() => {
            Fault::from(err).at(path)
        }
        source => CatalogError::Migration { path: path.to_owned(), source },
    }
}

/// The lock ends with the value. It is on the folder because opening and closing the file itself a second time would
/// drop SQLite's own locks.
fn lock_folder(path: &Path) -> Result<File, CatalogError> {
    let folder = lasting::folder_of(path);
    let failed = |source| CatalogError::Folder { path: folder.to_owned(), source };
    let file = File::open(folder).map_err(failed)?;
    flock(&file, FlockOperation::LockExclusive).map_err(|errno| failed(errno.into()))?;
    Ok(file)
}
