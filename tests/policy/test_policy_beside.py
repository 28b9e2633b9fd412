"""Doors that open beside those that were asked for are told as well."""

from __future__ import annotations

from typing import Any

import pytest
from given import APP, DOMAIN, NOW, address, mailbox, tenant, user

from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.tenant.mailbox import RecipientKind

OTHER = "b9900000-0000-0000-0000-000000000001"
AS_WELL = f"on {address('x')} as well: its switch knows no callers"
APPS = f"opens for app:{APP} on {address('x')}"
BASIC = f"smtp opens for basic on {address('x')} from 203.0.113.1"


def doors(*grants: str, enabled: bool = True, **changes: Any) -> tuple[str, ...]:
    box = mailbox("x", **{"imap": False, "pop": False, **changes})
    seen = tenant(mailboxes=(box,), people=(user("x", enabled=enabled), user("bg1"), user("bg2")))
    who = f"who: {{mailboxes: [{address('x')}]}}"
    lines = "".join(
        f"  - {{name: g{number}, {who}, {grant}}}\n" for number, grant in enumerate(grants)
    )
    head = (
        "posture: {security_defaults: off-if-needed, conditional_access: {baseline: enforced,\n"
        f"  break_glass: [{address('bg1')}, {address('bg2')}]}}}}\n"
    )
    desired = parse(f"tenant: {DOMAIN}\n{head}grants:\n{lines}", read_csv=None)
    return make_plan(seen, desired, NOW, mail_app=APP).exposure


BY_APP = "allow: [imap], through: oauth-app"
BY_PASSWORD = "allow: [smtp], through: basic, from: [203.0.113.0/28]"
TABLE: list[tuple[str, tuple[str, ...], dict[str, Any], tuple[str, ...]]] = [
    (
        "an application's switch lets the person in",
        (BY_APP,),
        {},
        (f"imap {APPS}", f"imap opens for user {AS_WELL}"),
    ),
    (
        "told once for two applications",
        (BY_APP, "allow: [imap], through: gateway, app: " + OTHER),
        {},
        (
            f"imap {APPS}",
            f"imap opens for app:{OTHER} on {address('x')}",
            f"imap opens for user {AS_WELL}",
        ),
    ),
    (
        "each protocol by itself",
        ("allow: [imap, pop], through: oauth-app", "allow: [pop]"),
        {},
        (
            f"imap {APPS}",
            f"pop {APPS}",
            f"pop opens for user on {address('x')}",
            f"imap opens for user {AS_WELL}",
        ),
    ),
    (
        "the person was granted it",
        ("allow: [imap]",),
        {},
        (f"imap opens for user on {address('x')}",),
    ),
    ("it was open", (BY_APP,), {"imap": True}, ()),
    (
        "nobody signs in with a disabled account",
        (BY_APP,),
        {"enabled": False},
        (f"imap {APPS}",),
    ),
    (
        "delegates of a shared mailbox may",
        (BY_APP,),
        {"kind": RecipientKind.SHARED, "enabled": False},
        (f"imap {APPS}", f"imap perhaps opens for user {AS_WELL}"),
    ),
    (
        "a password's switch lets the person in with OAuth",
        (BY_PASSWORD,),
        {},
        (BASIC, f"smtp opens for user {AS_WELL}"),
    ),
    (
        "an account that was not seen",
        (BY_APP,),
        {"entra_id": None},
        (f"imap {APPS}", f"imap perhaps opens for user {AS_WELL}"),
    ),
]


@pytest.mark.parametrize(
    ("grants", "changes", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_switch_that_opens_for_one_caller_opens_for_the_person_too_and_that_is_told(
    grants: tuple[str, ...], changes: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    assert doors(*grants, **changes) == wanted
