//! The source changes behind the mount, which knows otherwise, and tells soon.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{Gid, Mode, OFlags, Uid, chown, fchmod, fstat, open, stat};
use rustix::io::Errno;

use crate::handles::forget;
use crate::support::{Folders, NOBODY, ROOT, TestMount, User, alike, wait_for, write, write_as};

fn read(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// Does something to the source that the view must show.
fn assert_noticed(mount: &TestMount) {
    let (view, source) = (mount.view(), mount.source());
    let absent = || read(view.join("film"));
    assert_eq!(absent(), None);
    write(source.join("film"), "one");
    wait_for(|| read(view.join("film")).as_deref() == Some("one"));
    write(source.join("film"), "other");
    wait_for(|| read(view.join("film")).as_deref() == Some("other"));
    chown(source.join("film"), Some(Uid::from_raw(7)), Some(Gid::from_raw(8))).unwrap();
    wait_for(|| stat(view.join("film")).is_ok_and(|stat| (stat.st_uid, stat.st_gid) == (7, 8)));
    std::fs::rename(source.join("film"), source.join("moved")).unwrap();
    wait_for(|| absent().is_none() && read(view.join("moved")).as_deref() == Some("other"));
    std::fs::create_dir(source.join("folder")).unwrap();
    std::fs::rename(source.join("moved"), source.join("folder/deep")).unwrap();
    wait_for(|| read(view.join("folder/deep")).is_some() && read(view.join("moved")).is_none());
    std::fs::rename(source.join("folder"), source.join("elsewhere")).unwrap();
    wait_for(|| read(view.join("elsewhere/deep")).is_some() && !view.join("folder").exists());
    std::fs::remove_file(source.join("elsewhere/deep")).unwrap();
    let listed = || std::fs::read_dir(view.join("elsewhere")).map_or(9, Iterator::count);
    wait_for(|| listed() == 0 && read(view.join("elsewhere/deep")).is_none());
}

#[test]
fn changes_of_the_source_are_noticed() {
    let Some(folders) = Folders::new() else { return };
    assert_noticed(&folders.mount_beside(&[]));
}

#[test]
fn changes_beneath_the_mount_are_noticed() {
    let Some(folders) = Folders::new() else { return };
    assert_noticed(&folders.mount_over(&[]));
}

/// An inode goes behind the mount while a program has its path, and its number is used anew: the program is told so, and the
/// new inode is as any other, under its own number.
#[test]
fn a_number_that_is_used_anew_while_the_kernel_knows_the_inode_before() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    let (view, source) = (mount.view(), mount.source());
    for round in 0..100 {
        let (gone, name) = (format!("gone-{round}"), format!("made-{round}"));
        write(source.join(&gone), "gone");
        let before = open(view.join(&gone), OFlags::PATH, Mode::empty()).unwrap();
        let number = fstat(&before).unwrap().st_ino;
        std::fs::remove_file(source.join(&gone)).unwrap();
        let made = File::options().read(true).write(true).create_new(true).open(view.join(&name)).unwrap();
        if stat(source.join(&name)).unwrap().st_ino != number {
            continue;
        }
        let numbers = || [fstat(&made).unwrap().st_ino, stat(view.join(&name)).unwrap().st_ino];
        assert_eq!(numbers(), [number; 2]);
        made.write_all_at(b"made", 0).unwrap();
        fchmod(&made, Mode::from(0o6777)).unwrap();
        NOBODY.run(|| File::options().write(true).open(view.join(&name)).unwrap().write_all_at(b"MA", 0).unwrap());
        std::fs::hard_link(view.join(&name), view.join("linked")).unwrap();
        let linked = stat(view.join("linked")).unwrap();
        assert_eq!((linked.st_ino, linked.st_nlink, linked.st_mode & 0o7777), (number, 2, 0o777));
        assert_eq!(read(view.join("linked")).as_deref(), Some("MAde"));
        wait_for(|| fstat(&before).err() == Some(Errno::STALE));
        assert_eq!(numbers(), [number; 2]);
        drop((before, made));
        forget(&mount);
        assert_eq!(stat(view.join(&name)).unwrap().st_ino, number);
        return;
    }
    eprintln!("skipped: this file system does not use inode numbers anew at once");
}

/// The kernel believes that there is no such file, and asks to make one: whoever made it meanwhile is not robbed.
#[test]
fn making_a_file_that_somebody_else_has_made_meanwhile() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    let view = mount.view();
    for round in 0..50 {
        let name = format!("secret-{round}");
        assert_eq!(stat(view.join(&name)).err(), Some(Errno::NOENT));
        write_as(mount.source().join(&name), b"of root", &ROOT, 0o600);
        let opened = NOBODY.run(|| {
            open(view.join(&name), OFlags::CREATE | OFlags::RDWR, Mode::from(0o666)).map(|file| {
                let _ = rustix::io::write(file, b"robbed");
            })
        });
        assert_eq!(opened, Err(Errno::ACCESS), "round {round}");
        assert_eq!(read(mount.source().join(&name)).as_deref(), Some("of root"));
        let exclusively = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
        assert_eq!(open(view.join(&name), exclusively, Mode::from(0o666)).err(), Some(Errno::EXIST));
        assert!(open(view.join(&name), OFlags::CREATE | OFlags::RDWR, Mode::from(0o666)).is_ok(), "root may");
    }
}

/// The same with a pipe, which must not keep the daemon waiting for somebody at its other end.
#[test]
fn making_a_file_where_there_is_a_pipe_meanwhile() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    for round in 0..50 {
        let name = format!("pipe-{round}");
        assert!(stat(mount.view().join(&name)).is_err());
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, mount.source().join(&name), kind, Mode::from(0o666), 0).unwrap();
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::NONBLOCK;
        let opened = open(mount.view().join(&name), flags, Mode::from(0o666));
        assert_eq!(opened.err(), Some(Errno::NXIO), "nobody reads");
    }
}

#[test]
fn a_folder_with_the_sticky_bit() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_over(&[]);
    const OTHER: User = User { uid: 4000, gid: 4000, groups: &[] };
    alike(&mount, "sticky", |root| {
        let folder = root.join("sticky");
        std::fs::create_dir(&folder).unwrap();
        rustix::fs::chmod(&folder, Mode::from(0o1777)).unwrap();
        write_as(folder.join("theirs"), b"x", &OTHER, 0o666);
        write_as(folder.join("mine"), b"x", &NOBODY, 0o666);
        NOBODY.run(|| {
            let removed = rustix::fs::unlink(folder.join("theirs"));
            let replaced = rustix::fs::rename(folder.join("mine"), folder.join("theirs"));
            let moved = rustix::fs::rename(folder.join("theirs"), folder.join("new"));
            let opened = open(folder.join("theirs"), OFlags::CREATE | OFlags::RDWR, Mode::from(0o666)).map(drop);
            vec![removed, replaced, moved, opened, rustix::fs::unlink(folder.join("mine"))]
        })
    });
}
