"""The words of an HTML document, fast: for the index, not for eyes. Pure.

No layout and no links; what is hidden counts too, since it is found in the
message. `html_page` is for reading.
"""

import re

from mailcli.message.html_tokens import unescaped

_SILENT = re.compile(r"<(script|style|title)(?=[\s/>])", re.IGNORECASE)
_SILENT_END = re.compile(r"</(?:script|style|title)(?=[\s/>])", re.IGNORECASE)
_COMMENT = "<!--"
_BREAKING = re.compile(
    r"</?(?:p|div|br|tr|td|th|li|h[1-6]|table|ul|ol|dl|dt|dd|pre|blockquote|hr|section|article"
    r"|option|center)(?=[\s/>])[^>]*>?",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[a-zA-Z/!?][^>]*>?")
_SPACE = re.compile(r"[ \t\r\f\xa0]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]+")


def plain_text_of(html: str) -> str:
    """Return the words of a document, its blocks on lines of their own. Linear."""
    text = _without_silent(_without_comments(html))
    text = _TAG.sub("", _BREAKING.sub("\n", text.replace("\n", " ")))
    text = _SPACE.sub(" ", _CONTROL.sub("", unescaped(text)))
    return "\n".join(line for part in text.split("\n") if (line := part.strip()))


def _without_comments(html: str) -> str:
    if _COMMENT not in html:
        return html
    kept, at = [], 0
    while (start := html.find(_COMMENT, at)) >= 0:
        kept.append(html[at:start])
        end = html.find("-->", start + 2)
        if end < 0:
            return "".join(kept)
        at = end + 3
    return "".join([*kept, html[at:]])


def _without_silent(html: str) -> str:
    kept, at = [], 0
    while (start := _SILENT.search(html, at)) is not None:
        kept.append(html[at : start.start()])
        end = _SILENT_END.search(html, start.end())
        if end is None:
            return "".join(kept)
        at = end.start()
    return "".join([*kept, html[at:]])
