"""What a delivery status report says, in sentences (RFC 3464 §2). Pure.

    delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )

Only what a reader needs: for whom it failed, was late or went well, and why.
"""

import re
from collections.abc import Iterator, Mapping

from mailcli.message.encoded_words import decode_words
from mailcli.message.fields import parse_fields

_MOST_RECIPIENTS = 100
_ACTIONS = {
    "failed": "not delivered to",
    "delayed": "not delivered yet to",
    "delivered": "delivered to",
    "relayed": "passed on, to where no more is reported, for",
    "expanded": "delivered to the list",
}
_GROUPS = re.compile(rb"(?:\r?\n[ \t]*)+\r?\n")


def report_lines(content: bytes) -> list[str]:
    """Return a sentence for each recipient of a report; not cleaned."""
    groups = [_fields(each) for each in _GROUPS.split(content.lstrip())[: _MOST_RECIPIENTS + 2]]
    about = [each for each in groups if "action" in each or "final-recipient" in each]
    lines = [line for each in about[:_MOST_RECIPIENTS] for line in _sentences(each)]
    if len(about) > _MOST_RECIPIENTS:
        lines.append("… and more")
    return lines


def _fields(group: bytes) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for name, value in parse_fields(group.lstrip(b"\r\n"))[0]:
        fields.setdefault(name.lower(), decode_words(value).strip())
    return fields


def _sentences(fields: Mapping[str, str]) -> Iterator[str]:
    action = fields.get("action", "").lower()
    recipient = _typed(fields.get("final-recipient") or fields.get("original-recipient", ""))
    status = fields.get("status", "").partition(" ")[0]
    verb = _ACTIONS.get(action, f"{action or 'reported'}:")
    yield f"{verb} {recipient or '(nobody named)'}{f' (status {status})' if status else ''}"
    if reason := _typed(fields.get("diagnostic-code", "")):
        server = _typed(fields.get("remote-mta", ""))
        yield f"    {server}: {reason}" if server else f"    {reason}"
    if until := fields.get("will-retry-until"):
        yield f"    tried again until {until}"


def _typed(value: str) -> str:
    """Return what follows the type in `rfc822; ada@example.org`."""
    kind, semicolon, rest = value.partition(";")
    return " ".join((rest if semicolon else kind).split())
