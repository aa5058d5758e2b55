"""Threads as trees: what stands below what, and at what price."""

from collections.abc import Sequence

import pytest

from mailcli.app import trees
from mailcli.app.trees import in_trees
from mailcli.store.entries import Entry
from mailcli.store.index_rows import Indexed


def message(number: int, date: int, named: Sequence[int] = ()) -> Indexed:
    """Return a message that is called as its number, and names others."""
    return Indexed(
        number=number,
        account="work",
        folder="INBOX",
        entry=Entry("cur", f"{number}.x"),
        date=date,
        zone=None,
        size=1,
        attachments=0,
        sender=(),
        recipients=(),
        copies=(),
        subject="",
        message_id=None,
        thread=1,
        own=number,
        named=tuple(named),
    )


def depths(messages: Sequence[Indexed]) -> list[tuple[int, int]]:
    return [(each.number, depth) for depth, each in in_trees(messages)]


@pytest.mark.parametrize("later", [1, -1], ids=["oldest first", "newest first"])
def test_a_long_chain_is_walked_along_once(monkeypatch: pytest.MonkeyPatch, later: int) -> None:
    steps = 0
    leads_to = trees._leads_to

    class Counted(dict[int, Indexed]):
        def get(self, *args: object) -> Indexed | None:  # type: ignore[override]
            nonlocal steps
            steps += 1
            return super().get(*args)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(
        trees, "_leads_to", lambda above, each, place: leads_to(above, each, Counted(place))
    )
    chain = [message(n, later * n, [n - 1] if n > 1 else []) for n in range(1, 1001)]

    assert len(depths(chain)) == 1000
    assert steps < 2000


def test_two_that_name_one_another_stand_below_one_another_once() -> None:
    circle = [message(1, 1, [3]), message(2, 2, [1]), message(3, 3, [2])]

    assert sorted(number for number, _ in depths(circle)) == [1, 2, 3]
    assert depths([message(1, 1, [1]), message(2, 2, [1])]) == [(1, 0), (2, 1)]
