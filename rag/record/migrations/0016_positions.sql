-- Version 16. Where in a chunk a word stands, so that phrases are counted from postings too. Segments of before have none until a publication
-- makes them anew.

-- n positions of 2 bytes each for each chunk of the word's places, where n is how often it stands there: words before it in the header, or in
-- the text and 16,384.
CREATE TABLE positions (
    word TEXT NOT NULL,
    segment INTEGER NOT NULL REFERENCES segments (number) ON DELETE CASCADE,
    positions BLOB NOT NULL,
    PRIMARY KEY (word, segment)
) WITHOUT ROWID;

CREATE INDEX positions_by_segment ON positions (segment);

ALTER TABLE segments ADD COLUMN positioned INTEGER NOT NULL DEFAULT 0;
