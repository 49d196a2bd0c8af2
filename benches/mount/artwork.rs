//! Mapped pictures beside real files in one view of posterfs: what a name costs that is only a row.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::tree::{BARE_FOLDERS, Scale, bare_folder, film_folder};

/// The same work on mapped pictures and on real files.
pub struct Pair {
    /// What it is called in the table.
    pub name: &'static str,
    /// What one operation is.
    pub operation: &'static str,
    /// Whether names and inodes are dropped from the kernel's caches before each.
    pub is_cold: bool,
    /// On mapped pictures; how many operations it was.
    pub mapped: fn(&Path, &Scale) -> io::Result<u64>,
    /// On real files; as many operations.
    pub real: fn(&Path, &Scale) -> io::Result<u64>,
}

/// In the order they are done.
pub const PAIRS: &[Pair] = &[
    Pair {
        name: "stat, warm",
        operation: "stat",
        is_cold: false,
        mapped: |root, scale| stat_all(root, scale, "poster.jpg"),
        real: |root, scale| stat_all(root, scale, "fanart.jpg"),
    },
    Pair {
        name: "stat, cold",
        operation: "stat",
        is_cold: true,
        mapped: |root, scale| stat_all(root, scale, "poster.jpg"),
        real: |root, scale| stat_all(root, scale, "fanart.jpg"),
    },
    Pair {
        name: "open and close",
        operation: "file",
        is_cold: false,
        mapped: |root, scale| open_all(root, scale, "poster.jpg"),
        real: |root, scale| open_all(root, scale, "fanart.jpg"),
    },
    Pair {
        name: "list and stat a folder, cold",
        operation: "folder",
        is_cold: true,
        mapped: |root, scale| list_all(root, scale, film_folder),
        real: |root, scale| list_all(root, scale, bare_folder),
    },
];

fn count(scale: &Scale) -> usize {
    BARE_FOLDERS.min(scale.films)
}

fn stat_all(root: &Path, scale: &Scale, name: &str) -> io::Result<u64> {
    (0..count(scale)).try_for_each(|film| fs::metadata(root.join(film_folder(film)).join(name)).map(drop))?;
    Ok(count(scale) as u64)
}

fn open_all(root: &Path, scale: &Scale, name: &str) -> io::Result<u64> {
    (0..count(scale)).try_for_each(|film| File::open(root.join(film_folder(film)).join(name)).map(drop))?;
    Ok(count(scale) as u64)
}

fn list_all(root: &Path, scale: &Scale, folder: fn(usize) -> String) -> io::Result<u64> {
    for number in 0..count(scale) {
        for entry in fs::read_dir(root.join(folder(number)))? {
            entry?.metadata()?;
        }
    }
    Ok(count(scale) as u64)
}
