//! Doing something as another user.

use rustix::fs::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// A user with groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups.
    pub groups: &'static [u32],
}

/// The super-user.
pub const ROOT: User = User { uid: 0, gid: 0, groups: &[] };
/// A user who owns nothing.
pub const NOBODY: User = User { uid: 65534, gid: 65534, groups: &[] };
/// A user who is also in the groups 2 and 65534.
pub const DAEMON: User = User { uid: 1, gid: 1, groups: &[2, 65534] };

impl User {
    /// Does something as this user.
    ///
    /// Linux keeps ids per thread, and the raw calls change nobody else's: so a thread is enough.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.become_it();
                work()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Turns the calling thread into this user, for good.
    pub fn become_it(&self) {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        let groups: Vec<Gid> = self.groups.iter().copied().map(Gid::from_raw).collect();
        set_thread_groups(&groups).unwrap();
        set_thread_res_gid(gid, gid, gid).unwrap();
        set_thread_res_uid(uid, uid, uid).unwrap();
    }
}
