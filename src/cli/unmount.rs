//! `posterfs unmount`

use std::path::{Path, PathBuf};

use clap::Args;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::Serialize;

use crate::control::{Holder, Request, ask, lock_holder, mounts};
use crate::mount::{MountError, clear_dead, is_dead, is_mounted, true_place, unmount_if_idle};

use super::Outcome;
use super::context::Context;
use super::output::show_path;

/// End a view.
///
/// What is in use stays mounted, and the programs that use it are named. A dead mount, whose process is gone, is
/// cleared. The source is as it was, and shows again where the view covered it.
///
/// For example: `posterfs unmount /media/films`.
#[derive(Debug, Args)]
pub struct Unmount {
    /// Where the view is.
    #[arg(required_unless_present = "dead")]
    mountpoint: Option<PathBuf>,
    /// All views of the configuration (`[[mount]]`) whose process is gone. That there are none is no failure.
    #[arg(long, conflicts_with = "mountpoint")]
    dead: bool,
}

/// How long the mounting process is given to end after its mount is gone.
const END: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

#[derive(Debug, Serialize)]
struct Unmounted {
    mountpoint: String,
}

impl Unmount {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        if let Some(mountpoint) = self.mountpoint.filter(|_| !self.dead) {
            unmount(context, &mountpoint)?;
        } else {
            let places = context.config.mount.iter().map(|mount| true_place(&mount.mountpoint()));
            let dead: Vec<PathBuf> = places.filter(|place| is_dead(place)).collect();
            dead.iter().for_each(|place| clear_dead(place));
            tell(context, &dead)?;
        }
        Ok(Outcome::Done)
    }
}

fn unmount(context: &Context, mountpoint: &Path) -> anyhow::Result<()> {
    let mountpoint = true_place(mountpoint);
    let run = context.state.run();
    if let Some(mount) = mounts(&run).into_iter().find(|mount| mount.mountpoint == mountpoint) {
        ask(&run, &mountpoint, Request::Unmount)?;
        // The daemon goes on without it.
        let is_daemon = |holder: Holder| holder.pid == Some(mount.pid);
        if !lock_holder(&run, "daemon")?.is_some_and(is_daemon) {
            wait_for_end(mount.pid);
        }
    } else if !is_mounted(&mountpoint) {
        return Err(MountError::NotMounted { path: mountpoint }.into());
    } else if is_dead(&mountpoint) {
        clear_dead(&mountpoint);
    } else {
        // Served by a posterfs with another state folder.
        unmount_if_idle(&mountpoint)?;
    }
    tell(context, &[mountpoint])
}

fn tell(context: &Context, places: &[PathBuf]) -> anyhow::Result<()> {
    let unmounted: Vec<_> = places.iter().map(|place| Unmounted { mountpoint: show_path(place) }).collect();
    let line = |unmounted: &Unmounted| format!("{} is unmounted", unmounted.mountpoint);
    context.output.list(&unmounted, |unmounted| unmounted.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Waits for the mounting process to end, so that the same can be mounted again at once.
fn wait_for_end(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(Ok(process)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) else { return };
    let _ = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&END));
}
