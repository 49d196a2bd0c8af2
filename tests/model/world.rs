//! The real thing: films, a series, the program, a view.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use posterfs::catalog::{Catalog, LockChange, PublishMode};
use posterfs::demo::{Size, draw_poster};
use posterfs::model::{EntityId, UnixSeconds};

use crate::reference::{LIBRARIES, Model, ORIGINAL, OnDelete, PICTURES, Policy, Step, TITLES, Tree, VIDEO};
use crate::support::{Folders, TestMount, contents, posterfs, wait_for, write};
use crate::title::Kind;

/// How long the view may take to be as it should.
const SOON: Duration = Duration::from_secs(3);

/// See the module.
pub struct World {
    mount: TestMount,
    pictures: PathBuf,
    bytes: Vec<Vec<u8>>,
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Poster | Kind::SeasonPoster => "poster",
        Kind::Fanart => "fanart",
        Kind::Still => "thumb",
    }
}

/// The configuration that says so.
fn settings(policies: [Policy; LIBRARIES.len()]) -> String {
    let mut text = "[write]\nmanagers = ['cp']\ngrace_period = 3600.0\n".to_owned();
    for ((library, _), Policy { on_delete, adopts_from_managers, denies }) in LIBRARIES.iter().zip(policies) {
        let on_delete = if on_delete == OnDelete::Restore { "restore" } else { "withdraw" };
        let (persons, managers) = match (denies, adopts_from_managers) {
            (true, _) => ("deny", "deny"),
            (false, true) => ("adopt", "adopt"),
            (false, false) => ("adopt", "capture"),
        };
        text += &format!("[library.{library}]\non_delete = '{on_delete}'\n");
        text += &format!("on_write = '{persons}'\non_write_by_managers = '{managers}'\n");
    }
    text
}

fn bytes_of(number: usize) -> Vec<u8> {
    match number {
        0 => b"no picture".to_vec(),
        ORIGINAL => b"an original".to_vec(),
        VIDEO => b"a video".to_vec(),
        seed => draw_poster("Film", seed as u64, Size { width: 40, height: 60 }).unwrap(),
    }
}

impl World {
    /// What there is, scanned and mounted; `None` where nothing can be mounted.
    pub fn new(policies: [Policy; LIBRARIES.len()]) -> Option<Self> {
        let folders = Folders::new()?;
        let media = folders.source().canonicalize().unwrap();
        for title in Model::titles() {
            make_video(&media.join(title.video_path(&title.video)));
            write(media.join(&title.folder).join("folder.jpg"), bytes_of(ORIGINAL));
        }
        let pictures = folders.plain().join("pictures");
        fs::create_dir(&pictures).unwrap();
        let bytes: Vec<Vec<u8>> = (0..PICTURES).map(bytes_of).collect();
        bytes.iter().enumerate().for_each(|(number, bytes)| write(pictures.join(format!("{number}.jpg")), bytes));
        let config = folders.plain().join("config.toml");
        write(&config, settings(policies));
        let state = folders.state();
        let command = |arguments: &[&str]| {
            let output = posterfs(&state, arguments);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        };
        for (library, kind) in LIBRARIES {
            command(&["library", "add", library, media.join(library).to_str().unwrap(), "--kind", kind]);
            command(&["scan", library]);
        }
        Some(Self { mount: folders.mount_beside(&["--config", config.to_str().unwrap()]), pictures, bytes })
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        self.mount.log()
    }

    fn path(&self, below: &str) -> PathBuf {
        self.mount.view().join(below)
    }

    fn command(&self, arguments: &[&str]) {
        let output = posterfs(&self.mount.state(), arguments);
        let code = output.status.code();
        // 3: done, but problems were found.
        assert!(code == Some(0) || code == Some(3), "{arguments:?}: {output:?}");
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.mount.state().join("posterfs.db")).unwrap()
    }

    /// Of what that is a picture: titles were added in their order, and the last is the series, then come its season and
    /// its episode.
    fn item(title: usize, kind: Kind) -> EntityId {
        assert!(title < TITLES);
        let behind = match kind {
            Kind::Poster | Kind::Fanart => 1,
            Kind::SeasonPoster => 2,
            Kind::Still => 3,
        };
        EntityId::new((title + behind) as i64)
    }

    /// Does it.
    pub fn run(&mut self, step: &Step) {
        match step {
            Step::Overwrite(path, bytes) => write(self.path(path), &self.bytes[*bytes]),
            Step::Replace(path, bytes) => {
                let path = self.path(path);
                let temporary = path.with_file_name("temporary");
                write(&temporary, &self.bytes[*bytes]);
                fs::rename(temporary, path).unwrap();
            }
            Step::SetAside(path, bytes) => {
                let (path, aside) = (self.path(path), self.path(&format!("{path}~")));
                let is_there = path.exists();
                if is_there {
                    fs::rename(&path, &aside).unwrap();
                }
                write(&path, &self.bytes[*bytes]);
                if is_there {
                    fs::remove_file(aside).unwrap();
                }
            }
            Step::ByManager(path, bytes) => {
                let from = self.pictures.join(format!("{bytes}.jpg"));
                system("cp", &[&from, &self.path(path)]);
            }
            Step::Refused(step) => self.is_refused(step),
            Step::Unlink(path) => fs::remove_file(self.path(path)).unwrap(),
            Step::Rename(from, to) => fs::rename(self.path(from), self.path(to)).unwrap(),
            Step::RenameBehind(from, to) => {
                let source = self.mount.source();
                fs::rename(source.join(from), source.join(to)).unwrap();
                // The kernel moves what it remembers by itself; what counts is that the catalog follows.
                let (catalog, (library, below)) = (self.catalog(), to.split_once('/').unwrap());
                let library = catalog.library_named(library).unwrap().id;
                let there = posterfs::model::RelPath::parse(below.as_bytes()).unwrap();
                wait_for(|| !catalog.entities_at(library, &there).unwrap().is_empty());
            }
            Step::RemoveTree(folder) => system("rm", &["-rf".as_ref(), &self.path(folder)]),
            Step::MakeVideo(path) => make_video(&self.path(path)),
            Step::Select(title, kind, picture) => {
                let (item, picture) = (Self::item(*title, *kind), self.pictures.join(format!("{picture}.jpg")));
                self.command(&["select", &item.to_string(), word(*kind), "--file", picture.to_str().unwrap()]);
            }
            Step::Publish => self.command(&["publish"]),
            Step::Unpublish(title, kind) => {
                self.command(&["unpublish", &Self::item(*title, *kind).to_string(), word(*kind)]);
            }
            Step::Rollback(generation) => self.command(&["rollback", &generation.to_string()]),
            Step::Lock(title, kind, is_locked) => {
                let (item, now) = (Self::item(*title, *kind), UnixSeconds::new(2_000_000_000));
                let to = if *is_locked { LockChange::Lock } else { LockChange::Unlock };
                let field = [word(*kind).parse().unwrap()];
                self.catalog().change_locks(item, &field, to, PublishMode::Apply, now).unwrap();
            }
            Step::Behind(path, bytes) => write(self.mount.source().join(path), &self.bytes[*bytes]),
            Step::Scan => self.command(&["scan"]),
            Step::Restart => self.mount.kill_and_restart(),
        }
        self.settle();
    }

    /// Writing says that it is read-only there, and leaves nothing behind.
    fn is_refused(&self, step: &Step) {
        let refused = match step {
            Step::Overwrite(path, _) => fs::File::create(self.path(path)).map(drop),
            Step::Replace(path, bytes) => {
                let temporary = self.path(path).with_file_name("temporary");
                write(&temporary, &self.bytes[*bytes]);
                let refused = fs::rename(&temporary, self.path(path));
                fs::remove_file(temporary).unwrap();
                refused
            }
            Step::ByManager(path, bytes) => {
                let from = self.pictures.join(format!("{bytes}.jpg"));
                let output = Command::new("cp").args([from, self.path(path)]).output().unwrap();
                assert!(String::from_utf8_lossy(&output.stderr).contains("Read-only file system"), "{output:?}");
                return;
            }
            other => unreachable!("{other:?} is never refused"),
        };
        assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::EROFS), "{step:?}");
    }

    /// Waits until all that programs wrote is taken in.
    fn settle(&self) {
        let (catalog, begun) = (self.catalog(), Instant::now());
        while !catalog.pending_writes().unwrap().is_empty() {
            assert!(begun.elapsed() < 5 * SOON, "what was written is not taken in:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether the view shows that tree, in names, bytes and listings.
    pub fn is_as(&self, expected: &Tree, paths: &[String]) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let seen = self.tree();
            if seen == *expected {
                return self.looks_up(expected, paths);
            }
            if begun.elapsed() > SOON {
                let only = |a: &Tree, b: &Tree| -> Vec<(String, usize)> {
                    a.iter().filter(|(path, bytes)| b.get(*path) != Some(bytes)).map(|(p, b)| (p.clone(), *b)).collect()
                };
                return Err(format!("seen: {:?}; expected: {:?}", only(&seen, expected), only(expected, &seen)));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Names that are not listed do not open either.
    fn looks_up(&self, expected: &Tree, paths: &[String]) -> Result<(), String> {
        let differs = |path: &&String| self.path(path).exists() != expected.contains_key(*path);
        match paths.iter().find(differs) {
            Some(path) => Err(format!("{path}: listed and looked up differently")),
            None => Ok(()),
        }
    }

    fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        for (path, bytes) in readable(&self.mount.view()) {
            tree.insert(path, self.number_of(&bytes));
        }
        tree
    }

    fn number_of(&self, bytes: &[u8]) -> usize {
        let known = self.bytes.iter().position(|known| known == bytes);
        let fixed = || [VIDEO, ORIGINAL].into_iter().find(|number| bytes_of(*number) == bytes);
        known.or_else(fixed).unwrap_or(usize::MAX)
    }

    /// Rules that hold whatever happened: the cache is whole, and nothing failed in the daemon.
    pub fn nothing_is_lost(&self) -> Result<(), String> {
        for (path, bytes) in contents(&self.mount.state().join("cache/assets")) {
            let hash = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            if path.file_stem().unwrap().to_str() != Some(&hash) {
                return Err(format!("{path:?} was written to"));
            }
        }
        let log = self.log();
        let bad = ["a request failed", "panicked", "cannot be taken in", "does not follow"];
        if bad.iter().any(|words| log.contains(words)) { Err(log) } else { Ok(()) }
    }
}

/// Makes a video, and the folders that it lies in.
fn make_video(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(path, bytes_of(VIDEO));
}

fn system(program: &str, arguments: &[&Path]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Every file below a folder; what goes while it is looked at is passed over, as the tree is looked at once more.
fn readable(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = String::from_utf8_lossy(entry.file_name().as_bytes()).into_owned();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(readable(&entry.path()).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else if let Ok(bytes) = fs::read(entry.path()) {
            found.push((name, bytes));
        }
    }
    found
}
