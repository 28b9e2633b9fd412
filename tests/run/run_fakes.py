"""Short honest implementations of the ports: a tenant that remembers, weather, and death."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from portineria.clock import VirtualClock
from portineria.fault import AmbiguousWrite, Conflict, NotFound, ServiceFault
from portineria.policy.change import Change, Family, Fields, Missing, Phase, Target, Verb, Written
from portineria.policy.conditionalbody import from_graph
from portineria.policy.plan import Plan
from portineria.run.journal import read_lines, write_line
from portineria.run.means import Means
from portineria.run.patience import Patience
from portineria.tenant.access import Transport
from portineria.tenant.mailbox import Mailbox, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)
T = TypeVar("T")
Item = TypeVar("Item")
Result = TypeVar("Result")


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing but turns: no event loop is needed."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


@dataclass
class Reaper:
    """Kills at the nth place it is led past, and remembers the places."""

    at: int = -1
    places: list[str] = field(default_factory=list)

    def pass_by(self, place: str) -> None:
        self.places.append(place)
        if len(self.places) - 1 == self.at:
            raise Killed(place)


@dataclass
class MemoryJournal:
    """The journal's contract without a disk; a reaper may cut a line in half."""

    data: bytearray = field(default_factory=bytearray)
    reaper: Reaper = field(default_factory=Reaper)
    torn: bool = False
    lines: list[Mapping[str, Any]] = field(default_factory=list)
    """Every whole line as it was appended, so that a watcher need not read it back."""

    def append(self, entry: Mapping[str, Any]) -> None:
        line = write_line(entry).encode()
        if self.data and not self.data.endswith(b"\n"):
            del self.data[self.data.rfind(b"\n") + 1 :]
        kind = entry["kind"]
        self.reaper.pass_by(f"before {kind}")
        try:
            self.reaper.pass_by(f"torn {kind}")
        except Killed:
            self.data += line[: max(1, len(line) // 2)]
            raise
        self.data += line
        self.lines.append(entry)
        self.reaper.pass_by(f"after {kind}")

    def reserve(self, octets: int) -> None:
        """A memory has room."""

    def release(self) -> None:
        pass

    def entries(self) -> list[dict[str, Any]]:
        entries, torn = read_lines(bytes(self.data))
        self.torn = self.torn or torn > 0
        return entries


@dataclass
class Weather:
    """Everything a service may do to a caller, from one seed. Chances lie between 0 and 1.

    `forgets` names the writes that are accepted and have no effect, as often as counted;
    `refuses` those that are refused so often; `loses` those whose answer is lost so often,
    every second time before it took effect. A write is named by its target's name, or by phase
    and name: "ENFORCE Portineria: mfa".
    """

    seed: int = 0
    stale: float = 0.0
    unavailable: float = 0.0
    lost: float = 0.0
    late: float = 0.0
    forgets: dict[str, int] = field(default_factory=dict)
    refuses: dict[str, int] = field(default_factory=dict)
    loses: dict[str, int] = field(default_factory=dict)
    struck: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def strikes(self, what: str, chance: float) -> bool:
        hit = chance > 0 and self.dice.random() < chance
        if hit:
            self.struck.add(what)
        return hit

    def counted(self, what: str, counts: dict[str, int], change: Change) -> bool:
        for name in (change.target.name, f"{change.phase.name} {change.target.name}"):
            if counts.get(name, 0) > 0:
                counts[name] -= 1
                self.struck.add(what)
                return True
        return False

    def lost_at(self, change: Change, before: bool) -> bool:
        """Whether this answer is lost, at this moment of it."""
        when = "before" if before else "after"
        if self.strikes(f"lost {when}", self.lost / 2):
            return True
        left = max(self.loses.get(f"{change.phase.name} {change.target.name}", 0), 0)
        return left % 2 == before and self.counted(f"lost {when}", self.loses, change)


Key = tuple[Family, str]


class Tenant:
    """Objects by family and key; every version is kept with its time."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.versions: dict[Key, list[tuple[float, dict[str, Any] | None]]] = {}
        self.made = 0

    def put(self, family: Family, key: str, fields: Mapping[str, Any] | None) -> None:
        self.versions.setdefault((family, key), []).append(
            (self.clock.tick(), None if fields is None else dict(fields))
        )

    def truth(self, family: Family, key: str = "", age: float = 0.0) -> dict[str, Any] | None:
        limit = self.clock.tick() - age
        for when, fields in reversed(self.versions.get((family, key), [])):
            if when <= limit:
                return fields
        return None

    def all(self, family: Family, age: float = 0.0) -> dict[str, dict[str, Any]]:
        found = {key: self.truth(family, key, age) for kind, key in self.versions if kind is family}
        return {key: fields for key, fields in found.items() if fields is not None}

    def document(self) -> dict[Key, dict[str, Any]]:
        """Everything as it is; names instead of keys for what the service gives ids."""
        found: dict[Key, dict[str, Any]] = {}
        for family, key in self.versions:
            fields = self.truth(family, key)
            if fields is not None:
                found[family, str(fields.get("displayName", key))] = fields
        return found


@dataclass
class Call:
    """One request as the service saw it, in its history."""

    verb: str
    family: Family
    key: str
    name: str


class FakeService:
    """Resources over a Tenant, with weather, and the two rules that make the window narrow."""

    def __init__(
        self,
        tenant: Tenant,
        weather: Weather | None = None,
        reaper: Reaper | None = None,
        asked: Callable[[Call], None] = lambda _: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.tenant = tenant
        self.weather = weather or Weather()
        self.reaper = reaper or Reaper()
        self.history: list[Call] = []
        self.asked = asked
        self.changed = changed

    async def read(self, target: Target, fields: Any) -> Fields | Missing | Unseen:
        self._arrives("read", target)
        found = self.tenant.truth(target.family, target.key, self._age())
        return Missing() if found is None else {name: found.get(name) for name in fields}

    async def read_each(self, asked: Any) -> list[Fields | Missing | Unseen]:
        self._arrives("read", *(target for target, _ in asked))
        age = self._age()
        found = [(self.tenant.truth(t.family, t.key, age), fields) for t, fields in asked]
        return [
            Missing() if row is None else {name: row.get(name) for name in fields}
            for row, fields in found
        ]

    async def find(self, target: Target) -> tuple[str, ...] | Unseen:
        self._arrives("find", target)
        objects = self.tenant.all(target.family, self._age())
        return tuple(k for k, o in objects.items() if o.get("displayName", k) == target.name)

    async def write(self, change: Change) -> Written:
        self.reaper.pass_by("before write")
        self._arrives("write", change.target)
        if self.weather.lost_at(change, before=True):
            raise AmbiguousWrite("the connection was cut")
        if self.weather.counted("refused", self.weather.refuses, change):
            raise ServiceFault("the service refused")
        made = ""
        if not self.weather.counted("forgotten", self.weather.forgets, change):
            made = self._commit(change)
            self.changed()
        self.reaper.pass_by("after write")
        if self.weather.lost_at(change, before=False):
            raise AmbiguousWrite("the connection was cut")
        return Written(made)

    def _arrives(self, verb: str, *targets: Target) -> None:
        for target in targets:
            call = Call(verb, target.family, target.key, target.name)
            self.history.append(call)
            self.asked(call)
        if self.weather.strikes("unavailable", self.weather.unavailable):
            raise ServiceFault("the service failed (HTTP 503)")

    def _age(self) -> float:
        if not self.weather.strikes("stale", 0.5 if self.weather.stale else 0.0):
            return 0.0
        return self.weather.dice.random() * self.weather.stale

    def _commit(self, change: Change) -> str:
        family, key = change.target.family, change.target.key
        self._law(change)
        match change.verb:
            case Verb.CREATE:
                self.tenant.made += 1
                made = key or f"id-{self.tenant.made}"
                self.tenant.put(family, made, change.after)
                return made
            case Verb.UPDATE:
                current = self.tenant.truth(family, key)
                if current is None:
                    raise NotFound("not found")
                self.tenant.put(family, key, {**current, **(change.after or {})})
            case Verb.DELETE:
                self.tenant.put(family, key, None)
        return ""

    def _law(self, change: Change) -> None:
        """Security defaults and enabled Conditional Access policies exclude each other."""
        after = change.after or {}
        if change.target.family is Family.CONDITIONAL_ACCESS and after.get("state") == "enabled":
            defaults = self.tenant.truth(Family.SECURITY_DEFAULTS) or {}
            if defaults.get("isEnabled"):
                raise Conflict("Security Defaults is enabled in the tenant")
        if change.target.family is Family.SECURITY_DEFAULTS and after.get("isEnabled"):
            policies = self.tenant.all(Family.CONDITIONAL_ACCESS).values()
            if any(policy["state"] == "enabled" for policy in policies):
                raise ServiceFault("It looks like you have Conditional Access policies enabled")


class SteppingCrew:
    """Runs a few pieces of work in turns that a seed chooses; no event loop."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)

    async def each(
        self, items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], limit: int
    ) -> AsyncIterator[tuple[Item, Result]]:
        waiting = list(items)
        going: list[tuple[Item, Any]] = []
        try:
            while waiting or going:
                while waiting and len(going) < limit:
                    item = waiting.pop(0)
                    going.append((item, work(item)))
                number = self._dice.randrange(len(going))
                try:
                    going[number][1].send(None)
                except StopIteration as end:
                    yield going.pop(number)[0], end.value
        finally:
            for _, piece in going:
                piece.close()


class Quiet:
    """Progress that nobody reads."""

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        assert text


@dataclass
class Stage:
    """Everything one story needs, with a means() for each process that takes part in it."""

    weather: Weather = field(default_factory=Weather)
    reaper: Reaper = field(default_factory=Reaper)
    seed: int = 0

    def __post_init__(self) -> None:
        self.clock = VirtualClock(NOON)
        self.tenant = Tenant(self.clock)
        self.service = FakeService(self.tenant, self.weather, self.reaper)
        self.journal = MemoryJournal(reaper=self.reaper)

    def means(self, patience: Patience | None = None) -> Means:
        return Means(
            resources=self.service,
            journal=self.journal,
            clock=self.clock,
            crew=SteppingCrew(self.seed),
            progress=Quiet(),
            patience=patience or Patience(),
            limit=3,
        )

    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.journal.entries()]

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.journal.entries() if entry["kind"] == kind]

    def writes(self) -> list[Call]:
        return [call for call in self.service.history if call.verb == "write"]


async def no_stops() -> tuple[()]:
    return ()


def change(
    number: int,
    phase: Phase,
    family: Family,
    key: str,
    before: Fields | None,
    after: Fields | None,
    name: str = "",
) -> Change:
    verb = Verb.CREATE if before is None else Verb.DELETE if after is None else Verb.UPDATE
    return Change(
        id=number,
        verb=verb,
        target=Target(family=family, key=key, name=name or key or family.value),
        before=before,
        after=after,
        phase=phase,
        because=("test",),
        reason="because the test says so",
    )


def plan_of(*changes: Change, undo_of: str = "") -> Plan:
    return Plan(
        tenant_id="contoso",
        made_at=NOON,
        snapshot_taken_at=NOON,
        policy_digest="0" * 64,
        changes=changes,
        undo_of=undo_of,
    )


def snapshot_of(tenant: Tenant) -> Snapshot:
    """The truth as an honest look would give it, as far as these tests have any."""
    boxes = [
        Mailbox(
            guid=key,
            entra_id=key,
            address=f"{key}@contoso.example",
            upn=f"{key}@contoso.example",
            display_name=key,
            imap=fields["ImapEnabled"],
            pop=fields["PopEnabled"],
            smtp=SmtpSwitch.from_disabled(fields["SmtpClientAuthenticationDisabled"]),
        )
        for key, fields in tenant.all(Family.MAILBOX).items()
    ]
    defaults = tenant.truth(Family.SECURITY_DEFAULTS)
    transport = tenant.truth(Family.TRANSPORT)
    policies = tenant.all(Family.CONDITIONAL_ACCESS)
    return Snapshot(
        tenant_id="contoso",
        taken_at=tenant.clock.now(),
        mailboxes=tuple(boxes),
        security_defaults=NOT_LOOKED_AT if defaults is None else defaults["isEnabled"],
        conditional_access=tuple(from_graph({**p, "id": key}) for key, p in policies.items()),
        transport=NOT_LOOKED_AT
        if transport is None
        else Transport(smtp_auth_disabled=transport["SmtpClientAuthenticationDisabled"]),
    )


MAILBOX = {"ImapEnabled": True, "PopEnabled": True, "SmtpClientAuthenticationDisabled": None}


def window_stage(stage: Stage) -> Plan:
    """A tenant under security defaults, and the plan that replaces them for one scanner."""
    stage.tenant.put(Family.SECURITY_DEFAULTS, "", {"isEnabled": True})
    for guid in ("ada", "scan"):
        stage.tenant.put(Family.MAILBOX, guid, MAILBOX)
    stage.tenant.put(Family.TRANSPORT, "", {"SmtpClientAuthenticationDisabled": False})
    policy, mailbox = Family.CONDITIONAL_ACCESS, Family.MAILBOX
    report_only = {"state": "enabledForReportingButNotEnforced"}

    def body(name: str, excluded: list[str]) -> dict[str, Any]:
        return {"displayName": name, "conditions": {"excludeUsers": excluded}, **report_only}

    block, mfa = "Portineria: block", "Portineria: mfa"
    return plan_of(
        change(1, Phase.CLOSE, mailbox, "ada", {"ImapEnabled": True}, {"ImapEnabled": False}),
        change(2, Phase.CLOSE, mailbox, "scan", {"PopEnabled": True}, {"PopEnabled": False}),
        change(
            3,
            Phase.EXPLICIT,
            mailbox,
            "scan",
            {"SmtpClientAuthenticationDisabled": None},
            {"SmtpClientAuthenticationDisabled": False},
        ),
        change(
            4,
            Phase.TENANT_SWITCH,
            Family.TRANSPORT,
            "",
            {"SmtpClientAuthenticationDisabled": False},
            {"SmtpClientAuthenticationDisabled": True},
        ),
        change(5, Phase.STAGE, policy, "", None, body(block, []), block),
        change(6, Phase.STAGE, policy, "", None, body(mfa, []), mfa),
        change(
            7,
            Phase.WINDOW,
            Family.SECURITY_DEFAULTS,
            "",
            {"isEnabled": True},
            {"isEnabled": False},
        ),
        change(8, Phase.ENFORCE, policy, "change:5.id", report_only, {"state": "enabled"}, block),
        change(9, Phase.ENFORCE, policy, "change:6.id", report_only, {"state": "enabled"}, mfa),
        change(
            10,
            Phase.EXCEPTION,
            policy,
            "change:5.id",
            {"conditions": {"excludeUsers": []}},
            {"conditions": {"excludeUsers": ["scan"]}},
            block,
        ),
    )
