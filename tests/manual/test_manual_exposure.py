"""Random tenants and wishes: a grant asked for what a plan opens, and others' policies stay."""

from __future__ import annotations

import sys
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stages

sys.path.insert(0, str(Path(__file__).parents[1] / "run"))
sys.path.insert(0, str(Path(__file__).parents[1] / "safety"))

from protection import Cell, measure
from worlds import APP, Story, clock, look, settle, stories

from portineria.policy.change import Family
from portineria.policy.desired import Grant, Through
from portineria.policy.planner import make_plan
from portineria.policy.simulate import simulate

CLASSES: Counter[str] = Counter()


def asked_for(cell: Cell, grants: tuple[Grant, ...]) -> bool:
    """By mailbox and protocol; a password by its network too. A denied door is nobody's."""
    guid, protocol, caller, place = cell
    mailbox = f"{guid.removeprefix('guid-')}@contoso.example"
    mine = [grant for grant in grants if mailbox in grant.who.mailboxes]
    if any(protocol in grant.deny for grant in mine):
        return False
    allowing = [grant for grant in mine if protocol in grant.allow]
    if caller != "basic":
        return bool(allowing)
    return any(
        grant.through is Through.BASIC
        and any(ip_address(place) in network for network in grant.networks)
        for grant in allowing
    )


QUIETLY = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Stages.generate],
    suppress_health_check=list(HealthCheck),
)


@QUIETLY
@given(stories())
def anything_wished(story: Story) -> None:
    now = clock().now()
    before = look(settle(story, clock()))
    plan = make_plan(before, story.desired, now, mail_app=APP)
    if plan.stops:
        CLASSES["stopped by a guard"] += 1
        return
    opened = measure(simulate(before, plan.changes), now, APP).open - measure(before, now, APP).open
    CLASSES["opens something" if opened else "opens nothing"] += 1
    CLASSES.update(f"opens {caller.partition(':')[0]}" for _, _, caller, _ in opened)
    unasked = [cell for cell in opened if not asked_for(cell, story.desired.grants)]
    assert not unasked, unasked


def test_whatever_a_plan_newly_opens_a_grant_asked_for() -> None:
    CLASSES.clear()
    anything_wished()
    print(CLASSES)
    for visited in ("opens nothing", "opens something", "opens basic", "opens app", "opens user"):
        assert CLASSES[visited] >= 20, CLASSES


POLICIES = {Family.CONDITIONAL_ACCESS, Family.NAMED_LOCATION, Family.AUTHENTICATION_POLICY}


@QUIETLY
@given(stories())
def beside_others(story: Story) -> None:
    before = look(settle(story, clock()))
    plan = make_plan(before, story.desired, clock().now(), mail_app=APP)
    touched = [change for change in plan.changes if change.target.family in POLICIES]
    assert [change for change in touched if not change.target.name.startswith("Portineria: ")] == []
    if (Family.CONDITIONAL_ACCESS, "foreign") in story.documents and touched:
        CLASSES["changes policies beside a foreign one"] += 1


def test_policies_of_others_are_in_no_plan() -> None:
    CLASSES.clear()
    beside_others()
    assert CLASSES["changes policies beside a foreign one"] >= 20, CLASSES
