"""What happens in the story: two policies, planned, applied, proven by real logins, undone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.resources import files
from typing import Any

from portineria.cli.story.telling import Teller, row, table, window_line
from portineria.policy.plan import Cell, Plan
from portineria.policy.policyfile import parse
from portineria.policy.promise import REFUSED, Judge
from portineria.policy.simulate import simulate
from portineria.run.apply import Outcome, apply
from portineria.run.patience import Patience
from portineria.run.undo import undo_plan
from portineria.run.verify import Verdict, Verified, exit_code, verify
from portineria.run.window import WindowReport
from portineria.tenant.caller import Basic
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.wiring.tenant import Handed, Tenant

PATIENCE = 20.0
"""Seconds for which a change that is not seen, or a promise that is pending, is asked again:
the lab's demo weather is three seconds late at most."""
IMPATIENT = Patience(stale=2.0, confirm=PATIENCE, differ=PATIENCE)
BYSTANDERS = ("olga.legacy@contoso.example", "ada@contoso.example")
"""People with a password and no grant: theirs must stay refused."""


@dataclass(slots=True)
class Ending:
    """What the story came to. `rows` are those of the last act that ran."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    window: WindowReport | None = None
    code: int = 0
    stopped: str = ""

    def document(self, weather: str) -> dict[str, Any]:
        window = self.window
        return {
            "weather": weather,
            "rows": self.rows,
            "window": window and {"requests": window.requests, "seconds": window.seconds},
            "stopped": self.stopped or None,
            "exit_code": self.code,
        }


async def tell(tenant: Tenant, teller: Teller) -> Ending:
    """Play both acts. A broken promise ends the story with the table that names it."""
    ending = Ending()
    teller.title("1. The ERP and the monitoring speak OAuth")
    run = await _act("oauth.yaml", tenant, teller, ending)
    if run is None:
        return ending
    teller.title("2. Undone, to show that it can be")
    if not await _undo(run, tenant, teller, ending):
        return ending
    teller.title("3. The scanner knows a password and nothing else")
    await _act("scanner.yaml", tenant, teller, ending)
    return ending


def ended(ending: Ending) -> str:
    """The last page: the table, the window, and what it means."""
    kept = sum(line["verdict"] == Verdict.KEPT.value for line in ending.rows)
    verdict = f"{kept} of {len(ending.rows)} promises kept."
    if ending.stopped:
        verdict = f"{ending.stopped}\n{verdict}"
    for line in ending.rows:
        if line["verdict"] != Verdict.KEPT.value:
            what = f"{line['protocol']} as {line['caller']} on {line['mailbox']}"
            verdict += f"\n{line['verdict']}: {what}, {line['because']}"
    return f"{table(ending.rows)}\n\n{window_line(ending.window)}\n{verdict}"


async def _act(policy: str, tenant: Tenant, teller: Teller, ending: Ending) -> str | None:
    """Plan, apply and verify one policy. The run's name, or None where a promise is broken."""
    text = (files("portineria.cli.story") / policy).read_text(encoding="utf-8")
    desired = parse(text, read_csv=None, file=policy)
    snapshot = await tenant.look_for(desired, teller)
    plan = tenant.plan(snapshot, desired, ())
    _show(plan, teller)
    outcome = await _apply(plan, tenant, teller)
    ending.window = outcome.window
    if outcome.fault is not None:
        ending.stopped = f"The run rests: {outcome.fault.why}"
    cells = (*plan.cells, *_bystanders(snapshot, plan, tenant))
    rows = await _verify(cells, plan, tenant, teller)
    names = {f"app:{tenant.mail_app}": "app (mail)"}
    ending.rows = [row(one, names) for one in rows]
    ending.code = exit_code(rows)
    if outcome.fault is not None:
        ending.code = 1 if outcome.broken else (ending.code or outcome.exit_code)
    return outcome.run if ending.code == 0 else None


def _show(plan: Plan, teller: Teller) -> None:
    count = len(plan.changes)
    noun = "change" if count == 1 else "changes"
    teller.say(f"The plan: {count} {noun}, digest {plan.digest[:16]}…")
    for note in plan.notes:
        teller.say(f"  why: {note}")
    for door in plan.exposure:
        teller.say(f"  opens: {door}")


async def _apply(plan: Plan, tenant: Tenant, teller: Teller) -> Outcome:
    with tenant.lock():
        run = tenant.new_run()
        guards = tenant.guards(plan, Handed(digest=plan.digest), teller)
        means = replace(tenant.means(run, teller), patience=IMPATIENT)
        outcome = await apply(plan, plan.digest, run, means, guards, tenant.unfinished())
    teller.say(f"Run {outcome.run}: {outcome.end.value}, {outcome.written} written.")
    return outcome


def _bystanders(snapshot: Snapshot, plan: Plan, tenant: Tenant) -> list[Cell]:
    judge = Judge(snapshot, simulate(snapshot, plan.changes), tenant.clock.now())
    boxes = [snapshot.mailbox(name) for name in BYSTANDERS]
    return [judge.cell(box, Protocol.SMTP, Basic(), REFUSED) for box in boxes if box is not None]


async def _verify(
    cells: tuple[Cell, ...], plan: Plan, tenant: Tenant, teller: Teller
) -> tuple[Verified, ...]:
    """Log in for real; what is still pending is asked again for a while."""
    since = tenant.clock.now()
    start = tenant.clock.tick()
    teller.say("Verifying: the tenant is read again, and every login is tried for real.")
    while True:
        rows = await _look_and_log_in(cells, plan, tenant, teller, since)
        late = any(one.verdict is Verdict.PENDING for one in rows)
        if not late or tenant.clock.tick() - start > PATIENCE:
            return rows
        await tenant.clock.sleep(1.0)


async def _look_and_log_in(
    cells: tuple[Cell, ...], plan: Plan, tenant: Tenant, teller: Teller, since: datetime
) -> tuple[Verified, ...]:
    fresh = await tenant.look_again(plan, teller)
    return await verify(cells, fresh, tenant.prober(fresh), tenant.crew, tenant.clock, since)


async def _undo(run: str, tenant: Tenant, teller: Teller, ending: Ending) -> bool:
    state = next(state for state in tenant.runs() if state.run == run)
    snapshot = await tenant.look_again(state.plan, teller)
    plan = await undo_plan(state, snapshot, tenant.resources, tenant.crew, tenant.clock, ())
    _show(plan, teller)
    outcome = await _apply(plan, tenant, teller)
    if outcome.fault is not None:
        ending.stopped, ending.code = outcome.fault.why, outcome.exit_code
    return outcome.fault is None
