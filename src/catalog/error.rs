//! What can go wrong with the catalog.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rustix::fs::{Access, access};
use rustix::io::Errno;

use crate::model::{CandidateId, EntityId, GenerationId, JobId, LibraryId, show_bytes};

/// Why the catalog did not do what it was asked for. Nothing of a failed change is kept.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file cannot be opened or made.
    #[error("cannot open the catalog {}: is its folder there, and may you write in it?", path.display())]
    Open {
        /// The file of the catalog.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The folder that holds the catalog cannot be opened or locked.
    #[error("cannot open the state folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the catalog, or a copy of it, cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Other processes have it open.
    #[error(
        "the catalog {} is in use by another posterfs: end what runs on this state folder (`posterfs unmount`, the daemon), then try again", path.display()
    )]
    InUse {
        /// The file of the catalog.
        path: PathBuf,
    },
    /// Somebody is putting another file in its place.
    #[error("the catalog {} is being restored or rebuilt by another posterfs: try again when that is done", path.display())]
    BeingReplaced {
        /// The file of the catalog.
        path: PathBuf,
    },
    /// There is a file where a backup is to go.
    #[error("{} is there already; give another name, or replace it with --force", show_path(path))]
    BackupExists {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged in ways that were looked for.
    #[error("{} is damaged: {}", show_path(path), problems.join("; "))]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problems: Vec<String>,
    },
    /// A newer posterfs has written it.
    #[error(
        "the catalog {} has schema version {found}, this posterfs knows versions up to {known}: use the newer posterfs \
         that wrote it; it was left as it is", path.display()
    )]
    Newer {
        /// The file of the catalog.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// It needs a migration, which a reader does not do.
    #[error(
        "the catalog {} has schema version {found} and must be brought to {known} first: run `posterfs status` once",
        path.display()
    )]
    Older {
        /// The file of the catalog.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The version this program needs.
        known: i64,
    },
    /// The file is something else.
    #[error("{} is no database of posterfs; give another file, or another state folder (`--state DIR`)", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file system is full.
    #[error("no space left to write the catalog {}: free some space there and try again", path.display())]
    Full {
        /// The file of the catalog.
        path: PathBuf,
    },
    /// The file or its folder cannot be written.
    #[error(
        "the catalog {} cannot be written: the file, its folder or its file system is read-only; make it writable, or use \
         another state folder (--state)", path.display()
    )]
    ReadOnly {
        /// The file of the catalog.
        path: PathBuf,
    },
    /// Another process did not let go of it in time.
    #[error("the catalog {} is busy: another process has been writing for a long time; try again", path.display())]
    Busy {
        /// The file of the catalog.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("the catalog {} is damaged: restore a backup, or run `posterfs rebuild`", path.display())]
    Damaged {
        /// The file of the catalog.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A row holds a value that posterfs would not have written, for example a path that leaves its library.
    #[error("the catalog {} holds a value that is not valid; the row is refused", path.display())]
    Row {
        /// The file of the catalog.
        path: PathBuf,
        /// Column and reason.
        source: rusqlite::Error,
    },
    /// Anything else SQLite says.
    #[error("the catalog {} failed", path.display())]
    Sql {
        /// The file of the catalog.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A migration failed.
    #[error("the catalog {} cannot be brought to the present schema; it was left as it is", path.display())]
    Migration {
        /// The file of the catalog.
        path: PathBuf,
        /// Which step, and why.
        source: rusqlite_migration::Error,
    },
    /// Another library has that name.
    #[error("there is a library {name} already, at {}", path.display())]
    LibraryExists {
        /// The name.
        name: String,
        /// Where that library is.
        path: PathBuf,
    },
    /// A name that commands could not use.
    #[error("`{}` cannot name a library: a name is not empty and has no slash, colon or control character",
        show_bytes(name.as_bytes()))]
    LibraryName {
        /// The name.
        name: String,
    },
    /// The path of a library is relative, or has `.` or `..` in it.
    #[error("{} is no absolute, normalised path", show_path(path))]
    LibraryPath {
        /// The path.
        path: PathBuf,
    },
    /// A library would lie inside or around another one, or be the same.
    #[error(
        "{} overlaps the library {name} at {}: each folder belongs to one library",
        show_path(path),
        show_path(other)
    )]
    LibraryNested {
        /// The path that was to become a library.
        path: PathBuf,
        /// The library in the way.
        name: String,
        /// Its path.
        other: PathBuf,
    },
    /// No library of that name.
    #[error("there is no library `{name}`; `posterfs library list` shows them")]
    NoSuchLibrary {
        /// The name.
        name: String,
    },
    /// No library of that number.
    #[error("there is no library with the number {id}")]
    NoSuchLibraryId {
        /// The number.
        id: LibraryId,
    },
    /// No entity of that number.
    #[error("there is no item {id}; `posterfs list` shows them")]
    NoSuchEntity {
        /// The number.
        id: EntityId,
    },
    /// No candidate of that number.
    #[error("there is no candidate {id}; `posterfs candidates ITEM` shows them")]
    NoSuchCandidate {
        /// The number.
        id: CandidateId,
    },
    /// No job of that number.
    #[error("there is no job {id}, or it has been forgotten; `posterfs jobs` shows them")]
    NoSuchJob {
        /// The number.
        id: JobId,
    },
    /// What a generation showed has been forgotten.
    #[error(
        "what generation {id} showed has been forgotten: [history] in the configuration says what is kept, and what \
             has a name is (`posterfs tag`)"
    )]
    Forgotten {
        /// The number.
        id: GenerationId,
    },
    /// No generation of that name.
    #[error("no generation has the name `{}`; `posterfs tag` lists those that are in use", show_bytes(name.as_bytes()))]
    NoSuchTag {
        /// The name.
        name: String,
    },
    /// A name that could be taken for something else.
    #[error(
        "`{}` cannot name a generation: a name is a letter, then letters, digits, `-`, `_` and `.`, at most 64 of them",
        show_bytes(name.as_bytes())
    )]
    TagName {
        /// The name.
        name: String,
    },
    /// No generation of that number.
    #[error("there is no generation {id}; `posterfs history` shows them")]
    NoSuchGeneration {
        /// The number.
        id: GenerationId,
    },
}

impl CatalogError {
    /// What went wrong with a file of the catalog, or a copy of it.
    #[must_use]
    pub fn of_file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull => Self::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::File { path, source },
        }
    }
}

fn show_path(path: &Path) -> String {
    show_bytes(path.as_os_str().as_encoded_bytes())
}

/// What goes wrong inside the catalog, before it is known which file it was.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite says so.
    Sql(rusqlite::Error),
    /// The catalog says so.
    Refused(CatalogError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<CatalogError> for Fault {
    fn from(error: CatalogError) -> Self {
        Self::Refused(error)
    }
}

impl Fault {
    /// Names the file it happened to.
    pub(super) fn at(self, path: &Path) -> CatalogError {
        match self {
            Self::Refused(error) => error,
            Self::Sql(source) => named(source, path.to_owned()),
        }
    }
}

/// `SQLITE_IOERR_SHMSIZE`: the shared index of the write-ahead log did not fit into the file system.
const IOERR_SHMSIZE: i32 = 4874;

/// SQLite cannot open a file without its log, and says no more than that when it may not make one.
fn is_folder_read_only(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    matches!(access(folder, Access::WRITE_OK), Err(Errno::ROFS | Errno::ACCESS)) && path.exists()
}

fn named(source: rusqlite::Error, path: PathBuf) -> CatalogError {
    use rusqlite::Error as Sql;
    if matches!(
        source,
        Sql::FromSqlConversionFailure(..) | Sql::IntegralValueOutOfRange(..) | Sql::InvalidColumnType(..)
    ) {
        return CatalogError::Row { path, source };
    }
    let Some(failure) = source.sqlite_error() else { return CatalogError::Sql { path, source } };
    match failure.code {
        ErrorCode::DiskFull => CatalogError::Full { path },
        _ if failure.extended_code == IOERR_SHMSIZE => CatalogError::Full { path },
        ErrorCode::ReadOnly => CatalogError::ReadOnly { path },
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => CatalogError::Busy { path },
        ErrorCode::DatabaseCorrupt => CatalogError::Damaged { path, source },
        ErrorCode::NotADatabase => CatalogError::Foreign { path },
        ErrorCode::CannotOpen if is_folder_read_only(&path) => CatalogError::ReadOnly { path },
        ErrorCode::CannotOpen => CatalogError::Open { path, source },
        _ => CatalogError::Sql { path, source },
    }
}
