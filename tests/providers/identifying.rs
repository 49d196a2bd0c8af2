//! Finding out which film, series, artist or album it is.

use posterfs::model::EntityType;
use posterfs::provider::{Identified, Subject};

use crate::server::{Given, Server};
use crate::support::{ALBUM, ARTIST, Bench, subject, wait, well_behaved};

#[track_caller]
fn identify(provider: &str, subject: &Subject) -> (Identified, Vec<String>) {
    let server = Server::start(well_behaved);
    let found = wait(Bench::new().provider(provider, &server).identify(subject)).unwrap();
    (found, server.asked().into_iter().map(|asked| asked.path).filter(|path| !path.ends_with("login")).collect())
}

fn ids(identified: &Identified) -> Vec<String> {
    match identified {
        Identified::Found(ids) | Identified::Searched(ids) => {
            ids.iter().map(|(provider, value)| format!("{provider}:{value}")).collect()
        }
        Identified::Doubtful(ids) => ids.iter().map(|id| format!("perhaps {id}")).collect(),
        Identified::Nothing | Identified::NotAsked => Vec::new(),
    }
}

#[test]
fn an_id_elsewhere_comes_before_a_search_and_only_the_list_of_the_kind_counts() {
    let (found, asked) = identify("tmdb", &subject(EntityType::Movie, &[("imdb", "tt9900001")]));
    assert!(matches!(found, Identified::Found(_)), "{found:?}");
    assert_eq!((ids(&found), asked), (vec!["tmdb:9901".to_owned()], vec!["/3/find/tt9900001".to_owned()]));
    let (found, _) = identify("tvdb", &subject(EntityType::Series, &[("imdb", "tt9900002")]));
    assert_eq!(ids(&found), ["tvdb:4242"]);
}

#[test]
fn a_search_counts_when_there_is_no_doubt() {
    let film = subject(EntityType::Movie, &[]);
    let harbour = Subject { title: "Harbour".into(), year: Some(2011), ..subject(EntityType::Series, &[]) };
    let gulls = Subject { title: "Gulls".into(), year: None, ..subject(EntityType::Artist, &[]) };
    let tide = Subject {
        title: "Low Tide".into(),
        year: Some(1999),
        artist: Some("the gulls".into()),
        ..subject(EntityType::Album, &[])
    };
    for (provider, subject, wanted) in [
        ("tmdb", &film, vec!["tmdb:9901".to_owned()]),
        ("tvdb", &harbour, vec!["tvdb:4242".to_owned()]),
        ("musicbrainz", &gulls, vec![format!("musicbrainz:{ARTIST}")]),
        ("musicbrainz", &tide, vec![format!("musicbrainzreleasegroup:{ALBUM}")]),
        ("tmdb", &Subject { year: Some(1999), ..film.clone() }, vec!["tmdb:9901".to_owned()]),
        (
            "tmdb",
            &Subject { year: None, ..film.clone() },
            vec!["perhaps tmdb:9901".to_owned(), "perhaps tmdb:9977".to_owned()],
        ),
        ("tmdb", &Subject { title: "Another".into(), ..film.clone() }, vec![]),
        ("fanarttv", &film, vec![]),
        ("coverart", &tide, vec![]),
    ] {
        let (found, _) = identify(provider, subject);
        assert_eq!(ids(&found), wanted, "{provider} {} {:?}", subject.title, subject.year);
    }
}

#[test]
fn what_is_searched_for_is_escaped() {
    let server = Server::start(|_| Given::body(r#"{"artists":[],"results":[]}"#));
    let odd = Subject { title: r#"A "B" \ & C?"#.into(), ..subject(EntityType::Artist, &[]) };
    wait(Bench::new().provider("musicbrainz", &server).identify(&odd)).unwrap();
    assert_eq!(server.asked()[0].parameters["query"], r#"artist:"A \"B\" \\ & C?""#);
    let film = Subject { entity_type: EntityType::Movie, ..odd };
    wait(Bench::new().provider("tmdb", &server).identify(&film)).unwrap();
    assert_eq!(server.asked()[1].parameters["query"], film.title);
}
