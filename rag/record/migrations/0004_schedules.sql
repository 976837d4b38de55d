-- Scheduled reports: what is due, what became of it, and what is still to be delivered. Times are UTC, ISO 8601.

CREATE TABLE schedules (
    name TEXT PRIMARY KEY,
    since TEXT NOT NULL, -- slots up to here are no concern of the schedule
    paused INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE slots (
    schedule TEXT NOT NULL,
    slot TEXT NOT NULL, -- the wall clock's minute: the slot's name
    due TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'running', 'published', 'no_change', 'held', 'failed', 'skipped')),
    reason TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    not_before TEXT NOT NULL, -- a retry waits until then
    definition TEXT NOT NULL DEFAULT '', -- as it was when the run began, with its plan
    evidence TEXT NOT NULL DEFAULT '', -- hash of what the report stands on
    report TEXT NOT NULL DEFAULT '',
    started TEXT NOT NULL DEFAULT '',
    finished TEXT NOT NULL DEFAULT '',
    cancel INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (schedule, slot)
) WITHOUT ROWID;

CREATE INDEX slots_by_state ON slots (schedule, state, due);
CREATE INDEX slots_by_due ON slots (schedule, due);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY, -- hash of schedule, slot and channel: a message is written once
    schedule TEXT NOT NULL,
    slot TEXT NOT NULL,
    channel TEXT NOT NULL, -- JSON of the delivery
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    files TEXT NOT NULL, -- JSON: file name -> path, in the workspace
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'given_up')),
    tries INTEGER NOT NULL DEFAULT 0,
    not_before TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE INDEX outbox_waiting ON outbox (not_before) WHERE state = 'waiting';
