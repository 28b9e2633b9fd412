"""A script does to a tenant what `apply` does with the same plan, killed and called again or not.

There is no PowerShell here: an interpreter of our own walks the tree of the script, and its cmdlets
are those of the lab.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from dataclasses import replace
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stages
from hypothesis import strategies as st
from lab_truth import LabTenant, lab_tenant, wished
from labshell import Killed, LabShell, lab_shell
from powershell import Thrown
from run_fakes import MemoryJournal, Quiet, no_stops
from test_safety_lab import SKIES, OneByOne
from worlds import Story, stories

from portineria.lab.weather import forecast
from portineria.policy.plan import Plan
from portineria.policy.planner import make_plan
from portineria.policy.script.render import Script, render
from portineria.run.apply import End, apply
from portineria.run.means import Means

ENGINE = (resources.files("portineria.policy.script") / "apply.ps1").read_text("utf-8")
NUMBERS = itertools.count()
SEEN: Counter[str] = Counter()
KINDS = (
    "mailboxes", "authenticationPolicies", "transport", "exchangeOrganization", "policies",
    "conditionalAccess", "namedLocations", "users", "mailboxPermissions", "mailboxPlans",
)  # fmt: skip
_GIVEN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def planned(tenant: LabTenant, story: Story) -> Plan:
    now = tenant.world.clock.now()
    return replace(make_plan(tenant.base, wished(story), now, mail_app=tenant.app), stops=())


def scripted(plan: Plan) -> Script:
    return render(plan, ENGINE, "plan")


def documents(tenant: LabTenant) -> dict[str, Any]:
    """All of the tenant, without the moments, made ids by the name of their owner."""
    world = tenant.world.lab.world
    names: dict[str, str] = {}
    for kind in ("conditionalAccess", "namedLocations", "authenticationPolicies"):
        for key, row in world[kind].items():
            names[key] = f"<{row.get('displayName') or row.get('Name')}>"
            names[str(row.get("Guid"))] = names[key]

    def plain(value: Any) -> Any:
        match value:
            case dict():
                return {
                    key: plain(member)
                    for key, member in value.items()
                    if key not in _MOMENTS and member is not None
                }
            case list():
                return sorted(map(plain, value), key=repr)
            case str():
                return _GIVEN.sub(lambda found: names.get(found[0], found[0]), value)
        return value

    return {
        kind: sorted((plain(row) for _, row in world[kind].items()), key=repr)
        for kind in KINDS
        if kind in world.tables
    }


_MOMENTS = ("createdDateTime", "modifiedDateTime", "WhenChanged", "WhenCreated", "WhenChangedUTC",
            "WhenCreatedUTC")  # fmt: skip


async def by_apply(story: Story) -> tuple[dict[str, Any], Plan]:
    async with lab_tenant(story) as tenant:
        plan = planned(tenant, story)
        means = Means(
            resources=tenant.world.resources,
            journal=MemoryJournal(),
            clock=tenant.world.clock,
            crew=OneByOne(),
            progress=Quiet(),
        )
        outcome = await apply(plan, plan.digest, "run-1", means, no_stops)
        assert outcome.end is End.DONE, outcome.fault
        return documents(tenant), plan


class Reaped:
    """Kills once at the `at`th remote call, before or after it was made."""

    def __init__(self, at: int, late: bool) -> None:
        self.left, self.late = at, late

    def _pass(self, late: bool) -> None:
        if late is self.late:
            self.left -= 1
            if self.left == 0:
                raise Killed

    def before(self, name: str) -> None:
        self._pass(False)

    def after(self, name: str) -> None:
        self._pass(True)


async def calls(hands: LabShell, script: Script, folder: str, **words: Any) -> bool:
    """One call of the script; False where it was killed."""
    (Path(folder) / "plan.csv").write_text(script.rows)
    shell = hands.shell()
    try:
        await shell.run(script.text, folder, **words)
    except Killed:
        return False
    except Thrown as thrown:
        thrown.add_note("\n".join(shell.said[-20:]))
        raise
    return True


async def goes_on(hands: LabShell, script: Script, folder: str) -> None:
    """What was accepted and forgotten is told by one call and written again by the next."""
    try:
        assert await calls(hands, script, folder)
    except Thrown as thrown:
        if "are not seen" not in str(thrown):
            raise
        SEEN["told as not seen"] += 1
        assert await calls(hands, script, folder)


async def asks_for_break_glass(
    tenant: LabTenant, hands: LabShell, script: Script, folder: str
) -> None:
    """Disabled after the plan was made: nothing is begun."""
    users = tenant.world.lab.world["users"]
    (key,) = [key for key, row in users.items() if row["userPrincipalName"].startswith("bg1@")]
    row, start = users.get(key), documents(tenant)
    users.patch(key, accountEnabled=False)
    stood = documents(tenant)
    with pytest.raises(Thrown, match=r"break-glass account bg1@.* is not enabled"):
        await calls(hands, script, folder)
    assert documents(tenant) == stood
    users.put(key, row)
    assert documents(tenant) == start
    SEEN["break-glass asked"] += 1


async def round_trip(story: Story, number: int) -> None:
    wanted, plan = await by_apply(story)
    if not plan.changes:
        return
    SEEN["window" if plan.window else "no window"] += 1
    SEEN.update(f"{c.target.family} {c.verb}" for c in plan.changes)
    async with lab_tenant(story) as tenant, lab_shell(tenant.world.lab) as hands:
        assert planned(tenant, story).digest == plan.digest
        script, start = scripted(plan), documents(tenant)
        with TemporaryDirectory() as folder:
            await calls(hands, script, folder, WhatIf=True)
            assert documents(tenant) == start, "-WhatIf writes nothing"
            if "$BreakGlass = @()" not in script.text:
                await asks_for_break_glass(tenant, hands, script, folder)
            name, weather = SKIES[number % len(SKIES)]
            tenant.world.lab.weather = replace(weather, seed=number)
            SEEN[f"sky: {name}"] += 1
            for at in (number % 11 + 1, number % 7 + 2):
                reaped = Reaped(at, late=bool(number % 2))
                hands.before, hands.after = reaped.before, reaped.after
                try:
                    SEEN["killed"] += not await calls(hands, script, folder)
                except Thrown:
                    SEEN["stopped by weather"] += 1
            hands.before = hands.after = lambda _: None
            tenant.world.lab.weather = forecast("fair")
            tenant.world.clock.advance(120)
            await goes_on(hands, script, folder)
            assert documents(tenant) == wanted
            names = [
                row["displayName"] for row in tenant.world.lab.world["conditionalAccess"].all()
            ]
            assert len(names) == len(set(names)), "made twice"
            before = len(list(tenant.world.lab.history.writes()))
            assert await calls(hands, script, folder), "again: there is nothing left to do"
            assert len(list(tenant.world.lab.history.writes())) == before
            if not plan.window:
                assert await calls(hands, script, folder, Undo=True)
                assert documents(tenant) == start, "-Undo gives back what was there"
                SEEN["undone"] += 1


@settings(
    max_examples=240,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Stages.generate],
    suppress_health_check=list(HealthCheck),
)
@given(story=st.one_of(stories(window=True), stories(window=False), stories()))
def goes_round(story: Story) -> None:
    asyncio.run(round_trip(story, next(NUMBERS)))


@pytest.mark.slow
def test_a_script_leaves_the_tenant_as_apply_does_whatever_kills_it() -> None:
    goes_round()
    print(dict(SEEN))
    skies = [f"sky: {name}" for name, _ in SKIES]
    for kind in ("window", "no window", "killed", "undone", "break-glass asked", *skies):
        assert SEEN[kind] >= 20, (kind, SEEN)


if __name__ == "__main__":
    goes_round()
