"""HTML of a message for a browser: what arranges and colours text, and nothing else. Pure.

Built anew from lists of what is allowed, so that what nobody thought of is left out:
no scripts, forms, style sheets, frames or embedded objects, and nothing that the
browser would load from anywhere. Images are those that came with the message.
A Content-Security-Policy in the document says the same once more.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import unquote

from mailcli.message.html_links import target_of
from mailcli.message.html_tokens import End, Raw, Start, Text, tokens

POLICY = (
    "default-src 'none'; img-src data: cid:; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'"
)
ELEMENTS = frozenset(
    {
        *("a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote"),
        *("br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "dfn"),
        *("div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark"),
        *("nav", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small"),
        *("span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th"),
        *("thead", "time", "tr", "tt", "u", "ul", "var", "wbr"),
    }
)
ATTRIBUTES = frozenset(
    {
        *("abbr", "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "color"),
        *("colspan", "dir", "face", "height", "hspace", "lang", "nowrap", "role", "rowspan"),
        *("scope", "size", "span", "start", "title", "type", "valign", "value", "vspace"),
        "width",
    }
)
"""Those that any element may have; `href`, `src` and `style` are written by their own rules."""
PROPERTIES = frozenset(
    {
        *("background", "background-color", "border-collapse", "border-radius"),
        *("border-spacing", "clear", "color", "direction", "display", "float", "font"),
        *("font-family", "font-size", "font-style", "font-variant", "font-weight", "height"),
        *("letter-spacing", "line-height", "list-style-type", "max-height", "max-width"),
        *("min-height", "min-width", "opacity", "overflow", "overflow-wrap", "table-layout"),
        *("text-align", "text-decoration", "text-indent", "text-transform", "unicode-bidi"),
        *("vertical-align", "visibility", "white-space", "width", "word-break", "word-spacing"),
        *("word-wrap",),
        *(f"{box}{side}" for box in ("margin", "padding") for side in ("", "-top", "-right")),
        *(f"{box}{side}" for box in ("margin", "padding") for side in ("-bottom", "-left")),
        *(f"border{side}" for side in ("", "-top", "-right", "-bottom", "-left")),
        *(f"border-{what}" for what in ("color", "style", "width")),
    }
)
"""Of CSS; `position` is not among them, as it lays text over other text."""

_SILENT = frozenset(
    {
        *("script", "style", "title", "template", "noscript", "object", "svg", "math", "head"),
        *("applet", "audio", "video", "canvas", "iframe", "noembed", "noframes", "select"),
        *("datalist", "textarea", "xmp"),
    }
)
"""Elements that are left out with what is in them."""
_BODY = frozenset({"body", "div", "p", "table", "center"})
_EMPTY = frozenset({"br", "col", "hr", "img", "wbr"})
_DEEPEST = 200
_LONGEST_STYLE = 4_000
_VALUE = re.compile(r"(?:[\w\s.,#%!+-]|(?:rgba?|hsla?)\([\d\s.,%/]*\))*", re.ASCII)
_IMAGE = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp|bmp);base64,[A-Za-z0-9+/]+=*", re.IGNORECASE
)
_PAGE = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8">\n'
    '<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    '<meta name="referrer" content="no-referrer">\n<title>Message</title></head>\n'
    "<body>\n{body}\n</body></html>\n"
)


def sanitised(html: str, *, images: Mapping[str, str] | None = None) -> str:
    """Return a whole document that shows a message's HTML, loads nothing, and runs nothing.

    `images`: the `data:` address for each Content-ID (RFC 2392), without its angle
    brackets. A link's target stands in its title. Time grows with the length alone.
    """
    body = "".join(_Writer(images or {}).written(html))
    return _PAGE.format(policy=POLICY, body=body)


class _Writer:
    """Writes tokens that are allowed, each element closed in its turn."""

    def __init__(self, images: Mapping[str, str]) -> None:
        self._images = images
        self._open: list[str] = []
        self._silent: list[str] = []
        self._too_deep = 0

    def written(self, html: str) -> Iterator[str]:
        """Yield the pieces of the document's body."""
        for token in tokens(html):
            match token:
                case Text(text) if not self._silent:
                    yield escape(text, quote=False)
                case Start():
                    yield from self._start(token)
                case End(name):
                    yield from self._end(name)
                case Text() | Raw():
                    pass
        for name in reversed(self._open):
            yield f"</{name}>"

    def _start(self, tag: Start) -> Iterator[str]:
        if self._silent == ["head"] and tag.name in _BODY:
            self._silent = []
        if tag.name in _SILENT and not (tag.closed and tag.name in {"svg", "math"}):
            if len(self._silent) < _DEEPEST:
                self._silent.append(tag.name)
        elif self._silent or tag.name not in ELEMENTS:
            return
        elif tag.name in _EMPTY:
            yield self._tag(tag)
        elif len(self._open) >= _DEEPEST:
            self._too_deep += 1
        else:
            self._open.append(tag.name)
            yield self._tag(tag)

    def _end(self, name: str) -> Iterator[str]:
        if self._silent:
            if name in self._silent:
                at = len(self._silent) - 1 - self._silent[::-1].index(name)
                del self._silent[at:]
        elif name not in ELEMENTS or name in _EMPTY:
            return
        elif self._too_deep:
            self._too_deep -= 1
        elif name in self._open:
            closed = ""
            while closed != name:
                closed = self._open.pop()
                yield f"</{closed}>"

    def _tag(self, tag: Start) -> str:
        pairs = "".join(f' {name}="{escape(value)}"' for name, value in self._attributes(tag))
        return f"<{tag.name}{pairs}>"

    def _attributes(self, tag: Start) -> Iterator[tuple[str, str]]:
        target = target_of(tag.attributes.get("href", "")) if tag.name == "a" else ""
        for name, value in tag.attributes.items():
            if name == "style":
                if style := _style(value):
                    yield "style", style
            elif name in ATTRIBUTES and not (name == "title" and target):
                yield name, value[:2000]
        if target:
            shown = f"mailto:{target}" if ":" not in target else target
            yield from (("href", shown), ("title", target), ("rel", "noreferrer noopener"))
        if tag.name == "img" and (source := self._image(tag.attributes.get("src", ""))):
            yield "src", source

    def _image(self, source: str) -> str:
        """Return the address of an image that came with the message; empty: any other one."""
        source = "".join(source.split())
        if source[:4].lower() == "cid:":
            source = self._images.get(unquote(source[4:]).strip("<> "), "")
        return source if _IMAGE.fullmatch(source) else ""


def _style(text: str) -> str:
    """Return what is allowed of a style attribute."""
    kept = []
    for part in text[:_LONGEST_STYLE].split(";"):
        name, _, value = part.partition(":")
        name, value = name.strip().lower(), re.sub("[\"']", "", value).strip()
        if name in PROPERTIES and value and _VALUE.fullmatch(value):
            kept.append(f"{name}: {value}")
    return "; ".join(kept)
