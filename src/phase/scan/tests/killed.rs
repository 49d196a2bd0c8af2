//! A scan that is killed at any point and repeated gives what one gives that was never stopped, and so does a scan with
//! any number of threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::*;

/// Stops after a number of batches, as a kill would.
struct StopAfter(AtomicU64);

impl Progress for StopAfter {
    fn start(&self, _total: Option<u64>) {}

    fn advance(&self, _steps: u64) {
        let left = self.0.load(Ordering::Relaxed);
        assert!(left > 0, "stopped");
        self.0.store(left - 1, Ordering::Relaxed);
    }

    fn finish(&self) {}
}

/// A library, and what happens to it between two scans.
struct Story {
    kind: LibraryKind,
    files: &'static [&'static str],
    nfo: &'static [(&'static str, &'static str)],
    renamed: &'static [(&'static str, &'static str)],
    added: &'static [&'static str],
    gone: &'static [&'static str],
}

const STORIES: &[Story] = &[
    Story {
        kind: LibraryKind::Movies,
        files: FILMS,
        nfo: &[(
            "Action/Heat (1995).nfo",
            "<movie><title>Heat</title><actor><name>Al Pacino</name></actor><set>Crime</set></movie>",
        )],
        renamed: &[("The Insider (1999) [tmdbid-9008]", "Drama/The Insider [tmdbid-9008]")],
        added: &["Action/Ran (1985).mkv", "Brazil (1985)/Brazil cd1.avi", "Brazil (1985)/Brazil cd2.avi"],
        gone: &["Action/Alien (1979).mkv"],
    },
    Story {
        kind: LibraryKind::Tv,
        files: &[
            "Lost (2004)/Season 1/Lost S01E01.mkv",
            "Lost (2004)/Season 1/Lost S01E02-E03.mkv",
            "Lost (2004)/Season 1/poster.jpg",
            "Lost (2004)/Lost S02E01.mkv",
            "Lost (2004)/season02-poster.jpg",
            "Lost (2004)/Specials/Lost S00E01.mkv",
            "Shelf/Twin Peaks/Twin Peaks 1x01.mkv",
            "Shelf/Twin Peaks/Twin Peaks 1x02.mkv",
            "News/News 2017-04-20.mkv",
        ],
        nfo: &[(
            "Lost (2004)/tvshow.nfo",
            "<tvshow><title>Lost</title><uniqueid type=\"tvdb\">73739</uniqueid></tvshow>",
        )],
        renamed: &[("Lost (2004)", "Shelf/Lost"), ("News/News 2017-04-20.mkv", "News/News 2017-04-20 720p.mkv")],
        added: &["Shelf/Twin Peaks/Twin Peaks 2x01.mkv", "Monk/Season 1/Monk S01E01.mkv"],
        gone: &["Shelf/Twin Peaks/Twin Peaks 1x02.mkv"],
    },
    Story {
        kind: LibraryKind::Music,
        files: &[
            "Queen/A Night at the Opera (1975)/01.flac",
            "Queen/A Night at the Opera (1975)/cover.jpg",
            "Queen/Live/CD1/01.flac",
            "Queen/Live/CD2/01.flac",
            "Rock/Yes/Fragile/01.mp3",
            "Various - Sampler (2001)/01.mp3",
        ],
        nfo: &[("Rock/Yes/artist.nfo", "<artist><name>Yes</name></artist>")],
        renamed: &[("Rock/Yes", "Yes"), ("Queen/Live", "Queen/Live Killers (1979)")],
        added: &["Queen/Jazz (1978)/01.flac"],
        gone: &["Various - Sampler (2001)/01.mp3"],
    },
];

impl Story {
    fn begin(&self) -> Fixture {
        let fixture = Fixture::of(self.kind, self.files);
        self.nfo.iter().for_each(|(path, text)| fixture.write(path, text.as_bytes()));
        settle(fixture.root());
        fixture
    }

    fn go_on(&self, fixture: &Fixture) {
        self.gone.iter().for_each(|path| fixture.take_away(path));
        self.renamed.iter().for_each(|(from, to)| fixture.rename(from, to));
        self.added.iter().for_each(|path| fixture.write(path, b""));
        settle(fixture.root());
    }
}

/// Makes all files equally old, so that two libraries with the same files are the same.
fn settle(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => settle(&entry.path()),
            false => {
                let file = fs::File::options().write(true).open(entry.path()).unwrap();
                file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)).unwrap();
            }
        }
    }
}

fn scan_with(fixture: &mut Fixture, how: How, progress: &dyn Progress) -> ScanReport {
    let source = Source::open(&fixture.library.path).unwrap();
    scan_as(how, &mut fixture.catalog, &fixture.library, &source, &Later, progress).unwrap()
}

/// Scans in batches of one item and stops after so many of them. Whether it came to its end before.
fn scan_until(fixture: &mut Fixture, batches: u64) -> bool {
    let how = How { batch_items: 1, helpers: 2 };
    let stop = StopAfter(AtomicU64::new(batches));
    let has_ended = catch_unwind(AssertUnwindSafe(|| scan_with(fixture, how, &stop))).is_ok();
    // What the process held is gone with it.
    fixture.catalog = Catalog::open(&fixture.folder.path().join("posterfs.db")).unwrap();
    has_ended
}

/// Scans what `begin` has made, cut after ever more batches and then anew, until one comes to its end uncut: each time it is as
/// `whole` is.
fn cut_everywhere(story: &Story, whole: &Fixture, begin: impl Fn() -> Fixture, look: impl Fn(&Fixture)) {
    for batches in 0.. {
        let mut cut = begin();
        let has_ended = scan_until(&mut cut, batches);
        look(&cut);
        cut.scan_later();
        assert_eq!(cut.dump(), whole.dump(), "{:?} after {batches} batches", story.kind);
        if has_ended {
            return assert!(batches > 3, "{:?} was stopped {batches} times", story.kind);
        }
    }
}

#[test]
fn a_first_scan_that_is_killed_anywhere_and_repeated_is_as_if_it_had_never_stopped() {
    for story in STORIES {
        let mut whole = story.begin();
        whole.scan_later();
        let look = |cut: &Fixture| assert!(cut.entities().iter().all(|entity| !entity.is_missing));
        cut_everywhere(story, &whole, || story.begin(), look);
    }
}

#[test]
fn a_later_scan_that_is_killed_anywhere_and_repeated_is_as_if_it_had_never_stopped() {
    for story in STORIES {
        let begin = || {
            let mut fixture = story.begin();
            fixture.scan_later();
            story.go_on(&fixture);
            fixture
        };
        let mut whole = begin();
        let report = whole.scan_later();
        assert!(report.missing > 0 && report.moved > 0 && report.added > 0, "{report:?}");
        cut_everywhere(story, &whole, begin, |_| {});
    }
}

#[test]
fn the_number_of_threads_and_the_size_of_batches_change_nothing() {
    for story in STORIES {
        let after = |how: How| {
            let mut fixture = story.begin();
            let first = scan_with(&mut fixture, how, &NoProgress);
            story.go_on(&fixture);
            let second = scan_with(&mut fixture, how, &NoProgress);
            (first, second, fixture.dump())
        };
        let alone = after(How { batch_items: 1000, helpers: 0 });
        for how in [How { batch_items: 1000, helpers: 8 }, How { batch_items: 1, helpers: 3 }] {
            assert_eq!(after(how), alone, "{how:?}");
        }
    }
}
