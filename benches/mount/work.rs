//! The workloads: what players and managers do to a library.
//!
//! Each is a function of the ground that it is done on; it returns how many operations it did. `prepare` runs before it,
//! outside of the time that is taken.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::tree::{LARGE, Random, Scale, film_folder};

/// Bytes of a small read or write.
const SMALL: usize = 4096;
/// Bytes of a large read.
const LARGE_READ: usize = 1 << 20;
/// Bytes that a player reads of a picture at once.
const PICTURE_READ: usize = 64 << 10;
/// Names that players and scrapers ask for in the folder of a film, and that are not there.
const PROBED: [&str; 5] = ["folder.jpg", "poster.png", "movie.jpg", "clearlogo.png", ".nomedia"];

/// Something to be done in a view.
pub struct Workload {
    /// What it is called in the table.
    pub name: &'static str,
    /// What one operation is.
    pub operation: &'static str,
    /// How its ratio is told.
    pub measure: Measure,
    /// Whether it changes what the views show.
    pub is_changing: bool,
    prepare: fn(&Ground<'_>) -> io::Result<()>,
    run: fn(&Ground<'_>) -> io::Result<u64>,
}

/// Where something is done.
#[derive(Debug)]
pub struct Ground<'a> {
    /// The root of the view.
    pub root: &'a Path,
    /// A folder in the view for what is written, that is not there yet.
    pub scratch: PathBuf,
    /// How much is done.
    pub scale: &'a Scale,
}

/// What a ratio is a ratio of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Time: less is better.
    Time,
    /// Speed: more is better.
    Speed,
}

/// A walk of the films: it is done three times in a row in a view just mounted.
pub const WALK: [&str; 3] = ["walk, first", "walk, second", "walk, third"];

/// All workloads but the walk, in the order they are done.
pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "absent names, first",
        operation: "stat",
        measure: Measure::Time,
        is_changing: false,
        prepare: nothing,
        run: probe_absent,
    },
    Workload {
        name: "absent names, again",
        operation: "stat",
        measure: Measure::Time,
        is_changing: false,
        prepare: |ground| probe_absent(ground).map(drop),
        run: probe_absent,
    },
    Workload {
        name: "open and read posters",
        operation: "poster",
        measure: Measure::Time,
        is_changing: false,
        prepare: nothing,
        run: read_posters,
    },
    Workload {
        name: "open and close",
        operation: "file",
        measure: Measure::Time,
        is_changing: false,
        prepare: nothing,
        run: open_close,
    },
    Workload {
        name: "sequential read, 1 MiB",
        operation: "read",
        measure: Measure::Speed,
        is_changing: false,
        prepare: read_large_once,
        run: read_sequentially,
    },
    Workload {
        name: "random read, 4 KiB",
        operation: "read",
        measure: Measure::Speed,
        is_changing: false,
        prepare: read_large_once,
        run: read_randomly,
    },
    Workload {
        name: "write, 4 KiB",
        operation: "write",
        measure: Measure::Speed,
        is_changing: true,
        prepare: make_scratch,
        run: write_small,
    },
    Workload {
        name: "append, 4 KiB",
        operation: "write",
        measure: Measure::Speed,
        is_changing: true,
        prepare: make_scratch,
        run: append_small,
    },
    Workload {
        name: "create, rename, unlink",
        operation: "file",
        measure: Measure::Time,
        is_changing: true,
        prepare: make_scratch,
        run: churn,
    },
];

impl Workload {
    /// What has to be so before the time is taken.
    pub fn prepare(&self, ground: &Ground<'_>) -> io::Result<()> {
        (self.prepare)(ground)
    }

    /// Does it; how many operations it was.
    pub fn run(&self, ground: &Ground<'_>) -> io::Result<u64> {
        (self.run)(ground)
    }
}

/// Lists every folder and asks for the attributes of every entry; how many there are.
pub fn walk(root: &Path) -> io::Result<u64> {
    let mut entries = 0;
    let mut folders = vec![root.join("films")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            entries += 1;
            if entry.metadata()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(entries)
}

fn nothing(_: &Ground<'_>) -> io::Result<()> {
    Ok(())
}

fn probe_absent(&Ground { root, scale, .. }: &Ground<'_>) -> io::Result<u64> {
    for film in 0..scale.films {
        let folder = root.join(film_folder(film));
        for name in PROBED {
            match folder.join(name).symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
                Ok(_) => return Err(io::Error::other(format!("{name} is there"))),
            }
        }
    }
    Ok((scale.films * PROBED.len()) as u64)
}

fn read_posters(&Ground { root, scale, .. }: &Ground<'_>) -> io::Result<u64> {
    let mut buffer = vec![0; PICTURE_READ];
    for film in 0..scale.films {
        let mut file = File::open(root.join(film_folder(film)).join("poster.jpg"))?;
        while file.read(&mut buffer)? > 0 {}
    }
    Ok(scale.films as u64)
}

fn open_close(&Ground { root, scale, .. }: &Ground<'_>) -> io::Result<u64> {
    for index in 0..scale.opens {
        drop(File::open(root.join(film_folder(index % scale.films)).join("movie.nfo"))?);
    }
    Ok(scale.opens as u64)
}

fn read_large_once(&Ground { root, .. }: &Ground<'_>) -> io::Result<()> {
    pass_over(&mut File::open(root.join(LARGE))?, &mut vec![0; LARGE_READ]).map(drop)
}

fn read_sequentially(&Ground { root, scale, .. }: &Ground<'_>) -> io::Result<u64> {
    let mut buffer = vec![0; LARGE_READ];
    (0..scale.read_passes).map(|_| pass_over(&mut File::open(root.join(LARGE))?, &mut buffer)).sum()
}

/// Reads to the end; how many reads it took.
fn pass_over(file: &mut File, buffer: &mut [u8]) -> io::Result<u64> {
    let mut reads = 0;
    while file.read(buffer)? > 0 {
        reads += 1;
    }
    Ok(reads)
}

fn read_randomly(&Ground { root, scale, .. }: &Ground<'_>) -> io::Result<u64> {
    let file = File::open(root.join(LARGE))?;
    let mut random = Random::new(1);
    let mut buffer = [0; SMALL];
    for _ in 0..scale.random_reads {
        let block = random.next() % (scale.large_bytes / SMALL as u64);
        file.read_exact_at(&mut buffer, block * SMALL as u64)?;
    }
    Ok(scale.random_reads as u64)
}

fn make_scratch(ground: &Ground<'_>) -> io::Result<()> {
    fs::create_dir(&ground.scratch)
}

fn write_small(ground: &Ground<'_>) -> io::Result<u64> {
    write_blocks(OpenOptions::new().write(true).create_new(true), ground)
}

fn append_small(ground: &Ground<'_>) -> io::Result<u64> {
    write_blocks(OpenOptions::new().append(true).create_new(true), ground)
}

fn write_blocks(options: &OpenOptions, Ground { scratch, scale, .. }: &Ground<'_>) -> io::Result<u64> {
    let mut file = options.open(scratch.join("written"))?;
    let block = [0x5a; SMALL];
    (0..scale.small_writes).try_for_each(|_| file.write_all(&block))?;
    Ok(scale.small_writes as u64)
}

fn churn(Ground { scratch, scale, .. }: &Ground<'_>) -> io::Result<u64> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o644);
    for index in 0..scale.churned {
        let (partial, whole) = (scratch.join(format!("{index}.part")), scratch.join(format!("{index}.mkv")));
        options.open(&partial)?.write_all(b"x")?;
        fs::rename(&partial, &whole)?;
        fs::remove_file(&whole)?;
    }
    Ok(scale.churned as u64)
}
