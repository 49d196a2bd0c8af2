//! `lock`, `unlock`, `monitor`, `unmonitor`, and how lists and `show` tell of them.

use serde_json::{Value, json};

use crate::support::Films;

/// The film's fields with what decides about them.
fn locks(films: &Films, item: &str) -> Vec<(String, bool, String)> {
    let shown = films.one(&["show", item]);
    let line = |lock: &Value| {
        let text = |key: &str| lock[key].as_str().unwrap().to_owned();
        (text("field"), lock["locked"] == true, text("because"))
    };
    shown["locks"].as_array().unwrap().iter().map(line).collect()
}

fn titles(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["title"].as_str().unwrap()).collect()
}

#[test]
fn fields_of_an_item_are_locked_unlocked_and_shown() {
    let films = Films::new();
    films.scan();
    let report = films.one(&["lock", "Up", "Poster", "plot", "--dry-run"]);
    assert_eq!(report["fields"][0], json!({"field": "poster", "locked": true, "because": "locked", "changed": true}));
    assert!(locks(&films, "Up").is_empty(), "a trial changes nothing");
    films.one(&["lock", "Up", "poster", "plot"]);
    let locked = |field: &str| (field.to_owned(), true, "locked".to_owned());
    assert_eq!(locks(&films, "Up"), [locked("plot"), locked("poster")]);
    assert_eq!(titles(&films.json(&["list", "--locked"])), ["Up"]);
    assert_eq!(films.json(&["list", "--locked"])[0]["locked"], json!(["plot", "poster"]));
    let again = films.text(&["lock", "Up", "poster"]);
    assert!(again.contains("poster of Up (2009) is locked (as before)"), "{again}");
    let shown = films.text(&["show", "Up"]);
    assert!(shown.contains("poster: none selected, locked") && shown.contains("plot: locked"), "{shown}");
    films.one(&["unlock", "Up", "all"]);
    assert_eq!(locks(&films, "Up"), [("all".to_owned(), false, "not locked".to_owned())]);
    films.one(&["unlock", "Up", "all", "--inherit"]);
    assert!(locks(&films, "Up").is_empty());
}

#[test]
fn choosing_locks_by_hand_and_unlocking_keeps_the_choice() {
    let films = Films::new();
    films.scan();
    films.select("Up", "poster", "a.jpg");
    assert_eq!(locks(&films, "Up"), [("poster".to_owned(), true, "locked by hand".to_owned())]);
    films.one(&["unlock", "Up", "poster"]);
    let poster = films.one(&["show", "Up"])["images"]["poster"].clone();
    assert!(poster["selected"].is_object() && poster["locked"] == false && poster["lock"] == "not locked", "{poster}");
}

#[test]
fn many_items_are_named_by_filters() {
    let films = Films::new();
    films.scan();
    let locked = films.json(&["lock", "--title", "Re*", "--library", "films", "poster", "--dry-run"]);
    assert_eq!(titles(&locked), ["Remake (1960)", "Remake (2005)"]);
    assert!(films.json(&["list", "--locked"]).is_empty());
    assert_eq!(films.json(&["lock", "--title", "Remake", "poster"]).len(), 2);
    assert_eq!(films.json(&["unmonitor", "--missing", "poster", "--title", "?p"]).len(), 1);
    assert_eq!(titles(&films.json(&["list", "--unmonitored"])), ["Up"]);
    assert_eq!(films.json(&["list", "--unmonitored"])[0]["monitored"], false);
    assert!(films.text(&["show", "Up"]).contains("not monitored"));
    assert_eq!(films.json(&["monitor", "--kind", "movie"]).len(), crate::support::FILM_COUNT);
    assert!(films.json(&["list", "--unmonitored"]).is_empty());
    let none = films.text(&["lock", "--title", "Nobody", "poster"]);
    assert!(none.contains("nothing matches"), "{none}");
    for (arguments, words) in [
        (&["lock", "Up"][..], "which fields"),
        (&["lock", "--kind", "movie"], "required"),
        (&["lock", "Up", "colour"], "original_title"),
        (&["unlock", "--kind", "movie", "Up", "poster"], "`Up` cannot be locked"),
        (&["monitor"], "which items"),
        (&["unmonitor", "Up", "--kind", "movie"], "not both"),
        (&["lock", "", "poster"], "empty"),
    ] {
        let said = films.fails(2, arguments);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    assert!(films.fails(1, &["lock", "--library", "nowhere", "poster"]).contains("nowhere"));
}

#[test]
fn fields_are_edited_and_given_back() {
    let films = Films::new();
    films.scan();
    let planned = films.one(&["edit", "Up", "title=Upwards", "--dry-run"]);
    assert_eq!((&planned["changed"], &planned["title"]), (&json!(1), &json!("Up (2009)")));
    assert!(locks(&films, "Up").is_empty(), "a trial changes nothing");
    let edited = films.one(&["edit", "Up", "title=Upwards", "year=2010", "genres=Adventure, Animation"]);
    assert_eq!((&edited["title"], &edited["changed"]), (&json!("Upwards (2010)"), &json!(3)));
    assert_eq!(titles(&films.json(&["list", "--title", "upw*"])), ["Upwards"]);
    assert_eq!(films.one(&["show", "Upwards (2010)"])["title"], "Upwards");
    films.one(&["scan"]);
    assert_eq!(films.one(&["edit", "Upwards", "title=Upwards"])["changed"], 0);
    films.one(&["edit", "Upwards", "--unset", "title", "--unset", "year"]);
    assert_eq!((titles(&films.json(&["list", "--title", "u?"])), locks(&films, "Up").len()), (vec!["Up"], 1));
    for (edit, words) in
        [("colour=red", "content_rating"), ("year=soon", "1800"), ("title=", "--unset title"), ("x", "FIELD=VALUE")]
    {
        assert!(films.fails(2, &["edit", "Up", edit]).contains(words), "{edit}");
    }
    let long = format!("plot={}", "x".repeat(10_001));
    assert!(films.fails(2, &["edit", "Up", &long]).contains("at most 10000 characters"));
}

/// "concurrent edits from two processes": every one of them is kept, and of one field the last word of one of both.
#[test]
fn edits_of_two_processes_at_once_are_all_kept() {
    const ROUNDS: usize = 6;
    let films = Films::new();
    films.scan();
    std::thread::scope(|scope| {
        for (own, field, lock, picture) in [("one", "plot", "banner", "a.jpg"), ("two", "tagline", "clearart", "b.jpg")]
        {
            let films = &films;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let (mine, both) = (format!("{field}={own} {round}"), format!("sort_title={own} {round}"));
                    films.one(&["edit", "Up", &mine, &both]);
                    films.one(&[if round % 2 == 0 { "lock" } else { "unlock" }, "Up", lock]);
                    films.select("Up", "poster", picture);
                    // Not a word on stderr is too much to ask: who comes second says that it waits.
                    assert!(films.run(&["publish", "Up"]).status.success());
                }
            });
        }
    });
    let shown = films.one(&["show", "Up"]);
    let value = |name: &str| {
        let fields = shown["fields"].as_array().unwrap();
        fields.iter().find(|field| field["field"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    };
    let last = ROUNDS - 1;
    assert_eq!((value("plot"), value("tagline")), (format!("one {last}"), format!("two {last}")));
    assert!([format!("one {last}"), format!("two {last}")].contains(&value("sort_title")), "{}", value("sort_title"));
    for field in ["banner", "clearart"] {
        assert!(locks(&films, "Up").contains(&(field.to_owned(), false, "not locked".to_owned())), "{field}");
    }
    // One picture is chosen, and after one more publish it is the one that is shown, under every name.
    films.publish();
    let poster = films.one(&["show", "Up"])["images"]["poster"].clone();
    assert!(poster["selected"]["sha256"].is_string() && poster["shown"] == poster["selected"]["sha256"], "{poster}");
    let candidates = films.json(&["candidates", "Up", "--type", "poster"]);
    assert_eq!(candidates.iter().filter(|row| row["selected"] == true).count(), 1, "{candidates:?}");
    let generations: Vec<i64> =
        films.json(&["history", "--limit", "100"]).iter().map(|row| row["generation"].as_i64().unwrap()).collect();
    assert!(generations.windows(2).all(|pair| pair[0] == pair[1] + 1), "no number is used twice: {generations:?}");
}
