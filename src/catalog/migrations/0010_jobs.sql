-- What the daemon has to do.
CREATE TABLE jobs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, as people and programs remember it
    kind         TEXT    NOT NULL,
    task         TEXT    NOT NULL,  -- JSON
    collapse_key TEXT    NOT NULL,  -- of jobs with one key only one waits
    state        TEXT    NOT NULL,  -- queued, running, done, dead
    asked_by     TEXT    NOT NULL,  -- who asked first: cli, http, webhook, schedule, job
    asked_at     INTEGER NOT NULL,
    asked_times  INTEGER NOT NULL,
    not_before   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,  -- begun since it was asked for the last time
    started_at   INTEGER,
    finished_at  INTEGER,
    outcome      TEXT               -- what came of the last attempt, or why it failed
) STRICT;
CREATE UNIQUE INDEX jobs_queued_by_key ON jobs (collapse_key) WHERE state = 'queued';
CREATE INDEX jobs_queued_by_time ON jobs (not_before, id) WHERE state = 'queued';
CREATE INDEX jobs_by_state ON jobs (state, id);

-- When what the schedule names was done last, by whomever.
CREATE TABLE task_runs (
    task        TEXT    PRIMARY KEY,  -- scan, enrich, publish, verify, verify_deep, gc, backup
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    is_failed   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
