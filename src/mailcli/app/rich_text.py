"""The text of a message in two forms: HTML for readers that show it, plain text for all."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from mailcli.errors import UsageError

_PAGE = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{}</body></html>\n'


class Form(Enum):
    """What the text that was given is."""

    PLAIN = "plain"
    HTML = "html"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Texts:
    """Plain text, and HTML or nothing; `content_ids` belong to the inline files, in order."""

    plain: str
    html: str = ""
    content_ids: tuple[str, ...] = ()


def both_forms(text: str, form: Form, inline: Sequence[str], *, domain: str) -> Texts:
    """Return a text in the forms that it travels in.

    `inline` are names of files that the HTML shows: `cid:NAME` in it becomes the part's
    Content-ID (RFC 2392), which is unique for ever.

    Raises: UsageError (2) for a file that the text does not show.
    """
    plain, html = text, ""
    match form:
        case Form.HTML:
            plain, html = _from_html(text), text
        case Form.MARKDOWN:
            html = _from_markdown(text)
    ids = tuple(f"{secrets.token_hex(12)}@{domain}" for _ in inline)
    for name, content_id in zip(inline, ids, strict=True):
        html = _shown(html, name, content_id)
    return Texts(plain, html, ids)


def _from_html(text: str) -> str:
    from mailcli.message.html_page import to_text

    return to_text(text, width=72).text or "\n"


def _from_markdown(text: str) -> str:
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark").enable("table").enable("strikethrough").render(text)
    return _PAGE.format(body)


def _shown(html: str, name: str, content_id: str) -> str:
    if not html:
        raise UsageError("--inline needs --html or --markdown", hint="-a attaches a file")
    forms = "|".join(re.escape(form) for form in {name, quote(name)})
    found, count = re.subn(rf"cid:(?:{forms})(?=[\"'\s>)])", f"cid:{content_id}", html)
    if not count:
        raise UsageError(
            f"--inline {name}: the text does not show it",
            hint=f'write <img src="cid:{name}">, or in Markdown ![](cid:{name})',
        )
    return found
