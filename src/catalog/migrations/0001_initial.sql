-- The catalog of posterfs. Migrations are only ever appended; `PRAGMA user_version` counts them.
-- Times are whole seconds since 1970. Paths are bytes, relative to their library, normalised, without `..`.

PRAGMA application_id = 0x70667331; -- "pfs1": tells a catalog from any other SQLite file

-- A removed library keeps its rows (removed_at), so that adding the same path again finds entities, choices and
-- history where they were.
CREATE TABLE libraries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    path       BLOB    NOT NULL UNIQUE,  -- absolute
    kind       TEXT    NOT NULL,         -- movies, tv, music
    naming     TEXT    NOT NULL,         -- naming profiles, as typed
    added_at   INTEGER NOT NULL,
    removed_at INTEGER                   -- NULL while it is a library
) STRICT;
CREATE UNIQUE INDEX library_names ON libraries (name) WHERE removed_at IS NULL;

-- Entities are never deleted: what vanishes from the tree is marked, and history keeps pointing at it.
CREATE TABLE entities (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    library_id  INTEGER NOT NULL REFERENCES libraries (id),
    entity_type TEXT    NOT NULL,
    parent_id   INTEGER REFERENCES entities (id),
    title       TEXT    NOT NULL,
    sort_title  TEXT    NOT NULL,
    year        INTEGER,
    season      INTEGER,
    episode     INTEGER,
    layout      TEXT    NOT NULL,            -- own, flat, disc, stack, version
    folder      BLOB    NOT NULL,            -- the folder that its artwork goes to
    video       BLOB,                        -- its main video; NULL when it has none
    path        BLOB    NOT NULL,            -- what identifies it: its own folder, or its video in a shared one
    monitored   INTEGER NOT NULL DEFAULT 1,
    is_missing  INTEGER NOT NULL DEFAULT 0,  -- the last scan did not find it
    added_at    INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (library_id, entity_type, path)
) STRICT;
CREATE INDEX entities_by_path ON entities (library_id, path);
CREATE INDEX entities_by_folder ON entities (library_id, folder);
CREATE INDEX entities_by_video ON entities (library_id, video) WHERE video IS NOT NULL;
CREATE INDEX entities_by_title ON entities (title COLLATE NOCASE);
CREATE INDEX entities_by_sort_title ON entities (sort_title, id);
CREATE INDEX entities_by_parent ON entities (parent_id, season, episode) WHERE parent_id IS NOT NULL;

CREATE VIEW movies     AS SELECT * FROM entities WHERE entity_type = 'movie';
CREATE VIEW series     AS SELECT * FROM entities WHERE entity_type = 'series';
CREATE VIEW seasons    AS SELECT * FROM entities WHERE entity_type = 'season';
CREATE VIEW episodes   AS SELECT * FROM entities WHERE entity_type = 'episode';
CREATE VIEW actors     AS SELECT * FROM entities WHERE entity_type = 'actor';
CREATE VIEW movie_sets AS SELECT * FROM entities WHERE entity_type = 'movieset';
CREATE VIEW artists    AS SELECT * FROM entities WHERE entity_type = 'artist';
CREATE VIEW albums     AS SELECT * FROM entities WHERE entity_type = 'album';

CREATE TABLE external_ids (
    entity_id INTEGER NOT NULL REFERENCES entities (id),
    provider  TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    source    TEXT    NOT NULL,  -- who said so: scan, user, a provider
    PRIMARY KEY (entity_id, provider)
) STRICT, WITHOUT ROWID;
CREATE INDEX external_ids_by_value ON external_ids (provider, value);

CREATE TABLE metadata_fields (
    entity_id  INTEGER NOT NULL REFERENCES entities (id),
    field      TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (entity_id, field)
) STRICT, WITHOUT ROWID;

-- No row: the lock of the parent holds. A row says yes or no, whatever the parent says.
CREATE TABLE locks (
    entity_id INTEGER NOT NULL REFERENCES entities (id),
    field     TEXT    NOT NULL,  -- an image type (`poster`, `fanart2`) or a metadata field
    is_locked INTEGER NOT NULL,
    origin    TEXT    NOT NULL,  -- manual: by choosing or editing; explicit: by `lock` and `unlock`
    locked_at INTEGER NOT NULL,
    PRIMARY KEY (entity_id, field)
) STRICT, WITHOUT ROWID;

-- Which entity and image type a cached picture serves. Several rows may name one file on disk (same sha256).
CREATE TABLE cache_image_files (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256          BLOB    NOT NULL CHECK (length(sha256) = 32),
    extension       TEXT    NOT NULL,  -- without dot
    format          TEXT    NOT NULL,
    byte_count      INTEGER NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    has_alpha       INTEGER NOT NULL,
    perceptual_hash BLOB,
    difference_hash BLOB,
    entity_type     TEXT    NOT NULL,
    entity_id       INTEGER NOT NULL REFERENCES entities (id),
    image_type      TEXT    NOT NULL,  -- without number
    image_number    INTEGER NOT NULL,  -- 0 for the main one
    source          TEXT    NOT NULL,  -- provider, file, url, original, program
    provider        TEXT,
    source_url      TEXT,
    author          TEXT,
    quality         REAL,              -- 0 to 100; NULL until scored
    created_at      INTEGER NOT NULL,
    UNIQUE (entity_id, image_type, image_number, sha256)
) STRICT;
CREATE INDEX cache_image_files_by_hash ON cache_image_files (sha256, byte_count);

CREATE TABLE asset_candidates (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id     INTEGER NOT NULL REFERENCES entities (id),
    image_type    TEXT    NOT NULL,
    image_number  INTEGER NOT NULL,
    provider      TEXT    NOT NULL,  -- `user` for pictures chosen by hand
    provider_key  TEXT    NOT NULL,  -- the provider's own name of it; the sha256 for `user`
    url           TEXT,
    width         INTEGER,
    height        INTEGER,
    language      TEXT,              -- NULL: without text
    vote_average  REAL,
    vote_count    INTEGER,
    score         REAL,              -- 0 to 100; NULL until scored
    score_parts   TEXT,              -- JSON
    is_selected   INTEGER NOT NULL DEFAULT 0,
    is_blocked    INTEGER NOT NULL DEFAULT 0,
    user_locked   INTEGER NOT NULL DEFAULT 0,
    cache_file_id INTEGER REFERENCES cache_image_files (id),
    fetched_at    INTEGER NOT NULL,
    selected_at   INTEGER,
    UNIQUE (entity_id, image_type, image_number, provider, provider_key)
) STRICT;
CREATE UNIQUE INDEX selections ON asset_candidates (entity_id, image_type, image_number) WHERE is_selected = 1;

-- One change of the mappings as a whole.
CREATE TABLE generations (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    author  TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    added   INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    removed INTEGER NOT NULL
) STRICT;

-- Two kinds of rows.
-- Mappings (cache_file_id is set): written once, ended by removed_generation, never overwritten or deleted.
-- Originals (cache_file_id is NULL): pictures that were there before us, as the last scan saw them; these follow the
-- tree and have no history.
CREATE TABLE library_image_files (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    library_id         INTEGER NOT NULL REFERENCES libraries (id),
    entity_id          INTEGER NOT NULL REFERENCES entities (id),
    image_type         TEXT    NOT NULL,
    image_number       INTEGER NOT NULL,
    folder             BLOB    NOT NULL,
    name               BLOB    NOT NULL CHECK (length(name) > 0),
    cache_file_id      INTEGER REFERENCES cache_image_files (id),
    added_generation   INTEGER REFERENCES generations (id),
    removed_generation INTEGER REFERENCES generations (id),  -- NULL while current
    published_at       INTEGER,  -- mtime in the view; rises strictly per path, on rollback and with a wrong clock too
    byte_count         INTEGER,  -- of an original
    mtime              INTEGER,  -- of an original
    CHECK ((cache_file_id IS NULL) = (added_generation IS NULL)),
    CHECK ((cache_file_id IS NULL) = (published_at IS NULL)),
    CHECK (cache_file_id IS NOT NULL OR removed_generation IS NULL)
) STRICT;
CREATE UNIQUE INDEX current_mappings ON library_image_files (library_id, folder, name)
    WHERE removed_generation IS NULL AND cache_file_id IS NOT NULL;
CREATE INDEX mappings_by_entity ON library_image_files (entity_id, image_type, image_number)
    WHERE removed_generation IS NULL AND cache_file_id IS NOT NULL;
CREATE INDEX mappings_by_added ON library_image_files (added_generation)
    WHERE removed_generation IS NULL AND cache_file_id IS NOT NULL;
CREATE INDEX mappings_by_removed ON library_image_files (removed_generation)
    WHERE removed_generation IS NOT NULL;
CREATE INDEX ended_mappings ON library_image_files (library_id, folder, name, published_at)
    WHERE removed_generation IS NOT NULL;
CREATE UNIQUE INDEX originals ON library_image_files (library_id, folder, name) WHERE cache_file_id IS NULL;
CREATE INDEX originals_by_entity ON library_image_files (entity_id, image_type, image_number)
    WHERE cache_file_id IS NULL;

-- Every folder whose listing mappings have ever changed: those they lie in, those whose originals they hide, and the
-- parents of synthetic ones.
CREATE TABLE mapping_folders (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    library_id    INTEGER NOT NULL REFERENCES libraries (id),
    folder        BLOB    NOT NULL,            -- empty for the root
    parent        BLOB,                        -- of a synthetic folder, else NULL
    name          BLOB,                        -- of a synthetic folder, else NULL
    is_synthetic  INTEGER NOT NULL DEFAULT 0,  -- may be shown though the source lacks it (`.actors`)
    mapping_count INTEGER NOT NULL DEFAULT 0,  -- current mappings directly in it
    changed_at    INTEGER NOT NULL,            -- rises strictly with every change
    UNIQUE (library_id, folder)
) STRICT;
CREATE INDEX synthetic_folders ON mapping_folders (library_id, parent) WHERE is_synthetic = 1 AND mapping_count > 0;

-- What `unpublish` withholds until it is published by name or selected again.
CREATE TABLE unpublished (
    entity_id    INTEGER NOT NULL REFERENCES entities (id),
    image_type   TEXT    NOT NULL,
    image_number INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (entity_id, image_type, image_number)
) STRICT, WITHOUT ROWID;

-- The change feed: one row per folder touched.
CREATE TABLE changes (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER,  -- NULL when a scan changed what is hidden
    library_id INTEGER NOT NULL,
    folder     BLOB    NOT NULL
) STRICT;
