"""The one place where weather happens to a request, and where the request is written down."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from portineria.clock import Clock
from portineria.lab.ask import Answer, Ask, Seen
from portineria.lab.history import Asked, History
from portineria.lab.weather import Scheduled, Weather
from portineria.lab.world import World


class Ground(Protocol):
    """What lies under a sky: the part of `lab.Lab` that weather falls on."""

    world: World
    clock: Clock
    weather: Weather
    history: History
    sky: Sky


G = TypeVar("G", bound=Ground)

_CONDITIONAL = re.compile(r"/identity/conditionalAccess|/conditionalAccessPolicies", re.IGNORECASE)
_REPORTS = re.compile(r"/auditLogs/", re.IGNORECASE)
TEN_SECONDS = 10.0
_SLACK = 0.001
"""Virtual seconds are sums of floats: a client that waited exactly a second has waited."""


class Cut(ConnectionResetError):
    """The connection broke. Over sockets it is closed; in process this is what is raised."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to one request: "", throttled, failed, cut-before, cut-after or forgotten."""

    what: str = ""
    status: int = 0
    retry_after: float | None = None


FAIR = Turn()


@dataclass(slots=True)
class Sky:
    """What the weather has to remember between requests."""

    counts: Counter[str] = field(default_factory=Counter)
    matches: Counter[int] = field(default_factory=Counter)
    throttles: int = 0
    reads: int = 0
    last_conditional_access: float = float("-inf")
    reports: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    """When each application asked for a report, in the last ten seconds."""
    weather: Weather | None = None

    def forget(self) -> None:
        """Begin again: a new world or new weather starts counting from one."""
        self.counts.clear()
        self.matches.clear()
        self.throttles = 0
        self.reads = 0
        self.last_conditional_access = float("-inf")
        self.reports.clear()

    def ages(self, weather: Weather) -> dict[str, float]:
        """How old the replica of the next request is, by kind."""
        self.reads += 1
        ages = dict(weather.lag)
        if weather.stale and self.reads % 2 == 0:
            ages = {kind: max(age, weather.stale) for kind, age in ages.items()}
            ages.setdefault("", weather.stale)
        return ages

    def turn(self, weather: Weather, ask: Ask, tick: float) -> Turn:
        """Decide what happens to this request; scheduled faults come before chance.

        New weather counts from one, however it came to be.
        """
        if self.weather is not weather:
            self.weather = weather
            self.counts.clear()
            self.matches.clear()
        self.counts[ask.operation] += 1
        due = self._due(weather, ask)
        if due is not None:
            return _scheduled(due.fault, due.retry_after)
        if self._too_fast(weather, ask, tick):
            return Turn("throttled", 429)
        if wait := self._too_many_reports(weather, ask, tick):
            return Turn("throttled", 429, wait)
        return self._by_chance(weather, ask)

    def _due(self, weather: Weather, ask: Ask) -> Scheduled | None:
        """Count this request for every schedule, and give the first that is due."""
        due = None
        for number, scheduled in enumerate(weather.scheduled):
            if re.search(scheduled.operation, ask.operation):
                self.matches[number] += 1
                if due is None and self.matches[number] == scheduled.nth:
                    due = scheduled
        return due

    def _too_fast(self, weather: Weather, ask: Ask, tick: float) -> bool:
        """Conditional Access and named locations: so many a second, and no Retry-After."""
        limit = weather.conditional_access_per_second
        if ask.face != "graph" or not limit or not _CONDITIONAL.search(ask.path):
            return False
        if tick - self.last_conditional_access < 1.0 / limit - _SLACK:
            return True
        self.last_conditional_access = tick
        return False

    def _too_many_reports(self, weather: Weather, ask: Ask, tick: float) -> float:
        """Sign-in and audit logs: seconds to wait for the next turn, 0 where it is now."""
        limit = weather.reports_per_ten_seconds
        if ask.face != "graph" or not limit or not _REPORTS.search(ask.path):
            return 0.0
        recent = self.reports[ask.caller]
        while recent and tick - recent[0] >= TEN_SECONDS - _SLACK:
            recent.popleft()
        if len(recent) >= limit:
            return float(math.ceil(TEN_SECONDS - (tick - recent[0])))
        recent.append(tick)
        return 0.0

    def _by_chance(self, weather: Weather, ask: Ask) -> Turn:
        chance = _chance(weather.seed, ask.operation, self.counts[ask.operation])
        if chance < weather.throttled:
            after = weather.retry_after[self.throttles % len(weather.retry_after)]
            self.throttles += 1
            return Turn("throttled", 429, after)
        chance -= weather.throttled
        if chance < weather.server_errors:
            return Turn("failed", 503)
        chance -= weather.server_errors
        if chance < weather.cut_before:
            return Turn("cut-before")
        chance -= weather.cut_before
        if chance < weather.cut_after:
            return Turn("cut-after")
        if ask.writes and weather.forgets and re.search(weather.forgets, ask.operation):
            return Turn("forgotten")
        return FAIR


def _scheduled(fault: str, retry_after: float | None) -> Turn:
    if fault == "429":
        return Turn("throttled", 429, retry_after)
    if fault.isdigit():
        return Turn("failed", int(fault), retry_after)
    return Turn("forgotten" if fault == "forget" else fault)


def _chance(seed: int, operation: str, count: int) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = hashlib.sha256(f"{seed}/{operation}/{count}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


async def weathered(
    lab: G, ask: Ask, handler: Callable[[G, Ask], Answer], refusal: Callable[[Turn], Answer]
) -> Answer:
    """Serve one request (or one part of a batch) under the weather, and write it down.

    `handler` is synchronous, so that nothing comes between a forgotten write and its answer.
    `refusal` words a 429 or 5xx as this face does. Raises Cut when the connection breaks.
    """
    weather = lab.weather
    if weather.latency:
        await lab.clock.sleep(weather.latency)
    turn = lab.sky.turn(weather, ask, lab.clock.tick())
    ask = replace(ask, seen=Seen(lab.world, lab.sky.ages(weather)))
    if turn.what == "cut-before":
        _note(lab, ask, 0, turn)
        raise Cut("the lab cut the connection before the request was served")
    if turn.status:
        answer = refusal(turn)
        _note(lab, ask, answer.status, turn)
        return answer
    if turn.what == "forgotten":
        with lab.world.deaf():
            answer = handler(lab, ask)
    else:
        answer = handler(lab, ask)
    if turn.what == "cut-after":
        _note(lab, ask, 0, turn, served=answer.status)
        raise Cut("the lab cut the connection after the request was served")
    _note(lab, ask, answer.status, turn)
    return answer


def _note(lab: Ground, ask: Ask, status: int, turn: Turn, served: int | None = None) -> None:
    reached = 200 <= (status if served is None else served) < 300
    lab.history.note(
        Asked(
            at=lab.clock.now(),
            face=ask.face,
            method=ask.method,
            path=ask.path,
            operation=ask.operation,
            status=status,
            writes=ask.writes,
            wrote=ask.writes and reached and turn.what not in ("forgotten", "failed"),
            target=ask.target,
            caller=ask.caller,
            weather=turn.what,
        )
    )
