//! Attributes of mapped pictures.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{
    AtFlags, CWD, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags, chmod, chown, getxattr, listxattr, setxattr,
    utimensat,
};
use rustix::io::Errno;

use crate::world::World;

#[test]
fn chmod_chown_utimens_on_a_mapped_picture() {
    let Some(world) = World::new() else { return };
    let poster = world.heat("poster.jpg");
    let times = Timestamps {
        last_access: Timespec { tv_sec: 1_000_000_000, tv_nsec: 5 },
        last_modification: Timespec { tv_sec: 1_000_000_001, tv_nsec: 123_456_789 },
    };
    for path in [&poster, &world.heat("extrafanart"), &world.heat("extrafanart/fanart1.jpg")] {
        chmod(path, Mode::from(0o640)).unwrap();
        chown(path, Some(Uid::from_raw(1234)), Some(Gid::from_raw(5678))).unwrap();
        utimensat(CWD, path, &times, AtFlags::empty()).unwrap();
        let stat = path.metadata().unwrap();
        assert_eq!((stat.mode() & 0o7777, stat.uid(), stat.gid()), (0o640, 1234, 5678), "{path:?}");
        if path.is_file() {
            assert_eq!((stat.mtime(), stat.mtime_nsec(), stat.atime()), (1_000_000_001, 123_456_789, 1_000_000_000));
        }
    }
    assert!(!world.heat_in_source("poster.jpg").exists(), "the source is not touched");
    // Mode and owner stay with the name, the time goes with the picture: players must see that it is another.
    world.films.select("tmdb:949", "poster", "c.jpg");
    world.films.publish();
    let stat = poster.metadata().unwrap();
    assert_eq!((stat.mode() & 0o7777, stat.uid()), (0o640, 1234));
    assert!(stat.mtime() > 1_000_000_001, "{}", stat.mtime());
    assert_eq!(fs::read(&poster).unwrap(), world.picture("c.jpg"));
    // What is written over it is a file with these attributes.
    crate::world::overwrite(&poster, &world.picture("b.jpg"));
    world.settled();
    let real = world.heat_in_source("poster.jpg").metadata().unwrap();
    assert_eq!((real.mode() & 0o7777, real.uid(), real.gid()), (0o640, 1234, 5678));
}

fn value(path: &std::path::Path, name: &str) -> Result<String, Errno> {
    let mut value = vec![0; 512];
    let length = getxattr(path, name, &mut value[..])?;
    value.truncate(length);
    Ok(String::from_utf8(value).unwrap())
}

#[test]
fn getxattr_on_a_mapped_picture() {
    let Some(world) = World::new() else { return };
    let poster = world.heat("poster.jpg");
    let mapping = world.mapping("poster.jpg");
    for (name, expected) in [
        ("user.posterfs.sha256", mapping.hash.to_string()),
        ("user.posterfs.entity", format!("movie {}", mapping.entity)),
        ("user.posterfs.image_type", "poster".to_owned()),
        ("user.posterfs.provider", "file".to_owned()),
        ("user.posterfs.locked", "yes".to_owned()),
        ("user.posterfs.generation", mapping.added_generation.to_string()),
        ("user.xdg.origin.url", format!("file://{}", world.films.picture("a.jpg").display())),
    ] {
        assert_eq!(value(&poster, name), Ok(expected), "{name}");
    }
    let mut names = vec![0; 4096];
    let length = listxattr(&poster, &mut names[..]).unwrap();
    let names: Vec<&OsStr> = names[..length].split(|&b| b == 0).map(OsStr::from_bytes).collect();
    assert!(names.contains(&OsStr::new("user.posterfs.sha256")) && names.contains(&OsStr::new("user.xdg.origin.url")));
    assert_eq!(value(&poster, "user.posterfs.score"), Err(Errno::NODATA), "never scored");
    assert_eq!(value(&poster, "security.capability"), Err(Errno::NODATA));
    assert_eq!(setxattr(&poster, "user.note", b"x", XattrFlags::empty()), Err(Errno::OPNOTSUPP));
    assert_eq!(value(&world.heat("Heat (1995).mkv"), "user.posterfs.sha256"), Err(Errno::NODATA));
}
