"""A folder through many runs, while both sides are edited at random between them."""

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.sync_model import Sides, flags
from tests.support.sync_tables import only

from mailcli.model import ANYTHING_STORABLE, Flag, Flags, Keyword, Storable, SyncMode, Uid
from mailcli.sync.states import Local, Remote, Side

K = TypeVar("K")
ALL = flags("DFPRST todo Work work $Junk")
modes = st.sampled_from(SyncMode)
flag_sets = st.frozensets(st.sampled_from(sorted(ALL, key=repr)), max_size=4)
sides = st.sampled_from(Side)
numbers = st.integers(0, 30)
servers = st.sampled_from([ANYTHING_STORABLE, only(flags("DFRST work")), only(flags(""))])


class TwoSides(RuleBasedStateMachine):
    """What users and other programs do on both sides, and runs in any mode.

    Each message is known by what it holds. `touched` are those whose flags anybody changed, and
    on which side, since both sides were last alike; `deleted` are those that were deleted since
    then. Both say nothing where a run was stopped, or the state lost, since then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sides = Sides({}, {}, {})
        self.storable: Storable = ANYTHING_STORABLE
        self.made = 0
        self.alive: set[str] = set()
        self.touched: dict[tuple[str, Flag | Keyword], set[Side]] = {}
        self.deleted: set[str] = set()
        self.sure = True

    @initialize(server=servers)
    def meet(self, server: Storable) -> None:
        self.storable = server

    # -- what others do ------------------------------------------------------------------------

    @precondition(lambda self: self.made < 8)
    @rule(where=sides, state=flag_sets)
    def deliver(self, where: Side, state: Flags) -> None:
        self.made += 1
        text = f"message {self.made}"
        self.alive.add(text)
        if where is Side.LOCAL:
            self.sides.local[f"new-{self.made}"] = Local(state)
            self.sides.octets[f"new-{self.made}"] = text
        else:
            uid = self.next_uid()
            self.sides.remote[uid] = Remote(state)
            self.sides.octets[uid] = text

    @rule(number=numbers, changed=flag_sets)
    def flag_here(self, number: int, changed: Flags) -> None:
        if (unique := chosen(self.sides.local, number)) is not None:
            state = self.sides.local[unique]
            self.sides.local[unique] = state._replace(flags=state.flags ^ changed)
            self.touch(self.sides.octets[unique], changed, Side.LOCAL)

    @rule(number=numbers, changed=flag_sets)
    def flag_there(self, number: int, changed: Flags) -> None:
        if (uid := chosen(self.sides.remote, number)) is not None:
            self.sides.remote[uid] = Remote(self.sides.remote[uid].flags ^ changed)
            self.touch(self.sides.octets[uid], changed, Side.REMOTE)

    @rule(number=numbers)
    def delete_here(self, number: int) -> None:
        if (unique := chosen(self.sides.local, number)) is not None:
            del self.sides.local[unique]
            self.delete(self.sides.octets[unique])

    @rule(number=numbers)
    def delete_there(self, number: int) -> None:
        if (uid := chosen(self.sides.remote, number)) is not None:
            del self.sides.remote[uid]
            self.delete(self.sides.octets[uid])

    @rule()
    def lose_the_state(self) -> None:
        self.sides.agreed.clear()
        self.sure = False

    @rule()
    def renumber(self) -> None:
        for uid in sorted(self.sides.remote):
            new = self.next_uid()
            self.sides.remote[new] = self.sides.remote.pop(uid)
            self.sides.octets[new] = self.sides.octets[uid]
        for unique, state in self.sides.local.items():
            self.sides.local[unique] = state._replace(origin=None)
        self.sides.agreed.clear()
        self.sure = False

    # -- runs ----------------------------------------------------------------------------------

    @rule(mode=modes, done=numbers)
    def run_and_be_stopped(self, mode: SyncMode, done: int) -> None:
        planned = self.sides.plan(mode, storable=self.storable)
        self.sides = self.sides.after(planned[:done])
        self.sure = self.sure and done >= len(planned)

    @rule(mode=modes)
    def run(self, mode: SyncMode) -> None:
        before = self.sides
        self.sides = before.synchronised(mode, storable=self.storable)
        assert self.sides.plan(mode, storable=self.storable) == []
        if mode is SyncMode.PULL:
            assert self.sides.remote == before.remote
        elif mode is SyncMode.PUSH:
            assert self.sides.local == before.local
        else:
            self.check_alike()
            self.check_decisions(before)
            self.begin_anew()

    def check_alike(self) -> None:
        here, there = self.here(), self.there()
        assert here.keys() == there.keys()
        assert len(self.sides.agreed) == len(here)
        for text, state in here.items():
            assert self.storable.of(state) == self.storable.of(there[text])
        for uid, base in self.sides.agreed.items():
            assert self.sides.octets[uid] == self.sides.octets[base.unique]
            assert base.flags >= self.storable.of(self.sides.remote[uid].flags)

    def check_decisions(self, before: Sides) -> None:
        """See that whoever decided alone about a flag, or a message, was heard."""
        was = {Side.LOCAL: here_of(before), Side.REMOTE: there_of(before)}
        now = self.here()
        if not self.sure:
            return
        for (text, flag), by in self.touched.items():
            if len(by) == 1 and text not in self.deleted and flag in self.storable.of(ALL):
                (side,) = by
                if all(text in each for each in was.values()):
                    assert (flag in now[text]) is (flag in was[side][text]), (text, flag)
        wanted = {text for text, _ in self.touched}
        assert not (self.deleted - wanted) & now.keys()

    def begin_anew(self) -> None:
        self.touched.clear()
        self.deleted.clear()
        self.sure = True

    # -- what always holds ---------------------------------------------------------------------

    @invariant()
    def nothing_is_there_twice(self) -> None:
        for side in (self.sides.local, self.sides.remote):
            assert all(n == 1 for n in Counter(self.sides.octets[key] for key in side).values())
        files = [base.unique for base in self.sides.agreed.values()]
        assert len(files) == len({*files})

    @invariant()
    def nothing_is_lost_that_nobody_deleted(self) -> None:
        assert self.alive <= self.here().keys() | self.there().keys()

    # -- helpers -------------------------------------------------------------------------------

    def next_uid(self) -> Uid:
        return Uid(max([key for key in self.sides.octets if isinstance(key, int)], default=0) + 1)

    def touch(self, text: str, changed: Iterable[Flag | Keyword], by: Side) -> None:
        for flag in changed:
            self.touched.setdefault((text, flag), set()).add(by)

    def delete(self, text: str) -> None:
        self.alive.discard(text)
        self.deleted.add(text)

    def here(self) -> dict[str, Flags]:
        return here_of(self.sides)

    def there(self) -> dict[str, Flags]:
        return there_of(self.sides)


def here_of(sides: Sides) -> dict[str, Flags]:
    return {sides.octets[unique]: state.flags for unique, state in sides.local.items()}


def there_of(sides: Sides) -> dict[str, Flags]:
    return {sides.octets[uid]: state.flags for uid, state in sides.remote.items()}


def chosen(side: Iterable[K], number: int) -> K | None:
    keys = list(side)
    return keys[number % len(keys)] if keys else None


TestTwoSides = TwoSides.TestCase
