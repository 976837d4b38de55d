-- The record, version 1. Days are whole numbers such as 20260930. Spans are characters of the document's text.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('sequence', 0);

-- A folder's name is the first part of its files' paths; where it lies on this machine may change.
CREATE TABLE folders (
    name TEXT PRIMARY KEY,
    path TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    publisher TEXT NOT NULL,
    published INTEGER,
    published_from TEXT NOT NULL,
    format TEXT NOT NULL,
    pages INTEGER NOT NULL,
    reader TEXT NOT NULL,
    body BLOB NOT NULL -- the whole document: JSON of rag.codec, compressed with zlib
);

CREATE TABLE tags (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (document, tag)
) WITHOUT ROWID;

CREATE TABLE files (
    path TEXT PRIMARY KEY,
    folder TEXT NOT NULL REFERENCES folders (name),
    document TEXT REFERENCES documents (id),
    content TEXT NOT NULL, -- content id of the bytes last seen; empty when they were never looked at
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    modified INTEGER NOT NULL, -- the day of mtime_ns, UTC
    status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'skipped', 'missing')),
    reason TEXT NOT NULL,
    reader TEXT NOT NULL -- version of the readers that last looked at it
);

CREATE INDEX files_by_document ON files (document, path);

-- A document under the first of its paths; one without a date counts as published on the day that file was last modified.
CREATE VIEW sources AS
SELECT d.id, f.path, d.title, d.author, d.publisher, coalesce(d.published, f.modified) AS day, d.published_from, d.format, d.pages
FROM documents AS d
JOIN files AS f ON f.path = (SELECT min(path) FROM files WHERE document = d.id);

CREATE TABLE spaces (
    id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    active INTEGER NOT NULL
);

CREATE UNIQUE INDEX one_active_space ON spaces (active) WHERE active = 1;

-- Which documents have their chunks in a space; a document may have none to cut.
CREATE TABLE filled (
    space TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (space, document)
) WITHOUT ROWID;

CREATE INDEX filled_by_document ON filled (document);

-- The embedding cache. The key is a hash of the embedded text and its kind; the vector is float32, little endian.
CREATE TABLE vectors (
    number INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    key BLOB NOT NULL,
    query INTEGER NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (space, key)
);

CREATE INDEX document_vectors ON vectors (number) WHERE query = 0;
CREATE INDEX query_vectors ON vectors (number) WHERE query = 1;

CREATE TABLE chunks (
    number INTEGER PRIMARY KEY,
    space TEXT NOT NULL REFERENCES spaces (id),
    id TEXT NOT NULL,
    document TEXT NOT NULL REFERENCES documents (id),
    ordinal INTEGER NOT NULL,
    first INTEGER NOT NULL,
    past INTEGER NOT NULL,
    first_page INTEGER NOT NULL,
    last_page INTEGER NOT NULL,
    heading_path TEXT NOT NULL, -- a JSON array
    header TEXT NOT NULL,
    text TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    vector INTEGER NOT NULL REFERENCES vectors (number),
    sequence INTEGER NOT NULL,
    UNIQUE (space, id)
);

CREATE INDEX chunks_by_document ON chunks (document, space);
CREATE INDEX chunks_by_sequence ON chunks (space, sequence);
CREATE INDEX chunks_by_vector ON chunks (vector);

CREATE VIEW live AS
SELECT chunks.* FROM chunks JOIN spaces ON spaces.id = chunks.space WHERE spaces.active = 1;

CREATE VIRTUAL TABLE lexical USING fts5 (
    header, text, content = 'live', content_rowid = 'number', tokenize = 'porter unicode61 remove_diacritics 2'
);

-- Chunks of the active space that went, until a published generation goes without them.
CREATE TABLE deletions (
    chunk TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('ingest', 'report')),
    started TEXT NOT NULL,
    finished TEXT,
    status TEXT NOT NULL,
    counts TEXT NOT NULL
);

CREATE TABLE reports (
    id TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    body BLOB NOT NULL -- zlib
);
