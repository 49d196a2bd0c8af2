//! The unit under a systemd that really runs: start, stop, crash, and a daemon that hangs. Where none can be booted (not root, no
//! systemd, no control groups of version 2) these tests say so and pass; `tests/daemon` checks every message to a socket that
//! stands for systemd.

mod machine;

use machine::{MEDIA, Machine};

/// For media servers.
const DROP_IN: &str = include_str!("../../systemd/examples/jellyfin.conf");
/// What can be seen in the view, and, as long as nothing is published, in the bare library.
const FILM: &str = "/media/films/Heat (1995)/Heat (1995).mkv";

#[test]
fn started_means_that_the_view_answers_and_stopped_that_the_library_is_bare() {
    let Some(machine) = Machine::booted() else { return };
    // A media server with its drop-in, which looks once.
    machine.write(
        "/etc/systemd/system/jellyfin.service",
        &format!("[Service]\nType=oneshot\nExecStart=sh -c 'findmnt --noheadings --output FSTYPE {MEDIA} > /run/seen'"),
    );
    machine.write("/etc/systemd/system/jellyfin.service.d/posterfs.conf", DROP_IN);
    machine.run("systemctl daemon-reload && systemctl start jellyfin.service");
    assert_eq!(machine.run("cat /run/seen"), "fuse.posterfs", "it was started before the artwork was there");
    assert!(machine.is_mounted());
    assert_eq!(machine.run(&format!("cat '{FILM}'")), "film");
    assert_eq!(machine.property("StatusText"), "1 of 1 views mounted");
    assert_eq!(machine.property("NRestarts"), "0");

    machine.run("systemctl reload posterfs");
    assert_eq!(machine.property("StatusText"), "the configuration was read again");
    machine.run("systemctl start posterfs-verify-deep.service");
    machine.run("systemctl stop posterfs");
    assert_eq!(machine.property("Result"), "success");
    assert!(!machine.is_mounted());
    assert_eq!(machine.run(&format!("cat '{FILM}'")), "film");
    assert_eq!(machine.journal("--priority=warning"), "", "nothing of this is worth a warning");
    assert!(machine.journal("--priority=info").contains("stopped"));
}

#[test]
fn a_daemon_that_is_killed_is_back_and_who_has_mounts_of_its_own_sees_that() {
    let Some(machine) = Machine::booted() else { return };
    machine.write(
        "/etc/systemd/system/player.service",
        "[Service]\nExecStart=sleep infinity\nPrivateTmp=yes\nProtectSystem=strict",
    );
    machine.write("/etc/systemd/system/player.service.d/posterfs.conf", DROP_IN);
    machine.run("systemctl daemon-reload && systemctl start player");
    for signal in ["KILL", "ABRT"] {
        machine.kill_until_restarted(signal);
        for who in ["1", "$(systemctl show -P MainPID player)"] {
            let seen = format!("nsenter --mount --target {who} cat '{FILM}'");
            assert_eq!(machine.run(&seen), "film", "{signal}");
            let mounts = format!("nsenter --mount --target {who} findmnt --noheadings --types fuse.posterfs");
            assert_eq!(machine.run(&mounts).lines().count(), 1, "no dead view is left beneath the new one");
        }
    }
    assert_eq!(machine.property("NRestarts"), "2");
}

#[test]
fn a_daemon_that_hangs_is_killed_and_back() {
    let Some(machine) = Machine::booted() else { return };
    machine.edit_unit("[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s");
    machine.run("systemctl start posterfs");
    let pid = machine.property("MainPID");
    let tells = "[ $(systemctl show -P WatchdogTimestampMonotonic posterfs) -gt $(( $(systemctl show -P \
                 ActiveEnterTimestampMonotonic posterfs) + 2500000 )) ]";
    machine.wait_for(tells);
    assert_eq!(machine.property("MainPID"), pid, "it lives on as long as it answers");
    machine.kill_until_restarted("STOP");
    assert!(machine.is_mounted());
    assert_eq!(machine.run(&format!("cat '{FILM}'")), "film");
    assert!(machine.run("journalctl --no-pager").contains("Watchdog timeout"));
}

#[test]
fn the_timer_verifies_beside_the_daemon_and_what_it_found_is_known() {
    let Some(machine) = Machine::booted() else { return };
    machine.run("systemctl start posterfs");
    // Soon instead of monthly; everything else of it is as it is installed.
    let soon = "[Timer]\nOnCalendar=\nOnActiveSec=100ms\nRandomizedDelaySec=0\nAccuracySec=10ms";
    machine.write("/etc/systemd/system/posterfs-verify-deep.timer.d/soon.conf", soon);
    machine.run("systemctl daemon-reload && systemctl enable --now posterfs-verify-deep.timer");
    let has_run = "[ -n \"$(systemctl show -P ExecMainExitTimestamp posterfs-verify-deep.service)\" ]";
    machine.wait_for(has_run);
    assert_eq!(machine.run("systemctl show -P Result posterfs-verify-deep.service"), "success");
    let status = machine.run("posterfs --state /var/lib/posterfs status");
    assert!(status.contains("every file read") && status.contains("everything is whole"), "{status}");
    assert!(machine.is_mounted());
}

#[test]
fn what_nobody_brings_back_leaves_the_bare_library() {
    let Some(machine) = Machine::booted() else { return };
    machine.edit_unit("[Service]\nRestart=no");
    machine.run("systemctl start posterfs");
    assert!(machine.is_mounted());
    machine.run("systemctl kill --signal=KILL posterfs");
    machine.wait_for("systemctl is-failed posterfs");
    assert!(!machine.is_mounted(), "a view that nobody serves gives nothing but errors");
    assert_eq!(machine.run(&format!("cat '{FILM}'")), "film");
}

#[test]
fn keys_come_as_credentials_and_instances_have_views_of_their_own() {
    let Some(machine) = Machine::booted() else { return };
    machine.write("/etc/credstore/posterfs.api_key", "a key of sixteen characters");
    machine.write("/etc/posterfs/more.toml", "[[mount]]\nsource = '/media/more'\n[http]\nlisten = ''");
    machine.run("chmod 600 /etc/credstore/*; mkdir /media/more; systemctl start posterfs posterfs@more");
    let mounted = machine.run("findmnt --noheadings --list --types fuse.posterfs --output TARGET");
    assert_eq!(mounted.lines().collect::<Vec<_>>(), [MEDIA, "/media/more"]);
    let environment = machine.run("xargs --null --max-lines=1 < /proc/$(systemctl show -P MainPID posterfs)/environ");
    assert!(environment.contains("CREDENTIALS_DIRECTORY=") && !environment.contains("sixteen"), "{environment}");
    let ask = |header: &str| {
        let request = format!("GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n{header}Connection: close\\r\\n\\r\\n");
        machine.run(&format!("bash -c \"exec 3<>/dev/tcp/127.0.0.1/8487; printf '{request}' >&3; head -1 <&3\""))
    };
    assert!(ask("").contains("401"), "{}", ask(""));
    assert!(!ask("X-Api-Key: a key of sixteen characters\\r\\n").contains("401"));
}
