//! `verify` and `gc`

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::support::{Films, contents, write};

/// Films with a poster that is chosen and published.
fn chosen() -> Films {
    let films = Films::new();
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.publish();
    films
}

/// The one file of the cache.
fn cached(films: &Films) -> PathBuf {
    let assets = films.state().join("cache/assets");
    let files = contents(&assets);
    assert_eq!(files.len(), 1, "{files:?}");
    assets.join(files.keys().next().unwrap())
}

/// Lines of JSON of a command that found something.
#[track_caller]
fn found(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_whole_is_said_to_be_and_status_and_doctor_tell_of_it() {
    let films = chosen();
    assert!(films.text(&["doctor", "--offline"]).contains("nothing was verified yet"));
    assert!(films.one(&["status"])["verified"].is_null());
    let summary = films.one(&["verify"]);
    assert_eq!((&summary["summary"], &summary["findings"], &summary["files"]), (&true.into(), &0.into(), &1.into()));
    assert!(films.text(&["verify", "--deep", "--rate", "100MB/s"]).contains("everything is whole"));
    let status = &films.one(&["status"])["verified"];
    assert_eq!((&status["deep"], &status["findings"]), (&true.into(), &0.into()));
    assert!(films.text(&["status"]).contains("verified, every file read,"));
    assert!(films.text(&["doctor", "--offline"]).contains("everything was whole today"));
    assert_eq!(films.one(&["verify", "films"])["findings"], 0);
    assert!(films.fails(1, &["verify", "fims"]).contains("fims"));
}

#[test]
fn what_is_missing_is_told_by_name_and_repaired() {
    let films = chosen();
    let path = cached(&films);
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let lines = found(&films.run(&["--json", "verify"]));
    assert_eq!(lines.len(), 2, "{lines:?}");
    let (finding, summary) = (&lines[0], &lines[1]);
    assert_eq!((&finding["finding"], &finding["repair"]), (&"missing".into(), &"take-again".into()));
    assert_eq!(finding["path"], path.to_str().unwrap());
    let affected = &finding["affects"][0];
    assert_eq!((&affected["title"], &affected["type"]), (&"Heat".into(), &"poster".into()));
    assert!(affected["shown"][0].as_str().unwrap().starts_with(films.media().to_str().unwrap()));
    assert_eq!((&summary["by_flaw"]["missing"], &summary["left"]), (&1.into(), &1.into()));
    let text = films.run(&["verify"]);
    let text = String::from_utf8_lossy(&text.stdout);
    assert!(text.contains("missing: ") && text.contains("poster of Heat") && text.contains("1 finding"), "{text}");

    let planned = found(&films.run(&["--json", "verify", "--repair", "--dry-run"]));
    assert_eq!(planned[0]["outcome"], "would");
    assert!(!path.exists());
    let done = films.json(&["verify", "--repair"]);
    assert_eq!((&done[0]["outcome"], &done[1]["repaired"]), (&"repaired".into(), &1.into()));
    assert!(done[0]["how"].as_str().unwrap().contains("a.jpg"), "{done:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(films.text(&["status"]).contains("1 finding, 1 repaired"));
    assert_eq!(films.one(&["verify", "--deep"])["findings"], 0);
}

#[test]
fn exports_are_looked_at_until_they_are_forgotten() {
    let films = chosen();
    let to = films.picture("exported");
    let to = to.to_str().unwrap();
    films.one(&["export", "--to", to]);
    let exported = films.one(&["verify"])["exported"].as_u64().unwrap();
    assert!(exported > 0);
    let file = contents(to.as_ref()).into_keys().next().unwrap();
    fs::remove_file(PathBuf::from(to).join(&file)).unwrap();
    assert_eq!(found(&films.run(&["--json", "verify"]))[0]["finding"], "export-differs");
    films.json(&["verify", "--repair"]);
    assert!(PathBuf::from(to).join(&file).exists());
    assert_eq!(films.one(&["export", "--to", to, "--forget"])["forgotten"], true);
    assert_eq!(films.one(&["export", "--to", to, "--forget"])["forgotten"], false);
    assert_eq!(films.one(&["verify"])["exported"], 0);
}

#[test]
fn what_nothing_needs_is_collected_but_not_what_came_just_now() {
    let films = chosen();
    let bytes = fs::read(cached(&films)).unwrap();
    let stray = films.state().join("cache/tmp/put-1-1");
    write(&stray, b"half");
    for arguments in [&["gc", "--dry-run"][..], &["gc"]] {
        let report = films.one(arguments);
        assert_eq!((&report["files"], &report["bytes"], &report["temporaries"]), (&0.into(), &0.into(), &0.into()));
    }
    assert!(films.text(&["gc"]).contains("0 pictures"));
    assert_eq!(fs::read(cached(&films)).unwrap(), bytes);
    assert!(stray.exists(), "it may be under way");
}

#[test]
fn what_makes_no_sense_together_is_a_usage_error() {
    let films = Films::new();
    for (arguments, word) in [
        (&["verify", "--since", "3"][..], "--deep"),
        (&["verify", "--rate", "3MB/s"], "--deep"),
        (&["verify", "--dry-run"], "--repair"),
        (&["verify", "--deep", "--rate", "fast"], "50MB/s"),
    ] {
        let said = films.fails(2, arguments);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
}
