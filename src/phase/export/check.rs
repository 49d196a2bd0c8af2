//! Whether what was exported is still there, and bringing back what is not.
//!
//! What was shown when the last export ended must be there. What was published since is not missing: it has not been
//! exported yet. What is no longer published is nobody's business here.

use std::collections::HashSet;
use std::path::Path;

use crate::cache::{Cache, StoredFormat};
use crate::catalog::{Catalog, ExportNote, Library};
use crate::library::Source;
use crate::model::{LibraryId, Name, RelPath, UnixSeconds};
use crate::naming::Profiles;
use crate::phase::verify::{Finding, Flaw, Subject};
use crate::phase::{PhaseError, names};
use crate::recycle::Recycle;

use super::picture::{LaidOut, Picture, Pictures, Published};
use super::stage::{Found, Stage};
use super::tree::{Failure, Folder, Tree};
use super::{Export, ExportMode, ExportProblem, ExportReport, ExportRequest, ExportTarget, PAGE, absolute};

/// An earlier export that is to be looked at.
#[derive(Debug, Clone, Copy)]
pub(in crate::phase) struct ExportCheck<'a> {
    pub(in crate::phase) cache: &'a Cache,
    pub(in crate::phase) library: &'a Library,
    /// The tree of the library.
    pub(in crate::phase) source: &'a Source,
    /// What was exported where.
    pub(in crate::phase) export: &'a ExportNote,
    /// Whether the files are read.
    pub(in crate::phase) is_deep: bool,
}

/// Notes that an export came to its end, so that its files can be looked at later, and used.
///
/// # Errors
/// When the catalog cannot be written.
pub fn note_export(
    catalog: &mut Catalog,
    request: &ExportRequest<'_>,
    profiles: Option<&Profiles>,
) -> Result<(), PhaseError> {
    if request.is_dry_run {
        return Ok(());
    }
    let target = match request.target {
        ExportTarget::Library(_) => None,
        ExportTarget::Folder(path) => Some(absolute(path)),
    };
    let (naming, mode) = (profiles.map(ToString::to_string), request.mode.as_str().to_owned());
    let note = ExportNote { library: request.library.id, target, naming, mode, exported_at: request.now };
    Ok(catalog.note_export(&note)?)
}

/// Forgets an earlier export. Returns whether it was known.
///
/// # Errors
/// When the catalog cannot be written.
pub fn forget_export(
    catalog: &mut Catalog,
    library: &Library,
    to: Option<&Path>,
    profiles: Option<&Profiles>,
) -> Result<bool, PhaseError> {
    let (target, naming) = (to.map(absolute), profiles.map(ToString::to_string));
    Ok(catalog.forget_export(library.id, target.as_deref(), naming.as_deref())?)
}

/// Looks at the files of an export. Returns at how many.
///
/// # Errors
/// When the catalog fails.
pub(in crate::phase) fn check_export(
    catalog: &mut Catalog,
    check: &ExportCheck<'_>,
    found: &mut dyn FnMut(Finding),
) -> Result<u64, PhaseError> {
    if let Some(target) = check.export.target.as_deref().filter(|target| !target.is_dir()) {
        let message = format!(
            "the library {} was exported to this folder, which is not there; is its disk mounted? `posterfs export \
             --forget --to DIR` has it forgotten",
            check.library.name
        );
        found(Finding::new(Flaw::ExportDiffers, target, message, Subject::Folder));
        return Ok(0);
    }
    let Some(mode) = mode_of(check.export) else { return Ok(0) };
    let target = request(check.library, check.source, check.export, mode, true, check.export.exported_at).target;
    let mut looked_at = 0;
    with_pictures(catalog, check.library, check.export.naming.as_deref(), |pictures| {
        let mut look = Look { check, mode, pictures, tree: Tree::open(&target, true)? };
        each(pictures, |picture| {
            if picture.mtime <= check.export.exported_at {
                looked_at += 1;
                look.check(picture, found)?;
            }
            Ok(())
        })
    })?;
    Ok(looked_at)
}

/// A look at the files of an export.
struct Look<'a> {
    check: &'a ExportCheck<'a>,
    mode: ExportMode,
    pictures: &'a dyn Pictures,
    tree: Tree,
}

impl Look<'_> {
    fn check(&mut self, picture: &Picture, found: &mut dyn FnMut(Finding)) -> Result<(), PhaseError> {
        let message = match self.at_place_of(picture)? {
            None | Some(Found::Same) => return Ok(()),
            Some(Found::Nothing) => "this exported picture is not there any more".to_owned(),
            Some(Found::File) => "this exported picture is something else now".to_owned(),
            Some(Found::Other(kind)) => format!("{kind} is in the place of this exported picture"),
        };
        let path = self.tree.display(&picture.folder.join(&picture.name));
        let (folder, name) = (picture.folder.clone(), picture.name.clone());
        let subject = Subject::Exported { export: self.check.export.clone(), folder, name };
        found(Finding::new(Flaw::ExportDiffers, &path, message, subject));
        Ok(())
    }

    /// What is there; `None` where nothing need be, or the cache itself lacks the picture.
    fn at_place_of(&mut self, picture: &Picture) -> Result<Option<Found>, PhaseError> {
        let Some(format) = picture.extension.parse::<StoredFormat>().ok() else { return Ok(None) };
        let Ok(content) = self.check.cache.open_file(&picture.hash, format) else { return Ok(None) };
        let folder = match self.tree.enter(&picture.folder, || self.pictures.is_synthetic(picture)) {
            Ok(Folder::Open(folder)) => folder,
            Ok(Folder::ToBeMade) => return Ok(Some(Found::Nothing)),
            // The film is gone, or something is in the way that an export would tell of.
            Ok(Folder::Lacking) | Err(Failure::Io(_)) => return Ok(None),
            Err(Failure::Phase(error)) => return Err(error),
        };
        let cache_path = self.check.cache.path_of(&picture.hash, format);
        let stage = Stage { picture, content, cache_path, folder, mode: self.mode };
        let found = if self.check.is_deep { stage.look() } else { stage.look_quickly() };
        Ok(Some(found.unwrap_or(Found::Other("something that cannot be read"))))
    }
}

/// Brings back those files of an export.
///
/// # Errors
/// As [`super::export`]; what concerns single files is part of the report.
pub(in crate::phase) fn restore_exported(
    catalog: &mut Catalog,
    check: &ExportCheck<'_>,
    recycle: &Recycle,
    wanted: &HashSet<(RelPath, Name)>,
    now: UnixSeconds,
) -> Result<ExportReport, PhaseError> {
    let Some(mode) = mode_of(check.export) else { return Ok(unknown_mode(check)) };
    let request = request(check.library, check.source, check.export, mode, false, now);
    with_pictures(catalog, check.library, check.export.naming.as_deref(), |pictures| {
        let mut export = Export::begin(check.cache, recycle, &request)?;
        each(pictures, |picture| {
            let is_wanted = wanted.contains(&(picture.folder.clone(), picture.name.clone()));
            if is_wanted { export.export_one(picture, pictures) } else { Ok(()) }
        })?;
        export.tree.leave()?;
        Ok(export.report)
    })
}

fn unknown_mode(check: &ExportCheck<'_>) -> ExportReport {
    let message = format!("`{}` is no way of exporting that this posterfs knows", check.export.mode);
    let problem = ExportProblem { path: check.library.name.clone(), message };
    ExportReport { error_count: 1, errors: vec![problem], ..ExportReport::default() }
}

fn mode_of(export: &ExportNote) -> Option<ExportMode> {
    export.mode.parse().ok()
}

fn request<'a>(
    library: &'a Library,
    source: &'a Source,
    export: &'a ExportNote,
    mode: ExportMode,
    is_dry_run: bool,
    now: UnixSeconds,
) -> ExportRequest<'a> {
    let target = export.target.as_deref();
    let target = target.map_or(ExportTarget::Library(source), |path: &Path| ExportTarget::Folder(path));
    ExportRequest { library, target, mode, is_dry_run, now }
}

/// Works with what is published, or with what is selected under other names.
fn with_pictures<T>(
    catalog: &mut Catalog,
    library: &Library,
    naming: Option<&str>,
    work: impl FnOnce(&dyn Pictures) -> Result<T, PhaseError>,
) -> Result<T, PhaseError> {
    let id: LibraryId = library.id;
    let Some(naming) = naming else { return work(&Published { catalog, library: id }) };
    let profiles =
        naming.parse::<Profiles>().map_err(|source| PhaseError::Naming { library: library.name.clone(), source })?;
    let layouts = names::lay_out(catalog, library, &profiles)?;
    work(&LaidOut { layouts, library: id })
}

fn each(pictures: &dyn Pictures, mut work: impl FnMut(&Picture) -> Result<(), PhaseError>) -> Result<(), PhaseError> {
    let mut after = None;
    loop {
        let page = pictures.page(after.as_ref(), PAGE)?;
        page.pictures.iter().try_for_each(&mut work)?;
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}
