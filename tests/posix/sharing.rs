//! One file in several hands: memory maps, direct and appending writes, the source beside the view.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open};

use crate::support::{Elsewhere, Folders, Map, TestMount, alike, wait_for, write};

const PAGE: usize = 4096;

fn read_write(path: impl AsRef<Path>) -> File {
    File::options().read(true).write(true).open(path).unwrap()
}

/// What is written on one side is at once read on the other, mapped or not.
fn assert_coherent(mount: &TestMount) {
    write(mount.source().join("film"), vec![0; 16 * PAGE]);
    let (view, source) = (read_write(mount.view().join("film")), read_write(mount.source().join("film")));
    let (view_map, source_map) = (Map::shared(&view, 16 * PAGE, true), Map::shared(&source, 16 * PAGE, true));
    let (view_map, source_map) = (view_map.unwrap(), source_map.unwrap());
    type Write<'a> = &'a dyn Fn(&[u8]);
    let file = |file: &File| {
        let mut bytes = [0; 5];
        file.read_exact_at(&mut bytes, 100).unwrap();
        bytes.to_vec()
    };
    let writes: [(&str, Write); 4] = [
        ("view, mapped", &|bytes| view_map.write(100, bytes)),
        ("source, mapped", &|bytes| source_map.write(100, bytes)),
        ("view", &|bytes| view.write_all_at(bytes, 100).unwrap()),
        ("source", &|bytes| source.write_all_at(bytes, 100).unwrap()),
    ];
    for (round, (by, write)) in writes.iter().enumerate() {
        let bytes = format!("turn{round}").into_bytes();
        write(&bytes);
        let seen = [view_map.read(100, 5), source_map.read(100, 5), file(&view), file(&source)];
        assert_eq!(seen, [&bytes[..]; 4], "written by {by}; seen in view map, source map, view, source");
    }
}

#[test]
fn maps_are_coherent_with_the_source() {
    let Some(folders) = Folders::new() else { return };
    assert_coherent(&folders.mount_beside(&[]));
}

#[test]
fn maps_are_coherent_with_the_source_beneath() {
    let Some(folders) = Folders::new() else { return };
    assert_coherent(&folders.mount_over(&[]));
}

#[test]
fn a_private_map_and_one_for_reading() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "maps of files opened for reading", |root| {
        write(root.join("read"), b"0123456789");
        let file = File::open(root.join("read")).unwrap();
        let map = Map::shared(&file, 10, false).unwrap();
        let refused = Map::shared(&file, 10, true).err().map(|error| error.kind());
        (map.read(0, 10), refused)
    });
}

/// The times that a memory map moves, seen while the file is still mapped.
#[test]
fn writing_by_map_moves_the_times() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "mtime after a write by memory map", |root| {
        let path = root.join("timed");
        write(&path, vec![0; PAGE]);
        let file = read_write(&path);
        let map = Map::shared(&file, PAGE, true).unwrap();
        let write_and_look = || {
            std::thread::sleep(Duration::from_millis(50));
            map.write(0, b"x");
            map.sync().unwrap();
            std::fs::metadata(&path).unwrap().modified().unwrap()
        };
        let looks = [(); 3].map(|()| write_and_look());
        looks.is_sorted_by(|a, b| a < b)
    });
}

/// A map outlives the descriptor it was made by; what was written to it is known when it goes, at the latest.
#[test]
fn a_map_that_is_written_after_its_file_is_closed() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    for side in [mount.view(), mount.source()] {
        write(mount.view().join("closed"), vec![0; PAGE]);
        let seen = || {
            let file = File::open(mount.view().join("closed")).unwrap();
            let mut byte = [0];
            file.read_exact_at(&mut byte, 7).unwrap();
            (byte[0], file.metadata().unwrap().modified().unwrap())
        };
        let map = Map::shared(read_write(side.join("closed")), PAGE, true).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let (_, before) = seen();
        std::thread::sleep(Duration::from_millis(50));
        map.write(7, b"x");
        assert_eq!(seen().0, b'x');
        drop(map);
        wait_for(|| seen().1 > before);
    }
}

/// A buffer at a multiple of a page in memory.
struct Aligned(Vec<u8>, usize);

impl Aligned {
    fn new(byte: u8, length: usize) -> Self {
        let buffer = vec![byte; length + PAGE];
        let start = buffer.as_ptr().align_offset(PAGE);
        Self(buffer, start)
    }

    fn bytes(&mut self, length: usize) -> &mut [u8] {
        &mut self.0[self.1..self.1 + length]
    }
}

/// Reads and writes around and beyond the end, and one beside them through the page cache.
fn direct_io(mount: &TestMount) {
    for mode in [0o644, 0o4755] {
        alike(mount, ("O_DIRECT", mode), |root| {
            let path = root.join(format!("direct-{mode:o}"));
            write(&path, b"");
            rustix::fs::chmod(&path, Mode::from(mode)).unwrap();
            let direct = File::options().read(true).write(true).custom_flags(libc::O_DIRECT).open(&path).unwrap();
            let mut buffer = Aligned::new(7, 3 * PAGE);
            let kind = |outcome: std::io::Result<usize>| outcome.map_err(|error| error.raw_os_error());
            let mut outcomes = vec![kind(direct.write_at(buffer.bytes(2 * PAGE), PAGE as u64))];
            outcomes.push(kind(direct.read_at(buffer.bytes(3 * PAGE), 0)));
            outcomes.push(kind(direct.read_at(buffer.bytes(PAGE), 2 * PAGE as u64)));
            outcomes.push(kind(direct.read_at(buffer.bytes(PAGE), 100 * PAGE as u64)));
            let content = std::fs::read(&path).unwrap();
            (outcomes, content, read_write(&path).write_at(b"beside", 10).unwrap(), std::fs::read(&path).unwrap())
        });
    }
}

#[test]
fn direct_io_past_the_page_cache() {
    let Some(folders) = Folders::new() else { return };
    direct_io(&folders.mount_beside(&[]));
}

#[test]
fn direct_io_without_passthrough() {
    let Some(overlay) = Elsewhere::overlay() else { return };
    let Some(folders) = Folders::below(overlay.path()) else { return };
    direct_io(&folders.mount_beside(&[]));
}

#[test]
fn flags_that_change_while_a_file_is_open() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "fcntl(F_SETFL)", |root| {
        write(root.join("flags"), b"0123456789");
        let mut file = read_write(root.join("flags"));
        file.write_all(b"A").unwrap();
        fcntl_setfl(&file, OFlags::APPEND).unwrap();
        file.write_all(b"B").unwrap();
        let appending = fcntl_getfl(&file).unwrap().contains(OFlags::APPEND);
        fcntl_setfl(&file, OFlags::empty()).unwrap();
        file.write_at(b"C", 3).unwrap();
        (appending, std::fs::read(root.join("flags")).unwrap())
    });
}

/// Two processes append lines of their own: none is lost or torn.
#[test]
fn processes_that_append_do_not_overwrite_each_other() {
    const LINES: usize = 300;
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    write(mount.view().join("log"), b"");
    let append = |byte: &str| {
        let line = byte.repeat(99);
        let script = format!("i=0; while [ $i -lt {LINES} ]; do echo {line}; i=$((i+1)); done");
        let log = File::options().append(true).open(mount.view().join("log")).unwrap();
        Command::new("sh").args(["-c", &script]).stdout(Stdio::from(log)).spawn().unwrap()
    };
    let writers = [append("a"), append("b")];
    writers.into_iter().for_each(|mut writer| assert!(writer.wait().unwrap().success()));
    let log = std::fs::read_to_string(mount.source().join("log")).unwrap();
    for byte in ["a", "b"] {
        assert_eq!(log.lines().filter(|line| *line == byte.repeat(99)).count(), LINES);
    }
    assert_eq!(log.len(), 2 * LINES * 100);
}

#[test]
fn a_file_that_only_grows() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "chattr +a", |root| {
        let path = root.join("grows");
        write(&path, b"begun");
        super::flags::set(&path, super::flags::APPEND_ONLY).unwrap();
        let tries = [OFlags::APPEND, OFlags::empty(), OFlags::APPEND | OFlags::TRUNC].map(|flags| {
            let file = open(&path, OFlags::WRONLY | flags, Mode::empty())?;
            rustix::io::write(&file, b"more")?;
            rustix::fs::ftruncate(file.as_fd(), 0)
        });
        let content = std::fs::read(&path).unwrap();
        super::flags::set(&path, 0).unwrap();
        (tries.to_vec(), content)
    });
}
