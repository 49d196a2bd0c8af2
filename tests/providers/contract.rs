//! What every provider owes, whatever its dialect.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use posterfs::provider::{Answer, ProviderError};

use crate::server::{Asked, Fault, Given, Server};
use crate::support::{Bench, KEY, samples, wait, well_behaved};

/// Asks every provider once, with a server that answers so once a login has succeeded.
fn each(
    answers: impl Fn(&Asked) -> Given + Clone + Send + Sync + 'static,
    check: impl Fn(&'static str, &Server, Result<Answer, ProviderError>),
) {
    for (name, subject) in samples() {
        let answers = answers.clone();
        let server = Server::start(move |asked| login_or(asked, &answers));
        let bench = Bench::new();
        let provider = bench.provider(name, &server);
        let answer = wait(provider.answer(&subject));
        if let Err(error) = &answer {
            assert!(!format!("{error} {error:?}").contains(KEY), "{name}: {error:?}");
        }
        check(name, &server, answer);
    }
}

fn login_or(asked: &Asked, answers: &impl Fn(&Asked) -> Given) -> Given {
    if asked.path.ends_with("/login") { well_behaved(asked) } else { answers(asked) }
}

/// How often the server was asked for more than a login.
fn questions(server: &Server) -> usize {
    server.asked().iter().filter(|asked| !asked.path.ends_with("/login")).count()
}

#[test]
fn an_answer_has_candidates_of_its_kinds_with_keys_and_addresses_of_their_own() {
    for (name, subject) in samples() {
        let server = Server::start(well_behaved);
        let bench = Bench::new();
        let provider = bench.provider(name, &server);
        let answer = wait(provider.answer(&subject)).unwrap();
        let kinds = provider.kinds(subject.entity_type);
        assert_eq!(answer.offers.is_empty(), kinds.is_empty(), "{name}");
        let mut keys = std::collections::BTreeSet::new();
        for offer in &answer.offers {
            assert!(kinds.contains(&offer.kind), "{name}: {offer:?}");
            assert!(keys.insert((offer.kind, offer.key.clone())), "{name}: {offer:?}");
            assert!(offer.url.starts_with(&server.url()), "{name}: {offer:?}");
        }
    }
}

#[test]
fn not_found_means_that_it_has_none() {
    each(
        |_| Given::status(404).with("content-type", "text/html"),
        |name, _, answer| {
            assert_eq!(answer.unwrap(), Answer::default(), "{name}");
        },
    );
}

#[test]
fn nobody_is_asked_again_for_what_is_not_there() {
    for (name, subject) in samples() {
        let server = Server::start(|asked| login_or(asked, &|_: &Asked| Given::status(404)));
        let bench = Bench::new();
        wait(bench.provider(name, &server).answer(&subject)).unwrap();
        let before = questions(&server);
        bench.clock.forward(86_400);
        wait(bench.provider(name, &server).answer(&subject)).unwrap();
        assert_eq!(questions(&server), before, "{name}: a negative answer is remembered for days");
        bench.clock.forward(30 * 86_400);
        wait(bench.provider(name, &server).answer(&subject)).unwrap();
        assert!(questions(&server) > before, "{name}: but not for ever");
    }
}

#[test]
fn a_refused_key_ends_the_run_for_that_provider_with_one_clear_message() {
    for status in [401, 403] {
        for (name, subject) in samples() {
            let refusal = r#"{"success":false,"status_code":7,"status_message":"Invalid API key"}"#;
            let server =
                Server::start(move |asked| login_or(asked, &|_: &Asked| Given { status, ..Given::body(refusal) }));
            let bench = Bench::new();
            let provider = bench.provider(name, &server);
            let error = wait(provider.answer(&subject)).unwrap_err();
            assert!(matches!(error, ProviderError::Refused { .. }) && error.ends_the_run(), "{name}: {error:?}");
            let said = error.to_string();
            assert!(said.contains("Invalid API key") && said.contains("check"), "{name}: {said}");
            let asked = server.asked().len();
            assert!(asked <= 4, "{name}: not tried again, but for one new login");
            assert_eq!(wait(provider.answer(&subject)).unwrap_err().to_string(), said, "{name}");
            assert_eq!(server.asked().len(), asked, "{name}: not asked again in this run");
        }
    }
}

#[test]
fn too_many_requests_are_answered_by_waiting_as_long_as_asked() {
    for (name, subject) in samples() {
        let count = AtomicUsize::new(0);
        let server = Server::start(move |asked| {
            let is_first = !asked.path.ends_with("/login") && count.fetch_add(1, Ordering::SeqCst) == 0;
            if is_first { Given::status(429).with("retry-after", "1") } else { well_behaved(asked) }
        });
        let bench = Bench::new();
        let begun = Instant::now();
        let answer = wait(bench.provider(name, &server).answer(&subject)).unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(1), "{name}");
        assert!(answer.offers.len() + answer.ids.len() > 0, "{name}");
    }
}

#[test]
fn a_provider_that_asks_to_wait_for_longer_than_there_is_time_is_left_alone() {
    each(
        |_| Given::status(429).with("retry-after", "3600"),
        |name, server, answer| {
            assert!(matches!(answer, Err(ProviderError::Status { status: 429, .. })), "{name}: {answer:?}");
            assert_eq!(questions(server), 1, "{name}");
        },
    );
}

#[test]
fn a_server_that_is_down_is_tried_a_few_times_then_left_alone() {
    for (name, subject) in samples() {
        let server =
            Server::start(|asked| login_or(asked, &|_: &Asked| Given { status: 503, ..Given::body("<html>down") }));
        let bench = Bench::new();
        let provider = bench.provider(name, &server);
        for _ in 0..3 {
            let error = wait(provider.answer(&subject)).unwrap_err();
            assert!(matches!(error, ProviderError::Status { status: 503, .. }), "{name}: {error:?}");
        }
        assert_eq!(questions(&server), 3 * (1 + usize::from(bench.network.retries)), "{name}");
        let error = wait(provider.answer(&subject)).unwrap_err();
        assert!(matches!(error, ProviderError::Down { .. }) && error.ends_the_run(), "{name}: {error:?}");
        assert_eq!(questions(&server), 3 * (1 + usize::from(bench.network.retries)), "{name}");
    }
}

#[test]
fn a_server_that_fails_once_is_no_failure() {
    for (name, subject) in samples() {
        let count = AtomicUsize::new(0);
        let server = Server::start(move |asked| match asked.path.ends_with("/login") {
            false if count.fetch_add(1, Ordering::SeqCst) == 0 => Given::status(500),
            _ => well_behaved(asked),
        });
        wait(Bench::new().provider(name, &server).answer(&subject)).unwrap();
    }
}

#[test]
fn what_is_no_answer_is_told_and_not_tried_again() {
    for body in ["<html><body>captive portal</body></html>", "", "[]", "null", "{\"data\": ", "\u{0}\u{1}"] {
        each(
            move |_| Given::body(body).with("content-type", "application/json"),
            |name, server, answer| {
                assert!(matches!(answer, Err(ProviderError::NotUnderstood { .. })), "{name} {body:?}: {answer:?}");
                assert_eq!(questions(server), 1, "{name} {body:?}");
            },
        );
    }
}

#[test]
fn half_an_answer_is_none() {
    each(
        |asked| well_behaved(asked).broken(Fault::Half),
        |name, server, answer| {
            assert!(matches!(answer, Err(ProviderError::Transport { .. })), "{name}: {answer:?}");
            assert_eq!(questions(server), 4, "{name}: but may be whole the next time");
        },
    );
}

#[test]
fn an_answer_that_drips_is_given_up_in_time() {
    for (name, subject) in samples() {
        let server = Server::start(|asked| {
            login_or(asked, &|asked: &Asked| well_behaved(asked).broken(Fault::Drip(Duration::from_millis(100))))
        });
        let mut bench = Bench::new();
        bench.network.budget = 1.0;
        let begun = Instant::now();
        let answer = wait(bench.provider(name, &server).answer(&subject));
        assert!(matches!(answer, Err(ProviderError::Slow { .. })), "{name}: {answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{name}: {:?}", begun.elapsed());
    }
}

#[test]
fn silence_is_given_up_in_time() {
    each(
        |asked| well_behaved(asked).broken(Fault::Drip(Duration::from_secs(30))),
        |name, _, answer| {
            assert!(matches!(answer, Err(ProviderError::Transport { .. })), "{name}: {answer:?}");
        },
    );
}

#[test]
fn redirects_lead_to_the_providers_own_places_only() {
    let elsewhere = Server::start(well_behaved);
    let other = format!("{}/3/movie/9901", elsewhere.url());
    for target in ["file:///etc/passwd", "https://127.0.0.1/x", "http://169.254.169.254/latest", "gopher://x/", &other]
    {
        let location = target.to_owned();
        let answers = move |_: &Asked| Given::status(302).with("location", location.clone());
        each(answers, |name, _, answer| {
            assert!(matches!(answer, Err(ProviderError::Address { .. })), "{name} {target}: {answer:?}");
        });
    }
    assert!(elsewhere.asked().is_empty());
    each(
        |_| Given::status(302).with("location", "/round/and/round"),
        |name, server, answer| {
            assert!(matches!(answer, Err(ProviderError::Address { .. })), "{name}: {answer:?}");
            assert!(questions(server) <= 6, "{name}");
        },
    );
    each(
        |asked| match asked.path.strip_prefix("/moved") {
            Some(path) => well_behaved(&Asked { path: path.to_owned(), ..asked.clone() }),
            None => Given::status(307).with("location", format!("/moved{}", asked.path)),
        },
        |name, _, answer| assert!(answer.is_ok(), "{name}: {answer:?}"),
    );
}

#[test]
fn a_reply_that_never_ends_does_not_fill_memory() {
    each(
        |_| Given::body(vec![b' '; 1]).with("content-length", (64u64 << 30).to_string()),
        |name, _, answer| {
            assert!(answer.is_err(), "{name}");
        },
    );
}

#[test]
fn everyone_introduces_themselves_and_keeps_the_key_out_of_the_path() {
    each(well_behaved, |name, server, _| {
        for asked in server.asked() {
            assert!(asked.headers["user-agent"].starts_with("posterfs/"), "{name}: {asked:?}");
            assert!(!asked.path.contains(KEY), "{name}: {asked:?}");
        }
    });
}

#[test]
fn pictures_come_whole_or_not_at_all() {
    for (name, subject) in samples().into_iter().filter(|(name, _)| *name != "musicbrainz") {
        let server = Server::start(|asked| match asked.path.rsplit('/').next().unwrap() {
            "whole" => Given::body("a picture"),
            "half" => Given::body("a picture").broken(Fault::Half),
            "gone" => Given::status(404),
            "deleted" => Given::status(410),
            "refused" => Given::status(403),
            "large" => Given::body(vec![0; 2000]),
            "moved" => Given::status(301).with("location", "whole"),
            "away" => Given::status(301).with("location", "file:///etc/passwd"),
            _ => well_behaved(asked),
        });
        let bench = Bench::new();
        let provider = bench.provider(name, &server);
        wait(provider.answer(&subject)).unwrap();
        let get = |what: &str| wait(provider.picture(&format!("{}/{what}", server.url()), 1000));
        assert_eq!(get("whole").unwrap(), b"a picture", "{name}");
        assert_eq!(get("moved").unwrap(), b"a picture", "{name}");
        for what in ["gone", "deleted", "refused", "large", "away"] {
            let error = get(what).unwrap_err();
            assert!(error.is_final() && !error.ends_the_run(), "{name} {what}: {error:?}");
        }
        assert!(!get("half").unwrap_err().is_final(), "{name}");
        let other = wait(provider.picture("https://example.org/x.jpg", 1000));
        assert!(matches!(other, Err(ProviderError::Address { .. })), "{name}: {other:?}");
        let nothing = wait(provider.picture("no address", 1000));
        assert!(matches!(nothing, Err(ProviderError::Address { .. })), "{name}: {nothing:?}");
    }
}

#[test]
fn a_subject_without_the_right_id_is_not_asked_about() {
    for (name, subject) in samples() {
        let server = Server::start(well_behaved);
        let subject = posterfs::provider::Subject { ids: Vec::new(), ..subject };
        let answer = wait(Bench::new().provider(name, &server).answer(&subject)).unwrap();
        assert_eq!((answer, server.asked().len()), (Answer::default(), 0), "{name}");
    }
}

#[test]
fn offline_nobody_is_asked_and_what_is_stored_still_answers() {
    for (name, subject) in samples() {
        let server = Server::start(well_behaved);
        let mut bench = Bench::new();
        bench.network.offline = true;
        let error = wait(bench.provider(name, &server).answer(&subject)).unwrap_err();
        assert!(matches!(error, ProviderError::Offline { .. }), "{name}: {error:?}");
        assert!(server.asked().is_empty(), "{name}");
        bench.network.offline = false;
        let online = wait(bench.provider(name, &server).answer(&subject)).unwrap();
        bench.network.offline = true;
        bench.clock.forward(400 * 86_400);
        server.forget();
        assert_eq!(wait(bench.provider(name, &server).answer(&subject)).unwrap(), online, "{name}");
        assert!(server.asked().is_empty(), "{name}");
    }
}
