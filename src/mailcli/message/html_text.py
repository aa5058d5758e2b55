"""Plain text from HTML, for the alternative that travels beside it. Pure.

What a reader without HTML needs: paragraphs, lists, where links lead, what
images show. No style, no script, nothing that is not text.
"""

import re
import textwrap
from html.parser import HTMLParser

_WIDTH = 72
_SILENT = frozenset({"script", "style", "head", "title", "template"})
_BLOCKS = frozenset(
    {
        *("p", "div", "table", "tr", "ul", "ol", "dl", "dt", "dd", "section", "article"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "header", "footer", "hr"),
    }
)
_APART = frozenset({"p", "ul", "ol", "dl", "table", "blockquote", "pre", "h1", "h2", "h3", "h4"})
"""Blocks that have an empty line around them."""


def html_to_text(html: str) -> str:
    """Return the text of an HTML document, its last line ended."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.finished())
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._line: list[str] = []
        self._indent: list[str] = []
        self._lists: list[int | None] = []
        self._bullet = ""
        self._links: list[tuple[str, int]] = []
        self._silent = 0
        self._pre = 0

    def finished(self) -> list[str]:
        """Return the pieces of the text."""
        self._end_line()
        return self._out

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a list, a link; show an image by its words."""
        given = {name: value or "" for name, value in attrs}
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self._end_block(tag)
        match tag:
            case "br":
                self._end_line(keep_empty=True)
            case "ul" | "ol":
                self._lists.append(0 if tag == "ol" else None)
            case "li":
                self._begin_item()
            case "blockquote":
                self._indent.append("> ")
            case "pre":
                self._pre += 1
            case "hr":
                self._out.append("-" * 20 + "\n")
            case _:
                self._begin_inline(tag, given)

    def _begin_inline(self, tag: str, given: dict[str, str]) -> None:
        match tag:
            case "a":
                self._links.append((given.get("href", ""), len(self._line)))
            case "img" if given.get("alt"):
                self._line.append(f"[{given['alt']}]")
            case "td" | "th" if self._line:
                self._line.append("  ")

    def handle_endtag(self, tag: str) -> None:
        """End what was begun."""
        self._silent = max(0, self._silent - (tag in _SILENT))
        match tag:
            case "a" if self._links:
                self._end_link()
            case "li":
                self._end_line()
            case "blockquote" if self._indent:
                self._end_line()
                self._indent.pop()
        if tag in _BLOCKS:
            self._end_block(tag)
        match tag:
            case "ul" | "ol" if self._lists:
                self._lists.pop()
            case "pre":
                self._pre = max(0, self._pre - 1)

    def handle_data(self, data: str) -> None:
        """Take text; white space counts only inside `pre`."""
        if self._silent:
            return
        if not self._pre:
            self._line.append(re.sub(r"[ \t\r\n\f]+", " ", data))
            return
        first, *others = data.replace("\r\n", "\n").split("\n")
        self._line.append(first)
        for line in others:
            self._end_line(keep_empty=True)
            self._line.append(line)

    def _begin_item(self) -> None:
        self._end_line()
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number + 1
        self._bullet = "  " * max(0, len(self._lists) - 1)
        self._bullet += f"{number + 1}. " if number is not None else "- "

    def _end_link(self) -> None:
        target, start = self._links.pop()
        text = "".join(self._line[start:]).strip()
        if target.startswith(("http:", "https:", "mailto:")) and text != target:
            self._line.append(f" <{target}>")

    def _end_block(self, tag: str) -> None:
        self._end_line()
        if tag in _APART and self._out and self._out[-1].strip("> \n") and not self._lists:
            self._out.append("".join(self._indent).rstrip() + "\n")

    def _end_line(self, *, keep_empty: bool = False) -> None:
        text, self._line = "".join(self._line), []
        if not self._pre:
            text = re.sub(" +", " ", text).strip()
        if not text.strip() and not keep_empty:
            return
        quote, bullet = "".join(self._indent), self._bullet
        self._bullet = ""
        if self._pre:
            self._out.append(f"{quote}{bullet}{text}\n")
            return
        lines = textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=quote + bullet,
            subsequent_indent=quote + " " * len(bullet),
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._out += [f"{line}\n" for line in lines or [quote.rstrip()]]
