//! How a request is run: at once, or by the thread that makes changes.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use fuser::{BackingId, Errno, INodeNo, ReplyCreate, ReplyEntry, ReplyOpen, Request};
use rustix::fs::OFlags;

use super::changes::{ChangeQueue, Changes};
use super::errno::{RequestError, Result};
use super::poke::Poked;
use super::reply::{answer_create, answer_open, caller, errno_of, reply_entry};
use super::stats::Stats;
use super::view::{NewNode, View};

/// The view as the FUSE library wants it.
#[derive(Debug)]
pub struct Fs {
    pub(super) view: Arc<View<BackingId>>,
    changes: ChangeQueue,
}

impl Fs {
    /// Wraps a view, and where changes are handed in.
    #[must_use]
    pub fn new(view: Arc<View<BackingId>>, changes: ChangeQueue) -> Self {
        Self { view, changes }
    }

    /// Counts a request, runs it, and logs what is our own fault.
    pub(super) fn run<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&View<BackingId>) -> Result<T>,
    ) -> std::result::Result<T, Errno> {
        Stats::count(&self.view.stats().requests);
        work(&self.view).map_err(|error| errno_of(name, &error))
    }

    /// Runs a request that may turn out to need the thread that makes changes: then that one runs it, and answers.
    pub(super) fn change<T: 'static>(
        &self,
        name: &'static str,
        work: impl Fn(&View<BackingId>, Option<&mut Changes>) -> Result<T> + Send + 'static,
        answer: impl FnOnce(&View<BackingId>, std::result::Result<T, Errno>) + Send + 'static,
    ) {
        Stats::count(&self.view.stats().requests);
        match work(&self.view, None) {
            Err(RequestError::Later) if self.changes.is_open() => {
                let view = Arc::clone(&self.view);
                // When the thread has ended, dropping the reply answers.
                let _ = self.changes.submit(move |changes| {
                    let outcome = work(&view, Some(changes));
                    answer(&view, outcome.map_err(|error| errno_of(name, &error)));
                });
            }
            outcome => answer(&self.view, outcome.map_err(|error| errno_of(name, &error))),
        }
    }
}

impl Fs {
    /// What is happening to the name, if it is the poking thread that asks.
    pub(super) fn poked(&self, request: &Request, parent: INodeNo, name: &OsStr) -> Option<Poked> {
        self.view.poke_gate().poked(request.pid(), parent.0, name.as_encoded_bytes())
    }

    /// Makes a name in a folder.
    pub(super) fn make(
        &self,
        request_name: &'static str,
        request: &Request,
        (parent, name): (INodeNo, &OsStr),
        new: NewNode,
        umask: u32,
        reply: ReplyEntry,
    ) {
        if self.view.poke_gate().is_poker(request.pid()) {
            // What the mappings show is what the poking thread has "made".
            let shown = self.run("poke", |view| view.lookup(parent.0, name, caller(request)));
            let shown = shown.and_then(|entry| entry.ok_or(Errno::ENOENT).map(Some));
            return reply_entry(&self.view, reply, parent, shown);
        }
        let (name, caller) = (name.to_owned(), caller(request));
        let work = move |view: &View<BackingId>, changes: Option<&mut Changes>| {
            view.make((parent.0, &name), &new, umask, caller, changes).map(Some)
        };
        self.change(request_name, work, move |view, made| reply_entry(view, reply, parent, made));
    }

    /// Opens a node.
    pub(super) fn open_node(&self, request: &Request, node: INodeNo, flags: OFlags, reply: ReplyOpen) {
        Stats::count(&self.view.stats().requests);
        let caller = caller(request);
        // The kernel writes to a backing file with the rights of whoever registered it.
        let register = |fd: BorrowedFd<'_>| match flags & OFlags::RWMODE {
            OFlags::RDONLY => reply.open_backing(fd),
            _ => caller.within_limits(|| reply.open_backing(fd)),
        };
        match self.view.open(node.0, flags, caller, &register) {
            Err(RequestError::Later) if self.changes.is_open() => {
                let view = Arc::clone(&self.view);
                let _ = self.changes.submit(move |changes| {
                    let refused = view.write_over(node.0, caller, Some(changes));
                    // It never opens anything: the kernel looks again, and opens what it then finds.
                    let error = refused.err().unwrap_or(RequestError::Source(rustix::io::Errno::STALE));
                    reply.error(errno_of("open", &error));
                });
            }
            opened => {
                if opened.is_ok() && flags & OFlags::RWMODE != OFlags::RDONLY {
                    self.view.end_seeing(caller.pid);
                }
                answer_open(reply, opened.map_err(|error| errno_of("open", &error)));
            }
        }
    }

    /// Makes a file and opens it.
    pub(super) fn create_file(
        &self,
        request: &Request,
        (parent, name): (INodeNo, &OsStr),
        flags: OFlags,
        (mode, umask): (u32, u32),
        reply: ReplyCreate,
    ) {
        Stats::count(&self.view.stats().requests);
        let (name, caller) = (name.to_owned(), caller(request));
        let create = move |view: &View<BackingId>, changes: Option<&mut Changes>, reply: &ReplyCreate| {
            let register = |fd: BorrowedFd<'_>| caller.within_limits(|| reply.open_backing(fd));
            view.create((parent.0, &name), flags, (mode, umask), (caller, changes), &register)
        };
        match create(&self.view, None, &reply) {
            Err(RequestError::Later) if self.changes.is_open() => {
                let view = Arc::clone(&self.view);
                let _ = self.changes.submit(move |changes| {
                    let created = create(&view, Some(changes), &reply);
                    answer_create(&view, reply, parent, created.map_err(|error| errno_of("create", &error)));
                });
            }
            created => {
                answer_create(&self.view, reply, parent, created.map_err(|error| errno_of("create", &error)));
            }
        }
    }
}
