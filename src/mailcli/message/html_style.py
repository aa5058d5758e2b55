"""What the inline style of an element says of whether and how its text is seen. Pure.

A few properties of CSS, read without its cascade: mail has its style in the
attribute. A style sheet counts only where it hides a whole class.
"""

import re
from collections.abc import Iterator, Mapping

_ZERO = re.compile(r"[-+]?0*\.?0*(?:px|pt|em|rem|ex|vw|vh|%|in|cm|mm)?")
_FAR = re.compile(r"-[1-9]\d{2,}(?:\.\d*)?(?:px|pt|em|rem|%|vw)?")
_URL = re.compile(r"url\(\s*[\"']?\s*(?:https?:)?//", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
_COMMENT = re.compile(r"/\*")
_CLASS = re.compile(r"\s*[a-z]*\.([\w-]+)\s*", re.IGNORECASE)
_RELATIVE = frozenset({"inherit", "initial", "unset", "revert", "currentcolor"})
_LONGEST_SHEET = 200_000
_LONGEST_STYLE = 4_000


def style_of(text: str) -> dict[str, str]:
    """Return the properties of a style attribute in lower case, without `!important`."""
    pairs = (part.partition(":") for part in text[:_LONGEST_STYLE].lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def is_hidden(style: Mapping[str, str]) -> bool:
    """Tell whether an element of this style, and all in it, is not seen."""
    return (
        style.get("display") == "none"
        or "all" in style.get("mso-hide", "")
        or _is_zero(style.get("opacity", ""))
        or _is_clipped(style)
        or (style.get("position") in {"absolute", "fixed"} and _is_away(style))
        or bool(_FAR.fullmatch(style.get("text-indent", "")))
        or _has_colour_of_ground(style)
    )


def hides_font(style: Mapping[str, str]) -> bool | None:
    """Tell whether the letters have no size; None: as around it.

    An element within may have letters again: that is how many newsletters are built.
    """
    size = style.get("font-size", "")
    return bool(_ZERO.fullmatch(size) or size in {"1px", "1pt"}) if size else None


def hides_ink(style: Mapping[str, str]) -> bool | None:
    """Tell whether the element is invisible; None: as around it. One within may be visible."""
    said = style.get("visibility", "")
    return said in {"hidden", "collapse"} if said else None


def is_tight(attributes: Mapping[str, str], style: Mapping[str, str]) -> bool:
    """Tell whether a paragraph has no space around it; those that Word writes have none."""
    margins = style.get("margin", "").split()
    none = bool(margins) and all(_ZERO.fullmatch(margin) for margin in margins)
    return none or attributes.get("class", "").startswith("Mso")


def is_pixel(attributes: Mapping[str, str], style: Mapping[str, str]) -> bool:
    """Tell whether an image is too small to be seen: it only tells that it was fetched."""
    sizes = (style.get(side) or attributes.get(side, "") for side in ("width", "height"))
    return any(_is_tiny(size.strip()) for size in sizes)


def loads(style: str) -> bool:
    """Tell whether a style attribute or sheet names an image elsewhere."""
    return "url(" in style.lower() and _URL.search(style) is not None


def hidden_classes(sheet: str) -> set[str]:
    """Return the classes that a style sheet hides on any screen; only `.NAME {…}` counts."""
    if len(sheet) > _LONGEST_SHEET or "none" not in sheet:
        return set()
    hiding = [
        selector for selector, body in _rules(sheet) if style_of(body).get("display") == "none"
    ]
    found = (_CLASS.fullmatch(name) for selector in hiding for name in selector.split(","))
    return {name[1] for name in found if name}


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield selector and properties of each rule that stands in no `@media` and its like."""
    sheet = _without_comments(sheet)
    depth, begin, selector = 0, 0, ""
    for brace in _BRACE.finditer(sheet):
        if brace[0] == "{":
            if depth == 0:
                selector = sheet[begin : brace.start()].rpartition(";")[2].strip()
                begin = brace.end()
            depth += 1
            continue
        if depth == 1 and not selector.startswith("@"):
            yield selector, sheet[begin : brace.start()]
        depth = max(0, depth - 1)
        begin = brace.end() if depth == 0 else begin


def _without_comments(sheet: str) -> str:
    first, *others = _COMMENT.split(sheet.replace("<!--", "").replace("-->", ""))
    return first + "".join(part.partition("*/")[2] for part in others)


def _is_zero(value: str) -> bool:
    return bool(value) and _ZERO.fullmatch(value) is not None and "0" in value


def _is_tiny(size: str) -> bool:
    return bool(size) and (size.removesuffix("px").strip() in {"0", "1"} or _is_zero(size))


def _is_clipped(style: Mapping[str, str]) -> bool:
    sides = ("height", "max-height", "width", "max-width")
    clipped = style.get("overflow", "") in {"hidden", "clip"}
    return clipped and any(_is_tiny(style.get(side, "")) for side in sides)


def _is_away(style: Mapping[str, str]) -> bool:
    return any(bool(_FAR.fullmatch(style.get(side, ""))) for side in ("left", "top"))


def _has_colour_of_ground(style: Mapping[str, str]) -> bool:
    colour = style.get("color", "")
    ground = style.get("background-color") or style.get("background", "")
    stated = bool(colour) and colour not in _RELATIVE
    return colour == "transparent" or (stated and _colour(colour) == _colour(ground))


def _colour(value: str) -> str:
    value = {"white": "#ffffff", "black": "#000000"}.get(value, value).replace(" ", "")
    if len(value) == 4 and value.startswith("#"):
        return "#" + "".join(char * 2 for char in value[1:])
    return value
