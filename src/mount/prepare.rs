//! What has to be there before a mount can be served.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuser::BackingId;
use rustix::fs::{Access, access, fstat};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cache::Cache;
use crate::catalog::Library;
use crate::config::StateDir;
use crate::control::MountInfo;
use crate::library::Source;
use crate::model::SystemClock;
use crate::phase::{LibrariesWithTrees, ViewCatalog, ViewDocuments};

use super::attach::attach;
use super::beneath::{open_beneath, open_folder};
use super::gate::Gate;
use super::index::FolderIndex;
use super::notify::Notices;
use super::options::{MountError, MountOptions};
use super::program::KnownRules;
use super::stats::Stats;
use super::ticker::Ticker;
use super::unmount::detach;
use super::view::{Lifetimes, View, ViewParts};
use super::watch::Watch;
use super::written::Written;

/// A view in the tree that nobody serves yet: taken out again when something fails before somebody does.
pub struct Attached {
    /// The FUSE device.
    pub device: OwnedFd,
    mountpoint: Option<PathBuf>,
}

impl Attached {
    /// Mounts.
    ///
    /// # Errors
    /// When the kernel or the helper refuses.
    pub fn new(options: &MountOptions) -> Result<Self, MountError> {
        let device = attach(&options.mountpoint, &options.attachment())
            .map_err(|source| mount_failed(&options.mountpoint, source))?;
        Ok(Self { device, mountpoint: Some(options.mountpoint.clone()) })
    }

    /// Somebody serves it.
    pub fn keep(mut self) {
        self.mountpoint = None;
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Some(mountpoint) = self.mountpoint.take() {
            detach(&mountpoint);
        }
    }
}

/// How a mount is entered in the registry.
///
/// # Errors
/// When the source cannot be looked at.
pub fn mount_info(options: &MountOptions, source: &OwnedFd) -> Result<MountInfo, MountError> {
    let stat = fstat(source).map_err(|error| MountError::Folder {
        what: "the source",
        path: options.source.clone(),
        source: error.into(),
    })?;
    Ok(MountInfo {
        pid: std::process::id(),
        mountpoint: options.mountpoint.clone(),
        source: options.source.clone(),
        source_identity: (stat.st_dev, stat.st_ino),
        read_only: options.is_read_only(),
        shows: options.shows.as_ref().map(ToString::to_string).unwrap_or_default(),
    })
}

/// The catalog and the cache of a view that shows something of its own.
#[derive(Debug)]
pub struct OwnView {
    /// What it shows.
    pub catalog: ViewCatalog,
    /// Opens what nobody else has, and all that the state's cache has.
    pub cache: Cache,
}

/// What a view needs that shows something of its own; `None` for one of what is published. `source` is what it is one of.
///
/// # Errors
/// When it cannot be made.
pub fn own_view(
    options: &MountOptions,
    state: &StateDir,
    id: &str,
    source: &Arc<OwnedFd>,
) -> Result<Option<OwnView>, MountError> {
    let Some(shows) = options.shows.clone() else { return Ok(None) };
    let views = state.views()?;
    let (database, folder) = (views.join(format!("{id}.db")), views.join(format!("{id}.cache")));
    let own = Cache::open(&folder)?;
    // An earlier view may have left some that nobody shows any more; those that are shown are made again.
    for left in own.files().flatten() {
        let _ = std::fs::remove_file(own.path_of(&left.hash, left.format));
    }
    let documents = ViewDocuments {
        cache: own.in_front_of(Cache::open_read_only(&state.cache())?),
        libraries: libraries_with_trees(options, state, source),
    };
    let catalog = ViewCatalog::open(&state.database(), &database, shows, &options.source, documents, &SystemClock)
        .map_err(|error| MountError::Phase(Box::new(error)))?;
    let cache = Cache::open_read_only(&folder)?.in_front_of(Cache::open_read_only(&state.cache())?);
    Ok(Some(OwnView { catalog, cache }))
}

/// The libraries that shall have documents and of which the view shows something. What lies beneath its source is reached
/// through that: whoever else shows it may be this very view, which cannot answer while it is made.
fn libraries_with_trees(options: &MountOptions, state: &StateDir, source: &Arc<OwnedFd>) -> LibrariesWithTrees {
    let (wanted, shown, run, source) =
        (options.documents.clone(), options.source.clone(), state.run(), Arc::clone(source));
    let tree = move |path: &Path| -> Result<Source, String> {
        let root = match path.strip_prefix(&shown) {
            Ok(below) => open_folder(&source, below).map_err(|error| error.to_string()),
            Err(_) => open_beneath(&run, path).map_err(|error| error.to_string()),
        };
        Ok(Source::from_fd(root?, path.to_owned()))
    };
    let is_shown = {
        let shown = options.source.clone();
        move |path: &Path| path.starts_with(&shown) || shown.starts_with(path)
    };
    Box::new(move |catalog| {
        let libraries = catalog.libraries()?.into_iter();
        let concerned = libraries.filter(|library| wanted.has(&library.name) && is_shown(&library.path));
        let with_tree = |library: Library| {
            let tree = tree(&library.path);
            (library, tree)
        };
        Ok(concerned.map(with_tree).collect())
    })
}

/// The view, before anybody serves it.
///
/// # Errors
/// When the catalog, the cache or the source cannot be opened.
pub fn make_view(
    options: &MountOptions,
    database: &Path,
    cache: Cache,
    source: &OwnedFd,
    (notices, written, ticker): (Notices, Written, Ticker),
    is_watched: bool,
) -> Result<View<BackingId>, MountError> {
    let failed =
        |source: std::io::Error| MountError::Folder { what: "the source", path: options.source.clone(), source };
    let parts = ViewParts {
        source: source.try_clone().map_err(failed)?,
        index: FolderIndex::open(database, &options.source)?,
        cache,
        notices,
        lifetimes: Lifetimes { attributes: options.attr_timeout, entries: options.entry_timeout },
        is_watched,
        stats: Arc::new(Stats::default()),
        rules: KnownRules::new(options.rules.clone()),
        written,
        ticker,
        shown_as: options.source.clone(),
        gate: Gate::new(options.threads, options.source_timeout),
    };
    View::new(parts).map_err(|error| MountError::View { path: options.source.clone(), source: Box::new(error) })
}

/// Begins to notice changes behind the mount; where that is impossible, or lifetimes were chosen by hand, what the
/// kernel was told lives as long as set.
pub fn watch(options: &MountOptions, source: &OwnedFd) -> Option<Watch> {
    if options.has_chosen_timeouts {
        return None;
    }
    let marked = Watch::mark(source);
    marked.inspect_err(|error| tracing::info!(%error, "changes behind the mount are found by their age")).ok()
}

fn mount_failed(mountpoint: &Path, source: std::io::Error) -> MountError {
    let hint = match source.kind() {
        _ if !Path::new("/dev/fuse").exists() => {
            "; /dev/fuse is missing: load the kernel module with `modprobe fuse`, or use `posterfs export`"
        }
        _ if access("/dev/fuse", Access::READ_OK | Access::WRITE_OK) == Err(Errno::ACCESS) => {
            "; this user may not open /dev/fuse: `chmod 666 /dev/fuse`, mount as root, or use `posterfs export`"
        }
        std::io::ErrorKind::NotFound => "; users other than root need `fusermount3` (Debian: package fuse3)",
        std::io::ErrorKind::PermissionDenied => "; mount as root, or a folder of your own with fusermount3 installed",
        _ => "",
    };
    MountError::Mount { path: mountpoint.to_owned(), source, hint }
}

/// A file that is open through the view costs a descriptor; the default limit is far too low for a media server.
pub fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
