//! Where state and configuration are found.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{Films, stderr, write};

fn run(environment: &[(&str, &Path)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
    command.envs(environment.iter().copied()).args(arguments).output().unwrap()
}

#[test]
fn the_state_folder_is_that_of_the_option_or_of_the_environment_and_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let of_environment = folder.path().join("environment");
    let of_option = folder.path().join("option");
    let environment = [("POSTERFS_STATE", of_environment.as_path())];
    assert!(run(&environment, &["--state", of_option.to_str().unwrap(), "list"]).status.success());
    assert!(of_option.join("posterfs.db").is_file() && !of_environment.exists());
    assert!(run(&environment, &["list"]).status.success());
    assert!(of_environment.join("posterfs.db").is_file());
    let mode = of_environment.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_state_folder_may_be_called_anything() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join(OsStr::from_bytes(b"50% #1? \xff"));
    let films = Films::new();
    let posterfs = |arguments: &[&str]| crate::support::posterfs(&state, arguments);
    assert!(
        posterfs(&["library", "add", "films", films.media().to_str().unwrap(), "--kind", "movies"]).status.success()
    );
    assert!(posterfs(&["scan"]).status.success());
    let status = posterfs(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert!(status["state"].as_str().unwrap().ends_with("\\xff"), "{status}");
    assert_eq!(status["entities"], 8);
}

#[test]
fn the_configuration_is_shown_with_its_sources_and_refused_by_name_where_it_is_wrong() {
    let films = Films::new();
    let file = films.picture("posterfs.toml");
    write(&file, "[view]\nthreads = 3\n");
    let config = ["--config", file.to_str().unwrap(), "config"];
    let settings = films.json(&config);
    let setting = |key: &str| settings.iter().find(|setting| setting["key"] == key).unwrap().clone();
    assert_eq!((&setting("view.threads")["value"], &setting("view.threads")["source"]), (&3.into(), &"file".into()));
    assert_eq!(setting("picture.pixels_max")["source"], "default");
    assert!(films.text(&config).contains("view.threads"));
    for (text, word) in [
        ("[view]\nthread = 3\n", "thread"),
        ("[view]\nthreads = 0\n", "view.threads"),
        ("[view\n", "posterfs.toml"),
        ("[view]\nthreads = \"many\"\n", "posterfs.toml"),
    ] {
        write(&file, text);
        let said = films.fails(1, &config);
        assert!(said.contains(word) && said.lines().count() == 1, "{text}: {said}");
    }
    let missing = ["--config", "/no/such/file.toml", "list"];
    assert!(films.fails(1, &missing).contains("/no/such/file.toml"));
}

#[test]
fn a_limit_of_the_configuration_holds() {
    let films = Films::new();
    films.scan();
    let file = films.picture("posterfs.toml");
    write(&file, "[picture]\npixels_max = 100\n");
    let picture = films.picture("a.jpg");
    let said = films
        .fails(1, &["--config", file.to_str().unwrap(), "select", "Up", "poster", "--file", picture.to_str().unwrap()]);
    assert!(said.contains("60 × 90") && said.contains("100"), "{said}");
}

#[test]
fn a_database_that_is_none_or_newer_is_left_as_it_is() {
    let films = Films::new();
    std::fs::create_dir(films.state()).unwrap();
    let database = films.state().join("posterfs.db");
    let text = "not a database, but a text that is long enough to be taken for one ".repeat(20);
    write(&database, &text);
    for arguments in [&["list"][..], &["scan"], &["publish"], &["status"]] {
        let said = films.fails(1, arguments);
        assert!(said.contains("posterfs.db is no database of posterfs"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&database).unwrap(), text);
    let doctor = films.run(&["doctor", "--offline"]);
    assert_eq!(doctor.status.code(), Some(3), "{}", stderr(&doctor));
}
