-- Version 7. What a search over everything reads: of vectors their signs, of texts the places of their words.

-- The signs of a document's vectors, a bit a dimension, 1 for above zero, its chunks in the order of their numbers, which follow each other.
CREATE TABLE signs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    space TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    first INTEGER NOT NULL, -- number of its first chunk
    count INTEGER NOT NULL,
    bits BLOB NOT NULL,
    UNIQUE (space, document)
);

CREATE INDEX signs_by_space ON signs (space, number, first, count, document);
CREATE INDEX signs_by_document ON signs (document);

-- Filled by version 8, which has codes in their place.

-- The words of chunks, made from them at a publication and made anew at will. A segment holds the chunks with these numbers that lived then.
CREATE TABLE segments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    last INTEGER NOT NULL, -- its highest chunk number; no later chunk gets a number that a segment knows
    chunks BLOB NOT NULL, -- chunk numbers, ascending, 8 bytes each
    lengths BLOB NOT NULL -- words of each, 4 bytes each
);

-- Where a stemmed word stands: n places in the segment, 2 bytes each, then how often it stands there, n bytes.
CREATE TABLE postings (
    word TEXT NOT NULL,
    segment INTEGER NOT NULL REFERENCES segments (number) ON DELETE CASCADE,
    places BLOB NOT NULL,
    PRIMARY KEY (word, segment)
) WITHOUT ROWID;

CREATE INDEX postings_by_segment ON postings (segment);
CREATE INDEX documents_by_day ON documents (published, id);
