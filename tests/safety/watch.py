"""Watches one story, whoever plays the service: every request, every change, every line.

The same checks hold for the fake service and for the lab.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from protection import Protection, less_protected

from portineria.policy.change import Family, Phase
from portineria.policy.plan import Plan

Lines = Sequence[Mapping[str, Any]]


@dataclass
class Watch:
    """`lines` are the journal's, as they grow; `measure` tells the protection of the truth."""

    plan: Plan
    lines: Lines
    start: Protection
    promise: Protection
    measure: Callable[[], Protection]
    kept: set[int] = field(default_factory=set)
    classes: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    @property
    def inside(self) -> bool:
        for line in reversed(self.lines):
            if line["kind"] == "window-shut":
                return False
            if line["kind"] == "window-open":
                return True
        return False

    def asked(self, verb: str, family: Family, key: str, name: str) -> None:
        """One request arrived. A write must redeem one open promise that none redeemed before."""
        if self.inside and name not in self._forced():
            self.breaches.append(f"inside the window: {verb} {family} «{name}»")
        if verb == "write":
            self._redeem(family, key, name)

    def changed(self) -> None:
        """The truth changed."""
        if self.inside:
            self.classes["a change inside the window"] += 1
            return
        self.classes["a change outside the window"] += 1
        self.breaches += less_protected(self.measure(), self.start, self.promise)

    def _forced(self) -> set[str]:
        forced = (Phase.WINDOW, Phase.ENFORCE)
        return {c.target.name for c in self.plan.changes if c.phase in forced}

    def _redeem(self, family: Family, key: str, name: str) -> None:
        settled = {line["n"] for line in self.lines if line["kind"] == "outcome"}
        mine = [
            line["n"]
            for line in self.lines
            if line["kind"] == "promise"
            and line["n"] not in settled | self.kept
            and (line["family"], line["key"], line["name"]) == (family.value, key, name)
        ]
        if len(mine) != 1:
            self.breaches.append(f"a write of {family} «{name}» stands on {len(mine)} promises")
        self.kept.update(mine)
