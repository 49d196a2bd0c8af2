//! A socket in `run/`, and the thread that takes who comes.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::fs::{Mode, OFlags, open};
use rustix::net::Shutdown;

/// Takes connections until it is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: Arc<UnixListener>,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Begins to take connections at that socket; what was left at its place by a process that is gone, goes. `each` is
    /// called for one after the other.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn start(run: &Path, socket_name: &str, each: impl Fn(UnixStream) + Send + 'static) -> io::Result<Self> {
        // Through the descriptor of the folder, as the path of a socket may have only 107 bytes.
        let folder = open(run, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let name = format!("/proc/self/fd/{}/{socket_name}", folder.as_raw_fd());
        let _ = std::fs::remove_file(&name);
        let socket = Arc::new(UnixListener::bind(&name)?);
        let is_ending = Arc::new(AtomicBool::new(false));
        let (their_socket, their_ending) = (Arc::clone(&socket), Arc::clone(&is_ending));
        let thread = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || take(&their_socket, &their_ending, &each))?;
        Ok(Self { socket, is_ending, thread: Some(thread) })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Release);
        // Wakes the thread out of `accept`.
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Both);
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn take(socket: &UnixListener, is_ending: &AtomicBool, each: &dyn Fn(UnixStream)) {
    while !is_ending.load(Ordering::Acquire) {
        match socket.accept() {
            Ok((stream, _)) => each(stream),
            Err(_) if is_ending.load(Ordering::Acquire) => return,
            Err(error) => tracing::warn!(%error, "cannot take a control request"),
        }
    }
}
