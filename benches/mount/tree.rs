//! The tree that is measured: a library of films as a media manager leaves it.
//!
//! Every film is a folder with a video (sparse: it takes no space), an NFO file and two pictures with real bytes. Beside
//! the films there is one large file, and a folder for what the workloads write.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use posterfs::demo::{Size, draw_poster};
use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
use tempfile::TempDir;

/// What a background weighs. Posters are drawn, and weigh about 100 KiB.
const FANART_BYTES: usize = 32 * 1024;
const POSTER_SIZE: Size = Size { width: 600, height: 900 };
/// What the (sparse) video of a film weighs.
const VIDEO_BYTES: u64 = 4 << 30;
/// How many different posters there are. All lie in the page cache anyway; this only makes the tree quicker to make.
const DIFFERENT_POSTERS: u64 = 32;

/// How large everything is.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Folders of films, each with four files.
    pub films: usize,
    /// Size of the large file.
    pub large_bytes: u64,
    /// Times the large file is read from one end to the other.
    pub read_passes: u32,
    /// Reads of 4 KiB at random places of it.
    pub random_reads: usize,
    /// Writes of 4 KiB.
    pub small_writes: usize,
    /// Files opened and closed.
    pub opens: usize,
    /// Files created, renamed and removed.
    pub churned: usize,
}

impl Scale {
    /// What the figures in the documentation are measured with.
    pub const FULL: Self = Self {
        films: 10_000,
        large_bytes: 512 << 20,
        read_passes: 4,
        random_reads: 400_000,
        small_writes: 20_000,
        opens: 10_000,
        churned: 2_000,
    };
    /// Enough to see that everything works.
    pub const QUICK: Self = Self {
        films: 200,
        large_bytes: 16 << 20,
        read_passes: 2,
        random_reads: 5_000,
        small_writes: 2_000,
        opens: 500,
        churned: 200,
    };

    /// Files and folders below the folder of films.
    pub fn entries(&self) -> usize {
        self.films * 5
    }
}

/// The tree on the disk; it goes when this is dropped.
#[derive(Debug)]
pub struct Tree {
    folder: TempDir,
    posters: Vec<Vec<u8>>,
    /// How large it is.
    pub scale: Scale,
}

impl Tree {
    /// Makes the tree in a new folder of `base`, and has it written to the disk.
    pub fn make(base: &Path, scale: Scale) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("posterfs-bench-").tempdir_in(base)?;
        let draw = |seed| draw_poster("A film of some length", seed, POSTER_SIZE);
        let posters = (0..DIFFERENT_POSTERS).map(draw).collect::<Result<_, _>>()?;
        let tree = Self { folder, posters, scale };
        tree.fill().with_context(|| format!("cannot make the tree in {}", tree.folder.path().display()))?;
        Ok(tree)
    }

    /// What is looked at through the views.
    pub fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    /// The different posters, as files.
    pub fn posters(&self) -> &[Vec<u8>] {
        &self.posters
    }

    /// A place for mount points and the state of posterfs, outside what is looked at.
    pub fn aside(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Removes what was written in a turn.
    pub fn clear_scratch(&self, turn: usize) -> io::Result<()> {
        let folder = self.source().join(scratch_folder(turn));
        for entry in fs::read_dir(&folder)? {
            fs::remove_file(entry?.path())?;
        }
        fs::remove_dir(&folder)?;
        self.sync()
    }

    /// Has the disk take in what was written so far, which whoever is measured next would pay for.
    fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(self.source())?)?)
    }

    fn fill(&self) -> io::Result<()> {
        let source = self.source();
        make_scratch(&source.join(SCRATCH))?;
        fs::create_dir(source.join("films"))?;
        let fanart = noise(u64::MAX, FANART_BYTES);
        for film in 0..self.scale.films {
            let folder = source.join(film_folder(film));
            fs::create_dir(&folder)?;
            let title = film_title(film);
            File::create(folder.join(format!("{title}.mkv")))?.set_len(VIDEO_BYTES)?;
            put(&folder.join("movie.nfo"), format!("<movie><title>{title}</title></movie>\n").as_bytes())?;
            put(&folder.join("poster.jpg"), &self.posters[film % self.posters.len()])?;
            put(&folder.join("fanart.jpg"), &fanart)?;
            if film < BARE_FOLDERS {
                // Made in turns with those they are compared with: where an inode lies decides what looking at it costs.
                fill_bare(&source.join(bare_folder(film)))?;
            }
        }
        let mut large = File::create(source.join(LARGE))?;
        let block = noise(7, 1 << 20);
        (0..self.scale.large_bytes >> 20).try_for_each(|_| large.write_all(&block))?;
        large.sync_all()?;
        self.sync()
    }
}

/// The folder for what is written, beneath the root of a view.
const SCRATCH: &str = "scratch";

/// A folder for what one view writes in one turn, beneath the root of a view.
pub fn scratch_folder(turn: usize) -> String {
    format!("{SCRATCH}/{turn}")
}

/// Without a journal, ext4 looks for a free inode by passing over every one of the folder's block group that was removed in
/// the last minutes. Who makes files after others have removed theirs pays for it: after 6,000, thirty times as much. So it is
/// told to put each folder of this one into a group of its own. Other file systems know no such thing, nor need it.
fn make_scratch(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let open = File::open(folder)?;
    let _ = ioctl_getflags(&open).and_then(|flags| ioctl_setflags(&open, flags | IFlags::TOPDIR));
    Ok(())
}

/// The large file, beneath the root of a view.
pub const LARGE: &str = "large.bin";

/// Folders of real files only, with as many names as a film has with its artwork.
pub const BARE_FOLDERS: usize = 2_000;
const BARE_NAMES: [&str; 5] = ["movie.mkv", "movie.nfo", "poster.jpg", "movie-poster.jpg", "fanart.jpg"];

/// One of them, beneath the root of a view.
pub fn bare_folder(number: usize) -> String {
    format!("bare/A film of some length {number:05}")
}

/// The folder of a film, beneath the root of a view.
pub fn film_folder(film: usize) -> String {
    format!("films/{}", film_title(film))
}

fn fill_bare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    BARE_NAMES.iter().try_for_each(|name| put(&folder.join(name), b"x"))
}

fn film_title(film: usize) -> String {
    format!("A film of some length {film:05} ({})", 1930 + film % 95)
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create(path)?.write_all(bytes)
}

/// Bytes that no file system can compress, the same for the same seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    std::iter::repeat_with(|| random.next().to_ne_bytes()).flatten().take(length).collect()
}

/// Pseudo-random numbers (splitmix64), the same in every run.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Begins a sequence.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
