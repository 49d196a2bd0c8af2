//! A film with a view of it, without a kernel: for tests of what happens in between.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use image::ImageEncoder;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use tempfile::TempDir;

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, NewLibrary, PublishMode, ScannedItem, ScannedOriginal, Scope, Stamp};
use crate::config::StateDir;
use crate::model::{
    ContentHash, EntityId, EntityType, ImageKind, ImageType, LibraryId, LibraryKind, Name, RelPath, SystemClock,
    UnixSeconds,
};
use crate::phase::{publish, select_file};

use super::caller::Caller;
use super::changes::Changes;
use super::errno::{RequestError, Result};
use super::files::FileId;
use super::gate::Gate;
use super::index::{FolderIndex, FolderKey};
use super::intake::Intake;
use super::nodes::{NodeId, ROOT};
use super::notify::queue;
use super::program::{KnownRules, Rules};
use super::recover::recover;
use super::stats::Stats;
use super::ticker::ticker;
use super::view::{Lifetimes, NewAttributes, View, ViewParts};
use super::written::{Arrival, Written};

/// What the film's picture is of.
pub const POSTER: ImageType = ImageType::main(ImageKind::Poster);

/// A film with a poster, in its own folder, and a hidden original.
pub struct World {
    pub root: PathBuf,
    _folder: Option<TempDir>,
}

pub fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

pub fn picture(shade: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let pixels: Vec<u8> = (0..40 * 60 * 3).map(|i| shade.wrapping_add((i % 97) as u8)).collect();
    let encoder = image::codecs::jpeg::JpegEncoder::new(&mut file);
    encoder.write_image(&pixels, 40, 60, image::ExtendedColorType::Rgb8).unwrap();
    file
}

pub fn write(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

impl World {
    pub fn new() -> Self {
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

    pub fn at(root: PathBuf) -> Self {
        Self { root, _folder: None }
    }

    pub fn media(&self) -> PathBuf {
        self.root.join("media")
    }

    pub fn state(&self) -> StateDir {
        StateDir::find(Some(&self.root.join("state"))).unwrap()
    }

    pub fn catalog(&self) -> Catalog {
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
    pub fn view(&self) -> (View<()>, Receiver<Arrival>) {
        self.view_with(Rules::default())
    }

    /// The same with other settings.
    pub fn view_with(&self, rules: Rules) -> (View<()>, Receiver<Arrival>) {
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
            rules: KnownRules::new(rules),
            written: Written::new(sender),
            ticker: ticker().0,
            shown_as: self.media(),
            gate: Gate::new(1, None),
        };
        (View::new(parts).unwrap(), arrivals)
    }

    /// The next mount: makes good what is left, and takes in what was written.
    pub fn mounted_again(&self) -> View<()> {
        let (view, arrivals) = self.view();
        recover(&view, &mut self.catalog(), UnixSeconds::new(300), |_| false).unwrap();
        let mut intake = self.intake();
        take_in_all(&mut intake, &view, &arrivals);
        assert_eq!(self.catalog().open_renames().unwrap(), []);
        assert_eq!(self.catalog().pending_writes().unwrap(), []);
        view
    }

    /// What takes in what is written.
    pub fn intake(&self) -> Intake {
        let cache = Cache::open(&self.state().cache()).unwrap();
        Intake::new(self.catalog(), cache, Limits::default(), Arc::new(SystemClock))
    }

    /// What makes changes.
    pub fn changes(&self) -> Changes {
        Changes::open(&self.state(), Arc::new(SystemClock)).unwrap()
    }

    /// Whether a program's picture with these bytes is a candidate.
    pub fn is_captured(&self, bytes: &[u8]) -> bool {
        let hash = ContentHash::new(<sha2::Sha256 as sha2::Digest>::digest(bytes).into()).to_string();
        let candidates = self.catalog().candidates_of(EntityId::new(1), Some(POSTER)).unwrap();
        candidates.iter().any(|candidate| candidate.provider == "program" && candidate.provider_key == hash)
    }

    /// Another picture is chosen and published, by another process.
    pub fn publish_another(&self, bytes: &[u8]) {
        let (mut catalog, file, now) = (self.catalog(), self.root.join("b.jpg"), UnixSeconds::new(200));
        write(&file, bytes);
        let cache = Cache::open(&self.state().cache()).unwrap();
        let choice = (EntityId::new(1), POSTER);
        select_file(&mut catalog, &cache, choice, &file, &Limits::default(), "test", now).unwrap();
        let stamp = Stamp { author: "test".to_owned(), reason: "test".to_owned(), now };
        assert_eq!(publish(&mut catalog, Scope::All, PublishMode::Apply, &stamp).unwrap().published.changed, 2);
    }

    /// Every name that the source has, with its bytes.
    pub fn source(&self) -> BTreeMap<String, Vec<u8>> {
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
    pub fn recycled(&self) -> Vec<Vec<u8>> {
        let bin = crate::recycle::Recycle::open(&self.state().recycle()).unwrap();
        bin.entries().unwrap().iter().map(|entry| fs::read(bin.data_path(entry)).unwrap()).collect()
    }
}

pub fn root_caller() -> Caller {
    Caller { uid: 0, gid: 0, pid: 0 }
}

pub fn node(view: &View<()>, below: &str) -> Option<NodeId> {
    below.split('/').try_fold(ROOT, |parent, name| {
        view.lookup(parent, OsStr::new(name), root_caller()).unwrap().map(|entry| entry.attr.ino)
    })
}

/// The film's folder.
pub fn heat() -> FolderKey {
    FolderKey { library: LibraryId::new(1), folder: path("Heat") }
}

/// What is read under a name of the view; `None` when there is nothing.
pub fn read(view: &View<()>, below: &str) -> Option<Vec<u8>> {
    let opened = view
        .open(node(view, below)?, OFlags::RDONLY, root_caller(), &|_| Err(std::io::Error::other("no kernel")))
        .unwrap();
    let bytes = view.read(opened.file, 0, 1 << 20).unwrap();
    view.release(opened.file);
    Some(bytes)
}

/// Takes in what has arrived, until nothing arrives any more.
pub fn take_in_all(intake: &mut Intake, view: &View<()>, arrivals: &Receiver<Arrival>) {
    while let Ok(Arrival::Wrote(wrote)) = arrivals.try_recv() {
        intake.receive(view, &wrote);
    }
}

/// An open file.
#[derive(Debug, Clone, Copy)]
pub struct Opened {
    /// What was opened.
    pub node: NodeId,
    /// Its number.
    pub file: FileId,
}

/// Opens a node to write to it, as a request does.
pub fn try_to_open(view: &View<()>, node: NodeId) -> Result<Opened> {
    let no_kernel = |_: BorrowedFd<'_>| Err(std::io::Error::other("no kernel"));
    let opened = view.open(node, OFlags::WRONLY, root_caller(), &no_kernel)?;
    view.end_seeing(root_caller().pid);
    Ok(Opened { node, file: opened.file })
}

/// Opens what is under a name to write to it, as the kernel does for a program that has found that node there: it looks
/// again, once, when it is told to.
pub fn open_to_write(view: &View<()>, found: NodeId, below: &str, changes: &mut Changes) -> Opened {
    match try_to_open(view, found) {
        Err(RequestError::Later) => {
            let turn = view.turn();
            let _turned = turn.take();
            let refused = view.write_over(found, root_caller(), Some(changes)).unwrap_err();
            assert_eq!(refused.errno(), Errno::STALE, "{refused:?}");
            try_to_open(view, node(view, below).unwrap()).unwrap()
        }
        opened => opened.unwrap(),
    }
}

/// Writes these bytes and nothing else to an open file, and closes it.
pub fn write_and_close(view: &View<()>, open: Opened, bytes: &[u8]) {
    let size = NewAttributes { size: Some(0), ..NewAttributes::default() };
    view.setattr(open.node, Some(open.file), size, root_caller(), None).unwrap();
    view.write(open.file, 0, bytes, None).unwrap();
    view.release(open.file);
}
