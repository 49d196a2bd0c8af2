//! What a view costs, in requests, which are the same on every machine; times are in docs/performance.md.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use posterfs::cache::{Cache, Limits, Origin};
use posterfs::catalog::{Catalog, EntityFilter};
use posterfs::model::{ImageKind, ImageType, UnixSeconds};
use posterfs::phase::{Choice, new_cache_file};

use crate::support::{Films, Folders, TestMount, names, wait_for, write};

/// Pictures in one folder: two names for each film in it.
const PICTURES: usize = 10_000;

/// Chooses the same picture for every film, as `select` does, without taking it apart thousands of times.
pub fn select_for_all(films: &Films) {
    let cache = Cache::open(&films.state().join("cache")).unwrap();
    let mut catalog = Catalog::open(&films.state().join("posterfs.db")).unwrap();
    let stored = cache.put(File::open(films.picture("a.jpg")).unwrap(), &"a test", &Limits::default()).unwrap();
    for film in catalog.list_entities(&EntityFilter::default(), None, 100_000).unwrap() {
        let (image_type, origin) = (ImageType::main(ImageKind::Poster), Origin::File("a.jpg".into()));
        let choice = Choice { entity: film.id, image_type, origin, author: "a test" };
        let new = new_cache_file(&stored, &choice, UnixSeconds::new(100));
        catalog.select_by_hand(&new, UnixSeconds::new(100)).unwrap();
    }
}

/// How many requests the view has answered.
fn requests(mount: &TestMount) -> u64 {
    mount.status()["requests"].as_u64().unwrap()
}

/// How many requests something takes.
fn counted(mount: &TestMount, work: impl FnOnce()) -> u64 {
    let before = requests(mount);
    work();
    requests(mount) - before
}

#[test]
fn a_folder_with_ten_thousand_mapped_pictures() {
    let Some(folders) = Folders::new() else { return };
    let films = Films::empty_within(&folders);
    let folder = films.media().join("flat");
    fs::create_dir(&folder).unwrap();
    let video = |number: usize| format!("Film {number:05} ({}).mkv", 1950 + number % 70);
    (0..PICTURES / 2).for_each(|number| write(folder.join(video(number)), "a video"));
    films.one(&["library", "add", "films", films.media().to_str().unwrap(), "--kind=movies"]);
    assert_eq!(films.one(&["scan"])["added"], PICTURES / 2);
    select_for_all(&films);
    assert_eq!(films.publish()["added"], PICTURES);
    let mount = folders.mount_beside(&[]);
    let (view, picture) = (mount.view().join("flat"), fs::read(films.picture("a.jpg")).unwrap());
    let entries = PICTURES + PICTURES / 2;
    let mut listed = BTreeSet::new();
    let first = counted(&mount, || listed = names(&view));
    assert_eq!(listed.len(), entries, "each name once");
    assert!(first <= entries as u64 / 8, "{first} requests list {entries} names");
    let stats = counted(&mount, || {
        for name in &listed {
            let is_picture = Path::new(name).extension().is_some_and(|extension| extension == "jpg");
            let stat = fs::symlink_metadata(view.join(name)).unwrap();
            assert_eq!(stat.len(), if is_picture { picture.len() as u64 } else { 7 }, "{name:?}");
        }
    });
    assert!(stats <= entries as u64 / 8, "{stats} requests look at what was listed");
    let again = counted(&mount, || assert_eq!(names(&view), listed));
    assert!(again <= 2, "{again} requests list what the kernel remembers");
    for number in (0..PICTURES / 2).step_by(97) {
        let stem = video(number).replace(".mkv", "");
        for name in [format!("{stem}.jpg"), format!("{stem}-poster.jpg")] {
            assert!(
                listed.contains(name.as_ref() as &std::ffi::OsStr) && fs::read(view.join(&name)).unwrap() == picture
            );
        }
        assert!(!view.join(format!("{stem}-fanart.jpg")).exists());
    }
    // One of them goes: the others stay as they are.
    films.one(&["unpublish", "1", "poster"]);
    wait_for(|| names(&view).len() == entries - 2);
}

/// Two folders with as many files: pictures that only mappings show, and real ones.
struct Pair {
    mount: TestMount,
    mapped: Vec<PathBuf>,
    real: Vec<PathBuf>,
}

impl Pair {
    fn new() -> Option<Self> {
        let folders = Folders::new()?;
        let films = Films::empty_within(&folders);
        for folder in ["Alpha (2001)", "plain"] {
            fs::create_dir(films.media().join(folder)).unwrap();
        }
        write(films.media().join("Alpha (2001)/Alpha (2001).mkv"), "a video");
        films.one(&["library", "add", "films", films.media().to_str().unwrap(), "--kind=movies"]);
        films.one(&["scan"]);
        films.select("1", "poster", "a.jpg");
        films.select("1", "clearlogo", "logo.png");
        films.publish();
        let names = ["poster.jpg", "Alpha (2001)-poster.jpg", "clearlogo.png"];
        let at = |folder: &str| names.map(|name| Path::new(folder).join(name));
        for (name, picture) in at("plain").iter().zip(["a.jpg", "a.jpg", "logo.png"]) {
            write(films.media().join(name), fs::read(films.picture(picture)).unwrap());
        }
        write(films.media().join("plain/Alpha (2001).mkv"), "a video");
        let mount = folders.mount_beside(&[]);
        let within = |paths: [PathBuf; 3]| paths.map(|path| mount.view().join(path)).to_vec();
        let (mapped, real) = (within(at("Alpha (2001)")), within(at("plain")));
        Some(Self { mount, mapped, real })
    }

    /// That something takes as many requests on mapped pictures as on real files; how many.
    #[track_caller]
    fn alike(&self, what: &str, work: impl Fn(&[PathBuf])) -> u64 {
        let settled = || {
            // The kernel lets go of files by requests of its own, after `close` has returned.
            let mut last = requests(&self.mount);
            wait_for(|| {
                let now = requests(&self.mount);
                std::mem::replace(&mut last, now) == now
            });
            last
        };
        let cost = |paths: &[PathBuf]| {
            let before = settled();
            work(paths);
            settled() - before
        };
        let (mapped, real) = (cost(&self.mapped), cost(&self.real));
        // One may be for a folder whose attributes have just become old, whichever of both it is.
        assert!(mapped.abs_diff(real) <= 1, "{what}: {mapped} for mapped pictures, {real} for real files");
        mapped
    }
}

#[test]
fn mapped_pictures_take_as_many_requests_as_real_files() {
    let Some(pair) = Pair::new() else { return };
    let stat = |paths: &[PathBuf]| paths.iter().for_each(|path| assert!(path.metadata().unwrap().size() > 0));
    let read = |paths: &[PathBuf]| paths.iter().for_each(|path| assert!(!fs::read(path).unwrap().is_empty()));
    let list = |paths: &[PathBuf]| assert_eq!(names(paths[0].parent().unwrap()).len(), 4);
    let first = pair.alike("look-up", stat);
    assert!(first >= 3, "each name is asked for once: {first}");
    // One may be the folder itself, after something else has changed.
    assert!(pair.alike("look-up, warm", stat) <= 1, "the kernel remembers the names");
    pair.alike("read", read);
    let opens = pair.alike("read, warm", read);
    assert!(opens <= 9, "an open, a look at the size and a release of each: {opens}");
    pair.alike("list", list);
    assert!(pair.alike("list, warm", list) <= 1, "the kernel remembers the listing");
}
