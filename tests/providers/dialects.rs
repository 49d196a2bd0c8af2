//! What each provider's replies mean, entry by entry.

use posterfs::model::EntityType::{self, Actor, Album, Artist, Episode, Movie, MovieSet, Season, Series};
use posterfs::provider::{Answer, Offer, Person, Subject};

use crate::server::{Given, Server};
use crate::support::{ALBUM, ARTIST, Bench, subject, wait, well_behaved};

/// An offer in one line: kind, key, size, language, votes.
fn line(offer: &Offer) -> String {
    let size = offer.width.zip(offer.height).map_or("?".to_owned(), |(width, height)| format!("{width}x{height}"));
    let language = offer.language.as_ref().map_or("-".to_owned(), ToString::to_string);
    let votes = match (offer.vote_average, offer.vote_count) {
        (Some(average), Some(count)) => format!("{average}/{count}"),
        (None, Some(count)) => format!("-/{count}"),
        _ => "-".to_owned(),
    };
    format!("{} {} {size} {language} {votes}", offer.kind.as_str(), offer.key)
}

#[track_caller]
fn asked(provider: &str, subject: &Subject) -> (Answer, Server) {
    let server = Server::start(well_behaved);
    let answer = wait(Bench::new().provider(provider, &server).answer(subject)).unwrap();
    (answer, server)
}

#[track_caller]
fn offers(provider: &str, subject: &Subject, wanted: &[&str]) -> Answer {
    let (answer, _) = asked(provider, subject);
    let found: Vec<String> = answer.offers.iter().map(line).collect();
    assert_eq!(found, wanted, "{provider} {}", subject.entity_type);
    assert_eq!(answer.dropped, 0);
    answer
}

fn child(entity_type: EntityType, ids: &[(&str, &str)], season: u16, episode: Option<u16>) -> Subject {
    Subject { season: Some(season), episode, ..subject(entity_type, ids) }
}

fn fields(answer: &Answer) -> Vec<(&'static str, &str)> {
    answer.fields.iter().map(|field| (field.name, field.value.as_str())).collect()
}

fn ids(answer: &Answer) -> Vec<String> {
    answer.ids.iter().map(|(provider, value)| format!("{provider}:{value}")).collect()
}

fn people(answer: &Answer) -> Vec<String> {
    let line = |person: &Person| {
        let (provider, id) = &person.ids[0];
        format!("{} as {}, {provider}:{id}", person.name, person.role)
    };
    answer.people.iter().map(line).collect()
}

#[test]
fn tmdb_film() {
    let answer = offers(
        "tmdb",
        &subject(Movie, &[("tmdb", "9901")]),
        &[
            "poster /p1.jpg 2000x3000 en-US 5.3/12",
            "poster /p2.jpg 1000x1500 pt-BR 5.8/4",
            "keyart /p3.jpg 1400x2100 - 0/0",
            "keyart /p4.jpg 500x750 - 0/0",
            "fanart /bd1.jpg 3840x2160 - 5.4/12",
            "landscape /bd2.jpg 1920x1080 en-US 5/3",
            "clearlogo /logo1.png 800x310 en-US 0/0",
            "clearlogo /logo2.svg 600x200 en 5.1/1",
        ],
    );
    assert_eq!(ids(&answer), ["tmdb:9901", "imdb:tt9900001"]);
    assert_eq!(
        fields(&answer),
        [
            ("title", "The Lantern Keeper"),
            ("original_title", "Le Gardien"),
            ("original_language", "fr"),
            ("plot", "A lighthouse, and who keeps it."),
            ("premiered", "1998-04-02"),
            ("rating", "7.2"),
            ("votes", "321"),
            ("runtime", "101"),
            ("genres", r#"["Drama","Mystery"]"#),
            ("studios", r#"["Studio One"]"#),
            ("content_rating", "PG-13"),
            ("set", "Lantern Collection"),
        ]
    );
    assert_eq!(people(&answer), ["Ann Actor as Keeper, tmdb:77001", "Bob Actor as , tmdb:77002"]);
}

#[test]
fn tmdb_asks_for_pictures_without_text_and_gets_drawings_as_pictures() {
    let (answer, server) = asked("tmdb", &subject(Movie, &[("tmdb", "9901")]));
    let request = &server.asked()[0];
    assert_eq!(request.parameters["include_image_language"], "en,null,xx");
    assert_eq!(request.parameters["language"], "en");
    let logo = answer.offers.iter().find(|offer| offer.key == "/logo2.svg").unwrap();
    assert_eq!(logo.url, format!("{}/t/p/original/logo2.png", server.url()));
}

#[test]
fn tmdb_asks_for_the_language_of_the_original_where_it_is_wanted_and_another_one() {
    let wanting = Subject { wants_original: true, ..subject(Movie, &[("tmdb", "9901")]) };
    let (_, server) = asked("tmdb", &wanting);
    let asked_for: Vec<String> = server.asked().iter().map(|asked| asked.path.clone()).collect();
    assert_eq!(asked_for, ["/3/movie/9901", "/3/movie/9901/images"]);
    assert_eq!(server.asked()[1].parameters["include_image_language"], "fr");
    let french = Subject { languages: vec!["fr".parse().unwrap()], ..wanting };
    let (_, server) = asked("tmdb", &french);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn tmdb_everything_else() {
    let answer = offers(
        "tmdb",
        &subject(Series, &[("tmdb", "9902")]),
        &["poster /tp.jpg 1000x1500 en 0/0", "fanart /tb.jpg 1920x1080 - 0/0"],
    );
    assert_eq!(ids(&answer), ["tmdb:9902", "tvdb:4242"]);
    assert_eq!(people(&answer), ["Ann Actor as The Keeper, tmdb:77001", "Dan Actor as , tmdb:77004"]);
    assert!(
        fields(&answer).contains(&("content_rating", "TV-14")) && fields(&answer).contains(&("studios", r#"["Net"]"#))
    );
    let series = [("tmdb", "9902")];
    let season = offers(
        "tmdb",
        &child(Season, &series, 1, None),
        &["poster /sp.jpg 400x578 - 0/0", "poster /sp2.jpg 1000x1500 en 0/0"],
    );
    assert!(season.ids.is_empty(), "a season's own number is nobody's id");
    offers("tmdb", &child(Episode, &series, 1, Some(2)), &["thumb /st.jpg 1920x1080 - 5/2"]);
    let person = offers("tmdb", &subject(Actor, &[("tmdb", "77001")]), &["actorthumb /a.jpg 1000x1500 - 5.3/4"]);
    assert_eq!(fields(&person), [("plot", "Born."), ("premiered", "1960-01-01")]);
    offers(
        "tmdb",
        &subject(MovieSet, &[("tmdb", "86000")]),
        &["poster /cp.jpg 1000x1500 en 0/0", "fanart /cb.jpg 1920x1080 - 0/0"],
    );
}

#[test]
fn tvdb_series_has_its_own_artwork_and_no_moving_pictures() {
    let answer = offers(
        "tvdb",
        &subject(Series, &[("tvdb", "4242")]),
        &[
            "poster 1 680x1000 en 10/141",
            "fanart 2 1920x1080 - 10/7",
            "banner 3 758x140 de 10/2",
            "clearlogo 4 800x310 en -/0",
            "keyart 6 680x1000 - 10/1",
        ],
    );
    assert_eq!(ids(&answer), ["tvdb:4242", "imdb:tt9900002", "tmdb:9902"]);
    assert_eq!(people(&answer), ["Eva Actor as The Captain, tvdb:55501", "Finn Actor as The Pilot, tvdb:55502"]);
    assert_eq!(answer.original_language.unwrap().as_str(), "no");
}

#[test]
fn tvdb_person() {
    let answer = offers("tvdb", &subject(Actor, &[("tvdb", "55501")]), &["actorthumb person-55501 300x450 - -"]);
    assert_eq!(ids(&answer), ["tvdb:55501", "imdb:nm9900001", "tmdb:77003"]);
    assert_eq!(fields(&answer), [("plot", "Born."), ("premiered", "1970-02-03")]);
}

#[test]
fn tvdb_is_asked_for_its_artwork_types_once_and_only_when_a_new_one_turns_up() {
    let (_, server) = asked("tvdb", &subject(Series, &[("tvdb", "4242")]));
    assert_eq!(server.count("/v4/artwork/types"), 0);
    let with_new_type = |types: Option<&'static str>| {
        Server::start(move |asked| match asked.path.as_str() {
            "/v4/artwork/types" => types.map_or(Given::status(500), Given::body),
            path if path.starts_with("/v4/series") => Given::body(
                r#"{"status":"success","data":{"id":4242,"artworks":[
                    {"id":1,"image":"https://artworks.thetvdb.com/a.jpg","type":2,"score":100000},
                    {"id":2,"image":"https://artworks.thetvdb.com/b.jpg","type":77,"score":100000}]}}"#,
            ),
            _ => well_behaved(asked),
        })
    };
    let types = r#"{"status":"success","data":[{"id":77,"name":"Background","recordType":"series"}]}"#;
    for (types, wanted) in [(Some(types), &["poster 1 ? - -/0", "fanart 2 ? - -/0"][..]), (None, &["poster 1 ? - -/0"])]
    {
        let server = with_new_type(types);
        let bench = Bench::new();
        let provider = bench.provider("tvdb", &server);
        for _ in 0..2 {
            let answer = wait(provider.answer(&subject(Series, &[("tvdb", "4242")]))).unwrap();
            assert_eq!(answer.offers.iter().map(line).collect::<Vec<_>>(), wanted);
        }
        let asked = if types.is_some() { 1 } else { 1 + usize::from(bench.network.retries) };
        assert_eq!(server.count("/v4/artwork/types"), asked, "once, but for what may pass");
    }
}

#[test]
fn tvdb_season_artwork_is_mapped_by_the_record_and_the_official_numbering_comes_first() {
    let series = [("tvdb", "4242")];
    offers(
        "tvdb",
        &child(Season, &series, 1, None),
        &["poster 7 400x578 en 10/5", "poster 8 680x1000 en -/0", "banner 10 758x140 - -/0"],
    );
    offers("tvdb", &child(Season, &series, 0, None), &["poster 9 ? zh-TW -/0"]);
    offers("tvdb", &child(Season, &series, 7, None), &[]);
}

#[test]
fn tvdb_episode_and_film() {
    let series = [("tvdb", "4242")];
    offers("tvdb", &child(Episode, &series, 1, Some(2)), &["thumb episode-8002 640x360 - -"]);
    offers("tvdb", &child(Episode, &series, 1, Some(1)), &[]);
    offers("tvdb", &child(Episode, &series, 3, Some(1)), &[]);
    let (answer, server) = asked("tvdb", &subject(Movie, &[("tvdb", "31")]));
    let found: Vec<String> = answer.offers.iter().map(line).collect();
    assert_eq!(found, ["poster 61 680x1000 en -/0", "fanart 62 ? - -/0", "clearart 63 1000x562 en -/0"]);
    assert_eq!(answer.offers[1].url, format!("{}/banners/v4/movie/31/b.jpg", server.url()), "a relative address");
}

#[test]
fn tvdb_is_asked_by_the_id_at_imdb_where_its_own_is_not_known() {
    let (answer, server) = asked("tvdb", &subject(Series, &[("imdb", "tt9900002")]));
    assert_eq!(answer.offers.len(), 5);
    assert_eq!(server.count("/v4/search/remoteid/tt9900002"), 1);
}

#[test]
fn tvdb_logs_in_once_keeps_the_token_and_renews_it_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let logins = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&logins);
    let server = Server::start(move |asked| {
        if asked.path.ends_with("/login") {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            let body = format!(r#"{{"status":"success","data":{{"token":"token-{number}"}}}}"#);
            return Given::body(body);
        }
        // The first token is old by the time of the film.
        let is_old = asked.path.contains("movies") && asked.headers["authorization"] == "Bearer token-1";
        if is_old { Given::status(401) } else { well_behaved(asked) }
    });
    let bench = Bench::new();
    let series = subject(Series, &[("tvdb", "4242")]);
    wait(bench.provider("tvdb", &server).answer(&series)).unwrap();
    assert!(server.asked()[0].body.contains("pin"));
    let film = wait(bench.provider("tvdb", &server).answer(&subject(Movie, &[("tvdb", "31")]))).unwrap();
    assert_eq!((film.offers.len(), logins.load(Ordering::SeqCst)), (3, 2), "kept over runs, renewed when refused");
    let token = bench.folder.path().join("replies/tvdb/token");
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(token).unwrap());
    assert_eq!(mode & 0o077, 0, "a token is nobody else's business");
}

#[test]
fn fanarttv_films_series_and_their_seasons() {
    offers(
        "fanarttv",
        &subject(Movie, &[("tmdb", "9901")]),
        &[
            "poster 71 1000x1426 en 10/4",
            "keyart 72 1000x1426 - -/0",
            "poster 73 1000x1426 cs 10/1",
            "fanart 74 1920x1080 - -/0",
            "fanart 80 3840x2160 - -/0",
            "clearlogo 75 800x310 - -/0",
            "clearart 76 1000x562 en 10/2",
            "banner 77 1000x185 en -/0",
            "landscape 78 1000x562 en -/0",
            "discart 79 1000x1000 en 10/1",
        ],
    );
    let series = [("tvdb", "4242")];
    offers(
        "fanarttv",
        &subject(Series, &series),
        &[
            "poster 81 1000x1426 en 10/3",
            "fanart 82 1920x1080 - 10/1",
            "clearlogo 84 400x155 en -/0",
            "banner 88 1000x185 en 10/5",
            "landscape 89 1000x562 en -/0",
            "characterart 85 512x512 - 10/1",
        ],
    );
    offers(
        "fanarttv",
        &child(Season, &series, 1, None),
        &["fanart 83 1920x1080 - 10/1", "poster 86 1000x1426 en 10/2"],
    );
    offers("fanarttv", &child(Season, &series, 0, None), &["poster 87 1000x1426 en 10/2"]);
}

#[test]
fn fanarttv_music() {
    offers(
        "fanarttv",
        &subject(Artist, &[("musicbrainz", ARTIST)]),
        &[
            "thumb 91 1000x1000 - 10/2",
            "fanart 92 1920x1080 - -/0",
            "clearlogo 93 800x310 - -/0",
            "banner 94 1000x185 - -/0",
        ],
    );
    offers(
        "fanarttv",
        &subject(Album, &[("musicbrainzreleasegroup", ALBUM)]),
        &["cover 95 1000x1000 - 10/1", "discart 96 1000x1000 - -/0"],
    );
}

#[test]
fn fanarttv_lists_albums_as_a_map_or_as_a_list() {
    let list = format!(
        r#"{{"albums":[{{"release_group_id":"x","albumcover":[{{"id":"1","url":"https://a/1"}}]}},
            {{"release_group_id":"{ALBUM}","albumcover":[{{"id":"2","url":"https://a/2","width":"900","height":"900"}}]}}]}}"#
    );
    let answer = posterfs::provider::parse::fanarttv_album(list.as_bytes(), ALBUM).unwrap();
    let found: Vec<String> = answer.offers.iter().map(line).collect();
    assert_eq!(found, ["cover 2 900x900 - -/0"]);
}

#[test]
fn coverart_has_what_players_show_in_a_reasonable_size() {
    offers(
        "coverart",
        &subject(Album, &[("musicbrainzreleasegroup", ALBUM)]),
        &["cover 829521842 1200x1200 - 10/1", "back 829521843 ? - 10/1", "discart 829521844 1200x1200 - -/0"],
    );
}

#[test]
fn musicbrainz_knows_facts() {
    let (answer, server) = asked("musicbrainz", &subject(Album, &[("musicbrainzreleasegroup", ALBUM)]));
    assert_eq!(ids(&answer), [format!("musicbrainzreleasegroup:{ALBUM}")]);
    assert_eq!(fields(&answer), [("title", "Low Tide"), ("premiered", "1999-05")]);
    assert_eq!(server.asked()[0].parameters["fmt"], "json");
}
