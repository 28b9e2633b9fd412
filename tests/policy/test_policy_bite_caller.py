"""Consent, rights and sign-ins of nobody in particular: small differences that decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asked import (
    APP_ONLY,
    CLIENT,
    IMAP,
    POP,
    SMTP,
    Twist,
    application,
    ask,
    conditional,
    open_tenant,
    policy,
    right,
    said,
    world,
)
from given import user

from portineria.policy.conditional import Requirement, covers, demand
from portineria.policy.conditionalmatch import Kind, Side, SignIn, applies
from portineria.policy.guards.identity import _no_administrator_left, _unfit_by_domain
from portineria.policy.verdict import Answer, Effective, Layer, Rung
from portineria.tenant.access import AZURE_MANAGEMENT, EXCHANGE_ONLINE
from portineria.tenant.mailbox import Protocol
from portineria.tenant.people import GLOBAL_ADMINISTRATOR, Domain
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")
SCOPES = {IMAP: "IMAP.AccessAsUser.All", POP: "POP.AccessAsUser.All", SMTP: "SMTP.Send"}
SHUT = world(user_consent=False)


def rung(verdict: Effective, layer: Layer) -> Rung:
    (found,) = [one for one in verdict.ladder if one.layer is layer]
    return found


def both(*twists: Twist) -> Snapshot:
    snapshot = open_tenant()
    for twist in twists:
        snapshot = twist(snapshot)
    return snapshot


@pytest.mark.parametrize("protocol", [IMAP, POP, SMTP])
def test_consent_for_everybody_counts_for_its_own_protocol_only(protocol: Protocol) -> None:
    given = application(scopes=frozenset({SCOPES[protocol]}))
    for asked in (IMAP, POP, SMTP):
        verdict = ask(both(given, SHUT), asked, CLIENT)
        assert said(verdict) == ("yes" if asked is protocol else "?: consent")
        assert rung(verdict, Layer.CONSENT).evidence == SCOPES[asked]
        assert SCOPES[asked] in rung(verdict, Layer.CONSENT).because


@pytest.mark.parametrize(
    ("may", "why"), [(False, "people may not consent themselves"), (HIDDEN, "no permission")]
)
@pytest.mark.parametrize("scopes", [frozenset[str](), HIDDEN], ids=["none given", "hidden"])
def test_without_consent_for_everybody_it_says_why_it_cannot_tell(
    may: bool | Unseen, why: str, scopes: Any
) -> None:
    verdict = ask(both(application(scopes=scopes), world(user_consent=may)), IMAP, CLIENT)
    found = rung(verdict, Layer.CONSENT)
    assert found.answer is Answer.UNKNOWN
    assert why in found.because
    assert found.remedy == "consent to IMAP.AccessAsUser.All for the whole tenant"


@pytest.mark.parametrize(
    ("roles", "full", "scoped", "wanted"),
    [
        ("SMTP.SendAsApp", True, False, "yes"),
        ("SMTP.SendAsApp", False, True, "?: mailbox right"),
        ("SMTP.SendAsApp", True, True, "yes"),
        ("", False, True, "yes"),
        ("", True, True, "yes"),
        ("", True, False, "no: consent"),
        ("", True, HIDDEN, "?: consent"),
        (HIDDEN, False, True, "?: consent"),
    ],
)
def test_smtp_takes_consent_with_full_access_or_the_scoped_role(
    roles: Any, full: bool, scoped: Any, wanted: str
) -> None:
    held = roles if isinstance(roles, Unseen) else frozenset(roles.split())
    snapshot = both(application(roles=held), right(full_access=full, scoped_smtp=scoped))
    verdict = ask(snapshot, SMTP, APP_ONLY)
    assert said(verdict) == wanted
    for one in verdict.ladder:
        assert isinstance(one.because, str)
        assert one.answer is Answer.YES or (isinstance(one.remedy, str) and one.remedy)


def test_permissions_that_were_not_seen_leave_consent_and_right_unknown() -> None:
    snapshot = both(application(roles=HIDDEN), right(full_access=False, scoped_smtp=True))
    verdict = ask(snapshot, SMTP, APP_ONLY)
    for layer in (Layer.CONSENT, Layer.MAILBOX_RIGHT):
        found = rung(verdict, layer)
        assert found.answer is Answer.UNKNOWN
        assert "permissions" in found.because
        assert found.remedy


def test_the_scoped_role_is_named_as_the_cure_where_there_is_no_consent() -> None:
    verdict = ask(both(application(roles=frozenset()), right(scoped_smtp=False)), SMTP, APP_ONLY)
    found = rung(verdict, Layer.CONSENT)
    assert found.evidence == "SMTP.SendAsApp"
    assert "Application SMTP.SendAsApp" in found.remedy
    unread = ask(both(application(roles=frozenset()), world(rights={})), SMTP, APP_ONLY)
    assert rung(unread, Layer.CONSENT).answer is Answer.UNKNOWN


def test_a_policy_that_may_stop_it_is_named() -> None:
    place = {"include_locations": frozenset({"somewhere"})}
    found = rung(ask(both(conditional(**place)), IMAP, CLIENT), Layer.CONDITIONAL_ACCESS)
    assert found.answer is Answer.UNKNOWN
    assert found.evidence == "Foreign (ca-1)"
    assert "«Foreign» may stop it" in found.because
    assert found.remedy


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, Answer.YES),
        ({"include_users": {"user-ada"}}, Answer.UNKNOWN),
        ({"include_users": set()}, Answer.NO),
        ({"include_users": {"None"}}, Answer.NO),
        ({"include_users": set(), "include_groups": {"g"}}, Answer.UNKNOWN),
        ({"include_users": set(), "include_roles": {"r"}}, Answer.UNKNOWN),
        ({"include_users": set(), "include_guests": True}, Answer.UNKNOWN),
        ({"exclude_users": {"user-ada"}}, Answer.UNKNOWN),
        ({"exclude_users": {"None"}}, Answer.YES),
        ({"exclude_groups": {"g"}}, Answer.UNKNOWN),
        ({"exclude_roles": {"r"}}, Answer.UNKNOWN),
        ({"exclude_guests": True}, Answer.UNKNOWN),
    ],
    ids=str,
)
def test_nobody_in_particular_is_surely_reached_only_by_a_policy_for_all(
    changes: dict[str, Any], wanted: Answer
) -> None:
    held = {k: frozenset(v) if isinstance(v, set) else v for k, v in changes.items()}
    found = applies(open_tenant(), policy(**held), SignIn(kind=Kind.PERSON, subject=None))
    assert found.answer is wanted
    assert (found.because == "that depends on who signs in") is (wanted is Answer.UNKNOWN)


def test_a_side_that_names_nobody_is_empty() -> None:
    empty: frozenset[str] = frozenset()
    some = frozenset({"x"})
    assert not Side(empty, empty, empty, False)
    for side in (
        Side(some, empty, empty, False),
        Side(empty, some, empty, False),
        Side(empty, empty, some, False),
        Side(empty, empty, empty, True),
    ):
        assert side


def test_roles_and_guests_that_were_not_seen_are_told_as_such() -> None:
    nobody: dict[str, Any] = {"include_users": frozenset()}
    ada = SignIn(kind=Kind.PASSWORD, subject="user-ada")
    roles = policy(include_roles=frozenset({"r"}), **nobody)
    found = applies(replace(open_tenant(), role_members=HIDDEN), roles, ada)
    assert (found.answer, found.because) == (
        Answer.UNKNOWN,
        "that depends on who holds a role (no permission)",
    )
    guests = policy(include_guests=True, **nobody)
    found = applies(replace(open_tenant(), users=HIDDEN), guests, ada)
    assert (found.answer, found.because) == (
        Answer.UNKNOWN,
        "that depends on whether the account is a guest",
    )


@pytest.mark.parametrize(
    ("controls", "needs"),
    [
        ("approvedApplication", "client"),
        ("approvedApplication compliantApplication", "client"),
        ("compliantDevice", "device"),
        ("compliantDevice approvedApplication", "device"),
    ],
)
def test_what_a_person_must_bring_is_named(controls: str, needs: str) -> None:
    found = demand(policy(grant_controls=frozenset(controls.split())), Kind.PERSON)
    assert found.answer is Answer.UNKNOWN
    assert found.because.endswith(f"depends on the {needs}")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, Answer.YES),
        ({"include_applications": {AZURE_MANAGEMENT}}, Answer.YES),
        ({"include_applications": {EXCHANGE_ONLINE}}, Answer.NO),
        ({"exclude_applications": {AZURE_MANAGEMENT}}, Answer.NO),
        ({"exclude_applications": {EXCHANGE_ONLINE}}, Answer.YES),
    ],
    ids=str,
)
def test_mfa_for_azure_asks_only_about_azure(changes: dict[str, Any], wanted: Answer) -> None:
    held = {name: frozenset(value) for name, value in changes.items()}
    one = policy(grant_controls=frozenset({"mfa"}), **held)
    seen = replace(open_tenant(), conditional_access=(one,))
    assert covers(seen, Requirement.MFA_AZURE).answer is wanted


def test_terms_of_use_are_no_mfa() -> None:
    one = policy(grant_controls=frozenset({"termsOfUse"}), grant_operator="AND")
    seen = replace(open_tenant(), conditional_access=(one,))
    assert covers(seen, Requirement.MFA_ALL).answer is Answer.NO


@pytest.mark.parametrize(
    ("members", "left"),
    [
        ((), False),
        (("user-off",), False),
        (("unheard-of",), False),
        (("user-off", "user-on"), True),
    ],
)
def test_an_administrator_is_left_only_if_one_was_seen_enabled(
    members: tuple[str, ...], left: bool
) -> None:
    people = {one.id: one for one in (user("on"), user("off", enabled=False))}
    roles = {GLOBAL_ADMINISTRATOR: frozenset(members)}
    found = _no_administrator_left(replace(open_tenant(), users=people, role_members=roles))
    assert (found == "") is left


@pytest.mark.parametrize(
    ("domains", "word"),
    [
        ((Domain(name="contoso.example"),), ""),
        ((Domain(name="CONTOSO.example"),), ""),
        ((Domain(name="contoso.example", federated=True),), "is federated"),
        ((Domain(name="fabrikam.example"),), "does not have"),
        (HIDDEN, "could not tell"),
    ],
    ids=str,
)
def test_break_glass_is_of_a_managed_domain_of_this_tenant(domains: Any, word: str) -> None:
    seen = replace(open_tenant(), domains=domains)
    found = _unfit_by_domain(user("bg1"), seen)
    assert word in found
    assert bool(found) is bool(word)
