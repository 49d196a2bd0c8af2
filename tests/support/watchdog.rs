//! A stuck mount must not hang the tests: calls on it cannot even be killed.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

/// Cuts a connection off when it is not dropped in time.
pub struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    /// Begins to watch the connection with that number.
    pub fn new(connection: u32, deadline: Duration) -> Self {
        let (alive, ended) = channel();
        std::thread::spawn(move || {
            if ended.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout) {
                eprintln!("the mount hangs after {deadline:?}: cutting it off, what waits for it gets errors");
                abort(connection);
            }
        });
        Self { _alive: alive }
    }
}

/// Makes everything that waits for the daemon fail. The control file system is mounted for it if nobody has.
fn abort(connection: u32) {
    let file = format!("{connection}/abort");
    if cut(&Path::new("/sys/fs/fuse/connections").join(&file)) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    if let Err(error) = mount("none", folder.path(), "fusectl", MountFlags::empty(), None) {
        eprintln!("cannot reach the control file system: {error}");
        return;
    }
    cut(&folder.path().join(&file));
    unmount(folder.path(), UnmountFlags::DETACH).unwrap();
}

fn cut(file: &Path) -> bool {
    let opened = std::fs::File::options().write(true).open(file);
    opened.and_then(|mut file| std::io::Write::write_all(&mut file, b"1")).is_ok()
}
