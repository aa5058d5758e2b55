"""The tour, with a stand-in for mailcli: what it shows, and that it notices what goes wrong."""

import io
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailcli.demo.sandbox import Sandbox, sandbox
from mailcli.demo.tour import BANNER, Ran, TourFailed, child_runner, tour

NOW = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
SENT = b"Subject: Hello\r\n\r\nIs this on?\r\n"


class StandIn:
    """Does to the sandbox what mailcli would do, as simply as can be."""

    def __init__(self, made: Sandbox) -> None:
        self.made = made
        self.calls: list[list[str]] = []

    def __call__(self, args: Sequence[str]) -> Ran:
        """Run one command."""
        self.calls.append(list(args))
        account = args[args.index("-A") + 1] if "-A" in args else "demo"
        match args[0]:
            case "send":
                return self.send(args[args.index("-t") + 1])
            case "pop-fetch":
                self.pop_fetch()
            case "imap-sync":
                self.imap_sync(account)
        return Ran(0, "\n".join(f"{args[0]} line {number}" for number in range(99)))

    def send(self, address: str) -> Ran:
        """Deliver, and leave a copy for the laptop to upload."""
        refused = {"nobody@demo.example": 67, "busy@demo.example": 75}
        if address in refused:
            return Ran(refused[address], f"{address}: refused")
        self.made.mailbox.add(self.made.mailbox.folder("INBOX"), SENT, NOW)
        self.write("demo", "Sent", "copy:2,S", SENT)
        return Ran(0, "C: DATA")

    def pop_fetch(self) -> None:
        """Write what is not there yet."""
        for uid, message in self.made.mailbox.folder("INBOX").messages.items():
            self.write("home", "INBOX", f"{uid}:2,", message.raw)

    def imap_sync(self, account: str) -> None:
        """Upload the copy, take over what was seen, then write everything anew."""
        root = self.made.maildir(account)
        copy = root / "Sent" / "cur" / "copy:2,S"
        if copy.exists():
            sent = self.made.mailbox.folder("Sent")
            self.made.mailbox.add(sent, copy.read_bytes(), NOW, flags=["\\Seen"])
            copy.unlink()
        for folder in self.made.mailbox.folders.values():
            for uid, message in folder.messages.items():
                here = root / folder.name / "cur"
                for path in here.glob(f"{uid}:2,*"):
                    if path.name.endswith("S"):
                        message.flags |= {"\\Seen"}
                    path.unlink()
                letters = {"\\Answered": "R", "\\Flagged": "F", "\\Seen": "S"}
                flags = "".join(sorted(letters[flag] for flag in message.flags))
                self.write(account, folder.name, f"{uid}:2,{flags}", message.raw)

    def write(self, account: str, folder: str, name: str, raw: bytes) -> None:
        """Put a file into a Maildir."""
        path: Path = self.made.maildir(account) / folder / "cur" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)


@pytest.fixture
def made() -> Iterator[Sandbox]:
    with sandbox(NOW, environ=os.environ) as found:
        yield found


def show(made: Sandbox, run: StandIn) -> str:
    out = io.StringIO()
    tour(made, out, run=run)
    return out.getvalue()


def test_every_command_is_shown_as_typed_before_its_output(made: Sandbox) -> None:
    run = StandIn(made)
    shown = show(made, run)
    assert shown.lstrip().startswith(BANNER[:40])
    position = 0
    for call in run.calls:
        position = shown.index(f"$ mailcli {call[0]} ", position) + 1
    assert "$ mailcli send -t ada@demo.example -s Hello --body 'Is this on?'" in shown


def test_each_protocol_is_shown_with_its_conversation(made: Sandbox) -> None:
    run = StandIn(made)
    show(made, run)
    traced = {call[0] for call in run.calls if "--trace" in call}
    assert traced == {"send", "pop-fetch", "imap-sync"}


def test_a_long_output_is_cut_in_the_middle_and_says_so(made: Sandbox) -> None:
    shown = show(made, StandIn(made))
    assert "… 45 more lines …" in shown
    assert "pop-fetch line 39\n" in shown
    assert "pop-fetch line 40\n" not in shown
    assert "pop-fetch line 98\n" in shown


def test_refusals_are_shown_with_their_exit_codes(made: Sandbox) -> None:
    shown = show(made, StandIn(made))
    assert "nobody@demo.example: refused\n(exit code 67)" in shown
    assert "busy@demo.example: refused\n(exit code 75)" in shown


def test_it_pauses_between_the_parts_when_asked_to(made: Sandbox) -> None:
    pauses: list[None] = []
    tour(made, io.StringIO(), run=StandIn(made), pause=lambda: pauses.append(None))
    assert len(pauses) == 4


@pytest.mark.parametrize("failing", ["send", "pop-fetch", "folders", "imap-sync", "list"])
def test_a_command_that_fails_fails_the_tour(made: Sandbox, failing: str) -> None:
    class Failing(StandIn):
        def __call__(self, args: Sequence[str]) -> Ran:
            return Ran(70, "") if args[0] == failing else super().__call__(args)

    with pytest.raises(TourFailed, match=f"`mailcli {failing}` ended with 70"):
        show(made, Failing(made))


def test_a_refusal_that_does_not_come_fails_the_tour(made: Sandbox) -> None:
    class Careless(StandIn):
        def send(self, address: str) -> Ran:
            super().send(address)
            return Ran(0, "")

    with pytest.raises(TourFailed, match="ended with 0 instead of 67"):
        show(made, Careless(made))


def test_a_message_that_does_not_arrive_fails_the_tour(made: Sandbox) -> None:
    class Loses(StandIn):
        def send(self, address: str) -> Ran:
            del address
            return Ran(0, "")

    with pytest.raises(TourFailed, match="one message has arrived"):
        show(made, Loses(made))


def test_mail_that_is_fetched_twice_fails_the_tour(made: Sandbox) -> None:
    class Forgetful(StandIn):
        def pop_fetch(self) -> None:
            super().pop_fetch()
            self.write("home", "INBOX", f"again-{len(self.calls)}", SENT)

    with pytest.raises(TourFailed, match="at home once"):
        show(made, Forgetful(made))


@pytest.mark.parametrize("change", [b"", SENT + b"more"], ids=["lost", "changed"])
def test_two_devices_that_differ_fail_the_tour(made: Sandbox, change: bytes) -> None:
    class Careless(StandIn):
        def imap_sync(self, account: str) -> None:
            super().imap_sync(account)
            if account == "phone":
                path = self.made.maildir("phone") / "Archive" / "cur" / "1:2,RS"
                path.unlink()
                if change:
                    path.write_bytes(change)

    with pytest.raises(TourFailed, match="the same"):
        show(made, Careless(made))


def test_a_flag_that_does_not_reach_the_phone_fails_the_tour(made: Sandbox) -> None:
    class Deaf(StandIn):
        def imap_sync(self, account: str) -> None:
            if account == "demo" or not self.made.maildir("phone").exists():
                super().imap_sync(account)

    with pytest.raises(TourFailed, match="the same flags"):
        show(made, Deaf(made))


def test_the_child_is_this_very_mailcli_in_the_sandbox(made: Sandbox) -> None:
    ran = child_runner(made)(["--version"])
    assert ran.exit_code == 0
    assert ran.output.startswith("mailcli ")
