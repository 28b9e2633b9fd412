"""Who cannot be let in, though a grant names them, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from given import DOMAIN, NOW, address, mailbox, tenant, user

from portineria.policy.entitle import Entitlements, entitle
from portineria.policy.plan import Refusal
from portineria.policy.policyfile import parse
from portineria.tenant.mailbox import Protocol
from portineria.tenant.people import GLOBAL_ADMINISTRATOR, SECURITY_DEFAULTS_ROLES, Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

BASIC = "through: basic, from: [203.0.113.0/28], owner: it@contoso.example, reason: old"
STAFF = Group(id="g", name="Staff", members=frozenset({"user-ada", "user-bg1"}))


def seen(**changes: Any) -> Snapshot:
    boxes = (mailbox("ada"), mailbox("bg1", address="glass@contoso.example"))
    base = tenant(mailboxes=boxes, people=(user("ada"), user("bg1")), groups={"g": STAFF})
    return replace(base, **changes)


def entitled(grant: str, snapshot: Snapshot, posture: str = "{}") -> Entitlements:
    text = f"tenant: {DOMAIN}\nposture: {posture}\ngrants: [{{name: g, {grant}}}]\n"
    return entitle(parse(text, read_csv=None), snapshot, NOW.date())


GLASS = "{conditional_access: {break_glass: [BG1@contoso.example]}}"


def test_a_break_glass_account_that_a_group_brings_in_stays_shut_and_the_others_open() -> None:
    """The file names it by its sign-in name; its mail address is another one."""
    found = entitled("who: {groups: [Staff]}, allow: [imap, smtp]", seen(), GLASS)
    assert (
        found.refusals
        == [
            Refusal(
                grant="g",
                mailbox="glass@contoso.example",
                why="it is a break-glass account, which must stay untouched",
                instead="grant another mailbox",
            )
        ]
        * 2
    )
    opened = {one.mailbox.address: set(one.opened) for one in found}
    assert opened == {
        address("ada"): {Protocol.IMAP, Protocol.SMTP},
        "glass@contoso.example": set(),
    }


def test_a_break_glass_account_can_be_denied_like_everybody() -> None:
    found = entitled("who: {groups: [Staff]}, deny: [imap]", seen(), GLASS)
    assert found.refusals == []
    assert [set(one.denied) for one in found] == [{Protocol.IMAP}] * 2


ADMIN, ROLE = SECURITY_DEFAULTS_ROLES[0]
CANNOT: list[tuple[dict[str, Any], str]] = [
    (
        {"mailboxes": (mailbox("ada", entra_id=None),)},
        "could not tell whose password it would be: Exchange names no directory account for it",
    ),
    (
        {"users": {"user-ada": user("ada", enabled=False)}},
        "its account is disabled, so no password can sign in",
    ),
    (
        {"role_members": Unseen("no permission")},
        "could not tell whether it holds an administrator role: no permission",
    ),
    (
        {"role_members": {ADMIN: frozenset({"user-ada"})}},
        f"its account holds an administrator role ({ROLE})",
    ),
]


@pytest.mark.parametrize(("changes", "why"), CANNOT)
def test_a_password_is_not_let_in_for_such_an_account(changes: dict[str, Any], why: str) -> None:
    who = f"who: {{mailboxes: [{address('ada')}]}}, allow: [smtp]"
    found = entitled(f"{who}, {BASIC}", seen(**changes))
    assert found.refusals == [
        Refusal(grant="g", mailbox=address("ada"), why=why, instead="through: gateway")
    ]
    assert [one.basic() for one in found] == [[]]
    tokens = entitled(f"{who}, through: gateway", seen(**changes))
    assert tokens.refusals == [], "which is what is named instead"


@pytest.mark.parametrize(
    "changes",
    [
        {"users": Unseen("no permission")},
        {"users": {}},
        {"role_members": {"another-role": frozenset({"user-ada"})}},
        {"role_members": {GLOBAL_ADMINISTRATOR: frozenset({"user-bg1"})}},
    ],
    ids=["accounts hidden", "account not read", "another role", "another account"],
)
def test_nothing_of_that_is_presumed(changes: dict[str, Any]) -> None:
    """An account that was not seen is judged by effective access, not refused as disabled."""
    who = f"who: {{mailboxes: [{address('ada')}]}}, allow: [smtp]"
    found = entitled(f"{who}, {BASIC}", seen(**changes))
    assert found.refusals == []
    assert [len(one.basic()) for one in found] == [1]
