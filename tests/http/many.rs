//! What is done to all items that filters leave; repairs, collecting, and asking providers about one item.

use posterfs::cache::Cache;
use posterfs::model::ContentHash;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Client, world};
use crate::world::World;

/// Each change of many, as a trial and then for real: route, filters, body, and what tells that it was done.
fn changes(heat: i64) -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("/api/items/select", "missing=poster&kind=movie", json!({ "type": "poster", "from": heat, "publish": true })),
        ("/api/items/lock", "title=*a*", json!({ "fields": ["title", "plot"], "to": "lock" })),
        ("/api/items/monitor", "library=films", json!({ "monitored": false })),
        ("/api/items/deselect", "kind=movie", json!({ "type": "poster" })),
        ("/api/candidates/block", "library=films", json!({ "type": "poster", "provider": "user" })),
        ("/api/candidates/unblock", "library=films", json!({ "type": "poster" })),
    ]
}

/// Asks for all of them, which a test of all routes wants.
pub fn ask_of_many(client: &Client<'_>, heat: i64) {
    for (route, filters, body) in changes(heat) {
        client.post(route, &format!("{route}?{filters}&dry_run=true"), body);
    }
    client.post("/api/gc", "/api/gc?dry_run=true", json!({}));
    client.post("/api/items/{id}/enrich", &format!("/api/items/{heat}/enrich?dry_run=true"), json!({}));
}

fn numbers(world: &World) -> (i64, i64) {
    let of = |title: &str| world.catalog().entities_by_title(title, None).unwrap()[0].id.get();
    (of("Alien"), of("Heat"))
}

fn all(client: &Client<'_>) -> Vec<Value> {
    let (alien, heat) = numbers(client.world);
    let of = |id: i64| client.get("/api/items/{id}", &format!("/api/items/{id}"));
    vec![of(alien), of(heat), client.get("/api/history", "/api/history")]
}

#[test]
fn filters_mean_many_and_a_dry_run_changes_nothing() {
    let world = world();
    let client = Client::new(&world);
    let (alien, heat) = numbers(&world);
    for (route, filters, body) in changes(heat) {
        let before = all(&client);
        let told = client.post(route, &format!("{route}?{filters}&dry_run=true"), body.clone());
        assert_eq!(all(&client), before, "{route}");
        let done = client.post(route, &format!("{route}?{filters}"), body);
        let count = |answer: &Value| answer.as_array().unwrap().len();
        assert!(count(&done) > 0 && count(&told) == count(&done), "{route}: {told} {done}");
        assert_ne!(all(&client), before, "{route}: {done}");
    }
    let history = client.get("/api/history", "/api/history");
    let reasons: Vec<_> = history.as_array().unwrap().iter().map(|line| line["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["deselect poster of 2 items", "select poster of item 1"], "{history}");
    let story = client.get("/api/items/{id}", &format!("/api/items/{alien}"));
    assert_eq!((&story["monitored"], &story["images"]["poster"]["selected"]), (&json!(false), &Value::Null));
}

/// Without a filter everything would be meant, which nobody says by leaving something out.
#[test]
fn no_filter_is_no_leave_to_change_everything() {
    let world = world();
    let client = Client::new(&world);
    let (_, heat) = numbers(&world);
    let before = all(&client);
    for (route, _, body) in changes(heat) {
        for query in ["", "?dry_run=false", "?titel=*", "?kind=film", "?library=none"] {
            let answer = client.ask(Method::POST, route, &format!("{route}{query}"), Some(body.clone()));
            assert!(answer.status.is_client_error(), "{route}{query}: {}", answer.text());
        }
    }
    let everything = client.ask(
        Method::POST,
        "/api/candidates/block",
        "/api/candidates/block?library=films",
        Some(json!({ "type": "poster" })),
    );
    assert_eq!(everything.status, StatusCode::BAD_REQUEST, "{}", everything.text());
    assert_eq!(all(&client), before);
}

fn lines(answer: &crate::world::Answer) -> Vec<Value> {
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_wrong_is_repaired_where_that_is_wanted() {
    let world = world();
    let client = Client::new(&world);
    let (_, heat) = numbers(&world);
    let story = client.get("/api/items/{id}", &format!("/api/items/{heat}"));
    let sha256: ContentHash = story["images"]["poster"]["selected"]["sha256"].as_str().unwrap().parse().unwrap();
    let cache = Cache::open(&world.folder.path().join("state/cache")).unwrap();
    let file = cache.path_of(&sha256, "png".parse().unwrap());
    std::fs::remove_file(&file).unwrap();

    let alone = client.ask(Method::POST, "/api/verify", "/api/verify?dry_run=true", None);
    assert_eq!(alone.status, StatusCode::BAD_REQUEST, "{}", alone.text());
    let told = lines(&world.post("/api/verify?repair=true&dry_run=true", &json!({})));
    assert!(told[0]["outcome"] == "would" && told[1]["repaired"] == 0 && !file.exists(), "{told:?}");
    // The file that it was chosen from is still there.
    let done = lines(&world.post("/api/verify?repair=true&offline=true", &json!({})));
    assert_eq!(done[0]["outcome"], "repaired", "{done:?}");
    assert_eq!((&done[1]["repaired"], &done[1]["left"]), (&json!(1), &json!(0)), "{done:?}");
    assert!(file.exists());
}

#[test]
fn a_picture_is_tried_on_before_it_is_sent() {
    let world = world();
    let client = Client::new(&world);
    let (alien, heat) = numbers(&world);
    let before = all(&client);
    let route = "/api/items/{id}/select";
    let body = json!({ "type": "poster", "from": heat });
    for (item, is_replaced) in [(alien, false), (heat, true)] {
        let told = client.post(route, &format!("/api/items/{item}/select?dry_run=true"), body.clone());
        assert_eq!((&told["id"], told["replaces"].is_string()), (&json!(item), is_replaced), "{told}");
        assert_eq!(told["dry_run"], true);
    }
    let path = format!("/api/items/{alien}/select/fanart?dry_run=true");
    let sent = world.request(Method::PUT, &path).header("content-type", "image/png").body(b"no picture".to_vec());
    let told = world.send(sent);
    assert_eq!((told.status, &told.json()["replaces"]), (StatusCode::OK, &Value::Null), "{}", told.text());
    assert_eq!(all(&client), before);
}
