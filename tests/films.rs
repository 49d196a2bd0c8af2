//! The main job, through the program as users run it: a folder of films goes the whole way to a view with artwork, to
//! real files, and back. Text for people, JSON for scripts, exit codes for both.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use posterfs::demo::{Size, draw_poster};
use rustix::mount::{UnmountFlags, unmount};
use serde_json::Value;
use support::{Folders, posterfs, write};

/// How soon the un-nudged view must show what another process published.
const SOON: Duration = Duration::from_secs(1);

/// A library of films with odd names, and a state folder of its own.
struct Films {
    folder: tempfile::TempDir,
}

impl Films {
    fn new() -> Self {
        let films = Self { folder: tempfile::tempdir().unwrap() };
        let odd = OsStr::from_bytes(b"Am\xe9lie (2001)");
        for (folder, file) in [
            (OsStr::new("Heat (1995) {tmdb-949}"), OsStr::new("Heat (1995).mkv")),
            (odd, OsStr::from_bytes(b"Am\xe9lie (2001).mkv")),
            (OsStr::new("Both"), OsStr::new("Solaris (1972).mkv")),
            (OsStr::new("Both"), OsStr::new("Solaris (2002).mkv")),
            (OsStr::new("1917 (2019)"), OsStr::new("1917 (2019).mkv")),
            (OsStr::new("1917 (2019)"), OsStr::new("1917 (2019)-trailer.mkv")),
        ] {
            let folder = films.media().join(folder);
            fs::create_dir_all(&folder).unwrap();
            write(folder.join(file), file.as_bytes());
        }
        write(films.media().join("Heat (1995) {tmdb-949}/folder.jpg"), "an original");
        for (name, seed) in [("a.jpg", 1), ("b.jpg", 2)] {
            write(films.path(name), draw_poster("Heat", seed, Size { width: 60, height: 90 }).unwrap());
        }
        films
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn media(&self) -> PathBuf {
        self.path("media")
    }

    fn heat(&self) -> PathBuf {
        self.media().join("Heat (1995) {tmdb-949}")
    }

    fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Output {
        posterfs(&self.path("state"), arguments)
    }

    /// Runs a command that must succeed and returns its JSON, one value a line.
    #[track_caller]
    fn json<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Vec<Value> {
        let mut all: Vec<OsString> = vec!["--json".into()];
        all.extend(arguments.iter().map(|argument| argument.as_ref().to_owned()));
        let output = self.run(&all);
        assert!(output.status.success(), "{all:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a command that must fail, with one sentence on stderr and nothing on stdout, and returns the sentence.
    #[track_caller]
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        stderr(&output)
    }

    /// Adds and scans the library.
    fn scanned(&self) {
        self.json(&["library", "add", "films", self.media().to_str().unwrap(), "--kind", "movies"]);
        self.json(&["scan"]);
    }

    /// Selects a picture for Heat and publishes.
    fn published(&self, picture: &str) -> Value {
        self.json(&["select", "tmdb:949", "poster", "--file", self.path(picture).to_str().unwrap()]);
        self.json(&["publish"]).remove(0)
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below a folder with its bytes.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[track_caller]
fn has_keys(value: &Value, wanted: &[&str]) {
    let missing: Vec<_> = wanted.iter().filter(|key| !keys(value).contains(**key)).collect();
    assert!(missing.is_empty(), "{missing:?} missing in {value}");
}

fn names(folder: &Path) -> BTreeSet<OsString> {
    let listed: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let distinct: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(distinct.len(), listed.len(), "a name is listed twice: {listed:?}");
    distinct
}

#[test]
fn json_has_the_keys_that_scripts_read() {
    let films = Films::new();
    films.scanned();
    has_keys(&films.json(&["library", "list"])[0], &["id", "name", "path", "kind", "naming"]);
    let published = films.published("a.jpg");
    has_keys(&published, &["generation", "added", "changed", "removed", "unchanged"]);
    let show = films.json(&["show", "Heat (1995)"]).remove(0);
    has_keys(&show, &["id", "type", "title", "year", "path", "library", "ids", "monitored", "images", "mappings"]);
    has_keys(&show["images"]["poster"], &["selected", "locked", "originals"]);
    has_keys(&show["images"]["poster"]["selected"], &["sha256", "source", "provider", "url"]);
    has_keys(&show["mappings"][0], &["path", "sha256", "image_type"]);
    assert_eq!(show["ids"]["tmdb"], "949");
    assert_eq!(show["images"]["poster"]["originals"][0], "Heat (1995) {tmdb-949}/folder.jpg");
    let status = films.json(&["status"]).remove(0);
    has_keys(&status, &["version", "state", "libraries", "entities", "cache", "mappings", "generation"]);
    has_keys(&status["cache"], &["files", "bytes"]);
    has_keys(&films.json(&["history"])[0], &["generation", "time", "author", "reason", "added", "changed", "removed"]);
    let identified = films.json(&["identify", films.heat().to_str().unwrap()]).remove(0);
    has_keys(&identified, &["path", "kind", "title", "year", "ids"]);
    assert_eq!((&identified["kind"], &identified["title"]), (&"movie".into(), &"Heat".into()));
    let titles: BTreeSet<_> =
        films.json(&["list"]).iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect();
    assert_eq!(titles.len(), 4, "{titles:?}");
    assert_eq!(films.json(&["list", "--missing", "poster"]).len(), 4);
}

#[test]
fn publishing_twice_changes_nothing_and_unpublishing_lasts() {
    let films = Films::new();
    films.scanned();
    let first = films.published("a.jpg");
    assert_eq!(first["added"], 2, "poster.jpg and the name with the video's: {first}");
    let again = films.json(&["publish"]).remove(0);
    assert_eq!((&again["generation"], &again["unchanged"]), (&first["generation"], &2.into()));
    assert_eq!(films.json(&["unpublish", "tmdb:949", "poster"])[0]["removed"], 2);
    assert_eq!(films.json(&["publish"])[0]["added"], 0, "publish without an item does not bring it back");
    assert_eq!(films.json(&["publish", "--dry-run", "tmdb:949"])[0]["added"], 2);
    assert_eq!(films.json(&["publish", "tmdb:949"])[0]["added"], 2);
    let changed = films.published("b.jpg");
    assert_eq!(changed["changed"], 2, "{changed}");
    let rolled = films.json(&["rollback", &first["generation"].to_string()]).remove(0);
    assert_eq!(rolled["changed"], 2, "{rolled}");
    assert_eq!(films.json(&["history"]).len(), 5);
}

#[test]
fn every_refusal_is_one_sentence_that_tells_what_to_do() {
    let films = Films::new();
    films.scanned();
    let media = films.media();
    let media = media.to_str().unwrap();
    write(films.path("text.jpg"), "<html>not a picture</html>");
    let picture = fs::read(films.path("a.jpg")).unwrap();
    write(films.path("cut.jpg"), &picture[..picture.len() / 2]);
    let text = films.path("text.jpg");
    let cut = films.path("cut.jpg");
    let nested = format!("{media}/Both");
    for (code, words, arguments) in [
        (1, "no such", ["library", "add", "more", "/no/such/folder", "--kind", "movies"].as_slice()),
        (1, "films", &["library", "add", "more", &nested, "--kind", "movies"]),
        (1, "films", &["library", "add", "films", "/tmp", "--kind", "movies"]),
        (2, "kind", &["library", "add", "more", "/tmp", "--kind", "books"]),
        (1, "text.jpg", &["select", "tmdb:949", "poster", "--file", text.to_str().unwrap()]),
        (1, "cut.jpg", &["select", "tmdb:949", "poster", "--file", cut.to_str().unwrap()]),
        (1, "/no/such/picture", &["select", "tmdb:949", "poster", "--file", "/no/such/picture"]),
        (2, "no image type", &["select", "tmdb:949", "portrait", "--file", "a.jpg"]),
        (1, "there is no item", &["show", "Nothing Of The Kind"]),
        (1, "may be one of several", &["show", "Solaris"]),
        (1, "generation", &["rollback", "77"]),
        (1, "/no/such/place", &["mount", "/no/such/place"]),
        (1, "not mounted", &["unmount", media]),
        (2, "Usage", &["publsh"]),
    ] {
        let said = films.fails(code, arguments);
        assert!(said.to_lowercase().contains(&words.to_lowercase()), "{arguments:?} said: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    assert_eq!(films.json(&["status"])[0]["cache"]["files"], 0, "nothing half done is left in the cache");
    assert_eq!(films.json(&["library", "list"]).len(), 1);
}

#[test]
fn every_command_explains_itself() {
    let films = Films::new();
    for command in [
        "demo",
        "library",
        "identify",
        "scan",
        "list",
        "show",
        "select",
        "deselect",
        "publish",
        "unpublish",
        "history",
        "rollback",
        "mount",
        "unmount",
        "export",
        "status",
        "config",
        "completions",
        "man",
    ] {
        let help = films.run(&[command, "--help"]);
        assert!(help.status.success());
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(text.contains("Usage: posterfs") && text.lines().next().unwrap().len() > 10, "{command}: {text}");
    }
    assert!(String::from_utf8(films.run(&["man"]).stdout).unwrap().starts_with(".ie"));
    assert!(!films.run(&["completions", "bash"]).stdout.is_empty());
    assert!(films.json(&["config"]).iter().any(|line| line["key"] == "view.threads"));
}

#[test]
fn export_writes_the_same_as_real_files_and_loses_nothing() {
    let films = Films::new();
    films.scanned();
    films.published("a.jpg");
    let picture = fs::read(films.path("a.jpg")).unwrap();
    let before = contents(&films.media());
    let to = films.path("exported");
    assert_eq!(films.json(&["export", "--to", to.to_str().unwrap()])[0]["added"], 2);
    assert_eq!(fs::read(to.join("Heat (1995) {tmdb-949}/poster.jpg")).unwrap(), picture);
    assert_eq!(films.json(&["export", "--dry-run"])[0]["added"], 2);
    assert_eq!(contents(&films.media()), before, "neither --to nor --dry-run touches the media");
    write(films.heat().join("poster.jpg"), "somebody's own");
    let written = films.json(&["export"]).remove(0);
    assert_eq!((&written["added"], &written["replaced"], &written["recycled"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(fs::read(films.heat().join("poster.jpg")).unwrap(), picture);
    assert!(contents(&films.path("state/recycle")).values().any(|bytes| bytes == b"somebody's own"));
    assert_eq!(films.json(&["export"])[0]["unchanged"], 2);
}

#[test]
fn the_whole_way_through_a_mount_over_the_films_themselves() {
    if Folders::new().is_none() {
        return;
    }
    let films = Films::new();
    films.scanned();
    let first = films.published("a.jpg");
    let before = contents(&films.media());
    let _unmounted = Unmounted(films.media());
    let media = films.media();
    let media = media.to_str().unwrap();
    let config = films.path("config.toml");
    write(&config, "[write]\non_write = 'deny'\n");
    films.json(&["--config", config.to_str().unwrap(), "mount", media]);
    let heat = films.heat();
    let shown = ["Heat (1995)-poster.jpg", "Heat (1995).mkv", "poster.jpg"].map(OsString::from);
    assert_eq!(names(&heat), shown.into(), "the original is hidden");
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), fs::read(films.path("a.jpg")).unwrap());
    assert_eq!(fs::read(heat.join("Heat (1995).mkv")).unwrap(), b"Heat (1995).mkv");

    // A scan over the mount sees the media, not what the view shows.
    let scanned = films.json(&["scan"]).remove(0);
    assert_eq!((&scanned["added"], &scanned["changed"], &scanned["missing"]), (&0.into(), &0.into(), &0.into()));
    assert_eq!(
        films.json(&["show", heat.to_str().unwrap()])[0]["images"]["poster"]["originals"].as_array().unwrap().len(),
        1
    );

    // Where writes are denied, they are for root too, and the cache stays as it is.
    for outcome in [
        fs::File::options().write(true).open(heat.join("poster.jpg")).map(drop),
        fs::rename(heat.join("Heat (1995).mkv"), heat.join("poster.jpg")),
    ] {
        assert_eq!(outcome.unwrap_err().raw_os_error(), Some(libc::EROFS));
    }
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), fs::read(films.path("a.jpg")).unwrap());

    // Another process publishes, rolls back, unpublishes: seen when the command returns.
    let time = |name: &str| fs::metadata(heat.join(name)).unwrap().modified().unwrap();
    let (picture_time, folder_time) = (time("poster.jpg"), time("."));
    films.published("b.jpg");
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), fs::read(films.path("b.jpg")).unwrap());
    assert!(time("poster.jpg") > picture_time && time(".") > folder_time, "players look at the times");
    let picture_time = time("poster.jpg");
    films.json(&["rollback", &first["generation"].to_string()]);
    assert_eq!(fs::read(heat.join("poster.jpg")).unwrap(), fs::read(films.path("a.jpg")).unwrap());
    assert!(time("poster.jpg") > picture_time, "also on the way back");
    films.json(&["unpublish", "tmdb:949"]);
    assert_eq!(names(&heat), ["Heat (1995).mkv", "folder.jpg"].map(OsString::from).into());

    films.json(&["unmount", media]);
    assert_eq!(contents(&films.media()), before, "not a byte of the media has changed");
}

#[test]
fn a_publish_that_tells_nobody_is_seen_within_a_second() {
    if Folders::new().is_none() {
        return;
    }
    let films = Films::new();
    films.scanned();
    films.published("a.jpg");
    films.json(&["unpublish", "tmdb:949"]);
    let _unmounted = Unmounted(films.media());
    films.json(&["mount", films.media().to_str().unwrap()]);
    let poster = films.heat().join("poster.jpg");
    assert!(!poster.exists(), "the kernel now remembers that the name does not exist");
    // Through the library, as any other program would that does not know of the mount's socket.
    let mut catalog = posterfs::catalog::Catalog::open(&films.path("state/posterfs.db")).unwrap();
    let heat = catalog.entities_by_title("Heat", Some(1995)).unwrap().remove(0);
    let stamp = posterfs::catalog::Stamp {
        author: "test".to_owned(),
        reason: "no nudge".to_owned(),
        now: posterfs::model::UnixSeconds::new(2_000_000_000),
    };
    let scope = posterfs::catalog::Scope::Entities(&[heat.id]);
    posterfs::phase::publish(&mut catalog, scope, posterfs::catalog::PublishMode::Apply, &stamp).unwrap();
    let begun = Instant::now();
    while !poster.exists() {
        assert!(begun.elapsed() < SOON, "not seen within a second");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(names(&films.heat()).len(), 3);
    films.json(&["unmount", films.media().to_str().unwrap()]);
}

#[test]
fn the_demo_checks_itself() {
    let films = Films::new();
    let folder = films.path("demo");
    let output = films.run(&["demo", folder.to_str().unwrap(), "--once"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if Folders::new().is_some() {
        assert!(output.status.success(), "{text}{}", stderr(&output));
        assert!(text.contains("not a byte of the media has changed"), "{text}");
    } else {
        assert_eq!(output.status.code(), Some(1), "without a mount, --once fails and shows the export: {text}");
        assert!(folder.join("export").is_dir());
    }
}

/// Takes a mount away at the end of a test, also of one that failed.
struct Unmounted(PathBuf);

impl Drop for Unmounted {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}
