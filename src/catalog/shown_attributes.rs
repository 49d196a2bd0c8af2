//! Attributes that programs have set for what mappings show. Managers do it to whole trees.

use rusqlite::{Row, named_params};

use super::{Catalog, CatalogError, feed};
use crate::model::{LibraryId, MappingId, Name, RelPath, UnixSeconds};

/// A time as a program set it: seconds since 1970 and nanoseconds after that.
pub type ExactTime = (i64, u32);

/// What programs have set; `None` was never set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShownAttributes {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Last access. It holds for the picture that was shown then, not for the next one.
    pub atime: Option<ExactTime>,
    /// Last change of the content; likewise.
    pub mtime: Option<ExactTime>,
    /// When something of it was set last, in seconds since 1970.
    pub changed_at: i64,
}

const REMEMBER: &str = "
    INSERT INTO shown_attributes (library_id, folder, name, mode, uid, gid, mapping_id, atime, atime_ns, mtime, mtime_ns,
                                  changed_at)
    VALUES (:library, :folder, :name, :mode, :uid, :gid, :mapping, :atime, :atime_ns, :mtime, :mtime_ns, :now)
    ON CONFLICT (library_id, folder, name) DO UPDATE
       SET mode = excluded.mode, uid = excluded.uid, gid = excluded.gid, mapping_id = excluded.mapping_id,
           atime = excluded.atime, atime_ns = excluded.atime_ns, mtime = excluded.mtime, mtime_ns = excluded.mtime_ns,
           changed_at = excluded.changed_at";

impl Catalog {
    /// Remembers the attributes of a name, in the place of all that were known. `mapping` is the picture that the times
    /// are for; `None` for a folder. Survives the end of this process, but a power cut only some seconds later: a
    /// program may set them for a hundred thousand files in a row.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn remember_attributes(
        &mut self,
        library: LibraryId,
        (folder, name): (&RelPath, &Name),
        mapping: Option<MappingId>,
        set: &ShownAttributes,
    ) -> Result<(), CatalogError> {
        self.read(|connection| Ok(connection.execute_batch("PRAGMA synchronous = NORMAL")?))?;
        let outcome = self.write(|transaction| {
            transaction.prepare_cached(REMEMBER)?.execute(named_params! {
                ":library": library, ":folder": folder, ":name": name, ":mode": set.mode, ":uid": set.uid,
                ":gid": set.gid, ":mapping": mapping, ":atime": set.atime.map(|time| time.0),
                ":atime_ns": set.atime.map(|time| time.1), ":mtime": set.mtime.map(|time| time.0),
                ":mtime_ns": set.mtime.map(|time| time.1), ":now": UnixSeconds::new(set.changed_at),
            })?;
            Ok(feed::append(transaction, library, folder)?)
        });
        self.read(|connection| Ok(connection.execute_batch("PRAGMA synchronous = FULL")?))?;
        outcome
    }
}

/// The attributes in the columns `set_at`, `mode`, …; `None` when nothing was ever set.
pub(super) fn shown_attributes(row: &Row<'_>) -> rusqlite::Result<Option<ShownAttributes>> {
    let Some(changed_at) = row.get("set_at")? else { return Ok(None) };
    let time = |seconds, nanoseconds| -> rusqlite::Result<Option<ExactTime>> {
        Ok(row.get::<_, Option<i64>>(seconds)?.zip(row.get::<_, Option<u32>>(nanoseconds)?))
    };
    Ok(Some(ShownAttributes {
        mode: row.get("mode")?,
        uid: row.get("uid")?,
        gid: row.get("gid")?,
        atime: time("atime", "atime_ns")?,
        mtime: time("mtime", "mtime_ns")?,
        changed_at,
    }))
}
