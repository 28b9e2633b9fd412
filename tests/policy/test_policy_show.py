"""Plans for people: cell by cell, who was left out, and names that stay in their columns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from given import APP, DOMAIN, NOW, address, mailbox, tenant, user

from portineria.policy.plan import Cell, LeftOut, Plan, Stop, Voice
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.show.cells import cell_lines, voice_line
from portineria.policy.show.plan import MOST_LEFT_OUT, plan_text
from portineria.policy.show.visible import width
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.people import Group, Member, MemberKind

WHO = f"who: {{mailboxes: [{address('x')}]}}"


def plan(*grants: str, box: Mailbox | None = None, head: str = "") -> Plan:
    lines = "".join(f"  - {{{grant}}}\n" for grant in grants)
    text = f"tenant: {DOMAIN}\n{head}\ngrants:\n{lines}"
    boxes = (box or mailbox("x"),)
    seen = tenant(mailboxes=boxes, people=(user("x"),))
    return make_plan(seen, parse(text, read_csv=None), NOW, mail_app=APP)


def test_each_cell_stands_under_its_mailbox_with_its_reason_and_all_who_speak() -> None:
    made = plan(
        f"name: erp, {WHO}, allow: [imap, smtp], through: oauth-app, until: 2027-03-31",
        f"name: old, {WHO}, allow: [imap], until: 2026-01-31",
        f"name: leaver, {WHO}, deny: [pop], reason: has left",
        head="everyone_else: {pop: off}",
    )
    lines = plan_text(made, each_cell=True).splitlines()
    at = lines.index(f"  {address('x')}")
    assert lines[at + 1 : at + 4] == [
        f"    imap as app:{APP}: open: «erp» opens it (today yes, then yes)",
        "      + «erp» opens: through oauth-app until 2027-03-31",
        "      ! «old» ENDED: its last day was 2026-01-31",
    ]
    text = "\n".join(lines)
    assert "    pop as user: refused: «leaver» denies it, and deny beats all" in text
    assert "      - «leaver» denies: has left" in text
    assert "      - everyone_else closes: pop: off" in text
    basic = lines.index(
        "    smtp as basic: refused: «erp» opens the protocol, but not for basic "
        "(today no, then no, security defaults)"
    )
    assert lines[basic + 1].startswith(f"      . «erp» opens it for app:{APP}: through oauth-app")
    assert "Promises (" not in text
    assert "Promises (" in plan_text(made)


def test_a_promise_that_does_not_come_true_is_shouted() -> None:
    cell = Cell(
        mailbox="g",
        address=address("x"),
        protocol=Protocol.SMTP,
        caller="basic",
        promised="open",
        before="no",
        after="could not tell",
        layer="recipient",
        place="203.0.113.1",
    )
    (line,) = [one for one in cell_lines([cell]) if "smtp" in one]
    assert line == (
        "    smtp as basic from 203.0.113.1: open "
        "(today no, then could not tell, recipient; THIS IS NOT WHAT WAS ASKED)"
    )


VOICES = [
    (Voice(grant="g", says="opens", caller="user"), "user", "+ «g» opens"),
    (Voice(grant="g", says="opens", caller="user"), "basic", ". «g» opens it for user"),
    (Voice(grant="g", says="denies", why="left"), "user", "- «g» denies: left"),
    (Voice(grant="g", says="cannot be", why="a room"), "user", "x «g» cannot be: a room"),
    (Voice(grant="everyone_else", says="closes"), "user", "- everyone_else closes"),
]


@pytest.mark.parametrize(("voice", "caller", "line"), VOICES)
def test_a_voice_is_one_line(voice: Voice, caller: str, line: str) -> None:
    assert voice_line(voice, caller) == line


def test_a_plan_without_cells_shows_none() -> None:
    assert list(cell_lines([])) == []


def test_who_was_left_out_is_listed_with_the_reason() -> None:
    others = (Member(id="d-1", kind=MemberKind.DEVICE, name="LAPTOP-7"),)
    held = Group(id="g", name="Mixed", members=frozenset({"user-x", "user-y"}), others=others)
    people = (user("x"), user("y", exchange_plan=False))
    seen = tenant(mailboxes=(mailbox("x"),), people=people, groups={"g": held})
    text = f"tenant: {DOMAIN}\ngrants: [{{name: a, who: {{groups: [Mixed]}}, allow: [imap]}}]"
    told = plan_text(make_plan(seen, parse(text, read_csv=None), NOW))
    assert "Left out, because no mailbox answers for them" in told
    assert (
        f"  a, group Mixed: Y ({address('y')}), an account without a mailbox: the account" in told
    )
    assert "  a, group Mixed: LAPTOP-7, a device: a device has no mailbox here" in told


def test_a_long_list_of_those_left_out_is_counted() -> None:
    left = tuple(
        LeftOut(grant="a", group="g", kind="a device", name="", address="", id=f"d{n}", why="w")
        for n in range(MOST_LEFT_OUT + 7)
    )
    told = plan_text(replace(plan(), left_out=left))
    assert "and 7 more; --json lists them all" in told
    assert f"d{MOST_LEFT_OUT - 1}, a device" in told
    assert f"d{MOST_LEFT_OUT}, a device" not in told


NAMES = ["ada", "יעל", "🌻", "o'malley", "scan+archive", "a" * 64, "日本"]


def test_promises_stay_in_their_columns_whatever_the_names() -> None:
    boxes = tuple(mailbox(f"x{n}", address=f"{name}@{DOMAIN}") for n, name in enumerate(NAMES))
    named = ", ".join(f'"{box.address}"' for box in boxes)
    grant = f"{{name: a, who: {{mailboxes: [{named}]}}, allow: [imap]}}"
    seen = tenant(mailboxes=boxes, people=tuple(user(f"x{n}") for n in range(len(NAMES))))
    desired = parse(f"tenant: {DOMAIN}\ngrants: [{grant}]", read_csv=None)
    told = plan_text(make_plan(seen, desired, NOW)).splitlines()
    begin = told.index("Promises (effective access: before, and as planned)") + 1
    rows = told[begin : begin + 1 + len(NAMES)]
    places = {width(row.partition("imap")[0]) for row in rows if "imap" in row}
    assert len(places) == 1
    assert any(f"\u2068יעל\u2069@{DOMAIN}" in row for row in rows)


def test_nothing_in_a_plan_steers_the_terminal() -> None:
    odd = mailbox("x", address="x\x1b[2J@contoso.example", upn=address("x"))
    told = plan_text(plan(f'name: "g\u202e", {WHO}, allow: [imap]', box=odd))
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "x\\x1b[2J@contoso.example" in told


# --- promises that do not come true, and guards -------------------------------------------------


def promised(promised: str, after: str, layer: str) -> Plan:
    cell = Cell(
        mailbox="g",
        address=address("x"),
        protocol=Protocol.SMTP,
        caller="basic",
        promised=promised,
        before="no",
        after=after,
        layer=layer,
    )
    return Plan(tenant_id="t", made_at=NOW, snapshot_taken_at=NOW, policy_digest="", cells=(cell,))


@pytest.mark.parametrize(
    ("word", "after", "layer", "told"),
    [
        ("open", "yes", "", "open"),
        ("refused", "no", "tenant switch", "refused by tenant switch"),
        ("refused", "yes", "", "refused, but effective access says «yes» ()"),
        ("open", "no", "account", "open, but effective access says «no» (account)"),
        (
            "refused",
            "could not tell",
            "account",
            "refused, but effective access says «could not tell» (account)",
        ),
    ],
)
def test_a_promise_is_told_with_what_effective_access_says_where_they_differ(
    word: str, after: str, layer: str, told: str
) -> None:
    lines = plan_text(promised(word, after, layer)).splitlines()
    begin = lines.index("Promises (effective access: before, and as planned)")
    assert lines[begin + 2].rstrip().endswith(f"no      {told}")


def test_guards_are_listed_with_what_to_try_until_a_word_overrules_them() -> None:
    stops = (
        Stop(guard="exposure", why="MFA is lost", try_="write accept_exposure", word="exposure"),
        Stop(guard="digest", why="it is another plan", try_="plan again", word=""),
    )
    made = replace(plan(), stops=stops)
    lines = plan_text(made).splitlines()
    begin = lines.index("Guards")
    assert lines[begin - 1] == ""
    assert lines[begin + 1 : begin + 5] == [
        "  exposure stops: MFA is lost",
        "      write accept_exposure; or --accept exposure",
        "  digest stops: it is another plan",
        "      plan again",
    ]
    overruled = plan_text(replace(made, accepted=("exposure",))).splitlines()
    begin = overruled.index("Guards")
    assert overruled[begin + 1 : begin + 4] == [
        "  exposure overruled: MFA is lost",
        "  digest stops: it is another plan",
        "      plan again",
    ]


def test_a_plan_on_which_no_guard_speaks_shows_none() -> None:
    assert "Guards" not in plan_text(plan(f"name: a, {WHO}, allow: [imap]"))


def test_an_empty_plan_says_that_all_is_as_asked_only_where_all_could_be_done() -> None:
    as_asked = "Nothing to do: the tenant already is as the policy asks."
    assert as_asked in plan_text(plan(f"name: a, {WHO}, allow: [imap]"))
    refused = plan(f"name: a, who: {{mailboxes: [{address('nobody')}]}}, allow: [imap]")
    unseen = replace(plan(f"name: a, {WHO}, allow: [imap]"), unknown=("mailboxes: not read",))
    for less in (refused, unseen):
        assert not less.changes
        assert as_asked not in plan_text(less)
        assert "whatever of the policy can be, and could be seen, already is" in plan_text(less)
