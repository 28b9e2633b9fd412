"""Reading that may fail: a fault of the service is kept, so that the rest can go on."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from portineria.fault import Fault, NetworkFault, ServiceFault

LIMIT = 4
"""Requests at a time: Exchange publishes no limit and answers 429 to more."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something was not seen, kept so that it can be raised if nothing at all was."""

    fault: Fault


async def seen(reading: Awaitable[T]) -> T | Failure:
    try:
        return await reading
    except (ServiceFault, NetworkFault) as fault:
        return Failure(fault)


def in_parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
