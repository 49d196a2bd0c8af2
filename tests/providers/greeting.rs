//! Whether a provider answers: one small request, with the key.

use posterfs::phase::reach;
use std::time::Duration;

use crate::server::{Given, Server};
use crate::support::{Bench, KEY};

const NETWORKED: [&str; 5] = ["tmdb", "tvdb", "fanarttv", "musicbrainz", "coverart"];

fn greeted(name: &str, given: impl Fn(&str) -> Given + Send + Sync + 'static) -> Result<(), String> {
    let server = Server::start(move |asked| given(&asked.path));
    let bench = Bench::new();
    let reached = reach(&[bench.provider(name, &server)], &[], Duration::from_secs(5)).unwrap();
    assert_eq!(reached.len(), 1, "{name}");
    assert_eq!(reached[0].name, name);
    assert!(!server.asked().is_empty() && server.asked().len() <= 2, "{name}: {:?}", server.asked());
    reached[0].answer.clone().map(|_| ())
}

#[test]
fn a_provider_that_answers_is_reached_and_one_that_refuses_says_which_setting_to_look_at() {
    for name in NETWORKED {
        greeted(name, |path| match path {
            path if path.ends_with("/login") => Given::body(r#"{"data":{"token":"t"}}"#),
            path if path.ends_with("configuration") || path.ends_with("statuses") => Given::body("{}"),
            _ => Given::status(404),
        })
        .unwrap();
        let error = greeted(name, |_| Given::status(401)).unwrap_err();
        assert!(error.contains("check ") && !error.contains(KEY), "{error}");
        assert!(greeted(name, |_| Given::status(400)).is_err(), "{name}");
    }
}
