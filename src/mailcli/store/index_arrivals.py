"""What an update of the index finds in folders: in temporary tables, as it may be a million files.

They are seen by this connection alone. SQLite keeps 2 MB of them in memory, and the rest in a
file that has no name, where temporary files go; what is little never touches a disk. An index
in memory has them there, too.

`came` are files that the index does not know, as they were listed, `arrival` the same in the
order in which they get numbers. `there` are numbers whose file was listed, `gone` those whose
file is not where it was, `taken` those that an arrival has got. `added` is what the index has
got, `answered` and `joined` what follows for threads.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from mailcli.store.database import Database, loaded, stored

_Item = TypeVar("_Item")

AT_ONCE = 1000
"""Files that are compared, or handed over, at a time."""

_TABLES = (
    "came (id INTEGER PRIMARY KEY, listing, folder, unique_name, place, delivered)",
    "arrival (id INTEGER PRIMARY KEY, listing, folder, place, number, is_named DEFAULT 0)",
    "there (number INTEGER PRIMARY KEY)",
    "gone (number INTEGER PRIMARY KEY)",
    "taken (number INTEGER PRIMARY KEY)",
    "added (number INTEGER PRIMARY KEY)",
    "answered (reply, before)",
    "joined (old, new)",
)
_UNIQUE = "substr(value, 5, instr(value || ':', ':') - 5)"  # of `cur/UNIQUE:INFO`
_UNLIKE = f"""
    SELECT each.key, number, subdirectory, message.unique_name, info FROM json_each(?) AS each
    LEFT JOIN message ON folder=? AND message.unique_name={_UNIQUE}
    WHERE number IS NULL OR subdirectory || '/' || message.unique_name || info <> value"""  # noqa: S608 - our own words
_NAMED = (
    "SELECT number, subdirectory, unique_name, info FROM message WHERE folder=? AND unique_name=?"
)
_THERE = f"""
    INSERT OR IGNORE INTO there SELECT number FROM json_each(?)
    CROSS JOIN message ON folder=? AND message.unique_name={_UNIQUE}"""  # noqa: S608 - our own words
_THERE_NAMED = (
    "INSERT OR IGNORE INTO there SELECT number FROM message WHERE folder=? AND unique_name=?"
)
_IN_NEW = " AND subdirectory='new'"
# Of a unique name that two files have, the first place: `cur` before `new`.
_IN_ORDER = """
    INSERT INTO arrival (listing, folder, place)
    SELECT listing, folder, min(place) AS place FROM came
    GROUP BY folder, unique_name ORDER BY delivered, place, id"""


class Unlike(NamedTuple):
    """A place that the index does not know, and what it has of that unique name, if anything."""

    place: str
    number: int | None = None
    known_place: str = ""


class Arrived(NamedTuple):
    """A file that is new in a folder: its row, the listing it is of, and the number it has got."""

    id: int
    listing: int
    folder: int
    place: str
    number: int | None


class Arrivals(Database):
    """The part of the index that holds folders against it."""

    @contextmanager
    def updating(self) -> Iterator[None]:
        """Have the tables, empty, within the block; where it raises, until the index is closed."""
        with self._sorting_in_files():
            self._execute("ATTACH '' AS work")
        # What is rolled back is of no use: who fails begins anew.
        self._execute("PRAGMA work.journal_mode=OFF")
        for table in _TABLES:
            self._execute(f"CREATE TABLE work.{table}")
        yield
        self._execute("DETACH work")

    @contextmanager
    def _sorting_in_files(self) -> Iterator[None]:
        """Let what SQLite sorts, or makes for a while, in the block go to files if it is much.

        Elsewhere it stays in memory, as what can undo a statement does: that is written often.
        """
        self._execute(f"PRAGMA temp_store={'MEMORY' if self.is_in_memory else 'DEFAULT'}")
        yield
        self._execute("PRAGMA temp_store=MEMORY")

    def _execute(self, sql: str) -> None:
        with self._errors():
            self._connection.execute(sql)

    @property
    def is_in_memory(self) -> bool:
        """Whether nothing of it stays."""
        return self._path == Path(":memory:")

    # What is there.

    def compare(self, folder: int, places: Iterable[str]) -> Iterator[tuple[int, list[Unlike]]]:
        """Hold places (`cur/NAME`) of a folder against the index.

        Yields, for some at a time, how many they are, and those that are not as it has them.
        """
        import json

        for some in some_of(places):
            rows = list(self._rows(_UNLIKE, json.dumps(some), folder))
            unlike = [self._unlike(folder, some[key], row) for key, *row in rows]
            yield len(some), [each for each in unlike if each.place != each.known_place]

    def _unlike(self, folder: int, place: str, row: Sequence[Any]) -> Unlike:
        if row[0] is None:
            name = stored(unique_of(place))
            # What is no text is in no JSON either.
            row = next(self._rows(_NAMED, folder, name), row) if isinstance(name, bytes) else row
        number, subdirectory, unique, info = row
        known = "" if number is None else _place(subdirectory, unique, info)
        return Unlike(place, number, known)

    def last_come(self) -> int:
        """Return the last row of `came`, for `forget_come`."""
        return next(int(last) for (last,) in self._rows("SELECT ifnull(max(id), 0) FROM came"))

    def note_come(self, listing: int, folder: int, places: Iterable[str]) -> None:
        """Note files of a listing that the index does not know."""
        rows = (
            (listing, folder, stored(unique_of(place)), stored(place), _delivered(place))
            for place in places
        )
        sql = "INSERT INTO came (listing, folder, unique_name, place, delivered)"
        self._write(f"{sql} VALUES (?, ?, ?, ?, ?)", rows)

    def forget_come(self, last: int) -> None:
        """Forget the files that were noted behind the row `last`."""
        self._write("DELETE FROM came WHERE id > ?", [(last,)])

    def count(self, folder: int, *, new: bool = False) -> int:
        """Return how many messages the index has in a folder, or in its `new`."""
        sql = f"SELECT count(*) FROM message WHERE folder=?{_IN_NEW if new else ''}"  # noqa: S608 - our own words
        return next(int(count) for (count,) in self._rows(sql, folder))

    def note_there(self, folder: int, places: Iterable[str]) -> None:
        """Note the messages whose files are in a folder: these alone, for `note_gone`."""
        import json

        with self.transaction():
            self._write("DELETE FROM there", [()])
            for some in some_of(places):
                self._write(_THERE, [(json.dumps(some), folder)])
                names = (stored(unique_of(place)) for place in some)
                odd = ((folder, name) for name in names if isinstance(name, bytes))
                self._write(_THERE_NAMED, odd)

    def note_gone(self, folder: int, *, new: bool = False) -> None:
        """Note those messages of a folder, or of its `new`, that `note_there` did not."""
        sql = f"SELECT number FROM message WHERE folder=?{_IN_NEW if new else ''}"  # noqa: S608 - our own words
        with self.transaction():
            left = "number NOT IN (SELECT number FROM there)"
            sql = f"INSERT OR IGNORE INTO gone {sql} AND {left}"
            self._write(sql, [(folder,)])
            self._write("DELETE FROM there", [()])

    def note_taken(self, folder: int, places: Iterable[str]) -> None:
        """Note those messages of a folder as gone whose file was at one of these places."""
        gone = []
        for place in places:
            row = next(self._rows(_NAMED, folder, stored(unique_of(place))), None)
            if row is not None and _place(*row[1:]) == place:
                gone.append((row[0],))
        self._write("INSERT OR IGNORE INTO gone VALUES (?)", gone)

    # What has come, in order.

    def put_in_order(self) -> None:
        """Make arrivals of all that has come: by the time of delivery, then by name."""
        with self._sorting_in_files(), self.transaction():
            self._write(_IN_ORDER, [()])
            self._write("DELETE FROM came", [()])

    def arrivals(self, condition: str = "1") -> Iterator[Sequence[Arrived]]:
        """Yield the arrivals for which a condition of SQL holds, in order, some at a time.

        What is done with some may change the tables.
        """
        sql = (
            "SELECT id, listing, folder, place, number FROM arrival"  # noqa: S608 - our own words
            f" WHERE id > ? AND {condition} ORDER BY id LIMIT {AT_ONCE}"
        )
        last = 0
        while rows := list(self._rows(sql, last)):
            last = rows[-1][0]
            yield [
                Arrived(each, listing, folder, loaded(place), number)
                for each, listing, folder, place, number in rows
            ]

    def arrival_count(self) -> int:
        """Return how many there are."""
        return next(int(count) for (count,) in self._rows("SELECT count(*) FROM arrival"))

    def note_named(self, arrivals: Iterable[int]) -> None:
        """Note arrivals whose unique name has a number that was elsewhere: `is_named`."""
        self._write("UPDATE arrival SET is_named=1 WHERE id=?", [(each,) for each in arrivals])

    def note_numbers(self, numbers: Iterable[tuple[int, int]]) -> None:
        """Note arrivals' numbers: (number, arrival)."""
        self._write("UPDATE arrival SET number=? WHERE id=?", numbers)

    def settle(self, arrivals: Iterable[int]) -> None:
        """Drop arrivals that the index has."""
        self._write("DELETE FROM arrival WHERE id=?", [(each,) for each in arrivals])

    # Numbers.

    def is_gone(self, number: int) -> bool:
        """Tell whether a number's file is not where it was."""
        return any(self._rows("SELECT 1 FROM gone WHERE number=?", number))

    def is_taken(self, number: int) -> bool:
        """Tell whether an arrival has got a number."""
        return any(self._rows("SELECT 1 FROM taken WHERE number=?", number))

    def take(self, numbers: Iterable[int]) -> None:
        """Note numbers that arrivals have got."""
        self._write("INSERT OR IGNORE INTO taken VALUES (?)", [(each,) for each in numbers])

    def note_added(self, numbers: Iterable[int]) -> None:
        """Note what the index has got, for `join_by_subject`."""
        self._write("INSERT OR IGNORE INTO added VALUES (?)", [(each,) for each in numbers])

    def remove_gone(self) -> None:
        """Take messages out whose files are gone, and nowhere else."""
        gone = "SELECT number FROM gone EXCEPT SELECT number FROM taken"
        with self.transaction():
            self._write(f"INSERT OR IGNORE INTO dead {gone}", [()])
            self._write(f"DELETE FROM message WHERE number IN ({gone})", [()])  # noqa: S608 - our own words


def unique_of(place: str) -> str:
    """Return the unique name of the file at a place, such as `cur/NAME`."""
    return place[4:].partition(":")[0]


def _place(subdirectory: str, unique: str | bytes, info: str | bytes) -> str:
    """Return the place that a row has."""
    return f"{subdirectory}/{loaded(unique)}{loaded(info)}"


def _delivered(place: str) -> int:
    """Return when a file was delivered, as its name tells; 0 where it does not."""
    when = place[4:].partition(".")[0]
    return int(when) if when.isascii() and when.isdigit() and len(when) < 15 else 0


def some_of(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Yield items, `AT_ONCE` at a time."""
    waiting = iter(items)
    while some := list(islice(waiting, AT_ONCE)):
        yield some
