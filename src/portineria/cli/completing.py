"""What a shell offers for a value after TAB. It has to be quick: nothing here is heavy to import.

Lists that other rooms own stand here as plain words, since importing those rooms takes longer than
a person waits; a test holds each to its owner. Names on the disk are read from the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from portineria.cli.frame import Asked

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

VARIABLE = "_PORTINERIA_COMPLETE"
"""What a completion script sets, to the shell and what it wants of us."""

GUARD_WORDS = (
    "stale",
    "truncated",
    "unknown",
    "not-ours",
    "lock-out",
    "break-glass",
    "blast-radius",
    "basic-twin",
    "not-our-app",
    "app-twice",
    "app-credentials",
    "beyond-grants",
    "mixed-grants",
    "foreign-roles",
    "foreign-policy",
    "exposure",
)
SEEDS = ("contoso", "contoso-free", "small", "bare")
WEATHERS = (
    "fair",
    "demo",
    "service",
    "newcomer",
    "throttled",
    "lag",
    "flaky",
    "stale",
    "truncated",
    "accepts-and-forgets",
)
CLOUDS = ("global", "gcc-high", "dod", "china", "lab")
CALLERS = ("basic", "user")

Offer = Callable[[click.Context, click.Parameter, str], Any]


def words(known: Iterable[str]) -> Offer:
    """Offer words of a list."""

    def offer(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
        return [word for word in known if word.startswith(begun)]

    return offer


def profiles(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The profiles of the state folder that the line names, or that would be used."""
    return [path.stem for path in _in(_state(context) / "profiles", (".yaml",), begun)]


def runs(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Runs of the state folder, the newest first."""
    return [name for name in _runs(context) if name.startswith(begun)]


def runs_or_last(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    return [name for name in ["last", *_runs(context)] if name.startswith(begun)]


def schemas(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    from portineria.cli.published import KNOWN

    return [name for name in KNOWN if name.startswith(begun)]


def folders(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    return [_shells_own(begun, "dir")]


def mail_apps(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Client ids that the profile names for mail, as they stand in it."""
    import re

    path = _state(context) / "profiles" / f"{context.ensure_object(Asked).profile}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return []
    found = re.findall(r"app:\s*{?\s*client_id:\s*[\"']?([0-9a-fA-F-]{36})", text)
    return [client_id for client_id in dict.fromkeys(found) if client_id.startswith(begun)]


def credentials(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Login names of the gateway's credentials; none where the list cannot be read."""
    from portineria.doors.gate.credentialfile import login_names

    names = login_names(_state(context) / "gateway")
    return [name for name in names if name.startswith(begun)]


def files(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    return [_shells_own(begun, "file")]


def plans(_: click.Context, __: click.Parameter, begun: str) -> Any:
    """Plans that lie here; where none does, files as the shell offers them."""
    found = [path.name for path in _here((".json",), begun) if _is_plan(path)]
    return found or [_shells_own(begun, "file")]


def policies(_: click.Context, __: click.Parameter, begun: str) -> Any:
    """YAML files that lie here; where none does, files as the shell offers them."""
    found = [path.name for path in _here((".yaml", ".yml"), begun)]
    return found or [_shells_own(begun, "file")]


def _state(context: click.Context) -> Path:
    return context.ensure_object(Asked).state


def _runs(context: click.Context) -> list[str]:
    found = _state(context).glob("runs/*/journal.jsonl")
    return sorted((path.parent.name for path in found), reverse=True)


def _here(suffixes: tuple[str, ...], begun: str) -> list[Path]:
    from pathlib import Path

    return _in(Path(), suffixes, begun)


def _in(folder: Path, suffixes: tuple[str, ...], begun: str) -> list[Path]:
    """Files of a folder whose names begin and end so; none where it cannot be read."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in paths if path.suffix in suffixes and path.name.startswith(begun)]


def _is_plan(path: Path) -> bool:
    """`plan --output` writes the schema first."""
    try:
        with path.open("rb") as file:
            return b'"portineria/plan@' in file.read(64)
    except OSError:
        return False


def _shells_own(begun: str, kind: str) -> CompletionItem[str]:
    from click.shell_completion import CompletionItem

    return CompletionItem(begun, type=kind)
