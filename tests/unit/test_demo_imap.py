"""The demo's IMAP server, without a socket: how it reads commands and what it finds."""

from datetime import UTC, datetime

import pytest

from mailcli.demo.imap_commands import Command, Commands, Refused
from mailcli.demo.imap_fetch import fetch_items, header_fields, parse_date_time
from mailcli.demo.imap_search import Candidate, search_criterion
from mailcli.demo.imap_syntax import (
    SyntaxRefused,
    Token,
    literal_size,
    number_set,
    string,
    tokens,
)
from mailcli.demo.mailbox import FolderRefusal, Mailbox, Message

NOW = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
RAW = b"From: a@example.org\r\nX-Long: one\r\n\ttwo\r\nSubject: Hi\r\n\r\nbody\r\nmore\r\n"


class Client:
    """One client's commands, and what the server sent it."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.sent: list[bytes] = []
        self._commands = Commands(mailbox, self.sent.append)

    def __call__(self, line: bytes, *literals: bytes) -> str:
        name, *args = tokens(line, literals)
        by_uid = name == "UID"
        if by_uid:
            name, *args = args
        command = Command("a", str(name), args, by_uid=by_uid)
        told = self._commands.run(command)
        self._commands.tell_news(command)
        return told

    def take(self) -> list[bytes]:
        """Return what was sent since the last time."""
        sent = list(self.sent)
        self.sent.clear()
        return sent


@pytest.fixture
def mailbox() -> Mailbox:
    made = Mailbox(100)
    made.create("Sent", role="\\Sent")
    for number in range(1, 4):
        made.add(made.folder("INBOX"), RAW.replace(b"Hi", b"Hi %d" % number), NOW)
    return made


@pytest.fixture
def client(mailbox: Mailbox) -> Client:
    return Client(mailbox)


@pytest.mark.parametrize(
    ("line", "literals", "expected"),
    [
        pytest.param(b"NOOP", (), ["NOOP"], id="atom"),
        pytest.param(b'LOGIN "a \\"b\\\\" c', (), ["LOGIN", b'a "b\\', "c"], id="quoted"),
        pytest.param(b"A {3} {2+}", (b"x y", b"(("), ["A", b"x y", b"(("], id="literals"),
        pytest.param(b"S (A (B) C)", (), ["S", ["A", ["B"], "C"]], id="lists"),
        pytest.param(
            b"F (BODY.PEEK[HEADER.FIELDS (DATE TO)]<0.9> UID)",
            (),
            ["F", ["BODY.PEEK[HEADER.FIELDS (DATE TO)]<0.9>", "UID"]],
            id="section",
        ),
    ],
)
def test_a_command_is_split_into_tokens(
    line: bytes, literals: tuple[bytes, ...], expected: list[Token]
) -> None:
    assert tokens(line, literals) == expected


@pytest.mark.parametrize(
    "line", [b'A "open', b"A (open", b"A close)", b"A \xff", b"A {3}", b"A " + b"(" * 50]
)
def test_a_command_that_makes_no_sense_is_refused(line: bytes) -> None:
    with pytest.raises(SyntaxRefused):
        tokens(line)


def test_a_literal_is_announced_at_the_end_of_a_line_only() -> None:
    assert literal_size(b"A APPEND Sent {12}") == (12, True)
    assert literal_size(b"A APPEND Sent {12+}") == (12, False)
    assert literal_size(b'A LOGIN a "{12}"') is None


def test_a_set_of_numbers_may_run_backwards_and_to_the_last() -> None:
    assert number_set("2,5:4,*:9", 7) == [range(2, 3), range(4, 6), range(7, 10)]
    with pytest.raises(SyntaxRefused):
        number_set("1,,2", 7)


def test_a_string_is_quoted_where_quotes_can_hold_it() -> None:
    assert string(b'a "b"') == b'"a \\"b\\""'
    assert string(b"\xc3\xbc") == b"{2}\r\n\xc3\xbc"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("UID", b"UID 1"),
        ("RFC822.SIZE", b"RFC822.SIZE %d" % len(RAW)),
        ("INTERNALDATE", b'INTERNALDATE "17-May-2024 09:30:00 +0000"'),
        ("BODY[]", b"BODY[] {%d}\r\n%b" % (len(RAW), RAW)),
        ("BODY[TEXT]", b"BODY[TEXT] {12}\r\nbody\r\nmore\r\n"),
        ("BODY.PEEK[]<6.13>", b"BODY[]<6> {13}\r\na@example.org"),
        (
            "BODY[HEADER.FIELDS (X-LONG)]",
            b"BODY[HEADER.FIELDS (X-LONG)] {21}\r\nX-Long: one\r\n\ttwo\r\n\r\n",
        ),
        (
            "BODY[HEADER.FIELDS.NOT (From X-Long)]",
            b"BODY[HEADER.FIELDS.NOT (From X-Long)] {15}\r\nSubject: Hi\r\n\r\n",
        ),
    ],
)
def test_fetch_returns_the_octets_asked_for(asked: str, expected: bytes) -> None:
    (item,) = fetch_items(asked)
    assert item.render(Message(1, RAW, NOW)) == expected


@pytest.mark.parametrize("asked", ["ENVELOPE", "BODY[1.MIME]", "BODYSTRUCTURE", "X"])
def test_fetch_refuses_what_this_server_does_not_have(asked: str) -> None:
    with pytest.raises(SyntaxRefused):
        fetch_items(asked)


DATED = b"Hi %d\r\nDate: %d May 2024 23:30:00 -0500"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ALL", [1, 2, 3]),
        ("UID 2:*", [2, 3]),
        ("1,3", [1, 3]),
        ("SEEN", [2]),
        ("UNSEEN NOT 1", [3]),
        ("OR 1 SEEN", [1, 2]),
        ("SUBJECT 3", [3]),
        ('HEADER X-Long "two"', [1, 2, 3]),
        ("BODY nothing", []),
        ("TEXT MORE", [1, 2, 3]),
        ("SINCE 17-May-2024 BEFORE 18-May-2024", [1, 2, 3]),
        ("ON 18-May-2024", []),
        ("SENTSINCE 2-May-2024", [2, 3]),
        ("SENTBEFORE 3-May-2024 SENTON 1-May-2024", [1]),
        ("SENTBEFORE 1-May-2024", []),
        ("LARGER 5 SMALLER 6", []),
        ("KEYWORD $Forwarded", [2]),
        ("CHARSET UTF-8 (SEEN 2)", [2]),
    ],
)
def test_search_finds_by_key(asked: str, found: list[int]) -> None:
    holds = search_criterion(tokens(asked.encode()))
    flags = {2: frozenset({"\\Seen", "$Forwarded"})}
    messages = [
        Message(n, RAW.replace(b"Hi", DATED % (n, n)), NOW, flags.get(n, frozenset()))
        for n in (1, 2, 3)
    ]
    assert [m.uid for m in messages if holds(Candidate(m, m.uid, 3, 3))] == found


@pytest.mark.parametrize("asked", ["", "HEADER Subject", "NEARBY", "LARGER x", "SINCE today"])
def test_search_refuses_what_it_does_not_know(asked: str) -> None:
    with pytest.raises(SyntaxRefused):
        search_criterion(tokens(asked.encode()))


def test_header_fields_keep_their_folded_lines() -> None:
    assert dict(header_fields(RAW))["x-long"] == b"X-Long: one\r\n\ttwo\r\n"


def test_a_date_reads_whatever_the_locale() -> None:
    assert parse_date_time(" 7-Oct-2023 01:02:03 -0500").isoformat() == "2023-10-07T01:02:03-05:00"


def test_a_message_keeps_its_number_while_messages_are_fetched(
    mailbox: Mailbox, client: Client
) -> None:
    client(b"SELECT INBOX")
    mailbox.remove(mailbox.folder("INBOX"), [1])
    client.take()

    client(b"FETCH 2 UID")
    assert client.take() == [b"* 2 FETCH (UID 2)"]

    client(b"CHECK")
    assert client.take() == [b"* 1 EXPUNGE"]


def test_another_device_hears_of_flags_and_new_mail(mailbox: Mailbox, client: Client) -> None:
    other = Client(mailbox)
    for each in (client, other):
        each(b"SELECT INBOX")
    client(b"UID STORE 2 +FLAGS.SILENT (\\Seen)")
    mailbox.add(mailbox.folder("INBOX"), RAW, NOW)
    client.take()
    other.take()

    client(b"CHECK")
    other(b"CHECK")

    assert client.take() == [b"* 4 EXISTS"]
    assert other.take() == [b"* 2 FETCH (UID 2 FLAGS (\\Seen))", b"* 4 EXISTS"]


def test_append_keeps_octets_flags_and_date(mailbox: Mailbox, client: Client) -> None:
    raw = b"bare\nlf \xff\r\n"
    told = client(b'APPEND Sent (\\seen $X) "17-May-2024 09:30:00 +0000" {10}', raw)
    (stored,) = mailbox.folder("Sent").messages.values()
    assert told == "[APPENDUID 101 1] stored"
    assert stored == Message(1, raw, NOW, frozenset({"\\Seen", "$X"}))


def test_move_tells_where_messages_went(mailbox: Mailbox, client: Client) -> None:
    client(b"SELECT INBOX")
    client.take()
    client(b"UID MOVE 1,3 Sent")
    assert client.take() == [
        b"* OK [COPYUID 101 1,3 1,2] moved",
        b"* 3 EXPUNGE",
        b"* 1 EXPUNGE",
    ]
    assert list(mailbox.folder("INBOX").messages) == [2]


def test_uid_expunge_removes_only_the_messages_named(mailbox: Mailbox, client: Client) -> None:
    client(b"SELECT INBOX")
    client(b"STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    client(b"UID EXPUNGE 2")
    assert list(mailbox.folder("INBOX").messages) == [1, 3]


def test_a_folder_opened_to_read_cannot_be_changed(mailbox: Mailbox, client: Client) -> None:
    client(b"EXAMINE INBOX")
    client(b"FETCH 1 BODY[]")
    with pytest.raises(Refused):
        client(b"STORE 1 FLAGS (\\Seen)")
    assert mailbox.folder("INBOX").unseen == 3


def test_body_without_peek_marks_as_seen(mailbox: Mailbox, client: Client) -> None:
    client(b"SELECT INBOX")
    client(b"UID FETCH 1 BODY.PEEK[]")
    assert mailbox.folder("INBOX").unseen == 3
    client(b"UID FETCH 1 BODY[]")
    assert mailbox.folder("INBOX").unseen == 2


def test_list_tells_role_subscription_and_counts_at_once(client: Client) -> None:
    client(b'LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UNSEEN))')
    assert client.take() == [
        b'* LIST (\\HasNoChildren \\Subscribed) "/" "INBOX"',
        b'* STATUS "INBOX" (MESSAGES 3 UNSEEN 3)',
        b'* LIST (\\HasNoChildren \\Subscribed \\Sent) "/" "Sent"',
        b'* STATUS "Sent" (MESSAGES 0 UNSEEN 0)',
    ]


def test_percent_stops_at_the_delimiter(client: Client) -> None:
    client(b"CREATE Lists/python")
    client(b"LIST Lists/ %")
    client(b'LIST "" L%')
    client(b"UNSUBSCRIBE Lists")
    client(b'LSUB "" L*')
    assert client.take() == [
        b'* LIST (\\HasNoChildren \\Subscribed) "/" "Lists/python"',
        b'* LIST (\\HasChildren \\Subscribed) "/" "Lists"',
        b'* LSUB () "/" "Lists/python"',
    ]


def test_renaming_a_folder_takes_those_below_along_and_keeps_uids(
    mailbox: Mailbox, client: Client
) -> None:
    client(b"CREATE A/B")
    mailbox.add(mailbox.folder("A/B"), RAW, NOW)
    before = mailbox.folder("A/B").uid_validity
    client(b"RENAME A C/D")
    assert {"C", "C/D", "C/D/B"} < mailbox.folders.keys()
    assert mailbox.folder("C/D/B").uid_validity == before
    assert not {"A", "A/B"} & mailbox.folders.keys()


def test_a_folder_made_again_has_another_uidvalidity(mailbox: Mailbox, client: Client) -> None:
    before = mailbox.folder("Sent").uid_validity
    client(b"DELETE Sent")
    client(b"CREATE Sent")
    assert mailbox.folder("Sent").uid_validity > before


@pytest.mark.parametrize(
    "line",
    [
        b"CREATE inbox",
        b"CREATE a//b",
        b"DELETE INBOX",
        b"DELETE Lists",
        b"RENAME Sent INBOX",
        b"RENAME Lists Lists/below",
        b"RENAME INBOX Old",
        b"SELECT Nowhere",
        b"STATUS Nowhere (MESSAGES)",
    ],
)
def test_folders_that_cannot_be_are_refused_and_nothing_changes(
    mailbox: Mailbox, client: Client, line: bytes
) -> None:
    client(b"CREATE Lists/python")
    before = set(mailbox.folders)
    with pytest.raises(FolderRefusal):
        client(line)
    assert set(mailbox.folders) == before


@pytest.mark.parametrize(
    "line", [b"FETCH 1 UID", b"CREATE", b"STATUS INBOX (SIZES)", b"BREW tea", b"APPEND Sent x"]
)
def test_commands_that_make_no_sense_are_refused(client: Client, line: bytes) -> None:
    with pytest.raises(SyntaxRefused):
        client(line)
