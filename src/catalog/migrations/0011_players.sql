-- Which generation a player has been told of last.
CREATE TABLE players (
    player     TEXT    PRIMARY KEY,  -- kodi, jellyfin, emby, plex
    generation INTEGER NOT NULL,     -- 0: the time before the first
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
