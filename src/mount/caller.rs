//! Acting as the calling user.
//!
//! The kernel has judged every request already (`default_permissions`), so this is not about permission. A new file
//! must belong to its maker, follow the maker's umask and count on the maker's quota: [`Caller::create`]. What takes up space
//! is held to its user's limits: [`Caller::within_limits`]. And a change
//! by somebody without `CAP_FSETID` must clear suid and sgid bits on the source as it would there: [`Caller::change`].
//! For that the *thread* takes over file-system ids, groups and capabilities for the time of one system call.
//!
//! For requests that create, the kernel sends the maker's ids, mapped where the mount is idmapped. For all others it
//! then sends none (that is what an idmapped mount means), so who changes something is asked of `/proc`; callers do so
//! only for the few files where it matters.
//!
//! All of it is per thread: the raw calls behind `setfsuid`, `capset` and `setgroups` change the calling thread only,
//! and the umask does once the thread has left the shared file-system attributes (`unshare(CLONE_FS)`).

use std::cell::OnceCell;
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::{Gid, geteuid};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags, capabilities, set_capabilities, set_thread_groups};

type Result<T, E = Errno> = std::result::Result<T, E>;

/// The umask of our own threads while they act for nobody.
const OWN_UMASK: libc::mode_t = 0o022;

/// No such id: what the kernel sends with requests that create nothing.
const NO_ID: u32 = u32::MAX;

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// File-system user id; `u32::MAX` where the kernel does not tell.
    pub uid: u32,
    /// File-system group id; `u32::MAX` where the kernel does not tell.
    pub gid: u32,
    /// Process (thread) id as we see it; 0 when it lives in a pid namespace that we cannot see.
    pub pid: u32,
}

/// What a thread becomes for one call.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Guise {
    uid: u32,
    gid: u32,
    groups: Option<Vec<Gid>>,
    /// What it does without, of our own capabilities.
    lacks: CapabilitySet,
}

thread_local! {
    /// The full capabilities of this thread, kept once it has its own umask.
    static THREAD: OnceCell<Option<CapabilitySets>> = const { OnceCell::new() };
}

impl Caller {
    /// Runs `work`, which creates something, as this caller with this umask. `keeps_sgid`: the kernel has already
    /// decided that the caller may set the sgid bit it asks for.
    ///
    /// # Errors
    /// Those of `work`; `EPERM` when the thread cannot take over the ids, in which case `work` has not run.
    pub fn create<T>(&self, umask: u32, keeps_sgid: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let full = prepare_thread()?;
        let _umask = UmaskGuard::set(umask);
        let guise = self.guise(if keeps_sgid { CapabilitySet::empty() } else { CapabilitySet::FSETID });
        let _guard = guise.zip(full).map(|(guise, full)| GuiseGuard::take(&guise, full)).transpose()?;
        work()
    }

    /// Runs `work`, which takes up space now or lets the kernel do so later, held to the limits of this caller: blocks
    /// that the file system keeps for root, and quotas.
    ///
    /// # Errors
    /// Those of `work`; `EPERM` when the thread cannot take over the ids, in which case `work` has not run.
    pub fn within_limits<T, E: From<Errno>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        if self.is_known() {
            let guise = self.guise(CapabilitySet::empty()).zip(prepare_thread()?);
            let _guard = guise.map(|(guise, full)| GuiseGuard::take(&guise, full)).transpose()?;
            return work();
        }
        self.without(CapabilitySet::SYS_RESOURCE, work)
    }

    /// What the ids in the request make of a thread; `None` for the super-user and where there are none. Users other
    /// than the super-user lack what lifts limits, and `lacks`.
    fn guise(&self, lacks: CapabilitySet) -> Option<Guise> {
        let lacks = if self.uid == 0 { CapabilitySet::empty() } else { lacks | CapabilitySet::SYS_RESOURCE };
        let guise = Guise { uid: self.uid, gid: self.gid, groups: None, lacks };
        (self.is_known() && (self.uid, self.gid) != (0, 0)).then_some(guise)
    }

    fn is_known(&self) -> bool {
        self.uid != NO_ID && self.gid != NO_ID
    }

    /// Runs `work`, which changes a file that bears suid or sgid, as this caller: so the source clears them unless the
    /// caller may keep them. That the caller may make the change is settled.
    ///
    /// # Errors
    /// Those of `work`; `EPERM` when the thread cannot take over the ids, in which case `work` has not run.
    pub fn change<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.without(CapabilitySet::FSETID | CapabilitySet::SYS_RESOURCE, work)
    }

    /// Runs `work` as this caller, who may turn out not to own the file.
    ///
    /// # Errors
    /// Those of `work`; `EPERM` when the thread cannot take over the ids, in which case `work` has not run.
    pub fn change_own<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.without(CapabilitySet::FSETID | CapabilitySet::FOWNER | CapabilitySet::CHOWN, work)
    }

    /// Whether this caller may write to a file without suid and sgid going.
    #[must_use]
    pub fn keeps_bits(&self) -> bool {
        Guise::of_process(self.pid, CapabilitySet::FSETID).lacks.is_empty()
    }

    /// Whether this caller has `CAP_SYS_ADMIN`.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        Guise::of_process(self.pid, CapabilitySet::SYS_ADMIN).lacks.is_empty()
    }

    /// Whether this caller has a file with one of those inode numbers open for writing; `None` when it has no open files that we
    /// can see, as the kernel's own threads (NFS). Looks at `/proc` only, never at the files.
    #[must_use]
    pub fn has_open_for_writing(&self, inodes: &[u64]) -> Option<bool> {
        let files = std::fs::read_dir(format!("/proc/{}/fdinfo", self.pid)).ok()?;
        let mut infos = files.flatten().map(|file| status_of(file.path())).filter(|info| !info.is_empty()).peekable();
        infos.peek()?;
        Some(infos.any(|info| {
            let field = |name| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let flags = field("flags:").and_then(|octal| i32::from_str_radix(octal, 8).ok()).unwrap_or(libc::O_RDONLY);
            flags & libc::O_ACCMODE != libc::O_RDONLY
                && field("ino:").and_then(|ino| ino.parse().ok()).is_some_and(|ino| inodes.contains(&ino))
        }))
    }

    /// Runs `work` as this caller, with those of `capabilities` only that the caller has.
    fn without<T, E: From<Errno>>(
        &self,
        capabilities: CapabilitySet,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(full) = prepare_thread()? else { return work() };
        let guise = Guise::of_process(self.pid, capabilities);
        if guise.lacks.is_empty() {
            return work();
        }
        let _guard = GuiseGuard::take(&guise, full)?;
        work()
    }
}

impl Guise {
    /// That of a running process, for which those of `capabilities` matter; without them when it cannot be looked at.
    fn of_process(pid: u32, capabilities: CapabilitySet) -> Self {
        let status = if pid == 0 { String::new() } else { status_of(format!("/proc/{pid}/status")) };
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        // `Uid:` and `Gid:` list real, effective, saved and file-system id.
        let fs_id = |name| field(name).split_ascii_whitespace().nth(3).and_then(|id| id.parse().ok()).unwrap_or(0);
        let effective = u64::from_str_radix(field("CapEff:").trim(), 16).unwrap_or(0);
        let has =
            if shares_our_users(pid) { CapabilitySet::from_bits_retain(effective) } else { CapabilitySet::empty() };
        Self {
            uid: fs_id("Uid:"),
            gid: fs_id("Gid:"),
            groups: Some(groups_in(&status)),
            lacks: capabilities.difference(has),
        }
    }
}

/// Whether a process has its capabilities over the same users as we do, and not in a user namespace of its own.
fn shares_our_users(pid: u32) -> bool {
    let users_of = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/user")).ok();
    users_of(&pid.to_string()).is_some_and(|theirs| users_of("self") == Some(theirs))
}

/// Gives the thread its own umask; its capabilities when it may change ids at all, `None` for a process of a plain
/// user, which acts as itself.
fn prepare_thread() -> Result<Option<CapabilitySets>> {
    THREAD.with(|cell| {
        if let Some(known) = cell.get() {
            return Ok(*known);
        }
        // SAFETY: CLONE_FS separates umask, root and working folder of this thread; nothing in this process relies on
        // their being shared, and the descriptor table stays shared.
        unsafe { rustix::thread::unshare_unsafe(UnshareFlags::FS) }?;
        let full = if geteuid().is_root() { Some(capabilities(None)?) } else { None };
        Ok(*cell.get_or_init(|| full))
    })
}

struct UmaskGuard;

impl UmaskGuard {
    fn set(umask: u32) -> Self {
        // SAFETY: umask cannot fail and touches no memory.
        unsafe { libc::umask(umask & 0o777) };
        Self
    }
}

impl Drop for UmaskGuard {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { libc::umask(OWN_UMASK) };
    }
}

/// Gives the thread's own ids back when dropped. Capabilities come last: going back to user 0 is what permits raising
/// them.
struct GuiseGuard {
    full: CapabilitySets,
    has_groups: bool,
}

impl GuiseGuard {
    fn take(guise: &Guise, full: CapabilitySets) -> Result<Self> {
        own_groups();
        let guard = Self { full, has_groups: guise.groups.is_some() };
        if let Some(groups) = &guise.groups {
            set_thread_groups(groups)?;
        }
        set_fs_ids(guise.uid, guise.gid)?;
        let mut reduced = full;
        reduced.effective.remove(guise.lacks);
        // Leaving user 0 has dropped the file-system capabilities; all others of them are needed.
        set_capabilities(None, reduced)?;
        Ok(guard)
    }
}

impl Drop for GuiseGuard {
    fn drop(&mut self) {
        let own_groups: Result<()> = if self.has_groups { set_thread_groups(own_groups()) } else { Ok(()) };
        let restored = set_fs_ids(0, 0).and(set_capabilities(None, self.full)).and(own_groups);
        if let Err(error) = restored {
            // A thread that stays somebody else would act with the wrong rights for everyone after: end the process,
            // the service manager starts it anew.
            tracing::error!(%error, "cannot return to the daemon's own ids");
            std::process::abort();
        }
    }
}

fn set_fs_ids(uid: u32, gid: u32) -> Result<()> {
    // SAFETY: both calls take plain numbers and touch no memory. They report the former id, never an error, so the
    // result is asked for with an id that does not exist.
    let (now_uid, now_gid) = unsafe {
        libc::setfsgid(gid);
        libc::setfsuid(uid);
        (libc::setfsuid(u32::MAX), libc::setfsgid(u32::MAX))
    };
    if now_uid.cast_unsigned() == uid && now_gid.cast_unsigned() == gid { Ok(()) } else { Err(Errno::PERM) }
}

/// The daemon's own supplementary groups.
fn own_groups() -> &'static [Gid] {
    static GROUPS: OnceLock<Vec<Gid>> = OnceLock::new();
    GROUPS.get_or_init(|| groups_in(&status_of("/proc/self/status")))
}

/// What `/proc` tells of a process; nothing when it is gone.
pub(super) fn status_of(path: impl AsRef<std::path::Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn groups_in(status: &str) -> Vec<Gid> {
    let line = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap_or_default();
    let ids = line.split_ascii_whitespace().filter_map(|id| id.parse().ok());
    ids.filter(|id| *id != NO_ID).map(Gid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, Mode, OFlags, fstat, openat};

    use super::*;

    #[test]
    fn a_file_made_for_a_caller_belongs_to_the_caller() {
        if !geteuid().is_root() {
            eprintln!("skipped: only root can act as somebody else");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, caller: Caller| {
            let path = folder.path().join(name);
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
            fstat(caller.create(0o027, false, || openat(CWD, &path, flags, Mode::from(0o666))).unwrap()).unwrap()
        };
        let theirs = make("theirs", Caller { uid: 1234, gid: 5678, pid: 0 });
        assert_eq!((theirs.st_uid, theirs.st_gid, theirs.st_mode & 0o7777), (1234, 5678, 0o640));
        let ours = make("ours", Caller { uid: 0, gid: 0, pid: 0 });
        assert_eq!((ours.st_uid, ours.st_gid), (0, 0));
        assert!(capabilities(None).unwrap().effective.contains(CapabilitySet::FSETID));
    }

    #[test]
    fn a_writer_is_told_from_a_reader() {
        let file = tempfile::tempfile().unwrap();
        let inode = fstat(&file).unwrap().st_ino;
        let ours = Caller { uid: 0, gid: 0, pid: std::process::id() };
        assert_eq!(ours.has_open_for_writing(&[0, inode]), Some(true));
        let program = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(ours.has_open_for_writing(&[fstat(&program).unwrap().st_ino]), Some(false));
        assert_eq!(Caller { pid: 0, ..ours }.has_open_for_writing(&[inode]), None);
    }

    #[test]
    fn a_process_is_looked_up_by_its_number() {
        let own = Guise::of_process(std::process::id(), CapabilitySet::FSETID);
        assert_eq!(own.uid, geteuid().as_raw());
        assert_eq!(own.lacks.is_empty(), geteuid().is_root());
        let unseen = Guise::of_process(0, CapabilitySet::FSETID);
        assert_eq!(unseen.lacks, CapabilitySet::FSETID, "who cannot be seen has no rights");
    }
}
