"""`mailcli drafts`: messages that are still written on."""

import os
from typing import TYPE_CHECKING, Any

import click

from mailcli.cli.command import Common, MailCommand, common_options
from mailcli.cli.composing import request_of, writing_options
from mailcli.cli.option import Group
from mailcli.cli.writing import Source, edit, task_of, tell, write
from mailcli.errors import ConfirmationNeeded, Exit

if TYPE_CHECKING:
    from mailcli.app.found import Found
    from mailcli.app.outgoing import Request
    from mailcli.cli.runtime import Runtime

_LIST_EXAMPLE = """\b
Examples:
  mailcli drafts list
  mailcli drafts list --all-accounts --json
"""
_SAVE_EXAMPLE = """\b
Examples:
  mailcli drafts save -t ada@example.org -s Report --body "Not ready."
  mailcli drafts save -s Idea < notes.txt
"""
_EDIT_EXAMPLE = """\b
Examples:
  mailcli drafts edit last
  EDITOR="code --wait" mailcli drafts edit 42
"""
_SEND_EXAMPLE = """\b
Examples:
  mailcli drafts send 42
  mailcli drafts send last -n
"""
_SELECTOR = click.argument("selector", metavar="SELECTOR")


@click.group(cls=Group)
def command() -> None:
    """List, save, edit and send drafts.

    Drafts lie in the account's Drafts folder; imap-sync brings those of other programs, and
    uploads yours. To remove one: mailcli delete.
    """


@command.command("list", cls=MailCommand, epilog=_LIST_EXAMPLE)
@common_options(accounts="many")
def list_(common: Common) -> Exit:
    """List the drafts, newest first."""
    from mailcli.app.draft_listing import list_drafts
    from mailcli.cli.runtime import Runtime
    from mailcli.output.problems import exit_of

    runtime = Runtime(common)
    named = common.account or common.all_accounts
    accounts = runtime.accounts if named else list(runtime.config.accounts.values())
    result = list_drafts(runtime.context, accounts)
    runtime.printer.emit(result)
    return exit_of(result)


@command.command("save", cls=MailCommand, epilog=_SAVE_EXAMPLE)
@click.argument("recipients", nargs=-1, metavar="[RECIPIENT]...")
@writing_options(
    *("subject", "to", "cc", "bcc", "from", "attach", "header", "reply-to", "body", "body-file"),
    *("html", "markdown", "inline"),
)
@common_options(accounts="one", dry_run=True)
def save(common: Common, **values: Any) -> Exit:  # noqa: ANN401 - see Request
    """Save a message in the Drafts folder, to be edited and sent later.

    It needs no recipient yet. The text comes from --body, --body-file or standard input, else
    from your editor.
    """
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    request = request_of(**values)
    account = common.account[0] if common.account else None
    source = Source(values["body"], values["body_file"])
    return write(runtime, request, source, task_of(runtime, account, draft=True))


@command.command("edit", cls=MailCommand, epilog=_EDIT_EXAMPLE)
@_SELECTOR
@common_options(accounts="many", dry_run=True)
def edit_(common: Common, selector: str) -> Exit:
    """Write a draft further, in your editor ($VISUAL or $EDITOR).

    The new version takes the place of the old one. Attachments, and fields of the header that
    the editor does not show, stay. Where only the header was changed, the body stays as it is,
    octet by octet. SELECTOR is a draft's number, or last for the newest draft.
    """
    from mailcli.app.drafts import reopened
    from mailcli.cli.editor import editor_of
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    draft = _draft(runtime, selector)
    editor = editor_of(os.environ)
    if not editor:
        raise ConfirmationNeeded("there is no editor to write in", hint="set VISUAL or EDITOR")
    old = reopened(runtime.context, draft)
    for warning in old.warnings:
        runtime.printer.warn(warning)

    def act(request: "Request") -> Exit:
        return _replace(runtime, draft, old.request, request, has_page=old.has_page)

    return edit(runtime, old.request, editor, act)


def _replace(
    runtime: "Runtime", draft: "Found", old: "Request", new: "Request", *, has_page: bool
) -> Exit:
    """Save the new version of a draft; a body that nobody touched stays as it is."""
    from mailcli.app.drafts import Rest
    from mailcli.cli.writing import save_draft

    is_same = new.text.rstrip("\n") == old.text.rstrip("\n")
    if has_page and not is_same:
        runtime.printer.warn("the draft's HTML is gone: what you wrote is plain text")
    return save_draft(
        runtime,
        new,
        None,
        dry_run=runtime.common.dry_run,
        replaces=draft,
        body=Rest(draft) if is_same else None,
    )


@command.command("send", cls=MailCommand, epilog=_SEND_EXAMPLE)
@_SELECTOR
@writing_options("fcc", "no-save", "queue", "queue-on-tempfail")
@common_options(accounts="many", network=True, dry_run=True)
def send(common: Common, selector: str, **values: Any) -> Exit:  # noqa: ANN401 - see Request
    """Send a draft to those in its header, those in Bcc among them.

    It is sent as it is stored, dated anew, and is removed from the drafts once it was accepted
    and a copy is kept. Where an earlier run ended before it knew what became of it, the draft
    is sent again only with --yes. SELECTOR is a draft's number, or last for the newest draft.
    """
    from mailcli.app.draft_sending import prepare_draft, send_draft
    from mailcli.app.submit import preview_of
    from mailcli.cli.runtime import Runtime

    runtime = Runtime(common)
    request = request_of(**values)
    draft = _draft(runtime, selector)
    if common.dry_run:
        shown = preview_of(prepare_draft(runtime.context, draft, request))
        runtime.printer.emit(shown, asked=True)
        return Exit.OK
    return tell(runtime, send_draft(runtime.context, draft, request, again=common.yes))


def _draft(runtime: "Runtime", selector: str) -> "Found":
    from mailcli.app.drafts import one_draft

    named = runtime.common.account or runtime.common.all_accounts
    return one_draft(runtime.context, selector, runtime.accounts if named else None)
