//! The process is killed between any two steps of a change, and the next mount makes it good.
//!
//! A child process builds a view (without a kernel), makes one change, and kills itself at the n-th step, for every n
//! until it survives.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::ImageEncoder;
use rustix::fs::{Mode, OFlags, RenameFlags, open};
use rustix::process::{Signal, getpid, kill_process};
use tempfile::TempDir;

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, NewLibrary, PublishMode, ScannedItem, ScannedOriginal, Scope, Stamp};
use crate::config::StateDir;
use crate::model::{
    Clock, EntityId, EntityType, ImageKind, ImageType, LibraryKind, Name, RelPath, SystemClock, UnixSeconds,
};
use crate::phase::{publish, select_file};

use super::caller::Caller;
use super::changes::Changes;
use super::errno::Result;
use super::gate::Gate;
use super::index::FolderIndex;
use super::intake::Intake;
use super::nodes::{NodeId, ROOT};
use super::notify::queue;
use super::program::{KnownRules, Rules};
use super::recover::recover;
use super::stats::Stats;
use super::ticker::ticker;
use super::view::{Lifetimes, View, ViewParts};
use super::written::{Arrival, Written};

const CHILD_ROOT: &str = "POSTERFS_TEST_CHILD_ROOT";
const CHILD_CHANGE: &str = "POSTERFS_TEST_CHILD_CHANGE";
const CHILD_DIES_AT: &str = "POSTERFS_TEST_CHILD_DIES_AT";
/// More steps than any change has.
const STEPS_MAX: usize = 50;
const POSTER: ImageType = ImageType::main(ImageKind::Poster);

/// A film with a poster, in its own folder, and a hidden original.
struct World {
    root: PathBuf,
    _folder: Option<TempDir>,
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

fn picture(shade: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let pixels: Vec<u8> = (0..40 * 60 * 3).map(|i| shade.wrapping_add((i % 97) as u8)).collect();
    let encoder = image::codecs::jpeg::JpegEncoder::new(&mut file);
    encoder.write_image(&pixels, 40, 60, image::ExtendedColorType::Rgb8).unwrap();
    file
}

fn write(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { root: folder.path().canonicalize().unwrap(), _folder: Some(folder) };
        fs::create_dir_all(world.media().join("Heat")).unwrap();
        write(&world.media().join("Heat/Heat.mkv"), b"video");
        write(&world.media().join("Heat/folder.jpg"), b"original");
        write(&world.root.join("a.jpg"), &picture(1));
        world.state().make().unwrap();
        world.publish();
        world
    }

    fn at(root: PathBuf) -> Self {
        Self { root, _folder: None }
    }

    fn media(&self) -> PathBuf {
        self.root.join("media")
    }

    fn state(&self) -> StateDir {
        StateDir::find(Some(&self.root.join("state"))).unwrap()
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.state().database()).unwrap()
    }

    fn publish(&self) {
        let (mut catalog, now) = (self.catalog(), UnixSeconds::new(100));
        let new = NewLibrary {
            name: "films".to_owned(),
            path: self.media(),
            kind: LibraryKind::Movies,
            naming: "default".to_owned(),
        };
        let library = catalog.add_library(&new, now).unwrap().id;
        let original = ScannedOriginal {
            folder: path("Heat"),
            name: Name::parse(b"folder.jpg").unwrap(),
            image_type: POSTER,
            byte_count: 8,
            mtime: now,
        };
        let item = ScannedItem {
            video: Some(path("Heat/Heat.mkv")),
            originals: vec![original],
            ..ScannedItem::new(library, EntityType::Movie, "Heat", path("Heat"))
        };
        catalog.record(&[item], now).unwrap();
        let cache = Cache::open(&self.state().cache()).unwrap();
        let choice = (EntityId::new(1), POSTER);
        select_file(&mut catalog, &cache, choice, &self.root.join("a.jpg"), &Limits::default(), "test", now).unwrap();
        let stamp = Stamp { author: "test".to_owned(), reason: "test".to_owned(), now };
        assert_eq!(publish(&mut catalog, Scope::All, PublishMode::Apply, &stamp).unwrap().published.added, 2);
    }

    /// A view without a kernel, and what it hands to the intake.
    fn view(&self) -> (View<()>, std::sync::mpsc::Receiver<Arrival>) {
        let (sender, arrivals) = std::sync::mpsc::channel();
        let source = open(self.media(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let second = std::time::Duration::from_secs(1);
        let parts = ViewParts {
            source,
            index: FolderIndex::open(&self.state().database(), &self.media()).unwrap(),
            cache: Cache::open_read_only(&self.state().cache()).unwrap(),
            notices: queue().0,
            lifetimes: Lifetimes { attributes: second, entries: second },
            is_watched: false,
            stats: Arc::new(Stats::default()),
            rules: KnownRules::new(Rules::default()),
            written: Written::new(sender),
            ticker: ticker().0,
            shown_as: self.media(),
            gate: Gate::new(1, None),
        };
        (View::new(parts).unwrap(), arrivals)
    }

    /// The next mount: makes good what is left, and takes in what was written.
    fn mounted_again(&self) -> View<()> {
        let (view, arrivals) = self.view();
        let mut catalog = self.catalog();
        recover(&view, &mut catalog, UnixSeconds::new(300), |_| false).unwrap();
        let cache = Cache::open(&self.state().cache()).unwrap();
        let mut intake = Intake { catalog, cache, limits: Limits::default(), clock: Arc::new(SystemClock) };
        while let Ok(Arrival::Closed(closed)) = arrivals.try_recv() {
            intake.receive(&view, &closed);
        }
        assert_eq!(self.catalog().open_renames().unwrap(), []);
        assert_eq!(self.catalog().pending_writes().unwrap(), []);
        view
    }

    /// Every name that the source has, with its bytes.
    fn source(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for folder in fs::read_dir(self.media()).unwrap().flatten() {
            for file in fs::read_dir(folder.path()).unwrap().flatten() {
                let below = file.path().strip_prefix(self.media()).unwrap().to_str().unwrap().to_owned();
                found.insert(below, fs::read(file.path()).unwrap());
            }
        }
        found
    }

    /// What is in the recycle bin.
    fn recycled(&self) -> Vec<Vec<u8>> {
        let bin = crate::recycle::Recycle::open(&self.state().recycle()).unwrap();
        bin.entries().unwrap().iter().map(|entry| fs::read(bin.data_path(entry)).unwrap()).collect()
    }
}

fn root_caller() -> Caller {
    Caller { uid: 0, gid: 0, pid: 0 }
}

fn node(view: &View<()>, below: &str) -> Option<NodeId> {
    below.split('/').try_fold(ROOT, |parent, name| {
        view.lookup(parent, OsStr::new(name), root_caller()).unwrap().map(|entry| entry.attr.ino)
    })
}

/// What is read under a name of the view; `None` when there is nothing.
fn read(view: &View<()>, below: &str) -> Option<Vec<u8>> {
    let opened = view
        .open(node(view, below)?, OFlags::RDONLY, root_caller(), &|_| Err(std::io::Error::other("no kernel")))
        .unwrap();
    let bytes = view.read(opened.file, 0, 1 << 20).unwrap();
    view.release(opened.file);
    Some(bytes)
}

/// The changes, by name.
fn change(view: &View<()>, changes: &mut Changes, what: &str) -> Result<()> {
    let heat = node(view, "Heat").unwrap();
    let (none, caller) = (RenameFlags::empty(), root_caller());
    let mut rename = |from: (NodeId, &str), to: (NodeId, &str)| {
        view.rename((from.0, OsStr::new(from.1)), (to.0, OsStr::new(to.1)), none, caller, Some(changes))
    };
    match what {
        "rename the folder" => rename((ROOT, "Heat"), (ROOT, "Heat (1995)")),
        "rename the video" => rename((heat, "Heat.mkv"), (heat, "Heat 1995.mkv")),
        "rename the picture" => rename((heat, "poster.jpg"), (heat, "cover.jpg")),
        "rename over" => rename((heat, "new.jpg"), (heat, "poster.jpg")),
        "write over" => view.write_over(node(view, "Heat/poster.jpg").unwrap(), caller, Some(changes)),
        "make where an original is hidden" => {
            let new = super::view::NewNode::Special { mode: libc::S_IFREG | 0o644, device: 0 };
            view.make((heat, OsStr::new("folder.jpg")), &new, 0, caller, Some(changes)).map(drop)
        }
        "remove the folder" => view.rmdir(ROOT, OsStr::new("Heat"), caller, Some(changes)),
        _ => panic!("no such change: {what}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "tells the child of a test what to do")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
#[ignore = "run by the tests that kill it"]
fn child() {
    let Some(root) = told(CHILD_ROOT) else { return };
    let dies_at: usize = told(CHILD_DIES_AT).unwrap().parse().unwrap();
    let world = World::at(root.into());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let steps = AtomicUsize::new(0);
    let mut changes = Changes::open(&world.state(), clock).unwrap().with_steps(move |_| {
        if steps.fetch_add(1, Ordering::Relaxed) + 1 == dies_at {
            let _ = kill_process(getpid(), Signal::KILL);
        }
    });
    let (view, _arrivals) = world.view();
    let _ = change(&view, &mut changes, &told(CHILD_CHANGE).unwrap());
}

/// Makes the change in a child that is killed at the n-th step, and looks at what the next mount shows, for every n.
fn killed_at_every_step(what: &str, prepare: impl Fn(&World), check: impl Fn(&World, &View<()>, &str)) {
    for dies_at in 1..STEPS_MAX {
        let world = World::new();
        prepare(&world);
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "mount::kill_tests::child", "--ignored", "--nocapture"])
            .env(CHILD_ROOT, &world.root)
            .env(CHILD_CHANGE, what)
            .env(CHILD_DIES_AT, dies_at.to_string())
            .output()
            .unwrap();
        let is_killed = status.status.signal() == Some(Signal::KILL.as_raw());
        assert!(is_killed || status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        let view = world.mounted_again();
        check(&world, &view, &format!("{what}, killed at step {dies_at}"));
        if !is_killed {
            assert!(dies_at > 1, "{what}: no step was reached");
            return;
        }
    }
    panic!("{what}: there is no end of steps");
}

#[test]
fn renames_of_what_the_catalog_knows() {
    for (what, old, new, old_poster, new_poster) in [
        (
            "rename the folder",
            "Heat/Heat.mkv",
            "Heat (1995)/Heat.mkv",
            "Heat/Heat-poster.jpg",
            "Heat (1995)/Heat-poster.jpg",
        ),
        (
            "rename the video",
            "Heat/Heat.mkv",
            "Heat/Heat 1995.mkv",
            "Heat/Heat-poster.jpg",
            "Heat/Heat 1995-poster.jpg",
        ),
    ] {
        killed_at_every_step(
            what,
            |_| {},
            |world, view, when| {
                let has_happened = world.source().contains_key(new);
                assert_ne!(has_happened, world.source().contains_key(old), "{when}");
                let (there, gone) = if has_happened { (new_poster, old_poster) } else { (old_poster, new_poster) };
                assert_eq!(read(view, there).as_deref(), Some(&picture(1)[..]), "{when}: artwork is where the film is");
                assert!(node(view, gone.split('/').next().unwrap()).is_none() || node(view, gone).is_none(), "{when}");
                let video = world.catalog().entity(EntityId::new(1)).unwrap().unwrap().video.unwrap();
                assert_eq!(video, path(if has_happened { new } else { old }), "{when}");
            },
        );
    }
}

#[test]
fn a_rename_of_a_picture() {
    killed_at_every_step(
        "rename the picture",
        |_| {},
        |_, view, when| {
            let (old, new) = (read(view, "Heat/poster.jpg"), read(view, "Heat/cover.jpg"));
            assert!(old.is_some() != new.is_some(), "{when}");
            assert_eq!(old.or(new).unwrap(), picture(1), "{when}");
        },
    );
}

#[test]
fn a_copy_up() {
    killed_at_every_step(
        "write over",
        |world| write(&world.media().join("Heat/poster.jpg"), b"an original beneath"),
        |world, view, when| {
            assert_eq!(read(view, "Heat/poster.jpg"), Some(picture(1)), "{when}: nothing was written");
            let source = world.source();
            assert!(source.keys().all(|name| !name.contains(".posterfs")), "{when}: {source:?}");
            let is_beneath = source.get("Heat/poster.jpg").is_some_and(|bytes| bytes == b"an original beneath");
            let is_recycled = world.recycled().contains(&b"an original beneath".to_vec());
            assert_ne!(is_beneath, is_recycled, "{when}: the original is in one place");
        },
    );
}

#[test]
fn a_rename_over_a_picture() {
    killed_at_every_step(
        "rename over",
        |world| write(&world.media().join("Heat/new.jpg"), &picture(2)),
        |world, view, when| {
            let has_happened = !world.source().contains_key("Heat/new.jpg");
            let expected = if has_happened { picture(2) } else { picture(1) };
            for name in ["Heat/poster.jpg", "Heat/Heat-poster.jpg"] {
                assert_eq!(read(view, name).as_ref(), Some(&expected), "{when}: {name}");
            }
        },
    );
}

#[test]
fn a_folder_with_hidden_originals_is_removed() {
    let empty = |world: &World| {
        fs::remove_file(world.media().join("Heat/Heat.mkv")).unwrap();
        // Nothing is shown there any more.
        let stamp = Stamp { author: "test".to_owned(), reason: "test".to_owned(), now: UnixSeconds::new(200) };
        let mapping = world.catalog().mappings_of(EntityId::new(1)).unwrap();
        let program = crate::catalog::Program { name: "rm".to_owned(), uid: 0 };
        for mapping in mapping {
            world.catalog().withdraw(mapping.id, &program, stamp.now).unwrap();
        }
    };
    killed_at_every_step("remove the folder", empty, |world, view, when| {
        let is_there = world.source().contains_key("Heat/folder.jpg");
        assert_ne!(is_there, world.recycled().contains(&b"original".to_vec()), "{when}: the original is in one place");
        // Whoever does it again succeeds.
        if node(view, "Heat").is_some() {
            let mut changes = Changes::open(&world.state(), Arc::new(SystemClock)).unwrap();
            view.rmdir(ROOT, OsStr::new("Heat"), root_caller(), Some(&mut changes)).unwrap();
        }
        assert!(!world.media().join("Heat").exists() && world.recycled() == [b"original".to_vec()], "{when}");
    });
}

#[test]
fn something_new_under_a_hidden_originals_name() {
    killed_at_every_step(
        "make where an original is hidden",
        |_| {},
        |world, _, when| {
            let is_there = world.source().get("Heat/folder.jpg").is_some_and(|bytes| bytes == b"original");
            assert_ne!(
                is_there,
                world.recycled().contains(&b"original".to_vec()),
                "{when}: the original is in one place"
            );
        },
    );
}
