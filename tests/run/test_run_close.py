"""Closing one mailbox is a plan like any other: all of it shut, what is not known told."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from run_fakes import MAILBOX, Stage, Weather, drive, no_stops

from portineria.fault import OperatorFault, ServiceFault
from portineria.policy.change import Family, Phase, Verb
from portineria.policy.plan import Plan
from portineria.run.apply import End, apply
from portineria.run.close import close_plan
from portineria.tenant.apps import AppKind, MailboxRight, OwnApp, ScopeGroup
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

sys.path.insert(0, str(Path(__file__).parent.parent / "policy"))
from given import APP, PRINCIPAL, address, tenant

RIGHT = f"guid-ada/{PRINCIPAL}"


def stage() -> Stage:
    it = Stage()
    it.tenant.put(Family.MAILBOX, "guid-ada", MAILBOX)
    it.tenant.put(Family.MAILBOX_PERMISSION, RIGHT, {"AccessRights": ["FullAccess"]})
    return it


def plan(it: Stage, snapshot: Snapshot | None = None, name: str = address("ada")) -> Plan:
    return drive(close_plan(name, snapshot or tenant(), it.service, it.clock))


def test_every_door_of_the_mailbox_is_shut_and_people_are_signed_out() -> None:
    it = stage()
    made = plan(it)
    assert [(c.verb, c.target.family, c.target.key) for c in made.changes] == [
        (Verb.UPDATE, Family.MAILBOX, "guid-ada"),
        (Verb.CREATE, Family.SESSIONS, "user-ada"),
        (Verb.DELETE, Family.MAILBOX_PERMISSION, RIGHT),
    ]
    assert {c.phase for c in made.changes} == {Phase.CLOSE}
    assert drive(apply(made, made.digest, "run-1", it.means(), no_stops)).end is End.DONE
    assert it.tenant.truth(Family.MAILBOX, "guid-ada") == {
        "ImapEnabled": False,
        "PopEnabled": False,
        "SmtpClientAuthenticationDisabled": True,
    }
    assert it.tenant.truth(Family.MAILBOX_PERMISSION, RIGHT) is None


def test_it_promises_refusal_for_every_protocol_and_caller() -> None:
    made = plan(stage())
    assert len(made.cells) == 9
    assert {(cell.promised, cell.after) for cell in made.cells} == {("refused", "no")}


def test_what_is_shut_already_is_not_asked_again() -> None:
    it = stage()
    it.tenant.put(Family.MAILBOX, "guid-ada", {**MAILBOX, "ImapEnabled": False})
    update = plan(it).changes[0]
    assert update.after == {"PopEnabled": False, "SmtpClientAuthenticationDisabled": True}


def test_rights_that_were_not_seen_are_told_and_left() -> None:
    made = plan(stage(), replace(tenant(), rights={}))
    assert not [c for c in made.changes if c.target.family is Family.MAILBOX_PERMISSION]
    assert any("was not seen" in note for note in made.notes)
    made = plan(stage(), replace(tenant(), apps=Unseen("no permission Application.Read.All")))
    assert any("Application.Read.All" in note for note in made.notes)


def test_switches_that_cannot_be_read_stop_it() -> None:
    it = stage()
    it.service.weather = Weather(unavailable=1.0)
    with pytest.raises(ServiceFault):
        plan(it)


def test_a_mailbox_that_is_gone_is_unknown_and_not_shut() -> None:
    it = Stage()
    assert any("not there any more" in text for text in plan(it).unknown)


def test_a_mailbox_that_was_not_seen_is_refused() -> None:
    with pytest.raises(OperatorFault):
        plan(stage(), name="nobody@contoso.example")


def test_an_application_of_ours_may_no_longer_send_as_it() -> None:
    scoped = MailboxRight(full_access=False, scoped_smtp=True)
    group = ScopeGroup(id="g", name="senders", members=frozenset({"guid-ada", "guid-ben"}))
    ours = OwnApp(id=APP, name="SMTP app", kind=AppKind.SMTP, principal_id=PRINCIPAL, group=group)
    told = replace(tenant(), rights={(APP, "guid-ada"): scoped})
    made = plan(stage(), replace(told, own=(ours,)))
    (gone,) = [c for c in made.changes if c.target.family is Family.GROUP_MEMBER]
    assert (gone.verb, gone.target.key) == (Verb.DELETE, "g/guid-ada")
    assert not any("scoped role" in note for note in made.notes)
    # Where the group is not ours, it is told and left.
    for own in ((), (replace(ours, group=None),), Unseen("not looked at")):
        left = plan(stage(), replace(told, own=own))
        assert not [c for c in left.changes if c.target.family is Family.GROUP_MEMBER]
        assert any("scoped role" in note for note in left.notes)
