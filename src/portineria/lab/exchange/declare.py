"""What a cmdlet is, as data: its name, its parameters, who may call it, what it does.

A handler takes a Call and returns rows; it raises faults.Refusal. Everything else (reading
values, roles, paging, columns, envelope) happens around it, in `invoke`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from portineria.lab.ask import Seen
from portineria.lab.exchange.habits import Habits
from portineria.lab.exchange.roles import Role
from portineria.lab.world import Document, World


class Kind(Enum):
    """What a parameter takes. SIZE is a number or "Unlimited"; TEXTS one, many, or an edit."""

    TEXT = auto()
    TEXTS = auto()
    BOOLEAN = auto()
    NULLABLE = auto()
    SWITCH = auto()
    INTEGER = auto()
    SIZE = auto()
    DATE = auto()
    CHOICE = auto()
    CHOICES = auto()
    ANY = auto()


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()


@dataclass(slots=True)
class Call:
    """One cmdlet call. Reads see the replica (`seen`); writes work on the truth (`world`).

    `given` holds the parameters by their declared names, already of the right type.
    """

    world: World
    seen: Seen
    given: Mapping[str, Any]
    habits: Habits = field(default_factory=Habits)
    warnings: list[str] = field(default_factory=list)

    def get(self, name: str) -> Any:
        return self.given.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self.given

    @property
    def what_if(self) -> bool:
        return bool(self.given.get("WhatIf"))

    def commit(self, kind: str, key: str, document: Document | None) -> None:
        """Commit a version, unless the caller only asked what would happen."""
        if not self.what_if:
            self.world[kind].put(key, document)

    @property
    def stamp(self) -> str:
        """Now, as rows tell when something was made or changed."""
        return self.world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def truth(self, kind: str) -> Iterator[Document]:
        return self.world[kind].all()


Handler = Callable[[Call], Iterable[Document]]


@dataclass(frozen=True, slots=True)
class Cmdlet:
    """`roles` are the Exchange roles of which any one lets a caller use it."""

    name: str
    roles: frozenset[Role]
    handler: Handler
    parameters: tuple[Parameter, ...] = ()

    @property
    def writes(self) -> bool:
        return not self.name.startswith(("Get-", "Test-"))


def booleans(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, Kind.BOOLEAN) for name in names)


def nullables(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, Kind.NULLABLE) for name in names)


IDENTITY = Parameter("Identity")
FILTER = Parameter("Filter")
RESULT_SIZE = Parameter("ResultSize", Kind.SIZE)
COMMON = (
    Parameter("Confirm", Kind.SWITCH),
    Parameter("WhatIf", Kind.SWITCH),
    Parameter("ErrorAction", Kind.ANY),
    Parameter("WarningAction", Kind.ANY),
    Parameter("Verbose", Kind.SWITCH),
)
"""Parameters that every cmdlet has."""
