"""docs/grants.md: its examples are planned, its tables are those of the code."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portineria.policy.change import Family
from portineria.policy.drift import Memory, Remembered
from portineria.policy.plan import Plan
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.recipients import TRAITS
from portineria.policy.show.cells import cell_lines
from portineria.policy.show.plan import plan_text
from portineria.tenant.access import MailboxPlan, Organization, Transport
from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.mailbox import Mailbox, RecipientKind, SmtpSwitch
from portineria.tenant.people import Domain, Licences, User
from portineria.tenant.snapshot import Snapshot

PAGE = (Path(__file__).parents[2] / "docs" / "grants.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
APP = "APP"
NAMES = {"ada": "Ada Example", "bruno": "Bruno Example", "scan": "Scanner", "invoices": "Invoices"}


def box(name: str) -> Mailbox:
    shared = name == "invoices"
    return Mailbox(
        guid=f"guid-{name}",
        entra_id=f"user-{name}",
        address=f"{name}@contoso.example",
        upn=f"{name}@contoso.example",
        display_name=NAMES[name],
        kind=RecipientKind.SHARED if shared else RecipientKind.USER,
        plan="ExchangeOnline",
    )


def tenant() -> Snapshot:
    """The tenant that the page describes."""
    boxes = tuple(box(name) for name in NAMES)
    users = {
        one.entra_id: User(
            id=one.entra_id,
            upn=one.upn,
            display_name=one.display_name,
            enabled=one.kind is RecipientKind.USER,
        )
        for one in boxes
        if one.entra_id
    }
    roles = frozenset({"IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"})
    app = App(id=APP, name="Mail", principal_id="sp", roles=roles, registered_as="sp")
    return Snapshot(
        tenant_id="t",
        taken_at=NOW,
        domains=(Domain(name="contoso.example", default=True),),
        licences=Licences(entra_p1=True),
        security_defaults=True,
        conditional_access=(),
        named_locations=(),
        authentication_policies=(),
        transport=Transport(smtp_auth_disabled=True),
        organization=Organization(),
        mailbox_plans=(MailboxPlan(name="ExchangeOnline", guid="p"),),
        mailboxes=boxes,
        users=users,
        role_members={},
        apps={APP: app},
        rights={(APP, one.guid): MailboxRight(full_access=True) for one in boxes},
        user_consent=True,
    )


def plan(text: str, seen: Snapshot | None = None, **options: object) -> Plan:
    desired = parse(f"tenant: contoso.example\n{text}", read_csv=None)
    return make_plan(seen or tenant(), desired, NOW, mail_app=APP, **options)


def blocks(language: str, section: str) -> list[str]:
    """The fenced blocks of a language below one heading."""
    part = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", part, re.M | re.S)


def test_what_grants_come_to_is_planned_cell_by_cell() -> None:
    section = "What grants come to"
    (policy,), (shown, beside) = blocks("yaml", section), blocks("text", section)
    made = plan(policy)
    lines = list(cell_lines(made.cells))[4:]
    assert "\n".join(lines) + "\n" == shown
    assert "".join(f"  {door}\n" for door in made.exposure) == beside


def closed(made: Plan) -> list[str]:
    return [
        f"  {change.target.name}: "
        + ", ".join(f"{name} {json.dumps(found)}" for name, found in (change.after or {}).items())
        for change in made.changes
    ]


def test_everyone_else_closes_what_the_page_says() -> None:
    (policy,), (shown,) = blocks("yaml", "Everyone else"), blocks("text", "Everyone else")
    assert "\n".join(closed(plan(policy))) + "\n" == shown


SMTP = "SmtpClientAuthenticationDisabled"
WORDS = {
    "left": {},
    "switched off": {"ImapEnabled": False, "PopEnabled": False, SMTP: True},
    "says nothing of its own, and so follows the tenant": {SMTP: None},
}
FIELDS = {"imap": "ImapEnabled", "pop": "PopEnabled", "smtp": SMTP}


def everyone() -> list[tuple[str, str, str, str]]:
    """(protocol, tenant switch, word, what the table says of it) of every cell that is filled."""
    table = PAGE.split("\n## Everyone else\n")[1].split("| | ")[1].splitlines()
    words = [cell.strip(" `|") for cell in f"| {table[0]}".split("|")[1:4]]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:6]]
    return [
        (row[0].partition("`")[2].partition("`")[0], row[0].rpartition(" ")[2], word, said)
        for row in rows
        for word, said in zip(words, row[1:], strict=True)
        if said
    ]


def test_the_table_of_everyone_else_has_every_word_of_every_protocol() -> None:
    cells = everyone()
    assert len(cells) == 2 * 2 + 2 * 3
    assert {word for _, _, word, _ in cells} == {"unmanaged", "off", "denied"}


@pytest.mark.parametrize(("protocol", "switch", "word", "said"), everyone())
def test_each_word_of_everyone_else_does_what_the_table_says(
    protocol: str, switch: str, word: str, said: str
) -> None:
    on = replace(box("ada"), smtp=SmtpSwitch.ON)
    seen = replace(
        tenant(), mailboxes=(on,), transport=Transport(smtp_auth_disabled=switch != "on")
    )
    made = plan(f"everyone_else: {{{protocol}: {word}}}", seen)
    wanted = {key: value for key, value in WORDS[said].items() if key == FIELDS[protocol]}
    assert [dict(change.after or {}) for change in made.changes] == ([wanted] if wanted else [])


def test_the_kinds_that_cannot_be_are_those_of_the_code_in_its_words() -> None:
    rows = [
        f"| {trait.called} | {trait.why} | {trait.instead} |"
        for trait in TRAITS.values()
        if trait.why
    ]
    table = PAGE.split("| it is | why not | instead |\n|---|---|---|\n")[1].split("\n\n")[0]
    assert table.splitlines() == rows


def test_drift_is_told_as_the_page_shows_it() -> None:
    (shown,) = blocks("text", "Drift")
    left = Remembered(False, "20261101T080000Z-5f2c1a", "2026-11-01T08:00:07+00:00")
    memory = Memory(fields={(Family.MAILBOX, "guid-ada", "PopEnabled"): left})
    policy = "grants: [{name: leaver, who: {mailboxes: [ada@contoso.example]}, deny: [pop]}]"
    assert shown in plan_text(plan(policy, memory=memory))
