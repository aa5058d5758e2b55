"""One result of each kind, with hostile and awkward texts among the plain ones."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from mailcli.model import Address
from mailcli.results import (
    AccountInfo,
    AccountsResult,
    AccountStatus,
    AttachmentInfo,
    AttachmentsResult,
    ChangedMessage,
    CredentialChange,
    DraftResult,
    ErrorReport,
    ExportedMessage,
    ExportResult,
    FlushedMessage,
    FlushResult,
    FolderChange,
    FolderInfo,
    FoldersResult,
    FolderStatus,
    FolderSync,
    ImapAccount,
    ImapResult,
    ImportedMessage,
    ImportResult,
    LastRun,
    ListResult,
    MessageAttachments,
    MessageInfo,
    OrganisedResult,
    OutboxChange,
    OutboxMessage,
    OutboxResult,
    PlannedAction,
    PopAccount,
    PopResult,
    ReadResult,
    RefusedRecipient,
    Result,
    SendPreview,
    SendResult,
    SkippedImap,
    SkippedPop,
    StatusResult,
)
from mailcli.results.reading import (
    Block,
    MessageView,
    PartInfo,
    ReadAttachment,
    ReadMessage,
    SenderResult,
    SignatureInfo,
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
_READ = ReadMessage(
    info=message(12, flags=(), subject=HOSTILE),
    headers=(("From", "Ada Lovelace <ada@example.org>"), ("X-Odd", HOSTILE)),
    text=f"Dear Bob,\n{HOSTILE}\n",
    html="<p>Dear Bob</p>",
    attachments=(ReadAttachment("2", HOSTILE, "image/png", 1_500_000),),
    parts=(
        PartInfo(
            "", "multipart/mixed", None, "7bit", None, None, None, 2_000_000,
            (PartInfo("1", "text/plain", "utf-8", "8bit", "inline", None, "c@x", 12),),
        ),
    ),
    authentication=SenderResult("pass", None, "fail", "mx.example.org", "failed"),
    signatures=(
        SignatureInfo("", "pgp", "bad", HOSTILE, "ABCD", False, False, True, f"BAD {HOSTILE}"),
        SignatureInfo("", "smime", "good", "Ada", "EF", True, True, True, "good signature by Ada"),
        SignatureInfo("1", "pgp", "good", "Ada", "EF", True, True, False, "part 1: good"),
    ),
    warnings=(f"the sender's name shows {HOSTILE}",),
    view=MessageView(
        (
            Block("text", f"Dear Bob,\n> {HOSTILE}\n\n[9 quoted lines]\n-- \nAda\n"),
            Block("heading", "From:    Carol", 1),
            Block("text", HOSTILE, 1),
            Block("note", "2 remote images not loaded"),
        )
    ),
)  # fmt: skip
READ = ReadResult((_READ,), single=True)
READ_SEVERAL = ReadResult(
    (
        _READ._replace(view=MessageView(snippet=f"Dear Bob {HOSTILE}")),
        _READ._replace(
            info=message(None, account=None, date=None, from_=(), subject=""),
            attachments=(),
            signatures=(),
            warnings=(),
            authentication=SenderResult("pass", "pass", "pass", "mx.example.org", "verified"),
            view=MessageView(headers=True),
        ),
    ),
    (ErrorReport("not_found", "42: no such message", "", 66, "work"),),
)
ATTACHMENTS = AttachmentsResult(
    (
        MessageAttachments(
            12,
            Path("/mail/INBOX/cur/12:2,S"),
            (
                AttachmentInfo("2", "Räksmörgås.pdf", "application/pdf", 123_456),
                AttachmentInfo("3.1", HOSTILE, "image/png", 7),
                AttachmentInfo("4", None, "message/rfc822", 0),
            ),
        ),
        MessageAttachments(None, Path("/mail/odd \udcff name/cur/1"), ()),
    )
)
SAVED = AttachmentsResult(
    (
        MessageAttachments(
            12,
            Path("/mail/INBOX/cur/12:2,S"),
            (
                AttachmentInfo(
                    "2", "../a.pdf", "application/pdf", 2_000_000, Path("/home/ada/in/a.pdf")
                ),
            ),
        ),
        MessageAttachments(
            None,
            Path("old.eml"),
            (AttachmentInfo("1", "a.pdf", "application/pdf", 9, Path("/home/ada/in/a-1.pdf")),),
        ),
    )
)
CREDENTIAL = CredentialChange("work", "imap", True, "SecretService Keyring")

MOVED = OrganisedResult(
    (
        ChangedMessage(
            id=42,
            account="work",
            action="moved",
            folder="Ar\x1b[2Jchive",
            path=Path("/mail/Archive/cur/42:2,Sa"),
            from_="IN BOX",
            to="Ar\x1b[2Jchive",
            flags=("seen",),
            keywords=("todo",),
        ),
        ChangedMessage(
            id=None,
            account="work",
            action="flagged",
            folder="INBOX",
            path=Path("/mail/INBOX/cur/7:2,S"),
            from_=None,
            to=None,
            flags=("seen",),
            keywords=(),
            added=("seen",),
            removed=("todo",),
            done=False,
        ),
    ),
    (LOGIN,),
)
IMPORTED = ImportResult(
    (
        ImportedMessage(7, "INBOX", "/m/INBOX/new/1.a"),
        ImportedMessage(None, "Old/[red]x", "/m/\x1b[2J"),
    ),
    "work",
    already=3,
    folders_created=("Old/[red]x",),
    warnings=(f"{HOSTILE}: cut",),
    errors=(ErrorReport("not_found", f"{HOSTILE}: no such file", "", 66, None),),
)
EXPORTED = ExportResult(
    (ExportedMessage(7, "INBOX", "a.mbox"), ExportedMessage(None, "[red]x", "\x1b.mbox")),
    "mbox",
    Path("\x1b.mbox"),
    octets=12_345,
    already=1,
)

DRAFT = DraftResult(
    id=43,
    account="work",
    folder="Dra\x1b[2Jfts",
    path=Path("/mail/Drafts/cur/43:2,D"),
    message_id="<d@example.org>",
    subject=HOSTILE,
    replaced=42,
    warnings=(f"{HOSTILE}: no HTML any more",),
)

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
    "read": ("read", READ),
    "read-several": ("read", READ_SEVERAL),
    "status": ("status", STATUS),
    "organise": ("organise", MOVED),
    "attachments-list": ("attachments", ATTACHMENTS),
    "attachments-save": ("attachments", SAVED),
    "drafts-save": ("draft", DRAFT),
    "import": ("import", IMPORTED),
    "export": ("export", EXPORTED),
    "account-list": ("account-list", ACCOUNTS),
    "account-password": ("account-password", CREDENTIAL),
}
"""Name of the schema and result, by test id."""
