//! `posterfs status`

use clap::Args;
use serde::Serialize;

use crate::catalog::{Counts, Verification};
use crate::control::{Answer, MountInfo, Request, ask, mounts};
use crate::daemon::DaemonStatus;

use super::context::Context;
use super::output::{byte_size, counted, local_time, one_line, show_path};
use super::{Outcome, daemon_lines, next};

/// How much there is of everything, what is mounted, and how the daemon is.
///
/// Mounts go on when the catalog cannot be read, and are told of then too; it ends with exit code 3.
///
/// For a script: `posterfs status --json | jq .mappings`; to look whether a service works: `posterfs status --healthy`.
/// Whether this machine can mount at all is what `posterfs doctor` tells.
#[derive(Debug, Args)]
pub struct Status {
    /// End with exit code 1 unless a daemon is running and all its views are mounted.
    #[arg(long)]
    healthy: bool,
}

#[derive(Debug, Serialize)]
struct StatusReport {
    version: &'static str,
    state: String,
    #[serde(flatten)]
    counts: Option<CountsReport>,
    /// The last `verify` that came to its end.
    verified: Option<VerifiedReport>,
    /// Why the catalog cannot be read.
    catalog_error: Option<String>,
    mounts: Vec<MountReport>,
    /// The daemon, where one is running.
    daemon: Option<DaemonStatus>,
    /// What to type next.
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct CountsReport {
    libraries: u64,
    entities: u64,
    missing: u64,
    originals: u64,
    candidates: u64,
    cache: CacheReport,
    mappings: u64,
    /// Metadata documents among them.
    documents: u64,
    generation: Option<i64>,
}

#[derive(Debug, Serialize)]
struct CacheReport {
    files: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct VerifiedReport {
    time: i64,
    deep: bool,
    findings: u64,
    repaired: u64,
}

#[derive(Debug, Serialize)]
struct MountReport {
    mountpoint: String,
    source: String,
    pid: u32,
    read_only: bool,
    /// Empty: what is published.
    shows: String,
    #[serde(flatten)]
    counters: serde_json::Value,
}

impl Status {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let read = context.catalog_to_read().map_err(anyhow::Error::new);
        let read = read.and_then(|catalog| Ok((catalog.counts()?, catalog.last_verification()?)));
        let (counts, verified) = match read {
            Ok((counts, verified)) => (Ok(counts), verified),
            Err(error) => (Err(error), None),
        };
        let run = context.state.run();
        let mounts: Vec<_> = mounts(&run).into_iter().map(|mount| mount_report(&run, mount)).collect();
        if mounts.is_empty() {
            counts.as_ref().map_err(|error| anyhow::anyhow!(one_line(error)))?;
        }
        let catalog_error = counts.as_ref().err().map(one_line);
        let outcome = if catalog_error.is_some() { Outcome::Problems } else { Outcome::Done };
        let report = StatusReport {
            version: env!("CARGO_PKG_VERSION"),
            state: show_path(context.state.path()),
            counts: counts.ok().map(CountsReport::from),
            verified: verified.map(VerifiedReport::from),
            catalog_error,
            mounts,
            daemon: daemon_lines::daemon(&run),
            next: next::steps(context).ok().and_then(|steps| steps.into_iter().next()).map(next::Step::into_command),
        };
        context.output.result(&report, text)?;
        let is_up = |daemon: &DaemonStatus| daemon.mounts.iter().all(|mount| mount.condition == "up");
        let is_healthy = report.daemon.as_ref().is_some_and(is_up);
        Ok(if self.healthy && !is_healthy { Outcome::Failed } else { outcome })
    }
}

impl From<Counts> for CountsReport {
    fn from(counts: Counts) -> Self {
        Self {
            libraries: counts.libraries,
            entities: counts.entities,
            missing: counts.missing,
            originals: counts.originals,
            candidates: counts.candidates,
            cache: CacheReport { files: counts.cache.files, bytes: counts.cache.bytes },
            mappings: counts.mappings,
            documents: counts.documents,
            generation: counts.generation.map(crate::model::GenerationId::get),
        }
    }
}

impl From<Verification> for VerifiedReport {
    fn from(run: Verification) -> Self {
        let time = run.finished_at.unwrap_or(run.started_at).get();
        Self { time, deep: run.is_deep, findings: run.findings, repaired: run.repaired }
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
        shows: mount.shows,
        counters,
    }
}

fn text(report: &StatusReport) -> String {
    let mut lines = vec![format!("posterfs {}, state in {}", report.version, report.state)];
    lines.extend(report.counts.iter().flat_map(count_lines));
    lines.extend(report.verified.as_ref().map(verified_line));
    lines.extend(report.catalog_error.iter().map(|why| format!("  THE CATALOG CANNOT BE READ: {why}")));
    lines.extend(report.mounts.iter().map(mount_line));
    if report.mounts.is_empty() {
        lines.push("  nothing mounted".to_owned());
    }
    match &report.daemon {
        Some(daemon) => lines.extend(daemon_lines::lines(daemon)),
        None => lines.push("  no daemon is running (`posterfs serve`)".to_owned()),
    }
    lines.extend(report.next.as_ref().map(|command| format!("  next: {command}")));
    lines.join("\n")
}

fn count_lines(counts: &CountsReport) -> [String; 4] {
    let libraries = counted(counts.libraries, "library", "libraries");
    let items = counted(counts.entities, "item", "items");
    let files = counted(counts.cache.files, "file", "files");
    let originals = counted(counts.originals, "original", "originals");
    let candidates = counted(counts.candidates, "candidate", "candidates");
    let mappings = counted(counts.mappings, "mapping", "mappings");
    [
        format!("  {libraries}, {items}, {} missing", counts.missing),
        format!("  {files} in the cache, {}", byte_size(counts.cache.bytes)),
        format!("  {originals}, {candidates}"),
        match counts.generation {
            Some(generation) if counts.documents > 0 => {
                let documents = counted(counts.documents, "metadata document", "metadata documents");
                format!("  {mappings}, {documents} among them, generation {generation}")
            }
            Some(generation) => format!("  {mappings}, generation {generation}"),
            None => "  nothing published yet".to_owned(),
        },
    ]
}

fn verified_line(run: &VerifiedReport) -> String {
    let (how, when) = (if run.deep { "verified, every file read," } else { "verified" }, local_time(run.time));
    match (run.findings, run.repaired) {
        (0, _) => format!("  {how} {when}: everything is whole"),
        (found, repaired) => {
            let found = counted(found, "finding", "findings");
            format!("  {how} {when}: {found}, {repaired} repaired; `posterfs verify` shows what is left")
        }
    }
}

fn mount_line(mount: &MountReport) -> String {
    let count = |key: &str| mount.counters.get(key).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let mut line = format!("  mounted at {} (of {}, process {})", mount.mountpoint, mount.source, mount.pid);
    if !mount.shows.is_empty() {
        line.push_str(&format!("\n    shows {}", mount.shows));
    }
    line.push_str(&format!(
        "\n    {} requests, {} folders and {} nodes known, {} files open; opened {} by kernel passthrough, {} not",
        count("requests"),
        count("folders"),
        count("nodes"),
        count("open_files"),
        count("passthrough_opens"),
        count("cached_opens"),
    ));
    if count("failed") > 0 {
        line.push_str(&format!("\n    {} of them failed (EIO); the log tells which, at level debug", count("failed")));
    }
    if let Some(why) = mount.counters.get("last_refusal").and_then(serde_json::Value::as_str) {
        line.push_str(&format!("\n    passthrough was refused {} times: {why}", count("passthrough_refusals")));
    }
    if let Some(why) = mount.counters.get("degraded").and_then(serde_json::Value::as_str) {
        line.push_str(&format!("\n    DEGRADED: the mappings cannot be read ({why}); known folders are still served"));
    }
    if let Some(silent) = mount.counters.get("silent").and_then(serde_json::Value::as_str) {
        let given_up = counted(count("given_up"), "request", "requests");
        line.push_str(&format!(
            "\n    THE SOURCE DOES NOT ANSWER: {silent}; {given_up} failed for it, artwork is still served"
        ));
    }
    line
}
