//! The commands.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;

use posterfs::cache::Cache;
use posterfs::catalog::{Catalog, NewCacheFile};
use posterfs::model::EntityId;
use serde_json::Value;

use crate::case::Case;
use crate::support::{FILM_COUNT, Films, contents, with_old_schema, write};

const HEAT: &[u8] = b"Heat (1995) {tmdb-949}";

/// Two posters are published.
fn published() -> Films {
    let films = Films::new();
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.select("Up", "poster", "b.jpg");
    films.publish();
    films
}

/// What is shown, by path.
fn mappings(films: &Films, item: &str) -> Vec<String> {
    let story = films.one(&["show", item]);
    story["mappings"].as_array().unwrap().iter().map(|mapping| mapping["path"].to_string()).collect()
}

fn poster(films: &Films, item: &str) -> Value {
    films.one(&["show", item])["images"]["poster"].clone()
}

/// The bytes of what is in the recycle bin.
fn binned(films: &Films) -> BTreeSet<Vec<u8>> {
    let rows = films.json(&["recycle", "list"]);
    rows.iter().map(|row| fs::read(row["data"].as_str().unwrap()).unwrap()).collect()
}

/// Where a picture of the user's is in the way of an export into the library itself.
fn poster_of_heat(films: &Films) -> PathBuf {
    films.film(HEAT).join("poster.jpg")
}

pub fn a_first_command() -> Case {
    let films = Films::new();
    let media = films.media().to_str().unwrap().to_owned();
    Case::new(films, &["library", "add", "films", &media, "--kind", "movies"], |films, when| {
        assert_eq!(films.json(&["library", "list"]).len(), 1, "{when}");
    })
    .steps(&["migrate.done", "catalog.committed", "journal.synced"])
    .places(&["posterfs.db"])
    .done_already("overlaps the library films")
}

pub fn a_scan() -> Case {
    let films = published();
    let new = films.film(b"Alien (1979)");
    fs::create_dir(&new).unwrap();
    write(new.join("Alien (1979).mkv"), "the film");
    let shown = mappings(&films, "Up");
    Case::new(films, &["scan"], move |films, when| {
        assert_eq!(films.json(&["list"]).len(), FILM_COUNT + 1, "{when}");
        assert_eq!(mappings(films, "Up"), shown, "{when}");
    })
    .steps(&["catalog.written", "catalog.committed"])
    .places(&["posterfs.db"])
}

pub fn a_choice() -> Case {
    let films = published();
    let (media, picture) = (contents(films.media()), films.picture("c.jpg").to_str().unwrap().to_owned());
    Case::new(films, &["select", "Up", "poster", "--file", &picture], move |films, when| {
        let poster = poster(films, "Up");
        assert_eq!(poster["locked"], true, "{when}");
        assert_ne!(poster["selected"]["sha256"], poster["shown"], "{when}: it is not published yet");
        assert_eq!(contents(films.media()), media, "{when}");
        let output = films.run(&["--json", "verify", "--deep"]);
        let lines = String::from_utf8(output.stdout).unwrap();
        let findings: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (summaries, findings): (Vec<_>, Vec<_>) = findings.iter().partition(|line| line["summary"] == true);
        assert_eq!(summaries.len(), 1, "{when}: {lines}");
        assert!(findings.iter().all(|line| line["finding"] == "stale-temporary"), "{when}: {lines}");
    })
    .steps(&["put.temporary_made", "put.written", "put.probed", "put.folders_made", "put.synced", "put.named"])
    .and_steps(&["put.folders_synced", "record.written", "record.synced", "catalog.written", "catalog.committed"])
    .and_steps(&["journal.written", "journal.synced", "journal.told"])
    .places(&["posterfs.db", "cache/tmp", "cache/provenance"])
}

/// Nothing was ever chosen before.
pub fn a_first_choice() -> Case {
    let films = Films::new();
    films.scan();
    let picture = films.picture("c.jpg").to_str().unwrap().to_owned();
    Case::new(films, &["select", "Up", "poster", "--file", &picture], |films, when| {
        let hash = poster(films, "Up")["selected"]["sha256"].as_str().expect(when).parse().unwrap();
        let cache = Cache::open_read_only(&films.state().join("cache")).unwrap();
        let records = cache.records(&hash).unwrap().records;
        assert!(records.iter().any(|record| record.selected && record.locked), "{when}: {records:?}");
    })
    .places(&["posterfs.db", "cache/tmp"])
}

pub fn taking_a_choice_back() -> Case {
    Case::new(published(), &["deselect", "Up", "poster"], |films, when| {
        let poster = poster(films, "Up");
        assert_eq!((&poster["selected"], &poster["locked"]), (&Value::Null, &true.into()), "{when}");
        assert!(mappings(films, "Up").is_empty(), "{when}");
    })
    .steps(&["record.written", "catalog.committed", "journal.synced"])
    .places(&["posterfs.db"])
}

pub fn a_lock() -> Case {
    Case::new(published(), &["lock", "Up", "all"], |films, when| {
        let locks = films.one(&["show", "Up"])["locks"].clone();
        assert!(locks.as_array().unwrap().iter().any(|lock| lock["field"] == "all"), "{when}: {locks}");
    })
    .steps(&["catalog.written", "catalog.committed", "journal.written", "journal.synced"])
    .places(&["posterfs.db"])
}

pub fn an_edit() -> Case {
    Case::new(published(), &["edit", "tmdb:949", "title=Warmth"], |films, when| {
        assert_eq!(films.one(&["show", "tmdb:949"])["title"], "Warmth", "{when}");
    })
    .steps(&["catalog.written", "catalog.committed", "journal.written", "journal.synced"])
    .places(&["posterfs.db"])
}

pub fn not_monitoring() -> Case {
    Case::new(published(), &["unmonitor", "tmdb:949"], |films, when| {
        assert_eq!(films.one(&["show", "tmdb:949"])["monitored"], false, "{when}");
    })
    .steps(&["catalog.written", "catalog.committed", "journal.written", "journal.synced"])
    .places(&["posterfs.db"])
}

pub fn publishing() -> Case {
    let films = published();
    films.select("Up", "fanart", "c.jpg");
    Case::new(films, &["publish"], |films, when| {
        assert!(mappings(films, "Up").iter().any(|path| path.contains("fanart")), "{when}");
        assert_eq!(films.json(&["history"]).len(), 2, "{when}: published once");
    })
    .steps(&["catalog.written", "catalog.committed", "journal.synced"])
    .places(&["posterfs.db"])
}

pub fn unpublishing() -> Case {
    Case::new(published(), &["unpublish", "Up", "poster"], |films, when| {
        assert!(mappings(films, "Up").is_empty(), "{when}");
        assert_eq!(poster(films, "Up")["locked"], true, "{when}");
    })
    .steps(&["catalog.written", "catalog.committed", "journal.synced"])
    .places(&["posterfs.db"])
}

pub fn a_rollback() -> Case {
    let films = published();
    let before = poster(&films, "Up")["shown"].clone();
    films.select("Up", "poster", "c.jpg");
    films.publish();
    let first = films.json(&["history"]).last().unwrap()["generation"].to_string();
    Case::new(films, &["rollback", &first], move |films, when| {
        assert_eq!(films.json(&["history"]).len(), 3, "{when}: rolled back once");
        assert_eq!(poster(films, "Up")["shown"], before, "{when}");
    })
    .steps(&["catalog.written", "catalog.committed"])
    .places(&["posterfs.db"])
}

pub fn an_export() -> Case {
    let films = published();
    write(poster_of_heat(&films), "the user's own");
    films.one(&["scan"]);
    Case::new(films, &["export"], |films, when| {
        let exported = contents(films.media());
        let picture = fs::read(films.picture("a.jpg")).unwrap();
        assert!(fs::read(poster_of_heat(films)).unwrap() == picture, "{when}");
        assert!(exported.keys().all(|path| !path.to_string_lossy().contains("tmp")), "{when}: {:?}", exported.keys());
        assert_eq!(binned(films), BTreeSet::from([b"the user's own".to_vec()]), "{when}");
    })
    .steps(&["export.prepared", "export.placed", "export.folder_synced"])
    .and_steps(&["recycle.recorded", "recycle.in_bin", "recycle.gone"])
    .places(&["/recycle", "posterfs.db", "poster.jpg", "run the export again"])
}

pub fn an_export_elsewhere() -> Case {
    let films = published();
    let to = films.picture("far/away").to_str().unwrap().to_owned();
    Case::new(films, &["export", "--to", &to, "--mode", "hardlink"], |films, when| {
        let picture = fs::read(films.picture("a.jpg")).unwrap();
        let exported = contents(&films.picture("far/away"));
        assert!(exported.values().any(|bytes| *bytes == picture), "{when}: {:?}", exported.keys());
        assert!(exported.keys().all(|path| !path.to_string_lossy().contains("tmp")), "{when}: {:?}", exported.keys());
    })
    .steps(&["export.prepared", "export.placed", "export.folder_synced"])
    .places(&["posterfs.db"])
}

pub fn a_removed_library() -> Case {
    Case::new(published(), &["library", "remove", "films"], |films, when| {
        assert!(films.json(&["library", "list"]).is_empty(), "{when}");
    })
    .steps(&["catalog.written", "catalog.committed", "journal.synced"])
    .places(&["posterfs.db"])
    .done_already("there is no library `films`")
}

pub fn a_backup() -> Case {
    let films = published();
    let file = films.picture("safe.db");
    Case::new(films, &[OsStr::new("backup"), file.as_os_str()], |films, when| {
        let found = Catalog::check_file(&films.picture("safe.db")).unwrap();
        assert_eq!((found.problems.len(), found.selections), (0, 2), "{when}");
        assert!(!films.picture("safe.db.partial").exists(), "{when}: something is left over");
    })
    .steps(&["backup.copied", "backup.synced", "backup.named", "backup.folder_synced"])
    .places(&["safe.db"])
    .done_already("is there already")
}

pub fn going_back_to_a_backup() -> Case {
    let films = published();
    let file = films.picture("safe.db");
    films.text(&[OsStr::new("backup"), file.as_os_str()]);
    let wanted = poster(&films, "Up")["selected"]["sha256"].clone();
    films.select("Up", "poster", "c.jpg");
    Case::new(films, &[OsStr::new("restore"), file.as_os_str()], move |films, when| {
        assert_eq!(poster(films, "Up")["selected"]["sha256"], wanted, "{when}");
        old_one_is_kept(films, when);
    })
    .steps(&["replace.decided", "replace.old_aside", "replace.done", "journal.synced"])
    .places(&["posterfs.db"])
}

#[track_caller]
fn old_one_is_kept(films: &Films, when: &str) {
    let kept = contents(&films.state().join("replaced"));
    assert!(kept.keys().any(|path| path.ends_with("posterfs.db")), "{when}: the old one is gone: {:?}", kept.keys());
}

pub fn making_the_database_anew() -> Case {
    Case::new(published(), &["rebuild", "--force"], |films, when| {
        let poster = poster(films, "Up");
        assert!(poster["selected"].is_object() && poster["locked"] == true, "{when}: {poster}");
        old_one_is_kept(films, when);
    })
    .steps(&["rebuild.libraries", "rebuild.items", "rebuild.records", "rebuild.made"])
    .and_steps(&["replace.decided", "replace.old_aside", "replace.done", "journal.synced"])
    .places(&["posterfs.db"])
}

pub fn an_upgrade() -> Case {
    let films = Films::new();
    films.scan();
    with_old_schema(&films);
    let old = Catalog::check_file(&films.state().join("posterfs.db")).unwrap().version;
    // A command that opens the catalog to write, so that the journal is written, too.
    Case::new(films, &["lock", "Old", "poster"], move |films, when| {
        let story = films.one(&["show", "Old"]);
        assert_eq!(
            (&story["monitored"], &story["images"]["poster"]["locked"]),
            (&false.into(), &true.into()),
            "{when}"
        );
        let backup = films.state().join(format!("backups/before-migration-of-schema-{old}.db"));
        let kept = Catalog::check_file(&backup).unwrap();
        assert_eq!((kept.version, kept.problems.len(), kept.entities), (old, 0, 1), "{when}");
    })
    .steps(&["backup.copied", "backup.named", "migrate.backed_up", "migrate.done", "journal.synced"])
    .places(&["before-migration", "posterfs.db"])
}

pub fn a_collection() -> Case {
    let films = published();
    // One without a row, and one whose row nothing refers to.
    let mut catalog = Catalog::open(&films.state().join("posterfs.db")).unwrap();
    let cache = Cache::open(&films.state().join("cache")).unwrap();
    let put = |picture: &str| {
        let file = File::open(films.picture(picture)).unwrap();
        cache.put(file, &"a test", &Default::default()).unwrap()
    };
    put("logo.png");
    let stored = put("c.jpg");
    let heat = films.one(&["show", "tmdb:949"])["id"].as_i64().unwrap();
    let known = catalog.selections_of(EntityId::new(heat)).unwrap().remove(0).picture;
    let unneeded = NewCacheFile { hash: stored.hash, byte_count: stored.byte_count, ..known };
    catalog.put_cache_file(&unneeded).unwrap();
    drop(catalog);
    let case = Case::new(films, &["gc"], |films, when| {
        let pictures = ["c.jpg", "logo.png"].map(|name| fs::read(films.picture(name)).unwrap());
        assert_eq!(binned(films), BTreeSet::from(pictures), "{when}");
        assert!(films.run(&["verify", "--deep"]).status.success(), "{when}");
    })
    .steps(&["gc.history_forgotten", "gc.rows_forgotten", "gc.files_recycled", "gc.temporaries_swept", "gc.bin_tidied"])
    .and_steps(&["recycle.recorded", "recycle.in_bin", "recycle.gone"])
    .places(&["recycle"]);
    // Of what is young nothing is collected.
    Case { ahead: 10_000, ..case }
}

pub fn a_repair() -> Case {
    let films = published();
    let hash = poster(&films, "tmdb:949")["selected"]["sha256"].as_str().unwrap().to_owned();
    let file = films.state().join(format!("cache/assets/{}/{}/{hash}.jpg", &hash[..2], &hash[2..4]));
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    File::options().write(true).open(&file).unwrap().write_all_at(b"damage", 100).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    let damaged = fs::read(&file).unwrap();
    Case::new(films, &["verify", "--deep", "--repair", "--offline"], move |films, when| {
        assert!(fs::read(&file).unwrap() == fs::read(films.picture("a.jpg")).unwrap(), "{when}");
        assert_eq!(binned(films), BTreeSet::from([damaged.clone()]), "{when}: the damaged one is kept");
    })
    .steps(&["put.temporary_made", "put.written", "recycle.recorded", "recycle.in_bin", "recycle.gone"])
    .and_steps(&["put.synced", "put.named", "put.folders_synced"])
}

pub fn bringing_back() -> Case {
    let films = published();
    write(poster_of_heat(&films), "the user's own");
    films.one(&["export"]);
    let id = films.one(&["recycle", "list"])["id"].as_str().unwrap().to_owned();
    Case::new(films, &["recycle", "restore", "--force", &id], |films, when| {
        assert_eq!(fs::read(poster_of_heat(films)).unwrap(), b"the user's own", "{when}");
        let exported = fs::read(films.picture("a.jpg")).unwrap();
        assert!(binned(films).contains(&exported), "{when}: what was in its place");
    })
    .steps(&["recycle.recorded", "recycle.in_bin", "recycle.gone", "recycle.back", "recycle.forgotten"])
    .places(&["/recycle"])
    .done_already("nothing in the recycle bin is or was at")
}

pub fn emptying_the_bin() -> Case {
    let films = published();
    write(poster_of_heat(&films), "the user's own");
    films.one(&["export"]);
    let case = Case::new(films, &["recycle", "purge", "--all"], |films, when| {
        assert!(binned(films).is_empty(), "{when}");
    })
    .steps(&["recycle.purged"]);
    Case { lets_go: true, ..case }
}
