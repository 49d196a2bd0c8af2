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
    for step in ["recycle.recorded", "recycle.in_bin", "recycle.gone"] {
        place.write(b"poster.jpg", b"precious");
        let bin = place.bin();
        let before = bin.entries().unwrap().len();
        let listening = steps::listen(move |reached| assert!(reached != step, "killed"));
        let died = catch_unwind(AssertUnwindSafe(|| place.take(&bin, b"poster.jpg")));
        drop(listening);
        assert!(died.is_err(), "{step} was not reached");
        let entries = bin.entries().unwrap();
        let in_bin = entries[before..].iter().any(|entry| fs::read(bin.data_path(entry)).unwrap() == b"precious");
        let in_tree = fs::read(place.path(b"poster.jpg")).is_ok_and(|bytes| bytes == b"precious");
        assert!(in_bin || in_tree, "lost at {step}");
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
    let bin = place.bin();
    let _listening = steps::listen(move |step| {
        if step == "recycle.in_bin" {
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

/// Back to where it was, from the bin on the same file system and on another one.
fn check_restore(place: &Place) {
    let bin = place.bin();
    let folder = File::open(place.folder.path()).unwrap();
    let name = Name::parse(b"odd \xff.jpg").unwrap();
    place.write(name.as_bytes(), b"an original");
    let before = fs::metadata(place.path(name.as_bytes())).unwrap();
    let entry = place.take(&bin, name.as_bytes()).unwrap();
    place.write(name.as_bytes(), b"in the way");
    let refused = bin.restore(&entry, folder.as_fd(), &name, &entry.origin).unwrap_err();
    assert!(matches!(refused, RecycleError::Taken { .. }), "{refused}");
    assert_eq!(fs::read(&entry.origin).unwrap(), b"in the way");
    fs::remove_file(&entry.origin).unwrap();
    bin.restore(&entry, folder.as_fd(), &name, &entry.origin).unwrap();
    let after = fs::metadata(&entry.origin).unwrap();
    assert_eq!(fs::read(&entry.origin).unwrap(), b"an original");
    assert_eq!((after.mtime(), after.mode(), after.uid()), (before.mtime(), before.mode(), before.uid()));
    assert_eq!(fs::read_dir(place.state.path().join("recycle")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 1, "no copy is left beside it");
    let again = bin.restore(&entry, folder.as_fd(), &Name::parse(b"other.jpg").unwrap(), &place.path(b"other.jpg"));
    assert!(matches!(again, Err(RecycleError::Gone { .. })), "{again:?}");
    symlink("/nowhere/else", place.path(b"link.jpg")).unwrap();
    let entry = place.take(&bin, b"link.jpg").unwrap();
    bin.restore(&entry, folder.as_fd(), &Name::parse(b"link.jpg").unwrap(), &entry.origin).unwrap();
    assert_eq!(fs::read_link(&entry.origin).unwrap(), Path::new("/nowhere/else"));
}

#[test]
fn what_was_taken_comes_back_and_takes_no_others_place() {
    check_restore(&Place::new());
    if let Some((place, _other)) = across() {
        check_restore(&place);
    }
}

#[test]
fn what_is_purged_leaves_nothing() {
    let place = Place::new();
    let bin = place.bin();
    place.write(b"poster.jpg", b"x");
    let entry = place.take(&bin, b"poster.jpg").unwrap();
    let entries = [entry];
    assert_eq!(bin.purge(&entries).unwrap(), Tidied { entries: 1, bytes: 1 });
    assert_eq!(bin.purge(&entries).unwrap(), Tidied::default(), "twice is no mistake");
    assert_eq!(fs::read_dir(place.state.path().join("recycle")).unwrap().count(), 0);
}

#[test]
fn the_bin_keeps_what_is_young_and_the_newest_of_what_fits() {
    const DAY: i64 = 86_400;
    let now = UnixSeconds::new(100 * DAY);
    let entry = |days: i64, byte_count: u64| Entry {
        id: days.to_string(),
        origin: PathBuf::new(),
        reason: String::new(),
        removed_at: UnixSeconds::new(now.get() - days * DAY),
        byte_count,
    };
    let entries = [entry(40, 10), entry(20, 10), entry(10, 10), entry(0, 90)];
    for (days, bytes_max, gone) in [
        (0, 0, ""),
        (30, 0, "40"),
        (15, 0, "4020"),
        (0, 120, ""),
        (0, 110, "40"),
        (0, 50, "402010"),
        (30, 105, "4020"),
        (1, 1, "402010"),
    ] {
        let exceeded = Limits { days, bytes_max }.exceeded_by(&entries, now);
        let ids: String = exceeded.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, gone, "{days} days, {bytes_max} bytes");
    }
    // A clock that went back, and a record that says anything.
    let odd = [entry(-5, u64::MAX), entry(i64::from(i32::MAX), u64::MAX)];
    assert_eq!(Limits { days: 1, bytes_max: 1 }.exceeded_by(&odd, now).len(), 1);
}

#[test]
fn tidying_purges_and_sweeps_what_killed_processes_left() {
    let place = Place::new();
    let bin = place.bin();
    for name in [&b"a.jpg"[..], b"b.jpg"] {
        place.write(name, b"12345");
        place.take(&bin, name).unwrap();
    }
    let recycle = place.state.path().join("recycle");
    for left in ["9-9-9.json", "9-9-9.part"] {
        File::create(recycle.join(left)).unwrap();
    }
    let limits = Limits { days: 1, bytes_max: 0 };
    assert_eq!(bin.tidy(limits, UnixSeconds::new(77)).unwrap(), Tidied::default(), "they are of this moment");
    assert_eq!(fs::read_dir(&recycle).unwrap().count(), 6);
    let later = fs::metadata(recycle.join("9-9-9.part")).unwrap().mtime() + 2 * 86_400;
    assert_eq!(bin.tidy(limits, UnixSeconds::new(later)).unwrap(), Tidied { entries: 2, bytes: 10 });
    assert_eq!(fs::read_dir(&recycle).unwrap().count(), 0);
}
