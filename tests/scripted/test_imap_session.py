"""The IMAP session: logins, answers in any order, bodies, and every way in which it can end."""

import base64
import tracemalloc

import pytest

from mailcli.errors import (
    Exit,
    LocalError,
    LoginFailed,
    MailError,
    NotFound,
    ProtocolViolation,
    Refused,
    TemporaryFailure,
)
from mailcli.imap.session import CommandFailed
from mailcli.imap.values import Fetched
from mailcli.model import AuthKind, Flag, Secret, Uid, UidValidity
from mailcli.sasl import Identity
from tests.scripted.imap import Kept, knows, store
from tests.scripted.sessions import ADA, NEVER, PASSWORD, SOON, ada
from tests.support.dialogues import answer, goodbye, script
from tests.support.scripted import Scripted

LETTER = b"Subject: hello\r\n\r\nHello.\r\n"


def _open(*lines: str) -> str:
    return script(knows("UIDPLUS"), *lines)


def _failed(conversation: str, *, exists: int = 1, timeout: float = NEVER) -> MailError:
    """Ask for flags, which must fail."""
    with Scripted(conversation) as server, pytest.raises(MailError) as caught:
        _flags(server, exists, timeout)
    return caught.value


def _flags(server: Scripted, exists: int = 1, timeout: float = NEVER) -> dict[int, set[str]]:
    with store(server, timeout=timeout) as session:
        found = session.fetch_flags(exists)
    return {
        uid: {f.name if isinstance(f, Flag) else f.imap for f in flags}
        for uid, flags in found.items()
    }


def _fetched(server: Scripted, *uids: int) -> list[Fetched]:
    with store(server) as session:
        return list(session.fetch_messages([Uid(uid) for uid in uids or (7,)], Kept))


def _octets(message: Fetched) -> bytes | None:
    return message.body.octets if isinstance(message.body, Kept) else None


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FLAGS = r"C: {tag} UID FETCH 1:* (UID FLAGS)"
FETCH = "C: {tag} UID FETCH 7 (UID FLAGS INTERNALDATE BODY.PEEK[])"
DONE = "S: {tag} OK done"

# -- login -----------------------------------------------------------------

WELCOME = "S: {tag} OK [CAPABILITY IMAP4rev1 UIDPLUS] welcome"


def _login(
    conversation: str, identity: Identity = ADA, kind: AuthKind = AuthKind.PASSWORD
) -> frozenset[str]:
    with Scripted(conversation) as server, store(server) as session:
        session.login(kind, lambda: identity)
        return session.capabilities


def _failed_login(
    conversation: str, identity: Identity = ADA, kind: AuthKind = AuthKind.PASSWORD
) -> MailError:
    with pytest.raises(MailError) as caught:
        _login(conversation, identity, kind)
    assert identity.secret.reveal() not in caught.value.message
    return caught.value


def test_plain_goes_with_the_command_where_the_server_allows_it() -> None:
    expected = _base64(f"\0ada\0{PASSWORD}")
    known = _login(
        script(
            knows("SASL-IR", "AUTH=PLAIN"), f"C: {{tag}} AUTHENTICATE PLAIN {expected}", WELCOME
        )
    )
    assert known == {"IMAP4REV1", "UIDPLUS"}


def test_plain_waits_for_the_servers_turn_elsewhere() -> None:
    expected = _base64(f"\0ada\0{PASSWORD}")
    lines = ("C: {tag} AUTHENTICATE PLAIN", r"S! +\x20\r\n", f"C: {expected}", WELCOME)
    _login(script(knows("AUTH=PLAIN"), *lines))


def test_capabilities_are_asked_for_again_where_the_welcome_tells_none() -> None:
    lines = (r"C? {tag} AUTHENTICATE PLAIN \S+", "S: {tag} OK welcome")
    later = answer("CAPABILITY", "CAPABILITY IMAP4rev1 MOVE")
    known = _login(script(knows("SASL-IR", "AUTH=PLAIN"), *lines, later))
    assert "MOVE" in known
    assert "AUTH=PLAIN" not in known


def test_login_answers_two_questions() -> None:
    lines = (
        "C: {tag} AUTHENTICATE LOGIN",
        "S: + VXNlcm5hbWU6",
        f"C: {_base64('ada')}",
        "S: + UGFzc3dvcmQ6",
        f"C: {_base64(PASSWORD)}",
        WELCOME,
    )
    _login(script(knows("AUTH=LOGIN"), *lines))


@pytest.mark.parametrize(
    ("password", "wire"),
    [
        ("simple", '"simple"'),
        (" two  words ", '" two  words "'),
        ('say "hi" \\ bye', r'"say \"hi\" \\ bye"'),
        ("{3}", '"{3}"'),
        ("*%()", '"*%()"'),
    ],
)
def test_login_quotes_the_password(password: str, wire: str) -> None:
    lines = (f'C: {{tag}} LOGIN "ada" {wire}', WELCOME)
    _login(script(knows(), *lines), Identity("ada", Secret(password)))


def test_login_sends_what_is_not_ascii_as_literals() -> None:
    """A quoted string has seven bits (RFC 3501 §9, QUOTED-CHAR)."""
    lines = (
        "C: {tag} LOGIN {5}",
        "S: + go on",
        "C: jörg {6}",
        "S: + go on",
        "C: pa\u00df\u00dft".replace("t", ""),
        WELCOME,
    )
    _login(script(knows(), *lines), Identity("jörg", Secret("paßß")))


def test_login_that_is_asked_for_more_than_it_has_ends() -> None:
    lines = ('C? {tag} LOGIN "ada" .+', "S: + more", "@gone")
    assert isinstance(_failed_login(script(knows(), *lines)), ProtocolViolation)


@pytest.mark.parametrize(
    ("mechanism", "form", "reply"),
    [
        ("XOAUTH2", "user=ada\x01auth=Bearer t0ken\x01\x01", ""),
        ("OAUTHBEARER", "n,a=ada,\x01auth=Bearer t0ken\x01\x01", _base64("\x01")),
    ],
)
def test_a_refused_token_gets_its_answer_before_the_error(
    mechanism: str, form: str, reply: str
) -> None:
    conversation = script(
        knows("SASL-IR", f"AUTH={mechanism}"),
        f"C: {{tag}} AUTHENTICATE {mechanism} {_base64(form)}",
        "S: + " + _base64('{"status":"401"}'),
        f"C: {reply}",
        "S: {tag} NO [AUTHENTICATIONFAILED] token expired",
        "@rest",
    )
    failure = _failed_login(conversation, Identity("ada", Secret("t0ken")), AuthKind.OAUTH2)
    assert isinstance(failure, LoginFailed)
    assert "[AUTHENTICATIONFAILED] token expired" in failure.message


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("{tag} NO wrong", Exit.LOGIN),
        ("{tag} NO [AUTHENTICATIONFAILED] wrong", Exit.LOGIN),
        ("{tag} BAD what", Exit.LOGIN),
        ("{tag} NO [UNAVAILABLE] later", Exit.TEMPORARY),
        ("{tag} NO [INUSE] later", Exit.TEMPORARY),
        ("* BYE later", Exit.TEMPORARY),
        ("{tag} MAYBE", Exit.PROTOCOL),
        ("other OK welcome", Exit.PROTOCOL),
        ("hello", Exit.PROTOCOL),
    ],
)
def test_what_the_server_says_to_a_login_decides_the_exit(reply: str, code: Exit) -> None:
    lines = (r"C? {tag} AUTHENTICATE PLAIN \S+", f"S: {reply}", "@rest")
    assert _failed_login(script(knows("SASL-IR", "AUTH=PLAIN"), *lines)).exit_code is code


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("AUTH=GSSAPI", "LOGINDISABLED"), AuthKind.PASSWORD),
        (("AUTH=PLAIN",), AuthKind.OAUTH2),
    ],
    ids=["password", "token"],
)
def test_no_common_mechanism_ends_the_login_before_a_credential_is_asked_for(
    names: tuple[str, ...], kind: AuthKind
) -> None:
    with (
        Scripted(script(knows(*names), "@gone")) as server,
        store(server) as session,
        pytest.raises(LoginFailed, match="no mechanism in common"),
    ):
        session.login(kind, pytest.fail)


def test_a_server_that_welcomes_scram_without_a_proof_is_not_believed() -> None:
    lines = (r"C? {tag} AUTHENTICATE SCRAM-SHA-256 \S+", "S: {tag} OK welcome", "@rest")
    failure = _failed_login(script(knows("SASL-IR", "AUTH=SCRAM-SHA-256"), *lines))
    assert isinstance(failure, ProtocolViolation)
    assert failure.message.startswith("imap 127.0.0.1:")


@pytest.mark.parametrize("names", [(), ("AUTH=PLAIN", "SASL-IR")], ids=["LOGIN", "PLAIN"])
@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b"], ids=["CR", "LF", "NUL"])
@pytest.mark.parametrize("where", ["user", "password"])
def test_a_control_character_in_a_credential_is_refused(
    where: str, text: str, names: tuple[str, ...]
) -> None:
    identity = Identity(text, ADA.secret) if where == "user" else Identity("ada", Secret(text))
    assert isinstance(_failed_login(script(knows(*names), "@gone"), identity), LoginFailed)


def test_a_secret_in_a_malformed_answer_is_masked_even_where_the_text_is_cut() -> None:
    filler = "( " * 245
    lines = (r"C? {tag} AUTHENTICATE PLAIN \S+", f"S: * {filler}{PASSWORD}", "@rest")
    failure = _failed_login(script(knows("SASL-IR", "AUTH=PLAIN"), *lines))
    assert isinstance(failure, ProtocolViolation)
    assert PASSWORD[:4] not in failure.message


@pytest.mark.parametrize("greets", ["* NO go away", "* PREAUTH hi", "hello", "m1 OK hi", "+ hi"])
def test_only_ok_is_a_greeting(greets: str) -> None:
    assert isinstance(_failed(f"S: {greets}\n@gone"), ProtocolViolation)


# -- answers ---------------------------------------------------------------


def test_what_was_not_asked_for_disturbs_no_answer() -> None:
    conversation = _open(
        FLAGS,
        "S: * 3 EXISTS",
        "S: * 1 FETCH (UID 5 FLAGS (\\Seen))",
        "S: * OK [ALERT] the disk is nearly full",
        "S: * NO be quick",
        "S: * BAD whatever",
        "S: * 2 FETCH (FLAGS (\\Answered))",
        "S: * 2 FETCH (FLAGS (\\seen $Junk) UID 7 MODSEQ (12))",
        "S: * 0 RECENT",
        "S: * CAPABILITY IMAP4rev1",
        "S: * X-VENDOR (a (b) NIL) 5",
        DONE,
        "@rest",
    )
    with Scripted(conversation) as server:
        assert _flags(server, 2) == {5: {"SEEN"}, 7: {"SEEN", "$Junk"}}


def test_messages_that_go_while_they_are_listed_are_no_gap() -> None:
    conversation = _open(FLAGS, "S: * 1 FETCH (UID 5 FLAGS ())", "S: * 2 EXPUNGE", DONE, "@rest")
    with Scripted(conversation) as server:
        assert _flags(server, 2) == {5: set()}


@pytest.mark.parametrize(
    "said",
    [
        "",
        "S: * 1 FETCH (UID 5 FLAGS ())\nS: * 1 FETCH (UID 5 FLAGS ())",
        "S: * 1 FETCH (FLAGS ())\nS: * 2 FETCH (FLAGS ())",
        "S: * 1 FETCH (UID 5)\nS: * 2 FETCH (UID 6)",
    ],
    ids=["nothing", "one twice", "no UIDs", "no flags"],
)
def test_a_listing_with_a_gap_is_not_believed(said: str) -> None:
    failure = _failed(_open(FLAGS, said, DONE, "@rest"), exists=2)
    assert isinstance(failure, ProtocolViolation)


@pytest.mark.parametrize(
    "said",
    [
        "* 1 FETCH (UID 0 FLAGS ())",
        "* 1 FETCH (UID 4294967296 FLAGS ())",
        "* 1 FETCH (UID x FLAGS ())",
        "* 1 FETCH (UID NIL FLAGS ())",
        "* 1 FETCH (UID 5 FLAGS 7)",
        "* 1 FETCH (UID 5 FLAGS (() ()))",
        "* 1 FETCH (UID 5 FLAGS)",
        "* 1 FETCH 5",
        "* 1 FETCH (UID 5) (FLAGS ())",
        "* 1 FETCH (UID 5 FLAGS (",
        "* 1 FETCH " + "(" * 200,
        "* FLAGS",
        "*",
        "",
        "garbage",
        "+ go on",
        "wrong OK done",
        "m1 OK done",
    ],
)
def test_nonsense_breaks_the_protocol_and_names_the_server(said: str) -> None:
    failure = _failed(_open(FLAGS, f"S: {said}", DONE, "@rest"))
    assert isinstance(failure, ProtocolViolation)
    assert failure.message.startswith("imap 127.0.0.1:")
    assert "UID FETCH flags" in failure.message


def test_octets_that_are_no_text_break_the_protocol() -> None:
    failure = _failed(_open(FLAGS, r"S! \xff\xfe\x00\r\n", "@rest"))
    assert isinstance(failure, ProtocolViolation)


@pytest.mark.parametrize(
    ("status", "kind"), [("NO [NONEXISTENT] none", NotFound), ("NO not yours", CommandFailed)]
)
def test_a_refusal_leaves_the_session_usable(status: str, kind: type[MailError]) -> None:
    conversation = _open(
        answer('SELECT "Nowhere"', status=status),
        answer(
            'SELECT "INBOX"',
            "1 EXISTS",
            "OK [UIDVALIDITY 9] valid",
            "OK [UIDNEXT 8] next",
            status="OK [READ-WRITE] done",
        ),
        goodbye("imap"),
    )
    with Scripted(conversation) as server, store(server) as session:
        with pytest.raises(kind):
            session.select(b"Nowhere")
        selected = session.select(b"INBOX")
        assert (selected.exists, selected.uidvalidity, selected.uidnext) == (1, 9, 8)
        assert not selected.read_only
        session.logout()


@pytest.mark.parametrize(
    "untagged",
    [
        ("1 EXISTS",),
        ("1 EXISTS", "OK [UIDVALIDITY 0] zero"),
        ("1 EXISTS", "OK [UIDVALIDITY 4294967296] too much"),
        ("1 EXISTS", "OK [UIDVALIDITY] nothing"),
        ("OK [UIDVALIDITY 9] valid",),
        ("EXISTS", "OK [UIDVALIDITY 9] valid"),
    ],
    ids=["no UIDVALIDITY", "zero", "too large", "empty", "no EXISTS", "no number"],
)
def test_a_folder_without_the_numbers_that_all_rests_on_is_not_opened(
    untagged: tuple[str, ...],
) -> None:
    conversation = _open(answer("SELECT *", *untagged), "@rest")
    with (
        Scripted(conversation) as server,
        store(server) as session,
        pytest.raises(ProtocolViolation),
    ):
        session.select(b"INBOX")


def test_a_folder_name_that_breaks_the_line_is_never_sent() -> None:
    with Scripted(_open("@gone")) as server, store(server) as session:
        for name in (b"a\r\nx LOGOUT", b"a\nb", b"a\0b"):
            with pytest.raises(MailError):
                session.select(name)
            with pytest.raises(MailError):
                session.append(name, [LETTER], size=len(LETTER), flags=frozenset())


def test_a_folder_whose_name_nobody_can_decode_stops_no_other() -> None:
    conversation = _open(
        answer("LIST *", r'LIST () "/" INBOX', r'LIST () "/" "R&D"'),
        answer("LSUB *", 'LSUB () "/" INBOX'),
        "@rest",
    ).replace(r'S: * LIST () "/" "R&D"', r'S! * LIST () "/" "bad\xff"\r\n')
    with Scripted(conversation) as server, store(server) as session:
        inbox, bad = session.list_folders()
    assert inbox.subscribed
    assert not bad.subscribed
    assert bad.wire == b"bad\xff"
    assert bad.name == "bad\udcff"


@pytest.mark.parametrize(
    "line",
    [
        "LIST ()",
        'LIST NIL "/" INBOX',
        'LIST () "/" NIL',
        'LIST () ("/") INBOX',
        'LIST (()) "/" INBOX',
        "STATUS INBOX",
        "STATUS INBOX (MESSAGES)",
        "STATUS INBOX (MESSAGES x UNSEEN 1)",
    ],
)
def test_a_listing_of_folders_that_makes_no_sense_names_the_server(line: str) -> None:
    inbox = 'LIST () "/" INBOX'
    listed = answer("LIST *", inbox, line)
    conversation = script(knows("LIST-EXTENDED", "LIST-STATUS"), listed, "@rest")
    with (
        Scripted(conversation) as server,
        store(server) as session,
        pytest.raises(ProtocolViolation, match=r"imap 127\.0\.0\.1:\d+: LIST"),
    ):
        session.list_folders(counts=True)


def test_a_folder_that_refuses_its_counts_has_none() -> None:
    conversation = _open(
        answer("LIST *", 'LIST () "/" INBOX', 'LIST () "/" Secret', r'LIST (\NoSelect) "/" Top'),
        answer("LSUB *"),
        answer('STATUS "INBOX" (MESSAGES UNSEEN)', "STATUS INBOX (MESSAGES 3 UNSEEN 1)"),
        answer('STATUS "Secret" (MESSAGES UNSEEN)', status="NO not yours"),
        "@rest",
    )
    with Scripted(conversation) as server, store(server) as session:
        counts = {f.name: f.messages for f in session.list_folders(counts=True)}
    assert counts == {"INBOX": 3, "Secret": None, "Top": None}


@pytest.mark.parametrize(
    ("said", "prefix"),
    [
        ('NAMESPACE (("INBOX." ".")) NIL NIL', "INBOX."),
        ("NAMESPACE NIL NIL NIL", ""),
        ("NAMESPACE", ""),
    ],
)
def test_the_personal_prefix_is_the_first_namespace(said: str, prefix: str) -> None:
    conversation = script(knows("NAMESPACE"), answer("NAMESPACE", said), "@rest")
    with Scripted(conversation) as server, store(server) as session:
        assert session.personal_prefix() == prefix


@pytest.mark.parametrize("said", ["NAMESPACE (())", "NAMESPACE (NIL)", "NAMESPACE x"])
def test_a_namespace_that_makes_no_sense_breaks_the_protocol(said: str) -> None:
    conversation = script(knows("NAMESPACE"), answer("NAMESPACE", said), "@rest")
    with (
        Scripted(conversation) as server,
        store(server) as session,
        pytest.raises(ProtocolViolation),
    ):
        session.personal_prefix()


# -- without an end --------------------------------------------------------


@pytest.fixture
def small_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an answer have no more than a megabyte, to be quick."""
    monkeypatch.setattr("mailcli.imap.conversation.ANSWER_CAP", 1 << 20)
    monkeypatch.setattr("mailcli.imap.messages.ANSWER_CAP", 1 << 20)


@pytest.mark.growth
@pytest.mark.parametrize(
    "endless",
    [
        "@endless! x",
        '@endless * LIST () "/" box{count}',
        "@endless * 1 EXISTS",
        r'@endless! * LIST () "/" {5}\r\nhello\r\n',
    ],
    ids=["line", "LIST", "EXISTS", "literals"],
)
def test_a_listing_of_folders_without_an_end_is_given_up(endless: str, small_cap: None) -> None:
    with (
        Scripted(_open(r"C? {tag} LIST .*", endless)) as server,
        store(server) as session,
        pytest.raises(ProtocolViolation) as caught,
    ):
        session.list_folders()
    assert caught.value.exit_code is Exit.PROTOCOL


def test_a_long_listing_of_flags_is_read_to_its_end() -> None:
    """Four megabytes, more than any other answer may have."""
    count = 60_000
    lines = (
        rf"* {n} FETCH (UID {n} FLAGS (\Seen \Answered $Forwarded NonJunk Old))"
        for n in range(1, count + 1)
    )
    values = {"lines": "\r\n".join(lines) + "\r\n"}
    conversation = _open(FLAGS, "S! {lines}", DONE, "@rest")
    with Scripted(conversation, values=values) as server:
        assert len(_flags(server, count)) == count


def test_a_listing_of_flags_without_an_end_is_given_up(small_cap: None) -> None:
    failure = _failed(_open(FLAGS, "@endless * 1 FETCH (UID 1 FLAGS ())"))
    assert isinstance(failure, ProtocolViolation)
    assert "never ends" in failure.message


def test_a_response_without_an_end_is_given_up() -> None:
    """Literals that follow one another, each small."""
    endless = r"@endless! BODY[HEADER] {1000}\r\n" + "x" * 1000
    with (
        Scripted(_open(FETCH, r"S! * 1 FETCH (", endless)) as server,
        pytest.raises(ProtocolViolation, match="too large to keep"),
    ):
        _fetched(server)


@pytest.mark.parametrize("octets", [2**40, 2**32, 10**19])
@pytest.mark.parametrize("item", ["BODY[]", "BODY[HEADER]", "FLAGS"])
def test_a_literal_of_any_announced_size_takes_no_memory(item: str, octets: int) -> None:
    tracemalloc.start()
    try:
        with (
            Scripted(_open(FETCH, f"S: * 1 FETCH ({item} {{{octets}}}", "@rest")) as server,
            pytest.raises(ProtocolViolation),
        ):
            _fetched(server)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset"])
def test_a_literal_that_is_cut_off_is_no_message(end: str) -> None:
    conversation = _open(FETCH, r"S! * 1 FETCH (UID 7 BODY[] {100}\r\nhalf", end)
    with Scripted(conversation) as server, pytest.raises(TemporaryFailure):
        _fetched(server)


def test_an_answer_that_trickles_is_given_up_at_the_deadline() -> None:
    conversation = _open(FLAGS, "@dribble 0.02", "@endless * 1 EXISTS")
    assert _failed(conversation, timeout=SOON).exit_code is Exit.TEMPORARY


# -- messages --------------------------------------------------------------


@pytest.mark.parametrize(
    "items",
    [
        "UID 7 FLAGS (\\Seen) BODY[] {letter.literal}",
        "BODY[] {letter.literal} FLAGS (\\Seen) UID 7",
        "uid 7 body[] {letter.literal} flags (\\seen)",
        'UID 7 INTERNALDATE "17-Jul-1996 02:44:25 -0700" BODY[] {letter.literal} FLAGS (\\Seen)',
    ],
)
def test_the_parts_of_a_message_come_in_any_order(items: str) -> None:
    conversation = _open(FETCH, f"S: * 1 FETCH ({items})", DONE, "@rest")
    with Scripted(conversation, values={"letter": LETTER}) as server:
        (message,) = _fetched(server)
    assert (message.uid, message.size, _octets(message)) == (7, len(LETTER), LETTER)
    assert message.flags == {Flag.SEEN}


@pytest.mark.parametrize(
    ("value", "octets"), [("NIL", None), ('""', b""), ("{0}\r\n", b""), ('"short"', b"short")]
)
def test_a_message_may_be_missing_empty_or_quoted(value: str, octets: bytes | None) -> None:
    conversation = _open(FETCH, "S: * 1 FETCH (UID 7 FLAGS () BODY[] {value})", DONE, "@rest")
    with Scripted(conversation, values={"value": value}) as server:
        (message,) = _fetched(server)
    assert _octets(message) == octets


def test_a_message_that_holds_protocol_lines_is_only_a_message() -> None:
    letter = b"m2 OK done\r\n* BYE\r\n+ more\r\n{99}\r\n)\r\n"
    conversation = _open(FETCH, "S: * 1 FETCH (UID 7 BODY[] {letter.literal})", DONE, "@rest")
    with Scripted(conversation, values={"letter": letter}) as server:
        (message,) = _fetched(server)
    assert _octets(message) == letter


def test_flags_that_change_meanwhile_are_no_message() -> None:
    conversation = _open(FETCH, "S: * 9 FETCH (FLAGS (\\Seen))", "S: * 2 EXPUNGE", DONE, "@rest")
    with Scripted(conversation) as server:
        assert _fetched(server) == []


def test_two_messages_in_one_response_are_one_too_many() -> None:
    two = "S: * 1 FETCH (UID 7 BODY[] {letter.literal} BODY[] {letter.literal})"
    made: list[Kept] = []

    def open_body() -> Kept:
        made.append(Kept())
        return made[-1]

    conversation = _open(FETCH, two, DONE, "@rest")
    with (
        Scripted(conversation, values={"letter": LETTER}) as server,
        store(server) as session,
        pytest.raises(ProtocolViolation, match="two messages"),
    ):
        list(session.fetch_messages([Uid(7)], open_body))
    assert len(made) == 1


@pytest.mark.parametrize("said", ["+ go on", "other OK done", "* BYE", "garbage"])
def test_nonsense_among_messages_ends_the_transfer(said: str) -> None:
    with Scripted(_open(FETCH, f"S: {said}", "@rest")) as server, pytest.raises(MailError):
        _fetched(server)


def test_a_refusal_after_some_messages_leaves_the_session_usable() -> None:
    conversation = _open(
        FETCH,
        "S: * 1 FETCH (UID 7 FLAGS () BODY[] {letter.literal})",
        "S: {tag} NO some could not be had",
        FLAGS,
        "S: * 1 FETCH (UID 7 FLAGS ())",
        DONE,
        "@rest",
    )
    with Scripted(conversation, values={"letter": LETTER}) as server, store(server) as session:
        messages = session.fetch_messages([Uid(7)], Kept)
        assert next(messages).uid == 7
        with pytest.raises(CommandFailed):
            next(messages)
        assert list(session.fetch_flags(1)) == [7]


def test_nothing_follows_a_transfer_that_was_not_read_to_its_end() -> None:
    conversation = _open(FETCH, "S: * 1 FETCH (UID 7 BODY[] {letter.literal})", "@rest")
    with Scripted(conversation, values={"letter": LETTER}) as server, store(server) as session:
        messages = session.fetch_messages([Uid(7)], Kept)
        next(messages)
        messages.close()  # type: ignore[attr-defined]  # it is a generator
        with pytest.raises(TemporaryFailure):
            session.fetch_flags(1)


def test_no_messages_are_asked_for_with_no_command() -> None:
    with Scripted(_open("@gone")) as server, store(server) as session:
        assert list(session.fetch_messages([], Kept)) == []
        session.change_flags([], frozenset({Flag.SEEN}), add=True)


def test_many_messages_are_named_by_commands_that_a_server_takes() -> None:
    """RFC 7162 §4 advises servers to take 8,192 octets; Dovecot ends the connection at 65,536."""
    uids = [Uid(uid) for uid in range(4_294_900_000, 4_294_940_000, 2)]
    command = r"C? {tag} UID STORE [\d,]+ \+FLAGS.SILENT \(\\Seen\)"
    conversation = _open("@repeat", command, DONE, "@end", "@rest")
    with Scripted(conversation) as server, store(server) as session:
        session.change_flags(uids, frozenset({Flag.SEEN}), add=True)
    lines = [line for line in server.lines if b"UID STORE" in line]
    assert max(map(len, lines)) <= 8192
    assert [int(uid) for line in lines for uid in line.split()[3].split(b",")] == uids


# -- deletions -------------------------------------------------------------

MARK = r"C: {tag} UID STORE 7,9 +FLAGS.SILENT (\Deleted)"


def _deleted(conversation: str) -> None:
    with Scripted(conversation) as server, store(server) as session:
        session.delete_messages([Uid(9), Uid(7)])


def test_messages_are_marked_and_then_expunged_by_their_uids_alone() -> None:
    _deleted(_open(MARK, DONE, "C: {tag} UID EXPUNGE 7,9", "S: * 1 EXPUNGE", DONE, "@rest"))


def test_nothing_is_even_marked_where_only_a_plain_expunge_could_follow() -> None:
    with pytest.raises(Refused, match="lacks UIDPLUS"):
        _deleted(script(knows(), "@rest"))


@pytest.mark.parametrize("lines", [(MARK,), (MARK, DONE, "C: {tag} UID EXPUNGE 7,9")])
def test_a_deletion_that_is_refused_is_told(lines: tuple[str, ...]) -> None:
    with pytest.raises(CommandFailed, match="not now"):
        _deleted(_open(*lines, "S: {tag} NO not now", "@rest"))


def test_messages_are_moved_by_their_uids() -> None:
    conversation = _open('C: {tag} UID MOVE 7,9 "Trash"', "S: * 1 EXPUNGE", DONE, "@rest")
    with Scripted(conversation) as server, store(server) as session:
        session.move([Uid(9), Uid(7)], b"Trash")


# -- uploads ---------------------------------------------------------------

APPEND = r"C? {tag} APPEND \"INBOX\" \(\\Seen\) \{\d+\}"
UPLOADED = script(APPEND, "@literal message", "C:")


def _append(
    server: Scripted, message: list[bytes] | None = None
) -> tuple[UidValidity, Uid] | None:
    chunks = [LETTER] if message is None else message
    with store(server) as session:
        return session.append(b"INBOX", chunks, size=len(LETTER), flags=frozenset({Flag.SEEN}))


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("[APPENDUID 9 8] ", (9, 8)),
        ("", None),
        ("[APPENDUID 9] ", None),
        ("[APPENDUID 9 8:9] ", None),
        ("[APPENDUID 0 8] ", None),
        ("[APPENDUID 9 99999999999] ", None),
        ("[APPENDUID 9 " + "9" * 5000 + "] ", None),
    ],
)
def test_an_upload_tells_where_it_went_if_the_server_does(
    code: str, place: tuple[int, int] | None
) -> None:
    """Nonsense there makes no failure of what the server took."""
    with Scripted(_open(UPLOADED, f"S: {{tag}} OK {code}done", "@rest")) as server:
        assert _append(server) == place
    assert server.received["message"] == LETTER


def test_an_upload_that_is_refused_at_once_sends_no_message() -> None:
    conversation = _open(APPEND, "S: {tag} NO [OVERQUOTA] full", goodbye("imap"))
    with Scripted(conversation) as server, store(server) as session:
        with pytest.raises(CommandFailed, match="full"):
            session.append(b"INBOX", [LETTER], size=len(LETTER), flags=frozenset({Flag.SEEN}))
        session.logout()


def test_a_server_that_is_content_without_the_message_is_not_believed() -> None:
    conversation = _open(APPEND, "S: {tag} OK [APPENDUID 9 8] done", "@rest")
    with Scripted(conversation) as server, pytest.raises(ProtocolViolation):
        _append(server)


def test_a_message_is_sent_once_however_often_the_server_asks() -> None:
    with (
        Scripted(_open(UPLOADED, "S: + again", "@gone")) as server,
        pytest.raises(ProtocolViolation),
    ):
        _append(server)


@pytest.mark.parametrize(
    "chunks", [[b"short"], [LETTER, b"more"], [LETTER * 2], []], ids=["short", "more", "long", "0"]
)
def test_a_message_of_another_size_than_announced_ends_the_connection(
    chunks: list[bytes],
) -> None:
    with (
        Scripted(_open(APPEND, "S: + go on", "@rest")) as server,
        pytest.raises(LocalError),
    ):
        _append(server, chunks)
    assert not any(b"OK" in line for line in server.lines)


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset"])
def test_an_upload_whose_answer_is_lost_is_temporary(end: str) -> None:
    with Scripted(_open(UPLOADED, end)) as server, pytest.raises(TemporaryFailure):
        _append(server)


# -- cut at every step -----------------------------------------------------

WHOLE = script(
    "S: * OK ready",
    "C: {tag} CAPABILITY",
    "S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN NAMESPACE",
    "S: {tag} OK done",
    r"C? {tag} AUTHENTICATE PLAIN \S+",
    "S: {tag} OK [CAPABILITY IMAP4rev1 NAMESPACE] welcome",
    "C: {tag} NAMESPACE",
    'S: * NAMESPACE (("" "/")) NIL NIL',
    "S: {tag} OK done",
    r'C? {tag} LIST "" "\*"',
    'S: * LIST () "/" INBOX',
    "S: {tag} OK done",
    r'C? {tag} LSUB "" "\*"',
    "S: {tag} OK done",
    'C: {tag} SELECT "INBOX"',
    "S: * 1 EXISTS",
    "S: * OK [UIDVALIDITY 9] valid",
    "S: {tag} OK done",
    FLAGS,
    "S: * 1 FETCH (UID 7 FLAGS ())",
    "S: {tag} OK done",
    FETCH,
    "S: * 1 FETCH (UID 7 FLAGS () BODY[] {letter.literal})",
    "S: {tag} OK done",
    r"C? {tag} UID STORE 7 \+FLAGS.SILENT \(\\Seen\)",
    "S: {tag} OK done",
    APPEND,
    "@literal message",
    "C:",
    "S: {tag} OK done",
).splitlines()
STEPS = [number for number, line in enumerate(WHOLE) if line.startswith("C")]
_each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: WHOLE[step][9:19])


def _all_of_it(server: Scripted, timeout: float = NEVER) -> None:
    with store(server, timeout=timeout) as session:
        session.login(AuthKind.PASSWORD, ada)
        session.personal_prefix()
        (inbox,) = session.list_folders()
        selected = session.select(inbox.wire)
        uids = list(session.fetch_flags(selected.exists))
        assert [_octets(m) for m in session.fetch_messages(uids, Kept)] == [LETTER]
        seen = frozenset({Flag.SEEN})
        session.change_flags(uids, seen, add=True)
        session.append(inbox.wire, [LETTER], size=len(LETTER), flags=seen)


def _broken_off(step: int, end: str, timeout: float = NEVER) -> MailError:
    conversation = script(*WHOLE[: step + 1], end)
    with (
        Scripted(conversation, values={"letter": LETTER}) as server,
        pytest.raises(MailError) as caught,
    ):
        _all_of_it(server, timeout)
    return caught.value


def test_the_whole_session_works_when_nothing_breaks() -> None:
    with Scripted(script(*WHOLE), values={"letter": LETTER}) as server:
        _all_of_it(server)


@_each_step
@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset", "@bye * BYE closing"])
def test_a_connection_that_ends_at_any_step_is_temporary(step: int, end: str) -> None:
    assert _broken_off(step, end).exit_code is Exit.TEMPORARY


@_each_step
def test_silence_at_any_step_is_temporary(step: int) -> None:
    assert _broken_off(step, "@stall forever", SOON).exit_code is Exit.TEMPORARY


@_each_step
def test_garbage_at_any_step_breaks_the_protocol(step: int) -> None:
    failure = _broken_off(step, "S: what?\n@rest")
    assert failure.exit_code is Exit.PROTOCOL
    assert "server said (unverified): what?" in failure.message
