-- Of which metadata documents it is known that they are made of what is known now. Whatever changes something that a document
-- tells deletes its row here in the same transaction, by the triggers below; the next publish makes what has no row. So what
-- nobody has changed is not made again each time.
CREATE TABLE document_inputs (
    entity_id INTEGER PRIMARY KEY REFERENCES entities (id),
    files     BLOB    NOT NULL,  -- the metadata files of the tree that were looked at, as they were then
    rules     INTEGER NOT NULL   -- by which it was made: others may write it otherwise; 0 while it is made
) STRICT;

-- Whose documents tell something of an entity: its own; those above and below it, as a series tells of its seasons, an episode
-- of its series, and locks are inherited; those of what an actor plays in, and of what is in a movie set.
CREATE VIEW document_readers (entity_id, reader_id) AS
    SELECT id, id FROM entities
    UNION ALL SELECT id, parent_id FROM entities WHERE parent_id IS NOT NULL
    UNION ALL SELECT parent_id, id FROM entities WHERE parent_id IS NOT NULL
    UNION ALL SELECT above.parent_id, e.id FROM entities above JOIN entities e ON e.parent_id = above.id
              WHERE above.parent_id IS NOT NULL
    UNION ALL SELECT actor_id, entity_id FROM credits
    UNION ALL SELECT set_id, entity_id FROM set_members;

-- The metadata file of the tree that the document was made of; NULL where there was none.
ALTER TABLE documents ADD COLUMN merged_with BLOB;

-- Where no documents are published there are no rows, and the triggers do nothing. A first scan has become slower all the same since
-- they are there (docs/performance.md).
CREATE TRIGGER make_anew_new_field AFTER INSERT ON metadata_fields WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_field AFTER UPDATE ON metadata_fields WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_field AFTER DELETE ON metadata_fields WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;

CREATE TRIGGER make_anew_new_lock AFTER INSERT ON locks WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_lock AFTER UPDATE ON locks WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_lock AFTER DELETE ON locks WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;

CREATE TRIGGER make_anew_new_id AFTER INSERT ON external_ids WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_id AFTER UPDATE ON external_ids WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_id AFTER DELETE ON external_ids WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;

CREATE TRIGGER make_anew_new_credit AFTER INSERT ON credits WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_credit AFTER UPDATE ON credits WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_credit AFTER DELETE ON credits WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;

CREATE TRIGGER make_anew_new_member AFTER INSERT ON set_members WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_member AFTER UPDATE ON set_members WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_member AFTER DELETE ON set_members WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;

CREATE TRIGGER make_anew_new_place AFTER INSERT ON entity_places WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_place AFTER UPDATE ON entity_places WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_place AFTER DELETE ON entity_places WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;

CREATE TRIGGER make_anew_new_portrait AFTER INSERT ON declared_artwork WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_portrait AFTER UPDATE ON declared_artwork WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_portrait AFTER DELETE ON declared_artwork WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;

CREATE TRIGGER make_anew_new_entity AFTER INSERT ON entities WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.id);
END;
CREATE TRIGGER make_anew_entity
AFTER UPDATE OF library_id, parent_id, title, year, season, episode, last_episode, layout, folder, video, path, monitored,
                is_missing ON entities
WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (new.library_id, new.parent_id, new.title, new.year, new.season, new.episode, new.last_episode, new.layout, new.folder,
     new.video, new.path, new.monitored, new.is_missing)
    IS NOT (old.library_id, old.parent_id, old.title, old.year, old.season, old.episode, old.last_episode, old.layout,
            old.folder, old.video, old.path, old.monitored, old.is_missing)
BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.id);
END;

CREATE TRIGGER make_anew_new_choice AFTER INSERT ON asset_candidates WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (new.is_selected = 1) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_choice AFTER UPDATE OF is_selected, cache_file_id, image_number ON asset_candidates
WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (new.is_selected, new.cache_file_id, new.image_number) IS NOT (old.is_selected, old.cache_file_id, old.image_number)
BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_choice AFTER DELETE ON asset_candidates WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (old.is_selected = 1) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;
CREATE TRIGGER make_anew_address AFTER UPDATE OF source_url ON cache_image_files WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (new.source_url IS NOT old.source_url) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;

-- A metadata file of the tree that is a document of ours is known by its bytes.
CREATE TRIGGER make_anew_gone_document AFTER DELETE ON cache_image_files WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (old.image_type = 'nfo') BEGIN
    DELETE FROM document_inputs;
END;
CREATE TRIGGER make_anew_forgotten AFTER DELETE ON documents WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id = old.entity_id;
END;

CREATE TRIGGER make_anew_new_original AFTER INSERT ON library_image_files WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (new.cache_file_id IS NULL AND new.image_type = 'nfo') BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_original AFTER UPDATE OF library_id, entity_id, folder, name ON library_image_files
WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (new.cache_file_id IS NULL AND new.image_type = 'nfo') BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER make_anew_gone_original AFTER DELETE ON library_image_files WHEN EXISTS (SELECT 1 FROM document_inputs)
AND (old.cache_file_id IS NULL AND old.image_type = 'nfo') BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT reader_id FROM document_readers WHERE entity_id = old.entity_id);
END;

CREATE TRIGGER make_anew_new_video AFTER INSERT ON video_files WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (
        SELECT id FROM entities WHERE library_id = new.library_id AND video = new.path
        UNION ALL SELECT entity_id FROM entity_places WHERE path = new.path);
END;
CREATE TRIGGER make_anew_video AFTER UPDATE ON video_files WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (
        SELECT id FROM entities WHERE library_id = old.library_id AND video = old.path
        UNION ALL SELECT entity_id FROM entity_places WHERE path = old.path);
    DELETE FROM document_inputs WHERE entity_id IN (
        SELECT id FROM entities WHERE library_id = new.library_id AND video = new.path
        UNION ALL SELECT entity_id FROM entity_places WHERE path = new.path);
END;
CREATE TRIGGER make_anew_gone_video AFTER DELETE ON video_files WHEN EXISTS (SELECT 1 FROM document_inputs) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (
        SELECT id FROM entities WHERE library_id = old.library_id AND video = old.path
        UNION ALL SELECT entity_id FROM entity_places WHERE path = old.path);
END;

CREATE TRIGGER make_anew_names AFTER UPDATE OF naming, removed_at ON libraries WHEN EXISTS (SELECT 1 FROM document_inputs)
AND ((new.naming, new.removed_at) IS NOT (old.naming, old.removed_at)) BEGIN
    DELETE FROM document_inputs WHERE entity_id IN (SELECT id FROM entities WHERE library_id = new.id);
END;
