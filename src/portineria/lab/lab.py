"""What the faces of the lab share: its world, weather, history and addresses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from portineria.clock import Clock
from portineria.lab.history import History
from portineria.lab.seeds.facts import facts
from portineria.lab.seeds.planting import load
from portineria.lab.sky import Sky
from portineria.lab.weather import Weather
from portineria.lab.world import World


async def _untold(_: Lab) -> None:
    return


@dataclass(slots=True)
class Lab:
    """Everything the faces share. `urls` are base addresses without a trailing slash.

    `weather` is replaced as a whole by the control door, so read it at each use.
    """

    world: World
    clock: Clock
    weather: Weather = field(default_factory=Weather)
    history: History = field(default_factory=History)
    sky: Sky = field(default_factory=Sky)
    urls: dict[str, str] = field(
        default_factory=lambda: {
            "login": "https://login.lab",
            "graph": "https://graph.lab",
            "exchange": "https://exchange.lab",
            "control": "https://control.lab",
        }
    )
    seed: str = ""
    mailboxes: int | None = None
    """How many mailboxes the seed was filled up to; None: as it stands."""
    info: dict[str, Any] = field(default_factory=dict)
    """What serve tells about the running lab, for the control door."""
    stop: Callable[[], None] = lambda: None
    tell: Callable[[Lab], Awaitable[None]] = _untold
    """Finds out what people may use, and writes it into `info`; nothing where nobody asks."""
    forget_mail: Callable[[], None] = lambda: None
    """What the post office does when a tenant is planted anew."""


def open_lab(
    clock: Clock,
    seed: str = "small",
    weather: Weather | None = None,
    tenant: World | None = None,
    *,
    mailboxes: int | None = None,
) -> Lab:
    """A lab with a planted world (or a given one), ready for `build_app`.

    Raises NoSuchSeed, NoSuchSize.
    """
    world = tenant or World(clock)
    if tenant is None:
        load(world, seed, mailboxes=mailboxes)
    lab = Lab(world, clock, weather or Weather(), seed=seed, mailboxes=mailboxes)
    lab.info = {**facts(world), **{name: lab.urls[name] for name in lab.urls}}
    return lab
