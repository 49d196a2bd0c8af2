-- What programs did to mapped pictures through a view. Rows hang on the mapping: with its end they mean nothing.

-- A picture that a program has written over. The file is in the source, under the same path. The row is durable before
-- the write is acknowledged, so after a crash it is known what still has to be taken in.
CREATE TABLE program_writes (
    mapping_id INTEGER PRIMARY KEY REFERENCES library_image_files (id),
    action     TEXT    NOT NULL,            -- adopt: the file is shown instead; capture: the picture still is
    is_refused INTEGER NOT NULL DEFAULT 0,  -- it was no whole picture: it stays a file, nothing is to be taken in
    program    TEXT    NOT NULL,
    uid        INTEGER NOT NULL,
    pid        INTEGER NOT NULL,            -- the mounting process that takes it in
    at         INTEGER NOT NULL
) STRICT;

-- A picture that a program has removed and that stays away until it is published again.
CREATE TABLE withdrawn (
    mapping_id INTEGER PRIMARY KEY REFERENCES library_image_files (id),
    program    TEXT    NOT NULL,
    uid        INTEGER NOT NULL,
    at         INTEGER NOT NULL
) STRICT;

-- Mode, owner and times that programs have set for what mappings show. NULL: never set. Times are for one mapping.
CREATE TABLE shown_attributes (
    library_id INTEGER NOT NULL REFERENCES libraries (id),
    folder     BLOB    NOT NULL,
    name       BLOB    NOT NULL,
    mode       INTEGER,
    uid        INTEGER,
    gid        INTEGER,
    mapping_id INTEGER,  -- which mapping the times are for
    atime      INTEGER,  -- whole seconds
    atime_ns   INTEGER,
    mtime      INTEGER,
    mtime_ns   INTEGER,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (library_id, folder, name)
) STRICT, WITHOUT ROWID;

-- Renames that are under way: noted before the tree changes, gone with the transaction that makes the catalog follow.
CREATE TABLE renames (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    library_id  INTEGER NOT NULL REFERENCES libraries (id),
    source      BLOB    NOT NULL,
    target      BLOB    NOT NULL,
    is_folder   INTEGER NOT NULL,
    inode       INTEGER NOT NULL,  -- of what is renamed: tells after a crash whether the tree has changed
    author      TEXT    NOT NULL,
    pid         INTEGER NOT NULL,  -- the mounting process that is at it
    at          INTEGER NOT NULL
) STRICT;
