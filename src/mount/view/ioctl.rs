//! The file flags of `chattr` and `lsattr`, and those of xfs: the only device commands that mean something on a view.

use std::os::fd::AsRawFd;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::super::errno::Result;
use super::super::nodes::NodeId;
use super::{Target, View};

const FS_IOC_GETFLAGS: u32 = 0x8008_6601;
const FS_IOC_SETFLAGS: u32 = 0x4008_6602;
const FS_IOC_FSGETXATTR: u32 = 0x801c_581f;
const FS_IOC_FSSETXATTR: u32 = 0x401c_5820;
/// The flags of `chattr` are an `int`, whatever the command's number says of its size.
const FLAGS_BYTES: usize = 4;
/// `struct fsxattr`.
const FSXATTR_BYTES: usize = 28;

impl<B> View<B> {
    /// Passes on the commands that read and set file flags. The kernel has checked that the caller may.
    ///
    /// # Errors
    /// Those of the source; `ENOTTY` for every other command and for what the mappings show.
    pub fn ioctl(&self, id: NodeId, command: u32, input: &[u8], output_size: u32) -> Result<Vec<u8>> {
        let size = match command {
            FS_IOC_GETFLAGS | FS_IOC_SETFLAGS => FLAGS_BYTES,
            FS_IOC_FSGETXATTR | FS_IOC_FSSETXATTR => FSXATTR_BYTES,
            _ => return Err(Errno::NOTTY.into()),
        };
        let Target::Source(place) = self.target(id)? else { return Err(Errno::NOTTY.into()) };
        let sets = matches!(command, FS_IOC_SETFLAGS | FS_IOC_FSSETXATTR);
        // Room for the larger of the two, so that no command can write past it.
        let mut value = [0_u8; 32];
        if sets {
            let given = input.get(..size).ok_or(Errno::INVAL)?;
            value[..size].copy_from_slice(given);
        }
        let fd = self.devices.open(&place, OFlags::RDONLY | OFlags::NONBLOCK)?;
        // SAFETY: each of the four commands reads or writes at most `FSXATTR_BYTES` at the pointer, and `value` is
        // longer and outlives the call.
        let outcome = unsafe { libc::ioctl(fd.as_raw_fd(), command as libc::Ioctl, value.as_mut_ptr()) };
        if outcome < 0 {
            return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO).into());
        }
        Ok(if sets { Vec::new() } else { value[..size.min(output_size as usize)].to_vec() })
    }
}
