//! Commands that are done in the daemon.

use std::process::{Command, Stdio};

use posterfs::control::{TaskLock, lock_holder};

use crate::daemon::Daemon;
use crate::support::{stderr, wait_for};

#[test]
fn a_command_prints_and_ends_as_if_it_were_local() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let commands: [&[&str]; 6] = [
        &["scan"],
        &["--json", "scan"],
        &["scan", "nolibrary"],
        &["publish", "--dry-run"],
        &["--json", "enrich", "--dry-run"],
        &["publish", "no such film"],
    ];
    let told = |daemon: &Daemon| {
        commands.map(|command| {
            let output = daemon.posterfs(command);
            (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
        })
    };
    let local = told(&daemon);
    assert_eq!([local[0].0, local[2].0], [Some(0), Some(1)]);
    daemon.start_ready();
    assert_eq!(told(&daemon), local);
    let log = daemon.log();
    assert_eq!(log.matches("begun for a command").count(), commands.len(), "{log}");
}

#[test]
fn what_was_selected_is_published_through_the_daemon_by_the_user_who_typed_it() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let picture = daemon.films.picture("a.jpg");
    let film = daemon.json(&["list"])[0]["id"].to_string();
    assert!(daemon.posterfs(&["select", &film, "poster", "--file", picture.to_str().unwrap()]).status.success());
    assert!(daemon.posterfs(&["publish"]).status.success());
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(daemon.json(&["history"])[0]["author"], format!("cli (uid {uid})"));
}

#[test]
fn one_of_a_kind_at_a_time_and_who_hangs_up_no_longer_waits() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let run = daemon.films.state().join("run");
    for is_daemon in [false, true] {
        if is_daemon {
            daemon.start_ready();
        }
        let scan = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
            command.arg("--state").arg(daemon.films.state()).arg("scan").stdout(Stdio::null()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let held = TaskLock::try_take(&run, "scan").unwrap().unwrap();
        let (mut hangs_up, mut waits) = (scan(), scan());
        // Kept until both have ended: who tells more and nobody listens to it ends of that.
        let mut listeners = Vec::new();
        for child in [&mut hangs_up, &mut waits] {
            let mut line = String::new();
            let mut told = std::io::BufReader::new(child.stderr.take().unwrap());
            std::io::BufRead::read_line(&mut told, &mut line).unwrap();
            assert!(
                line.contains("waiting for another `scan`") && line.contains(&std::process::id().to_string()),
                "{line}"
            );
            listeners.push(told);
        }
        hangs_up.kill().unwrap();
        hangs_up.wait().unwrap();
        drop(held);
        assert!(waits.wait().unwrap().success());
        wait_for(|| lock_holder(&run, "scan").unwrap().is_none());
    }
    assert!(daemon.stop().success());
}

#[test]
fn a_command_whose_daemon_ends_is_told_so() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let held = TaskLock::try_take(&daemon.films.state().join("run"), "scan").unwrap().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
    command.arg("--state").arg(daemon.films.state()).arg("scan").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut scan = command.spawn().unwrap();
    let mut told = std::io::BufReader::new(scan.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut told, &mut String::new()).unwrap();
    assert!(daemon.stop().success(), "what waits for its turn does not keep it from ending");
    drop(held);
    assert_eq!(scan.wait().unwrap().code(), Some(1));
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut told, &mut rest).unwrap();
    assert!(rest.contains("stopped before its end"), "{rest}");
}
