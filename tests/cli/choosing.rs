//! `select` and `deselect`, and the ways to name an item.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use crate::support::{Films, contents};

#[test]
fn an_item_is_named_by_number_id_path_or_title() {
    let films = Films::new();
    films.scan();
    let heat = films.one(&["show", "Heat (1995)"])["id"].to_string();
    let path = |below: &[u8]| films.film(below).into_os_string();
    let odd = |text: &[u8]| OsString::from_vec(text.to_vec());
    for (item, title) in [
        (heat.clone().into(), "Heat"),
        ("heat".into(), "Heat"),
        ("tmdb:949".into(), "Heat"),
        ("TMDB:949".into(), "Heat"),
        (path(b"Heat (1995) {tmdb-949}"), "Heat"),
        (path(b"Heat (1995) {tmdb-949}/Heat (1995).mkv"), "Heat"),
        (path(b"Heat (1995) {tmdb-949}/folder.jpg"), "Heat"),
        (path(b"L\xe9on (1994)"), "L\u{e9}on"),
        (path(b"New\nline (2000)/"), "New line"),
        (path(b"flat/Up (2009).mkv"), "Up"),
        ("1917".into(), "1917"),
        ("Remake (2005)".into(), "Remake"),
        ("Disc".into(), "Disc"),
    ] {
        assert_eq!(films.one(&["show".as_ref(), item.as_os_str()])["title"], title, "{item:?}");
    }
    for (item, words) in [
        (OsString::from("Remake"), &["Remake (1960)", "Remake (2005)", "number"][..]),
        ("Brazil".into(), &["Brazil", "posterfs list", "posterfs scan"]),
        ("tmdb:1".into(), &["tmdb:1", "posterfs list"]),
        ("4711".into(), &["4711", "posterfs list"]),
        ("/etc/passwd".into(), &["/etc/passwd", "posterfs library"]),
        (path(b"Brazil (1985)"), &["Brazil (1985)"]),
        (odd(b"/L\xe9on"), &["\\xe9"]),
    ] {
        let said = films.fails(1, &["show".as_ref(), item.as_os_str()]);
        assert!(words.iter().all(|word| said.contains(word)), "{item:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert!(films.fails(2, &["show".as_ref(), odd(b"L\xe9on").as_os_str()]).contains("slash"));
    assert!(films.fails(2, &["show", ""]).contains("empty"));
}

#[test]
fn paths_may_be_relative_to_where_one_is() {
    let films = Films::new();
    films.scan();
    let mut select = Command::new(env!("CARGO_BIN_EXE_posterfs"));
    select.current_dir(films.film(b"Heat (1995) {tmdb-949}")).arg("--state").arg(films.state());
    let output = select.args(["select", ".", "poster", "--file", "../../pictures/a.jpg"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let poster = films.one(&["show", "tmdb:949"])["images"]["poster"]["selected"].clone();
    assert!(poster["url"].as_str().unwrap().ends_with("pictures/a.jpg"), "{poster}");
}

#[test]
fn choosing_again_replaces_the_choice_and_keeps_the_picture() {
    let films = Films::new();
    films.scan();
    let first = films.select("Up", "poster", "a.jpg");
    assert_eq!((&first["locked"], &first["new_in_cache"], &first["width"]), (&true.into(), &true.into(), &60.into()));
    let second = films.select("Up", "poster", "b.jpg");
    assert_ne!(first["sha256"], second["sha256"]);
    assert_eq!(films.select("1917", "poster", "a.jpg")["new_in_cache"], false, "one picture for two films is one file");
    assert_eq!(films.one(&["show", "Up"])["images"]["poster"]["selected"]["sha256"], second["sha256"]);
    assert_eq!(films.one(&["status"])["cache"]["files"], 2);
    let bytes = std::fs::read(films.picture("a.jpg")).unwrap();
    let cached = contents(&films.state().join("cache/assets"));
    assert_eq!(cached.values().filter(|cached| **cached == bytes).count(), 1);
}

#[test]
fn a_choice_that_is_taken_back_is_gone_at_once_and_stays_so() {
    let films = Films::new();
    films.scan();
    films.select("Up", "poster", "a.jpg");
    assert_eq!(films.publish()["added"], 2);
    let deselected = films.one(&["deselect", "Up", "poster"]);
    assert_eq!((&deselected["was_selected"], &deselected["removed"]), (&true.into(), &2.into()));
    assert_eq!(films.publish()["added"], 0);
    let poster = films.one(&["show", "Up"])["images"]["poster"].clone();
    assert_eq!((&poster["selected"], &poster["locked"]), (&serde_json::Value::Null, &true.into()));
    let again = films.one(&["deselect", "Up", "poster"]);
    assert_eq!((&again["was_selected"], &again["removed"]), (&false.into(), &0.into()));
    assert!(films.text(&["deselect", "Up", "poster"]).contains("was not selected"));
    assert_eq!(films.one(&["status"])["cache"]["files"], 1);
}

#[test]
fn a_picture_for_which_there_is_no_name_is_told_about() {
    let films = Films::new();
    films.scan();
    films.select("Up", "spine", "a.jpg");
    let published = films.publish();
    assert_eq!(published["added"], 0);
    let note = published["left_out"][0].as_str().unwrap();
    assert!(note.contains("spine") && note.contains("no name"), "{note}");
    let lines = films.text(&["publish".as_ref(), OsStr::new("Up")]);
    assert!(lines.contains("nothing to change") && lines.contains("spine"), "{lines}");
}

#[test]
fn one_picture_is_chosen_for_many_or_shared() {
    let films = Films::new();
    films.scan();
    let picture = films.picture("a.jpg");
    let file = picture.to_str().unwrap();
    let all = ["select", "--title", "Remake", "--missing", "poster", "poster", "--file", file];
    let planned = films.json(&[&all[..], &["--dry-run"]].concat());
    assert_eq!((planned.len(), &planned[0]["dry_run"]), (2, &true.into()));
    assert!(films.json(&["list", "--locked"]).is_empty() && films.one(&["status"])["cache"]["files"] == 0);
    let chosen = films.json(&all);
    assert_eq!((&chosen[0]["new_in_cache"], &chosen[1]["new_in_cache"]), (&true.into(), &false.into()));
    assert_eq!(chosen[0]["sha256"], chosen[1]["sha256"]);
    assert!(films.text(&all).contains("nothing matches"), "they are not missing any more");
    let shared = films.one(&["select", "Up", "poster", "--from", "Remake (1960)"]);
    assert_eq!(shared["sha256"], chosen[0]["sha256"]);
    films.publish();
    let gone = films.json(&["deselect", "--title", "Remake", "poster", "--dry-run"]);
    assert!(gone.len() == 2 && gone.iter().all(|row| row["removed"].as_u64() > Some(0)), "{gone:?}");
    assert_eq!(films.publish()["removed"], 0);
    let gone = films.json(&["deselect", "--title", "Remake", "poster"]);
    assert!(gone.len() == 2 && gone[0]["generation"] == gone[1]["generation"], "one generation: {gone:?}");
    let history = films.json(&["history"]);
    assert_eq!((&history[0]["reason"], history.len()), (&"deselect poster of 2 items".into(), 2), "{history:?}");
    let said = films.fails(1, &["select", "Up", "poster", "--from", "1917"]);
    assert!(said.contains("no poster is selected") && said.contains("posterfs show"), "{said}");
    for (arguments, words) in [
        (&["select", "Up", "poster"][..], "--from"),
        (&["select", "Up", "poster", "1", "--file", file], "either"),
        (&["select", "--kind", "movie", "poster", "1"], "too many"),
        (&["select", "Up", "poster", "first"], "no number"),
        (&["select", "Up", "postcard", "--file", file], "banner"),
        (&["deselect", "Up"], "which type"),
    ] {
        assert!(films.fails(2, arguments).contains(words), "{arguments:?}: {}", films.fails(2, arguments));
    }
}
