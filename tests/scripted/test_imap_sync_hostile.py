"""`mailcli imap-sync` against servers that do what none should, or less than most do."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.conftest import RunMailcli, WriteConfig
from tests.support.certificates import Authority
from tests.support.dialogues import answer, counters, goodbye, opening, script
from tests.support.imap_sides import done, errors, here, mail, message, of, planned
from tests.support.local_mail import document, letters, mail_files, put, snapshot
from tests.support.scripted import Scripted

Serve = Callable[..., Scripted]
Sync = Callable[..., Any]
BYE = goodbye("imap", required=False)


@pytest.fixture
def serve(write_config: WriteConfig, authority: Authority) -> Iterator[Serve]:
    """Return a function that starts a scripted server and points the account at it.

    Each argument is one connection's transcript behind the login; `more` are keys of
    the account.
    """
    with ExitStack() as stack:

        def start(*connections: str, **more: Any) -> Scripted:
            begin = opening("imap", tls="implicit")
            parts = [begin + part for part in connections]
            if len(parts) > 1:
                parts = [f"@connection {n}\n{part}" for n, part in enumerate(parts, 1)]
            server = stack.enter_context(
                Scripted("\n".join(parts), certificate=authority.server())
            )
            table = {"host": "localhost", "port": server.port, "ca_file": str(authority.ca_pem)}
            known = {"email": "a@b.example", "password_command": ["printf", "pw"]}
            write_config({"home": known | {"imap": table} | more})
            return server

        yield start


@pytest.fixture
def maildir(home: Path) -> Path:
    return home / "Mail" / "home"


@pytest.fixture
def sync(run_mailcli: RunMailcli) -> Sync:
    """Run `imap-sync --json`; it must end with `code`. Returns the only account."""

    def run(*args: str, code: int = 0) -> Any:
        ended: CompletedProcess[str] = run_mailcli("imap-sync", "--json", *args)
        assert ended.returncode == code, (ended.stdout, ended.stderr)
        assert "\x1b" not in ended.stdout + ended.stderr
        (only,) = document(ended, "imap-sync")["accounts"]
        return only

    return run


# -- what a server says ----------------------------------------------------------------------


def listing(*names: str, exists: int | None = None) -> str:
    """Return the answers about folders; names as the wire has them, literals with `\\r\\n`.

    With `exists`, they have so many messages.
    """
    said = [rf"S! * LIST () \x22/\x22 {name}\r\n" for name in names]
    asked = script('C: {tag} LIST "" "*"', *said, "S: {tag} OK done", answer("LSUB *"))
    return asked + counters(exists=exists)


def opened(
    exists: int, *, how: str = "SELECT", name: str = "*", uidnext: int = 9, more: str = ""
) -> str:
    """Return the answer to SELECT or EXAMINE: a folder of generation 7."""
    numbers = (f"{exists} EXISTS", "OK [UIDVALIDITY 7] ok", f"OK [UIDNEXT {uidnext}] ok")
    code = "READ-WRITE" if how == "SELECT" else "READ-ONLY"
    extra = (more,) if more else ()
    return answer(f"{how} {name}", *numbers, *extra, status=f"OK [{code}] done")


def flags(told: Mapping[int, str]) -> str:
    """Return the listing of flags by UID."""
    lines = (f"{n} FETCH (UID {uid} FLAGS ({told[uid]}))" for n, uid in enumerate(told, 1))
    return answer("UID FETCH 1:* (UID FLAGS)", *lines)


def numbered(*uids: int) -> str:
    """Return which messages there are, for a first look: their flags come with them."""
    return answer("UID SEARCH ALL", " ".join(map(str, ("SEARCH", *uids))))


def newest(told: Mapping[int, str], *, name: str = "*") -> str:
    """Return the answers to who asks whether the newest flags are still these."""
    lines = (f"{n} FETCH (UID {uid} FLAGS ({told[uid]}))" for n, uid in enumerate(told, 1))
    asked = answer("FETCH 1:* (UID FLAGS)", *lines)
    return opened(len(told), how="EXAMINE", name=name) + asked


def bodies(uids: str, *said: str) -> str:
    """Return the answer to a fetch of messages, as raw lines."""
    asked = f"C: {{tag}} UID FETCH {uids} (UID FLAGS INTERNALDATE BODY.PEEK[])"
    return script(asked, *(f"S! {line}" for line in said), "S: {tag} OK done")


def body(uid: int, raw: bytes, letters: str = "") -> str:
    """Return one message of a fetch; `letters` are its flags."""
    letters = letters.replace("\\", "\\\\")
    return rf"* 1 FETCH (UID {uid} FLAGS ({letters}) BODY[] {{{len(raw)}}}\r\n{octets(raw)})\r\n"


def octets(raw: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in raw)


ONE, TWO = message("one"), message("two")
EMPTY = script("@repeat", opened(0), "@end", BYE)
"""Every folder that is asked for is empty."""


# -- names -----------------------------------------------------------------------------------

REFUSED = {
    "absolute": '"/etc/passwd"',
    "empty level": '"a//b"',
    "empty at the end": '"a/"',
    "no name at all": '""',
    "NUL": r"{3}\r\na\0b",
    "line end": r"{4}\r\na\r\nb",
    "bare LF": r"{3}\r\na\nb",
    "10 kB": "x" * 10_000,
    "a level too long": "é" * 128,
    "100 levels": "/".join("d" * 100),
}
ESCAPED = {
    '"../../x"': "%2E./%2E./x",
    '".."': "%2E.",
    '"a/../../../x"': "a/%2E./%2E./%2E./x",
    '"cur"': "%63ur",
    '"x/New"': "x/%4Eew",
    '".mailcli"': "%2Emailcli",
    r'"esc\x1b[31m\x07"': "esc%1B[31m%07",
    r'"c1-\xc2\x9b"': "c1-%C2%9B",
    '"%2E%2E"': "%252E%252E",
    r'"a\\\\..\\\\b"': "a\\..\\b",
    "$HOME": "$HOME",
    '"~root"': "~root",
    r'"latin-\xe9"': "latin-%E9",
    '"-rf *"': "-rf *",
}


def test_folder_names_lead_nowhere_and_one_that_is_refused_stops_no_other(
    sync: Sync, serve: Serve, maildir: Path, home: Path
) -> None:
    # `inbox` is INBOX once more (RFC 3501 §5.1).
    serve(listing("INBOX", "inbox", *REFUSED.values(), *ESCAPED, "last") + EMPTY)
    before = set(home.iterdir())

    result = sync(code=76)

    made = {str(path.parent.relative_to(maildir)) for path in maildir.rglob("cur")}
    assert made == {"INBOX", "last", *ESCAPED.values()}
    assert set(home.iterdir()) == before | {maildir.parent, home / ".local", home / ".cache"}
    assert list(errors(result).values()) == [76] * len(REFUSED)
    assert len(result["folders"]) == len(made) + len(REFUSED)


def test_maildirpp_names_lead_nowhere_either(
    sync: Sync, serve: Serve, maildir: Path, home: Path
) -> None:
    names = {
        '"../../x"': ".%2E%2E.%2E%2E.x",
        '"a/b"': ".a.b",
        '"a.b"': ".a%2Eb",
        '"cur"': ".cur",
        '"%2E"': ".%252E",
    }
    serve(listing("INBOX", *names, "a//b") + EMPTY, layout="maildir++")

    assert errors(sync(code=76)) == {"a//b": 76}

    made = {str(path.parent.relative_to(maildir)) for path in maildir.rglob("cur")}
    assert made - {".cur"} == {".", *names.values()} - {".cur"}
    assert {path.name for path in (home / "Mail").iterdir()} == {"home"}


def test_a_server_without_levels_has_slashes_in_its_names(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    listed = answer('LIST "" "*"', "LIST () NIL INBOX", 'LIST () NIL "../x"', 'LIST () NIL "/"')
    serve(listed + answer("LSUB *") + counters() + EMPTY)

    assert errors(sync()) == {}

    made = {str(path.parent.relative_to(maildir)) for path in maildir.rglob("cur")}
    assert made == {"INBOX", "%2E.%2Fx", "%2F"}


def test_names_that_differ_in_case_or_normalisation_are_folders_of_their_own(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    # Where they cannot be, the second one is refused: see tests/unit/test_folder_twins.py.
    names = ("Work", "work", "caf&AOk-", "cafe&AwE-")
    serve(listing("INBOX", *names) + EMPTY)

    assert errors(sync()) == {}

    made = {path.parent.name for path in maildir.rglob("cur")}
    assert made == {"INBOX", "Work", "work", "caf\u00e9", "cafe\u0301"}
    assert all(path.is_dir() for path in maildir.iterdir()), "and no trace of the question"


def test_folders_lists_even_names_that_no_command_can_say(
    run_mailcli: RunMailcli, serve: Serve
) -> None:
    counted = answer('STATUS "INBOX" *', "STATUS INBOX (MESSAGES 3 UNSEEN 1)")
    serve(listing("INBOX", r"{3}\r\na\0b", r"{4}\r\na\r\nb") + counted + BYE)

    ended = run_mailcli("folders", "--json")

    assert (ended.returncode, ended.stderr) == (0, "")
    found = document(ended, "folders")["folders"]
    assert {each["name"]: each["messages"] for each in found} == {
        "INBOX": 3,
        "a\0b": None,
        "a\r\nb": None,
    }


# -- octets ----------------------------------------------------------------------------------

ODD = {
    "bare LF": b"Subject: a\n\nonly LF\n",
    "mixed": b"Subject: a\r\n\r\none\ntwo\r\nthree\n",
    "bare CR": b"Subject: a\r\n\r\none\rtwo\r\n",
    "CR at the end": b"Subject: a\r\n\r\none\r",
    "CR CR LF": b"Subject: a\r\r\n\r\r\none\r\r\n",
    "NUL": b"Subject: a\0\r\n\r\n\0\r\n",
    "8-bit": b"Subject: \xff\xfe\r\n\r\n\x80\r\n",
    "LF after a megabyte": b"x: y\r\n" * 200_000 + b"\n",
    "CR over the edge of a chunk": b"z" * 65_535 + b"\r\nend\r\n",
    "no line end": b"Subject: a",
    "one octet": b"\n",
    "like the protocol": b"a\r\n* 1 FETCH (UID 9 BODY[] {3}\r\nabc)\r\nm5 OK done\r\n)\r\n",
}


def test_octets_that_break_all_rules_are_stored_and_restored_exactly(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    said = []
    for uid, raw in enumerate(ODD.values(), 1):
        repeated = len(raw) > 1_000_000
        head = rf"* {uid} FETCH (UID {uid} FLAGS () BODY[] {{{len(raw)}}}\r\n"
        said += [rf"'{head}' * 1", *_spelled(raw), r"')\r\n' * 1"] if repeated else []
        said += [] if repeated else [body(uid, raw)]
    look = opened(len(ODD)) + numbered(*range(1, len(ODD) + 1))
    serve(listing("INBOX") + look + bodies("1:12", *said) + BYE)

    assert done(sync()) == {"INBOX": {"fetched": len(ODD)}}

    assert here(maildir / "INBOX") == mail(*ODD.values())


def _spelled(raw: bytes) -> list[str]:
    line, _, end = raw.rpartition(b"x: y\r\n")
    count = (len(line) // 6) + 1
    return [rf"'x: y\r\n' * {count}", rf"'{octets(end)}' * 1"]


LITERAL = rf"{{{len(ONE)}}}\r\n{octets(ONE)}"
NEWS = r"* 3 EXISTS\r\n* 2 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS () UID 5)\r\n* 2 EXPUNGE\r\n"
SHAPES = {
    "the UID behind the body": rf"* 1 FETCH (BODY[] {LITERAL} FLAGS () UID 1)\r\n",
    "as a quoted string": r"* 1 FETCH (UID 1 BODY[] \x22Subject: quoted\x22 FLAGS ())\r\n",
    "small letters and more items": rf"* 1 fetch (uid 1 x (a) flags () body[] {LITERAL})\r\n",
    "a strange date": rf"* 1 FETCH (UID 1 INTERNALDATE \x22now\x22 BODY[] {LITERAL})\r\n",
    "no flags": rf"* 1 FETCH (UID 1 BODY[] {LITERAL})\r\n",
    "among news of others": rf"{NEWS}* OK still here\r\n{body(1, ONE)}* 1 RECENT\r\n",
    "with a message nobody asked for": body(5, TWO) + body(1, ONE),
    "twice": body(1, ONE) + body(1, TWO),
}


def test_a_message_is_understood_in_every_shape(sync: Sync, serve: Serve, maildir: Path) -> None:
    names = {f"F{number}": said for number, said in enumerate(SHAPES.values())}
    looks = "".join(opened(1, name=f'"{name}"') + numbered(1) for name in names)
    fetches = "".join(opened(1, name=f'"{n}"') + bodies("1", said) for n, said in names.items())
    serve(listing(*names) + looks + fetches + BYE)

    assert done(sync()) == {name: {"fetched": 1} for name in names}

    for name, said in names.items():
        wanted = b"Subject: quoted" if "quoted" in said else ONE
        assert here(maildir / name) == mail(wanted), said
    assert not list(maildir.glob("*/tmp/*"))


@pytest.mark.parametrize(
    "said",
    [
        numbered(2),
        numbered(1, 2, 3),
        answer("UID SEARCH ALL", status="NO not now"),
        answer("UID SEARCH ALL", status="BAD what"),
    ],
    ids=["short", "long", "refused", "misunderstood"],
)
def test_a_first_search_that_does_not_fit_is_not_believed(
    sync: Sync, serve: Serve, maildir: Path, said: str
) -> None:
    listed = flags({1: "", 2: "\\Seen"})
    fetched = bodies("1:2", body(1, ONE), body(2, TWO, "\\Seen"))
    serve(listing("INBOX") + opened(2) + said + listed + fetched + BYE)

    assert done(sync()) == {"INBOX": {"fetched": 2}}
    assert here(maildir / "INBOX") == mail(ONE, (TWO, "S"))


def test_a_message_that_does_not_come_is_asked_for_again_next_time(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    begin = listing("INBOX") + opened(3)
    nil = r"* 1 FETCH (UID 1 FLAGS () BODY[] NIL)\r\n"
    serve(
        begin + numbered(1, 2, 3) + bodies("1:3", nil, body(2, TWO)) + BYE,
        begin + flags({1: "", 2: "", 3: ""}) + bodies("1,3", body(1, ONE), body(3, ONE)) + BYE,
    )

    assert done(sync()) == {"INBOX": {"fetched": 1}}
    assert here(maildir / "INBOX") == mail(TWO)
    assert done(sync()) == {"INBOX": {"fetched": 2}}
    assert here(maildir / "INBOX") == mail(ONE, ONE, TWO)


@pytest.mark.parametrize("end", ["@drop", "@reset"])
def test_a_connection_that_ends_within_a_message_leaves_nothing_half(
    sync: Sync, serve: Serve, maildir: Path, end: str
) -> None:
    inbox, later = opened(2, name='"INBOX"'), opened(1, name='"Later"')
    looks = inbox + numbered(1, 2) + later + numbered(1)
    half = rf"* 2 FETCH (UID 2 BODY[] {{{len(TWO)}}}\r\n{octets(TWO[:40])}"
    asked = bodies("1:2", body(1, ONE), half).rpartition("S: ")[0]
    serve(
        listing("INBOX", "Later") + looks + inbox + asked + end,
        later + bodies("1", body(1, ONE)) + BYE,
        listing("INBOX", "Later", exists=1)
        + newest({1: ""}, name='"Later"')
        + inbox
        + flags({1: "", 2: "\\Seen"})
        + bodies("2", body(2, TWO, "\\Seen"))
        + BYE,
    )

    first = sync(code=75)
    assert (errors(first), done(first)) == (
        {"INBOX": 75},
        {"INBOX": {"fetched": 1}, "Later": {"fetched": 1}},
    )
    assert here(maildir / "INBOX") == mail(ONE)
    assert not list(maildir.glob("INBOX/tmp/*"))
    assert done(sync()) == {"INBOX": {"fetched": 1}}
    assert here(maildir / "INBOX") == mail(ONE, (TWO, "S"))


def test_a_server_that_hangs_up_over_every_folder_is_given_up_after_a_while(
    sync: Sync, serve: Serve
) -> None:
    begin = listing("INBOX", "a", "b", "c", "d", "e")
    ends = [script(f'C: {{tag}} SELECT "{name}"', "@drop") for name in ("INBOX", "a", "b", "c")]
    serve(begin + ends[0], *ends[1:])

    result = sync(code=75)

    assert errors(result) == {"INBOX": 75, "a": 75, "b": 75, "": 75}
    assert "SELECT c" in result["error"]["message"], "what went wrong is told, not the next try"


# -- folders ---------------------------------------------------------------------------------


REFUSALS = {
    "no": ("NO [NOPERM] not yours", (), 69),
    "bad": ("BAD what", (), 69),
    "gone": ("NO [NONEXISTENT] gone", (), 66),
    "without-uidvalidity": ("OK [READ-WRITE] done", ("1 EXISTS",), 76),
    "without-exists": ("OK [READ-WRITE] done", ("OK [UIDVALIDITY 7] ok",), 76),
    "uidvalidity-of-nonsense": ("OK done", ("1 EXISTS", "OK [UIDVALIDITY x] ok"), 76),
}


def test_a_folder_that_cannot_be_opened_stops_no_other(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    serve(
        listing(*REFUSALS, "INBOX", "short", "z")
        + opened(1, name='"INBOX"')
        + numbered(1)
        + "@unordered\n"
        + "@or\n".join(
            answer(f'SELECT "{name}"', *said, status=status)
            for name, (status, said, _) in REFUSALS.items()
        )
        + "@or\n"
        + opened(2, name='"short"')
        + numbered(1)
        + flags({1: ""})  # two are there, and one is told of: that proves nothing of the other
        + "@end\n"
        + opened(0, name='"z"')
        + opened(1, name='"INBOX"')
        + bodies("1", body(1, ONE))
        + BYE
    )

    result = sync(code=76)

    assert errors(result) == {name: code for name, (*_, code) in REFUSALS.items()} | {"short": 76}
    assert done(result) == {"INBOX": {"fetched": 1}}
    assert not any((maildir / name).exists() for name in REFUSALS)


def test_pull_says_nothing_that_writes(sync: Sync, serve: Serve, maildir: Path) -> None:
    put(maildir / "INBOX", "1.a.host:2,S", b"Subject: local\n\n")
    put(maildir / "Mine", "1.b.host:2,", b"Subject: mine\n\n")
    server = serve(
        listing("INBOX")
        + opened(1, how="EXAMINE")
        + flags({1: ""})
        + bodies("1", body(1, ONE))
        + BYE,
    )

    assert done(sync("--pull")) == {"INBOX": {"fetched": 1}}

    # Nobody waits for the answer to LOGOUT, so the server may not have read it yet.
    others = {b"AUTHENTICATE", b"CAPABILITY", b"LOGOUT"}
    verbs = {line.split()[1] for line in server.lines} - others
    assert verbs == {b"LIST", b"LSUB", b"STATUS", b"EXAMINE", b"UID"}


def test_a_dry_run_opens_folders_only_to_look(sync: Sync, serve: Serve, maildir: Path) -> None:
    serve(listing("INBOX") + opened(1, how="EXAMINE") + numbered(1) + BYE)
    assert planned(sync("-n")) == [("INBOX", "fetch")]
    assert not maildir.exists()


# -- flags that a server does not keep -------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "stored", "kept"),
    [
        ("OK [PERMANENTFLAGS (\\Seen \\*)] ok", "\\Seen", "\\Answered"),
        ("OK [PERMANENTFLAGS ()] ok", "", "\\Answered \\Seen"),
    ],
    ids=["some", "none"],
)
def test_only_flags_that_the_server_keeps_are_sent_and_the_others_stay_here(
    sync: Sync, serve: Serve, maildir: Path, more: str, stored: str, kept: str
) -> None:
    store = f"C: {{tag}} UID STORE 1 +FLAGS.SILENT ({stored})"
    again = {1: f"{stored} \\Flagged"}
    serve(
        listing("INBOX") + opened(1, more=more) + numbered(1) + bodies("1", body(1, ONE)) + BYE,
        listing("INBOX")
        + opened(1, more=more)
        + flags({1: "\\Flagged"})
        + (script(store, "S: {tag} OK done") if stored else "")
        + BYE,
        listing("INBOX") + opened(1, more=more) + flags(again) + BYE,
        listing("INBOX", exists=1) + newest(again) + BYE,
    )
    sync()
    (path,) = mail_files(maildir / "INBOX")
    path.rename(maildir / "INBOX" / "cur" / f"{path.name}:2,RS")

    sync()
    before = snapshot(maildir)
    assert letters(*mail_files(maildir / "INBOX")) == "FRS", (
        "what the server has comes all the same"
    )
    assert done(sync()) == {}
    assert done(sync("--pull")) == {}, f"{kept} is not taken for removed there"
    assert snapshot(maildir) == before


def test_a_refused_flag_change_stops_nothing_else(sync: Sync, serve: Serve, maildir: Path) -> None:
    store = "C~ {tag} UID STORE 1 +FLAGS.SILENT (\\Seen)"
    serve(
        listing("INBOX") + opened(1) + numbered(1) + bodies("1", body(1, ONE)) + BYE,
        listing("INBOX")
        + opened(2)
        + flags({1: "", 2: ""})
        + script(store, "S: {tag} NO [NOPERM] not you")
        + bodies("2", body(2, TWO))
        + BYE,
        listing("INBOX")
        + opened(2)
        + flags({1: "", 2: ""})
        + script(store, "S: {tag} OK now you may")
        + BYE,
    )
    sync()
    (path,) = mail_files(maildir / "INBOX")
    path.rename(maildir / "INBOX" / "cur" / f"{path.name}:2,S")

    result = sync(code=69)

    assert (errors(result), done(result)) == ({"INBOX": 69}, {"INBOX": {"fetched": 1}})
    assert done(sync()) == {"INBOX": {"flags_remote": 1}}


# -- uploads whose place is not told ---------------------------------------------------------

NAMED = b"Subject: n\r\nMessage-ID: <n@x>\r\n\r\n"
NAMELESS = b"Subject: n\r\n\r\n"


def appended(raw: bytes) -> str:
    """Return an upload that is taken, by a server without UIDPLUS."""
    return script(
        f'C~ {{tag}} APPEND "INBOX" (\\Seen) "*" {{{len(raw)}+}}',
        "@literal told",
        "C:",
        "S: {tag} OK done",
    )


def found(*uids: int) -> str:
    listed = " ".join(map(str, uids))
    return answer('UID SEARCH HEADER Message-ID "<n@x>"', f"SEARCH {listed}".rstrip())


@pytest.mark.parametrize("mode", ["two-way", "push"])
@pytest.mark.parametrize("stored", ["as it is", "altered"])
@pytest.mark.parametrize("raw", [NAMED, NAMELESS], ids=["named", "nameless"])
def test_without_uidplus_an_upload_is_looked_up_at_once_and_never_repeated(
    sync: Sync, serve: Serve, maildir: Path, raw: bytes, stored: str, mode: str
) -> None:
    begin = listing("INBOX")
    mine = {8: "", 9: "\\Seen"}
    kept = raw if stored == "as it is" else raw + b"X-Server: was here\r\n"
    look = found(9) if raw is NAMED else ""
    look += bodies("9", body(9, kept, "\\Seen"))
    server = serve(
        begin
        + opened(0, uidnext=9)
        + appended(raw)
        + opened(1, uidnext=10)
        + flags({9: "\\Seen"})
        + look
        + BYE,
        begin
        + opened(2, uidnext=10)
        + flags(mine)
        + (bodies("8", body(8, ONE)) if mode == "two-way" else "")
        + BYE,
        begin + opened(2, uidnext=10, how="SELECT") + flags(mine) + BYE,
    )
    put(maildir / "INBOX", "1.a.host:2,S", raw.replace(b"\r\n", b"\n"))
    args = ["--push"] if mode == "push" else []

    assert done(sync(*args)) == {"INBOX": {"appended": 1}}
    assert server.received["told"] == raw
    sync(*args)
    local = mail((raw, "S"), ONE) if mode == "two-way" else mail((raw, "S"))
    assert here(maildir / "INBOX") == local
    assert done(sync(*args)) == {}


# -- what other programs do meanwhile --------------------------------------------------------


@pytest.fixture
def in_background(sync: Sync) -> Iterator[Callable[..., Future[Any]]]:
    """Return a function that begins a run and returns its result to come."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda *args, **options: pool.submit(sync, *args, **options)


def paused(told: Mapping[int, str]) -> str:
    """Return a listing of flags that comes only when the test says so."""
    first, _, rest = flags(told).partition("\n")
    return script(first, "@signal listed", "@wait changed", rest)


def test_a_file_whose_flags_change_during_the_run_keeps_the_change(
    sync: Sync, serve: Serve, maildir: Path, in_background: Callable[..., Future[Any]]
) -> None:
    inbox = maildir / "INBOX"
    serve(
        listing("INBOX") + opened(1) + numbered(1) + bodies("1", body(1, ONE)) + BYE,
    )
    sync()
    (path,) = mail_files(inbox)
    fresh = put(inbox, "1.a.host:2,", NAMED.replace(b"\r\n", b"\n"))
    upload = (
        appended(NAMED).replace("(\\Seen)", "()").replace("OK done", "OK [APPENDUID 7 9] done")
    )
    server = serve(
        listing("INBOX")
        + opened(1)
        + paused({1: "\\Flagged"})
        + answer("UID STORE 1 +FLAGS.SILENT (\\Seen)")
        + upload
        + BYE,
        listing("INBOX")
        + opened(2, uidnext=10)
        + flags({1: "\\Flagged \\Seen", 9: ""})
        + answer("UID STORE 9 +FLAGS.SILENT (\\Answered)")
        + BYE,
    )
    running = in_background()
    server.wait_for("listed")
    path.rename(inbox / "cur" / f"{path.name}:2,S")
    fresh.rename(inbox / "cur" / "1.a.host:2,R")
    server.signal("changed")

    result = running.result()

    assert done(result) == {"INBOX": {"appended": 1, "flags_local": 1, "flags_remote": 1}}
    assert here(inbox) == mail((ONE, "FS"), (NAMED, "R"))
    assert done(sync()) == {"INBOX": {"flags_remote": 1}}
    assert here(inbox) == mail((ONE, "FS"), (NAMED, "R"))


def test_a_file_that_goes_away_during_the_run_is_skipped(
    sync: Sync, serve: Serve, maildir: Path, in_background: Callable[..., Future[Any]]
) -> None:
    inbox = maildir / "INBOX"
    serve(listing("INBOX") + opened(1) + numbered(1) + bodies("1", body(1, ONE)) + BYE)
    sync()
    (path,) = mail_files(inbox)
    fresh = put(inbox, "1.a.host:2,", NAMED.replace(b"\r\n", b"\n"))
    server = serve(
        listing("INBOX")
        + opened(2)
        + paused({1: "\\Flagged", 2: ""})
        + bodies("2", body(2, TWO))
        + BYE
    )
    running = in_background()
    server.wait_for("listed")
    path.unlink()
    fresh.unlink()
    server.signal("changed")

    result = running.result()

    assert done(result) == {"INBOX": {"fetched": 1}}
    assert [each["uid"] for each in of(result, "INBOX")["skipped"]] == [1]
    assert here(inbox) == mail(TWO)


def test_a_file_that_goes_away_while_the_server_makes_up_its_mind_is_uploaded_all_the_same(
    sync: Sync, serve: Serve, maildir: Path, in_background: Callable[..., Future[Any]]
) -> None:
    long = NAMED + b"x" * 80 * 15_000  # for so much, the server is asked first
    fresh = put(maildir / "INBOX", "1.a.host:2,S", long.replace(b"\r\n", b"\n"))
    server = serve(
        listing("INBOX")
        + opened(0)
        + script(
            f'C~ {{tag}} APPEND "INBOX" (\\Seen) "*" {{{len(long)}}}',
            "@signal asked",
            "@wait gone",
            "@literal told",
            "C:",
            "S: {tag} OK [APPENDUID 7 9] done",
        )
        + BYE
    )
    running = in_background()
    server.wait_for("asked")
    fresh.unlink()
    server.signal("gone")

    assert done(running.result()) == {"INBOX": {"appended": 1}}
    assert server.received["told"] == long


# -- deletions -------------------------------------------------------------------------------

BOTH = listing("INBOX") + opened(2) + flags({1: "", 2: ""})
NEW = listing("INBOX") + opened(2) + numbered(1, 2)
FIRST = NEW + bodies("1:2", body(1, ONE), body(2, TWO)) + BYE
MARKED = answer(r"UID STORE 1 +FLAGS.SILENT (\Deleted)")
AGAIN = opened(2) + flags({1: "", 2: ""})


def _delete_one(maildir: Path) -> None:
    (path,) = (path for path in mail_files(maildir / "INBOX") if b"one" in path.read_bytes())
    path.unlink()


def test_a_deletion_that_failed_is_tried_again_and_brings_nothing_back(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    marked = flags({1: "\\Deleted", 2: ""})
    serve(
        FIRST,
        BOTH + AGAIN + MARKED + answer("UID EXPUNGE 1", status="NO not now") + BYE,
        listing("INBOX")
        + opened(2)
        + marked
        + answer(r"UID STORE 1 -FLAGS.SILENT (\Deleted)")
        + AGAIN
        + MARKED
        + answer("UID EXPUNGE 1", "1 EXPUNGE")
        + BYE,
        listing("INBOX") + opened(1) + flags({2: ""}) + BYE,
    )
    sync()
    _delete_one(maildir)

    assert errors(sync(code=69)) == {"INBOX": 69}
    assert here(maildir / "INBOX") == mail(TWO)
    assert of(sync(), "INBOX")["deleted_remote"] == 1
    assert sync()["changed"] is False


def test_a_message_that_changes_between_two_looks_is_not_deleted(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    flagged = flags({1: "\\Flagged", 2: ""})
    serve(
        FIRST,
        BOTH + opened(2) + flagged + BYE,
        listing("INBOX") + opened(2) + flagged + bodies("1", body(1, ONE, "\\Flagged")) + BYE,
    )
    sync()
    _delete_one(maildir)

    assert sync()["changed"] is False
    assert done(sync()) == {"INBOX": {"fetched": 1}}
    assert here(maildir / "INBOX") == mail((ONE, "F"), TWO)


def test_a_folder_whose_uids_went_back_deletes_nothing_here(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    emptied = opened(0, uidnext=1)
    serve(FIRST, listing("INBOX") + emptied + emptied + BYE)
    sync()

    assert errors(sync(code=76)) == {"INBOX": 76}
    assert here(maildir / "INBOX") == mail(ONE, TWO)


def test_messages_that_come_back_after_they_were_missing_are_not_deleted_there(
    sync: Sync, serve: Serve, maildir: Path
) -> None:
    short = listing("INBOX") + opened(1) + flags({2: ""})
    serve(
        FIRST,
        short + opened(1) + flags({2: ""}) + BYE,
        BOTH + bodies("1", body(1, ONE)) + BYE,
    )
    sync()

    assert of(sync(), "INBOX")["deleted_local"] == 1
    assert done(sync()) == {"INBOX": {"fetched": 1}}
    assert here(maildir / "INBOX") == mail(ONE, TWO)
