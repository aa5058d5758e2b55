"""Two sides and what they agreed on, as plain values that a plan can be applied to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, assert_never

from mailcli.model import Flag, Flags, SyncMode, Uid, system_flags_of
from mailcli.sync.plan import (
    Action,
    Agree,
    Append,
    Bind,
    DeleteLocal,
    DeleteRemote,
    Fetch,
    Forget,
    Hold,
    SetLocalFlags,
    StoreFlags,
    plan,
)
from mailcli.sync.states import Agreed, Local, Policy, Remote

_LETTERS = {flag.letter: flag for flag in Flag}


def flags(letters: str) -> Flags:
    return frozenset(_LETTERS[letter] for letter in letters)


def letters(given: Flags) -> str:
    return "".join(sorted(flag.letter for flag in system_flags_of(given)))


def words(action: Action) -> str:  # noqa: C901, PLR0911 - one for each kind
    """Say in the words of the tables what an action does."""
    match action:
        case Bind():
            return f"bind {letters(action.flags)}"
        case Fetch():
            return "fetch"
        case Append():
            return f"append {letters(action.flags)}"
        case SetLocalFlags():
            return f"local = {letters(action.flags)}"
        case StoreFlags():
            signed = [("+", action.add), ("-", action.remove)]
            return " ".join(["remote", *(sign + letters(some) for sign, some in signed if some)])
        case Agree():
            return f"agree {letters(action.flags)}"
        case Hold():
            return f"hold {action.gone.value}"
        case Forget():
            return "forget"
        case DeleteLocal():
            return "delete local"
        case DeleteRemote():
            return "delete remote"
        case _:
            assert_never(action)


@dataclass(frozen=True)
class Sides:
    """A folder on both sides."""

    agreed: dict[Uid, Agreed]
    local: dict[str, Local]
    remote: dict[Uid, Remote]

    def plan(self, mode: SyncMode, **policy: Any) -> list[Action]:
        return plan(self.agreed, self.local, self.remote, Policy(mode, **policy))

    def synchronised(self, mode: SyncMode, **policy: Any) -> "Sides":
        return self.after(self.plan(mode, **policy))

    def after(self, actions: Iterable[Action]) -> "Sides":
        """Return the sides as a run leaves them that does what it planned."""
        result = Sides(dict(self.agreed), dict(self.local), dict(self.remote))
        for action in actions:
            result._apply(action)
        return result

    def _apply(self, action: Action) -> None:
        match action:
            case Bind(uid, unique, agreed) | Agree(uid, unique, agreed):
                self.agreed[uid] = Agreed(unique, agreed)
            case Fetch(uid):
                unique, state = f"fetched-{uid}", self.remote[uid].flags
                assert unique not in self.local
                self.local[unique] = Local(state, origin=uid)
                self.agreed[uid] = Agreed(unique, state)
            case Append(unique, state):
                uid = Uid(max([*self.remote, *self.agreed, 1000]) + 1)
                self.remote[uid] = Remote(state)
                self.agreed[uid] = Agreed(unique, state)
            case SetLocalFlags(_, unique, state):
                self.local[unique] = replace(self.local[unique], flags=state)
            case StoreFlags(uid, _, add, remove):
                self.remote[uid] = Remote((self.remote[uid].flags | add) - remove)
            case Forget(uid):
                del self.agreed[uid]
            case DeleteLocal(uid, unique):
                del self.agreed[uid], self.local[unique]
            case DeleteRemote(uid):
                del self.agreed[uid], self.remote[uid]
            case Hold():
                pass
            case _:
                assert_never(action)
