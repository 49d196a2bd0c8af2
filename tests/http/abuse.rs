//! Who does not behave.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, answer};

const KEY: &str = "[http]\napi_key = 'a key of the tests'\n";

/// A test ends by then, however busy the machine is.
const DEADLINE: Duration = Duration::from_secs(120);

#[test]
fn a_thousand_webhooks_at_once_are_all_taken() {
    let world = World::new("");
    let films = world.films().to_string_lossy().into_owned();
    let statuses: Vec<StatusCode> = world.runtime.block_on(async {
        let requests = (0..1000).map(|number| {
            let body =
                json!({ "eventType": "Download", "movie": { "folderPath": format!("{films}/Film {}", number % 250) } });
            let request =
                world.request(Method::POST, "/api/webhooks/radarr").header("content-type", "application/json");
            tokio::spawn(async move { answer(request.body(body.to_string())).await.status })
        });
        let mut statuses = Vec::new();
        for request in requests.collect::<Vec<_>>() {
            statuses.push(request.await.unwrap());
        }
        statuses
    });
    assert!(statuses.iter().all(|status| *status == StatusCode::ACCEPTED), "{statuses:?}");
    let jobs = world.jobs();
    assert_eq!(jobs.len(), 250, "one for each folder");
    assert_eq!(jobs.iter().map(|job| job.asked_times).sum::<u32>(), 1000, "and none is lost");
}

#[test]
fn bodies_that_are_too_large_are_refused_and_nothing_is_kept() {
    let world = World::new("");
    let request = |body: Vec<u8>| {
        world.request(Method::POST, "/api/webhooks/radarr").header("content-type", "application/json").body(body)
    };
    let answer = world.send(request(vec![b' '; 10 << 20]));
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.content_type, "application/problem+json");
    let mut chunked = TcpStream::connect(world.address).unwrap();
    chunked.set_read_timeout(Some(DEADLINE)).unwrap();
    let head = "POST /api/webhooks/radarr HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    chunked.write_all(head.as_bytes()).unwrap();
    for _ in 0..32 {
        chunked.write_all(format!("10000\r\n{}\r\n", " ".repeat(0x10000)).as_bytes()).unwrap();
    }
    chunked.write_all(b"0\r\n\r\n").unwrap();
    let mut told = String::new();
    chunked.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    let just_fits = [b"{\"eventType\":\"Test\"}".to_vec(), vec![b' '; (1 << 20) - 20]].concat();
    assert_eq!(world.send(request(just_fits)).status, StatusCode::OK);
    assert_eq!(world.catalog().webhooks(None, 10).unwrap().len(), 1);
}

#[test]
fn wrong_keys_are_turned_away_everywhere() {
    let world = World::new(KEY);
    let body = json!({ "eventType": "Test" }).to_string();
    let post =
        |path: &str| world.request(Method::POST, path).header("content-type", "application/json").body(body.clone());
    let path = "/api/webhooks/radarr";
    for request in [
        post(path),
        post(path).header("x-api-key", "wrong"),
        post(path).basic_auth("user", Some("wrong")),
        post("/api/webhooks/radarr?apikey=wrong"),
        post(path).basic_auth("a key of the tests", None::<&str>),
    ] {
        let answer = world.send(request);
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.json()["detail"].as_str().unwrap().contains("X-Api-Key"));
    }
    for request in [
        post(path).header("x-api-key", "a key of the tests"),
        post(path).basic_auth("whoever", Some("a key of the tests")),
        post("/api/webhooks/radarr?apikey=a%20key+of%20the%20tests"),
    ] {
        assert_eq!(world.send(request).status, StatusCode::OK);
    }
    assert_eq!(world.send(world.request(Method::GET, "/healthz")).status, StatusCode::OK, "needs no key");
    let log = world.catalog().webhooks(None, 10).unwrap();
    assert_eq!(log.len(), 3, "who was turned away is not in the log");
}

#[test]
fn who_sends_slowly_keeps_nobody_waiting() {
    let world = World::new("");
    let slow: Vec<TcpStream> = (0..300)
        .map(|number| {
            let mut stream = TcpStream::connect(world.address).unwrap();
            let half = match number % 2 {
                0 => "POST /api/webhooks/radarr HTT",
                _ => "POST /api/webhooks/radarr HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
            };
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    assert_eq!(world.post("/api/webhooks/radarr", &json!({ "eventType": "Test" })).status, StatusCode::OK);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    for mut stream in slow {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut told = Vec::new();
        // Whether it is told why or only cut off: it does not stay.
        let _ = stream.read_to_end(&mut told);
    }
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
}

#[test]
fn the_server_ends_though_somebody_stays() {
    let mut world = World::new("");
    let mut stays = TcpStream::connect(world.address).unwrap();
    stays.write_all(b"POST /api/webhooks/radarr HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    assert_eq!(world.send(world.request(Method::GET, "/healthz")).status, StatusCode::OK);
    let begun = Instant::now();
    world.end();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(TcpStream::connect(world.address).is_err());
}
