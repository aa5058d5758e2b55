"""What can be asked of folders: listed, counted, made, renamed, deleted, subscribed.

Names are encoded here, once, as bytes. RFC 3501 §6.3; LIST-EXTENDED and LIST-STATUS by
RFC 5258 and RFC 5819, special uses by RFC 6154, sizes by RFC 8438, NAMESPACE by RFC 2342,
the counter HIGHESTMODSEQ by RFC 7162.
"""

from collections.abc import Mapping, Sequence

from mailcli.imap import folder_answers, responses
from mailcli.imap.answers import Answer
from mailcli.imap.connection import ImapConnection, quoted
from mailcli.imap.conversation import CommandFailed
from mailcli.imap.folder_answers import Told, key
from mailcli.imap.names import encode
from mailcli.imap.values import Folder, Namespaces


class FolderCommands(ImapConnection):
    """Commands about folders."""

    # -- listing -----------------------------------------------------------

    def list_folders(self, *, counts: bool = False, counters: bool = False) -> list[Folder]:
        """Return every folder, with its role and whether it is subscribed.

        With `counts`, the number of messages and of unseen ones, and their octets where the
        server has STATUS=SIZE; with `counters`, the `status` that tells whether anything
        changed. In the same round trip where it has LIST-STATUS, in one more where it has not,
        or leaves a folder out.

        A name that no decoder understands stands there with its octets as surrogates.
        """
        return self._listed([], self._items(counts=counts, counters=counters))[1]

    def open_store(
        self, *, counts: bool = False, counters: bool = True, utf8: bool = False
    ) -> tuple[Namespaces, list[Folder]]:
        """Say what `enable`, `namespaces` and `list_folders` say, all in one round trip."""
        enabling = self._enabling(utf8=utf8)
        naming = b"NAMESPACE" if "NAMESPACE" in self.capabilities else None
        items = self._items(counts=counts, counters=counters)
        first = [command for command in (enabling, naming) if command]
        results, folders = self._listed(first, items)
        namespaces = Namespaces()
        if naming and isinstance(results[-1], Answer):
            with self._wire.blaming():
                namespaces = folder_answers.namespaces(results[-1], utf8=self._utf8)
        return namespaces, folders

    def list_hidden(
        self, namespaces: Namespaces, listed: Sequence[Folder], *, counts: bool = False
    ) -> list[Folder]:
        """Return folders of others and shared ones, where the list of all leaves them out.

        As Dovecot does with `list = no`. Nothing is asked where it shows some of each namespace.
        """
        found: list[Folder] = []
        for space in (*namespaces.others, *namespaces.shared):
            top = space.prefix.removesuffix(space.delimiter or "")
            if not top or any(f.name == top or f.name.startswith(space.prefix) for f in listed):
                continue
            pattern = encode(space.prefix, utf8=self._utf8) + b"*"
            try:
                found += self._listed([], self._items(counts=counts, counters=False), pattern)[1]
            except CommandFailed:  # such as a namespace that is not for this user
                continue
        return found

    def _listed(
        self, first: Sequence[bytes], items: Sequence[bytes], pattern: bytes = b"*"
    ) -> tuple[list[Answer | CommandFailed], list[Folder]]:
        """Run some commands, LIST and, where it takes one, STATUS; return answers and folders."""
        self._wire.phase = "LIST"
        extended = self._extended_list(items, pattern)
        plain = [b'LIST "" %b' % quoted(pattern), b'LSUB "" %b' % quoted(pattern)]
        listing = [extended] if extended else plain
        results = self._run_all([*first, *listing])
        self._note_enabled(*results[: len(first)])
        if extended and isinstance(results[-1], CommandFailed):
            listing = plain
            results = [*results[: len(first)], *self._run_all(listing)]
        # Several answers to one question: which of them holds the untagged data is not said.
        whole = _joined(results, required=results[len(first) :])
        with self._wire.blaming():
            subscribed = folder_answers.subscribed(whole)
            folders = [
                f._replace(subscribed=f.subscribed or key(f.wire) in subscribed)
                for f in folder_answers.folders(whole, utf8=self._utf8)
            ]
            known = folder_answers.statuses([whole])
        return results[: len(first)], self._counted(folders, known, items)

    def _extended_list(self, items: Sequence[bytes], pattern: bytes) -> bytes | None:
        if "LIST-EXTENDED" not in self.capabilities:
            return None
        options = [b"CHILDREN", b"SUBSCRIBED"]
        if "SPECIAL-USE" in self.capabilities:
            options.append(b"SPECIAL-USE")
        if items and "LIST-STATUS" in self.capabilities:
            options.append(b"STATUS (%b)" % b" ".join(items))
        return b'LIST "" %b RETURN (%b)' % (quoted(pattern), b" ".join(options))

    def _counted(
        self, folders: list[Folder], known: Mapping[bytes, Told], items: Sequence[bytes]
    ) -> list[Folder]:
        """Add what STATUS said, and ask for it where it is missing (MailKit#879)."""
        if not items:
            return folders
        missing = [
            folder
            for folder in folders
            if folder.selectable and folder.can_be_named and key(folder.wire) not in known
        ]
        self._wire.phase = "STATUS"
        question = b" ".join(items)
        asked = self._run_all(
            [b"STATUS %b (%b)" % (quoted(folder.wire), question) for folder in missing]
        )
        # NO to one is no failure: such as a folder that we may see but not open.
        answered = [answer for answer in asked if isinstance(answer, Answer)]
        self._wire.phase = "LIST"
        with self._wire.blaming():
            told = {**known, **folder_answers.statuses(answered)}
            return [folder_answers.told_about(f, told.get(key(f.wire))) for f in folders]

    def _items(self, *, counts: bool, counters: bool) -> list[bytes]:
        """Return what STATUS is asked for."""
        has = self.capabilities
        wanted = {
            b"MESSAGES": counts or counters,
            b"UIDNEXT": counters,
            b"UIDVALIDITY": counters,
            b"HIGHESTMODSEQ": counters and self._keeps_modseq,
            b"UNSEEN": counts,
            b"SIZE": counts and "STATUS=SIZE" in has,
        }
        return [item for item, asked in wanted.items() if asked]

    # -- namespaces --------------------------------------------------------

    def namespaces(self) -> Namespaces:
        """Return where the user's own folders are, and others' and shared ones (RFC 2342).

        All are empty where the server does not tell.
        """
        self._wire.phase = "NAMESPACE"
        if "NAMESPACE" not in self.capabilities:
            return Namespaces()
        answer = self._run(b"NAMESPACE")
        with self._wire.blaming():
            return folder_answers.namespaces(answer, utf8=self._utf8)

    def personal_prefix(self) -> str:
        """Return what stands before the user's own folders, such as `INBOX.`."""
        return self.namespaces().prefix

    # -- changing ----------------------------------------------------------

    def count_messages(self, folder: bytes) -> int | None:
        """Return how many messages a folder that is not open holds; None if it is not said.

        Raises: CommandFailed, also when it does not exist.
        """
        self._enter("STATUS", folder)
        answer = self._run(b"STATUS %b (MESSAGES)" % quoted(folder))
        with self._wire.blaming():
            told = folder_answers.statuses([answer]).get(key(folder), {})
            return responses.number(told["MESSAGES"]) if "MESSAGES" in told else None

    def create(self, name: str) -> bytes:
        """Create a folder and return its name as the wire has it.

        Raises: CommandFailed, also when it exists already.
        """
        self._wire.phase = f"CREATE {name}"
        wire = encode(name, utf8=self._utf8)
        self._run(b"CREATE %b" % quoted(wire))
        return wire

    def rename(self, folder: bytes, name: str) -> bytes:
        """Give a folder, and all inside it, another name; return that as the wire has it.

        Subscriptions stay with the old names (RFC 3501 §6.3.5).

        Raises: CommandFailed, also when the new name is taken.
        """
        self._enter("RENAME", folder)
        wire = encode(name, utf8=self._utf8)
        self._run(b"RENAME %b %b" % (quoted(folder), quoted(wire)))
        return wire

    def delete(self, folder: bytes) -> None:
        """Delete a folder with its messages; its subscription stays (RFC 3501 §6.3.4).

        Raises: CommandFailed, also when it does not exist.
        """
        self._enter("DELETE", folder)
        self._run(b"DELETE %b" % quoted(folder))

    def subscribe(self, folder: bytes, *, on: bool = True) -> None:
        """Subscribe a folder, or with `on=False` unsubscribe it (RFC 3501 §6.3.6, §6.3.7).

        Raises: CommandFailed when the server refuses.
        """
        verb = "SUBSCRIBE" if on else "UNSUBSCRIBE"
        self._enter(verb, folder)
        self._run(b"%b %b" % (verb.encode(), quoted(folder)))


def _joined(
    results: Sequence[Answer | CommandFailed], *, required: Sequence[Answer | CommandFailed]
) -> Answer:
    """Return one answer that holds the untagged responses of all.

    Raises: CommandFailed where one of `required` was refused.
    """
    for result in required:
        if isinstance(result, CommandFailed):
            raise result
    answers = [result for result in results if isinstance(result, Answer)]
    return Answer([r for answer in answers for r in answer.untagged], answers[-1].final)
