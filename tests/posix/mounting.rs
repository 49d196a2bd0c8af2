//! Ways to mount: read-only, over the source, for other users, by other ids.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{Gid, Mode, OFlags, Uid, chown, open};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use crate::support::{Elsewhere, Folders, NOBODY, posterfs, write};

/// Everything that would change something.
fn assert_read_only(view: &Path) {
    let film = view.join("film");
    assert_eq!(std::fs::read(&film).unwrap(), b"the film");
    let refused = [
        open(&film, OFlags::WRONLY, Mode::empty()).map(drop),
        open(view.join("new"), OFlags::CREATE | OFlags::WRONLY, Mode::from(0o644)).map(drop),
        rustix::fs::unlink(&film),
        rustix::fs::chmod(&film, Mode::from(0o600)),
        rustix::fs::rename(&film, view.join("other")),
        rustix::fs::mkdir(view.join("folder"), Mode::from(0o755)),
        rustix::fs::setxattr(&film, "user.note", b"x", rustix::fs::XattrFlags::empty()),
    ];
    assert_eq!(refused, [Err(Errno::ROFS); 7]);
}

#[test]
fn read_only() {
    let Some(folders) = Folders::new() else { return };
    write(folders.source().join("film"), b"the film");
    let mount = folders.mount_beside(&["-o", "ro"]);
    assert_read_only(&mount.view());
    assert_eq!(mount.status()["read_only"], true);
}

#[test]
fn read_only_from_now_on() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_beside(&[]);
    write(mount.view().join("film"), b"the film");
    rustix::mount::mount_remount(mount.view(), MountFlags::RDONLY, "").unwrap();
    assert_read_only(&mount.view());
}

/// Flags of the source's own mount hold for the view.
#[test]
fn a_source_without_devices_programs_and_suid() {
    let Some(folders) = Folders::new() else { return };
    let Some(tmpfs) = Elsewhere::tmpfs_at(&folders.source()) else { return };
    let flags = MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::NOSUID;
    rustix::mount::mount_remount(tmpfs.path(), flags, "").unwrap();
    std::io::copy(&mut File::open("/bin/true").unwrap(), &mut File::create(tmpfs.path().join("program")).unwrap())
        .unwrap();
    rustix::fs::chmod(tmpfs.path().join("program"), Mode::from(0o755)).unwrap();
    let mount = folders.mount_beside(&[]);
    let flags = rustix::fs::statvfs(mount.view()).unwrap().f_flag;
    use rustix::fs::StatVfsMountFlags as Flags;
    assert!(flags.contains(Flags::NODEV | Flags::NOEXEC | Flags::NOSUID), "{flags:?}");
    let run = Command::new(mount.view().join("program")).status();
    assert_eq!(run.unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
}

#[test]
fn programs_run_from_the_view() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_over(&[]);
    let program = mount.view().join("program");
    std::fs::File::create(&program).unwrap();
    std::io::copy(&mut File::open("/bin/cat").unwrap(), &mut File::create(&program).unwrap()).unwrap();
    rustix::fs::chmod(&program, Mode::from(0o755)).unwrap();
    let mut running = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let busy = open(&program, OFlags::WRONLY, Mode::empty());
    assert_eq!(busy.err(), Some(Errno::TXTBSY));
    drop(running.stdin.take());
    assert!(running.wait().unwrap().success());
}

#[test]
fn a_covered_source_is_bare_again_afterwards() {
    let Some(folders) = Folders::new() else { return };
    write(folders.source().join("film"), b"the film");
    let mount = folders.mount_over(&[]);
    let covered = mount.view();
    write(covered.join("made"), b"through the view");
    let number = covered.join("film").metadata().unwrap().ino();
    assert_eq!(number, mount.source().join("film").metadata().unwrap().ino());
    let unmounted = posterfs(&mount.state(), &["unmount".as_ref(), covered.as_os_str()]);
    assert!(unmounted.status.success(), "{unmounted:?}");
    assert_eq!(std::fs::read(covered.join("made")).unwrap(), b"through the view");
    assert_eq!(covered.join("film").metadata().unwrap().ino(), number);
}

/// `struct mount_attr` of `mount_setattr`.
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// A mapping of ids as a user namespace: `from` in the file system is `to` on the mount.
fn user_namespace(from: u32, to: u32) -> OwnedFd {
    let mut sleeper = Command::new("unshare").args(["--user", "cat"]).stdin(Stdio::piped()).spawn().unwrap();
    let process = format!("/proc/{}", sleeper.id());
    let own = std::fs::read_link("/proc/self/ns/user").unwrap();
    crate::support::wait_for(|| std::fs::read_link(format!("{process}/ns/user")).is_ok_and(|users| users != own));
    for map in ["uid_map", "gid_map"] {
        let mut file = File::options().write(true).open(format!("{process}/{map}")).unwrap();
        std::io::Write::write_all(&mut file, format!("{from} {to} 1").as_bytes()).unwrap();
    }
    let namespace = File::open(format!("{process}/ns/user")).unwrap();
    drop(sleeper.stdin.take());
    sleeper.wait().unwrap();
    namespace.into()
}

/// Mounts `from` at `at` once more, with other ids.
fn mount_with_ids(from: &Path, at: &Path, users: &OwnedFd) -> Result<(), Errno> {
    let tree = open_tree(rustix::fs::CWD, from, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC)?;
    const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;
    let users = u64::try_from(users.as_raw_fd()).unwrap();
    let attributes = MountAttributes { set: MOUNT_ATTR_IDMAP, clear: 0, propagation: 0, user_namespace: users };
    let path = CString::default();
    // SAFETY: an open descriptor, an empty path, and a structure of the size that is passed.
    let outcome = unsafe {
        let size = std::mem::size_of::<MountAttributes>();
        let tree = tree.as_raw_fd();
        libc::syscall(libc::SYS_mount_setattr, tree, path.as_ptr(), libc::AT_EMPTY_PATH, &raw const attributes, size)
    };
    if outcome != 0 {
        return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap());
    }
    move_mount(&tree, "", rustix::fs::CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

#[test]
fn by_other_ids() {
    let Some(folders) = Folders::new() else { return };
    crate::support::write_as(
        folders.source().join("film"),
        b"x",
        &crate::support::User { uid: 4000, gid: 4000, groups: &[] },
        0o600,
    );
    chown(folders.source(), Some(Uid::from_raw(4000)), Some(Gid::from_raw(4000))).unwrap();
    let mount = folders.mount_beside(&[]);
    // A mount table of its own, so that nothing is left behind.
    let namespace = user_namespace(4000, NOBODY.uid);
    let view = mount.view();
    let plain = mount.plain();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // SAFETY: separates the mount table and what goes with it of this thread only.
            unsafe {
                rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS | rustix::thread::UnshareFlags::FS)
            }
            .unwrap();
            rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
            mount_with_ids(&view, &plain, &namespace).unwrap();
            NOBODY.become_it();
            let film = plain.join("film").metadata().unwrap();
            assert_eq!((film.uid(), film.gid()), (NOBODY.uid, NOBODY.gid));
            assert_eq!(std::fs::read(plain.join("film")).unwrap(), b"x");
            write(plain.join("made"), b"by nobody here");
            std::fs::create_dir(plain.join("folder")).unwrap();
            std::fs::remove_file(plain.join("film")).unwrap();
        });
    });
    for name in ["made", "folder"] {
        let made = mount.source().join(name).metadata().unwrap();
        assert_eq!((made.uid(), made.gid()), (4000, 4000), "{name}");
    }
    assert!(!mount.source().join("film").exists());
}

/// The daemon must never walk into its own mount: its only thread would wait for itself.
#[test]
fn a_daemon_with_one_thread_over_its_own_source() {
    let Some(folders) = Folders::new() else { return };
    let mount = folders.mount_over(&["-o", "threads=1"]);
    for i in 0..20 {
        let folder = mount.view().join(format!("folder-{i}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::create_dir(folder.join("below")).unwrap();
        // The attributes of the root have just changed: whoever walks up from the folder has to ask for them.
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        assert_eq!(folder.join("..").metadata().unwrap().ino(), mount.view().metadata().unwrap().ino());
    }
}
