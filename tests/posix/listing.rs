//! Listings: complete, without doubles, from anywhere on, while others change the folder.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Dir, FileType, Mode, OFlags, open};

use crate::support::{Folders, alike, write};

/// How many of the names are there all the time.
const STEADY: usize = 10_000;

fn count_names(folder: &Path) -> HashMap<OsString, usize> {
    let mut counts = HashMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        *counts.entry(entry.unwrap().file_name()).or_default() += 1;
    }
    counts
}

/// Makes, renames and removes names until told to stop.
fn churn(folder: &Path, number: usize, stop: &AtomicBool) {
    for round in 0.. {
        let name = |kind: &str| folder.join(format!("{kind}-{number}-{}", round % 500));
        write(name("made"), b"");
        let _ = std::fs::rename(name("made"), name("moved"));
        if round % 3 != 0 {
            let _ = std::fs::remove_file(name("moved"));
        }
        if stop.load(Ordering::Relaxed) {
            return;
        }
    }
}

#[test]
fn every_steady_name_is_listed_once_while_others_come_and_go() {
    let Some(folders) = Folders::new() else { return };
    let folder = folders.source().join("large");
    std::fs::create_dir(&folder).unwrap();
    (0..STEADY).for_each(|i| write(folder.join(format!("steady-{i}")), b""));
    let mount = folders.mount_beside(&[]);
    let (view, source) = (mount.view().join("large"), mount.source().join("large"));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| churn(&view, 0, &stop));
        scope.spawn(|| churn(&source, 1, &stop));
        let counted: Vec<_> = (0..5).map(|_| count_names(&view)).collect();
        stop.store(true, Ordering::Relaxed);
        for counts in counted {
            let double: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
            assert!(double.is_empty(), "{double:?}");
            let steady = counts.keys().filter(|name| name.to_string_lossy().starts_with("steady-"));
            assert_eq!(steady.count(), STEADY);
        }
    });
    let (listed, there) = (count_names(&view), count_names(&source));
    assert_eq!(listed, there, "afterwards both sides list the same");
}

#[test]
fn kinds_and_numbers_agree_with_stat() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_over(&[]);
    alike(&mount, "d_type", |root| {
        write(root.join("file"), b"x");
        std::fs::create_dir(root.join("folder")).unwrap();
        std::os::unix::fs::symlink("x", root.join("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), FileType::Fifo, Mode::from(0o600), 0).unwrap();
        let folder = open(root.join("folder/.."), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let entries = Dir::read_from(&folder).unwrap().map(|entry| {
            let entry = entry.unwrap();
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            let stat = root.join(&name).symlink_metadata().unwrap();
            if name != ".." {
                assert_eq!(entry.ino(), stat.ino(), "{name:?}");
            }
            (name, format!("{:?}", entry.file_type()))
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort();
        entries
    });
}

/// `telldir` and `seekdir`: a listing goes on behind any entry of it.
#[test]
fn a_listing_can_be_taken_up_anywhere() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    (0..500).for_each(|i| write(mount.view().join(format!("entry-{i}")), b""));
    let folder = open(mount.view(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    let entries = |dir: &mut Dir| {
        let entries = std::iter::from_fn(|| dir.read()).map(|entry| entry.unwrap());
        entries.map(|entry| (entry.file_name().to_owned(), entry.offset())).collect::<Vec<_>>()
    };
    let all = entries(&mut Dir::read_from(&folder).unwrap());
    assert_eq!(all.len(), 502);
    for position in [0, 1, 2, 3, 250, 500, 501] {
        let mut dir = Dir::read_from(&folder).unwrap();
        dir.seek(all[position].1).unwrap();
        assert_eq!(entries(&mut dir), all[position + 1..], "behind entry {position}");
    }
}
