-- What is in video files. A row holds as long as its file is the same: size, mtime and inode number. The device is left
-- out, as its number may be another one after every boot.
CREATE TABLE video_files (
    id          INTEGER PRIMARY KEY,
    library_id  INTEGER NOT NULL REFERENCES libraries (id),
    path        BLOB    NOT NULL,
    inode       INTEGER NOT NULL,  -- 64 bits as they are; negative above 2^63
    byte_count  INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    is_readable INTEGER NOT NULL,  -- 0: nothing could be made of the file; it is not tried again while it is the same
    container   TEXT,
    duration_ms INTEGER,
    read_at     INTEGER NOT NULL,
    UNIQUE (library_id, path)
) STRICT;
CREATE INDEX video_files_by_identity ON video_files (library_id, inode, byte_count, mtime_ns);

CREATE TABLE video_streams (
    video_file_id INTEGER NOT NULL REFERENCES video_files (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,  -- from 0, within one kind in the order of the file
    kind          TEXT    NOT NULL,  -- video, audio, subtitle
    codec         TEXT,
    width         INTEGER,
    height        INTEGER,
    hdr           TEXT,
    channels      INTEGER,
    language      TEXT,
    PRIMARY KEY (video_file_id, kind, position)
) STRICT, WITHOUT ROWID;
