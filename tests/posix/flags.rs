//! The flags of `chattr` and `lsattr`.

use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

use crate::support::{Folders, NOBODY, ROOT, alike, write_as};

const GET: libc::Ioctl = 0x8008_6601;
const SET: libc::Ioctl = 0x4008_6602;
const GET_EXTENDED: libc::Ioctl = 0x801c_581f;
const IMMUTABLE: u32 = 0x10;
pub const APPEND_ONLY: u32 = 0x20;
const NO_DUMP: u32 = 0x40;
const NO_ATIME: u32 = 0x80;
/// Flags that a user may see and set; ext4 adds others of its own.
const COMMON: u32 = IMMUTABLE | APPEND_ONLY | NO_DUMP | NO_ATIME;

fn command<const WORDS: usize>(
    path: &Path,
    command: libc::Ioctl,
    mut value: [u32; WORDS],
) -> Result<[u32; WORDS], Errno> {
    let file = open(path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
    // SAFETY: the commands used here read or write no more than the words that are passed.
    let outcome = unsafe { libc::ioctl(file.as_fd().as_raw_fd(), command, value.as_mut_ptr()) };
    if outcome < 0 { Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap()) } else { Ok(value) }
}

fn get(path: &Path) -> Result<u32, Errno> {
    command(path, GET, [0, 0]).map(|[flags, _]| flags)
}

/// Sets the flags of a file, and clears all others of [`COMMON`].
pub fn set(path: &Path, flags: u32) -> Result<(), Errno> {
    let now = get(path)?;
    command(path, SET, [now & !COMMON | flags, 0]).map(drop)
}

#[test]
fn flags_are_read_set_and_obeyed() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    alike(&mount, "flags", |root| {
        let (file, folder) = (root.join("file"), root.join("folder"));
        write_as(&file, b"x", &NOBODY, 0o644);
        std::fs::create_dir(&folder).unwrap();
        let mut states = Vec::new();
        for path in [&file, &folder] {
            for (user, flags) in
                [(NOBODY, NO_DUMP), (NOBODY, IMMUTABLE), (ROOT, NO_ATIME | IMMUTABLE), (NOBODY, 0), (ROOT, APPEND_ONLY)]
            {
                states.push((user.run(|| set(path, flags)), get(path), None));
                let removed = if path.is_dir() { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
                let changed = rustix::fs::chmod(path, Mode::from(0o600));
                states.push((changed, get(path), removed.err().map(|error| error.kind())));
            }
            states.push((set(path, 0), get(path), None));
            states.push((Ok(()), command(path, GET_EXTENDED, [9; 7]).map(|words| words[0]), None));
        }
        states.push((command(&file, 0x1234_5678, [0]).map(drop), Ok(0), None));
        states
    });
}
