//! Films with a view, and settings under which nobody has to wait for long.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use posterfs::catalog::{Catalog, Mapping};
use serde_json::Value;

use crate::support::{Films, Folders, TestMount, contents, wait_for, write};

/// A film with pictures of several types, and an original that they hide.
pub const HEAT: &[u8] = b"Heat (1995) {tmdb-949}";

/// See the module.
pub struct World {
    pub films: Films,
    pub mount: TestMount,
}

impl World {
    /// Films with pictures, shown beside their source; `None` where nothing can be mounted.
    pub fn new() -> Option<Self> {
        Self::with("")
    }

    /// The same with further lines of configuration, in `[library.films]`.
    pub fn with(settings: &str) -> Option<Self> {
        let folders = Folders::new()?;
        let films = Films::within(&folders);
        films.scan();
        films.select("tmdb:949", "poster", "a.jpg");
        films.select("tmdb:949", "fanart1", "b.jpg");
        films.select("tmdb:949", "clearlogo", "logo.png");
        films.select(films.film(b"L\xe9on (1994)"), "poster", "b.jpg");
        films.select("1917", "poster", "a.jpg");
        films.select("Disc", "poster", "b.jpg");
        films.publish();
        let config = folders.plain().join("config.toml");
        write(&config, format!("[write]\nmanagers = ['cp', 'mv']\ngrace_period = 1.0\n[library.films]\n{settings}\n"));
        let mount = folders.mount_beside(&["--config", config.to_str().unwrap()]);
        Some(Self { films, mount })
    }

    /// Something in the view.
    pub fn view(&self, below: &[u8]) -> PathBuf {
        self.mount.view().join(OsStr::from_bytes(below))
    }

    /// Something in the source.
    pub fn source(&self, below: &[u8]) -> PathBuf {
        self.films.film(below)
    }

    /// Something of Heat in the view.
    pub fn heat(&self, name: &str) -> PathBuf {
        self.view(HEAT).join(name)
    }

    /// The same in the source.
    pub fn heat_in_source(&self, name: &str) -> PathBuf {
        self.source(HEAT).join(name)
    }

    /// The bytes of a picture to choose.
    pub fn picture(&self, name: &str) -> Vec<u8> {
        fs::read(self.films.picture(name)).unwrap()
    }

    /// The candidates of Heat's poster.
    pub fn posters(&self) -> Vec<posterfs::catalog::Candidate> {
        let catalog = self.catalog();
        let entity = self.mapping("poster.jpg").entity;
        catalog.candidates_of(entity, Some("poster".parse().unwrap())).unwrap()
    }

    /// The mapping of Heat that has that name in its folder or, with a path, beneath.
    pub fn mapping(&self, name: &str) -> Mapping {
        let mappings = self.heat_mappings();
        mappings.into_iter().find(|mapping| mapping.name.as_bytes() == name.as_bytes()).unwrap()
    }

    /// What is shown of Heat.
    pub fn heat_mappings(&self) -> Vec<Mapping> {
        let catalog = self.catalog();
        let id = self.films.one(&["show", "tmdb:949"])["id"].as_i64().unwrap();
        catalog.mappings_of(posterfs::model::EntityId::new(id)).unwrap()
    }

    /// Another connection to the catalog.
    pub fn catalog(&self) -> Catalog {
        Catalog::open(&self.films.state().join("posterfs.db")).unwrap()
    }

    /// What is in the recycle bin: where it was, and its bytes.
    pub fn recycled(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let bin = posterfs::recycle::Recycle::open(&self.films.state().join("recycle")).unwrap();
        let entries = bin.entries().unwrap();
        entries.iter().map(|entry| (entry.origin.clone(), fs::read(bin.data_path(entry)).unwrap())).collect()
    }

    /// Does something as a manager does it: by another program.
    #[track_caller]
    pub fn as_manager(&self, program: &str, arguments: &[&Path]) {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until all that programs wrote has been taken in.
    #[track_caller]
    pub fn settled(&self) {
        let catalog = self.catalog();
        wait_for(|| catalog.pending_writes().unwrap().is_empty());
    }

    /// That no file of the cache can be written, and that each holds what its name says.
    #[track_caller]
    pub fn cache_is_whole(&self) {
        let assets = self.films.state().join("cache/assets");
        for (path, bytes) in contents(&assets) {
            let hash = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(path.file_stem().unwrap().to_str().unwrap(), hash, "a cache file was written to");
            let mode = std::os::unix::fs::MetadataExt::mode(&assets.join(&path).metadata().unwrap());
            assert_eq!(mode, 0o100_444, "cache files stay read-only");
        }
    }

    /// What `status` tells of the mount.
    pub fn status(&self) -> Value {
        self.mount.status()
    }
}

/// Writes over a file in place, as an editor or `cp` does.
pub fn overwrite(path: &Path, bytes: &[u8]) {
    let mut file = fs::File::options().write(true).truncate(true).open(path).unwrap();
    std::io::Write::write_all(&mut file, bytes).unwrap();
}

/// Writes beside a file and renames over it, as careful programs do.
pub fn replace(path: &Path, bytes: &[u8]) {
    let temporary = path.with_extension("tmp");
    write(&temporary, bytes);
    fs::rename(&temporary, path).unwrap();
}
