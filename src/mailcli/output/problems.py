"""What went wrong, as text for people and as JSON for scripts.

`problems_of` reads it from a result: refused recipients, accounts and folders
that failed, deletions held back. The lines on stderr and the exit code both
follow from it, so that they cannot disagree. Pure: the caller prints.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailcli import results
from mailcli.errors import Exit, gravest
from mailcli.message.clean import clean, visible
from mailcli.output.words import counted
from mailcli.results.report import ErrorReport

if TYPE_CHECKING:
    from mailcli.results import (
        FlushResult,
        FolderSync,
        ImapAccount,
        RefusedRecipient,
        Result,
        SendResult,
    )

_LONGEST = 1000
"""Characters of an error that are shown: no reply of a server fills the screen."""


def problems_of(result: "Result") -> tuple[ErrorReport, ...]:
    """Return every failure that `result` reports, in its order; `()`: nothing is to be said.

    What runs most often is asked first: a pattern loads the class that it names.
    """
    match result:
        case results.ImapResult():
            return tuple(problem for each in result.accounts for problem in _of_account(each))
        case results.PopResult():
            told = [account for account in result.accounts if not account.muted]
            return tuple(_named(each.error, each.account) for each in told if each.error)
        case (
            results.ListResult()
            | results.ReadResult()
            | results.StatusResult()
            | results.OrganisedResult()
            | results.FoldersResult()
            | results.ImportResult()
            | results.ExportResult()
            | results.AttachmentsResult()
        ):
            return result.errors
        case results.SendResult():
            return tuple(_of_send(result))
        case results.FlushResult():
            return tuple(dict.fromkeys((*_of_flush(result), *result.errors)))
        case _:
            return ()


def warnings_of(result: "Result") -> tuple[str, ...]:
    """Return what went well all the same, but not as it should."""
    match result:
        case results.ImapResult():
            return ()
        case results.PopResult():
            return tuple(
                f"{each.account}: {warning}"
                for each in result.accounts
                for warning in each.warnings
            )
        case results.ListResult() | results.StatusResult():
            return ()
        case results.FlushResult():
            return tuple(warning for each in result.messages for warning in each.warnings)
        case (
            results.SendResult()
            | results.DraftResult()
            | results.ImportResult()
            | results.ExportResult()
        ):
            return result.warnings
        case _:
            return ()


def exit_of(result: "Result") -> Exit:
    """Return the exit code that `result` calls for: that of its gravest problem.

    One that is not worth a word yet (`muted`) counts all the same.
    """
    problems = (*problems_of(result), *_not_worth_a_word(result))
    return gravest(Exit(problem.exit_code) for problem in problems)


def _not_worth_a_word(result: "Result") -> tuple[ErrorReport, ...]:
    match result:
        case results.ImapResult():
            return ()
        case results.PopResult():
            return tuple(each.error for each in result.accounts if each.muted and each.error)
        case _:
            return ()


def gravest_problem(problems: tuple[ErrorReport, ...]) -> ErrorReport | None:
    """Return the first problem of the gravest kind; `None` when there are none."""
    worst = gravest(Exit(problem.exit_code) for problem in problems)
    return next((each for each in problems if each.exit_code == worst), None)


def problem_text(problem: ErrorReport) -> str:
    """Return one line, and a second one with the hint if there is one; both end in LF."""
    where = f"{visible(problem.account)}: " if problem.account else ""
    hint = f"hint: {_line(problem.hint)}\n" if problem.hint else ""
    return f"mailcli: {where}{_line(problem.message)}\n{hint}"


def problems_text(problems: tuple[ErrorReport, ...]) -> str:
    """Return the lines of several problems; a hint that they share is given once, at the last."""
    hints = [problem.hint for problem in problems]
    return "".join(
        problem_text(each._replace(hint="") if each.hint in hints[index + 1 :] else each)
        for index, each in enumerate(problems)
    )


def problem_json(problem: ErrorReport) -> str:
    """Return the object `{"error": …}` of `docs/schema/error.json` as one line."""
    from mailcli.output.machine import to_json

    return to_json({"error": problem}) + "\n"


def _line(text: str) -> str:
    line = clean(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _named(error: ErrorReport, account: str) -> ErrorReport:
    return error._replace(account=error.account or account)


def _of_send(result: "SendResult") -> Iterator[ErrorReport]:
    if result.error:
        yield result.error
    queued = {each.email for each in result.queued}  # these are tried again by a flush
    for each in result.refused:
        if each.permanent or each.address.email not in queued:
            yield _of_recipient(each)


def _of_flush(result: "FlushResult") -> Iterator[ErrorReport]:
    """Yield each failure; one that every message of an account shares is told once."""
    for message in result.messages:
        if message.error:
            yield message.error
        yield from map(_of_recipient, message.refused)


def _of_recipient(refused: "RefusedRecipient") -> ErrorReport:
    address, words = visible(refused.address.email), reply_text(refused)
    if refused.permanent:
        code, message, hint, exit_code = "recipient_refused", "refused", "", Exit.RECIPIENT
    else:
        code, message, exit_code = "recipient_deferred", "refused for now", Exit.TEMPORARY
        hint = "try again later"
    return ErrorReport(code, f"{address}: {message}: {words}", hint, exit_code, None)


def reply_text(refused: "RefusedRecipient") -> str:
    """Return the server's reply as it said it: `550 5.1.1 No such user`."""
    text = clean(refused.text)
    enhanced = clean(refused.enhanced or "")
    if enhanced and not text.startswith(enhanced):
        text = f"{enhanced} {text}"
    return f"{refused.code} {text}".rstrip()


def _confirmation(account: str, folder: str) -> str:
    from shlex import quote

    return f"mailcli imap-sync -A {quote(visible(account))} {quote(folder)} --allow-mass-delete"


def _of_account(account: "ImapAccount") -> Iterator[ErrorReport]:
    if account.error:
        yield _named(account.error, account.account)
    for folder in account.folders:
        name = visible(folder.name)
        if folder.error:
            error = _named(folder.error, account.account)
            named = folder.name in error.message
            yield error if named else error._replace(message=f"{name}: {error.message}")
        elif held := folder.held_back or _would_be_held(folder):
            done = bool(folder.held_back)
            text = "are held back, nothing was deleted" if done else "would be held back"
            shows = "-n shows them; " if done else ""
            yield ErrorReport(
                code="confirmation_needed",
                message=f"{name}: {counted(held, 'deletion')} {text}",
                hint=f"{shows}if they are meant: {_confirmation(account.account, name)}",
                exit_code=Exit.CONFIRM,
                account=account.account,
            )


def _would_be_held(folder: "FolderSync") -> int:
    """Return how many deletions of a dry run's plan wait for a confirmation."""
    return sum(action.kind == "hold" for action in folder.actions or ())
