//! What posterfs shows cannot be changed through the view, by root neither, and the cache stays as it is.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RenameFlags, Timespec, Timestamps, XattrFlags, chmod, chown, mkdir, open,
    renameat_with, setxattr, symlink, unlink, utimensat,
};
use rustix::io::Errno;

use crate::support::contents;
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

/// Tries everything that could change a mapped picture, or the name it is shown under: what, how it ended, and how it
/// has to.
fn attempts(picture: &Path, other: &Path) -> Vec<(&'static str, Result<(), Errno>, Errno)> {
    let times = Timestamps {
        last_access: Timespec { tv_sec: 1, tv_nsec: 0 },
        last_modification: Timespec { tv_sec: 1, tv_nsec: 0 },
    };
    let away = picture.with_file_name("away.jpg");
    let exchange = renameat_with(CWD, other, CWD, picture, RenameFlags::EXCHANGE);
    vec![
        ("open to write", opened(picture, OFlags::WRONLY), Errno::ROFS),
        ("open to read and write", opened(picture, OFlags::RDWR), Errno::ROFS),
        ("open to append", opened(picture, OFlags::WRONLY | OFlags::APPEND), Errno::ROFS),
        ("open and empty", opened(picture, OFlags::WRONLY | OFlags::TRUNC), Errno::ROFS),
        ("open to read and empty", opened(picture, OFlags::RDONLY | OFlags::TRUNC), Errno::ROFS),
        ("make anew", opened(picture, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC), Errno::ROFS),
        ("make", opened(picture, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL), Errno::EXIST),
        ("truncate", truncated(picture), Errno::ROFS),
        ("unlink", unlink(picture), Errno::ROFS),
        ("rename away", rustix::fs::rename(picture, &away), Errno::ROFS),
        ("rename over", rustix::fs::rename(other, picture), Errno::ROFS),
        ("exchange", exchange, Errno::ROFS),
        ("hard link", rustix::fs::link(picture, &away), Errno::XDEV),
        ("hard link over", rustix::fs::link(other, picture), Errno::EXIST),
        ("symbolic link over", symlink("x", picture), Errno::EXIST),
        ("folder over", mkdir(picture, Mode::from(0o755)), Errno::EXIST),
        ("chmod", chmod(picture, Mode::from(0o666)), Errno::ROFS),
        ("chown", chown(picture, Some(rustix::fs::Uid::from_raw(1)), None), Errno::ROFS),
        ("set times", utimensat(CWD, picture, &times, AtFlags::empty()), Errno::ROFS),
        ("set attribute", setxattr(picture, "user.note", b"x", XattrFlags::empty()), Errno::ROFS),
    ]
}

#[test]
fn nothing_changes_a_mapped_picture() {
    let Some(world) = World::beside() else { return };
    let other = world.heat().join("Heat (1995).mkv");
    let (cache, source) = (contents(&world.films.state().join("cache")), contents(world.films.media()));
    for name in ["poster.jpg", "clearlogo.png", "extrafanart/fanart1.jpg"] {
        let picture = world.heat().join(name);
        let (before, stat) = (fs::read(&picture).unwrap(), picture.metadata().unwrap());
        for (what, outcome, expected) in attempts(&picture, &other) {
            assert_eq!(outcome, Err(expected), "{what} {name}");
        }
        let now = picture.metadata().unwrap();
        assert_eq!(fs::read(&picture).unwrap(), before, "{name}");
        assert_eq!((now.mode(), now.mtime(), now.ino()), (stat.mode(), stat.mtime(), stat.ino()), "{name}");
    }
    assert_eq!(contents(&world.films.state().join("cache")), cache);
    assert_eq!(contents(world.films.media()), source);
    for (_, mapping) in world.mappings() {
        assert_eq!(world.cached(&mapping).metadata().unwrap().mode(), 0o100_444, "cache files stay read-only");
    }
}

#[test]
fn names_of_hidden_originals_are_taken() {
    let Some(world) = World::beside() else { return };
    let hidden = world.heat().join("folder.jpg");
    let video = world.heat().join("Heat (1995).mkv");
    assert_eq!(opened(&hidden, OFlags::WRONLY | OFlags::CREATE), Err(Errno::ROFS));
    assert_eq!(rustix::fs::rename(&video, &hidden), Err(Errno::ROFS));
    assert_eq!(unlink(&hidden), Err(Errno::NOENT));
    assert_eq!(fs::read(world.source(b"Heat (1995) {tmdb-949}/folder.jpg")).unwrap().len(), 33);
}

#[test]
fn a_folder_of_mappings_is_read_only_and_a_folder_that_shows_some_is_not_empty() {
    let Some(world) = World::beside() else { return };
    let made = world.heat().join("extrafanart");
    assert_eq!(opened(&made.join("new.jpg"), OFlags::WRONLY | OFlags::CREATE), Err(Errno::ROFS));
    assert_eq!(rustix::fs::rmdir(&made), Err(Errno::ROFS));
    assert_eq!(rustix::fs::rename(&made, world.heat().join("away")), Err(Errno::ROFS));
    let disc = world.view(b"Disc (1980)");
    fs::remove_file(disc.join("VIDEO_TS/VIDEO_TS.IFO")).unwrap();
    fs::remove_dir(disc.join("VIDEO_TS")).unwrap();
    assert_eq!(rustix::fs::rmdir(&disc), Err(Errno::NOTEMPTY));
    assert!(disc.join("poster.jpg").exists());
}
