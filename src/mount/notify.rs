//! Telling the kernel to drop what it holds.
//!
//! All notifications go through one thread that serves no requests: the kernel waits, inside the notification, for
//! requests under way in the same folder, so a request that sent one would wait for itself. Requests only put a line
//! into the queue; the queue is never full.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::{Condvar, Mutex};

use crate::model::Name;

use super::nodes::NodeId;

/// Something the kernel may hold that is no longer so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stale {
    /// What the name means in that folder (also: that it means nothing).
    Entry(NodeId, Name),
    /// The attributes, listing and cached pages of the node.
    Inode(NodeId),
    /// The attributes of the node.
    Attributes(NodeId),
    /// What every name means: folders have moved, or the catalog was replaced.
    Everything,
}

/// Sends the notifications; made from the session once there is one.
pub trait KernelCache: Send {
    /// Drops what is stale. What the kernel does not hold is no error.
    ///
    /// # Errors
    /// When the device is gone.
    fn drop_stale(&self, stale: &Stale) -> std::io::Result<()>;
}

/// The queue, for those who notice that something is stale.
#[derive(Debug, Clone)]
pub struct Notices {
    sender: Sender<Stale>,
    pending: Arc<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    sent: AtomicU64,
    done: Mutex<u64>,
    advanced: Condvar,
}

/// The other end, for the thread.
#[derive(Debug)]
pub struct NoticeQueue {
    receiver: Receiver<Stale>,
    pending: Arc<Pending>,
}

/// A queue and its two ends.
#[must_use]
pub fn queue() -> (Notices, NoticeQueue) {
    let (sender, receiver) = channel();
    let pending = Arc::new(Pending::default());
    (Notices { sender, pending: Arc::clone(&pending) }, NoticeQueue { receiver, pending })
}

impl Notices {
    /// Puts a line into the queue. After the session's end it goes nowhere.
    pub fn push(&self, stale: Stale) {
        self.pending.sent.fetch_add(1, Ordering::AcqRel);
        let _ = self.sender.send(stale);
    }

    /// Waits until everything that was in the queue is done with, at most that long. Never call it from a request.
    #[must_use]
    pub fn settle(&self, at_most: std::time::Duration) -> bool {
        let target = self.pending.sent.load(Ordering::Acquire);
        let mut done = self.pending.done.lock();
        let outcome = self.pending.advanced.wait_while_for(&mut done, |done| *done < target, at_most);
        !outcome.timed_out()
    }
}

impl NoticeQueue {
    /// Works the queue off until every [`Notices`] is gone. The body of the notifier thread.
    pub fn run(self, kernel: &dyn KernelCache) {
        for stale in self.receiver {
            if let Err(error) = kernel.drop_stale(&stale) {
                tracing::debug!(?stale, %error, "the kernel did not take a notification");
            }
            *self.pending.done.lock() += 1;
            self.pending.advanced.notify_all();
        }
    }
}

/// The kernel's end of a session.
#[derive(Debug)]
pub struct Kernel {
    /// The library's way of notifying.
    pub notifier: fuser::Notifier,
    /// The device itself, for the notification that the library does not know.
    pub device: OwnedFd,
}

/// `FUSE_NOTIFY_INC_EPOCH` (Linux 6.16): every name is looked up anew when it is next used.
const NOTIFY_NEW_EPOCH: i32 = 8;

impl KernelCache for Kernel {
    fn drop_stale(&self, stale: &Stale) -> std::io::Result<()> {
        match stale {
            Stale::Entry(folder, name) => self.notifier.inval_entry(fuser::INodeNo(*folder), name.as_os_str()),
            Stale::Inode(node) => self.notifier.inval_inode(fuser::INodeNo(*node), 0, 0),
            Stale::Attributes(node) => self.notifier.inval_inode(fuser::INodeNo(*node), -1, 0),
            Stale::Everything => {
                // A header alone: its length, the code in the place of the error, and no request that it answers.
                let header =
                    [&16_u32.to_ne_bytes()[..], &NOTIFY_NEW_EPOCH.to_ne_bytes(), &0_u64.to_ne_bytes()].concat();
                rustix::io::write(&self.device, &header)?;
                Ok(())
            }
        }
    }
}

/// Answers a request with `EIO` in the place of the thread that is to answer it. What that one answers later goes nowhere:
/// the kernel gives no number to two requests.
///
/// # Errors
/// When the kernel does not wait for that answer, or the device is gone.
pub fn fail_request(device: &OwnedFd, unique: u64) -> std::io::Result<()> {
    let error = -rustix::io::Errno::IO.raw_os_error();
    let header = [&16_u32.to_ne_bytes()[..], &error.to_ne_bytes(), &unique.to_ne_bytes()].concat();
    rustix::io::write(device, &header)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Recorder(Sender<Stale>);

    impl KernelCache for Recorder {
        fn drop_stale(&self, stale: &Stale) -> std::io::Result<()> {
            self.0.send(stale.clone()).map_err(std::io::Error::other)
        }
    }

    #[test]
    fn everything_pushed_reaches_the_kernel_in_order_and_settle_waits_for_it() {
        let (notices, queue) = queue();
        let (seen_by_kernel, seen) = channel();
        let thread = std::thread::spawn(move || queue.run(&Recorder(seen_by_kernel)));
        let lines: Vec<_> = (1..100).map(Stale::Inode).collect();
        lines.iter().cloned().for_each(|line| notices.push(line));
        assert!(notices.settle(std::time::Duration::from_secs(30)));
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), lines);
        drop(notices);
        thread.join().unwrap();
    }
}
