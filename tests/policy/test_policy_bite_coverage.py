"""Whom a policy leaves out decides what it is worth: every way of naming somebody, one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asked import open_tenant, policy
from given import user

from portineria.policy.conditional import Requirement, covers
from portineria.policy.conditionalmatch import Kind, Side, SignIn, applies, people
from portineria.policy.verdict import Answer
from portineria.tenant.access import ClientApp
from portineria.tenant.people import SECURITY_DEFAULTS_ROLES, Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")
ADMIN = SECURITY_DEFAULTS_ROLES[0][0]


def town() -> Snapshot:
    people = (user("ada"), user("ben"), user("guest", guest=True), user("gone", enabled=False))
    return replace(
        open_tenant(),
        users={one.id: one for one in people},
        groups={
            "g1": Group(id="g1", name="One", members=frozenset({"user-ada"})),
            "g2": Group(id="g2", name="Two", members=frozenset({"user-ben", "user-gone"})),
            "hidden": Group(id="hidden", name="Hidden", members=HIDDEN),
        },
        role_members={"r1": frozenset({"user-ada"}), ADMIN: frozenset({"user-ben"})},
    )


def side(users: str = "", groups: str = "", roles: str = "", guests: bool = False) -> Side:
    return Side(
        frozenset(users.split()), frozenset(groups.split()), frozenset(roles.split()), guests
    )


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        (side(), ""),
        (side(users="user-ada"), "user-ada"),
        (side(groups="g1"), "user-ada"),
        (side(groups="g1 g2"), "user-ada user-ben user-gone"),
        (side(roles="r1"), "user-ada"),
        (side(users="user-ben", groups="g1", roles="r1"), "user-ada user-ben"),
        (side(guests=True), "user-guest"),
        (side(users="GuestsOrExternalUsers"), "user-guest"),
        (side(users="user-ada", guests=True), "user-ada user-guest"),
        (side(users="All"), None),
        (side(groups="hidden"), None),
        (side(groups="g1 hidden"), None),
        (side(groups="not-read"), None),
        (side(roles="not-read"), None),
    ],
)
def test_everybody_a_side_names(named: Side, wanted: str | None) -> None:
    assert people(town(), named) == (None if wanted is None else frozenset(wanted.split()))


def test_whom_it_names_is_not_known_where_the_directory_was_not_seen() -> None:
    assert people(replace(town(), users=HIDDEN), side(guests=True)) is None
    assert people(replace(town(), role_members=HIDDEN), side(roles="r1")) is None
    assert people(replace(town(), users=HIDDEN), side(groups="g1")) == {"user-ada"}


@pytest.mark.parametrize(
    ("out", "answer", "missing"),
    [
        ({"exclude_users": {"user-ada"}}, Answer.NO, "not for ada@contoso.example"),
        ({"exclude_groups": {"g2"}}, Answer.NO, "not for ben@contoso.example"),
        ({"exclude_roles": {"r1"}}, Answer.NO, "not for ada@contoso.example"),
        ({"exclude_users": {"user-gone"}}, Answer.YES, ""),
        ({"exclude_users": {"GuestsOrExternalUsers"}}, Answer.NO, "not for guest@contoso.example"),
        ({"exclude_users": {"unheard-of"}}, Answer.NO, "not for unheard-of"),
        ({"exclude_users": {"All"}}, Answer.UNKNOWN, "it is not known whom"),
        ({"exclude_groups": {"hidden"}}, Answer.UNKNOWN, "it is not known whom"),
    ],
    ids=str,
)
def test_a_block_on_legacy_authentication_is_worth_what_it_leaves_out(
    out: dict[str, Any], answer: Answer, missing: str
) -> None:
    one = policy(**{name: frozenset(value) for name, value in out.items()})
    found = covers(replace(town(), conditional_access=(one,)), Requirement.BLOCK_LEGACY)
    assert found.answer is answer
    assert found.missing.startswith(missing)
    assert bool(found.missing) is bool(missing)
    assert (found.by, found.ids) == (("Foreign",), ("ca-1",))


def test_accepted_exceptions_are_named_as_excluded_and_lack_nothing() -> None:
    one = policy(exclude_users=frozenset({"user-ada", "user-ben"}))
    seen = replace(town(), conditional_access=(one,))
    found = covers(seen, Requirement.BLOCK_LEGACY, excepted=["user-ada", "user-ben"])
    assert (found.answer, found.excluded) == (Answer.YES, ("user-ada", "user-ben"))
    found = covers(seen, Requirement.BLOCK_LEGACY, excepted=["user-ada"])
    assert (found.answer, found.missing) == (Answer.NO, "not for ben@contoso.example")


def test_mfa_for_administrators_lacks_only_the_holders_of_the_role_it_leaves_out() -> None:
    """Somebody left out who holds no such role is no gap in it."""
    mfa: dict[str, Any] = {"grant_controls": frozenset({"mfa"})}
    roles = {role: frozenset({"user-ben"}) for role, _ in SECURITY_DEFAULTS_ROLES}
    for who, answer in (("user-ada", Answer.YES), ("user-ben", Answer.NO)):
        one = policy(exclude_users=frozenset({who}), **mfa)
        seen = replace(town(), conditional_access=(one,), role_members=roles)
        assert covers(seen, Requirement.MFA_ROLES).answer is answer
        assert covers(seen, Requirement.MFA_ALL).answer is Answer.NO


def test_mfa_for_administrators_lacks_each_role_that_is_excluded_by_name() -> None:
    """Whoever holds it, today or tomorrow: nobody holds it here, and it is a gap all the same."""
    mfa = frozenset({"mfa"})
    one = policy(exclude_roles=frozenset({ADMIN}), grant_controls=mfa)
    seen = replace(town(), conditional_access=(one,), role_members={})
    found = covers(seen, Requirement.MFA_ROLES)
    assert found.answer is Answer.NO
    assert found.missing == f"no policy does this for role {ADMIN} and client app browser"
    other = policy(exclude_roles=frozenset({"another-role"}), grant_controls=mfa)
    seen = replace(seen, conditional_access=(other,), role_members={"another-role": frozenset()})
    assert covers(seen, Requirement.MFA_ROLES).answer is Answer.YES


def test_an_account_that_was_not_seen_is_not_taken_for_disabled() -> None:
    """A disabled account that is left out is no gap, but only once it was seen."""
    one = policy(exclude_users=frozenset({"user-gone"}))
    seen = replace(town(), conditional_access=(one,))
    assert covers(seen, Requirement.BLOCK_LEGACY).answer is Answer.YES
    found = covers(replace(seen, users=HIDDEN), Requirement.BLOCK_LEGACY)
    assert (found.answer, found.missing) == (Answer.NO, "not for user-gone")


@pytest.mark.parametrize("app", [ClientApp.OTHER, ClientApp.ACTIVE_SYNC])
def test_both_halves_of_legacy_authentication_are_asked_for(app: ClientApp) -> None:
    one = policy(client_apps=frozenset({app.value}))
    found = covers(replace(town(), conditional_access=(one,)), Requirement.BLOCK_LEGACY)
    assert found.answer is Answer.NO
    other = {ClientApp.OTHER, ClientApp.ACTIVE_SYNC} - {app}
    assert found.missing.endswith(f"client app {other.pop().value}")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"include_users": {"user-guest"}}, Answer.YES),
        ({"include_users": {"GuestsOrExternalUsers"}}, Answer.YES),
        ({"include_users": set(), "include_guests": True}, Answer.YES),
        ({"exclude_guests": True}, Answer.NO),
        ({"exclude_users": {"GuestsOrExternalUsers"}}, Answer.NO),
    ],
    ids=str,
)
def test_a_guest_is_reached_by_either_way_of_saying_guest(
    changes: dict[str, Any], wanted: Answer
) -> None:
    held = {k: frozenset(v) if isinstance(v, set) else v for k, v in changes.items()}
    guest = SignIn(kind=Kind.PASSWORD, subject="user-guest")
    assert applies(town(), policy(**held), guest).answer is wanted


@pytest.mark.parametrize(
    ("hidden", "word"),
    [
        ({"include_groups": frozenset({"hidden"})}, "Hidden (no permission)"),
        ({"include_groups": frozenset({"not-read"})}, "group not-read, which was not looked at"),
        ({"include_roles": frozenset({"not-read"})}, "role not-read, which was not looked at"),
    ],
    ids=str,
)
def test_what_could_not_be_told_names_what_was_not_seen(hidden: dict[str, Any], word: str) -> None:
    one = policy(include_users=frozenset(), **hidden)
    found = applies(town(), one, SignIn(kind=Kind.PASSWORD, subject="user-ada"))
    assert found.answer is Answer.UNKNOWN
    assert found.because.endswith(word)
