-- Generations by name, and those that cannot be gone back to any more.
CREATE TABLE generation_tags (
    name          TEXT    PRIMARY KEY,  -- begins with a letter, so that it is no number
    generation_id INTEGER NOT NULL REFERENCES generations (id),
    author        TEXT    NOT NULL,
    at            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX generation_tags_by_generation ON generation_tags (generation_id);

-- When the mappings that only this generation showed were forgotten. NULL: it can be gone back to.
ALTER TABLE generations ADD COLUMN forgotten_at INTEGER;

CREATE INDEX ended_mappings_by_entity ON library_image_files (entity_id) WHERE removed_generation IS NOT NULL;
