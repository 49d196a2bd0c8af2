//! What export refuses, and what stops it.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use posterfs::phase::{ExportError, ExportMode, PhaseError};
use rustix::fs::FlockOperation;

use crate::support::{Tmpfs, World, files_below, png, write};

const HEAT: &[u8] = b"Heat (1995)/Heat.mkv";

fn chosen() -> World {
    let mut world = World::with(&[HEAT]);
    world.choose(HEAT, "poster", 1);
    world.publish(1000);
    world
}

/// Rule 7: "Nothing from outside is trusted: … even paths in the database. A mapping's path is relative, normalised,
/// without `..`, and resolved beneath the library root only."
#[test]
fn paths_in_the_database_that_leave_the_library_are_refused() {
    for (column, bytes) in [
        ("folder", &b"../outside"[..]),
        ("folder", b"/outside"),
        ("folder", b"Heat (1995)/../.."),
        ("name", b"../../outside.png"),
        ("name", b".."),
        ("name", b"a\0b"),
    ] {
        let world = chosen();
        let database = rusqlite::Connection::open(world.catalog.path()).unwrap();
        let sql = match column {
            "folder" => "UPDATE library_image_files SET folder = ?1 WHERE name = CAST('poster.png' AS BLOB)",
            _ => "UPDATE library_image_files SET name = ?1 WHERE name = CAST('poster.png' AS BLOB)",
        };
        assert_eq!(database.execute(sql, [bytes]).unwrap(), 1);
        let before = files_below(world.folder.path()).len();
        let report = world.export(ExportMode::Copy);
        assert_eq!((report.added, report.error_count), (1, 1), "{bytes:?}: {report:?}");
        assert_eq!(files_below(world.folder.path()).len(), before + 1, "{bytes:?}");
        assert!(world.path(b"Heat (1995)/Heat-poster.png").exists(), "the rest is exported");
    }
}

#[test]
fn an_extension_in_the_database_cannot_lead_out_of_the_cache() {
    let world = chosen();
    let database = rusqlite::Connection::open(world.catalog.path()).unwrap();
    database.execute("UPDATE cache_image_files SET extension = '/../../../x'", []).unwrap();
    let report = world.export(ExportMode::Symlink);
    assert_eq!((report.added, report.error_count), (0, 2), "{report:?}");
    assert_eq!(files_below(&world.library.path).len(), 1);
}

#[test]
fn a_picture_that_is_damaged_or_gone_is_told_and_what_is_there_stays() {
    let mut world = chosen();
    write(&world.path(b"Heat (1995)/poster.png"), b"an original");
    let stored = world.choose(HEAT, "poster", 1).stored;
    let cached = world.cache.path_of(&stored.hash, stored.picture.format.into());
    fs::set_permissions(&cached, fs::Permissions::from_mode(0o644)).unwrap();
    write(&cached, &vec![0; png(1).len()]);
    for what in ["damaged", "No such file"] {
        let report = world.export(ExportMode::Copy);
        assert_eq!((report.added, report.replaced, report.error_count), (0, 0, 2), "{report:?}");
        assert!(report.errors[0].message.contains(what), "{report:?}");
        assert_eq!(fs::read(world.path(b"Heat (1995)/poster.png")).unwrap(), b"an original");
        assert_eq!(files_below(&world.library.path).len(), 2);
        let _ = fs::remove_file(&cached);
    }
}

#[test]
fn what_is_no_file_is_left_alone() {
    let world = chosen();
    fs::create_dir(world.path(b"Heat (1995)/poster.png")).unwrap();
    let report = world.export(ExportMode::Copy);
    assert_eq!((report.added, report.error_count), (1, 1), "{report:?}");
    assert!(report.errors[0].message.contains("a folder is in the way"), "{report:?}");
}

#[test]
fn one_export_at_a_time_writes_to_a_target() {
    let world = chosen();
    let other = File::open(&world.library.path).unwrap();
    rustix::fs::flock(&other, FlockOperation::LockExclusive).unwrap();
    let error = world.try_export(ExportMode::Copy, None, false).unwrap_err();
    assert!(matches!(error, PhaseError::Export(ExportError::Busy { .. })), "{error:?}");
    assert_eq!(world.try_export(ExportMode::Copy, None, true).unwrap().added, 2, "a dry run writes nothing");
    drop(other);
    assert_eq!(world.export(ExportMode::Copy).added, 2);
}

#[test]
fn a_target_that_is_no_folder_is_named() {
    let world = chosen();
    let target = world.folder.path().join("file");
    write(&target, b"x");
    let error = world.try_export(ExportMode::Copy, Some(&target), false).unwrap_err();
    assert!(error.to_string().contains(target.to_str().unwrap()), "{error}");
}

#[test]
fn a_full_target_stops_the_export_and_the_next_one_goes_on() {
    let mut world = World::with(&[HEAT]);
    for number in 1..=9 {
        world.choose(HEAT, &format!("fanart{number}"), number);
    }
    world.publish(1000);
    let target = world.folder.path().join("small");
    fs::create_dir(&target).unwrap();
    let Some(_small) = Tmpfs::mount(&target, c"size=40k") else { return };
    let error = world.try_export(ExportMode::Copy, Some(&target), false).unwrap_err();
    assert!(matches!(error, PhaseError::Export(ExportError::Full { .. })), "{error:?}");
    let written = files_below(&target);
    assert!(!written.is_empty() && written.len() < 18, "{written:?}");
    assert!(written.iter().all(|file| file.extension().is_some_and(|extension| extension == "png")), "{written:?}");
    rustix::mount::mount_remount(&target, rustix::mount::MountFlags::empty(), c"size=1m").unwrap();
    let report = world.try_export(ExportMode::Copy, Some(&target), false).unwrap();
    assert_eq!((report.unchanged, report.added), (written.len() as u64, 18 - written.len() as u64));
}

#[test]
fn a_read_only_target_is_said_to_be_so() {
    let world = chosen();
    let target = world.folder.path().join("read-only");
    fs::create_dir(&target).unwrap();
    let Some(disk) = Tmpfs::mount(&target, c"size=1m") else { return };
    disk.make_read_only();
    let error = world.try_export(ExportMode::Copy, Some(&target), false).unwrap_err();
    assert!(matches!(error, PhaseError::Export(ExportError::ReadOnly { .. })), "{error:?}");
    assert!(error.to_string().contains("read-only"), "{error}");
}

#[test]
fn hard_links_across_file_systems_name_the_remedy() {
    let world = chosen();
    let target = world.folder.path().join("other");
    fs::create_dir(&target).unwrap();
    let Some(_disk) = Tmpfs::mount(&target, c"size=1m") else { return };
    let error = world.try_export(ExportMode::Hardlink, Some(&target), false).unwrap_err();
    assert!(matches!(error, PhaseError::Export(ExportError::ModeImpossible { .. })), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("hardlink") && text.contains("--mode copy"), "{text}");
    assert!(files_below(&target).is_empty());
}
