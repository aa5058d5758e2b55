"""The tour: real commands against the demo's servers, each shown with what it printed.

It teaches what the three protocols are for, and proves that mailcli works: a
command that ends otherwise than expected, or two devices that do not hold the
same mail, fail it. It asks nothing, so that it runs unattended.
"""

import shlex
import subprocess
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from mailcli.demo import maildirs
from mailcli.demo.mailbox import INBOX
from mailcli.demo.sandbox import HOME, LAPTOP, PHONE, Sandbox, mailcli_command
from mailcli.errors import Exit, MailError

BANNER = (
    "DEMO: this mail is made up, the servers listen on 127.0.0.1 only, "
    "and everything is removed at the end."
)
_WIDTH = 88
_HEAD, _TAIL = 40, 14
"""Lines that are shown of a long conversation: its beginning and its end."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it wrote to both its outputs, in order."""

    exit_code: int
    output: str


Runner = Callable[[Sequence[str]], Ran]
"""Runs mailcli with these arguments."""


class TourFailed(MailError):
    """A step of the tour did not do what it shows."""


def child_runner(sandbox: Sandbox) -> Runner:
    """Return a runner that starts this mailcli as a child process in the sandbox."""
    environment = {**sandbox.environment, "COLUMNS": str(_WIDTH), "PYTHONIOENCODING": "utf-8"}

    def run(args: Sequence[str]) -> Ran:
        done = subprocess.run(
            mailcli_command(args),
            env=environment,
            cwd=sandbox.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode("utf-8", "replace"))

    return run


def tour(
    sandbox: Sandbox, out: TextIO, *, run: Runner, pause: Callable[[], None] = lambda: None
) -> None:
    """Show everything once; `pause` is called between the parts.

    Raises:
        TourFailed: a step did not do what it shows.
    """
    guide = Guide(out, run)
    guide.say(BANNER)
    parts = (_smtp, _pop3, _imap, _two_devices)
    for part in parts:
        part(guide, sandbox)
        pause()
    guide.say(_FAREWELL)


class Guide:
    """Says things, and runs commands for all to see."""

    def __init__(self, out: TextIO, run: Runner) -> None:
        self._out = out
        self._run = run

    def title(self, text: str) -> None:
        """Begin a part."""
        self._write(f"\n{text}\n{'=' * len(text)}")

    def say(self, text: str) -> None:
        """Explain something; paragraphs are set to the width of the tour."""
        for paragraph in text.strip().split("\n\n"):
            self._write("\n" + textwrap.fill(" ".join(paragraph.split()), _WIDTH))

    def mailcli(self, *args: str, expect: Exit = Exit.OK) -> None:
        """Run one command and show it with its output. Raises: TourFailed."""
        self.show(shlex.join(["mailcli", *args]))
        ran = self._run(args)
        for line in _shortened(ran.output.splitlines()):
            self._write(line)
        if expect is not Exit.OK:
            self._write(f"(exit code {ran.exit_code})")
        if ran.exit_code != expect:
            raise TourFailed(
                f"`mailcli {args[0]}` ended with {ran.exit_code} instead of {expect:d}",
                hint="please report it, with what is shown above",
            )

    def show(self, command: str) -> None:
        """Show a command line."""
        self._write(f"\n$ {command}")

    def check(self, what: str, *, holds: bool) -> None:
        """Tell that something has been looked at and is so. Raises: TourFailed."""
        if not holds:
            raise TourFailed(f"this does not hold: {what}")
        self.say(f"Checked: {what}.")

    def _write(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()


def _shortened(lines: list[str]) -> list[str]:
    """Leave out the middle of a long conversation, and say so."""
    left_out = len(lines) - _HEAD - _TAIL
    if left_out <= 1:
        return lines
    note = f"   … {left_out} more lines …"
    return [*lines[:_HEAD], note, *lines[-_TAIL:]]


def _smtp(guide: Guide, sandbox: Sandbox) -> None:
    guide.title("1. SMTP delivers")
    guide.say(
        """
        SMTP hands a message to a server, and does nothing else: it cannot fetch, list or
        search. It is pushed on from server to server until it lies in somebody's mailbox.

        With --trace, mailcli shows the conversation. C: is what we say, S: what the server
        answers. Look for the envelope (MAIL FROM, RCPT TO), which is not the same as the
        From and To that readers see, and for the lone dot that ends the message.
        """
    )
    before = len(sandbox.mailbox.folder(INBOX).messages)
    text = ("-s", "Hello", "--body", "Is this on?")
    guide.mailcli("send", "-t", "ada@demo.example", *text, "--trace", "-o", "table")
    arrived = len(sandbox.mailbox.folder(INBOX).messages) - before
    guide.check("one message has arrived in the inbox", holds=arrived == 1)
    guide.say(
        """
        A server answers for each recipient. A 5xx is for good, and a 4xx is for now; scripts
        can tell by the exit code.
        """
    )
    refused = (("nobody@demo.example", Exit.RECIPIENT), ("busy@demo.example", Exit.TEMPORARY))
    for address, code in refused:
        guide.mailcli("send", "-t", address, *text, "--no-save", "-o", "table", expect=code)


def _pop3(guide: Guide, sandbox: Sandbox) -> None:
    guide.title("2. POP3 takes mail home")
    guide.say(
        """
        POP3 knows one inbox and one reader: it lists what has arrived and hands it over, and
        the mail can then be read offline. Other programs delete it from the server after
        that. mailcli keeps it there until you say otherwise, and remembers by the server's
        unique-ids (UIDL) what it has.
        """
    )
    guide.mailcli("pop-fetch", "-A", HOME, "-v", "-o", "table", "--trace")
    guide.say("Once more: nothing is new, so nothing is fetched and nothing is there twice.")
    guide.mailcli("pop-fetch", "-A", HOME, "-v", "-o", "table")
    there = len(sandbox.mailbox.folder(INBOX).messages)
    at_home = sum(maildirs.contents(sandbox.maildir(HOME)).values())
    guide.check(
        f"the {there} messages of the server's inbox are at home once, and still on the server",
        holds=at_home == there,
    )
    guide.mailcli("list", "-A", HOME, "-o", "table")


def _imap(guide: Guide, _: Sandbox) -> None:
    guide.title("3. IMAP shares folders")
    guide.say(
        """
        With IMAP the mail stays on the server, in folders with flags, and every device sees
        the same. mailcli mirrors them both ways into a Maildir, which any other mail program
        can read, too.
        """
    )
    guide.mailcli("folders", "-A", LAPTOP, "-o", "table")
    guide.say(
        """
        The first run brings everything here. It also takes something there: the copy of the
        message that we sent above has waited in the laptop's Sent folder.
        """
    )
    guide.mailcli("imap-sync", "-A", LAPTOP, "-v", "-o", "table")
    guide.mailcli("list", "-A", LAPTOP, "-o", "table", "--limit", "8")
    guide.say(
        """
        Two of these are not what they seem: one hides its real sender behind the name of a
        bank, and one has control characters in its subject that would take over a terminal.
        mailcli shows both as they are.
        """
    )


def _two_devices(guide: Guide, sandbox: Sandbox) -> None:
    guide.title("4. Two devices, one mailbox")
    guide.say("A phone that has never been here sees the same folders, the sent message too.")
    guide.mailcli("imap-sync", "-A", PHONE, "-v", "-o", "table")
    guide.mailcli("list", "-A", PHONE, "--folder", "Sent", "-o", "table")
    _check_same(guide, sandbox)
    guide.say(
        """
        On the laptop, a message is read in another mail program. All that program does is
        rename the file: S stands for seen.
        """
    )
    _read_elsewhere(guide, sandbox)
    guide.say(
        """
        The next run sees it and tells the server. Look for the SELECT that opens the folder,
        the FETCH that asks what has changed there, and the STORE that sets the flag.
        """
    )
    guide.mailcli("imap-sync", INBOX, "-A", LAPTOP, "-v", "-o", "table", "--trace")
    guide.say("And the phone learns of it.")
    guide.mailcli("imap-sync", "-A", PHONE, "-v", "-o", "table")
    _check_same(guide, sandbox)


def _check_same(guide: Guide, sandbox: Sandbox) -> None:
    laptop, phone = (maildirs.contents(sandbox.maildir(name)) for name in (LAPTOP, PHONE))
    on_server = sum(len(folder.messages) for folder in sandbox.mailbox.folders.values())
    count = sum(laptop.values())
    guide.check(
        f"laptop, phone and server hold the same {count} messages, with the same flags",
        holds=laptop == phone and count == on_server,
    )


def _read_elsewhere(guide: Guide, sandbox: Sandbox) -> None:
    """Mark the newest unread message of the laptop as seen, as other programs do."""
    unread = maildirs.unseen(sandbox.maildir(LAPTOP) / INBOX)
    if unread is None:
        raise TourFailed("the laptop's inbox holds no unread message")
    renamed = maildirs.as_seen(unread)
    names = [str(path.relative_to(sandbox.directory)) for path in (unread, renamed)]
    guide.show(shlex.join(["mv", *names]))
    unread.rename(renamed)


_FAREWELL = """
That was it: SMTP to deliver, POP3 to take home, IMAP to share.

Now try it yourself, still without an account: `mailcli demo shell` opens a shell with these
accounts, `mailcli demo run -- list` runs one command, and `mailcli demo serve` keeps the
servers up for any mail program. With an account of your own, the README says how to begin.
"""
