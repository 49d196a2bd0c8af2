//! A media tree and a state folder, and what phases need of them.

use std::ffi::{CStr, OsStr};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use posterfs::cache::{Cache, Limits};
use posterfs::catalog::{Catalog, Entity, Library, NewLibrary, PublishMode, Scope, Stamp};
use posterfs::library::Source;
use posterfs::model::{Clock, EntityId, LibraryKind, RelPath, UnixSeconds};
use posterfs::naming::Profiles;
use posterfs::phase::{
    ExportMode, ExportReport, ExportRequest, ExportTarget, NoProgress, PhaseError, PublishReport, Selection, export,
    export_as, publish, scan, select_file,
};
use posterfs::recycle::Recycle;
use rustix::mount::{MountFlags, UnmountFlags};
use tempfile::TempDir;

/// The steps of taking a picture or document into the cache, in their order.
pub const STEPS_OF_PUT: [&str; 7] = [
    "put.temporary_made",
    "put.written",
    "put.probed",
    "put.folders_made",
    "put.synced",
    "put.named",
    "put.folders_synced",
];
/// The steps of moving a file into the recycle bin.
pub const STEPS_OF_BIN: [&str; 3] = ["recycle.recorded", "recycle.in_bin", "recycle.gone"];

pub struct World {
    pub folder: TempDir,
    pub catalog: Catalog,
    pub cache: Cache,
    pub recycle: Recycle,
    pub library: Library,
}

pub struct At(pub i64);

impl Clock for At {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.0)
    }
}

impl World {
    /// A library of films with these files, scanned. Pictures among them hold "an original".
    pub fn with(files: &[&[u8]]) -> Self {
        Self::of_kind(LibraryKind::Movies, "default", files)
    }

    /// A library of that kind, with these naming profiles.
    pub fn of_kind(kind: LibraryKind, naming: &str, files: &[&[u8]]) -> Self {
        let mut world = Self::unscanned(kind, naming);
        for file in files {
            write(&world.path(file), b"an original");
        }
        world.scan();
        world
    }

    /// An empty library, not scanned.
    pub fn unscanned(kind: LibraryKind, naming: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("media");
        fs::create_dir(&root).unwrap();
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        let mut catalog = Catalog::open(&state.join("posterfs.db")).unwrap();
        let new = NewLibrary { name: "films".into(), path: root.canonicalize().unwrap(), kind, naming: naming.into() };
        let library = catalog.add_library(&new, UnixSeconds::new(0)).unwrap();
        let cache = Cache::open(&state.join("cache")).unwrap();
        let recycle = Recycle::open(&state.join("recycle")).unwrap();
        Self { folder, catalog, cache, recycle, library }
    }

    pub fn scan(&mut self) {
        let source = self.source();
        scan(&mut self.catalog, &self.library, &source, &At(1), &NoProgress).unwrap();
    }

    pub fn source(&self) -> Source {
        Source::open(&self.library.path).unwrap()
    }

    /// The path of something in the library.
    pub fn path(&self, below: &[u8]) -> PathBuf {
        self.library.path.join(OsStr::from_bytes(below))
    }

    /// The one film whose video that is.
    pub fn film(&self, video: &[u8]) -> Entity {
        let found = self.catalog.entities_at(self.library.id, &RelPath::parse(video).unwrap()).unwrap();
        assert_eq!(found.len(), 1, "{video:?}");
        found.into_iter().next().unwrap()
    }

    /// Chooses a picture of that seed for the film.
    pub fn choose(&mut self, video: &[u8], image_type: &str, seed: u8) -> Selection {
        let film = self.film(video).id;
        self.choose_for(film, image_type, seed)
    }

    /// Chooses a JPEG, which every player reads under every name.
    pub fn choose_jpg_for(&mut self, item: EntityId, image_type: &str, seed: u8) {
        let file = self.folder.path().join(format!("chosen {seed}.jpg"));
        write(&file, &encoded(seed, image::ImageFormat::Jpeg));
        let choice = (item, image_type.parse().unwrap());
        let now = UnixSeconds::new(5);
        select_file(&mut self.catalog, &self.cache, choice, &file, &Limits::default(), "tester", now).unwrap();
    }

    pub fn choose_for(&mut self, film: EntityId, image_type: &str, seed: u8) -> Selection {
        let file = self.folder.path().join(format!("chosen {seed}.png"));
        write(&file, &png(seed));
        let choice = (film, image_type.parse().unwrap());
        select_file(&mut self.catalog, &self.cache, choice, &file, &Limits::default(), "tester", UnixSeconds::new(5))
            .unwrap()
    }

    pub fn publish(&mut self, now: i64) -> PublishReport {
        publish(&mut self.catalog, Scope::All, PublishMode::Apply, &stamp(now)).unwrap()
    }

    pub fn export(&self, mode: ExportMode) -> ExportReport {
        self.try_export(mode, None, false).unwrap()
    }

    /// Exports what is selected under the names of other profiles.
    pub fn export_as(&mut self, profiles: &Profiles, to: Option<&Path>) -> Result<ExportReport, PhaseError> {
        let source = self.source();
        let request = ExportRequest {
            library: &self.library,
            target: to.map_or(ExportTarget::Library(&source), ExportTarget::Folder),
            mode: ExportMode::Copy,
            is_dry_run: false,
            now: UnixSeconds::new(99),
        };
        export_as(&mut self.catalog, &self.cache, &self.recycle, &request, profiles, &NoProgress)
    }

    /// Exports into the library, or to a folder.
    pub fn try_export(
        &self,
        mode: ExportMode,
        to: Option<&Path>,
        is_dry_run: bool,
    ) -> Result<ExportReport, PhaseError> {
        let source = self.source();
        let target = to.map_or(ExportTarget::Library(&source), ExportTarget::Folder);
        let now = UnixSeconds::new(99);
        let request = ExportRequest { library: &self.library, target, mode, is_dry_run, now };
        export(&self.catalog, &self.cache, &self.recycle, &request, &NoProgress)
    }
}

/// A file system of its own, unmounted when dropped.
pub struct Tmpfs(PathBuf);

impl Tmpfs {
    /// `None`, with a message, where this user may not mount.
    pub fn mount(at: &Path, options: &CStr) -> Option<Self> {
        match rustix::mount::mount("tmpfs", at, "tmpfs", MountFlags::empty(), options) {
            Ok(()) => Some(Self(at.to_owned())),
            Err(error) => {
                eprintln!("skipped: cannot mount a tmpfs here: {error}");
                None
            }
        }
    }

    pub fn make_read_only(&self) {
        rustix::mount::mount_remount(&self.0, MountFlags::RDONLY, c"").unwrap();
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, UnmountFlags::DETACH);
    }
}

pub fn stamp(now: i64) -> Stamp {
    Stamp { author: "tester".into(), reason: "a test".into(), now: UnixSeconds::new(now) }
}

/// A small picture, another one for each seed.
pub fn png(seed: u8) -> Vec<u8> {
    encoded(seed, image::ImageFormat::Png)
}

fn encoded(seed: u8, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(20, 30, |x, y| image::Rgb([seed, x as u8, y as u8]));
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Writes a file, with the folders above it.
pub fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().write_all(bytes).unwrap();
}

/// All files and links beneath a folder, by path.
pub fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}
