"""What a real shell offers at TAB: bash by its own rules for words, zsh and fish by themselves."""

import os
import pty
import select
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.support.processes import wait_until

COMPLETIONS = Path(__file__).parents[2] / "completions"

Offered = Callable[[str, Mapping[str, str]], list[str]]
"""Given a command line up to the cursor and the environment, the words that are offered."""

_WAIT: Final = 20.0


def bash(line: str, environ: Mapping[str, str]) -> list[str]:
    """Ask bash, with the words as readline splits them: `=` is one by itself."""
    words = [part for word in shlex.split(line) for part in _split_equals(word)]
    if line.endswith(" "):
        words.append("")
    script = f"""
        source {shlex.quote(str(COMPLETIONS / "mailcli.bash"))}
        COMP_WORDS=({" ".join(map(shlex.quote, words))}) COMP_CWORD={len(words) - 1}
        _mailcli
        (( ${{#COMPREPLY[@]}} )) && printf '%s\\n' "${{COMPREPLY[@]}}"
        true
    """
    return _output(["bash", "--norc", "--noprofile", "-uc", script], environ)


def _split_equals(word: str) -> list[str]:
    name, equals, value = word.partition("=")
    if not (equals and word.startswith("--")):
        return [word]
    return [name, "=", value] if value else [name, "="]


def fish(line: str, environ: Mapping[str, str]) -> list[str]:
    """Ask fish; descriptions are left out."""
    script = f"source {COMPLETIONS / 'mailcli.fish'}; complete -C {shlex.quote(line)}"
    return [text.partition("\t")[0] for text in _output(["fish", "-N", "-c", script], environ)]


def zsh(line: str, environ: Mapping[str, str]) -> list[str]:
    """Ask zsh's line editor, in a terminal of its own, and overhear what is offered to it."""
    found = Path(environ["HOME"]) / "offered"
    found.write_text("")
    start = Path(environ["HOME"]) / ".zshrc"
    # To look through all functions that there are takes a second: who comes first notes them.
    dump = Path(environ["HOME"]).parent / "functions-of-zsh"
    start.write_text(_ZSHRC.format(completions=COMPLETIONS, found=found, dump=dump), "utf-8")
    terminal, far_end = pty.openpty()
    with subprocess.Popen(
        ["zsh", "-i"],
        stdin=far_end,
        stdout=far_end,
        stderr=far_end,
        env={**environ, "TERM": "dumb", "ZDOTDIR": environ["HOME"]},
        start_new_session=True,
    ) as child:
        os.close(far_end)
        try:
            wait_until(lambda: "READY" in _said(terminal, found), timeout=_WAIT, what="zsh")
            os.write(terminal, line.encode() + b"\t")
            wait_until(lambda: "END" in _said(terminal, found), timeout=_WAIT, what="completion")
        finally:
            child.kill()
            os.close(terminal)
    return found.read_text("utf-8").replace("READY\n", "").replace("END\n", "").splitlines()


_ZSHRC: Final = """
fpath=({completions} $fpath)
autoload -Uz compinit && compinit -u -C -d {dump}
compadd() {{
    local -a hits
    builtin compadd -O hits "$@"
    (( $#hits )) && print -rl -- $hits >> {found}
    builtin compadd "$@"
}}
overhear() {{ zle list-choices; print END >> {found} }}
zle -N overhear
bindkey '^I' overhear
zle-line-init() {{ print READY >> {found} }}
zle -N zle-line-init
"""


def _said(terminal: int, found: Path) -> str:
    """Take what zsh writes, lest it waits for a reader, and return what was overheard."""
    while select.select([terminal], [], [], 0)[0]:
        os.read(terminal, 65536)
    return found.read_text("utf-8")


def _output(command: list[str], environ: Mapping[str, str]) -> list[str]:
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=True, timeout=_WAIT
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()
