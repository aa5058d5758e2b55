"""The tables of the state database, as a list of migrations.

Migration n brings a database from version n to n + 1 (`PRAGMA user_version`).
A released one is never edited; a change is another one at the end. Each is a
tuple of single statements, since all run in one transaction.
"""

_VERSION_1 = (
    """CREATE TABLE pop_source (
        id INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        username TEXT NOT NULL,
        delivering INTEGER NOT NULL DEFAULT 0,
        UNIQUE (host, username)
    )""",
    """CREATE TABLE pop_message (
        source INTEGER NOT NULL REFERENCES pop_source ON DELETE CASCADE,
        uidl TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 BLOB NOT NULL,
        token TEXT NOT NULL,
        folder TEXT NOT NULL,
        stored_at INTEGER NOT NULL,
        deleted INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (source, uidl, size)
    ) WITHOUT ROWID""",
    """CREATE TABLE folder (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        uidvalidity INTEGER NOT NULL DEFAULT 0,
        uidnext INTEGER NOT NULL DEFAULT 0,
        highestmodseq INTEGER,
        role TEXT
    )""",
    # The generation is part of the key: after UIDVALIDITY has changed, the old
    # rows stay apart until their messages are matched.
    """CREATE TABLE message (
        folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
        uidvalidity INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        unique_name TEXT NOT NULL,
        base_flags TEXT NOT NULL,
        keywords TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 BLOB NOT NULL,
        PRIMARY KEY (folder, uidvalidity, uid)
    ) WITHOUT ROWID""",
    """CREATE TABLE append_intent (
        id INTEGER PRIMARY KEY,
        folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
        unique_name TEXT NOT NULL,
        sha256 BLOB NOT NULL,
        size INTEGER NOT NULL,
        message_id TEXT,
        uidvalidity INTEGER NOT NULL,
        uidnext_before INTEGER,
        UNIQUE (folder, unique_name)
    )""",
)

_VERSION_2 = (
    # `on_server` is 1 where the message is to be deleted there, 0 where its file is.
    """CREATE TABLE delete_intent (
        folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
        uidvalidity INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        on_server INTEGER NOT NULL,
        PRIMARY KEY (folder, uidvalidity, uid)
    ) WITHOUT ROWID""",
)

_VERSION_3 = (
    "ALTER TABLE folder ADD COLUMN server_name TEXT",
    "ALTER TABLE folder ADD COLUMN delimiter TEXT",
    "ALTER TABLE folder ADD COLUMN subscribed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE folder ADD COLUMN detached INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE rename_intent (
        id INTEGER PRIMARY KEY,
        old TEXT NOT NULL,
        new TEXT NOT NULL
    )""",
)

_VERSION_4 = (
    # NULL messages: no shortcut may rest on the folder's counters.
    "ALTER TABLE folder ADD COLUMN messages INTEGER",
    "ALTER TABLE folder ADD COLUMN mailbox_id TEXT",
    "ALTER TABLE message ADD COLUMN email_id TEXT",
    "ALTER TABLE message ADD COLUMN held INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE left_out (
        folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
        uidvalidity INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        size INTEGER NOT NULL,
        received INTEGER,
        PRIMARY KEY (folder, uidvalidity, uid)
    ) WITHOUT ROWID""",
)

_VERSION_5 = (
    # NULL stamps: the folder here is to be listed.
    "ALTER TABLE folder ADD COLUMN stamps TEXT",
    # Unix seconds; NULL: the flags of all messages there are to be listed.
    "ALTER TABLE folder ADD COLUMN listed_at INTEGER",
    "CREATE INDEX left_out_by_time ON left_out (folder, uidvalidity, received)",
    "ALTER TABLE pop_source ADD COLUMN failures INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE pop_source ADD COLUMN logged_in INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE pop_source ADD COLUMN target TEXT",
    "ALTER TABLE pop_source ADD COLUMN told TEXT NOT NULL DEFAULT ''",
)

_VERSION_6 = (
    # The sum of the file names that `stamps` stand for; NULL: not known.
    "ALTER TABLE folder ADD COLUMN names TEXT",
)

_VERSION_7 = (
    # Files whose letters are their folder's own, though no message of it is bound to them.
    """CREATE TABLE lettered (
        folder TEXT NOT NULL,
        unique_name TEXT NOT NULL,
        PRIMARY KEY (folder, unique_name)
    ) WITHOUT ROWID""",
)

_VERSION_8 = (
    # How many messages `stamps` stand for, all of this UIDVALIDITY; NULL: not known.
    "ALTER TABLE folder ADD COLUMN agreed INTEGER",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    *(_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4),
    *(_VERSION_5, _VERSION_6, _VERSION_7, _VERSION_8),
)
