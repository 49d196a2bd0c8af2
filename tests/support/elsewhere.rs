//! Other file systems than that of the temporary folder.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use tempfile::TempDir;

/// A file system of its own for the time of a test.
pub struct Elsewhere {
    mounted: PathBuf,
    _folder: Option<TempDir>,
}

impl Elsewhere {
    /// An overlay, which the kernel does not pass through; `None`, and a line that says so, where there is none.
    pub fn overlay() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        ["lower", "upper", "work", "merged"].iter().for_each(|name| std::fs::create_dir(path(name)).unwrap());
        let option = |key, name: &str| format!("{key}={}", path(name).display());
        let options = [option("lowerdir", "lower"), option("upperdir", "upper"), option("workdir", "work")].join(",");
        let mounted = path("merged");
        Self::mount(&mounted, "overlay", &options)?;
        Some(Self { mounted, _folder: Some(folder) })
    }

    /// A file system in memory.
    pub fn tmpfs() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        Self::mount(folder.path(), "tmpfs", "mode=755,size=64m")?;
        Some(Self { mounted: folder.path().to_owned(), _folder: Some(folder) })
    }

    /// A file system in memory over an existing folder.
    pub fn tmpfs_at(path: &Path) -> Option<Self> {
        Self::mount(path, "tmpfs", "mode=777,size=64m")?;
        Some(Self { mounted: path.to_owned(), _folder: None })
    }

    /// A small ext4 that keeps a third of its blocks for root.
    pub fn ext4_with_reserve() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (image, mounted) = (folder.path().join("image"), folder.path().join("mounted"));
        std::fs::create_dir(&mounted).unwrap();
        std::fs::File::create(&image).unwrap().set_len(32 << 20).unwrap();
        run(Command::new("mkfs.ext4").args(["-q", "-m", "33"]).arg(&image))?;
        run(Command::new("mount").args(["-o", "loop"]).args([&image, &mounted]))?;
        Some(Self { mounted, _folder: Some(folder) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.mounted
    }

    fn mount(path: &Path, kind: &str, options: &str) -> Option<()> {
        let options = CString::new(options).unwrap();
        let mounted = mount(kind, path, kind, MountFlags::empty(), options.as_c_str());
        mounted.map_err(|error| eprintln!("skipped: cannot mount {kind} here: {error}")).ok()
    }
}

/// Runs a command; says so when it is not there or fails.
fn run(command: &mut Command) -> Option<()> {
    let failed = match command.output() {
        Ok(output) if output.status.success() => return Some(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    eprintln!("skipped: {command:?}: {failed}");
    None
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = unmount(&self.mounted, UnmountFlags::DETACH);
    }
}
