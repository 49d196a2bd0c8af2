-- Who tells that somebody plays in something: a metadata file of the tree (`nfo`), or a provider by its word.
ALTER TABLE credits ADD COLUMN source TEXT NOT NULL DEFAULT 'nfo';
