//! Every command explains itself: `--help`, manual pages, completions.

use std::collections::BTreeSet;

use crate::support::Films;

/// Every command as it is typed, with those that have commands of their own.
fn commands(films: &Films, prefix: &[String]) -> Vec<Vec<String>> {
    let mut arguments = prefix.to_vec();
    arguments.push("--help".to_owned());
    let help = films.text(&arguments);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What is indented further goes on about the command above.
    let entries = listed.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let named = entries.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let mut found = Vec::new();
    for name in named {
        let command: Vec<String> = prefix.iter().cloned().chain([name.to_owned()]).collect();
        found.extend(commands(films, &command));
        found.push(command);
    }
    found
}

#[test]
fn the_help_of_every_command_teaches() {
    let films = Films::new();
    let all = commands(&films, &[]);
    assert!(all.len() > 20, "{all:?}");
    for command in all {
        let help = films.text(&[command.clone(), vec!["--help".to_owned()]].concat());
        let (about, _) = help.split_once("Usage: posterfs").expect(&help);
        assert!(about.split("\n\n").count() > 1, "{command:?} says no more than its name: {about}");
        // An example: something to type, wherever the line breaks.
        let words = about.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("`posterfs "), "{command:?} has no example: {about}");
        let short = films.text(&[command.clone(), vec!["-h".to_owned()]].concat());
        assert!(short.len() < help.len(), "{command:?}");
    }
}

#[test]
fn manual_pages_and_completions_know_every_command() {
    let films = Films::new();
    let names: BTreeSet<String> = commands(&films, &[]).into_iter().map(|mut command| command.remove(0)).collect();
    let main = films.text(&["man"]);
    for name in &names {
        assert!(main.contains(&format!("posterfs\\-{}", name.replace('-', "\\-"))), "{name} in the manual: {main}");
        let page = films.text(&["man", name]);
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".SH DESCRIPTION"), "{name}: {page}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = films.text(&["completions", shell]);
        assert!(names.iter().all(|name| completions.contains(name.as_str())), "{shell}");
    }
    assert!(films.fails(1, &["man", "publsh"]).contains("publsh"));
    assert!(films.text(&["man", "recycle", "restore"]).contains("posterfs\\-recycle\\-restore"));
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("man1");
    films.text(&["man", "--to", to.to_str().unwrap()]);
    let pages: Vec<String> = names.iter().map(|name| format!("posterfs-{name}.1")).collect();
    assert!(pages.iter().all(|page| to.join(page).is_file()) && to.join("posterfs.1").is_file());
    assert!(to.join("posterfs-recycle-restore.1").is_file());
    assert!(!to.join("posterfs-help.1").exists() && !to.join("posterfs-library-help.1").exists());
    assert!(films.fails(2, &["completions", "tcsh"]).contains("bash"));
}

#[test]
fn what_is_typed_wrong_is_a_usage_error() {
    let films = Films::new();
    for (arguments, word) in [
        (&["frobnicate"][..], "frobnicate"),
        (&["select", "1"], "--file"),
        (&["select", "1", "poster", "--file"], "--file"),
        (&["export", "--mode", "move"], "copy, reflink, hardlink and symlink"),
        (&["list", "--kind", "film"], "film"),
        (&["list", "--missing", "picture"], "poster"),
        (&["tag", "--delete"], "--delete"),
        (&["edit", "1"], "FIELD=VALUE"),
        (&["edit", "1", "--unset", "colour"], "sort_title"),
        (&["edit", "1", "title=a\tb"], "control character"),
        (&["publish", "tmdb:"], "lacks the id"),
        (&["library", "add", "films", "/", "--kind", "movies", "--naming", "xbmc"], "xbmc"),
        (&["library", "add", "films", "/"], "--kind"),
        (&["history", "--limit", "-1"], "-1"),
    ] {
        let said = films.fails(2, arguments);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    assert!(!films.state().exists(), "nothing was made for a command that was not understood");
    assert_eq!(films.text(&["--version"]), format!("posterfs {}\n", env!("CARGO_PKG_VERSION")));
    assert!(!films.state().exists());
}

/// Whoever begins is told what to type, and nothing is made for that.
#[test]
fn without_a_command_the_next_step_is_told() {
    let films = Films::new();
    let none: [&str; 0] = [];
    let said = films.text(&none);
    for words in ["posterfs demo", "posterfs library add", "posterfs doctor", "posterfs --help"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!films.state().exists());
    films.scan();
    let first = |films: &Films| films.one(&none)["next"][0]["command"].as_str().unwrap().to_owned();
    assert!(first(&films).contains("enrich"), "{}", first(&films));
    films.select("Up", "poster", "a.jpg");
    assert_eq!(first(&films), "posterfs publish --dry-run");
    films.publish();
    assert!(first(&films).starts_with("posterfs mount"));
    assert!(films.text(&["status"]).contains("next: posterfs mount"));
}
