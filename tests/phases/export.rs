use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use posterfs::model::UnixSeconds;
use posterfs::naming::Profiles;
use posterfs::phase::{ExportMode, ExportRequest, ExportTarget, PhaseError, Progress, export};

use crate::support::{STEPS_OF_BIN, World, files_below, png, write};

const HEAT: &[u8] = b"Heat (1995)/Heat.mkv";
const ODD: &[u8] = b"Am\xe9lie \n (2001)/Am\xe9lie \n (2001).avi";

fn chosen() -> World {
    let mut world = World::with(&[HEAT, ODD, b"Heat (1995)/poster.png", b"Heat (1995)/folder.jpg"]);
    world.choose(HEAT, "poster", 1);
    world.choose(HEAT, "fanart1", 2);
    world.choose(ODD, "poster", 3);
    world.publish(1000);
    world
}

#[test]
fn copies_are_the_pictures_and_originals_of_the_same_name_go_to_the_bin() {
    let world = chosen();
    let report = world.export(ExportMode::Copy);
    assert_eq!((report.added, report.replaced, report.recycled, report.unchanged), (5, 1, 1, 0), "{report:?}");
    assert_eq!(report.error_count, 0, "{report:?}");
    for (path, seed) in [
        (&b"Heat (1995)/poster.png"[..], 1),
        (b"Heat (1995)/Heat-poster.png", 1),
        (b"Heat (1995)/fanart1.png", 2),
        (b"Heat (1995)/extrafanart/fanart1.png", 2),
        (b"Am\xe9lie \n (2001)/poster.png", 3),
    ] {
        let file = world.path(path);
        assert_eq!(fs::read(&file).unwrap(), png(seed));
        let stat = fs::metadata(&file).unwrap();
        assert_eq!((stat.permissions().mode() & 0o7777, stat.mtime(), stat.nlink()), (0o644, 1000, 1));
    }
    assert_eq!(fs::read(world.path(b"Heat (1995)/folder.jpg")).unwrap(), b"an original", "of another name");
    let bin = world.recycle.entries().unwrap();
    assert_eq!((bin.len(), bin[0].origin.clone()), (1, world.path(b"Heat (1995)/poster.png")));
    assert_eq!(fs::read(world.recycle.data_path(&bin[0])).unwrap(), b"an original");

    let before = files_below(&world.library.path);
    let again = world.export(ExportMode::Copy);
    assert_eq!((again.unchanged, again.added, again.replaced, again.recycled), (6, 0, 0, 0));
    assert_eq!(files_below(&world.library.path), before);
    assert_eq!(before.len(), 9, "nothing temporary is left: {before:?}");
}

#[test]
fn links_lead_to_the_cache_and_are_recognised() {
    for mode in [ExportMode::Hardlink, ExportMode::Symlink] {
        let mut world = chosen();
        let report = world.export(mode);
        assert_eq!((report.added, report.replaced, report.error_count), (5, 1, 0), "{mode}: {report:?}");
        let poster = world.path(b"Heat (1995)/poster.png");
        let cached = world.choose(HEAT, "poster", 1).stored;
        let cached = world.cache.path_of(&cached.hash, cached.picture.format.into());
        assert_eq!(fs::metadata(&poster).unwrap().ino(), fs::metadata(&cached).unwrap().ino(), "{mode}");
        assert_eq!(fs::symlink_metadata(&poster).unwrap().is_symlink(), mode == ExportMode::Symlink);
        let again = world.export(mode);
        assert_eq!((again.unchanged, again.added), (6, 0), "{mode}");
    }
}

#[test]
fn clones_are_made_or_the_remedy_is_named() {
    let world = chosen();
    match world.try_export(ExportMode::Reflink, None, false) {
        Ok(report) => assert_eq!(report.added, 5),
        Err(error) => {
            assert!(matches!(error, PhaseError::Export(_)), "{error:?}");
            assert!(error.to_string().contains("--mode copy"), "{error}");
            assert_eq!(fs::read(world.path(b"Heat (1995)/poster.png")).unwrap(), b"an original");
            assert_eq!(files_below(&world.library.path).len(), 4, "nothing is left half done");
        }
    }
}

#[test]
fn a_copy_takes_the_place_of_an_earlier_link() {
    let world = chosen();
    world.export(ExportMode::Symlink);
    let report = world.export(ExportMode::Copy);
    assert_eq!((report.replaced, report.unchanged), (6, 0));
    assert!(fs::symlink_metadata(world.path(b"Heat (1995)/poster.png")).unwrap().is_file());
}

#[test]
fn another_folder_gets_the_folders_it_needs() {
    let world = chosen();
    let before = files_below(&world.library.path);
    let target = world.folder.path().join("new/target");
    let dry = world.try_export(ExportMode::Copy, Some(&target), true).unwrap();
    assert!(dry.added == 6 && !target.exists());
    let report = world.try_export(ExportMode::Copy, Some(&target), false).unwrap();
    assert_eq!((report.added, report.error_count), (6, 0));
    assert_eq!(fs::read(target.join("Heat (1995)/extrafanart/fanart1.png")).unwrap(), png(2));
    assert_eq!(files_below(&target).len(), 6);
    assert_eq!(files_below(&world.library.path), before);
    let dry = world.try_export(ExportMode::Copy, Some(&target), true).unwrap();
    assert_eq!((dry.unchanged, dry.added), (6, 0));
}

#[test]
fn a_dry_run_tells_the_same_and_writes_nothing() {
    let world = chosen();
    let before = files_below(&world.library.path);
    let dry = world.try_export(ExportMode::Copy, None, true).unwrap();
    assert_eq!(files_below(&world.library.path), before);
    assert_eq!(fs::read(world.path(b"Heat (1995)/poster.png")).unwrap(), b"an original");
    assert!(world.recycle.entries().unwrap().is_empty());
    assert_eq!(dry, world.export(ExportMode::Copy));
}

/// "The same profiles serve mount and export": what is selected under the names of others, in a folder of its own.
#[test]
fn other_profiles_have_names_of_their_own() {
    let mut world = chosen();
    world.choose(ODD, "fanart", 4);
    let (kometa, plex): (Profiles, Profiles) = ("kometa".parse().unwrap(), "plex".parse().unwrap());
    let refused = world.export_as(&kometa, None).unwrap_err().to_string();
    assert!(refused.contains("`--to DIR`"), "{refused}");
    let before = files_below(&world.library.path);
    let target = world.folder.path().join("assets");
    let report = world.export_as(&kometa, Some(&target)).unwrap();
    assert_eq!((report.added, report.error_count), (3, 0), "{report:?}");
    for (path, seed) in [
        (&b"Heat (1995)/poster.png"[..], 1),
        // Kometa leaves out what Windows does not take.
        (b"Am\xe9lie  (2001)/poster.png", 3),
        (b"Am\xe9lie  (2001)/background.png", 4),
    ] {
        let file = target.join(OsStr::from_bytes(path));
        assert_eq!(fs::read(&file).unwrap(), png(seed));
        assert_eq!(fs::metadata(&file).unwrap().mtime(), 5, "when it was chosen");
    }
    assert_eq!(world.export_as(&kometa, Some(&target)).unwrap().unchanged, 3);
    assert_eq!(files_below(&world.library.path), before);
    let report = world.export_as(&plex, None).unwrap();
    assert_eq!((report.added, report.replaced, report.error_count), (3, 1, 0), "{report:?}");
    assert_eq!(fs::read(world.path(b"Heat (1995)/fanart1.png")).unwrap(), png(2));
    assert!(!world.path(b"Heat (1995)/extrafanart").exists(), "that is not for Plex");
}

#[test]
fn folders_that_are_gone_are_not_made_in_a_library() {
    let world = chosen();
    fs::rename(world.path(b"Heat (1995)"), world.path(b"Heat renamed")).unwrap();
    let report = world.export(ExportMode::Copy);
    assert_eq!((report.added, report.skipped, report.error_count), (2, 4, 0), "{report:?}");
    assert!(!world.path(b"Heat (1995)").exists());
}

#[test]
fn what_a_killed_export_left_is_finished_by_the_next() {
    struct DiesAt(u64, AtomicU64);
    impl Progress for DiesAt {
        fn start(&self, _total: Option<u64>) {}
        fn advance(&self, steps: u64) {
            assert!(self.1.fetch_add(steps, Ordering::Relaxed) + steps < self.0, "killed");
        }
        fn finish(&self) {}
    }
    for dies_at in 1..=6 {
        let world = chosen();
        write(&world.path(b"Heat (1995)/.posterfs-export.tmp"), b"half a picture");
        let source = world.source();
        let request = ExportRequest {
            library: &world.library,
            target: ExportTarget::Library(&source),
            mode: ExportMode::Copy,
            is_dry_run: false,
            now: UnixSeconds::new(99),
        };
        let progress = DiesAt(dies_at, AtomicU64::new(0));
        let died = catch_unwind(AssertUnwindSafe(|| {
            export(&world.catalog, &world.cache, &world.recycle, &request, &progress)
        }));
        assert!(died.is_err());
        let report = world.export(ExportMode::Copy);
        assert_eq!(report.unchanged, dies_at, "{report:?}");
        assert_eq!(report.unchanged + report.added + report.replaced, 6);
        assert_eq!(files_below(&world.library.path).len(), 9);
        assert_eq!(world.recycle.entries().unwrap().len(), 1);
    }
}

/// Rule 6: "Deletion is recoverable."
#[test]
fn an_original_survives_a_kill_while_it_is_replaced() {
    for step in STEPS_OF_BIN {
        let world = chosen();
        let listening = posterfs::steps::listen(move |reached| assert!(reached != step, "killed"));
        assert!(catch_unwind(AssertUnwindSafe(|| world.export(ExportMode::Copy))).is_err(), "{step:?}");
        drop(listening);
        world.export(ExportMode::Copy);
        assert_eq!(fs::read(world.path(b"Heat (1995)/poster.png")).unwrap(), png(1));
        let entries = world.recycle.entries().unwrap();
        assert_eq!(entries.len(), 1, "{step:?}");
        assert_eq!(fs::read(world.recycle.data_path(&entries[0])).unwrap(), b"an original", "{step:?}");
    }
}

#[test]
fn links_in_the_tree_are_not_followed() {
    let world = chosen();
    let outside = world.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::rename(world.path(b"Heat (1995)"), world.folder.path().join("elsewhere")).unwrap();
    symlink(&outside, world.path(b"Heat (1995)")).unwrap();
    let report = world.export(ExportMode::Copy);
    assert_eq!((report.added, report.error_count), (2, 4), "{report:?}");
    assert!(report.errors[0].message.contains("is a link"), "{report:?}");
    assert!(files_below(&outside).is_empty());

    // A link in the place of a picture is itself replaced; what it leads to is not touched.
    let precious = outside.join("precious");
    write(&precious, b"precious");
    let place = world.path(b"Am\xe9lie \n (2001)/poster.png");
    fs::remove_file(&place).unwrap();
    symlink(&precious, &place).unwrap();
    assert_eq!(world.export(ExportMode::Copy).replaced, 1);
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert_eq!(fs::read(&place).unwrap(), png(3));
}
