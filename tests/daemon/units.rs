//! The units for systemd, looked at by systemd's own tool where it is installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What gives a service a mount namespace of its own: nobody else would see its views.
const HIDES_MOUNTS: &[&str] = &[
    "ProtectSystem",
    "ProtectHome",
    "PrivateTmp",
    "PrivateDevices",
    "PrivateMounts",
    "ProtectKernelTunables",
    "ProtectKernelModules",
    "ProtectKernelLogs",
    "ProtectControlGroups",
    "ProtectHostname",
    "ReadWritePaths",
    "ReadOnlyPaths",
    "InaccessiblePaths",
    "BindPaths",
    "TemporaryFileSystem",
    "RootDirectory",
    "MountFlags",
    "PrivateUsers",
    "DynamicUser",
    "ProtectProc",
    "ProcSubset",
];

/// How exposed the daemon may be by systemd's measure, of 100. It mounts for everybody and acts for every user, so it cannot be
/// shut in much.
const EXPOSURE_MAX: &str = "56";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// `systemd-analyze` on the units as they would be installed, with the program that was built.
fn analyze(arguments: &[&str]) -> Option<Output> {
    let program = "systemd-analyze";
    if Command::new(program).arg("--version").output().is_err() {
        eprintln!("skipped: {program} is not installed");
        return None;
    }
    let units = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replace("/usr/bin/posterfs", env!("CARGO_BIN_EXE_posterfs"));
            crate::support::write(units.path().join(path.file_name().unwrap()), text);
        }
    }
    // Each example is a drop-in for the service that it is called like.
    for entry in std::fs::read_dir(folder().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let service = units.path().join(path.with_extension("service").file_name().unwrap());
        crate::support::write(&service, "[Service]\nExecStart=true\nPrivateTmp=yes\n");
        let drop_ins = service.with_extension("service.d");
        std::fs::create_dir(&drop_ins).unwrap();
        crate::support::write(drop_ins.join("posterfs.conf"), std::fs::read_to_string(&path).unwrap());
    }
    Some(Command::new(program).args(arguments).current_dir(units.path()).output().unwrap())
}

#[test]
fn systemd_understands_every_unit() {
    let units = [
        "./posterfs.service",
        "./posterfs@.service",
        "./posterfs-verify-deep.timer",
        "./docker.service",
        "./jellyfin.service",
    ];
    let Some(output) = analyze(&[&["verify", "--man=no"], &units[..]].concat()) else { return };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.trim().is_empty(), "{told}");
}

#[test]
fn the_daemon_is_shut_in_as_far_as_mounting_permits() {
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    let Some(output) = analyze(&["security", "--offline=true", &threshold, "./posterfs.service"]) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn nothing_hides_the_views_from_everybody_else() {
    for name in ["posterfs.service", "posterfs@.service"] {
        let text = text(name);
        let settings = text.lines().filter(|line| !line.starts_with('#'));
        let hides = settings.filter(|line| HIDES_MOUNTS.iter().any(|word| line.starts_with(&format!("{word}="))));
        assert_eq!(hides.count(), 0, "{name}");
        for needed in ["Type=notify", "Restart=always", "WatchdogSec=", "ExecStopPost=", "StateDirectory="] {
            assert!(text.contains(&format!("\n{needed}")), "{name} lacks {needed}");
        }
    }
}

#[test]
fn the_template_is_the_unit_with_names_of_its_own() {
    let plain = |text: String| {
        let kept = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            line.replace("/etc/posterfs/%i.toml", "/etc/posterfs/config.toml")
                .replace("posterfs.%i.", "posterfs.")
                .replace(" (%i)", "")
                .replace("posterfs-%i", "posterfs")
        });
        kept.collect::<Vec<_>>()
    };
    assert_eq!(plain(text("posterfs@.service")), plain(text("posterfs.service")));
}
