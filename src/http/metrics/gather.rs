//! Asks the catalog and the mounts how they are, none of them for longer than a bound.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::catalog::{Counts, Tallies, Verification};
use crate::control::{Answer, Request, ask, mounts};
use crate::http::App;
use crate::model::{GenerationId, show_bytes};
use crate::mount::OperationSnapshot;
use crate::provider::Traffic;

use super::list;
use super::text::Text;

/// How many mounts are asked at once. One that hangs keeps its seat until it is given up by who asks it, so that scrapes which
/// follow each other do not gather threads.
pub const MOUNT_SEATS: usize = 32;

/// How long one is asked.
const PATIENCE: Duration = Duration::from_secs(4);

/// All values.
pub async fn gather(app: &App) -> Text {
    let mut text = Text::default();
    text.add(&list::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1);
    let (known, mounts) = tokio::join!(catalog(app), all_mounts(app));
    text.add(&list::CATALOG_UP, &[], u8::from(known.is_some()));
    if let Some((counts, tallies, verification)) = known {
        tell_counts(&mut text, &counts);
        tell_tallies(&mut text, &tallies);
        verification.iter().for_each(|run| tell_verification(&mut text, run));
    }
    tell_traffic(&mut text, &app.place().traffic);
    text.add(&list::MOUNTS_READ, &[], u8::from(mounts.is_some()));
    for (mountpoint, status) in mounts.into_iter().flatten() {
        let mountpoint = show_bytes(mountpoint.as_os_str().as_encoded_bytes());
        text.add(&list::MOUNT_UP, &[&mountpoint], u8::from(status.is_some()));
        status.iter().for_each(|status| tell_mount(&mut text, &mountpoint, status));
    }
    text
}

type Known = (Counts, Tallies, Option<Verification>);

/// What the catalog knows; `None`: it cannot be read, or not in time.
async fn catalog(app: &App) -> Option<Known> {
    let read = app.with_catalog(|_, catalog| Ok((catalog.counts()?, catalog.tallies()?, catalog.last_verification()?)));
    match timeout(PATIENCE, read).await {
        Ok(Ok(known)) => Some(known),
        Ok(Err(problem)) => {
            tracing::warn!(detail = problem.detail(), "metrics are told without the catalog");
            None
        }
        Err(_) => None,
    }
}

/// Does something on a thread that may wait, unless too many wait already; `None`: not in time.
async fn within_bound<T: Send + 'static>(app: &App, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let seats = Arc::clone(&app.mount_seats);
    let done = async {
        let seat = seats.acquire_owned().await.ok()?;
        let work = move || (work(), seat).0;
        tokio::task::spawn_blocking(work).await.ok()
    };
    timeout(PATIENCE, done).await.ok().flatten()
}

/// Every mount, and what it tells of itself if it answers; `None`: which there are could not be read in time.
async fn all_mounts(app: &App) -> Option<BTreeMap<PathBuf, Option<Value>>> {
    let run = app.place().state.run();
    let found = within_bound(app, move || mounts(&run)).await?;
    let mut asked = JoinSet::new();
    let mut told = BTreeMap::new();
    for mount in found {
        told.insert(mount.mountpoint.clone(), None);
        let app = app.clone();
        asked.spawn(async move {
            let (run, mountpoint) = (app.place().state.run(), mount.mountpoint.clone());
            let answer = within_bound(&app, move || ask(&run, &mountpoint, Request::Status)).await;
            (mount.mountpoint, answer)
        });
    }
    while let Some(answered) = asked.join_next().await {
        if let Ok((mountpoint, Some(Ok(Answer::Status(status))))) = answered {
            told.insert(mountpoint, Some(status));
        }
    }
    Some(told)
}

fn tell_counts(text: &mut Text, counts: &Counts) {
    text.add(&list::LIBRARIES, &[], counts.libraries);
    text.add(&list::ITEMS, &["present"], counts.entities);
    text.add(&list::ITEMS, &["missing"], counts.missing);
    text.add(&list::ORIGINALS, &[], counts.originals);
    text.add(&list::CACHE_FILES, &[], counts.cache.files);
    text.add(&list::CACHE_BYTES, &[], counts.cache.bytes);
    text.add(&list::MAPPINGS, &[], counts.mappings);
    text.add(&list::GENERATION, &[], counts.generation.map_or(0, GenerationId::get));
}

fn tell_tallies(text: &mut Text, tallies: &Tallies) {
    let of =
        [(&list::JOBS, &tallies.jobs), (&list::WEBHOOKS, &tallies.webhooks), (&list::CANDIDATES, &tallies.candidates)];
    for (metric, tally) in of {
        for ([first, second], count) in tally {
            text.add(metric, &[first, second], count);
        }
    }
}

fn tell_verification(text: &mut Text, run: &Verification) {
    text.add(&list::VERIFY_FINDINGS, &[], run.findings);
    text.add(&list::VERIFY_REPAIRED, &[], run.repaired);
    text.add(&list::VERIFY_TIME, &[], run.finished_at.unwrap_or(run.started_at).get());
}

fn tell_traffic(text: &mut Text, traffic: &Traffic) {
    for ((provider, asking), line) in traffic.lines() {
        let labels = [provider, asking.as_str()];
        text.add(&list::PROVIDER_REQUESTS, &labels, line.count);
        text.add(&list::PROVIDER_ERRORS, &labels, line.failed);
        let buckets = line.buckets().map(|(bound, upto)| (bound.as_secs_f64(), upto));
        text.add_histogram(&list::PROVIDER_SECONDS, &labels, buckets, (line.count, line.took.as_secs_f64()));
    }
}

/// What a mount tells of itself. Its process may be of another version: what it does not tell is left out.
fn tell_mount(text: &mut Text, mountpoint: &str, status: &Value) {
    let numbers = [
        (&list::MOUNT_WAITING, "waiting"),
        (&list::MOUNT_GIVEN_UP, "given_up"),
        (&list::MOUNT_NODES, "nodes"),
        (&list::MOUNT_FOLDERS, "folders"),
        (&list::MOUNT_OPEN_FILES, "open_files"),
        (&list::PASSTHROUGH_OPENS, "passthrough_opens"),
        (&list::CACHED_OPENS, "cached_opens"),
        (&list::PASSTHROUGH_REFUSALS, "passthrough_refusals"),
    ];
    for (metric, key) in numbers {
        status.get(key).and_then(Value::as_u64).iter().for_each(|number| text.add(metric, &[mountpoint], number));
    }
    for (metric, key) in [(&list::MOUNT_DEGRADED, "degraded"), (&list::MOUNT_SILENT, "silent")] {
        status.get(key).iter().for_each(|why| text.add(metric, &[mountpoint], u8::from(why.is_string())));
    }
    let operations = status.get("operations").cloned().unwrap_or_default();
    let operations: BTreeMap<String, OperationSnapshot> = serde_json::from_value(operations).unwrap_or_default();
    for (operation, line) in operations {
        tell_operation(text, &[mountpoint, &operation], &line);
    }
}

fn tell_operation(text: &mut Text, labels: &[&str], line: &OperationSnapshot) {
    text.add(&list::REQUESTS, labels, line.begun);
    text.add(&list::REQUEST_ERRORS, labels, line.failed);
    let buckets = line.buckets.iter().map(|(micros, upto)| (Duration::from_micros(*micros).as_secs_f64(), *upto));
    let sum = Duration::from_nanos(line.nanoseconds).as_secs_f64();
    text.add_histogram(&list::REQUEST_SECONDS, labels, buckets, (line.done, sum));
}
