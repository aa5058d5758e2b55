"""Keywords that were agreed on, and files whose letters are known to be their folder's own.

A letter means what `dovecot-keywords` of its folder says (`store.keywords`). A file that was
moved with other letters looks the same as one that was given its new folder's; of those that
mailcli itself moved it is noted which they are.
"""

from collections.abc import Container, Iterable, Iterator

from mailcli.model import Flags
from mailcli.store.database import loaded, stored
from mailcli.store.intent_state import IntentState
from mailcli.store.state_rows import FlagReader, flags_of


class KeywordState(IntentState):
    """The part of an account's state that says which keywords files have."""

    def keywords(self, folder: int, *, but_for: Container[str]) -> Flags:
        """Return the keywords of all recorded messages but for these files."""
        sql = "SELECT unique_name, keywords FROM message WHERE folder = ? AND keywords != ''"
        rows = self._rows(sql, folder)
        found = (flags_of("", names) for unique, names in rows if loaded(unique) not in but_for)
        return frozenset().union(*found)

    def agreed_keywords(self) -> Iterator[tuple[str, str, Flags]]:
        """Yield folder, unique name and keywords of all messages that were agreed to have any."""
        read = FlagReader()
        sql = (
            "SELECT name, unique_name, keywords FROM message"
            " JOIN folder ON folder.id = message.folder WHERE keywords != ''"
        )
        for name, unique, keywords in self._rows(sql):
            yield loaded(name), loaded(unique), read("", keywords)

    def note_lettered(self, folder: str, uniques: Iterable[str]) -> None:
        """Record files of a folder that have its letters, before they come there or get them.

        One that is bound there by now needs no note.
        """
        rows = [(stored(folder), stored(unique)) for unique in uniques]
        with self.transaction():
            self._write("INSERT OR IGNORE INTO lettered (folder, unique_name) VALUES (?, ?)", rows)
            self.forget_lettered(self._bound_lettered())

    def forget_lettered(self, files: Iterable[tuple[str, str]]) -> None:
        """Remove the notes of files that are in their folder no more."""
        rows = ((stored(folder), stored(unique)) for folder, unique in files)
        self._write("DELETE FROM lettered WHERE folder = ? AND unique_name = ?", rows)

    def lettered(self) -> set[tuple[str, str]]:
        """Return folder and unique name of such files."""
        found = self._rows("SELECT folder, unique_name FROM lettered")
        return {(loaded(folder), loaded(unique)) for folder, unique in found}

    def _forget_bound(self, folder: int, uniques: Iterable[str]) -> None:
        """Remove the notes of files that were just bound; mostly there is none at all."""
        if any(self._rows("SELECT 1 FROM lettered LIMIT 1")):
            sql = (
                "DELETE FROM lettered"
                " WHERE folder = (SELECT name FROM folder WHERE id = ?) AND unique_name = ?"
            )
            self._write(sql, ((folder, stored(unique)) for unique in uniques))

    def _rename_lettered(self, folder: int, name: str) -> None:
        """Let the notes of a folder go along with it, before it has its new name."""
        sql = (
            "UPDATE OR REPLACE lettered SET folder = ?"
            " WHERE folder = (SELECT name FROM folder WHERE id = ?)"
        )
        self._write(sql, [(stored(name), folder)])

    def _forget_lettered_of(self, folder: int) -> None:
        sql = "DELETE FROM lettered WHERE folder = (SELECT name FROM folder WHERE id = ?)"
        self._write(sql, [(folder,)])

    def _bound_lettered(self) -> set[tuple[str, str]]:
        sql = (
            "SELECT name, unique_name FROM message JOIN folder ON folder.id = message.folder"
            " WHERE (name, unique_name) IN (SELECT folder, unique_name FROM lettered)"
        )
        return {(loaded(folder), loaded(unique)) for folder, unique in self._rows(sql)}
