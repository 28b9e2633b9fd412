"""Whom a grant speaks of: by name, by group, by filter; and who is left out, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from given import DOMAIN, NOW, address, guid, mailbox, shared, tenant, user

from portineria.policy.plan import Plan
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.recipients import GRANTABLE, TRAITS
from portineria.policy.who import Members, members, without_mailbox
from portineria.tenant.mailbox import Mailbox, RecipientKind
from portineria.tenant.people import Group, Member, MemberKind, User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HIDDEN = Unseen("no permission")


def found(who: str, snapshot: Snapshot) -> Members:
    text = f"tenant: {DOMAIN}\ngrants:\n  - {{name: g, who: {who}, allow: [imap]}}\n"
    (grant,) = parse(text, read_csv=None).grants
    return members(grant, snapshot)


def names(who: str, snapshot: Snapshot) -> list[str]:
    return [box.address.partition("@")[0] for box in found(who, snapshot).mailboxes]


# --- by name -----------------------------------------------------------------------------------

OLD = mailbox("ada", address="ada.new@contoso.example", aliases=(address("ada"), address("a")))


def test_a_mailbox_is_found_by_address_sign_in_name_alias_and_id_and_counts_once() -> None:
    key = "0f6a2f1e-3c9d-4c1b-9f5e-2a7f6f1d9c01"
    box = mailbox("ada", guid=key, upn="a.example@contoso.example", aliases=(address("a"),))
    snapshot = tenant(mailboxes=(box,))
    for name in (address("ada"), "A.EXAMPLE@contoso.example", address("a"), key.upper()):
        assert names(f"{{mailboxes: [{name}]}}", snapshot) == ["ada"]
    everything = f"{{mailboxes: [{address('ada')}, {address('a')}, {key}]}}"
    assert names(everything, snapshot) == ["ada"]


def test_a_name_that_is_an_alias_now_finds_the_mailbox_and_says_so() -> None:
    box = replace(OLD, upn="ada.new@contoso.example")
    (note,) = found(f"{{mailboxes: [{address('ada')}]}}", tenant(mailboxes=(box,))).notes
    assert "an alias of ada.new@contoso.example" in note
    assert "write the address that it has now" in note


@pytest.mark.parametrize("name", [address("ada"), "ADA.NEW@contoso.example"])
def test_an_address_or_a_sign_in_name_is_no_old_name(name: str) -> None:
    assert found(f"{{mailboxes: [{name}]}}", tenant(mailboxes=(OLD,))).notes == ()


def test_a_name_that_two_bear_is_refused_with_both_to_choose_from() -> None:
    other = mailbox("ben", upn=address("ada"))
    (refusal,) = found(
        f"{{mailboxes: [{address('ada')}]}}", tenant(mailboxes=(mailbox("ada"), other))
    ).refusals
    assert "2 mailboxes bear this name" in refusal.why
    assert guid("ada") in refusal.why
    assert guid("ben") in refusal.why


ACCOUNTS = [
    (user("x", guest=True), "guest"),
    (user("x", exchange_plan=False), "no licence brings one"),
    (user("x", exchange_plan=False, synced=True), "your own directory"),
    (user("x", exchange_plan=True), "shows none yet"),
    (user("x", exchange_plan=HIDDEN), "no permission"),
]


@pytest.mark.parametrize(("person", "why"), ACCOUNTS)
def test_an_account_without_a_mailbox_is_refused_with_the_reason_and_a_way(
    person: User, why: str
) -> None:
    snapshot = tenant(mailboxes=(), people=(person,))
    (refusal,) = found(f"{{mailboxes: [{address('x')}]}}", snapshot).refusals
    assert why in refusal.why
    assert refusal.instead
    assert without_mailbox(person)[0] == refusal.why


def test_a_name_that_nobody_bears_is_refused() -> None:
    (refusal,) = found(f"{{mailboxes: [{address('nobody')}]}}", tenant()).refusals
    assert refusal.why == "there is no such mailbox in this tenant"


def test_a_name_that_could_not_be_looked_up_is_neither_somebody_nor_nobody() -> None:
    snapshot = tenant(unread={address("x"): "no permission"})
    who = found(f"{{mailboxes: [{address('x')}]}}", snapshot)
    assert who.refusals == ()
    assert who.unseen == (f"who {address('x')} is: no permission",)


def test_over_mailboxes_that_were_not_seen_nobody_is_found_and_nobody_refused() -> None:
    who = found(f"{{mailboxes: [{address('ada')}]}}", tenant(mailboxes=HIDDEN))
    assert (who.mailboxes, who.refusals) == ((), ())
    assert who.unseen == ("mailboxes: no permission",)


# --- by group ----------------------------------------------------------------------------------


def group(*people: str, **changes: Any) -> Group:
    members = frozenset(f"user-{name}" for name in people)
    base = Group(id="11111111-1111-1111-1111-111111111111", name="Scanners", members=members)
    return replace(base, **changes)


def with_groups(*groups: Group, asked: str = "Scanners", **changes: Any) -> Snapshot:
    held = {one.id: one for one in groups}
    return tenant(groups=held, groups_asked=frozenset({asked}), **changes)


GROUPS = "{groups: [Scanners]}"


@pytest.mark.parametrize(
    "name",
    ["Scanners", "SCANNERS", "scanners@contoso.example", "11111111-1111-1111-1111-111111111111"],
)
def test_a_group_is_found_by_name_address_and_id(name: str) -> None:
    snapshot = with_groups(group("ada", "ben", address="Scanners@contoso.example"))
    assert names(f"{{groups: ['{name}']}}", snapshot) == ["ada", "ben"]


def test_two_groups_of_one_name_are_refused_with_their_ids_to_choose_from() -> None:
    other = group("ben", id="22222222-2222-2222-2222-222222222222", kind="Microsoft 365 group")
    hidden = group(id="3", members=HIDDEN, address="s@contoso.example")
    (refusal,) = found(GROUPS, with_groups(group("ada"), other, hidden)).refusals
    assert refusal.why == "3 groups have this name"
    assert "11111111-1111-1111-1111-111111111111 (security group, accounts: 1)" in refusal.instead
    assert "22222222-2222-2222-2222-222222222222 (Microsoft 365 group" in refusal.instead
    assert "3 (security group, s@contoso.example)" in refusal.instead


def test_a_group_that_is_not_there_is_refused_and_one_not_looked_at_is_not() -> None:
    (refusal,) = found(GROUPS, with_groups(asked=" scanners")).refusals
    assert refusal.why == "there is no such group"
    unasked = found(GROUPS, tenant())
    assert unasked.refusals == ()
    assert unasked.unseen == ("group Scanners: not looked at",)


def test_members_that_were_not_seen_are_said() -> None:
    who = found(GROUPS, with_groups(group(members=HIDDEN)))
    assert who.unseen == ("members of group Scanners: no permission",)


def test_whoever_a_group_holds_and_no_mailbox_answers_for_is_listed_with_the_reason() -> None:
    others = (
        Member(id="dev", kind=MemberKind.DEVICE, name="LAPTOP-7"),
        Member(id="con", kind=MemberKind.CONTACT, name="Carla", address="carla@x.example"),
        Member(id="app", kind=MemberKind.APPLICATION, name="Backup"),
        Member(id="odd", kind=MemberKind.OTHER),
        Member(id="inner", kind=MemberKind.GROUP, name="Inside"),
    )
    people = (
        *(user(name) for name in ("ada", "bg1", "bg2", "admin")),
        user("gus", guest=True),
        user("ida", exchange_plan=False),
        user("hq", synced=True),
    )
    snapshot = with_groups(
        group("ada", "gus", "ida", "hq", "gone", others=others),
        people=people,
        mailboxes=(mailbox("ada"), mailbox("hq", kind=RecipientKind.ON_PREMISES)),
    )
    who = found(GROUPS, snapshot)
    assert [box.address for box in who.mailboxes] == [address("ada")]
    assert who.refusals == ()
    listed = {(one.kind, one.name or one.id): one.why for one in who.left_out}
    assert {key: why for key, why in listed.items() if key[0] != "an account"} == {
        ("an on-premises mailbox", "Hq"): TRAITS[RecipientKind.ON_PREMISES].why,
        ("a guest", "Gus"): "the mailbox is in another tenant",
        ("an account without a mailbox", "Ida"): listed["an account without a mailbox", "Ida"],
        ("a device", "LAPTOP-7"): "a device has no mailbox here",
        ("a contact", "Carla"): "a contact has no mailbox here",
        ("an application", "Backup"): "an application has no mailbox here",
        ("an object of another kind", "odd"): "an object of another kind has no mailbox here",
    }
    assert "not among those read" in listed["an account", "user-gone"]
    assert {(one.grant, one.group) for one in who.left_out} == {("g", "Scanners")}


def test_members_are_listed_also_where_the_directory_was_not_seen() -> None:
    snapshot = replace(with_groups(group("gone"), mailboxes=()), users=HIDDEN)
    (left,) = found(GROUPS, snapshot).left_out
    assert "no permission" in left.why


@pytest.mark.parametrize(
    ("held", "note"),
    [
        (group(), "group Scanners is empty"),
        (group("bg1"), "group Scanners holds no mailbox"),
        (group("ada", dynamic=True), "is dynamic, a rule decides who is in it: 1 mailbox today"),
        (group("ada", "ben", dynamic=True), "2 mailboxes today"),
        (group("ada"), ""),
    ],
)
def test_a_group_that_gives_nothing_or_may_change_by_itself_is_noted(
    held: Group, note: str
) -> None:
    notes = found(GROUPS, with_groups(held)).notes
    assert [note in one for one in notes] == ([True] if note else [])


def test_a_group_that_holds_itself_is_no_member_of_itself() -> None:
    itself = Member(id="11111111-1111-1111-1111-111111111111", kind=MemberKind.OTHER)
    who = found(GROUPS, with_groups(group("ada", others=(itself,))))
    assert who.left_out == ()


def test_a_mailbox_in_two_groups_and_named_too_counts_once_in_the_order_of_the_file() -> None:
    two = group("ben", "scan", id="2", name="More")
    snapshot = with_groups(group("ada", "scan"), two)
    who = f"{{mailboxes: [{address('scan')}], groups: [Scanners, More]}}"
    assert names(who, snapshot) == ["scan", "ada", "ben"]


# --- by filter ---------------------------------------------------------------------------------

CAST = (
    mailbox("ada", display_name="Ada Example"),
    mailbox("ben", display_name="ben example"),
    mailbox("scan1", display_name="Scanner first floor"),
    mailbox("scan2", display_name="Scanner (2nd floor)", address="scan2@eu.contoso.example"),
    shared("post"),
    mailbox("blue", kind=RecipientKind.ROOM, display_name="Blue room"),
    mailbox("car", kind=RecipientKind.EQUIPMENT, entra_id=None),
    mailbox("yael", display_name="יעל דוגמה"),
    mailbox("cafe", display_name="Café"),
    mailbox("guest", kind=RecipientKind.GUEST, display_name="Ada Example"),
)
STAFF = (
    user("ada", department="IT"),
    user("ben", department="it support"),
    user("scan1", department="Devices"),
    *(user(name) for name in ("scan2", "post", "blue", "yael", "cafe", "guest")),
)

FILTERS = [
    ("{type: shared}", "post"),
    ("{type: [room, equipment]}", "blue car"),
    ("{type: user}", "ada ben scan1 scan2 yael cafe"),
    ("{domain: contoso.example}", "ada ben scan1 post blue car yael cafe"),
    ("{domain: '*.contoso.example'}", "scan2"),
    ("{domain: '*contoso.example', type: room}", "blue"),
    ("{domain: example}", ""),
    ("{department: IT}", "ada"),
    ("{department: it*}", "ada ben"),
    ("{department: [it, DEVICES]}", "ada scan1"),
    ("{department: '*'}", "ada ben scan1"),
    ("{name: ada example}", "ada"),
    ("{name: ada}", ""),
    ("{name: '*example'}", "ada ben"),
    ("{name: 'Scanner*'}", "scan1 scan2"),
    ("{name: 'Scanner*floor'}", "scan1"),
    ("{name: 'Scanner (2nd floor)'}", "scan2"),
    ("{name: 'Scanner .2nd floor.'}", ""),
    ("{name: 'יעל*'}", "yael"),
    ("{name: 'CAFE\N{COMBINING ACUTE ACCENT}'}", "cafe"),
    ("{name: '*', type: shared}", "post"),
    ("{name: '*example', department: IT}", "ada"),
]


@pytest.mark.parametrize(("where", "wanted"), FILTERS)
def test_a_filter_takes_the_mailboxes_for_which_every_key_holds(where: str, wanted: str) -> None:
    snapshot = tenant(mailboxes=CAST, people=STAFF)
    assert names(f"{{where: {where}}}", snapshot) == wanted.split()


def test_only_what_a_grant_can_open_is_looked_at() -> None:
    boxes = tuple(mailbox(kind.name.lower(), kind=kind) for kind in RecipientKind)
    snapshot = tenant(mailboxes=boxes, people=())
    taken = {box.kind for box in found("{where: {name: '*'}}", snapshot).mailboxes}
    assert taken == GRANTABLE


def test_a_filter_that_adds_nobody_says_so() -> None:
    (note,) = found("{where: {name: nobody}}", tenant()).notes
    assert "where adds no mailbox" in note


def test_a_department_that_was_not_seen_is_neither_held_nor_missed() -> None:
    hidden = replace(tenant(), users=HIDDEN)
    who = found("{where: {department: IT}}", hidden)
    assert who.mailboxes == ()
    assert who.unseen == (f"department of {address('ada')} and 4 more: no permission",)
    only_shared = found("{where: {department: IT, type: shared}}", hidden)
    assert only_shared.unseen == (f"department of {address('post')}: no permission",)
    unread = tenant(mailboxes=(mailbox("ada"),), people=())
    (told,) = found("{where: {department: IT}}", unread).unseen
    assert told == f"department of {address('ada')}: its account was not among those read"


def test_a_department_decides_nothing_where_another_key_does_not_hold() -> None:
    who = found("{where: {department: IT, name: nobody}}", replace(tenant(), users=HIDDEN))
    assert who.unseen == ()


# --- in a plan ---------------------------------------------------------------------------------


def plan(who: str, snapshot: Snapshot, allow: str = "allow: [imap]") -> Plan:
    text = f"tenant: {DOMAIN}\ngrants:\n  - {{name: g, who: {who}, {allow}}}\n"
    return make_plan(snapshot, parse(text, read_csv=None), NOW)


def test_who_was_left_out_and_what_was_noted_stand_in_the_plan() -> None:
    made = plan(GROUPS, with_groups(group("bg1")))
    assert [one.address for one in made.left_out] == [address("bg1")]
    assert any("holds no mailbox" in note for note in made.notes)
    assert made.refusals == ()


def test_what_was_not_seen_of_a_group_stops_the_plan() -> None:
    made = plan(GROUPS, with_groups(group(members=HIDDEN)))
    assert "unknown" in {stop.guard for stop in made.stops}


KINDS = [kind for kind in RecipientKind if kind not in GRANTABLE]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("through", ["oauth-user", "oauth-app", "gateway"])
def test_a_recipient_that_no_grant_can_open_is_refused_for_what_it_is(
    kind: RecipientKind, through: str
) -> None:
    snapshot = tenant(mailboxes=(mailbox("x", kind=kind),), people=(user("x"),))
    who = f"{{mailboxes: [{address('x')}]}}"
    made = plan(who, snapshot, f"allow: [smtp], through: {through}")
    (refusal,) = made.refusals
    assert (refusal.why, refusal.instead) == (TRAITS[kind].refusal, TRAITS[kind].instead)
    assert made.changes == ()
    assert made.cells == ()


def test_a_high_volume_account_cannot_be_denied_by_a_switch_and_others_are_shut_already() -> None:
    def denied(kind: RecipientKind, protocol: str) -> Plan:
        hidden = mailbox("x", kind=kind, imap=HIDDEN, pop=HIDDEN, smtp=HIDDEN)
        snapshot = tenant(mailboxes=(hidden,), people=(user("x"),))
        return plan(f"{{mailboxes: [{address('x')}]}}", snapshot, f"deny: [{protocol}]")

    refused = denied(RecipientKind.HVE, "smtp")
    assert "no switch of a mailbox reaches" in refused.refusals[0].why
    assert refused.stops == ()
    for kind, protocol in ((RecipientKind.HVE, "imap"), (RecipientKind.GUEST, "smtp")):
        shut = denied(kind, protocol)
        assert shut.refusals == ()
        assert shut.changes == ()
        assert {(cell.promised, cell.after, cell.layer) for cell in shut.cells} == {
            ("refused", "no", "recipient")
        }


def test_every_kind_has_a_name_and_those_that_cannot_be_a_reason_and_a_way_out() -> None:
    assert set(TRAITS) == set(RecipientKind)
    assert len({trait.called for trait in TRAITS.values()}) == len(TRAITS)
    for kind, trait in TRAITS.items():
        assert trait.called.partition(" ")[0] in ("a", "an", "the")
        assert bool(trait.why) == bool(trait.instead) == (kind not in GRANTABLE)


def box_of(kind: RecipientKind) -> Mailbox:
    return mailbox("x", kind=kind)


@pytest.mark.parametrize(
    "kind", [RecipientKind.SHARED, RecipientKind.ROOM, RecipientKind.EQUIPMENT]
)
def test_a_mailbox_without_a_sign_in_takes_no_password(kind: RecipientKind) -> None:
    snapshot = tenant(mailboxes=(box_of(kind),), people=(user("x", enabled=False),))
    basic = "allow: [smtp], through: basic, from: [203.0.113.0/28]"
    made = plan(f"{{mailboxes: [{address('x')}]}}", snapshot, basic)
    assert made.refusals[0].why == f"{TRAITS[kind].called} has no sign-in of its own"
    assert made.refusals[0].instead == "through: gateway"
