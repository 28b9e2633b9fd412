"""apply --expired-only: what ended is closed, and nothing else of the policy is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from given import APP, DOMAIN, NOW, address, guid, mailbox, tenant, user

from portineria.policy.change import Change, Family, Phase
from portineria.policy.conditionalbody import BLOCK_LEGACY
from portineria.policy.drift import Memory, Remembered
from portineria.policy.expiry import expired_plan
from portineria.policy.plan import Plan
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.simulate import simulate
from portineria.tenant.access import Transport
from portineria.tenant.mailbox import Mailbox, RecipientKind, SmtpSwitch
from portineria.tenant.people import Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

SMTP = "SmtpClientAuthenticationDisabled"
NO_BASIC = "Portineria: no basic authentication"
BASIC_ONLY = "Portineria: basic SMTP only"
HIDDEN = Unseen("no permission")
YESTERDAY = NOW.date() - timedelta(days=1)
LATER = NOW + timedelta(days=400)
WHO = f"who: {{mailboxes: [{address('x')}]}}"
ENDED = f"until: {YESTERDAY}"


def plan(grants: str, seen: Snapshot, head: str = "", **options: object) -> Plan:
    text = f"tenant: {DOMAIN}\n{head}\ngrants:\n{grants}"
    return expired_plan(seen, parse(text, read_csv=None), NOW, mail_app=APP, **options)


def grant(name: str, terms: str, who: str = WHO) -> str:
    return f"  - {{name: {name}, {who}, {terms}}}\n"


def one(closed: bool = True, **switches: object) -> Snapshot:
    box = mailbox("x", **{"smtp": SmtpSwitch.ON, **switches})
    transport = Transport(smtp_auth_disabled=closed)
    return tenant(mailboxes=(box,), people=(user("x"),), transport=transport)


def told(made: Plan) -> list[tuple[str, object]]:
    assert {change.phase for change in made.changes} <= {Phase.CLOSE}
    return [(change.target.name, change.after) for change in made.changes]


TERMS = [
    ("allow: [imap]", {"ImapEnabled": False}),
    ("allow: [pop], through: oauth-app", {"PopEnabled": False}),
    ("allow: [smtp], through: gateway", {SMTP: None}),
    ("allow: [imap, smtp]", {"ImapEnabled": False, SMTP: None}),
]


@pytest.mark.parametrize(("terms", "fields"), TERMS)
def test_what_ended_is_closed(terms: str, fields: object) -> None:
    made = plan(grant("g", f"{terms}, {ENDED}"), one())
    assert told(made) == [(address("x"), fields)]
    assert made.stops == ()
    assert any(f"«g» ended on {YESTERDAY}" in note for note in made.notes)
    assert {cell.promised for cell in made.cells} == {"refused"}
    assert {cell.after for cell in made.cells} == {"no"}
    assert made.exposure == ()


@pytest.mark.parametrize(
    "terms", ["allow: [imap]", f"allow: [imap], until: {NOW.date()}", "deny: [imap]"]
)
def test_what_did_not_end_is_left_alone(terms: str) -> None:
    made = plan(grant("g", terms), one())
    assert (made.changes, made.cells, made.notes, made.stops) == ((), (), (), ())


def test_nothing_else_of_the_policy_is_done() -> None:
    head = "posture: {smtp_auth: per-mailbox, basic_auth: granted-only, direct_send: reject}\n"
    head += "everyone_else: {imap: off, pop: off, smtp: off}"
    grants = grant("old", f"allow: [imap], {ENDED}") + grant("no", "deny: [pop]")
    grants += grant("new", "allow: [smtp]", f"who: {{mailboxes: [{address('y')}]}}")
    boxes = (mailbox("x", smtp=SmtpSwitch.ON), mailbox("y"), mailbox("z"))
    seen = tenant(mailboxes=boxes, people=tuple(user(name) for name in "xyz"))
    made = plan(grants, replace(seen, transport=Transport(smtp_auth_disabled=False)), head)
    assert told(made) == [(address("x"), {"ImapEnabled": False})]
    assert made.refusals == ()
    whole = make_plan(
        seen, parse(f"tenant: {DOMAIN}\n{head}\ngrants:\n{grants}", read_csv=None), NOW
    )
    assert len(whole.changes) > 3


def test_what_another_grant_opens_stays_open() -> None:
    grants = grant("old", f"allow: [imap, pop], {ENDED}") + grant("new", "allow: [imap]")
    assert told(plan(grants, one())) == [(address("x"), {"PopEnabled": False})]


def test_what_is_shut_already_needs_nothing() -> None:
    grants = grant("old", f"allow: [imap, smtp], {ENDED}")
    for switch in (SmtpSwitch.INHERIT, SmtpSwitch.OFF):
        made = plan(grants, one(imap=False, smtp=switch))
        assert made.changes == ()
        assert {cell.before for cell in made.cells} == {"no"}


def test_smtp_is_shut_by_the_switch_of_today_and_as_hard_as_for_everybody() -> None:
    grants = grant("old", f"allow: [smtp], {ENDED}")
    assert told(plan(grants, one()))[0][1] == {SMTP: None}
    open_tenant = one(closed=False)
    per_mailbox = "posture: {smtp_auth: per-mailbox}"
    assert told(plan(grants, open_tenant, per_mailbox))[0][1] == {SMTP: True}
    assert told(plan(grants, one(), "everyone_else: {smtp: denied}"))[0][1] == {SMTP: True}
    unseen = replace(one(), transport=HIDDEN)
    assert told(plan(grants, unseen))[0][1] == {SMTP: True}


def test_a_whole_plan_afterwards_finds_nothing_left_of_it() -> None:
    text = f"tenant: {DOMAIN}\ngrants:\n" + grant("old", f"allow: [imap, smtp], {ENDED}")
    seen = one()
    after = simulate(seen, expired_plan(seen, parse(text, read_csv=None), NOW).changes)
    assert make_plan(after, parse(text, read_csv=None), NOW).changes == ()


def test_recipients_without_switches_are_passed_over() -> None:
    seen = one(kind=RecipientKind.HVE, imap=HIDDEN, pop=HIDDEN)
    made = plan(grant("old", f"allow: [smtp], {ENDED}"), seen)
    assert (made.changes, made.cells, made.stops) == ((), (), ())


def test_switches_that_were_not_seen_stop_it() -> None:
    made = plan(grant("old", f"allow: [imap], {ENDED}"), one(pop=HIDDEN))
    assert "unknown" in {stop.guard for stop in made.stops}


# --- whom a group holds ------------------------------------------------------------------------

GROUPED = grant("old", f"allow: [imap], {ENDED}", "who: {groups: [Scanners]}")


def test_whoever_is_in_a_group_today_is_closed() -> None:
    held = Group(id="g", name="Scanners", members=frozenset({"user-x"}))
    made = plan(GROUPED, replace(one(), groups={"g": held}))
    assert told(made) == [(address("x"), {"ImapEnabled": False})]


def test_a_group_that_was_not_seen_stops_it_as_soon_as_something_ended() -> None:
    held = Group(id="g", name="Scanners", members=HIDDEN)
    seen = replace(one(), groups={"g": held})
    assert "unknown" in {stop.guard for stop in plan(GROUPED, seen).stops}
    assert plan(GROUPED.replace(f", {ENDED}", ""), seen).stops == ()


def test_too_many_at_once_stop_it_and_a_word_lets_it_go_on() -> None:
    boxes = tuple(mailbox(f"x{n}") for n in range(12))
    people = tuple(user(f"x{n}") for n in range(12))
    who = f"who: {{mailboxes: [{', '.join(address(f'x{n}') for n in range(12))}]}}"
    seen = tenant(mailboxes=boxes, people=people)
    made = plan(grant("old", f"allow: [imap], {ENDED}", who), seen)
    assert {stop.guard for stop in made.stops} == {"blast-radius"}
    grants = grant("old", f"allow: [imap], {ENDED}", who)
    assert plan(grants, seen, accepted=("blast-radius",)).accepted == ("blast-radius",)


def test_what_an_earlier_run_left_otherwise_is_told_as_drift() -> None:
    memory = Memory(
        fields={(Family.MAILBOX, guid("x"), "ImapEnabled"): Remembered(False, "r1", "then")}
    )
    (drift,) = plan(grant("old", f"allow: [imap], {ENDED}"), one(), memory=memory).drift
    assert (drift.run, drift.found) == ("r1", True)


# --- passwords ---------------------------------------------------------------------------------

POSTURE = f"""posture:
  security_defaults: off-if-needed
  basic_auth: granted-only
  smtp_auth: per-mailbox
  conditional_access:
    baseline: enforced
    break_glass: [{address("bg1")}, {address("bg2")}]
"""
BASIC = "allow: [smtp], through: basic, from: [203.0.113.0/28]"
UNTIL = f"until: {NOW.date()}"
SCAN = f"who: {{mailboxes: [{address('scan')}]}}"


def let_in(grants: str) -> Snapshot:
    """The tenant after these grants were applied, on their last day."""
    text = f"tenant: {DOMAIN}\n{POSTURE}grants:\n{grants}"
    seen = tenant()
    made = make_plan(seen, parse(text, read_csv=None), NOW, mail_app=APP)
    assert made.refusals == ()
    return simulate(seen, made.changes)


def later(grants: str, seen: Snapshot, head: str = POSTURE) -> Plan:
    """On the next day."""
    tomorrow = NOW + timedelta(days=1)
    text = f"tenant: {DOMAIN}\n{head}grants:\n{grants}"
    fresh = replace(seen, taken_at=tomorrow)
    return expired_plan(fresh, parse(text, read_csv=None), tomorrow, mail_app=APP)


def of(made: Plan, family: Family) -> list[Change]:
    return [change for change in made.changes if change.target.family is family]


def scan_after(made: Plan, seen: Snapshot) -> Mailbox:
    found = simulate(seen, made.changes).mailbox(guid("scan"))
    assert found is not None
    return found


def test_a_password_that_was_let_in_is_shut_out_at_every_layer() -> None:
    grants = grant("scanner", f"{BASIC}, {UNTIL}", SCAN)
    seen = let_in(grants)
    made = later(grants, seen)
    box = scan_after(made, seen)
    assert (box.smtp, box.authentication_policy) == (SmtpSwitch.INHERIT, None)
    (block,) = of(made, Family.CONDITIONAL_ACCESS)
    assert block.target.name == BLOCK_LEGACY
    assert block.after["conditions"]["users"]["excludeUsers"] == ["user-bg1", "user-bg2"]  # type: ignore[index]
    assert {change.phase for change in made.changes} == {Phase.CLOSE}
    assert made.stops == ()
    assert later(grants, simulate(seen, made.changes)).changes == ()


def test_where_the_default_lets_passwords_in_the_account_is_denied_by_our_policy() -> None:
    grants = grant("scanner", f"{BASIC}, {UNTIL}", SCAN)
    seen = let_in(grants)
    assert not isinstance(seen.organization, Unseen)
    seen = replace(
        seen, organization=replace(seen.organization, default_authentication_policy=None)
    )
    assert scan_after(later(grants, seen), seen).authentication_policy == NO_BASIC


def test_an_application_keeps_its_door_while_the_password_is_shut_out() -> None:
    grants = grant("scanner", f"{BASIC}, {UNTIL}", SCAN)
    grants += grant("erp", "allow: [smtp], through: oauth-app", SCAN)
    seen = let_in(grants)
    made = later(grants, seen)
    assert of(made, Family.MAILBOX) == []
    assert scan_after(made, seen).authentication_policy is None
    assert len(of(made, Family.CONDITIONAL_ACCESS)) == 1
    assert [(c.caller, c.promised, c.after) for c in made.cells] == [("basic", "refused", "no")]


def test_another_basic_grant_keeps_the_password_in() -> None:
    grants = grant("scanner", f"{BASIC}, {UNTIL}", SCAN) + grant("two", BASIC, SCAN)
    assert later(grants, let_in(grants)).changes == ()


def test_an_account_with_another_policy_of_its_own_keeps_it() -> None:
    grants = grant("scanner", f"{BASIC}, {UNTIL}", SCAN)
    seen = let_in(grants)
    assert isinstance(seen.mailboxes, tuple)
    boxes = tuple(replace(box, authentication_policy="Foreign") for box in seen.mailboxes)
    assert of(later(grants, replace(seen, mailboxes=boxes)), Family.USER) == []


@pytest.mark.parametrize("field", ["authentication_policies", "organization", "conditional_access"])
def test_the_switch_does_not_wait_for_what_cannot_be_seen(field: str) -> None:
    grants = grant("scanner", f"{BASIC}, {UNTIL}", SCAN)
    seen = replace(let_in(grants), **{field: HIDDEN})
    made = later(grants, seen)
    assert scan_after(made, seen).smtp is SmtpSwitch.INHERIT
    assert any("no permission" in note for note in made.notes)
    assert made.stops == ()


def test_the_switch_does_not_wait_for_an_account_that_exchange_does_not_name() -> None:
    grants = grant("scanner", f"{BASIC}, {UNTIL}", SCAN)
    seen = let_in(grants)
    assert isinstance(seen.mailboxes, tuple)
    boxes = tuple(replace(box, entra_id=None) for box in seen.mailboxes)
    made = later(grants, replace(seen, mailboxes=boxes))
    assert [change.target.family for change in made.changes] == [Family.MAILBOX]
    (note,) = [note for note in made.notes if address("scan") in note]
    assert note.endswith("besides the switch stays: Exchange names no directory account for it")


def test_without_our_block_there_is_no_exception_to_take_back() -> None:
    grants = grant("scanner", f"{BASIC}, {UNTIL}", SCAN)
    seen = replace(let_in(grants), conditional_access=())
    assert of(later(grants, seen), Family.CONDITIONAL_ACCESS) == []
