//! A library with its view.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use posterfs::catalog::{Catalog, Mapping};
use posterfs::model::RelPath;

use crate::support::{FILM_COUNT, Films, Folders, TestMount};

/// Films, mounted.
pub struct World {
    pub films: Films,
    pub mount: TestMount,
}

/// Chooses for films of every layout and publishes: thirteen names.
pub fn publish_some(films: &Films) {
    films.select("tmdb:949", "poster", "a.jpg");
    films.select("tmdb:949", "fanart1", "b.jpg");
    films.select("tmdb:949", "clearlogo", "logo.png");
    films.select(films.film(b"L\xe9on (1994)"), "poster", "b.jpg");
    films.select(films.film(b"New\nline (2000)"), "poster", "c.jpg");
    films.select("1917", "poster", "a.jpg");
    films.select("Disc", "poster", "b.jpg");
    assert_eq!(films.publish()["added"], 12);
}

impl World {
    /// Films with something published, shown beside their source; `None` where nothing can be mounted.
    pub fn beside() -> Option<Self> {
        let folders = Folders::new()?;
        let films = Films::within(&folders);
        films.scan();
        publish_some(&films);
        Some(Self { films, mount: folders.mount_beside(&[]) })
    }

    /// The same, the view over the films themselves.
    pub fn over() -> Option<Self> {
        let folders = Folders::new()?;
        let films = Films::within(&folders);
        films.scan();
        publish_some(&films);
        Some(Self { films, mount: folders.mount_over(&[]) })
    }

    /// Something in the view.
    pub fn view(&self, below: &[u8]) -> PathBuf {
        self.mount.view().join(OsStr::from_bytes(below))
    }

    /// Something in the source, beneath a view that may cover it.
    pub fn source(&self, below: &[u8]) -> PathBuf {
        self.mount.source().join(OsStr::from_bytes(below))
    }

    /// The folder of Heat in the view.
    pub fn heat(&self) -> PathBuf {
        self.view(b"Heat (1995) {tmdb-949}")
    }

    /// Another connection to the catalog.
    pub fn catalog(&self) -> Catalog {
        Catalog::open(&self.films.state().join("posterfs.db")).unwrap()
    }

    /// Every mapping, and where it is in the library.
    pub fn mappings(&self) -> Vec<(RelPath, Mapping)> {
        let catalog = self.catalog();
        let library = catalog.library_named("films").unwrap();
        let page = catalog.mappings_page(library.id, None, 1000).unwrap();
        assert!(page.next.is_none() && page.refused.is_empty());
        page.mappings.into_iter().map(|mapping| (mapping.folder.join(&mapping.name), mapping)).collect()
    }

    /// The file of a mapping in the cache.
    pub fn cached(&self, mapping: &Mapping) -> PathBuf {
        let hash = mapping.hash.to_string();
        let folder = self.films.state().join("cache/assets").join(&hash[..2]).join(&hash[2..4]);
        folder.join(format!("{hash}.{}", mapping.extension))
    }
}

#[test]
fn the_world_is_as_the_other_tests_take_it() {
    let Some(world) = World::beside() else { return };
    assert_eq!(world.mappings().len(), 12);
    assert_eq!(world.films.json(&["list"]).len(), FILM_COUNT);
    assert!(world.mappings().iter().all(|(_, mapping)| world.cached(mapping).is_file()));
}
