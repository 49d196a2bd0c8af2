//! Files of the cache that the catalog does not know. Where their provenance tells what they were for, they become
//! candidates of that again; nothing is selected by this, and nothing shown changes. The rest goes to the recycle bin.

use std::io::Read;

use crate::cache::{Limits, ProvenanceRecord, Stored, probe};
use crate::catalog::{Entity, NewCacheFile};
use crate::model::{ContentHash, EntityType, RelPath};
use crate::phase::gc::recycle_picture;
use crate::phase::{Choice, PhaseError, new_cache_file};

use super::cached::hash_of;
use super::{Repaired, Repairs};

impl Repairs<'_> {
    pub(super) fn adopt(&mut self, hash: &ContentHash, extension: &str) -> Result<Repaired, PhaseError> {
        let Some(file) = self.cache.locate(hash, extension)? else {
            return Ok(Repaired::Left("it is gone by now".to_owned()));
        };
        if self.catalog.is_cached(hash, extension)? {
            return Ok(Repaired::Left("the catalog knows it by now".to_owned()));
        }
        let content = self.cache.open_content(hash, extension).ok();
        if content.and_then(|mut file| hash_of(&mut file)).is_none_or(|found| found != *hash) {
            if !self.is_dry_run() {
                self.quarantine(hash, extension)?;
            }
            return Ok(self.did("its bytes are not those of its name; moved to the recycle bin"));
        }
        let adopted = self.adopt_whole(hash, extension, file.byte_count)?;
        if !adopted.is_empty() {
            return Ok(self.did(format!("adopted as a candidate: {}", adopted.join(", "))));
        }
        if !self.is_dry_run() {
            let (why, now) = ("an orphan: nothing tells what it is for", self.request.stamp.now);
            recycle_picture(self.cache, self.recycle, (hash, &file), why, now)?;
        }
        Ok(self.did("nothing tells what it is for; moved to the recycle bin"))
    }

    /// What it is a candidate of now.
    fn adopt_whole(&mut self, hash: &ContentHash, extension: &str, bytes: u64) -> Result<Vec<String>, PhaseError> {
        let known = self.cache.records(hash)?;
        let mut adopted = Vec::new();
        for record in known.current() {
            let Some(entity) = self.entity_of(record)? else { continue };
            let Some(picture) = self.picture(hash, extension, bytes, record, &entity)? else { continue };
            if !self.is_dry_run() {
                self.catalog.offer_found(&picture, self.request.stamp.now)?;
            }
            adopted.push(format!("{} of {}", record.image_type, entity.title));
        }
        Ok(adopted)
    }

    /// All that the catalog is to know of it; `None` when it is no picture that the cache would take.
    fn picture(
        &self,
        hash: &ContentHash,
        extension: &str,
        byte_count: u64,
        record: &ProvenanceRecord,
        entity: &Entity,
    ) -> Result<Option<NewCacheFile>, PhaseError> {
        let limits: &Limits = self.request.limits;
        let mut bytes = Vec::new();
        let file = self.cache.open_content(hash, extension)?;
        if byte_count > limits.file_bytes || file.take(limits.file_bytes).read_to_end(&mut bytes).is_err() {
            return Ok(None);
        }
        let Ok(picture) = probe(&bytes, limits) else { return Ok(None) };
        let stored = Stored { hash: *hash, byte_count, picture, was_new: false };
        let choice = Choice {
            entity: entity.id,
            image_type: record.image_type,
            origin: record.origin.clone(),
            author: &record.author,
        };
        Ok(Some(new_cache_file(&stored, &choice, self.request.stamp.now)))
    }

    /// The entity that a record speaks of: by its path, or else, as it may have moved, by an id.
    fn entity_of(&self, record: &ProvenanceRecord) -> Result<Option<Entity>, PhaseError> {
        let libraries = self.catalog.libraries()?;
        let Some(library) = libraries.iter().find(|library| library.name == record.library) else { return Ok(None) };
        let is_it = |entity: &Entity| {
            entity.library == library.id
                && entity.entity_type == record.entity_type
                && (entity.season, entity.episode) == (record.season, record.episode)
        };
        let at_path = self.catalog.entities_at(library.id, &record.path)?;
        if let Some(entity) = at_path.into_iter().find(|entity| is_it(entity) && entity.path == record.path) {
            return Ok(Some(entity));
        }
        let is_child = matches!(record.entity_type, EntityType::Season | EntityType::Episode);
        for (provider, value) in record.ids.iter().filter(|_| !is_child) {
            let known = self.catalog.entities_by_external_id(provider, value)?;
            if let Some(entity) = known.into_iter().find(&is_it) {
                return Ok(Some(entity));
            }
        }
        Ok(None)
    }

    pub(super) fn recycle_stray(&self, path: &RelPath) -> Result<Repaired, PhaseError> {
        let Some(file) = self.cache.locate_at(path)? else {
            return Ok(Repaired::Left("it is gone by now".to_owned()));
        };
        if !self.is_dry_run() {
            self.bin(&file, "an orphan: the cache gives no such name")?;
        }
        Ok(self.did("moved to the recycle bin"))
    }
}
