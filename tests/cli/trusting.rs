//! Whom a machine trusts, and to whom it shows its keys.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::write;

/// `posterfs doctor` where nothing but TMDB is asked, at that address, on a machine that knows no authority.
fn doctor_who_trusts_nobody(folder: &Path, base_url: &str) -> Output {
    let config = folder.join("config.toml");
    let silent = "[provider.musicbrainz]\nenabled = false\n[provider.coverart]\nenabled = false\n";
    write(&config, format!("{silent}[provider.tmdb]\nkey = 's3cret'\nbase_url = '{base_url}'\n"));
    std::fs::set_permissions(&config, Permissions::from_mode(0o644)).unwrap();
    let certificates = folder.join("none");
    std::fs::create_dir_all(&certificates).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
    command.args(["--json", "--state"]).arg(folder.join("state")).arg("--config").arg(config).arg("doctor");
    command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", certificates).output().unwrap()
}

fn findings(output: &Output, check: &str) -> Vec<Value> {
    let lines = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    lines.filter(|line: &Value| line["check"] == check).collect()
}

#[test]
fn a_machine_without_certificates_is_told_of_them_and_still_speaks_plain_http() {
    let folder = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = doctor_who_trusts_nobody(folder.path(), &format!("http://{free}/3"));
    assert_eq!(output.status.code(), Some(3));
    let told = &findings(&output, "certificates")[0];
    assert!(told["verdict"] == "fail" && told["remedy"].as_str().unwrap().contains("ca-certificates"), "{told}");
    let tmdb = &findings(&output, "network")[0];
    assert!(tmdb["message"].as_str().unwrap().contains("refused"), "it was not even asked: {tmdb}");
    assert!(tmdb["remedy"].as_str().unwrap().contains("provider.tmdb.enabled"), "{tmdb}");
}

#[test]
fn keys_that_every_user_may_read_are_told_of_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let output = doctor_who_trusts_nobody(folder.path(), "http://127.0.0.1:9/3");
    let keys = findings(&output, "keys");
    let is_told = |finding: &Value| finding["remedy"].as_str().is_some_and(|remedy| remedy.contains("chmod 600"));
    assert!(keys.iter().any(is_told), "{keys:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("s3cret"));
}
