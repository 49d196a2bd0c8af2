//! What commands ask of the daemon over its socket.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use crate::control::{
    Answer, Call, Caller, DAEMON_SOCKET, DaemonRequest, Frame, Listener, read_daemon_request, send_answer,
};
use crate::work::Workplace;

use super::ServeError;
use super::log::LogLevel;
use super::serve::{Event, join_within};
use super::state::Shared;
use super::status::daemon_status;

/// How many commands may be under way at once.
const AT_ONCE: usize = 64;
/// How long who wants the configuration to be read waits for it.
const RELOAD: Duration = Duration::from_secs(25);

/// Does what commands ask for, as they would do it themselves.
pub trait Runner: Send + Sync + 'static {
    /// Does it, tells the caller what a command would print, and returns the exit code.
    fn run(&self, place: Workplace, call: Call, caller: &Arc<Caller>) -> u8;
}

/// The socket, and the threads of those who have called.
pub struct Calls {
    listener: Option<Listener>,
    desk: Arc<Desk>,
}

struct Desk {
    shared: Arc<Shared>,
    runner: Arc<dyn Runner>,
    level: LogLevel,
    events: Sender<Event>,
    under_way: Mutex<Vec<UnderWay>>,
}

/// A thread that answers, and who is to be told to stop if it is to.
type UnderWay = (Option<Arc<Caller>>, JoinHandle<()>);

impl Calls {
    pub fn start(
        shared: &Arc<Shared>,
        runner: Arc<dyn Runner>,
        level: LogLevel,
        events: Sender<Event>,
    ) -> Result<Self, ServeError> {
        let desk = Arc::new(Desk { shared: Arc::clone(shared), runner, level, events, under_way: Mutex::default() });
        let theirs = Arc::clone(&desk);
        let each = move |stream| {
            if let Err(error) = theirs.take(stream) {
                tracing::debug!(%error, "a request went unanswered");
            }
        };
        let run = shared.place().state.run();
        let listener = Listener::start(&run, DAEMON_SOCKET, each);
        let listener = listener.map_err(|source| ServeError::Start { what: "the socket for commands", source })?;
        Ok(Self { listener: Some(listener), desk })
    }

    /// Takes no more, and has stopped what is under way; waits for it so long at most.
    pub fn end(mut self, at_most: Duration) {
        self.listener = None;
        let run = self.desk.shared.place().state.run();
        let _ = std::fs::remove_file(run.join(DAEMON_SOCKET));
        let under_way = std::mem::take(&mut *self.desk.under_way.lock());
        under_way.iter().filter_map(|(caller, _)| caller.as_ref()).for_each(|caller| caller.stop());
        join_within(under_way.into_iter().map(|(_, thread)| thread).collect(), at_most);
    }
}

impl Desk {
    fn take(self: &Arc<Self>, mut stream: UnixStream) -> std::io::Result<()> {
        let request = match read_daemon_request(&stream) {
            Ok(request) => request,
            Err(error) => {
                return send_answer(&mut stream, &Answer::Failed(format!("the request is not understood: {error}")));
            }
        };
        match request {
            DaemonRequest::Call(call) => self.begin_call(call, stream),
            DaemonRequest::Jobs => {
                self.shared.bell.ring();
                send_answer(&mut stream, &Answer::Done)
            }
            DaemonRequest::Status => {
                let answer = match daemon_status(&self.shared) {
                    Ok(status) => Answer::Status(serde_json::to_value(status)?),
                    Err(error) => Answer::Failed(error.to_string()),
                };
                send_answer(&mut stream, &answer)
            }
            DaemonRequest::Level(level) => {
                let answer =
                    self.level.set(&level).map_or_else(|error| Answer::Failed(error.to_string()), |()| Answer::Done);
                send_answer(&mut stream, &answer)
            }
            DaemonRequest::Reload => self.reload(stream),
        }
    }

    /// Not on the thread that takes requests, as unmounting may need it.
    fn reload(self: &Arc<Self>, mut stream: UnixStream) -> std::io::Result<()> {
        let desk = Arc::clone(self);
        let wait = move || {
            let (answer, outcome) = channel();
            let is_sent = desk.events.send(Event::Reload(Some(answer))).is_ok();
            let answer = match is_sent.then(|| outcome.recv_timeout(RELOAD)) {
                Some(Ok(Ok(()))) => Answer::Done,
                Some(Ok(Err(why))) => Answer::Failed(why),
                _ => Answer::Failed(
                    "the daemon is busy; its log will tell whether the configuration was taken".to_owned(),
                ),
            };
            let _ = send_answer(&mut stream, &answer);
        };
        self.begin(None, wait)
    }

    fn begin_call(self: &Arc<Self>, call: Call, stream: UnixStream) -> std::io::Result<()> {
        let caller = Caller::at(stream)?;
        if self.shared.stop.is_cancelled() || self.is_full() {
            caller.tell(&Frame::Err("error: the daemon takes no more work at present; try again later\n".to_owned()));
            caller.tell(&Frame::End(1));
            return Ok(());
        }
        let (desk, theirs) = (Arc::clone(self), Arc::clone(&caller));
        let work = move || {
            let place = desk.shared.place();
            tracing::info!(command = %shown(&call), "begun for a command");
            let code = desk.runner.run(place.as_ref().clone(), call, &theirs);
            theirs.tell(&Frame::End(code));
            desk.shared.bell.ring();
        };
        self.begin(Some(caller), work)
    }

    fn is_full(&self) -> bool {
        let mut under_way = self.under_way.lock();
        under_way.retain(|(_, thread)| !thread.is_finished());
        under_way.len() >= AT_ONCE
    }

    fn begin(&self, caller: Option<Arc<Caller>>, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("call".to_owned()).spawn(work)?;
        let mut under_way = self.under_way.lock();
        under_way.retain(|(_, thread)| !thread.is_finished());
        under_way.push((caller, thread));
        Ok(())
    }
}

fn shown(call: &Call) -> String {
    call.arguments.iter().map(|argument| crate::model::show_bytes(argument)).collect::<Vec<_>>().join(" ")
}
