-- Version 15. What a process reads at its first search, put together in large pieces, made from other tables at the end of an ingest. A piece
-- goes with the first thing in it that changes, so that what is here is always right, and nothing forgotten stays.

-- The codes of some blocks that follow each other, of one space. All others are read from their blocks.
CREATE TABLE slabs (
    first INTEGER PRIMARY KEY, -- number of its first block
    last INTEGER NOT NULL,
    space TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    blocks BLOB NOT NULL, -- of each block its number, of each the number of its first chunk, of each how many it has, 8 bytes each
    documents TEXT NOT NULL, -- of each its document's id, a JSON array
    bits BLOB NOT NULL -- of each its bits
);

CREATE TRIGGER slab_goes_when_block_goes AFTER DELETE ON blocks BEGIN
    DELETE FROM slabs WHERE first = (SELECT max(first) FROM slabs WHERE first <= OLD.number) AND last >= OLD.number;
END;

CREATE TRIGGER slab_goes_when_block_changes AFTER UPDATE ON blocks BEGIN
    DELETE FROM slabs WHERE first = (SELECT max(first) FROM slabs WHERE first <= OLD.number) AND last >= OLD.number;
END;

-- What all documents are called, as rag/named.py packs it: one row or none.
CREATE TABLE called (
    packed BLOB NOT NULL
);

CREATE TRIGGER uncalled_when_document_comes AFTER INSERT ON documents BEGIN DELETE FROM called; END;
CREATE TRIGGER uncalled_when_document_changes AFTER UPDATE ON documents BEGIN DELETE FROM called; END;
CREATE TRIGGER uncalled_when_document_goes AFTER DELETE ON documents BEGIN DELETE FROM called; END;
CREATE TRIGGER uncalled_when_file_comes AFTER INSERT ON files BEGIN DELETE FROM called; END;
CREATE TRIGGER uncalled_when_file_changes AFTER UPDATE ON files BEGIN DELETE FROM called; END;
CREATE TRIGGER uncalled_when_file_goes AFTER DELETE ON files BEGIN DELETE FROM called; END;

-- Dates of documents that are known by their ids, as those of a folder are, without the pages that hold the documents.
CREATE INDEX documents_day ON documents (id, published);
