//! Providers that ask a server on this machine, and subjects to ask about.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use posterfs::config::{NetworkSettings, ProviderSettings, Secret};
use posterfs::model::{Clock, EntityType, Provider, UnixSeconds};
use posterfs::provider::{ArtworkProvider, Place, Replies, Subject, Surroundings, Traffic, providers};

use crate::server::{Asked, Given, Server};

/// The key that every provider is given; it must never be seen anywhere.
pub const KEY: &str = "k3y-that-must-not-be-seen";

pub const ARTIST: &str = "a0000000-0000-4000-8000-000000000001";
pub const ALBUM: &str = "b0000000-0000-4000-8000-000000000002";

/// A clock that stands still until it is moved.
#[derive(Default)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(1_700_000_000 + self.0.load(Ordering::SeqCst))
    }
}

/// What surrounds a provider in tests: short waits, and a folder for replies.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub clock: Arc<TestClock>,
    pub network: NetworkSettings,
    pub ask_again: bool,
}

impl Bench {
    pub fn new() -> Self {
        let network = NetworkSettings { budget: 5.0, silence: 0.4, wait: 0.01, ..NetworkSettings::default() };
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::default(), network, ask_again: false }
    }

    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            network: self.network.clone(),
            replies: Some(Replies::in_folder(&self.folder.path().join("replies"))),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ask_again: self.ask_again,
            traffic: Traffic::default(),
        }
    }

    /// The provider of that name, asking that server.
    pub fn provider(&self, name: &str, server: &Server) -> Arc<dyn ArtworkProvider> {
        let mut settings = settings(&server.url());
        // Each provider reads the trusted certificates of the system, which takes its time without optimisation.
        settings.tmdb.enabled = name == "tmdb";
        settings.tvdb.enabled = name == "tvdb";
        settings.fanarttv.enabled = name == "fanarttv";
        settings.musicbrainz.enabled = name == "musicbrainz";
        settings.coverart.enabled = name == "coverart";
        settings.nfo.enabled = name == "nfo";
        let all = providers(&settings, &self.surroundings()).unwrap();
        all.into_iter().find(|provider| provider.name() == name).unwrap()
    }
}

/// Settings by which every provider asks that address, as fast as it likes.
pub fn settings(url: &str) -> ProviderSettings {
    let mut settings = ProviderSettings::default();
    let key = || Secret::from(KEY.to_owned());
    settings.tmdb.key = key();
    settings.tmdb.base_url = format!("{url}/3");
    settings.tmdb.image_base_url = format!("{url}/t/p");
    settings.tvdb.key = key();
    settings.tvdb.pin = key();
    settings.tvdb.base_url = format!("{url}/v4");
    settings.tvdb.image_base_url = url.to_owned();
    settings.fanarttv.key = key();
    settings.fanarttv.client_key = key();
    settings.fanarttv.base_url = format!("{url}/v3");
    settings.musicbrainz.base_url = format!("{url}/ws/2");
    settings.coverart.base_url = format!("{url}/caa");
    settings.nfo.hosts = vec![url.to_owned()];
    for rate in [
        &mut settings.tmdb.requests_per_second,
        &mut settings.tvdb.requests_per_second,
        &mut settings.fanarttv.requests_per_second,
        &mut settings.musicbrainz.requests_per_second,
        &mut settings.coverart.requests_per_second,
    ] {
        *rate = 1000.0;
    }
    settings
}

/// A fixture, with the server's address where it has `{BASE}`.
pub fn fixture(name: &str, base: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/providers/fixtures").join(name);
    std::fs::read_to_string(path).unwrap().replace("{BASE}", base).into_bytes()
}

/// What a well-behaved server answers, whoever asks.
pub fn well_behaved(asked: &Asked) -> Given {
    let base = format!("http://{}", asked.headers["host"]);
    match fixture_for(asked) {
        Some(name) => Given::body(fixture(name, &base)).with("content-type", "application/json"),
        None => Given::status(404),
    }
}

fn fixture_for(asked: &Asked) -> Option<&'static str> {
    Some(match asked.path.as_str() {
        "/3/movie/9901" => "tmdb_movie.json",
        "/3/tv/9902" => "tmdb_tv.json",
        "/3/tv/9902/season/1" => "tmdb_season.json",
        "/3/tv/9902/season/1/episode/2" => "tmdb_episode.json",
        "/3/person/77001" => "tmdb_person.json",
        "/3/collection/86000" => "tmdb_collection.json",
        "/3/search/movie" => "tmdb_search_movie.json",
        "/3/find/tt9900001" => "tmdb_find.json",
        "/v4/login" => "tvdb_login.json",
        "/v4/people/55501/extended" => "tvdb_person.json",
        "/v4/series/4242/extended" => "tvdb_series.json",
        "/v4/movies/31/extended" => "tvdb_movie.json",
        "/v4/search" => "tvdb_search.json",
        "/v4/search/remoteid/tt9900002" => "tvdb_remote.json",
        "/v4/series/4242/episodes/default" => "tvdb_episodes.json",
        "/v3/movies/9901" => "fanarttv_movie.json",
        "/v3/tv/4242" => "fanarttv_tv.json",
        "/v3/music/a0000000-0000-4000-8000-000000000001" => "fanarttv_artist.json",
        "/v3/music/albums/b0000000-0000-4000-8000-000000000002" => "fanarttv_album.json",
        "/ws/2/artist" => "musicbrainz_artists.json",
        "/ws/2/release-group" => "musicbrainz_albums.json",
        "/ws/2/artist/a0000000-0000-4000-8000-000000000001" => "musicbrainz_artist.json",
        "/ws/2/release-group/b0000000-0000-4000-8000-000000000002" => "musicbrainz_album.json",
        "/caa/release-group/b0000000-0000-4000-8000-000000000002" => "coverart.json",
        _ => return None,
    })
}

pub fn subject(entity_type: EntityType, ids: &[(&str, &str)]) -> Subject {
    let ids = ids.iter().map(|(provider, value)| (Provider::parse(provider).unwrap(), (*value).to_owned()));
    Subject {
        entity_type,
        ids: ids.collect(),
        title: "The Lantern Keeper".into(),
        year: Some(1998),
        season: None,
        episode: None,
        artist: None,
        languages: vec!["en".parse().unwrap()],
        wants_original: false,
        place: Place::default(),
    }
}

/// Of each provider a subject that the well-behaved server knows.
pub fn samples() -> Vec<(&'static str, Subject)> {
    vec![
        ("tmdb", subject(EntityType::Movie, &[("tmdb", "9901")])),
        ("tvdb", subject(EntityType::Series, &[("tvdb", "4242")])),
        ("fanarttv", subject(EntityType::Movie, &[("tmdb", "9901")])),
        ("musicbrainz", subject(EntityType::Artist, &[("musicbrainz", ARTIST)])),
        ("coverart", subject(EntityType::Album, &[("musicbrainzreleasegroup", ALBUM)])),
    ]
}

/// Waits for what is asked.
pub fn wait<T>(asked: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(asked)
}
