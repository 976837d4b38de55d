-- Version 8. Searches over everything and over a scope are exact: instead of the signs of vectors their codes, with a bound (rag/record/codes.py).

DROP TABLE signs;

-- The codes of a document's vectors, 8 bytes and one a dimension each, its chunks in the order of their numbers, which follow each other.
CREATE TABLE codes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    space TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    first INTEGER NOT NULL, -- number of its first chunk
    count INTEGER NOT NULL,
    bits BLOB NOT NULL,
    UNIQUE (space, document)
);

CREATE INDEX codes_by_space ON codes (space, number, first, count, document);
CREATE INDEX codes_by_document ON codes (document);

INSERT INTO codes (space, document, first, count, bits)
SELECT chunks.space, chunks.document, min(chunks.number), count(*), codes_of(chunks.number, v.vector)
FROM chunks JOIN vectors AS v ON v.number = chunks.vector
GROUP BY chunks.space, chunks.document ORDER BY min(chunks.number);
