//! Politeness: what is remembered is not asked for, what is old is only asked whether it changed, and never too fast.

use std::sync::Arc;
use std::time::{Duration, Instant};

use posterfs::model::EntityType;
use posterfs::provider::typed_picture;

use crate::server::{Asked, Given, Server};
use crate::support::{Bench, settings, subject, wait, well_behaved};

fn with_etag(asked: &Asked) -> Given {
    if asked.headers.get("if-none-match").is_some_and(|tag| tag == "W/\"a\"") {
        return Given::status(304).with("cache-control", "max-age=600");
    }
    well_behaved(asked).with("etag", "W/\"a\"").with("cache-control", "public, max-age=600")
}

#[test]
fn a_fresh_reply_is_not_asked_for_an_old_one_only_whether_it_changed() {
    let server = Server::start(with_etag);
    let bench = Bench::new();
    let film = subject(EntityType::Movie, &[("tmdb", "9901")]);
    let first = wait(bench.provider("tmdb", &server).answer(&film)).unwrap();
    for (seconds, asked, conditional) in [(0, 1, 0), (599, 1, 0), (2, 2, 1), (100, 2, 1), (600, 3, 2)] {
        bench.clock.forward(seconds);
        assert_eq!(wait(bench.provider("tmdb", &server).answer(&film)).unwrap(), first);
        let all = server.asked();
        let found = all.iter().filter(|asked| asked.headers.contains_key("if-none-match")).count();
        assert_eq!((all.len(), found), (asked, conditional), "{seconds} seconds later");
    }
}

#[test]
fn last_modified_does_as_well() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let server = Server::start(move |asked| match asked.headers.get("if-modified-since") {
        Some(found) if found == date => Given::status(304),
        _ => well_behaved(asked).with("last-modified", date),
    });
    let bench = Bench::new();
    let film = subject(EntityType::Movie, &[("tmdb", "9901")]);
    let first = wait(bench.provider("tmdb", &server).answer(&film)).unwrap();
    bench.clock.forward(7200);
    assert_eq!(wait(bench.provider("tmdb", &server).answer(&film)).unwrap(), first);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn force_asks_again_whatever_is_remembered() {
    let server = Server::start(with_etag);
    let mut bench = Bench::new();
    let film = subject(EntityType::Movie, &[("tmdb", "9901")]);
    wait(bench.provider("tmdb", &server).answer(&film)).unwrap();
    bench.clock.forward(120);
    bench.ask_again = true;
    wait(bench.provider("tmdb", &server).answer(&film)).unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn the_same_question_at_the_same_time_is_asked_once() {
    let server = Server::start(well_behaved);
    let bench = Bench::new();
    let provider = bench.provider("fanarttv", &server);
    let seasons: Vec<_> = (0..20)
        .map(|season| posterfs::provider::Subject {
            season: Some(season),
            ..subject(EntityType::Season, &[("tvdb", "4242")])
        })
        .collect();
    wait(async {
        let asked = futures_util::future::join_all(seasons.iter().map(|season| provider.answer(season))).await;
        assert!(asked.iter().all(Result::is_ok));
    });
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn requests_keep_the_pace_and_connections_their_number() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
    let server = Server::start(move |asked| {
        highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        counted.fetch_sub(1, Ordering::SeqCst);
        well_behaved(asked)
    });
    let bench = Bench::new();
    let mut settings = settings(&server.url());
    (settings.tvdb.enabled, settings.fanarttv.enabled) = (false, false);
    (settings.musicbrainz.enabled, settings.coverart.enabled) = (false, false);
    settings.tmdb.requests_per_second = 20.0;
    settings.tmdb.connections = 2;
    let provider = posterfs::provider::providers(&settings, &bench.surroundings()).unwrap().remove(0);
    let films: Vec<_> = (1..=21).map(|id: u32| subject(EntityType::Movie, &[("tmdb", &id.to_string())])).collect();
    let begun = Instant::now();
    wait(futures_util::future::join_all(films.iter().map(|film| provider.answer(film))));
    assert_eq!(server.asked().len(), 21);
    assert!(begun.elapsed() >= Duration::from_millis(900), "20 a second: {:?}", begun.elapsed());
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn an_address_that_was_typed_may_be_on_this_machine_but_not_lead_there() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/a.jpg" => Given::body("a picture"),
        "/file" => Given::status(302).with("location", "file:///etc/passwd"),
        _ => Given::status(302).with("location", "http://127.0.0.1:9/x"),
    });
    let bench = Bench::new();
    let get = |path: &str| wait(typed_picture(&format!("{}{path}", server.url()), &bench.surroundings(), 100));
    assert_eq!(get("/a.jpg").unwrap(), b"a picture");
    assert!(get("/file").is_err() && get("/other").is_err());
    assert!(wait(typed_picture("file:///etc/passwd", &bench.surroundings(), 100)).is_err());
    assert!(wait(typed_picture("no address", &bench.surroundings(), 100)).is_err());
}
