"""Verbs and groups of verbs, and the options that stand before or after any of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from portineria.config import DEFAULT_PROFILE, OPTIONS, Option, state_folder

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem


class Asked:
    """What the options of every verb said, wherever they stood; the last word counts.

    No dataclass and no pathlib up here: `portineria --help` would wait for their import.
    """

    __slots__ = ("json", "profile_option", "state_option", "verb", "verbose", "yes")

    def __init__(self) -> None:
        self.profile_option: str | None = None
        self.state_option: str | None = None
        self.json = False
        self.yes = False
        self.verbose = False
        self.verb = "portineria"
        """The verb that was called, for an error that does not say where it is."""

    @property
    def profile(self) -> str:
        return self.profile_option or os.environ.get("PORTINERIA_PROFILE") or DEFAULT_PROFILE

    @property
    def state(self) -> Path:
        from pathlib import Path

        given = self.state_option or os.environ.get("PORTINERIA_STATE")
        try:
            return state_folder(given, os.environ, Path.home())
        except RuntimeError:
            from portineria.fault import StateFault

            raise StateFault(
                "the state folder is in a home folder that nobody has",
                where="--state" if self.state_option else "PORTINERIA_STATE, HOME",
                try_="write the whole path: --state /var/lib/portineria",
            ) from None


_READ_BEFORE = {"lang"}
"""Known before the command line is read, so that an error in it is told in that language."""
_FIELDS = {"profile": "profile_option", "state": "state_option"}


def _profiles(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    from portineria.cli import completing

    return completing.profiles(context, _, begun)


def _folders(context: click.Context, _: click.Parameter, begun: str) -> Any:
    from portineria.cli import completing

    return completing.folders(context, _, begun)


_OFFERS = {"profile": _profiles, "state": _folders}


def _keep(field: str, context: click.Context, _: click.Parameter, value: Any) -> None:
    if value:
        setattr(context.ensure_object(Asked), field, value)


def _parameter(option: Option) -> click.Option:
    names = [f"--{option.name}", *([f"-{option.short}"] if option.short else [])]
    told = f" [{option.environment}]" if option.environment else ""
    default = f" [default: {option.default}]" if option.default else ""
    return click.Option(
        names,
        help=f"{option.help}{told}{default}",
        metavar=option.value or None,
        is_flag=option.flag,
        default=False if option.flag else None,
        type=click.Choice(option.choices) if option.choices else None,
        expose_value=False,
        callback=None
        if option.name in _READ_BEFORE
        else partial(_keep, _FIELDS.get(option.name, option.name)),
        shell_complete=_OFFERS.get(option.name),
    )


COMMON: tuple[click.Option, ...] = tuple(map(_parameter, OPTIONS))


def _write_options(command: click.Command, context: click.Context, page: Any) -> None:
    """Own options first, then those of every verb under a heading of their own."""
    own: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    options = (one for one in command.get_params(context) if isinstance(one, click.Option))
    for parameter in options:
        record = parameter.get_help_record(context)
        if record is not None:
            (shared if parameter in COMMON else own).append(record)
    for title, records in (("Options", own), ("Before or after any verb", shared)):
        if records:
            with page.section(title):
                page.write_dl(records)


class ReaderLeft(Exception):
    """Whoever read the answer has enough: not the BrokenPipeError, of which Click would make an
    exit with 1, our "no"."""


class Verb(click.Command):
    """A command with examples, which tests run or parse."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.examples = tuple(examples)
        self.params.extend(COMMON)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderLeft from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.examples))


class Lazy(NamedTuple):
    """Where a verb lives, and its line in the list of verbs, so that help imports none."""

    module: str
    help: str


class Verbs(click.Group):
    """A group whose verbs are imported when they are called, in the order of the table."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy] | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.lazy = dict(lazy or {})
        self.params.extend(COMMON)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.lazy, *(name for name in self.commands if name not in self.lazy)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = self.lazy.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module = import_module(place.module)
        command: click.Command = module.command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Verbs with their line of help, without importing any of those that are lazy."""
        from click.shell_completion import CompletionItem

        told = {name: place.help for name, place in self.lazy.items()}
        told |= {name: one.get_short_help_str(80) for name, one in self.commands.items()}
        verbs = [CompletionItem(n, help=h) for n, h in told.items() if n.startswith(incomplete)]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, place.help) for name, place in self.lazy.items()]
        rows += [(name, one.get_short_help_str(80)) for name, one in self.commands.items()]
        with formatter.section("Verbs"):
            formatter.write_dl(rows)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            found = super().resolve_command(ctx, args)
            ctx.ensure_object(Asked).verb = f"{ctx.command_path} {found[0]}"
            return found
        except click.UsageError as error:
            raise click.UsageError(_did_you_mean(args[0], self.list_commands(ctx)), ctx) from error


class Short(Verbs):
    """A group whose name alone is short for one of its verbs, the `default`."""

    default = ""
    _with_value = ("--profile", "--state")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        plain = [
            word
            for before, word in zip(["", *args], args, strict=False)
            if not word.startswith("-") and before not in self._with_value
        ]
        helps = {"-h", "--help"} & set(args)
        if args and not (plain and plain[0] in self.commands) and not (helps and not plain):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    why = f"there is no verb {word!r}"
    return f"{why}; did you mean {close[0]}?" if close else why


def verb(
    name: str,
    *,
    examples: Sequence[str] = (),
    short_help: str | None = None,
    kind: type[Verb] = Verb,
) -> Callable[[Callable[..., Any]], Verb]:
    """Make a function a verb; its docstring is the help."""

    def make(function: Callable[..., Any]) -> Verb:
        return click.command(name, cls=kind, examples=examples, short_help=short_help)(function)

    return make


def asked() -> Asked:
    """What the options of every verb said, inside a running command."""
    return click.get_current_context().ensure_object(Asked)
