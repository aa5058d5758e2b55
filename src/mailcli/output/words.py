"""Numbers as people read them."""


def size_text(octets: int) -> str:
    """Return a size for people, with three digits at most: `12 kB`, `1.5 MB`."""
    if octets < 1000:
        return f"{octets} B"
    size = float(octets)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5 or unit == "GB":
            break
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 message`, `2 messages`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
