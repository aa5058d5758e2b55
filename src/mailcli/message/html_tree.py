"""An HTML document as a tree of what may be seen of it. Pure.

Takes what mail holds: tags that are never closed, closed twice, or in the wrong
order. Depth and number of elements are bounded, so that nobody who walks the
tree needs care for either; text beyond the bounds is kept, without its layout.
"""

from dataclasses import dataclass, field

from mailcli.message.html_plain import plain_text_of
from mailcli.message.html_style import (
    hidden_classes,
    hides_font,
    hides_ink,
    is_hidden,
    loads,
    style_of,
)
from mailcli.message.html_tokens import End, Raw, Start, Text, Token, evened, tokens

DEEPEST = 120
_MOST_TAGS = 80_000

BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dir"),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "html", "legend", "li", "main", "menu", "nav"),
        *("ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead"),
        *("tr", "ul", "caption", "listing", "plaintext"),
    }
)
_SILENT = frozenset(
    {
        *("script", "style", "head", "title", "template", "noscript", "object", "svg", "math"),
        *("applet", "audio", "video", "canvas", "iframe", "noembed", "noframes", "map"),
        *("select", "datalist", "textarea", "embed"),
    }
)
"""Elements of which nothing is shown."""
_FOREIGN = frozenset({"svg", "math"})
_BODY = frozenset({"body", "div", "p", "table", "center"})
"""What a head that was never closed ends at."""
_EMPTY = frozenset(
    {
        *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img"),
        *("input", "keygen", "link", "meta", "param", "source", "track", "wbr"),
    }
)
_LISTS = frozenset({"ul", "ol", "dir", "menu"})
_CELLS = frozenset({"td", "th"})
_SECTIONS = frozenset({"thead", "tbody", "tfoot"})
_ENDED_BY: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), _LISTS | {"table", "td", "th"}),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl", "table", "td", "th"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl", "table", "td", "th"})),
    "td": (_CELLS | {"caption"}, frozenset({"table", "tr"})),
    "th": (_CELLS | {"caption"}, frozenset({"table", "tr"})),
    "tr": (frozenset({"tr", "caption"}), frozenset({"table"})),
    **dict.fromkeys(_SECTIONS, (_SECTIONS | {"caption"}, frozenset({"table"}))),
    "a": (frozenset({"a"}), BLOCKS),
}
"""What a start tag ends if it is open, and within what it looks for that."""
_P = frozenset({"p"})
_P_SCOPE = _CELLS | {"table", "blockquote", "li", "div", "center"}
_SCOPE = _CELLS | {"table"}
"""What an end tag of something else never ends."""


@dataclass(slots=True)
class Node:
    """An element: name, attributes, properties of its style, and what is in it in order."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    style: dict[str, str] = field(default_factory=dict)
    parts: list["Node | str"] = field(default_factory=list)


@dataclass(slots=True)
class Tree:
    """A document: what is seen of it, and what was left out."""

    root: Node
    remote_images: int = 0
    hidden: int = 0
    """Passages that held text and were not to be seen."""


def tree_of(html: str) -> Tree:
    """Read a document."""
    html = evened(html)
    builder = _Builder()
    for token in tokens(html):
        builder.take(token)
        if isinstance(token, Start | End) and builder.tags > _MOST_TAGS:
            builder.rest(plain_text_of(html[token.end :]))
            break
    return builder.tree


@dataclass(slots=True)
class _Ink:
    """What of the surroundings decides whether text is seen."""

    no_font: bool = False
    no_ink: bool = False


class _Builder:
    """Puts tokens into a tree; `take` one after another."""

    def __init__(self) -> None:
        self.tree = Tree(Node("html"))
        self.tags = 0
        self._open = [self.tree.root]
        self._ink = [_Ink()]
        self._count: dict[str, int] = {}
        """How many elements of a name are open."""
        self._too_deep = 0
        self._hidden_classes: set[str] = set()
        self._silent: list[str] = []
        """Elements that are open below, and with, one of which nothing is shown."""
        self._counted = True

    def take(self, token: Token) -> None:
        """Take one more token."""
        self.tags += not isinstance(token, Text)
        match token:
            case Text(text):
                self._text(text)
            case Raw("style", sheet):
                self._hidden_classes |= hidden_classes(sheet)
                self.tree.remote_images += loads(sheet)
            case Raw():
                pass
            case Start():
                self._start(token)
            case End(name):
                self._end(name)

    def rest(self, text: str) -> None:
        """Take what is behind the last element that counts, as lines of text."""
        self._open[1:], self._ink[1:], self._silent = [], [], []
        self._open[0].parts.append(Node("pre", parts=[text]))

    def _text(self, text: str) -> None:
        ink = self._ink[-1]
        if not (self._silent or ink.no_font or ink.no_ink):
            self._open[-1].parts.append(text)
        elif not self._counted and text.strip():
            self._counted = True
            self.tree.hidden += 1

    def _start(self, tag: Start) -> None:
        self._count_images(tag)
        if self._silent:
            if len(self._silent) > 1 or not _ends_silence(self._silent[0], tag.name):
                if tag.name not in _EMPTY and len(self._silent) < DEEPEST:
                    self._silent.append(tag.name)
                return
            self._silent = []
        style = style_of(tag.attributes["style"]) if "style" in tag.attributes else {}
        if tag.name in _SILENT or self._is_hidden(tag, style):
            self._close_for(tag.name)
            if not (tag.name in _EMPTY or (tag.closed and tag.name in _FOREIGN)):
                self._silent = [tag.name]
                self._counted = tag.name in _SILENT
            return
        self._close_for(tag.name)
        self._push(Node(tag.name, tag.attributes, style))

    def _push(self, node: Node) -> None:
        if len(self._open) >= DEEPEST and node.name not in _EMPTY:
            self._too_deep += 1
            if node.name in BLOCKS:
                self._open[-1].parts.append(Node("br"))
            return
        self._open[-1].parts.append(node)
        if node.name in _EMPTY:
            return
        around = self._ink[-1]
        font, ink = hides_font(node.style), hides_ink(node.style)
        inside = _Ink(
            around.no_font if font is None else font, around.no_ink if ink is None else ink
        )
        self._open.append(node)
        self._count[node.name] = self._count.get(node.name, 0) + 1
        self._ink.append(inside)
        if inside != around and (inside.no_font or inside.no_ink):
            self._counted = False

    def _is_hidden(self, tag: Start, style: dict[str, str]) -> bool:
        if "hidden" in tag.attributes or is_hidden(style):
            return True
        named = tag.attributes.get("class", "") if self._hidden_classes else ""
        return not self._hidden_classes.isdisjoint(named.split())

    def _count_images(self, tag: Start) -> None:
        given = tag.attributes
        source = given.get("src", "") or given.get("srcset", "") if tag.name == "img" else ""
        for address in (source, given.get("background", "")):
            self.tree.remote_images += _is_remote(address)
        self.tree.remote_images += loads(given.get("style", ""))

    def _close_for(self, name: str) -> None:
        """Close what cannot hold an element of that name."""
        if name in _ENDED_BY:
            ended, scope = _ENDED_BY[name]
            self._close(ended, scope)
        if name in BLOCKS:
            self._close(_P, _P_SCOPE)

    def _end(self, name: str) -> None:
        if self._silent:
            if name in self._silent:
                at = len(self._silent) - 1 - self._silent[::-1].index(name)
                del self._silent[at:]
            elif self._silent[0] not in _SILENT and name in BLOCKS and self._count.get(name, 0):
                # its own end tag is missing: nothing is hidden for longer than its surroundings
                self._silent = []
                self._end(name)
        elif self._too_deep and name not in _EMPTY:
            self._too_deep -= 1
        elif name in {"br", "p"} and not self._count.get(name):
            self._open[-1].parts.append(Node("br"))
        else:
            self._close(frozenset({name}), _scope_of(name))

    def _close(self, ended: frozenset[str], scope: frozenset[str]) -> None:
        """Close the innermost element of these names and all in it, unless in another `scope`."""
        if not any(self._count.get(name) for name in ended):
            return
        for at in range(len(self._open) - 1, 0, -1):
            name = self._open[at].name
            if name in ended:
                for node in self._open[at:]:
                    self._count[node.name] -= 1
                del self._open[at:], self._ink[at:]
                return
            if name in scope:
                return


def _ends_silence(silent: str, name: str) -> bool:
    """Tell whether a start tag ends an unclosed element of which nothing is shown."""
    if silent == "head":
        return name in _BODY
    if silent == "p":
        return name in BLOCKS
    return name in _ENDED_BY and silent in _ENDED_BY[name][0]


def _scope_of(name: str) -> frozenset[str]:
    if name in BLOCKS:
        return (
            frozenset()
            if name == "table"
            else frozenset({"table"})
            if name in (_CELLS | _SECTIONS | {"tr"})
            else _SCOPE
        )
    return BLOCKS


def _is_remote(address: str) -> bool:
    return address.strip().lower().startswith(("http:", "https:", "//"))
