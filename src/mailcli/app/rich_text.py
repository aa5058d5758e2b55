"""The text of a message in two forms: HTML for readers that show it, plain text for all."""

import os
import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple
from urllib.parse import quote

from mailcli.errors import UsageError

_PAGE = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{}</body></html>\n'

_BODY = re.compile(r"<body(?:\s[^>]*)?>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>(?!.*</body)", re.IGNORECASE | re.DOTALL)


class Form(Enum):
    """What the text that was given is."""

    PLAIN = "plain"
    HTML = "html"
    MARKDOWN = "markdown"


class Quote(NamedTuple):
    """Another's text within the user's, in both forms; `on_top`: it stands above."""

    plain: str
    html: str
    on_top: bool = True

    def beside(self, text: str) -> str:
        """Return it in plain form with the user's text."""
        if self.on_top:
            return f"{self.plain}\n{text}"
        return f"{text.rstrip()}\n\n{self.plain}" if text.strip() else f"\n\n{self.plain}"

    def within(self, page: str) -> str:
        """Return the user's page with it in."""
        body = _BODY.search(page) if self.on_top else _BODY_END.search(page)
        at = (body.end() if self.on_top else body.start()) if body else -1
        if body is None:
            return f"{self.html}{page}" if self.on_top else f"{page}\n{self.html}"
        return page[:at] + "\n" + self.html + page[at:]


class Texts(NamedTuple):
    """Plain text, and HTML or nothing; `content_ids` belong to the inline files, in order."""

    plain: str
    html: str = ""
    content_ids: tuple[str, ...] = ()


def both_forms(
    text: str, form: Form, inline: Sequence[str], *, domain: str, quote: Quote | None = None
) -> Texts:
    """Return a text in the forms that it travels in, with what it quotes.

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
    ids = tuple(f"{os.urandom(12).hex()}@{domain}" for _ in inline)
    for name, content_id in zip(inline, ids, strict=True):
        html = _shown(html, name, content_id)
    if quote is not None:
        plain, html = quote.beside(plain), quote.within(html) if html else ""
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
