//! Enriching a whole library. There are few films here, so that it runs with every build; what 100,000 take is measured
//! by raising [`FILMS`] and reading the times and the memory that `--nocapture` shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::cache::{Cache, Limits};
use crate::catalog::{Catalog, EnrichScope, NewLibrary, ScannedItem};
use crate::config::Config;
use crate::model::{Clock, EntityType, ImageKind, LibraryKind, RelPath, UnixSeconds};
use crate::provider::{Answer, ArtworkProvider, Asked, Identified, Offer, Person, ProviderError, Subject};

use super::super::NoProgress;
use super::{EnrichReport, EnrichRequest, enrich};

/// Films, of which nothing is known yet.
const FILMS: u64 = 200;
/// Pictures that they share, so that what is measured is not the disk.
const PICTURES: u64 = 10;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(1_700_000_000)
    }
}

/// Offers every film twenty posters and two actors; is down once it has answered so often.
struct Fake {
    answers_left: AtomicU64,
}

impl Fake {
    fn answered(&self, subject: &Subject) -> Result<Answer, ProviderError> {
        let take_one = |left: u64| left.checked_sub(1);
        if self.answers_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take_one).is_err() {
            return Err(ProviderError::Down { provider: "tmdb", reason: "it was told so".into() });
        }
        let number = subject.title.bytes().fold(0u64, |sum, byte| sum + u64::from(byte)) % PICTURES;
        let offer = |at: u64| Offer {
            kind: ImageKind::Poster,
            key: format!("{at}"),
            url: format!("https://example.org/{}.jpg", if at == 0 { number } else { 1000 + at }),
            width: Some(1000),
            height: Some(1500),
            language: "en".parse().ok(),
            vote_average: Some(9.0),
            vote_count: Some(if at == 0 { 100 } else { 0 }),
            season: None,
        };
        let actor =
            |at: u64| Person { name: format!("Actor {}", (number + at) % 50), role: "X".into(), ids: Vec::new() };
        let people = (0..2).map(actor).collect();
        Ok(Answer { offers: (0..20).map(offer).collect(), people, ..Answer::default() })
    }
}

impl ArtworkProvider for Fake {
    fn name(&self) -> &'static str {
        "tmdb"
    }

    fn kinds(&self, entity_type: EntityType) -> &'static [ImageKind] {
        if entity_type == EntityType::Movie { &[ImageKind::Poster] } else { &[] }
    }

    fn identify<'a>(&'a self, _subject: &'a Subject) -> Asked<'a, Identified> {
        Box::pin(async { Ok(Identified::NotAsked) })
    }

    fn answer<'a>(&'a self, subject: &'a Subject) -> Asked<'a, Answer> {
        Box::pin(async { self.answered(subject) })
    }

    fn picture<'a>(&'a self, url: &'a str, _bytes_max: u64) -> Asked<'a, Vec<u8>> {
        Box::pin(async move { Ok(drawn(url)) })
    }
}

/// A poster whose look depends on its address.
fn drawn(url: &str) -> Vec<u8> {
    let seed = url.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let pixel = |x: u32, y: u32| image::Rgb([seed ^ (x as u8).wrapping_mul(4), (y as u8).wrapping_mul(seed | 1), 90]);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(60, 90, pixel).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn filled(folder: &std::path::Path) -> Catalog {
    let mut catalog = Catalog::open(&folder.join("posterfs.db")).unwrap();
    let (name, path) = ("films".to_owned(), folder.join("media"));
    let new = NewLibrary { name, path, kind: LibraryKind::Movies, naming: "default".into() };
    let library = catalog.add_library(&new, UnixSeconds::new(0)).unwrap().id;
    let items: Vec<ScannedItem> = (0..FILMS)
        .map(|number| {
            let title = format!("Film {number}");
            let folder = RelPath::parse(title.as_bytes()).unwrap();
            ScannedItem { year: Some(1999), ..ScannedItem::new(library, EntityType::Movie, &title, folder) }
        })
        .collect();
    items.chunks(500).for_each(|items| drop(catalog.record(items, UnixSeconds::new(1)).unwrap()));
    catalog
}

/// A run over what is due; the provider answers so often.
fn run(catalog: &mut Catalog, cache: &Arc<Cache>, answers: u64) -> EnrichReport {
    let clock: Arc<dyn Clock> = Arc::new(Stopped);
    let provider: Arc<dyn ArtworkProvider> = Arc::new(Fake { answers_left: AtomicU64::new(answers) });
    let request = EnrichRequest {
        scope: EnrichScope::Due(clock.now()),
        providers: vec![provider],
        config: &Config::default(),
        limits: Limits::default(),
        replies: None,
        at_once: 16,
        is_dry_run: false,
    };
    let begun = Instant::now();
    let report = enrich(catalog, cache, &request, &clock, &NoProgress).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    println!("{} items, {} chosen: {:?}; {peak}", report.items, report.chosen, begun.elapsed());
    report
}

#[test]
fn a_large_library_is_gone_through_once_and_a_run_that_was_stopped_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut catalog = filled(folder.path());
    let cache = Arc::new(Cache::open(&folder.path().join("cache")).unwrap());
    let first = run(&mut catalog, &cache, FILMS / 2);
    assert_eq!((first.items, first.chosen, first.stopped.len()), (FILMS, FILMS / 2, 1));
    assert!(first.downloaded <= PICTURES * 16, "{} of {PICTURES} pictures were downloaded", first.downloaded);
    let second = run(&mut catalog, &cache, u64::MAX);
    assert_eq!((second.items, second.chosen), (FILMS / 2, FILMS / 2), "only what was not finished");
    assert_eq!(run(&mut catalog, &cache, u64::MAX).items, 0);
    assert_eq!(cache.usage().unwrap().files, PICTURES);
}
