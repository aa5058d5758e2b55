"""Ages and sizes as people write them: `30d`, `12 hours`, `500`, `10k`, `2M`.

Pure. The same words serve the configuration file and the command line, so a
wrong one is a `ValueError` whose text the caller puts into its own error.
"""

import re
from datetime import timedelta

# Months and years have no fixed length. Capitals are refused: `1M` meant as a month must
# not become a minute after which mail is deleted.
_AGE_UNITS = {
    "seconds": ("s", "sec", "secs", "second", "seconds"),
    "minutes": ("m", "min", "mins", "minute", "minutes"),
    "hours": ("h", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "week", "weeks"),
}
_AGE_WORDS = {word: unit for unit, words in _AGE_UNITS.items() for word in words}
_SIZE_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_QUANTITY = r"([0-9]{1,12})\s*([A-Za-z]*)"


def parse_age(text: str) -> timedelta:
    """Return the age that `text` names: a whole number and s, m, h, d or w, or the word.

    Raises:
        ValueError: it is not an age; the message says what one looks like.
    """
    found = re.fullmatch(_QUANTITY, text.strip())
    unit = _AGE_WORDS.get(found[2]) if found else None
    if found is None or unit is None:
        raise ValueError(f'"{text}" is not an age: write 90s, 15m, 12h, 30d or 2w')
    try:
        return timedelta(**{unit: int(found[1])})
    except OverflowError:
        raise ValueError(f'"{text}" is longer than any mail is old') from None


def parse_size(text: str) -> int:
    """Return the octets that `text` names: a whole number, with k, M or G for powers of 1024.

    Raises:
        ValueError: it is not a size; the message says what one looks like.
    """
    found = re.fullmatch(_QUANTITY, text.strip())
    factor = _SIZE_UNITS.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise ValueError(f'"{text}" is not a size: write octets, or 500k, 10M, 2G')
    return int(found[1]) * factor
