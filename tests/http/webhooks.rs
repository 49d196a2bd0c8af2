//! What managers send, and what follows from it.

use posterfs::http::Host;
use posterfs::http::webhook::replay;
use posterfs::model::{LibraryId, RelPath, Task, WebhookId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::World;

const MAPPED: &str = "[[manager.radarr.path_mappings]]\nfrom = '/movies'\nto = 'FILMS'\n";

fn world() -> World {
    World::new("")
}

fn import(folder: &str) -> Value {
    json!({ "eventType": "Download", "movie": { "title": "Heat", "folderPath": folder, "tmdbId": 949 }, "isUpgrade": false })
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text.as_bytes()).unwrap()
}

fn tasks(world: &World) -> Vec<Task> {
    world.jobs().into_iter().map(|job| job.task).collect()
}

const FILMS: LibraryId = LibraryId::new(1);

#[test]
fn an_import_is_answered_at_once_and_waits_in_the_queue() {
    let world = world();
    let folder = world.films().join("Heat (1995)").to_string_lossy().into_owned();
    let answer = world.post("/api/webhooks/radarr", &import(&folder));
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let reception = answer.json();
    assert_eq!((&reception["outcome"], &reception["event"]), (&json!("accepted"), &json!("Download")));
    assert_eq!(tasks(&world), [Task::Import { library: FILMS, folder: path("Heat (1995)") }]);
    assert_eq!(reception["jobs"], json!([world.jobs()[0].id.get()]));
    assert_eq!(world.host.wakes.load(std::sync::atomic::Ordering::Relaxed), 1);
    let put = world.request(Method::PUT, "/api/webhooks/sonarr").header("content-type", "application/json");
    assert_eq!(world.send(put.body(import(&folder).to_string())).status, StatusCode::ACCEPTED, "PUT is as good");
}

#[test]
fn a_burst_is_one_job_and_survives_a_restart() {
    let world = world();
    let folder = world.films().join("Heat").to_string_lossy().into_owned();
    for _ in 0..24 {
        assert_eq!(world.post("/api/webhooks/radarr", &import(&folder)).status, StatusCode::ACCEPTED);
    }
    let before = world.jobs();
    assert_eq!((before.len(), before[0].asked_times), (1, 24));
    let world = world.restart("");
    assert_eq!(world.jobs(), before);
    assert_eq!(world.catalog().webhooks(None, 100).unwrap().len(), 24);
}

#[test]
fn events_that_are_nothing_to_us_are_fine() {
    let world = world();
    for body in [
        json!({ "eventType": "Test", "movie": { "id": 1, "folderPath": "C:\\testpath" } }),
        json!({ "eventType": "Grab", "series": { "path": "/elsewhere" } }),
        json!({ "eventType": "Health", "level": "warning", "message": "x" }),
        json!({ "eventType": "Unheard", "movie": { "folderPath": "/elsewhere" }, "new": [[[]]] }),
        json!({ "eventType": "MovieFileDelete", "movie": { "folderPath": "/elsewhere" }, "deleteReason": "upgrade" }),
        json!({}),
    ] {
        let answer = world.post("/api/webhooks/radarr", &body);
        assert_eq!(answer.status, StatusCode::OK, "{body}: {}", answer.text());
        assert_eq!(answer.json()["outcome"], "ignored");
    }
    assert!(world.jobs().is_empty());
}

#[test]
fn what_cannot_be_taken_is_told_with_the_remedy() {
    let world = world();
    let films = world.films().to_string_lossy().into_owned();
    for folder in ["/movies/Heat", "C:\\Films\\Heat", &format!("{films}/../../etc"), &format!("{films}x/Heat"), "Heat"]
    {
        let answer = world.post("/api/webhooks/radarr", &import(folder));
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{folder}");
        assert_eq!(answer.content_type, "application/problem+json");
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    let without = json!({ "eventType": "Download", "movie": { "title": "Heat" } });
    assert_eq!(world.post("/api/webhooks/radarr", &without).status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(world.jobs().is_empty());
    let log = world.catalog().webhooks(None, 100).unwrap();
    assert_eq!(log.len(), 6);
    assert!(log.iter().all(|webhook| webhook.outcome == "refused"), "{log:?}");
    let told = world.post("/api/webhooks/radarr", &import("/movies/Heat")).json()["detail"].to_string();
    assert!(told.contains("path_mappings of [manager.radarr]"), "{told}");
    assert_eq!(world.post("/api/webhooks/plex", &json!({})).status, StatusCode::NOT_FOUND);
    for body in ["This is no JSON", "[]", "{\"a\":", ""] {
        let request = world.request(Method::POST, "/api/webhooks/radarr").header("content-type", "application/json");
        assert_eq!(world.send(request.body(body)).status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[test]
fn renames_follow_each_file_and_then_the_folder() {
    let world = world();
    let films = world.films().to_string_lossy().into_owned();
    let body = json!({ "eventType": "Rename", "movie": { "folderPath": format!("{films}/Heat (1995)") },
        "renamedMovieFiles": [
            { "previousPath": format!("{films}/Heat/a.mkv"), "path": format!("{films}/Heat (1995)/b.mkv") },
            { "previousPath": "/elsewhere/c.mkv", "path": format!("{films}/Heat (1995)/d.mkv") },
            { "previousPath": format!("{films}/../x.mkv"), "path": format!("{films}/Heat (1995)/e.mkv") } ] });
    assert_eq!(world.post("/api/webhooks/radarr", &body).status, StatusCode::ACCEPTED);
    let folder = path("Heat (1995)");
    assert_eq!(
        tasks(&world),
        [
            Task::FollowRename { library: FILMS, from: path("Heat/a.mkv"), to: path("Heat (1995)/b.mkv") },
            Task::Import { library: FILMS, folder: folder.clone() }
        ]
    );
    let old = json!({ "eventType": "Rename", "movie": { "folderPath": format!("{films}/Heat (1995)/") } });
    assert_eq!(world.post("/api/webhooks/radarr", &old).status, StatusCode::ACCEPTED);
    assert_eq!(tasks(&world).len(), 2, "the same folder");
}

#[test]
fn deletions_scan_and_let_go_of_the_artwork_after_days() {
    let world = World::new("[manager.radarr]\nrelease_after = 7\n");
    crate::world::write(&world.films().join("Heat/Heat.mkv"), b"film");
    let library = world.catalog().library_named("films").unwrap();
    let source = posterfs::library::Source::open(&library.path).unwrap();
    let clock = posterfs::model::SystemClock;
    posterfs::phase::scan(&mut world.catalog(), &library, &source, &clock, &posterfs::phase::NoProgress).unwrap();
    let entity = world.catalog().entities_at(FILMS, &path("Heat")).unwrap()[0].id;
    let delete = |gone: bool| {
        json!({ "eventType": "MovieDelete", "deletedFiles": gone,
                "movie": { "folderPath": world.films().join("Heat").to_string_lossy() } })
    };
    assert_eq!(world.post("/api/webhooks/radarr", &delete(false)).status, StatusCode::OK);
    assert!(world.jobs().is_empty(), "the files stay");
    assert_eq!(world.post("/api/webhooks/radarr", &delete(true)).status, StatusCode::ACCEPTED);
    let jobs = world.jobs();
    assert_eq!(jobs[0].task, Task::ScanFolder { library: FILMS, folder: path("Heat") });
    assert_eq!(jobs[1].task, Task::Release { entity, days: 7 });
    let days = (jobs[1].not_before.get() - jobs[1].asked_at.get()) / 86_400;
    assert_eq!((jobs.len(), days), (2, 7));
}

#[test]
fn what_was_refused_is_replayed_when_the_mapping_is_right() {
    let world = world();
    let answer = world.post("/api/webhooks/radarr", &import("/movies/Heat"));
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let world = world.restart("");
    let config = MAPPED.replace("FILMS", &world.films().to_string_lossy());
    let world = world.restart(&config);
    let mut catalog = world.catalog();
    let id = catalog.webhooks(None, 1).unwrap()[0].id;
    let place = world.host.place();
    let reception = replay(&mut catalog, &place, id).unwrap();
    assert_eq!((reception.outcome.as_str(), reception.id > id.get()), ("accepted", true));
    assert_eq!(tasks(&world), [Task::Import { library: FILMS, folder: path("Heat") }]);
    let error = replay(&mut catalog, &place, WebhookId::new(999)).unwrap_err();
    assert!(error.to_string().contains("posterfs webhooks"));
    assert_eq!(world.post("/api/webhooks/radarr", &import("/movies/Heat")).status, StatusCode::ACCEPTED);
}
