//! The daemon's socket: `run/daemon.sock`.
//!
//! A request is one line of JSON, and so is the answer; only [`DaemonRequest::Call`] is answered by many lines
//! ([`Frame`]), until the one that ends it. Who hangs up before that wants the work to be stopped.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustix::net::sockopt::socket_peercred;
use serde::{Deserialize, Serialize};

use super::client::{connect, send};
use super::{Answer, LINE_BYTES_MAX, PATIENCE};

/// The daemon's socket in `run/`.
pub const DAEMON_SOCKET: &str = "daemon.sock";

/// What is asked of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DaemonRequest {
    /// How it is.
    Status,
    /// Read the configuration again.
    Reload,
    /// Log that much from now on.
    Level(String),
    /// There are new jobs: look now.
    Jobs,
    /// Do what a command asks for.
    Call(Call),
}

/// A command that is done in the daemon, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its arguments behind the name of the program. They need not be UTF-8.
    pub arguments: Vec<Vec<u8>>,
    /// The folder it was typed in.
    pub directory: Vec<u8>,
    /// Whether somebody looks how far it is.
    pub shows_progress: bool,
}

/// What the daemon answers while it does what a command asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// For stdout.
    Out(String),
    /// For stderr.
    Err(String),
    /// A part of the work begins.
    Start {
        /// What is counted.
        noun: String,
        /// How many there will be, where that is known.
        total: Option<u64>,
    },
    /// There are so many more.
    Extend(u64),
    /// So many more are done.
    Advance(u64),
    /// The part is over.
    Finish,
    /// The end, with the exit code.
    End(u8),
}

/// Asks the daemon for something that is answered at once.
///
/// # Errors
/// When no daemon is there, or the answer is that it failed.
pub fn ask_daemon(run: &Path, request: &DaemonRequest) -> io::Result<Answer> {
    let mut stream = connect(run, DAEMON_SOCKET)?;
    send(&mut stream, request)?;
    let mut line = Vec::new();
    BufReader::new(stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    super::client::understand(&line)
}

/// Has the daemon do what a command asks for, and hands on what it answers. The exit code; `None` when no daemon is there.
///
/// # Errors
/// When the daemon ends before the work does.
pub fn call_daemon(run: &Path, call: Call, mut each: impl FnMut(Frame)) -> io::Result<Option<u8>> {
    let Ok(mut stream) = connect(run, DAEMON_SOCKET) else { return Ok(None) };
    send(&mut stream, &DaemonRequest::Call(call))?;
    // It may take hours, and the daemon may have nothing to say for long.
    stream.set_read_timeout(None)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::Error::other("the daemon ended before the work did; what it had done is kept"));
        }
        match serde_json::from_slice(&line)? {
            Frame::End(code) => return Ok(Some(code)),
            frame => each(frame),
        }
    }
}

/// Who has called the daemon, and is told how its work goes.
#[derive(Debug)]
pub struct Caller {
    stream: Mutex<UnixStream>,
    is_stopped: AtomicBool,
}

impl Caller {
    /// The one at the other end, who may hang up at any time.
    ///
    /// # Errors
    /// When nobody can be made to watch the connection.
    pub fn at(stream: UnixStream) -> io::Result<Arc<Self>> {
        stream.set_read_timeout(None)?;
        let mut theirs = stream.try_clone()?;
        let caller = Arc::new(Self { stream: Mutex::new(stream), is_stopped: AtomicBool::new(false) });
        let watched = Arc::downgrade(&caller);
        std::thread::Builder::new().name("caller".to_owned()).spawn(move || {
            // Nothing is said on this side any more, so whatever comes is the end.
            let _ = theirs.read(&mut [0]);
            if let Some(caller) = watched.upgrade() {
                caller.stop();
            }
        })?;
        Ok(caller)
    }

    /// Tells something. Who cannot be told any more has hung up.
    pub fn tell(&self, frame: &Frame) {
        let written = serde_json::to_vec(frame).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            self.stream.lock().write_all(&line)
        });
        if written.is_err() {
            self.stop();
        }
    }

    /// Tells that its work is to stop.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// Whether its work is to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// The user it is.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn uid(&self) -> io::Result<u32> {
        Ok(socket_peercred(&*self.stream.lock())?.uid.as_raw())
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // Ends the thread that watches, and the wait at the other end.
        let _ = self.stream.lock().shutdown(Shutdown::Both);
    }
}

/// Reads what is asked of the daemon.
///
/// # Errors
/// When it is not understood, or does not come in time.
pub fn read_daemon_request(stream: &UnixStream) -> io::Result<DaemonRequest> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = Vec::new();
    BufReader::new(stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}
