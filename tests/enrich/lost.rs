//! Pictures that the cache has lost: asked for again where they came from, and else exchanged for the next candidate, but
//! never where a person has locked the choice.

use std::fs;
use std::sync::Arc;

use posterfs::cache::Limits;
use posterfs::catalog::{LockChange, PublishMode, Scope, Stamp};
use posterfs::library::Source;
use posterfs::model::{Clock, EntityId, UnixSeconds};
use posterfs::phase::{
    DocumentSources, Finding, Flaw, LibraryTree, NoProgress, RepairRequest, Repaired, VerifyRequest, publish, repair,
    verify,
};
use posterfs::provider::{Surroundings, providers};
use posterfs::recycle::Recycle;

use crate::server::Given;
use crate::shelf::Tmdb;
use crate::world::World;

/// A film with two posters on offer, of which the better one is chosen and shown; its file is lost.
fn bereaved(tmdb: &Tmdb) -> (World, EntityId) {
    tmdb.film(1, "Heat", 1999);
    tmdb.offer(1, "posters", "/best.jpg", Some("en"), 90, 2);
    tmdb.offer(1, "posters", "/next.jpg", Some("en"), 1, 1);
    let mut world = World::new(&tmdb.server.url());
    fs::create_dir_all(world.library.path.join("Heat")).unwrap();
    let film = world.film("Heat", Some(1));
    world.enrich();
    let stamp = stamp(&world);
    publish(&mut world.catalog, Scope::All, PublishMode::Apply, &stamp).unwrap();
    let hash = world.hash(film, "poster").unwrap();
    fs::remove_file(world.cache.file_path(&hash, "jpg")).unwrap();
    (world, film)
}

fn stamp(world: &World) -> Stamp {
    Stamp { author: "tester".into(), reason: "a test".into(), now: world.clock.now() }
}

fn look(world: &mut World) -> Vec<Finding> {
    let source = Source::open(&world.library.path).map_err(|error| error.to_string());
    let trees = [LibraryTree { library: world.library.clone(), source }];
    let now = UnixSeconds::new(4_000_000_000);
    let request = VerifyRequest { trees: &trees, is_everything: true, is_deep: true, since: None, rate: None, now };
    let mut found = Vec::new();
    verify(&mut world.catalog, &world.cache, &request, &NoProgress, &mut |finding| found.push(finding)).unwrap();
    found
}

fn mend(world: &mut World, findings: &[Finding], is_dry_run: bool) -> Vec<Repaired> {
    let surroundings = Surroundings {
        network: world.config.network.clone(),
        replies: None,
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        ask_again: false,
        traffic: Default::default(),
    };
    let providers = providers(&world.config.provider, &surroundings).unwrap();
    let (cache, recycle) = (Arc::clone(&world.cache), Recycle::open(&world.folder.path().join("recycle")).unwrap());
    let request = RepairRequest {
        trees: &[],
        providers: &providers,
        surroundings: &surroundings,
        limits: &Limits::default(),
        documents: &DocumentSources { cache: &cache, libraries: Vec::new(), progress: &NoProgress },
        stamp: &stamp(world),
        is_dry_run,
    };
    let mut outcomes = Vec::new();
    let done = &mut |_: &Finding, repaired: &Repaired| outcomes.push(repaired.clone());
    repair(&mut world.catalog, &cache, &recycle, findings, &request, &NoProgress, done).unwrap();
    outcomes
}

#[test]
fn what_the_provider_still_has_is_asked_for_again() {
    let tmdb = Tmdb::start();
    let (mut world, film) = bereaved(&tmdb);
    let chosen = world.selected(film);
    let findings = look(&mut world);
    assert_eq!(findings.iter().map(|finding| finding.flaw).collect::<Vec<_>>(), [Flaw::Missing]);
    tmdb.server.forget();
    assert!(matches!(&mend(&mut world, &findings, true)[..], [Repaired::Would(how)] if how.contains("best.jpg")));
    assert!(tmdb.downloaded().is_empty(), "a dry run asks nobody");
    assert!(matches!(&mend(&mut world, &findings, false)[..], [Repaired::Repaired(how)] if how.contains("best.jpg")));
    assert_eq!(world.selected(film), chosen);
    assert!(look(&mut world).is_empty());
}

#[test]
fn where_the_provider_has_another_picture_now_the_next_candidate_is_chosen_and_shown() {
    let tmdb = Tmdb::start();
    let (mut world, film) = bereaved(&tmdb);
    let lost = world.hash(film, "poster").unwrap();
    tmdb.change(|shelf| {
        let next = shelf.pictures["/next.jpg"].clone();
        shelf.pictures.insert("/best.jpg".to_owned(), next);
    });
    let findings = look(&mut world);
    let outcomes = mend(&mut world, &findings, false);
    assert!(matches!(&outcomes[..], [Repaired::Repaired(how)] if how.contains("nobody has")), "{outcomes:?}");
    assert_eq!(world.selected(film)["poster"], "/next.jpg");
    let shown = world.catalog.mappings_of(film).unwrap();
    assert!(!shown.is_empty() && shown.iter().all(|mapping| mapping.hash != lost), "it is shown at once");
    assert!(look(&mut world).is_empty());
}

/// Rule 3: a manual choice always wins.
#[test]
fn what_is_locked_is_never_exchanged() {
    let tmdb = Tmdb::start();
    let (mut world, film) = bereaved(&tmdb);
    let now = world.clock.now();
    let poster = ["poster".parse().unwrap()];
    world.catalog.change_locks(film, &poster, LockChange::Lock, PublishMode::Apply, now).unwrap();
    tmdb.change(|shelf| {
        shelf.pictures.insert("/best.jpg".to_owned(), Given::status(404));
    });
    let before = (world.selected(film), world.catalog.mappings_of(film).unwrap());
    let findings = look(&mut world);
    let outcomes = mend(&mut world, &findings, false);
    assert!(matches!(&outcomes[..], [Repaired::Left(why)] if why.contains("locked")), "{outcomes:?}");
    assert_eq!((world.selected(film), world.catalog.mappings_of(film).unwrap()), before);
}
