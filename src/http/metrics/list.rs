//! All metrics there are. `docs/metrics.md` is written from this list.

use std::fmt::Write;

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `gauge`, `counter` or `histogram`.
    pub kind: &'static str,
    /// What its value counts.
    pub unit: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($id:ident: $kind:literal $name:literal [$($label:literal),*] in $unit:literal, $help:literal;)+) => {
        $(pub(super) const $id: Metric =
            Metric { name: $name, kind: $kind, unit: $unit, labels: &[$($label),*], help: $help };)+
        /// All of them, in the order in which they are told.
        pub const METRICS: &[Metric] = &[$($id),+];
    };
}

metrics! {
    BUILD_INFO: "gauge" "posterfs_build_info" ["version"] in "always 1", "The version of posterfs that answers.";
    CATALOG_UP: "gauge" "posterfs_catalog_up" [] in "0 or 1",
        "Whether the catalog could be read. While it is 0, what the catalog knows is left out.";
    LIBRARIES: "gauge" "posterfs_libraries" [] in "libraries", "Libraries.";
    ITEMS: "gauge" "posterfs_items" ["state"] in "items", "Items: `present`, or `missing` at the last scan.";
    ORIGINALS: "gauge" "posterfs_originals" [] in "pictures", "Pictures that lie in the libraries themselves.";
    CANDIDATES: "gauge" "posterfs_candidates" ["provider", "state"] in "candidates",
        "Candidates by who offers them: `cached`, `refused` (not taken when downloaded) or `known` (not downloaded).";
    CACHE_FILES: "gauge" "posterfs_cache_files" [] in "files", "Pictures in the cache.";
    CACHE_BYTES: "gauge" "posterfs_cache_bytes" [] in "bytes", "What the pictures in the cache take.";
    MAPPINGS: "gauge" "posterfs_mappings" [] in "mappings", "Paths that show a picture of the cache.";
    GENERATION: "gauge" "posterfs_generation" [] in "number", "The last generation; 0 before anything was published.";
    JOBS: "gauge" "posterfs_jobs" ["kind", "state"] in "jobs",
        "Jobs by kind: `queued`, `running`, and of those that are remembered `done` and `dead` (given up).";
    WEBHOOKS: "gauge" "posterfs_webhooks" ["manager", "outcome"] in "webhooks",
        "The last webhooks (1000 are remembered) by what became of them: `accepted`, `ignored`, `refused`.";
    VERIFY_FINDINGS: "gauge" "posterfs_verify_findings" [] in "findings", "What the last finished `verify` found.";
    VERIFY_REPAIRED: "gauge" "posterfs_verify_repaired" [] in "findings", "How much of that was repaired.";
    VERIFY_TIME: "gauge" "posterfs_verify_finished_timestamp_seconds" [] in "seconds since 1970",
        "When the last finished `verify` ended.";
    PROVIDER_REQUESTS: "counter" "posterfs_provider_requests_total" ["provider", "kind"] in "requests",
        "Requests of the daemon to providers: to an `api` or for a `picture`. Each try counts.";
    PROVIDER_ERRORS: "counter" "posterfs_provider_request_errors_total" ["provider", "kind"] in "requests",
        "Those that came to nothing: no answer, one too late, or a refusal. That there is nothing is an answer.";
    PROVIDER_SECONDS: "histogram" "posterfs_provider_request_duration_seconds" ["provider", "kind"] in "seconds",
        "How long they took, without the wait for their turn.";
    MOUNTS_READ: "gauge" "posterfs_mounts_read" [] in "0 or 1",
        "Whether the list of mounts could be read in time. While it is 0, nothing is told of mounts.";
    MOUNT_UP: "gauge" "posterfs_mount_up" ["mountpoint"] in "0 or 1",
        "Whether the mount answered. Of one that did not, nothing more is told.";
    MOUNT_DEGRADED: "gauge" "posterfs_mount_degraded" ["mountpoint"] in "0 or 1",
        "Whether the mount cannot read the mappings: folders that it has not read yet show the source alone.";
    MOUNT_SILENT: "gauge" "posterfs_mount_source_silent" ["mountpoint"] in "0 or 1",
        "Whether the source, or a part of it, does not answer.";
    MOUNT_WAITING: "gauge" "posterfs_mount_waiting_requests" ["mountpoint"] in "requests",
        "Requests that wait for the source.";
    MOUNT_GIVEN_UP: "counter" "posterfs_mount_given_up_requests_total" ["mountpoint"] in "requests",
        "Requests that were answered in the place of a source that did not.";
    MOUNT_NODES: "gauge" "posterfs_mount_nodes" ["mountpoint"] in "nodes", "Files and folders that the kernel knows.";
    MOUNT_FOLDERS: "gauge" "posterfs_mount_folders" ["mountpoint"] in "folders", "Folders whose mappings are known.";
    MOUNT_OPEN_FILES: "gauge" "posterfs_mount_open_files" ["mountpoint"] in "files", "Files that are open.";
    PASSTHROUGH_OPENS: "counter" "posterfs_mount_passthrough_opens_total" ["mountpoint"] in "opens",
        "Opens that the kernel serves by itself.";
    CACHED_OPENS: "counter" "posterfs_mount_cached_opens_total" ["mountpoint"] in "opens", "Opens that go through posterfs.";
    PASSTHROUGH_REFUSALS: "counter" "posterfs_mount_passthrough_refusals_total" ["mountpoint"] in "files",
        "Files that could not be passed through, each counted at its first open.";
    REQUESTS: "counter" "posterfs_mount_requests_total" ["mountpoint", "operation"] in "requests",
        "Requests of the kernel (upcalls) that came, by kind.";
    REQUEST_ERRORS: "counter" "posterfs_mount_request_errors_total" ["mountpoint", "operation"] in "requests",
        "Requests that failed (`EIO`) for a reason that lies with the source, the disk or posterfs, not with who asked.";
    REQUEST_SECONDS: "histogram" "posterfs_mount_request_duration_seconds" ["mountpoint", "operation"] in "seconds",
        "How long requests took from when posterfs read them to their end, the wait for the source with it.";
}

/// The page `docs/metrics.md`.
#[must_use]
pub fn metrics_document() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         `GET /metrics` of `posterfs serve` tells how everything is in the text format of Prometheus. It needs the key as the API\n\
         does ([http.md](http.md)): `authorization: {credentials: KEY}` in the scrape configuration. Mounts of other processes are\n\
         told of too. Who does not answer within a few seconds (the catalog, a mount) is left out, and a metric tells that.\n\
         Counters of a mount begin at 0 when it is mounted.\n\n\
         | metric | type | unit | labels | what |\n| --- | --- | --- | --- | --- |\n",
    );
    for metric in METRICS {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        // Writing to a string does not fail.
        let _ =
            writeln!(page, "| `{}` | {} | {} | {labels} | {} |", metric.name, metric.kind, metric.unit, metric.help);
    }
    page.push_str("\nThis page is written from the list in the program; a test holds them together.\n");
    page
}
