//! Eight threads at work on one mount: nothing fails that would not fail on any file system, nothing hangs, and
//! afterwards the daemon holds no more than before. `POSTERFS_LONG_TESTS=1` lets them go on for a minute.

mod support;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::support::{Films, Folders, Map, TestMount, is_long, names, set, wait_for, write};

/// Folders and files per folder that the threads work on. Few, so that they meet.
const FOLDERS: usize = 6;
const FILES: usize = 10;

/// Errors that come of several being at work on the same names.
const EXPECTED: &[i32] =
    &[libc::ENOENT, libc::EEXIST, libc::ENOTEMPTY, libc::ENOTDIR, libc::EISDIR, libc::EINVAL, libc::ENODATA];

/// What threads do until they are stopped, and what went wrong.
struct Load {
    root: PathBuf,
    stop: AtomicBool,
    done: AtomicU64,
    wrong: Mutex<BTreeMap<String, u64>>,
}

/// What a thread does again and again.
type Work = fn(&Load, &mut Dice) -> io::Result<()>;

/// A small generator of random numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

impl Load {
    fn new(root: PathBuf) -> Self {
        for folder in 0..FOLDERS {
            std::fs::create_dir(root.join(format!("folder-{folder}"))).unwrap();
            (0..FILES).for_each(|file| write(root.join(format!("folder-{folder}/file-{file}")), b"begun"));
        }
        Self { root, stop: AtomicBool::new(false), done: AtomicU64::new(0), wrong: Mutex::default() }
    }

    fn folder(&self, dice: &mut Dice) -> PathBuf {
        self.root.join(format!("folder-{}", dice.below(FOLDERS)))
    }

    fn file(&self, dice: &mut Dice) -> PathBuf {
        self.folder(dice).join(format!("file-{}", dice.below(FILES)))
    }

    /// Goes on with something until told to stop.
    fn go_on(&self, seed: u64, what: &str, work: Work) {
        let mut dice = Dice(seed);
        while !self.stop.load(Ordering::Relaxed) {
            if let Err(error) = work(self, &mut dice)
                && !error.raw_os_error().is_some_and(|number| EXPECTED.contains(&number))
            {
                *self.wrong.lock().unwrap().entry(format!("{what}: {error}")).or_default() += 1;
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn read(&self, dice: &mut Dice) -> io::Result<()> {
        let file = File::open(self.file(dice))?;
        let length = file.metadata()?.len() as usize;
        file.read_at(&mut [0; 4096], 0)?;
        if length > 0 {
            // Not looked into: whoever truncates the file meanwhile would end this process by a signal.
            drop(Map::shared(&file, length, false)?);
        }
        Ok(())
    }

    fn write(&self, dice: &mut Dice) -> io::Result<()> {
        let path = self.file(dice);
        match dice.below(5) {
            0 => std::fs::remove_file(path),
            1 => OpenOptions::new().append(true).open(path).and_then(|file| file.write_at(&[1; 3000], 0).map(drop)),
            2 => OpenOptions::new().write(true).open(path)?.set_len(dice.below(10_000) as u64),
            _ => {
                let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
                file.write_all_at(&[2; 2000], dice.below(8000) as u64)
            }
        }
    }

    fn rename(&self, dice: &mut Dice) -> io::Result<()> {
        let (from, to) = (self.file(dice), self.file(dice));
        match dice.below(6) {
            0 => std::fs::hard_link(from, to),
            1 => Ok(renameat_with(CWD, self.folder(dice), CWD, self.folder(dice), RenameFlags::EXCHANGE)?),
            2 => Ok(renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE)?),
            3 => {
                let folder = to.with_extension("d");
                std::fs::create_dir(&folder)?;
                std::fs::rename(&from, folder.join("moved"))?;
                std::fs::rename(folder.join("moved"), from)?;
                std::fs::remove_dir(folder)
            }
            _ => std::fs::rename(from, to),
        }
    }

    fn walk(&self, _dice: &mut Dice) -> io::Result<()> {
        walk(&self.root).map(drop)
    }

    /// Makes a file of its own in one folder, and looks whether it is one.
    fn make(&self, dice: &mut Dice) -> io::Result<()> {
        let path = self.root.join(format!("folder-0/made-{}", dice.below(usize::MAX)));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        for at in 0..6 {
            file.write_all_at(b"made", at)?;
            file.metadata()?;
        }
        std::fs::remove_file(path)
    }

    /// Lists another folder.
    fn list(&self, _dice: &mut Dice) -> io::Result<()> {
        std::fs::read_dir(self.root.join("folder-1"))?.try_for_each(|entry| entry.map(drop))
    }

    /// Readers, writers, renamers and walkers, two of each. Meanwhile `beside` is called again and again.
    fn run(&self, beside: impl FnMut(usize)) {
        let kinds: [(&str, Work); 4] =
            [("read", Self::read), ("write", Self::write), ("rename", Self::rename), ("walk", Self::walk)];
        self.run_with(&kinds, beside);
    }

    /// Two threads of each kind on the view, for a while.
    fn run_with(&self, kinds: &[(&'static str, Work)], mut beside: impl FnMut(usize)) {
        let duration = Duration::from_secs(if is_long() { 60 } else { 8 });
        std::thread::scope(|scope| {
            for seed in [1, 2] {
                for &(what, work) in kinds {
                    scope.spawn(move || self.go_on(seed, what, work));
                }
            }
            let _stop = StopAtEnd(&self.stop);
            let begun = Instant::now();
            (0..).take_while(|_| begun.elapsed() < duration).for_each(&mut beside);
        });
        let wrong = self.wrong.lock().unwrap();
        let done = self.done.load(Ordering::Relaxed);
        assert!(done > 0 && wrong.is_empty(), "after {done} operations: {wrong:#?}");
    }
}

/// Stops the threads also when what goes on beside them panics.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How many names there are below a folder; those that go meanwhile do not count.
fn walk(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Ok(metadata) = path.symlink_metadata() else { continue };
        count += 1;
        if metadata.is_dir() {
            count += walk(&path).or_else(|error| match error.raw_os_error() {
                Some(libc::ENOENT) => Ok(0),
                _ => Err(error),
            })?;
        }
    }
    Ok(count)
}

/// What the daemon holds.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    descriptors: usize,
    open_files: u64,
    passthrough_inodes: u64,
    nodes: u64,
}

fn held(mount: &TestMount) -> Held {
    let status = mount.status();
    let number = |key: &str| status[key].as_u64().unwrap();
    Held {
        descriptors: std::fs::read_dir(format!("/proc/{}/fd", mount.pid())).unwrap().count(),
        open_files: number("open_files"),
        passthrough_inodes: number("passthrough_inodes"),
        nodes: number("nodes"),
    }
}

fn resident_kib(mount: &TestMount) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", mount.pid())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    resident.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Makes the kernel forget what nobody uses.
fn forget() {
    rustix::fs::sync();
    std::io::Write::write_all(&mut File::options().write(true).open("/proc/sys/vm/drop_caches").unwrap(), b"2")
        .unwrap();
}

/// Waits until the daemon holds no more than at the beginning.
#[track_caller]
fn assert_back_at(mount: &TestMount, start: &Held) {
    let begun = Instant::now();
    loop {
        forget();
        let now = held(mount);
        let is_back = now.descriptors <= start.descriptors
            && (now.open_files, now.passthrough_inodes) == (0, 0)
            && now.nodes <= start.nodes;
        if is_back {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "at the beginning {start:?}, now {now:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Beside the load on the view, the source changes behind it.
fn stress(mount: &TestMount) {
    let load = Load::new(mount.view());
    walk(&mount.view()).unwrap();
    forget();
    wait_for(|| {
        forget();
        held(mount).open_files == 0
    });
    let (start, memory) = (held(mount), resident_kib(mount));
    load.run(|round| {
        let path = mount.source().join(format!("folder-{}/behind-{}", round % FOLDERS, round % 7));
        // Folders change places meanwhile; that it fails now and then is no matter.
        let _ = File::create(&path).and_then(|file| file.write_at(b"behind", 0));
        let _ = std::fs::rename(&path, path.with_extension("moved"));
        let _ = std::fs::remove_file(path.with_extension("moved"));
        std::thread::sleep(Duration::from_millis(1));
    });
    assert_back_at(mount, &start);
    let grown = resident_kib(mount).saturating_sub(memory);
    assert!(grown < 32 << 10, "the daemon's memory has grown by {grown} KiB");
    wait_for(|| walk(&mount.view()).unwrap() == walk(&mount.source()).unwrap());
}

#[test]
fn readers_writers_renamers_and_walkers_beside_the_source() {
    let Some(folders) = Folders::new() else { return };
    stress(&folders.mount_beside(&[]));
}

#[test]
fn readers_writers_renamers_and_walkers_over_the_source() {
    let Some(folders) = Folders::new() else { return };
    stress(&folders.mount_over(&["-o", "threads=2"]));
}

/// The number of an inode that goes behind the mount is used anew at once, while an answer that tells of it is on its way to
/// the kernel: whoever was given the number has a file as any other.
#[test]
fn files_are_made_while_others_come_and_go_behind_the_mount() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    let load = Load::new(mount.view());
    load.run_with(&[("make", Load::make), ("list", Load::list)], |round| {
        let behind = |number: usize| mount.source().join(format!("folder-1/behind-{}", number % 40));
        File::create(behind(round)).unwrap();
        // The others are listed meanwhile.
        let _ = std::fs::remove_file(behind(round + 20));
    });
}

/// Artwork comes and goes while everybody is at work among it: nothing waits for ever, and in the end everybody sees
/// what was published last.
#[test]
fn publishing_again_and_again_under_load() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    let heat = "tmdb:949";
    films.select(heat, "poster", "a.jpg");
    films.publish();
    let mount = folders.mount_over(&[]);
    let (folder, poster) = (films.film(b"Heat (1995) {tmdb-949}"), films.film(b"Heat (1995) {tmdb-949}/poster.jpg"));
    let published = |picture: &str| std::fs::read(films.picture(picture)).unwrap();
    assert_eq!(std::fs::read(&poster).unwrap(), published("a.jpg"));
    let load = Load::new(mount.view());
    load.run(|round| {
        let picture = ["a.jpg", "b.jpg", "c.jpg"][round % 3];
        films.select(heat, "poster", picture);
        films.publish();
        wait_for(|| std::fs::read(&poster).is_ok_and(|bytes| bytes == published(picture)));
        films.one(&["unpublish", heat]);
        wait_for(|| !poster.exists());
        films.json(&["publish", heat]);
    });
    wait_for(|| poster.exists());
    let posters = ["poster.jpg", "Heat (1995)-poster.jpg"];
    let with_posters = set(&[&["Heat (1995).mkv", "Heat (1995).en.srt", "extras"], &posters[..]].concat());
    assert_eq!(names(&folder), with_posters);
}
