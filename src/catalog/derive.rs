//! A catalog for a view of its own: what another catalog knows, shown otherwise.
//!
//! A view with other names than the published ones, of an older generation, or of what publishing would show, reads a
//! catalog of its own, which is derived from the state's. What names depend on is copied anew each time; the mappings are
//! not, they are brought about by publishing in here. So only what differs changes, with a change feed as ever, and a
//! picture that stays keeps its row, which is its inode number, and its time.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, named_params};

use super::error::Fault;
use super::kept::select_kept;
use super::open::{read_only_uri, without_foreign_keys};
use super::scope::{Scope, fill_scope};
use super::{Catalog, CatalogError, feed, replace};
use crate::model::{GenerationId, LibraryId, RelPath, UnixSeconds};

/// Which pictures a derived catalog takes for selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// Those that are published.
    Published,
    /// Those that are selected.
    Selected,
    /// Those that publishing everything would show: what is selected, and what locks keep instead of it.
    Pending,
}

/// What names depend on, copied as it is.
const COPIED: &[&str] = &[
    "libraries",
    "entities",
    "entity_places",
    "external_ids",
    "credits",
    "set_members",
    "cache_image_files",
    "unpublished",
];

const COLUMNS: &str = "library_id, entity_id, image_type, image_number, folder, name, byte_count, mtime";

const SELECT_PUBLISHED: &str = "
    INSERT INTO main.asset_candidates
        (entity_id, image_type, image_number, provider, provider_key, is_selected, cache_file_id, fetched_at, selected_at)
    SELECT m.entity_id, m.image_type, m.image_number, 'view', '', 1, max(m.cache_file_id), max(m.published_at),
           max(m.published_at)
    FROM base.library_image_files m
    WHERE m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL AND m.image_type <> 'nfo'
      AND m.id NOT IN (SELECT w.mapping_id FROM base.withdrawn w)
    GROUP BY m.entity_id, m.image_type, m.image_number;
    DELETE FROM main.documents;
    INSERT INTO main.documents (entity_id, cache_file_id)
    SELECT m.entity_id, max(m.cache_file_id) FROM base.library_image_files m
    WHERE m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL AND m.image_type = 'nfo'
      AND m.id NOT IN (SELECT w.mapping_id FROM base.withdrawn w)
    GROUP BY m.entity_id";

const SELECT_SELECTED: &str =
    "INSERT INTO main.asset_candidates SELECT * FROM base.asset_candidates WHERE is_selected = 1;
     DELETE FROM main.documents;
     INSERT INTO main.documents SELECT * FROM base.documents;";

/// What is selected in here is what is to be shown: locks have had their say.
const UNLOCK: &str = "DELETE FROM main.locks; UPDATE main.entities SET monitored = 1 WHERE monitored = 0";

/// A picture that is published has the time of that; what only publishing would show, the time it got in here.
const KEEP_TIMES: &str = "
    UPDATE main.library_image_files AS m SET published_at = max(
        coalesce((SELECT max(b.published_at) FROM base.library_image_files b
                  WHERE b.entity_id = m.entity_id AND b.image_type = m.image_type AND b.image_number = m.image_number
                    AND b.cache_file_id = m.cache_file_id AND b.removed_generation IS NULL), m.published_at),
        coalesce((SELECT max(h.published_at) + 1 FROM main.library_image_files h
                  WHERE h.library_id = m.library_id AND h.folder = m.folder AND h.name = m.name
                    AND h.removed_generation IS NOT NULL), 0))
    WHERE m.added_generation = :generation AND m.removed_generation IS NULL";

const COPY_MAPPINGS: &str = "
    INSERT INTO main.library_image_files
    SELECT id, library_id, entity_id, image_type, image_number, folder, name, cache_file_id, added_generation, NULL,
           published_at, byte_count, mtime
    FROM base.library_image_files
    WHERE cache_file_id IS NOT NULL AND added_generation <= ?1
      AND (removed_generation IS NULL OR removed_generation > ?1)";

/// What programs had removed by then.
const COPY_WITHDRAWN: &str = "
    INSERT INTO main.withdrawn SELECT w.* FROM base.withdrawn w
    WHERE w.generation <= ?1 AND w.mapping_id IN (SELECT m.id FROM main.library_image_files m)";

const LEAVES: &str = "
    SELECT DISTINCT library_id, folder FROM library_image_files
    WHERE removed_generation IS NULL AND cache_file_id IS NOT NULL";

/// Folders that are shown and have no picture of their own.
const SHOWN_BRANCHES: &str = "
    SELECT f.library_id, f.folder FROM mapping_folders f
    WHERE f.is_synthetic = 1 AND f.mapping_count > 0
      AND NOT EXISTS (SELECT 1 FROM library_image_files m
                      WHERE m.library_id = f.library_id AND m.folder = f.folder AND m.removed_generation IS NULL
                        AND m.cache_file_id IS NOT NULL)";

const SHOW_BRANCH: &str = "
    INSERT INTO mapping_folders (library_id, folder, parent, name, is_synthetic, mapping_count, changed_at)
    VALUES (?1, ?2, ?3, ?4, 1, 1, ?5)
    ON CONFLICT (library_id, folder) DO UPDATE
       SET parent = excluded.parent, name = excluded.name, is_synthetic = 1, mapping_count = max(1, mapping_count)";

const HIDE_BRANCH: &str = "
    UPDATE mapping_folders SET mapping_count = 0, changed_at = max(?3, changed_at + 1)
    WHERE library_id = ?1 AND folder = ?2";

const TOUCH: &str = "INSERT OR IGNORE INTO temp.touched (library_id, folder) VALUES (?1, ?2)";

const TOUCH_ALL: &str = "
    INSERT OR IGNORE INTO temp.touched (library_id, folder) SELECT library_id, folder FROM main.mapping_folders";

impl Catalog {
    /// Takes in what the catalog at `base` knows, but for its mappings: the next publish in here makes these. Originals
    /// that came or went are announced in the change feed.
    ///
    /// # Errors
    /// When `base` cannot be read or has another schema, or this catalog cannot be written.
    pub fn derive(&mut self, base: &Path, what: Derivation, now: UnixSeconds) -> Result<(), CatalogError> {
        let selection = match what {
            Derivation::Published => SELECT_PUBLISHED,
            Derivation::Selected | Derivation::Pending => SELECT_SELECTED,
        };
        self.with_base(base, |connection| {
            copy_tables(connection)?;
            connection.execute_batch("DELETE FROM main.asset_candidates")?;
            connection.execute_batch(selection)?;
            replace::clear(connection)?;
            if what == Derivation::Pending {
                copy_table(connection, "locks")?;
                fill_scope(connection, Scope::All)?;
                select_kept(connection, now)?;
            }
            connection.execute_batch(UNLOCK)?;
            copy_originals(connection)?;
            Ok(feed::announce(connection, None, now)?)
        })
    }

    /// Gives the mappings that a generation of this derived catalog brought the times they have in `base`.
    ///
    /// # Errors
    /// As [`Self::derive`].
    pub fn keep_times(&mut self, base: &Path, generation: GenerationId) -> Result<(), CatalogError> {
        self.with_base(base, |connection| {
            connection.prepare(KEEP_TIMES)?.execute(named_params! { ":generation": generation })?;
            Ok(())
        })
    }

    /// Makes this catalog show what `base` showed in that generation.
    ///
    /// # Errors
    /// As [`Self::derive`]; [`CatalogError::NoSuchGeneration`].
    pub fn derive_generation(
        &mut self,
        base: &Path,
        generation: GenerationId,
        now: UnixSeconds,
    ) -> Result<(), CatalogError> {
        self.with_base(base, |connection| {
            let sql = "SELECT forgotten_at IS NOT NULL AS is_forgotten FROM base.generations WHERE id = ?1";
            match connection.prepare(sql)?.query_row([generation], |row| row.get("is_forgotten")).optional()? {
                None => return Err(CatalogError::NoSuchGeneration { id: generation }.into()),
                Some(true) => return Err(CatalogError::Forgotten { id: generation }.into()),
                Some(false) => {}
            }
            copy_tables(connection)?;
            connection.execute_batch("DELETE FROM main.library_image_files")?;
            copy_table(connection, "mapping_folders")?;
            connection.execute(COPY_MAPPINGS, [generation])?;
            connection.execute("DELETE FROM main.withdrawn", [])?;
            connection.execute(COPY_WITHDRAWN, [generation])?;
            replace::clear(connection)?;
            copy_originals(connection)?;
            connection.execute_batch(TOUCH_ALL)?;
            Ok(feed::announce(connection, None, now)?)
        })
    }

    /// Makes this derived catalog one of that library alone, lying at `root`: for names that make a tree of their own.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn plant_tree(&mut self, library: LibraryId, root: &Path) -> Result<(), CatalogError> {
        use std::os::unix::ffi::OsStrExt;
        without_foreign_keys(self, |catalog| {
            catalog.write(|transaction| {
                transaction.execute("DELETE FROM libraries WHERE id <> ?1", [library])?;
                let path = root.as_os_str().as_bytes();
                transaction.execute("UPDATE libraries SET path = ?2 WHERE id = ?1", (library, path))?;
                Ok(())
            })
        })
    }

    /// Shows the folders above those that only artwork needs, where a tree of its own has them nested, and no longer
    /// those with nothing below them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn grow_tree(&mut self, now: UnixSeconds) -> Result<(), CatalogError> {
        self.write(|transaction| {
            replace::clear(transaction)?;
            let wanted = branches(transaction)?;
            let mut shown = transaction.prepare_cached(SHOWN_BRANCHES)?;
            let shown: BTreeSet<_> =
                shown.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            for (library, folder) in wanted.difference(&shown) {
                let Some((parent, name)) = folder.split_last() else { continue };
                transaction.prepare_cached(SHOW_BRANCH)?.execute((library, folder, &parent, name, now))?;
                transaction.prepare_cached(TOUCH)?.execute((library, &parent))?;
            }
            for (library, folder) in shown.difference(&wanted) {
                transaction.prepare_cached(HIDE_BRANCH)?.execute((library, folder, now))?;
                transaction.prepare_cached(TOUCH)?.execute((library, folder.parent()))?;
            }
            Ok(feed::append_touched(transaction, None)?)
        })
    }

    /// Runs a transaction with the other catalog at hand, as the schema `base`. Rows refer to others that are only
    /// copied later, or are not there any more: nothing is held to that here.
    fn with_base(
        &mut self,
        base: &Path,
        work: impl FnOnce(&Connection) -> Result<(), Fault>,
    ) -> Result<(), CatalogError> {
        let uri = read_only_uri(base);
        self.read(|connection| Ok(connection.execute("ATTACH DATABASE ?1 AS base", [uri])?))?;
        let outcome = without_foreign_keys(self, |catalog| catalog.write_many(|transaction| work(transaction)));
        let detached = self.read(|connection| Ok(connection.execute_batch("DETACH DATABASE base")?));
        outcome.and(detached)
    }
}

/// The folders above those with pictures that only artwork needs, but not the root.
fn branches(connection: &Connection) -> Result<BTreeSet<(LibraryId, RelPath)>, Fault> {
    let mut statement = connection.prepare_cached(LEAVES)?;
    let mut rows = statement.query([])?;
    let mut branches = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (library, leaf): (LibraryId, RelPath) = (row.get(0)?, row.get(1)?);
        let above = std::iter::successors(leaf.parent(), RelPath::parent).take_while(|folder| !folder.is_root());
        branches.extend(above.map(|folder| (library, folder)));
    }
    Ok(branches)
}

fn copy_tables(connection: &Connection) -> rusqlite::Result<()> {
    COPIED.iter().try_for_each(|table| copy_table(connection, table))
}

/// Both have the same schema, so columns need no names.
fn copy_table(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM base.{table};"))
}

/// Replaces the originals, and marks the folders in which they differ.
fn copy_originals(connection: &Connection) -> rusqlite::Result<()> {
    let of = |schema| format!("SELECT {COLUMNS} FROM {schema}.library_image_files WHERE cache_file_id IS NULL");
    let (own, base) = (of("main"), of("base"));
    connection.execute_batch(&format!(
        "INSERT OR IGNORE INTO temp.touched (library_id, folder) SELECT library_id, folder FROM ({own} EXCEPT {base});
         INSERT OR IGNORE INTO temp.touched (library_id, folder) SELECT library_id, folder FROM ({base} EXCEPT {own});
         DELETE FROM main.library_image_files WHERE cache_file_id IS NULL;
         INSERT INTO main.library_image_files ({COLUMNS}) {base};"
    ))
}
