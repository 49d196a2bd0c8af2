//! Renames in the tree: the catalog follows in one transaction.
//!
//! A path is a place in the tree, and a folder that is renamed takes along everything that was ever known of what is in
//! it: mappings, also those that have ended (so that a rollback shows them where the film is now), originals, entities,
//! attributes. Numbers of rows stay, and with them the inode numbers and times of pictures.
//!
//! What the catalog still knows of a former tenant of the new path (a film that is gone) changes places with it: nothing
//! is lost, and no path is claimed twice.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::Fault;
use super::generations::Stamp;
use super::sql_types::valid;
use super::wanted::{Place, SHOWN, SelectedPicture, selected_picture, want};
use super::{Catalog, CatalogError, Published, ScannedFile, entities, feed, replace};
use crate::model::{EntityId, Layout, LibraryId, MappingId, Name, RelPath, UnixSeconds};
use crate::naming::split_extension;

/// A rename that is about to happen in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRename {
    /// The library.
    pub library: LibraryId,
    /// What is renamed.
    pub source: RelPath,
    /// What it will be called.
    pub target: RelPath,
    /// Whether it is a folder, else a file.
    pub is_folder: bool,
    /// Its inode number.
    pub inode: u64,
    /// Who renames.
    pub author: String,
}

/// A rename that was noted and not followed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// Its row.
    pub id: i64,
    /// The mounting process that was at it.
    pub pid: u32,
    /// What was noted.
    pub noted: NewRename,
}

/// Tells the paths of a picture that is shown, as they are to be now.
pub type NamesAnew<'a> = dyn FnMut(&SelectedPicture) -> Vec<Place> + 'a;

/// Never a path of the catalog, which has no double slashes: where paths are while two folders change places.
const NOWHERE: &[u8] = b"//";

/// Rewrites the beginning of a path. Bytes need not be text, but joining them makes text of them, unchanged.
macro_rules! move_paths {
    ($table:literal, $column:literal, $where:literal) => {
        move_paths!($table, $column, "library_id = :library", $where)
    };
    ($table:literal, $column:literal, $of_library:literal, $where:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $column,
            " = CAST(CAST(:new AS TEXT) || CAST(substr(",
            $column,
            ", length(:old) + 1) AS TEXT) AS BLOB) WHERE ",
            $of_library,
            " AND ",
            $column,
            " >= :old AND ",
            $column,
            " < :behind AND (",
            $column,
            " = :old OR ",
            $column,
            " > :below)",
            $where
        )
    };
}

/// Every column that holds a path beneath a library. One statement for each index.
const MOVES: &[&str] = &[
    move_paths!("library_image_files", "folder", " AND removed_generation IS NULL AND cache_file_id IS NOT NULL"),
    move_paths!("library_image_files", "folder", " AND removed_generation IS NOT NULL"),
    move_paths!("library_image_files", "folder", " AND cache_file_id IS NULL"),
    move_paths!("mapping_folders", "parent", " AND folder > :below AND folder < :behind"),
    move_paths!("mapping_folders", "folder", ""),
    move_paths!("shown_attributes", "folder", ""),
    move_paths!("entities", "folder", ""),
    move_paths!("entities", "video", " AND video IS NOT NULL"),
    move_paths!("entities", "path", ""),
    move_paths!(
        "entity_places",
        "path",
        "EXISTS (SELECT 1 FROM entities e WHERE e.id = entity_id AND e.library_id = :library)",
        ""
    ),
    move_paths!("video_files", "path", ""),
];

/// Further parts and versions of an entity that are that file.
const MOVE_PART: &str = "
    UPDATE entity_places SET path = ?3 WHERE path = ?2
        AND EXISTS (SELECT 1 FROM entities e WHERE e.id = entity_id AND e.library_id = ?1)";

/// What was in the file that had the new path is known no more.
const REPLACE_VIDEO_FILE: &str = "DELETE FROM video_files WHERE library_id = ?1 AND path = ?2";
const MOVE_VIDEO_FILE: &str = "UPDATE video_files SET path = ?3 WHERE library_id = ?1 AND path = ?2";

const CONCERNS_FOLDER: &str = "
    SELECT EXISTS (SELECT 1 FROM entities WHERE library_id = :library AND path >= :old AND path < :behind
                   AND (path = :old OR path > :below))
        OR EXISTS (SELECT 1 FROM mapping_folders WHERE library_id = :library AND folder >= :old AND folder < :behind
                   AND (folder = :old OR folder > :below)) AS concerns";

const CONCERNS_FILE: &str = "
    SELECT 1 FROM entities WHERE library_id = ?1 AND video = ?2
    UNION ALL SELECT 1 FROM video_files WHERE library_id = ?1 AND path = ?2
    UNION ALL SELECT 1 FROM entity_places p JOIN entities e ON e.id = p.entity_id
        WHERE p.path = ?2 AND e.library_id = ?1";

const VIDEO_OF_FILE: &str = "
    SELECT e.video FROM entity_files f CROSS JOIN entities e ON e.id = f.entity_id
    WHERE f.inode = ?2 AND f.born = ?3 AND e.library_id = ?1 AND e.video IS NOT NULL ORDER BY e.is_missing, e.id LIMIT 1";

const TOUCH_BELOW: &str = "
    INSERT OR IGNORE INTO temp.touched (library_id, folder)
    SELECT library_id, folder FROM mapping_folders
    WHERE library_id = :library AND folder >= :old AND folder < :behind AND (folder = :old OR folder > :below)";

const SCOPE_AT: &str = "
    INSERT OR IGNORE INTO temp.scope (entity_id) SELECT id FROM entities WHERE library_id = ?1 AND folder = ?2";

const OLD_OF_SCOPE: &str = "
    INSERT OR IGNORE INTO temp.old (id)
    SELECT m.id FROM temp.scope s CROSS JOIN library_image_files m
        ON m.entity_id = s.entity_id AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL";

/// Current mappings of others at a path that is wanted now: what exists has it before what is gone.
const OLD_IN_THE_WAY: &str = "
    INSERT OR IGNORE INTO temp.old (id)
    SELECT m.id FROM temp.wanted w CROSS JOIN library_image_files m
        ON m.library_id = w.library_id AND m.folder = w.folder AND m.name = w.name
        AND m.removed_generation IS NULL AND m.cache_file_id IS NOT NULL";

/// Names begin with the video's, and go on with a dash or a dot.
const RENAME_ENDED: &str = "
    UPDATE library_image_files SET folder = :to, name = CAST(:new || substr(name, length(:old) + 1) AS BLOB)
    WHERE entity_id = :entity AND library_id = :library AND folder = :from AND removed_generation IS NOT NULL
      AND substr(name, 1, length(:old)) = :old AND substr(name, length(:old) + 1, 1) IN (x'2d', x'2e')";

const MOVE_MAPPING: &str = "
    UPDATE library_image_files SET folder = :folder, name = :name,
        published_at = max(published_at, coalesce((SELECT max(h.published_at) FROM library_image_files h
            WHERE h.library_id = :library AND h.folder = :folder AND h.name = :name
              AND h.removed_generation IS NOT NULL) + 1, published_at))
    WHERE id = :id";

impl Catalog {
    /// Whether the catalog knows something at or beneath that path of a folder, or a video of that path.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn concerns(&self, library: LibraryId, path: &RelPath, is_folder: bool) -> Result<bool, CatalogError> {
        self.read(|connection| {
            if is_folder {
                let mut statement = connection.prepare_cached(CONCERNS_FOLDER)?;
                return Ok(with_range(library, path, |range| statement.query_row(range, |row| row.get(0)))?);
            }
            Ok(connection.prepare_cached(CONCERNS_FILE)?.exists((library, path))?)
        })
    }

    /// Where the last scan found that file as the video of something; `None` when it did not.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn video_of_file(&self, library: LibraryId, file: ScannedFile) -> Result<Option<RelPath>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(VIDEO_OF_FILE)?;
            let found = statement.query_row((library, file.inode.cast_signed(), file.born_ns), |row| row.get("video"));
            Ok(found.optional()?)
        })
    }

    /// Notes a rename before it happens in the tree, so that it is found again after a crash. Answers its row.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn begin_rename(&mut self, rename: &NewRename, now: UnixSeconds) -> Result<i64, CatalogError> {
        self.write(|transaction| {
            Ok(transaction
                .prepare_cached(
                    "INSERT INTO renames (library_id, source, target, is_folder, inode, author, pid, at)
                     VALUES (:library, :source, :target, :is_folder, :inode, :author, :pid, :now) RETURNING id",
                )?
                .query_row(
                    named_params! {
                        ":library": rename.library, ":source": rename.source, ":target": rename.target,
                        ":is_folder": rename.is_folder, ":inode": rename.inode.cast_signed(),
                        ":author": rename.author, ":pid": std::process::id(), ":now": now,
                    },
                    |row| row.get("id"),
                )?)
        })
    }

    /// The rename did not happen.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn drop_rename(&mut self, id: i64) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.prepare_cached("DELETE FROM renames WHERE id = ?1")?.execute([id])?;
            Ok(())
        })
    }

    /// The renames that were noted and not followed, oldest first.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn open_renames(&self) -> Result<Vec<Rename>, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, library_id, source, target, is_folder, inode, author, pid FROM renames ORDER BY id",
            )?;
            let rows = statement.query_map([], rename)?;
            Ok(rows.map(valid).filter_map(Result::transpose).collect::<Result<_, _>>()?)
        })
    }

    /// The rename has happened: the catalog follows. `names` makes those names anew that are made of what was renamed;
    /// without it they stay. `None` when somebody else has followed already.
    ///
    /// # Errors
    /// When the catalog cannot be written; the rename then stays noted.
    pub fn follow_rename(
        &mut self,
        id: i64,
        stamp: &Stamp,
        names: Option<&mut NamesAnew<'_>>,
    ) -> Result<Option<Published>, CatalogError> {
        self.write(|transaction| {
            let noted = transaction
                .prepare_cached(
                    "DELETE FROM renames WHERE id = ?1
                     RETURNING id, library_id, source, target, is_folder, inode, author, pid",
                )?
                .query_row([id], rename)
                .optional()?;
            let Some(Rename { noted, .. }) = noted else { return Ok(None) };
            replace::clear(transaction)?;
            if noted.is_folder {
                move_folder(transaction, &noted)?;
                return Ok(Some(rename_shown(transaction, stamp, names)?));
            }
            let moved = move_video(transaction, &noted, stamp.now)?;
            let renamed = rename_shown(transaction, stamp, names)?;
            rename_ended(transaction, &noted, &moved)?;
            Ok(Some(renamed))
        })
    }

    /// Gives a mapping another path in its library. A mapping that has the path ends.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn move_mapping(
        &mut self,
        mapping: MappingId,
        library: LibraryId,
        (folder, name): (&RelPath, &Name),
        stamp: &Stamp,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            replace::clear(transaction)?;
            transaction
                .prepare_cached(
                    "INSERT INTO temp.old (id) SELECT id FROM library_image_files
                     WHERE library_id = ?1 AND folder = ?2 AND name = ?3 AND removed_generation IS NULL
                       AND cache_file_id IS NOT NULL AND id <> ?4",
                )?
                .execute((library, folder, name, mapping))?;
            replace::carry_out(transaction, stamp)?;
            replace::clear(transaction)?;
            let touch = "INSERT OR IGNORE INTO temp.touched (library_id, folder)
                         SELECT library_id, folder FROM library_image_files WHERE id = ?1";
            transaction.prepare_cached(touch)?.execute([mapping])?;
            transaction.prepare_cached(MOVE_MAPPING)?.execute(named_params! {
                ":id": mapping, ":library": library, ":folder": folder, ":name": name,
            })?;
            feed::touch(transaction, library, folder)?;
            Ok(feed::announce(transaction, None, stamp.now)?)
        })
    }
}

fn rename(row: &Row<'_>) -> rusqlite::Result<Rename> {
    let noted = NewRename {
        library: row.get("library_id")?,
        source: row.get("source")?,
        target: row.get("target")?,
        is_folder: row.get("is_folder")?,
        inode: row.get::<_, i64>("inode")?.cast_unsigned(),
        author: row.get("author")?,
    };
    Ok(Rename { id: row.get("id")?, pid: row.get("pid")?, noted })
}

/// The parameters that select a folder and what is beneath it: everything beneath `a` lies between `a/` and `a0`.
fn with_range<T>(
    library: LibraryId,
    folder: &RelPath,
    run: impl FnOnce(&[(&str, &dyn rusqlite::ToSql)]) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let (below, behind) = ([folder.as_bytes(), b"/"].concat(), [folder.as_bytes(), b"0"].concat());
    run(&[(":library", &library), (":old", &folder.as_bytes()), (":below", &below), (":behind", &behind)])
}

/// The folder and what is known at its new path change places.
fn move_folder(connection: &Connection, noted: &NewRename) -> rusqlite::Result<()> {
    let (library, source, target) = (noted.library, noted.source.as_bytes(), noted.target.as_bytes());
    for (old, new) in [(source, NOWHERE), (target, source), (NOWHERE, target)] {
        let (below, behind) = ([old, b"/"].concat(), [old, b"0"].concat());
        for sql in MOVES {
            connection.prepare_cached(sql)?.execute(named_params! {
                ":library": library, ":old": old, ":new": new, ":below": below, ":behind": behind,
            })?;
        }
    }
    for path in [&noted.source, &noted.target] {
        if let Some((parent, name)) = path.split_last() {
            connection
                .prepare_cached(
                    "UPDATE mapping_folders SET parent = ?3, name = ?4
                     WHERE library_id = ?1 AND folder = ?2 AND is_synthetic = 1",
                )?
                .execute((library, path, parent, name))?;
        }
        with_range(library, path, |range| connection.prepare_cached(TOUCH_BELOW)?.execute(range))?;
        connection.prepare_cached(SCOPE_AT)?.execute((library, path))?;
    }
    Ok(())
}

/// Entities whose main video was renamed follow it, also into another folder.
fn move_video(connection: &Connection, noted: &NewRename, now: UnixSeconds) -> Result<Vec<EntityId>, Fault> {
    let moved: Vec<(EntityId, Layout)> = connection
        .prepare_cached("SELECT id, layout FROM entities WHERE library_id = ?1 AND video = ?2")?
        .query_map((noted.library, &noted.source), |row| Ok((row.get("id")?, row.get("layout")?)))?
        .collect::<Result<_, _>>()?;
    connection.prepare_cached(MOVE_PART)?.execute((noted.library, &noted.source, &noted.target))?;
    connection.prepare_cached(REPLACE_VIDEO_FILE)?.execute((noted.library, &noted.target))?;
    connection.prepare_cached(MOVE_VIDEO_FILE)?.execute((noted.library, &noted.source, &noted.target))?;
    let (Some(from), Some(to)) = (noted.source.parent(), noted.target.parent()) else { return Ok(Vec::new()) };
    for &(id, layout) in &moved {
        let is_elsewhere = from != to;
        let path = match layout {
            Layout::Flat => Some(&noted.target),
            _ => is_elsewhere.then_some(&to),
        };
        if let Some(path) = path {
            take_path(connection, id, path)?;
        }
        connection
            .prepare_cached(
                "UPDATE entities SET video = ?2, folder = iif(?3, ?4, folder), updated_at = ?5 WHERE id = ?1",
            )?
            .execute((id, &noted.target, is_elsewhere, &to, now))?;
        connection.prepare_cached("INSERT OR IGNORE INTO temp.scope (entity_id) VALUES (?1)")?.execute([id])?;
    }
    Ok(moved.into_iter().map(|(id, _)| id).collect())
}

/// Names made of the video's name follow it where they are history, too: a rollback shows pictures beside the film as it
/// is called now.
fn rename_ended(connection: &Connection, noted: &NewRename, moved: &[EntityId]) -> rusqlite::Result<()> {
    let (Some((from, old)), Some((to, new))) = (noted.source.split_last(), noted.target.split_last()) else {
        return Ok(());
    };
    let (old, new) = (split_extension(old.as_bytes()).0, split_extension(new.as_bytes()).0);
    for id in moved {
        connection.prepare_cached(RENAME_ENDED)?.execute(named_params! {
            ":entity": id, ":library": noted.library, ":from": from, ":to": to, ":old": old, ":new": new,
        })?;
    }
    Ok(())
}

/// Gives an entity a path; who had it, and is gone from the tree, gets the one it had.
fn take_path(connection: &Connection, id: EntityId, path: &RelPath) -> Result<(), Fault> {
    entities::require(connection, id)?;
    let other: Option<EntityId> = connection
        .prepare_cached(
            "SELECT o.id FROM entities e JOIN entities o ON o.library_id = e.library_id
                AND o.entity_type = e.entity_type AND o.path = ?2 WHERE e.id = ?1 AND o.id <> e.id",
        )?
        .query_row((id, path), |row| row.get("id"))
        .optional()?;
    let mut set = connection.prepare_cached("UPDATE entities SET path = ?2 WHERE id = ?1")?;
    if let Some(other) = other {
        let old: RelPath = connection
            .prepare_cached("SELECT path FROM entities WHERE id = ?1")?
            .query_row([id], |row| row.get("path"))?;
        set.execute((other, NOWHERE))?;
        set.execute((id, path))?;
        set.execute((other, old))?;
    } else {
        set.execute((id, path))?;
    }
    Ok(())
}

/// Makes the names anew of what is shown of the entities in `scope`, and tells those who follow.
fn rename_shown(
    connection: &Connection,
    stamp: &Stamp,
    names: Option<&mut NamesAnew<'_>>,
) -> rusqlite::Result<Published> {
    let Some(names) = names else {
        feed::announce_if_touched(connection, stamp.now)?;
        return Ok(Published::default());
    };
    let mut shown = connection.prepare_cached(SHOWN)?;
    let mut rows = shown.query([])?;
    while let Some(row) = rows.next()? {
        let picture = selected_picture(connection, row)?;
        for place in names(&picture) {
            want(connection, &picture, place)?;
        }
    }
    connection.prepare_cached(OLD_OF_SCOPE)?.execute([])?;
    connection.prepare_cached(OLD_IN_THE_WAY)?.execute([])?;
    let published = replace::carry_out(connection, stamp)?;
    if published.generation.is_none() {
        feed::announce_if_touched(connection, stamp.now)?;
    }
    Ok(published)
}
