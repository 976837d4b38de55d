-- Version 3. What the record held before: rows that go are kept by triggers, so that whatever takes them away keeps them, in the same commit.
-- A moment is the start of the ingest that made a change, ISO 8601 in UTC. `rag forget` takes rows away here too.

CREATE TABLE clock (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    at TEXT NOT NULL -- the start of the last ingest; empty before the first
);

INSERT INTO clock (only, at) SELECT 1, coalesce((SELECT max(started) FROM runs WHERE kind = 'ingest'), '');

-- The sequence number that the record had reached by the end of each ingest that changed something.
CREATE TABLE moments (
    at TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO moments (at, sequence) SELECT clock.at, meta.value FROM clock, meta WHERE meta.name = 'sequence' AND meta.value > 0;

ALTER TABLE files ADD COLUMN since TEXT NOT NULL DEFAULT ''; -- the moment this row was written; set by the trigger below
UPDATE files SET since = (SELECT at FROM clock);

CREATE TABLE past_files (
    path TEXT NOT NULL,
    folder TEXT NOT NULL,
    document TEXT,
    content TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    reader TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL -- the moment from which it was no longer so
);

CREATE INDEX past_files_by_document ON past_files (document, until);
CREATE INDEX past_files_by_path ON past_files (path);

CREATE TABLE past_documents (
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    publisher TEXT NOT NULL,
    published INTEGER,
    published_from TEXT NOT NULL,
    format TEXT NOT NULL,
    pages INTEGER NOT NULL,
    reader TEXT NOT NULL,
    body BLOB NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (id, until)
) WITHOUT ROWID;

-- A chunk with its number and its vector: the same numbers in the same order give the same search, to the last bit.
CREATE TABLE past_chunks (
    number INTEGER NOT NULL,
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    first INTEGER NOT NULL,
    past INTEGER NOT NULL,
    first_page INTEGER NOT NULL,
    last_page INTEGER NOT NULL,
    heading_path TEXT NOT NULL,
    header TEXT NOT NULL,
    text TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    key BLOB NOT NULL,
    vector BLOB NOT NULL,
    until TEXT NOT NULL
);

CREATE INDEX past_chunks_by_document ON past_chunks (document, until);

CREATE TRIGGER sequence_moves AFTER UPDATE OF value ON meta WHEN NEW.name = 'sequence'
BEGIN
    INSERT OR REPLACE INTO moments (at, sequence) SELECT at, NEW.value FROM clock WHERE at <> '';
END;

-- REPLACE takes the old row away without a word, so it is kept before the new one comes.
CREATE TRIGGER file_is_replaced BEFORE INSERT ON files
BEGIN
    INSERT INTO past_files
    SELECT path, folder, document, content, size, mtime_ns, modified, status, reason, reader, since, (SELECT at FROM clock)
    FROM files WHERE path = NEW.path AND since < (SELECT at FROM clock);
END;

CREATE TRIGGER file_has_come AFTER INSERT ON files
BEGIN
    UPDATE files SET since = (SELECT at FROM clock) WHERE path = NEW.path;
    INSERT OR REPLACE INTO moments (at, sequence)
    SELECT clock.at, meta.value FROM clock, meta WHERE clock.at <> '' AND meta.name = 'sequence';
END;

CREATE TRIGGER file_goes BEFORE DELETE ON files
BEGIN
    INSERT INTO past_files
    SELECT path, folder, document, content, size, mtime_ns, modified, status, reason, reader, since, (SELECT at FROM clock)
    FROM files WHERE path = OLD.path AND since < (SELECT at FROM clock);
    INSERT OR REPLACE INTO moments (at, sequence)
    SELECT clock.at, meta.value FROM clock, meta WHERE clock.at <> '' AND meta.name = 'sequence';
END;

-- Only what an earlier moment saw is worth keeping.
CREATE TRIGGER document_goes BEFORE DELETE ON documents
WHEN EXISTS (SELECT 1 FROM past_files WHERE document = OLD.id AND until = (SELECT at FROM clock))
BEGIN
    INSERT OR REPLACE INTO past_documents
    SELECT id, title, author, publisher, published, published_from, format, pages, reader, body, (SELECT at FROM clock)
    FROM documents WHERE id = OLD.id;
END;

CREATE TRIGGER document_is_read_again BEFORE UPDATE ON documents
WHEN OLD.body <> NEW.body AND EXISTS (SELECT 1 FROM files WHERE document = OLD.id AND since < (SELECT at FROM clock))
BEGIN
    INSERT OR REPLACE INTO past_documents
    SELECT id, title, author, publisher, published, published_from, format, pages, reader, body, (SELECT at FROM clock)
    FROM documents WHERE id = OLD.id;
END;

CREATE TRIGGER chunk_goes BEFORE DELETE ON chunks
WHEN EXISTS (SELECT 1 FROM spaces WHERE id = OLD.space AND active = 1)
    AND (EXISTS (SELECT 1 FROM past_files WHERE document = OLD.document AND until = (SELECT at FROM clock))
    OR EXISTS (SELECT 1 FROM files WHERE document = OLD.document AND since < (SELECT at FROM clock)))
BEGIN
    INSERT INTO past_chunks
    SELECT OLD.number, OLD.space, OLD.id, OLD.document, OLD.ordinal, OLD.first, OLD.past, OLD.first_page, OLD.last_page, OLD.heading_path,
        OLD.header, OLD.text, OLD.tokens, OLD.sequence, key, vector, (SELECT at FROM clock)
    FROM vectors WHERE number = OLD.vector;
END;

-- What a saved report is an edition of, so that the next one finds the one before it.
CREATE TABLE editions (
    report TEXT PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
    name TEXT NOT NULL, -- hash of topic, scope and template
    as_of INTEGER NOT NULL,
    run TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX editions_by_name ON editions (name, as_of);
CREATE INDEX editions_by_run ON editions (run);
