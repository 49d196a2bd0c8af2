//! A disk that is full after so many bytes, for every number of them: the command fails at one place after the other.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use posterfs::catalog::Catalog;
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::commands::{Beginning, mappings, published, words};
use crate::rules::{hold_at_once, hold_in_the_end};
use crate::support::{Films, stderr};

/// What a file system in memory counts in.
const PAGE: u64 = 4096;

/// More pages than any command here needs.
const PAGES_MAX: u64 = 2000;

/// A small file system in the place of the state folder; gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a message, where this user may not mount.
    fn mount(at: &Path) -> Option<Self> {
        match mount("none", at, "tmpfs", MountFlags::empty(), c"size=16m,mode=700") {
            Ok(()) => Some(Self(at.to_owned())),
            Err(error) => {
                eprintln!("skipped: cannot mount a tmpfs here: {error}");
                None
            }
        }
    }

    /// Leaves that many pages.
    fn leave(&self, pages: u64) {
        let free = statvfs(&self.0).unwrap().f_bavail;
        assert!(free > pages, "{free} pages are free");
        let filler = File::create(self.filler()).unwrap();
        fallocate(&filler, FallocateFlags::empty(), 0, (free - pages) * PAGE).unwrap();
        assert_eq!(statvfs(&self.0).unwrap().f_bavail, pages);
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

/// Runs a command with ever more space, from the same beginning, until it succeeds; `check` is asked whenever it has. The
/// failures must have named these places.
#[track_caller]
fn with_every_space(films: &Films, arguments: &[OsString], places: &[&str], check: impl Fn(&Films, &str)) {
    let beginning = Beginning::of(films);
    let (mut pages, mut failures) = (0, Vec::<String>::new());
    while pages < PAGES_MAX {
        let Some(disk) = SmallDisk::mount(films.state()) else { return };
        beginning.fill();
        disk.leave(pages);
        let output = films.run(arguments);
        disk.make_room();
        let (when, said) = (format!("{arguments:?} with {pages} pages"), stderr(&output));
        hold_at_once(films, &when);
        if output.status.success() {
            check(films, &when);
            hold_in_the_end(films, &when);
            let is_met = |place: &&&str| failures.iter().any(|said| said.contains(**place));
            let missing: Vec<_> = places.iter().filter(|place| !is_met(place)).collect();
            assert!(missing.is_empty(), "it never failed at {missing:?}: {failures:?}");
            return;
        }
        failures.push(said.clone());
        assert_eq!(output.status.code(), Some(1), "{when}: {said}");
        assert!(said.contains("no space left") && !said.contains("panicked"), "{when}: {said}");
        has_no_findings(films, &when);
        let again = films.run(arguments);
        assert!(again.status.success(), "{when}, run again with space: {}", stderr(&again));
        check(films, &when);
        hold_in_the_end(films, &when);
        // Small steps at first, where most of the places are.
        pages += 1 + pages / 32;
    }
    panic!("{arguments:?} fails with {PAGES_MAX} pages, too");
}

/// Nothing is found but, at most, temporary files.
#[track_caller]
fn has_no_findings(films: &Films, when: &str) {
    let output = films.run(&["--json", "verify", "--deep"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{when}: {}", stderr(&output));
    let lines = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let flaws: Vec<_> = lines.filter(|line| !line["flaw"].is_null()).collect();
    assert!(flaws.iter().all(|line| line["flaw"] == "stale-temporary"), "{when}: {flaws:?}");
    assert!(!said.is_empty(), "{when}: a summary at least");
}

#[test]
fn a_choice_on_a_full_disk() {
    let films = published();
    let picture = films.picture("c.jpg").to_str().unwrap().to_owned();
    with_every_space(
        &films,
        &words(&["select", "Up", "poster", "--file", &picture]),
        &["posterfs.db", "cache/tmp", "cache/provenance"],
        |films, when| {
            assert_eq!(films.one(&["show", "Up"])["images"]["poster"]["locked"], true, "{when}");
        },
    );
}

#[test]
fn publishing_on_a_full_disk() {
    let films = published();
    films.select("Up", "fanart", "c.jpg");
    let before = mappings(&films, "Up").len();
    with_every_space(&films, &words(&["publish"]), &["posterfs.db"], |films, when| {
        assert_eq!(mappings(films, "Up").len(), before + 1, "{when}");
    });
}

#[test]
fn a_backup_on_a_full_disk() {
    let films = published();
    with_every_space(&films, &words(&["backup"]), &["posterfs.db:", ".partial"], |films, when| {
        let backups: Vec<_> =
            fs::read_dir(films.state().join("backups")).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(backups.len(), 1, "{when}: {backups:?}");
        assert!(Catalog::check_file(&backups[0].path()).unwrap().problems.is_empty(), "{when}");
    });
}
