//! Export: the mappings of a library as real files, for whoever wants them or cannot run a mount; or what is selected
//! under the names of other profiles, such as Kometa's asset directory.
//!
//! For each mapping: what is there is left alone when it is the same picture, else it goes to the recycle bin, and the
//! picture takes its name by a rename, whole and durable. One export at a time writes to a target (a lock on its
//! root), so what a killed one left half done, under one fixed name in a folder, is recognised and replaced.
//!
//! - `picture`: what is exported where
//! - `tree`: folders of the target, beneath its root and never through links
//! - `stage`: a picture on its way in, by copy, clone or link
//! - `check`: whether what was exported is still there, and bringing back what is not
//! - `error`: what stops an export as a whole; what concerns one file is part of the report

mod check;
mod error;
mod picture;
mod stage;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::io::Errno;
use serde::Serialize;

use crate::cache::{Cache, StoredFormat};
use crate::catalog::{Catalog, Library};
use crate::library::Source;
use crate::model::{UnixSeconds, show_bytes};
use crate::naming::Profiles;
use crate::recycle::Recycle;

use super::{PhaseError, Progress};

pub use check::{forget_export, note_export};
pub use error::{ExportError, ExportModeError};

pub(super) use check::{ExportCheck, check_export, restore_exported};

use picture::{LaidOut, Picture, Pictures, Published};
use stage::{Found, Stage};
use tree::{Folder, Tree};

/// How many mappings are read from the catalog at a time.
const PAGE: u32 = 500;

/// How many problems a report lists.
const ERRORS_MAX: usize = 1000;

/// How a picture becomes a file of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportMode {
    /// A copy of its own.
    Copy,
    /// A copy that shares its blocks with the cache until one of them is written (btrfs, XFS, …).
    Reflink,
    /// Another name of the cache file. Whoever writes to it in place writes to the cache.
    Hardlink,
    /// A link to the cache file.
    Symlink,
}

/// Where the files go.
#[derive(Debug, Clone, Copy)]
pub enum ExportTarget<'a> {
    /// Into the library itself, beneath a mount that may cover it. Only folders that belong to artwork are made.
    Library(&'a Source),
    /// Into a folder of their own, with the library's folders, which are made.
    Folder(&'a Path),
}

/// What is to be exported.
#[derive(Debug, Clone, Copy)]
pub struct ExportRequest<'a> {
    /// The library.
    pub library: &'a Library,
    /// Where the files go.
    pub target: ExportTarget<'a>,
    /// How.
    pub mode: ExportMode,
    /// Whether to tell only what would be done.
    pub is_dry_run: bool,
    /// The present time.
    pub now: UnixSeconds,
}

/// What an export came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// The name of the library.
    pub library: String,
    /// Files where nothing was.
    pub added: u64,
    /// Files in place of others.
    pub replaced: u64,
    /// Files that were the same picture already.
    pub unchanged: u64,
    /// Files that went to the recycle bin.
    pub recycled: u64,
    /// Mappings whose folder the library does not have at present.
    pub skipped: u64,
    /// What could not be exported, the first thousand.
    pub errors: Vec<ExportProblem>,
    /// How many things could not.
    pub error_count: u64,
}

/// Something that could not be exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportProblem {
    /// The full path of what would have been written, shown.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl ExportMode {
    /// Every mode, the default first.
    pub const ALL: [Self; 4] = [Self::Copy, Self::Reflink, Self::Hardlink, Self::Symlink];

    /// The word of the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Reflink => "reflink",
            Self::Hardlink => "hardlink",
            Self::Symlink => "symlink",
        }
    }
}

impl fmt::Display for ExportMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ExportMode {
    type Err = ExportModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| ExportModeError(text.to_owned()))
    }
}

/// Exports the current mappings of a library. Doing it again changes nothing.
///
/// # Errors
/// When the target cannot be opened or written at all, is full, cannot take the mode, or another export is at work
/// there; when the catalog or the recycle bin fails. What concerns single files is part of the report.
pub fn export(
    catalog: &Catalog,
    cache: &Cache,
    recycle: &Recycle,
    request: &ExportRequest<'_>,
    progress: &dyn Progress,
) -> Result<ExportReport, PhaseError> {
    let published = Published { catalog, library: request.library.id };
    Export::begin(cache, recycle, request)?.run(&published, progress)
}

/// Exports what is selected in a library, as `publish` would show it now, under the names of other profiles than the
/// library's. The trees of [`Profiles::is_tree`] need a folder of their own.
///
/// # Errors
/// As [`export`]; and when the profiles make a tree of their own and the target is the library.
pub fn export_as(
    catalog: &mut Catalog,
    cache: &Cache,
    recycle: &Recycle,
    request: &ExportRequest<'_>,
    profiles: &Profiles,
    progress: &dyn Progress,
) -> Result<ExportReport, PhaseError> {
    if profiles.is_tree() && matches!(request.target, ExportTarget::Library(_)) {
        return Err(ExportError::NoTree { naming: profiles.to_string() }.into());
    }
    let layouts = super::names::lay_out(catalog, request.library, profiles)?;
    let mut export = Export::begin(cache, recycle, request)?;
    for conflict in &layouts.conflicts {
        let path = export.tree.display(&conflict.folder.join(&conflict.name));
        export.problem(&show_path(&path), &conflict.to_string());
    }
    export.report.error_count = layouts.conflict_count;
    export.run(&LaidOut { layouts, library: request.library.id }, progress)
}

struct Export<'a> {
    cache: &'a Cache,
    recycle: &'a Recycle,
    request: &'a ExportRequest<'a>,
    tree: Tree,
    report: ExportReport,
}

impl<'a> Export<'a> {
    fn begin(cache: &'a Cache, recycle: &'a Recycle, request: &'a ExportRequest<'a>) -> Result<Self, PhaseError> {
        let tree = Tree::open(&request.target, request.is_dry_run)?;
        let report = ExportReport { library: request.library.name.clone(), ..ExportReport::default() };
        Ok(Self { cache, recycle, request, tree, report })
    }

    fn run(mut self, pictures: &dyn Pictures, progress: &dyn Progress) -> Result<ExportReport, PhaseError> {
        progress.start(None);
        let result = self.all(pictures, progress);
        progress.finish();
        result.map(|()| self.report)
    }

    fn all(&mut self, pictures: &dyn Pictures, progress: &dyn Progress) -> Result<(), PhaseError> {
        let mut after = None;
        loop {
            let page = pictures.page(after.as_ref(), PAGE)?;
            for row in page.refused {
                let path = [row.folder.as_slice(), b"/", &row.name].concat();
                self.problem(&show_bytes(&path), &row.reason);
            }
            for picture in &page.pictures {
                self.export_one(picture, pictures)?;
                progress.advance(1);
            }
            after = page.next;
            if after.is_none() {
                return self.tree.leave();
            }
        }
    }

    fn export_one(&mut self, picture: &Picture, pictures: &dyn Pictures) -> Result<(), PhaseError> {
        let path = self.tree.display(&picture.folder.join(&picture.name));
        match self.try_one(picture, pictures, &path) {
            Err(Trouble::File(message)) => {
                self.problem(&show_path(&path), &message);
                Ok(())
            }
            Err(Trouble::All(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }

    fn try_one(&mut self, picture: &Picture, pictures: &dyn Pictures, path: &Path) -> Result<(), Trouble> {
        let format: StoredFormat = picture.extension.parse().map_err(Trouble::file)?;
        let content = self.cache.open_file(&picture.hash, format).map_err(Trouble::file)?;
        let folder = match self.enter(picture, pictures)? {
            Folder::Open(folder) => folder,
            Folder::ToBeMade => {
                self.report.added += 1;
                return Ok(());
            }
            Folder::Lacking => {
                self.report.skipped += 1;
                return Ok(());
            }
        };
        let cache_path = self.cache.path_of(&picture.hash, format);
        let stage = Stage { picture, content, cache_path, folder: folder.clone(), mode: self.request.mode };
        let found = stage.look().map_err(Trouble::file)?;
        match found {
            Found::Same => self.report.unchanged += 1,
            Found::Other(kind) => return Err(Trouble::File(format!("{kind} is in the way; it was left alone"))),
            Found::Nothing | Found::File => self.place(&stage, found == Found::File, path)?,
        }
        Ok(())
    }

    /// Puts the picture in its place, and what is there into the recycle bin.
    fn place(&mut self, stage: &Stage<'_>, is_taken: bool, path: &Path) -> Result<(), Trouble> {
        if !self.request.is_dry_run {
            stage.prepare().map_err(|failure| self.trouble(failure, path))?;
            if is_taken {
                let reason = format!("replaced by export of the library {}", self.request.library.name);
                let name = &stage.picture.name;
                let taken = self.recycle.take(stage.folder(), name, path, &reason, self.request.now);
                if let Err(error) = taken {
                    stage.give_up();
                    return Err(Trouble::All(error.into()));
                }
            }
            stage.finish().map_err(|error| self.trouble(stage::Failure::Io(error), path))?;
            self.tree.has_written();
        }
        self.report.recycled += u64::from(is_taken);
        *if is_taken { &mut self.report.replaced } else { &mut self.report.added } += 1;
        Ok(())
    }

    fn enter(&mut self, picture: &Picture, pictures: &dyn Pictures) -> Result<Folder, Trouble> {
        let folder = &picture.folder;
        match self.tree.enter(folder, || pictures.is_synthetic(picture)) {
            Ok(folder) => Ok(folder),
            Err(tree::Failure::Phase(error)) => Err(Trouble::All(error)),
            Err(tree::Failure::Io(error)) => Err(self.trouble(stage::Failure::Io(error), &self.tree.display(folder))),
        }
    }

    /// Whether a failure concerns one file, or all that would follow.
    fn trouble(&self, failure: stage::Failure, path: &Path) -> Trouble {
        let path = path.to_owned();
        match failure {
            stage::Failure::ModeImpossible(source) => Trouble::All(
                ExportError::ModeImpossible {
                    mode: self.request.mode,
                    cache: self.cache.root().to_owned(),
                    path,
                    source,
                }
                .into(),
            ),
            stage::Failure::Damaged => Trouble::File(
                "the picture in the cache is damaged; `posterfs verify --repair` gets it again".to_owned(),
            ),
            stage::Failure::Io(source) => match Errno::from_io_error(&source) {
                Some(Errno::NOSPC | Errno::DQUOT) => Trouble::All(ExportError::Full { path }.into()),
                Some(Errno::ROFS) => Trouble::All(ExportError::ReadOnly { path }.into()),
                _ => Trouble::File(source.to_string()),
            },
        }
    }

    fn problem(&mut self, path: &str, message: &str) {
        self.report.error_count += 1;
        if self.report.errors.len() < ERRORS_MAX {
            self.report.errors.push(ExportProblem { path: path.to_owned(), message: message.to_owned() });
        }
    }
}

/// What can go wrong with one mapping.
enum Trouble {
    /// Only this one cannot be exported.
    File(String),
    /// There is no use in going on.
    All(PhaseError),
}

impl Trouble {
    fn file(error: impl fmt::Display) -> Self {
        Self::File(error.to_string())
    }
}

fn show_path(path: &Path) -> String {
    show_bytes(path.as_os_str().as_encoded_bytes())
}

/// The absolute form of a path, for links and records.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
