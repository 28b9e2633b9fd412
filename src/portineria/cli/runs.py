"""Writing verbs: the tenant's lock, what earlier runs left behind, then the run itself."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portineria.cli.frame import Asked
from portineria.cli.questions import find_mailbox
from portineria.cli.session import with_tenant
from portineria.cli.signing import with_person
from portineria.doors.journal import Runs
from portineria.fault import NoSuch, WrongTenant
from portineria.policy.plan import Plan
from portineria.run.apply import Outcome, apply
from portineria.run.callers import with_real_callers
from portineria.run.close import close_plan
from portineria.run.journal import RunState
from portineria.run.look import Wants
from portineria.run.resume import put_away, repair_first, resume
from portineria.run.story import Story
from portineria.run.undo import check_undoable, undo_plan
from portineria.run.verify import Verified, verify
from portineria.tongue.say import compose
from portineria.wiring.opening import system_clock

if TYPE_CHECKING:
    from portineria.cli.connecting import SignIn
    from portineria.policy.desired import Desired
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Handed, Tenant


def apply_plan(said: Asked, plan: Plan, handed: Handed, how: SignIn | None = None) -> Outcome:
    """Begin a run. A window that an earlier run left open is repaired first, and ends it there.

    `how` is how an administrator signs in, should the plan need one.
    """

    async def work(tenant: Tenant, teller: Progress) -> Outcome:
        _refuse_other_tenant(plan, tenant)
        with tenant.lock():
            repaired = await repair_windows(tenant, teller)
            if repaired is not None:
                return repaired
            run = tenant.new_run()
            able = await with_person(tenant, plan, how)
            outcome = await apply(
                plan,
                handed.digest or plan.digest,
                run,
                able.means(run, teller),
                tenant.guards(plan, handed, teller),
                tenant.unfinished(),
            )
            return settled(tenant, outcome, handed)

    with _resumable(said):
        return with_tenant(said, work)


def resume_run(said: Asked, run: str, handed: Handed, how: SignIn | None = None) -> Outcome:
    """Take an interrupted run to its end; windows that other runs left open come first."""

    async def work(tenant: Tenant, teller: Progress) -> Outcome:
        state = run_of(tenant, run)
        with tenant.lock():
            repaired = await repair_windows(tenant, teller, but=state.run)
            if repaired is not None:
                return repaired
            guards = tenant.guards(state.plan, handed, teller)
            able = await with_person(tenant, state.plan, how, state.done)
            outcome = await resume(able.means(state.run, teller), guards)
            return settled(tenant, outcome, handed)

    with _resumable(said):
        return with_tenant(said, work)


def settled(tenant: Tenant, outcome: Outcome, handed: Handed) -> Outcome:
    """After a run that came to its end the profile names the applications that it made."""
    from portineria.fault import Fault
    from portineria.wiring.mailapps import settle_profile

    if outcome.fault is not None:
        return outcome
    try:
        told = settle_profile(tenant, run_of(tenant, outcome.run), replacing=handed.replacing)
    except Fault as fault:
        told = [f"{fault.why}; {fault.try_}"]
    for line in told:
        print(line, file=sys.stderr)
    return outcome


@contextmanager
def _resumable(said: Asked) -> Iterator[None]:
    """Whoever presses Ctrl-C in the middle of a run is told how it is finished."""
    try:
        yield
    except KeyboardInterrupt:
        for state in Runs(said.state).unfinished()[-1:]:
            told = "run {} rests where it was: portineria apply --resume {}"
            print(compose(told, state.run, state.run), file=sys.stderr)
        raise


def make_undo(said: Asked, run: str, accepted: Iterable[str]) -> Plan:
    """How a run is taken back, against the tenant of today. Nothing is written."""

    async def work(tenant: Tenant, teller: Progress) -> Plan:
        state = run_of(tenant, run)
        check_undoable(state)
        snapshot = await tenant.look_again(with_real_callers(state.plan, state.done), teller)
        return await undo_plan(
            state, snapshot, tenant.resources, tenant.crew, tenant.clock, accepted
        )

    return with_tenant(said, work)


def make_expired(said: Asked, desired: Desired, accepted: Iterable[str]) -> Plan:
    """How what ended is closed, against the tenant of now. Nothing is written."""

    async def work(tenant: Tenant, teller: Progress) -> Plan:
        snapshot = await tenant.look_for(desired, teller)
        return tenant.plan_expired(snapshot, desired, accepted)

    return with_tenant(said, work)


def make_close(said: Asked, mailbox: str) -> Plan:
    """How one mailbox is shut at once. Nothing is written."""

    async def work(tenant: Tenant, teller: Progress) -> Plan:
        apps = frozenset(app for app in (tenant.mail_app, tenant.smtp_app) if app)
        wants = Wants(mailboxes=frozenset({mailbox.lower()}), apps=apps, own=True)
        snapshot = await tenant.look(teller, wants)
        find_mailbox(snapshot, mailbox)
        return await close_plan(mailbox, snapshot, tenant.resources, tenant.clock)

    return with_tenant(said, work)


def verify_run(said: Asked, run: str | None) -> tuple[str, tuple[Verified, ...]]:
    """The promises of a run (the last one) beside the tenant of now; the run's id comes first."""

    async def work(tenant: Tenant, teller: Progress) -> tuple[str, tuple[Verified, ...]]:
        state = run_of(tenant, run) if run else last_run(tenant)
        plan = with_real_callers(state.plan, state.done)
        snapshot = await tenant.look_again(plan, teller)
        ended = state.moment(state.last_outcome or state.begun_at)
        prober = tenant.prober(snapshot)
        rows = await verify(plan.cells, snapshot, prober, tenant.crew, tenant.clock, ended, teller)
        return state.run, rows

    return with_tenant(said, work)


def last_run(tenant: Tenant) -> RunState:
    last = next(tenant.runs(newest_first=True), None)
    if last is None:
        raise NoSuch(
            "this tenant has no run yet: nothing was promised",
            where=str(tenant.state.runs),
            try_="portineria plan policy.yaml --output plan.json, then portineria apply plan.json",
        )
    return last


def put_undone_away(said: Asked, run: str) -> None:
    """A run that was undone before it was finished will not be resumed."""
    journal = Runs(said.state).journal(run)
    story = Story(journal, system_clock())
    if story.state.unfinished:
        put_away(story, "undone")


def run_of(tenant: Tenant, run: str) -> RunState:
    """By its id, or `last`. Raises NoSuch for a run that this tenant does not have."""
    if run == "last":
        return last_run(tenant)
    for state in tenant.runs(newest_first=True):
        if state.run == run:
            return state
    raise NoSuch(
        f"this tenant has no run {run!r}",
        where=str(tenant.state.runs),
        try_="portineria runs list shows them; `last` is the last one",
    )


async def repair_windows(tenant: Tenant, teller: Progress, but: str = "") -> Outcome | None:
    """Shut every window that was left open, apart from run `but`; the last outcome, if any."""
    outcome = None
    for state in tenant.unfinished():
        if state.exposed and state.run != but:
            outcome = await repair_first(tenant.means(state.run, teller))
    return outcome


def _refuse_other_tenant(plan: Plan, tenant: Tenant) -> None:
    if plan.tenant_id != tenant.tenant_id:
        raise WrongTenant(
            f"the plan is for tenant {plan.tenant_id}, the profile {tenant.profile.name!r} "
            f"reaches {tenant.tenant_id}",
            where=str(tenant.profile.path),
            try_="choose the profile of that tenant with --profile",
        )
