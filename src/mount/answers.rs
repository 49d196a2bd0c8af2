//! What a mount answers at its control socket.

use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fuser::BackingId;
use parking_lot::Mutex;

use crate::control::{Answer, Handler, Request};
use crate::model::show_bytes;

use super::feed::Feed;
use super::poke::Poker;
use super::stats::StatsSnapshot;
use super::submounts::MountTableWatcher;
use super::unmount::unmount_if_idle;
use super::view::View;
use super::watch::Watcher;

/// How long whoever nudges is kept waiting.
const NUDGE: Duration = Duration::from_secs(5);

/// What the control socket needs.
#[derive(Debug)]
pub struct Shared {
    /// Where the view is.
    pub mountpoint: PathBuf,
    /// What it is a view of, opened before it was mounted.
    pub source: Arc<OwnedFd>,
    /// The view, until the mount ends; so are the threads below.
    pub view: Mutex<Option<Arc<View<BackingId>>>>,
    /// Who follows the catalog.
    pub feed: Mutex<Option<Feed>>,
    /// Who tells watchers.
    pub poker: Mutex<Option<Poker>>,
    /// Who notices changes behind the mount.
    pub watcher: Mutex<Option<Watcher>>,
    /// Who notices what is mounted below the source.
    pub mount_table: Mutex<Option<MountTableWatcher>>,
}

/// What `status` shows of a mount.
#[derive(Debug, serde::Serialize)]
struct Report {
    #[serde(flatten)]
    stats: StatsSnapshot,
    nodes: usize,
    folders: usize,
    open_files: usize,
    passthrough_inodes: usize,
    by_handle: bool,
    is_watched: bool,
    /// Requests that wait for the source.
    waiting: usize,
    /// Requests that were answered in the place of a source that did not.
    given_up: u64,
    /// What does not answer, and for how long; null when all does.
    silent: Option<String>,
}

impl Handler for Shared {
    fn handle(&self, request: Request) -> Answer {
        match request {
            Request::Ping | Request::Source => Answer::Done,
            Request::Nudge => self.nudge(),
            Request::Status => match self.view.lock().as_ref().map(|view| report(view)) {
                Some(Ok(report)) => Answer::Status(report),
                Some(Err(error)) => Answer::Failed(error.to_string()),
                None => Answer::Failed("the mount is ending".to_owned()),
            },
            Request::Unmount => {
                let poker = self.poker.lock();
                let _outside = poker.as_ref().and_then(Poker::pause);
                match unmount_if_idle(&self.mountpoint) {
                    Ok(()) => Answer::Done,
                    Err(error) => Answer::Failed(error.to_string()),
                }
            }
        }
    }

    fn source(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.source)
    }
}

impl Shared {
    /// Answers when the change is seen through the mount, so that whoever published may tell others to look.
    fn nudge(&self) -> Answer {
        let looked = self.feed.lock().as_ref().map(Feed::nudge);
        let view = self.view.lock().as_ref().map(Arc::clone);
        let is_seen = looked.is_some_and(|looked| looked.recv_timeout(NUDGE).is_ok())
            && view.is_some_and(|view| view.notices().settle(NUDGE));
        if is_seen { Answer::Done } else { Answer::Failed("the mount is slow to take the change in".to_owned()) }
    }
}

fn report(view: &View<BackingId>) -> serde_json::Result<serde_json::Value> {
    let (open_files, passthrough_inodes) = view.open_counts();
    serde_json::to_value(Report {
        stats: view.stats().snapshot(),
        nodes: view.nodes().len(),
        folders: view.index().len(),
        open_files,
        passthrough_inodes,
        by_handle: view.has_handles(),
        is_watched: view.is_watched(),
        waiting: view.gate().waiting(),
        given_up: view.gate().gave_up(),
        silent: silent_in_words(&view.silent()),
    })
}

/// `/media/nas for 42 s, /media/usb for 3 s`.
fn silent_in_words(silent: &[(PathBuf, u64)]) -> Option<String> {
    let each =
        silent.iter().map(|(path, seconds)| format!("{} for {seconds} s", show_bytes(path.as_os_str().as_bytes())));
    let words = each.collect::<Vec<_>>().join(", ");
    (!words.is_empty()).then_some(words)
}
