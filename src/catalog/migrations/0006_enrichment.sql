-- When an entity was last asked for, and how it is known to providers.
CREATE TABLE enrichments (
    entity_id      INTEGER PRIMARY KEY REFERENCES entities (id),
    enriched_at    INTEGER NOT NULL,
    due_at         INTEGER NOT NULL,  -- not asked for again before then, unless forced
    identification TEXT    NOT NULL,  -- known, found, searched, doubtful, unknown
    note           TEXT               -- for doubtful: what it may be
) STRICT;
CREATE INDEX enrichments_by_identification ON enrichments (identification) WHERE identification IN ('doubtful', 'unknown');

-- Why the picture of a candidate was not taken; it is not tried again. NULL: not tried, or taken.
ALTER TABLE asset_candidates ADD COLUMN refused TEXT;
-- A picture that was downloaded once is not downloaded again, whatever it is for.
CREATE INDEX asset_candidates_by_url ON asset_candidates (url) WHERE cache_file_id IS NOT NULL;
