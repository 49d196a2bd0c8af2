//! Which folders are as the last scan left them.
//!
//! A folder's modification time rises when an entry comes, goes or is renamed. What happens within files does not show
//! there, so the files that a scan has read (metadata) or measured (pictures) are looked at one by one, and so are the
//! folders whose entries decide on the items of this one. What the folders above say is compared by a hash of it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::catalog::{Library, ScannedFolder};
use crate::library::layout::Context;
use crate::library::{FileStat, OpenFolder};
use crate::model::{Name, UnixSeconds};

use super::items::Items;

/// Raise it whenever the rules of identification change: then every folder is read again.
const RULES: u32 = 3;

/// A folder to be noted, and when something of it last changed.
pub(super) struct Noted {
    pub(super) row: ScannedFolder,
    pub(super) changed_at: UnixSeconds,
}

/// Whether a folder is as the last scan left it.
pub(super) fn is_unchanged(known: &ScannedFolder, folder: &OpenFolder<'_>, context: Option<&Context>) -> bool {
    if context.is_some_and(|context| hash_of(context) != known.context) {
        return false;
    }
    let Ok(stat) = folder.stat() else { return false };
    let watched = known.watched.iter().map(|path| folder.stat_of(path).ok());
    fingerprint(&stat, watched).is_some_and(|(now, _)| now == known.fingerprint)
}

/// The folder as it is noted. `None` where something of it is gone already, or could not be read: then the next scan looks
/// again.
pub(super) fn scanned_folder(
    library: &Library,
    context: &Context,
    stat: &FileStat,
    items: &Items<'_>,
    children: Vec<Name>,
) -> Option<Noted> {
    if !items.problems.is_empty() {
        return None;
    }
    let (fingerprint, changed_at_ns) = fingerprint(stat, items.watched.values().copied())?;
    let row = ScannedFolder {
        library: library.id,
        path: items.path().clone(),
        context: hash_of(context),
        fingerprint,
        watched: items.watched.keys().cloned().collect(),
        children,
    };
    // The second of the change counts as a whole, and one more for clocks that run apart.
    Some(Noted { row, changed_at: UnixSeconds::new(changed_at_ns.div_euclid(1_000_000_000) + 1) })
}

fn hash_of(context: &Context) -> u64 {
    let mut hasher = DefaultHasher::new();
    (RULES, context).hash(&mut hasher);
    hasher.finish()
}

/// A hash of what the file system says, and when the last change was, in nanoseconds. `None` where something is gone.
fn fingerprint(stat: &FileStat, watched: impl Iterator<Item = Option<FileStat>>) -> Option<(u64, i64)> {
    let mut hasher = DefaultHasher::new();
    let mut changed_at_ns = stat.mtime_ns;
    hash_stat(stat, &mut hasher);
    for stat in watched {
        let stat = stat?;
        changed_at_ns = changed_at_ns.max(stat.mtime_ns);
        hash_stat(&stat, &mut hasher);
    }
    Some((hasher.finish(), changed_at_ns))
}

fn hash_stat(stat: &FileStat, hasher: &mut DefaultHasher) {
    (stat.kind, stat.inode, stat.size_bytes, stat.mtime_ns).hash(hasher);
}
