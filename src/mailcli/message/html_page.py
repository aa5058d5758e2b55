"""HTML as people read it in a terminal: paragraphs, lists, tables, links as footnotes. Pure.

Nothing is ever fetched, run or looked up. What cannot be seen in a browser (hidden
text, tracking pixels, styles, scripts) is left out, and counted where it matters.
Time and memory grow with the length of the document alone, whatever it holds.

The result holds no control characters but LF; what else `clean` takes away (bidi
controls, soft hyphens) is left to it.
"""

from dataclasses import dataclass

from mailcli.message.columns import width_of
from mailcli.message.html_flow import KEPT_SPACE, Flow, Space
from mailcli.message.html_links import Link, Links
from mailcli.message.html_plain import plain_text_of
from mailcli.message.html_style import is_pixel, is_tight
from mailcli.message.html_table import Cell, Table, columns_of, flow_of
from mailcli.message.html_tree import BLOCKS, Node, tree_of

WIDTH = 78
_NARROWEST = 24
"""No quotation or list goes further in."""
_LONGEST = 8_000_000
"""Characters of a document that are read."""
_RULE = "-" * 20
_APART = frozenset({"p", "dl", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "listing", "figure"})
"""Blocks that have an empty line around them."""
_HEADINGS = {"h1": "=", "h2": "-"}


@dataclass(frozen=True, slots=True)
class Page:
    """A document as text, and what its reader should know."""

    body: str
    """Lines that end with LF, without the targets of the links; empty: nothing to see."""
    links: tuple[Link, ...] = ()
    remote_images: int = 0
    """Images that were not fetched."""
    hidden: int = 0
    """Passages of text that a browser would not show."""
    warnings: tuple[str, ...] = ()
    """Links that pretend to lead elsewhere, one sentence each; not cleaned."""

    @property
    def footnotes(self) -> str:
        """The targets of the links, `[1] https://example.org/`, a line each."""
        return "".join(f"[{link.number}] {link.target}\n" for link in self.links)

    @property
    def text(self) -> str:
        """The body, and the footnotes below an empty line."""
        return "\n".join(part for part in (self.body, self.footnotes) if part)


def to_text(html: str, *, width: int = WIDTH) -> Page:
    """Return an HTML document as text for `width` columns.

    Words that are longer, such as addresses, stay whole. The text is never much longer
    than four times the document.
    """
    if len(html) > _LONGEST:
        html = html[:_LONGEST]
    tree = tree_of(html)
    writer = _Writer()
    flow = Flow(max(width, _NARROWEST))
    writer.write(tree.root, flow)
    flow.end_line()
    lines = flow.lines
    while lines and not lines[-1]:
        lines.pop()
    links = tuple(writer.links.found.values())
    body = "".join(f"{line}\n" for line in lines).lstrip("\n")
    size = len(body) + sum(len(link.target) + 10 for link in links)
    if size > 4 * len(html) + 400:
        body, links = plain_text_of(html) + "\n", ()
    return Page(body, links, tree.remote_images, tree.hidden, tuple(writer.links.warnings))


class _Writer:
    """Writes a tree into a flow, collecting its links."""

    def __init__(self) -> None:
        self.links = Links()

    def write(self, node: Node, flow: Flow, space: Space = Space.JOINED) -> None:
        """Write what is in an element."""
        for part in node.parts:
            if isinstance(part, str):
                flow.text(part, space)
            else:
                self._element(part, flow, space)

    def _element(self, node: Node, flow: Flow, space: Space) -> None:
        match node.name:
            case "br":
                flow.break_line()
            case "hr":
                flow.add([_RULE], apart=True)
            case "img" | "input":
                flow.text(_picture(node))
            case "a" if "href" in node.attributes:
                self._link(node, flow, space)
            case "table":
                self._table(node, flow)
            case "q":
                flow.text('"')
                self.write(node, flow, space)
                flow.text('"')
            case name if name in BLOCKS:
                self._block(node, flow, space)
            case _:
                self.write(node, flow, space)

    def _block(self, node: Node, flow: Flow, space: Space) -> None:
        flow.end_line()
        match node.name:
            case "ul" | "ol" | "dir" | "menu":
                self._list(node, flow)
            case "li":
                self._indented(node, flow, "- ")
            case "dd":
                self._indented(node, flow, "    ")
            case "blockquote":
                self._quotation(node, flow)
            case "h1" | "h2":
                self._heading(node, flow)
            case "pre" | "listing" | "plaintext":
                flow.gap()
                self.write(_without_first_line_end(node), flow, _space(node, Space.KEPT))
                flow.gap()
            case name:
                apart = name in _APART and not is_tight(node.attributes, node.style)
                if apart or "border-top" in node.style:
                    flow.gap()
                self.write(node, flow, _space(node, space))
                flow.end_line()
                if apart:
                    flow.gap()

    def _inner(self, node: Node, width: int, *, tight: bool = False) -> Flow:
        flow = Flow(width, tight=tight)
        self.write(node, flow)
        flow.end_line()
        return flow

    def _heading(self, node: Node, flow: Flow) -> None:
        lines = self._inner(node, flow.width).lines
        if len(lines) == 1 and not lines[0].startswith("["):
            lines.append(_HEADINGS[node.name] * width_of(lines[0]))
        flow.add(lines, apart=True)

    def _quotation(self, node: Node, flow: Flow) -> None:
        if flow.width <= _NARROWEST:
            self.write(node, flow)
            flow.end_line()
            return
        flow.structured = True
        lines = self._inner(node, flow.width - 2).lines
        # what a "more indentation" button makes is a quotation without its line
        mark = "  " if node.style.get("border") == "none" else "> "
        flow.add([(mark + line).rstrip() for line in lines], apart=True)

    def _list(self, node: Node, flow: Flow) -> None:
        loose = not flow.tight
        if loose:
            flow.gap()
        flow.structured = True
        number = _number(node.attributes.get("start", ""), 1)
        plain = node.style.get("list-style-type", node.style.get("list-style")) == "none"
        for part in node.parts:
            if isinstance(part, str) or part.name != "li":
                self.write(Node("", parts=[part]), flow)
                continue
            number = _number(part.attributes.get("value", ""), number)
            ordered = node.name == "ol"
            flow.end_line()
            self._indented(part, flow, "" if plain else f"{number}. " if ordered else "- ")
            number += 1
        flow.end_line()
        if loose:
            flow.gap()

    def _indented(self, node: Node, flow: Flow, mark: str) -> None:
        if flow.width <= _NARROWEST:
            mark = ""
        lines = self._inner(node, flow.width - len(mark), tight=True).lines
        space = " " * len(mark)
        first = mark
        out = []
        for line in lines:
            out.append((first + line).rstrip())
            first = space
        flow.add(out)

    def _link(self, node: Node, flow: Flow, space: Space) -> None:
        begin, above = len(flow.pieces), len(flow.lines)
        self.write(node, flow, space)
        broken = len(flow.lines) > above
        begin = 0 if broken else begin
        joined = "".join(flow.pieces[begin:])
        text = joined.rstrip(" \t\r\n\f")
        label = " ".join([*flow.lines[above:], text]).replace(KEPT_SPACE, " ").strip(" \xa0\n")
        if not label and any(isinstance(part, Node) for part in node.parts) and _holds_image(node):
            label = text = "[image]"
        mark = self.links.mark(node.attributes["href"], label) if label else ""
        if text.strip() or not broken:
            flow.pieces[begin:] = [text, f"\xa0{mark}" if mark else "", joined[len(text) :]]
        elif mark:
            flow.lines[-1] += f" {mark}"

    def _table(self, node: Node, flow: Flow) -> None:
        flow.end_line()
        table = self._rows(node, flow)
        if not table.rows:
            return
        lines = columns_of(table, flow.width)
        if lines is not None:
            flow.structured = True
            flow.add(lines, apart=True)
            return
        for block in flow_of(table, flow.width):
            flow.structured |= len(block) > 1
            flow.add(block, apart=len(block) > 1)

    def _rows(self, node: Node, flow: Flow) -> Table:
        rows = []
        pending = list(reversed(node.parts))
        while pending:
            part = pending.pop()
            match part:
                case Node("thead" | "tbody" | "tfoot"):
                    pending += reversed(part.parts)
                case Node("tr"):
                    cells = [self._cell(cell, flow) for cell in _cells(part)]
                    if any(cell.lines for cell in cells):
                        rows.append(cells)
                case Node("td" | "th"):
                    rows.append([self._cell(part, flow)])
                case _:  # a caption, or what should stand outside
                    self.write(Node("", parts=[part]), flow)
        flow.end_line()
        layout = node.attributes.get("role", "") in {"presentation", "none"}
        framed = node.attributes.get("border", "0") not in {"0", ""}
        return Table(rows, layout, framed)

    def _cell(self, node: Node, flow: Flow) -> Cell:
        inner = self._inner(node, flow.width)
        return Cell(
            inner.lines,
            inner.lines if inner.structured else inner.paragraphs(),
            header=node.name == "th",
            span=max(1, min(_number(node.attributes.get("colspan", ""), 1), 100)),
            rows=max(1, min(_number(node.attributes.get("rowspan", ""), 1), 1000)),
            right="right" in {node.attributes.get("align"), node.style.get("text-align")},
            structured=inner.structured,
        )


def _cells(row: Node) -> list[Node]:
    return [part for part in row.parts if isinstance(part, Node) and part.name in {"td", "th"}]


def _holds_image(node: Node) -> bool:
    return any(
        isinstance(part, Node) and (_is_seen_image(part) or _holds_image(part))
        for part in node.parts
    )


def _is_seen_image(node: Node) -> bool:
    return node.name == "img" and not is_pixel(node.attributes, node.style)


def _picture(node: Node) -> str:
    """Return what stands for an image: its words, `[image]` for one that came along."""
    given = node.attributes
    if node.name == "input":
        boxes = {"checkbox": "[x] " if "checked" in given else "[ ] "}
        return boxes.get(given.get("type", "").lower(), "")
    if is_pixel(given, node.style):
        return ""
    words = " ".join(given.get("alt", "").split())
    if words:
        return f"[{words}]"
    return "[image]" if given.get("src", "").lower().startswith("cid:") else ""


def _without_first_line_end(node: Node) -> Node:
    """Return a `pre` without the line end that its content may begin with."""
    first = node.parts[0] if node.parts else None
    if not isinstance(first, str):
        return node
    return Node(node.name, parts=[first.removeprefix("\r").removeprefix("\n"), *node.parts[1:]])


def _space(node: Node, around: Space) -> Space:
    """Return what becomes of the white space in a block."""
    if "wrap" in node.attributes:  # Thunderbird's <pre wrap="">
        return Space.LINES
    match node.style.get("white-space", ""):
        case "pre":
            return Space.KEPT
        case "pre-wrap" | "pre-line" | "break-spaces" | "-moz-pre-wrap":
            return Space.LINES
        case "normal" | "nowrap":
            return Space.JOINED
    return around


def _number(text: str, default: int) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else default
