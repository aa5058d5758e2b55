"""What of a text was written by somebody else before: quotations, and signatures. Pure.

Nothing marks these for certain. What is looked for: lines with `>` and the line that
introduces them, the blocks that Outlook puts above what is replied to, the separators
of forwarded messages, and `-- ` (RFC 3676 §4.3), in the languages that mail is
written in most.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

_LONGEST = 400
"""Characters of a line that is looked at for being more than text."""
_FURTHEST = 6
"""Lines below the first of a block in which its others must be."""

_WROTE = (
    "(?i)"
    r"(?:\b(?:wrote|writes|said|schrieb|schreef|skrev|skriver|escribi\u00f3|escreveu|scrisse"
    r"|a \u00e9crit|ha scritto|va escriure|napisa\u0142(?:a|\(a\))?|napsal(?:a|\(a\))?|kirjoitti"
    r"|\u00edrta|yaz\u0131yor|yazd\u0131|a scris|nap\u00edsal"
    r"|\u043d\u0430\u043f\u0438\u0441\u0430\u043b(?:\u0430|\(\u0430\))?"
    r"|\u043f\u0438\u0448\u0435\u0442|\u043f\u0438\u0448\u0435"
    r"|\u03ad\u03b3\u03c1\u03b1\u03c8\u03b5)(?!\w)"
    r"|\u5199\u9053|\u5beb\u9053|\u66f8\u304d\u307e\u3057\u305f"
    r"|\u306e\u30e1\u30fc\u30eb|\u4f5c\u6210|\uc791\uc131|\u05db\u05ea\u05d1|\u0643\u062a\u0628)"
    r"[^:\uff1a]{0,120}[:\uff1a]\s*"
)
"""How the line above a quotation ends."""
_NAMES_SOMEBODY = re.compile(r"(?=.*(?:@|\d{4})).*[:\uff1a]\s*")
"""How it looks in any other language."""

_ORIGINAL = (
    *("Original Message", "Original Appointment", "Urspr\u00fcngliche Nachricht"),
    *("Originalnachricht", "Message d'origine", "Message original", "Mensaje original"),
    *("Messaggio originale", "Mensagem original", "Oorspronkelijk bericht"),
    *("Ursprungligt meddelande", "Oprindelig meddelelse", "Opprinnelig melding"),
    *("Wiadomo\u015b\u0107 oryginalna", "P\u016fvodn\u00ed zpr\u00e1va", "Eredeti \u00fczenet"),
    *("Alkuper\u00e4inen viesti", "Orijinal Mesaj"),
    (
        "\u0418\u0441\u0445\u043e\u0434\u043d\u043e\u0435 "
        "\u0441\u043e\u043e\u0431\u0449\u0435\u043d\u0438\u0435"
    ),
    *(
        "\u539f\u59cb\u90ae\u4ef6",
        "\u539f\u59cb\u90f5\u4ef6",
        "\u5143\u306e\u30e1\u30c3\u30bb\u30fc\u30b8",
    ),
    "\uc6d0\ubcf8 \uba54\uc2dc\uc9c0",
)
_FORWARDED = (
    *("Forwarded message", "Forwarded Message", "Weitergeleitete Nachricht"),
    *("Message transf\u00e9r\u00e9", "Mensaje reenviado", "Messaggio inoltrato"),
    *("Mensagem encaminhada", "Doorgestuurd bericht", "Vidarebefordrat meddelande"),
    *("Videresendt besked", "Videresendt melding", "Przekazana wiadomo\u015b\u0107"),
    *("P\u0159eposlan\u00e1 zpr\u00e1va", "Edelleenl\u00e4hetetty viesti"),
    (
        "\u041f\u0435\u0440\u0435\u0441\u043b\u0430\u043d\u043d\u043e\u0435 "
        "\u0441\u043e\u043e\u0431\u0449\u0435\u043d\u0438\u0435"
    ),
    *(
        "\u8f6c\u53d1\u7684\u90ae\u4ef6",
        "\u8f49\u5bc4\u90f5\u4ef6",
        "\u8ee2\u9001\u30e1\u30c3\u30bb\u30fc\u30b8",
    ),
)


def _between_dashes(texts: Sequence[str]) -> str:
    words = "|".join(map(re.escape, texts))
    return rf"(?i)\s*-{{2,20}}\s*(?:{words})\s*-{{2,20}}\s*"


_ORIGINAL_LINE = _between_dashes(_ORIGINAL)
_FORWARD_LINE = _between_dashes(_FORWARDED)
_APPLE_FORWARD = (
    "(?i)"
    r"(?:Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)"
    r"|D\u00e9but du message (?:transf\u00e9r\u00e9|r\u00e9exp\u00e9di\u00e9)"
    r"|Inicio del mensaje reenviado|Inizio messaggio inoltrato) ?:\s*"
)
_RULE = re.compile(r"\s*_{10,}\s*")
_FROM = (
    "(?i)"
    r"\s*\*?(?:From|Von|De|Da|Van|Fr\u00e5n|Fra|Od|Felad\u00f3|L\u00e4hett\u00e4j\u00e4|Kimden"
    r"|\u041e\u0442|\u53d1\u4ef6\u4eba|\u5bc4\u4ef6\u8005|\u5dee\u51fa\u4eba"
    r"|\ubcf4\ub0b8 \uc0ac\ub78c)\s*[:\uff1a]\*?\s*\S.*"
)
_SENT = (
    "(?i)"
    r"\s*\*?(?:Sent|Date|Gesendet|Datum|Envoy\u00e9|Enviado(?: el| em)?|Fecha|Inviato|Data"
    r"|Verzonden|Skickat|Sendt|Dato|Wys\u0142ano|Odesl\u00e1no|Elk\u00fcldve|L\u00e4hetetty"
    r"|G\u00f6nderildi|\u041e\u0442\u043f\u0440\u0430\u0432\u043b\u0435\u043d\u043e"
    r"|\u0414\u0430\u0442\u0430|\u53d1\u9001\u65f6\u95f4|\u65e5\u671f"
    r"|\u5bc4\u4ef6\u65e5\u671f|\u9001\u4fe1\u65e5\u6642|\ubcf4\ub0b8 \ub0a0\uc9dc)"
    r"\s*[:\uff1a]\*?\s*\S.*"
)
_FIELD = re.compile(r"\s*\*?[^\W\d_][^:\uff1a]{0,25}[:\uff1a].*")


class Kind(Enum):
    """What a passage is."""

    QUOTE = auto()
    """Lines with `>`, and the line that introduces them."""
    ORIGINAL = auto()
    """What a reply has below it without marks, as Outlook does."""
    FORWARD = auto()
    """A message that was passed on."""
    SIGNATURE = auto()


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines `first` (counted from 0) to `end` (not included); the quotation begins at `body`."""

    kind: Kind
    first: int
    body: int
    end: int


def passages(text: str) -> list[Passage]:
    """Return the passages of a text that are not its author's own words, in their order."""
    return list(_passages(text.split("\n")))


def folded(text: str, *, keep: int = 3) -> str:
    """Return text with each quotation of more than `keep` lines as `[12 quoted lines]`.

    The line that introduces it stays. A forwarded message is what its sender wants to be
    read, and stays; so does everything where nothing else would be left.
    """
    lines = text.split("\n")
    out: list[str] = []
    at = 0
    own = False
    for passage in _passages(lines):
        own |= _has_text(lines[at : passage.first]) or passage.kind is Kind.FORWARD
        count = sum(bool(line.strip("> \t")) for line in lines[passage.body : passage.end])
        if passage.kind in {Kind.QUOTE, Kind.ORIGINAL} and count > keep:
            out += [*lines[at : passage.body], f"[{count} quoted lines]"]
        else:
            own |= passage.kind is Kind.QUOTE and count > 0
            out += lines[at : passage.end]
        at = passage.end
    own |= _has_text(lines[at:])
    return "\n".join([*out, *lines[at:]]) if own else text


def without_quotes(text: str) -> str:
    """Return only what the author wrote, for a snippet or a reply; all if that is nothing."""
    lines = text.split("\n")
    out: list[str] = []
    at = 0
    for passage in _passages(lines):
        out += lines[at : passage.first]
        at = passage.end
    out += lines[at:]
    own = re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()
    return own + "\n" if own else text


def _passages(lines: Sequence[str]) -> Iterator[Passage]:
    at, end = 0, len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    signature: int | None = None
    while at < end:
        found = _passage_at(lines, at, end)
        if found is None:
            if signature is None and lines[at].rstrip("\r") in {"-- ", "--"}:
                signature = at
            at += 1
            continue
        if signature is not None:
            yield Passage(Kind.SIGNATURE, signature, signature, found.first)
            signature = None
        yield found
        at = found.end
    if signature is not None:
        yield Passage(Kind.SIGNATURE, signature, signature, end)


def _passage_at(lines: Sequence[str], at: int, end: int) -> Passage | None:
    """Return the passage that begins in a line, if one does."""
    line = lines[at]
    if line.startswith(">"):
        return Passage(Kind.QUOTE, at, at, _quote_end(lines, at, end))
    if not line.strip() or len(line) > _LONGEST:
        return None
    if _may_head(line) and _is_forward(line):
        return Passage(Kind.FORWARD, at, at, end)
    if _may_head(line) and _begins_original(lines, at, end):
        return Passage(Kind.ORIGINAL, at, at, end)
    body = _introduced(lines, at, end)
    return None if body is None else Passage(Kind.QUOTE, at, body, _quote_end(lines, body, end))


def _may_head(line: str) -> bool:
    """Tell whether a line has what all lines above other messages have, as few others do."""
    return ":" in line or "--" in line or "__" in line or "\uff1a" in line


def _is_forward(line: str) -> bool:
    found = re.fullmatch(_FORWARD_LINE, line) or re.fullmatch(_APPLE_FORWARD, line)
    return found is not None


def _quote_end(lines: Sequence[str], at: int, end: int) -> int:
    """Return where quoted lines end; empty ones between them are part of them."""
    last = at
    for number in range(at, end):
        if lines[number].startswith(">"):
            last = number
        elif lines[number].strip() or number - last > 2:
            break
    return last + 1


def _introduced(lines: Sequence[str], at: int, end: int) -> int | None:
    """Return where the quotation begins that a sentence of up to three lines introduces."""
    sentence = ""
    for number in range(at, min(at + 3, end)):
        line = lines[number].strip()
        if not line or line.startswith(">") or len(line) > _LONGEST:
            return None
        sentence = f"{sentence} {line}".lstrip()
        if not line.endswith((":", "\uff1a")):
            continue
        below = number + 1
        while below < end and below <= number + 2 and not lines[below].strip():
            below += 1
        if below < end and lines[below].startswith(">") and _introduces(sentence):
            return below
        return None
    return None


def _introduces(sentence: str) -> bool:
    found = re.search(_WROTE, sentence)
    whole = found is not None and found.end() == len(sentence)
    return whole or _NAMES_SOMEBODY.fullmatch(sentence) is not None


def _begins_original(lines: Sequence[str], at: int, end: int) -> bool:
    line = lines[at]
    if re.fullmatch(_ORIGINAL_LINE, line):
        return True
    if _RULE.fullmatch(line):
        below = next((n for n in range(at + 1, min(at + 3, end)) if lines[n].strip()), None)
        return below is not None and _is_header_block(lines, below, end)
    return _is_header_block(lines, at, end)


def _is_header_block(lines: Sequence[str], at: int, end: int) -> bool:
    """Tell whether `From:`, `Sent:` and at least one more field stand one below another."""
    if not re.fullmatch(_FROM, lines[at][:_LONGEST]):
        return False
    block = []
    for line in lines[at + 1 : min(at + 1 + _FURTHEST, end)]:
        if not line.strip() or not _FIELD.fullmatch(line[:_LONGEST]):
            break
        block.append(line[:_LONGEST])
    return len(block) > 1 and any(re.fullmatch(_SENT, line) for line in block)


def _has_text(lines: Sequence[str]) -> bool:
    return any(line.strip() for line in lines)
