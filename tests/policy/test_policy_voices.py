"""Union and precedence, cell by cell: who speaks, who decides, and why."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_address

import pytest
from given import APP, DOMAIN, NOW, address, mailbox, tenant, user

from portineria.policy.desired import Desired
from portineria.policy.entitle import Entitlement, entitle
from portineria.policy.plan import Cell, Voice
from portineria.policy.planjson import from_json, to_json
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.voices import Speaking
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot

OTHER_APP = "b9900000-0000-0000-0000-000000000001"
WHO = f"who: {{mailboxes: [{address('x')}]}}"


def desired(*grants: str, head: str = "") -> Desired:
    lines = "".join(
        f"  - {{name: {grant.replace(':', ', ' + WHO + ', ', 1)}}}\n" for grant in grants
    )
    return parse(f"tenant: {DOMAIN}\n{head}\ngrants:\n{lines}", read_csv=None)


def seen() -> Snapshot:
    people = (user("x"), *(user(name) for name in ("bg1", "bg2", "admin")))
    return tenant(mailboxes=(mailbox("x"),), people=people)


def cells(*grants: str, head: str = "", snapshot: Snapshot | None = None) -> list[Cell]:
    made = make_plan(snapshot or seen(), desired(*grants, head=head), NOW, mail_app=APP)
    assert from_json(to_json(made)) == made
    return list(made.cells)


def told(cell: Cell) -> str:
    where = f" from {cell.place}" if cell.place else ""
    return f"{cell.protocol.value} {cell.caller}{where}: {cell.promised}: {cell.because}"


MINE = f"app:{APP}"
SUMS = [
    (["a: allow: [imap]"], ["imap user: open: «a» opens it"]),
    (
        ["a: allow: [imap]", "b: allow: [imap]"],
        ["imap user: open: «a», «b» open it"],
    ),
    (
        ["a: allow: [imap]", "b: allow: [imap], through: oauth-app"],
        ["imap user: open: «a» opens it", f"imap {MINE}: open: «b» opens it"],
    ),
    (
        ["a: allow: [imap], through: gateway", "b: allow: [imap], through: oauth-app"],
        [f"imap {MINE}: open: «a», «b» open it"],
    ),
    (
        ["a: allow: [imap]", f"b: allow: [imap], through: oauth-app, app: {OTHER_APP}"],
        ["imap user: open: «a» opens it", f"imap app:{OTHER_APP}: open: «b» opens it"],
    ),
    (
        ["a: allow: [imap]", "no: deny: [imap]"],
        [
            "imap user: refused: «no» denies it, and deny beats all",
            "imap basic: refused: «no» denies it, and deny beats all",
        ],
    ),
    (
        ["a: allow: [imap]", "no: deny: [imap]", "never: deny: [imap, pop]"],
        [
            "imap user: refused: «no», «never» deny it, and deny beats all",
            "imap basic: refused: «no», «never» deny it, and deny beats all",
            "pop user: refused: «never» denies it, and deny beats all",
            "pop basic: refused: «never» denies it, and deny beats all",
        ],
    ),
    (
        ["old: allow: [imap], until: 2026-01-31"],
        [
            "imap user: refused: «old» ended, and no other grant opens it",
            "imap basic: refused: «old» ended, and no other grant opens it",
        ],
    ),
    (
        ["old: allow: [imap], until: 2026-01-31", "a: allow: [imap]"],
        ["imap user: open: «a» opens it"],
    ),
    (
        ["old: allow: [imap], until: 2026-01-31", "no: deny: [imap]"],
        [
            "imap user: refused: «no» denies it, and deny beats all",
            "imap basic: refused: «no» denies it, and deny beats all",
        ],
    ),
    (
        ["a: allow: [smtp], through: oauth-app"],
        [
            f"smtp {MINE}: open: «a» opens it",
            "smtp basic: refused: «a» opens the protocol, but not for basic",
        ],
    ),
    (
        ["a: allow: [smtp]", "b: allow: [smtp], through: oauth-app"],
        [
            "smtp user: open: «a» opens it",
            f"smtp {MINE}: open: «b» opens it",
            "smtp basic: refused: «a», «b» open the protocol, but not for basic",
        ],
    ),
]


SUMS += [
    (
        ["a: allow: [imap], through: oauth-app", "no: deny: [imap]"],
        [
            "imap user: refused: «no» denies it, and deny beats all",
            "imap basic: refused: «no» denies it, and deny beats all",
            f"imap {MINE}: refused: «no» denies it, and deny beats all",
        ],
    ),
    (
        ["old: allow: [imap], through: gateway, until: 2026-01-31"],
        [
            "imap user: refused: «old» ended, and no other grant opens it",
            "imap basic: refused: «old» ended, and no other grant opens it",
            f"imap {MINE}: refused: «old» ended, and no other grant opens it",
        ],
    ),
]


@pytest.mark.parametrize(("grants", "wanted"), SUMS)
def test_grants_add_up_deny_beats_them_all_and_what_ended_opens_nothing(
    grants: list[str], wanted: list[str]
) -> None:
    assert [told(cell) for cell in cells(*grants)] == wanted


WINDOW = f"""posture:
  security_defaults: off-if-needed
  basic_auth: granted-only
  conditional_access: {{baseline: enforced, break_glass: [{address("bg1")}, {address("bg2")}]}}
"""


def test_a_password_is_let_in_from_its_networks_and_the_cell_elsewhere_says_so() -> None:
    basic = "a: allow: [smtp], through: basic, from: [203.0.113.0/28]"
    assert [told(cell) for cell in cells(basic, "b: allow: [smtp]", head=WINDOW)] == [
        "smtp basic from 203.0.113.1: open: «a» opens it",
        "smtp basic from 192.0.2.1: refused: «a» opens it from its own networks only",
        "smtp user: open: «b» opens it",
    ]


def test_everyone_else_speaks_where_no_grant_opens() -> None:
    found = cells("a: allow: [imap]", head="everyone_else: {pop: off, smtp: denied}")
    by = {(c.protocol.value, c.caller): c for c in found}
    assert by["pop", "user"].because == "everyone_else closes it"
    assert by["smtp", "basic"].voices == (
        Voice(grant="everyone_else", says="closes", why="smtp: denied"),
    )
    assert [voice.grant for voice in by["imap", "user"].voices] == ["a"]


def test_a_cell_lists_everybody_who_speaks_of_it_the_strongest_first() -> None:
    grants = [
        "a: allow: [imap], until: 2027-03-31",
        "b: allow: [imap], through: oauth-app",
        "old: allow: [imap], until: 2026-01-31",
        "odd: allow: [imap], through: basic, from: [203.0.113.0/28]",
        "no: deny: [imap], reason: has left",
    ]
    (cell, *_) = cells(*grants, head="everyone_else: {imap: off}")
    assert [(v.grant, v.says, v.caller, v.why) for v in cell.voices] == [
        ("no", "denies", "", "has left"),
        ("a", "opens", "user", "through oauth-user until 2027-03-31, beaten by «no»"),
        ("b", "opens", MINE, "through oauth-app, beaten by «no»"),
        ("old", "ended", "", "its last day was 2026-01-31"),
        (
            "odd",
            "cannot be",
            "",
            "Exchange Online has refused passwords on IMAP since January 2023",
        ),
        ("everyone_else", "closes", "", "imap: off"),
    ]
    assert cell.grants == ("no", "old")


def test_a_basic_grant_that_security_defaults_refuse_is_among_the_voices() -> None:
    grants = [
        "a: allow: [smtp], through: basic, from: [203.0.113.0/28]",
        "b: allow: [smtp], through: oauth-app",
    ]
    found = cells(*grants)
    assert [told(cell) for cell in found] == [
        f"smtp {MINE}: open: «b» opens it",
        "smtp basic: refused: «b» opens the protocol, but not for basic",
    ]
    assert [(v.grant, v.says) for v in found[0].voices] == [("b", "opens"), ("a", "cannot be")]
    assert "security defaults" in found[0].voices[1].why


def test_where_from_is_told_with_the_terms() -> None:
    snapshot = replace(seen(), security_defaults=False)
    grant = "a: allow: [smtp], through: gateway, from: [203.0.113.0/28, 198.51.100.0/24]"
    (voice,) = cells(grant, snapshot=snapshot)[0].voices
    assert voice.why == "through gateway from 203.0.113.0/28, 198.51.100.0/24"


def test_without_a_mail_app_the_application_is_unknown() -> None:
    made = make_plan(seen(), desired("a: allow: [imap], through: oauth-app"), NOW)
    assert made.cells[0].caller == "app:unknown"


def test_a_grant_that_is_refused_later_is_taken_from_those_that_open() -> None:
    wish = desired("a: allow: [imap]", "b: allow: [imap]")
    (entitlement,) = entitle(wish, seen(), NOW.date())
    first, second = wish.grants
    entitlement.refuse(first, Protocol.IMAP, "because")
    assert entitlement.open_for(Protocol.IMAP) == [second]
    entitlement.refuse(second, Protocol.IMAP, "because")
    assert entitlement.open_for(Protocol.IMAP) == []
    said = Speaking(wish.everyone_else, None).voices(entitlement, Protocol.IMAP)
    assert [(voice.grant, voice.says) for voice in said] == [("a", "cannot be"), ("b", "cannot be")]


def test_nobody_speaks_of_a_protocol_that_no_grant_and_not_everyone_else_names() -> None:
    wish = desired("a: allow: [imap]")
    (entitlement,) = entitle(wish, seen(), NOW.date())
    assert Speaking(wish.everyone_else, None).voices(entitlement, Protocol.POP) == ()


# --- one access, for `why` ---------------------------------------------------------------------

USER, BASIC, APP_ONLY = UserThrough(None), Basic(), AppOnly(APP)
IMAP, POP, SMTP = Protocol.IMAP, Protocol.POP, Protocol.SMTP
INSIDE, OUTSIDE = ip_address("203.0.113.5"), ip_address("192.0.2.1")
OPEN_IMAP, ENDED_IMAP = "a: allow: [imap]", "old: allow: [imap], until: 2026-01-31"
OPEN_BASIC = "a: allow: [smtp], through: basic, from: [203.0.113.0/28]"
GATEWAY = "a: allow: [imap], through: gateway"
NOT_MINE = f"«a» opens the protocol, but not for {MINE}"

SENTENCES = [
    ([OPEN_IMAP], IMAP, USER, None, ("open", "«a» opens it", False)),
    ([OPEN_IMAP], IMAP, UserThrough(APP), None, ("open", "«a» opens it", False)),
    ([OPEN_IMAP], IMAP, BASIC, None, ("", "«a» opens the protocol, but not for basic", False)),
    ([OPEN_IMAP], POP, USER, None, ("", "no grant opens it", False)),
    ([ENDED_IMAP], IMAP, USER, None, ("refused", "«old» ended, and no other grant opens it", True)),
    (
        [ENDED_IMAP, "no: deny: [imap]"],
        IMAP,
        USER,
        None,
        ("refused", "«no» denies it, and deny beats all", False),
    ),
    (
        ["a: allow: [smtp]"],
        SMTP,
        BASIC,
        None,
        ("refused", "«a» opens the protocol, but not for basic", False),
    ),
    (
        ["a: allow: [smtp]"],
        SMTP,
        APP_ONLY,
        None,
        ("", f"«a» opens the protocol, but not for {MINE}", False),
    ),
    ([f"{GATEWAY}, sign_in: person"], IMAP, USER, None, ("open", "«a» opens it", False)),
    ([f"{GATEWAY}, sign_in: app"], IMAP, APP_ONLY, None, ("open", "«a» opens it", False)),
    ([OPEN_BASIC], SMTP, BASIC, None, ("open", "«a» opens it", False)),
    ([OPEN_BASIC], SMTP, BASIC, INSIDE, ("open", "«a» opens it", False)),
    (
        [OPEN_BASIC],
        SMTP,
        BASIC,
        OUTSIDE,
        ("refused", "«a» opens it from its own networks only", False),
    ),
    (
        ["a: allow: [imap], through: gateway"],
        IMAP,
        APP_ONLY,
        OUTSIDE,
        ("open", "«a» opens it", False),
    ),
]


@pytest.mark.parametrize(("grants", "protocol", "caller", "address", "wanted"), SENTENCES)
def test_a_policy_says_of_one_access_what_it_wants_and_who_decides(
    grants: list[str],
    protocol: Protocol,
    caller: Caller,
    address: IPv4Address | None,
    wanted: tuple[str, str, bool],
) -> None:
    wish = desired(*grants)
    (entitlement,) = entitle(wish, seen(), NOW.date())
    said = Speaking(wish.everyone_else, APP).sentence(entitlement, protocol, caller, address)
    assert (said.wanted, said.because, said.ended) == wanted


def test_of_a_mailbox_that_no_grant_names_everyone_else_speaks_alone() -> None:
    speaking = Speaking(desired(OPEN_IMAP, head="everyone_else: {imap: off}").everyone_else, APP)
    unnamed = Entitlement(mailbox("z"))
    said = speaking.sentence(unnamed, IMAP, USER)
    assert (said.wanted, said.because, said.ended) == ("refused", "everyone_else closes it", False)
    silent = speaking.sentence(unnamed, POP, USER)
    assert (silent.wanted, silent.voices) == ("", ())
