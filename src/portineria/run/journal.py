"""What a run's journal says: lines in, and the state of the run out. Pure.

A journal is JSON lines, `{"t": ISO 8601, "kind": …}`:

begin        run, tenant_id, digest, plan (the whole plan@1)
promise      n, change, way (forward | back), verb, family, key, name, fields
outcome      n, change, result (written | adopted | refused | not-done | unknown), id, why
already      change, id: found as wanted, nothing was sent
confirmed    phase: all of it was read again and is so
unconfirmed  changes, why: answered as done, and not seen; they count as not done
window-open  changes: the forced calls that may follow, and nothing else
turning-back why: the way forward is closed
window-shut  way (forward | back), requests, seconds, confirmed_seconds
stopped      why: the run rests here and can be resumed
resumed      torn: whether the last line had been cut off
end          result (done | nothing-written | undone | abandoned)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from portineria.fault import BadJournal, BadPlan
from portineria.policy.change import Phase
from portineria.policy.plan import Plan
from portineria.policy.planjson import from_json
from portineria.tenant.lazyjson import made

Entry = Mapping[str, Any]


class Way(StrEnum):
    FORWARD = "forward"
    BACK = "back"


class Result(StrEnum):
    """How one promise ended. Unknown: the answer was lost inside the window, and it is resent."""

    WRITTEN = "written"
    ADOPTED = "adopted"
    REFUSED = "refused"
    NOT_DONE = "not-done"
    UNKNOWN = "unknown"


class Window(StrEnum):
    """Where the run stands with respect to its window."""

    NEVER = "never opened"
    OPEN = "open"
    TURNING_BACK = "turning back"
    SHUT = "shut"


@dataclass(frozen=True, slots=True)
class Done:
    """A change that stands. `ours` is False where it was found as wanted and nothing was sent."""

    id: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Promise:
    n: int
    change: int
    way: Way


@dataclass(slots=True)
class RunState:
    """All that the lines of one journal say; `take` adds one line to it.

    `touched` are window changes that were sent and may stand: what the way back takes back.
    `claimed` are changes that were ever accepted, so that finding them done later is finding
    our own work. `when` is the time at which each change that stands was told of, ISO 8601.
    """

    run: str = ""
    tenant_id: str = ""
    digest: str = ""
    document: Mapping[str, Any] | None = None
    done: dict[int, Done] = field(default_factory=dict)
    when: dict[int, str] = field(default_factory=dict)
    open: dict[int, Promise] = field(default_factory=dict)
    confirmed: set[Phase] = field(default_factory=set)
    claimed: set[int] = field(default_factory=set)
    touched: list[int] = field(default_factory=list)
    forced: tuple[int, ...] = ()
    window: Window = Window.NEVER
    promises: int = 0
    stopped: str = ""
    ended: str = ""
    begun_at: str = ""
    window_opened: str = ""
    promises_before_window: int = 0
    last_outcome: str = ""
    window_report: Mapping[str, Any] | None = None

    @property
    def exposed(self) -> bool:
        """Inside the window: security defaults may be off without their replacements."""
        return self.window in (Window.OPEN, Window.TURNING_BACK)

    @property
    def unfinished(self) -> bool:
        return bool(self.run) and not self.ended

    def moment(self, told: str) -> datetime:
        """A line's time as a date. Raises BadJournal where it is none, or has no zone."""
        try:
            found = datetime.fromisoformat(told)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise BadJournal(
                f"the journal has a line of {told[:40]!r}, which is no time",
                where=f"run {self.run}",
                try_=BadJournal.mend,
            )
        return found

    @property
    def plan(self) -> Plan:
        """Raises BadJournal where the journal begins with no plan, or with a damaged one."""
        if self.document is None:
            raise BadJournal(
                "the journal has no whole first line, so nothing was promised and nothing written",
                where=f"run {self.run}",
                try_="make a plan and apply it",
            )
        try:
            return from_json(self.document)
        except BadPlan as fault:
            raise BadJournal(
                f"in the journal: {fault.why}", where=f"run {self.run}", try_=BadJournal.mend
            ) from fault

    def take(self, entry: Entry) -> None:
        """Raises BadJournal for a line that this version does not know, or that lacks a part."""
        kind = str(entry.get("kind"))[:40]
        taker = _TAKERS.get(kind)
        if taker is None:
            raise BadJournal(
                f"the journal has a line of kind {kind!r}, unknown to this version",
                where=f"run {self.run}",
                try_="use the version of portineria that wrote it",
            )
        if not self.run and kind != "begin":
            raise BadJournal(
                "the journal does not begin with its plan: its first line is missing",
                where=f"line of kind {kind!r}",
                try_=BadJournal.mend,
            )
        try:
            taker(self, entry)
        except (KeyError, TypeError, ValueError, AttributeError) as broken:
            raise BadJournal(
                f"a line of kind {kind!r} in the journal is damaged",
                where=f"run {self.run}",
                try_=BadJournal.mend,
                evidence={"error": type(broken).__name__},
            ) from broken


def progress_of(entries: Iterable[Entry]) -> RunState:
    """Fold the lines of a journal into the state of its run."""
    state = RunState()
    for entry in entries:
        state.take(entry)
    return state


def _text(entry: Entry, name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _number(entry: Entry, name: str) -> int:
    value = entry[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(name)
    return value


def _numbers(entry: Entry, name: str) -> tuple[int, ...]:
    value = entry[name]
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise TypeError(name)
    return tuple(value)


def _begin(state: RunState, entry: Entry) -> None:
    state.run, state.tenant_id = _text(entry, "run"), _text(entry, "tenant_id")
    state.digest, state.document = _text(entry, "digest"), entry["plan"]
    state.begun_at = _text(entry, "t")
    if not isinstance(state.document, Mapping):
        raise TypeError("plan")


def _promise(state: RunState, entry: Entry) -> None:
    promise = Promise(_number(entry, "n"), _number(entry, "change"), Way(entry["way"]))
    state.open[promise.n] = promise
    state.promises = max(state.promises, promise.n)
    if promise.way is Way.BACK:
        # From here on it may be taken back, whatever becomes of the answer.
        state.done.pop(promise.change, None)


def _outcome(state: RunState, entry: Entry) -> None:
    # Which way it went is in the promise alone; without that one this line says too little.
    promise = state.open.pop(_number(entry, "n"))
    change, way, result = _number(entry, "change"), promise.way, Result(entry["result"])
    if change != promise.change:
        raise ValueError("change")
    state.last_outcome = _text(entry, "t")
    maybe = result in (Result.WRITTEN, Result.ADOPTED, Result.UNKNOWN)
    if state.exposed and way is Way.FORWARD and maybe and change not in state.touched:
        state.touched.append(change)
    if result not in (Result.WRITTEN, Result.ADOPTED):
        return
    if way is Way.FORWARD:
        state.done[change] = Done(_text(entry, "id"), ours=True)
        state.when[change] = _text(entry, "t")
        state.claimed.add(change)


def _already(state: RunState, entry: Entry) -> None:
    change = _number(entry, "change")
    state.done[change] = Done(_text(entry, "id"), ours=change in state.claimed)
    state.when[change] = _text(entry, "t")


def _confirmed(state: RunState, entry: Entry) -> None:
    state.confirmed.add(Phase[_text(entry, "phase")])


def _unconfirmed(state: RunState, entry: Entry) -> None:
    for change in _numbers(entry, "changes"):
        state.done.pop(change, None)


def _window_open(state: RunState, entry: Entry) -> None:
    state.window, state.forced, state.touched = Window.OPEN, _numbers(entry, "changes"), []
    state.window_opened, state.promises_before_window = _text(entry, "t"), state.promises


def _turning_back(state: RunState, entry: Entry) -> None:
    state.window = Window.TURNING_BACK


def _window_shut(state: RunState, entry: Entry) -> None:
    Way(entry["way"])
    _number(entry, "requests")
    for name in ("seconds", "confirmed_seconds"):
        if type(entry[name]) not in (int, float):
            raise TypeError(name)
    state.window, state.window_report = Window.SHUT, entry
    state.touched = []


def _stopped(state: RunState, entry: Entry) -> None:
    state.stopped = _text(entry, "why")


def _resumed(state: RunState, entry: Entry) -> None:
    state.stopped = ""


def _end(state: RunState, entry: Entry) -> None:
    state.ended = _text(entry, "result")


_TAKERS: Mapping[str, Callable[[RunState, Entry], None]] = {
    "begin": _begin,
    "promise": _promise,
    "outcome": _outcome,
    "already": _already,
    "confirmed": _confirmed,
    "unconfirmed": _unconfirmed,
    "window-open": _window_open,
    "turning-back": _turning_back,
    "window-shut": _window_shut,
    "stopped": _stopped,
    "resumed": _resumed,
    "end": _end,
}


def run_name(now: datetime, digest: str) -> str:
    """A run's id: sorts by time and says which plan, `20260321T101500Z-9f86d081`."""
    return f"{now:%Y%m%dT%H%M%SZ}-{digest[:8]}"


def write_line(entry: Entry) -> str:
    """One journal line with its newline. Raises TypeError for what JSON cannot hold: a Secret."""
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False, default=made) + "\n"


def read_lines(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """Every whole line, and how many bytes of a torn last line follow them.

    A line is whole when its newline is there: it is written last. Raises BadJournal where a
    line that is whole cannot be read, because then a promise may be missing.
    """
    *whole, torn = data.split(b"\n")
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(whole, start=1):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            raise BadJournal(
                f"line {number} of the journal cannot be read; what it promised is not known",
                where=f"line {number}",
                try_=BadJournal.mend,
            )
        entries.append(entry)
    return entries, len(torn)
