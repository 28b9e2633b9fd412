"""The tenant as it would be after a change, family by family, and all of it pure."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from asked import (
    APP,
    APP_ONLY,
    BASIC,
    IMAP,
    PRINCIPAL,
    SMTP,
    ask,
    guid,
    open_tenant,
    policy,
    said,
)
from given import tenant

from portineria.policy.change import Change, Family, Phase, Target, Verb
from portineria.policy.conditionalbody import block_legacy, block_legacy_outside, ip_location
from portineria.policy.simulate import simulate
from portineria.tenant.access import (
    MailboxPlan,
    NamedLocation,
    Organization,
    PolicyState,
    Transport,
)
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailbox import SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")


def change(
    family: Family,
    key: str,
    after: dict[str, Any] | None,
    verb: Verb = Verb.UPDATE,
    number: int = 1,
    name: str = "",
) -> Change:
    return Change(
        id=number,
        verb=verb,
        target=Target(family=family, key=key, name=name or key),
        before=None,
        after=after,
        phase=Phase.EXPLICIT,
        because=(),
        reason="",
    )


def after(*changes: Change, base: Snapshot | None = None) -> Snapshot:
    return simulate(base or tenant(), changes)


def seen(value: Any) -> Any:
    assert not isinstance(value, Unseen)
    return value


def test_no_change_leaves_the_tenant_as_it_is() -> None:
    assert after() == tenant()


def test_a_change_leaves_the_old_snapshot_alone() -> None:
    before = tenant()
    after(change(Family.SECURITY_DEFAULTS, "", {"isEnabled": False}), base=before)
    assert before == tenant()


@pytest.mark.parametrize(
    ("field", "value", "attribute", "wanted"),
    [
        ("ImapEnabled", False, "imap", False),
        ("PopEnabled", False, "pop", False),
        ("SmtpClientAuthenticationDisabled", False, "smtp", SmtpSwitch.ON),
        ("SmtpClientAuthenticationDisabled", True, "smtp", SmtpSwitch.OFF),
        ("SmtpClientAuthenticationDisabled", None, "smtp", SmtpSwitch.INHERIT),
    ],
)
def test_a_mailbox_switch(field: str, value: Any, attribute: str, wanted: object) -> None:
    base = open_tenant()
    found = after(change(Family.MAILBOX, guid("ada").upper(), {field: value}), base=base)
    ada, ben = found.mailbox("ada@contoso.example"), found.mailbox("ben@contoso.example")
    assert ada is not None
    assert getattr(ada, attribute) == wanted
    assert ben == base.mailbox("ben@contoso.example")


def test_two_changes_of_one_mailbox_both_count_and_the_later_wins() -> None:
    found = after(
        change(Family.MAILBOX, guid("ada"), {"ImapEnabled": False, "PopEnabled": False}),
        change(Family.MAILBOX, guid("ada"), {"PopEnabled": True}),
    ).mailbox("ada@contoso.example")
    assert found is not None
    assert (found.imap, found.pop) == (False, True)


def test_a_hidden_switch_becomes_known_by_writing_it() -> None:
    boxes = tuple(replace(box, smtp=HIDDEN) for box in seen(tenant().mailboxes))
    base = replace(tenant(), mailboxes=boxes)
    write = {"SmtpClientAuthenticationDisabled": True}
    found = after(change(Family.MAILBOX, guid("ada"), write), base=base)
    assert [box.smtp for box in seen(found.mailboxes)][:2] == [SmtpSwitch.OFF, HIDDEN]


@pytest.mark.parametrize(("value", "wanted"), [("No Basic", "No Basic"), (None, None), ("", None)])
def test_a_users_authentication_policy(value: str | None, wanted: str | None) -> None:
    found = after(change(Family.USER, "user-ada", {"AuthenticationPolicy": value}))
    ada = found.mailbox("ada@contoso.example")
    assert ada is not None
    assert ada.authentication_policy == wanted


def test_a_user_without_a_mailbox_changes_nothing_that_is_seen() -> None:
    assert after(change(Family.USER, "user-bg1", {"AuthenticationPolicy": "X"})) == tenant()


def test_tenant_wide_settings_change_only_what_is_named() -> None:
    base = tenant(
        transport=Transport(smtp_auth_disabled=False, legacy_tls=True),
        organization=Organization(default_authentication_policy="Old", reject_direct_send=True),
        mailbox_plans=(MailboxPlan(name="A", guid="a"), MailboxPlan(name="B", guid="b")),
    )
    found = after(
        change(Family.TRANSPORT, "", {"SmtpClientAuthenticationDisabled": True}),
        change(Family.ORGANIZATION, "", {"DefaultAuthenticationPolicy": None}),
        change(Family.MAILBOX_PLAN, "b", {"ImapEnabled": False}),
        change(Family.SECURITY_DEFAULTS, "", {"isEnabled": False}),
        base=base,
    )
    assert found.transport == Transport(smtp_auth_disabled=True, legacy_tls=True)
    assert found.organization == Organization(reject_direct_send=True)
    assert [plan.imap for plan in seen(found.mailbox_plans)] == [True, False]
    assert found.security_defaults is False


def test_what_was_not_seen_stays_unseen() -> None:
    base = tenant(
        transport=HIDDEN,
        organization=HIDDEN,
        mailbox_plans=HIDDEN,
        authentication_policies=HIDDEN,
        conditional_access=HIDDEN,
        named_locations=HIDDEN,
        apps=HIDDEN,
        mailboxes=HIDDEN,
    )
    found = after(
        change(Family.MAILBOX, guid("ada"), {"ImapEnabled": False}),
        change(Family.USER, "user-ada", {"AuthenticationPolicy": "X"}),
        change(Family.TRANSPORT, "", {"AllowLegacyTLSClients": False}),
        change(Family.ORGANIZATION, "", {"RejectDirectSend": True}),
        change(Family.MAILBOX_PLAN, "b", {"ImapEnabled": False}),
        change(Family.AUTHENTICATION_POLICY, "", {}, Verb.CREATE, name="X"),
        change(Family.CONDITIONAL_ACCESS, "", block_legacy([]), Verb.CREATE),
        change(Family.NAMED_LOCATION, "", ip_location("X", ()), Verb.CREATE),
        change(Family.MAILBOX_PERMISSION, "g/p", {}, Verb.CREATE),
        base=base,
    )
    assert found == base


def test_an_authentication_policy_is_made_changed_and_taken_away() -> None:
    made = after(
        change(Family.AUTHENTICATION_POLICY, "", {"AllowBasicAuthSmtp": True}, Verb.CREATE, 3, "P")
    )
    (one,) = seen(made.authentication_policies)
    assert (one.name, one.guid, one.allow_basic_smtp, one.allow_basic_imap) == (
        "P", "change:3.id", True, False,
    )  # fmt: skip
    edited = after(
        change(Family.AUTHENTICATION_POLICY, "p", {"AllowBasicAuthSmtp": False}), base=made
    )
    assert not seen(edited.authentication_policies)[0].allow_basic_smtp
    gone = after(change(Family.AUTHENTICATION_POLICY, "P", None, Verb.DELETE), base=made)
    assert gone.authentication_policies == ()


def test_a_policy_made_by_one_change_is_enforced_by_a_later_one_through_its_reference() -> None:
    found = after(
        change(Family.CONDITIONAL_ACCESS, "", block_legacy(["user-bg1"]), Verb.CREATE, 4),
        change(Family.CONDITIONAL_ACCESS, "change:4.id", {"state": "enabled"}, number=5),
    )
    (made,) = seen(found.conditional_access)
    assert made.id == "change:4.id"
    assert made.state is PolicyState.ENABLED
    assert made.exclude_users == {"user-bg1"}


def test_a_patch_of_state_keeps_the_conditions_and_one_of_conditions_keeps_the_controls() -> None:
    base = tenant(conditional_access=(policy(depends_on=("sign-in risk",)), policy(id="ca-2")))
    named = after(change(Family.CONDITIONAL_ACCESS, "ca-1", {"state": "disabled"}), base=base)
    first, second = seen(named.conditional_access)
    assert first == policy(depends_on=("sign-in risk",), state=PolicyState.DISABLED)
    assert second == policy(id="ca-2")
    body = block_legacy(["user-ada"])["conditions"]
    excluded = after(change(Family.CONDITIONAL_ACCESS, "ca-1", {"conditions": body}), base=base)
    first, _ = seen(excluded.conditional_access)
    assert first.exclude_users == {"user-ada"}
    assert first.grant_controls == {"block"}
    assert first.depends_on == ()
    assert first.state is PolicyState.ENABLED


def test_a_patch_of_the_name_renames_and_keeps_the_rest() -> None:
    base = tenant(conditional_access=(policy(),))
    found = after(change(Family.CONDITIONAL_ACCESS, "ca-1", {"displayName": "Ours"}), base=base)
    assert found.conditional_access == (policy(name="Ours"),)


def test_a_policy_is_deleted() -> None:
    base = tenant(conditional_access=(policy(), policy(id="ca-2")))
    found = after(change(Family.CONDITIONAL_ACCESS, "ca-1", None, Verb.DELETE), base=base)
    assert [one.id for one in seen(found.conditional_access)] == ["ca-2"]


def test_a_named_location_is_made_changed_and_taken_away() -> None:
    network = ip_network("203.0.113.0/28")
    made = after(change(Family.NAMED_LOCATION, "", ip_location("Floor", [network]), Verb.CREATE, 2))
    place = NamedLocation(id="change:2.id", name="Floor", networks=(network,))
    assert made.named_locations == (place,)
    ranges = ip_location("Floor", [ip_network("2001:db8::/48")])["ipRanges"]
    wider = after(change(Family.NAMED_LOCATION, "change:2.id", {"ipRanges": ranges}), base=made)
    assert wider.named_locations == (replace(place, networks=(ip_network("2001:db8::/48"),)),)
    gone = after(change(Family.NAMED_LOCATION, "change:2.id", None, Verb.DELETE), base=made)
    assert gone.named_locations == ()


def test_a_right_is_given_and_taken() -> None:
    key = f"{guid('ada')}/{PRINCIPAL}"
    gone = after(change(Family.MAILBOX_PERMISSION, key, None, Verb.DELETE), base=open_tenant())
    assert said(ask(gone, IMAP, APP_ONLY)) == "no: mailbox right"
    bare = replace(open_tenant(), rights={})
    given = {"AccessRights": ["FullAccess"]}
    back = after(change(Family.MAILBOX_PERMISSION, key, given, Verb.CREATE), base=bare)
    assert said(ask(back, IMAP, APP_ONLY)) == "yes"
    assert back.rights.keys() == {(APP, guid("ada"))}


def test_a_right_of_one_application_says_nothing_of_another() -> None:
    base = open_tenant()
    assert not isinstance(base.apps, Unseen)
    other = replace(base.apps[APP], id="other", principal_id="other-principal")
    bare = replace(base, rights={}, apps={"other": other, **base.apps})
    key = f"{guid('ada')}/other-principal"
    found = after(change(Family.MAILBOX_PERMISSION, key, {}, Verb.CREATE), base=bare)
    assert found.rights == {("other", guid("ada")): MailboxRight(full_access=True)}


def test_a_right_that_is_taken_leaves_the_scoped_role_as_it_was() -> None:
    right = MailboxRight(full_access=True, scoped_smtp=True)
    base = replace(open_tenant(), rights={(APP, guid("ada")): right})
    key = f"{guid('ada')}/{PRINCIPAL}"
    found = after(change(Family.MAILBOX_PERMISSION, key, None, Verb.DELETE), base=base)
    assert found.rights == {(APP, guid("ada")): replace(right, full_access=False)}


def test_signing_people_out_leaves_no_trace() -> None:
    found = after(change(Family.SESSIONS, "user-ada", {"revoked": True}, Verb.CREATE))
    assert found == tenant()


@pytest.mark.parametrize(
    "lost",
    [
        change(Family.MAILBOX, "nowhere", {"ImapEnabled": False}),
        change(Family.CONDITIONAL_ACCESS, "nowhere", {"state": "enabled"}),
        change(Family.AUTHENTICATION_POLICY, "nowhere", None, Verb.DELETE),
        change(Family.NAMED_LOCATION, "nowhere", {"isTrusted": True}),
    ],
    ids=lambda lost: str(lost.target.family),
)
def test_a_change_of_something_that_is_not_there_is_an_error(lost: Change) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        after(lost)


def test_every_family_can_be_simulated() -> None:
    from portineria.policy.simulate import _STEPS

    assert set(_STEPS) | {Family.MAILBOX, Family.USER} == set(Family)


def test_a_planned_exception_is_open_from_its_network_and_shut_from_elsewhere() -> None:
    """The whole of a basic grant: exclusion, companion and location, judged before it is made."""
    network = ip_network("203.0.113.0/28")
    outside = block_legacy_outside(["user-ada"], "change:1.id", "scanners", PolicyState.ENABLED)
    found = after(
        change(Family.NAMED_LOCATION, "", ip_location("Floor", [network]), Verb.CREATE, 1),
        change(Family.CONDITIONAL_ACCESS, "", outside, Verb.CREATE, 2),
        change(
            Family.CONDITIONAL_ACCESS,
            "",
            block_legacy(["user-ada"], PolicyState.ENABLED),
            Verb.CREATE,
            3,
        ),
        base=open_tenant(),
    )
    assert said(ask(found, SMTP, BASIC, address="203.0.113.5")) == "yes"
    assert said(ask(found, SMTP, BASIC, address="192.0.2.1")) == "no: Conditional Access"
    assert said(ask(found, SMTP, BASIC, "ben", address="203.0.113.5")) == "no: Conditional Access"
