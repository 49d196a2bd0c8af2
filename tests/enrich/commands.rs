//! The commands as users and scripts run them.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::Given;
use crate::shelf::Tmdb;

pub fn write(path: &Path, text: &str) {
    File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// A configuration by which only TMDB is asked, at that address.
pub fn toml(url: &str) -> String {
    format!(
        "[network]\nwait = 0.01\nsilence = 1\n[provider.tmdb]\nkey = 'k3y'\nbase_url = '{url}/3'\n\
         image_base_url = '{url}/t/p'\nrequests_per_second = 1000\n[provider.musicbrainz]\nenabled = false\n\
         [provider.coverart]\nenabled = false\n"
    )
}

/// A folder for each film, with its number in the name.
pub fn films_in(media: &Path, numbers: &[u64]) {
    for id in numbers {
        let folder = media.join(format!("Film {id} (1999) {{tmdb-{id}}}"));
        std::fs::create_dir_all(&folder).unwrap();
        write(&folder.join(format!("Film {id} (1999).mkv")), "a film");
    }
}

struct Desk {
    folder: TempDir,
    tmdb: Tmdb,
}

impl Desk {
    /// Two films, scanned; the first has two posters.
    fn new() -> Self {
        let tmdb = Tmdb::start();
        tmdb.film(1, "Film 1", 1999);
        tmdb.film(2, "Film 2", 1999);
        tmdb.offer(1, "posters", "/best.jpg", Some("en"), 90, 1);
        tmdb.offer(1, "posters", "/other.jpg", Some("de"), 5, 2);
        tmdb.offer(1, "backdrops", "/b.jpg", None, 5, 3);
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("config.toml"), &toml(&tmdb.server.url()));
        let desk = Self { folder, tmdb };
        let media = desk.path("media");
        films_in(&media, &[1, 2]);
        desk.lines(&["library", "add", "films", media.to_str().unwrap(), "--kind", "movies"]);
        desk.lines(&["scan"]);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
        command.arg("--state").arg(self.path("state")).arg("--config").arg(self.path("config.toml"));
        command.env_remove("POSTERFS_TMDB_KEY").args(arguments).output().unwrap()
    }

    #[track_caller]
    fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, said) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{said}");
        assert!(!out.contains("k3y") && !said.contains("k3y"), "{arguments:?}: {out}{said}");
        (out, said)
    }

    /// The JSON lines of a command that must succeed.
    #[track_caller]
    fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let (out, said) = self.ends(0, &[&["--json"], arguments].concat());
        assert_eq!(said, "", "{arguments:?}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn one(&self, arguments: &[&str]) -> Value {
        let mut lines = self.lines(arguments);
        assert_eq!(lines.len(), 1, "{arguments:?}");
        lines.remove(0)
    }
}

#[test]
fn from_nothing_to_published_artwork() {
    let desk = Desk::new();
    let report = desk.one(&["enrich"]);
    assert_eq!((&report["items"], &report["chosen"], &report["downloaded"]), (&2.into(), &2.into(), &2.into()));
    assert_eq!(report["providers"]["tmdb"]["answers"], 2);
    assert!(desk.one(&["publish"])["added"].as_u64().unwrap() >= 2);
    let shown = desk.one(&["show", "tmdb:1"]);
    assert_eq!(shown["images"]["poster"]["locked"], false);
    assert!(shown["images"]["poster"]["selected"]["url"].as_str().unwrap().ends_with("/best.jpg"));
    let (text, _) = desk.ends(0, &["enrich", "--force"]);
    assert!(text.contains("2 items") && text.contains("tmdb"), "{text}");
}

#[test]
fn candidates_say_what_they_are_worth_and_why() {
    let desk = Desk::new();
    assert!(desk.ends(0, &["candidates", "tmdb:1"]).0.contains("posterfs enrich"));
    desk.one(&["enrich"]);
    let all = desk.lines(&["candidates", "tmdb:1"]);
    assert_eq!(all.len(), 3);
    let posters = desk.lines(&["candidates", "tmdb:1", "--type", "poster"]);
    let [best, other] = &posters[..] else { panic!("{posters:?}") };
    let parts = best["score_parts"].as_object().unwrap();
    let sum: f64 = parts.values().map(|part| part.as_f64().unwrap()).sum();
    assert_eq!(parts.len(), 5);
    assert!((sum - best["score"].as_f64().unwrap()).abs() < 0.05);
    assert_eq!((&best["selected"], &other["selected"], &other["sha256"]), (&true.into(), &false.into(), &Value::Null));
    let (table, _) = desk.ends(0, &["candidates", "tmdb:1"]);
    assert!(table.contains("selected") && table.contains("/best.jpg") && table.contains("SCORE"), "{table}");
}

#[test]
fn a_candidate_or_an_address_is_chosen_by_hand_and_stays() {
    let desk = Desk::new();
    desk.one(&["enrich"]);
    let posters = desk.lines(&["candidates", "tmdb:1", "--type", "poster"]);
    let other = posters[1]["id"].to_string();
    let chosen = desk.one(&["select", "tmdb:1", "poster", &other]);
    assert_eq!((&chosen["locked"], &chosen["new_in_cache"]), (&true.into(), &true.into()));
    desk.one(&["enrich", "--force"]);
    let posters = desk.lines(&["candidates", "tmdb:1", "--type", "poster"]);
    let selected = posters.iter().find(|poster| poster["selected"] == true).unwrap();
    assert_eq!((selected["id"].to_string(), &selected["locked"]), (other.clone(), &true.into()));
    let url = format!("{}/t/p/original/best.jpg", desk.tmdb.server.url());
    let chosen = desk.one(&["select", "tmdb:1", "poster", "--url", &url]);
    assert_eq!(chosen["new_in_cache"], false);
    assert_eq!(desk.one(&["show", "tmdb:1"])["images"]["poster"]["selected"]["url"], url);
    assert!(desk.ends(1, &["select", "tmdb:2", "poster", &other]).1.contains("candidates"));
    assert!(desk.ends(1, &["select", "tmdb:1", "fanart", &other]).1.contains("poster"));
    assert!(desk.ends(1, &["select", "tmdb:1", "poster", "4711"]).1.contains("4711"));
    assert!(desk.ends(1, &["select", "tmdb:1", "poster", "--url", "file:///etc/passwd"]).1.contains("http"));
    desk.ends(2, &["select", "tmdb:1", "poster"]);
    desk.ends(2, &["select", "tmdb:1", "poster", &other, "--url", &url]);
}

#[test]
fn what_is_blocked_is_given_up_and_taken_up_again() {
    let desk = Desk::new();
    desk.one(&["enrich"]);
    let best = desk.lines(&["candidates", "tmdb:1", "--type", "poster"])[0]["id"].to_string();
    let blocked = desk.one(&["block", &best]);
    assert_eq!(
        (&blocked["blocked"], &blocked["was_selected"], &blocked["type"]),
        (&true.into(), &true.into(), &"poster".into())
    );
    assert_eq!(desk.one(&["enrich", "tmdb:1"])["items"], 1, "only what is named");
    let posters = desk.lines(&["candidates", "tmdb:1", "--type", "poster"]);
    assert_eq!(
        (&posters[0]["blocked"], &posters[0]["selected"], &posters[1]["selected"]),
        (&true.into(), &false.into(), &true.into())
    );
    assert!(desk.ends(0, &["unblock", &best]).0.contains("no longer blocked"));
    assert!(desk.ends(1, &["block", "4711"]).1.contains("4711"));
    desk.ends(2, &["block"]);
}

#[test]
fn an_unidentified_item_is_listed_and_settled_by_an_edit() {
    let desk = Desk::new();
    let folder = desk.path("media/Mystery (1999)");
    std::fs::create_dir_all(&folder).unwrap();
    write(&folder.join("Mystery (1999).mkv"), "a film");
    desk.one(&["scan"]);
    let (text, _) = desk.ends(0, &["enrich"]);
    assert!(text.contains("1 item could not be identified") && text.contains("--unidentified"), "{text}");
    let listed = desk.lines(&["list", "--unidentified"]);
    assert_eq!((listed.len(), &listed[0]["title"]), (1, &"Mystery".into()));
    let edited = desk.one(&["edit", "Mystery", "tmdb=1"]);
    assert_eq!(edited["is_another"], true);
    assert_eq!(desk.one(&["enrich"])["chosen"], 2);
    assert!(desk.lines(&["list", "--unidentified"]).is_empty());
    for edit in ["tmdb=six", "nothing=1", "tmdb"] {
        desk.ends(2, &["edit", "Mystery", edit]);
    }
}

#[test]
fn a_refused_key_is_told_once_and_ends_with_3() {
    let desk = Desk::new();
    let refusal = r#"{"status_code":7,"status_message":"Invalid API key: You must be granted a valid key."}"#;
    desk.tmdb.change(|shelf| shelf.instead = Some(Given { status: 401, ..Given::body(refusal) }));
    let (text, _) = desk.ends(3, &["enrich"]);
    assert_eq!(text.matches("Invalid API key").count(), 1, "{text}");
    assert!(text.contains("POSTERFS_TMDB_KEY"), "{text}");
    let (shown, _) = desk.ends(0, &["config"]);
    assert!(shown.contains("(hidden)") && shown.contains("provider.tmdb.key"), "{shown}");
}

#[test]
fn without_keys_and_offline_it_is_told_what_to_do() {
    let desk = Desk::new();
    write(&desk.path("config.toml"), "");
    let (text, _) = desk.ends(0, &["enrich"]);
    assert!(text.contains("POSTERFS_TMDB_KEY"), "{text}");
    write(&desk.path("config.toml"), &toml(&desk.tmdb.server.url()));
    let before = desk.tmdb.server.asked().len();
    let (text, _) = desk.ends(3, &["enrich", "--offline"]);
    assert!(text.contains("offline"), "{text}");
    assert_eq!(desk.tmdb.server.asked().len(), before);
    let (text, _) = desk.ends(0, &["enrich", "--dry-run"]);
    assert!(text.contains("/best.jpg") && text.contains("would be chosen"), "{text}");
}

/// Candidates that are not in the cache are asked of their provider, and nothing of that is kept.
#[test]
fn a_page_shows_what_only_the_provider_has() {
    let desk = Desk::new();
    desk.one(&["enrich"]);
    let files = desk.one(&["status"])["cache"]["files"].clone();
    let page = desk.path("page.html");
    let option = format!("--open={}", page.display());
    let offline = desk.one(&["candidates", "tmdb:1", &option, "--offline"]);
    let lacking = desk.lines(&["candidates", "tmdb:1"]).iter().filter(|row| row["sha256"].is_null()).count();
    assert_eq!((&offline["candidates"], &offline["without_picture"]), (&3.into(), &lacking.into()));
    assert!(lacking > 0);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("no picture: ") && html.contains("offline"), "{html}");
    assert!(!html.contains("k3y"));
    desk.tmdb.server.forget();
    let report = desk.one(&["candidates", "tmdb:1", &option]);
    assert_eq!(report["without_picture"], 0);
    let html = std::fs::read_to_string(&page).unwrap();
    assert_eq!(html.matches("src=\"data:image/").count(), 3);
    let asked = desk.tmdb.server.asked();
    assert!(asked.len() <= 2 * lacking, "only for what is not in the cache: {asked:?}");
    assert_eq!(desk.one(&["status"])["cache"]["files"], files, "nothing is kept");
}

#[test]
fn candidates_of_many_items_are_blocked_and_let_go_by_filters() {
    let desk = Desk::new();
    desk.one(&["enrich"]);
    desk.one(&["publish"]);
    let german = ["block", "--library", "films", "poster", "--language", "de"];
    let planned = desk.lines(&[&german[..], &["--dry-run"]].concat());
    assert_eq!((planned.len(), &planned[0]["blocked"]), (1, &true.into()));
    let blocked =
        |desk: &Desk| desk.lines(&["candidates", "tmdb:1"]).iter().filter(|row| row["blocked"] == true).count();
    assert_eq!(blocked(&desk), 0);
    desk.lines(&german);
    assert_eq!(blocked(&desk), 1);
    assert!(desk.lines(&german).is_empty(), "what is blocked already is not meant");
    assert!(desk.lines(&["block", "--kind", "movie", "poster", "--provider", "fanarttv"]).is_empty());
    let chosen = desk.lines(&["block", "--title", "Film*", "poster", "--selected"]);
    assert!(!chosen.is_empty() && chosen.iter().all(|row| row["was_selected"] == true), "{chosen:?}");
    assert_eq!(blocked(&desk), 2);
    let shown = desk.one(&["show", "tmdb:1"]);
    assert!(shown["images"]["poster"]["shown"].is_null(), "nothing else is left: {shown}");
    assert_eq!(desk.lines(&["unblock", "--library", "films", "poster", "--language", "de"]).len(), 1);
    assert_eq!(blocked(&desk), 1);
    for (arguments, words) in [
        (&["block", "--library", "films", "poster"][..], "--selected"),
        (&["block", "--library", "films", "--selected"], "required"),
        (&["block", "--library", "films", "poster", "3", "--selected"], "nothing else"),
        (&["block", "3", "--selected"], "--library"),
        (&["block", "first"], "numbers"),
        (&["unblock", "--library", "films", "postcard"], "banner"),
    ] {
        let (_, said) = desk.ends(2, arguments);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}
