//! Small copies of candidates, for people who choose: from the cache where the picture is there, else from who offers it.
//!
//! Nothing is kept of it. A few pictures are under way at once, each within the limits of the cache; what stays in memory
//! is the small copies. That a picture cannot be had is told in its place, and fails nothing.

use std::io::Read;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;

use crate::cache::{Cache, Limits, Thumbnail, thumbnail};
use crate::catalog::{CacheFile, Candidate, Catalog};
use crate::provider::ArtworkProvider;

use super::runtime::runtime;
use super::{PhaseError, Progress};

/// How many pictures are under way at once; the providers' own limits hold besides.
const AT_ONCE: usize = 4;

/// How candidates are looked at.
pub struct Look<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// Who is asked for pictures that are not there.
    pub providers: &'a [Arc<dyn ArtworkProvider>],
    /// What a picture may cost.
    pub limits: &'a Limits,
    /// The longest side of a small copy, in pixels.
    pub side: u32,
}

/// A small copy, or why there is none.
pub type Seen = Result<Thumbnail, String>;

impl Look<'_> {
    /// Looks at candidates of one item; the answers are in their order.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn at(
        &self,
        catalog: &Catalog,
        candidates: &[Candidate],
        progress: &dyn Progress,
    ) -> Result<Vec<Seen>, PhaseError> {
        let mut sources = Vec::new();
        for candidate in candidates {
            let cached = catalog.cached_candidates_of(candidate.entity)?;
            let own = cached.into_iter().find(|(id, _)| *id == candidate.id).map(|(_, file)| file);
            let had = match (own, &candidate.url) {
                (None, Some(url)) => catalog.cache_file_by_url(url)?,
                (own, _) => own,
            };
            sources.push((candidate, had));
        }
        progress.start(Some(sources.len() as u64));
        let seen = runtime()?.block_on(
            stream::iter(sources)
                .map(|(candidate, had)| self.one(candidate, had))
                .buffered(AT_ONCE)
                .inspect(|_| progress.advance(1))
                .collect(),
        );
        progress.finish();
        Ok(seen)
    }

    async fn one(&self, candidate: &Candidate, had: Option<CacheFile>) -> Seen {
        // What the cache cannot give may still be had from where it came.
        if let Some(bytes) = had.and_then(|file| self.cached(&file).ok()) {
            return thumbnail(&bytes, self.limits, self.side).map_err(|refusal| format!("it {refusal}"));
        }
        let name = candidate.provider.as_str();
        let Some(url) = &candidate.url else { return Err("it has no address, and is not in the cache".to_owned()) };
        let Some(provider) = self.providers.iter().find(|provider| provider.name() == name) else {
            return Err(format!("{name} is not enabled, or has no key"));
        };
        if let Some(preview) = provider.preview_url(url)
            && let Ok(bytes) = provider.picture(&preview, self.limits.file_bytes).await
            && let Ok(small) = thumbnail(&bytes, self.limits, self.side)
        {
            return Ok(small);
        }
        let bytes = provider.picture(url, self.limits.file_bytes).await.map_err(|error| error.to_string())?;
        thumbnail(&bytes, self.limits, self.side).map_err(|refusal| format!("it {refusal}"))
    }

    fn cached(&self, file: &CacheFile) -> Result<Vec<u8>, String> {
        let format =
            file.picture.extension.parse().map_err(|error: crate::cache::StoredFormatError| error.to_string())?;
        let opened = self.cache.open_file(&file.picture.hash, format).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        opened.take(self.limits.file_bytes + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}
