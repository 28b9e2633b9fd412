"""everyone_else: each word on each protocol, beside grants of one protocol and not another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from given import APP, DOMAIN, NOW, address, guid, mailbox, shared, tenant, user

from portineria.policy.change import Family, Fields, Phase
from portineria.policy.closings import user_target
from portineria.policy.plan import Plan
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.tenant.access import Transport
from portineria.tenant.mailbox import Mailbox, RecipientKind, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

SMTP = "SmtpClientAuthenticationDisabled"
HIDDEN = Unseen("no permission")


def plan(text: str, seen: Snapshot, accepted: tuple[str, ...] = ()) -> Plan:
    desired = parse(f"tenant: {DOMAIN}\n{text}\n", read_csv=None)
    return make_plan(seen, desired, NOW, mail_app=APP, accepted=accepted)


def one(box: Mailbox, tenant_closed: bool = True) -> Snapshot:
    transport = Transport(smtp_auth_disabled=tenant_closed)
    return tenant(mailboxes=(box,), people=(user("x"),), transport=transport)


def after(text: str, seen: Snapshot) -> Fields:
    """The fields that the plan closes on the one mailbox; every change of it is a closing."""
    made = plan(text, seen)
    changes = [c for c in made.changes if c.target.family is Family.MAILBOX]
    assert {c.phase for c in changes} <= {Phase.CLOSE}
    return {} if not changes else dict(changes[0].after or {})


FLAGS = [
    ("imap", "unmanaged", True, {}),
    ("imap", "off", True, {"ImapEnabled": False}),
    ("imap", "off", False, {}),
    ("pop", "unmanaged", True, {}),
    ("pop", "off", True, {"PopEnabled": False}),
    ("pop", "off", False, {}),
]


@pytest.mark.parametrize(("protocol", "word", "there", "closed"), FLAGS)
def test_imap_and_pop_are_closed_or_left(
    protocol: str, word: str, there: bool, closed: Fields
) -> None:
    box = mailbox("x", **{protocol: there})
    assert after(f"everyone_else: {{{protocol}: {word}}}", one(box)) == closed


ON, OFF, INHERIT = SmtpSwitch.ON, SmtpSwitch.OFF, SmtpSwitch.INHERIT
SWITCHES = [
    # off: as closed as the tenant, and never looser than it is.
    ("off", ON, True, {SMTP: None}),
    ("off", INHERIT, True, {}),
    ("off", OFF, True, {}),
    ("off", ON, False, {SMTP: True}),
    ("off", INHERIT, False, {SMTP: True}),
    ("off", OFF, False, {}),
    # denied: said on the mailbox itself, whatever the tenant says.
    ("denied", ON, True, {SMTP: True}),
    ("denied", INHERIT, True, {SMTP: True}),
    ("denied", OFF, True, {}),
    ("denied", ON, False, {SMTP: True}),
    ("denied", INHERIT, False, {SMTP: True}),
    ("denied", OFF, False, {}),
    ("unmanaged", ON, True, {}),
    ("unmanaged", INHERIT, False, {}),
]


@pytest.mark.parametrize(("word", "there", "closed", "fields"), SWITCHES)
def test_smtp_off_follows_a_closed_tenant_and_denied_says_so_itself(
    word: str, there: SmtpSwitch, closed: bool, fields: Fields
) -> None:
    box = mailbox("x", smtp=there)
    assert after(f"everyone_else: {{smtp: {word}}}", one(box, closed)) == fields


def test_a_tenant_that_this_plan_closes_counts_as_closed() -> None:
    text = "posture: {smtp_auth: per-mailbox}\neveryone_else: {smtp: off}"
    assert after(text, one(mailbox("x", smtp=ON), tenant_closed=False)) == {SMTP: None}


ALL = "everyone_else: {imap: off, pop: off, smtp: off}\n"


def grants(*lines: str) -> str:
    who = f"who: {{mailboxes: [{address('x')}]}}"
    listed = "".join(f"  - {{name: g{n}, {who}, {line}}}\n" for n, line in enumerate(lines))
    return f"grants:\n{listed}"


MIXED = [
    ("allow: [imap]", {"PopEnabled": False, SMTP: None}),
    ("allow: [pop]", {"ImapEnabled": False, SMTP: None}),
    ("allow: [smtp], through: oauth-app", {"ImapEnabled": False, "PopEnabled": False}),
    ("allow: [imap, pop], through: oauth-app", {SMTP: None}),
    ("allow: [imap, pop, smtp], through: oauth-app", {}),
    ("deny: [imap]", {"ImapEnabled": False, "PopEnabled": False, SMTP: None}),
    ("deny: [smtp]", {"ImapEnabled": False, "PopEnabled": False, SMTP: True}),
    ("allow: [imap], until: 2026-01-31", {"ImapEnabled": False, "PopEnabled": False, SMTP: None}),
]


@pytest.mark.parametrize(("grant", "closed"), MIXED)
def test_what_is_granted_stays_open_and_the_rest_of_that_mailbox_is_closed(
    grant: str, closed: Fields
) -> None:
    assert after(ALL + grants(grant), one(mailbox("x", smtp=ON))) == closed


def test_a_grant_that_ended_is_closed_as_hard_as_everyone_else() -> None:
    ended = grants("allow: [smtp], through: oauth-app, until: 2026-01-31")
    opened = one(mailbox("x", smtp=ON))
    assert after(ended, opened) == {SMTP: None}
    assert after("everyone_else: {smtp: denied}\n" + ended, opened) == {SMTP: True}


def test_a_mailbox_that_is_closed_harder_already_is_not_loosened_by_a_grant_that_ended() -> None:
    ended = grants("allow: [smtp], through: oauth-app, until: 2026-01-31")
    assert after(ended, one(mailbox("x", smtp=OFF))) == {}


def test_the_last_day_of_a_grant_counts() -> None:
    today = NOW.date()
    opened = one(mailbox("x", imap=True))
    assert after(ALL + grants(f"allow: [imap], until: {today}"), opened) == {"PopEnabled": False}
    yesterday = today - timedelta(days=1)
    assert "ImapEnabled" in after(ALL + grants(f"allow: [imap], until: {yesterday}"), opened)


def test_two_grants_of_which_one_ended_leave_the_door_of_the_other_open() -> None:
    both = grants("allow: [imap], until: 2026-01-31", "allow: [imap], through: oauth-app")
    assert after(ALL + both, one(mailbox("x"))) == {"PopEnabled": False}


def test_a_grant_that_cannot_be_leaves_the_mailbox_to_everyone_else() -> None:
    basic = grants("allow: [imap], through: basic, from: [203.0.113.0/28]")
    assert after(ALL + basic, one(mailbox("x"))) == {"ImapEnabled": False, "PopEnabled": False}


SWITCHLESS = [
    RecipientKind.GROUP,
    RecipientKind.DISTRIBUTION,
    RecipientKind.INACTIVE,
    RecipientKind.SOFT_DELETED,
    RecipientKind.ON_PREMISES,
    RecipientKind.MAIL_USER,
    RecipientKind.GUEST,
    RecipientKind.CONTACT,
    RecipientKind.PUBLIC_FOLDER,
    RecipientKind.HVE,
]


@pytest.mark.parametrize("kind", RecipientKind)
def test_whoever_has_switches_is_closed_and_whoever_has_none_is_left_alone(
    kind: RecipientKind,
) -> None:
    box = mailbox("x", kind=kind, smtp=ON)
    closed = {"ImapEnabled": False, "PopEnabled": False, SMTP: None}
    assert after(ALL, one(box)) == ({} if kind in SWITCHLESS else closed)


@pytest.mark.parametrize("kind", SWITCHLESS)
def test_switches_that_are_not_there_are_not_missed(kind: RecipientKind) -> None:
    box = mailbox("x", kind=kind, imap=HIDDEN, pop=HIDDEN, smtp=HIDDEN)
    assert plan(ALL, one(box)).unknown == ()


def test_switches_that_were_not_seen_stop_the_plan() -> None:
    made = plan(ALL, one(mailbox("x", imap=HIDDEN)))
    assert made.unknown == (f"switches of {address('x')}: no permission",)
    assert made.changes == ()


def test_mailboxes_that_were_not_seen_are_not_taken_for_closed() -> None:
    made = plan(ALL, tenant(mailboxes=HIDDEN))
    assert made.unknown == ("mailboxes: no permission",)
    assert "unknown" in {stop.guard for stop in made.stops}
    assert plan("", tenant(mailboxes=HIDDEN)).unknown == ()


def test_an_account_that_is_disabled_and_a_shared_mailbox_are_closed_like_the_others() -> None:
    boxes = (mailbox("leaver"), shared("post"))
    people = (user("leaver", enabled=False), user("post", enabled=False))
    made = plan("everyone_else: {imap: off}", tenant(mailboxes=boxes, people=people))
    assert [c.target.key for c in made.changes] == [guid("leaver"), guid("post")]


# --- what is promised of it --------------------------------------------------------------------


def test_a_granted_mailbox_is_promised_shut_where_everyone_else_closes_it() -> None:
    made = plan(ALL + grants("allow: [imap]"), one(mailbox("x", smtp=ON)))
    told = {(c.protocol.value, c.caller): (c.promised, c.after, c.layer) for c in made.cells}
    assert told == {
        ("imap", "user"): ("open", "yes", ""),
        ("pop", "user"): ("refused", "no", "mailbox switch"),
        ("pop", "basic"): ("refused", "no", "retirement of basic authentication"),
        ("smtp", "user"): ("refused", "no", "tenant switch"),
        ("smtp", "basic"): ("refused", "no", "tenant switch"),
    }


def test_nothing_is_promised_of_mailboxes_that_no_grant_names() -> None:
    made = plan(ALL, tenant(), accepted=("blast-radius",))
    assert made.changes
    assert made.cells == ()


def test_nothing_is_promised_where_everyone_else_says_nothing() -> None:
    made = plan("everyone_else: {pop: off}\n" + grants("allow: [imap]"), one(mailbox("x")))
    assert {c.protocol.value for c in made.cells} == {"imap", "pop"}


def test_planning_again_finds_nothing_left_to_do() -> None:
    seen = one(mailbox("x", smtp=ON))
    closed = mailbox("x", imap=True, pop=False, smtp=INHERIT)
    text = ALL + grants("allow: [imap]")
    assert plan(text, seen).changes
    assert plan(text, replace(seen, mailboxes=(closed,))).changes == ()


def test_each_closing_names_in_whose_word_it_is_done_and_what_it_closes() -> None:
    ended = "allow: [imap], until: 2026-01-31"
    text = ALL + grants("deny: [smtp]", ended)
    (change,) = plan(text, one(mailbox("x", smtp=ON))).changes
    assert change.because == ("g1", "everyone_else", "g0")
    assert change.reason == "Imap is closed; Pop is closed; authenticated SMTP is closed"
    assert (change.target.name, change.risk) == (address("x"), "low")
    (alone,) = plan("everyone_else: {smtp: denied}", one(mailbox("x"))).changes
    assert (alone.because, alone.reason) == (("everyone_else",), "authenticated SMTP is closed")


def test_a_grant_that_ended_is_the_cause_of_its_closing_for_smtp_too() -> None:
    ended = grants("allow: [smtp], through: oauth-app, until: 2026-01-31")
    (change,) = plan(ended, one(mailbox("x", smtp=ON))).changes
    assert change.because == ("g0",)


def test_an_account_is_called_by_its_directory_id_and_shown_by_its_sign_in_name() -> None:
    target = user_target(mailbox("x", upn="x.sign.in@contoso.example"))
    assert (target.key, target.name) == ("user-x", "x.sign.in@contoso.example")
    assert user_target(mailbox("x", entra_id=None)) == Unseen(
        "Exchange names no directory account for it"
    )
