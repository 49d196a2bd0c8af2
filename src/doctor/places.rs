//! Folders and the file systems they are on.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use rustix::fs::{fstatfs, statfs};

use crate::config::StateDir;
use crate::model::show_bytes;
use crate::mount::Abilities;

use super::Finding;

/// With less than this left, in bytes, a picture of the usual size may not fit any more.
const FREE_BYTES_MIN: u64 = 256 << 20;

/// How long the folder of a library may take to answer: a disk may have to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a file system is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A disk.
    Local,
    /// Memory.
    Volatile,
    /// Another machine, or a daemon.
    Remote,
    /// A file system over others.
    Stacked,
    /// One that is not in the table.
    Unknown,
}

/// `f_type` of `statfs(2)`, the name, and what it is good for.
const FILE_SYSTEMS: &[(u32, &str, Kind)] = &[
    (0xef53, "ext4", Kind::Local),
    (0x5846_5342, "xfs", Kind::Local),
    (0x9123_683e, "btrfs", Kind::Local),
    (0x2fc1_2fc1, "zfs", Kind::Local),
    (0xf2f5_2010, "f2fs", Kind::Local),
    (0xca45_1a4e, "bcachefs", Kind::Local),
    (0x4d44, "vfat", Kind::Local),
    (0x2011_bab0, "exfat", Kind::Local),
    (0x7366_746e, "ntfs3", Kind::Local),
    (0x0102_1994, "tmpfs", Kind::Volatile),
    (0x8584_58f6, "ramfs", Kind::Volatile),
    (0x6969, "nfs", Kind::Remote),
    (0xff53_4d42, "cifs", Kind::Remote),
    (0xfe53_4d42, "smb", Kind::Remote),
    (0x00c3_6400, "ceph", Kind::Remote),
    (0x0102_1997, "9p", Kind::Remote),
    (0x6573_5546, "fuse", Kind::Remote),
    (0x794c_7630, "overlay", Kind::Stacked),
    (0xf15f, "ecryptfs", Kind::Stacked),
];

/// The state folder: whether it can be written, and what it is on. It need not exist yet.
#[must_use]
pub fn state(state: &StateDir) -> Vec<Finding> {
    let shown = show(state.path());
    let is_made = state.path().exists();
    let Some(place) = state.path().ancestors().find(|path| path.exists()) else { return Vec::new() };
    let mut findings = vec![match tempfile::tempfile_in(place) {
        Ok(_) if is_made => Finding::ok("state", format!("{shown} can be written")),
        Ok(_) => Finding::ok("state", format!("{shown} is not there yet; the first command that needs it makes it")),
        Err(error) => Finding::fail(
            "state",
            format!("{shown} cannot be written ({error}): nothing can be chosen, published or mounted"),
            "make it writable, or use another one with `--state DIR`",
        ),
    }];
    if let Ok(stat) = statfs(place) {
        findings.push(state_file_system(&shown, stat.f_type));
        findings.push(free_space(&shown, stat.f_bavail.saturating_mul(u64::try_from(stat.f_bsize).unwrap_or(0))));
    }
    findings
}

/// The folder of a library: `open` opens its true folder, beneath whatever is mounted over it, or tells why there is none.
/// A folder that does not answer in time is left alone.
#[must_use]
pub fn library(path: &Path, open: impl FnOnce() -> Result<OwnedFd, String> + Send + 'static) -> Vec<Finding> {
    let (found, findings) = channel();
    let their_path = path.to_owned();
    // The thread goes with the process.
    std::thread::spawn(move || found.send(look_at_library(&their_path, open())));
    findings.recv_timeout(PATIENCE).unwrap_or_else(|_| vec![unanswered(path)])
}

/// The folder of a library that is known not to answer: looking at it would hang.
#[must_use]
pub fn unanswered(path: &Path) -> Finding {
    let message = format!("{} does not answer", show(path));
    Finding::fail("library", message, "look after the disk or server that it is on")
}

fn look_at_library(path: &Path, opened: Result<OwnedFd, String>) -> Vec<Finding> {
    let shown = show(path);
    let folder = match opened {
        Ok(folder) => folder,
        Err(why) => {
            return vec![Finding::fail("library", why, "bring the folder back, or `posterfs library remove` it")];
        }
    };
    let abilities = match Abilities::of(&folder) {
        Ok(abilities) => abilities,
        Err(error) => {
            let message = format!("{shown} cannot be used: {error}");
            return vec![Finding::fail("library", message, "check the disk and the rights of its folder")];
        }
    };
    let (name, kind) = fstatfs(folder.as_fd()).map_or(("an unknown file system", Kind::Unknown), |s| named(s.f_type));
    let mut findings =
        vec![library_file_system(&shown, name, kind), watch(&shown, &abilities), handles(&shown, name, &abilities)];
    findings.extend(borders(&shown, &abilities.borders));
    findings
}

fn state_file_system(shown: &str, kind: impl Into<i128>) -> Finding {
    let (name, kind) = named(kind);
    let message = format!("{shown} is on {name}");
    let elsewhere = "put it on a local disk with `--state DIR`";
    match kind {
        Kind::Local => Finding::ok("state", message),
        Kind::Unknown => Finding::ok("state", message + ", which is not known to be bad"),
        Kind::Volatile => Finding::warn("state", message + ", which is empty after a restart", elsewhere),
        Kind::Remote => {
            let why = ", where locks between processes may not hold: the database may be damaged";
            Finding::warn("state", message + why, elsewhere)
        }
        Kind::Stacked => {
            let why = ", so pictures of a view go through the page cache, not by kernel passthrough";
            Finding::warn("state", message + why, elsewhere)
        }
    }
}

fn free_space(shown: &str, free_bytes: u64) -> Finding {
    let free = format!("{} MiB free in {shown}", free_bytes >> 20);
    if free_bytes < FREE_BYTES_MIN {
        Finding::warn("space", free, "free some space there")
    } else {
        Finding::ok("space", free)
    }
}

fn library_file_system(shown: &str, name: &str, kind: Kind) -> Finding {
    let message = format!("{shown} is on {name}");
    match kind {
        Kind::Stacked => Finding::warn(
            "library",
            message + ", whose files go through the page cache, not by kernel passthrough",
            "give posterfs the folders that it is made of",
        ),
        _ => Finding::ok("library", message),
    }
}

/// Other file systems within a library: nothing is wrong with them, but who looks for the reason of slow moves finds it.
fn borders(shown: &str, borders: &[PathBuf]) -> Option<Finding> {
    const NAMED_MAX: usize = 5;
    if borders.is_empty() {
        return None;
    }
    let mut named: Vec<String> = borders.iter().take(NAMED_MAX).map(|path| show(path)).collect();
    if borders.len() > NAMED_MAX {
        named.push(format!("{} more", borders.len() - NAMED_MAX));
    }
    let message = format!(
        "other file systems are mounted in {shown} ({}): what is moved from one to another is copied, with and without a \
         view",
        named.join(", ")
    );
    Some(Finding::ok("borders", message))
}

fn watch(shown: &str, abilities: &Abilities) -> Finding {
    match &abilities.watch_refusal {
        None => Finding::ok("fanotify", format!("changes in {shown} behind a mount are seen at once")),
        Some(error) => Finding::warn(
            "fanotify",
            format!("changes in {shown} behind a mount are seen after `view.attr_timeout` only ({error})"),
            "mount as root, on Linux 5.17 or newer; some file systems cannot tell",
        ),
    }
}

fn handles(shown: &str, name: &str, abilities: &Abilities) -> Finding {
    if abilities.has_handles {
        return Finding::ok("handles", format!("files of {shown} are reached by file handle"));
    }
    Finding::warn(
        "handles",
        format!("files of {shown} on {name} are not reached by file handle: each one that is known costs a descriptor"),
        "mount as root; some file systems have no handles",
    )
}

fn named(f_type: impl Into<i128>) -> (&'static str, Kind) {
    let f_type = f_type.into();
    let known = FILE_SYSTEMS.iter().find(|(number, ..)| i128::from(*number) == f_type & 0xffff_ffff);
    known.map_or(("an unknown file system", Kind::Unknown), |(_, name, kind)| (name, *kind))
}

fn show(path: &Path) -> String {
    show_bytes(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn file_systems_for_the_state() {
        for (number, verdict) in [
            (0xef53_i64, Verdict::Ok),
            (0x9123_683e, Verdict::Ok),
            // As an architecture with a signed 32-bit field has it.
            (0x9123_683e_u32.cast_signed().into(), Verdict::Ok),
            (0x0102_1994, Verdict::Warn),
            (0x6969, Verdict::Warn),
            (0x794c_7630, Verdict::Warn),
            (1, Verdict::Ok),
        ] {
            assert_eq!(state_file_system("/state", number).verdict, verdict, "{number:x}");
        }
        assert_eq!(free_space("/state", 0).verdict, Verdict::Warn);
        assert_eq!(free_space("/state", 1 << 30).verdict, Verdict::Ok);
    }

    #[test]
    fn borders_within_a_library_are_named() {
        assert_eq!(borders("/media", &[]), None);
        let many: Vec<PathBuf> = (0..7).map(|n| PathBuf::from(format!("disk{n}"))).collect();
        let finding = borders("/media", &many).unwrap();
        assert_eq!(finding.verdict, Verdict::Ok);
        assert!(finding.message.contains("(disk0, disk1, disk2, disk3, disk4, 2 more)"), "{finding:?}");
    }

    #[test]
    fn a_state_folder_that_is_not_made_yet_is_fine_and_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let state_dir = StateDir::find(Some(&folder.path().join("a/b"))).unwrap();
        let findings = state(&state_dir);
        assert!(findings[0].message.contains("not there yet"), "{findings:?}");
        assert_eq!(findings[0].verdict, Verdict::Ok);
        assert!(!folder.path().join("a").exists());
    }

    #[test]
    fn a_library_that_cannot_be_opened_is_a_failure_and_one_that_can_is_looked_at() {
        let failed = library(Path::new("/films"), || Err("cannot open /films".to_owned()));
        assert_eq!(failed.iter().map(|finding| finding.verdict).collect::<Vec<_>>(), [Verdict::Fail]);
        let folder = tempfile::tempdir().unwrap();
        let opened = std::fs::File::open(folder.path()).unwrap().into();
        let findings = library(folder.path(), || Ok(opened));
        assert_eq!(
            findings.iter().map(|finding| finding.check).collect::<Vec<_>>(),
            ["library", "fanotify", "handles"]
        );
        assert!(findings.iter().all(|finding| finding.verdict != Verdict::Fail), "{findings:?}");
    }
}
