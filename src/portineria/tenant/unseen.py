"""The third honest outcome: something could not be seen, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unseen:
    """Stands in a snapshot where a value should be. It is neither off nor empty.

    `because` is a whole clause for people: "no permission Policy.Read.All", "not looked at".
    """

    because: str


NOT_LOOKED_AT = Unseen("not looked at")
