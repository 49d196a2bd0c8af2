//! Answering.

use std::io::{self, BufRead, BufReader, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::fs::{Mode, OFlags, open};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, sendmsg};

use super::{Answer, LINE_BYTES_MAX, PATIENCE, Registration, Request};

/// What a mounting process does when asked.
pub trait Handler: Send + Sync + 'static {
    /// Does it and says how it went.
    fn handle(&self, request: Request) -> Answer;
    /// The source folder.
    fn source(&self) -> Arc<OwnedFd>;
}

/// The thread that answers; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    listener: Arc<UnixListener>,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Begins to answer at the registration's socket.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn start(registration: &Registration, handler: Arc<dyn Handler>) -> io::Result<Self> {
        let folder = open(registration.run(), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let name = format!("/proc/self/fd/{}/{}", folder.as_raw_fd(), registration.socket_name());
        let _ = std::fs::remove_file(&name);
        let listener = Arc::new(UnixListener::bind(&name)?);
        let is_ending = Arc::new(AtomicBool::new(false));
        let (their_listener, their_ending) = (Arc::clone(&listener), Arc::clone(&is_ending));
        let thread = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || serve(&their_listener, &their_ending, handler.as_ref()))?;
        Ok(Self { listener, is_ending, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Release);
        // Wakes the thread out of `accept`.
        let _ = rustix::net::shutdown(&self.listener, Shutdown::Both);
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &UnixListener, is_ending: &AtomicBool, handler: &dyn Handler) {
    while !is_ending.load(Ordering::Acquire) {
        match listener.accept() {
            Ok((stream, _)) => {
                if let Err(error) = answer(stream, handler) {
                    tracing::debug!(%error, "a control request went unanswered");
                }
            }
            Err(_) if is_ending.load(Ordering::Acquire) => return,
            Err(error) => tracing::warn!(%error, "cannot take a control request"),
        }
    }
}

fn answer(mut stream: UnixStream, handler: &dyn Handler) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = Vec::new();
    BufReader::new(&stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    match serde_json::from_slice(&line) {
        Ok(Request::Source) => send_source(&stream, &handler.source()),
        Ok(request) => send(&mut stream, &handler.handle(request)),
        Err(error) => send(&mut stream, &Answer::Failed(format!("the request is not understood: {error}"))),
    }
}

fn send(stream: &mut UnixStream, answer: &Answer) -> io::Result<()> {
    stream.write_all(&line(answer)?)
}

fn send_source(stream: &UnixStream, source: &OwnedFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [source.as_fd()];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(stream, &[IoSlice::new(&line(&Answer::Done)?)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn line(answer: &Answer) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    Ok(line)
}
