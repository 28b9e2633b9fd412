"""A run while it happens: every line goes to the journal and into the state, in that order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portineria.clock import Clock
from portineria.policy.change import Change, Phase
from portineria.policy.plan import Plan, lazily
from portineria.run.journal import Promise, Result, RunState, Way, progress_of
from portineria.run.ports import Journal


class Story:
    """The journal with the state it tells, so that apply and resume believe the same lines."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self.state: RunState = progress_of(journal.entries())

    def _tell(self, kind: str, **rest: Any) -> None:
        entry = {"t": self._clock.now().isoformat(), "kind": kind, **rest}
        self._journal.append(entry)
        self.state.take(entry)

    def begin(self, run: str, plan: Plan) -> None:
        self._tell(
            "begin", run=run, tenant_id=plan.tenant_id, digest=plan.digest, plan=lazily(plan)
        )

    def promise(self, change: Change, way: Way = Way.FORWARD, of: int | None = None) -> Promise:
        """Promise one remote write; `of` is the change that a write on the way back takes back."""
        number = self.state.promises + 1
        self._tell(
            "promise",
            n=number,
            change=change.id if of is None else of,
            way=way.value,
            verb=change.verb.value,
            family=change.target.family.value,
            key=change.target.key,
            name=change.target.name,
            fields=None if change.after is None else dict(change.after),
        )
        return self.state.open[number]

    def outcome(self, promise: Promise, result: Result, key: str = "", why: str = "") -> None:
        self._tell(
            "outcome", n=promise.n, change=promise.change, result=result.value, id=key, why=why
        )

    def already(self, change: Change, key: str) -> None:
        self._tell("already", change=change.id, id=key)

    def confirmed(self, phase: Phase) -> None:
        self._tell("confirmed", phase=phase.name)

    def unconfirmed(self, changes: Iterable[int], why: str) -> None:
        self._tell("unconfirmed", changes=list(changes), why=why)

    def window_open(self, changes: Iterable[int]) -> None:
        self._tell("window-open", changes=list(changes))

    def turning_back(self, why: str) -> None:
        self._tell("turning-back", why=why)

    def window_shut(
        self, way: Way, requests: int, seconds: float, confirmed_seconds: float
    ) -> None:
        self._tell(
            "window-shut",
            way=way.value,
            requests=requests,
            seconds=round(seconds, 3),
            confirmed_seconds=round(confirmed_seconds, 3),
        )

    def stopped(self, why: str) -> None:
        self._tell("stopped", why=why)

    def resumed(self) -> None:
        self._tell("resumed", torn=self._journal.torn)

    def end(self, result: str) -> None:
        self._tell("end", result=result)

    def open_promise(self, change: int) -> Promise | None:
        """The promise of this change that has no outcome: it may have happened."""
        return next((p for p in self.state.open.values() if p.change == change), None)
