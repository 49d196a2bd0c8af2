//! Attributes as the view shows them, in our own type: the core knows nothing of the FUSE library.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Stat, major, minor};

use crate::catalog::{ExactTime, MappedPicture, ShownAttributes};
use crate::model::UnixSeconds;

use super::nodes::NodeId;

/// The block size that `stat` counts in.
const STAT_BLOCK_BYTES: u64 = 512;
/// What a mapped picture suggests for reading.
const PICTURE_IO_BYTES: u32 = 4096;

/// The attributes of a node.
#[derive(Debug, Clone, Copy)]
pub struct Attr {
    /// Node number, shown as inode number.
    pub ino: NodeId,
    /// Size in bytes.
    pub size: u64,
    /// Blocks of 512 bytes.
    pub blocks: u64,
    /// Last access.
    pub atime: SystemTime,
    /// Last change of the content.
    pub mtime: SystemTime,
    /// Last change of the inode.
    pub ctime: SystemTime,
    /// Kind of file.
    pub kind: FileType,
    /// The twelve permission bits.
    pub permissions: u16,
    /// Hard links.
    pub nlink: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Device number in the kernel's encoding.
    pub rdev: u32,
    /// Preferred size of a read or write.
    pub blksize: u32,
}

/// Who owns what the mappings add to a folder: whoever owns the folder.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Attr {
    /// The attributes of an inode of the source.
    #[must_use]
    pub fn of_source(ino: NodeId, stat: &Stat) -> Self {
        Self {
            ino,
            size: stat.st_size.cast_unsigned(),
            blocks: stat.st_blocks.cast_unsigned(),
            atime: time(stat.st_atime, stat.st_atime_nsec),
            mtime: time(stat.st_mtime, stat.st_mtime_nsec),
            ctime: time(stat.st_ctime, stat.st_ctime_nsec),
            kind: FileType::from_raw_mode(stat.st_mode),
            permissions: (stat.st_mode & 0o7777) as u16,
            nlink: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
            uid: stat.st_uid,
            gid: stat.st_gid,
            rdev: encode_device(stat.st_rdev),
            blksize: u32::try_from(stat.st_blksize).unwrap_or(PICTURE_IO_BYTES),
        }
    }

    /// The attributes of a mapped picture: true size, readable by all, the owner of its folder, the time it was
    /// published.
    #[must_use]
    pub fn of_picture(ino: NodeId, size: u64, published_at: UnixSeconds, owner: Owner) -> Self {
        let published = time(published_at.get(), 0);
        Self {
            ino,
            size,
            blocks: size.div_ceil(STAT_BLOCK_BYTES),
            atime: published,
            mtime: published,
            ctime: published,
            kind: FileType::RegularFile,
            permissions: 0o644,
            nlink: 1,
            uid: owner.uid,
            gid: owner.gid,
            rdev: 0,
            blksize: PICTURE_IO_BYTES,
        }
    }

    /// The same with what programs have set.
    #[must_use]
    pub fn of_mapped(ino: NodeId, picture: &MappedPicture, owner: Owner) -> Self {
        Self::of_picture(ino, picture.byte_count, picture.published_at, owner).with_set(picture.set.as_ref())
    }

    /// With the attributes that programs have set.
    #[must_use]
    pub fn with_set(self, set: Option<&ShownAttributes>) -> Self {
        let Some(set) = set else { return self };
        let exact = |set: Option<ExactTime>, shown| set.map_or(shown, |(seconds, fraction)| time(seconds, fraction));
        Self {
            permissions: set.mode.map_or(self.permissions, |mode| (mode & 0o777) as u16),
            uid: set.uid.unwrap_or(self.uid),
            gid: set.gid.unwrap_or(self.gid),
            atime: exact(set.atime, self.atime),
            mtime: exact(set.mtime, self.mtime),
            ctime: self.ctime.max(time(set.changed_at, 0)),
            ..self
        }
    }

    /// The attributes of a folder that exists only as mappings.
    #[must_use]
    pub fn of_folder(ino: NodeId, changed_at: UnixSeconds, owner: Owner) -> Self {
        let picture = Self::of_picture(ino, 0, changed_at, owner);
        Self { kind: FileType::Directory, permissions: 0o755, nlink: 2, ..picture }
    }

    /// Of a name that is there but cannot be looked at: number 0 tells the kernel to ask again.
    #[must_use]
    pub fn unknown(kind: FileType) -> Self {
        Self { kind, ..Self::of_picture(0, 0, UnixSeconds::new(0), Owner { uid: 0, gid: 0 }) }
    }

    /// Shows a folder of the source as changed when its mappings were: players look at the folder's time to know
    /// whether to look inside.
    pub fn raise_change(&mut self, changed_at: UnixSeconds) {
        let changed = time(changed_at.get(), 0);
        self.mtime = self.mtime.max(changed);
        self.ctime = self.ctime.max(changed);
    }

    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.kind == FileType::Directory
    }

    /// Who owns it.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner { uid: self.uid, gid: self.gid }
    }
}

/// Seconds and nanoseconds since 1970; before it the seconds are negative and the nanoseconds still count upwards.
fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> SystemTime {
    let fraction = Duration::new(0, nanoseconds.try_into().unwrap_or(0));
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds >= 0 { UNIX_EPOCH.checked_add(whole) } else { UNIX_EPOCH.checked_sub(whole) };
    base.and_then(|base| base.checked_add(fraction)).unwrap_or(UNIX_EPOCH)
}

/// The kernel's 32-bit form of a device number: 12 bits major, 20 bits minor, the low 8 bits of the minor below.
fn encode_device(device: u64) -> u32 {
    let (major, minor) = (major(device), minor(device));
    (minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12
}

/// The device number in the form of `mknod`, from the kernel's 32-bit form.
#[must_use]
pub fn decode_device(encoded: u32) -> u64 {
    let major = (encoded & 0xf_ff00) >> 8;
    let minor = (encoded & 0xff) | (encoded >> 12 & 0xf_ff00);
    rustix::fs::makedev(major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_keep_their_nanoseconds() {
        assert_eq!(time(-1, 500_000_000_u32), UNIX_EPOCH - Duration::from_millis(500));
        assert_eq!(time(5, 7_u32), UNIX_EPOCH + Duration::new(5, 7));
        assert!(time(i64::MIN, 0_u32) < UNIX_EPOCH, "the earliest time there is does no harm");
    }

    #[test]
    fn device_numbers_survive_the_kernels_encoding() {
        for (major_number, minor_number) in [(0, 0), (1, 3), (259, 300), (0xfff, 0xf_ffff)] {
            let device = rustix::fs::makedev(major_number, minor_number);
            assert_eq!(decode_device(encode_device(device)), device, "{major_number}:{minor_number}");
        }
    }
}
