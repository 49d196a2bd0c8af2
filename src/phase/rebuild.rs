//! A new database from the cache alone.
//!
//! The pictures tell what they are (they are read, hashed and looked at anew), the journal beside them what was chosen, and
//! the provenance of each picture where it came from and, for what the journal does not tell of, what it was chosen for.
//! Nothing is asked of the tree: what is put back is marked missing until the next scan finds it.
//!
//! The new database is made beside and takes its place when it is whole; the old one is kept.

mod pictures;
mod recorded;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cache::{Cache, JournalIndex, Limits};
use crate::catalog::{Catalog, CatalogError, ItemToPutBack, PublishMode, PutBack, SoleUse};
use crate::model::{
    ContentHash, EntityId, JournalEntry, JournalLibrary, JournalSubject, LibraryId, LibraryKind, UnixSeconds,
};
use crate::steps;

use super::backup::shown;
use super::{PhaseError, Progress};
use pictures::Pictures;

/// How many items are put back in one transaction.
const BATCH: usize = 500;
/// How many of the pictures that are damaged or gone are named.
const NAMED_MAX: usize = 100;

/// A library that a person tells of, because the journal does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldLibrary {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: LibraryKind,
    /// Its root: absolute, normalised.
    pub path: PathBuf,
}

/// What is needed to make a database anew.
pub struct RebuildRequest<'a> {
    /// Where it is, or was.
    pub database: &'a Path,
    /// The cache.
    pub cache: &'a Cache,
    /// What the cache takes.
    pub limits: Limits,
    /// Libraries that the journal does not tell of.
    pub libraries: &'a [ToldLibrary],
    /// Also where the present database is whole.
    pub replaces_whole: bool,
    /// A trial does everything but put the new database in its place.
    pub mode: PublishMode,
    /// The present time.
    pub now: UnixSeconds,
}

/// What making the database anew came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RebuildReport {
    /// Names of the libraries.
    pub libraries: Vec<String>,
    /// Items of which something is known.
    pub items: u64,
    /// Pictures that are selected again.
    pub selected: u64,
    /// Image types and fields that are locked again.
    pub locked: u64,
    /// Whole pictures in the cache.
    pub pictures: u64,
    /// Pictures of the cache that nothing tells what they are for.
    pub unknown: u64,
    /// Records of libraries that nobody tells of, by the name of the library.
    pub without_library: BTreeMap<String, u64>,
    /// Files of the cache that are damaged, as far as they are named.
    pub damaged: Vec<String>,
    /// Pictures that were selected and are not in the cache any more: item and hash.
    pub lost: Vec<String>,
    /// Lines of the journal and of provenance that cannot be understood.
    pub unreadable: u64,
    /// Where the old database is now.
    pub kept: Option<String>,
}

impl RebuildReport {
    /// Whether something could not be brought back.
    #[must_use]
    pub fn has_problems(&self) -> bool {
        !(self.without_library.is_empty() && self.damaged.is_empty() && self.lost.is_empty()) || self.unreadable > 0
    }

    fn add(&mut self, put_back: PutBack) {
        self.items += put_back.items;
        self.selected += put_back.selected;
        self.locked += put_back.locked;
        let lost = put_back.lost.into_iter().map(|(item, hash)| format!("{item}: {hash}"));
        self.lost.extend(lost.take(NAMED_MAX.saturating_sub(self.lost.len())));
    }
}

/// Makes the database anew.
///
/// # Errors
/// When another process has it open, it is whole and not to be replaced, or cache or database cannot be read or written.
/// Until the last step the old one stays in its place.
pub fn rebuild(request: &RebuildRequest<'_>, progress: &dyn Progress) -> Result<RebuildReport, PhaseError> {
    let sole = SoleUse::take(request.database)?;
    refuse_whole(request)?;
    let place = sole.place_for_new()?;
    let made = make(request, &place, progress);
    steps::reached("rebuild.made");
    match (made, request.mode) {
        (Ok(mut report), PublishMode::Apply) => {
            report.kept = sole.replace()?.as_deref().map(shown);
            Ok(report)
        }
        (made, _) => {
            sole.place_for_new()?;
            made
        }
    }
}

/// A database that is whole knows more than the cache does: its history, and what providers told.
fn refuse_whole(request: &RebuildRequest<'_>) -> Result<(), PhaseError> {
    if request.replaces_whole || request.mode == PublishMode::DryRun || !request.database.exists() {
        return Ok(());
    }
    match Catalog::check_file(request.database) {
        Ok(found) if found.problems.is_empty() && found.entities > 0 => {
            Err(PhaseError::DatabaseIsWhole { path: request.database.to_owned() })
        }
        Err(error @ CatalogError::Newer { .. }) => Err(error.into()),
        _ => Ok(()),
    }
}

fn make(request: &RebuildRequest<'_>, place: &Path, progress: &dyn Progress) -> Result<RebuildReport, PhaseError> {
    let pictures = Pictures::read(request.cache, &request.limits, progress)?;
    let index = request.cache.read_journal()?;
    let catalog = Catalog::open_disposable(place)?;
    let report = RebuildReport {
        pictures: pictures.count(),
        damaged: pictures.damaged().iter().take(NAMED_MAX).cloned().collect(),
        unreadable: index.unreadable(),
        ..RebuildReport::default()
    };
    let mut rebuild = Rebuild { request, catalog, pictures, told: HashSet::new(), named: HashSet::new(), report };
    rebuild.put_libraries_back(&index)?;
    steps::reached("rebuild.libraries");
    rebuild.put_items_back(&index)?;
    steps::reached("rebuild.items");
    rebuild.put_records_back()?;
    steps::reached("rebuild.records");
    let is_unknown = |hash: &&ContentHash| !rebuild.named.contains(*hash);
    rebuild.report.unknown = rebuild.pictures.hashes().into_iter().filter(is_unknown).count() as u64;
    rebuild.report.libraries = rebuild.catalog.libraries()?.into_iter().map(|library| library.name).collect();
    let Rebuild { catalog, report, .. } = rebuild;
    catalog.close()?;
    let found = Catalog::check_file(place)?;
    if found.problems.is_empty() {
        Ok(report)
    } else {
        Err(CatalogError::Unsound { path: place.to_owned(), problems: found.problems }.into())
    }
}

/// A database under way.
struct Rebuild<'a> {
    request: &'a RebuildRequest<'a>,
    catalog: Catalog,
    pictures: Pictures,
    /// Items of which the journal tells.
    told: HashSet<EntityId>,
    /// Pictures of which it is known what they are for.
    named: HashSet<ContentHash>,
    report: RebuildReport,
}

impl Rebuild<'_> {
    /// The libraries of the journal, then those of which it does not tell and a person does.
    fn put_libraries_back(&mut self, index: &JournalIndex) -> Result<(), PhaseError> {
        for key in index.keys() {
            match (key.1, index.entry(key)) {
                (JournalSubject::Library(_), Some(JournalEntry::Library(library))) => {
                    self.catalog.put_library_back(&self.as_told(library))?;
                }
                (JournalSubject::Generation, Some(JournalEntry::Generation(last))) => {
                    self.catalog.go_on_behind(last)?
                }
                _ => {}
            }
        }
        for told in self.request.libraries {
            self.catalog.put_library_back(&JournalLibrary {
                id: 0,
                name: told.name.clone(),
                path: told.path.clone(),
                kind: told.kind,
                naming: "default".to_owned(),
                added_at: self.request.now.get(),
                removed_at: None,
            })?;
        }
        Ok(())
    }

    /// The library, at the path that a person tells, if one of that name is told.
    fn as_told(&self, library: JournalLibrary) -> JournalLibrary {
        let told = self.request.libraries.iter().find(|told| told.name == library.name && library.removed_at.is_none());
        match told {
            Some(told) => JournalLibrary { path: told.path.clone(), ..library },
            None => library,
        }
    }

    /// The newest lineage first: what an older one tells of the same items means nothing any more.
    fn put_items_back(&mut self, index: &JournalIndex) -> Result<(), PhaseError> {
        let mut libraries = BTreeMap::new();
        let mut batch = Vec::new();
        for key in index.keys() {
            match index.entry(key) {
                Some(JournalEntry::Library(library)) => {
                    let id = self.catalog.put_library_back(&self.as_told(library.clone()))?;
                    libraries.insert((key.0, library.id), id);
                }
                Some(JournalEntry::Item(item)) => match libraries.get(&(key.0, item.library)) {
                    Some(&library) => batch.push(ItemToPutBack { library, item: *item }),
                    None => *self.report.without_library.entry(String::new()).or_default() += 1,
                },
                _ => {}
            }
            if batch.len() >= BATCH {
                self.put(&batch)?;
                batch.clear();
            }
        }
        self.put(&batch)
    }

    fn put(&mut self, batch: &[ItemToPutBack]) -> Result<(), PhaseError> {
        self.named.extend(batch.iter().flat_map(|one| one.item.selected.iter().map(|choice| choice.sha256)));
        let now = self.request.now;
        let put_back = {
            let known = |hash: &ContentHash| self.pictures.cache_file(hash, now);
            self.catalog.put_items_back(batch, &mut self.told, &known)?
        };
        self.report.add(put_back);
        Ok(())
    }

    fn library_named(&self, name: &str) -> Option<LibraryId> {
        self.catalog.library_named(name).ok().map(|library| library.id)
    }
}
