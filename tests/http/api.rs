//! The API: every answer is what the document says it is.

use posterfs::work::RunningJob;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Client, png, world};

#[test]
fn every_route_answers_what_the_document_says() {
    let world = world();
    let client = Client::new(&world);
    let items = client.get("/api/items", "/api/items?limit=1");
    assert_eq!((items["items"].as_array().unwrap().len(), items["next"].is_i64()), (1, true));
    let rest = client.get("/api/items", &format!("/api/items?after={}", items["next"]));
    assert_eq!((rest["items"][0]["title"].clone(), rest["next"].clone()), (json!("Heat"), Value::Null));
    let heat = rest["items"][0]["id"].as_i64().unwrap();
    let alien = items["items"][0]["id"].as_i64().unwrap();
    let of = |rest: &str| format!("/api/items/{heat}{rest}");
    let story = client.get("/api/items/{id}", &of(""));
    let sha256 = story["images"]["poster"]["selected"]["sha256"].as_str().unwrap().to_owned();
    let candidates = client.get("/api/items/{id}/candidates", &of("/candidates?type=poster"));
    assert_eq!(candidates[0]["selected"], true);
    client.get("/api/items/{id}/history", &of("/history"));
    assert_eq!(client.get("/api/items/{id}/children", &of("/children")), json!([]));
    client.ask(
        Method::GET,
        "/api/candidates/{id}/picture",
        &format!("/api/candidates/{}/picture", candidates[0]["id"]),
        None,
    );
    client.ask(Method::PUT, "/api/items/{id}/select/{type}", &of("/select/banner"), None);

    let planned = client.post("/api/publish", "/api/publish?dry_run=true", json!({}));
    let published = client.post("/api/publish", "/api/publish", json!({ "items": [heat] }));
    assert_eq!(planned["added"], published["added"]);
    assert!(planned["dry_run"] == true && planned["generation"].is_null() && published["generation"] == 1);
    assert!(published["added"].as_u64().unwrap() > 0, "{published}");
    let history = client.get("/api/history", "/api/history?limit=5");
    assert_eq!(history[0]["author"], "http");
    client.post("/api/items/{id}/unpublish", &of("/unpublish"), json!({ "type": "poster" }));
    let diff = client.get("/api/diff", "/api/diff?from=0&to=1&limit=1");
    assert_eq!((&diff["total"], &diff["differences"][0]["change"]), (&published["added"], &json!("added")));
    let rest = client.get("/api/diff", &format!("/api/diff?from=0&to=1&after={}", diff["total"]));
    assert_eq!((rest["differences"].as_array().unwrap().len(), &rest["next"]), (0, &Value::Null));
    let tag =
        |method| client.ask(method, "/api/tags/{name}", "/api/tags/good", Some(json!({ "generation": "1" }))).json();
    assert_eq!(tag(Method::PUT)["generation"], 1);
    assert_eq!(client.get("/api/tags", "/api/tags")[0]["name"], "good");
    assert!(client.get("/api/diff", "/api/diff?from=good")["total"].as_u64().unwrap() > 0);
    assert_eq!(tag(Method::DELETE)["generation"], 1);
    let back =
        client.post("/api/rollback", "/api/rollback", json!({ "generation": history[0]["generation"].to_string() }));
    assert_eq!(back["added"], published["added"]);

    let shared = client.post(
        "/api/items/{id}/select",
        &format!("/api/items/{alien}/select"),
        json!({ "type": "poster", "from": heat, "publish": true }),
    );
    assert_eq!((shared["sha256"].as_str().unwrap(), &shared["locked"]), (sha256.as_str(), &json!(true)));
    let answer = client.ask(Method::DELETE, "/api/items/{id}/select/{type}", &of("/select/poster"), None);
    assert_eq!((answer.status, answer.json()["was_selected"].clone()), (StatusCode::OK, json!(true)));
    let number = candidates[0]["id"].to_string();
    let path = |verb: &str| format!("/api/candidates/{number}/{verb}");
    assert_eq!(client.post("/api/candidates/{id}/block", &path("block"), json!({}))["blocked"], true);
    assert_eq!(client.post("/api/candidates/{id}/unblock", &path("unblock"), json!({}))["blocked"], false);

    crate::many::ask_of_many(&client, heat);
    let locked = client.post("/api/items/{id}/lock", &of("/lock"), json!({ "fields": ["title"], "to": "lock" }));
    assert_eq!(locked["fields"][0]["locked"], true);
    client.post("/api/items/{id}/monitor", &of("/monitor"), json!({ "monitored": false }));
    let edit = json!({ "set": { "title": "Heat!" }, "unset": ["plot"] });
    let edited = client.ask(Method::PATCH, "/api/items/{id}", &of(""), Some(edit));
    assert_eq!(edited.json()["changed"], 1, "{}", edited.text());

    let job = client.post("/api/jobs", "/api/jobs", json!({ "task": "scan", "library": "films" }));
    assert_eq!(client.get("/api/jobs", "/api/jobs?state=queued")[0]["id"], job["id"]);
    let of_job = |rest: &str| format!("/api/jobs/{}{rest}", job["id"]);
    client.get("/api/jobs/{id}", &of_job(""));
    client.post("/api/jobs/{id}/retry", &of_job("/retry"), json!({}));
    assert_eq!(client.ask(Method::DELETE, "/api/jobs/{id}", &of_job(""), None).json()["dropped"], true);
    for (method, folder) in [(Method::POST, "Heat (1995)"), (Method::PUT, "../etc")] {
        let folder = format!("{}/{folder}", world.films().display());
        let body = json!({ "eventType": "Download", "movie": { "folderPath": folder } });
        client.ask(method, "/api/webhooks/{manager}", "/api/webhooks/radarr", Some(body));
    }
    let log = client.get("/api/webhooks", "/api/webhooks");
    assert_eq!((&log[0]["outcome"], &log[1]["outcome"]), (&json!("refused"), &json!("accepted")));
    let replay = format!("/api/webhooks/replay/{}", log[1]["id"]);
    assert_eq!(client.post("/api/webhooks/replay/{id}", &replay, json!({}))["outcome"], "accepted");

    assert!(client.get("/api/status", "/api/status")["entities"].as_u64().unwrap() >= 2);
    std::fs::create_dir(world.folder.path().join("tv")).unwrap();
    let tv = json!({ "name": "tv", "path": world.folder.path().canonicalize().unwrap().join("tv"), "kind": "tv" });
    client.post("/api/libraries", "/api/libraries", tv);
    assert_eq!(client.get("/api/libraries", "/api/libraries").as_array().unwrap().len(), 2);
    let removed = client.ask(Method::DELETE, "/api/libraries/{name}", "/api/libraries/tv", None);
    assert_eq!((removed.status, removed.json()["name"].clone()), (StatusCode::OK, json!("tv")));
    assert_eq!(client.get("/api/libraries", "/api/libraries").as_array().unwrap().len(), 1);
    client.ask(Method::GET, "/healthz", "/healthz", None);
    let verified = client.post("/api/verify", "/api/verify", json!({}));
    assert_eq!((&verified["summary"], &verified["findings"]), (&json!(true), &json!(0)), "{verified}");
    assert_eq!(client.get("/api/status", "/api/status")["verification"]["findings"], 0);
    client.ask(Method::GET, "/metrics", "/metrics", None);
    client.ask(Method::GET, "/api/pictures/{sha256}", &format!("/api/pictures/{sha256}"), None);
    let asked = client.asked.borrow();
    let untried: Vec<_> =
        client.document.operations().into_iter().filter(|operation| !asked.contains(operation)).collect();
    assert_eq!(untried, [("/api/events".to_owned(), "get".to_owned())], "the stream has a test of its own");
}

#[test]
fn pictures_are_small_where_that_is_asked_and_known_by_their_content() {
    let world = world();
    let client = Client::new(&world);
    let sha256 = {
        let heat = client.get("/api/items", "/api/items?title=Heat")["items"][0]["id"].clone();
        let story = client.get("/api/items/{id}", &format!("/api/items/{heat}"));
        story["images"]["poster"]["selected"]["sha256"].as_str().unwrap().to_owned()
    };
    let get = |path: &str| world.send(world.request(Method::GET, &format!("/api/pictures/{path}")));
    let whole = get(&sha256);
    assert_eq!((whole.content_type.as_str(), whole.bytes), ("image/png", png(400, 600)));
    let small = get(&format!("{sha256}?width=160"));
    let picture = image::load_from_memory(&small.bytes).unwrap();
    assert_eq!((picture.width(), picture.height()), (107, 160));
    assert_eq!(get(&format!("{sha256}?width=160")).bytes, small.bytes);
    let again = world.request(Method::GET, &format!("/api/pictures/{sha256}?width=160"));
    let again = world.send(again.header("if-none-match", small.etag.unwrap()));
    assert_eq!((again.status, again.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    for (path, status) in [
        (format!("{sha256}?width=161"), StatusCode::BAD_REQUEST),
        (format!("{sha256}?width=many"), StatusCode::BAD_REQUEST),
        ("0".repeat(64), StatusCode::NOT_FOUND),
        ("..%2f..%2fposterfs.db".to_owned(), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(get(&path).status, status, "{path}");
    }
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let world = world();
    let first = world.send(world.request(Method::GET, "/api/items"));
    let ask = |etag: &str| world.send(world.request(Method::GET, "/api/items").header("if-none-match", etag));
    let etag = first.etag.unwrap();
    for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let again = ask(&known);
        assert_eq!((again.status, again.bytes.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
    }
    let heat = world.catalog().entities_by_title("Heat", None).unwrap()[0].id;
    world.post(&format!("/api/items/{heat}/monitor"), &json!({ "monitored": false }));
    assert_eq!(ask(&etag).status, StatusCode::OK);
}

#[test]
fn errors_name_the_remedy() {
    let world = world();
    let heat = world.catalog().entities_by_title("Heat", None).unwrap()[0].id;
    for (method, path, body, status) in [
        (Method::GET, "/api/items/999".to_owned(), Value::Null, 404),
        (Method::GET, "/api/items/x".to_owned(), Value::Null, 404),
        (Method::GET, "/api/items?limit=many".to_owned(), Value::Null, 400),
        (Method::GET, "/api/items?kind=postcard".to_owned(), Value::Null, 400),
        (Method::GET, "/api/items?library=none".to_owned(), Value::Null, 404),
        (Method::GET, "/api/nothing".to_owned(), Value::Null, 404),
        (Method::POST, format!("/api/items/{heat}/select"), json!({ "type": "poster" }), 400),
        (Method::POST, format!("/api/items/{heat}/select"), json!({ "type": "poster", "candidate": 999 }), 404),
        (Method::POST, format!("/api/items/{heat}/select"), json!({ "type": "stamp", "candidate": 1 }), 400),
        (Method::POST, format!("/api/items/{heat}/lock"), json!({ "fields": [], "to": "lock" }), 400),
        (Method::POST, format!("/api/items/{heat}/lock"), json!({ "fields": ["x"], "to": "lock" }), 400),
        (Method::POST, "/api/rollback".to_owned(), json!({ "generation": "999" }), 404),
        (Method::POST, "/api/jobs".to_owned(), json!({ "task": "dance" }), 400),
        (Method::POST, "/api/publish".to_owned(), json!({ "itmes": [] }), 400),
        (Method::GET, "/api/items?limt=5".to_owned(), Value::Null, 400),
        (Method::GET, "/api/diff".to_owned(), Value::Null, 400),
        (Method::GET, "/api/diff?from=7".to_owned(), Value::Null, 404),
        (Method::PUT, "/api/tags/7".to_owned(), json!({}), 422),
        (Method::DELETE, "/api/tags/none".to_owned(), Value::Null, 404),
        (Method::DELETE, "/api/libraries/none".to_owned(), Value::Null, 404),
        (Method::POST, "/api/libraries".to_owned(), json!({ "name": "a", "path": "/absent", "kind": "tv" }), 400),
    ] {
        let mut request = world.request(method.clone(), &path).header("content-type", "application/json");
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = world.send(request);
        assert_eq!(answer.status.as_u16(), status, "{method} {path} {body}: {}", answer.text());
        assert_eq!(answer.content_type, "application/problem+json", "{path}");
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
}

#[test]
fn who_listens_is_told_of_changes() {
    let world = world();
    let heat = world.catalog().entities_by_title("Heat", None).unwrap()[0].id.get();
    world.runtime.block_on(async {
        let wait = std::time::Duration::from_secs(60);
        let mut response = world.request(Method::GET, "/api/events").send().await.unwrap();
        let mut told = String::new();
        let mut until = async |told: &mut String, what: &str| {
            while !told.contains(what) {
                let part = tokio::time::timeout(wait, response.chunk()).await.expect("in time").unwrap().unwrap();
                told.push_str(&String::from_utf8_lossy(&part));
            }
        };
        until(&mut told, "event: generation\ndata: null").await;
        let publish = world.request(Method::POST, "/api/publish").header("content-type", "application/json");
        publish.body(json!({ "items": [heat] }).to_string()).send().await.unwrap();
        until(&mut told, "event: generation\ndata: 1").await;
        let job = world.request(Method::POST, "/api/jobs").header("content-type", "application/json");
        job.body(json!({ "task": "scan" }).to_string()).send().await.unwrap();
        until(&mut told, "\"queued\":1").await;
        let job =
            RunningJob { id: 7, task: "scan".to_owned(), noun: "folders".to_owned(), done: 3, ..RunningJob::default() };
        world.host.running.lock().push(job);
        until(&mut told, "event: progress\ndata: [{\"done\":3").await;
    });
}
