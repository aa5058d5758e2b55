"""One result of each kind, with hostile and awkward texts among the plain ones."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from mailcli.model import Address
from mailcli.results import (
    AccountInfo,
    AccountsResult,
    AccountStatus,
    CredentialChange,
    ErrorReport,
    FlushedMessage,
    FlushResult,
    FolderChange,
    FolderInfo,
    FoldersResult,
    FolderStatus,
    FolderSync,
    ImapAccount,
    ImapResult,
    LastRun,
    ListResult,
    MessageInfo,
    OutboxChange,
    OutboxMessage,
    OutboxResult,
    PlannedAction,
    PopAccount,
    PopResult,
    RefusedRecipient,
    Result,
    SendPreview,
    SendResult,
    SkippedImap,
    SkippedPop,
    StatusResult,
)

NOW = datetime(2026, 11, 14, 15, 0, tzinfo=timezone(timedelta(hours=1)))
HOSTILE = "[red]x[/red] :smile: \x1b[31mred\x1b]0;t\x07\r\n\tnext\x9b1m \u202egnp.exe\u200b\ud800"

LOGIN = ErrorReport("login", "imap.example.org: login refused: \x1b[2Jno", "see the log", 77, None)
TIMEOUT = ErrorReport("temporary", "no answer for 30 s", "try again later", 75, "work")


def message(number: int | None = 1, **changes: object) -> MessageInfo:
    fields: dict[str, object] = {
        "id": number,
        "account": "work",
        "folder": "INBOX",
        "date": NOW - timedelta(hours=2),
        "from_": (Address("Ada Lovelace", "ada@example.org"),),
        "to": (Address("", "bob@example.org"),),
        "cc": (),
        "subject": "Notes on the Engine",
        "flags": ("seen",),
        "keywords": (),
        "size": 1234,
        "attachments": 0,
        "message_id": f"<{number}@example.org>",
        "thread": None,
        "path": Path(f"/mail/INBOX/cur/{number}:2,S"),
    }
    return MessageInfo(**{**fields, **changes})  # type: ignore[arg-type] # any field may change


STATUS = StatusResult(
    (
        AccountStatus(
            "work",
            unread=3,
            flagged=1,
            total=1204,
            outbox=2,
            folders=(FolderStatus("INBOX", 3, 1, 1200), FolderStatus("Sent", 1, 0, 4)),
            runs=(
                LastRun(
                    "imap-sync",
                    NOW,
                    ErrorReport("login", "login refused", "check the password", 77, "work"),
                ),
                LastRun("pop-fetch", NOW - timedelta(days=1), None),
            ),
        ),
        AccountStatus("home", 0, 0, 0, 0, (), ()),
    )
)
LIST = ListResult(
    (
        message(12, flags=(), attachments=1),
        message(
            11,
            from_=(Address("Lovelace, Ada", "ada@example.org"),),
            subject=HOSTILE,
            flags=("seen", "answered", "flagged"),
            keywords=("$Junk", "todo"),
            date=datetime(2024, 3, 2, 9, 30),
        ),
        message(
            None,
            account=None,
            from_=(),
            subject="",
            date=None,
            flags=("draft",),
            path=Path("/mail/odd \udcff name/cur/1"),
        ),
    )
)
SENT = SendResult(
    "<1@example.org>",
    "delivered",
    (Address("", "bob@example.org"),),
    (),
    Path("/mail/Sent/cur/1:2,S"),
)
PARTIAL = SendResult(
    "<1@example.org>",
    "partial",
    (Address("Bob", "bob@example.org"), Address("", "eve@example.org")),
    (
        RefusedRecipient(
            Address("X\x1b", "x@example.org"), True, 550, "5.1.1", "No such\r\nuser \x1b[1m"
        ),
        RefusedRecipient(Address("", "y@example.org"), False, 450, None, "greylisted"),
    ),
    None,
    ("the copy could not be saved",),
)
UNKNOWN = SendResult(
    "<1@example.org>",
    "unknown",
    (),
    (),
    None,
    error=ErrorReport("outcome_unknown", "no answer \x1b[2J", "ask", 75, "work"),
)
QUEUED = SendResult(
    *("<1@example.org>", "queued", (), (), None),
    queued=(Address("", "bob@example.org"),),
    outbox_id=7,
)
WAITING = OutboxMessage(
    id=7,
    account="work",
    state="waiting",
    created=datetime(2024, 3, 2, 9, 30, tzinfo=UTC),
    next_try=datetime(2024, 3, 2, 9, 34, tzinfo=UTC),
    tries=2,
    size=1234,
    sender="ada@example.org",
    recipients=(Address("Bob", "bob@example.org"), Address("", "eve@example.org")),
    subject="Hi \x1b[31m",
    message_id="<1@example.org>",
    error="450 greylisted \x1b[2J",
)
OUTBOX = OutboxResult(
    (WAITING, WAITING._replace(id=8, state="unknown", next_try=None, error=None))
)
DROPPED = OutboxChange((WAITING,))
FLUSHED = FlushResult(
    (
        FlushedMessage(
            *(7, "work", "<1@example.org>", "Hi", "partial"),
            accepted=(Address("Bob", "bob@example.org"),),
            refused=PARTIAL.refused,
            unknown=(Address("", "eve@example.org"),),
            next_try=datetime(2024, 3, 2, 9, 34, tzinfo=UTC),
            saved=Path("/mail/Sent/cur/1:2,S"),
            warnings=("no copy",),
        ),
        FlushedMessage(8, "work", None, "", "deferred", error=LOGIN),
    ),
    (LOGIN,),
    (WAITING,),
)
PREVIEW = SendPreview(
    "ada@example.org",
    ("bob@example.org", "eve@example.org"),
    "Subject: Hello\r\n\r\n\x1b[31mHi.\r\n",
    "work",
    "smtp.example.org:465",
)
POP = PopResult(
    (
        PopAccount("work", fetched=3, bytes=12_345, kept=5),
        PopAccount("home", skipped=(SkippedPop("U\x1b1", "larger than 10 MB"),)),
        PopAccount("bad", error=LOGIN),
    )
)
IMAP = ImapResult(
    (
        ImapAccount(
            "work",
            (
                FolderSync("INBOX", fetched=3, flags_remote=1, changed=True),
                FolderSync("Quiet"),
                FolderSync("Old", held_back=12),
                FolderSync(
                    "Bad", skipped=(SkippedImap(5, None, "cannot be read"),), error=TIMEOUT
                ),
            ),
            folders_created=("New",),
            changed=True,
        ),
        ImapAccount("home", (FolderSync("INBOX"),)),
        ImapAccount("bad", error=LOGIN),
    )
)
PLAN = ImapResult(
    (
        ImapAccount(
            "work",
            (
                FolderSync(
                    "INBOX",
                    actions=(
                        PlannedAction("fetch", 17, None, "12 kB"),
                        PlannedAction("append", None, Path("/mail/INBOX/cur/9:2,S"), ""),
                    ),
                ),
                FolderSync("Quiet", actions=()),
            ),
            folders_created=("New",),
        ),
    ),
    "dry-run",
)
PLAN_HELD = ImapResult(
    (
        ImapAccount(
            "work", (FolderSync("Old", actions=(PlannedAction("hold", 1, None, "deleted here"),)),)
        ),
    ),
    "dry-run",
)
VERIFIED = ImapResult(
    (
        ImapAccount(
            "work",
            (
                FolderSync(
                    "INBOX",
                    error=ErrorReport(
                        "local_io", "/mail/INBOX/cur/9:2,S: not as it was", "", 74, None
                    ),
                    differences=(
                        PlannedAction("octets", 17, Path("/mail/INBOX/cur/9:2,S"), "changed here"),
                        PlannedAction("flags", 18, Path("/mail/INBOX/cur/8:2,"), "here none"),
                        PlannedAction("missing_there", None, Path("/mail/INBOX/new/\x1b7"), ""),
                    ),
                ),
                FolderSync("Quiet", differences=()),
            ),
        ),
        ImapAccount("home", (FolderSync("INBOX", differences=()),)),
    ),
    "verify",
)
CHANGED_WHOLE = ImapResult(
    (
        ImapAccount(
            "work",
            (
                FolderSync("New", moved=2, changed=True),
                FolderSync(
                    "[Gmail]/All Mail", skipped=(SkippedImap(None, None, "shown once more"),)
                ),
            ),
            folders_deleted=("Old",),
            folders_renamed=("Work → New",),
            changed=True,
        ),
        ImapAccount(
            "home",
            (
                FolderSync("INBOX"),
                FolderSync("Important", skipped=(SkippedImap(None, None, "shown once more"),)),
            ),
        ),
    )
)
FOLDERS = FoldersResult(
    (
        FolderInfo("work", "INBOX", "/", None, True, True, 1200, 3, Path("/mail/INBOX")),
        FolderInfo("work", "日本語/名前", "/", "sent", False, False, None, None, None),
    )
)
FOLDERS_CHANGED = FoldersResult(
    (FolderInfo("work", "INBOX", "/", "inbox", True, True, 1200, 3, None, 15_400_000),),
    (LOGIN,),
    (
        FolderChange("work", "created", "New"),
        FolderChange("work", "renamed", "Old", "\x1b[2JOther", path=Path("/mail/Other")),
        FolderChange("work", "deleted", "Gone", messages=1, path=Path("/mail/Gone")),
        FolderChange("work", "deleted", "Top"),
        FolderChange("work", "subscribed", "New", done=False),
    ),
)
FOLDERS_PARTLY = FoldersResult(FOLDERS.folders[:1], (LOGIN, TIMEOUT))
ACCOUNTS = AccountsResult(
    (
        AccountInfo(
            "work",
            "ada@example.org",
            True,
            Path("/mail/work"),
            "smtp.example.org:465",
            None,
            "imap.example.org:993",
        ),
        AccountInfo("home", None, False, Path("/mail/home"), None, "pop.example.net:995", None),
    )
)
CREDENTIAL = CredentialChange("work", "imap", True, "SecretService Keyring")

SAMPLES: dict[str, tuple[str, Result]] = {
    "send": ("send", SENT),
    "send-partial": ("send", PARTIAL),
    "send-unknown": ("send", UNKNOWN),
    "send-queued": ("send", QUEUED),
    "send-preview": ("send-preview", PREVIEW),
    "outbox-list": ("outbox-list", OUTBOX),
    "outbox-drop": ("outbox-drop", DROPPED),
    "outbox-flush": ("outbox-flush", FLUSHED),
    "pop-fetch": ("pop-fetch", POP),
    "imap-sync": ("imap-sync", IMAP),
    "imap-sync-dry-run": ("imap-sync", PLAN),
    "imap-sync-verify": ("imap-sync", VERIFIED),
    "imap-sync-folders": ("imap-sync", CHANGED_WHOLE),
    "folders": ("folders", FOLDERS),
    "folders-partly": ("folders", FOLDERS_PARTLY),
    "folders-changed": ("folders", FOLDERS_CHANGED),
    "list": ("list", LIST),
    "status": ("status", STATUS),
    "account-list": ("account-list", ACCOUNTS),
    "account-password": ("account-password", CREDENTIAL),
}
"""Name of the schema and result, by test id."""
