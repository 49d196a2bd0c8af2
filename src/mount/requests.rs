//! How a request is run: at once, when there is a seat at the gate, or by the thread that makes changes.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use fuser::{BackingId, Errno, INodeNo, ReplyCreate, ReplyEntry, ReplyOpen, ReplyWrite, Request};
use rustix::fs::{OFlags, StatVfs};

use super::attr::Attr;
use super::caller::Caller;
use super::changes::{ChangeQueue, Changes};
use super::errno::{RequestError, Result};
use super::gate::{Kind, Pass, Scope, Ticket};
use super::nodes::{NodeId, virtual_row};
use super::operations::{Operation, UnderWay};
use super::place::Place;
use super::poke::Poked;
use super::reply::{answer_create, answer_open, caller, errno_of, reply_entry, reply_written};
use super::view::{Created, Entry, NewNode, Opened, View};

/// What a request keeps in memory while it waits, besides what it writes.
const COST: usize = 512;

/// Why a request fails that was not asked of the source, or not answered by it in time.
const SILENT: &str = "the source does not answer";

/// What comes of a request.
pub(super) type Outcome<T> = std::result::Result<T, Errno>;

/// The view as the FUSE library wants it.
#[derive(Debug)]
pub struct Fs {
    pub(super) view: Arc<View<BackingId>>,
    changes: ChangeQueue,
}

/// What may be asked for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The source too.
    Source,
    /// What is known without it: it does not answer.
    Known,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Asked {
    under_way: UnderWay,
    ticket: Ticket,
}

impl Asked {
    /// It takes as long as there is much to do.
    pub(super) fn long(mut self) -> Self {
        self.ticket.kind = Kind::Long;
        self
    }

    fn carrying(mut self, bytes: usize) -> Self {
        self.ticket.cost += bytes;
        self
    }
}

/// What the kernel is told in an answer. When the request was given up it has not been told: then it is taken back.
pub(super) trait Told: Sized {
    /// Undoes on our side what the kernel would undo in the end.
    fn take_back(self, _view: &View<BackingId>) {}

    /// Why it is a failure all the same.
    fn failure(&self) -> Option<&RequestError> {
        None
    }
}

impl Told for () {}
impl Told for usize {}
impl Told for u64 {}
impl Told for Vec<u8> {}
impl Told for Attr {}
impl Told for StatVfs {}

impl Told for Option<Entry> {
    fn take_back(self, view: &View<BackingId>) {
        self.into_iter().for_each(|entry| drop(view.forget(entry.attr.ino, 1)));
    }
}

impl Told for Opened<BackingId> {
    fn take_back(self, view: &View<BackingId>) {
        view.release(self.file);
    }
}

impl Told for Created<BackingId> {
    fn take_back(self, view: &View<BackingId>) {
        self.opened.take_back(view);
        Some(self.entry).take_back(view);
    }
}

/// The call has returned: answers, unless that has been done.
fn conclude<T: Told>(
    view: &View<BackingId>,
    mut pass: Pass<'_>,
    under_way: UnderWay,
    outcome: Result<T>,
    answer: impl FnOnce(&View<BackingId>, Outcome<T>),
) {
    if !pass.is_ours() {
        under_way.fail(&SILENT);
        return outcome.into_iter().for_each(|told| told.take_back(view));
    }
    if let Some(error) = outcome.as_ref().ok().and_then(Told::failure) {
        refusal(&under_way, error);
    }
    answer(view, outcome.map_err(|error| refusal(&under_way, &error)));
}

/// The number for the program that asked. What is not its own doing is counted.
fn refusal(under_way: &UnderWay, error: &RequestError) -> Errno {
    if error.errno() == rustix::io::Errno::IO {
        under_way.fail(error);
    }
    errno_of(under_way.operation.as_str(), error)
}

impl Fs {
    /// Wraps a view, and where changes are handed in.
    #[must_use]
    pub fn new(view: Arc<View<BackingId>>, changes: ChangeQueue) -> Self {
        Self { view, changes }
    }

    /// A request on a node, or on a name in it. It is counted.
    pub(super) fn asked(&self, operation: Operation, request: &Request, node: INodeNo) -> Asked {
        let under_way = self.begin(operation);
        let (unique, scope) = (request.unique().0, self.view.scope_of(node.0));
        Asked { under_way, ticket: Ticket { unique, scope, kind: Kind::Short, cost: COST } }
    }

    /// Runs a request that waits for nobody: what it asks for is in the catalog or the cache.
    pub(super) fn run<T>(&self, operation: Operation, work: impl FnOnce(&View<BackingId>) -> Result<T>) -> Outcome<T> {
        let under_way = self.begin(operation);
        work(&self.view).map_err(|error| refusal(&under_way, &error))
    }

    fn begin(&self, operation: Operation) -> UnderWay {
        UnderWay::begin(self.view.stats(), operation)
    }

    /// Runs a request that may wait for the source; without the source it fails.
    pub(super) fn ask<T: Told>(
        &self,
        asked: Asked,
        work: impl FnOnce(&View<BackingId>) -> Result<T> + Send + 'static,
        answer: impl FnOnce(&View<BackingId>, Outcome<T>) + Send + 'static,
    ) {
        let work = move |view: &View<BackingId>, reach| match reach {
            Reach::Source => work(view),
            Reach::Known => Err(rustix::io::Errno::IO.into()),
        };
        self.ask_or_recall(asked, work, answer);
    }

    /// The same for a request that may be answered without the source.
    pub(super) fn ask_or_recall<T: Told>(
        &self,
        asked: Asked,
        work: impl FnOnce(&View<BackingId>, Reach) -> Result<T> + Send + 'static,
        answer: impl FnOnce(&View<BackingId>, Outcome<T>) + Send + 'static,
    ) {
        let Asked { under_way, ticket } = asked;
        let view = Arc::clone(&self.view);
        self.view.gate().run(ticket, move |pass| match pass {
            Some(pass) => conclude(&view, pass, under_way, work(&view, Reach::Source), answer),
            None => answer(&view, work(&view, Reach::Known).map_err(|error| refusal(&under_way, &error))),
        });
    }

    /// The same for a request that may turn out to need the thread that makes changes: then that one runs it, and answers.
    pub(super) fn change<T: Told>(
        &self,
        asked: Asked,
        work: impl Fn(&View<BackingId>, Option<&mut Changes>) -> Result<T> + Send + 'static,
        answer: impl FnOnce(&View<BackingId>, Outcome<T>) + Send + 'static,
    ) {
        let Asked { under_way, ticket } = asked;
        let (view, changes) = (Arc::clone(&self.view), self.changes.clone());
        self.view.gate().run(ticket, move |pass| {
            let Some(pass) = pass else {
                under_way.fail(&SILENT);
                return answer(&view, Err(Errno::EIO));
            };
            match work(&view, None) {
                Err(RequestError::Later) if changes.is_open() => {
                    let later = move |view: &View<BackingId>, changes: &mut Changes| work(view, Some(changes));
                    hand_over(view, &changes, pass, under_way, later, answer);
                }
                outcome => conclude(&view, pass, under_way, outcome, answer),
            }
        });
    }

    /// What is happening to the name, if it is the poking thread that asks.
    pub(super) fn poked(&self, request: &Request, parent: INodeNo, name: &OsStr) -> Option<Poked> {
        self.view.poke_gate().poked(request.pid(), parent.0, name.as_encoded_bytes())
    }

    /// Looks a name up.
    pub(super) fn look_up(&self, request: &Request, (parent, name): (INodeNo, &OsStr), reply: ReplyEntry) {
        let asked = self.asked(Operation::Lookup, request, parent);
        let (name, caller) = (name.to_owned(), caller(request));
        let work = move |view: &View<BackingId>, reach| match reach {
            Reach::Known => view.lookup_known(parent.0, &name),
            Reach::Source => {
                let found = view.lookup(parent.0, &name, caller)?;
                view.note_folder_seen(parent.0, &name, found.as_ref());
                Ok(found)
            }
        };
        self.ask_or_recall(asked, work, move |view, found| reply_entry(view, reply, parent, found));
    }

    /// Makes a name in a folder.
    pub(super) fn make(
        &self,
        operation: Operation,
        request: &Request,
        (parent, name): (INodeNo, &OsStr),
        new: NewNode,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let asked = self.asked(operation, request, parent);
        let (name, caller) = (name.to_owned(), caller(request));
        let answer = move |view: &View<BackingId>, made| reply_entry(view, reply, parent, made);
        if self.view.poke_gate().is_poker(request.pid()) {
            // What the mappings show is what the poking thread has "made".
            let look = move |view: &View<BackingId>| {
                let shown = view.lookup(parent.0, &name, caller)?;
                Ok(Some(shown.ok_or(rustix::io::Errno::NOENT)?))
            };
            return self.ask(asked, look, answer);
        }
        let work = move |view: &View<BackingId>, changes: Option<&mut Changes>| {
            view.make((parent.0, &name), &new, umask, caller, changes).map(Some)
        };
        self.change(asked, work, answer);
    }

    /// Opens a node.
    pub(super) fn open_node(&self, request: &Request, node: INodeNo, flags: OFlags, reply: ReplyOpen) {
        let asked = self.asked(Operation::Open, request, node);
        if let Some(opened) = self.view.open_at_hand(node.0, flags, &|fd| reply.open_backing(fd)) {
            return answer_open(reply, Ok(opened));
        }
        let caller = caller(request);
        let is_for_writing = flags & OFlags::RWMODE != OFlags::RDONLY;
        let (view, changes) = (Arc::clone(&self.view), self.changes.clone());
        let Asked { under_way, ticket } = asked;
        self.view.gate().run(ticket, move |pass| {
            let Some(pass) = pass else {
                under_way.fail(&SILENT);
                return reply.error(Errno::EIO);
            };
            // The kernel writes to a backing file with the rights of whoever registered it.
            let register = |fd: BorrowedFd<'_>| {
                if is_for_writing { caller.within_limits(|| reply.open_backing(fd)) } else { reply.open_backing(fd) }
            };
            match view.open(node.0, flags, caller, &register) {
                Err(RequestError::Later) if changes.is_open() => {
                    // It never opens anything: the kernel looks again, and opens what it then finds.
                    let later = move |view: &View<BackingId>, changes: &mut Changes| -> Result<()> {
                        view.write_over(node.0, caller, Some(changes))?;
                        Err(rustix::io::Errno::STALE.into())
                    };
                    let answer = move |_: &View<BackingId>, refused: Outcome<()>| {
                        reply.error(refused.err().unwrap_or(Errno::ESTALE));
                    };
                    hand_over(view, &changes, pass, under_way, later, answer);
                }
                opened => conclude(&view, pass, under_way, opened, move |view, opened| {
                    if opened.is_ok() && is_for_writing {
                        view.end_seeing(caller.pid);
                    }
                    answer_open(reply, opened);
                }),
            }
        });
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
        let asked = self.asked(Operation::Create, request, parent);
        let (name, caller) = (name.to_owned(), caller(request));
        let create = move |view: &View<BackingId>, changes: Option<&mut Changes>, reply: &ReplyCreate| {
            let register = |fd: BorrowedFd<'_>| caller.within_limits(|| reply.open_backing(fd));
            view.create((parent.0, &name), flags, (mode, umask), (caller, changes), &register)
        };
        let (view, changes) = (Arc::clone(&self.view), self.changes.clone());
        let Asked { under_way, ticket } = asked;
        self.view.gate().run(ticket, move |pass| {
            let Some(pass) = pass else {
                under_way.fail(&SILENT);
                return reply.error(Errno::EIO);
            };
            match create(&view, None, &reply) {
                Err(RequestError::Later) if changes.is_open() => {
                    let Some(ticket) = pass.hand_over() else { return under_way.fail(&SILENT) };
                    let _ = changes.submit(move |changes| match view.gate().resume(ticket) {
                        None => {
                            under_way.fail(&SILENT);
                            reply.error(Errno::EIO);
                        }
                        Some(pass) => {
                            let created = create(&view, Some(changes), &reply);
                            conclude(&view, pass, under_way, created, |view, created| {
                                answer_create(view, reply, parent, created);
                            });
                        }
                    });
                }
                created => conclude(&view, pass, under_way, created, |view, created| {
                    answer_create(view, reply, parent, created);
                }),
            }
        });
    }

    /// Writes to an open file. The bytes are copied only where the request has to wait for a seat.
    pub(super) fn write_file(
        &self,
        asked: Asked,
        (file, offset): (u64, u64),
        data: &[u8],
        clears_for: Option<Caller>,
        reply: ReplyWrite,
    ) {
        let gate = self.view.gate();
        if let Some(pass) = gate.sit(asked.ticket) {
            let written = self.view.write(file, offset, data, clears_for);
            conclude(&self.view, pass, asked.under_way, written, |_, written| reply_written(reply, written));
            return gate.work_off();
        }
        let (asked, data) = (asked.carrying(data.len()), data.to_vec());
        let work = move |view: &View<BackingId>| view.write(file, offset, &data, clears_for);
        self.ask(asked, work, move |_, written| reply_written(reply, written));
    }

    /// Closes an open file: nobody waits for that, but it has to be done.
    pub(super) fn close_file(&self, node: NodeId, file: u64) {
        let under_way = self.begin(Operation::Release);
        if virtual_row(node).is_some() {
            return self.view.release(file);
        }
        let view = Arc::clone(&self.view);
        self.close(self.view.scope_of(node), move || {
            view.release(file);
            drop(under_way);
        });
    }

    /// Lets go of a node that the kernel has forgotten.
    pub(super) fn let_go(&self, place: Place) {
        self.close(place.scope(), move || drop(place));
    }

    fn close(&self, scope: Scope, work: impl FnOnce() + Send + 'static) {
        let ticket = Ticket { unique: 0, scope, kind: Kind::Closing, cost: COST };
        self.view.gate().run(ticket, move |_pass| work());
    }
}

/// The thread that makes changes runs the rest, and answers.
fn hand_over<T: Told>(
    view: Arc<View<BackingId>>,
    changes: &ChangeQueue,
    pass: Pass<'_>,
    under_way: UnderWay,
    work: impl FnOnce(&View<BackingId>, &mut Changes) -> Result<T> + Send + 'static,
    answer: impl FnOnce(&View<BackingId>, Outcome<T>) + Send + 'static,
) {
    let Some(ticket) = pass.hand_over() else { return under_way.fail(&SILENT) };
    // When the thread has ended, dropping the reply answers.
    let _ = changes.submit(move |changes| match view.gate().resume(ticket) {
        // Whoever was given up meanwhile has an answer already: the kernel passes over the second.
        None => {
            under_way.fail(&SILENT);
            answer(&view, Err(Errno::EIO));
        }
        Some(pass) => conclude(&view, pass, under_way, work(&view, changes), answer),
    });
}
