//! A library in which everything is chosen that can be, shown by a real mount.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Films, Folders, TestMount, contents};

/// Paths of films in the library, as they are on disk.
pub const HEAT: &[u8] = b"Heat (1995) {tmdb-949}";
pub const LEON: &[u8] = b"L\xe9on (1994)";
pub const DISC: &[u8] = b"Disc (1980)";
pub const OLD_REMAKE: &[u8] = b"Remake (1960)";
pub const NEW_REMAKE: &[u8] = b"Remake (2005)";

/// See the module.
pub struct World {
    pub films: Films,
    pub mount: TestMount,
}

/// Everything that a view shows, and when each file was last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    pub times: BTreeMap<PathBuf, i64>,
}

impl World {
    /// `None`, said aloud, where nothing can be mounted.
    pub fn new() -> Option<Self> {
        Folders::new().map(Self::of)
    }

    /// The same in given folders.
    pub fn of(folders: Folders) -> Self {
        let films = Films::within(&folders);
        films.scan();
        choose_all(&films);
        films.publish();
        Self { films, mount: folders.mount_beside(&[]) }
    }

    /// What the view shows.
    pub fn shown(&self) -> Shown {
        let files = contents(&self.mount.view());
        let time = |path: &PathBuf| fs::symlink_metadata(self.mount.view().join(path)).unwrap().mtime();
        Shown { times: files.keys().map(|path| (path.clone(), time(path))).collect(), files }
    }

    /// What is known of each film that a person has decided, in an order that does not depend on when.
    pub fn decisions(&self) -> BTreeMap<String, Value> {
        decisions(&self.films)
    }
}

/// The view shows the same names and bytes, and no published picture seems older than it did.
#[track_caller]
pub fn assert_shows_the_same(before: &Shown, after: &Shown) {
    assert_eq!(before.files.keys().collect::<Vec<_>>(), after.files.keys().collect::<Vec<_>>());
    assert!(before.files == after.files, "the bytes of a file differ");
    for (path, time) in &before.times {
        assert!(after.times[path] >= *time, "{} seems older", path.display());
    }
}

/// Demands that the same is decided of each item.
#[track_caller]
pub fn assert_decided_alike(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (item, decided) in before {
        assert_eq!(after[item], *decided, "{item}");
    }
}

/// See [`World::decisions`].
pub fn decisions(films: &Films) -> BTreeMap<String, Value> {
    let items = films.json(&["list"]);
    items.iter().map(|item| item["id"].to_string()).map(|id| decision(&films.one(&["show", &id]))).collect()
}

fn decision(story: &Value) -> (String, Value) {
    let fields = story["fields"].as_array().unwrap().iter();
    let fields: Vec<_> = fields.filter(|field| field["source"] == "user").cloned().collect();
    let images = story["images"].as_object().unwrap().iter();
    let images: BTreeMap<_, _> = images
        .map(|(of_type, image)| {
            let selected = &image["selected"];
            let what = serde_json::json!({
                "sha256": selected["sha256"], "source": selected["source"], "url": selected["url"],
                "author": selected["author"], "shown": image["shown"], "locked": image["locked"],
                "lock": image["lock"], "originals": image["originals"],
            });
            (of_type.clone(), what)
        })
        .collect();
    let decided = serde_json::json!({
        "monitored": story["monitored"], "locks": story["locks"], "ids": story["ids"],
        "fields": fields, "images": images, "mappings": story["mappings"], "title": story["title"],
    });
    (story["path"].as_str().unwrap().to_owned(), decided)
}

/// Chooses, locks, edits, unpublishes, unmonitors: one of each that there is.
fn choose_all(films: &Films) {
    let path = |below: &[u8]| films.film(below).into_os_string();
    films.select(path(HEAT), "poster", "a.jpg");
    films.select(path(HEAT), "clearlogo", "logo.png");
    films.select(path(HEAT), "fanart2", "c.jpg");
    films.select(path(LEON), "poster", "b.jpg");
    films.select(path(LEON), "poster", "c.jpg");
    films.select(path(DISC), "poster", "a.jpg");
    films.select(path(OLD_REMAKE), "poster", "b.jpg");
    films.select(path(NEW_REMAKE), "poster", "b.jpg");
    films.select(path(b"flat/Up (2009).mkv"), "poster", "a.jpg");
    let run = |words: &[&OsStr]| films.text(words);
    let word = OsStr::new;
    run(&[word("unlock"), &path(DISC), word("poster")]);
    run(&[word("lock"), &path(NEW_REMAKE), word("fanart"), word("plot")]);
    run(&[word("edit"), &path(LEON), word("title=The Professional"), word("plot=A killer and a girl.")]);
    run(&[word("unmonitor"), &path(OLD_REMAKE)]);
    run(&[word("unpublish"), &path(NEW_REMAKE), word("poster")]);
    run(&[word("deselect"), &path(b"flat/Up (2009).mkv"), word("poster")]);
}
