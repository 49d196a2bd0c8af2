//! Files and folders that lose their names while somebody has them, and names that are exchanged.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dev, FileType, Mode, OFlags, RenameFlags, XattrFlags, chmod, fchmod, fgetxattr, fsetxattr, fstat,
    ftruncate, linkat, mkdir, mkdirat, mknodat, open, openat, renameat_with, stat, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use crate::support::{Folders, alike, write};

/// What a descriptor still shows and does.
fn uses_of(file: &File) -> Vec<Result<i64, Errno>> {
    let stat = |what: fn(&rustix::fs::Stat) -> i64| fstat(file).map(|stat| what(&stat));
    let io = |outcome: std::io::Result<usize>| outcome.map(|n| n as i64).map_err(|e| Errno::from_io_error(&e).unwrap());
    vec![
        stat(|stat| stat.st_nlink as i64),
        io(file.write_at(b"after", 2)),
        io(file.read_at(&mut [0; 100], 0)),
        ftruncate(file, 9000).map(|()| 0),
        stat(|stat| stat.st_size),
        fchmod(file, Mode::from(0o640)).map(|()| 0),
        stat(|stat| i64::from(stat.st_mode)),
        fsetxattr(file, "user.note", b"kept", XattrFlags::empty()).map(|()| 0),
        fgetxattr(file, "user.note", &mut [0_u8; 10][..]).map(|n| n as i64),
        rustix::fs::fsync(file).map(|()| 0),
    ]
}

#[test]
fn files_that_are_open_while_their_last_name_goes() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    type Removal = fn(&Path, &Path);
    let removals: [(&str, Removal); 3] = [
        ("unlinked", |path, _| std::fs::remove_file(path).unwrap()),
        ("renamed", |path, other| std::fs::rename(path, other).unwrap()),
        ("replaced", |path, other| std::fs::rename(other, path).unwrap()),
    ];
    for (what, remove) in removals {
        for mode in [0o644, 0o4755] {
            let work = |root: &Path| {
                let (path, other) =
                    (root.join(format!("{what}-{mode:o}")), root.join(format!("other-{what}-{mode:o}")));
                write(&path, b"content");
                chmod(&path, Mode::from(mode)).unwrap();
                write(&other, b"other");
                let file = File::options().read(true).write(true).open(&path).unwrap();
                remove(&path, &other);
                uses_of(&file)
            };
            alike(&mount, (what, mode), work);
        }
    }
}

/// Descriptors that have not opened the file itself: only the path was looked up.
#[test]
fn a_file_that_is_held_by_path_only() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    let work = |root: &Path| {
        write(root.join("held"), b"content");
        let held = open(root.join("held"), OFlags::PATH, Mode::empty()).unwrap();
        std::fs::remove_file(root.join("held")).unwrap();
        // Others take its place, perhaps its very number.
        (0..20).for_each(|i| write(root.join(format!("next-{i}")), b"x"));
        let seen = fstat(&held).map(|stat| stat.st_size);
        let links = fstat(&held).map(|stat| stat.st_nlink as i64);
        let again =
            open(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&held)), OFlags::RDWR, Mode::empty());
        vec![seen, links, again.map(|_| 0)]
    };
    alike(&mount, "O_PATH", work);
}

#[test]
fn a_folder_that_is_removed_under_somebody() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    let work = |root: &Path| {
        let path = root.join("gone");
        mkdir(&path, Mode::from(0o755)).unwrap();
        let folder = open(&path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let held = open(&path, OFlags::PATH, Mode::empty()).unwrap();
        std::fs::remove_dir(&path).unwrap();
        (0..20).for_each(|i| mkdir(root.join(format!("next-folder-{i}")), Mode::from(0o755)).unwrap());
        let listed = rustix::fs::Dir::read_from(&folder).map(|entries| entries.filter(|entry| entry.is_ok()).count());
        let flags = OFlags::CREATE | OFlags::WRONLY;
        vec![
            fstat(&folder).map(|stat| stat.st_nlink as i64),
            fstat(&held).map(|stat| i64::from(stat.st_mode)),
            statat(&folder, ".", AtFlags::empty()).map(|stat| stat.st_nlink as i64),
            statat(&folder, "..", AtFlags::empty()).map(|_| 0),
            statat(&folder, "name", AtFlags::empty()).map(|_| 0),
            openat(&folder, "new", flags, Mode::from(0o644)).map(|_| 0),
            mkdirat(&folder, "new", Mode::from(0o755)).map(|()| 0),
            symlinkat("target", &folder, "new").map(|()| 0),
            mknodat(&folder, "new", FileType::Fifo, Mode::from(0o644), Dev::from(0_u8)).map(|()| 0),
            unlinkat(&folder, "name", AtFlags::empty()).map(|()| 0),
            fchmod(&folder, Mode::from(0o700)).map(|()| 0),
            fstat(&folder).map(|stat| i64::from(stat.st_mode)),
            listed.map(|count| count as i64),
        ]
    };
    alike(&mount, "rmdir", work);
}

#[test]
fn a_file_without_names_cannot_be_linked_again() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    let work = |root: &Path| {
        write(root.join("unnamed"), b"x");
        let file = File::open(root.join("unnamed")).unwrap();
        std::fs::remove_file(root.join("unnamed")).unwrap();
        vec![linkat(&file, "", CWD, root.join("again"), AtFlags::EMPTY_PATH).map(|()| 0)]
    };
    alike(&mount, "link", work);
}

#[test]
fn renames_with_flags() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    let kinds = ["file", "link", "folder", "full", "absent"];
    let flags = [RenameFlags::EXCHANGE, RenameFlags::NOREPLACE, RenameFlags::WHITEOUT, RenameFlags::empty()];
    let place = |path: &Path, kind: &str| match kind {
        "file" => write(path, b"content"),
        "link" => std::os::unix::fs::symlink("nowhere", path).unwrap(),
        "folder" => std::fs::create_dir(path).unwrap(),
        "full" => std::fs::create_dir_all(path.join("below")).unwrap(),
        _ => {}
    };
    alike(&mount, "renameat2", |root| {
        let mut outcomes = Vec::new();
        for flag in flags {
            for (from_kind, to_kind) in kinds.iter().flat_map(|a| kinds.iter().map(move |b| (a, b))) {
                let name = |side: &str| root.join(format!("{from_kind}-{to_kind}-{:x}-{side}", flag.bits()));
                let (from, to) = (name("from"), name("to"));
                place(&from, from_kind);
                place(&to, to_kind);
                let outcome = renameat_with(CWD, &from, CWD, &to, flag);
                let kind = |path: &Path| path.symlink_metadata().map(|m| (m.mode(), m.rdev(), m.nlink())).ok();
                outcomes.push((*from_kind, *to_kind, flag.bits(), outcome, kind(&from), kind(&to)));
            }
        }
        let both = RenameFlags::EXCHANGE | RenameFlags::NOREPLACE;
        let nonsense = renameat_with(CWD, root.join("a"), CWD, root.join("b"), both);
        outcomes.push(("", "", both.bits(), nonsense, None, None));
        outcomes
    });
}

#[test]
fn hard_links_are_one_inode() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_over(&[]);
    alike(&mount, "hard links", |root| {
        write(root.join("one"), b"content");
        std::fs::create_dir(root.join("below")).unwrap();
        std::fs::hard_link(root.join("one"), root.join("below/two")).unwrap();
        let file = File::options().read(true).write(true).open(root.join("one")).unwrap();
        file.set_len(3).unwrap();
        chmod(root.join("below/two"), Mode::from(0o600)).unwrap();
        let state = |name: &str| stat(root.join(name)).map(|s| (s.st_nlink, s.st_size, s.st_mode));
        let mut states = vec![state("one"), state("below/two")];
        assert_eq!(stat(root.join("one")).unwrap().st_ino, stat(root.join("below/two")).unwrap().st_ino);
        std::fs::remove_file(root.join("one")).unwrap();
        states.extend([state("one"), state("below/two")]);
        // Onto its own other name: nothing happens.
        std::fs::hard_link(root.join("below/two"), root.join("three")).unwrap();
        std::fs::rename(root.join("below/two"), root.join("three")).unwrap();
        states.extend([state("below/two"), state("three")]);
        states
    });
    assert_eq!(stat(mount.view().join("three")).unwrap().st_ino, stat(mount.source().join("three")).unwrap().st_ino);
}
