"""The POP3 session: logins, listings, exact octets, and every way in which it can end."""

import base64
import contextlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcli.errors import Exit, LoginFailed, MailError, ProtocolViolation, TemporaryFailure
from mailcli.model import AuthKind, Secret, UniqueId
from mailcli.pop.listing import Listing
from mailcli.pop.multiline import Unstuffer
from mailcli.pop.plan import NO_ID, Message
from mailcli.pop.session import CommandFailed, PopSession
from mailcli.sasl import Identity
from tests.scripted.sessions import ADA, NEVER, PASSWORD, POP, SOON, ada, opened
from tests.support.dialogues import capabilities, goodbye, greeting, opening, script
from tests.support.scripted import Scripted
from tests.support.template import stuffed

FIRST = Message(1, UniqueId("a"), 5)
WELCOME = "S: +OK welcome"
SECOND = Message(2, UniqueId("b"), 5)


@contextlib.contextmanager
def maildrop(server: Scripted, *, timeout: float = NEVER) -> Iterator[PopSession]:
    with opened(POP, server, timeout=timeout) as session:
        assert isinstance(session, PopSession)
        yield session


def _open(*lines: str) -> str:
    return script(opening("pop3", logged_in=False), *lines)


def _list(*lines: str) -> str:
    """Return an opening after which a client asks for capabilities again, and what follows."""
    return _open(capabilities("pop3"), *lines)


def _knows(*names: str) -> str:
    return script(greeting("pop3"), capabilities("pop3", names))


def _login(
    conversation: str, identity: Identity = ADA, kind: AuthKind = AuthKind.PASSWORD
) -> None:
    with Scripted(conversation) as server, maildrop(server) as session:
        session.login(kind, lambda: identity)


def _failed_login(
    conversation: str, identity: Identity = ADA, kind: AuthKind = AuthKind.PASSWORD
) -> MailError:
    with pytest.raises(MailError) as caught:
        _login(conversation, identity, kind)
    assert identity.secret.reveal() not in caught.value.message
    return caught.value


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _read(session: PopSession, *messages: Message, ahead: bool = True) -> list[bytes]:
    return [b"".join(chunks) for _, chunks in session.retrieve(messages, ahead=ahead)]


def _retrieved(server: Scripted, message: Message = FIRST, *, timeout: float = NEVER) -> bytes:
    with maildrop(server, timeout=timeout) as session:
        return _read(session, message)[0]


# -- login -----------------------------------------------------------------


def test_plain_is_preferred_to_user_and_pass() -> None:
    expected = _base64(f"\0ada\0{PASSWORD}")
    _login(script(_knows("USER", "SASL PLAIN"), f"C: AUTH PLAIN {expected}", WELCOME))


def test_a_long_initial_response_waits_for_the_servers_turn() -> None:
    """A command has 255 octets at most (RFC 5034 §4, RFC 2449 §4)."""
    token = "t" * 300
    form = f"n,a=ada,\x01auth=Bearer {token}\x01\x01"
    conversation = script(
        _knows("SASL OAUTHBEARER"),
        "C: AUTH OAUTHBEARER",
        r"S! +\x20\r\n",
        f"C: {_base64(form)}",
        WELCOME,
    )
    _login(conversation, Identity("ada", Secret(token)), AuthKind.OAUTH2)


def test_xoauth2_goes_in_two_steps_and_answers_its_refusal() -> None:
    conversation = script(
        _knows("SASL XOAUTH2"),
        "C: AUTH XOAUTH2",
        "S: +",
        "C: " + _base64("user=ada\x01auth=Bearer t0ken\x01\x01"),
        "S: + " + _base64('{"status":"401"}'),
        "C:",
        "S: -ERR [AUTH] expired",
        "@rest",
    )
    failure = _failed_login(conversation, Identity("ada", Secret("t0ken")), AuthKind.OAUTH2)
    assert isinstance(failure, LoginFailed)
    assert "[AUTH] expired" in failure.message


def test_login_answers_two_questions() -> None:
    conversation = script(
        _knows("SASL LOGIN"),
        "C: AUTH LOGIN",
        "S: + VXNlcm5hbWU6",
        f"C: {_base64('ada')}",
        "S: + UGFzc3dvcmQ6",
        f"C: {_base64(PASSWORD)}",
        WELCOME,
    )
    _login(conversation)


def test_user_and_pass_carry_any_password() -> None:
    odd = Identity("ada", Secret(' a"b\\c päss '))
    lines = ("C: USER ada", "S: +OK", 'C: PASS  a"b\\c päss ', WELCOME)
    _login(script(_knows("USER"), *lines), odd)


def test_a_server_without_capabilities_gets_user_and_pass() -> None:
    lines = ("C: CAPA", "S: -ERR what?", "C: USER ada", "S: +OK", r"C? PASS .+", WELCOME)
    _login(script(greeting("pop3"), *lines))


@pytest.mark.parametrize("names", [("UIDL",), ("SASL GSSAPI", "UIDL")], ids=["none", "foreign"])
def test_no_common_mechanism_ends_the_login_before_a_credential_is_asked_for(
    names: tuple[str, ...],
) -> None:
    with (
        Scripted(script(_knows(*names), "@gone")) as server,
        maildrop(server) as session,
        pytest.raises(LoginFailed, match="no mechanism in common"),
    ):
        session.login(AuthKind.PASSWORD, pytest.fail)


def test_a_token_never_goes_where_a_password_is_wanted() -> None:
    failure = _failed_login(script(_knows("USER", "SASL PLAIN"), "@gone"), ADA, AuthKind.OAUTH2)
    assert isinstance(failure, LoginFailed)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("-ERR wrong", Exit.LOGIN),
        ("-ERR [AUTH] wrong", Exit.LOGIN),
        ("-ERR [IN-USE] locked", Exit.TEMPORARY),
        ("-ERR [in-use] locked", Exit.TEMPORARY),
        ("-ERR [LOGIN-DELAY] slower", Exit.TEMPORARY),
        ("-ERR [SYS/TEMP] later", Exit.TEMPORARY),
        ("-ERR [SYS/PERM] broken", Exit.REFUSED),
        ("-ERR wrong, not [IN-USE]", Exit.LOGIN),
        ("+ what", Exit.PROTOCOL),
        ("+OKAY", Exit.PROTOCOL),
        ("hello", Exit.PROTOCOL),
    ],
)
def test_what_the_server_says_to_a_password_decides_the_exit(reply: str, code: Exit) -> None:
    lines = ("C: USER ada", "S: +OK", r"C? PASS .+", f"S: {reply}", "@rest")
    assert _failed_login(script(_knows("USER"), *lines)).exit_code is code


def test_a_challenge_that_makes_no_sense_is_told_with_the_server() -> None:
    failure = _failed_login(script(_knows("SASL LOGIN"), "C: AUTH LOGIN", "S: + !!!", "@gone"))
    assert isinstance(failure, ProtocolViolation)
    assert failure.message.startswith("pop 127.0.0.1:")


def test_a_secret_that_the_server_repeats_is_masked_in_the_error() -> None:
    lines = ("C: USER ada", "S: +OK", r"C? PASS .+", f"S: -ERR not {PASSWORD}", "@rest")
    assert "not ***" in _failed_login(script(_knows("USER"), *lines)).message


@pytest.mark.parametrize("mechanism", ["USER", "SASL PLAIN"])
@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b"], ids=["CR", "LF", "NUL"])
@pytest.mark.parametrize("where", ["user", "password"])
def test_a_control_character_in_a_credential_is_refused(
    where: str, text: str, mechanism: str
) -> None:
    identity = Identity(text, ADA.secret) if where == "user" else Identity("ada", Secret(text))
    assert isinstance(_failed_login(script(_knows(mechanism), "@gone"), identity), LoginFailed)


def test_a_server_that_greets_with_a_refusal_is_temporary() -> None:
    failure = _failed_login("S: -ERR too many connections\n@cut")
    assert isinstance(failure, TemporaryFailure)
    assert "too many connections" in failure.message


# -- listings --------------------------------------------------------------


def _listed(uidl: str, sizes: str) -> Listing:
    conversation = _list("C: UIDL", "S: +OK", uidl, "S: .", "C: LIST", "S: +OK", sizes, "S: .")
    with Scripted(script(conversation, "@rest")) as server, maildrop(server) as session:
        return session.listing()


def test_a_listing_puts_names_and_sizes_together() -> None:
    found = _listed("S: 2 b\nS: 1 a", "S: 1 120\nS: 2 310 octets")
    both = (Message(1, UniqueId("a"), 120), Message(2, UniqueId("b"), 310))
    assert found == Listing(both)


def test_an_empty_maildrop_has_an_empty_listing() -> None:
    assert _listed("", "") == Listing()


def test_unusual_names_are_kept_as_they_are() -> None:
    name = "x" * 200 + "é"
    assert _listed(f"S:   1   {name} ", "S: 1 5").messages[0].uidl == name


GOOD = Message(7, UniqueId("good"), 70)


@pytest.mark.parametrize(
    ("uidl", "sizes"),
    [
        ("S: 1 a\nS: 2 b", "S: 1 120"),
        ("S: 1 a", "S: 1 120\nS: 2 310"),
        ("S: 1 a\nS: 1 b", "S: 1 120"),
        ("S: 1 a", "S: 1 120\nS: 1 310"),
        ("S: 0 a", "S: 0 120"),
        ("S: 1", "S: 1 120"),
        ("S: one a", "S: 1 120"),
        ("S: 1 a", "S: 1 -5"),
        ("S: 1 a", "S: 1 " + "9" * 30),
        (r"S! 1 a\x07b\r\n", "S: 1 120"),
        ("S:", "S: 1 120"),
    ],
)
def test_a_line_that_makes_no_sense_costs_no_other_message(uidl: str, sizes: str) -> None:
    found = _listed(f"{uidl}\nS: 7 good", f"{sizes}\nS: 7 70")
    assert found.problems
    assert found.messages[-1] == GOOD
    assert {message.number for message in found.messages} <= {1, 7}


def test_a_long_listing_is_read_to_its_end() -> None:
    """Three megabytes: more than one reply may have otherwise."""
    count, name = 50_000, "u" * 60
    lines = [f"{n} {name}\r\n" for n in range(1, count + 1)]
    values = {"names": "".join(lines), "sizes": "".join(f"{n} 7\r\n" for n in range(1, count + 1))}
    conversation = _list(
        "C: UIDL",
        "S: +OK",
        "S! {names}",
        "S: .",
        "C: LIST",
        "S: +OK",
        "S! {sizes}",
        "S: .",
        "@rest",
    )
    with Scripted(conversation, values=values) as server, maildrop(server) as session:
        assert len(session.listing().messages) == count


def test_a_listing_without_an_end_is_given_up() -> None:
    conversation = _list("C: UIDL", "S: +OK", "@endless! x")
    with (
        Scripted(conversation) as server,
        maildrop(server) as session,
        pytest.raises(ProtocolViolation, match="longer than"),
    ):
        session.listing()


def test_capabilities_without_an_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from mailcli.pop import connection as module

    monkeypatch.setattr(module, "LISTING_CAP", 1 << 20)
    conversation = script(greeting("pop3"), "C: CAPA", "S: +OK", "@endless X-{count}")
    with Scripted(conversation) as server, pytest.raises(ProtocolViolation, match="never ends"):
        maildrop(server).__enter__()


def test_a_server_without_unique_ids_lists_sizes_alone() -> None:
    conversation = _list("C: UIDL", "S: -ERR what?", "C: LIST", "S: +OK", "S: 1 9", "S: .")
    with Scripted(conversation) as server, maildrop(server) as session:
        assert session.listing() == Listing((Message(1, NO_ID, 9),), has_ids=False)


# -- messages --------------------------------------------------------------

CONTENTS = {
    "empty": b"",
    "plain": b"Subject: x\r\n\r\nhello\r\n",
    "dots": b".\r\n..\r\n.leading\r\n...\r\nend.\r\n",
    "lone CR": b"a\rb\r\r\nc\r\n",
    "lone LF": b"a\nb\n\n.\n.x\r\n",
    "NUL and 8 bit": bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"") + b"\r\n",
    "dots behind lone line ends": b"\r.\n.\r\n\n.\r\n",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_a_message_arrives_with_every_octet(content: bytes) -> None:
    wire = content.replace(b"\r\n.", b"\r\n..")
    wire = b"." + wire if wire.startswith(b".") else wire
    conversation = _open("C: RETR 1", "S: +OK", "S! {wire}", "S: .", goodbye("pop3"))
    with Scripted(conversation, values={"wire": wire}) as server, maildrop(server) as session:
        assert _read(session, Message(1, UniqueId("a"), len(content))) == [content]
        session.quit()


@given(
    lines=st.lists(st.binary(max_size=4).filter(lambda b: b"\r\n" not in b and b[-1:] != b"\r")),
    cuts=st.lists(st.integers(0, 80)),
)
def test_content_survives_any_chunking(lines: list[bytes], cuts: list[int]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    wire = b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines)
    wire = b"\r\n" + wire + b".\r\n"  # the status line's end comes first
    edges = [0, *sorted({min(cut, len(wire)) for cut in cuts}), len(wire)]
    unstuffer = Unstuffer()
    pieces = [unstuffer.feed(wire[a:b]) for a, b in pairwise(edges)]
    assert b"".join(pieces) == content
    assert unstuffer.end is not None


def test_a_message_arrives_however_it_trickles() -> None:
    content = CONTENTS["dots"]
    conversation = _open("C: RETR 1", "@dribble 0.0001", "S: +OK", "S! {wire}", "S: .", "@rest")
    with Scripted(conversation, values={"wire": stuffed(content)}) as server:
        assert _retrieved(server) == content


@pytest.mark.parametrize("octets", [3_000, 900_000, 2_000_000])
def test_a_long_line_is_part_of_a_message(octets: int) -> None:
    """poplib gives up at 2,048; a message is not less of one for a long line."""
    content = b"x" * octets + b"\r\n"
    conversation = _open("C: RETR 1", "S: +OK", "S! {wire}", "S: .", "@rest")
    with Scripted(conversation, values={"wire": content}) as server:
        assert _retrieved(server, Message(1, UniqueId("a"), octets)) == content


def test_a_message_far_larger_than_announced_is_given_up() -> None:
    with (
        Scripted(_open("C: RETR 1", "S: +OK", "@endless more")) as server,
        pytest.raises(ProtocolViolation, match="never ends"),
    ):
        _retrieved(server)


def test_octets_behind_the_end_of_a_message_break_the_protocol() -> None:
    conversation = _open("C: RETR 1", "S: +OK", "S: hello", "S: .", "S: +OK deleted", "@rest")
    with Scripted(conversation) as server, maildrop(server) as session:
        with pytest.raises(ProtocolViolation, match="went on"):
            _read(session, FIRST)
        with pytest.raises(TemporaryFailure):
            session.quit([FIRST])


@pytest.mark.parametrize("ahead", [True, False], ids=["pipelined", "one by one"])
def test_a_message_that_the_server_refuses_leaves_the_session_usable(ahead: bool) -> None:
    conversation = _open(
        "C: RETR 1",
        "S: -ERR no such message",
        "C: RETR 2",
        "S: +OK",
        "S: hello",
        "S: .",
        "C: DELE 2",
        "S: +OK",
        goodbye("pop3"),
    )
    with Scripted(conversation) as server, maildrop(server) as session:
        messages = session.retrieve([FIRST, SECOND], ahead=ahead)
        with pytest.raises(CommandFailed, match="no such message"):
            b"".join(next(messages)[1])
        assert b"".join(next(messages)[1]) == b"hello\r\n"
        assert next(messages, None) is None
        assert session.quit([SECOND]) == []


def test_nothing_follows_a_message_that_was_not_read_to_its_end() -> None:
    """Its lines would be taken for answers: a message may well hold `+OK`."""
    content = b"+OK\r\n" * 200_000
    conversation = _open("C: RETR 1", "S: +OK", "S! {wire}", "S: .", "@rest")
    with Scripted(conversation, values={"wire": content}) as server, maildrop(server) as session:
        messages = session.retrieve([Message(1, UniqueId("a"), len(content)), SECOND])
        _, chunks = next(messages)
        next(chunks)
        with pytest.raises(ProtocolViolation, match="not read to its end"):
            next(messages)
        with pytest.raises(TemporaryFailure):
            session.quit([FIRST])
    assert b"DELE 1" not in server.lines


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset"])
@pytest.mark.parametrize(
    "half", ["", "S: half", r"S! half a li", r"S! half\r\n.", r"S! half\r\n.\r"]
)
def test_a_message_that_is_cut_off_is_no_message(half: str, end: str) -> None:
    with (
        Scripted(_open("C: RETR 1", "S: +OK", half, end)) as server,
        pytest.raises(TemporaryFailure),
    ):
        _retrieved(server)


def test_a_message_that_stalls_is_given_up() -> None:
    with (
        Scripted(_open("C: RETR 1", "S: +OK", "S: half", "@stall forever")) as server,
        pytest.raises(TemporaryFailure, match="in time"),
    ):
        _retrieved(server, timeout=SOON)


def test_a_message_that_trickles_for_ever_is_given_up() -> None:
    with (
        Scripted(_open("C: RETR 1", "S: +OK", "@dribble 0.02", "@endless x")) as server,
        pytest.raises(TemporaryFailure, match="in time"),
    ):
        _retrieved(server, timeout=SOON)


# -- cut at every step -----------------------------------------------------

WHOLE = script(
    "S: +OK ready",
    "C: CAPA",
    "S: +OK",
    "S: USER",
    "S: UIDL",
    "S: .",
    "C: USER ada",
    "S: +OK",
    r"C? PASS .+",
    "S: +OK",
    "C: CAPA",
    "S: +OK",
    "S: UIDL",
    "S: .",
    "C: UIDL",
    "S: +OK",
    "S: 1 a",
    "S: .",
    "C: LIST",
    "S: +OK",
    "S: 1 7",
    "S: .",
    "C: RETR 1",
    "S: +OK",
    "S: hello",
    "S: .",
    "C: DELE 1",
    "S: +OK",
    "C: QUIT",
    "S: +OK",
).splitlines()
STEPS = [number for number, line in enumerate(WHOLE) if line.startswith("C")]


def _all_of_it(server: Scripted, timeout: float = NEVER) -> None:
    with maildrop(server, timeout=timeout) as session:
        session.login(AuthKind.PASSWORD, ada)
        messages = session.listing().messages
        assert _read(session, *messages) == [b"hello\r\n"]
        session.quit(messages)


def _broken_off(step: int, end: str, timeout: float = NEVER) -> MailError:
    with (
        Scripted(script(*WHOLE[: step + 1], end)) as server,
        pytest.raises(MailError) as caught,
    ):
        _all_of_it(server, timeout)
    return caught.value


def test_the_whole_session_works_when_nothing_breaks() -> None:
    with Scripted(script(*WHOLE)) as server:
        _all_of_it(server)


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: WHOLE[step][3:7])
def test_a_connection_that_ends_at_any_step_is_temporary(step: int, end: str) -> None:
    assert _broken_off(step, end).exit_code is Exit.TEMPORARY


@pytest.mark.parametrize("step", STEPS, ids=lambda step: WHOLE[step][3:7])
def test_silence_at_any_step_is_temporary(step: int) -> None:
    assert _broken_off(step, "@stall forever", SOON).exit_code is Exit.TEMPORARY


@pytest.mark.parametrize("step", STEPS, ids=lambda step: WHOLE[step][3:7])
def test_garbage_at_any_step_breaks_the_protocol(step: int) -> None:
    failure = _broken_off(step, "S: what?\n@rest")
    assert failure.exit_code is Exit.PROTOCOL
    assert "server said (unverified): what?" in failure.message


# -- ways in that few servers have ------------------------------------------

STAMP = "<1896.697170952@dbc.mtview.ca.us>"
"""The time stamp of RFC 1939 §7."""


def _greets(*names: str) -> str:
    return script(f"S: +OK POP3 ready {STAMP}", capabilities("pop3", names))


def test_apop_proves_the_password_where_nothing_else_is_offered() -> None:
    """The example of RFC 1939 §7."""
    tim = Identity("mrose", Secret("tanstaaf"))
    line = "C: APOP mrose c4c9334bac560ecc979e58001b3e22fb"
    _login(script(_greets("UIDL"), line, WELCOME), tim)


@pytest.mark.parametrize(
    ("names", "line"),
    [(("USER",), "C: USER ada"), (("SASL PLAIN",), r"C? AUTH PLAIN .+")],
    ids=["USER", "SASL"],
)
def test_apop_never_takes_the_place_of_something_better(names: tuple[str, ...], line: str) -> None:
    rest = ("S: +OK", r"C? PASS .+", WELCOME) if "USER" in line else (WELCOME,)
    _login(script(_greets(*names), line, *rest))


@pytest.mark.parametrize("greeted", ["<a b@c>", "<a@b", "<@b>", "<a@>", "none"])
def test_apop_needs_a_time_stamp_that_is_one(greeted: str) -> None:
    conversation = script(f"S: +OK {greeted}", capabilities("pop3", ("UIDL",)), "@gone")
    assert "no mechanism in common" in _failed_login(conversation).message


def test_apop_is_no_way_around_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential leaves over an open connection to another machine, not even as a hash."""
    from mailcli.net import Wire

    monkeypatch.setattr(Wire, "_peer_is_local", lambda _: False)
    with (
        Scripted(script(_greets("UIDL"), "@gone")) as server,
        maildrop(server) as session,
        pytest.raises(MailError) as caught,
    ):
        session.login(AuthKind.PASSWORD, ada)
    assert caught.value.exit_code is Exit.CONFIG


@pytest.mark.parametrize("answer", ["+OK", "-ERR no"])
def test_messages_are_asked_for_as_they_are(answer: str) -> None:
    """A server with UTF8 rewrites messages for clients that do not say it (RFC 6856 §2)."""
    lines = ("C: UTF8", f"S: {answer}", "C: USER ada", "S: +OK", r"C? PASS .+", WELCOME)
    _login(script(_knows("USER", "UTF8 USER", "LANG"), *lines))
