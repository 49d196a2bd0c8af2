//! Kernel, FUSE, rights and clock.

use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::{Resource, geteuid, getrlimit};
use rustix::thread::{CapabilitySet, capabilities};

use crate::model::UnixSeconds;
use crate::streams::Prober;

use super::Finding;

/// The oldest kernel that the mount is made for.
const KERNEL_MIN: (u32, u32) = (5, 10);

/// The first kernel that serves files by itself.
const KERNEL_PASSTHROUGH: (u32, u32) = (6, 9);

/// With fewer descriptors than this a media server's open files, or a tree without file handles, may run out of them.
const DESCRIPTORS_MIN: u64 = 16_384;

/// The beginning of 2025, in seconds since 1970. Nobody can have this program at an earlier time.
const EARLIEST: i64 = 1_735_689_600;

/// How far apart two clocks may be, in seconds.
const CLOCK_SLACK: i64 = 60;

/// What does not depend on any folder.
#[must_use]
pub fn machine() -> Vec<Finding> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let has_admin = capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN));
    let device = open("/dev/fuse", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).map(drop);
    vec![
        kernel(release.trim()),
        fuse_device(device, geteuid().is_root()),
        helper(has_admin),
        passthrough(release.trim(), has_admin),
        descriptors(getrlimit(Resource::Nofile).maximum),
    ]
}

/// Whether the present time can be right. `last_publish` is when something was published last.
#[must_use]
pub fn clock(now: UnixSeconds, last_publish: Option<UnixSeconds>) -> Finding {
    const REMEDY: &str = "set the clock, for example with `timedatectl set-ntp true`";
    if now.get() < EARLIEST {
        return Finding::fail("clock", format!("the clock is wrong: {} seconds since 1970", now.get()), REMEDY);
    }
    match last_publish.map(|last| last.get().saturating_sub(now.get())) {
        Some(ahead) if ahead > CLOCK_SLACK => {
            Finding::warn("clock", format!("the last publish was {ahead} seconds in the future"), REMEDY)
        }
        _ => Finding::ok("clock", "the clock is not behind what was published"),
    }
}

fn kernel(release: &str) -> Finding {
    match version(release) {
        Some(version) if version >= KERNEL_MIN => Finding::ok("kernel", format!("Linux {release}")),
        Some(_) => Finding::fail("kernel", format!("Linux {release} is too old"), "use Linux 5.10 or newer"),
        None => Finding::warn("kernel", format!("cannot tell which Linux {release:?} is"), "use Linux 5.10 or newer"),
    }
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn fuse_device(opened: Result<(), Errno>, is_root: bool) -> Finding {
    const MISSING: &str = "load it with `modprobe fuse`, in a container pass it in with `--device /dev/fuse`; \
                           `posterfs export` works without";
    match opened {
        Ok(()) => Finding::ok("fuse", "/dev/fuse can be opened"),
        // The helper opens it with the rights of the user that it mounts for.
        Err(Errno::ACCESS | Errno::PERM) if !is_root => Finding::fail(
            "fuse",
            "/dev/fuse is there, but this user may not open it",
            "`chmod 666 /dev/fuse`, or mount as root; `posterfs export` works without",
        ),
        Err(Errno::ACCESS | Errno::PERM) => Finding::fail(
            "fuse",
            "/dev/fuse may not be opened",
            "in a container, allow the device (`--device /dev/fuse --cap-add SYS_ADMIN`)",
        ),
        Err(Errno::NOENT | Errno::NODEV | Errno::NXIO) => Finding::fail("fuse", "FUSE is not there", MISSING),
        Err(error) => Finding::fail("fuse", format!("cannot open /dev/fuse: {error}"), MISSING),
    }
}

fn helper(has_admin: bool) -> Finding {
    if has_admin {
        return Finding::ok("fusermount3", "not needed: this user may mount");
    }
    let asked = Command::new("fusermount3").arg("--version").stdin(Stdio::null()).output();
    match asked {
        Ok(output) if output.status.success() => {
            Finding::ok("fusermount3", String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => Finding::fail(
            "fusermount3",
            "users other than root mount with `fusermount3`, which is not there",
            "install it (Debian: `apt-get install fuse3`), or mount as root",
        ),
    }
}

fn passthrough(release: &str, has_admin: bool) -> Finding {
    let is_new_enough = version(release).is_some_and(|version| version >= KERNEL_PASSTHROUGH);
    match (is_new_enough, has_admin) {
        (true, true) => Finding::ok("passthrough", "the kernel can read and write files of a view by itself"),
        (false, _) => Finding::warn(
            "passthrough",
            "this kernel cannot read and write files of a view by itself; they are served through the page cache",
            "use Linux 6.9 or newer",
        ),
        (true, false) => Finding::warn(
            "passthrough",
            "only root's mounts are read and written by the kernel itself; others go through the page cache",
            "mount as root",
        ),
    }
}

fn descriptors(limit: Option<u64>) -> Finding {
    match limit {
        Some(limit) if limit < DESCRIPTORS_MIN => Finding::warn(
            "descriptors",
            format!("a process may have {limit} files open at most"),
            "raise the hard limit: `LimitNOFILE=524288` in a unit, `ulimit -Hn` in a shell",
        ),
        Some(limit) => Finding::ok("descriptors", format!("a process may have {limit} files open")),
        None => Finding::ok("descriptors", "a process may have any number of files open"),
    }
}

/// Whether videos can be looked into. That they cannot is no fault: only stream details stay unknown.
#[must_use]
pub fn videos(prober: &Prober) -> Finding {
    if prober.is_there() {
        Finding::ok("videos", "ffprobe tells what is in them")
    } else {
        Finding::ok("videos", "ffprobe is not installed, so what is in them stays unknown; nothing else needs it")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn kernels() {
        for (release, verdict, with_passthrough) in [
            ("6.18.44-fc-v657", Verdict::Ok, Verdict::Ok),
            ("6.9.0", Verdict::Ok, Verdict::Ok),
            ("6.1.0-28-amd64", Verdict::Ok, Verdict::Warn),
            ("5.10.0", Verdict::Ok, Verdict::Warn),
            ("4.19.0", Verdict::Fail, Verdict::Warn),
            ("10.0-rc1", Verdict::Ok, Verdict::Ok),
            ("", Verdict::Warn, Verdict::Warn),
        ] {
            assert_eq!(kernel(release).verdict, verdict, "{release}");
            assert_eq!(passthrough(release, true).verdict, with_passthrough, "{release}");
            assert_eq!(passthrough(release, false).verdict, Verdict::Warn, "{release}");
        }
    }

    #[test]
    fn devices_limits_and_clocks() {
        assert_eq!(fuse_device(Ok(()), true).verdict, Verdict::Ok);
        assert_eq!(fuse_device(Err(Errno::NOENT), true).verdict, Verdict::Fail);
        assert_eq!(fuse_device(Err(Errno::ACCESS), true).verdict, Verdict::Fail);
        assert!(fuse_device(Err(Errno::ACCESS), false).remedy.unwrap().contains("chmod"));
        assert_eq!(descriptors(Some(1024)).verdict, Verdict::Warn);
        assert_eq!(descriptors(Some(524_288)).verdict, Verdict::Ok);
        assert_eq!(descriptors(None).verdict, Verdict::Ok);
        let absent = videos(&Prober::new(vec!["/nowhere/ffprobe".into()], std::time::Duration::from_secs(1)));
        assert!(absent.verdict == Verdict::Ok && absent.message.contains("not installed"), "{absent:?}");
        let now = UnixSeconds::new(1_800_000_000);
        assert_eq!(clock(now, None).verdict, Verdict::Ok);
        assert_eq!(clock(now, Some(UnixSeconds::new(1_800_000_030))).verdict, Verdict::Ok);
        assert_eq!(clock(now, Some(UnixSeconds::new(1_800_001_000))).verdict, Verdict::Warn);
        assert_eq!(clock(UnixSeconds::new(5), None).verdict, Verdict::Fail);
    }
}
