"""Drift, and names that moved: what earlier runs left, beside what is there now."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from given import APP, DOMAIN, NOW, address, guid, mailbox, tenant, user

from portineria.policy.change import Change, Family, Phase, Target, Verb
from portineria.policy.drift import NO_MEMORY, Memory, Remembered, drift
from portineria.policy.plan import Drift, Plan
from portineria.policy.planjson import from_json, to_json
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.show.plan import plan_text
from portineria.tenant.access import MailboxPlan
from portineria.tenant.mailbox import Mailbox, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

RUN, AT = "20261001T080000Z-abcdef", "2026-10-01T08:00:05+00:00"
SMTP = "SmtpClientAuthenticationDisabled"
CLOSED = "everyone_else: {imap: off, pop: off, smtp: denied}"


def left(value: object) -> Remembered:
    return Remembered(value, RUN, AT)


def of_box(**fields: object) -> Memory:
    return Memory(
        fields={(Family.MAILBOX, guid("x"), name): left(value) for name, value in fields.items()}
    )


def seen(box: Mailbox | None = None, **changes: object) -> Snapshot:
    return tenant(mailboxes=(box or mailbox("x"),), people=(user("x"),), **changes)


def plan(text: str, snapshot: Snapshot, memory: Memory = NO_MEMORY) -> Plan:
    desired = parse(f"tenant: {DOMAIN}\n{text}\n", read_csv=None)
    return make_plan(snapshot, desired, NOW, mail_app=APP, memory=memory)


def told(made: Plan) -> dict[str, tuple[object, object]]:
    return {one.field: (one.left, one.found) for one in made.drift}


def test_a_change_that_no_run_made_before_is_no_drift() -> None:
    made = plan(CLOSED, seen())
    assert made.changes
    assert made.drift == ()


def test_what_a_run_left_closed_and_is_open_now_drifted_since_that_run() -> None:
    made = plan(CLOSED, seen(), of_box(ImapEnabled=False, PopEnabled=True))
    assert made.drift == (
        Drift(change=1, field="ImapEnabled", left=False, found=True, run=RUN, at=AT),
    )
    text = plan_text(made)
    assert "Drift: 1 of the changes repair" in text
    assert f"drifted: run {RUN} left ImapEnabled false on 2026-10-01, and it is true now" in text


def test_what_a_run_opened_and_somebody_closed_drifted_too() -> None:
    grant = f"grants: [{{name: g, who: {{mailboxes: [{address('x')}]}}, allow: [smtp]}}]"
    made = plan(grant, seen(), of_box(**{SMTP: False}))
    assert told(made) == {SMTP: (False, None)}


ANSWERS = [
    (SmtpSwitch.ON, None, True),
    (SmtpSwitch.ON, False, False),
    (SmtpSwitch.INHERIT, None, False),
    (SmtpSwitch.INHERIT, True, True),
]


@pytest.mark.parametrize(("switch", "value", "drifted"), ANSWERS)
def test_inherited_and_on_are_two_things(switch: SmtpSwitch, value: object, drifted: bool) -> None:
    made = plan(
        "everyone_else: {smtp: denied}", seen(mailbox("x", smtp=switch)), of_box(**{SMTP: value})
    )
    assert bool(made.drift) is drifted


def test_what_is_as_the_run_left_it_and_asked_otherwise_today_is_no_drift() -> None:
    assert plan(CLOSED, seen(), of_box(ImapEnabled=True, PopEnabled=True)).drift == ()


def test_what_the_policy_does_not_ask_about_is_not_told() -> None:
    assert plan("", seen(), of_box(ImapEnabled=False)).drift == ()


def test_case_does_not_matter_for_the_id() -> None:
    key = "0F6A2F1E"
    memory = Memory(fields={(Family.MAILBOX, key.lower(), "ImapEnabled"): left(False)})
    assert plan("everyone_else: {imap: off}", seen(mailbox("x", guid=key)), memory).drift


PLANS = (
    MailboxPlan(name="ExchangeOnline-1", guid="p1", imap=True, pop=False),
    MailboxPlan(name="ExchangeOnlineDeskless-2", guid="p2", imap=False, pop=True),
)
CAUSES = [
    ("ExchangeOnline-1", {"ImapEnabled"}),
    ("ExchangeOnlineDeskless-2", {"PopEnabled"}),
    ("", set()),
    ("ExchangeOnlineGone", set()),
]


@pytest.mark.parametrize(("plan_name", "explained"), CAUSES)
def test_a_mailbox_that_is_as_its_plan_begins_may_have_another_licence(
    plan_name: str, explained: set[str]
) -> None:
    memory = of_box(**{"ImapEnabled": False, "PopEnabled": False, SMTP: True})
    box = mailbox("x", plan=plan_name, smtp=SmtpSwitch.ON)
    made = plan(CLOSED, seen(box, mailbox_plans=PLANS), memory)
    assert set(told(made)) == {"ImapEnabled", "PopEnabled", SMTP}
    assert {one.field for one in made.drift if one.perhaps} == explained
    assert all(
        "another licence may have applied it again" in one.perhaps
        for one in made.drift
        if one.perhaps
    )
    if explained:
        assert f"so its mailbox plan «{plan_name}» begins" in plan_text(made)


def test_mailbox_plans_that_were_not_seen_explain_nothing() -> None:
    snapshot = seen(mailbox("x", plan="ExchangeOnline-1"), mailbox_plans=Unseen("no permission"))
    (one,) = plan("everyone_else: {imap: off}", snapshot, of_box(ImapEnabled=False)).drift
    assert one.perhaps == ""


def change(number: int, before: object, after: object) -> Change:
    target = Target(family=Family.CONDITIONAL_ACCESS, key="id", name="Portineria: x")
    return Change(
        id=number,
        verb=Verb.UPDATE,
        target=target,
        before={"state": before},
        after={"state": after},
        phase=Phase.CLOSE,
        because=("x",),
        reason="r",
    )


def test_a_field_that_changes_twice_in_one_plan_drifted_at_most_once() -> None:
    memory = Memory(fields={(Family.CONDITIONAL_ACCESS, "id", "state"): left("enabled")})
    twice = [change(1, "disabled", "enabled"), change(2, "enabled", "disabled")]
    assert [one.change for one in drift(twice, memory, seen())] == [1]
    fine = [change(1, "enabled", "disabled"), change(2, "disabled", "enabled")]
    assert drift(fine, memory, seen()) == ()


def test_what_a_run_made_and_is_made_again_was_taken_away() -> None:
    made = Memory(made={(Family.CONDITIONAL_ACCESS, "Portineria: x"): left(True)})
    create = replace(change(1, None, "enabled"), verb=Verb.CREATE, before=None)
    (one,) = drift([create], made, seen())
    assert (one.field, one.run) == ("", RUN)
    assert drift([create], NO_MEMORY, seen()) == ()
    text = plan_text(replace(plan("", seen()), changes=(create,), drift=(one,)))
    assert f"drifted: run {RUN} made it on 2026-10-01, and it is gone" in text


def test_drift_is_part_of_the_plan_and_of_its_digest() -> None:
    made = plan(CLOSED, seen(), of_box(ImapEnabled=False))
    again = from_json(json.loads(json.dumps(to_json(made))))
    assert again == made
    assert again.digest == made.digest != replace(made, drift=()).digest


# --- names that moved --------------------------------------------------------------------------

WHO = f"grants: [{{name: g, who: {{mailboxes: [{address('x')}]}}, allow: [imap]}}]"


RENAMED = mailbox("x", address="x.new@contoso.example", upn="x.new@contoso.example")


def known(who: str) -> Memory:
    return Memory(names={address("x"): left(guid(who))})


def test_an_address_behind_which_another_mailbox_stands_stops_the_plan() -> None:
    moved = tenant(mailboxes=(mailbox("x"), mailbox("old", address="x.old@contoso.example")))
    made = plan(WHO, moved, known("old"))
    (reason,) = made.unknown
    assert f"at run {RUN} (2026-10-01) it was the mailbox of x.old@contoso.example" in reason
    assert guid("x") in reason
    assert "unknown" in {stop.guard for stop in made.stops}
    gone = plan(WHO, seen(), known("old"))
    assert "it was a mailbox that is gone" in gone.unknown[0]


def test_the_same_mailbox_under_its_old_name_is_no_other() -> None:
    made = plan(WHO, seen(replace(RENAMED, aliases=(address("x"),))), known("x"))
    assert made.unknown == ()
    assert any("an alias of x.new@contoso.example" in note for note in made.notes)


def test_whom_a_grant_only_denies_or_names_twice_is_asked_about_at_most_once() -> None:
    twice = WHO.replace(
        "grants: [", f"grants: [{{name: h, who: {{mailboxes: [{address('x')}]}}, allow: [pop]}}, "
    )
    assert len(plan(twice, seen(), known("old")).unknown) == 1
    denied = WHO.replace("allow", "deny")
    assert plan(denied, seen(), known("old")).unknown == ()


def test_a_name_that_nobody_bears_any_more_is_refused_with_the_new_one() -> None:
    snapshot = tenant(mailboxes=(RENAMED,), people=(user("x", upn=RENAMED.upn),))
    made = plan(WHO, snapshot, known("x"))
    (refusal,) = made.refusals
    assert refusal.instead.startswith("write x.new@contoso.example: at run")
    gone = plan(WHO, snapshot, known("somebody"))
    assert "portineria look" in gone.refusals[0].instead
