//! Players hear of what is shown differently since they were told last, and of nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use posterfs::catalog::{PublishMode, Retention, RollbackScope};
use posterfs::config::Secret;
use posterfs::model::{GenerationId, UnixSeconds};
use posterfs::phase::{News, NotifyReport, PlayerView, PlayerViews, notify};
use posterfs::player::{Access, PathMap, PlayerKind};

use crate::server::{Given, Server};
use crate::support::{World, stamp};

const HEAT: &[u8] = b"Heat (1995)/Heat.mkv";
const RAN: &[u8] = b"Ran (1985)/Ran.mkv";

/// A Jellyfin that knows nothing, so folders are named; and that may be off.
struct Jellyfin {
    server: Server,
    is_off: Arc<AtomicBool>,
}

impl Jellyfin {
    fn start() -> Self {
        let is_off = Arc::new(AtomicBool::new(false));
        let off = Arc::clone(&is_off);
        let server = Server::start(move |_| match off.load(Ordering::SeqCst) {
            true => Given::status(503),
            false => Given::body("{}"),
        });
        Self { server, is_off }
    }

    fn access(&self) -> Access {
        Access {
            kind: PlayerKind::Jellyfin,
            url: self.server.url().parse().unwrap(),
            key: Secret::from("k".to_owned()),
            user: String::new(),
            password: Secret::default(),
            paths: PathMap::default(),
            timeout: Duration::from_secs(10),
            retries: 0,
            wait: Duration::from_millis(1),
        }
    }

    fn hear(&self, world: &mut World, news: News<'_>) -> NotifyReport {
        // The library is seen elsewhere: through a view of the folder above it.
        let above = world.library.path.parent().unwrap().to_owned();
        let view = PlayerView { source: above, mountpoint: "/view".into(), profiles: Vec::new() };
        let views = PlayerViews::new(vec![view]);
        notify(&mut world.catalog, &self.access(), news, &views, false, UnixSeconds::new(50)).unwrap()
    }
}

fn abouts(report: &NotifyReport) -> Vec<&str> {
    assert_eq!(report.error, None);
    report.told.iter().map(|told| told.about.as_str()).collect()
}

#[test]
fn a_player_hears_of_each_change_once_and_of_none_from_before_its_time() {
    let jellyfin = Jellyfin::start();
    let mut world = World::with(&[HEAT, RAN]);
    world.choose(HEAT, "poster", 1);
    world.publish(10);
    assert!(abouts(&jellyfin.hear(&mut world, News::Since)).is_empty(), "it looks at what is there by itself");
    assert!(jellyfin.server.asked().is_empty());
    world.choose(RAN, "poster", 2);
    world.publish(11);
    assert_eq!(abouts(&jellyfin.hear(&mut world, News::Since)), ["/view/media/Ran (1985)"]);
    assert!(abouts(&jellyfin.hear(&mut world, News::Since)).is_empty());
    let heat = world.film(HEAT).id;
    world.catalog.unpublish(heat, None, &stamp(12)).unwrap();
    assert_eq!(abouts(&jellyfin.hear(&mut world, News::Since)), ["/view/media/Heat (1995)"]);
}

#[test]
fn one_that_was_off_hears_of_everything_later_and_of_nothing_that_was_taken_back() {
    let jellyfin = Jellyfin::start();
    let mut world = World::with(&[HEAT, RAN]);
    jellyfin.hear(&mut world, News::Since);
    jellyfin.is_off.store(true, Ordering::SeqCst);
    world.choose(HEAT, "poster", 1);
    world.publish(10);
    let report = jellyfin.hear(&mut world, News::Since);
    assert!(report.may_pass && report.told.is_empty() && report.generation.is_none(), "{report:?}");
    world.choose(RAN, "poster", 2);
    world.publish(11);
    world.catalog.rollback(GenerationId::new(1), RollbackScope::All, PublishMode::Apply, &stamp(12)).unwrap();
    jellyfin.is_off.store(false, Ordering::SeqCst);
    assert_eq!(abouts(&jellyfin.hear(&mut world, News::Since)), ["/view/media/Heat (1995)"]);
}

#[test]
fn items_that_are_named_are_told_whatever_is_known() {
    let jellyfin = Jellyfin::start();
    let mut world = World::with(&[HEAT, RAN]);
    world.choose(HEAT, "poster", 1);
    world.publish(10);
    let heat = world.film(HEAT).id;
    for _ in 0..2 {
        let report = jellyfin.hear(&mut world, News::Items(&[heat]));
        assert_eq!(abouts(&report), ["/view/media/Heat (1995)"]);
        assert_eq!(report.generation, None, "what it knows of has not grown");
    }
    assert_eq!(abouts(&jellyfin.hear(&mut world, News::Everything)), ["/view/media"]);
}

#[test]
fn of_very_many_changes_and_of_a_time_that_is_forgotten_the_libraries_are_told() {
    let jellyfin = Jellyfin::start();
    let videos: Vec<Vec<u8>> = (0..60).map(|n| format!("Film {n} (19{n:02})/film.mkv").into_bytes()).collect();
    let videos: Vec<&[u8]> = videos.iter().map(Vec::as_slice).collect();
    let mut world = World::with(&videos);
    world.choose(videos[0], "poster", 1);
    world.publish(10);
    jellyfin.hear(&mut world, News::Since);
    for video in &videos {
        world.choose(video, "poster", 2);
    }
    world.publish(11);
    assert_eq!(abouts(&jellyfin.hear(&mut world, News::Since)), ["/view/media"]);
    for (seed, now) in [(3, 12), (4, 13)] {
        world.choose(videos[0], "poster", seed);
        world.publish(now);
    }
    let keep = Retention { newest: 1, since: UnixSeconds::new(100) };
    world.catalog.forget(keep, PublishMode::Apply, UnixSeconds::new(100)).unwrap();
    assert_eq!(abouts(&jellyfin.hear(&mut world, News::Since)), ["/view/media"]);
    assert!(abouts(&jellyfin.hear(&mut world, News::Since)).is_empty());
}
