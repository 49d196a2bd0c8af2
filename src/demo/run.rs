//! The way of a picture, from a folder of films to a view with artwork, with the code of the real commands.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, EnrichScope, Library, Mapping, NewLibrary, PublishMode, Scope, Stamp};
use crate::config::{Config, Secret, StateDir};
use crate::library::Source;
use crate::model::{Clock, ContentHash, EntityId, ImageKind, ImageType, LibraryKind, RelPath};
use crate::mount::{MountError, MountOptions, Session};
use crate::phase::{EnrichReport, EnrichRequest, enrich, export, publish, scan};
use crate::phase::{ExportMode, ExportReport, ExportRequest, ExportTarget, NoProgress, PhaseError};
use crate::provider::{Replies, Surroundings, Traffic, providers};
use crate::recycle::Recycle;
use crate::work::WorkError;

use super::{DemoFilm, DemoLibrary, PictureServer, make_library};

const AUTHOR: &str = "demo";

/// The demo failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file of the sample library, or a picture, cannot be made.
    #[error("cannot make {}: {source}", path.display())]
    Make {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The server of pictures cannot be started.
    #[error("cannot serve pictures on this machine: {0}")]
    Server(io::Error),
    /// A picture could not be had from it.
    #[error("cannot get a picture from the server of the demo: {message}")]
    Enrich {
        /// Why.
        message: String,
    },
    /// A published picture is not what is in the cache.
    #[error("{} read through the mount is not the picture in the cache (sha256 {expected})", path.display())]
    Differs {
        /// The file in the view.
        path: PathBuf,
        /// What it should be.
        expected: ContentHash,
    },
    /// The media changed.
    #[error("the media below {} changed, which must never happen", path.display())]
    MediaTouched {
        /// The library.
        path: PathBuf,
    },
    /// What the real commands do failed.
    #[error(transparent)]
    Work(WorkError),
}

impl<E: Into<WorkError>> From<E> for DemoError {
    fn from(error: E) -> Self {
        Self::Work(error.into())
    }
}

/// A sample library with everything around it, in one folder.
pub struct Demo {
    root: PathBuf,
    state: StateDir,
    media: DemoLibrary,
    catalog: Catalog,
    cache: Arc<Cache>,
    library: Library,
    media_before: BTreeMap<PathBuf, ContentHash>,
    report: EnrichReport,
}

/// One published picture.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shown {
    /// Its path in the view, beneath the root.
    pub path: String,
    /// The title of its film.
    pub title: String,
    /// What it is of.
    pub image_type: ImageType,
    /// The picture.
    pub sha256: ContentHash,
    /// Where it came from.
    pub source: String,
    /// Who offered it.
    pub provider: Option<String>,
    /// How good it is, 0 to 100.
    pub score: Option<f64>,
    /// Among how many candidates it was chosen.
    pub candidates: usize,
}

impl Demo {
    /// Makes the library below `root`, scans it, asks a server of its own for pictures, chooses the best, and publishes.
    ///
    /// # Errors
    /// When a folder or file cannot be made, or a phase fails.
    pub fn prepare(root: &Path, clock: &Arc<dyn Clock>) -> Result<Self, DemoError> {
        let make = |path: PathBuf| {
            let made = std::fs::create_dir_all(&path).and_then(|()| path.canonicalize());
            made.map_err(|source| DemoError::Make { path, source })
        };
        let root = make(root.to_owned())?;
        let media_root = make(root.join("films"))?;
        let media = make_library(&media_root).map_err(|source| DemoError::Make { path: media_root.clone(), source })?;
        let state = StateDir::find(Some(&root.join("state")))?;
        state.make()?;
        let mut catalog = Catalog::open(&state.database())?;
        let library = known_library(&mut catalog, &media_root, clock.as_ref())?;
        let media_before = checksums(&media_root)?;
        let cache = Arc::new(Cache::open(&state.cache())?);
        let report = EnrichReport::default();
        let mut demo = Self { root, state, media, catalog, cache, library, media_before, report };
        let source = Source::open(&demo.media.root).map_err(PhaseError::from)?;
        scan(&mut demo.catalog, &demo.library, &source, clock.as_ref(), &NoProgress)?;
        demo.enrich(clock)?;
        let stamp = Stamp { author: AUTHOR.to_owned(), reason: "demo".to_owned(), now: clock.now() };
        publish(&mut demo.catalog, Scope::All, PublishMode::Apply, &stamp)?;
        Ok(demo)
    }

    /// The library's folder.
    #[must_use]
    pub fn media(&self) -> &Path {
        &self.media.root
    }

    /// The folder that the view is mounted on.
    #[must_use]
    pub fn view(&self) -> PathBuf {
        self.root.join("view")
    }

    /// The state folder, for commands that look at the demo.
    #[must_use]
    pub fn state(&self) -> &StateDir {
        &self.state
    }

    /// What asking for pictures came to.
    #[must_use]
    pub fn enriched(&self) -> &EnrichReport {
        &self.report
    }

    /// What is published, and where it comes from.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn shown(&self) -> Result<Vec<Shown>, DemoError> {
        let mut shown = Vec::new();
        for (film, entity) in self.films()? {
            let candidates = self.catalog.candidates_of(entity, None)?;
            for mapping in self.catalog.mappings_of(entity)? {
                let of_kind = candidates.iter().filter(|one| one.image_type.kind() == mapping.image_type.kind());
                let chosen = of_kind.clone().find(|one| one.is_selected && one.image_type == mapping.image_type);
                shown.push(Shown {
                    path: path_of(&mapping).to_string(),
                    title: film.title.to_owned(),
                    image_type: mapping.image_type,
                    sha256: mapping.hash,
                    source: chosen.and_then(|one| one.url.clone()).unwrap_or_default(),
                    provider: chosen.map(|one| one.provider.clone()),
                    score: chosen.and_then(|one| one.score),
                    candidates: of_kind.count(),
                });
            }
        }
        shown.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(shown)
    }

    /// Mounts the view.
    ///
    /// # Errors
    /// Where FUSE cannot be used; [`Self::export`] shows the same then.
    pub fn mount(&self) -> Result<Session, MountError> {
        let mountpoint = self.view();
        std::fs::create_dir_all(&mountpoint).map_err(|source| MountError::Folder {
            what: "the mount point",
            path: mountpoint.clone(),
            source,
        })?;
        let options = MountOptions::new(mountpoint, self.media.root.clone(), &Config::default(), Limits::default());
        Session::start(options, &self.state)
    }

    /// Checks that every published picture reads below `view` as the bytes that are in the cache, and that no byte of
    /// the media has changed. Returns how many pictures were read.
    ///
    /// # Errors
    /// [`DemoError::Differs`], [`DemoError::MediaTouched`], or that something cannot be read.
    pub fn check(&self, view: &Path) -> Result<usize, DemoError> {
        let mut count = 0;
        for (_, entity) in self.films()? {
            for mapping in self.catalog.mappings_of(entity)? {
                let path = view.join(path_of(&mapping).as_path());
                let format = mapping.extension.parse().map_err(io::Error::other);
                let cached = format
                    .and_then(|format| read(self.cache.open_file(&mapping.hash, format).map_err(io::Error::other)?));
                let seen = File::open(&path).and_then(read);
                let failed = |source| DemoError::Make { path: path.clone(), source };
                if cached.map_err(failed)? != seen.map_err(failed)? {
                    return Err(DemoError::Differs { path, expected: mapping.hash });
                }
                count += 1;
            }
        }
        if checksums(&self.media.root)? == self.media_before {
            Ok(count)
        } else {
            Err(DemoError::MediaTouched { path: self.media.root.clone() })
        }
    }

    /// Writes the same as real files, for those who cannot mount. Returns where.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn export(&self, clock: &dyn Clock) -> Result<(PathBuf, ExportReport), DemoError> {
        let folder = self.root.join("export");
        let recycle = Recycle::open(&self.state.recycle()).map_err(PhaseError::from)?;
        let request = ExportRequest {
            library: &self.library,
            target: ExportTarget::Folder(&folder),
            mode: ExportMode::Copy,
            is_dry_run: false,
            now: clock.now(),
        };
        let report = export(&self.catalog, &self.cache, &recycle, &request, &NoProgress)?;
        Ok((folder, report))
    }

    /// Asks a server of its own what it has for the films, and takes the best of it, as `posterfs enrich` would.
    fn enrich(&mut self, clock: &Arc<dyn Clock>) -> Result<(), DemoError> {
        let server = PictureServer::start(&self.media.films).map_err(DemoError::Server)?;
        let config = config(&server);
        let replies = Some(Replies::in_folder(&self.state.replies()));
        let surroundings = Surroundings {
            network: config.network.clone(),
            replies,
            clock: Arc::clone(clock),
            ask_again: false,
            traffic: Traffic::default(),
        };
        let request = EnrichRequest {
            scope: EnrichScope::Due(clock.now()),
            providers: providers(&config.provider, &surroundings)?,
            config: &config,
            limits: Limits::default(),
            replies: surroundings.replies.clone(),
            at_once: 4,
            is_dry_run: false,
        };
        let report = enrich(&mut self.catalog, &self.cache, &request, clock, &NoProgress)?;
        if let Some(problem) = report.problems.first() {
            return Err(DemoError::Enrich { message: problem.message.clone() });
        }
        self.report = report;
        Ok(())
    }

    fn films(&self) -> Result<Vec<(DemoFilm, EntityId)>, DemoError> {
        let mut films = Vec::new();
        for film in &self.media.films {
            let found = self.catalog.entities_by_title(film.title, Some(film.year))?;
            films.extend(found.first().map(|entity| (*film, entity.id)));
        }
        Ok(films)
    }
}

/// Only the server of the demo is asked, at its own speed; one background is enough to see.
fn config(server: &PictureServer) -> Config {
    let mut config = Config::default();
    let tmdb = &mut config.provider.tmdb;
    tmdb.key = Secret::from(AUTHOR.to_owned());
    (tmdb.base_url, tmdb.image_base_url) = (server.base_url(), server.image_base_url());
    tmdb.requests_per_second = 1000.0;
    config.provider.musicbrainz.enabled = false;
    config.provider.coverart.enabled = false;
    config.artwork.limits.insert(ImageKind::Fanart, 1);
    config
}

fn path_of(mapping: &Mapping) -> RelPath {
    mapping.folder.join(&mapping.name)
}

/// The demo may be run again over the same folder.
fn known_library(catalog: &mut Catalog, root: &Path, clock: &dyn Clock) -> Result<Library, DemoError> {
    if let Some(known) = catalog.libraries()?.into_iter().find(|library| library.path == root) {
        return Ok(known);
    }
    let new = NewLibrary {
        name: "films".to_owned(),
        path: root.to_owned(),
        kind: LibraryKind::Movies,
        naming: "default".to_owned(),
    };
    Ok(catalog.add_library(&new, clock.now())?)
}

fn read(mut file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The SHA-256 of every file below a folder.
fn checksums(folder: &Path) -> Result<BTreeMap<PathBuf, ContentHash>, DemoError> {
    let mut sums = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| DemoError::Make { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = File::open(&path).and_then(read).map_err(failed)?;
                sums.insert(path, ContentHash::new(Sha256::digest(&bytes).into()));
            }
        }
    }
    Ok(sums)
}
