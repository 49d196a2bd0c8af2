//! Addresses in metadata files: offered where they may be followed, and followed nowhere else.

use posterfs::model::{EntityType, ImageKind};
use posterfs::provider::{Place, ProviderError, Subject, providers};

use crate::server::{Given, Server};
use crate::support::{Bench, settings, subject, wait};

fn declaring(declared: &[(ImageKind, &str)]) -> Subject {
    let declared = declared.iter().map(|(kind, url)| (*kind, (*url).to_owned())).collect();
    Subject { place: Place { declared, ..Place::default() }, ..subject(EntityType::Movie, &[]) }
}

/// What is offered of one address, with that list of hosts.
fn followed(hosts: &[&str], declared: &str) -> Option<String> {
    let mut settings = settings("http://127.0.0.1:9");
    settings.nfo.hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    let all = providers(&settings, &Bench::new().surroundings()).unwrap();
    let nfo = all.iter().find(|provider| provider.name() == "nfo").unwrap();
    let answer = wait(nfo.answer(&declaring(&[(ImageKind::Poster, declared)]))).unwrap();
    assert!(answer.offers.iter().all(|offer| offer.key == declared && offer.kind == ImageKind::Poster));
    answer.offers.into_iter().next().map(|offer| offer.url)
}

#[test]
fn an_address_is_offered_where_its_host_is_listed() {
    let known = &["tmdb.org"][..];
    for (hosts, declared, wanted) in [
        (known, "https://image.tmdb.org/t/p/a.jpg", Some("https://image.tmdb.org/t/p/a.jpg")),
        (known, "http://image.tmdb.org/t/p/a.jpg", Some("https://image.tmdb.org/t/p/a.jpg")),
        (known, "https://ann:pw@image.tmdb.org/a.jpg", None),
        (known, "https://example.org/a.jpg", None),
        (known, "https://tmdb.org.example.org/a.jpg", None),
        (known, "http://192.168.0.1/a.jpg", None),
        (known, "file:///etc/passwd", None),
        (known, "no address", None),
        (&["*"], "http://example.org/a.jpg", Some("http://example.org/a.jpg")),
        (&["*"], "http://192.168.0.1/a.jpg", None),
        (&["*"], "http://[::1]/a.jpg", None),
        (&["http://192.168.0.1:8080"], "http://192.168.0.1:8080/a.jpg", Some("http://192.168.0.1:8080/a.jpg")),
    ] {
        assert_eq!(followed(hosts, declared).as_deref(), wanted, "{hosts:?} {declared}");
    }
}

#[test]
fn one_address_is_one_candidate_and_no_more_is_said_of_it() {
    let server = Server::start(|_| Given::status(404));
    let url = format!("{}/a.jpg", server.url());
    let nfo = Bench::new().provider("nfo", &server);
    let declared = [(ImageKind::Poster, url.as_str()), (ImageKind::Fanart, &url), (ImageKind::Poster, &url)];
    let subject = declaring(&declared);
    let answer = wait(nfo.answer(&subject)).unwrap();
    let kinds: Vec<ImageKind> = answer.offers.iter().map(|offer| offer.kind).collect();
    assert_eq!(kinds, [ImageKind::Poster, ImageKind::Fanart]);
    assert!(answer.offers.iter().all(|offer| offer.width.is_none() && offer.language.is_none()));
    assert!(nfo.may_have(&subject, ImageKind::Fanart) && !nfo.may_have(&subject, ImageKind::Banner));
    assert!(server.asked().is_empty(), "what is offered is not fetched");
}

#[test]
fn a_redirect_leads_nowhere_else_and_no_private_name_is_asked() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/a.jpg" => Given::body("a picture"),
        "/near.jpg" => Given::status(302).with("location", "/a.jpg"),
        "/file.jpg" => Given::status(302).with("location", "file:///etc/passwd"),
        _ => Given::status(302).with("location", "http://127.0.0.1:9/a.jpg"),
    });
    let nfo = Bench::new().provider("nfo", &server);
    let get = |path: &str| wait(nfo.picture(&format!("{}{path}", server.url()), 100));
    assert_eq!(get("/a.jpg").unwrap(), b"a picture");
    assert_eq!(get("/near.jpg").unwrap(), b"a picture");
    for path in ["/file.jpg", "/away.jpg"] {
        assert!(matches!(get(path), Err(ProviderError::Address { .. })), "{path}");
    }
    let mut settings = settings("http://127.0.0.1:9");
    settings.nfo.hosts = vec!["*".to_owned()];
    let all = providers(&settings, &Bench::new().surroundings()).unwrap();
    let nfo = all.iter().find(|provider| provider.name() == "nfo").unwrap();
    assert!(wait(nfo.picture("http://localhost:9/a.jpg", 100)).unwrap_err().to_string().contains("no public address"));
}
