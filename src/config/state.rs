//! The state folder: database, cache, recycle bin and what running processes leave for each other.

use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::lasting;

/// Where posterfs keeps everything of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir(PathBuf);

/// The state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is no place for it.
    #[error("no state folder: neither $XDG_STATE_HOME nor $HOME is set; give one with --state DIR")]
    NoHome,
    /// It cannot be made.
    #[error("cannot make the state folder {}: {source}; give another with --state DIR", path.display())]
    Make {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl StateDir {
    /// The folder given on the command line, else that of the environment, else the default: `/var/lib/posterfs` for
    /// root, `$XDG_STATE_HOME/posterfs` (`~/.local/state/posterfs`) for others.
    ///
    /// # Errors
    /// When there is no home to put it in.
    pub fn find(given: Option<&Path>) -> Result<Self, StateError> {
        if let Some(path) = given {
            return Ok(Self(absolute(path)));
        }
        if let Some(path) = variable("POSTERFS_STATE") {
            return Ok(Self(absolute(&path)));
        }
        if geteuid().is_root() {
            return Ok(Self(PathBuf::from("/var/lib/posterfs")));
        }
        let base = variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")));
        Ok(Self(base.ok_or(StateError::NoHome)?.join("posterfs")))
    }

    /// Makes the folder and those in it, readable by its owner only: nothing outside can touch the cache.
    ///
    /// # Errors
    /// When a folder cannot be made.
    pub fn make(&self) -> Result<(), StateError> {
        for path in [self.0.clone(), self.cache(), self.recycle(), self.run()] {
            let made = lasting::make_folder(&path, 0o700);
            // A read-only state is good enough for looking; whoever writes will be told then.
            if let Err(source) = made
                && !path.is_dir()
            {
                return Err(StateError::Make { path, source });
            }
        }
        Ok(())
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The catalog's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("posterfs.db")
    }

    /// Copies of the database that posterfs makes by itself.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.0.join("backups")
    }

    /// The cache of pictures.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// The recycle bin.
    #[must_use]
    pub fn recycle(&self) -> PathBuf {
        self.0.join("recycle")
    }

    /// The catalogs of views that show something of their own; the folder is made. They can be made anew at any time.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn views(&self) -> Result<PathBuf, StateError> {
        let path = self.0.join("views");
        let made = lasting::make_folder(&path, 0o700);
        made.map(|()| path.clone()).map_err(|source| StateError::Make { path, source })
    }

    /// Replies of providers, so that they need not be asked again.
    #[must_use]
    pub fn replies(&self) -> PathBuf {
        self.0.join("replies")
    }

    /// What running processes leave for each other.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }
}

#[expect(clippy::disallowed_methods, reason = "the home of environment variables")]
pub(super) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether this run can open a window for whoever started it.
#[must_use]
pub fn has_display() -> bool {
    variable("WAYLAND_DISPLAY").or_else(|| variable("DISPLAY")).is_some()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
