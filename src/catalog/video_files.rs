//! What is in video files, remembered as long as a file is the same.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::sql_types::{Count, optional_word};
use super::{Catalog, CatalogError};
use crate::model::{AudioStream, LibraryId, RelPath, StreamDetails, SubtitleStream, UnixSeconds, VideoStream};

/// What tells a file from another one, and from itself after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoIdentity {
    /// Its inode number.
    pub inode: u64,
    /// Its size in bytes.
    pub byte_count: u64,
    /// When its content last changed, in nanoseconds since 1970.
    pub mtime_ns: i64,
}

const KINDS: [&str; 3] = ["video", "audio", "subtitle"];

const PATHS: &str = "
    SELECT video AS path FROM entities
    WHERE library_id = ?1 AND video > ?2 AND is_missing = 0 AND layout <> 'disc'
    UNION
    SELECT p.path FROM entity_places p CROSS JOIN entities e ON e.id = p.entity_id
    WHERE p.path > ?2 AND p.role = 'video' AND e.library_id = ?1 AND e.is_missing = 0 AND e.layout <> 'disc'
    ORDER BY path LIMIT ?3";

const IS_KNOWN: &str = "
    SELECT 1 FROM video_files
    WHERE library_id = :library AND path = :path AND inode = :inode AND byte_count = :bytes AND mtime_ns = :mtime";

const SAME_FILE: &str = "
    SELECT id FROM video_files
    WHERE library_id = :library AND inode = :inode AND byte_count = :bytes AND mtime_ns = :mtime
    ORDER BY read_at DESC LIMIT 1";

const COPY: &str = "
    INSERT INTO video_files (library_id, path, inode, byte_count, mtime_ns, is_readable, container, duration_ms, read_at)
    SELECT library_id, ?2, inode, byte_count, mtime_ns, is_readable, container, duration_ms, read_at
    FROM video_files WHERE id = ?1
    RETURNING id";

const COPY_STREAMS: &str = "
    INSERT INTO video_streams (video_file_id, position, kind, codec, width, height, hdr, channels, language)
    SELECT ?2, position, kind, codec, width, height, hdr, channels, language FROM video_streams WHERE video_file_id = ?1";

const INSERT: &str = "
    INSERT INTO video_files (library_id, path, inode, byte_count, mtime_ns, is_readable, container, duration_ms, read_at)
    VALUES (:library, :path, :inode, :bytes, :mtime, :is_readable, :container, :duration, :now)
    RETURNING id";

const INSERT_STREAM: &str = "
    INSERT INTO video_streams (video_file_id, position, kind, codec, width, height, hdr, channels, language)
    VALUES (:file, :position, :kind, :codec, :width, :height, :hdr, :channels, :language)";

/// Files that are no entity's any more, not even a missing one's.
const FORGET: &str = "
    DELETE FROM video_files
    WHERE library_id = ?1
      AND NOT EXISTS (SELECT 1 FROM entities e WHERE e.library_id = video_files.library_id AND e.video = video_files.path)
      AND NOT EXISTS (SELECT 1 FROM entity_places p CROSS JOIN entities e ON e.id = p.entity_id
                      WHERE p.path = video_files.path AND p.role = 'video' AND e.library_id = video_files.library_id)";

impl Catalog {
    /// A page of the videos that entities of a library have, by path, at most `limit`, behind `after`. Discs have none
    /// that could be looked into. A page that is not full is the last one.
    ///
    /// # Errors
    /// When the catalog cannot be read, or a row is not valid.
    pub fn video_paths(
        &self,
        library: LibraryId,
        after: Option<&RelPath>,
        limit: u32,
    ) -> Result<Vec<RelPath>, CatalogError> {
        self.read(|connection| {
            let after = after.map_or(&b""[..], RelPath::as_bytes);
            let mut statement = connection.prepare_cached(PATHS)?;
            Ok(statement.query_map((library, after, limit), |row| row.get("path"))?.collect::<Result<_, _>>()?)
        })
    }

    /// Whether the file at that path has been read, as it is now.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn is_video_known(
        &self,
        library: LibraryId,
        path: &RelPath,
        identity: VideoIdentity,
    ) -> Result<bool, CatalogError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(IS_KNOWN)?;
            Ok(statement.exists(named_params! {
                ":library": library, ":path": path, ":inode": bits(identity.inode),
                ":bytes": Count(identity.byte_count), ":mtime": identity.mtime_ns,
            })?)
        })
    }

    /// Takes over what is known of the same file under another path, where it was read before it moved. Whether it was.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn take_over_video(
        &mut self,
        library: LibraryId,
        path: &RelPath,
        identity: VideoIdentity,
    ) -> Result<bool, CatalogError> {
        self.write(|transaction| {
            let same: Option<i64> = transaction
                .prepare_cached(SAME_FILE)?
                .query_row(
                    named_params! {
                        ":library": library, ":inode": bits(identity.inode), ":bytes": Count(identity.byte_count),
                        ":mtime": identity.mtime_ns,
                    },
                    |row| row.get("id"),
                )
                .optional()?;
            let Some(same) = same else { return Ok(false) };
            delete(transaction, library, path)?;
            let copy: i64 = transaction.prepare_cached(COPY)?.query_row((same, path), |row| row.get("id"))?;
            transaction.prepare_cached(COPY_STREAMS)?.execute((same, copy))?;
            Ok(true)
        })
    }

    /// Notes what is in a file; `None` when nothing could be made of it.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn record_video(
        &mut self,
        library: LibraryId,
        path: &RelPath,
        identity: VideoIdentity,
        details: Option<&StreamDetails>,
        now: UnixSeconds,
    ) -> Result<(), CatalogError> {
        self.write(|transaction| {
            delete(transaction, library, path)?;
            let file: i64 = transaction.prepare_cached(INSERT)?.query_row(
                named_params! {
                    ":library": library, ":path": path, ":inode": bits(identity.inode),
                    ":bytes": Count(identity.byte_count), ":mtime": identity.mtime_ns,
                    ":is_readable": details.is_some(), ":container": details.and_then(|d| d.container.as_deref()),
                    ":duration": details.and_then(|d| d.duration_ms).map(Count), ":now": now,
                },
                |row| row.get("id"),
            )?;
            Ok(details.map_or(Ok(()), |details| insert_streams(transaction, file, details))?)
        })
    }

    /// Forgets files that are no entity's any more; those of missing entities are kept.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub fn forget_videos(&mut self, library: LibraryId) -> Result<(), CatalogError> {
        self.write(|transaction| {
            transaction.prepare_cached(FORGET)?.execute([library])?;
            Ok(())
        })
    }

    /// What is in the file at that path, as it was when it was read; `None` when it never was, or nothing could be made of
    /// it.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn stream_details(&self, library: LibraryId, path: &RelPath) -> Result<Option<StreamDetails>, CatalogError> {
        self.read_together(|connection| Ok(details(connection, library, path)?))
    }
}

/// SQLite's integers are signed; inode numbers use all 64 bits on some file systems.
fn bits(inode: u64) -> i64 {
    i64::from_ne_bytes(inode.to_ne_bytes())
}

fn delete(connection: &Connection, library: LibraryId, path: &RelPath) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM video_files WHERE library_id = ?1 AND path = ?2")?
        .execute((library, path))?;
    Ok(())
}

fn insert_streams(connection: &Connection, file: i64, details: &StreamDetails) -> rusqlite::Result<()> {
    let [video, audio, subtitle] = KINDS;
    let mut insert = connection.prepare_cached(INSERT_STREAM)?;
    for (position, stream) in details.video.iter().enumerate() {
        insert.execute(named_params! {
            ":file": file, ":position": position as i64, ":kind": video, ":codec": stream.codec, ":width": stream.width,
            ":height": stream.height, ":hdr": stream.hdr.map(crate::model::Hdr::as_str), ":channels": None::<u16>,
            ":language": None::<&str>,
        })?;
    }
    let sound = details.audio.iter().map(|s| (audio, &s.codec, s.channels, s.language.as_ref()));
    let words = details.subtitles.iter().map(|s| (subtitle, &s.codec, None, s.language.as_ref()));
    for (position, (kind, codec, channels, language)) in sound.enumerate().chain(words.enumerate()) {
        insert.execute(named_params! {
            ":file": file, ":position": position as i64, ":kind": kind, ":codec": codec, ":width": None::<u32>,
            ":height": None::<u32>, ":hdr": None::<&str>, ":channels": channels,
            ":language": language.map(crate::model::Language::as_str),
        })?;
    }
    Ok(())
}

fn details(connection: &Connection, library: LibraryId, path: &RelPath) -> rusqlite::Result<Option<StreamDetails>> {
    let found = connection
        .prepare_cached(
            "SELECT id, container, duration_ms FROM video_files WHERE library_id = ?1 AND path = ?2 AND is_readable = 1",
        )?
        .query_row((library, path), |row| {
            let duration_ms = row.get::<_, Option<Count>>("duration_ms")?.map(|count| count.0);
            Ok((row.get("id")?, row.get("container")?, duration_ms))
        })
        .optional()?;
    let Some((file, container, duration_ms)): Option<(i64, _, _)> = found else { return Ok(None) };
    let [video, audio, subtitle] = KINDS;
    Ok(Some(StreamDetails {
        container,
        duration_ms,
        video: streams(connection, file, video, |row| {
            let (width, height) = (row.get("width")?, row.get("height")?);
            Ok(VideoStream { codec: row.get("codec")?, width, height, hdr: optional_word(row, "hdr")? })
        })?,
        audio: streams(connection, file, audio, |row| {
            let language = optional_word(row, "language")?;
            Ok(AudioStream { codec: row.get("codec")?, channels: row.get("channels")?, language })
        })?,
        subtitles: streams(connection, file, subtitle, |row| {
            Ok(SubtitleStream { codec: row.get("codec")?, language: optional_word(row, "language")? })
        })?,
    }))
}

fn streams<T>(
    connection: &Connection,
    file: i64,
    kind: &str,
    stream: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection
        .prepare_cached(
            "SELECT codec, width, height, hdr, channels, language FROM video_streams
             WHERE video_file_id = ?1 AND kind = ?2 ORDER BY position",
        )?
        .query_map((file, kind), stream)?
        .collect()
}
