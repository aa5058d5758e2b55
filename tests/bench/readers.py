"""The rows of reading what is here: indexing, listing, searching, noticing what is new.

Beside notmuch and mu, which index a Maildir that others fill: mailcli fetches it for each. Each
gets the same files, with nothing in the disk cache that the others do not have there.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from shlex import join, quote

from tests.bench import ours
from tests.bench.contenders import OURS, Command, Contender, Keeps, Scene, private_file
from tests.bench.corpus import words
from tests.bench.ground import Mailbox, Service
from tests.bench.work import Row, Sizes, State

_SCREENFUL = 50
_NEW = "From: a@b.example\\nSubject: new\\nDate: Mon, 02 Nov 2026 10:00:00 +0000\\n\\ntext\\n"

_FIRST, _SECOND = words()[11:13]
SEARCHES = (
    ("word", "a word", _FIRST, _FIRST),
    ("words", "two words", f"{_FIRST} {_SECOND}", f"{_FIRST} and {_SECOND}"),
    ("sender", "a sender", "from:sender7", "from:sender7"),
)
"""Key, what it is, and the query as mailcli and notmuch read it, and as mu does."""

_MAILCLI = join((sys.executable, "-m", "mailcli"))

Script = Callable[[Scene], str]


def rows(sizes: Sizes) -> Iterator[Row]:
    """Yield the rows, in the order in which they run and are shown."""
    mailbox = sizes.growing[-1]
    count = f"{mailbox.size:,} messages"
    yield _row("index", f"index {count} that nobody has read", mailbox, _anew(), is_long=True)
    yield _row("list", f"list the newest {_SCREENFUL} of {count}", mailbox, _newest())
    yield _row("list-new", f"notice one new message beside {count}", mailbox, _one_new())
    for key, what, query, mu in SEARCHES:
        title = f"search {count} for {what}, newest {_SCREENFUL}"
        yield _row(f"search-{key}", title, mailbox, _search(query, mu))


def _row(
    key: str,
    title: str,
    mailbox: Mailbox,
    contenders: tuple[Contender, ...],
    *,
    is_long: bool = False,
) -> Row:
    return Row(
        key=key,
        title=title,
        contenders=contenders,
        user=mailbox.user,
        service=Service.IMAPS,
        mailbox=mailbox,
        state=State.PRIMED,
        is_counted=False,
        is_long=is_long,
    )


def _three(mailcli: str, notmuch: str, mu: str) -> tuple[Contender, ...]:
    """Return the three, each with the line of a shell that does its work."""
    return (
        _contender(OURS, None, lambda _: mailcli.replace("MAILCLI", _MAILCLI)),
        _contender("notmuch", "notmuch", lambda _: notmuch),
        _contender("mu", "mu", lambda scene: mu.replace("MAILDIR", quote(str(scene.maildir)))),
    )


def _contender(name: str, program: str | None, script: Script) -> Contender:
    def command(scene: Scene) -> Command:
        fetching = ours.imap_sync().command(scene)  # writes the configuration, too
        _configure_notmuch(scene)
        environment = {**scene.environment(), "PYTHONPATH": fetching.env["PYTHONPATH"]}
        return Command(
            ("sh", "-c", f"cd {quote(str(scene.home))} && {script(scene)}"), environment
        )

    def prime(scene: Scene) -> Command:
        fetching = join(ours.imap_sync().command(scene).argv)
        first = command(scene)
        line = f"{fetching} && {_PRIMED[name].replace('MAILDIR', quote(str(scene.maildir)))}"
        return replace(first, argv=("sh", "-c", line.replace("MAILCLI", _MAILCLI)))

    return Contender(name, command, prime=prime, program=program, keeps=Keeps.COUNT)


_PRIMED = {
    OURS: "MAILCLI list --limit 1",
    "notmuch": "notmuch new",
    "mu": "mu init --maildir=MAILDIR && mu index",
}


def _configure_notmuch(scene: Scene) -> None:
    private_file(
        scene.home / ".notmuch-config",
        f"[database]\npath={scene.home}/notmuch\nmail_root={scene.maildir}\n"
        "[user]\nname=bench\nprimary_email=bench@example.test\n"
        "[new]\ntags=unread\n[maildir]\nsynchronize_flags=false\n",
    )
    scene.home.joinpath("notmuch").mkdir(exist_ok=True)


def _anew() -> tuple[Contender, ...]:
    return _three(
        "rm -rf .cache/mailcli/index.db* && MAILCLI list --limit 1",
        "rm -rf notmuch/.notmuch notmuch/xapian .local/share/notmuch && notmuch new",
        "rm -rf .cache/mu && mu init --maildir=MAILDIR && mu index",
    )


def _newest() -> tuple[Contender, ...]:
    n = _SCREENFUL
    return _three(
        f"MAILCLI list --limit {n}",
        f"notmuch search --output=summary --sort=newest-first --limit={n} '*'",
        f"mu find --sortfield=date --reverse --maxnum={n} ''",
    )


def _one_new() -> tuple[Contender, ...]:
    drop = f"printf '{_NEW}' > Mail/INBOX/new/$(date +%s).$$.new"
    return _three(
        f"{drop} && MAILCLI list --limit 1",
        f"{drop} && notmuch new && notmuch search --sort=newest-first --limit=1 '*'",
        f"{drop} && mu index && mu find --sortfield=date --reverse --maxnum=1 ''",
    )


def _search(query: str, mu: str) -> tuple[Contender, ...]:
    n = _SCREENFUL
    return _three(
        f"MAILCLI search --limit {n} {quote(query)}",
        f"notmuch search --sort=newest-first --limit={n} {quote(query)}",
        # It says with a status of its own that nothing was found.
        f"{{ mu find --sortfield=date --reverse --maxnum={n} {quote(mu)} || [ $? = 2 ]; }}",
    )
