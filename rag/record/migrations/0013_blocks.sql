-- Version 13. A vector stands beside its code, in one row for some of a document's chunks, and no longer in a row of its own: a row of its
-- own left a third of its pages empty. Tables that change are written anew.

-- Vectors of up to 16 chunks whose numbers follow each other; a document's blocks have ascending numbers, which are never given twice.
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    space TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    first INTEGER NOT NULL, -- number of its first chunk
    count INTEGER NOT NULL,
    pages BLOB NOT NULL, -- the page each begins on, 4 bytes each
    bits BLOB NOT NULL, -- of each the size of a step, a distance, and a byte a dimension (rag/record/codes.py)
    rest BLOB NOT NULL -- two more bytes a dimension; empty where they are not kept
);

INSERT INTO blocks (space, document, first, count, pages, bits, rest)
WITH RECURSIVE steps (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM steps WHERE 16 * (n + 1) < (SELECT max(count) FROM codes)),
parts AS (
    SELECT codes.number, codes.space, codes.document, codes.first + 16 * n AS first, min(16, codes.count - 16 * n) AS count
    FROM codes JOIN steps ON 16 * n < codes.count ORDER BY codes.number, n
)
SELECT space, document, first, count,
    (SELECT pages_of(c.number, c.first_page) FROM chunks AS c WHERE c.number >= parts.first AND c.number < parts.first + parts.count),
    (SELECT codes_of(c.number, v.vector) FROM chunks AS c JOIN vectors AS v ON v.number = c.vector
        WHERE c.number >= parts.first AND c.number < parts.first + parts.count),
    (SELECT rests_of(c.number, v.vector) FROM chunks AS c JOIN vectors AS v ON v.number = c.vector
        WHERE c.number >= parts.first AND c.number < parts.first + parts.count)
FROM parts;

CREATE INDEX blocks_by_document ON blocks (document, space, number, first, count);

-- Documents with chunks are known by their blocks; only those without any are named here.
DELETE FROM filled WHERE EXISTS (SELECT 1 FROM blocks AS b WHERE b.document = filled.document AND b.space = filled.space);

DROP TRIGGER chunk_goes;
DROP VIEW live;
ALTER TABLE chunks RENAME TO old_chunks;
DROP INDEX chunks_by_document;
DROP INDEX chunks_by_sequence;
DROP INDEX chunks_by_vector;

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
    block INTEGER NOT NULL REFERENCES blocks (number),
    key BLOB NOT NULL, -- as in vectors
    sequence INTEGER NOT NULL,
    UNIQUE (space, id)
);

INSERT INTO chunks
SELECT c.number, c.space, c.id, c.document, c.ordinal, c.first, c.past, c.first_page, c.last_page, c.heading_path, c.header, c.text, c.tokens,
    b.number, v.key, c.sequence
FROM blocks AS b CROSS JOIN old_chunks AS c ON c.number >= b.first AND c.number < b.first + b.count CROSS JOIN vectors AS v ON v.number = c.vector;

DROP TABLE old_chunks;
DROP TABLE codes;

CREATE INDEX chunks_by_document ON chunks (document, space);
CREATE INDEX chunks_by_sequence ON chunks (space, sequence);
CREATE INDEX chunks_by_key ON chunks (key);
CREATE INDEX chunks_by_block ON chunks (block);

-- What no chunk has yet stays: it may have been loaded for the next ingest.
DELETE FROM vectors WHERE query = 0 AND EXISTS (SELECT 1 FROM chunks AS c WHERE c.key = vectors.key AND +c.space = vectors.space);

CREATE VIEW live AS
SELECT chunks.* FROM chunks JOIN spaces ON spaces.id = chunks.space WHERE spaces.active = 1;

ALTER TABLE past_chunks ADD COLUMN rest BLOB NOT NULL DEFAULT x'';
UPDATE past_chunks SET (vector, rest) = (SELECT codes_of(p.number, p.vector), rests_of(p.number, p.vector) FROM past_chunks AS p WHERE p.rowid = past_chunks.rowid);

CREATE TRIGGER chunk_goes BEFORE DELETE ON chunks
WHEN EXISTS (SELECT 1 FROM spaces WHERE id = OLD.space AND active = 1)
    AND (EXISTS (SELECT 1 FROM past_files WHERE document = OLD.document AND until = (SELECT at FROM clock))
    OR EXISTS (SELECT 1 FROM files WHERE document = OLD.document AND since < (SELECT at FROM clock)))
BEGIN
    INSERT INTO past_chunks (number, space, id, document, ordinal, first, past, first_page, last_page, heading_path, header, text, tokens,
        sequence, key, vector, rest, until)
    SELECT OLD.number, OLD.space, OLD.id, OLD.document, OLD.ordinal, OLD.first, OLD.past, OLD.first_page, OLD.last_page, OLD.heading_path,
        OLD.header, OLD.text, OLD.tokens, OLD.sequence, OLD.key,
        substr(bits, (OLD.number - first) * (length(bits) / count) + 1, length(bits) / count),
        substr(rest, (OLD.number - first) * (length(rest) / count) + 1, length(rest) / count),
        (SELECT at FROM clock)
    FROM blocks WHERE number = OLD.block;
END;

-- What documents are called, without the pages that hold the documents: every search weighs names.
CREATE INDEX documents_by_name ON documents (id, title, author, publisher);

-- How vectors are kept: 0 whole, 1 a byte a dimension, 2 likewise and searched by their signs.
INSERT INTO meta (name, value) VALUES ('precision', 0);
