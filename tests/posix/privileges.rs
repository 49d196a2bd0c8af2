//! Writing to a file takes its suid and sgid bits and capabilities away, unless the writer may keep them.

use std::fs::File;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FallocateFlags, Gid, Mode, OFlags, SeekFrom, Timespec, Timestamps, Uid, XattrFlags, chmod, chown,
    copy_file_range, fallocate, ftruncate, getxattr, open, seek, setxattr, stat, utimensat,
};
use rustix::io::{Errno, pwrite, write};

use crate::support::{
    DAEMON, Elsewhere, Folders, Map, NOBODY, ROOT, TestMount, User, alike, write as write_file, write_as,
};

const CAPABILITY: &str = "security.capability";
/// Group that [`DAEMON`] is in.
const THEIR_GROUP: u32 = 2;
const LENGTH: u64 = 8192;

/// `struct vfs_cap_data` of version 2: `cap_net_raw+ep`.
fn capability() -> Vec<u8> {
    [0x0200_0001_u32, 1 << 13, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// What is done to the file.
#[derive(Clone, Copy)]
enum Action {
    /// By its path, while nobody has it open.
    Path(fn(&Path) -> Result<(), Errno>),
    /// Through a descriptor that was opened before.
    File(fn(&Path, &File) -> Result<(), Errno>),
}

const ACTIONS: &[(&str, Action)] = &[
    ("write", Action::File(|_, file| write(file, b"x").map(drop))),
    ("write at an offset", Action::File(|_, file| pwrite(file, b"x", 5000).map(drop))),
    ("write nothing", Action::File(|_, file| write(file, b"").map(drop))),
    ("append", Action::Path(|path| write(open(path, OFlags::WRONLY | OFlags::APPEND, Mode::empty())?, b"x").map(drop))),
    ("truncate by descriptor", Action::File(|_, file| ftruncate(file, 100))),
    ("truncate to the same size", Action::File(|_, file| ftruncate(file, LENGTH))),
    ("extend", Action::File(|_, file| ftruncate(file, 20_000))),
    ("truncate by path", Action::Path(|path| truncate(path, 100))),
    ("open with O_TRUNC", Action::Path(|path| open(path, OFlags::WRONLY | OFlags::TRUNC, Mode::empty()).map(drop))),
    ("allocate", Action::File(|_, file| fallocate(file, FallocateFlags::empty(), 0, 100_000))),
    (
        "punch a hole",
        Action::File(|_, file| fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, 4096)),
    ),
    ("write by memory map", Action::File(|_, file| write_by_map(file).map_err(|error| errno(&error)))),
    (
        "copy into it",
        Action::File(|path, file| {
            let from = open(path.with_extension("from"), OFlags::RDONLY, Mode::empty())?;
            copy_file_range(from, None, file, Some(&mut 100), 10).map(drop)
        }),
    ),
    ("chmod", Action::Path(|path| chmod(path, Mode::from(0o7771)))),
    (
        "chown to the same",
        Action::Path(|path| {
            let now = stat(path)?;
            chown(path, Some(Uid::from_raw(now.st_uid)), Some(Gid::from_raw(now.st_gid)))
        }),
    ),
    ("chown to nobody in particular", Action::Path(|path| chown(path, None, None))),
    ("chown to a group", Action::Path(|path| chown(path, None, Some(Gid::from_raw(THEIR_GROUP))))),
    (
        "read",
        Action::File(|_, file| seek(file, SeekFrom::Start(0)).and(rustix::io::read(file, &mut [0; 10][..])).map(drop)),
    ),
    (
        "touch",
        Action::Path(|path| {
            let now = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
            let times = Timestamps { last_access: now, last_modification: now };
            utimensat(CWD, path, &times, AtFlags::empty())
        }),
    ),
];

fn write_by_map(file: &File) -> std::io::Result<()> {
    let map = Map::shared(file, 100, true)?;
    map.write(10, b"x");
    map.sync()
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap()
}

fn truncate(path: &Path, length: i64) -> Result<(), Errno> {
    let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: a C string that outlives the call.
    let outcome = unsafe { libc::truncate(path.as_ptr(), length) };
    if outcome == 0 { Ok(()) } else { Err(errno(&std::io::Error::last_os_error())) }
}

/// Who acts on a file of user 1 and group 1.
const ACTORS: &[(&str, User)] = &[("root", ROOT), ("the owner", DAEMON), ("another user", NOBODY)];

/// Mode, and whether it has a capability.
const FILES: &[(u32, bool)] = &[(0o6777, false), (0o2666, false), (0o4755, false), (0o777, true), (0o6777, true)];

/// One action by one actor on one kind of file.
struct Case {
    mode: u32,
    has_capability: bool,
    user: User,
    action: Action,
}

impl Case {
    /// The file, made anew. `bits_before_opening`: whether it already bears them when it is opened.
    fn run(&self, path: &Path, bits_before_opening: bool) -> String {
        write_as(path, vec![b'a'; LENGTH as usize], &DAEMON, 0o777);
        if bits_before_opening {
            self.give_bits(path);
        }
        let file = File::options().read(true).write(true).open(path).unwrap();
        self.give_bits(path);
        let outcome = match self.action {
            Action::File(action) => self.user.run(|| action(path, &file)),
            Action::Path(action) => {
                drop(file);
                self.user.run(|| action(path))
            }
        };
        let now = stat(path).unwrap();
        let keeps_capability = getxattr(path, CAPABILITY, &mut [0_u8; 64][..]).is_ok();
        format!("{outcome:?} mode {:o} size {} capability {keeps_capability}", now.st_mode, now.st_size)
    }

    fn give_bits(&self, path: &Path) {
        chmod(path, Mode::from(self.mode)).unwrap();
        if self.has_capability {
            setxattr(path, CAPABILITY, &capability(), XattrFlags::empty()).unwrap();
        }
    }
}

/// What is left of mode and capability after each action, with its outcome, by file name.
fn outcomes(folder: &Path, bits_before_opening: bool) -> Vec<(String, String)> {
    let mut outcomes = Vec::new();
    for &(mode, has_capability) in FILES {
        for &(who, user) in ACTORS {
            for &(what, action) in ACTIONS {
                let name = format!("{mode:o} {has_capability} {who} {what}");
                write_file(folder.join(&name).with_extension("from"), b"copied from here");
                let case = Case { mode, has_capability, user, action };
                outcomes.push((name.clone(), case.run(&folder.join(&name), bits_before_opening)));
            }
        }
    }
    outcomes
}

/// What cannot be had (docs/semantics-source.md): before the kernel asks whether the caller may, it has taken the
/// capability away; and pages of a memory map that are not passed through are written like by anybody else.
fn is_known_difference(name: &str, is_passed_through: bool) -> bool {
    name == "6777 true another user chown to nobody in particular"
        || (!is_passed_through && name.contains(" true ") && name.ends_with("write by memory map"))
}

fn compare(mount: &TestMount, bits_before_opening: bool, is_passed_through: bool) {
    let plain = outcomes(&mount.plain(), bits_before_opening);
    let view = outcomes(&mount.view(), bits_before_opening);
    let differences = view.iter().zip(&plain).filter(|(view, plain)| view != plain);
    let differences: Vec<_> =
        differences.filter(|((name, _), _)| !is_known_difference(name, is_passed_through)).collect();
    assert!(differences.is_empty(), "(view, plain): {differences:#?}");
    for (name, _) in &view {
        let (below, plain) = (stat(mount.source().join(name)).unwrap(), stat(mount.plain().join(name)).unwrap());
        assert_eq!(below.st_mode, plain.st_mode, "in the source: {name}");
    }
}

#[test]
fn bits_that_were_there_when_the_file_was_opened() {
    let Some(folders) = Folders::new() else { return };
    compare(&folders.mount_beside(&[]), true, true);
}

#[test]
fn bits_that_came_while_the_file_was_open() {
    let Some(folders) = Folders::new() else { return };
    compare(&folders.mount_over(&[]), false, true);
}

#[test]
fn without_passthrough() {
    let Some(overlay) = Elsewhere::overlay() else { return };
    let Some(folders) = Folders::below(overlay.path()) else { return };
    let mount = folders.mount_beside(&[]);
    compare(&mount, true, false);
    assert_eq!(mount.status()["passthrough_opens"], 0);
}

#[test]
fn new_files_in_a_folder_with_sgid() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "modes of what is made", |root| {
        let mut made = Vec::new();
        for (folder_mode, group) in [(0o2777, 1), (0o2777, THEIR_GROUP), (0o2777, 4000), (0o777, 4000)] {
            let folder = root.join(format!("{folder_mode:o}-{group}"));
            std::fs::create_dir(&folder).unwrap();
            chown(&folder, None, Some(Gid::from_raw(group))).unwrap();
            chmod(&folder, Mode::from(folder_mode)).unwrap();
            for (who, user) in ACTORS {
                for mode in [0o2755_u32, 0o6777, 0o2644, 0o644] {
                    let (file, below) =
                        (folder.join(format!("{who}-{mode:o}")), folder.join(format!("{who}-d{mode:o}")));
                    user.run(|| {
                        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
                        made.push(open(&file, flags, Mode::from(mode)).map(|_| attributes(&file)));
                        made.push(rustix::fs::mkdir(&below, Mode::from(mode)).map(|()| attributes(&below)));
                    });
                }
            }
        }
        made
    });
}

fn attributes(path: &Path) -> (u32, u32, u32) {
    let stat = stat(path).unwrap();
    (stat.st_mode, stat.st_uid, stat.st_gid)
}
