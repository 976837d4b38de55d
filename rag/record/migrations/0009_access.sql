-- Version 9. Who may come in, and who may see what. A number is never given twice, so that nobody inherits what belonged to a namesake.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('reader', 'member', 'admin')),
    password TEXT NOT NULL, -- as rag/passwords.py writes it; empty: nobody can log in by one
    since TEXT NOT NULL
);

CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE members (
    team INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (team, user)
) WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user);

-- What a program sends in place of a name and a password. Of the secret only its SHA-256 is kept: it has 256 random bits.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    secret BLOB NOT NULL UNIQUE,
    made TEXT NOT NULL,
    used TEXT NOT NULL DEFAULT '' -- to within some minutes; empty: never
) WITHOUT ROWID;

-- Browsers that are logged in; again only the SHA-256 of what their cookie holds.
CREATE TABLE sessions (
    secret BLOB PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    begun TEXT NOT NULL,
    seen TEXT NOT NULL -- to within some minutes
) WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user);

-- Who may see what lies at a path or below it: the list with the longest path decides, alone. One without entries lets nobody in.
CREATE TABLE access_lists (
    path TEXT PRIMARY KEY, -- as in files; '' for everything
    everyone INTEGER NOT NULL DEFAULT 0,
    kept_from TEXT NOT NULL DEFAULT '' -- the path whose list this is a copy of, where a document moved to a place with a wider one
) WITHOUT ROWID;

CREATE TABLE access_entries (
    path TEXT NOT NULL REFERENCES access_lists (path) ON DELETE CASCADE,
    user INTEGER REFERENCES users (id) ON DELETE CASCADE,
    team INTEGER REFERENCES groups (id) ON DELETE CASCADE,
    CHECK ((user IS NULL) <> (team IS NULL)),
    UNIQUE (path, user, team)
);

CREATE INDEX access_entries_by_user ON access_entries (user);
CREATE INDEX access_entries_by_team ON access_entries (team);

ALTER TABLE chats ADD COLUMN owner INTEGER NOT NULL DEFAULT 0; -- a user's id; 0: whoever has the workspace

-- Moves whenever somebody may see more or less: what was worked out from paths and lists is stale then.
INSERT INTO meta (name, value) VALUES ('sight', 0);

CREATE TRIGGER sight_file_has_come AFTER INSERT ON files
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_file_changes AFTER UPDATE OF path, document ON files
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_file_goes AFTER DELETE ON files
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_access_lists_comes AFTER INSERT ON access_lists
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_access_lists_changes AFTER UPDATE ON access_lists
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_access_lists_goes AFTER DELETE ON access_lists
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_access_entries_comes AFTER INSERT ON access_entries
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_access_entries_changes AFTER UPDATE ON access_entries
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_access_entries_goes AFTER DELETE ON access_entries
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_members_comes AFTER INSERT ON members
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_members_changes AFTER UPDATE ON members
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;

CREATE TRIGGER sight_members_goes AFTER DELETE ON members
BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'sight';
END;
