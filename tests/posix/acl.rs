//! POSIX access lists: judged, inherited, masked and cleared as in a plain folder.

use std::path::Path;

use rustix::fs::{
    Access, AtFlags, CWD, Dev, FileType, Mode, OFlags, XattrFlags, accessat, chmod, getxattr, mkdir, mknodat, open,
    removexattr, setxattr, stat,
};
use rustix::io::Errno;

use crate::support::{DAEMON, Folders, NOBODY, ROOT, User, alike, write, write_as};

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";
/// No id: entries for owner, group, mask and others.
const NONE: u32 = u32::MAX;

/// Tag, permissions, id of an entry.
type Entry = (u16, u16, u32);
const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const OWNING_GROUP: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHERS: u16 = 0x20;

/// `struct posix_acl_xattr_header` (version 2) and its entries.
fn list(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend([tag.to_le_bytes(), permissions.to_le_bytes()].concat());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// Everything for the owner, some for user 1 and group 65534, nothing for others.
fn for_some() -> Vec<u8> {
    let named = [(USER, 6, 1), (OWNING_GROUP, 5, NONE), (GROUP, 4, 65534), (MASK, 6, NONE), (OTHERS, 0, NONE)];
    list(&[&[(OWNER, 7, NONE)][..], &named].concat())
}

fn get(path: &Path, name: &str) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0; 1024];
    getxattr(path, name, &mut value[..]).map(|length| value[..length].to_vec())
}

/// Mode and both lists.
type Seen = (u32, Result<Vec<u8>, Errno>, Result<Vec<u8>, Errno>);

fn seen(path: &Path) -> Seen {
    (stat(path).unwrap().st_mode, get(path, ACCESS), get(path, DEFAULT))
}

#[test]
fn what_is_made_inherits_the_default_list() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "inheritance", |root| {
        let folder = root.join("folder");
        mkdir(&folder, Mode::from(0o777)).unwrap();
        chmod(&folder, Mode::from(0o2777)).unwrap();
        setxattr(&folder, DEFAULT, &for_some(), XattrFlags::empty()).unwrap();
        let mut made = vec![seen(&folder)];
        for (number, user) in [ROOT, NOBODY, DAEMON].into_iter().enumerate() {
            for mode in [0o666, 0o777, 0o640, 0o000] {
                let path = |kind: &str| folder.join(format!("{kind}-{number}-{mode:o}"));
                user.run(|| {
                    open(path("file"), OFlags::CREATE | OFlags::RDWR, Mode::from(mode)).unwrap();
                    mkdir(path("folder"), Mode::from(mode)).unwrap();
                    let pipe = FileType::Fifo;
                    mknodat(CWD, path("pipe"), pipe, Mode::from(mode), Dev::from(0_u8)).unwrap();
                    mknodat(CWD, path("node"), FileType::RegularFile, Mode::from(mode), Dev::from(0_u8)).unwrap();
                });
                made.extend(["file", "folder", "pipe", "node"].map(|kind| seen(&path(kind))));
            }
        }
        made
    });
}

#[test]
fn lists_decide_who_may() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_over(&[]);
    alike(&mount, "access", |root| {
        let file = root.join("file");
        write_as(&file, b"x", &User { uid: 4000, gid: 4000, groups: &[] }, 0o600);
        setxattr(&file, ACCESS, &for_some(), XattrFlags::empty()).unwrap();
        [ROOT, NOBODY, DAEMON, User { uid: 5000, gid: 5000, groups: &[4000] }].map(|user| {
            user.run(|| {
                let may = |access| accessat(CWD, &file, access, AtFlags::EACCESS);
                let opens = [OFlags::RDONLY, OFlags::WRONLY].map(|flags| open(&file, flags, Mode::empty()).map(drop));
                (may(Access::READ_OK), may(Access::WRITE_OK), may(Access::EXEC_OK), opens)
            })
        })
    });
}

#[test]
fn chmod_and_lists_move_each_other() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "mode and mask", |root| {
        let file = root.join("moving");
        write(&file, b"x");
        let mut states = Vec::new();
        let mut note = |outcome: Result<(), Errno>| states.push((outcome, seen(&file)));
        note(setxattr(&file, ACCESS, &for_some(), XattrFlags::empty()));
        note(chmod(&file, Mode::from(0o2750)));
        note(chmod(&file, Mode::from(0o2607)));
        // A list that says no more than the mode is kept as the mode alone.
        let plain = list(&[(OWNER, 6, NONE), (OWNING_GROUP, 4, NONE), (OTHERS, 0, NONE)]);
        note(setxattr(&file, ACCESS, &plain, XattrFlags::empty()));
        note(setxattr(&file, ACCESS, &for_some(), XattrFlags::empty()));
        note(removexattr(&file, ACCESS));
        note(setxattr(&file, DEFAULT, &for_some(), XattrFlags::empty()));
        note(setxattr(&file, ACCESS, &list(&[(OWNER, 7, NONE)]), XattrFlags::empty()));
        note(setxattr(&file, ACCESS, b"nonsense", XattrFlags::empty()));
        note(NOBODY.run(|| setxattr(&file, ACCESS, &for_some(), XattrFlags::empty())));
        states
    });
}

#[test]
fn setting_a_list_clears_sgid_for_who_is_not_in_the_group() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "sgid", |root| {
        let file = root.join("sgid");
        [(1, ROOT), (1, DAEMON), (2, DAEMON), (4000, DAEMON), (4000, ROOT)].map(|(gid, user)| {
            write_as(&file, b"x", &User { gid, ..DAEMON }, 0o2770);
            (user.run(|| setxattr(&file, ACCESS, &for_some(), XattrFlags::empty())), seen(&file))
        })
    });
}
