use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::mount::{MountFlags, UnmountFlags};
use tempfile::TempDir;

use super::*;

/// A folder with a file in it, and a bin beside it.
struct Place {
    folder: TempDir,
    state: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), state: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &[u8]) -> PathBuf {
        self.folder.path().join(std::ffi::OsStr::from_bytes(name))
    }

    fn write(&self, name: &[u8], bytes: &[u8]) {
        File::create(self.path(name)).unwrap().write_all(bytes).unwrap();
    }

    fn bin(&self) -> Recycle {
        Recycle::open(&self.state.path().join("recycle")).unwrap()
    }

    fn take(&self, bin: &Recycle, name: &[u8]) -> Result<Entry, RecycleError> {
        let folder = File::open(self.folder.path()).unwrap();
        let now = UnixSeconds::new(77);
        bin.take(folder.as_fd(), &Name::parse(name).unwrap(), &self.path(name), "a test", now)
    }
}

/// A file system of its own, unmounted when dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: &Path, options: &std::ffi::CStr) -> Option<Self> {
        match rustix::mount::mount("tmpfs", at, "tmpfs", MountFlags::empty(), options) {
            Ok(()) => Some(Self(at.to_owned())),
            Err(error) => {
                eprintln!("skipped: cannot mount a tmpfs here: {error}");
                None
            }
        }
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, UnmountFlags::DETACH);
    }
}

fn across() -> Option<(Place, Tmpfs)> {
    let place = Place::new();
    let other = Tmpfs::mount(place.folder.path(), c"size=1m")?;
    Some((place, other))
}

fn check_take(place: &Place) {
    let bin = place.bin();
    for name in [&b"poster.jpg"[..], b"odd \xff\n name", b".hidden"] {
        place.write(name, b"an original");
        let entry = place.take(&bin, name).unwrap();
        assert!(!place.path(name).exists());
        assert_eq!(fs::read(bin.data_path(&entry)).unwrap(), b"an original");
        assert_eq!((entry.origin.clone(), entry.byte_count), (place.path(name), 11));
        assert!(bin.entries().unwrap().contains(&entry));
    }
    assert_eq!(bin.entries().unwrap().len(), 3);
}

/// Rule 6: "Deletion is recoverable. What … export … removes goes through a recycle bin …"
#[test]
fn a_taken_file_is_in_the_bin_with_its_record() {
    check_take(&Place::new());
}

#[test]
fn a_taken_file_may_come_from_another_file_system() {
    let Some((place, _other)) = across() else { return };
    check_take(&place);
    place.write(b"old.jpg", b"x");
    let before = fs::metadata(place.path(b"old.jpg")).unwrap();
    let bin = place.bin();
    let entry = place.take(&bin, b"old.jpg").unwrap();
    let after = fs::metadata(bin.data_path(&entry)).unwrap();
    assert_eq!((after.mtime(), after.mode()), (before.mtime(), before.mode()));
}

#[test]
fn a_link_is_taken_itself() {
    let check = |place: &Place| {
        symlink("/nowhere/else", place.path(b"link.jpg")).unwrap();
        let bin = place.bin();
        let entry = place.take(&bin, b"link.jpg").unwrap();
        assert_eq!(fs::read_link(bin.data_path(&entry)).unwrap(), Path::new("/nowhere/else"));
        assert!(fs::symlink_metadata(place.path(b"link.jpg")).is_err());
    };
    check(&Place::new());
    if let Some((place, _other)) = across() {
        check(&place);
    }
}

#[test]
fn folders_and_missing_files_are_refused_and_leave_no_entry() {
    let place = Place::new();
    fs::create_dir(place.path(b"folder")).unwrap();
    let bin = place.bin();
    assert!(matches!(place.take(&bin, b"folder"), Err(RecycleError::NotAFile { .. })));
    let error = place.take(&bin, b"missing").unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    assert_eq!(fs::read_dir(place.state.path().join("recycle")).unwrap().count(), 0);
}

/// Whatever happens at any step, the bytes are in the tree or in the bin with their record.
fn check_no_step_loses_the_file(place: &Place) {
    for step in [Step::Recorded, Step::InBin, Step::Gone] {
        place.write(b"poster.jpg", b"precious");
        let bin = place.bin();
        let before = bin.entries().unwrap().len();
        let dying = place.bin().with_steps(move |reached| assert!(reached != step, "killed"));
        let died = catch_unwind(AssertUnwindSafe(|| place.take(&dying, b"poster.jpg")));
        assert!(died.is_err(), "{step:?} was not reached");
        let entries = bin.entries().unwrap();
        let in_bin = entries[before..].iter().any(|entry| fs::read(bin.data_path(entry)).unwrap() == b"precious");
        let in_tree = fs::read(place.path(b"poster.jpg")).is_ok_and(|bytes| bytes == b"precious");
        assert!(in_bin || in_tree, "lost at {step:?}");
        if in_tree {
            place.take(&bin, b"poster.jpg").unwrap();
        }
    }
}

#[test]
fn a_kill_at_any_step_loses_nothing() {
    check_no_step_loses_the_file(&Place::new());
    if let Some((place, _other)) = across() {
        check_no_step_loses_the_file(&place);
    }
}

#[test]
fn a_file_that_changes_while_it_is_copied_stays() {
    let Some((place, _other)) = across() else { return };
    place.write(b"poster.jpg", b"one");
    let path = place.path(b"poster.jpg");
    let bin = place.bin().with_steps(move |step| {
        if step == Step::InBin {
            File::create(&path).unwrap().write_all(b"another").unwrap();
        }
    });
    assert!(matches!(place.take(&bin, b"poster.jpg"), Err(RecycleError::Changed { .. })));
    assert_eq!(fs::read(place.path(b"poster.jpg")).unwrap(), b"another");
    assert!(bin.entries().unwrap().is_empty());
}

#[test]
fn a_full_bin_leaves_the_file_where_it_is() {
    let place = Place::new();
    let Some(_small) = Tmpfs::mount(place.state.path(), c"size=16k") else { return };
    let bin = place.bin();
    place.write(b"poster.jpg", &[7; 100_000]);
    let error = place.take(&bin, b"poster.jpg").unwrap_err();
    assert!(matches!(error, RecycleError::Full { .. }), "{error:?}");
    assert_eq!(fs::read(place.path(b"poster.jpg")).unwrap().len(), 100_000);
    assert!(bin.entries().unwrap().is_empty());
    assert_eq!(fs::read_dir(place.state.path().join("recycle")).unwrap().count(), 0);
}
