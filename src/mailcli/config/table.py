"""One table of the configuration file, read key by key and by type.

Pure. Every error names the key by its full path, says what was expected and
what was found, and never shows a value that could be a secret.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from mailcli.errors import ConfigError

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_FORBIDDEN_KEYS = {"password", "passwd", "pass", "passphrase", "secret", "token"}
_SAFE_WAYS = (
    "use password_command, password_file (mode 0600), the keyring "
    "(mailcli account set-password) or systemd's LoadCredential=; at a terminal mailcli asks"
)


class Table:
    """A table and its path; knows its keys, so that a mistyped one is found first."""

    def __init__(
        self, values: Mapping[str, object], path: str = "", *, known: Collection[str] | None = None
    ) -> None:
        self._values = values
        self._path = path
        if known is not None:
            for key in values:
                self._refuse_unknown(key, known)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def error(self, key: str, problem: str, *, hint: str = "") -> ConfigError:
        """Return the error that names `key` by its full path."""
        return ConfigError(f"{self._full(key)}: {problem}", hint=hint)

    def take(self, key: str, *kinds: type[T], expected: str) -> T | None:
        """Return the value of `key` if it has exactly one of these types; None if absent."""
        value = self._values.get(key)
        for kind in kinds:
            # `true` is an int to isinstance, and never meant as one.
            if type(value) is kind:
                return value
        if value is None:
            return None
        raise self.error(key, f"expected {expected}, found {_kind(value)}")

    def table(self, key: str, *, known: Collection[str] | None = None) -> "Table | None":
        """Return the table under `key`."""
        values: dict[str, Any] | None = self.take(key, dict, expected="a table")
        return None if values is None else Table(values, self._full(key), known=known)

    def text(self, key: str) -> str | None:
        """Return a string that is not empty and holds no control character."""
        value = self.take(key, str, expected="a string")
        return None if value is None else self._clean(key, value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of such strings; empty if absent."""
        values: list[Any] = self.take(key, list, expected="a list of strings") or []
        for value in values:
            if not isinstance(value, str):
                raise self.error(key, f"expected a list of strings, found {_kind(value)} in it")
        return tuple(self._clean(key, value) for value in values)

    def truth(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.take(key, bool, expected="true or false")
        return default if value is None else value

    def number(self, key: str, *, low: int, high: int) -> int | None:
        """Return a whole number between two bounds, both included."""
        expected = f"a whole number from {low} to {high}"
        value = self.take(key, int, expected=expected)
        if value is not None and not low <= value <= high:
            raise self.error(key, f"expected {expected}, found {value}")
        return value

    def choice(self, key: str, default: E) -> E:
        """Return one member of the enumeration that `default` belongs to."""
        kind = type(default)
        names = ", ".join(kind)
        value = self.take(key, str, expected=f"one of {names}")
        if value is None:
            return default
        if value not in {*kind}:
            raise self.error(
                key, f'expected one of {names}, found "{value}"', hint=_nearest(value, [*kind])
            )
        return kind(value)

    def parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        """Return what `parse` makes of a string; its `ValueError` becomes ours."""
        value = self.text(key)
        return None if value is None else self._parse(key, value, parse)

    def parsed_each(self, key: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """Return what `parse` makes of each string of a list."""
        return tuple(self._parse(key, value, parse) for value in self.texts(key))

    def _parse(self, key: str, value: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(value)
        except ValueError as error:
            raise self.error(key, str(error)) from None

    def _clean(self, key: str, value: str) -> str:
        if not value.strip():
            raise self.error(key, "is empty")
        if any(letter < " " or "\x7f" <= letter <= "\x9f" for letter in value):
            raise self.error(key, "holds a control character, such as a line end")
        return value

    def _full(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _refuse_unknown(self, key: str, known: Collection[str]) -> None:
        if key in known:
            return
        if key in _FORBIDDEN_KEYS:
            raise self.error(key, "no password stands in this file", hint=_SAFE_WAYS)
        raise self.error(
            key, "unknown key", hint=_nearest(key, known) or f"known here: {', '.join(known)}"
        )


def _nearest(word: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _kind(value: object) -> str:
    kinds = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}
    kinds |= {list: "a list", dict: "a table"}
    return kinds.get(type(value), "a date or time")
