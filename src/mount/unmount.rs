//! Taking a view out of the tree.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::statvfs;
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};

use super::options::MountError;

/// Unmounts what nobody uses.
///
/// # Errors
/// [`MountError::Busy`] with the programs that use it, [`MountError::NotMounted`] when there is nothing.
pub fn unmount_if_idle(mountpoint: &Path) -> Result<(), MountError> {
    let failed = |errno: Errno| MountError::Serve { path: mountpoint.to_owned(), source: errno.into() };
    match unmount(mountpoint, UnmountFlags::NOFOLLOW) {
        Ok(()) => Ok(()),
        Err(Errno::BUSY) => Err(MountError::Busy { path: mountpoint.to_owned(), holders: holders(mountpoint) }),
        Err(Errno::PERM) => by_helper(mountpoint, &["-u", "--"]),
        Err(Errno::INVAL) => Err(MountError::NotMounted { path: mountpoint.to_owned() }),
        Err(errno) => Err(failed(errno)),
    }
}

/// Takes the view out of the tree whoever uses it; their files go on until they are closed.
pub fn detach(mountpoint: &Path) {
    let outcome = match unmount(mountpoint, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW) {
        Err(Errno::PERM) => by_helper(mountpoint, &["-u", "-z", "--"]).map_err(|error| error.to_string()),
        // Somebody else was faster.
        Err(Errno::INVAL) => Ok(()),
        outcome => outcome.map_err(|errno| errno.to_string()),
    };
    if let Err(error) = outcome {
        tracing::warn!(mountpoint = %mountpoint.display(), error, "cannot detach the mount");
    }
}

/// How many dead mounts may lie on each other; each can only have been made while the one below answered from the
/// kernel's memory.
const DEAD_LAYERS_MAX: usize = 16;

/// Takes dead mounts out of the tree: what a process left that was killed. Whoever still uses one gets nothing but
/// errors anyway.
pub fn clear_dead(mountpoint: &Path) {
    for _ in (0..DEAD_LAYERS_MAX).take_while(|_| is_dead(mountpoint)) {
        tracing::info!(mountpoint = %mountpoint.display(), "clearing a mount whose process is gone");
        detach(mountpoint);
    }
}

/// Whether what posterfs has mounted there is no longer served by anybody.
#[must_use]
pub fn is_dead(mountpoint: &Path) -> bool {
    // Attributes may come from the kernel's memory; this is always asked of the process.
    is_mounted(mountpoint) && matches!(statvfs(mountpoint), Err(Errno::NOTCONN | Errno::CONNABORTED))
}

/// The place that a path names, with links resolved, also where a dead mount keeps that from being looked at.
#[must_use]
pub fn true_place(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let through_parent = || Some(absolute.parent()?.canonicalize().ok()?.join(absolute.file_name()?));
    absolute.canonicalize().ok().or_else(through_parent).unwrap_or(absolute)
}

/// Whether posterfs is mounted there, alive or dead.
#[must_use]
pub fn is_mounted(mountpoint: &Path) -> bool {
    mountpoints().iter().any(|mounted| mounted == mountpoint)
}

/// Where posterfs is mounted, alive or dead, by anybody.
#[must_use]
pub fn mountpoints() -> Vec<PathBuf> {
    let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let ours = mounts.split(|&b| b == b'\n').filter_map(|line| {
        let fields: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
        let separator = fields.iter().position(|field| *field == b"-")?;
        // The kind may be plain `fuse`; the device tells whose it is.
        let is_ours = fields.get(separator + 2)?.starts_with(b"posterfs:");
        is_ours.then(|| fields.get(4).map(|path| unescape(path)))?
    });
    ours.collect()
}

/// Mount tables write space, tab, newline and backslash as octal numbers.
pub(super) fn unescape(field: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(escaped) if byte == b'\\' => {
                path.push(escaped);
                rest = &after[3..];
            }
            _ => {
                path.push(byte);
                rest = after;
            }
        }
    }
    PathBuf::from(OsStr::from_bytes(&path))
}

/// Users other than root unmount through the helper that mounted for them.
fn by_helper(mountpoint: &Path, arguments: &[&str]) -> Result<(), MountError> {
    let outcome = Command::new("fusermount3").args(arguments).arg(mountpoint).output();
    match outcome {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("busy") => {
            Err(MountError::Busy { path: mountpoint.to_owned(), holders: holders(mountpoint) })
        }
        Ok(output) => Err(MountError::Serve {
            path: mountpoint.to_owned(),
            source: std::io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }),
        Err(source) => Err(MountError::Serve { path: mountpoint.to_owned(), source }),
    }
}

/// The programs whose open files or working folder lie in the mount, as `name (pid)`.
fn holders(mountpoint: &Path) -> Vec<String> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let own = std::process::id().to_string();
    let numbered = processes.flatten().map(|entry| entry.path()).filter(|path| {
        path.file_name().is_some_and(|name| name.as_bytes().iter().all(u8::is_ascii_digit) && name != own.as_str())
    });
    let holders: Vec<String> = numbered
        .filter(|process| uses(process, mountpoint))
        .map(|process| {
            let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
            format!("{} ({})", name.trim(), process.file_name().unwrap_or_default().to_string_lossy())
        })
        .collect();
    if holders.is_empty() { vec!["programs that cannot be seen from here".to_owned()] } else { holders }
}

fn uses(process: &Path, mountpoint: &Path) -> bool {
    let descriptors = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten().map(|entry| entry.path());
    let links = [process.join("cwd"), process.join("root")].into_iter().chain(descriptors);
    links.filter_map(|link| std::fs::read_link(link).ok()).any(|target| target.starts_with(mountpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_characters_in_mount_tables() {
        assert_eq!(unescape(br"/mnt/a\040b\134c"), Path::new(r"/mnt/a b\c"));
        assert_eq!(unescape(br"/mnt/a\9"), Path::new(r"/mnt/a\9"));
        assert!(!is_mounted(Path::new("/proc")));
    }
}
