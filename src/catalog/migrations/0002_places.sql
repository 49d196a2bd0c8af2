-- What it takes to name the artwork of every type of entity.

-- The last episode of a file that holds several (`S01E01-E03`); NULL where it is just one.
ALTER TABLE entities ADD COLUMN last_episode INTEGER;

-- Files and folders of an entity besides its main video and the folder that its artwork goes to.
CREATE TABLE entity_places (
    entity_id INTEGER NOT NULL REFERENCES entities (id),
    role      TEXT    NOT NULL,  -- video: a further part or version; folder: of a season, a disc of an album
    position  INTEGER NOT NULL,  -- from 0, in the order that names depend on
    path      BLOB    NOT NULL,
    PRIMARY KEY (entity_id, role, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX entity_places_by_path ON entity_places (path, entity_id);

-- Who plays in what, as the tree tells it. An actor is one entity per library and name.
CREATE TABLE credits (
    entity_id INTEGER NOT NULL REFERENCES entities (id),  -- a movie, series or episode
    position  INTEGER NOT NULL,                           -- from 0, as billed
    actor_id  INTEGER NOT NULL REFERENCES entities (id),
    role      TEXT    NOT NULL,                           -- the character; may be empty
    PRIMARY KEY (entity_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX credits_by_actor ON credits (actor_id, entity_id);

-- Which movie set a movie belongs to; a movie belongs to one at most.
CREATE TABLE set_members (
    entity_id INTEGER PRIMARY KEY REFERENCES entities (id),
    set_id    INTEGER NOT NULL REFERENCES entities (id)
) STRICT;
CREATE INDEX set_members_by_set ON set_members (set_id);
