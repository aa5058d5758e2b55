"""Domain names as their owners and their imitators write them. Pure.

`registrable` approximates what the Public Suffix List knows: the last two
labels, or three where the last but one is a registry's own (`co.uk`). Two
customers of another kind of shared domain (`a.github.io`, `b.github.io`) count
as one owner, which for a warning is a miss, never a false alarm. RFC 5890.
"""

from functools import lru_cache

_REGISTRIES = (
    "ac asn co com edu firm gen go gob gouv gov govt gv id ind info k12 lg ltd me mil mod ne net "
    "nhs nic nom or org plc police res sch school sci web"
)
"""Second labels under which two-letter countries register."""

_PREFIX = "xn--"
LONGEST = 253
"""Characters of a domain, and below of a label (RFC 1035 §2.3.4); what is longer is none."""
_LONGEST_LABEL = 63

_CONFUSABLE = {
    **dict(zip("аеорсухіјѕһԛԝьѵӏ", "aeopcyxijshqwbvl", strict=True)),  # Cyrillic
    **dict(zip("αινορυχω", "aivopuxw", strict=True)),  # Greek
    **dict(zip("օոսհցյք", "onuhgjp", strict=True)),  # Armenian
}
"""Letters that most fonts draw like one of ASCII."""
_ALIKE = {
    **_CONFUSABLE,
    **dict(zip("вкқмнтгпдзбя", "bkkmhtrnd3br", strict=True)),  # Cyrillic
    **dict(zip("βγεηκτ", "byenkt", strict=True)),  # Greek
    **dict(zip("ɑɡɩıɪʟɴʀƅḷẹọạụịṛṣṭ", "agiiilnrbleoauirst", strict=True)),  # Latin
    **dict(zip("àáâãäåāçčèéêëēìíîïīñòóôõö", "aaaaaaacceeeeeiiiiinooooo", strict=True)),
    **dict(zip("øōùúûüūýÿž", "oouuuuuyyz", strict=True)),
    **dict(zip("01i", "oll", strict=True)),
}
"""What is taken for another at a glance, by somebody who expects the other."""


@lru_cache(maxsize=256)
def a_label(domain: str) -> str:
    """Return a domain as it goes over the wire: A-labels, lower case, no final dot.

    What cannot be encoded comes back as it is.
    """
    bare = domain.strip().strip("<>").rstrip(".").lower()
    if bare.isascii() or len(bare) > LONGEST:
        return bare
    import idna

    try:
        return idna.encode(bare, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return bare


@lru_cache(maxsize=256)
def u_label(domain: str) -> str:
    """Return a domain as it is meant to be read: each A-label decoded that can be."""
    return ".".join(_decoded(label) for label in domain.rstrip(".").lower().split("."))


def _decoded(label: str) -> str:
    if not label.startswith(_PREFIX) or len(label) > _LONGEST_LABEL:
        return label
    try:
        return label.removeprefix(_PREFIX).encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError):
        return label


def registrable(domain: str) -> str:
    """Return the part of a domain that somebody registered, as A-labels (an approximation)."""
    labels = a_label(domain).split(".")
    shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _REGISTRIES.split()
    return ".".join(labels[-3 if shared else -2 :])


def skeleton(domain: str) -> str:
    """Return what a domain looks like at a glance: two of one skeleton are easily confused."""
    shown = "".join(_ALIKE.get(each, each) for each in u_label(domain))
    return shown.replace("rn", "m").replace("vv", "w").replace("cl", "d")


def looks_latin(label: str) -> str | None:
    """Return the ASCII that a label of other letters is taken for; None where a reader sees it."""
    shown = _decoded(label)
    if shown.isascii():
        return None
    plain = "".join(_CONFUSABLE.get(each, each) for each in shown)
    return plain if plain.isascii() else None


@lru_cache(maxsize=256)
def scripts(text: str) -> frozenset[str]:
    """Return the scripts of the letters in a text, such as `LATIN`, by their Unicode names."""
    from unicodedata import category, name

    found = {name(each, "").partition(" ")[0] for each in text if category(each)[0] == "L"}
    return frozenset(found - {"", "FEMININE", "MASCULINE", "MICRO", "MODIFIER"})


_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "FULLWIDTH"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""Scripts that one language uses together (UTS #39 §5.2, highly restrictive)."""


def mixes_scripts(label: str) -> bool:
    """Tell whether a label mixes scripts that no language uses together."""
    used = scripts(_decoded(label))
    return len(used) > 1 and not any(used <= allowed for allowed in _TOGETHER)


def one_apart(one: str, other: str) -> bool:
    """Tell whether two texts differ by one character: another, one more, one less, or swapped."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or swapped == other[at:]
