"""The mail that the demo begins with: made up, always the same but for its dates.

One of each thing that mail readers get wrong: a thread, a newsletter that
would report who reads it, attachments with foreign names, an old charset, a
sender who is not who it seems, a message that attacks the terminal, and an
invitation. Pure but for `fill`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from mailcli.demo.mailbox import INBOX, Mailbox
from mailcli.demo.mime import (
    Part,
    encoded_word,
    file_part,
    message,
    multipart,
    pdf,
    png,
    text_part,
)

ADA = "Ada Lovelace <ada@demo.example>"
GRACE = "Grace Hopper <grace@demo.example>"
ALAN = "Alan Turing <alan@demo.example>"
CLUB = "Garden Club <garden-club@lists.demo.example>"
ZURICH = "Travel/Z&APw-rich"
"""`Travel/Zürich` in modified UTF-7 (RFC 3501 §5.1.3)."""

FOLDERS: tuple[tuple[str, str | None], ...] = (
    ("Archive", "\\Archive"),
    ("Drafts", "\\Drafts"),
    ("Junk", "\\Junk"),
    ("Lists/garden-club", None),
    ("Sent", "\\Sent"),
    ("Trash", "\\Trash"),
    (ZURICH, None),
)
"""Folders beside INBOX, as the wire has them, with their special use (RFC 6154)."""

_SEEN = "\\Seen"


@dataclass(frozen=True, slots=True)
class Seed:
    """One message, how long ago it came, where to, and its flags."""

    age: timedelta
    raw: bytes
    folder: str = INBOX
    flags: tuple[str, ...] = ()


def fill(mailbox: Mailbox, now: datetime) -> None:
    """Make the folders and put every message where it belongs, the oldest first."""
    for name, role in FOLDERS:
        mailbox.create(name, role=role)
    for seed in sorted(seeds(now), key=lambda seed: -seed.age):
        mailbox.add(mailbox.folder(seed.folder), seed.raw, now - seed.age, flags=seed.flags)


def seeds(now: datetime) -> Iterator[Seed]:
    """Yield all messages, dated back from `now`, which has a time zone."""
    write = _Writer(now)
    yield from _thread(write)
    yield from _readers(write)
    yield from _deceivers(write)
    yield _invitation(write)
    yield from _elsewhere(write)


@dataclass(frozen=True, slots=True)
class _Writer:
    now: datetime

    def __call__(
        self, age: timedelta, sender: str, subject: str, part: Part, *, name: str, **more: str
    ) -> bytes:
        """Return a message to Ada; `more` are further fields, `_` for `-`."""
        fields = {
            "From": sender,
            "To": more.pop("To", ADA),
            "Subject": subject,
            "Date": format_datetime(self.now - age),
            "Message-ID": identifier(name),
            **{field.replace("_", "-"): value for field, value in more.items()},
        }
        return message(list(fields.items()), part)


def identifier(name: str) -> str:
    """Return the Message-ID of a seeded message."""
    return f"<{name}@seed.demo.example>"


def _thread(write: _Writer) -> Iterator[Seed]:
    said = (
        (
            timedelta(days=2, hours=5),
            GRACE,
            ADA,
            "Shall we meet on Friday? The moth is framed now.",
        ),
        (timedelta(days=2, hours=3), ADA, GRACE, "> Shall we meet on Friday?\n\nGladly. Where?"),
        (timedelta(days=1, hours=20), GRACE, ADA, "> Where?\n\nThe tea room, at four."),
        (timedelta(hours=3), ALAN, ADA, "> The tea room, at four.\n\nMay I come, too?"),
    )
    before: list[str] = []
    for number, (age, sender, to, text) in enumerate(said, 1):
        links = {"In_Reply_To": before[-1], "References": " ".join(before)} if before else {}
        subject = "Tea on Friday" if number == 1 else "Re: Tea on Friday"
        name = f"tea-{number}"
        raw = write(age, sender, subject, text_part(text), name=name, To=to, **links)
        ours = sender == ADA
        yield Seed(
            age,
            raw,
            folder="Sent" if ours else INBOX,
            flags=(_SEEN,) if number < 3 else (),
        )
        before.append(identifier(name))


def _readers(write: _Writer) -> Iterator[Seed]:
    """Yield what a reader must be able to show."""
    age = timedelta(days=1, hours=9)
    html = """
<html><head><style>p { font-family: serif }</style></head><body>
<h1>The Weekly Loom</h1>
<p>Five patterns for <b>patient</b> weavers, and a
<a href="https://loom.example/patterns?reader=4711">catalogue</a>.</p>
<img src="https://loom.example/open.gif?reader=4711" width="1" height="1" alt="">
<p style="display:none">You should not see this line.</p>
</body></html>
"""
    newsletter = write(
        age,
        "The Weekly Loom <news@loom.example>",
        "Five patterns for patient weavers",
        text_part(html, "text/html"),
        name="loom",
        List_Id="<weekly.loom.example>",
        List_Unsubscribe="<https://loom.example/unsubscribe/4711>",
        List_Unsubscribe_Post="List-Unsubscribe=One-Click",
    )
    yield Seed(age, newsletter)

    age = timedelta(days=3)
    parts = (
        text_part("Two files from the trip.\nThe ticket is for your records."),
        file_part(
            png(64, 32), "image/png", "attachment; filename*=utf-8''Z%C3%BCrichsee%20%E2%98%80.png"
        ),
        file_part(
            pdf("Ticket, second class"), "application/pdf", 'attachment; filename="ticket.pdf"'
        ),
    )
    trip = write(
        age,
        ALAN,
        "Pictures and the ticket",
        multipart("mixed", parts, boundary="=_trip"),
        name="trip",
    )
    yield Seed(age, trip, flags=(_SEEN, "\\Flagged"))

    age = timedelta(days=4)
    japanese = write(
        age,
        encoded_word("山田花子", "iso-2022-jp") + " <hanako@demo.example>",
        encoded_word("こんにちは", "iso-2022-jp"),
        text_part(
            "エイダさん、\n\nお元気ですか。来月ロンドンへ行きます。\n\n花子", charset="iso-2022-jp"
        ),
        name="hanako",
    )
    yield Seed(age, japanese)


def _deceivers(write: _Writer) -> Iterator[Seed]:
    """Yield what a reader must not fall for."""
    age = timedelta(hours=7)
    bank = write(
        age,
        '"Your Bank <security@bank.example>" <refund@harvest.example>',
        "Your account will be closed today",
        text_part("Confirm your password: https://bank.example.harvest.example/login"),
        name="harvest",
        Reply_To="refund@harvest.example",
        Authentication_Results="mail.demo.example; spf=fail smtp.mailfrom=harvest.example;"
        " dkim=none; dmarc=fail header.from=harvest.example",
    )
    yield Seed(age, bank)

    age = timedelta(hours=6)
    # Clears the screen, sets the title, hides text, writes the clipboard, turns the reading order.
    attack = (
        "Invoice 2291\n\x1b[2J\x1b[1;1HPaid in full.\n\x1b[8mhidden\x1b[0m\n"
        "\x1b]52;c;cm0gLXJmIH4=\x07\nSee invoice\u202efdp.exe\n"
    )
    terminal = write(
        age,
        "Accounts <accounts@invoice.example>",
        "Invoice \x1b]0;your terminal is mine\x07\x1b[31moverdue\x1b[0m",
        text_part(attack),
        name="invoice",
    )
    yield Seed(age, terminal)


def _invitation(write: _Writer) -> Seed:
    age = timedelta(hours=2)
    friday = write.now + timedelta(days=(4 - write.now.weekday()) % 7)
    event = f"""
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//demo.example//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:tea@demo.example
DTSTAMP:{write.now:%Y%m%dT%H%M%SZ}
DTSTART:{friday:%Y%m%d}T160000Z
DTEND:{friday:%Y%m%d}T170000Z
SUMMARY:Tea on Friday
LOCATION:The tea room
ORGANIZER;CN=Grace Hopper:mailto:grace@demo.example
ATTENDEE;CN=Ada Lovelace;RSVP=TRUE:mailto:ada@demo.example
END:VEVENT
END:VCALENDAR
"""
    parts = (
        text_part("Tea on Friday, at four."),
        text_part(event, "text/calendar; method=REQUEST"),
    )
    both = multipart("alternative", parts, boundary="=_tea")
    raw = write(age, GRACE, "Invitation: Tea on Friday", both, name="invitation")
    return Seed(age, raw)


def _elsewhere(write: _Writer) -> Iterator[Seed]:
    """Yield what lies in other folders."""
    age = timedelta(days=40)
    text = text_part("The engine's second volume is at the printer's.")
    raw = write(age, GRACE, "Volume two", text, name="volume-two")
    yield Seed(age, raw, folder="Archive", flags=(_SEEN, "\\Answered"))

    for number, (days, subject) in enumerate(((6, "Seeds to swap"), (5, "Re: Seeds to swap")), 1):
        age = timedelta(days=days)
        text = text_part(
            "Beans, mostly. Who has sweet peas?" if number == 1 else "I have. Sunday?"
        )
        raw = write(
            age,
            GRACE if number == 1 else ALAN,
            f"[garden-club] {subject}",
            text,
            name=f"garden-{number}",
            To=CLUB,
            List_Id="<garden-club.lists.demo.example>",
        )
        yield Seed(age, raw, folder="Lists/garden-club", flags=(_SEEN,) if number == 1 else ())

    age = timedelta(days=12)
    subject = encoded_word("Hotel am Zürichsee", "utf-8")
    text = text_part("Ihr Zimmer ist reserviert.\nGrüße aus Zürich", charset="iso-8859-1")
    raw = write(age, "Hotel <hotel@zuerich.example>", subject, text, name="hotel")
    yield Seed(age, raw, folder=ZURICH, flags=(_SEEN,))
