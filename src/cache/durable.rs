//! Which folders of the cache are durable already.
//!
//! A picture is safe when its name is on the disk, and so are the names of the folders above it. The folders come once
//! and never go, so whoever has synced the folder above them need not do it again: two syncs of four are saved for
//! nearly every picture. Only what this process has synced itself counts; what is there may have been made by one that
//! has not come so far.

use std::sync::atomic::{AtomicU64, Ordering};

use super::place::Place;

/// Bits for every name of a level; set once, never taken back.
#[derive(Debug)]
struct Bits(Box<[AtomicU64]>);

impl Bits {
    fn new(count: usize) -> Self {
        Self((0..count.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    fn has(&self, index: usize) -> bool {
        // The syncing has happened before the bit is set; nothing else in memory depends on it.
        self.0[index / 64].load(Ordering::Relaxed) >> (index % 64) & 1 == 1
    }

    fn set(&self, index: usize) {
        self.0[index / 64].fetch_or(1 << (index % 64), Ordering::Relaxed);
    }
}

/// The folders `ab` and `ab/c1` of one top folder whose names are durable. Takes 8 KiB.
#[derive(Debug)]
pub(super) struct DurableFolders {
    first: Bits,
    second: Bits,
}

impl Default for DurableFolders {
    fn default() -> Self {
        Self { first: Bits::new(1 << 8), second: Bits::new(1 << 16) }
    }
}

impl DurableFolders {
    /// How many of the three folders of a place, from the lowest up, have to be synced for a new name in the lowest one.
    pub(super) fn to_sync(&self, place: &Place) -> usize {
        let [first, second] = numbers(place);
        match (self.second.has(second), self.first.has(first)) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 3,
        }
    }

    /// Notes that so many folders of a place, from the lowest up, were synced, and those above them before.
    pub(super) fn note(&self, place: &Place, synced: usize) {
        let [first, second] = numbers(place);
        if synced >= 3 {
            self.first.set(first);
        }
        if synced >= 2 {
            self.second.set(second);
        }
    }
}

fn numbers(place: &Place) -> [usize; 2] {
    let [first, second] = place.numbers;
    [usize::from(first), usize::from(first) << 8 | usize::from(second)]
}

#[cfg(test)]
mod tests {
    use crate::model::ContentHash;

    use super::*;

    fn place(first: u8, second: u8) -> Place {
        let mut bytes = [0; 32];
        (bytes[0], bytes[1]) = (first, second);
        Place::of(&ContentHash::new(bytes))
    }

    #[test]
    fn a_folder_is_synced_until_it_was_once() {
        let durable = DurableFolders::default();
        for (what, at, to_sync) in [
            ("nothing is known", place(0xab, 0xc1), 3),
            ("the same again", place(0xab, 0xc1), 1),
            ("a neighbour", place(0xab, 0xc2), 2),
            ("its neighbour again", place(0xab, 0xc2), 1),
            ("the same second folder elsewhere", place(0xac, 0xc1), 3),
            ("the first of all", place(0, 0), 3),
            ("the last of all", place(0xff, 0xff), 3),
            ("the last of all again", place(0xff, 0xff), 1),
        ] {
            assert_eq!(durable.to_sync(&at), to_sync, "{what}");
            durable.note(&at, to_sync);
        }
    }

    #[test]
    fn what_was_synced_in_part_is_known_in_part() {
        let durable = DurableFolders::default();
        durable.note(&place(1, 2), 1);
        assert_eq!(durable.to_sync(&place(1, 2)), 3);
    }
}
