-- What each source says of a field is kept apart, so that an edit can be taken back. Which of them is shown is decided by
-- the rank of the source: user, nfo, scan, then providers.
CREATE TABLE metadata_values (
    entity_id  INTEGER NOT NULL REFERENCES entities (id),
    field      TEXT    NOT NULL,
    source     TEXT    NOT NULL,  -- user, nfo, scan (names in the tree, where a person says otherwise), or a provider
    value      TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (entity_id, field, source)
) STRICT, WITHOUT ROWID;
INSERT INTO metadata_values (entity_id, field, source, value, updated_at)
    SELECT entity_id, field, source, value, updated_at FROM metadata_fields;
DROP TABLE metadata_fields;
ALTER TABLE metadata_values RENAME TO metadata_fields;
