"""What a real shell offers at TAB: bash by its own rules for words, zsh and fish by themselves.

To start a shell and read a script takes many times what an answer takes, so one shell is
asked all questions of a test, as a person's shell is.
"""

import os
import pty
import select
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.support.processes import wait_until

COMPLETIONS = Path(__file__).parents[2] / "completions"

Offered = Callable[[Sequence[str], Mapping[str, str]], list[list[str]]]
"""Given command lines up to the cursor and the environment, the words offered for each."""

_WAIT: Final = 20.0
_END: Final = "END"
_CLEAR_LINE: Final = b"\x15"


def bash(lines: Sequence[str], environ: Mapping[str, str]) -> list[list[str]]:
    """Ask bash, with the words as readline splits them: `=` is one by itself."""
    script = [f"source {shlex.quote(str(COMPLETIONS / 'mailcli.bash'))}"]
    for line in lines:
        words = [part for word in shlex.split(line) for part in _split_equals(word)]
        if line.endswith(" "):
            words.append("")
        script += [
            # As bash does it: each question has no answer before it is asked.
            f"unset COMPREPLY; COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}",
            "_mailcli",
            "(( ${#COMPREPLY[@]} )) && printf '%s\\n' \"${COMPREPLY[@]}\"",
            f"echo {_END}",
        ]
    return _answers(_output(["bash", "--norc", "--noprofile", "-uc", "\n".join(script)], environ))


def _split_equals(word: str) -> list[str]:
    name, equals, value = word.partition("=")
    if not (equals and word.startswith("--")):
        return [word]
    return [name, "=", value] if value else [name, "="]


def fish(lines: Sequence[str], environ: Mapping[str, str]) -> list[list[str]]:
    """Ask fish; descriptions are left out."""
    script = [f"source {COMPLETIONS / 'mailcli.fish'}"]
    script += [f"complete -C {shlex.quote(line)}; echo {_END}" for line in lines]
    answers = _answers(_output(["fish", "-N", "-c", "\n".join(script)], environ))
    return [[text.partition("\t")[0] for text in answer] for answer in answers]


def zsh(lines: Sequence[str], environ: Mapping[str, str]) -> list[list[str]]:
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
            _hear(terminal, found, "READY", 1)
            for number, line in enumerate(lines, 1):
                os.write(terminal, _CLEAR_LINE + line.encode() + b"\t")
                _hear(terminal, found, _END, number)
        finally:
            child.kill()
            os.close(terminal)
    return _answers(found.read_text("utf-8").replace("READY\n", "").splitlines())


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
bindkey -e
bindkey '^I' overhear
zle-line-init() {{ print READY >> {found} }}
zle -N zle-line-init
"""


def _hear(terminal: int, found: Path, word: str, times: int) -> None:
    """Wait until this line was overheard so often; take what zsh writes, lest it waits for us."""

    def heard() -> bool:
        while select.select([terminal], [], [], 0)[0]:
            os.read(terminal, 65536)
        return found.read_text("utf-8").splitlines().count(word) >= times

    wait_until(heard, timeout=_WAIT, what=f"zsh's {word}")


def _answers(said: list[str]) -> list[list[str]]:
    """Divide what was said at the line behind each answer."""
    answers: list[list[str]] = [[]]
    for line in said:
        if line == _END:
            answers.append([])
        else:
            answers[-1].append(line)
    return answers[:-1]


def _output(command: list[str], environ: Mapping[str, str]) -> list[str]:
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=True, timeout=_WAIT
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()
