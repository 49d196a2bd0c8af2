-- What is to be noted beside the cache (docs/formats.md, "Journal"), so that this file can be made anew. Whatever changes a
-- choice leaves a row here in the same transaction; the row goes when the journal has it, durably.

-- Tells the numbers of this catalog from those of another one that had the same cache.
CREATE TABLE lineage (
    word            TEXT    PRIMARY KEY,
    published_until INTEGER NOT NULL,  -- the latest publish time there ever was
    publish_after   INTEGER NOT NULL   -- publish times are later: those of a catalog that was lost, whose rows are gone
) STRICT, WITHOUT ROWID;
INSERT INTO lineage (word, published_until, publish_after)
    SELECT lower(hex(randomblob(8))), coalesce(max(published_at), 0), 0 FROM library_image_files;

CREATE TABLE unnoted (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    subject    TEXT    NOT NULL,  -- item, library, generation
    subject_id INTEGER NOT NULL   -- of an entity or library; 0 for the newest generation
) STRICT;
CREATE UNIQUE INDEX unnoted_subjects ON unnoted (subject, subject_id);

-- Entities of which the journal tells: when they move, it must tell that, too. (So it must where it is just about to tell
-- of them: what it is about to say was read before the move.)
CREATE TABLE noted_items (
    entity_id INTEGER PRIMARY KEY REFERENCES entities (id)
) STRICT;

-- A conflict clause of the statement that fires a trigger would hold for what the trigger inserts, too: so the row that is
-- there already is deleted first, and the new one has a new number.
CREATE TRIGGER note_new_library AFTER INSERT ON libraries BEGIN
    DELETE FROM unnoted WHERE subject = 'library' AND subject_id = new.id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('library', new.id);
END;
CREATE TRIGGER note_library AFTER UPDATE ON libraries BEGIN
    DELETE FROM unnoted WHERE subject = 'library' AND subject_id = new.id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('library', new.id);
END;
CREATE TRIGGER note_generation AFTER INSERT ON generations BEGIN
    DELETE FROM unnoted WHERE subject = 'generation' AND subject_id = 0;
    INSERT INTO unnoted (subject, subject_id) VALUES ('generation', 0);
END;

CREATE TRIGGER note_monitored AFTER UPDATE OF monitored ON entities WHEN new.monitored <> old.monitored BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.id);
END;
CREATE TRIGGER note_move AFTER UPDATE OF library_id, parent_id, path, folder, video, title, year ON entities
WHEN (new.library_id, new.parent_id, new.path, new.folder, new.video, new.title, new.year)
     IS NOT (old.library_id, old.parent_id, old.path, old.folder, old.video, old.title, old.year)
     AND (EXISTS (SELECT 1 FROM noted_items WHERE entity_id = new.id)
          OR EXISTS (SELECT 1 FROM unnoted WHERE subject = 'item' AND subject_id = new.id))
BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.id);
END;
CREATE TRIGGER note_new_id AFTER INSERT ON external_ids
WHEN new.source = 'user' OR EXISTS (SELECT 1 FROM noted_items WHERE entity_id = new.entity_id)
     OR EXISTS (SELECT 1 FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id) BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_id AFTER UPDATE ON external_ids
WHEN (new.value, new.source) IS NOT (old.value, old.source)
     AND (new.source = 'user' OR EXISTS (SELECT 1 FROM noted_items WHERE entity_id = new.entity_id)
          OR EXISTS (SELECT 1 FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id)) BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_gone_id AFTER DELETE ON external_ids
WHEN EXISTS (SELECT 1 FROM noted_items WHERE entity_id = old.entity_id)
     OR EXISTS (SELECT 1 FROM unnoted WHERE subject = 'item' AND subject_id = old.entity_id) BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = old.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', old.entity_id);
END;

CREATE TRIGGER note_new_lock AFTER INSERT ON locks BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_lock AFTER UPDATE ON locks BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_gone_lock AFTER DELETE ON locks BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = old.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', old.entity_id);
END;

CREATE TRIGGER note_new_field AFTER INSERT ON metadata_fields WHEN new.source = 'user' BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_field AFTER UPDATE ON metadata_fields WHEN new.source = 'user' BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_gone_field AFTER DELETE ON metadata_fields WHEN old.source = 'user' BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = old.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', old.entity_id);
END;

CREATE TRIGGER note_new_choice AFTER INSERT ON asset_candidates WHEN new.is_selected = 1 OR new.is_blocked = 1 BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_choice AFTER UPDATE OF is_selected, is_blocked, user_locked, cache_file_id, image_number
ON asset_candidates
WHEN (new.is_selected, new.is_blocked, new.user_locked) IS NOT (old.is_selected, old.is_blocked, old.user_locked)
     OR (new.is_selected = 1
         AND (new.cache_file_id, new.image_number) IS NOT (old.cache_file_id, old.image_number))
BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_gone_choice AFTER DELETE ON asset_candidates WHEN old.is_selected = 1 OR old.is_blocked = 1 BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = old.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', old.entity_id);
END;

CREATE TRIGGER note_withheld AFTER INSERT ON unpublished BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = new.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', new.entity_id);
END;
CREATE TRIGGER note_released AFTER DELETE ON unpublished BEGIN
    DELETE FROM unnoted WHERE subject = 'item' AND subject_id = old.entity_id;
    INSERT INTO unnoted (subject, subject_id) VALUES ('item', old.entity_id);
END;

-- All that was chosen before there was a journal.
INSERT INTO unnoted (subject, subject_id) SELECT 'library', id FROM libraries;
INSERT INTO unnoted (subject, subject_id) SELECT 'generation', 0 FROM generations LIMIT 1;
INSERT INTO unnoted (subject, subject_id)
    SELECT 'item', id FROM entities WHERE monitored = 0
    UNION SELECT 'item', entity_id FROM locks
    UNION SELECT 'item', entity_id FROM metadata_fields WHERE source = 'user'
    UNION SELECT 'item', entity_id FROM external_ids WHERE source = 'user'
    UNION SELECT 'item', entity_id FROM asset_candidates WHERE is_selected = 1 OR is_blocked = 1
    UNION SELECT 'item', entity_id FROM unpublished;
