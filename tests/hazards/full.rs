//! A disk that is full after so many bytes, for every number of them: the command fails at one place after the other.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::case::{Beginning, Case, said};
use crate::rules::Rules;

/// What a file system in memory counts in.
const PAGE: u64 = 4096;

/// More pages than any command here needs.
const PAGES_MAX: u64 = 2000;

/// A small file system in the place of everything; gone when dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a message, where this user may not mount.
    pub fn mount(at: &Path) -> Option<Self> {
        match mount("none", at, "tmpfs", MountFlags::empty(), c"size=24m,mode=700") {
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

impl Case {
    /// Runs it with ever more space, from the same beginning, until it succeeds.
    #[track_caller]
    pub fn fill_the_disk(self) {
        let (beginning, rules) = (Beginning::of(&self), Rules::of(&self));
        let (mut pages, mut failures) = (0, Vec::<String>::new());
        while pages < PAGES_MAX {
            let Some(disk) = SmallDisk::mount(self.root()) else { return };
            beginning.fill();
            disk.leave(pages);
            let output = self.run();
            disk.make_room();
            let (when, said) = (format!("{} with {pages} pages", self.named()), said(&output));
            rules.hold_at_once(&when);
            if output.status.success() {
                rules.hold_in_the_end(&when);
                (self.check)(&self.films, &when);
                let is_met = |place: &&&str| failures.iter().any(|said| said.contains(**place));
                let missing: Vec<_> = self.places.iter().filter(|place| !is_met(place)).collect();
                assert!(missing.is_empty(), "it never failed at {missing:?}: {failures:?}");
                return;
            }
            failures.push(said.clone());
            assert!(self.has_failed(&output) && said.contains("no space left"), "{when}: {said}");
            self.run_again(&when);
            rules.hold_in_the_end(&when);
            (self.check)(&self.films, &when);
            // Small steps at first, where most of the places are.
            pages += 1 + pages / 32;
        }
        panic!("{} fails with {PAGES_MAX} pages, too", self.named());
    }
}
