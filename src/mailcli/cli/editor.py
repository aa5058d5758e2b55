"""Writing a message in the user's editor: its header to edit above, its text below."""

import contextlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailcli.errors import (
    CannotCreate,
    ConfirmationNeeded,
    InvalidMessage,
    MailError,
    UsageError,
)

if TYPE_CHECKING:
    from mailcli.app.outgoing import Request

_FIELDS = {"To": "to", "Cc": "cc", "Bcc": "bcc"}


def editor_of(environ: Mapping[str, str]) -> list[str]:
    """Return the editor's command line; empty where the user has named none.

    Raises: UsageError (2) where it has a quote that is not closed.
    """
    variable = "VISUAL" if environ.get("VISUAL") else "EDITOR"
    command = environ.get(variable) or ""
    try:
        return shlex.split(command)
    except ValueError as exc:
        raise UsageError(f"{variable} is no command: {command}", hint=f"{exc}".lower()) from exc


@dataclass(slots=True)
class Written:
    """What was written, and the file it is in, which stays if `sent` is not set."""

    request: "Request"
    path: Path
    sent: bool = False


@contextlib.contextmanager
def written(request: "Request", editor: list[str], directory: Path) -> Iterator[Written]:
    """Let the user write the message and give what they asked for, for the block to send.

    What was written is kept in a file until the block says that it is sent; where the block
    fails, the error says where it is.

    Raises: ConfirmationNeeded (3) where nothing was written; InvalidMessage (65).
    """
    from mailcli.paths import private_dir

    before = _template(request)
    descriptor, name = tempfile.mkstemp(
        prefix="message-", suffix=".eml", dir=private_dir(directory)
    )
    path = Path(name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(before)
    _edit(editor, path)
    after = path.read_text("utf-8", "replace")
    if after == before or not after.strip():
        path.unlink()
        raise ConfirmationNeeded("nothing was written, so nothing was sent")
    try:
        result = Written(_understood(request, after), path)
        yield result
    except MailError as exc:
        exc.hint = "; ".join(filter(None, [exc.hint, f"what you wrote is kept in {path}"]))
        raise
    if result.sent:
        path.unlink()


def _edit(editor: list[str], path: Path) -> None:
    try:
        code = subprocess.run([*editor, str(path)], check=False).returncode
    except OSError as exc:
        path.unlink()
        raise CannotCreate(f"editor {editor[0]}: {exc.strerror}", hint="set VISUAL") from exc
    if code:
        raise ConfirmationNeeded(
            f"the editor ended with {code}; nothing was sent", hint=f"what is there: {path}"
        )


def _template(request: "Request") -> str:
    people = {**_FIELDS, "From": "sender", "Reply-To": "reply_to"}
    lines = []
    for field, attribute in people.items():
        value = getattr(request, attribute)
        if field == "To":
            value = request.recipients + request.to
        text = value or "" if field == "From" else ", ".join(value)
        if text or field in {"To", "Cc"}:
            lines.append(f"{field}: {text}".rstrip(" ") + ("" if text else " "))
    lines.append(f"Subject: {request.subject}")
    return "\n".join([*lines, "", request.text])


def _understood(request: "Request", text: str) -> "Request":
    """Read the header that the user left, and the text below it."""
    header, _, body = text.replace("\r\n", "\n").partition("\n\n")
    values: dict[str, list[str]] = {}
    for line in header.replace("\n ", " ").replace("\n\t", " ").splitlines():
        name, colon, value = line.partition(":")
        if not colon or " " in name:
            raise InvalidMessage(f"{line!r} is no header field", hint="an empty line ends them")
        values.setdefault(name.lower(), []).append(value.strip())
    people = {
        attribute: tuple(filter(None, values.pop(field.lower(), [])))
        for field, attribute in {**_FIELDS, "Reply-To": "reply_to"}.items()
    }
    sender = "".join(values.pop("from", [])) or None
    subject = " ".join(values.pop("subject", []))
    more = tuple(f"{name.title()}: {value}" for name in values for value in values[name])
    return request._replace(
        recipients=(),
        to=people["to"],
        cc=people["cc"],
        bcc=people["bcc"],
        reply_to=people["reply_to"],
        sender=sender or request.sender,
        subject=subject,
        headers=request.headers + more,
        text=body,
        typed=True,
    )
