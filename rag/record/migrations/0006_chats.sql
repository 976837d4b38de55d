-- Version 6. Chats: each turn is an answer as data. A turn goes with the documents that it quotes; an id is never given twice.

CREATE TABLE chats (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL
);

CREATE TABLE turns (
    chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    asked TEXT NOT NULL,
    question TEXT NOT NULL,
    body BLOB NOT NULL, -- the answer's JSON, compressed with zlib
    PRIMARY KEY (chat, number)
) WITHOUT ROWID;
