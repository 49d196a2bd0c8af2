//! Putting a view into the tree: by `mount(2)` for those who may, else through `fusermount3`.
//!
//! This is done here and not by the FUSE library because the library unmounts by path once more when its session ends.
//! Where the view covers another mount (a disk at `/media`, the view over it) that second unmount would hit the disk.

use std::ffi::CString;
use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, open, stat};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::mount::{MountFlags, mount};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, SocketType, recvmsg, socketpair,
};
use rustix::process::{getgid, getuid};

/// How the kernel is to mount.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// What mount tables show as the device.
    pub device: String,
    /// `nosuid`, `nodev`, `ro`, …
    pub flags: MountFlags,
    /// Whether other users may see it.
    pub allow_other: bool,
}

/// Mounts at a folder and returns the device through which the kernel asks.
///
/// # Errors
/// When the kernel or the helper refuses; what the helper said is in the error.
pub fn attach(mountpoint: &Path, attachment: &Attachment) -> io::Result<OwnedFd> {
    match by_system_call(mountpoint, attachment) {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => by_helper(mountpoint, attachment),
        outcome => outcome,
    }
}

fn by_system_call(mountpoint: &Path, attachment: &Attachment) -> io::Result<OwnedFd> {
    let device = open("/dev/fuse", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    let root_mode = stat(mountpoint)?.st_mode & libc::S_IFMT;
    let mut data = format!(
        "fd={},rootmode={root_mode:o},user_id={},group_id={},default_permissions",
        device.as_raw_fd(),
        getuid().as_raw(),
        getgid().as_raw()
    );
    if attachment.allow_other {
        data.push_str(",allow_other");
    }
    let data = CString::new(data).map_err(io::Error::other)?;
    mount(attachment.device.as_str(), mountpoint, "fuse.posterfs", attachment.flags, data.as_c_str())?;
    Ok(device)
}

/// The helper mounts with root's rights and sends the device over a socket.
fn by_helper(mountpoint: &Path, attachment: &Attachment) -> io::Result<OwnedFd> {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    let number = theirs.as_raw_fd();
    let mut command = Command::new("fusermount3");
    command.arg("-o").arg(helper_options(attachment)).arg("--").arg(mountpoint);
    command.env("_FUSE_COMMFD", number.to_string()).stdin(Stdio::null()).stderr(Stdio::piped());
    let inherited = theirs.try_clone()?;
    // SAFETY: between fork and exec only `fcntl` is called, which is async-signal-safe; the duplicate keeps the
    // descriptor of that number open until then.
    unsafe {
        command.pre_exec(move || {
            let _kept = &inherited;
            let socket = std::os::fd::BorrowedFd::borrow_raw(number);
            Ok(fcntl_setfd(socket, FdFlags::empty())?)
        });
    }
    let mut helper = command.spawn()?;
    // With its duplicate: while anybody here holds the other end, a helper that fails is waited for without end.
    drop((command, theirs));
    let received = receive_device(&ours);
    let mut said = String::new();
    if let Some(mut stderr) = helper.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    helper.wait()?;
    received.map_err(|_| io::Error::new(io::ErrorKind::PermissionDenied, said.trim().to_owned()))
}

fn helper_options(attachment: &Attachment) -> String {
    // A comma in the name would begin another option.
    let name = attachment.device.replace(',', "_");
    let mut options = format!("fsname={name},subtype=posterfs,default_permissions");
    let words = [
        (MountFlags::RDONLY, ",ro"),
        (MountFlags::NOEXEC, ",noexec"),
        (MountFlags::NOSUID, ",nosuid"),
        (MountFlags::NODEV, ",nodev"),
    ];
    words.iter().filter(|(flag, _)| attachment.flags.contains(*flag)).for_each(|(_, word)| options.push_str(word));
    if attachment.allow_other {
        options.push_str(",allow_other");
    }
    options
}

fn receive_device(socket: &OwnedFd) -> io::Result<OwnedFd> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    rustix::io::retry_on_intr(|| {
        recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })?;
    let descriptors = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    descriptors.flatten().next().ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
}
