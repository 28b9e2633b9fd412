"""At no instant less protected than the lesser of start and promise, whatever befalls a run.

Random tenants and wishes go through the real planner; the run meets weather, refusals and up to
two deaths, each at a place of its journal or of its writes; resumes until the weather is calm;
and some are undone in the same way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stages
from hypothesis import strategies as st
from protection import Protection, measure
from run_fakes import (
    FakeService,
    Killed,
    MemoryJournal,
    Quiet,
    Reaper,
    SteppingCrew,
    Tenant,
    Weather,
    drive,
    no_stops,
)
from table import LEAST, table
from watch import Watch
from worlds import APP, Story, carried_out, clock, look, planned, settle, stories, told

from portineria.policy.change import Change, Family, Phase
from portineria.policy.plan import Plan
from portineria.run.apply import End, Outcome, apply
from portineria.run.journal import progress_of
from portineria.run.means import Means
from portineria.run.resume import repair_first, resume
from portineria.run.undo import undo_plan

CLASSES: Counter[str] = Counter()
_measured: dict[str, Protection] = {}


def protection(tenant: Tenant) -> Protection:
    """Cached by the truth: many stories begin in the same world."""
    key = repr(sorted((family.value, name, fields) for (family, name), fields
                      in tenant.document().items()))  # fmt: skip
    if key not in _measured:
        _measured[key] = measure(look(tenant), tenant.clock.now(), APP)
    return _measured[key]


@dataclass
class Run:
    """One run of a plan on a tenant: processes come and go, the journal and the tenant stay."""

    plan: Plan
    tenant: Tenant
    seed: int

    def __post_init__(self) -> None:
        self.journal = MemoryJournal()
        promised = carried_out(self.tenant, self.plan)
        self.promised = told(promised)
        self.watch = Watch(
            self.plan,
            self.journal.lines,
            start=protection(self.tenant),
            promise=protection(promised),
            measure=lambda: protection(self.tenant),
        )

    def process(self, weather: Weather, reaper: Reaper) -> Outcome | None:
        """One process: begins or resumes. None where it was killed."""
        self.journal.reaper = reaper
        service = FakeService(
            self.tenant,
            weather,
            reaper,
            asked=lambda c: self.watch.asked(c.verb, c.family, c.key, c.name),
            changed=self.watch.changed,
        )
        means = Means(
            resources=service,
            journal=self.journal,
            clock=self.tenant.clock,
            crew=SteppingCrew(self.seed),
            progress=Quiet(),
            limit=3,
        )
        try:
            outcome = drive(self._go(means))
        except Killed as death:
            CLASSES[f"killed {death}"] += 1
            if self.watch.inside:
                CLASSES["killed inside the window"] += 1
            outcome = None
        for struck in weather.struck:
            CLASSES[f"weather: {struck}"] += 1
        return outcome

    async def _go(self, means: Means) -> Outcome:
        if not self.journal.entries():
            return await apply(self.plan, self.plan.digest, "run-1", means, no_stops)
        await repair_first(means)
        return await resume(means)

    def to_the_end(self) -> None:
        """Resume in calm weather until it is done, and judge what came of it."""
        for _ in range(3):
            outcome = self.process(Weather(), Reaper())
            assert outcome is not None
            if outcome.end is End.DONE:
                break
        assert outcome.end is End.DONE, outcome.fault
        assert told(self.tenant) == self.promised
        assert self.watch.breaches == []
        writes = [line for line in self.journal.lines if line["kind"] == "promise"]
        outcomes = [line for line in self.journal.lines if line["kind"] == "outcome"]
        assert sorted(p["n"] for p in writes) == sorted(o["n"] for o in outcomes)
        again = len(self.journal.lines)
        assert self.process(Weather(), Reaper()) is not None
        assert len(self.journal.lines) == again, "a finished run is left alone"
        CLASSES.update(self.watch.classes)


def rehearsed(story: Story, plan_seed: int, weather: Weather) -> list[str]:
    """The places that the same process would pass, if nobody killed it."""
    tenant = settle(story, clock())
    run = Run(planned(story, tenant), tenant, plan_seed)
    reaper = Reaper()
    before = CLASSES.copy()
    run.process(weather, reaper)
    CLASSES.clear()
    CLASSES.update(before)
    return reaper.places


def weathers() -> st.SearchStrategy[Weather]:
    return st.builds(
        Weather,
        seed=st.integers(0, 2**16),
        stale=st.sampled_from([0.0, 12.0]),
        unavailable=st.sampled_from([0.0, 0.0, 0.05]),
        lost=st.sampled_from([0.0, 0.0, 0.2]),
    )


@st.composite
def deaths(draw: st.DrawFn, places: list[str]) -> Reaper:
    """First a kind of place, then one of that kind: rare places die as often as common ones."""
    kind = draw(st.sampled_from(sorted(set(places))))
    return Reaper(at=draw(st.sampled_from([i for i, p in enumerate(places) if p == kind])))


def transition(before: Tenant, after: dict[tuple[Family, str], dict[str, bool]]) -> str:
    words = {True: "on", False: "off"}
    start = (before.truth(Family.SECURITY_DEFAULTS) or {})["isEnabled"]
    end = after[Family.SECURITY_DEFAULTS, ""]["isEnabled"]
    return f"security defaults {words[start]} to {words[end]}"


QUIETLY = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Stages.generate],
    suppress_health_check=list(HealthCheck),
)


@settings(QUIETLY, max_examples=250)
@given(data=st.data())
def anything_befalls(data: st.DataObject) -> None:
    """Any tenant, any wish; weather, up to two deaths, and perhaps the way back by undo."""
    befalls(data.draw(stories()), data)


@settings(QUIETLY, max_examples=30)
@given(data=st.data())
def security_defaults_go_on(data: st.DataObject) -> None:
    """The rare wish, asked for: a tenant without either is given security defaults."""
    befalls(data.draw(stories(on=True)), data)


def befalls(story: Story, data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 99))
    weather = data.draw(weathers())
    tenant = settle(story, clock())
    plan = planned(story, tenant)
    if not plan.changes:
        return
    run = Run(plan, tenant, seed)
    CLASSES[transition(tenant, run.promised)] += 1
    reaper = Reaper()
    if data.draw(st.booleans()):
        reaper = data.draw(deaths(rehearsed(story, seed, weather)))
    run.process(_same(weather), reaper)
    if data.draw(st.booleans()):
        run.process(_same(weather), Reaper(at=data.draw(st.integers(0, 30))))
    run.to_the_end()
    if data.draw(st.booleans()):
        undone(run, tenant, seed, data)


def undone(run: Run, tenant: Tenant, seed: int, data: st.DataObject) -> None:
    state = progress_of(run.journal.entries())
    plan = drive(undo_plan(state, look(tenant), FakeService(tenant), SteppingCrew(), tenant.clock))
    back = Run(plan, tenant, seed)
    if not plan.changes:
        return
    CLASSES["undo: " + transition(tenant, back.promised)] += 1
    back.process(data.draw(weathers()), Reaper(at=data.draw(st.integers(-1, 80))))
    back.to_the_end()


ENOUGH = LEAST + 2


@settings(QUIETLY, max_examples=ENOUGH)
@given(story=stories(window=True), seed=st.integers(0, 99))
def each_step_fails(story: Story, seed: int) -> None:
    """Every step from staging on is refused, forgotten and unanswered: briefly, and for good."""
    plan = planned(story, settle(story, clock()))
    steps = [change for change in plan.changes if change.phase >= Phase.STAGE]
    for number, (change, kind) in enumerate(product(steps, ("refuses", "forgets", "loses"))):
        times = 99 if (number + seed) % 2 else 1
        weather = Weather(seed, **{kind: {f"{change.phase.name} {change.target.name}": times}})
        run = Run(plan, settle(story, clock()), seed)
        CLASSES[failure(kind, change)] += 1
        outcome = run.process(weather, Reaper())
        assert outcome is not None
        CLASSES[f"a run is {outcome.end}"] += 1
        run.to_the_end()


def failure(kind: str, change: Change) -> str:
    return f"{change.phase.name.lower()}: the service {kind} «{change.target.name}»"


@settings(QUIETLY, max_examples=ENOUGH)
@given(story=stories(window=True), seed=st.integers(0, 9999))
def each_place_kills(story: Story, seed: int) -> None:
    """One death at every kind of place, on the way forward and on the way back."""
    for stuck in (False, True):
        weather = Weather(seed, stale=12.0)
        weather.refuses = {"ENFORCE Portineria: MFA for everybody": 99} if stuck else {}
        places = rehearsed(story, seed, weather)
        plan = planned(story, settle(story, clock()))
        for kind in sorted(set(places)):
            at = [i for i, place in enumerate(places) if place == kind]
            run = Run(plan, settle(story, clock()), seed)
            run.process(_same(weather), Reaper(at=at[seed % len(at)]))
            run.to_the_end()


def _same(weather: Weather) -> Weather:
    """The weather from its beginning, with its counts untouched."""
    return replace(
        weather,
        forgets=dict(weather.forgets),
        refuses=dict(weather.refuses),
        loses=dict(weather.loses),
        struck=set(),
    )


JOURNALED = (
    "begin", "promise", "outcome", "confirmed", "window-open", "turning-back", "window-shut",
    "stopped", "end",
)  # fmt: skip
STEPS = (
    "stage: the service {} «Portineria: block legacy authentication»",
    "stage: the service {} «Portineria: MFA for administrators»",
    "stage: the service {} «Portineria: networks of scanner»",
    "stage: the service {} «Portineria: block legacy authentication from elsewhere: scanner»",
    "window: the service {} «security defaults»",
    "enforce: the service {} «Portineria: block legacy authentication»",
    "enforce: the service {} «Portineria: MFA for administrators»",
    "enforce: the service {} «Portineria: MFA for everybody»",
    "enforce: the service {} «Portineria: MFA for Azure management»",
    "exception: the service {} «Portineria: block legacy authentication from elsewhere: scanner»",
    "exception: the service {} «Portineria: block legacy authentication»",
)
WANTED = (
    *(f"killed {when} {kind}" for kind in JOURNALED for when in ("before", "torn", "after")),
    "killed before write",
    "killed after write",
    "killed inside the window",
    *(f"weather: {each}" for each in
      ("stale", "unavailable", "lost before", "lost after", "forgotten", "refused")),
    *(step.format(kind) for step in STEPS for kind in ("refuses", "forgets", "loses")),
    "security defaults on to on",
    "security defaults on to off",
    "security defaults off to off",
    "security defaults off to on",
    "undo: security defaults off to on",
    "a run is turned back",
    "a change inside the window",
    "a change outside the window",
)  # fmt: skip


@pytest.mark.slow
def test_at_no_instant_less_protected_than_the_lesser_of_start_and_promise() -> None:
    CLASSES.clear()
    anything_befalls()
    security_defaults_go_on()
    each_step_fails()
    each_place_kills()
    text, seldom = table(CLASSES, WANTED)
    print(text)
    assert not seldom, f"visited too seldom: {seldom}"
