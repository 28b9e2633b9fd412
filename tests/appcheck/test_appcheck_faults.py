"""Each step broken on purpose on the embedded tenant: `app check` names that step and no other."""

from __future__ import annotations

from itertools import combinations

import pytest
from appfaults import FAULTS, Fault
from apptenant import AppTenant, app_tenant, assign_scoped

from portineria.policy.appsteps.ladder import Checked
from portineria.policy.appsteps.step import Outcome
from portineria.run.appcheck import exit_code
from portineria.tenant.mailbox import Protocol

pytestmark = pytest.mark.slow

WRONG = (Outcome.NO, Outcome.PENDING)
EXIT = {Outcome.YES: 0, Outcome.NO: 1, Outcome.PENDING: 3, Outcome.UNKNOWN: 3}
TURNING = [fault for fault in FAULTS if fault.outcome is Outcome.PENDING]


async def look(tenant: AppTenant, fault: Fault) -> Checked:
    if fault.scoped:
        return await tenant.check_scoped()
    (found,) = await tenant.check(fault.protocol)
    return found


def named(found: Checked) -> tuple[Outcome, int, str]:
    """The answer, the step that is named and its part; and that no other step is blamed."""
    assert found.by is not None, found.ladder
    blamed = [judged for judged in found.ladder if judged.outcome in WRONG]
    assert blamed in ([], [found.by]), blamed
    return found.answer, found.by.number, found.by.part


async def test_a_mail_app_that_is_set_up_right_is_right_at_every_step() -> None:
    async with app_tenant() as tenant:
        await assign_scoped(tenant, ago=3 * 3600)
        imap, smtp = await tenant.check(Protocol.IMAP, Protocol.SMTP)
        for found in (imap, smtp, await tenant.check_scoped()):
            assert found.answer is Outcome.YES
            assert {judged.outcome for judged in found.ladder} == {Outcome.YES}
            assert exit_code([found]) == 0


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_each_step_broken_on_purpose_is_named_and_no_other(fault: Fault) -> None:
    async with app_tenant() as tenant:
        await fault.break_it(tenant)
        found = await look(tenant, fault)
        assert named(found) == (fault.outcome, fault.step, fault.part)
        assert found.by is not None
        assert exit_code([found]) == EXIT[fault.outcome]
        assert bool(found.by.until) is (fault.outcome is Outcome.PENDING)
        assert bool(found.by.remedy and found.by.who) is (fault.outcome is not Outcome.PENDING)


PAIRS = [
    (first, second)
    for first, second in combinations(FAULTS, 2)
    if not (first.alone or second.alone)
    and (first.protocol, first.scoped) == (second.protocol, second.scoped)
    and first.step != second.step
    and not (first.about and first.about == second.about)
]


def wanted_of(first: Fault, second: Fault) -> Fault:
    """The first in order, unless the second keeps it from being seen."""
    if first.seen_by_login:
        return second if not second.seen_by_login or second.witness < first.witness else first
    if (first.seen_by_token and second.before_proof) or (first.in_token and second.no_token):
        return second
    return first


async def test_of_two_broken_steps_the_first_in_order_is_named() -> None:
    for first, second in PAIRS:
        async with app_tenant() as tenant:
            await second.break_it(tenant)
            await first.break_it(tenant)
            said = named(await look(tenant, first))[1:]
            wanted = wanted_of(first, second)
            assert said == (wanted.step, wanted.part), f"{first.name} + {second.name}: {said}"
    assert len(PAIRS) > 150


@pytest.mark.parametrize("fault", TURNING, ids=lambda fault: fault.name)
async def test_what_is_pending_works_after_its_time(fault: Fault) -> None:
    async with app_tenant() as tenant:
        await fault.break_it(tenant)
        found = await look(tenant, fault)
        assert found.by is not None
        assert found.by.until is not None
        tenant.clock.advance((found.by.until - tenant.clock.now()).total_seconds() + 1)
        assert (await look(tenant, fault)).answer is Outcome.YES


@pytest.mark.parametrize("fault", TURNING, ids=lambda fault: fault.name)
async def test_what_never_comes_is_wrong_after_its_latest_time(fault: Fault) -> None:
    """The service takes for ever: then pending ends by itself, and the exit code is 1."""
    async with app_tenant() as tenant:
        await fault.break_it(tenant)
        tenant.delays(**dict.fromkeys(tenant.lab.weather.effects, 20 * 3600.0))
        for _ in range(4):
            found = await look(tenant, fault)
            if found.answer is not Outcome.PENDING:
                break
            assert found.by is not None
            assert found.by.until is not None
            tenant.clock.advance((found.by.until - tenant.clock.now()).total_seconds() + 1)
        assert named(found)[0] is Outcome.NO
        assert exit_code([found]) == 1
