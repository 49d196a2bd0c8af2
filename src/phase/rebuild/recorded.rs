//! What the provenance of each picture tells, for all that the journal does not tell of.
//!
//! The journal knows what is selected. Of an item that it does not know (the cache is of an older posterfs, or the journal
//! was lost, too) the newest record of each image type holds.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;

use crate::cache::{Origin, ProvenanceRecord};
use crate::catalog::{ItemToPutBack, PROGRAM_PROVIDER, USER_PROVIDER};
use crate::model::{
    ContentHash, EntityType, ImageType, JournalChoice, JournalEntity, JournalId, JournalItem, JournalLock, Layout,
    LibraryId, LockOrigin, RelPath, UnixSeconds, show_bytes, sort_title,
};

use super::{BATCH, PhaseError, Rebuild};

/// Where an item is.
type Key = (LibraryId, EntityType, RelPath);

/// What the records of one item say.
struct Recorded {
    newest: ProvenanceRecord,
    /// The newest record of each image type, and the picture it is of.
    types: BTreeMap<ImageType, (ProvenanceRecord, ContentHash)>,
}

impl Rebuild<'_> {
    /// Takes in what is recorded of each picture.
    pub(super) fn put_records_back(&mut self) -> Result<(), PhaseError> {
        let hashes: Vec<ContentHash> = self.pictures.hashes().into_iter().copied().collect();
        let mut items: BTreeMap<Key, Recorded> = BTreeMap::new();
        for hash in hashes {
            let records = self.request.cache.records(&hash)?;
            self.report.unreadable += records.unreadable;
            for record in records.current() {
                self.take_in(&hash, record, &mut items)?;
            }
        }
        let items: Vec<ItemToPutBack> =
            items.into_iter().map(|((library, ..), item)| ItemToPutBack { library, item: item.as_told() }).collect();
        items.chunks(BATCH).try_for_each(|batch| self.put(batch))
    }

    fn take_in(
        &mut self,
        hash: &ContentHash,
        record: &ProvenanceRecord,
        items: &mut BTreeMap<Key, Recorded>,
    ) -> Result<(), PhaseError> {
        let Some(library) = self.library_named(&record.library) else {
            *self.report.without_library.entry(record.library.clone()).or_default() += 1;
            return Ok(());
        };
        self.named.insert(*hash);
        let known = self.catalog.same_entity(library, &entity(record))?.filter(|id| self.told.contains(id));
        if let Some(id) = known {
            // What is selected is told by the journal; this is one that could be chosen.
            if let Some(mut picture) = self.pictures.cache_file(hash, record.time) {
                let source = Source::of(record, hash);
                (picture.entity, picture.image_type) = (id, record.image_type);
                (picture.source, picture.source_url) = (source.word.to_owned(), source.url);
                picture.provider = source.provider_of_picture;
                picture.author = Some(record.author.clone());
                self.catalog.put_picture_back(&picture, source.brought_by)?;
            }
            return Ok(());
        }
        let key = (library, record.entity_type, record.path.clone());
        let recorded = items.entry(key).or_insert_with(|| Recorded { newest: record.clone(), types: BTreeMap::new() });
        recorded.add(record, hash);
        Ok(())
    }
}

impl Recorded {
    fn add(&mut self, record: &ProvenanceRecord, hash: &ContentHash) {
        if record.time > self.newest.time {
            self.newest = record.clone();
        }
        let rank = |record: &ProvenanceRecord| (record.time, record.selected);
        match self.types.get(&record.image_type) {
            Some((known, _)) if rank(known) >= rank(record) => {}
            _ => drop(self.types.insert(record.image_type, (record.clone(), *hash))),
        }
    }

    fn as_told(&self) -> JournalItem {
        let holding = || self.types.values();
        JournalItem {
            library: 0,
            entity: entity(&self.newest),
            monitored: true,
            selected: holding()
                .filter(|(record, _)| record.selected)
                .map(|(record, hash)| choice(record, hash))
                .collect(),
            blocked: Vec::new(),
            locks: holding().filter(|(record, _)| record.locked).map(|(record, _)| lock(record)).collect(),
            fields: Vec::new(),
            withheld: Vec::new(),
        }
    }
}

fn lock(record: &ProvenanceRecord) -> JournalLock {
    let (field, at) = (record.image_type.to_string(), record.time.get());
    JournalLock { field, locked: true, origin: LockOrigin::Manual, at }
}

fn choice(record: &ProvenanceRecord, hash: &ContentHash) -> JournalChoice {
    let source = Source::of(record, hash);
    JournalChoice {
        image_type: record.image_type,
        sha256: *hash,
        extension: String::new(),
        provider: source.provider,
        key: source.key,
        url: source.url.clone(),
        at: Some(record.time.get()),
        by_hand: record.locked,
        source: source.word.to_owned(),
        source_url: source.url,
        author: Some(record.author.clone()),
    }
}

/// Where a picture came from, in the words of the catalog.
struct Source {
    word: &'static str,
    provider: String,
    provider_of_picture: Option<String>,
    key: String,
    url: Option<String>,
    /// Whose candidate it is, where that is a person's or program's.
    brought_by: Option<&'static str>,
}

impl Source {
    fn of(record: &ProvenanceRecord, hash: &ContentHash) -> Self {
        let file = |path: &std::path::Path| Some(format!("file://{}", show_bytes(path.as_os_str().as_bytes())));
        let brought = |word, url, by: &'static str| Self {
            word,
            provider: by.to_owned(),
            provider_of_picture: None,
            key: hash.to_string(),
            url,
            brought_by: Some(by),
        };
        match &record.origin {
            Origin::File(path) => brought("file", file(path), USER_PROVIDER),
            Origin::Url(url) => brought("url", Some(url.clone()), USER_PROVIDER),
            Origin::Upload => brought("upload", None, USER_PROVIDER),
            // What a program wrote and a person's word made the choice is the person's.
            Origin::Program { path, .. } if record.selected => brought("program", file(path), USER_PROVIDER),
            Origin::Program { path, .. } => brought("program", file(path), PROGRAM_PROVIDER),
            Origin::Provider { name, url } => Self {
                word: "provider",
                provider: name.clone(),
                provider_of_picture: Some(name.clone()),
                // Its own name of it is not recorded: the provider tells it again.
                key: url.clone(),
                url: Some(url.clone()),
                brought_by: None,
            },
        }
    }
}

/// The entity as far as a record tells: a scan will tell the rest.
fn entity(record: &ProvenanceRecord) -> JournalEntity {
    let is_below_series = record.season.is_some();
    let own_ids = if is_below_series { Vec::new() } else { ids(record) };
    JournalEntity {
        id: 0,
        entity_type: record.entity_type,
        path: record.path.clone(),
        folder: record.path.clone(),
        video: None,
        layout: Layout::Own,
        title: record.title.clone(),
        sort_title: sort_title(&record.title),
        year: record.year,
        season: record.season,
        episode: record.episode,
        last_episode: None,
        added_at: record.time.get(),
        ids: own_ids,
        parent: (record.entity_type == EntityType::Season).then(|| series(record)).flatten().map(Box::new),
    }
}

/// A season lies in the folder of its series, and is known by it.
fn series(record: &ProvenanceRecord) -> Option<JournalEntity> {
    let path = record.path.parent()?;
    let of_series = ProvenanceRecord {
        entity_type: EntityType::Series,
        season: None,
        episode: None,
        path,
        time: UnixSeconds::new(record.time.get()),
        ..record.clone()
    };
    Some(entity(&of_series))
}

fn ids(record: &ProvenanceRecord) -> Vec<JournalId> {
    let id = |(provider, value): &(crate::model::Provider, String)| JournalId {
        provider: provider.to_string(),
        value: value.clone(),
        source: "scan".to_owned(),
    };
    record.ids.iter().map(id).collect()
}
