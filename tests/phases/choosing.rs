//! Choosing for many, sharing, blocking, and sources that fail while they are read.

use std::fs;
use std::io::{self, Read};
use std::sync::Arc;

use posterfs::cache::{Cache, Limits, Origin};
use posterfs::catalog::{
    Candidate, Entity, LockChange, MetadataField, OfferedCandidate, ProviderAnswers, PublishMode, ScoredCandidate,
};
use posterfs::config::Config;
use posterfs::model::{CandidateId, ContentHash, EntityId, ImageKind, ImageType, SystemClock, UnixSeconds};
use posterfs::phase::{
    CandidateFilter, Choice, Choices, PhaseError, PictureRef, block, candidates_like, choose_for, deselect, select,
    select_file, selected_picture, unblock,
};
use posterfs::provider::{Surroundings, Traffic};

use crate::support::{World, png, stamp, write};

const HEAT: &[u8] = b"Heat (1995)/Heat.mkv";
const RONIN: &[u8] = b"Ronin (1998)/Ronin.mkv";

fn poster() -> ImageType {
    "poster".parse().unwrap()
}

fn choices(world: &World) -> Choices {
    let network = Config::default().network;
    Choices {
        cache: Arc::new(Cache::open(world.cache.root()).unwrap()),
        providers: Vec::new(),
        surroundings: Surroundings {
            network,
            replies: None,
            clock: Arc::new(SystemClock),
            ask_again: false,
            traffic: Traffic::default(),
        },
        limits: Limits::default(),
        author: "tester".into(),
        now: UnixSeconds::new(5),
    }
}

fn choose(world: &mut World, items: &[Entity], picture: &PictureRef) -> Result<Vec<(EntityId, bool)>, PhaseError> {
    let mut chosen = Vec::new();
    let choices = choices(world);
    choose_for(&mut world.catalog, &choices, items, poster(), picture, |_, item, picture| {
        chosen.push((item.id, picture.was_new));
        Ok(())
    })?;
    Ok(chosen)
}

fn hash(world: &World, item: &Entity) -> Option<ContentHash> {
    selected_picture(&world.catalog, item, poster()).unwrap().map(|file| file.picture.hash)
}

#[test]
fn one_picture_is_shared_by_many_and_remembers_where_it_came_from() {
    let mut world = World::with(&[HEAT, RONIN]);
    let items = [world.film(HEAT), world.film(RONIN)];
    let file = world.folder.path().join("shared.png");
    write(&file, &png(1));
    let chosen = choose(&mut world, &items, &PictureRef::File(file.clone())).unwrap();
    assert_eq!(chosen, [(items[0].id, true), (items[1].id, false)]);
    let shared = hash(&world, &items[0]).unwrap();
    assert_eq!(hash(&world, &items[1]), Some(shared));
    assert_eq!(world.cache.usage().unwrap().files, 1);
    let records = world.cache.records(&shared).unwrap();
    assert_eq!(records.current().len(), 2);
    let from_file = |origin: &Origin| matches!(origin, Origin::File(path) if path.ends_with("shared.png"));
    assert!(records.current().iter().all(|record| record.selected && record.locked && from_file(&record.origin)));
    for item in &items {
        assert!(world.catalog.guard_of(item.id).unwrap().is_locked("poster"));
    }

    world.choose(HEAT, "poster", 2);
    assert_eq!(hash(&world, &items[1]), Some(shared), "what was shared does not follow");
    choose(&mut world, &items[1..], &PictureRef::From(items[0].id)).unwrap();
    assert_eq!(hash(&world, &items[1]), hash(&world, &items[0]));
}

#[test]
fn what_is_not_selected_cannot_be_shared() {
    let mut world = World::with(&[HEAT, RONIN]);
    let items = [world.film(HEAT), world.film(RONIN)];
    let error = choose(&mut world, &items[..1], &PictureRef::From(items[1].id)).unwrap_err();
    assert!(matches!(error, PhaseError::NothingToShare { item, .. } if item == items[1].id), "{error:?}");
    assert!(hash(&world, &items[0]).is_none());
    assert!(world.catalog.locks_of(items[0].id).unwrap().is_empty());
}

/// A source that ends, fails or is deleted in the middle.
struct Failing<'a> {
    bytes: &'a [u8],
    then: Option<io::ErrorKind>,
}

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.bytes.is_empty(), self.then) {
            (true, Some(kind)) => Err(kind.into()),
            _ => self.bytes.read(&mut buffer[..16]),
        }
    }
}

#[test]
fn a_file_that_vanishes_while_it_is_read_changes_nothing() {
    let mut world = World::with(&[HEAT]);
    let film = world.film(HEAT);
    world.choose(HEAT, "poster", 1);
    let before = hash(&world, &film);
    let whole = png(2);
    for then in [None, Some(io::ErrorKind::StaleNetworkFileHandle), Some(io::ErrorKind::NotFound)] {
        let reader = Failing { bytes: &whole[..whole.len() / 2], then };
        let origin = Origin::File("/elsewhere/gone.png".into());
        let choice = Choice { entity: film.id, image_type: poster(), origin, author: "tester" };
        let (limits, now) = (Limits::default(), UnixSeconds::new(6));
        let error = select(&mut world.catalog, &world.cache, &choice, reader, &limits, now).unwrap_err();
        assert!(error.to_string().contains("/elsewhere/gone.png"), "{error}");
        assert_eq!((hash(&world, &film), world.cache.usage().unwrap().files), (before, 1), "{then:?}");
    }
    // Deleted but open: all of it is still there to be read.
    let path = world.folder.path().join("deleted.png");
    write(&path, &whole);
    let file = fs::File::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let choice = Choice { entity: film.id, image_type: poster(), origin: Origin::File(path.clone()), author: "tester" };
    select(&mut world.catalog, &world.cache, &choice, file, &Limits::default(), UnixSeconds::new(7)).unwrap();
    assert_ne!(hash(&world, &film), before);
    let choice = (film.id, poster());
    let (limits, now) = (Limits::default(), UnixSeconds::new(8));
    let error = select_file(&mut world.catalog, &world.cache, choice, &path, &limits, "tester", now).unwrap_err();
    assert!(matches!(error, PhaseError::File { .. }), "{error:?}");
}

#[test]
fn a_trial_of_deselecting_tells_what_would_end() {
    let mut world = World::with(&[HEAT]);
    let film = world.film(HEAT);
    world.choose(HEAT, "poster", 1);
    let shown = world.publish(10).published.added;
    let choice = [(film.id, poster())];
    let trial = deselect(&mut world.catalog, &world.cache, &choice, PublishMode::DryRun, &stamp(11)).unwrap();
    assert_eq!((trial.was_selected(), trial.published.removed, trial.published.generation), (true, shown, None));
    assert!(hash(&world, &film).is_some());
}

/// A film with three posters that a provider offers, all of them in the cache, the first one chosen and shown.
fn offered() -> (World, Entity, [CandidateId; 3]) {
    let mut world = World::with(&[HEAT]);
    let film = world.film(HEAT);
    let offers = [1, 2, 3].map(|number| OfferedCandidate {
        kind: ImageKind::Poster,
        provider_key: number.to_string(),
        url: format!("https://example.org/{number}.png"),
        width: None,
        height: None,
        language: None,
        vote_average: None,
        vote_count: None,
    });
    let rate = |candidates: &[Candidate], _: &[MetadataField]| {
        let score = |one: &Candidate| 90.0 - one.provider_key.parse::<f64>().unwrap();
        let scored = |one: &Candidate| ScoredCandidate { id: one.id, score: score(one), parts: "{}".to_owned() };
        candidates.iter().map(scored).collect()
    };
    let answers = ProviderAnswers {
        kinds: vec![ImageKind::Poster],
        offers: vec![("tmdb".into(), offers.into())],
        ..ProviderAnswers::default()
    };
    world.catalog.record_answers(film.id, &answers, &rate, UnixSeconds::new(2)).unwrap();
    let mut ids = world.catalog.candidates_of(film.id, None).unwrap();
    ids.sort_by(|one, other| one.provider_key.cmp(&other.provider_key));
    let ids = [0, 1, 2].map(|place| ids[place].id);
    for (place, id) in ids.iter().enumerate() {
        let stored = world.cache.put(&png(place as u8 + 1)[..], &"a test", &Limits::default()).unwrap();
        let origin = Origin::Provider { name: "tmdb".into(), url: format!("https://example.org/{}.png", place + 1) };
        let choice = Choice { entity: film.id, image_type: poster(), origin, author: "enrich" };
        let picture = posterfs::phase::new_cache_file(&stored, &choice, UnixSeconds::new(3));
        if place == 0 {
            world.catalog.choose(*id, &picture, UnixSeconds::new(3)).unwrap().unwrap();
        } else {
            world.catalog.note_cached(*id, &picture).unwrap();
        }
    }
    world.publish(10);
    (world, film, ids)
}

fn blocked(world: &mut World, id: CandidateId, mode: PublishMode) -> posterfs::phase::BlockReport {
    let cache = Arc::new(Cache::open(world.cache.root()).unwrap());
    block(&mut world.catalog, &cache, &[id], mode, &stamp(20)).unwrap().remove(0)
}

fn shown(world: &World, film: &Entity) -> Vec<ContentHash> {
    let mut hashes: Vec<_> = world.catalog.mappings_of(film.id).unwrap().into_iter().map(|one| one.hash).collect();
    hashes.dedup();
    hashes
}

/// "Blocking the shown picture (next best or none, as documented)."
#[test]
fn the_next_best_takes_the_place_of_what_is_blocked_until_there_is_none() {
    let (mut world, film, ids) = offered();
    let trial = blocked(&mut world, ids[0], PublishMode::DryRun);
    assert_eq!((trial.was_selected, trial.was_shown, trial.next, trial.generation), (true, true, Some(ids[1]), None));
    let first = shown(&world, &film);
    let report = blocked(&mut world, ids[0], PublishMode::Apply);
    assert_eq!((report.next, report.generation.map(|id| id.get())), (Some(ids[1]), Some(2)));
    let second = shown(&world, &film);
    assert!(second.len() == 1 && second != first, "in one generation, and nothing else is shown");
    let given_up = world.cache.records(&first[0]).unwrap();
    assert!(given_up.current().iter().all(|record| !record.selected));
    assert!(world.cache.records(&second[0]).unwrap().current()[0].selected);
    assert!(!world.catalog.guard_of(film.id).unwrap().is_locked("poster"), "nobody chose the next one by hand");
    assert_eq!(blocked(&mut world, ids[1], PublishMode::Apply).next, Some(ids[2]));
    assert_eq!(blocked(&mut world, ids[2], PublishMode::Apply).next, None);
    assert!(shown(&world, &film).is_empty() && hash(&world, &film).is_none());
    unblock(&mut world.catalog, ids[0], PublishMode::DryRun).unwrap();
    assert!(world.catalog.candidate(ids[0]).unwrap().is_blocked);
    assert!(!unblock(&mut world.catalog, ids[0], PublishMode::Apply).unwrap().blocked);
    assert!(!world.catalog.candidate(ids[0]).unwrap().is_blocked && hash(&world, &film).is_none());
}

/// None of several takes the place of another, and what all of them showed changes at once.
#[test]
fn several_are_blocked_in_one_generation() {
    let (mut world, film, ids) = offered();
    let (first, cache) = (shown(&world, &film), Arc::new(Cache::open(world.cache.root()).unwrap()));
    for mode in [PublishMode::DryRun, PublishMode::Apply] {
        let reports = block(&mut world.catalog, &cache, &ids[..2], mode, &stamp(20)).unwrap();
        assert_eq!(reports.iter().map(|report| report.next).collect::<Vec<_>>(), [Some(ids[2]), None]);
        assert_eq!(reports.iter().map(|report| report.was_shown).collect::<Vec<_>>(), [true, false]);
    }
    assert_eq!(world.catalog.history(None, 10).unwrap().len(), 2, "the publish, and this");
    assert!(shown(&world, &film).len() == 1 && shown(&world, &film) != first);
}

/// What was blocked and is still shown, as after a kill in between, is found again by the filters that found it.
#[test]
fn a_block_that_was_not_finished_is_finished_by_the_same_again() {
    let (mut world, film, ids) = offered();
    world.catalog.set_blocked(ids[0], true).unwrap();
    let filter = CandidateFilter {
        image_type: poster(),
        provider: None,
        language: None,
        only_selected: true,
        is_blocked: false,
    };
    let found = candidates_like(&world.catalog, std::slice::from_ref(&film), &filter).unwrap();
    assert_eq!(found, ids[..1]);
    assert!(blocked(&mut world, ids[0], PublishMode::Apply).generation.is_some());
    assert!(shown(&world, &film).is_empty());
    assert!(candidates_like(&world.catalog, &[film], &filter).unwrap().is_empty());
}

#[test]
fn where_the_type_is_locked_nothing_takes_the_place_of_what_is_blocked() {
    let (mut world, film, ids) = offered();
    let fields = ["poster".parse().unwrap()];
    let now = UnixSeconds::new(15);
    world.catalog.change_locks(film.id, &fields, LockChange::Lock, PublishMode::Apply, now).unwrap();
    let report = blocked(&mut world, ids[0], PublishMode::Apply);
    assert_eq!((report.was_shown, report.next), (true, None));
    assert!(shown(&world, &film).is_empty());
    world.publish(30);
    assert!(shown(&world, &film).is_empty());
}

#[test]
fn blocking_what_is_neither_chosen_nor_shown_changes_nothing_else() {
    let (mut world, film, ids) = offered();
    let before = shown(&world, &film);
    let report = blocked(&mut world, ids[2], PublishMode::Apply);
    assert_eq!((report.was_selected, report.was_shown, report.next, report.generation), (false, false, None, None));
    assert_eq!(shown(&world, &film), before);
    let cache = Arc::new(Cache::open(world.cache.root()).unwrap());
    let nobody = block(&mut world.catalog, &cache, &[CandidateId::new(99)], PublishMode::Apply, &stamp(21));
    assert!(nobody.unwrap_err().to_string().contains("posterfs candidates"));
}
