//! The keys that scripts read, and what goes to stdout and what to stderr.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Films, stderr};

#[track_caller]
fn assert_keys(value: &Value, keys: &[&str]) {
    let value = value.as_object().unwrap();
    let lacking: Vec<_> = keys.iter().filter(|key| !value.contains_key(**key)).collect();
    assert!(lacking.is_empty(), "{lacking:?} lacking in {value:?}");
}

#[test]
fn every_command_has_its_keys() {
    let films = Films::new();
    let media = films.media().to_str().unwrap().to_owned();
    let library = films.one(&["library", "add", "films", &media, "--kind", "movies"]);
    assert_eq!(library, json!({"id": 1, "name": "films", "path": media, "kind": "movies", "naming": "default"}));
    assert_eq!(films.one(&["library", "list"]), library);
    let scan = films.one(&["scan"]);
    let counts = ["library", "seen", "added", "changed", "moved", "missing", "returned", "errors", "error_count"];
    assert_keys(&scan, &counts);
    let selected = films.select("tmdb:949", "poster", "a.jpg");
    assert_keys(&selected, &["id", "title", "image_type", "sha256", "width", "height", "bytes", "locked"]);
    let of_candidate = [
        "id",
        "provider",
        "type",
        "url",
        "width",
        "height",
        "language",
        "vote_average",
        "vote_count",
        "score",
        "score_parts",
        "selected",
        "blocked",
        "locked",
        "sha256",
    ];
    assert_keys(&films.json(&["candidates", "tmdb:949"])[0], &of_candidate);
    let of_item = ["id", "type", "title", "year", "season", "episode", "path", "ids", "monitored", "missing", "images"];
    assert_keys(&films.json(&["list"])[0], &of_item);
    let folder = films.media().join("Heat (1995) {tmdb-949}");
    let identified = films.one(&["identify", "--kind", "movies", folder.to_str().unwrap()]);
    assert_keys(&identified, &["path", "kind", "title", "year", "ids", "layout", "rule"]);
    let published = ["generation", "added", "changed", "removed", "unchanged"];
    assert_keys(&films.publish(), &published);
    assert_keys(&films.one(&["rollback", "0"]), &published);
    assert_keys(&films.one(&["unpublish", "tmdb:949"]), &published);
    let keys = ["generation", "time", "author", "reason", "added", "changed", "removed"];
    assert_keys(&films.json(&["history"])[0], &keys);
    let exported = films.one(&["export", "--dry-run"]);
    assert_keys(&exported, &["library", "added", "replaced", "unchanged", "recycled", "skipped", "errors"]);
    assert_keys(&films.json(&["config"])[0], &["key", "value", "source"]);
    let deselected = films.one(&["deselect", "tmdb:949", "poster"]);
    assert_keys(&deselected, &["id", "title", "image_type", "was_selected", "locked", "generation", "removed"]);
    assert_eq!(films.one(&["library", "remove", "films"]), library);
}

#[test]
fn show_and_status_tell_everything_of_an_item_and_of_all() {
    let films = Films::new();
    films.scan();
    let hash = films.select("tmdb:949", "poster", "a.jpg")["sha256"].clone();
    films.publish();
    let show = films.one(&["show", "tmdb:949"]);
    let folder = "Heat (1995) {tmdb-949}";
    for (key, expected) in [
        ("type", json!("movie")),
        ("title", json!("Heat")),
        ("year", json!(1995)),
        ("path", json!(folder)),
        ("library", json!("films")),
        ("ids", json!({"tmdb": "949"})),
        ("monitored", json!(true)),
    ] {
        assert_eq!(show[key], expected, "{key}");
    }
    let poster = &show["images"]["poster"];
    assert_eq!((&poster["locked"], &poster["originals"]), (&true.into(), &json!([format!("{folder}/folder.jpg")])));
    let url = format!("file://{}", films.picture("a.jpg").display());
    let selected = &poster["selected"];
    assert_eq!(
        (&selected["sha256"], &selected["source"], &selected["provider"]),
        (&hash, &"file".into(), &Value::Null)
    );
    assert_eq!(selected["url"], url);
    let mapping = |name| json!({"path": format!("{folder}/{name}"), "sha256": hash, "image_type": "poster"});
    assert_eq!(show["mappings"], json!([mapping("Heat (1995)-poster.jpg"), mapping("poster.jpg")]));
    let status = films.one(&["status"]);
    let bytes = std::fs::metadata(films.picture("a.jpg")).unwrap().len();
    for (key, expected) in [
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("state", json!(films.state().to_str().unwrap())),
        ("libraries", json!(1)),
        ("entities", json!(8)),
        ("cache", json!({"files": 1, "bytes": bytes})),
        ("mappings", json!(2)),
        ("generation", json!(1)),
        ("mounts", json!([])),
    ] {
        assert_eq!(status[key], expected, "{key}");
    }
}

#[test]
fn show_tells_the_whole_story() {
    let films = Films::new();
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.publish();
    films.select("tmdb:949", "poster", "b.jpg");
    films.one(&["edit", "tmdb:949", "plot=A thief\nand a policeman.", "genres=Crime, Drama"]);
    let show = films.one(&["show", "tmdb:949"]);
    let field =
        |name: &str| show["fields"].as_array().unwrap().iter().find(|one| one["field"] == name).unwrap().clone();
    assert_eq!((&field("title")["value"], &field("title")["source"]), (&json!("Heat"), &json!("scan")));
    assert_eq!((&field("plot")["source"], &field("plot")["lock"]), (&json!("user"), &json!("locked by hand")));
    let poster = &show["images"]["poster"];
    assert_ne!(poster["shown"], poster["selected"]["sha256"]);
    assert_eq!((&poster["alternative_count"], &poster["alternatives"][0]["cached"]), (&json!(1), &json!(true)));
    let players: Vec<_> = poster["names"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(players, ["emby", "jellyfin", "kodi", "plex"]);
    assert_eq!((&show["history"][0]["generation"], &show["history"][0]["added"]), (&json!(1), &json!(2)));
    let text = films.text(&["show", "tmdb:949"]);
    for words in [
        "A thief and a policeman. [user, locked by hand]",
        "Crime, Drama [user",
        "shown       ",
        "emby, jellyfin, kodi, plex",
        "hides       folder.jpg",
        "1 other could be chosen",
        "publish",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn identify_prints_a_line_for_each_path_whether_it_is_there_or_not() {
    let films = Films::new();
    films.scan();
    let odd = b"L\xe9on (1994)/L\xe9on (1994).avi";
    for (path, kind, title, year, exists) in [
        (b"Heat (1995) {tmdb-949}".as_slice(), "movie", json!("Heat"), json!(1995), true),
        (b"Heat (1995) {tmdb-949}/extras/Making of.mkv", "extra", json!("Making of"), Value::Null, true),
        (b"Heat (1995) {tmdb-949}/extras/More.mkv", "extra", json!("More"), Value::Null, false),
        (b"Heat (1995) {tmdb-949}/folder.jpg", "ignored", Value::Null, Value::Null, true),
        (odd, "movie", json!("L\u{e9}on"), json!(1994), true),
        (b"flat/Up (2009).mkv", "movie", json!("Up"), json!(2009), true),
        (b"flat", "unknown", Value::Null, Value::Null, true),
        (b"Brazil (1985)/Brazil.mkv", "movie", json!("Brazil"), json!(1985), false),
    ] {
        let path = films.film(path);
        let line = films.one(&["identify".as_ref(), path.as_os_str()]);
        let shown = posterfs::model::show_bytes(path.as_os_str().as_bytes());
        let (got_title, got_year) = (line["title"].clone(), line["year"].clone());
        assert_eq!((&line["path"], &line["kind"], got_title, got_year), (&json!(shown), &json!(kind), title, year));
        assert_eq!(line["exists"], exists, "{shown}");
    }
    let heat = films.film(b"Heat (1995) {tmdb-949}");
    let both = films.json(&["identify".as_ref(), heat.as_os_str(), films.film(b"flat/Up (2009).mkv").as_os_str()]);
    assert_eq!((both.len(), &both[0]["ids"]), (2, &json!({"tmdb": "949"})));
    assert!(films.fails(2, &["identify"]).contains("required"));
}

#[test]
fn lists_are_lines_that_can_be_filtered() {
    let films = Films::new();
    assert_eq!(films.json(&["list"]), [] as [Value; 0]);
    assert!(films.text(&["list"]).contains("posterfs scan"));
    assert!(films.text(&["library", "list"]).contains("posterfs library add"));
    assert!(films.text(&["history"]).contains("nothing was published yet"));
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    let titles = |arguments: &[&str]| -> Vec<String> {
        let rows = films.json(arguments);
        rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles(&["list"]).len(), 8);
    assert_eq!(titles(&["list", "--locked"]), ["Heat"]);
    assert!(!titles(&["list", "--missing", "poster"]).contains(&"Heat".to_owned()));
    assert_eq!(titles(&["list", "--missing", "fanart"]).len(), 8);
    assert_eq!(titles(&["list", "--kind", "series"]), [""; 0]);
    assert_eq!(titles(&["list", "--library", "films"]).len(), 8);
    let row = &films.json(&["list", "--locked"])[0];
    assert_keys(row, &["id", "type", "title", "year", "season", "episode", "path", "library", "ids"]);
    assert_keys(row, &["monitored", "missing", "images"]);
    assert_eq!(row["images"], json!({"poster": 1}));
    std::fs::rename(films.film(b"Remake (1960)"), films.picture("elsewhere")).unwrap();
    assert_eq!(films.one(&["scan"])["missing"], 1);
    assert_eq!(titles(&["list"]).len(), 7);
    assert_eq!(titles(&["list", "--vanished"]).len(), 8);
}

#[test]
fn results_go_to_stdout_and_talk_to_stderr() {
    let films = Films::new();
    films.scan();
    let failed = films.run(&["--json", "show", "nothing"]);
    assert_eq!((failed.status.code(), failed.stdout.as_slice()), (Some(1), b"".as_slice()));
    assert_eq!(stderr(&failed).lines().count(), 1, "one sentence: {}", stderr(&failed));
    let talkative = films.run(&["-vv", "--json", "scan"]);
    let _: Value = serde_json::from_slice(&talkative.stdout).unwrap();
    let text = films.text(&["show", "tmdb:949"]);
    assert!(text.starts_with("Heat (1995): movie ") && text.ends_with('\n') && !text.ends_with("\n\n"), "{text:?}");
    // Escapes of a terminal have no place where there is none.
    for arguments in [["list", "-q"], ["status", "-v"], ["history", "-q"]] {
        assert!(!films.text(&arguments).contains('\u{1b}'), "{arguments:?}");
    }
    assert!(stderr(&films.run(&["-q", "-v", "list"])).contains("cannot be used with"));
}

#[test]
fn times_are_those_of_the_zone_that_is_named_or_described() {
    let films = Films::new();
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.publish();
    let at = films.json(&["history"])[0]["time"].as_i64().unwrap();
    let hour_in = |zone: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_posterfs"));
        let output = command.arg("--state").arg(films.state()).arg("history").env("TZ", zone).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (before, _) = text.lines().last().unwrap().split_once(':').unwrap();
        before[before.len() - 2..].parse::<i64>().unwrap()
    };
    let hour = at.div_euclid(3600).rem_euclid(24);
    assert_eq!(hour_in("UTC0"), hour);
    assert_eq!(hour_in("JST-9"), (hour + 9) % 24);
    if std::path::Path::new("/usr/share/zoneinfo/Asia/Tokyo").exists() {
        assert_eq!(hour_in("Asia/Tokyo"), (hour + 9) % 24);
    }
}

/// What it finds is the machine's affair; how it says so is ours.
#[test]
fn doctor_ends_with_3_exactly_when_something_fails() {
    let films = Films::new();
    films.scan();
    let output = films.run(&["--json", "doctor", "--offline"]);
    let lines: Vec<Value> =
        output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    lines.iter().for_each(|line| assert_keys(line, &["check", "verdict", "message", "remedy"]));
    for check in ["kernel", "fuse", "state", "space", "clock", "library"] {
        assert!(lines.iter().any(|line| line["check"] == check), "{check} lacking in {lines:?}");
    }
    let has_failed = lines.iter().any(|line| line["verdict"] == "fail");
    assert_eq!(output.status.code(), Some(if has_failed { 3 } else { 0 }), "{lines:?}");
    let text = films.run(&["doctor", "--offline", "-q"]).stdout;
    assert!(text.starts_with(b"ok ") && !text.contains(&0x1b), "{}", String::from_utf8_lossy(&text));
}

#[test]
fn one_of_several_paths_that_fails_does_not_silence_the_others() {
    let films = Films::new();
    films.scan();
    let heat = films.film(b"Heat (1995) {tmdb-949}");
    let outside = films.film(b"../../elsewhere/..");
    let output = films.run(&["--json".as_ref(), "identify".as_ref(), outside.as_os_str(), heat.as_os_str()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert!(stderr(&output).contains("elsewhere"), "{}", stderr(&output));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let films = Films::new();
    films.scan();
    let mut list = Command::new(env!("CARGO_BIN_EXE_posterfs"));
    let arguments = ["--state".as_ref(), films.state().as_os_str(), OsStr::new("list")];
    let mut list = list.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(list.stdout.take());
    let output = list.wait_with_output().unwrap();
    assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
}

/// "Nothing from outside is trusted": names in the tree may be anything, and are only ever shown.
#[test]
fn names_steer_no_terminal() {
    let films = Films::new();
    films.scan();
    let folder = films.film(b"Evil \x1b[31m (2001)");
    std::fs::create_dir(&folder).unwrap();
    crate::support::write(folder.join("Evil \x1b]0;owned\x07 (2001).mkv"), "a film");
    films.one(&["scan"]);
    let listed = films.json(&["list", "--title", "Evil*"]);
    let id = listed[0]["id"].to_string();
    films.select(&id, "poster", "a.jpg");
    films.publish();
    for arguments in [
        &["list"][..],
        &["show", &id],
        &["candidates", &id],
        &["history", &id],
        &["diff", "0"],
        &["lock", &id, "title"],
        &["deselect", &id, "poster"],
        &["identify", folder.to_str().unwrap()],
    ] {
        let said = films.text(arguments);
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{arguments:?}: {said:?}");
    }
    let said = films.fails(1, &["show", folder.join("\x1b[2J/nothing").to_str().unwrap()]);
    assert!(!said.contains('\x1b'), "{said:?}");
}
