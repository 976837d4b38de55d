-- Version 2. What a person had erased and ingest leaves out (a path with all below it, or content by its id, wherever it lies), and sketches.

CREATE TABLE forgotten (
    what TEXT PRIMARY KEY, -- a path as in files, or a content id
    content TEXT NOT NULL, -- the content id that went with it
    at TEXT NOT NULL
) WITHOUT ROWID;

-- The smallest hashes of a document's word sequences (rag.kin): near-duplicates share most of them.
CREATE TABLE sketches (
    document TEXT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    sketch BLOB NOT NULL
) WITHOUT ROWID;
