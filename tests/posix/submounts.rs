//! Other file systems below the source.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with, statvfs};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, mount_bind, unmount};

use crate::support::{Elsewhere, Folders, alike, wait_for, write};

/// A folder, with something of the same inode number in a file system of its own below it.
fn with_tmpfs(root: &Path) -> Option<Elsewhere> {
    std::fs::create_dir(root.join("below")).unwrap();
    write(root.join("below/hidden"), b"by what is mounted over it");
    let tmpfs = Elsewhere::tmpfs_at(&root.join("below"))?;
    (0..20).for_each(|i| write(root.join(format!("below/{i}")), format!("in memory {i}")));
    Some(tmpfs)
}

#[test]
fn numbers_do_not_collide() {
    let Some(folders) = Folders::new() else { return };
    let Some(first) = with_tmpfs(&folders.source()) else { return };
    std::fs::create_dir(folders.source().join("second")).unwrap();
    let Some(_second) = with_tmpfs(&folders.source().join("second")) else { return };
    let mount = folders.mount_beside(&[]);
    let mut numbers: Vec<u64> = Vec::new();
    for folder in ["below", "second/below"] {
        numbers.push(mount.view().join(folder).metadata().unwrap().ino());
        for i in 0..20 {
            let path = mount.view().join(format!("{folder}/{i}"));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("in memory {i}"));
            numbers.push(path.metadata().unwrap().ino());
        }
        let listed = std::fs::read_dir(mount.view().join(folder)).unwrap();
        listed.for_each(|entry| {
            let entry = entry.unwrap();
            assert_eq!(std::os::unix::fs::DirEntryExt::ino(&entry), entry.metadata().unwrap().ino());
        });
    }
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count);
    assert_eq!(statvfs(mount.view().join("below")).unwrap().f_blocks, statvfs(first.path()).unwrap().f_blocks);
    assert_ne!(statvfs(mount.view()).unwrap().f_blocks, statvfs(first.path()).unwrap().f_blocks);
}

#[test]
fn borders_are_where_they_are_in_the_source() {
    let Some(folders) = Folders::new() else { return };
    let Some(_in_source) = with_tmpfs(&folders.source()) else { return };
    let Some(_in_plain) = with_tmpfs(&folders.plain()) else { return };
    let mount = folders.mount_over(&[]);
    alike(&mount, "borders", |root| {
        write(root.join("file"), b"x");
        let rename =
            |from: &str, to: &str| renameat_with(CWD, root.join(from), CWD, root.join(to), RenameFlags::empty());
        let outcomes = vec![
            rename("file", "below/file"),
            rename("below/1", "one"),
            rustix::fs::link(root.join("file"), root.join("below/file")),
            rustix::fs::rmdir(root.join("below")),
            rename("below", "moved"),
            rename("below/2", "below/two"),
            rustix::fs::link(root.join("below/3"), root.join("below/three")),
            rustix::fs::unlink(root.join("below/3")),
        ];
        let up = root.join("below/..").metadata().unwrap().ino() == root.metadata().unwrap().ino();
        let mut names: Vec<_> =
            std::fs::read_dir(root.join("below")).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        (outcomes, up, names)
    });
}

/// What is mounted and unmounted below the source while the view is there.
#[test]
fn mounts_come_and_go() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    let view = mount.view().join("below");
    for _ in 0..3 {
        let _ = std::fs::remove_file(mount.source().join("below/hidden"));
        let _ = std::fs::remove_dir(mount.source().join("below"));
        let Some(tmpfs) = with_tmpfs(&mount.source()) else { return };
        wait_for(|| std::fs::read_to_string(view.join("7")).is_ok());
        assert_eq!(std::fs::read_dir(&view).unwrap().count(), 20);
        assert!(!view.join("hidden").exists());
        // Nobody uses it: it can be unmounted as if there were no view.
        assert_eq!(unmount(tmpfs.path(), UnmountFlags::empty()), Ok(()));
        wait_for(|| std::fs::read_to_string(view.join("hidden")).is_ok());
        assert!(!view.join("7").exists());
    }
}

#[test]
fn a_bind_mount_below_the_source() {
    let Some(folders) = Folders::new() else { return };
    let (source, elsewhere) = (folders.source(), folders.plain());
    std::fs::create_dir(source.join("bound")).unwrap();
    write(elsewhere.join("film"), b"elsewhere");
    if let Err(error) = mount_bind(&elsewhere, source.join("bound")) {
        eprintln!("skipped: cannot bind here: {error}");
        return;
    }
    let bound = Bound(source.join("bound"));
    let mount = folders.mount_beside(&[]);
    let view = mount.view();
    assert_eq!(std::fs::read(view.join("bound/film")).unwrap(), b"elsewhere");
    write(view.join("bound/made"), b"through the view");
    assert_eq!(std::fs::read(elsewhere.join("made")).unwrap(), b"through the view");
    assert_eq!(rustix::fs::rename(view.join("bound/made"), view.join("made")), Err(Errno::XDEV));
    drop(bound);
}

struct Bound(std::path::PathBuf);

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}
