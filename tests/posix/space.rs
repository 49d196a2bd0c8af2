//! Holes, allocation, copying within the file system, and its figures.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{
    FallocateFlags, SeekFrom, copy_file_range, fallocate, fstat, fsync, ftruncate, seek, statfs, statvfs,
};
use rustix::io::Errno;

use crate::support::{Elsewhere, Folders, NOBODY, ROOT, User, alike, write};

const BLOCK: u64 = 65_536;

fn new_file(path: &Path) -> File {
    File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap()
}

/// Where data and holes begin, and how many blocks there are.
fn extents(file: &File) -> (Vec<u64>, i64, i64) {
    fsync(file).unwrap();
    let mut borders = Vec::new();
    let mut at = 0;
    while let Ok(data) = seek(file, SeekFrom::Data(at)) {
        let hole = seek(file, SeekFrom::Hole(data)).unwrap();
        borders.extend([data, hole]);
        at = hole;
    }
    let stat = fstat(file).unwrap();
    (borders, stat.st_blocks, stat.st_size)
}

#[test]
fn holes_and_allocation() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "sparse files", |root| {
        let file = new_file(&root.join("sparse"));
        let mut states = Vec::new();
        let mut note = |outcome: Result<(), Errno>| states.push((outcome, extents(&file)));
        note(ftruncate(&file, 64 * BLOCK));
        file.write_all_at(&[1; 100], 8 * BLOCK).unwrap();
        file.write_all_at(&vec![2; 3 * BLOCK as usize], 16 * BLOCK).unwrap();
        note(Ok(()));
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        note(fallocate(&file, hole, 17 * BLOCK, BLOCK));
        note(fallocate(&file, FallocateFlags::KEEP_SIZE, 64 * BLOCK, 4 * BLOCK));
        note(fallocate(&file, FallocateFlags::empty(), 70 * BLOCK, BLOCK));
        note(fallocate(&file, FallocateFlags::ZERO_RANGE, 16 * BLOCK, BLOCK));
        note(fallocate(&file, FallocateFlags::PUNCH_HOLE, 0, BLOCK));
        note(fallocate(&file, FallocateFlags::empty(), 0, 0));
        note(ftruncate(&file, 10));
        states.push((seek(&file, SeekFrom::Data(20)).map(drop), extents(&file)));
        states.push((seek(&file, SeekFrom::Hole(0)).map(drop), extents(&file)));
        states
    });
}

#[test]
fn copies_within_the_file_system() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "copy_file_range", |root| {
        let content: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
        write(root.join("from"), &content);
        let (from, to) = (File::open(root.join("from")).unwrap(), new_file(&root.join("to")));
        let mut outcomes = vec![copy_file_range(&from, Some(&mut 1000), &to, Some(&mut 5000), 100_000)];
        outcomes.push(copy_file_range(&from, None, &to, None, 50));
        outcomes.push(copy_file_range(&from, None, &to, None, 50));
        outcomes.push(copy_file_range(&from, Some(&mut 300_000), &to, None, 50));
        // Onto itself, apart and overlapping.
        outcomes.push(copy_file_range(&to, Some(&mut 0), &to, Some(&mut 150_000), 4096));
        outcomes.push(copy_file_range(&to, Some(&mut 0), &to, Some(&mut 100), 4096));
        outcomes.push(copy_file_range(&to, Some(&mut 0), &from, None, 1));
        (outcomes, std::fs::read(root.join("to")).unwrap())
    });
}

#[test]
fn figures_of_the_file_system() {
    let Some(tmpfs) = Elsewhere::tmpfs() else { return };
    let Some(folders) = Folders::below(tmpfs.path()) else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "statfs", |root| {
        let (fs, vfs) = (statfs(root).unwrap(), statvfs(root).unwrap());
        let blocks = (fs.f_bsize, fs.f_frsize, fs.f_blocks, fs.f_bfree, fs.f_bavail);
        (blocks, fs.f_files, fs.f_ffree, fs.f_namelen, vfs.f_namemax, vfs.f_flag)
    });
}

#[test]
fn a_full_file_system() {
    let Some(tmpfs) = Elsewhere::tmpfs() else { return };
    let Some(folders) = Folders::below(tmpfs.path()) else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "ENOSPC", |root| {
        let path = root.join("too large");
        let file = new_file(&path);
        let chunk = vec![1; 1 << 20];
        let failed = (0..100).find_map(|i| file.write_all_at(&chunk, i << 20).err());
        let allocated = fallocate(&file, FallocateFlags::empty(), 0, 200 << 20);
        std::fs::remove_file(&path).unwrap();
        (failed.map(|error| error.kind()), allocated)
    });
}

/// Users other than root get nothing of what is kept for root, however they take up space.
#[test]
fn what_is_kept_for_root() {
    let Some(ext4) = Elsewhere::ext4_with_reserve() else { return };
    let Some(folders) = Folders::below(ext4.path()) else { return };
    let mount = folders.mount_beside(&[]);
    // How many MiB there are for a user, by writing and by allocation.
    let filled = |root: &Path, user: User| {
        let (written, allocated) = (root.join("written"), root.join("allocated"));
        let outcome = user.run(|| {
            let chunk = vec![1; 1 << 20];
            drop(new_file(&written));
            let file = File::options().write(true).open(&written).unwrap();
            let count = (0..100).find(|i| file.write_all_at(&chunk, i << 20).is_err() || fsync(&file).is_err());
            ftruncate(&file, 0).unwrap();
            let file = new_file(&allocated);
            let is_full = |i: &u64| fallocate(&file, FallocateFlags::empty(), i << 20, 1 << 20).is_err();
            let outcome = (count, (0..100).find(is_full));
            ftruncate(&file, 0).unwrap();
            outcome
        });
        std::fs::remove_file(&written).unwrap();
        std::fs::remove_file(&allocated).unwrap();
        outcome
    };
    for user in [NOBODY, ROOT] {
        alike(&mount, user, |root| filled(root, user));
    }
    assert_ne!(filled(&mount.view(), NOBODY), filled(&mount.view(), ROOT), "root gets more");
}
