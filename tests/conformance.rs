//! The conformance suites of others, on a plain folder and on the view: the difference is empty, but for
//! [`EXCLUSIONS`].
//!
//! `pjdfstest` tries every system call on files with every kind of error; `fsx` writes to a file in every way and reads
//! it back. Both are looked for in `$POSTERFS_TOOLS/bin` and on the `PATH`, and come by
//! `cargo install pjdfstest fsx`. `POSTERFS_LONG_TESTS=1` lets `fsx` go on for ten times as long.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Elsewhere, Folders, TestMount, is_long, write};

/// Tests of `pjdfstest` that are answered otherwise on the view, each with its reason.
const EXCLUSIONS: &[(&str, &str)] =
    &[("link::link_count_max", "skipped on the view: pathconf(_PC_LINK_MAX) is 127 on every FUSE file system")];

/// Operations of each run of `fsx`.
const FSX_OPERATIONS: u32 = 3000;

/// Everything the suite can try on Linux, and pauses longer than the kernel's clock tick.
const PJDFSTEST_CONFIG: &str = r#"
[features]
posix_fallocate = {}
utime_now = {}
utimensat = {}
rename_ctime = {}
[settings]
naptime = 0.02
[dummy_auth]
entries = [["nobody", "nogroup"], ["daemon", "daemon"]]
"#;

const FSX_CONFIG: &str = "
flen = 1048576
[weights]
close_open = 1
invalidate = 1
truncate = 3
fsync = 0.05
fdatasync = 0.05
posix_fallocate = 2
punch_hole = 3
sendfile = 3
posix_fadvise = 1
copy_file_range = 3
";

/// A tool, where it is installed; else says how to get it.
#[expect(clippy::disallowed_methods, reason = "where a test's tools are is no setting of the program")]
fn tool(name: &str) -> Option<PathBuf> {
    let tools = std::env::var_os("POSTERFS_TOOLS").map(|tools| PathBuf::from(tools).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = tools.into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    let found = found.into_iter().find(|tool| tool.is_file());
    if found.is_none() {
        eprintln!("skipped: {name} is not installed; `cargo install pjdfstest fsx` does it");
    }
    found
}

/// Runs the suite in a folder: what became of each test.
fn pjdfstest(tool: &Path, config: &Path, folder: &Path, other: &Path) -> BTreeMap<String, String> {
    let run = Command::new(tool).arg("-c").arg(config).arg("-p").arg(folder).arg("-s").arg(other).output().unwrap();
    let output = String::from_utf8_lossy(&run.stdout);
    let outcomes = output.lines().filter(|line| line.contains("::")).filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let outcome = (words.next()?.to_owned(), words.next()?.to_owned());
        ["ok", "FAILED", "skipped"].contains(&outcome.1.as_str()).then_some(outcome)
    });
    let outcomes: BTreeMap<_, _> = outcomes.collect();
    assert!(outcomes.len() > 300, "the suite did not run: {output}{}", String::from_utf8_lossy(&run.stderr));
    outcomes
}

#[test]
fn pjdfstest_tells_no_difference() {
    let Some(tool) = tool("pjdfstest") else { return };
    let Some(elsewhere) = Elsewhere::tmpfs() else { return };
    let (Some(beside), Some(over)) = (Folders::new(), Folders::new()) else { return };
    let config = elsewhere.path().join("config.toml");
    write(&config, PJDFSTEST_CONFIG);
    let (beside, over) = (beside.mount_beside(&[]), over.mount_over(&[]));
    let folders = [beside.plain(), beside.view(), over.view()];
    let [plain, beside, over] = std::thread::scope(|scope| {
        let runs = folders.each_ref().map(|folder| {
            scope.spawn(|| {
                let other = tempfile::tempdir_in(elsewhere.path()).unwrap();
                pjdfstest(&tool, &config, folder, other.path())
            })
        });
        runs.map(|run| run.join().unwrap())
    });
    for (place, view) in [("beside", beside), ("over the source", over)] {
        assert_eq!(view.keys().collect::<Vec<_>>(), plain.keys().collect::<Vec<_>>());
        let differences = view.iter().filter(|(test, outcome)| plain[*test] != **outcome);
        let named: Vec<_> = differences.clone().map(|(test, _)| test.as_str()).collect();
        let excluded: Vec<_> = EXCLUSIONS.iter().map(|(test, _)| *test).collect();
        let plain_outcomes: Vec<_> = differences.map(|(test, outcome)| (test, outcome, &plain[test])).collect();
        assert_eq!(named, excluded, "{place}; (test, view, plain): {plain_outcomes:#?}");
    }
    let failed: Vec<_> = plain.iter().filter(|(_, outcome)| *outcome == "FAILED").collect();
    assert!(failed.is_empty(), "on the plain folder itself: {failed:?}");
}

/// Runs `fsx` on a new file of the view.
fn fsx(tool: &Path, mount: &TestMount, seed: u32) {
    let config = mount.plain().join("fsx.toml");
    write(&config, FSX_CONFIG);
    let operations = if is_long() { 10 * FSX_OPERATIONS } else { FSX_OPERATIONS };
    let mut command = Command::new(tool);
    command.arg("-f").arg(&config).arg("-N").arg(operations.to_string()).arg("-S").arg(seed.to_string());
    command.arg("-P").arg(mount.plain()).arg(mount.view().join("fsx"));
    let run = command.stdin(Stdio::null()).output().unwrap();
    let said = [run.stdout, run.stderr].concat();
    assert!(run.status.success(), "seed {seed}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn fsx_beside_the_source() {
    let (Some(tool), Some(folders)) = (tool("fsx"), Folders::new()) else { return };
    fsx(&tool, &folders.mount_beside(&[]), 1);
}

#[test]
fn fsx_over_the_source() {
    let (Some(tool), Some(folders)) = (tool("fsx"), Folders::new()) else { return };
    fsx(&tool, &folders.mount_over(&[]), 2);
}

#[test]
fn fsx_without_passthrough() {
    let (Some(tool), Some(overlay)) = (tool("fsx"), Elsewhere::overlay()) else { return };
    let Some(folders) = Folders::below(overlay.path()) else { return };
    fsx(&tool, &folders.mount_beside(&[]), 3);
}
