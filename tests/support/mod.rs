//! What the tests that mount share.
//!
//! A test asks for its [`Folders`], fills the source where it needs to, and mounts. Where that is not possible (no
//! `/dev/fuse`, not root) it says so and passes.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of this")]

mod elsewhere;
mod films;
mod hanging;
mod map;
mod mount;
mod old_schema;
mod user;
mod watchdog;

pub use elsewhere::Elsewhere;
pub use films::{FILM_COUNT, Films, contents, lists, names, set, stderr};
pub use hanging::Hanging;
pub use map::Map;
pub use mount::{Folders, TestMount, posterfs};
pub use old_schema::with_old_schema;
pub use user::{DAEMON, NOBODY, ROOT, User};
pub use watchdog::Watchdog;

use std::fmt::Debug;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Gid, Uid, chmod, chown};

/// Writes a new file, or an old one anew.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    File::create(path.as_ref()).unwrap().write_all(bytes.as_ref()).unwrap();
}

/// Writes a file and sets its owner, group and mode.
pub fn write_as(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>, owner: &User, mode: u32) {
    write(path.as_ref(), bytes);
    chown(path.as_ref(), Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid))).unwrap();
    chmod(path.as_ref(), mode.into()).unwrap();
}

/// Does the same in the plain folder and in the view, and demands the same outcome.
#[track_caller]
pub fn alike<T: Debug + PartialEq>(mount: &TestMount, what: impl Debug, work: impl Fn(&Path) -> T) {
    let plain = work(&mount.plain());
    let view = work(&mount.view());
    assert_eq!(view, plain, "left: the view, right: a plain folder; {what:?}");
}

/// Waits, a bounded time, until something has come about that another thread or process is to bring about.
#[track_caller]
pub fn wait_for(mut has_come_about: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !has_come_about() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it has not come about in time");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether tests that can go on for longer are to.
#[expect(clippy::disallowed_methods, reason = "how long tests run is no setting of the program")]
pub fn is_long() -> bool {
    std::env::var_os("POSTERFS_LONG_TESTS").is_some_and(|value| value == "1")
}
