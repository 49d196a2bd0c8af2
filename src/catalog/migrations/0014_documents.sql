-- The metadata document of an entity as it was made last: what is published of the image type `nfo`. It is made of what is
-- known, so nothing is lost when it goes; documents that were shown earlier are kept by their mappings.
CREATE TABLE documents (
    entity_id     INTEGER PRIMARY KEY REFERENCES entities (id),
    cache_file_id INTEGER NOT NULL REFERENCES cache_image_files (id)
) STRICT;
CREATE INDEX documents_by_cache_file ON documents (cache_file_id);
