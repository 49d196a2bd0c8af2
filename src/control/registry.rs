//! Which mounts there are.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Request, ask};

/// Held while a mount is entered, until its socket answers.
const LOCK: &str = "lock";
/// How long whoever looks which mounts there are waits for one that is being entered.
const ENTERING_MAX: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(5);

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
    /// What is mounted, as written down.
    file: File,
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

/// The mounts whose processes answer. One that is just being entered is waited for; left-overs are swept away.
#[must_use]
pub fn mounts(run: &Path) -> Vec<MountInfo> {
    mounts_besides(run, None)
}

/// The same but for the mount at `own`, which need not answer yet.
#[must_use]
pub fn mounts_besides(run: &Path, own: Option<&Path>) -> Vec<MountInfo> {
    mounts_waiting(run, own, ENTERING_MAX)
}

fn mounts_waiting(run: &Path, own: Option<&Path>, at_most: Duration) -> Vec<MountInfo> {
    let (answering, silent) = entered(run, own);
    if silent.is_empty() {
        return answering;
    }
    // Nobody answers yet for a mount that is being entered: only with the lock is it certain that it is not one of these.
    match LockedRun::take_within(run, at_most) {
        Some(lock) => swept(run, own, &lock),
        None => answering,
    }
}

/// The mounts whose processes answer, while no other one can be entered. The files of the others are taken away, unless
/// somebody is there who does not answer in time.
fn swept(run: &Path, own: Option<&Path>, _lock: &LockedRun) -> Vec<MountInfo> {
    let (answering, silent) = entered(run, own);
    for (dead, _) in silent.iter().filter(|(_, error)| is_nobody_there(error)) {
        remove_files(run, &mount_id(&dead.mountpoint));
    }
    answering
}

/// What is entered, but for the mount at `own`: what answers, and what does not and why.
fn entered(run: &Path, own: Option<&Path>) -> (Vec<MountInfo>, Vec<(MountInfo, std::io::Error)>) {
    let (mut answering, mut silent) = (Vec::new(), Vec::new());
    let files = std::fs::read_dir(run).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let info = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<MountInfo>(&bytes).ok());
        let Some(info) = info.filter(|info| own != Some(info.mountpoint.as_path())) else { continue };
        match ask(run, &info.mountpoint, Request::Ping) {
            Ok(_) => answering.push(info),
            Err(error) => silent.push((info, error)),
        }
    }
    answering.sort_by(|a, b| a.mountpoint.cmp(&b.mountpoint));
    (answering, silent)
}

fn is_nobody_there(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// Enters a mount, unless its mount point is taken, or its source by another view that changes what is published. Two
/// processes that come at once come one after the other.
///
/// # Errors
/// When one of them is taken, or the files cannot be written.
pub fn register(run: &Path, info: &MountInfo) -> Result<(Registration, LockedRun), RegistryError> {
    let lock = LockedRun::take(run)?;
    for other in swept(run, None, &lock) {
        if other.mountpoint == info.mountpoint {
            return Err(RegistryError::MountpointTaken { mountpoint: other.mountpoint, pid: other.pid });
        }
        if other.source_identity == info.source_identity && other.is_keeper() && info.is_keeper() {
            let source_path = info.source.clone();
            return Err(RegistryError::SourceTaken { source_path, mountpoint: other.mountpoint, pid: other.pid });
        }
    }
    let id = mount_id(&info.mountpoint);
    let path = run.join(info_name(&id));
    let written = serde_json::to_vec(info).map_err(std::io::Error::other).and_then(|bytes| write_anew(&path, &bytes));
    let file = written.map_err(|source| RegistryError::Write { path, source })?;
    Ok((Registration { run: run.to_owned(), id, file }, lock))
}

/// Holds others off until the socket answers.
#[derive(Debug)]
pub struct LockedRun {
    _lock: OwnedFd,
}

impl LockedRun {
    fn take(run: &Path) -> Result<Self, RegistryError> {
        let path = run.join(LOCK);
        let locked = Self::open(run).and_then(|file| {
            flock(&file, FlockOperation::LockExclusive)?;
            Ok(Self { _lock: file.into() })
        });
        locked.map_err(|source| RegistryError::Write { path, source })
    }

    /// `None` when somebody holds it all that time, or it is not ours to take.
    fn take_within(run: &Path, at_most: Duration) -> Option<Self> {
        let deadline = Instant::now() + at_most;
        let file = Self::open(run).ok()?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Some(Self { _lock: file.into() }),
                Err(Errno::WOULDBLOCK | Errno::INTR) if Instant::now() < deadline => std::thread::sleep(LOOK_EVERY),
                Err(_) => return None,
            }
        }
    }

    fn open(run: &Path) -> std::io::Result<File> {
        File::options().create(true).truncate(false).write(true).open(run.join(LOCK))
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
        // Nobody answers any more, so another process may have entered a mount at the same place meanwhile.
        let is_ours = |found: Metadata| self.file.metadata().is_ok_and(|own| own.ino() == found.ino());
        if std::fs::metadata(self.run.join(info_name(&self.id))).is_ok_and(is_ours) {
            remove_files(&self.run, &self.id);
        }
    }
}

/// A file of its own, not the bytes of one that is there already: that is somebody else's.
fn write_anew(path: &Path, bytes: &[u8]) -> std::io::Result<File> {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn remove_files(run: &Path, id: &str) {
    for name in [info_name(id), format!("mount-{id}.sock")] {
        let _ = std::fs::remove_file(run.join(name));
    }
}

fn info_name(id: &str) -> String {
    format!("mount-{id}.json")
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Answer, Handler, Server};
    use super::*;

    struct Present(Arc<OwnedFd>);

    impl Handler for Present {
        fn handle(&self, _request: Request) -> Answer {
            Answer::Done
        }

        fn source(&self) -> Arc<OwnedFd> {
            Arc::clone(&self.0)
        }
    }

    fn present(registration: &Registration, run: &Path) -> Server {
        let source = Arc::new(File::open(run).unwrap().into());
        Server::start(registration, Arc::new(Present(source))).unwrap()
    }

    fn info(mountpoint: &str) -> MountInfo {
        let source_identity = (1, mountpoint.len() as u64);
        let mountpoint = PathBuf::from(mountpoint);
        let pid = std::process::id();
        MountInfo {
            pid,
            source: mountpoint.clone(),
            mountpoint,
            source_identity,
            read_only: false,
            shows: String::new(),
        }
    }

    /// Whoever asks for the mounts while one is entered took its files for left-overs: nobody knew of that mount any more.
    #[test]
    fn a_mount_that_does_not_answer_yet_is_no_left_over() {
        let run = tempfile::tempdir().unwrap();
        let run = run.path();
        let (registration, lock) = register(run, &info("/films")).unwrap();
        assert_eq!(mounts_waiting(run, None, Duration::ZERO), []);
        let _server = present(&registration, run);
        drop(lock);
        assert_eq!(mounts(run), [info("/films")]);
    }

    #[test]
    fn one_that_is_being_entered_is_waited_for() {
        let run = tempfile::tempdir().unwrap();
        let run = run.path();
        let (registration, lock) = register(run, &info("/films")).unwrap();
        let found = std::thread::scope(|scope| {
            let asking = scope.spawn(|| mounts(run));
            let _server = present(&registration, run);
            drop(lock);
            asking.join().unwrap()
        });
        assert_eq!(found, [info("/films")]);
    }

    #[test]
    fn what_nobody_answers_for_is_swept_away_and_what_came_after_it_stays() {
        let run = tempfile::tempdir().unwrap();
        let run = run.path();
        let (killed, lock) = register(run, &info("/films")).unwrap();
        drop(lock);
        assert_eq!(mounts(run), []);
        assert!(!run.join(info_name(killed.id())).exists());

        let (next, lock) = register(run, &info("/films")).unwrap();
        let _server = present(&next, run);
        drop((lock, killed));
        assert_eq!(mounts(run), [info("/films")]);
    }
}
