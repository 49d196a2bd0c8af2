//! `webhooks`: what was refused is replayed when the mapping is right.

use posterfs::catalog::{Catalog, NewWebhook};
use posterfs::model::UnixSeconds;
use serde_json::json;

use crate::support::{Films, write};

#[test]
fn webhooks_are_listed_and_replayed() {
    let films = Films::new();
    films.scan();
    assert!(films.text(&["webhooks"]).contains("docs/http.md"));
    let folder = "/movies/Heat (1995) {tmdb-949}";
    let movie = json!({ "title": "Heat", "year": 1995, "folderPath": folder, "tmdbId": 949 });
    let body = json!({ "eventType": "Download", "movie": movie }).to_string();
    let mut catalog = Catalog::open(&films.state().join("posterfs.db")).unwrap();
    let webhook = NewWebhook {
        manager: "radarr",
        event: "Download",
        outcome: "refused",
        told: "it lies in no library",
        body: body.as_bytes(),
    };
    let (id, _) = catalog.take_webhook(&webhook, &[], None, UnixSeconds::new(1_700_000_000)).unwrap();
    let number = id.get().to_string();
    let listed = films.json(&["webhooks"]);
    let of = |key: &str| listed[0][key].clone();
    assert_eq!(
        (of("id"), of("manager"), of("event"), of("outcome")),
        (json!(id.get()), json!("radarr"), json!("Download"), json!("refused"))
    );
    assert_eq!(films.run(&["webhooks", "replay", &number]).status.code(), Some(3), "it is refused as before");

    let config = films.picture("config.toml");
    let media = films.media();
    write(&config, format!("[manager.radarr]\npath_mappings = [{{ from = '/movies', to = {media:?} }}]\n"));
    let config = config.to_str().unwrap();
    let taken = films.one(&["--config", config, "webhooks", "replay", &number]);
    assert_eq!(taken["outcome"], "accepted", "{taken}");
    let job = films.json(&["jobs"]).remove(0);
    assert_eq!((job["id"].clone(), job["state"].clone()), (taken["jobs"][0].clone(), json!("queued")), "{job}");
    assert!(films.text(&["webhooks", "--limit", "1"]).contains("accepted"));
    assert_eq!(films.json(&["webhooks", "--before", &number]).len(), 0);
    assert!(films.fails(1, &["webhooks", "replay", "99"]).contains("99"));
}
