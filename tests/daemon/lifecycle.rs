//! Start, reload, stop and crash, as systemd hears of them.

use std::fs;
use std::time::{Duration, Instant};

use posterfs::catalog::{Catalog, NewJob};
use posterfs::model::{AskedBy, Clock, JobState, SystemClock, Task};
use rustix::process::Signal;

use crate::daemon::{Daemon, is_mounted};
use crate::support::{Hanging, stderr, wait_for};

/// What may be told, and nothing else.
const KNOWN: &[&str] =
    &["READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=", "MONOTONIC_USEC=", "EXTEND_TIMEOUT_USEC="];

fn is_known(line: &str) -> bool {
    KNOWN.iter().any(|known| if known.ends_with('=') { line.starts_with(known) } else { line == *known })
}

#[test]
fn systemd_hears_of_every_step_and_ready_means_that_the_view_answers() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start();
    let mut told = Vec::new();
    let mut hear_until = |daemon: &Daemon, line: &str| loop {
        let message = daemon.message();
        assert!(message.iter().all(|line| is_known(line)), "{message:?}");
        let is_it = message.iter().any(|told| told == line);
        told.push(message);
        if is_it {
            return told.last().unwrap().clone();
        }
    };
    hear_until(&daemon, "READY=1");
    assert!(is_mounted(daemon.films.media()));
    assert!(fs::read_dir(daemon.films.media()).unwrap().count() > 3);
    daemon.signal(Signal::HUP);
    let reloading = hear_until(&daemon, "RELOADING=1");
    assert!(reloading.iter().any(|line| line.starts_with("MONOTONIC_USEC=")), "{reloading:?}");
    hear_until(&daemon, "READY=1");
    daemon.signal(Signal::TERM);
    hear_until(&daemon, "STOPPING=1");
    assert_eq!(daemon.end().code(), Some(0));
    assert!(!is_mounted(daemon.films.media()), "a stopped daemon leaves the bare library");
    let ready = told.iter().filter(|message| message.iter().any(|line| line == "READY=1")).count();
    assert_eq!(ready, 2, "{told:?}");
    assert_eq!(told[0], ["STATUS=starting"]);
}

#[test]
fn the_watchdog_hears_as_often_as_it_wants_to_and_from_a_view_that_is_asked() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.set("WATCHDOG_USEC", "1500000");
    daemon.start_ready();
    for _ in 0..3 {
        assert_eq!(daemon.until("WATCHDOG=1"), ["WATCHDOG=1"]);
    }
    assert!(daemon.stop().success());
}

#[test]
fn one_daemon_has_a_state_folder() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let second = daemon.second();
    assert_eq!(second.status.code(), Some(1));
    let told = stderr(&second);
    assert!(told.contains("already running") && told.contains(&daemon.pid().as_raw_nonzero().to_string()), "{told}");
    assert!(is_mounted(daemon.films.media()), "the first one goes on");
}

#[test]
fn a_configuration_is_taken_as_a_whole_or_not_at_all() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let (media, view) = (daemon.films.media().to_owned(), daemon.folders.view());
    let both = format!(
        "[[mount]]\nsource = '{}'\n[[mount]]\nsource = '{}'\nmountpoint = '{}'\noptions = ['ro']\n",
        media.display(),
        media.display(),
        view.display()
    );
    daemon.configure(&both);
    assert!(daemon.posterfs(&["reload"]).status.success());
    wait_for(|| is_mounted(&view));
    daemon.configure("[[mount]]\nsource = 'nowhere'\n");
    let refused = daemon.posterfs(&["reload"]);
    assert!(!refused.status.success() && stderr(&refused).contains("[[mount]]"), "{}", stderr(&refused));
    daemon.signal(Signal::HUP);
    // Of the command and of the signal.
    for _ in 0..2 {
        while !daemon.message().iter().any(|line| line.contains("not taken")) {}
    }
    assert!(is_mounted(&view) && is_mounted(&media), "the one before stays in force");
    daemon.configure(&format!("[[mount]]\nsource = '{}'\n", media.display()));
    assert!(daemon.posterfs(&["reload"]).status.success());
    assert!(!is_mounted(&view) && is_mounted(&media));
    assert!(daemon.posterfs(&["reload", "--log-level", "debug"]).status.success());
    let wrong = daemon.posterfs(&["reload", "--log-level", "posterfs=loud"]);
    assert!(stderr(&wrong).contains("posterfs=loud"), "{}", stderr(&wrong));
}

#[test]
fn a_view_whose_disk_is_not_there_yet_is_waited_for() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let late = daemon.folders.plain().join("late");
    daemon.configure(&format!("[[mount]]\nsource = '{}'\n", late.display()));
    daemon.start();
    let waiting = |message: &[String]| message.iter().any(|line| line.contains("waiting for") && line.contains("late"));
    while !waiting(&daemon.message()) {}
    assert_eq!(daemon.posterfs(&["status", "--healthy"]).status.code(), Some(1), "its view is not there");
    fs::create_dir(&late).unwrap();
    daemon.until("READY=1");
    assert!(is_mounted(&late));
    assert_eq!(daemon.posterfs(&["status", "--healthy"]).status.code(), Some(0));
    assert!(daemon.stop().success());
    assert!(!is_mounted(&late));
    assert_eq!(daemon.posterfs(&["status"]).status.code(), Some(0));
    assert_eq!(daemon.posterfs(&["status", "--healthy"]).status.code(), Some(1), "no daemon is running");
}

#[test]
fn after_a_crash_the_dead_view_is_cleared_and_served_again() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    daemon.kill();
    assert!(is_mounted(daemon.films.media()));
    assert!(fs::read_dir(daemon.films.media()).is_err(), "nobody serves it");
    daemon.start_ready();
    assert!(fs::read_dir(daemon.films.media()).unwrap().count() > 3);
    daemon.kill();
    // What systemd does when it is not to be started again.
    let config = daemon.config();
    assert!(daemon.posterfs(&["--config", config.to_str().unwrap(), "unmount", "--dead"]).status.success());
    assert!(!is_mounted(daemon.films.media()));
}

#[test]
fn asked_to_end_twice_it_ends_at_once() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.start_ready();
    let view = daemon.films.media().join("held open");
    // A file that is open keeps a view for ten seconds.
    let _held = fs::File::create(view).unwrap();
    daemon.signal(Signal::TERM);
    daemon.until("STOPPING=1");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().code(), Some(1));
    assert!(!is_mounted(daemon.films.media()));
}

#[test]
fn what_is_logged_is_said_at_run_time_and_for_programs_a_line_is_an_object() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    daemon.also("--log-format=json");
    daemon.start_ready();
    let mut is_told_of = |level: &str| {
        assert!(daemon.posterfs(&["reload", "--log-level", level]).status.success());
        let before = daemon.log().len();
        assert!(daemon.posterfs(&["scan"]).status.success());
        daemon.log()[before..].contains("begun for a command")
    };
    assert_eq!(["info", "error", "error,posterfs::daemon=info"].map(&mut is_told_of), [true, false, true]);
    let log = daemon.log();
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "target", "message"] {
            assert!(event[field].is_string(), "{field}: {line}");
        }
    }
    let command = log.lines().find(|line| line.contains("begun for a command")).unwrap();
    let command: serde_json::Value = serde_json::from_str(command).unwrap();
    assert!(command["command"].as_str().unwrap().ends_with(" scan"), "{command}");
}

#[test]
fn a_job_that_hangs_does_not_keep_the_daemon_from_ending() {
    let Some(mut daemon) = Daemon::prepared() else { return };
    let disk = daemon.folders.plain().join("disk");
    fs::create_dir(&disk).unwrap();
    let hanging = Hanging::mount_at(&disk, &[("Alien (1979).mkv", b"film")]);
    daemon.films.text(&["library", "add", "more", disk.to_str().unwrap(), "--kind", "movies"]);
    daemon.start_ready();
    hanging.hang();
    let mut catalog = Catalog::open(&daemon.films.state().join("posterfs.db")).unwrap();
    let now = SystemClock.now();
    let library = catalog.library_named("more").unwrap().id;
    let task = Task::Scan { library: Some(library) };
    let id = catalog.ask_for(&NewJob { task, asked_by: AskedBy::Cli, not_before: now }, now).unwrap().id;
    wait_for(|| hanging.held() > 0);
    daemon.signal(Signal::TERM);
    let stopping = daemon.until("STOPPING=1");
    let most = stopping.iter().find_map(|line| line.strip_prefix("EXTEND_TIMEOUT_USEC=")).unwrap();
    let most = Duration::from_micros(most.parse().unwrap());
    let begun = Instant::now();
    while !daemon.log().contains("serve: stopped") {
        assert!(begun.elapsed() < most, "it has not stopped:\n{}", daemon.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!is_mounted(daemon.films.media()));
    assert_eq!(catalog.job(id).unwrap().state, JobState::Running);
    // Nobody, not even the kernel, can end a thread that waits for a FUSE file system that has its request.
    hanging.go_on();
    assert_eq!(daemon.end().code(), Some(0));
    // The next one does it.
    daemon.start_ready();
    wait_for(|| catalog.job(id).unwrap().state == JobState::Done);
}
