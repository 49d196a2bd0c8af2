//! File handles, as NFS servers use them: good whatever the kernel and the daemon have forgotten meanwhile.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::support::{Films, Folders, TestMount, wait_for, write};

#[repr(C, align(8))]
#[derive(Clone, Debug)]
struct Handle {
    length: u32,
    kind: i32,
    bytes: [u8; 128],
}

fn handle_of(path: &Path) -> Handle {
    let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    let mut handle = Handle { length: 128, kind: 0, bytes: [0; 128] };
    let mut mount_id = 0;
    // SAFETY: the handle has the layout of `struct file_handle` with the room it announces.
    let outcome = unsafe {
        libc::name_to_handle_at(libc::AT_FDCWD, path.as_ptr(), (&raw mut handle).cast(), &raw mut mount_id, 0)
    };
    assert_eq!(outcome, 0, "{}", std::io::Error::last_os_error());
    handle
}

fn open(mount: &TestMount, handle: &Handle, flags: OFlags) -> Result<File, Errno> {
    let root = File::open(mount.view()).unwrap();
    let mut handle = handle.clone();
    // SAFETY: as above; the descriptor that comes back is ours alone.
    unsafe {
        let fd = libc::open_by_handle_at(root.as_raw_fd(), (&raw mut handle).cast(), flags.bits().cast_signed());
        if fd < 0 {
            return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap());
        }
        Ok(OwnedFd::from_raw_fd(fd).into())
    }
}

/// Makes the kernel forget, and with it the daemon.
pub fn forget(mount: &TestMount) {
    let drop_caches = || File::options().write(true).open("/proc/sys/vm/drop_caches");
    rustix::fs::sync();
    wait_for(|| {
        std::io::Write::write_all(&mut drop_caches().unwrap(), b"2").unwrap();
        mount.status()["nodes"].as_u64().unwrap() <= 3
    });
}

fn content(file: Result<File, Errno>) -> Result<String, Errno> {
    let mut content = String::new();
    file?.read_to_string(&mut content).unwrap();
    Ok(content)
}

fn assert_handles_live(mount: &TestMount) {
    let view = mount.view();
    std::fs::create_dir_all(view.join("a/b")).unwrap();
    write(view.join("a/b/film"), "the film");
    write(view.join("doomed"), "doomed");
    let [film, folder, doomed] = ["a/b/film", "a/b", "doomed"].map(|name| handle_of(&view.join(name)));
    assert_eq!(content(open(mount, &film, OFlags::RDONLY)).as_deref(), Ok("the film"));
    forget(mount);
    assert_eq!(content(open(mount, &film, OFlags::RDONLY)).as_deref(), Ok("the film"));
    forget(mount);
    // A folder: its way up has to be found too.
    let opened = open(mount, &folder, OFlags::RDONLY | OFlags::DIRECTORY).unwrap();
    let link = std::fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd())).unwrap();
    assert_eq!(link, view.join("a/b"));
    drop(opened);
    forget(mount);
    std::fs::rename(mount.source().join("a/b/film"), mount.source().join("renamed")).unwrap();
    assert_eq!(content(open(mount, &film, OFlags::RDWR)).as_deref(), Ok("the film"));
    forget(mount);
    std::fs::remove_file(mount.source().join("doomed")).unwrap();
    // Its number may be used anew: the handle must not lead to another file.
    (0..20).for_each(|i| write(mount.source().join(format!("next-{i}")), "another"));
    assert_eq!(content(open(mount, &doomed, OFlags::RDONLY)), Err(Errno::STALE));
}

#[test]
fn handles_outlive_what_is_remembered() {
    let Some(folders) = Folders::new() else { return };
    assert_handles_live(&folders.mount_beside(&[]));
}

#[test]
fn handles_of_a_mount_over_its_source() {
    let Some(folders) = Folders::new() else { return };
    assert_handles_live(&folders.mount_over(&[]));
}

/// Handles of what exists only as mappings: a picture, and a folder that holds nothing else.
#[test]
fn handles_of_mapped_pictures() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::within(&folders);
    films.scan();
    for (image_type, picture) in [("poster", "a.jpg"), ("fanart1", "b.jpg"), ("fanart2", "c.jpg")] {
        films.select("tmdb:949", image_type, picture);
    }
    films.publish();
    let mount = folders.mount_beside(&[]);
    let film = mount.view().join("Heat (1995) {tmdb-949}");
    let bytes = |name: &str| std::fs::read(films.picture(name)).unwrap();
    let read = |handle: &Handle| {
        let mut content = Vec::new();
        open(&mount, handle, OFlags::RDONLY)?.read_to_end(&mut content).unwrap();
        Ok::<_, Errno>(content)
    };
    let folder_of_mappings = film.join("extrafanart");
    assert!(!mount.source().join("Heat (1995) {tmdb-949}/extrafanart").exists());
    let [poster, folder] = [film.join("poster.jpg"), folder_of_mappings.clone()].map(|path| handle_of(&path));
    forget(&mount);
    assert_eq!(read(&poster), Ok(bytes("a.jpg")));
    forget(&mount);
    let opened = open(&mount, &folder, OFlags::RDONLY | OFlags::DIRECTORY).unwrap();
    let link = std::fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd())).unwrap();
    assert_eq!(link, folder_of_mappings);
    drop(opened);
    // Another picture under the name is another file: the handle goes on to mean the one it was made of.
    films.select("tmdb:949", "poster", "c.jpg");
    films.publish();
    forget(&mount);
    assert_eq!(read(&handle_of(&film.join("poster.jpg"))), Ok(bytes("c.jpg")));
    assert!(matches!(read(&poster), Ok(old) if old == bytes("a.jpg")) || read(&poster) == Err(Errno::STALE));
}
