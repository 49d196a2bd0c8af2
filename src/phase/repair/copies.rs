//! Where the bytes of a picture may be besides the cache. Nothing of it is believed: what has another hash is not taken.

use std::fs::File;
use std::io::{Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::cache::Origin;
use crate::library::Source;
use crate::model::{ContentHash, RelPath, show_bytes};
use crate::phase::PhaseError;
use crate::phase::enrich::download;
use crate::phase::runtime::runtime;
use crate::phase::select::open_regular;
use crate::phase::verify::Subject;
use crate::provider::typed_picture;

use super::Repairs;

/// A picture has a few names as a rule; more paths than that are not tried.
const PATHS_MAX: u32 = 1000;

/// A place where the bytes may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file of posterfs' own: in the recycle bin, or astray in the cache.
    Own(PathBuf),
    /// A file beneath the tree of a library, or beneath the folder of an export.
    Beneath(PathBuf, RelPath),
    /// A file that the user named once.
    Named(PathBuf),
    /// An address, and the provider that offered it.
    Address(String, String),
}

impl Place {
    pub(super) fn words(&self) -> String {
        let show = |path: &Path| show_bytes(path.as_os_str().as_bytes());
        match self {
            Self::Own(path) | Self::Named(path) => show(path),
            Self::Beneath(root, path) => show(&root.join(path.as_path())),
            Self::Address(_, url) => url.clone(),
        }
    }

    pub(super) fn is_far(&self) -> bool {
        matches!(self, Self::Address(..))
    }
}

impl Repairs<'_> {
    /// Where the bytes may be, the nearest first.
    pub(super) fn places(&self, hash: &ContentHash, byte_count: u64) -> Result<Vec<Place>, PhaseError> {
        let mut places = self.own(hash, byte_count)?;
        for (library, path) in self.catalog.paths_of(hash, PATHS_MAX)? {
            if let Some(tree) = self.tree(library) {
                places.push(Place::Beneath(tree.library.path.clone(), path.clone()));
            }
            for export in self.catalog.exports_of(library)? {
                places.extend(export.target.map(|target| Place::Beneath(target, path.clone())));
            }
        }
        // Of a cache that cannot be read, the rest may serve.
        for record in self.cache.records(hash).map(|known| known.records).unwrap_or_default() {
            places.extend(match record.origin {
                Origin::File(path) | Origin::Program { path, .. } => Some(Place::Named(path)),
                Origin::Url(url) => Some(Place::Address(String::new(), url)),
                Origin::Provider { name, url } => Some(Place::Address(name, url)),
                Origin::Upload => None,
            });
        }
        places.extend(self.catalog.addresses_of(hash)?.into_iter().map(|(name, url)| Place::Address(name, url)));
        places.retain(|place| !matches!(place, Place::Address(_, url) if !is_of_the_web(url) && !is_local(place)));
        places.iter_mut().for_each(|place| self.name_nobody(place));
        let mut seen = Vec::new();
        places.retain(|place| {
            let is_new = !seen.contains(place);
            seen.push(place.clone());
            is_new
        });
        Ok(places)
    }

    /// An address whose provider there is not is asked as it is: whoever told of it, it is the same one, and asked once.
    fn name_nobody(&self, place: &mut Place) {
        if let Place::Address(name, url) = place
            && is_of_the_web(url)
            && !self.request.providers.iter().any(|known| known.name() == name.as_str())
        {
            name.clear();
        }
    }

    fn own(&self, hash: &ContentHash, byte_count: u64) -> Result<Vec<Place>, PhaseError> {
        let entries = self.recycle.entries()?;
        let of_size = entries.iter().filter(|entry| entry.byte_count == byte_count);
        let mut places: Vec<Place> = of_size.map(|entry| Place::Own(self.recycle.data_path(entry))).collect();
        let name = hash.to_string();
        places.extend(self.findings.iter().filter_map(|finding| match &finding.subject {
            Subject::Stray(path) => {
                let is_named = path.name().is_some_and(|last| last.as_bytes().starts_with(name.as_bytes()));
                is_named.then(|| Place::Own(self.cache.root().join(path.as_path())))
            }
            _ => None,
        }));
        Ok(places)
    }

    /// Opens what is there. `None` when nothing is, or it has another size.
    pub(super) fn open(&self, place: &Place, byte_count: u64) -> Result<Option<Box<dyn Read>>, PhaseError> {
        let file = match place {
            Place::Own(path) | Place::Named(path) => open_regular(path).ok(),
            Place::Beneath(root, path) => self.open_beneath(root, path),
            Place::Address(provider, url) => return self.download(provider, url),
        };
        let file = file.filter(|file| file.metadata().is_ok_and(|found| found.len() == byte_count));
        Ok(file.map(|file| Box::new(file) as Box<dyn Read>))
    }

    /// Trees of libraries are reached beneath whatever is mounted over them.
    fn open_beneath(&self, root: &Path, path: &RelPath) -> Option<File> {
        let tree = self.request.trees.iter().find(|tree| tree.library.path == root);
        match tree {
            Some(tree) => tree.source.as_ref().ok()?.open_file(path).ok(),
            None => Source::open(root).ok()?.open_file(path).ok(),
        }
    }

    fn download(&self, provider: &str, url: &str) -> Result<Option<Box<dyn Read>>, PhaseError> {
        let (surroundings, limits) = (self.request.surroundings, self.request.limits);
        let bytes = match self.request.providers.iter().find(|known| known.name() == provider) {
            Some(provider) => runtime()?.block_on(download(provider.as_ref(), url, limits)),
            None if surroundings.network.offline || !is_of_the_web(url) => return Ok(None),
            None => runtime()?.block_on(typed_picture(url, surroundings, limits.file_bytes)).map_err(Into::into),
        };
        match bytes {
            Ok(bytes) => Ok(Some(Box::new(Cursor::new(bytes)))),
            Err(error) => {
                tracing::info!(%error, url, "a picture cannot be had again from there");
                Ok(None)
            }
        }
    }
}

fn is_of_the_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// Addresses of the provider of local folders are paths, which it alone understands.
fn is_local(place: &Place) -> bool {
    matches!(place, Place::Address(provider, _) if provider == "local")
}
