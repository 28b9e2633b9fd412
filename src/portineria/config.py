"""The program's options, once: the command line, its help, the docs and tests read this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PROFILE = "default"


class Option(NamedTuple):
    """One option that every verb knows, before or after its name.

    A flag has no `value`; an option with one shows it in help. `environment` gives the value
    when the command line does not. No dataclass, for `--help` would wait for that import.
    """

    name: str
    help: str
    value: str = ""
    default: str = ""
    environment: str = ""
    short: str = ""
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> bool:
        return not self.value


OPTIONS: tuple[Option, ...] = (
    Option(
        name="profile",
        value="NAME",
        default=DEFAULT_PROFILE,
        environment="PORTINERIA_PROFILE",
        help="Which tenant, and as which app: a profile of the state folder.",
    ),
    Option(
        name="state",
        value="DIR",
        environment="PORTINERIA_STATE",
        help="The state folder; without it portineria in the XDG state folder.",
    ),
    Option(
        name="lang",
        value="LANGUAGE",
        environment="PORTINERIA_LANG",
        help="Answer people in English or Italian: en, it. JSON is always English.",
        choices=("en", "it"),
    ),
    Option(name="json", help="Answer with one JSON object; errors too. Progress stays on stderr."),
    Option(name="yes", short="y", help="Do not ask. Guards still stop."),
    Option(name="verbose", short="v", help="Tell more on stderr; tracebacks of our own bugs too."),
)


def state_folder(given: str | None, environment: Mapping[str, str], home: Path) -> Path:
    """Where runs, snapshots, profiles and the lab live: given, else the XDG state folder.

    Source: XDG Base Directory Specification 0.8: XDG_STATE_HOME, else ~/.local/state; a
    relative value is to be ignored.
    """
    from pathlib import Path

    if given:
        return Path(given).expanduser().absolute()
    base = Path(environment.get("XDG_STATE_HOME", ""))
    return (base if base.is_absolute() else home / ".local" / "state") / "portineria"
