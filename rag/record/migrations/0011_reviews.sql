-- What analysts said of a report's claims. Nothing is overwritten: the last row of a claim stands. They go with their report.

CREATE TABLE reviews (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    report TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    claim TEXT NOT NULL,
    text TEXT NOT NULL, -- the claim's: a later edition's claim is known by it
    verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'rejected', 'open')),
    note TEXT NOT NULL DEFAULT '',
    reviewer TEXT NOT NULL,
    at TEXT NOT NULL -- ISO 8601 in UTC
);

CREATE INDEX reviews_by_report ON reviews (report, claim);
