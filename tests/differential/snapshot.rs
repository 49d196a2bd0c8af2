//! Everything there is in a tree.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, Stat, lgetxattr, llistxattr, lstat, open, openat};

use super::operation::names_in;

/// An inode as a name shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What two trees with the same history have in common.
    pub alike: Alike,
    /// The inode's number.
    pub number: u64,
    /// The times of content and inode.
    pub times: [(i64, i64); 2],
}

/// See [`Seen`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    mode: u32,
    owner: (u32, u32),
    links: u64,
    size: i64,
    device: u64,
    target: Option<Vec<u8>>,
    content: Option<u64>,
    attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Seen {
    /// Whether it is a named pipe.
    pub fn is_pipe(&self) -> bool {
        FileType::from_raw_mode(self.alike.mode) == FileType::Fifo
    }
}

/// A tree, by path.
pub type Tree = BTreeMap<PathBuf, Seen>;

/// Looks at everything below a folder, and at itself, without leaving a trace.
pub fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    add(root, Path::new(""), &mut tree);
    tree
}

fn add(root: &Path, below: &Path, tree: &mut Tree) {
    let path = root.join(below);
    let stat = lstat(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let kind = FileType::from_raw_mode(stat.st_mode);
    tree.insert(below.to_owned(), seen(&path, &stat));
    if kind == FileType::Directory {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOATIME;
        let folder = open(&path, flags, Mode::empty()).unwrap();
        for name in names_in(&folder).unwrap().iter().filter(|name| !matches!(&name[..], b"." | b"..")) {
            add(root, &below.join(OsStr::from_bytes(name)), tree);
        }
    }
}

fn seen(path: &Path, stat: &Stat) -> Seen {
    let kind = FileType::from_raw_mode(stat.st_mode);
    let target = (kind == FileType::Symlink).then(|| std::fs::read_link(path).unwrap());
    let alike = Alike {
        mode: stat.st_mode,
        owner: (stat.st_uid, stat.st_gid),
        links: stat.st_nlink,
        size: if kind == FileType::Directory { 0 } else { stat.st_size },
        device: stat.st_rdev,
        target: target.map(|target| target.into_os_string().as_bytes().to_vec()),
        content: (kind == FileType::RegularFile).then(|| content(path)),
        attributes: attributes(path),
    };
    let times = [(stat.st_mtime, stat.st_mtime_nsec as i64), (stat.st_ctime, stat.st_ctime_nsec as i64)];
    Seen { alike, number: stat.st_ino, times }
}

fn content(path: &Path) -> u64 {
    let file = openat(rustix::fs::CWD, path, OFlags::RDONLY | OFlags::NOATIME, Mode::empty()).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::fs::File::from(file), &mut bytes).unwrap();
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn attributes(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut names = vec![0; 4096];
    let length = llistxattr(path, &mut names[..]).unwrap();
    let names = names[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty());
    let with_values = names.map(|name| {
        let mut value = vec![0; 256];
        let length = lgetxattr(path, name, &mut value[..]).unwrap();
        (name.to_vec(), value[..length].to_vec())
    });
    with_values.collect()
}
