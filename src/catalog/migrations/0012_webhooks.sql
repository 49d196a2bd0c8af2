-- What managers have told, newest last, and what became of it: to look at, and to do again.
CREATE TABLE webhooks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    manager     TEXT    NOT NULL,  -- radarr, sonarr, lidarr
    event       TEXT    NOT NULL,  -- its own word; empty where it was not understood
    outcome     TEXT    NOT NULL,  -- accepted, ignored, refused
    told        TEXT    NOT NULL,  -- what it comes to, for people
    body        BLOB    NOT NULL
) STRICT;

-- Ids of what is about to be found in a folder, by who sent it there.
CREATE TABLE told_ids (
    library_id INTEGER NOT NULL REFERENCES libraries (id),
    folder     BLOB    NOT NULL,
    provider   TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    told_at    INTEGER NOT NULL,
    PRIMARY KEY (library_id, folder, provider)
) STRICT, WITHOUT ROWID;
