-- Who runs a schedule and when that was last heard of: a holder that hangs keeps the file lock and says nothing any more.

CREATE TABLE leases (
    schedule TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    beat TEXT NOT NULL -- UTC
) WITHOUT ROWID;
