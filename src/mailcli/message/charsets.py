"""Octets to text, whatever charset they claim to be in. Pure.

Charsets are read as browsers read them: a label stands for the superset that
programs write under it. What is declared may be wrong: octets that are no text
in the charset they claim are taken for UTF-8 if they can be, and what is left
is shown as U+FFFD. Nothing here fails, and the result is always valid Unicode.
"""

import re
from functools import lru_cache

_LABEL = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,39}")

_JIS = "iso2022_jp_ext"
_ALIASES = {
    **dict.fromkeys(("us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "646"), "cp1252"),
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "latin1", "latin-1", "iso_8859-1", "l1"), "cp1252"
    ),
    **dict.fromkeys(("cp-1252", "x-cp1252", "windows1252", "ansi", "win-1252"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "iso8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "iso8859-11", "tis-620", "windows-874"), "cp874"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e", "logical", "visual"), "iso-8859-8"),
    **dict.fromkeys(("iso-8859-6-i", "iso-8859-6-e"), "iso-8859-6"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "cp936", "windows-936", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("euc-cn", "x-euc-cn", "chinese"), "gb18030"),
    **dict.fromkeys(("ks_c_5601-1987", "ks_c_5601-1989", "ks_c_5601", "ksc5601"), "cp949"),
    **dict.fromkeys(("euc-kr", "ksc_5601", "windows-949", "korean", "x-windows-949"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji"), "cp932"),
    **dict.fromkeys(("windows-31j", "cp-932", "cswindows31j", "windows-932"), "cp932"),
    **dict.fromkeys(("x-euc-jp", "cp51932", "eucjp"), "euc-jp"),
    **dict.fromkeys(("big5", "big-5", "x-x-big5", "cn-big5", "windows-950"), "big5hkscs"),
    **dict.fromkeys(("iso-2022-jp", "iso2022jp", "cp50220", "cp50221"), _JIS),
    **dict.fromkeys(("unicode-1-1-utf-7", "utf7", "x-unicode-1-1-utf-7"), "utf-7"),
    **dict.fromkeys(("utf8", "utf-8", "utf8mb4", "x-utf-8", "unicode-1-1-utf-8"), "utf-8"),
    **dict.fromkeys(("ucs-2", "iso-10646-ucs-2", "unicode", "utf-16"), "utf-16"),
    **dict.fromkeys(("x-mac-roman", "macintosh", "mac", "x-macroman"), "mac-roman"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    **dict.fromkeys(("koi8", "x-koi8-r", "koi"), "koi8-r"),
}

_NO_CHARSETS = frozenset(
    {"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem"}
)
"""Codecs of Python that make text, but are no charsets; some need quadratic time."""

_KANJI = re.compile(rb"\x1b\$[@B]([!-~]*)")
"""Characters of two octets in ISO-2022-JP (RFC 1468), behind the escape sequence before them."""

_HALF = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
"""The beginning of a character of UTF-8 (RFC 3629 §4) at the end of octets."""

_EIGHT_BITS = {_JIS: "cp932", "hz": "gb18030"}
"""What programs write in eight bits under the name of a charset of seven."""


def to_text(octets: bytes, charset: str | None) -> str:
    """Return the text that octets stand for; `charset` is as declared, None for not at all."""
    codec = _codec(charset) if charset else None
    if codec is None or codec == "cp1252":
        return guess(octets)
    if codec == "utf-8":
        return _utf_8(octets)
    if codec == "utf-16" and octets[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        if b"\0" not in octets and _is_utf_8(octets):
            return guess(octets)
        codec = _utf_16_order(octets)
    try:
        return _valid(octets.decode(codec))
    except UnicodeError:
        return _mended(octets, codec)


def cut(octets: bytes, most: int) -> bytes:
    """Return at most so many octets of a text, without half a character of UTF-8 at the end.

    With one, all of a text that nobody declared would be taken for Windows-1252.
    """
    if len(octets) < most:
        return octets
    half = _HALF.search(octets, max(0, most - 3), most)
    return octets[: half.start() if half else most]


def guess(octets: bytes) -> str:
    """Return the text of octets that nobody declared: UTF-8, or else Windows-1252.

    Windows-1252 also where ISO 8859-1 or US-ASCII was declared, which those who write it say.
    """
    if octets.isascii():
        return octets.decode("ascii")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def is_known(charset: str) -> bool:
    """Tell whether a declared charset has a meaning here."""
    return _codec(charset) is not None


@lru_cache(maxsize=256)
def _codec(charset: str) -> str | None:
    """Return Python's name for a charset; None for one that nobody knows."""
    label = charset.strip(" \t\"'").lower()
    if not _LABEL.fullmatch(label):
        return None
    name = _ALIASES.get(label, label)
    if name.replace("-", "_") in _NO_CHARSETS:
        return None
    try:
        b"\0".decode(name)  # the way that refuses codecs that make no text, such as zip
    except LookupError:
        return None
    except UnicodeError:  # one octet is half a character there
        pass
    return name


def _utf_8(octets: bytes) -> str:
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = octets.decode("utf-8", "replace")
        # Without a single character that UTF-8 needs two octets for, it was never UTF-8.
        is_lie = all(c < "\x80" or c == "\N{REPLACEMENT CHARACTER}" for c in text)
        return octets.decode("cp1252", "replace") if is_lie else text


def _utf_16_order(octets: bytes) -> str:
    """Return the order of octets without a mark: by what is mostly zero, else by RFC 2781 §4.3."""
    sample = octets[:4096]
    return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"


def _mended(octets: bytes, codec: str) -> str:
    """Return the text of octets that are not what they claim to be."""
    if not octets.isascii() and _is_utf_8(octets):
        return guess(octets)
    if not octets.isascii() and b"\x1b" not in octets:
        codec = _EIGHT_BITS.get(codec, codec)
    if codec == _JIS:
        return _windows_jis(octets)
    return _valid(octets.decode(codec, "replace"))


def _windows_jis(octets: bytes) -> str:
    """Return the text of ISO-2022-JP with characters that only Windows has, such as ① and ㈱."""
    text, at = [], 0
    for found in _KANJI.finditer(octets):
        text.append(octets[at : found.start()].decode(_JIS, "replace"))
        try:
            text.append(found[0].decode(_JIS))
        except UnicodeDecodeError:
            text.append(_shift_jis(found[1]).decode("cp932", "replace"))
        at = found.end()
    text.append(octets[at:].decode(_JIS, "replace"))
    return "".join(text)


def _shift_jis(pairs: bytes) -> bytes:
    """Return characters of JIS X 0208, of two octets each, as Shift JIS has them."""
    octets = bytearray()
    for row, cell in zip(pairs[::2], pairs[1::2], strict=False):
        lead = (row - 0x21) // 2 + 0x81
        octets.append(lead if lead < 0xA0 else lead + 0x40)
        octets.append(cell + (0x1F if cell < 0x60 else 0x20) if row % 2 else cell + 0x7E)
    return bytes(octets) + b"\x81" * (len(pairs) % 2)


def _is_utf_8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _valid(text: str) -> str:
    """Return a text without lone surrogates, which UTF-7 and others let through."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
