//! Answering for a mount.

use std::io::{self, BufRead, BufReader, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::listener::Listener;
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
    _listener: Listener,
}

impl Server {
    /// Begins to answer at the registration's socket.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn start(registration: &Registration, handler: Arc<dyn Handler>) -> io::Result<Self> {
        let each = move |stream| {
            if let Err(error) = answer(stream, handler.as_ref()) {
                tracing::debug!(%error, "a control request went unanswered");
            }
        };
        Ok(Self { _listener: Listener::start(registration.run(), &registration.socket_name(), each)? })
    }
}

fn answer(mut stream: UnixStream, handler: &dyn Handler) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = Vec::new();
    BufReader::new(&stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    match serde_json::from_slice(&line) {
        Ok(Request::Source) => send_source(&stream, &handler.source()),
        Ok(request) => send_answer(&mut stream, &handler.handle(request)),
        Err(error) => send_answer(&mut stream, &Answer::Failed(format!("the request is not understood: {error}"))),
    }
}

/// Sends one answer.
///
/// # Errors
/// When the other side is gone.
pub fn send_answer(stream: &mut UnixStream, answer: &Answer) -> io::Result<()> {
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
