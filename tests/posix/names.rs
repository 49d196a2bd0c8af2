//! Names and paths at their limits, and whatever else than files and folders there is.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Timespec, Timestamps, makedev, mkdirat, mknodat, open, openat, stat,
    unlinkat, utimensat,
};
use rustix::io::Errno;

use crate::support::{Folders, NOBODY, alike, write};

fn names(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn any_bytes_make_a_name() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "names", |root| {
        let mut kept = Vec::new();
        let long = |length: usize| vec![b'n'; length];
        let odd: [Vec<u8>; 9] = [
            vec![0xff, 0xfe, b'.', b'j'],
            vec![1, 2, 3, b'\n', b'\t'],
            "\u{e9}t\u{e9}".into(),
            "e\u{301}te\u{301}".into(),
            b" ".to_vec(),
            b"...".to_vec(),
            b"-rf *".to_vec(),
            long(255),
            long(256),
        ];
        for name in odd {
            let name = OsString::from_vec(name);
            let made = std::fs::create_dir(root.join(&name)).map_err(|error| error.raw_os_error());
            let below = std::fs::File::create(root.join(&name).join(&name)).map_err(|error| error.raw_os_error());
            let moved = std::fs::rename(root.join(&name), root.join(&name)).map_err(|error| error.raw_os_error());
            kept.push((made, below.map(drop), moved, root.join(&name).symlink_metadata().map(|m| m.nlink()).ok()));
        }
        (kept, names(root))
    });
    assert_eq!(names(&mount.source()), names(&mount.plain()));
}

/// Deeper than any path can say; reached step by step.
#[test]
fn paths_longer_than_path_max() {
    const DEPTH: usize = 40;
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_over(&[]);
    let step = OsString::from_vec(vec![b'd'; 200]);
    let enter =
        |folder: &OwnedFd, name: &OsStr| openat(folder, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
    alike(&mount, "deep", |root| {
        let mut steps = vec![open(root, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap()];
        for _ in 0..DEPTH {
            let last = steps.last().unwrap();
            mkdirat(last, &step, Mode::from(0o755)).unwrap();
            steps.push(enter(last, &step).unwrap());
        }
        let deepest = steps.last().unwrap();
        let file = openat(deepest, "film", OFlags::CREATE | OFlags::RDWR, Mode::from(0o644)).unwrap();
        rustix::io::write(&file, b"deep").unwrap();
        rustix::fs::renameat(deepest, "film", &steps[DEPTH - 1], "moved").unwrap();
        let size = rustix::fs::statat(&steps[DEPTH - 1], "moved", AtFlags::empty()).unwrap().st_size;
        let count = rustix::fs::Dir::read_from(&steps[DEPTH - 1]).unwrap().count();
        unlinkat(&steps[DEPTH - 1], "moved", AtFlags::empty()).unwrap();
        let up = enter(deepest, "..".as_ref()).and_then(rustix::fs::fstat).map(|stat| stat.st_nlink);
        for folder in steps[..DEPTH].iter().rev() {
            unlinkat(folder, &step, AtFlags::REMOVEDIR).unwrap();
        }
        (size, count, up)
    });
}

#[test]
fn special_files() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "nodes", |root| {
        let kinds = [
            ("pipe", FileType::Fifo, 0),
            ("socket", FileType::Socket, 0),
            ("null", FileType::CharacterDevice, makedev(1, 3)),
            ("large", FileType::CharacterDevice, makedev(4000, 1_000_000)),
            ("block", FileType::BlockDevice, makedev(7, 200)),
            ("regular", FileType::RegularFile, 0),
        ];
        let made = kinds.map(|(name, kind, device)| {
            let path = root.join(name);
            let refused = NOBODY.run(|| mknodat(CWD, &path, kind, Mode::from(0o640), device)).err();
            let made = mknodat(CWD, &path, kind, Mode::from(0o640), device);
            let seen = path.symlink_metadata().map(|m| (m.mode(), m.rdev(), m.uid(), m.nlink())).ok();
            (refused, made, seen)
        });
        let works = std::fs::read(root.join("null")).map(|content| content.len()).ok();
        symlink(OsStr::from_bytes(&[b'x', 0xff, b'/', b'.', b'.']), root.join("link")).unwrap();
        symlink(OsString::from_vec(vec![b'l'; 4095]), root.join("long link")).unwrap();
        let links = ["link", "long link"].map(|name| std::fs::read_link(root.join(name)).unwrap());
        let sizes = ["link", "long link"].map(|name| root.join(name).symlink_metadata().unwrap().len());
        (made, works, links, sizes)
    });
}

#[test]
fn pipes_and_sockets_carry_bytes() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "pipe and socket", |root| {
        mknodat(CWD, root.join("p"), FileType::Fifo, Mode::from(0o600), 0).unwrap();
        let carried = std::thread::scope(|scope| {
            scope.spawn(|| write(root.join("p"), b"through the pipe"));
            std::fs::read_to_string(root.join("p")).unwrap()
        });
        let listener = UnixListener::bind(root.join("s")).unwrap();
        let connected = UnixStream::connect(root.join("s")).map(drop).map_err(|error| error.kind());
        drop(listener);
        let refused = UnixStream::connect(root.join("s")).map(drop).map_err(|error| error.kind());
        (carried, connected, refused)
    });
}

#[test]
fn times_to_the_nanosecond_and_before_1970() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "times", |root| {
        write(root.join("timed"), b"x");
        symlink("timed", root.join("link")).unwrap();
        let seconds = [0, 1, -1, -2_000_000_000, -(1 << 31), 1 << 33, (1 << 34) - (1 << 31) - 1, 1 << 40, i64::MIN];
        let mut states = Vec::new();
        for seconds in seconds {
            for nanoseconds in [0, 1, 999_999_999, rustix::fs::UTIME_OMIT] {
                let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
                let other = Timespec { tv_sec: seconds / 2, tv_nsec: 5 };
                let times = Timestamps { last_access: other, last_modification: time };
                for name in ["timed", "link"] {
                    let set = utimensat(CWD, root.join(name), &times, AtFlags::SYMLINK_NOFOLLOW);
                    let m = root.join(name).symlink_metadata().unwrap();
                    states.push((set, m.mtime(), m.mtime_nsec(), m.atime(), m.atime_nsec()));
                }
            }
        }
        states
    });
}

#[test]
fn errors_of_wrong_kinds() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "wrong kinds", |root| {
        write(root.join("file"), b"x");
        std::fs::create_dir(root.join("folder")).unwrap();
        symlink("circle", root.join("circle")).unwrap();
        let flags = OFlags::RDWR;
        let opened: Vec<Result<(), Errno>> = ["file/", "file/x", "folder", "circle", "absent/", "folder/../file", ""]
            .iter()
            .map(|name| open(root.join(name), flags, Mode::empty()).map(drop))
            .collect();
        let removed = ["file", "folder/.", "folder/..", "circle/"].map(|name| rustix::fs::rmdir(root.join(name)));
        let unlinked = ["folder", "file/", "absent"].map(|name| rustix::fs::unlink(root.join(name)));
        let linked = rustix::fs::link(root.join("folder"), root.join("second"));
        let moved = rustix::fs::rename(root.join("folder"), root.join("folder/below"));
        let made = rustix::fs::mkdir(root.join("file"), Mode::from(0o755));
        let tmpfile = open(root, OFlags::TMPFILE | OFlags::RDWR, Mode::from(0o600)).err() == Some(Errno::INVAL);
        (opened, removed, unlinked, linked, moved, made, tmpfile, stat(root.join("circle")).err())
    });
}
