//! `posterfs status`

use clap::Args;
use serde::Serialize;

use crate::control::{Answer, MountInfo, Request, ask, mounts};

use super::Outcome;
use super::context::Context;
use super::output::{byte_size, counted, show_path};

/// How much there is of everything, and what is mounted.
///
/// For a script: `posterfs status --json | jq .mappings`. Whether this machine can mount at all is what `posterfs
/// doctor` tells.
#[derive(Debug, Args)]
pub struct Status {}

#[derive(Debug, Serialize)]
struct StatusReport {
    version: &'static str,
    state: String,
    libraries: u64,
    entities: u64,
    missing: u64,
    originals: u64,
    candidates: u64,
    cache: CacheReport,
    mappings: u64,
    generation: Option<i64>,
    mounts: Vec<MountReport>,
}

#[derive(Debug, Serialize)]
struct CacheReport {
    files: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct MountReport {
    mountpoint: String,
    source: String,
    pid: u32,
    read_only: bool,
    #[serde(flatten)]
    counters: serde_json::Value,
}

impl Status {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let counts = context.catalog_to_read()?.counts()?;
        let run = context.state.run();
        let report = StatusReport {
            version: env!("CARGO_PKG_VERSION"),
            state: show_path(context.state.path()),
            libraries: counts.libraries,
            entities: counts.entities,
            missing: counts.missing,
            originals: counts.originals,
            candidates: counts.candidates,
            cache: CacheReport { files: counts.cache.files, bytes: counts.cache.bytes },
            mappings: counts.mappings,
            generation: counts.generation.map(crate::model::GenerationId::get),
            mounts: mounts(&run).into_iter().map(|mount| mount_report(&run, mount)).collect(),
        };
        context.output.result(&report, text)?;
        Ok(Outcome::Done)
    }
}

fn mount_report(run: &std::path::Path, mount: MountInfo) -> MountReport {
    let counters = match ask(run, &mount.mountpoint, Request::Status) {
        Ok(Answer::Status(counters)) => counters,
        Ok(_) => serde_json::Value::Null,
        Err(error) => serde_json::json!({ "error": error.to_string() }),
    };
    MountReport {
        mountpoint: show_path(&mount.mountpoint),
        source: show_path(&mount.source),
        pid: mount.pid,
        read_only: mount.read_only,
        counters,
    }
}

fn text(report: &StatusReport) -> String {
    let mut lines = vec![
        format!("posterfs {}, state in {}", report.version, report.state),
        format!(
            "  {}, {}, {} missing",
            counted(report.libraries, "library", "libraries"),
            counted(report.entities, "item", "items"),
            report.missing
        ),
        format!(
            "  {} in the cache, {}",
            counted(report.cache.files, "picture", "pictures"),
            byte_size(report.cache.bytes)
        ),
        format!(
            "  {}, {}",
            counted(report.originals, "original", "originals"),
            counted(report.candidates, "candidate", "candidates")
        ),
        match report.generation {
            Some(generation) => {
                format!("  {}, generation {generation}", counted(report.mappings, "mapping", "mappings"))
            }
            None => "  nothing published yet".to_owned(),
        },
    ];
    lines.extend(report.mounts.iter().map(mount_line));
    if report.mounts.is_empty() {
        lines.push("  nothing mounted".to_owned());
    }
    lines.join("\n")
}

fn mount_line(mount: &MountReport) -> String {
    let count = |key: &str| mount.counters.get(key).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let mut line = format!("  mounted at {} (of {}, process {})", mount.mountpoint, mount.source, mount.pid);
    line.push_str(&format!(
        "\n    {} requests, {} folders and {} nodes known, {} files open; opened {} by kernel passthrough, {} not",
        count("requests"),
        count("folders"),
        count("nodes"),
        count("open_files"),
        count("passthrough_opens"),
        count("cached_opens"),
    ));
    if let Some(why) = mount.counters.get("last_refusal").and_then(serde_json::Value::as_str) {
        line.push_str(&format!("\n    passthrough was refused {} times: {why}", count("passthrough_refusals")));
    }
    if let Some(why) = mount.counters.get("degraded").and_then(serde_json::Value::as_str) {
        line.push_str(&format!("\n    DEGRADED: the mappings cannot be read ({why}); known folders are still served"));
    }
    line
}
