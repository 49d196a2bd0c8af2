//! Memory-mapped files.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU8, Ordering};

/// A shared mapping of the beginning of a file. Its bytes are atomic: the file may change meanwhile.
pub struct Map {
    bytes: &'static [AtomicU8],
}

impl Map {
    /// Maps that many bytes.
    pub fn shared(file: impl AsFd, length: usize, is_writable: bool) -> io::Result<Self> {
        let protection = if is_writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        let file = file.as_fd().as_raw_fd();
        // SAFETY: a new mapping that replaces none. It is taken away only when `self`, through which alone the slice is
        // reached, is dropped; the bytes are only ever used as atomics.
        unsafe {
            let address = libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, file, 0);
            if address == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            Ok(Self { bytes: std::slice::from_raw_parts(address.cast(), length) })
        }
    }

    /// The bytes from `at` on.
    pub fn read(&self, at: usize, length: usize) -> Vec<u8> {
        self.bytes[at..at + length].iter().map(|byte| byte.load(Ordering::SeqCst)).collect()
    }

    /// Stores bytes.
    pub fn write(&self, at: usize, bytes: &[u8]) {
        self.bytes[at..].iter().zip(bytes).for_each(|(cell, byte)| cell.store(*byte, Ordering::SeqCst));
    }

    /// `msync(MS_SYNC)`.
    pub fn sync(&self) -> io::Result<()> {
        // SAFETY: the range is the mapping.
        let outcome = unsafe { libc::msync(self.bytes.as_ptr().cast_mut().cast(), self.bytes.len(), libc::MS_SYNC) };
        if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the range is the mapping, and nobody can reach it any more.
        unsafe { libc::munmap(self.bytes.as_ptr().cast_mut().cast(), self.bytes.len()) };
    }
}
