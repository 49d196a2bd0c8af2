use std::path::{Path, PathBuf};

use crate::model::{OnDelete, OnWrite};

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("c.toml")).map_err(|error| error.to_string())
}

#[test]
fn nothing_set_is_the_default_and_one_key_changes_one_value() {
    assert_eq!(parse("").unwrap(), Config::default());
    let config = parse("[view]\nthreads = 3\n").unwrap();
    assert_eq!(config.view, ViewSettings { threads: 3, ..ViewSettings::default() });
}

#[test]
fn what_is_unknown_or_out_of_range_is_refused_by_name() {
    assert!(parse("[view]\nthread = 3\n").unwrap_err().contains("thread"));
    assert!(parse("[mont]\n").unwrap_err().contains("mont"));
    assert!(parse("[view]\nsource_timeout = -1\n").unwrap_err().contains("source_timeout"));
    assert!(parse("[view]\nthreads = 0\n").unwrap_err().contains("view.threads"));
    assert!(parse("[view]\nattr_timeout = -1\n").unwrap_err().contains("attr_timeout"));
    assert!(parse("[video]\ntimeout = 0\n").unwrap_err().contains("video.timeout"));
    assert!(parse("[view\n").unwrap_err().contains("c.toml"));
}

#[test]
fn a_library_has_its_own_rules_where_it_says_so() {
    let config = parse("[write]\non_write = 'deny'\n[library.films]\non_write = 'capture'\ngrace_period = 2").unwrap();
    assert_eq!(config.writes_in("films").on_write, OnWrite::Capture);
    assert_eq!((config.writes_in("films").grace_period, config.writes_in("tv").grace_period), (2.0, 10.0));
    assert_eq!((config.writes_in("tv").on_write, config.writes_in("tv").on_delete), (OnWrite::Deny, OnDelete::Restore));
    assert!(parse("[library.films]\non_wrote = 'deny'").unwrap_err().contains("on_wrote"));
    assert!(parse("[write]\non_delete = 'purge'").unwrap_err().contains("purge"));
    assert!(parse("[library.films]\ngrace_period = -1").unwrap_err().contains("grace_period"));
}

#[test]
fn settings_tell_where_each_value_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), b"[view]\nthreads = 3\n").unwrap();
    let (config, found) = Config::load(Some(&path)).unwrap();
    let settings = config.settings(found.as_deref());
    let source = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap().source.clone();
    assert_eq!(source("view.threads"), SettingSource::File);
    assert_eq!(source("picture.bytes_max"), SettingSource::Default);
    assert!(Config::load(Some(&folder.path().join("absent.toml"))).is_err());
}

#[test]
fn secrets_come_from_environment_then_credentials_then_the_file_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::io::Write::write_all(&mut std::fs::File::create(folder.path().join(name)).unwrap(), text.as_bytes())
            .unwrap();
    };
    file("tvdb_key", "from-credential\n");
    file("tmdb_key", "not this one");
    let text = "[provider.tvdb]\nkey = 'from-file'\npin = 'a-pin'\n";
    file("c.toml", text);
    let mut config = parse(text).unwrap();
    let environment = |name: &str| (name == "TMDB_KEY").then(|| PathBuf::from("from-environment"));
    config.take_secrets(environment, Some(folder.path()));
    assert_eq!(config.provider.tmdb.key.reveal(), "from-environment");
    assert_eq!(config.provider.tvdb.key.reveal(), "from-credential");
    assert_eq!(config.provider.tvdb.pin.reveal(), "a-pin");
    let settings = config.settings(None);
    let of = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap();
    assert_eq!(of("provider.tmdb.key").source, SettingSource::Environment);
    assert_eq!(of("provider.tvdb.key").source, SettingSource::Credential);
    assert_eq!(of("provider.tvdb.pin").value, "(hidden)");
    assert_eq!(config.secrets_of_file(&folder.path().join("c.toml")), ["provider.tvdb.pin"]);
    let shown = format!("{config:?} {}", serde_json::to_string(&settings).unwrap());
    assert!(!shown.contains("from-") && !shown.contains("a-pin"), "{shown}");
}

#[test]
fn every_key_of_providers_and_artwork_is_checked() {
    for (text, word) in [
        ("[provider.tmdb]\npin = 'x'", "pin"),
        ("[provider.tmdb]\nrequests_per_second = 0", "requests_per_second"),
        ("[provider.nobody]", "nobody"),
        ("[network]\nbudget = 0", "network.budget"),
        ("[artwork]\nmargin = 101", "artwork.margin"),
        ("[artwork]\nlanguages = ['german']", "german"),
        ("[artwork.wishes]\nposter = ['nothing']", "nothing"),
        ("[artwork.limits]\npostcard = 1", "postcard"),
        ("[library.films.artwork]\nlimit = 3", "limit"),
    ] {
        assert!(parse(text).unwrap_err().contains(word), "{text}");
    }
    let config = parse("[library.films.artwork]\nlanguages = ['de']\n[artwork]\nlimits = { fanart = 7 }").unwrap();
    let films = config.artwork_of("films");
    assert_eq!(films.languages[0].as_str(), "de");
    assert_eq!(films.limit_of(crate::model::ImageKind::Fanart), 7);
    assert_eq!(config.artwork_of("others").languages[0].as_str(), "en");
}

#[test]
fn mounts_managers_players_and_the_schedule_have_their_sections() {
    let config = parse(
        "[http]\nlisten = '0.0.0.0:80'\n[[mount]]\nsource = '/media/films'\n[[mount]]\nmountpoint = '/view'\n\
         source = '/media/tv'\noptions = 'ro, threads=4'\nprofiles = ['kodi', 'plex']\n\
         [manager.radarr]\npath_mappings = [{ from = 'C:\\films', to = '/media/films' }]\n\
         [player.jellyfin]\nurl = 'http://127.0.0.1:8096'\nkey = 'k'\n[schedule]\nscan = ''\ngc = '@weekly'\n",
    )
    .unwrap();
    assert_eq!(
        (config.mount[0].mountpoint(), config.mount[0].source()),
        ("/media/films".into(), "/media/films".into())
    );
    assert_eq!(config.mount[1].words(), ["ro", "threads=4", "naming=kodi+plex"]);
    assert_eq!(config.manager.radarr.path_mappings[0].from, "C:\\films");
    assert!(config.schedule.scan.cron().is_none() && config.schedule.gc.cron().is_some());
    let error = config.http.address().unwrap_err().to_string();
    assert!(error.contains("http.api_key"), "{error}");
    assert!(parse("").unwrap().http.address().unwrap().unwrap().ip().is_loopback());
}

#[test]
fn what_is_wrong_with_the_service_is_told_by_its_key() {
    for (text, word) in [
        ("[mount]\nthreads = 3", "[view]"),
        ("[[mount]]\noptions = []", "mountpoint"),
        ("[[mount]]\nsource = 'media'", "mountpoint"),
        ("[[mount]]\nsource = '/a'\n[[mount]]\nmountpoint = '/a'\nsource = '/b'", "another one"),
        ("[[mount]]\nsource = '/a'\noption = 'ro'", "option"),
        ("[http]\nlisten = 'localhost'", "http.listen"),
        ("[manager.whisparr]", "whisparr"),
        ("[manager.sonarr]\npath_mappings = [{ from = '', to = '/x' }]", "path_mappings"),
        ("[player.kodi]\nuri = 'x'", "uri"),
        ("[schedule]\nscan = 'often'", "often"),
        ("[schedule]\njitter = 100000", "schedule.jitter"),
        ("[log]\nlevel = 'posterfs=loud'", "log.level"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(word), "{text}: {error}");
    }
}
