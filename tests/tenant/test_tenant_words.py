"""The small words of a tenant: callers as text, switches as Exchange stores them, the unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portineria.tenant.apps import (
    TAG,
    AppKind,
    MailboxRight,
    OwnApp,
    app_name,
    group_name,
    mark_of,
    tags_of,
)
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough, parse_caller
from portineria.tenant.mailbox import SmtpSwitch
from portineria.tenant.people import User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

CALLERS = [
    ("basic", Basic()),
    ("user", UserThrough()),
    ("user:client-1", UserThrough("client-1")),
    ("app:client-1", AppOnly("client-1")),
    ("app:a:b", AppOnly("a:b")),
]
SEEN = Snapshot(tenant_id="t", taken_at=datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize(("text", "caller"), CALLERS)
def test_a_caller_is_read_as_it_is_written(text: str, caller: Caller) -> None:
    assert parse_caller(text) == caller
    assert str(caller) == text


def test_space_around_a_caller_and_an_empty_client_mean_nothing() -> None:
    assert parse_caller("  user:\n") == UserThrough()
    assert parse_caller(" basic: ") == Basic()


@pytest.mark.parametrize(
    "text", ["", "app", "app:", "basic:client-1", "Basic", "users", "person", "user;x"]
)
def test_what_is_not_a_caller_is_refused_with_the_four_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="basic, user, user:CLIENT_ID or app:CLIENT_ID"):
        parse_caller(text)


@pytest.mark.parametrize(
    ("stored", "switch"),
    [(False, SmtpSwitch.ON), (True, SmtpSwitch.OFF), (None, SmtpSwitch.INHERIT)],
)
def test_the_smtp_switch_is_turned_the_right_way_round_and_back(
    stored: bool | None, switch: SmtpSwitch
) -> None:
    assert SmtpSwitch.from_disabled(stored) is switch
    assert switch.disabled is stored


def test_a_right_that_was_not_read_is_not_looked_at_rather_than_none() -> None:
    read = Snapshot(
        tenant_id="t",
        taken_at=SEEN.taken_at,
        rights={("app", "box"): MailboxRight(full_access=False)},
    )
    assert read.right("app", "box") == MailboxRight(full_access=False)
    assert read.right("app", "other") is NOT_LOOKED_AT
    assert read.right("box", "app") is NOT_LOOKED_AT


def test_a_snapshot_tells_every_family_that_it_lacks_with_the_reason() -> None:
    bare = SEEN.unseen()
    assert set(bare.values()) == {"not looked at"}
    assert {"licences", "mailboxes", "users", "transport", "role_members"} <= set(bare)
    assert not {"tenant_id", "groups", "rights", "settled", "own_app"} & set(bare)
    partly = Snapshot(
        tenant_id="t",
        taken_at=SEEN.taken_at,
        licences=Unseen("no permission Organization.Read.All"),
        mailboxes=(),
        security_defaults=False,
    )
    assert partly.unseen()["licences"] == "no permission Organization.Read.All"
    assert bare.keys() - partly.unseen().keys() == {"mailboxes", "security_defaults"}


def test_nobody_is_found_among_accounts_that_were_not_seen() -> None:
    assert SEEN.user("u-1") is None
    assert SEEN.user(None) is None


def test_an_account_is_found_by_its_directory_id_exactly() -> None:
    ada = User(id="u-1", upn="ada@x.example", display_name="Ada")
    read = Snapshot(tenant_id="t", taken_at=SEEN.taken_at, users={"u-1": ada})
    assert read.user("u-1") == ada
    assert read.user("U-1") is None
    assert read.user(None) is None


def test_an_application_of_ours_is_seen_as_any_other_once_it_has_a_principal() -> None:
    half = OwnApp(id="c", name="N", kind=AppKind.MAIL)
    assert half.seen() is None
    whole = replace(half, principal_id="p", registered=("wrong", "p"))
    found = whole.seen()
    assert found is not None
    assert (found.id, found.principal_id, found.registered_as) == ("c", "p", "p")


@pytest.mark.parametrize(
    ("registered", "shown"), [((), None), (("wrong",), "wrong"), (Unseen("down"), Unseen("down"))]
)
def test_the_classic_mistake_shows_in_what_it_is_registered_as(
    registered: object, shown: object
) -> None:
    app = OwnApp(id="c", name="N", kind=AppKind.SMTP, principal_id="p", registered=registered)  # type: ignore[arg-type]
    found = app.seen()
    assert found is not None
    assert found.registered_as == shown


def test_the_mark_names_what_belongs_to_an_application() -> None:
    tags = tags_of(AppKind.SMTP, "abc123")
    assert (TAG in tags, mark_of(tags), list(tags)) == (True, "abc123", sorted(tags))
    assert group_name(tags) == "Portineria: SMTP senders abc123"
    assert app_name(AppKind.SMTP, "abc123") == "Portineria: SMTP app abc123"
    assert (mark_of(()), group_name(())) == ("", "")
