//! Which mounts there are.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Request, ask};

/// A mount, as its process has written it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountInfo {
    /// The mounting process.
    pub pid: u32,
    /// Where the view is.
    #[serde(with = "path_bytes")]
    pub mountpoint: PathBuf,
    /// What it is a view of.
    #[serde(with = "path_bytes")]
    pub source: PathBuf,
    /// Device and inode of the source, which tell two names of one folder.
    pub source_identity: (u64, u64),
    /// Whether the view is read-only.
    pub read_only: bool,
    /// What of the artwork it shows, in words; empty: what is published.
    #[serde(default)]
    pub shows: String,
}

impl MountInfo {
    /// Whether deletions and renames in the view change what is published. Of such views there is one a source.
    fn is_keeper(&self) -> bool {
        !self.read_only && self.shows.is_empty()
    }
}

/// The files of a mount; taken away when dropped.
#[derive(Debug)]
pub struct Registration {
    run: PathBuf,
    id: String,
}

/// A mount cannot be entered.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is one at the mount point.
    #[error("{} is already mounted by posterfs (process {pid}); end it with `posterfs unmount {}`", mountpoint.display(), mountpoint.display())]
    MountpointTaken {
        /// The mount point.
        mountpoint: PathBuf,
        /// The process.
        pid: u32,
    },
    /// The source is shown elsewhere.
    #[error(
        "{} is already shown at {} by posterfs (process {pid}), and what programs do to artwork can be kept in step with \
         one such view only; make this one read-only (`-o ro`) or end that one with `posterfs unmount {}`",
        source_path.display(), mountpoint.display(), mountpoint.display()
    )]
    SourceTaken {
        /// The source.
        source_path: PathBuf,
        /// Where it is shown.
        mountpoint: PathBuf,
        /// The process.
        pid: u32,
    },
}

/// The mounts whose processes answer. Left-overs are swept away.
#[must_use]
pub fn mounts(run: &Path) -> Vec<MountInfo> {
    mounts_besides(run, None)
}

/// The same but for the mount at `own`, which need not answer yet.
#[must_use]
pub fn mounts_besides(run: &Path, own: Option<&Path>) -> Vec<MountInfo> {
    let Ok(entries) = std::fs::read_dir(run) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path());
    let infos = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut found: Vec<MountInfo> = infos
        .filter_map(|path| {
            let info: MountInfo = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
            if own == Some(info.mountpoint.as_path()) {
                return None;
            }
            if ask(run, &info.mountpoint, Request::Ping).is_ok() {
                return Some(info);
            }
            sweep(run, &info.mountpoint);
            None
        })
        .collect();
    found.sort_by(|a, b| a.mountpoint.cmp(&b.mountpoint));
    found
}

/// Enters a mount, unless its mount point is taken, or its source by another view that changes what is published. Two
/// processes that come at once come one after the other.
///
/// # Errors
/// When one of them is taken, or the files cannot be written.
pub fn register(run: &Path, info: &MountInfo) -> Result<(Registration, LockedRun), RegistryError> {
    let lock = LockedRun::take(run)?;
    for other in mounts(run) {
        if other.mountpoint == info.mountpoint {
            return Err(RegistryError::MountpointTaken { mountpoint: other.mountpoint, pid: other.pid });
        }
        if other.source_identity == info.source_identity && other.is_keeper() && info.is_keeper() {
            let source_path = info.source.clone();
            return Err(RegistryError::SourceTaken { source_path, mountpoint: other.mountpoint, pid: other.pid });
        }
    }
    let registration = Registration { run: run.to_owned(), id: mount_id(&info.mountpoint) };
    let path = registration.run.join(format!("mount-{}.json", registration.id));
    let written = serde_json::to_vec(info)
        .map_err(std::io::Error::other)
        .and_then(|bytes| File::create(&path)?.write_all(&bytes));
    written.map_err(|source| RegistryError::Write { path, source })?;
    Ok((registration, lock))
}

/// Holds others off until the socket answers.
#[derive(Debug)]
pub struct LockedRun {
    _lock: OwnedFd,
}

impl LockedRun {
    fn take(run: &Path) -> Result<Self, RegistryError> {
        let path = run.join("lock");
        let locked = File::options().create(true).truncate(false).write(true).open(&path).and_then(|file| {
            flock(&file, FlockOperation::LockExclusive)?;
            Ok(Self { _lock: file.into() })
        });
        locked.map_err(|source| RegistryError::Write { path, source })
    }
}

impl Registration {
    /// The name of the mount's socket in `run/`.
    #[must_use]
    pub fn socket_name(&self) -> String {
        format!("mount-{}.sock", self.id)
    }

    /// What names its files: the same for the same mount point.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder of the socket.
    #[must_use]
    pub fn run(&self) -> &Path {
        &self.run
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        remove_files(&self.run, &self.id);
    }
}

fn sweep(run: &Path, mountpoint: &Path) {
    remove_files(run, &mount_id(mountpoint));
}

fn remove_files(run: &Path, id: &str) {
    for ending in ["json", "sock"] {
        let _ = std::fs::remove_file(run.join(format!("mount-{id}.{ending}")));
    }
}

/// The name of a mount's files: made from its mount point, short enough for a socket.
fn mount_id(mountpoint: &Path) -> String {
    let digest = Sha256::digest(mountpoint.as_os_str().as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a mount's socket.
pub(super) fn socket_name(mountpoint: &Path) -> String {
    format!("mount-{}.sock", mount_id(mountpoint))
}

/// Paths need not be UTF-8, JSON has to be: they are kept as lists of bytes.
mod path_bytes {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().as_bytes().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        Ok(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
    }
}
