"""Draws docs/commands.md from the help of every verb, as it stands on an 80 column terminal."""

from __future__ import annotations

from collections.abc import Iterator

import click

from portineria.cli.frame import COMMON, Verb, Verbs
from portineria.cli.main import cli

WIDTH = 80
COMMON_HEADING = "Before or after any verb"

_OPENING = """\
# Commands

What `portineria --help` and `portineria VERB --help` say, of every verb. The options that stand
before or after any verb are shown once. This page is written by `make docs`.

Exit codes: 0 as asked · 1 a promise is broken, or the answer is no · 2 bad input · 3 could not
tell, or pending · 4 a guard stopped it, nothing was written · 5 partly applied, resumable · 6 the
service, a permission, or the way to it · 70 our bug · 130 interrupted.
"""


def commands_page() -> str:
    """The whole page, ending with a newline; the same wherever it is drawn."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _OPENING
    for path, command, context in every_command(cli, _context(cli, "portineria", None)):
        yield f"## {path}"
        yield ""
        yield "```text"
        yield _help(command, context)
        yield "```"
        yield ""
    yield "The sources of all of this are the verbs themselves, in `src/portineria/cli/commands/`."


def every_command(
    command: click.Command, context: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """(words to type, command, its context): a group, then its verbs in the order of its help."""
    yield context.command_path, command, context
    if not isinstance(command, Verbs):
        return
    for name in command.list_commands(context):
        verb = command.get_command(context, name)
        if verb is not None:
            yield from every_command(verb, _context(verb, name, context))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=WIDTH,
        help_option_names=["-h", "--help"],
    )


def _help(command: click.Command, context: click.Context) -> str:
    """The help as printed; below the program itself, without the section every verb shares."""
    page = context.formatter_class(width=WIDTH, max_width=WIDTH)
    command.format_help(context, page)
    text = page.getvalue().rstrip()
    if context.parent is None or not isinstance(command, (Verb, Verbs)):
        return text
    return _without_shared(text)


def _without_shared(text: str) -> str:
    """The section's lines are its heading and what is indented below it, up to a blank line."""
    assert COMMON, "no options of every verb: then there is nothing to leave out"
    before, heading, after = text.partition(f"\n{COMMON_HEADING}:\n")
    if not heading:
        return text
    _, _, rest = after.partition("\n\n")
    return f"{before}\n{rest}".rstrip()
