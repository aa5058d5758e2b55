"""Two sides and what they agreed on, as plain values that a plan can be applied to.

Flags are written as in the tables: letters for system flags, words for keywords ("FS todo").
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, assert_never

from mailcli.model import Flag, Flags, Keyword, SyncMode, Uid, keywords_of, system_flags_of
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


def flags(text: str) -> Flags:
    found: set[Flag | Keyword] = set()
    for word in text.split():
        if _LETTERS.keys() >= set(word):
            found.update(_LETTERS[letter] for letter in word)
        else:
            found.add(Keyword(word))
    return frozenset(found)


def letters(given: Flags) -> str:
    """Return flags as the tables have them, keywords in small letters."""
    return " ".join(_words_of(given))


def _words_of(given: Flags) -> list[str]:
    system = "".join(sorted(flag.letter for flag in system_flags_of(given)))
    named = sorted(keyword.imap.lower() for keyword in keywords_of(given))
    return [system, *named] if system else named


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
            changes = [sign + word for sign, some in signed for word in _words_of(some)]
            return " ".join(["remote", *changes])
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
    """A folder on both sides.

    `octets` says what the files and the server's messages hold. What is not there is like
    nothing else. Everything that ever was is kept, so that a test can follow a message.
    """

    agreed: dict[Uid, Agreed]
    local: dict[str, Local]
    remote: dict[Uid, Remote]
    octets: dict[Uid | str, str] = field(default_factory=dict, compare=False)

    def plan(self, mode: SyncMode, **policy: Any) -> list[Action]:
        return plan(self.agreed, self.local, self.remote, Policy(mode, **policy))

    def synchronised(self, mode: SyncMode, **policy: Any) -> "Sides":
        """Return the sides as a whole run leaves them.

        Where the octets of a new message were known, its flags are merged in the same run.
        """
        result = self.copy()
        recognised = [result._apply(action) for action in self.plan(mode, **policy)]
        if any(recognised):
            result = result.after(result.plan(mode, **policy))
        return result

    def after(self, actions: Iterable[Action]) -> "Sides":
        """Return the sides as a run leaves them that did these actions."""
        result = self.copy()
        for action in actions:
            result._apply(action)
        return result

    def copy(self) -> "Sides":
        return Sides(dict(self.agreed), dict(self.local), dict(self.remote), dict(self.octets))

    @property
    def bound(self) -> set[str]:
        """The files that are known to be a message."""
        return {base.unique for base in self.agreed.values()}

    def _apply(self, action: Action) -> bool:
        """Do what the action says; tell whether a new message was one that is here already."""
        match action:
            case Bind(uid, unique, agreed) | Agree(uid, unique, agreed):
                self.agreed[uid] = Agreed(unique, agreed)
            case Fetch(uid):
                return self._fetch(uid)
            case Append(unique, state):
                return self._append(unique, state)
            case SetLocalFlags(_, unique, state):
                self.local[unique] = self.local[unique]._replace(flags=state)
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
        return False

    def _fetch(self, uid: Uid) -> bool:
        octets = self.octets.get(uid)
        same = (u for u in sorted(self.local.keys() - self.bound) if self.octets.get(u) == octets)
        if octets is not None and (twin := next(same, None)) is not None:
            self._recognise(uid, twin)
            return True
        unique, state = f"fetched-{uid}", self.remote[uid].flags
        assert unique not in self.local
        self.local[unique] = Local(state, origin=uid)
        self.agreed[uid] = Agreed(unique, state)
        if octets is not None:
            self.octets[unique] = octets
        return False

    def _append(self, unique: str, state: Flags) -> bool:
        if unique in self.bound:
            return False  # it turned out to be what was fetched
        octets = self.octets.get(unique)
        same = (
            u for u in sorted(self.remote.keys() - self.agreed) if self.octets.get(u) == octets
        )
        if octets is not None and (twin := next(same, None)) is not None:
            self._recognise(twin, unique)
            return True
        numbers = (number for number in self.octets if isinstance(number, int))
        uid = Uid(max([*self.remote, *self.agreed, *numbers, 1000]) + 1)
        self.remote[uid] = Remote(state)
        self.agreed[uid] = Agreed(unique, state)
        if octets is not None:
            self.octets[uid] = octets
        return False

    def _recognise(self, uid: Uid, unique: str) -> None:
        base = self.local[unique].flags & self.remote[uid].flags
        self.agreed[uid] = Agreed(unique, base)
