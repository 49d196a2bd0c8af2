//! Whatever is done to a mapped picture through the view, by root too, never reaches the file in the cache.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FallocateFlags, Mode, OFlags, RenameFlags, Timespec, Timestamps, XattrFlags, chmod, chown, mkdir,
    open, renameat_with, setxattr, symlink, unlink, utimensat,
};
use rustix::io::Errno;

use crate::support::{Map, contents};
use crate::world::World;

fn opened(path: &Path, flags: OFlags) -> Result<(), Errno> {
    open(path, flags | OFlags::CLOEXEC, Mode::from(0o644)).map(drop)
}

fn truncated(path: &Path) -> Result<(), Errno> {
    let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: a path that ends with NUL.
    let outcome = unsafe { libc::truncate(path.as_ptr(), 0) };
    if outcome == 0 { Ok(()) } else { Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap()) }
}

/// Everything that could change a mapped picture, or the name it is shown under; what it comes to is told by
/// `tests/semantics`.
fn attempts(picture: &Path, other: &Path) {
    let times = Timestamps {
        last_access: Timespec { tv_sec: 1, tv_nsec: 0 },
        last_modification: Timespec { tv_sec: 1, tv_nsec: 0 },
    };
    let away = picture.with_file_name("away.jpg");
    for flags in [OFlags::WRONLY, OFlags::RDWR, OFlags::WRONLY | OFlags::APPEND, OFlags::RDONLY | OFlags::TRUNC] {
        let _ = opened(picture, flags);
        written(picture, flags);
    }
    let _ = opened(picture, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC);
    assert_eq!(opened(picture, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL), Err(Errno::EXIST));
    let _ = truncated(picture);
    let _ = chmod(picture, Mode::from(0o666));
    let _ = chown(picture, Some(rustix::fs::Uid::from_raw(1)), None);
    let _ = utimensat(CWD, picture, &times, AtFlags::empty());
    let _ = setxattr(picture, "user.note", b"x", XattrFlags::empty());
    assert_eq!(rustix::fs::link(other, picture), Err(Errno::EXIST));
    assert_eq!(symlink("x", picture), Err(Errno::EXIST));
    assert_eq!(mkdir(picture, Mode::from(0o755)), Err(Errno::EXIST));
    let _ = renameat_with(CWD, other, CWD, picture, RenameFlags::EXCHANGE);
    let _ = rustix::fs::rename(picture, &away);
    written(&away, OFlags::RDWR);
    let _ = rustix::fs::rename(&away, picture);
    let _ = unlink(picture);
    written(picture, OFlags::RDWR | OFlags::CREATE);
}

/// Opens and writes, also through a memory map, wherever that is possible.
fn written(path: &Path, flags: OFlags) {
    let Ok(file) = open(path, flags | OFlags::CLOEXEC, Mode::from(0o644)) else { return };
    let _ = rustix::io::write(&file, b"not a picture");
    let _ = rustix::io::pwrite(&file, b"nor this", 3);
    let _ = rustix::fs::ftruncate(&file, 4096);
    for mode in
        [FallocateFlags::empty(), FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, FallocateFlags::ZERO_RANGE]
    {
        let _ = rustix::fs::fallocate(&file, mode, 0, 64);
    }
    if flags.contains(OFlags::RDWR) {
        Map::shared(&file, 4096, true).unwrap().write(0, b"mapped");
    }
}

#[test]
fn nothing_reaches_the_cache() {
    let Some(world) = World::beside() else { return };
    let assets = world.films.state().join("cache/assets");
    let before = contents(&assets);
    let other = world.heat().join("other");
    for name in ["poster.jpg", "clearlogo.png", "extrafanart/fanart1.jpg"] {
        let picture = world.heat().join(name);
        // What reads meanwhile has the picture open, so the kernel has its file registered.
        let reading = fs::File::open(&picture).unwrap();
        crate::support::write(&other, "something else");
        attempts(&picture, &other);
        // Nor through a descriptor that was opened for reading.
        assert_eq!(rustix::fs::ftruncate(&reading, 0), Err(Errno::INVAL));
        assert_eq!(rustix::fs::fallocate(&reading, FallocateFlags::empty(), 0, 64), Err(Errno::BADF));
        assert!(Map::shared(&reading, 4096, true).is_err(), "mapped for writing");
        drop(reading);
    }
    for (path, bytes) in before {
        assert_eq!(fs::read(assets.join(&path)).unwrap(), bytes, "{path:?} was written to");
        assert_eq!(assets.join(&path).metadata().unwrap().mode(), 0o100_444, "cache files stay read-only");
    }
}
