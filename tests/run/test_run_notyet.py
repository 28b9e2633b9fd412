"""What was just made may not be known to the next write yet: that is waited for, and told."""

from __future__ import annotations

from typing import Any

import pytest
from run_fakes import NOON, MemoryJournal, Quiet, drive

from portineria.clock import VirtualClock
from portineria.fault import Conflict, Fault, NotFound, PartlyApplied, ServiceFault
from portineria.policy.change import Change, Family, Missing, Phase, Target, Verb, Written
from portineria.policy.plan import Plan
from portineria.run.journal import progress_of
from portineria.run.means import Means
from portineria.run.patience import Patience
from portineria.run.step import step

EARLY = ServiceFault("does not reference a valid application", evidence={"status": 400})


class Service:
    """Refuses the first writes, each with the next of these faults."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.written = 0

    async def read(self, target: Target, fields: Any) -> Missing:
        return Missing()

    async def find(self, target: Target) -> tuple[str, ...]:
        return ()

    async def write(self, change: Change) -> Written:
        self.written += 1
        if self.faults:
            raise self.faults.pop(0)
        return Written("made")


def change(family: Family, verb: Verb = Verb.CREATE) -> Change:
    return Change(
        id=1,
        verb=verb,
        target=Target(family=family, key="" if family is Family.APPLICATION else "k", name="n"),
        before=None,
        after={"x": 1},
        phase=Phase.STAGE,
        because=(),
        reason="",
    )


def tried(family: Family, *faults: Fault) -> tuple[Fault | None, Service, MemoryJournal, float]:
    service, journal, clock = Service(*faults), MemoryJournal(), VirtualClock(NOON)
    means: Any = Means(
        resources=service,  # type: ignore[arg-type]
        journal=journal,
        clock=clock,
        crew=None,  # type: ignore[arg-type]
        progress=Quiet(),
        patience=Patience(replicate=60.0),
    )
    story = means.story()
    one = change(family)
    plan = Plan(
        tenant_id="t", made_at=NOON, snapshot_taken_at=NOON, policy_digest="", changes=(one,)
    )
    story.begin("run-1", plan)
    begun = clock.tick()
    return drive(step(one, story, means)), service, journal, clock.tick() - begun


@pytest.mark.parametrize(
    ("family", "faults"),
    [
        (Family.SERVICE_PRINCIPAL, (NotFound("not yet"),)),
        (Family.SERVICE_PRINCIPAL, (EARLY, EARLY)),
        (Family.APP_ROLE, (NotFound("not yet"),) * 3),
        (Family.EXCHANGE_PRINCIPAL, (NotFound("not yet"),)),
        (Family.MAILBOX_PERMISSION, (NotFound("not yet"),)),
    ],
)
def test_it_is_promised_and_tried_again(family: Family, faults: tuple[Fault, ...]) -> None:
    fault, service, journal, waited = tried(family, *faults)
    assert fault is None
    assert service.written == len(faults) + 1
    assert waited > 0
    kinds = [entry["kind"] for entry in journal.entries()]
    assert kinds.count("promise") == kinds.count("outcome") == service.written
    assert progress_of(journal.entries()).done[1].ours


def test_patience_ends_and_the_run_rests() -> None:
    fault, _, _, waited = tried(Family.APP_ROLE, *[NotFound("nowhere")] * 40)
    assert isinstance(fault, PartlyApplied)
    assert waited == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("family", "fault"),
    [
        (Family.MAILBOX, NotFound("gone")),
        (Family.GROUP_MEMBER, EARLY),
        (Family.APP_ROLE, Conflict("already", evidence={"status": 400})),
        (Family.APPLICATION, ServiceFault("no", evidence={"status": 500})),
    ],
)
def test_any_other_refusal_is_not_waited_out(family: Family, fault: Fault) -> None:
    found, service, _, waited = tried(family, fault)
    assert isinstance(found, PartlyApplied)
    assert (service.written, waited) == (1, 0.0)
