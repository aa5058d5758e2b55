"""Keywords of files that another program moved here from another folder.

A letter means what `dovecot-keywords` of its folder says. A program that does not
know this moves a file with the letters that it had, and they mean something else
where it is now. So before anything is done about such a file, it gets the new
folder's letters for what was agreed on. One whose letters are not those agreed on
was given its new folder's by a program that does know.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from mailcli.app.folder_sources import missing_in
from mailcli.app.folder_state import FolderState
from mailcli.app.sync_run import SyncRun
from mailcli.errors import LocalError, NotFound, TemporaryFailure
from mailcli.imap.session import ImapSession
from mailcli.model import Flags, keywords_of
from mailcli.store.keywords import KeywordLetters
from mailcli.store.names import FolderName
from mailcli.store.records import MessageRow
from mailcli.sync.moves import Missing, Moved, Stray, pair


@dataclass(frozen=True, slots=True)
class _Brought:
    """A file, the message that it is, and what its letters meant where it came from."""

    unique: str
    row: MessageRow
    letters: KeywordLetters


def translate_letters(
    run: SyncRun, states: Collection[FolderState], moves: Iterable[Moved]
) -> None:
    """Give files that were moved between folders their keywords in their new folder's letters.

    `moves` are those between folders that the run looks into; what came from any other folder
    is found here. A run that changes no file only takes note of the keywords.
    """
    by_name = {state.name: state for state in states}
    found: dict[str, list[_Brought]] = {}
    known: set[tuple[str, str]] = set()
    for move in moves:
        stray, source = move.stray, by_name[move.missing.folder]
        known.add((stray.folder, stray.unique))
        brought = _Brought(stray.unique, source.rows[move.missing.uid], source.letters)
        found.setdefault(stray.folder, []).append(brought)
    for folder, brought in _from_elsewhere(run, by_name, known):
        found.setdefault(folder, []).append(brought)
    noted = run.state.lettered() if found else set()
    for folder, each in found.items():
        raw = [one for one in each if (folder, one.unique) not in noted]
        run.attempt(by_name[folder], _translate, by_name[folder], raw)


def _translate(session: ImapSession, state: FolderState, found: Iterable[_Brought]) -> None:
    del session
    renamed = False
    for each in found:
        keywords = keywords_of(each.row.flags)
        letters = each.letters.letters_for(keywords)
        if not keywords or state.entries[each.unique].others != letters:
            continue
        state.between.brought[each.unique] = keywords
        if state.policy.changes_local:
            with suppress(NotFound):  # another program took it away meanwhile
                state.set_keywords(each.unique, keywords)
                renamed = True
    if renamed:
        # What is about to be agreed on must not come undone with the power.
        state.folder.sync()


def _from_elsewhere(
    run: SyncRun, by_name: Mapping[str, FolderState], known: Collection[tuple[str, str]]
) -> Iterator[tuple[str, _Brought]]:
    """Yield files with letters that came from folders which the run does not look into."""
    strays = [
        Stray(state.name, unique, content)
        for state in by_name.values()
        for unique in state.strays()
        if state.entries[unique].others
        and (state.name, unique) not in known
        and (content := state.content_of(unique))
    ]
    others = {row.name: row for row in run.state.folders() if row.name not in by_name}
    if not strays or not others:
        return
    contents = {stray.content for stray in strays}
    rows = {name: missing_in(run, others[name], contents) for name in others}
    missing = [
        Missing(name, row.uid, row.unique, (row.size, row.sha256))
        for name, each in rows.items()
        for row in each.values()
    ]
    for move in pair(missing, strays):
        name = move.missing.folder
        try:
            letters = run.maildir.folder(FolderName.parse(name)).keyword_letters()
        except (NotFound, LocalError, TemporaryFailure):
            continue  # its letters cannot be known now
        row = rows[name][move.missing.uid]
        yield move.stray.folder, _Brought(move.stray.unique, row, letters)


def agreed_keywords(state: FolderState, unique: str) -> Flags:
    """Return the keywords to agree on for a file that was moved here from another folder.

    They are what the next run reads. So letters that a run could not change are no change of
    the user's, and the next one puts them right.
    """
    return state.letters.read(
        state.entries[unique].others, keywords_of(state.between.brought[unique])
    )


def base_of(state: FolderState, unique: str, there: Flags) -> Flags:
    """Return what both sides agree on of a file that turned out to be a message of the server."""
    if unique in state.between.brought:
        return (state.entries[unique].flags & there) | agreed_keywords(state, unique)
    return state.flags_here(unique) & there
