//! A library of films and everything that enriching it takes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use posterfs::cache::{Cache, Limits};
use posterfs::catalog::{Candidate, Catalog, EnrichScope, Library, NewLibrary, ScannedItem, ScannedParent};
use posterfs::config::{Config, Secret};
use posterfs::model::{
    Clock, ContentHash, EntityId, EntityType, ImageType, LibraryKind, Provider, RelPath, UnixSeconds,
};
use posterfs::phase::{EnrichReport, EnrichRequest, NoProgress, enrich};
use posterfs::provider::{Replies, Surroundings, providers};
use tempfile::TempDir;

/// A clock that stands still until it is moved.
#[derive(Default)]
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(1_700_000_000 + self.0.load(Ordering::SeqCst))
    }
}

pub struct World {
    pub folder: TempDir,
    pub catalog: Catalog,
    pub cache: Arc<Cache>,
    pub library: Library,
    pub config: Config,
    pub clock: Arc<TestClock>,
}

impl World {
    /// An empty library of films; all providers ask that address.
    pub fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let media = folder.path().canonicalize().unwrap().join("media");
        std::fs::create_dir_all(&state).unwrap();
        std::fs::create_dir_all(&media).unwrap();
        let mut catalog = Catalog::open(&state.join("posterfs.db")).unwrap();
        let new = NewLibrary { name: "films".into(), path: media, kind: LibraryKind::Movies, naming: "default".into() };
        let library = catalog.add_library(&new, UnixSeconds::new(0)).unwrap();
        let cache = Arc::new(Cache::open(&state.join("cache")).unwrap());
        Self { folder, catalog, cache, library, config: config(url), clock: Arc::default() }
    }

    /// A film, known to TMDB by that number where one is given.
    pub fn film(&mut self, title: &str, tmdb: Option<u64>) -> EntityId {
        let ids = tmdb.map(|id| (Provider::parse("tmdb").unwrap(), id.to_string()));
        let item = item(&self.library, EntityType::Movie, title);
        self.record(ScannedItem { ids: ids.into_iter().collect(), ..item })
    }

    pub fn record(&mut self, item: ScannedItem) -> EntityId {
        self.catalog.record(&[item], UnixSeconds::new(1)).unwrap()[0].id
    }

    /// An entity as what belongs to it names it.
    pub fn parent(&self, id: EntityId) -> ScannedParent {
        let entity = self.catalog.entity(id).unwrap().unwrap();
        let path = match entity.entity_type {
            EntityType::Season => self.catalog.entity(entity.parent.unwrap()).unwrap().unwrap().path,
            _ => entity.path,
        };
        ScannedParent { entity_type: entity.entity_type, path, season: entity.season }
    }

    /// Enriches everything that is due.
    pub fn enrich(&mut self) -> EnrichReport {
        let now = self.clock.now();
        self.enrich_scope(EnrichScope::Due(now), false)
    }

    /// Enriches everything, due or not.
    pub fn enrich_all(&mut self) -> EnrichReport {
        self.enrich_scope(EnrichScope::All, false)
    }

    pub fn enrich_scope(&mut self, scope: EnrichScope, is_dry_run: bool) -> EnrichReport {
        let surroundings = Surroundings {
            network: self.config.network.clone(),
            replies: Some(Replies::in_folder(&self.folder.path().join("state/replies"))),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ask_again: false,
            traffic: Default::default(),
        };
        let request = EnrichRequest {
            scope,
            providers: providers(&self.config.provider, &surroundings).unwrap(),
            config: &self.config,
            limits: Limits { file_bytes: 1 << 20, pixels: 1_000_000, ..Limits::default() },
            replies: surroundings.replies.clone(),
            at_once: 4,
            is_dry_run,
        };
        enrich(&mut self.catalog, &self.cache, &request, &surroundings.clock, &NoProgress).unwrap()
    }

    pub fn days_later(&self, days: i64) {
        self.clock.0.fetch_add(days * 86_400, Ordering::SeqCst);
    }

    /// The candidates of a film by the provider's name of them.
    pub fn candidates(&self, film: EntityId) -> BTreeMap<String, Candidate> {
        let all = self.catalog.candidates_of(film, None).unwrap();
        all.into_iter().map(|candidate| (candidate.provider_key.clone(), candidate)).collect()
    }

    /// What is selected: image type → the provider's name of it.
    pub fn selected(&self, film: EntityId) -> BTreeMap<String, String> {
        let all = self.catalog.candidates_of(film, None).unwrap().into_iter();
        all.filter(|one| one.is_selected).map(|one| (one.image_type.to_string(), one.provider_key)).collect()
    }

    /// The hash of what is selected.
    pub fn hash(&self, film: EntityId, image_type: &str) -> Option<ContentHash> {
        let image_type: ImageType = image_type.parse().unwrap();
        let all = self.catalog.selections_of(film).unwrap();
        all.into_iter().find(|row| row.picture.image_type == image_type).map(|row| row.picture.hash)
    }
}

/// An item of that type in a folder of its title.
pub fn item(library: &Library, entity_type: EntityType, title: &str) -> ScannedItem {
    let path = RelPath::parse(title.as_bytes()).unwrap();
    ScannedItem { year: Some(1999), ..ScannedItem::new(library.id, entity_type, title, path) }
}

/// Only TMDB, at that address, without waiting.
pub fn config(url: &str) -> Config {
    let mut config = Config::default();
    let provider = &mut config.provider;
    provider.tmdb.key = Secret::from("key".to_owned());
    provider.tmdb.base_url = format!("{url}/3");
    provider.tmdb.image_base_url = format!("{url}/t/p");
    provider.tmdb.requests_per_second = 1000.0;
    provider.musicbrainz.enabled = false;
    provider.coverart.enabled = false;
    provider.nfo.hosts = vec![url.to_owned()];
    config.network.wait = 0.01;
    config.network.budget = 5.0;
    config.network.silence = 1.0;
    config
}
