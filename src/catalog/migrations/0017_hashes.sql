-- All that `verify` asks of each file of the cache, so that it reads an index from end to end and no table.
DROP INDEX cache_image_files_by_hash;
CREATE INDEX cache_image_files_by_hash ON cache_image_files (sha256, extension, byte_count, entity_id);
