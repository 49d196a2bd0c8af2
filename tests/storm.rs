//! Eight at work at once on what a view shows: writers, a manager, deleters, readers, renamers, publishers. Meanwhile and
//! afterwards the rules of docs/architecture.md hold. `POSTERFS_LONG_TESTS=1` lets them go on for a minute.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use posterfs::cache::{Cache, Limits};
use posterfs::catalog::{Catalog, CatalogError, PublishMode, RollbackScope, Scope, Stamp};
use posterfs::demo::{Size, draw_poster};
use posterfs::model::{Clock, EntityId, GenerationId, ImageType, SystemClock};
use posterfs::phase::{PhaseError, publish, select_file};

use crate::support::{Films, Folders, TestMount, contents, is_long, wait_for, write};

/// Films in folders of their own, in the order of their numbers.
const FILMS: [&str; 5] = ["Alpha (2001)", "Beta (2002)", "Gamma (2003)", "Delta (2004)", "Epsilon (2005)"];

/// What several at work on the same names meet: the name has gone, is there already, the catalog is busy; and a name
/// that changed twice while it was looked up (the kernel looks again once).
const EXPECTED: &[i32] = &[libc::ENOENT, libc::EEXIST, libc::EAGAIN, libc::ESTALE];

struct Storm {
    films: Films,
    mount: TestMount,
    /// Everything that may ever be read.
    known: BTreeSet<Vec<u8>>,
    stop: AtomicBool,
    done: AtomicU64,
    wrong: Mutex<BTreeMap<String, u64>>,
}

fn poster() -> ImageType {
    "poster".parse().unwrap()
}

fn stamp(reason: &str) -> Stamp {
    Stamp { author: "storm".to_owned(), reason: reason.to_owned(), now: SystemClock.now() }
}

impl Storm {
    fn new() -> Option<Self> {
        let folders = Folders::new()?;
        let films = Films::empty_within(&folders);
        let mut known = BTreeSet::from([b"an original".to_vec()]);
        for film in FILMS {
            let folder = films.media().join(film);
            fs::create_dir(&folder).unwrap();
            write(folder.join(format!("{film}.mkv")), film);
            write(folder.join("folder.jpg"), "an original");
            known.insert(film.as_bytes().to_vec());
        }
        for name in ["a.jpg", "b.jpg", "c.jpg"] {
            known.insert(fs::read(films.picture(name)).unwrap());
        }
        films.one(&["library", "add", "films", films.media().to_str().unwrap(), "--kind=movies"]);
        films.one(&["scan"]);
        for number in 1..=FILMS.len() {
            films.select(number.to_string(), "poster", "a.jpg");
        }
        films.publish();
        let config = folders.plain().join("config.toml");
        write(&config, "[write]\nmanagers = ['cp']\ngrace_period = 0.3\n");
        let mount = folders.mount_beside(&["--config", config.to_str().unwrap()]);
        let (stop, done, wrong) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::default());
        Some(Self { films, mount, known, stop, done, wrong })
    }

    fn poster(&self, film: usize) -> PathBuf {
        self.mount.view().join(FILMS[film]).join("poster.jpg")
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.films.state().join("posterfs.db")).unwrap()
    }

    /// Goes on with something until told to stop. `work` is told how often it was called.
    fn go_on(&self, what: &str, mut work: impl FnMut(usize) -> io::Result<()>) {
        for round in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = work(round)
                && !error.raw_os_error().is_some_and(|number| EXPECTED.contains(&number))
            {
                *self.wrong.lock().unwrap().entry(format!("{what}: {error}")).or_default() += 1;
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn picture(&self, round: usize) -> PathBuf {
        self.films.picture(["a.jpg", "b.jpg", "c.jpg"][round % 3])
    }

    /// A person's program: writes beside and renames over.
    fn replace(&self, film: usize, round: usize) -> io::Result<()> {
        let temporary = self.poster(film).with_extension("tmp");
        write(&temporary, fs::read(self.picture(round))?);
        fs::rename(&temporary, self.poster(film))
    }

    /// Everything that is listed can be read, and is whole; every name is listed once.
    fn read_all(&self) -> io::Result<()> {
        for film in fs::read_dir(self.mount.view())? {
            let folder = film?.path();
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
            let distinct: BTreeSet<_> = names.iter().collect();
            if distinct.len() != names.len() {
                return Err(io::Error::other(format!("a name is listed twice: {names:?}")));
            }
            for name in names.iter().filter(|name| !name.to_string_lossy().ends_with(".tmp")) {
                match fs::read(folder.join(name)) {
                    Ok(bytes) if !self.known.contains(&bytes) => {
                        return Err(io::Error::other(format!("{name:?}: {} bytes that nobody wrote", bytes.len())));
                    }
                    Err(error) if !error.raw_os_error().is_some_and(|number| EXPECTED.contains(&number)) => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn publish(&self, catalog: &mut Catalog, cache: &Cache, round: usize) -> Result<(), PhaseError> {
        let (film, now) = (EntityId::new((round % FILMS.len()) as i64 + 1), SystemClock.now());
        let path = self.picture(round / FILMS.len());
        select_file(catalog, cache, (film, poster()), &path, &Limits::default(), "storm", now)?;
        publish(catalog, Scope::All, PublishMode::Apply, &stamp("publish")).map(drop)
    }

    fn roll_back(&self, catalog: &mut Catalog, round: usize) -> Result<(), PhaseError> {
        let last = catalog.history(None, 1)?.first().map_or(0, |generation| generation.id.get());
        let to = GenerationId::new((last - round as i64 % 7).max(1));
        Ok(catalog.rollback(to, RollbackScope::All, PublishMode::Apply, &stamp("rollback")).map(drop)?)
    }

    /// There and back, so that the others find it most of the time.
    fn rename(&self, film: usize, round: usize) -> io::Result<()> {
        let folder = self.mount.view().join(FILMS[film]);
        if round.is_multiple_of(2) {
            let away = self.mount.view().join(format!("{} [1080p]", FILMS[film]));
            fs::rename(&folder, &away)?;
            return fs::rename(&away, &folder);
        }
        let video = |name: &str| folder.join(format!("{name}.mkv"));
        fs::rename(video(FILMS[film]), video("renamed"))?;
        fs::rename(video("renamed"), video(FILMS[film]))
    }

    fn run(&self) {
        let (catalog, cache) = (|| self.catalog(), Cache::open(&self.films.state().join("cache")).unwrap());
        let cache = &cache;
        let begun = Instant::now();
        let duration = Duration::from_secs(if is_long() { 60 } else { 6 });
        std::thread::scope(|scope| {
            scope.spawn(|| self.go_on("write", |round| self.replace(0, round)));
            scope.spawn(|| {
                self.go_on("write and remove", |round| match round % 3 {
                    0 => fs::remove_file(self.poster(1)),
                    _ => self.replace(1, round),
                })
            });
            scope.spawn(|| {
                self.go_on("manager", |round| {
                    let (from, to) = (self.picture(round), self.poster(2));
                    Command::new("cp").args([&from, &to]).output().map(drop)
                })
            });
            scope.spawn(|| self.go_on("read", |_| self.read_all()));
            scope.spawn(|| self.go_on("read", |_| self.read_all()));
            scope.spawn(|| self.go_on("rename", |round| self.rename(4, round)));
            scope.spawn(move || {
                let mut catalog = catalog();
                self.go_on("publish", |round| unless_busy(self.publish(&mut catalog, cache, round)));
            });
            scope.spawn(move || {
                let mut catalog = catalog();
                self.go_on("roll back", |round| unless_busy(self.roll_back(&mut catalog, round)));
            });
            while begun.elapsed() < duration {
                std::thread::sleep(Duration::from_millis(20));
            }
            self.stop.store(true, Ordering::Relaxed);
        });
        let wrong = self.wrong.lock().unwrap();
        assert!(
            wrong.is_empty(),
            "after {} operations: {wrong:#?}\n{}",
            self.done.load(Ordering::Relaxed),
            self.mount.log()
        );
    }
}

/// Many write to the catalog, and take turns.
fn unless_busy(outcome: Result<(), PhaseError>) -> io::Result<()> {
    match outcome {
        Ok(()) | Err(PhaseError::Catalog(CatalogError::Busy { .. })) => Ok(()),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

/// The media are as they were, whatever was published; the cache holds what its names say.
fn nothing_is_lost(storm: &Storm) {
    for film in FILMS {
        let folder = storm.films.media().join(film);
        assert_eq!(fs::read(folder.join(format!("{film}.mkv"))).unwrap(), film.as_bytes(), "media is never touched");
        assert_eq!(fs::read(folder.join("folder.jpg")).unwrap(), b"an original", "originals are never deleted");
    }
    for (path, bytes) in contents(&storm.films.state().join("cache/assets")) {
        let hash = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(path.file_stem().unwrap().to_str().unwrap(), hash, "cache files never change");
    }
    let catalog = storm.catalog();
    let library = catalog.library_named("films").unwrap();
    let page = catalog.mappings_page(library.id, None, 1000).unwrap();
    assert!(page.refused.is_empty() && !page.mappings.is_empty());
    for mapping in page.mappings {
        let hash = mapping.hash.to_string();
        let folder = storm.films.state().join("cache/assets").join(&hash[..2]).join(&hash[2..4]);
        let cached = folder.join(format!("{hash}.{}", mapping.extension));
        assert_eq!(cached.metadata().unwrap().len(), mapping.byte_count, "a mapping points at what is in the cache");
    }
    let log = storm.mount.log();
    assert!(!log.contains("panicked") && !log.contains("a request failed"), "{log}");
}

#[test]
fn eight_at_work_at_once() {
    let Some(storm) = Storm::new() else { return };
    storm.run();
    let catalog = storm.catalog();
    wait_for(|| catalog.pending_writes().unwrap().is_empty());
    nothing_is_lost(&storm);
    // A manual choice wins, and is what a publishing after it shows.
    for film in [0, 1, 4] {
        wait_for(|| storm.poster(film).exists());
        // One that is not shown: whoever writes what a rollback shows has chosen nothing.
        let chosen = draw_poster("Film", 100 + film as u64, Size { width: 60, height: 90 }).unwrap();
        let temporary = storm.poster(film).with_extension("tmp");
        write(&temporary, &chosen);
        fs::rename(&temporary, storm.poster(film)).unwrap();
        let prefixed = storm.mount.view().join(FILMS[film]).join(format!("{}-poster.jpg", FILMS[film]));
        wait_for(|| catalog.pending_writes().unwrap().is_empty());
        storm.films.publish();
        for path in [&storm.poster(film) as &Path, &prefixed] {
            wait_for(|| fs::read(path).is_ok_and(|bytes| bytes == chosen));
        }
    }
    wait_for(|| storm.mount.status()["open_files"] == 0);
    eprintln!("{} operations", storm.done.load(Ordering::Relaxed));
}
