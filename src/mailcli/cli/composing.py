"""Options of all commands that write a message, and what they ask for."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailcli.cli.option import PathName, option
from mailcli.errors import UsageError

if TYPE_CHECKING:
    from mailcli.app.outgoing import Request
    from mailcli.model import Notify

_OPTIONS = {
    "subject": option("-s", "--subject", default="", metavar="TEXT", help="The subject."),
    "to": option("-t", "--to", multiple=True, metavar="ADDRESS", help="A recipient; repeatable."),
    "cc": option("-c", "--cc", multiple=True, metavar="ADDRESS", help="A copy, seen by all."),
    "bcc": option(
        "-b", "--bcc", multiple=True, metavar="ADDRESS", help="A copy that nobody sees."
    ),
    "from": option(
        "-r", "--from", "sender", metavar="ADDRESS", help="The author (the account's)."
    ),
    "envelope-from": option(
        "-f", "--envelope-from", "envelope_sender", metavar="ADDRESS", help="Where bounces go."
    ),
    "attach": option(
        "-a",
        "--attach",
        multiple=True,
        type=PathName(),
        metavar="FILE",
        help="Attach a file; repeatable.",
    ),
    "header": option(
        "-H",
        "--header",
        "headers",
        multiple=True,
        metavar="'NAME: VALUE'",
        help="A further header.",
    ),
    "reply-to": option(
        "--reply-to", multiple=True, metavar="ADDRESS", help="Where answers should go."
    ),
    "body": option(
        "--body", metavar="TEXT", help="The text; else it is read from standard input."
    ),
    "body-file": option(
        "--body-file",
        type=PathName(),
        metavar="FILE",
        help="Read it from a file.",
    ),
    "html": option(
        "--html", is_flag=True, help="The text is HTML; plain text is made from it, too."
    ),
    "markdown": option(
        "--markdown", is_flag=True, help="The text is Markdown; HTML is made from it, too."
    ),
    "inline": option(
        "--inline",
        multiple=True,
        type=PathName(),
        metavar="FILE",
        help="An image that the HTML shows as cid:NAME; repeatable.",
    ),
    "raw": option("--raw", is_flag=True, help="The input is a whole message; send it as it is."),
    "read-recipients": option(
        "--read-recipients", is_flag=True, help="With --raw, send to those in its header, too."
    ),
    "fcc": option("--fcc", "sent_folder", metavar="FOLDER", help="Keep the copy in this folder."),
    "no-save": option("--no-save", is_flag=True, help="Keep no copy."),
    "queue": option(
        "--queue", is_flag=True, help="Put it into the outbox; outbox flush sends it."
    ),
    "queue-on-tempfail": option(
        "--queue-on-tempfail", is_flag=True, help="Put it there where it cannot be sent for now."
    ),
    "dsn-notify": option(
        "--dsn-notify",
        metavar="EVENTS",
        help="Ask for reports: never, or success, failure and delay with commas between.",
    ),
    "dsn-return": option(
        "--dsn-return",
        type=click.Choice(["hdrs", "full"]),
        help="What a report brings back of the message.",
    ),
    "draft": option(
        "--draft", is_flag=True, help="Save it in the Drafts folder instead of sending it."
    ),
}
"""The options of writing and sending, by their long names, in the order of their help."""

_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("attach", "headers", "reply_to", "inline"), ()),
    **dict.fromkeys(("html", "markdown", "raw", "read_recipients", "no_save", "draft"), False),
    **dict.fromkeys(("queue", "queue_on_tempfail"), False),
    **dict.fromkeys(("body", "body_file", "dsn_notify", "dsn_return"), None),
    "subject": "",
}


def writing_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command these of the options, in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            function = _OPTIONS[name](function)
        return function

    return decorate


def request_of(**values: Any) -> "Request":  # noqa: ANN401 - see Request
    """Return what the options ask for, but for what is read from standard input.

    Raises: UsageError (2) for options that contradict each other.
    """
    from mailcli.app.outgoing import Queue, Relay, Request
    from mailcli.app.rich_text import Form
    from mailcli.cli.writing import chunks_of
    from mailcli.model import Return

    values = _DEFAULTS | values
    _refuse_contradictions(**values)
    own = {name: values[name] for name in Request._fields if name in values}
    html, markdown = values["html"], values["markdown"]
    always, sometimes = values["queue"], values["queue_on_tempfail"]
    returned = values["dsn_return"]
    return Request(
        **own
        | {
            "text": values["body"] or "",
            "form": Form.HTML if html else Form.MARKDOWN if markdown else Form.PLAIN,
            "relay": Relay(chunks_of(values["body_file"]), values["read_recipients"])
            if values["raw"]
            else None,
            "save": not values["no_save"],
            "queue": Queue.ALWAYS if always else Queue.ON_TEMPFAIL if sometimes else Queue.NEVER,
            "notify": parse_notify(values["dsn_notify"]),
            "returned": Return(returned) if returned else None,
        }
    )


def parse_notify(text: str | None) -> "tuple[Notify, ...]":
    """Read the events of --dsn-notify. Raises: UsageError (2)."""
    from mailcli.model import Notify

    names = [name.strip().lower() for name in text.split(",")] if text else []
    unknown = [name for name in names if name not in {*Notify}]
    if unknown:
        raise UsageError(f"--dsn-notify: {unknown[0]!r} is none of {', '.join(Notify)}")
    return tuple(map(Notify, dict.fromkeys(names)))


def _refuse_contradictions(
    *,
    raw: bool,
    body: str | None,
    body_file: Path | None,
    **values: Any,  # noqa: ANN401 - see Request
) -> None:
    own = ("attach", "headers", "reply_to", "subject", "html", "markdown", "inline")
    fields = [name for name in own if values[name]]
    if raw and (fields or body is not None):
        raise UsageError("--raw sends a finished message: it takes no text and no fields")
    if values["html"] and values["markdown"]:
        raise UsageError("--html and --markdown contradict each other")
    if values["read_recipients"] and not raw:
        raise UsageError("--read-recipients needs --raw: there is no header to read")
    if values["queue"] and values["queue_on_tempfail"]:
        raise UsageError("--queue and --queue-on-tempfail contradict each other")
    if values["draft"] and (raw or values["queue"] or values["queue_on_tempfail"]):
        raise UsageError("--draft sends nothing: it goes with neither --raw nor --queue")
    if body is not None and body_file is not None:
        raise UsageError("--body and --body-file contradict each other")
