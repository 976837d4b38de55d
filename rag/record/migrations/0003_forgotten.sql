-- Version 3. What a person had erased and ingest leaves out: a path with all below it, or content by its id, wherever it lies.

CREATE TABLE forgotten (
    what TEXT PRIMARY KEY, -- a path as in files, or a content id
    content TEXT NOT NULL, -- the content id that went with it
    at TEXT NOT NULL
) WITHOUT ROWID;
