"""The tables of the index: `Index` fills and reads them, queries of `search` read them.

`message` has a row for each file, `number` is the one of `numbers.db`. `texts` is the full text
of FTS5, contentless, `rowid` is the number. Nothing is deleted from it, since messages never
change: what is gone has no row in `message` any more, and stands in `dead`, so that it is
not put in twice when it comes back.
"""

VERSION = 3
"""Of the tables and of what is put in; an index of another one is deleted, never migrated."""

TABLES = (
    "CREATE TABLE about (numbers BLOB NOT NULL)",
    # NULL stamps: the folder is to be listed.
    """CREATE TABLE folder (
        id INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        stamps TEXT,
        files INTEGER,
        total INTEGER NOT NULL DEFAULT 0,
        unread INTEGER NOT NULL DEFAULT 0,
        flagged INTEGER NOT NULL DEFAULT 0,
        UNIQUE (account, name)
    )""",
    # `flags` has a bit for each (`bits_of`); `date` is in Unix seconds, `zone` its offset in
    # minutes, NULL where the header has no date: then it is when the message was received.
    """CREATE TABLE message (
        number INTEGER PRIMARY KEY,
        folder INTEGER NOT NULL REFERENCES folder,
        subdirectory TEXT NOT NULL,
        unique_name TEXT NOT NULL,
        info TEXT NOT NULL,
        flags INTEGER NOT NULL,
        date INTEGER NOT NULL,
        zone INTEGER,
        size INTEGER NOT NULL,
        attachments INTEGER NOT NULL,
        sender TEXT NOT NULL,
        recipients TEXT NOT NULL,
        copies TEXT NOT NULL,
        subject TEXT NOT NULL,
        message_id TEXT,
        thread INTEGER NOT NULL,
        fingerprint BLOB NOT NULL,
        base INTEGER,
        orphan INTEGER NOT NULL,
        own INTEGER,
        named BLOB NOT NULL,
        UNIQUE (folder, unique_name)
    )""",
    "CREATE INDEX message_by_date ON message (folder, date)",
    "CREATE INDEX message_by_time ON message (date)",
    "CREATE INDEX message_unread ON message (folder, date) WHERE flags & 1 = 0",
    "CREATE INDEX message_flagged ON message (folder, date) WHERE flags & 2 = 2",
    "CREATE INDEX message_by_id ON message (message_id)",
    "CREATE INDEX message_by_thread ON message (thread)",
    # Replies that name no message, and what they may be replies to.
    "CREATE INDEX message_by_subject ON message (base, date) WHERE base IS NOT NULL",
    # A Message-ID, hashed with its account, and the thread of the messages that name it.
    "CREATE TABLE link (id INTEGER PRIMARY KEY, thread INTEGER NOT NULL)",
    "CREATE INDEX link_by_thread ON link (thread)",
    "CREATE TABLE dead (number INTEGER PRIMARY KEY)",
    """CREATE VIRTUAL TABLE texts USING fts5 (
        subject, sender, recipients, copies, body, files, list, content='', columnsize=0,
        tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
    )""",
)
