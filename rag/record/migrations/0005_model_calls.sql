-- Version 5. What language models were asked and what they answered, and the reports that were begun with one.

CREATE TABLE model_calls (
    number INTEGER PRIMARY KEY,
    prompt TEXT NOT NULL, -- SHA-256 of model, messages, schema and parameters
    model TEXT NOT NULL,
    parameters TEXT NOT NULL, -- JSON
    started TEXT NOT NULL,
    finished TEXT, -- NULL: the process died, or still waits
    answer BLOB, -- zlib; NULL when there was no whole one
    tokens_in INTEGER NOT NULL DEFAULT 0,
    tokens_out INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '' -- the error's class; empty when the answer was of use
);

CREATE INDEX model_calls_by_prompt ON model_calls (prompt, number);

CREATE TABLE requests (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    request TEXT NOT NULL, -- JSON
    report TEXT -- its id; NULL as long as it is not written
);
