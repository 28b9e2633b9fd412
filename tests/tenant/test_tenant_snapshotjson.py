"""A snapshot survives being written down, Unseen included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    MailboxPlan,
    NamedLocation,
    Organization,
    PolicyState,
    Transport,
)
from portineria.tenant.apps import App, AppKind, MailboxRight, OwnApp, RoleAssignment, ScopeGroup
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.people import Domain, Group, Licences, Member, MemberKind, User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.snapshotjson import from_json, to_json
from portineria.tenant.unseen import Unseen

NAMES = st.text(min_size=0, max_size=6)
UNSEEN = st.builds(Unseen, NAMES)
DATES = st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1))
st.register_type_strategy(str, NAMES)
st.register_type_strategy(datetime, DATES)


def few(kind: type) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.builds(kind), max_size=2).map(tuple)


def keyed(kind: type) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(NAMES, st.builds(kind), max_size=2)


MEMBERS: dict[str, st.SearchStrategy[object]] = {
    "tenant_id": NAMES,
    "taken_at": DATES,
    "domains": UNSEEN | few(Domain),
    "licences": UNSEEN | st.builds(Licences),
    "security_defaults": UNSEEN | st.booleans(),
    "conditional_access": UNSEEN | few(ConditionalAccessPolicy),
    "named_locations": UNSEEN | few(NamedLocation),
    "authentication_policies": UNSEEN | few(AuthenticationPolicy),
    "transport": UNSEEN | st.builds(Transport),
    "organization": UNSEEN | st.builds(Organization),
    "mailbox_plans": UNSEEN | few(MailboxPlan),
    "mailboxes": UNSEEN | few(Mailbox),
    "users": UNSEEN | keyed(User),
    "groups": keyed(Group),
    "groups_asked": st.frozensets(NAMES, max_size=2),
    "unread": st.dictionaries(NAMES, NAMES, max_size=2),
    "role_members": UNSEEN | st.dictionaries(NAMES, st.frozensets(NAMES), max_size=2),
    "apps": UNSEEN | keyed(App),
    "own": UNSEEN | st.lists(st.builds(OwnApp), max_size=2).map(tuple),
    "rights": st.dictionaries(st.tuples(NAMES, NAMES), st.builds(MailboxRight), max_size=2),
    "user_consent": UNSEEN | st.booleans(),
    "settled": st.dictionaries(NAMES, NAMES, max_size=2),
    "own_app": st.none() | NAMES,
}


@settings(max_examples=60, deadline=None)
@given(st.builds(Snapshot, **MEMBERS))
def test_a_snapshot_is_the_same_after_a_round_through_json(snapshot: Snapshot) -> None:
    assert from_json(json.loads(json.dumps(to_json(snapshot)))) == snapshot


def test_every_field_of_a_snapshot_is_exercised_by_the_property() -> None:
    """A new field must get its strategy above, or the property would not see it."""
    assert {field.name for field in fields(Snapshot)} == set(MEMBERS)


def test_unseen_is_never_read_back_as_off_or_empty() -> None:
    snapshot = Snapshot(
        tenant_id="t", taken_at=datetime(2026, 11, 1, tzinfo=UTC), mailboxes=Unseen("no permission")
    )
    assert from_json(to_json(snapshot)).mailboxes == Unseen("no permission")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"schema": "portineria/plan@1"},
        {"schema": "portineria/snapshot@1"},
        {"schema": "portineria/snapshot@1", "tenant_id": "t", "taken_at": "yesterday"},
        {"schema": "portineria/snapshot@1", "tenant_id": "t", "taken_at": "2026-11-01T00:00:00"},
        {"schema": "portineria/snapshot@1", "tenant_id": "t", "taken_at": 7},
        {
            "schema": "portineria/snapshot@1",
            "tenant_id": "t",
            "taken_at": "2026-11-01T00:00:00+00:00",
            "from_the_future": 1,
        },
    ],
)
def test_what_is_not_a_snapshot_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        from_json(document)


BASE = {
    "schema": "portineria/snapshot@1",
    "tenant_id": "t",
    "taken_at": "2026-11-01T00:00:00+00:00",
}
BOX = {
    "guid": "g",
    "entra_id": None,
    "address": "a@x.example",
    "upn": "a@x.example",
    "display_name": "A",
}
BROKEN: list[tuple[dict[str, object], str]] = [
    ({"mailboxes": {}}, "snapshot.mailboxes: expected a list, found {}"),
    ({"users": []}, "snapshot.users: expected an object, found []"),
    ({"tenant_id": 7}, "snapshot.tenant_id: expected str, found 7"),
    ({"security_defaults": "yes"}, "snapshot.security_defaults: expected bool, found 'yes'"),
    ({"licences": []}, "snapshot.licences: not a Licences: []"),
    ({"mailboxes": [{**BOX, "colour": 1}]}, "snapshot.mailboxes: not a Mailbox"),
    ({"mailboxes": [{"guid": "g"}]}, "snapshot.mailboxes.entra_id is missing"),
    ({"mailboxes": [{**BOX, "smtp": "ajar"}]}, "'ajar' is not a valid SmtpSwitch"),
    ({"rights": [["app", "guid"]]}, "snapshot.rights: expected 2 keys and a value"),
    ({"rights": [["app", ["guid"], {}]]}, "snapshot.rights: expected str, found ['guid']"),
    ({"rights": ["app"]}, "snapshot.rights: expected a list, found 'app'"),
    *(
        (
            {"named_locations": [{"id": "i", "name": "n", "networks": [network]}]},
            f"snapshot.named_locations.networks: {why}",
        )
        for network, why in [
            ("203.0.113.7/24", "203.0.113.7/24 has host bits set"),
            ("everywhere", "'everywhere' does not appear to be"),
            (7, "expected a network, found 7"),
        ]
    ),
]


@pytest.mark.parametrize(("members", "why"), BROKEN)
def test_what_does_not_fit_is_told_by_its_place(members: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("[", r"\[").replace("{", r"\{")):
        from_json({**BASE, **members})


def test_a_member_of_a_mapping_is_told_with_its_key() -> None:
    with pytest.raises(ValueError, match=r"snapshot\.users\.u-1\.upn is missing"):
        from_json({**BASE, "users": {"u-1": {"id": "u-1"}}})


WHOLE = Snapshot(
    tenant_id="t",
    taken_at=datetime(2026, 11, 1, tzinfo=UTC),
    domains=(Domain(name="x.example"),),
    licences=Licences(),
    security_defaults=True,
    conditional_access=(
        ConditionalAccessPolicy(
            id="p",
            name="P",
            state=PolicyState.ENABLED,
            client_apps=frozenset({"all"}),
            service_principals=frozenset({"s"}),
            created=datetime(2026, 1, 1, tzinfo=UTC),
        ),
    ),
    named_locations=(NamedLocation(id="n", name="N", networks=(ip_network("203.0.113.0/28"),)),),
    authentication_policies=(AuthenticationPolicy(name="A", guid="a"),),
    transport=Transport(smtp_auth_disabled=True, legacy_tls=False),
    organization=Organization(),
    mailbox_plans=(MailboxPlan(name="M", guid="m"),),
    mailboxes=(
        Mailbox(
            guid="g",
            entra_id="u",
            address="a@x.example",
            upn="a@x.example",
            display_name="A",
            aliases=("b@x.example",),
        ),
    ),
    users={"u": User(id="u", upn="a@x.example", display_name="A", department="IT")},
    groups={
        "g": Group(
            id="g",
            name="G",
            members=frozenset({"u"}),
            others=(Member(id="d", kind=MemberKind.DEVICE),),
        )
    },
    groups_asked=frozenset({"G"}),
    role_members={"r": frozenset({"u"})},
    apps={"c": App(id="c", name="C", principal_id="s", roles=frozenset({"Mail"}))},
    rights={("c", "g"): MailboxRight(full_access=True)},
    own=(
        OwnApp(
            id="o",
            name="O",
            kind=AppKind.SMTP,
            tags=("Portineria",),
            roles=frozenset({"Mail"}),
            registered=("s",),
            assignments=(RoleAssignment(name="R", role="r", scope="Group"),),
            group=ScopeGroup(id="g", name="G", members=frozenset({"g"})),
        ),
    ),
    user_consent=False,
    settled={"reading": "yes"},
    unread={"somebody": "no permission"},
    own_app="c",
)
KEYED = {"users", "groups", "role_members", "apps", "settled", "unread"}
"""What is filed under keys of the tenant's own: which ones there are, no word says."""


def objects(value: object, where: str = "snapshot") -> Iterator[tuple[dict[str, Any], str]]:
    """Every object whose members a word names, with its place."""
    if isinstance(value, list):
        for item in value:
            yield from objects(item, where)
    if isinstance(value, dict):
        name = where.rpartition(".")[2]
        if name not in KEYED or where.count(".") > 1:
            yield value, where
        for key, item in value.items():
            yield from objects(item, f"{where}.{key}")


WORDS = (
    *(Snapshot, Domain, Licences, ConditionalAccessPolicy, NamedLocation, AuthenticationPolicy),
    *(Transport, Organization, MailboxPlan, Mailbox, User, Group, Member, App, MailboxRight),
    *(OwnApp, RoleAssignment, ScopeGroup),
)


def read_or_told(document: dict[str, Any]) -> Snapshot | str:
    try:
        return from_json(document)
    except ValueError as fault:
        return str(fault)


def test_what_is_left_out_is_not_seen_or_refused_and_never_off_or_none() -> None:
    """Every member of every word, taken out of a whole snapshot, one at a time."""
    document = to_json(WHOLE)
    unseen, refused = set(), set()
    for container, where in objects(document):
        for name in [name for name in container if name != "schema"]:
            place = f"{where}.{name}"
            kept = container.pop(name)
            read = read_or_told(document)
            if isinstance(read, str):
                assert read == f"{place} is missing"
                refused.add(place)
            else:
                container[name] = {"unseen": "the snapshot file does not say"}
                assert read == from_json(document) != WHOLE, place
                unseen.add(place)
            container[name] = kept
    assert from_json(document) == WHOLE
    assert {"snapshot.licences", "snapshot.mailboxes.imap", "snapshot.rights.scoped_smtp"} <= unseen
    assert {
        "snapshot.licences.entra_p1",
        "snapshot.unread",
        "snapshot.transport.legacy_tls",
    } <= refused
    assert len(unseen | refused) == sum(len(fields(word)) for word in WORDS)


DAMAGE: list[object] = [None, True, 7, 0.5, "x", [], [None], [["x"]], {}, {"x": 1}, {"unseen": 1}]


def spots(value: object) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON document."""
    members: Any = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    for key, item in members:
        yield value, key
        yield from spots(item)


def test_whatever_is_damaged_is_refused_or_read_as_something_else_and_nothing_breaks() -> None:
    """Each member of a whole snapshot, replaced by each kind of JSON value."""
    document = to_json(WHOLE)
    assert from_json(document) == WHOLE
    refused = 0
    for container, key in spots(document):
        kept = container[key]
        for damaged in DAMAGE:
            container[key] = damaged
            try:
                assert from_json(document) != WHOLE or damaged in (kept, {})
            except ValueError:
                refused += 1
        container[key] = kept
    assert refused > 1000
