"""Which door listens on which port, and the address it is told by."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from portineria.lab.names import REAL
from portineria.lab.post.serve import DOORS

FACES = ("login", "graph", "exchange", "control")
SHARED = ("login", "graph", "exchange")
"""The faces that stand behind one port where the ports are Microsoft's own."""
ORDER = (*FACES, *DOORS)
"""What `--base-port` counts through. New doors go to the end."""
HTTPS = 443
LAST = 65_535

REAL_PORTS: Mapping[str, int] = MappingProxyType(
    {**dict.fromkeys(SHARED, HTTPS), **{name: door.number for name, door in DOORS.items()}}
)
"""Microsoft's own numbers. The control door is not Microsoft's: it gets a free one."""


def consecutive(first: int) -> dict[str, int]:
    """One port a door from `first` on, in the order of ORDER. Raises ValueError."""
    if not 1 <= first <= LAST - len(ORDER) + 1:
        raise ValueError(
            f"{first} cannot be the first of {len(ORDER)} ports; "
            f"the first may be 1 to {LAST - len(ORDER) + 1}"
        )
    return {door: first + place for place, door in enumerate(ORDER)}


def address(door: str, port: int, *, real: bool) -> str:
    """A base URL for a face, host:port for a mail door."""
    host = REAL.get(door, "localhost") if real else "localhost"
    if door not in FACES:
        return f"{host}:{port}"
    return f"https://{host}" if port == HTTPS else f"https://{host}:{port}"
