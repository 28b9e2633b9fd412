"""A snapshot survives being written down, Unseen included."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    MailboxPlan,
    NamedLocation,
    Organization,
    Transport,
)
from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.people import Domain, Group, Licences, User
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
    "role_members": UNSEEN | st.dictionaries(NAMES, st.frozensets(NAMES), max_size=2),
    "apps": UNSEEN | keyed(App),
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
