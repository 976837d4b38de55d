-- Version 12. What a list of reports prints of each, so that no report need be read for it. Of one without a row it is read once.

CREATE TABLE report_heads (
    report TEXT PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    as_of TEXT NOT NULL,
    writer TEXT NOT NULL
) WITHOUT ROWID;
