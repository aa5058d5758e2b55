"""The submission session with PIPELINING, many recipients, and delivery reports."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from mailcli.errors import (
    Exit,
    InvalidMessage,
    LocalError,
    LoginFailed,
    MailError,
    Refused,
    TemporaryFailure,
)
from mailcli.model import AuthKind, Notify, Return, Secret
from mailcli.sasl import Identity
from mailcli.smtp.envelope import Envelope
from mailcli.smtp.session import SmtpSession
from mailcli.smtp.transaction import Following, Submission, Watch
from tests.scripted.sessions import NEVER, SMTP, opened
from tests.support.dialogues import goodbye, opening, script
from tests.support.scripted import Scripted

LETTER = b"Subject: hello\r\n\r\nHello.\r\n"
BOB, EVE, LATER = "bob@example.org", "eve@example.org", "later@example.org"
THREE = Envelope("ada@example.org", (BOB, EVE, LATER))
FAST = opening("smtp", logged_in=False)
"""The beginning with a server that announces PIPELINING."""

GROUP = script(
    r"C? MAIL FROM:<ada@example\.org>.*",
    f"C: RCPT TO:<{BOB}>",
    f"C: RCPT TO:<{EVE}>",
    f"C: RCPT TO:<{LATER}>",
    "C: DATA",
)
"""All of it is read before one answer is given: who waits for answers comes no further."""


@contextlib.contextmanager
def session_with(server: Scripted) -> Iterator[SmtpSession]:
    with opened(SMTP, server, timeout=NEVER) as session:
        assert isinstance(session, SmtpSession)
        yield session


def submit(server: Scripted, envelope: Envelope = THREE, watch: Watch | None = None) -> Submission:
    with session_with(server) as session:
        submission = session.submit(envelope, [LETTER], size=len(LETTER), watch=watch or Watch())
        session.quit()
    return submission


def failed(conversation: str, envelope: Envelope = THREE) -> MailError:
    with Scripted(conversation) as server, pytest.raises(MailError) as caught:
        submit(server, envelope)
    return caught.value


# -- one group -------------------------------------------------------------


def test_all_up_to_data_is_one_group_where_the_server_pipelines() -> None:
    answers = ("S: 250 ok", "S: 250 ok", "S: 550 5.1.1 unknown", "S: 450 4.2.1 busy", "S: 354 go")
    with Scripted(script(FAST, GROUP, *answers, "C. message", "S: 250 ok", "@rest")) as server:
        submission = submit(server)
    assert submission.accepted == (BOB,)
    assert {r: reply.code for r, reply in submission.refused.items()} == {EVE: 550, LATER: 450}
    assert server.received["message"] == LETTER


@pytest.mark.parametrize(
    "after", [("S: 354 go", "C: .", "S: 554 5.5.1 nobody"), ("S: 503 5.5.1 no recipients",)]
)
def test_where_all_are_refused_an_empty_message_ends_what_the_server_began(
    after: tuple[str, ...],
) -> None:
    refusals = ("S: 250 ok", "S: 550 no", "S: 550 no", "S: 450 later")
    again = (f"C: RSET\nS: 250 ok\n{GROUP}", "S: 250 ok", "S: 250 ok", "S: 250 ok", "S: 250 ok")
    end = ("S: 354 go", "C. message", "S: 250 ok", goodbye("smtp"))
    with (
        Scripted(script(FAST, GROUP, *refusals, *after, *again, *end)) as server,
        session_with(server) as session,
    ):
        first = session.submit(THREE, [LETTER], size=len(LETTER))
        second = session.submit(THREE, [LETTER], size=len(LETTER))
        session.quit()
    assert (first.accepted, set(first.refused)) == ((), {BOB, EVE, LATER})
    assert second.accepted == (BOB, EVE, LATER)


@pytest.mark.parametrize("end", ["@cut", "@drop", "@bye 421 4.3.2 closing"])
def test_a_server_that_leaves_after_refusing_all_of_a_group_has_still_refused(end: str) -> None:
    refusals = ("S: 250 ok", "S: 550 no", "S: 550 no", "S: 450 later")
    with Scripted(script(FAST, GROUP, *refusals, end)) as server:
        assert set(submit(server).refused) == {BOB, EVE, LATER}


@pytest.mark.parametrize(
    ("reply", "code"),
    [("550 5.7.1 never", Exit.REFUSED), ("451 4.3.0 later", Exit.TEMPORARY)],
)
@pytest.mark.parametrize("at", ["MAIL", "DATA", "message"])
def test_a_group_refused_as_a_whole_is_told_by_its_code(at: str, reply: str, code: Exit) -> None:
    bad = f"S: {reply}"
    match at:
        case "MAIL":
            answers = (bad, *["S: 503 5.5.1 MAIL first"] * 4)
        case "DATA":
            answers = (*["S: 250 ok"] * 4, bad)
        case _:
            answers = (*["S: 250 ok"] * 4, "S: 354 go", "C. message", bad)
    failure = failed(script(FAST, GROUP, *answers, "@rest"))
    assert failure.exit_code is code
    assert reply in failure.message
    assert at in failure.message


def test_goodbye_within_a_group_is_temporary() -> None:
    failure = failed(script(FAST, GROUP, "S: 250 ok", "S: 250 ok", "@bye 421 4.3.2 closing"))
    assert isinstance(failure, TemporaryFailure)
    assert EVE in failure.message


@pytest.mark.parametrize("end", ["@cut", "@reset"])
@pytest.mark.parametrize("answered", range(5))
def test_a_group_cut_after_any_answer_is_temporary(answered: int, end: str) -> None:
    failure = failed(script(FAST, GROUP, *["S: 250 ok"] * min(answered, 4), end))
    assert failure.code == "temporary"


def test_a_group_of_thousands_keeps_both_sides_reading() -> None:
    many = Envelope("ada@example.org", tuple(f"u{n}@example.org" for n in range(10_000)))
    tail = f"{'x' * 200} ok"
    conversation = script(
        FAST,
        *["@repeat 10"],
        *["@optional", "C: RSET", "S: 250 ok", "@end"],
        r"C? MAIL FROM:.*",
        "S: 250 ok",
        "@repeat 1000",
        r"C? RCPT TO:<(?P<who>u\d+)@example\.org>",
        f"S: 250 {{who}} {tail}",
        "@end",
        "C: DATA",
        "S: 354 go",
        "C. message",
        "S: 250 ok",
        "@end",
        goodbye("smtp"),
    )
    with Scripted(conversation) as server:
        submission = submit(server, many)
    assert submission.accepted == many.recipients


# -- batches ---------------------------------------------------------------


def transaction(recipients: tuple[str, ...], *answers: str, ends: str = "S: 250 ok") -> str:
    lines = [r"C? MAIL FROM:.*", "S: 250 ok"]
    for recipient, answer in zip(recipients, answers or ["250 ok"] * len(recipients), strict=True):
        lines += [f"C: RCPT TO:<{recipient}>", f"S: {answer}"]
    return script(*lines, "C: DATA", "S: 354 go", "C. message", ends)


@pytest.mark.parametrize("names", [("SIZE 10000",), ("PIPELINING",)], ids=["slow", "fast"])
@pytest.mark.parametrize("answer", ["452 4.5.3 too many", "452 too many", "552 5.5.3 too many"])
def test_recipients_beyond_what_the_server_takes_at_once_get_a_transaction_of_their_own(
    names: tuple[str, ...], answer: str
) -> None:
    conversation = script(
        opening("smtp", logged_in=False, names=names),
        transaction((BOB, EVE, LATER), "250 ok", answer, answer),
        transaction((EVE, LATER), "250 ok", answer),
        transaction((LATER,)),
        goodbye("smtp"),
    )
    with Scripted(conversation) as server:
        submission = submit(server)
    assert (submission.accepted, submission.refused) == ((BOB, EVE, LATER), {})


def test_a_mailbox_without_room_is_no_reason_to_ask_again() -> None:
    answers = ("250 ok", "452 4.2.2 over quota", "250 ok")
    conversation = script(FAST, transaction((BOB, EVE, LATER), *answers), goodbye("smtp"))
    with Scripted(conversation) as server:
        submission = submit(server)
    assert submission.accepted == (BOB, LATER)
    assert submission.refused[EVE].code == 452


def test_a_server_that_takes_nobody_is_not_asked_for_ever() -> None:
    lines = [r"C? MAIL FROM:.*", "S: 250 ok"]
    for recipient in THREE.recipients:
        lines += [f"C: RCPT TO:<{recipient}>", "S: 452 4.5.3 too many"]
    with Scripted(script(FAST, *lines, "C: DATA", "S: 503 no", "@rest")) as server:
        assert set(submit(server).refused) == set(THREE.recipients)


def test_an_announced_limit_is_kept_without_asking() -> None:
    conversation = script(
        opening("smtp", logged_in=False, names=("PIPELINING", "LIMITS MAILMAX=9 RCPTMAX=2")),
        transaction((BOB, EVE)),
        transaction((LATER,)),
        goodbye("smtp"),
    )
    with Scripted(conversation) as server:
        assert submit(server).accepted == THREE.recipients


LIMITED = opening("smtp", logged_in=False, names=("PIPELINING", "LIMITS RCPTMAX=1"))


@pytest.mark.parametrize(
    ("ends", "permanent"),
    [("S: 550 5.7.1 no more\n@rest", True), ("S: 451 4.3.0 later\n@rest", False)],
)
def test_what_the_first_batch_got_stays_accepted_when_a_later_one_fails(
    ends: str, *, permanent: bool
) -> None:
    conversation = script(LIMITED, transaction((BOB,)), transaction((EVE,), ends=ends))
    with Scripted(conversation) as server:
        submission = submit(server)
    assert submission.accepted == (BOB,)
    assert [reply.permanent for reply in submission.refused.values()] == [permanent] * 2


def test_a_cut_between_batches_leaves_the_rest_for_later() -> None:
    with Scripted(script(LIMITED, transaction((BOB,)), r"C? MAIL.*", "@cut")) as server:
        submission = submit(server)
    assert submission.accepted == (BOB,)
    assert [reply.permanent for reply in submission.refused.values()] == [False, False]


def test_only_the_batch_that_was_cut_after_its_final_dot_is_unknown() -> None:
    parts = (transaction((BOB,)), transaction((EVE,), ends="@cut"))
    told: list[tuple[str, tuple[str, ...]]] = []
    watch = Watch(lambda who: told.append(("ending", who)), lambda who: told.append(("yes", who)))
    with Scripted(script(LIMITED, *parts)) as server:
        submission = submit(server, watch=watch)
    assert (submission.accepted, submission.unknown) == ((BOB,), (EVE,))
    assert list(submission.refused) == [LATER]
    assert told == [("ending", (BOB,)), ("yes", (BOB,)), ("ending", (EVE,))]


def test_those_set_aside_for_another_transaction_are_not_in_doubt() -> None:
    conversation = script(
        FAST, transaction((BOB, EVE, LATER), "250 ok", "452 4.5.3 too many", "550 no", ends="@cut")
    )
    with Scripted(conversation) as server:
        submission = submit(server)
    assert (submission.accepted, submission.unknown) == ((), (BOB,))
    assert [(r, reply.code) for r, reply in submission.refused.items()] == [
        (EVE, 421),
        (LATER, 550),
    ]
    assert "not tried" in submission.refused[EVE].text


# -- half a message --------------------------------------------------------

ONE = replace(THREE, recipients=(BOB,))
FULL = LocalError("no space left")


def _unreadable() -> Iterator[bytes]:
    yield LETTER
    raise FULL


def _fails(_: tuple[str, ...]) -> None:
    raise FULL


@pytest.mark.parametrize(
    ("chunks", "watch"),
    [(_unreadable(), Watch()), ([LETTER], Watch(ending=_fails))],
    ids=["the message cannot be read", "its end cannot be noted"],
)
def test_a_message_that_cannot_be_ended_ends_the_connection(
    chunks: Iterable[bytes], watch: Watch
) -> None:
    group = (r"C? MAIL FROM:.*", f"C: RCPT TO:<{BOB}>", "C: DATA")
    answers = ("S: 250 ok", "S: 250 ok", "S: 354 go")
    conversation = script(FAST, *group, *answers, f"C* {len(LETTER)}", "@gone")
    with Scripted(conversation) as server, session_with(server) as session:
        with pytest.raises(LocalError):
            session.submit(ONE, chunks, size=len(LETTER), watch=watch)
        assert not session.is_open


# -- the next message's group behind the dot -------------------------------

NEXT = Following(replace(THREE, recipients=(EVE,)), len(LETTER))
BEGUN = script("C: RSET", r"C? MAIL FROM:<ada@example\.org>.*", f"C: RCPT TO:<{EVE}>", "C: DATA")
"""What is said for the next message: all of it is read before the answer to the one before."""


def submit_two(server: Scripted, following: Following = NEXT) -> list[Submission | MailError]:
    """Submit to Bob, with what follows announced, and then that; return what came of each."""
    results: list[Submission | MailError] = []
    with session_with(server) as session:
        for envelope, after in ((ONE, following), (following.envelope, None)):
            try:
                result = session.submit(envelope, [LETTER], size=len(LETTER), following=after)
            except MailError as exc:
                results.append(exc)
            else:
                results.append(result)
        session.quit()
    return results


TO_BOB = script(r"C? MAIL FROM:.*", f"C: RCPT TO:<{BOB}>", "C: DATA")
YES = ("S: 250 ok", "S: 250 ok", "S: 354 go", "C. message")


@pytest.mark.parametrize("verdict", ["250 ok", "554 5.6.0 no", "451 4.3.0 later"])
def test_the_next_message_begins_behind_the_dot_whatever_the_answer_to_it(verdict: str) -> None:
    answers = (f"S: {verdict}", "S: 250 reset", *YES, "S: 250 ok", goodbye("smtp"))
    with Scripted(script(FAST, TO_BOB, *YES, BEGUN, *answers)) as server:
        first, second = submit_two(server)
    assert isinstance(second, Submission)
    assert second.accepted == (EVE,)
    assert isinstance(first, Submission) == (verdict == "250 ok")


def test_where_all_of_what_was_begun_are_refused_it_is_brought_to_an_end() -> None:
    refused = ("S: 250 ok", "S: 550 5.1.1 unknown", "S: 354 go", "C: .", "S: 554 nobody")
    parts = (TO_BOB, *YES, BEGUN, "S: 250 ok", "S: 250 reset", *refused, goodbye("smtp"))
    with Scripted(script(FAST, *parts)) as server:
        first, second = submit_two(server)
    assert isinstance(first, Submission)
    assert isinstance(second, Submission)
    assert (first.accepted, second.accepted, list(second.refused)) == ((BOB,), (), [EVE])


@pytest.mark.parametrize(
    ("names", "following"),
    [
        pytest.param(("SIZE 1000",), NEXT, id="no PIPELINING"),
        pytest.param(("PIPELINING", "SIZE 1000"), NEXT._replace(size=1001), id="too large"),
        pytest.param(
            ("PIPELINING",),
            Following(replace(ONE, recipients=("é@example.org",)), len(LETTER)),
            id="no SMTPUTF8",
        ),
        pytest.param(
            ("PIPELINING",),
            Following(replace(ONE, recipients=tuple(f"{n}@example.org" for n in range(100))), 1),
            id="more than may be on its way",
        ),
    ],
)
def test_what_cannot_be_said_yet_waits_for_the_answer(
    names: tuple[str, ...], following: Following
) -> None:
    conversation = script(
        opening("smtp", logged_in=False, names=names), transaction((BOB,)), goodbye("smtp")
    )
    with Scripted(conversation) as server, session_with(server) as session:
        first = session.submit(ONE, [LETTER], size=len(LETTER), following=following)
        session.quit()
    assert first.accepted == (BOB,)


def test_only_behind_the_last_dot_of_a_message_is_the_next_one_begun() -> None:
    bob_and_eve = replace(THREE, recipients=(BOB, LATER))
    conversation = script(
        LIMITED,
        transaction((BOB,)),
        *(r"C? MAIL FROM:.*", f"C: RCPT TO:<{LATER}>", "C: DATA", *YES, BEGUN),
        "S: 250 ok",
        "@gone",
    )
    with Scripted(conversation) as server, session_with(server) as session:
        first = session.submit(bob_and_eve, [LETTER], size=len(LETTER), following=NEXT)
        session.quit()
    assert first.accepted == (BOB, LATER)


def test_goodbye_is_no_line_of_a_message_that_was_begun() -> None:
    answers = ("S: 250 ok", "S: 250 reset", "S: 250 ok", "S: 250 ok", "S: 354 go", "@gone")
    with (
        Scripted(script(FAST, TO_BOB, *YES, BEGUN, *answers)) as server,
        session_with(server) as session,
    ):
        session.submit(ONE, [LETTER], size=len(LETTER), following=NEXT)
        session.quit()


def test_a_message_is_never_sent_to_those_of_another_that_was_begun() -> None:
    answers = ("S: 250 ok", "S: 250 reset", "S: 250 ok", "S: 250 ok", "S: 354 go", "@gone")
    with (
        Scripted(script(FAST, TO_BOB, *YES, BEGUN, *answers)) as server,
        session_with(server) as session,
    ):
        session.submit(ONE, [LETTER], size=len(LETTER), following=NEXT)
        with pytest.raises(TemporaryFailure, match="another message"):
            session.submit(ONE, [LETTER], size=len(LETTER))
        assert not session.is_open


# -- delivery reports ------------------------------------------------------


def test_reports_are_asked_for_where_the_server_gives_them() -> None:
    conversation = script(
        opening("smtp", logged_in=False, names=("DSN",)),
        "C: MAIL FROM:<ada@example.org> RET=HDRS",
        "S: 250 ok",
        f"C: RCPT TO:<{BOB}> NOTIFY=SUCCESS,FAILURE",
        "S: 250 ok",
        "C: DATA",
        "S: 354 go",
        "C. message",
        "S: 250 ok",
        "@rest",
    )
    wanted = Envelope(
        *("ada@example.org", (BOB,)),
        notify=(Notify.SUCCESS, Notify.FAILURE),
        returned=Return.HEADERS,
    )
    with Scripted(conversation) as server:
        assert submit(server, wanted).accepted == (BOB,)


@pytest.mark.parametrize(
    "wanted", [{"notify": (Notify.NEVER,)}, {"returned": Return.FULL}], ids=["notify", "return"]
)
def test_a_report_that_the_server_does_not_give_is_refused_before_anything_is_sent(
    wanted: dict[str, tuple[Notify, ...] | Return],
) -> None:
    failure = failed(script(FAST, "@gone"), replace(THREE, **wanted))  # type: ignore[arg-type]
    assert isinstance(failure, Refused)
    assert "DSN" in failure.message


def test_never_and_something_else_contradict_each_other() -> None:
    with pytest.raises(InvalidMessage, match="alone"):
        replace(THREE, notify=(Notify.NEVER, Notify.DELAY))


# -- without a password ----------------------------------------------------


def test_a_certificate_logs_in_without_a_word() -> None:
    names = ("PIPELINING", "AUTH PLAIN EXTERNAL")
    beginning = opening("smtp", logged_in=False, names=names)
    with (
        Scripted(script(beginning, "C: AUTH EXTERNAL =", "S: 235 ok")) as server,
        session_with(server) as session,
    ):
        session.login(AuthKind.EXTERNAL, lambda: Identity("ada", Secret("")))


def test_a_certificate_is_not_replaced_by_an_empty_password() -> None:
    beginning = opening("smtp", logged_in=False, names=("AUTH PLAIN LOGIN",))
    with (
        Scripted(script(beginning, "@gone")) as server,
        session_with(server) as session,
        pytest.raises(LoginFailed),
    ):
        session.login(AuthKind.EXTERNAL, pytest.fail)
