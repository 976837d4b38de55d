-- Version 17. What closeness of words is counted from, told at the end of an ingest from the texts of a large library's chunks.

CREATE TABLE told (
    chunk INTEGER PRIMARY KEY REFERENCES chunks (number) ON DELETE CASCADE,
    stems BLOB NOT NULL -- as rag/windows.py packs them
);

-- The version of rag/windows.py that told them.
INSERT INTO meta (name, value) VALUES ('told', 0);
