//! What is mounted now.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::Value;

use crate::model::show_bytes;

use super::Finding;

/// A running mount: `counters` is what it tells of itself, or why it does not.
#[must_use]
pub fn mount(mountpoint: &Path, counters: Result<&Value, String>) -> Finding {
    let shown = show(mountpoint);
    let counters = match counters {
        Ok(counters) => counters,
        Err(why) => {
            let remedy = format!("`posterfs unmount {shown}`, then mount it again");
            return Finding::fail("mount", format!("{shown} does not answer: {why}"), remedy);
        }
    };
    let text = |key: &str| counters.get(key).and_then(Value::as_str).unwrap_or_default();
    let count = |key: &str| counters.get(key).and_then(Value::as_u64).unwrap_or_default();
    if counters.get("degraded").is_some_and(Value::is_string) {
        let message = format!("{shown} cannot read the mappings: {}", text("degraded"));
        return Finding::fail("mount", message, "check the state folder; the view recovers by itself");
    }
    if is_silent(counters) {
        let message = format!("the source of {shown} does not answer: {}", text("silent"));
        let remedy =
            "look after the disk or server that it is on; artwork is shown meanwhile, the rest fails with an I/O error";
        return Finding::fail("mount", message, remedy);
    }
    let (refusals, opens) = (count("passthrough_refusals"), count("passthrough_opens"));
    if refusals > 0 {
        let message = format!("{shown} could not pass {refusals} files through: {}", text("last_refusal"));
        return Finding::warn("mount", message, "they are served through the page cache; see passthrough above");
    }
    Finding::ok("mount", format!("{shown} is served; {opens} files were opened by kernel passthrough"))
}

/// Whether a mount tells that its source does not answer.
#[must_use]
pub fn is_silent(counters: &Value) -> bool {
    counters.get("silent").is_some_and(Value::is_string)
}

/// Mount points whose process is gone.
#[must_use]
pub fn dead_mounts() -> Vec<Finding> {
    let dead = crate::mount::mountpoints().into_iter().filter(|mountpoint| crate::mount::is_dead(mountpoint));
    let finding = |mountpoint: std::path::PathBuf| {
        let shown = show(&mountpoint);
        let message = format!("{shown} is a dead mount: its process is gone");
        Finding::fail("mount", message, format!("clear it with `posterfs unmount {shown}`, or mount there again"))
    };
    dead.map(finding).collect()
}

fn show(path: &Path) -> String {
    show_bytes(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn what_a_mount_tells_of_itself() {
        for (counters, verdict, word) in [
            (json!({"passthrough_opens": 3, "passthrough_refusals": 0, "degraded": null}), Verdict::Ok, "3 files"),
            (json!({"passthrough_refusals": 2, "last_refusal": "too many links"}), Verdict::Warn, "too many links"),
            (json!({"degraded": "disk gone"}), Verdict::Fail, "disk gone"),
            (json!({"silent": "/media for 42 s", "passthrough_refusals": 2}), Verdict::Fail, "/media for 42 s"),
            (json!({"silent": null, "passthrough_opens": 3}), Verdict::Ok, "3 files"),
        ] {
            let finding = mount(Path::new("/view"), Ok(&counters));
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.message.contains(word), "{finding:?}");
        }
        assert_eq!(mount(Path::new("/view"), Err("nobody there".into())).verdict, Verdict::Fail);
    }
}
