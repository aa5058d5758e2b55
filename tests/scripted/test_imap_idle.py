"""Waiting for news: with IDLE, renewed in time and ended with DONE, or by asking."""

import contextlib
from collections.abc import Generator
from typing import cast

import pytest

from mailcli.errors import MailError, ProtocolViolation, TemporaryFailure
from mailcli.imap.responses import Data
from mailcli.imap.session import CommandFailed, ImapSession
from tests.scripted.imap import knows, opened_folder, store, talking
from tests.scripted.sessions import NEVER, SOON
from tests.support.dialogues import answer, goodbye, script
from tests.support.scripted import Scripted

IDLE = ("C: {tag} IDLE", "S: + idling")
DONE = ("C: DONE", "S: {tag} OK done")
AT_ONCE = 0.01


def waiting(session: ImapSession, seconds: float) -> Generator[Data, None, None]:
    return cast("Generator[Data, None, None]", session.idle(seconds))


def test_news_come_as_they_happen_and_closing_ends_the_wait() -> None:
    with talking(
        opened_folder(),
        *IDLE,
        "S: * 4 EXISTS",
        "S: * OK still here",
        "S: * 2 FETCH (FLAGS (\\Seen))",
        *DONE,
        goodbye("imap"),
        can=("IDLE",),
    ) as session:
        session.select(b"INBOX")
        with contextlib.closing(waiting(session, NEVER)) as news:
            assert [(one.name, one.number) for one in (next(news), next(news))] == [
                ("EXISTS", 4),
                ("FETCH", 2),
            ]
        session.logout()


def test_silence_is_no_failure_and_what_comes_at_the_end_counts() -> None:
    with talking(
        *IDLE, "C: DONE", "S: * 5 EXISTS", "S: {tag} OK done", goodbye("imap"), can=("IDLE",)
    ) as session:
        assert [one.name for one in session.idle(AT_ONCE)] == ["EXISTS"]
        session.logout()


def test_the_wait_is_longer_than_the_time_out_of_an_answer() -> None:
    """The server speaks only when the test says so, after a time in which no answer is late."""
    conversation = script(
        knows("IDLE"), *IDLE, "@flush", f"@stall {SOON * 2}", "S: * 5 EXISTS", *DONE, "@rest"
    )
    with Scripted(conversation) as server, store(server, timeout=SOON) as session:
        news = waiting(session, NEVER)
        assert next(news).number == 5
        news.close()


def test_idle_is_said_anew_before_the_server_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailcli.imap.idle.RENEWAL", AT_ONCE)
    with talking(
        *IDLE, *DONE, *IDLE, *DONE, *IDLE, "S: * 5 EXISTS", *DONE, "@rest", can=("IDLE",)
    ) as session:
        news = waiting(session, NEVER)
        assert next(news).number == 5
        news.close()


def test_news_before_the_server_consents_are_news() -> None:
    with talking(
        "C: {tag} IDLE",
        "S: * 5 EXISTS",
        "S: + idling",
        "C: DONE",
        "S: {tag} OK done",
        goodbye("imap"),
        can=("IDLE",),
    ) as session:
        news = waiting(session, NEVER)
        assert next(news).number == 5
        news.close()  # the consent may not have been read yet
        session.logout()


def test_without_idle_the_server_is_asked() -> None:
    with talking(
        answer("NOOP", "5 EXISTS", "OK whatever", "3 EXPUNGE"), goodbye("imap")
    ) as session:
        assert [one.name for one in session.idle(AT_ONCE)] == ["EXISTS", "EXPUNGE"]
        session.logout()


def test_without_idle_the_server_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailcli.imap.idle.POLL", AT_ONCE)
    with talking(answer("NOOP"), answer("NOOP"), answer("NOOP", "5 EXISTS"), "@rest") as session:
        assert next(waiting(session, NEVER)).number == 5


@pytest.mark.parametrize("verdict", ["NO not here", "BAD what"])
def test_a_server_that_refuses_to_wait_leaves_the_session_usable(verdict: str) -> None:
    refused = answer("IDLE", status=verdict)
    with talking(refused, goodbye("imap"), can=("IDLE",)) as session:
        with pytest.raises(CommandFailed):
            next(waiting(session, NEVER))
        session.logout()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("S: * BYE idle for too long", TemporaryFailure),
        ("@cut", TemporaryFailure),
        ("@reset", TemporaryFailure),
        ("S: {tag} OK I stopped", ProtocolViolation),
        ("S: + once more", ProtocolViolation),
        ("S: garbage", ProtocolViolation),
    ],
)
def test_a_wait_that_the_server_ends_is_a_failure(said: str, kind: type[MailError]) -> None:
    end = [] if said.startswith("@") else ["@rest"]
    with (
        talking(*IDLE, said, *end, can=("IDLE",)) as session,
        pytest.raises(kind),
    ):
        next(waiting(session, NEVER))


def test_half_a_piece_of_news_is_waited_for_no_longer_than_an_answer() -> None:
    conversation = script(knows("IDLE"), *IDLE, "S! * 5 EXI", "@stall forever")
    with (
        Scripted(conversation) as server,
        store(server, timeout=SOON) as session,
        pytest.raises(TemporaryFailure, match="in time"),
    ):
        next(waiting(session, NEVER))
