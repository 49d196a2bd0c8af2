//! The commands.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use posterfs::catalog::Catalog;

use crate::rules::{hold_at_once, hold_in_the_end};
use crate::support::{Films, contents, stderr, with_old_schema};

/// More steps than any command here has.
const STEPS_MAX: usize = 400;

/// A command, the state it begins in, and what is to come of it.
struct Case<'a> {
    films: &'a Films,
    arguments: Vec<OsString>,
    /// Steps that it must have.
    steps: &'a [&'a str],
    /// What a run again may end with besides success: it was done already.
    done_already: &'a str,
}

impl Case<'_> {
    /// Kills it at each step from the same beginning; `check` is asked after it was run again.
    #[track_caller]
    fn run(self, check: impl Fn(&Films, &str)) {
        let beginning = Beginning::of(self.films);
        let mut met = BTreeSet::new();
        for at in 1..STEPS_MAX {
            beginning.restore();
            let output = self.killed(at);
            let when = self.met(&output, &mut met);
            if let Some(when) = &when {
                hold_at_once(self.films, when);
                let again = self.films.run(&self.arguments);
                let said = stderr(&again);
                let is_done = !self.done_already.is_empty() && said.contains(self.done_already);
                assert!(again.status.success() || is_done, "{when}, run again: {said}");
            }
            let ended = when.is_none();
            let when = when.unwrap_or_else(|| format!("{:?}, not killed", self.arguments));
            hold_in_the_end(self.films, &when);
            check(self.films, &when);
            if ended {
                let missing: Vec<_> = self.steps.iter().filter(|step| !met.contains(**step)).collect();
                assert!(missing.is_empty(), "steps never met: {missing:?} of {met:?}");
                return;
            }
        }
        panic!("there is no end of steps: {met:?}");
    }

    fn killed(&self, at: usize) -> Output {
        Command::new(env!("CARGO_BIN_EXE_posterfs"))
            .arg("--state")
            .arg(self.films.state())
            .args(&self.arguments)
            .env("POSTERFS_DIES_AT", format!("#{at}"))
            .output()
            .unwrap()
    }

    /// Where it was killed, in words; `None` when it came to its end.
    fn met(&self, output: &Output, met: &mut BTreeSet<String>) -> Option<String> {
        let said = stderr(output);
        if output.status.signal() != Some(9) {
            assert!(output.status.success(), "{:?}: {said}", self.arguments);
            return None;
        }
        let step = said.lines().find_map(|line| line.strip_prefix("killed at ")).expect(&said).to_owned();
        let when = format!("{:?}, killed at {step}", self.arguments);
        met.insert(step);
        Some(when)
    }
}

/// The state folder as it was, to begin anew.
pub struct Beginning {
    state: PathBuf,
    kept: tempfile::TempDir,
}

impl Beginning {
    pub fn of(films: &Films) -> Self {
        let kept = tempfile::tempdir().unwrap();
        copy(films.state(), &kept.path().join("state"));
        Self { state: films.state().to_owned(), kept }
    }

    #[expect(clippy::disallowed_methods, reason = "the state folder of a test, to be made anew")]
    fn restore(&self) {
        std::fs::remove_dir_all(&self.state).unwrap();
        copy(&self.kept.path().join("state"), &self.state);
    }

    /// Puts it into a state folder that is there and empty.
    pub fn fill(&self) {
        copy(&self.kept.path().join("state/."), &self.state);
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

pub fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

pub fn published() -> Films {
    let films = Films::new();
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.select("Up", "poster", "b.jpg");
    films.publish();
    films
}

/// What is shown, by path.
pub fn mappings(films: &Films, item: &str) -> Vec<String> {
    let story = films.one(&["show", item]);
    story["mappings"].as_array().unwrap().iter().map(|mapping| mapping["path"].to_string()).collect()
}

#[test]
fn a_choice() {
    let films = published();
    let media = contents(films.media());
    let picture = films.picture("c.jpg").to_str().unwrap().to_owned();
    let steps = ["put.written", "put.synced", "put.named", "record.written", "record.synced", "catalog.written"];
    let steps = [&steps[..], &["catalog.committed", "journal.written", "journal.synced", "journal.told"]].concat();
    let arguments = words(&["select", "Up", "poster", "--file", &picture]);
    Case { films: &films, arguments, steps: &steps, done_already: "" }.run(|films, when| {
        let images = &films.one(&["show", "Up"])["images"]["poster"];
        assert_eq!(images["locked"], true, "{when}");
        assert_ne!(images["selected"]["sha256"], images["shown"], "{when}: it is not published yet");
        assert_eq!(contents(films.media()), media, "{when}");
    });
}

#[test]
fn taking_a_choice_back() {
    let films = published();
    let steps = ["record.written", "catalog.committed", "journal.synced"];
    Case { films: &films, arguments: words(&["deselect", "Up", "poster"]), steps: &steps, done_already: "" }.run(
        |films, when| {
            let images = &films.one(&["show", "Up"])["images"]["poster"];
            assert_eq!((&images["selected"], &images["locked"]), (&serde_json::Value::Null, &true.into()), "{when}");
            assert!(mappings(films, "Up").is_empty(), "{when}");
        },
    );
}

#[test]
fn a_lock_an_edit_and_what_is_not_monitored() {
    let films = published();
    let steps = ["catalog.written", "catalog.committed", "journal.written", "journal.synced"];
    for arguments in [&["lock", "Up", "all"][..], &["edit", "Up", "title=Above"], &["unmonitor", "tmdb:949"]] {
        Case { films: &films, arguments: words(arguments), steps: &steps, done_already: "there is no item" }
            .run(|_, _| {});
    }
}

#[test]
fn publishing() {
    let films = published();
    films.select("Up", "fanart", "c.jpg");
    let steps = ["catalog.written", "catalog.committed", "journal.synced"];
    Case { films: &films, arguments: words(&["publish"]), steps: &steps, done_already: "" }.run(|films, when| {
        assert!(mappings(films, "Up").iter().any(|path| path.contains("fanart")), "{when}");
        let history = films.json(&["history"]);
        assert_eq!(history.len(), 2, "{when}: published once");
    });
}

#[test]
fn a_rollback() {
    let films = published();
    let shown = || films.one(&["show", "Up"])["images"]["poster"]["shown"].clone();
    let before = shown();
    films.select("Up", "poster", "c.jpg");
    films.publish();
    let first = films.json(&["history"]).last().unwrap()["generation"].to_string();
    let steps = ["catalog.written", "catalog.committed"];
    Case { films: &films, arguments: words(&["rollback", &first]), steps: &steps, done_already: "" }.run(
        |films, when| {
            assert_eq!(films.json(&["history"]).len(), 3, "{when}: rolled back once");
            assert_eq!(shown(), before, "{when}");
        },
    );
}

#[test]
fn an_export() {
    let films = published();
    let to = films.picture("exported");
    std::fs::create_dir(&to).unwrap();
    let arguments = vec!["export".into(), "--to".into(), to.clone().into_os_string()];
    let steps = ["export.prepared", "export.placed", "export.folder_synced"];
    #[expect(clippy::disallowed_methods, reason = "what this test has exported, so that it can do it again")]
    let empty = || std::fs::remove_dir_all(&to).and_then(|()| std::fs::create_dir(&to)).unwrap();
    Case { films: &films, arguments, steps: &steps, done_already: "" }.run(|films, when| {
        let exported = contents(&to);
        let names: BTreeSet<_> = exported.keys().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert!(names.contains(OsStr::new("poster.jpg")), "{when}: {names:?}");
        let picture = std::fs::read(films.picture("a.jpg")).unwrap();
        assert!(exported.values().any(|bytes| *bytes == picture), "{when}");
        assert!(names.iter().all(|name| !name.to_string_lossy().contains("tmp")), "{when}: {names:?}");
        empty();
    });
}

#[test]
fn a_backup() {
    let films = published();
    let file = films.picture("safe.db");
    let arguments = vec!["backup".into(), file.clone().into_os_string()];
    let steps = ["backup.copied", "backup.synced", "backup.named", "backup.folder_synced"];
    Case { films: &films, arguments, steps: &steps, done_already: "is there already" }.run(|_, when| {
        let found = Catalog::check_file(&file).unwrap();
        assert_eq!((found.problems.len(), found.selections), (0, 2), "{when}");
        assert!(!films.picture("safe.db.partial").exists(), "{when}: something is left over");
        std::fs::remove_file(&file).unwrap();
    });
}

#[test]
fn going_back_to_a_backup() {
    let films = published();
    let file = films.picture("safe.db");
    films.text(&[OsStr::new("backup"), file.as_os_str()]);
    films.select("Up", "poster", "c.jpg");
    let arguments = vec!["restore".into(), file.into_os_string()];
    let steps = ["replace.decided", "replace.old_aside", "replace.done", "journal.synced"];
    let before = &films.one(&["show", "Up"])["images"]["poster"]["selected"]["sha256"].clone();
    Case { films: &films, arguments, steps: &steps, done_already: "" }.run(|films, when| {
        assert_ne!(films.one(&["show", "Up"])["images"]["poster"]["selected"]["sha256"], *before, "{when}");
        let kept = contents(&films.state().join("replaced"));
        assert!(kept.keys().any(|path| path.ends_with("posterfs.db")), "{when}: the old one is gone: {kept:?}");
    });
}

#[test]
fn making_the_database_anew() {
    let films = published();
    let steps = ["rebuild.libraries", "rebuild.items", "rebuild.records", "rebuild.made"];
    let steps = [&steps[..], &["replace.decided", "replace.old_aside", "replace.done", "journal.synced"]].concat();
    Case { films: &films, arguments: words(&["rebuild", "--force"]), steps: &steps, done_already: "" }.run(
        |films, when| {
            let poster = &films.one(&["show", "Up"])["images"]["poster"];
            assert!(poster["selected"].is_object() && poster["locked"] == true, "{when}: {poster}");
            let kept = contents(&films.state().join("replaced"));
            assert!(kept.keys().any(|path| path.ends_with("posterfs.db")), "{when}: the old one is gone");
        },
    );
}

#[test]
fn an_upgrade() {
    let films = Films::new();
    films.scan();
    with_old_schema(&films);
    let old = Catalog::check_file(&films.state().join("posterfs.db")).unwrap().version;
    // A command that opens the catalog to write, so that the journal is written, too.
    let arguments = words(&["lock", "Old", "poster"]);
    let steps = ["backup.copied", "backup.named", "migrate.backed_up", "migrate.done", "journal.synced"];
    Case { films: &films, arguments, steps: &steps, done_already: "" }.run(|films, when| {
        let story = films.one(&["show", "Old"]);
        assert_eq!(
            (&story["monitored"], &story["images"]["poster"]["locked"]),
            (&false.into(), &true.into()),
            "{when}"
        );
        let backup = films.state().join(format!("backups/before-migration-of-schema-{old}.db"));
        let kept = Catalog::check_file(&backup).unwrap();
        assert_eq!((kept.version, kept.problems.len(), kept.entities), (old, 0, 1), "{when}");
    });
}
