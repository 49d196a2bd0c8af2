//! Random operations from a seed. Names come from a tiny alphabet, so that they collide.

use rustix::fs::{Access, AtFlags, FallocateFlags, FileType, OFlags, RenameFlags, SeekFrom, XattrFlags};

use super::operation::{At, Op, SLOTS};

/// A small generator of random numbers (xorshift64*).
#[derive(Debug)]
pub struct Random(u64);

const NAMES: &[&str] = &[
    "a", "a", "a", "b", "b", "d", "d/a", "d/a", "d/a", "d/b", "e", "e/a", "e/a", "e/b", "d/e", "d/e/a", "l", "l/a",
    "d/..", ".",
];
/// From an open folder.
const SHORT_NAMES: &[&str] = &["a", "b", "e", ".", "..", "../a"];
const MODES: &[u32] =
    &[0o777, 0o777, 0o777, 0o755, 0o666, 0o666, 0o640, 0o700, 0o000, 0o1777, 0o2775, 0o4755, 0o6777, 0o2666];
const OFFSETS: &[u64] = &[0, 1, 10, 4095, 4096, 5000, 20_000];
const LENGTHS: &[usize] = &[0, 1, 100, 4096, 6000];
const IDS: &[Option<u32>] = &[None, Some(0), Some(1), Some(2), Some(65534)];
const XATTRS: &[&str] = &["user.one", "user.two", "trusted.one", "security.one", ACCESS_LIST, DEFAULT_LIST];
const ACCESS_LIST: &str = "system.posix_acl_access";
const DEFAULT_LIST: &str = "system.posix_acl_default";
/// Access lists as the kernel takes them: tag, permissions and id of each entry.
const LISTS: &[&[u8]] = &[
    // Owner rwx, user 1 rw-, group r-x, mask rwx, others ---.
    b"\x02\0\0\0\x01\0\x07\0\xff\xff\xff\xff\x02\0\x06\0\x01\0\0\0\x04\0\x05\0\xff\xff\xff\xff\x10\0\x07\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff",
    // Owner rw-, group r--, group 65534 -wx, mask -w-, others r--.
    b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x04\0\x04\0\xff\xff\xff\xff\x08\0\x03\0\xfe\xff\0\0\x10\0\x02\0\xff\xff\xff\xff\x20\0\x04\0\xff\xff\xff\xff",
    // What a mode can say.
    b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x04\0\x04\0\xff\xff\xff\xff\x20\0\x04\0\xff\xff\xff\xff",
    b"broken",
];

impl Random {
    /// A generator that begins with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn slot(&mut self) -> usize {
        self.one_of(&[0, 0, 0, 1, SLOTS - 1])
    }

    fn at(&mut self) -> At {
        if self.below(8) == 0 { At(Some(self.slot()), self.one_of(SHORT_NAMES)) } else { At(None, self.one_of(NAMES)) }
    }

    fn open_flags(&mut self) -> OFlags {
        let mode = self.one_of(&[OFlags::RDONLY, OFlags::WRONLY, OFlags::RDWR, OFlags::RDWR, OFlags::RDWR]);
        let more = [
            OFlags::empty(),
            OFlags::empty(),
            OFlags::CREATE,
            OFlags::CREATE,
            OFlags::CREATE,
            OFlags::CREATE,
            OFlags::CREATE | OFlags::EXCL,
            OFlags::CREATE | OFlags::TRUNC,
            OFlags::TRUNC,
            OFlags::APPEND,
            OFlags::CREATE | OFlags::APPEND,
            OFlags::DIRECTORY,
            OFlags::NOFOLLOW,
            OFlags::PATH,
            OFlags::SYNC,
        ];
        // A pipe without anybody at its other end must not make a test wait.
        mode | self.one_of(&more) | OFlags::NONBLOCK | OFlags::CLOEXEC
    }

    /// A list of that many operations by so many users. It begins with a few files and folders that all may use.
    pub fn operations(&mut self, count: usize, users: usize) -> Vec<(usize, Op)> {
        let folders = ["d", "e", "d/e"].map(|path| (0, Op::Mkdir { at: At(None, path), mode: 0o777 }));
        let open_to_all = ["d", "e", "d/e"].map(|path| (0, Op::Chmod { at: At(None, path), mode: 0o777 }));
        let flags = OFlags::CREATE | OFlags::RDWR;
        let files = (0..users).map(|user| {
            let path = ["a", "b", "d/a"][user % 3];
            (user, Op::Open { slot: 0, at: At(None, path), flags, mode: 0o666 })
        });
        let mut steps: Vec<_> = folders.into_iter().chain(open_to_all).chain(files).collect();
        steps.extend((0..count).map(|_| (self.below(users), self.operation())));
        steps
    }

    /// An operation.
    fn operation(&mut self) -> Op {
        match self.below(100) {
            0..14 => Op::Open { slot: self.slot(), at: self.at(), flags: self.open_flags(), mode: self.one_of(MODES) },
            14..44 => self.on_file(),
            44..74 => self.on_names(),
            _ => self.on_attributes(),
        }
    }

    fn on_file(&mut self) -> Op {
        let slot = self.slot();
        match self.below(15) {
            0 => Op::Close { slot },
            1 | 2 => Op::Read { slot, from: self.one_of(OFFSETS), length: self.one_of(LENGTHS) },
            3..=6 => Op::Write { slot, to: self.one_of(OFFSETS), length: self.one_of(LENGTHS) },
            7 => Op::Append { slot, length: self.one_of(LENGTHS) },
            8 => Op::Truncate { slot, length: self.one_of(OFFSETS) },
            9 => {
                let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
                // What some file system does not know how to do is left out: the kernel clears suid before it asks.
                let flags = self.one_of(&[FallocateFlags::empty(), FallocateFlags::KEEP_SIZE, hole]);
                Op::Allocate { slot, flags, from: self.one_of(OFFSETS), length: self.one_of(OFFSETS) }
            }
            10 => {
                let to = self.one_of(OFFSETS);
                let ways = [SeekFrom::Start(to), SeekFrom::Data(to), SeekFrom::Hole(to), SeekFrom::End(0)];
                Op::Seek { slot, to: self.one_of(&ways) }
            }
            11 => Op::Copy { from: self.slot(), to: slot, length: self.one_of(LENGTHS) },
            12 => Op::Sync { slot },
            13 => Op::StatFile { slot },
            _ => Op::ChmodFile { slot, mode: self.one_of(MODES) },
        }
    }

    fn on_names(&mut self) -> Op {
        let at = self.at();
        match self.below(16) {
            0 | 1 => Op::Stat { at },
            2 => Op::List { at },
            3..=5 => Op::Mkdir { at, mode: self.one_of(MODES) },
            6 => {
                let kinds = [FileType::RegularFile, FileType::Fifo, FileType::Socket, FileType::CharacterDevice];
                Op::Mknod { at, kind: self.one_of(&kinds), mode: self.one_of(MODES) }
            }
            7 => Op::Symlink { at, target: self.one_of(&["a", "d", "l", "../a", "nowhere"]) },
            8 => Op::Readlink { at },
            9 => Op::Link { from: at, to: self.at(), flags: self.one_of(&[AtFlags::empty(), AtFlags::SYMLINK_FOLLOW]) },
            10 => Op::Unlink { at },
            11 | 12 => Op::Rmdir { at },
            _ => {
                let flags = [RenameFlags::empty(), RenameFlags::empty(), RenameFlags::NOREPLACE, RenameFlags::EXCHANGE];
                Op::Rename { from: at, to: self.at(), flags: self.one_of(&flags) }
            }
        }
    }

    fn on_attributes(&mut self) -> Op {
        let (at, path, name) = (self.at(), self.one_of(NAMES), self.one_of(XATTRS));
        match self.below(14) {
            0..=2 => Op::Chmod { at, mode: self.one_of(MODES) },
            3 | 4 => {
                let uid = self.one_of(IDS);
                // Naming neither is a case of its own (`tests/posix/privileges.rs`).
                let gid = self.one_of(IDS).or(uid.is_none().then_some(2));
                Op::Chown { at, uid, gid, flags: self.one_of(&[AtFlags::empty(), AtFlags::SYMLINK_NOFOLLOW]) }
            }
            5 => Op::Touch { at, seconds: self.one_of(&[None, Some(0), Some(-5), Some(2_000_000_000)]) },
            6 => {
                let access = [Access::EXISTS, Access::READ_OK, Access::WRITE_OK, Access::EXEC_OK];
                Op::Access { at, access: self.one_of(&access) }
            }
            7 => Op::SetXattr { path, name, value: self.one_of(LISTS), flags: XattrFlags::empty() },
            8 => {
                let name = self.one_of(&[ACCESS_LIST, DEFAULT_LIST]);
                Op::SetXattr { path, name, value: self.one_of(LISTS), flags: XattrFlags::empty() }
            }
            9 => {
                let flags = self.one_of(&[XattrFlags::empty(), XattrFlags::CREATE, XattrFlags::REPLACE]);
                Op::SetXattr { path, name, value: b"value", flags }
            }
            10 => Op::GetXattr { path, name },
            11 => Op::RemoveXattr { path, name },
            12 => Op::Umask { mask: self.one_of(&[0, 0o022, 0o077, 0o777]) },
            _ => Op::Stat { at },
        }
    }
}
