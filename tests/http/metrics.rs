//! What is told to Prometheus: every line is of the list, and everything of the list is told.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posterfs::control::{Answer as Told, Handler, MountInfo, Request, Server, register};
use posterfs::http::{Host, METRICS, Metric, metrics_document};
use posterfs::model::UnixSeconds;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::World;

#[expect(
    clippy::disallowed_methods,
    reason = "whether files of the tests are written anew is no setting of the program"
)]
fn is_to_bless() -> bool {
    std::env::var_os("POSTERFS_BLESS").is_some_and(|value| value == "1")
}

#[test]
fn the_page_of_metrics_is_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    if is_to_bless() {
        crate::world::write(&path, metrics_document().as_bytes());
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == metrics_document(),
        "docs/metrics.md is not what the list says; write it anew with `POSTERFS_BLESS=1 cargo test --test http metrics`"
    );
}

/// A mount as another process shows it.
struct OtherMount(OwnedFd);

impl Handler for OtherMount {
    fn handle(&self, request: Request) -> Told {
        match request {
            Request::Status => Told::Status(json!({
                "passthrough_opens": 3, "cached_opens": 1, "passthrough_refusals": 0, "degraded": null,
                "silent": "/media for 4 s", "waiting": 2, "given_up": 5, "nodes": 9, "folders": 4, "open_files": 1,
                "operations": { "lookup": { "begun": 7, "failed": 1, "done": 6, "nanoseconds": 1_500_000_000,
                                            "buckets": [[50, 4], [10_000_000, 6]] } },
            })),
            _ => Told::Done,
        }
    }

    fn source(&self) -> Arc<OwnedFd> {
        Arc::new(self.0.try_clone().unwrap())
    }
}

fn mount_at(world: &World, mountpoint: &str) -> (Server, posterfs::control::Registration) {
    let run = world.folder.path().join("state/run");
    let info = MountInfo {
        pid: std::process::id(),
        mountpoint: PathBuf::from(mountpoint),
        source: world.films(),
        source_identity: (1, 1),
        read_only: false,
        shows: String::new(),
    };
    let (registration, _lock) = register(&run, &info).unwrap();
    let source = std::fs::File::open(world.films()).unwrap().into();
    (Server::start(&registration, Arc::new(OtherMount(source))).unwrap(), registration)
}

/// The labels of a sample, taken apart by the rules of the format.
fn labels(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").unwrap_or_else(|| panic!("no label: {text}"));
        let (mut value, mut end, mut chars) = (String::new(), None, rest.char_indices());
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => {
                    end = Some(at);
                    break;
                }
                '\\' => value.push(match chars.next().map(|(_, escape)| escape) {
                    Some('n') => '\n',
                    Some(same @ ('\\' | '"')) => same,
                    other => panic!("no escape: {other:?} in {text}"),
                }),
                char => value.push(char),
            }
        }
        found.push((name.to_owned(), value));
        let rest = &rest[end.unwrap_or_else(|| panic!("a value without an end: {text}")) + 1..];
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
    found
}

/// A sample: the metric that it is of, its own name, its labels and its value.
type Sample = (&'static Metric, String, Vec<(String, String)>, f64);

fn sample(line: &str) -> Sample {
    let (what, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let value = value.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
    let (name, inner) = match what.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').unwrap_or_else(|| panic!("not closed: {line}"))),
        None => (what, ""),
    };
    let is_of = |metric: &&Metric| match metric.kind {
        "histogram" => name.strip_prefix(metric.name).is_some_and(|end| ["_bucket", "_sum", "_count"].contains(&end)),
        _ => metric.name == name,
    };
    let metric = METRICS.iter().find(is_of).unwrap_or_else(|| panic!("not in the list: {line}"));
    let labels = labels(inner);
    let mut names: Vec<&str> = labels.iter().map(|(name, _)| name.as_str()).collect();
    if name.ends_with("_bucket") {
        assert_eq!(names.pop(), Some("le"), "{line}");
    }
    assert_eq!(names, metric.labels, "{line}");
    (metric, name.to_owned(), labels, value)
}

/// Every sample of an answer; each metric is introduced, once, before its samples.
fn samples(text: &str) -> Vec<Sample> {
    let (mut introduced, mut found) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            introduced.push(rest.to_owned());
        } else if !line.starts_with("# HELP ") {
            let sample = sample(line);
            assert_eq!(introduced.last(), Some(&format!("{} {}", sample.0.name, sample.0.kind)), "{line}");
            found.push(sample);
        }
    }
    let listed: Vec<_> = METRICS.iter().map(|metric| format!("{} {}", metric.name, metric.kind)).collect();
    assert_eq!(introduced, listed);
    found
}

fn scrape(world: &World) -> Vec<Sample> {
    let answer = world.send(world.request(Method::GET, "/metrics"));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(answer.content_type.starts_with("text/plain; version=0.0.4"), "{}", answer.content_type);
    samples(&answer.text())
}

fn value(samples: &[Sample], name: &str, labels: &[&str]) -> Option<f64> {
    let is_it = |sample: &&Sample| sample.1 == name && sample.2.iter().map(|(_, value)| value).eq(labels.iter());
    samples.iter().find(is_it).map(|sample| sample.3)
}

#[test]
fn every_metric_of_the_list_is_told_and_no_other() {
    // Nobody listens there.
    let tmdb = "[provider.tmdb]\nkey = 'x'\nbase_url = 'http://127.0.0.1:1/3'\n[network]\nretries = 0\n";
    let world = World::new(tmdb);
    let mountpoint = r#"/view/a "b" \n {c="d"},e 1"#;
    let _mount = mount_at(&world, mountpoint);
    let mut catalog = world.catalog();
    let run = catalog.begin_verification(false, UnixSeconds::new(7)).unwrap().0;
    catalog.end_verification(run.id, 2, UnixSeconds::new(9)).unwrap();
    world.post("/api/webhooks/radarr", &json!({ "eventType": "Test" }));
    world.post("/api/jobs", &json!({ "task": "gc" }));
    crate::client::choose_a_poster(&world);
    let providers = world.host.place().providers(false, false).unwrap();
    let tmdb = providers.iter().find(|provider| provider.name() == "tmdb").unwrap();
    assert!(world.runtime.block_on(tmdb.greet().unwrap()).is_err());
    let told = scrape(&world);
    let names: BTreeSet<&str> = told.iter().map(|sample| sample.0.name).collect();
    let silent: Vec<_> = METRICS.iter().map(|metric| metric.name).filter(|name| !names.contains(name)).collect();
    assert!(silent.is_empty(), "without a value: {silent:?}");
    assert_eq!(value(&told, "posterfs_mount_up", &[mountpoint]), Some(1.0));
    assert_eq!(value(&told, "posterfs_mount_source_silent", &[mountpoint]), Some(1.0));
    assert_eq!(value(&told, "posterfs_jobs", &["gc", "queued"]), Some(1.0));
    for name in ["posterfs_provider_requests_total", "posterfs_provider_request_errors_total"] {
        assert_eq!(value(&told, name, &["tmdb", "api"]), Some(1.0), "{name}");
    }
    assert_eq!(value(&told, "posterfs_verify_findings", &[]), Some(2.0));
    assert_eq!(value(&told, "posterfs_cache_files", &[]), Some(1.0));
    let seconds = |end: &str, labels: &[&str]| {
        value(
            &told,
            &format!("posterfs_mount_request_duration_seconds_{end}"),
            &[&[mountpoint, "lookup"], labels].concat(),
        )
    };
    assert_eq!((seconds("sum", &[]), seconds("count", &[])), (Some(1.5), Some(6.0)));
    assert_eq!((seconds("bucket", &["0.00005"]), seconds("bucket", &["+Inf"])), (Some(4.0), Some(6.0)));
}

#[test]
fn without_the_catalog_the_rest_is_told() {
    let world = World::new("");
    let _mount = mount_at(&world, "/view");
    let database = world.folder.path().join("state/posterfs.db");
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(database.with_file_name(format!("posterfs.db{end}")));
    }
    crate::world::write(&database, &[b'x'; 8192]);
    let told = scrape(&world);
    assert_eq!(value(&told, "posterfs_catalog_up", &[]), Some(0.0));
    assert_eq!(value(&told, "posterfs_mappings", &[]), None);
    assert_eq!(value(&told, "posterfs_mount_passthrough_opens_total", &["/view"]), Some(3.0));
}

#[test]
fn metrics_need_the_key() {
    let world = World::new("[http]\napi_key = \"s3cret\"\n");
    assert_eq!(world.send(world.request(Method::GET, "/metrics")).status, StatusCode::UNAUTHORIZED);
    let with_key = world.request(Method::GET, "/metrics").bearer_auth("s3cret");
    assert_eq!(world.send(with_key).status, StatusCode::OK);
}
