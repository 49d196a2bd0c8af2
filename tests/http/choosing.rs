//! Pictures that are sent, candidates that are looked at, and what is only to be told.

use posterfs::cache::Cache;
use posterfs::model::ContentHash;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{Client, choose_a_poster, png, world};
use crate::world::{Answer, World};

const ROUTE: &str = "/api/items/{id}/select/{type}";

fn heat(world: &World) -> i64 {
    world.catalog().entities_by_title("Heat", None).unwrap()[0].id.get()
}

fn send(world: &World, path: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
    world.send(world.request(Method::PUT, path).header("content-type", media_type).body(bytes))
}

#[test]
fn a_picture_that_is_sent_is_chosen_locked_and_shown() {
    let world = world();
    let client = Client::new(&world);
    let heat = heat(&world);
    let fanart = png(640, 360);
    let answer = send(&world, &format!("/api/items/{heat}/select/fanart?publish=true"), "image/png", fanart.clone());
    client.document.hold(&Method::PUT, ROUTE, answer.status, Some(&answer.json()));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let sha256: String = Sha256::digest(&fanart).iter().map(|byte| format!("{byte:02x}")).collect();
    let chosen = answer.json();
    assert_eq!((&chosen["sha256"], &chosen["new_in_cache"]), (&json!(sha256), &json!(true)));
    let image = client.get("/api/items/{id}", &format!("/api/items/{heat}"))["images"]["fanart"].clone();
    assert_eq!((&image["shown"], &image["locked"]), (&json!(sha256), &json!(true)), "{image}");
    assert_eq!(image["selected"]["source"], "upload");
    let picture = world.send(world.request(Method::GET, &format!("/api/pictures/{sha256}")));
    assert_eq!(picture.bytes, fanart);
    // What it is for is noted beside the picture, so that a lost catalog does not lose the choice.
    let cache = Cache::open(&world.folder.path().join("state/cache")).unwrap();
    let records = cache.records(&sha256.parse::<ContentHash>().unwrap()).unwrap().records;
    assert_eq!((records[0].title.as_str(), records[0].selected, records[0].author.as_str()), ("Heat", true, "http"));
    let again = send(&world, &format!("/api/items/{heat}/select/fanart"), "image/png", fanart);
    assert_eq!(again.json()["new_in_cache"], false);
}

#[test]
fn what_is_no_picture_is_refused_and_leaves_nothing() {
    let world = World::new("[picture]\nbytes_max = 300000\n");
    choose_a_poster(&world);
    let heat = heat(&world);
    let path = |image_type: &str| format!("/api/items/{heat}/select/{image_type}");
    let whole = png(400, 600);
    // The size in the head of a PNG: sixty thousand pixels each way.
    let mut bomb = whole.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let files = || walk(&world.folder.path().join("state/cache"));
    let before = (story(&world, heat), files());
    let noise: Vec<u8> = (0..400_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (path, media_type, bytes, status) in [
        (path("poster"), "image/png", Vec::new(), 422),
        (path("poster"), "image/png", b"GIF89a".to_vec(), 422),
        (path("poster"), "image/jpeg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), 422),
        (path("poster"), "image/png", whole[..whole.len() / 2].to_vec(), 422),
        (path("poster"), "image/png", bomb, 422),
        (path("poster"), "image/png", noise, 413),
        (path("poster"), "text/plain", whole.clone(), 415),
        (path("poster"), "multipart/form-data", whole.clone(), 415),
        (path("stamp"), "image/png", whole.clone(), 400),
        ("/api/items/999/select/poster".to_owned(), "image/png", whole.clone(), 404),
        ("/api/items/..%2f1/select/poster".to_owned(), "image/png", whole.clone(), 404),
        (format!("{}?publsih=true", path("poster")), "image/png", whole.clone(), 400),
    ] {
        let answer = send(&world, &path, media_type, bytes);
        assert_eq!(answer.status.as_u16(), status, "{path} {media_type}: {}", answer.text());
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!((story(&world, heat), files()), before);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: std::path::PathBuf| if path.is_dir() { walk(&path) } else { vec![path] };
    let mut files: Vec<_> = entries.flat_map(of).collect();
    files.sort();
    files
}

fn story(world: &World, item: i64) -> Value {
    world.send(world.request(Method::GET, &format!("/api/items/{item}"))).json()
}

#[test]
fn a_candidate_is_looked_at_and_one_that_nobody_gives_is_told_of() {
    let world = world();
    let heat = heat(&world);
    let candidates = world.send(world.request(Method::GET, &format!("/api/items/{heat}/candidates"))).json();
    let of = |id: &Value, query: &str| format!("/api/candidates/{id}/picture{query}");
    let get = |path: &str| world.send(world.request(Method::GET, path));
    let small = get(&of(&candidates[0]["id"], "?width=160"));
    let picture = image::load_from_memory(&small.bytes).unwrap();
    assert_eq!((picture.width(), picture.height(), small.content_type.as_str()), (107, 160, "image/jpeg"));
    assert_eq!(get(&of(&candidates[0]["id"], "?width=5")).status, StatusCode::BAD_REQUEST);
    assert_eq!(get(&of(&json!(999), "")).status, StatusCode::NOT_FOUND);
    let limited = world.send(world.request(Method::GET, &format!("/api/items/{heat}/candidates?limit=0"))).json();
    assert_eq!(limited[0]["id"], candidates[0]["id"], "what is chosen is told all the same");
}

#[test]
fn a_dry_run_tells_the_same_and_changes_nothing() {
    let world = world();
    let client = Client::new(&world);
    let heat = heat(&world);
    client.post("/api/publish", "/api/publish", json!({}));
    let candidates = client.get("/api/items/{id}/candidates", &format!("/api/items/{heat}/candidates"));
    let candidate = format!("/api/candidates/{}", candidates[0]["id"]);
    let of = |rest: &str| format!("/api/items/{heat}{rest}");
    let all = || (story(&world, heat), client.get("/api/history", "/api/history"));
    let changes = [
        (Method::POST, "/api/items/{id}/unpublish", of("/unpublish"), json!({})),
        (Method::POST, "/api/rollback", "/api/rollback".to_owned(), json!({ "generation": "0" })),
        (Method::DELETE, ROUTE, of("/select/poster"), Value::Null),
        (Method::POST, "/api/candidates/{id}/block", format!("{candidate}/block"), json!({})),
        (Method::POST, "/api/items/{id}/lock", of("/lock"), json!({ "fields": ["title"], "to": "lock" })),
        (Method::POST, "/api/items/{id}/monitor", of("/monitor"), json!({ "monitored": false })),
        (Method::PATCH, "/api/items/{id}", of(""), json!({ "set": { "title": "Heat!" } })),
    ];
    let mut told = Vec::new();
    let before = all();
    for (method, route, path, body) in &changes {
        let body = Some(body.clone()).filter(|body| !body.is_null());
        let answer = client.ask(method.clone(), route, &format!("{path}?dry_run=true"), body.clone());
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert_eq!(all(), before, "{path}");
        told.push(answer.json());
        let typed_wrong = client.ask(method.clone(), route, &format!("{path}?dryrun=true"), body);
        assert_eq!(
            typed_wrong.status,
            StatusCode::BAD_REQUEST,
            "{path}: a word that is not known is no leave to change"
        );
        assert_eq!(all(), before, "{path}");
    }
    assert!(told[0]["removed"].as_u64().unwrap() > 0 && told[0]["removed"] == told[2]["removed"], "{told:?}");
    assert_eq!((&told[3]["was_selected"], &told[3]["blocked"]), (&json!(true), &json!(true)));
    for (at, (method, route, path, body)) in changes.iter().enumerate().take(1) {
        let really = client.ask(method.clone(), route, path, Some(body.clone())).json();
        assert_eq!(really["removed"], told[at]["removed"], "{path}");
    }
    assert_ne!(all(), before);
}

#[test]
fn what_is_wrong_is_told_line_by_line() {
    let world = world();
    let sha256 = story(&world, heat(&world))["images"]["poster"]["selected"]["sha256"].as_str().unwrap().to_owned();
    let cache = Cache::open(&world.folder.path().join("state/cache")).unwrap();
    let format: posterfs::cache::StoredFormat = "png".parse().unwrap();
    std::fs::remove_file(cache.path_of(&sha256.parse::<ContentHash>().unwrap(), format)).unwrap();
    let answer = world.post("/api/verify", &json!({}));
    assert_eq!((answer.status, answer.content_type.as_str()), (StatusCode::OK, "application/x-ndjson"));
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["finding"], &lines[0]["affects"][0]["locked"]),
        (&json!("missing"), &json!(true)),
        "{lines:?}"
    );
    assert_eq!((lines.len(), &lines[1]["summary"], &lines[1]["findings"]), (2, &json!(true), &json!(1)), "{lines:?}");
}

#[test]
fn publishing_makes_metadata_documents_where_they_are_wanted() {
    let world = World::new("[library.films]\nnfo = true\n");
    choose_a_poster(&world);
    let heat = heat(&world);
    let edit = world.request(Method::PATCH, &format!("/api/items/{heat}")).header("content-type", "application/json");
    let edit = edit.body(json!({ "set": { "plot": "A detective and a thief.", "tmdb": "949" } }).to_string());
    assert_eq!(world.send(edit).status, StatusCode::OK);
    let plan = world.post("/api/publish?dry_run=true", &json!({}));
    let published = world.post("/api/publish", &json!({}));
    assert_eq!((plan.status, published.status), (StatusCode::OK, StatusCode::OK), "{}", published.text());
    assert_eq!(plan.json()["added"], published.json()["added"]);
    let mappings = story(&world, heat)["mappings"].clone();
    let nfo = mappings.as_array().unwrap().iter().find(|mapping| mapping["image_type"] == "nfo").cloned();
    let nfo = nfo.unwrap_or_else(|| panic!("no document is shown: {mappings}"));
    let cache = Cache::open(&world.folder.path().join("state/cache")).unwrap();
    let hash: ContentHash = nfo["sha256"].as_str().unwrap().parse().unwrap();
    let mut text = String::new();
    let mut file = cache.open_file(&hash, posterfs::cache::StoredFormat::Nfo).unwrap();
    std::io::Read::read_to_string(&mut file, &mut text).unwrap();
    assert!(text.contains("A detective and a thief.") && text.contains("949"), "{text}");
}

#[test]
fn who_asks_for_the_same_at_once_waits_for_a_turn_and_others_do_not() {
    let world = world();
    let run = world.folder.path().join("state/run");
    let held = posterfs::control::TaskLock::try_take(&run, "publish").unwrap().unwrap();
    let publish = |world: &World| {
        let request = world.request(Method::POST, "/api/publish").header("content-type", "application/json");
        world.runtime.spawn(crate::world::answer(request.body("{}")))
    };
    let waiting: Vec<_> = (0..6).map(|_| publish(&world)).collect();
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(world.send(world.request(Method::GET, "/api/items")).status, StatusCode::OK);
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(waiting.iter().all(|request| !request.is_finished()));
    drop(held);
    for request in waiting {
        assert_eq!(world.runtime.block_on(request).unwrap().status, StatusCode::OK);
    }
}
