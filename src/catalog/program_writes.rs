//! What programs did to mapped pictures through a view: wrote over them, or removed them.
//!
//! Rows hang on the mapping, so they mean nothing once another picture is published under its path; only a write that
//! still waits to be taken in goes over to that one.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::Fault;
use super::generations::{self, Stamp};
use super::mappings::{self, Mapping};
use super::publish::Published;
use super::sql_types::valid;
use super::{Catalog, CatalogError, feed, replace};
use crate::model::{LibraryId, MappingId, Name, RelPath, UnixSeconds};

/// A program that changes the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// The user it runs as.
    pub uid: u32,
}

impl fmt::Display for Program {
    /// As the history names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (uid {})", self.name, self.uid)
    }
}

/// What a write is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAction {
    /// The program's file is seen, and its picture becomes the one that is selected, locked and shown.
    Adopt,
    /// The mapped picture is seen, and the program's becomes a candidate.
    Capture,
}

/// A write that has not been taken in yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramWrite {
    /// The mapping that was written over.
    pub mapping: Mapping,
    /// What it is to become.
    pub action: WriteAction,
    /// Who wrote.
    pub program: Program,
    /// The mounting process that takes it in.
    pub pid: u32,
}

/// A word that is no action.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is nothing that a write can become")]
pub struct WriteActionError(String);

impl WriteAction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Capture => "capture",
        }
    }
}

impl FromStr for WriteAction {
    type Err = WriteActionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Adopt, Self::Capture].into_iter().find(|action| action.as_str() == text);
        known.ok_or_else(|| WriteActionError(text.to_owned()))
    }
}

const TOUCH_MAPPING: &str = "
    INSERT OR IGNORE INTO temp.touched (library_id, folder)
    SELECT library_id, folder FROM library_image_files WHERE id = ?1";

/// The current mapping of the path that a mapping has or had.
const CURRENT: &str = "
    SELECT n.id FROM library_image_files o CROSS JOIN library_image_files n
        ON n.library_id = o.library_id AND n.folder = o.folder AND n.name = o.name
        AND n.removed_generation IS NULL AND n.cache_file_id IS NOT NULL
    WHERE o.id = ?1";

/// What waits to be taken in waits under the same path, whatever picture is shown there by then.
const CARRY_OVER: &str = "
    INSERT OR REPLACE INTO program_writes (mapping_id, action, is_refused, program, uid, pid, at)
    SELECT n.id, p.action, 0, p.program, p.uid, p.pid, p.at
    FROM program_writes p CROSS JOIN temp.old o ON o.id = p.mapping_id AND o.fate = 1
    CROSS JOIN library_image_files m ON m.id = o.id
    CROSS JOIN library_image_files n ON n.library_id = m.library_id AND n.folder = m.folder AND n.name = m.name
        AND n.removed_generation IS NULL AND n.cache_file_id IS NOT NULL
    WHERE p.is_refused = 0;
    DELETE FROM program_writes
    WHERE EXISTS (SELECT 1 FROM temp.old o WHERE o.id = program_writes.mapping_id AND o.fate = 1)";

const MASKED_IN_SCOPE: &str = "
    SELECT m.id FROM temp.scope s CROSS JOIN library_image_files m
        ON m.entity_id = s.entity_id AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL
    WHERE m.id IN (SELECT mapping_id FROM program_writes WHERE is_refused = 1)";

const WITHDRAWN: &str = "SELECT 1 FROM withdrawn WHERE mapping_id = ?1";

const PENDING: &str = "SELECT mapping_id, action, program, uid, pid FROM program_writes WHERE is_refused = 0";

impl Catalog {
    /// Notes, before it happens, that a program writes over a mapped picture, or over the one that has taken its place. With [`WriteAction::Adopt`] the file of
    /// the source is seen from now on.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn note_write(
        &mut self,
        mapping: MappingId,
        action: WriteAction,
        program: &Program,
        now: UnixSeconds,
    ) -> Result<(), CatalogError> {
        self.change_mask(mapping, now, |transaction| {
            // What is captured changes nothing that is shown: what was withdrawn stays away.
            if action == WriteAction::Adopt {
                show_withdrawn(transaction, current(transaction, mapping)?, program, now)?;
            }
            let mapping = current(transaction, mapping)?;
            transaction
                .prepare_cached(
                    "INSERT INTO program_writes (mapping_id, action, program, uid, pid, at)
                     VALUES (:mapping, :action, :program, :uid, :pid, :now)
                     ON CONFLICT (mapping_id) DO UPDATE SET action = excluded.action, is_refused = 0,
                         program = excluded.program, uid = excluded.uid, pid = excluded.pid, at = excluded.at",
                )?
                .execute(named_params! {
                    ":mapping": mapping, ":action": action.as_str(), ":program": program.name, ":uid": program.uid,
                    ":pid": std::process::id(), ":now": now,
                })?;
            Ok(())
        })
    }

    /// The mapped picture is seen again, or the one that has taken its place: what was written over it has been taken in,
    /// or is gone.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn end_write(&mut self, mapping: MappingId, now: UnixSeconds) -> Result<(), CatalogError> {
        self.change_mask(mapping, now, |transaction| {
            for mapping in [mapping, current(transaction, mapping)?] {
                transaction.prepare_cached("DELETE FROM program_writes WHERE mapping_id = ?1")?.execute([mapping])?;
            }
            Ok(())
        })
    }

    /// What was written is no whole picture: it stays a file, seen until the mapping is published again.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn refuse_write(&mut self, mapping: MappingId) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction
                .prepare_cached("UPDATE program_writes SET is_refused = 1 WHERE mapping_id = ?1")?
                .execute([current(transaction, mapping)?])?;
            Ok(())
        })
    }

    /// The mapped picture is not seen any more until it is published again, nor what was written over it. That is a
    /// generation: the history tells of it, and a rollback undoes it.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn withdraw(&mut self, mapping: MappingId, program: &Program, stamp: &Stamp) -> Result<(), CatalogError> {
        self.change_mask(mapping, stamp.now, |transaction| {
            transaction.prepare_cached("DELETE FROM program_writes WHERE mapping_id = ?1")?.execute([mapping])?;
            if transaction.prepare_cached(WITHDRAWN)?.exists([mapping])? {
                return Ok(());
            }
            let generation = generations::begin(transaction, stamp, &Published { removed: 1, ..Published::default() })?;
            transaction
                .prepare_cached(
                    "INSERT INTO withdrawn (mapping_id, program, uid, at, generation) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((mapping, &program.name, program.uid, stamp.now, generation))?;
            Ok(())
        })
    }

    /// The writes that have not been taken in yet, also of mappings that have ended meanwhile. Rows that are not valid are
    /// passed over.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn pending_writes(&self) -> Result<Vec<ProgramWrite>, CatalogError> {
        self.read_together(|connection| {
            let mut statement = connection.prepare_cached(PENDING)?;
            let mut rows = statement.query([])?;
            let mut writes = Vec::new();
            while let Some(row) = rows.next()? {
                writes.extend(valid(pending(connection, row))?.flatten());
            }
            Ok(writes)
        })
    }

    /// The original of that name is no longer hidden: something else is going to be there. The next scan looks what.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn forget_original(
        &mut self,
        library: LibraryId,
        folder: &RelPath,
        name: &Name,
        now: UnixSeconds,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            replace::clear(transaction)?;
            let forgotten = transaction
                .prepare_cached(
                    "DELETE FROM library_image_files
                     WHERE library_id = ?1 AND folder = ?2 AND name = ?3 AND cache_file_id IS NULL",
                )?
                .execute((library, folder, name))?;
            if forgotten > 0 {
                feed::touch(transaction, library, folder)?;
                feed::announce(transaction, None, now)?;
            }
            Ok(())
        })
    }

    /// Runs a change of what is seen of a mapping, and tells those who follow.
    fn change_mask(
        &mut self,
        mapping: MappingId,
        now: UnixSeconds,
        change: impl FnOnce(&Connection) -> Result<(), Fault>,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            replace::clear(transaction)?;
            change(transaction)?;
            transaction.prepare_cached(TOUCH_MAPPING)?.execute([mapping])?;
            Ok(feed::announce_if_touched(transaction, now)?)
        })
    }
}

/// The mapping that has taken the place of one; that one itself when it is current, or none has.
fn current(connection: &Connection, mapping: MappingId) -> rusqlite::Result<MappingId> {
    let found = connection.prepare_cached(CURRENT)?.query_row([mapping], |row| row.get("id")).optional()?;
    Ok(found.unwrap_or(mapping))
}

/// Who writes where a picture was withdrawn brings the name back: a generation, as the withdrawal was.
fn show_withdrawn(
    connection: &Connection,
    mapping: MappingId,
    program: &Program,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    if connection.prepare_cached(WITHDRAWN)?.exists([mapping])? {
        replace::begin_anew(connection, mapping)?;
        let stamp = Stamp { author: program.to_string(), reason: format!("written by {}", program.name), now };
        replace::carry_out(connection, &stamp)?;
    }
    Ok(())
}

/// Hands writes that have not been taken in over to the mappings that take the place of those in `old`.
pub(super) fn carry_over(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CARRY_OVER)
}

/// Shows again what programs wrote no whole picture over, of the entities in `scope`; notes their folders as touched.
pub(super) fn unmask_scope(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(MASKED_IN_SCOPE)?;
    let masked: Vec<MappingId> = statement.query_map([], |row| row.get("id"))?.collect::<Result<_, _>>()?;
    unmask(connection, &masked)
}

/// Shows again what programs wrote over; notes the folders as touched.
pub(super) fn unmask(connection: &Connection, masked: &[MappingId]) -> rusqlite::Result<()> {
    for mapping in masked {
        connection.prepare_cached(TOUCH_MAPPING)?.execute([mapping])?;
        connection.prepare_cached("DELETE FROM program_writes WHERE mapping_id = ?1")?.execute([mapping])?;
    }
    Ok(())
}

/// `None` when there is no such mapping.
fn pending(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<Option<ProgramWrite>> {
    let mapping = mappings::by_id(connection, row.get("mapping_id")?)?;
    let action = row.get_ref("action")?.as_str()?.parse().map_err(FromSqlError::other)?;
    let program = Program { name: row.get("program")?, uid: row.get("uid")? };
    let pid = row.get("pid")?;
    Ok(mapping.map(|mapping| ProgramWrite { mapping, action, program, pid }))
}
