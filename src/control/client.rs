//! Asking a mounting process.

use std::io::{self, BufRead, BufReader, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use serde::Serialize;

use super::registry::socket_name;
use super::{Answer, LINE_BYTES_MAX, PATIENCE, Request};

/// Asks the process that mounts there.
///
/// # Errors
/// When nobody is there, or the answer is that it failed.
pub fn ask(run: &Path, mountpoint: &Path, request: Request) -> io::Result<Answer> {
    let mut stream = connect(run, &socket_name(mountpoint))?;
    send(&mut stream, &request)?;
    let mut line = Vec::new();
    BufReader::new(stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    understand(&line)
}

/// The source folder of the mount there, as its process opened it before mounting: what is reached through it is the
/// media itself, whatever is mounted over it.
///
/// # Errors
/// When nobody is there or no descriptor comes.
pub fn source_of(run: &Path, mountpoint: &Path) -> io::Result<OwnedFd> {
    let mut stream = connect(run, &socket_name(mountpoint))?;
    send(&mut stream, &Request::Source)?;
    let mut bytes = [0; 256];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(&stream, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    understand(&bytes[..received.bytes])?;
    let descriptors = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    descriptors.flatten().next().ok_or_else(|| io::Error::other("the mounting process sent no descriptor"))
}

/// Connects to a socket in `run/`.
pub(super) fn connect(run: &Path, socket_name: &str) -> io::Result<UnixStream> {
    // Through the descriptor of the folder, as the path of a socket may have only 107 bytes.
    let folder = open(run, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let name = format!("/proc/self/fd/{}/{socket_name}", folder.as_raw_fd());
    let stream = UnixStream::connect(name)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends a request.
pub(super) fn send(stream: &mut UnixStream, request: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Reads an answer.
pub(super) fn understand(line: &[u8]) -> io::Result<Answer> {
    match serde_json::from_slice(line)? {
        Answer::Failed(why) => Err(io::Error::other(why)),
        answer => Ok(answer),
    }
}
