"""What joins messages into threads: the identifiers that they name, and their subjects. Pure.

RFC 5322 §3.6.4 (Message-ID, In-Reply-To, References), and RFC 5256 §2.1 for the base subject.
"""

import re

_MSG_ID = re.compile(rb"<\s*([^<>\s]+)\s*>")
_MOST_NAMED = 100
"""Identifiers of a message that count: the first and the last ones."""

_REPLY = re.compile(
    r"\s*(?:(?:re|aw|sv|vs|antw|odp|ref|r\u00e9f|r|res|rif|enc|ynt|ang|fw|fwd|wg|tr)"
    r"\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:\uff1a]|\[[^\][]{1,60}\](?=\s*\S))\s*",
    re.IGNORECASE,
)
_LEAST_REPLY = re.compile(
    r"\s*(?:\[[^\][]{1,60}\]\s*)?(?:re|aw|sv|vs|antw|odp|r\u00e9f|res|rif|ynt|ang)"
    r"\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:\uff1a]",
    re.IGNORECASE,
)


def identifiers(value: bytes) -> tuple[bytes, ...]:
    """Return the identifiers of a field, without their brackets, each once, in order.

    Some programs write them without brackets, or with words between: those in brackets count,
    and where there are none, what holds an `@`.
    """
    found = _MSG_ID.findall(value) or [
        each.strip(b"<>,;\"'") for each in value.split() if b"@" in each
    ]
    each = tuple(dict.fromkeys(filter(None, found)))
    half = _MOST_NAMED // 2
    return each if len(each) <= _MOST_NAMED else each[:half] + each[-half:]


def base_subject(subject: str) -> str:
    """Return a subject without what replies, forwards and lists put before it, folded."""
    text, before = subject, None
    while text != before:
        before, text = text, _REPLY.sub("", text, count=1) if _REPLY.match(text) else text
    return " ".join(text.split()).casefold()


def is_reply(subject: str) -> bool:
    """Tell whether a subject begins as that of a reply does, in the usual languages."""
    return _LEAST_REPLY.match(subject) is not None
