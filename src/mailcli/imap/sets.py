"""Sets of UIDs as IMAP writes them (RFC 3501 §9, sequence-set). Pure."""

from collections.abc import Iterable, Iterator, Sequence

from mailcli.model import Uid


def compress(uids: Iterable[Uid]) -> str:
    """Return UIDs as the shortest sequence-set, such as `1:4,7`.

    It is empty for no UIDs, and an empty text is no sequence-set: do not send it.
    """
    return ",".join(
        str(first) if first == last else f"{first}:{last}"
        for first, last in _runs(sorted(set(uids)))
    )


def _runs(uids: Sequence[Uid]) -> Iterator[tuple[Uid, Uid]]:
    first = last = None
    for uid in uids:
        if last is not None and uid == last + 1:
            last = uid
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = uid
    if first is not None and last is not None:
        yield first, last
