//! `publish`, `unpublish`, `history`, `rollback`.

use serde_json::{Value, json};

use crate::support::Films;

/// The counts of a publish: generation, added, changed, removed, unchanged.
fn counts(report: &Value) -> [i64; 5] {
    ["generation", "added", "changed", "removed", "unchanged"].map(|key| report[key].as_i64().unwrap_or(-1))
}

#[test]
fn publishing_is_told_in_counts_and_again_changes_nothing() {
    let films = Films::new();
    films.scan();
    assert_eq!(counts(&films.publish()), [-1, 0, 0, 0, 0], "nothing was ever published");
    films.select("tmdb:949", "poster", "a.jpg");
    films.select("Up", "poster", "b.jpg");
    films.select("Disc", "clearlogo", "logo.png");
    assert_eq!(counts(&films.one(&["publish", "--dry-run"])), [-1, 5, 0, 0, 0]);
    assert_eq!(films.json(&["history"]), [] as [Value; 0], "a dry run leaves nothing");
    assert_eq!(counts(&films.publish()), [1, 5, 0, 0, 0]);
    assert_eq!(counts(&films.publish()), [1, 0, 0, 0, 5]);
    assert_eq!(films.json(&["history"]).len(), 1);
    assert!(films.text(&["publish"]).starts_with("nothing to change"));
    films.select("Up", "poster", "c.jpg");
    assert!(films.text(&["publish"]).starts_with("generation 2: 0 added, 2 changed"));
}

#[test]
fn what_is_unpublished_stays_away_until_it_is_named_or_chosen_again() {
    let films = Films::new();
    films.scan();
    films.select("Up", "poster", "a.jpg");
    films.select("Up", "clearlogo", "logo.png");
    films.select("tmdb:949", "poster", "b.jpg");
    assert_eq!(counts(&films.publish()), [1, 5, 0, 0, 0]);
    let planned = films.one(&["unpublish", "Up", "poster", "--dry-run"]);
    assert_eq!((&planned["removed"], &planned["dry_run"]), (&2.into(), &true.into()));
    assert_eq!(counts(&films.publish()), [1, 0, 0, 0, 5], "a trial changes nothing");
    assert_eq!(counts(&films.one(&["unpublish", "Up", "poster"]))[..4], [2, 0, 0, 2]);
    assert_eq!(counts(&films.one(&["unpublish", "Up", "poster"]))[..4], [2, 0, 0, 0], "once more changes nothing");
    assert_eq!(counts(&films.publish())[..4], [2, 0, 0, 0]);
    assert_eq!(counts(&films.one(&["publish", "tmdb:949"]))[..4], [2, 0, 0, 0], "another item is not meant");
    assert_eq!(counts(&films.one(&["publish", "Up"]))[..4], [3, 2, 0, 0]);
    assert_eq!(counts(&films.one(&["unpublish", "Up"]))[..4], [4, 0, 0, 3]);
    films.select("Up", "poster", "a.jpg");
    assert_eq!(counts(&films.publish())[..4], [5, 2, 0, 0], "chosen again it is back, the logo is not");
}

#[test]
fn history_is_newest_first_and_comes_in_pages() {
    let films = Films::new();
    films.scan();
    for picture in ["a.jpg", "b.jpg", "c.jpg"] {
        films.select("Up", "poster", picture);
        films.publish();
    }
    films.one(&["unpublish", "Up", "poster"]);
    let generations = |arguments: &[&str]| -> Vec<i64> {
        films.json(arguments).iter().map(|row| row["generation"].as_i64().unwrap()).collect()
    };
    assert_eq!(generations(&["history"]), [4, 3, 2, 1]);
    assert_eq!(generations(&["history", "--limit", "2"]), [4, 3]);
    assert_eq!(generations(&["history", "--limit", "2", "--before", "3"]), [2, 1]);
    let newest = films.json(&["history", "--limit", "1"]).remove(0);
    assert_eq!((&newest["reason"], &newest["removed"]), (&json!("unpublish Up poster"), &json!(2)));
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(newest["author"], format!("cli (uid {uid})"));
}

#[test]
fn rolling_back_shows_what_was_shown_and_can_be_taken_back() {
    let films = Films::new();
    films.scan();
    let first = films.select("Up", "poster", "a.jpg")["sha256"].clone();
    films.publish();
    let second = films.select("Up", "poster", "b.jpg")["sha256"].clone();
    films.publish();
    let shown = || -> Vec<Value> {
        let show = films.one(&["show", "Up"]);
        show["mappings"].as_array().unwrap().iter().map(|mapping| mapping["sha256"].clone()).collect()
    };
    assert_eq!(counts(&films.one(&["rollback", "1", "--dry-run"]))[1..], [0, 2, 0, 0]);
    assert_eq!(shown(), [second.clone(), second.clone()]);
    assert_eq!(counts(&films.one(&["rollback", "1"])), [3, 0, 2, 0, 0]);
    assert_eq!(shown(), [first.clone(), first.clone()]);
    assert_eq!(counts(&films.one(&["rollback", "1"])), [3, 0, 0, 0, 2], "again changes nothing");
    assert_eq!(counts(&films.one(&["rollback", "0"])), [4, 0, 0, 2, 0]);
    assert_eq!(shown(), [] as [Value; 0]);
    assert_eq!(counts(&films.one(&["rollback", "3"])), [5, 2, 0, 0, 0]);
    assert_eq!(shown(), [first.clone(), first]);
    // What is selected has not changed, so publishing shows that again.
    assert_eq!(counts(&films.publish()), [6, 0, 2, 0, 0]);
    assert_eq!(shown(), [second.clone(), second]);
    assert!(films.fails(1, &["rollback", "99"]).contains("posterfs history"));
}

#[test]
fn a_library_that_is_removed_takes_its_artwork_along_and_can_come_back() {
    let films = Films::new();
    films.scan();
    films.select("Up", "poster", "a.jpg");
    films.publish();
    films.one(&["library", "remove", "films"]);
    let status = films.one(&["status"]);
    assert_eq!(
        (&status["libraries"], &status["mappings"], &status["cache"]["files"]),
        (&0.into(), &0.into(), &1.into())
    );
    assert!(films.fails(1, &["library", "remove", "films"]).contains("posterfs library list"));
    films.one(&["library", "add", "films", films.media().to_str().unwrap(), "--kind", "movies"]);
    assert_eq!(films.one(&["scan"])["returned"], 8);
    assert_eq!(films.publish()["added"], 2, "the choice was kept");
}

/// Named generations, what is different since, and one item going back alone.
#[test]
fn generations_are_named_compared_and_gone_back_to_in_part() {
    let films = Films::new();
    films.scan();
    for (item, picture) in [("Up", "a.jpg"), ("1917", "b.jpg")] {
        films.select(item, "poster", picture);
    }
    films.publish();
    assert_eq!(films.one(&["tag", "first"])["generation"], 1);
    for item in ["Up", "1917"] {
        films.select(item, "poster", "c.jpg");
    }
    films.publish();
    let changes = films.json(&["diff", "first"]);
    assert!(changes.iter().all(|row| row["change"] == "changed") && changes.len() >= 2, "{changes:?}");
    assert_eq!(films.json(&["diff", "2", "first"]).len(), changes.len());
    assert!(films.text(&["diff", "2"]).contains("show the same"));
    let up = films.one(&["show", "Up"])["id"].clone();
    let of_up = changes.iter().filter(|row| row["item"] == up).count();
    let back = films.one(&["rollback", "first", "--item", "Up"]);
    assert_eq!(back["changed"], of_up);
    assert!(films.json(&["diff", "first"]).iter().all(|row| row["item"] != up));
    let history = films.json(&["history", "Up"]);
    let reasons: Vec<_> = history.iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, [&format!("rollback first of item {up}"), "publish", "publish"]);
    assert_eq!(films.json(&["history", "1917"]).len(), 2);
    assert_eq!(films.json(&["history"])[2]["tags"], serde_json::json!(["first"]));
    assert_eq!(films.json(&["tag"]).len(), 1);
    assert!(films.text(&["tag", "--delete", "first"]).contains("first"));
    for (arguments, words) in [
        (&["rollback", "first"][..], "posterfs tag"),
        (&["rollback", "last"], "`last`"),
        (&["diff", "77"], "posterfs history"),
        (&["rollback", "1", "--library", "gone"], "gone"),
        (&["tag", "7"], "letter"),
        (&["tag", "--delete", "first"], "first"),
    ] {
        assert!(films.fails(1, arguments).contains(words), "{arguments:?}");
    }
}
