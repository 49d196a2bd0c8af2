//! How to mount, and what is wrong with where.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::StatVfsMountFlags;
use rustix::mount::MountFlags;

use crate::cache::Limits;
use crate::config::{Config, DocumentLibraries};
use crate::phase::Shows;

use super::attach::Attachment;
use super::gate::threads_for;
use super::program::Rules;

/// What to mount where.
#[derive(Debug, Clone)]
pub struct MountOptions {
    /// Where the view is to be.
    pub mountpoint: PathBuf,
    /// What it is a view of; the mount point itself when the view covers it.
    pub source: PathBuf,
    /// No change through the view reaches the source.
    pub read_only: bool,
    /// How long the kernel may rely on attributes.
    pub attr_timeout: Duration,
    /// How long the kernel may rely on names.
    pub entry_timeout: Duration,
    /// The two times were chosen for this mount: they hold even where changes behind the mount can be noticed.
    pub has_chosen_timeouts: bool,
    /// What becomes of what programs write over pictures, and of what they delete.
    pub rules: Rules,
    /// What the cache takes.
    pub limits: Limits,
    /// How many requests may wait for the source at once.
    pub threads: u16,
    /// How long one waits before it fails; `None`: for ever.
    pub source_timeout: Option<Duration>,
    /// Flags that were asked for, besides those that the source has: `nosuid`, `noexec`, …
    pub flags: MountFlags,
    /// What it shows, when not simply what is published.
    pub shows: Option<Shows>,
    /// In which libraries publishing would show metadata documents.
    pub documents: DocumentLibraries,
    /// Whoever watches the view is told by real events of what is published in it.
    pub pokes: bool,
}

/// A mount that could not be made or ended. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// A folder that has to be there is not, or cannot be opened.
    #[error("cannot open {what} {}: {source}; give an existing folder", path.display())]
    Folder {
        /// `the mount point` or `the source`.
        what: &'static str,
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its process has died.
    #[error(
        "{} is a dead mount (its process is gone); clear it with `posterfs unmount {}`", path.display(), path.display()
    )]
    Dead {
        /// The mount point.
        path: PathBuf,
    },
    /// A word behind `-o` that cannot be followed.
    #[error("mount option `{word}`: {why}")]
    Option {
        /// The word.
        word: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Naming profiles that are none.
    #[error("mount option `naming`: {0}")]
    Profiles(#[source] crate::naming::ProfileError),
    /// A folder beneath a view cannot be reached.
    #[error("cannot reach {} beneath the view at {}: {source}", path.display(), mountpoint.display())]
    Beneath {
        /// The folder.
        path: PathBuf,
        /// The view.
        mountpoint: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder of media cannot be opened.
    #[error("cannot open the library folder {}: {source}; is its disk mounted?", path.display())]
    Unopened {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A posterfs with another state folder shows something there.
    #[error(
        "another posterfs, with another state folder, is mounted at {}; end that one with `posterfs unmount {}`",
        path.display(), path.display()
    )]
    Foreign {
        /// The mount point.
        path: PathBuf,
    },
    /// The view would contain itself.
    #[error(
        "the mount point {} lies inside the source {}, so the view would contain itself; mount over the source itself \
         or somewhere outside it", mountpoint.display(), source_path.display()
    )]
    InsideSource {
        /// The mount point.
        mountpoint: PathBuf,
        /// The source.
        source_path: PathBuf,
    },
    /// The kernel or the helper refused.
    #[error("cannot mount at {}: {source}{hint}", path.display())]
    Mount {
        /// The mount point.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// What it shall show cannot be made.
    #[error(transparent)]
    Phase(Box<crate::phase::PhaseError>),
    /// Another posterfs is in the way.
    #[error(transparent)]
    Registry(#[from] crate::control::RegistryError),
    /// A folder of the state cannot be made.
    #[error(transparent)]
    State(#[from] crate::config::StateError),
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] crate::catalog::CatalogError),
    /// The cache cannot be opened.
    #[error(transparent)]
    Cache(#[from] crate::cache::CacheError),
    /// The view cannot be made.
    #[error("cannot show {}: {source}", path.display())]
    View {
        /// The source.
        path: PathBuf,
        /// Why.
        source: Box<super::errno::RequestError>,
    },
    /// It is in use.
    #[error("{} is busy: {}; end them and try again", path.display(), holders.join(", "))]
    Busy {
        /// The mount point.
        path: PathBuf,
        /// The programs that use it, as far as they can be found.
        holders: Vec<String>,
    },
    /// There is nothing to unmount.
    #[error("{} is not mounted by posterfs; `posterfs status` lists what is", path.display())]
    NotMounted {
        /// The mount point.
        path: PathBuf,
    },
    /// Not enough memory or threads for it.
    #[error("cannot mount at {}: {source}", path.display())]
    NoRoom {
        /// The mount point.
        path: PathBuf,
        /// What is lacking.
        source: super::threads::NoRoom,
    },
    /// A thread or socket could not be made.
    #[error("cannot serve {}: {source}", path.display())]
    Serve {
        /// The mount point.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl MountOptions {
    /// How to mount where nothing else is said. `limits` are those of the cache.
    #[must_use]
    pub fn new(mountpoint: PathBuf, source: PathBuf, config: &Config, limits: Limits) -> Self {
        let settings = &config.view;
        Self {
            mountpoint,
            source,
            read_only: false,
            attr_timeout: Duration::from_secs_f64(settings.attr_timeout),
            entry_timeout: Duration::from_secs_f64(settings.entry_timeout),
            has_chosen_timeouts: false,
            threads: settings.threads,
            source_timeout: patience(Duration::from_secs_f64(settings.source_timeout)),
            rules: config.into(),
            limits,
            flags: MountFlags::empty(),
            shows: None,
            documents: config.document_libraries(),
            pokes: settings.poke,
        }
    }

    /// Whether nothing can be written through the view.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only || self.shows.as_ref().is_some_and(Shows::is_read_only)
    }

    /// Resolves both folders to their true paths and checks that a view can be there.
    ///
    /// # Errors
    /// When one is missing or no folder, the mount point is a dead mount, or lies inside the source.
    pub fn resolve(mut self) -> Result<Self, MountError> {
        self.mountpoint = true_folder("the mount point", &self.mountpoint)?;
        self.source = true_folder("the source", &self.source)?;
        if self.mountpoint != self.source && self.mountpoint.starts_with(&self.source) {
            return Err(MountError::InsideSource { mountpoint: self.mountpoint, source_path: self.source });
        }
        Ok(self)
    }

    /// How the kernel is to mount. Flags that the source is mounted with hold for the view too.
    #[must_use]
    pub fn attachment(&self) -> Attachment {
        let is_root = rustix::process::geteuid().is_root();
        let of_source = rustix::fs::statvfs(&self.source).map_or(StatVfsMountFlags::empty(), |fs| fs.f_flag);
        let mut flags = self.flags;
        let asked = |flag| self.flags.contains(flag);
        flags.set(
            MountFlags::NODEV,
            asked(MountFlags::NODEV) || !is_root || of_source.contains(StatVfsMountFlags::NODEV),
        );
        flags.set(
            MountFlags::NOSUID,
            asked(MountFlags::NOSUID) || !is_root || of_source.contains(StatVfsMountFlags::NOSUID),
        );
        flags.set(MountFlags::NOEXEC, asked(MountFlags::NOEXEC) || of_source.contains(StatVfsMountFlags::NOEXEC));
        flags.set(MountFlags::RDONLY, self.is_read_only());
        let device = format!("posterfs:{}", self.source.display()).replace(char::is_control, "_");
        Attachment { device, flags, allow_other: is_root }
    }

    /// How the FUSE library is to serve.
    #[must_use]
    pub fn session_config(&self) -> fuser::Config {
        let mut config = fuser::Config::default();
        config.n_threads = Some(threads_for(self.threads));
        config
    }
}

/// No time at all stands for all the time in the world.
pub fn patience(timeout: Duration) -> Option<Duration> {
    (!timeout.is_zero()).then_some(timeout)
}

fn true_folder(what: &'static str, path: &Path) -> Result<PathBuf, MountError> {
    let failed = |source: std::io::Error| match source.raw_os_error() {
        Some(libc::ENOTCONN) => MountError::Dead { path: path.to_owned() },
        _ => MountError::Folder { what, path: path.to_owned(), source },
    };
    let resolved = path.canonicalize().map_err(failed)?;
    if resolved.metadata().map_err(failed)?.is_dir() {
        Ok(resolved)
    } else {
        Err(failed(std::io::Error::from(std::io::ErrorKind::NotADirectory)))
    }
}
