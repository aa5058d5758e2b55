"""The submission session: logins, recipients, the message, and every way in which it can end."""

import base64
import contextlib
import secrets
from collections.abc import Iterator

import pytest

from mailcli.errors import (
    Exit,
    InvalidMessage,
    LocalError,
    LoginFailed,
    MailError,
    ProtocolViolation,
    Refused,
    TemporaryFailure,
)
from mailcli.model import AuthKind, Secret
from mailcli.sasl import Identity
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.session import SmtpSession
from mailcli.smtp.transaction import Submission
from tests.scripted.sessions import ADA, NEVER, PASSWORD, SMTP, SOON, ada, opened
from tests.support.dialogues import capabilities, goodbye, greeting, opening, script
from tests.support.scripted import Scripted
from tests.support.template import unstuffed

SLOW = opening("smtp", logged_in=False, names=("SIZE 10485760", "8BITMIME"))
"""The beginning with a server that takes one command at a time."""

LETTER = b"Subject: hello\r\n\r\nHello.\r\n"
TO_BOB = Envelope("ada@example.org", ("bob@example.org",))

TO_HIM = "C: RCPT TO:<bob@example.org>"
MAIL = r"C? MAIL FROM:<ada@example\.org>.*"
SENT = script(
    MAIL,
    "S: 250 2.1.0 ok",
    "C: RCPT TO:<bob@example.org>",
    "S: 250 2.1.5 ok",
    "C: DATA",
    "S: 354 go ahead",
    "C. message",
    "S: 250 2.0.0 queued as 4XQ",
)


def _auth(*mechanisms: str) -> str:
    return script(
        greeting("smtp"), capabilities("smtp", ("8BITMIME", f"AUTH {' '.join(mechanisms)}"))
    )


def _login(server: Scripted, identity: Identity = ADA, kind: AuthKind = AuthKind.PASSWORD) -> None:
    with opened(SMTP, server) as session:
        session.login(kind, lambda: identity)


def _failed_login(
    conversation: str, identity: Identity = ADA, kind: AuthKind = AuthKind.PASSWORD
) -> MailError:
    with Scripted(conversation) as server, pytest.raises(MailError) as caught:
        _login(server, identity, kind)
    for form in (identity.secret.reveal(), _base64(identity.secret.reveal())):
        assert form not in caught.value.message
    return caught.value


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@contextlib.contextmanager
def submission_server(server: Scripted, *, timeout: float = NEVER) -> Iterator[SmtpSession]:
    with opened(SMTP, server, timeout=timeout) as session:
        assert isinstance(session, SmtpSession)
        yield session


def _submit(
    server: Scripted, envelope: Envelope = TO_BOB, letter: bytes = LETTER, timeout: float = NEVER
) -> Submission:
    with submission_server(server, timeout=timeout) as session:
        submission = session.submit(envelope, [letter], size=len(letter))
        session.quit()
    return submission


def _failed_submission(conversation: str, envelope: Envelope = TO_BOB) -> MailError:
    with Scripted(conversation) as server, pytest.raises(MailError) as caught:
        _submit(server, envelope)
    return caught.value


# -- login -----------------------------------------------------------------


def test_plain_goes_with_the_command() -> None:
    expected = _base64(f"\0ada\0{PASSWORD}")
    with Scripted(script(_auth("PLAIN", "LOGIN"), f"C: AUTH PLAIN {expected}", "S: 235 ok")) as s:
        _login(s)


def test_login_answers_two_questions() -> None:
    conversation = script(
        _auth("LOGIN"),
        "C: AUTH LOGIN",
        "S: 334 VXNlcm5hbWU6",
        f"C: {_base64('ada')}",
        "S: 334 UGFzc3dvcmQ6",
        f"C: {_base64(PASSWORD)}",
        "S: 235 ok",
    )
    with Scripted(conversation) as server:
        _login(server)


@pytest.fixture
def known_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nonce of RFC 7677's example."""
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _: "rOprNGfwEbeRWgbNEkqO")


PENCIL = Identity("user", Secret("pencil"))
SCRAM = script(
    _auth("PLAIN", "SCRAM-SHA-256"),
    f"C: AUTH SCRAM-SHA-256 {_base64('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')}",
    "S: 334 "
    + _base64(
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    ),
    "C: "
    + _base64(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    ),
)
SIGNED = f"S: 334 {_base64('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')}"


def test_scram_is_preferred_and_proves_both_sides(known_nonce: None) -> None:
    """The example of RFC 7677 §3."""
    with Scripted(script(SCRAM, SIGNED, "C:", "S: 235 ok")) as server:
        _login(server, PENCIL)


@pytest.mark.parametrize(
    "end",
    [
        "S: 235 welcome, trust me",
        f"S: 334 {_base64('v=bm90IHRoZSBzaWduYXR1cmU=')}\n@rest",
    ],
    ids=["no signature", "wrong signature"],
)
def test_a_server_that_cannot_prove_itself_is_not_believed(known_nonce: None, end: str) -> None:
    failure = _failed_login(script(SCRAM, end), PENCIL)
    assert isinstance(failure, ProtocolViolation)
    assert failure.message.startswith("smtp 127.0.0.1:")


def test_a_challenge_that_makes_no_sense_is_told_with_the_server() -> None:
    failure = _failed_login(script(_auth("LOGIN"), "C: AUTH LOGIN", "S: 334 !!!", "@gone"))
    assert isinstance(failure, ProtocolViolation)
    assert failure.message.startswith("smtp 127.0.0.1:")
    assert "login" in failure.message


@pytest.mark.parametrize(
    ("mechanism", "form", "answer"),
    [
        ("XOAUTH2", "user=ada\x01auth=Bearer t0ken\x01\x01", ""),
        ("OAUTHBEARER", "n,a=ada,\x01auth=Bearer t0ken\x01\x01", _base64("\x01")),
    ],
)
def test_a_refused_token_gets_its_answer_before_the_error(
    mechanism: str, form: str, answer: str
) -> None:
    conversation = script(
        _auth(mechanism),
        f"C: AUTH {mechanism} {_base64(form)}",
        "S: 334 " + _base64('{"status":"401"}'),
        f"C: {answer}",
        "S: 535 5.7.8 token expired",
        "@rest",
    )
    failure = _failed_login(conversation, Identity("ada", Secret("t0ken")), AuthKind.OAUTH2)
    assert isinstance(failure, LoginFailed)
    assert "535 5.7.8 token expired" in failure.message


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("535 5.7.8 wrong", Exit.LOGIN),
        ("534 5.7.9 use another mechanism", Exit.LOGIN),
        ("454 4.7.0 later", Exit.TEMPORARY),
        ("421 4.3.2 closing", Exit.TEMPORARY),
        ("250 fine", Exit.PROTOCOL),
        ("hello", Exit.PROTOCOL),
    ],
)
def test_what_the_server_says_to_a_login_decides_the_exit(reply: str, code: Exit) -> None:
    failure = _failed_login(script(_auth("PLAIN"), r"C? AUTH PLAIN \S+", f"S: {reply}", "@rest"))
    assert failure.exit_code is code


def test_a_secret_that_the_server_repeats_is_masked_in_the_error() -> None:
    plain = _base64(f"\0ada\0{PASSWORD}")
    reply = f"S: 535 not {PASSWORD} nor {plain} nor {_base64(PASSWORD)}"
    failure = _failed_login(script(_auth("PLAIN"), r"C? AUTH PLAIN \S+", reply, "@rest"))
    assert "535 not *** nor *** nor ***" in failure.message


def test_no_common_mechanism_ends_the_login_before_a_credential_is_asked_for() -> None:
    with (
        Scripted(script(_auth("GSSAPI", "NTLM"), "@gone")) as server,
        submission_server(server) as session,
        pytest.raises(LoginFailed, match="GSSAPI NTLM"),
    ):
        session.login(AuthKind.PASSWORD, pytest.fail)


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b"], ids=["CR", "LF", "NUL"])
@pytest.mark.parametrize("where", ["user", "password"])
def test_a_control_character_in_a_credential_is_refused(where: str, text: str) -> None:
    identity = Identity(text, ADA.secret) if where == "user" else Identity("ada", Secret(text))
    assert isinstance(_failed_login(script(_auth("PLAIN"), "@gone"), identity), LoginFailed)


# -- sending ---------------------------------------------------------------


def test_a_message_is_sent_as_it_is() -> None:
    letter = b".\r\n..two\r\nSubject\r\n.\r\nend\r\n"
    with Scripted(script(SLOW, SENT, goodbye("smtp"))) as server:
        submission = _submit(server, letter=letter)
    assert unstuffed(server.received["message"]) == letter
    assert submission == Submission(("bob@example.org",), {})


def test_each_recipient_gets_its_own_answer() -> None:
    names = ("bob@example.org", "eve@example.org", "later@example.org")
    conversation = script(
        SLOW,
        MAIL,
        "S: 250 ok",
        "C: RCPT TO:<bob@example.org>",
        "S: 250 ok",
        "C: RCPT TO:<eve@example.org>",
        "S: 550-5.1.1 no such",
        "S: 550 5.1.1 user here",
        "C: RCPT TO:<later@example.org>",
        "S: 450 4.2.1 busy",
        "C: DATA",
        "S: 354 go ahead",
        "C. message",
        "S: 250 ok",
        "@rest",
    )
    with Scripted(conversation) as server:
        submission = _submit(server, Envelope("ada@example.org", names))
    assert submission.accepted == ("bob@example.org",)
    assert str(submission.refused["eve@example.org"]) == "550 5.1.1 no such user here"
    assert submission.refused["eve@example.org"].permanent
    assert not submission.refused["later@example.org"].permanent


@pytest.mark.parametrize("end", ["@cut", "@reset", "@rest"])
def test_a_server_that_leaves_after_refusing_everybody_has_still_refused(end: str) -> None:
    conversation = script(
        SLOW,
        MAIL,
        "S: 250 ok",
        "C: RCPT TO:<bob@example.org>",
        "S: 550 5.1.1 unknown",
        end,
    )
    with Scripted(conversation) as server:
        submission = _submit(server)
    assert submission.accepted == ()
    assert submission.refused["bob@example.org"].code == 550


def test_the_next_message_begins_afresh_after_a_refusal() -> None:
    conversation = script(
        SLOW,
        MAIL,
        "S: 250 ok",
        "C: RCPT TO:<bob@example.org>",
        "S: 550 5.1.1 unknown",
        "C: RSET",
        "S: 250 ok",
        SENT,
        SENT,
        goodbye("smtp"),
    )
    with Scripted(conversation) as server, submission_server(server) as session:
        for accepted in ((), ("bob@example.org",), ("bob@example.org",)):
            submission = session.submit(TO_BOB, [LETTER], size=len(LETTER))
            assert submission.accepted == accepted
        session.quit()


@pytest.mark.parametrize(
    ("reply", "code"),
    [("550 5.7.1 never", Exit.REFUSED), ("451 4.3.0 later", Exit.TEMPORARY)],
)
@pytest.mark.parametrize("at", ["MAIL", "DATA", "message"])
def test_a_refused_message_is_told_by_its_code(at: str, reply: str, code: Exit) -> None:
    lines = [SLOW, MAIL]
    if at != "MAIL":
        lines += ["S: 250 ok", "C: RCPT TO:<bob@example.org>", "S: 250 ok", "C: DATA"]
    if at == "message":
        lines += ["S: 354 go ahead", "C. message"]
    failure = _failed_submission(script(*lines, f"S: {reply}", "@rest"))
    assert failure.exit_code is code
    assert reply in failure.message


def test_goodbye_instead_of_an_answer_to_a_recipient_is_temporary() -> None:
    conversation = script(
        SLOW,
        MAIL,
        "S: 250 ok",
        "C: RCPT TO:<bob@example.org>",
        "@bye 421 4.3.2 closing",
    )
    both = Envelope("ada@example.org", ("bob@example.org", "eve@example.org"))
    failure = _failed_submission(conversation, both)
    assert isinstance(failure, TemporaryFailure)
    assert "421 4.3.2 closing" in failure.message


def test_a_message_larger_than_announced_limits_is_not_begun() -> None:
    small = script(greeting("smtp"), capabilities("smtp", ("SIZE 10",)), "@gone")
    with pytest.raises(Refused, match="the server takes 10"):
        raise _failed_submission(small)


@pytest.mark.parametrize("announced", ["SIZE", "SIZE 0", "SIZE ten", "SIZE -1", f"SIZE {10**40}"])
@pytest.mark.parametrize(
    "answers",
    [
        ("S: 552 5.3.4 too large",),
        ("S: 250 ok", TO_HIM, "S: 250 ok", "C: DATA", "S: 354 go", "C. m", "S: 552 5.3.4 no"),
    ],
    ids=["at once", "in the end"],
)
def test_a_limit_that_says_nothing_true_is_told_when_it_is_met(
    announced: str, answers: tuple[str, ...]
) -> None:
    begun = script(greeting("smtp"), capabilities("smtp", (announced,)))
    mail = f"C: MAIL FROM:<ada@example.org> SIZE={len(LETTER)}"
    failure = _failed_submission(script(begun, mail, *answers, "@rest"))
    assert isinstance(failure, Refused)
    assert "552 5.3.4" in failure.message


def test_the_greeting_names_no_machine() -> None:
    conversation = script(greeting("smtp"), "C: EHLO localhost", "S: 250 hello", "@rest")
    with Scripted(conversation) as server, opened(SMTP, server) as session:
        session.close()


def test_a_foreign_address_needs_smtputf8() -> None:
    plain = script(greeting("smtp"), capabilities("smtp", ("8BITMIME",)), "@gone")
    foreign = Envelope("ada@example.org", ("jörg@example.org",))
    assert isinstance(_failed_submission(plain, foreign), InvalidMessage)


def test_a_foreign_address_travels_with_smtputf8() -> None:
    conversation = script(
        greeting("smtp"),
        capabilities("smtp", ("8BITMIME", "SMTPUTF8")),
        "C: MAIL FROM:<ada@example.org> BODY=8BITMIME SMTPUTF8",
        "S: 250 ok",
        "C: RCPT TO:<jörg@example.org>",
        "S: 550 no",
        "@rest",
    )
    with Scripted(conversation) as server:
        assert not _submit(server, Envelope("ada@example.org", ("jörg@example.org",))).accepted


def test_a_message_that_cannot_be_read_any_more_is_not_ended() -> None:
    def broken() -> Iterator[bytes]:
        yield LETTER
        raise LocalError("disk error")

    conversation = script(
        SLOW,
        MAIL,
        "S: 250 ok",
        "C: RCPT TO:<bob@example.org>",
        "S: 250 ok",
        "C: DATA",
        "S: 354 go ahead",
        "@rest",
    )
    with (
        Scripted(conversation) as server,
        submission_server(server) as session,
        pytest.raises(LocalError),
    ):
        session.submit(TO_BOB, broken(), size=1000)
    assert b"." not in server.lines


def test_goodbye_is_said_without_waiting_for_the_answer() -> None:
    with Scripted(script(SLOW, SENT, "c: QUIT", "@stall forever")) as s:
        assert _submit(s).accepted


def test_an_accepted_message_stays_accepted_when_the_server_is_gone_before_goodbye() -> None:
    with Scripted(script(SLOW, SENT, "@cut")) as server:
        assert _submit(server).accepted == ("bob@example.org",)


# -- replies ---------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        "hello",
        "25",
        "999 what",
        "199 what",
        "2500 what",
        "250x",
        "+OK",
        r"\xff\xfe\x00",
        r"250-one\r\n251 two",
        r"250-one\r\ntwo",
        "",
    ],
)
def test_garbage_is_no_reply(reply: str) -> None:
    conversation = script(greeting("smtp"), r"C? EHLO \S+", rf"S! {reply}\r\n", "@rest")
    failure = _failed_submission(conversation)
    assert isinstance(failure, ProtocolViolation)
    assert "server said (unverified)" in failure.message


@pytest.mark.parametrize("reply", [r"250\r\n", r"250 \r\n", r"250-a\r\n250\r\n", r"250 ok\n"])
def test_an_unusual_reply_is_understood(reply: str) -> None:
    conversation = script(greeting("smtp"), r"C? EHLO \S+", f"S! {reply}", "@rest")
    with Scripted(conversation) as server, opened(SMTP, server):
        pass


@pytest.mark.parametrize("endless", ["@endless 250-more", "@endless! x"], ids=["lines", "line"])
def test_a_reply_without_an_end_is_given_up(endless: str) -> None:
    failure = _failed_submission(script(greeting("smtp"), r"C? EHLO \S+", endless))
    assert failure.exit_code is Exit.PROTOCOL


def test_a_reply_that_trickles_is_given_up_at_the_deadline() -> None:
    conversation = script(greeting("smtp"), r"C? EHLO \S+", "@dribble 0.02", "@endless 250-more")
    with Scripted(conversation) as server, pytest.raises(TemporaryFailure, match="in time"):
        _submit(server, timeout=SOON)


def test_a_server_that_takes_nothing_more_is_given_up() -> None:
    conversation = script(
        greeting("smtp"),
        capabilities("smtp", ("8BITMIME",)),
        MAIL,
        "S: 250 ok",
        "C: RCPT TO:<bob@example.org>",
        "S: 250 ok",
        "C: DATA",
        "S: 354 go ahead",
        "@deaf forever",
    )
    with Scripted(conversation) as server, pytest.raises(TemporaryFailure, match="does not take"):
        _submit(server, letter=b"x\r\n" * 10_000_000, timeout=SOON)


@pytest.mark.parametrize(
    ("said", "code"),
    [("421 too busy", Exit.TEMPORARY), ("554 go away", Exit.REFUSED), ("354 what", Exit.PROTOCOL)],
)
def test_a_server_can_refuse_to_begin(said: str, code: Exit) -> None:
    assert _failed_submission(f"S: {said}\n@cut").exit_code is code


# -- cut at every step -----------------------------------------------------

WHOLE = script(
    "S: 220 ready",
    r"C? EHLO \S+",
    "S: 250-mail.example.org",
    "S: 250 AUTH PLAIN",
    r"C? AUTH PLAIN \S+",
    "S: 235 ok",
    SENT,
).splitlines()
STEPS = [number for number, line in enumerate(WHOLE) if line.startswith("C")]


def _until(step: int, end: str) -> str:
    return script(*WHOLE[: step + 1], end)


def _all_of_it(server: Scripted, timeout: float = NEVER) -> Submission:
    with submission_server(server, timeout=timeout) as session:
        session.login(AuthKind.PASSWORD, ada)
        return session.submit(TO_BOB, [LETTER], size=len(LETTER))


@pytest.mark.parametrize("end", ["@cut", "@drop", "@reset"])
@pytest.mark.parametrize("step", STEPS[:-1], ids=lambda step: WHOLE[step][3:7])
def test_a_connection_that_ends_before_the_final_dot_is_temporary(step: int, end: str) -> None:
    with Scripted(_until(step, end)) as server, pytest.raises(TemporaryFailure) as caught:
        _all_of_it(server)
    assert caught.value.exit_code is Exit.TEMPORARY
    assert caught.value.code == "temporary"


@pytest.mark.parametrize(
    "end", ["@cut", "@drop", "@reset", "S: garbage\n@rest", "S: 354 go on\n@rest"]
)
def test_a_connection_that_ends_after_the_final_dot_leaves_the_outcome_unknown(end: str) -> None:
    with Scripted(_until(STEPS[-1], end)) as server:
        submission = _all_of_it(server)
    assert (submission.accepted, submission.unknown) == ((), ("bob@example.org",))
    assert submission.lost is not None
    assert submission.lost.code == "outcome_unknown"
    assert "may or may not" in submission.lost.message


@pytest.mark.parametrize("step", STEPS, ids=lambda step: WHOLE[step][3:7])
def test_goodbye_at_any_step_is_temporary_and_nothing_is_unknown(step: int) -> None:
    with (
        Scripted(_until(step, "@bye 421 4.3.2 closing")) as server,
        pytest.raises(TemporaryFailure, match="421") as caught,
    ):
        _all_of_it(server)
    assert caught.value.code == "temporary"


@pytest.mark.parametrize("step", STEPS[:-1], ids=lambda step: WHOLE[step][3:7])
def test_silence_at_any_step_is_temporary(step: int) -> None:
    with (
        Scripted(_until(step, "@stall forever")) as server,
        pytest.raises(TemporaryFailure, match="in time"),
    ):
        _all_of_it(server, SOON)
