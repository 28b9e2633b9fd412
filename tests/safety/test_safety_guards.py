"""Nothing is written before a guard has spoken: seen in the lab's own history of requests."""

from __future__ import annotations

import pytest
from m365_labworld import lab_world
from run_fakes import MemoryJournal, Quiet
from test_policy_guards import CASES

from portineria.doors.crew import AsyncCrew
from portineria.fault import GuardStop
from portineria.policy.guards.registry import GUARDS, Guard, speak, standing
from portineria.policy.plan import Stop
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.run.apply import End, Outcome, apply
from portineria.run.look import Wants
from portineria.run.means import Means

POLICY = """
tenant: contoso.onmicrosoft.com
grants:
  - {name: erp, who: {mailboxes: [erp@contoso.example]}, allow: [smtp], through: oauth-user}
"""


async def carried_out(guard: Guard, words: tuple[str, ...], stops: bool) -> tuple[Outcome, int]:
    """A plan on the real lab behind one guard; the outcome, and how many writes the lab saw."""
    pair = CASES[guard.name][0]

    async with lab_world() as world:
        journal = MemoryJournal()
        means = Means(
            resources=world.resources,
            journal=journal,
            clock=world.clock,
            crew=AsyncCrew(),
            progress=Quiet(),
        )
        snapshot = await world.look(Wants(mailboxes=frozenset({"erp@contoso.example"})))
        plan = make_plan(snapshot, parse(POLICY, read_csv=None), world.clock.now())
        assert plan.changes
        asked_before = len(world.lab.history.asked)

        async def guards() -> tuple[Stop, ...]:
            assert list(world.lab.history.writes()) == []
            spoken = speak(pair.stops() if stops else pair.passes())
            return standing(tuple(s for s in spoken if s.guard == guard.name), words)

        try:
            outcome = await apply(plan, plan.digest, "run-1", means, guards)
        except GuardStop:
            assert journal.entries() == []
            assert len(world.lab.history.asked) == asked_before, "not even a read"
            raise
        return outcome, len(list(world.lab.history.writes()))


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
async def test_where_a_guard_stops_the_service_saw_nothing(guard: Guard) -> None:
    with pytest.raises(GuardStop) as stop:
        await carried_out(guard, (), stops=True)
    assert stop.value.where == f"guard {guard.name}"
    assert stop.value.exit_code == 4


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
async def test_where_it_is_overruled_the_plan_is_carried_out(guard: Guard) -> None:
    by_word = guard.name != "digest"  # a digest is overruled by the right one only
    outcome, writes = await carried_out(guard, (guard.word,), stops=by_word)
    assert outcome.end is End.DONE
    assert writes == outcome.written == 1
