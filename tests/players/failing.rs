//! Players that are off, refuse, are slow, or answer rubbish: what all of them have in common.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use posterfs::config::Secret;
use posterfs::player::{Access, PlayerError, PlayerKind};

use super::server::{Fault, Given, Server};
use super::support::*;

const KINDS: [PlayerKind; 4] = [PlayerKind::Kodi, PlayerKind::Jellyfin, PlayerKind::Emby, PlayerKind::Plex];

fn told_of_failing(kind: PlayerKind, given: &Given) -> (PlayerError, usize) {
    let given = given.clone();
    let server = Server::start(move |_| given.clone());
    let error = tell(&access(kind, &server), &items([film()])).unwrap_err();
    (error, server.asked().len())
}

#[test]
fn what_may_pass_is_tried_again_and_told_as_such() {
    for kind in KINDS {
        let (error, tries) = told_of_failing(kind, &Given::status(503));
        assert!(error.may_pass(), "{error}");
        assert_eq!(tries, 3, "{kind}");
        for status in [401, 403] {
            let (error, tries) = told_of_failing(kind, &Given::status(status));
            assert!(matches!(error, PlayerError::Refused { .. }) && !error.may_pass(), "{error}");
            assert_eq!(tries, 1, "{kind}");
            assert!(error.to_string().contains(&format!("[player.{kind}]")), "{error}");
        }
        let (error, _) = told_of_failing(kind, &Given::status(404));
        assert!(!error.may_pass(), "{error}");
    }
}

#[test]
fn a_failure_that_passes_is_not_told() {
    for kind in KINDS {
        let count = AtomicUsize::new(0);
        let server = Server::start(move |asked| match count.fetch_add(1, Ordering::SeqCst) {
            0 => Given::status(500),
            _ if asked.path == "/jsonrpc" => Given::body(r#"{"result":{"textures":[]}}"#),
            _ => Given::body("{}"),
        });
        let access = access(kind, &server);
        // Kodi says nothing of what it is doing here, which is as good as idle.
        tell(&access, &items([film()])).unwrap();
        assert!(server.asked().len() > 1, "{kind}");
    }
}

#[test]
fn a_player_that_is_off_is_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for kind in KINDS {
        let server = Server::start(|_| Given::status(200));
        let access = Access { url: format!("http://{free}/").parse().unwrap(), ..access(kind, &server) };
        let error = tell(&access, &items([film()])).unwrap_err();
        assert!(matches!(error, PlayerError::Unreachable { .. }) && error.may_pass(), "{error}");
    }
}

#[test]
fn a_player_that_hangs_costs_its_time_limit_only() {
    let server = Server::start(|_| Given::body("{}").broken(Fault::Drip(Duration::from_secs(600))));
    let access = Access { timeout: Duration::from_millis(50), retries: 1, ..access(PlayerKind::Plex, &server) };
    let error = tell(&access, &items([film()])).unwrap_err();
    assert!(matches!(error, PlayerError::Unreachable { .. }), "{error}");
}

#[test]
fn rubbish_is_an_error_or_no_answer_and_never_a_panic() {
    let bodies: &[&[u8]] = &[
        b"<html>Welcome</html>",
        b"\xff\xfe",
        b"[[[[[[",
        b"null",
        b"[]",
        br#"{"Items":[{"Id":null},7,[]],"MediaContainer":{"Directory":{"key":1},"Metadata":7},"result":[]}"#,
        br#"{"Items":{"a":1},"MediaContainer":[],"error":[]}"#,
        br#"{"result":{"textures":[[],{"textureid":1,"url":7}],"movies":[null,{"movieid":"x","file":[]}]}}"#,
    ];
    for kind in KINDS {
        for &body in bodies {
            let server = Server::start(move |_| Given::body(body));
            let outcome = tell(&access(kind, &server), &items([film(), series(), season(), episode(), album()]));
            if let Err(error) = outcome {
                assert!(!error.may_pass(), "{kind}: {error}");
            }
        }
        let nested = "[".repeat(200_000);
        let server = Server::start(move |_| Given::body(nested.clone()));
        assert!(tell(&access(kind, &server), &items([film()])).is_err(), "{kind}");
    }
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    for kind in KINDS {
        let (error, _) = told_of_failing(kind, &Given::status(301).with("location", "http://127.0.0.1:9/web/"));
        assert!(error.to_string().contains("it redirects to http://127.0.0.1:9/web/"), "{error}");
    }
}

#[test]
fn a_rehearsal_tells_nothing() {
    let server = Server::start(|asked| {
        assert!(asked.method == "GET", "{} {}", asked.method, asked.path);
        Given::body("{}")
    });
    let told = rehearse(&access(PlayerKind::Jellyfin, &server), &items([film()])).unwrap();
    assert_eq!(commands(&told), ["POST /Library/Media/Updated: /data/films/Heat (1995)"]);
}

#[test]
fn no_login_is_told_in_errors_and_none_that_is_missing_is_tried() {
    let (error, _) = told_of_failing(PlayerKind::Plex, &Given::status(500));
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    for kind in [PlayerKind::Jellyfin, PlayerKind::Emby, PlayerKind::Plex] {
        let server = Server::start(|_| Given::status(200));
        for key in ["", "two\nlines"] {
            let access = Access { key: Secret::from(key.to_owned()), ..access(kind, &server) };
            let error = tell(&access, &items([film()])).unwrap_err();
            assert!(matches!(error, PlayerError::Setting { key: "key", .. }), "{error}");
        }
        assert!(server.asked().is_empty());
    }
    let server = Server::start(|_| Given::status(200));
    let access = Access { url: "ftp://127.0.0.1/".parse().unwrap(), ..access(PlayerKind::Kodi, &server) };
    assert!(tell(&access, &items([film()])).unwrap_err().to_string().contains("player.kodi.url"));
}

#[test]
fn names_that_are_not_utf_8_are_passed_over() {
    use std::os::unix::ffi::OsStringExt;
    for kind in KINDS {
        let server = Server::start(|asked| match asked.path.as_str() {
            "/jsonrpc" => Given::body(r#"{"result":{}}"#),
            _ => Given::body("{}"),
        });
        let folder = std::path::PathBuf::from(std::ffi::OsString::from_vec(b"/media/films/\xff".to_vec()));
        let item = posterfs::player::Item { video: Some(folder.join("a.mkv")), folder, ..film() };
        assert!(tell(&access(kind, &server), &items([item])).unwrap().is_empty(), "{kind}");
    }
}
