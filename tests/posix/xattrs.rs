//! Extended attributes of every namespace, by users who may and who may not.

use std::path::Path;

use rustix::fs::{
    XattrFlags, getxattr, getxattr_query, lgetxattr, listxattr, listxattr_query, lsetxattr, removexattr, setxattr,
};
use rustix::io::Errno;

use crate::support::{DAEMON, Folders, NOBODY, ROOT, alike, write_as};

/// The names that a user is shown, in order.
fn names(path: &Path) -> Result<Vec<String>, Errno> {
    let mut buffer = vec![0; 65536];
    let length = listxattr(path, &mut buffer[..])?;
    let mut names: Vec<_> =
        buffer[..length].split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    names.sort();
    assert_eq!(listxattr_query(path)?, length, "the length alone");
    Ok(names)
}

#[test]
fn namespaces_and_users() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "xattrs", |root| {
        let (file, folder, link) = (root.join("file"), root.join("folder"), root.join("link"));
        write_as(&file, b"x", &DAEMON, 0o644);
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        let attributes = [
            "user.note",
            "trusted.note",
            "security.note",
            "system.note",
            "nonsense",
            "user.",
            "foo.bar",
            "user.\u{e9}",
        ];
        let mut states = Vec::new();
        for path in [&file, &folder] {
            for user in [ROOT, DAEMON, NOBODY] {
                user.run(|| {
                    for name in attributes {
                        let set = setxattr(path, name, b"value", XattrFlags::empty());
                        let get = getxattr(path, name, &mut [0_u8; 10][..]);
                        let size = getxattr_query(path, name);
                        let short = getxattr(path, name, &mut [0_u8; 2][..]);
                        states.push((name, set, get, size, short, names(path)));
                    }
                    states.push(("", removexattr(path, "trusted.note"), Ok(0), Ok(0), Ok(0), names(path)));
                });
            }
        }
        let on_link = lsetxattr(&link, "user.note", b"x", XattrFlags::empty());
        states.push(("link", on_link, lgetxattr(&link, "user.note", &mut [0_u8; 9][..]), Ok(0), Ok(0), Ok(vec![])));
        let trusted = lsetxattr(&link, "trusted.note", b"x", XattrFlags::empty());
        states.push(("link", trusted, lgetxattr(&link, "trusted.note", &mut [0_u8; 9][..]), Ok(0), Ok(0), Ok(vec![])));
        states
    });
}

#[test]
fn flags_sizes_and_limits() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "limits", |root| {
        let file = root.join("limits");
        write_as(&file, b"x", &ROOT, 0o644);
        let set = |value: &[u8], flags| setxattr(&file, "user.note", value, flags);
        let mut outcomes = vec![
            set(b"a", XattrFlags::REPLACE),
            set(b"b", XattrFlags::CREATE),
            set(b"c", XattrFlags::CREATE),
            set(b"d", XattrFlags::REPLACE),
            set(b"", XattrFlags::empty()),
            removexattr(&file, "user.note"),
            removexattr(&file, "user.note"),
        ];
        outcomes.extend([255, 256, 3000, 65_535, 65_536, 65_537].map(|size| set(&vec![7; size], XattrFlags::empty())));
        outcomes.extend(
            [250, 251].map(|length| setxattr(&file, format!("user.{}", "n".repeat(length)), b"x", XattrFlags::empty())),
        );
        let many = (0..200).map(|i| setxattr(&file, format!("user.number-{i}"), b"x", XattrFlags::empty()));
        outcomes.extend(many);
        (outcomes, names(&file), getxattr(&file, "user.note", &mut vec![0_u8; 65536][..]))
    });
}
