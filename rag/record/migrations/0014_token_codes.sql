-- What a passage's words stand for, where the embedder tells it: one row a text, however many chunks hold it.
CREATE TABLE token_codes (
    number INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    key BLOB NOT NULL, -- as in chunks
    codes BLOB NOT NULL, -- as rag.late packs them
    UNIQUE (space, key)
);
