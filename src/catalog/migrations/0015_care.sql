-- What looking after the cache needs to remember.

-- When the bytes of a file of the cache were last found to be those of its name.
CREATE TABLE verified_files (
    sha256      BLOB    NOT NULL,
    extension   TEXT    NOT NULL,
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (sha256, extension)
) STRICT, WITHOUT ROWID;

-- Runs of `verify`.
CREATE TABLE verifications (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,           -- NULL: under way, or killed
    is_deep     INTEGER NOT NULL,
    findings    INTEGER NOT NULL DEFAULT 0,
    repaired    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Where real files were written to, so that they can be looked at, and used, later.
CREATE TABLE exports (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    library_id  INTEGER NOT NULL REFERENCES libraries (id),
    target      BLOB    NOT NULL,  -- absolute; empty: the library itself
    naming      TEXT    NOT NULL,  -- profiles; empty: what is published, under its names
    mode        TEXT    NOT NULL,
    exported_at INTEGER NOT NULL,
    UNIQUE (library_id, target, naming)
) STRICT;

-- What refers to a file of the cache.
CREATE INDEX asset_candidates_by_cache_file ON asset_candidates (cache_file_id) WHERE cache_file_id IS NOT NULL;
CREATE INDEX mappings_by_cache_file ON library_image_files (cache_file_id) WHERE cache_file_id IS NOT NULL;
