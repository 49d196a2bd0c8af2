-- What a scan remembers, so that the next one need not read what has not changed, and knows again what has moved.

-- The folder in which the last scan found the entity; NULL when it did not find it.
ALTER TABLE entities ADD COLUMN found_in BLOB;
CREATE INDEX entities_by_found_in ON entities (library_id, found_in) WHERE found_in IS NOT NULL;

-- The file (of a movie or episode) or folder (of a series, artist or album) that an entity is, wherever it lies.
CREATE TABLE entity_files (
    entity_id INTEGER PRIMARY KEY REFERENCES entities (id),
    inode     INTEGER NOT NULL,
    born      INTEGER NOT NULL  -- nanoseconds since 1970: of its making, or where that is not known of its last change
) STRICT;
CREATE INDEX entity_files_by_inode ON entity_files (inode, born);

-- Folders that a scan has read and need not read again while the fingerprint stays.
CREATE TABLE scanned_folders (
    library_id  INTEGER NOT NULL REFERENCES libraries (id),
    path        BLOB    NOT NULL,
    context     INTEGER NOT NULL,  -- a hash of what the folders above say, and of the rules
    fingerprint INTEGER NOT NULL,  -- a hash of what stat says of the folder and of what is watched
    watched     BLOB    NOT NULL,  -- paths with a zero byte between: what decides on its items besides its listing
    children    BLOB    NOT NULL,  -- names with a zero byte between: the folders that a walk goes into
    PRIMARY KEY (library_id, path)
) STRICT, WITHOUT ROWID;

-- Pictures that metadata files name by their addresses.
CREATE TABLE declared_artwork (
    entity_id    INTEGER NOT NULL REFERENCES entities (id),
    position     INTEGER NOT NULL,
    image_type   TEXT    NOT NULL,
    image_number INTEGER NOT NULL,
    url          TEXT    NOT NULL,
    PRIMARY KEY (entity_id, position)
) STRICT, WITHOUT ROWID;
