"""The words of our own access take nothing for granted."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from portineria.tenant import ownaccess
from portineria.tenant.ownaccess import Access, Permission, Registered

WORDS = [
    word
    for name in ("Permission", "DirectoryRole", "AppKey", "Registered", "Given", "HeldRole")
    for word in [getattr(ownaccess, name)]
]


def test_a_permission_is_needed_by_every_access_unless_it_says_otherwise() -> None:
    plain = Permission(value="User.Read.All", resource="r", why="to see", calls=("GET /users",))
    assert (plain.only_for, plain.instead, plain.optional) == (None, "", False)
    assert [str(access) for access in Access] == ["read", "write"]


def test_an_application_of_which_nothing_more_is_known_holds_no_credential() -> None:
    found = Registered(object_id="o", client_id="c", name="n")
    assert (found.keys, found.secrets) == ((), 0)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.__name__)
def test_what_was_seen_does_not_change_afterwards(word: type) -> None:
    seen = word(**{field.name: "x" for field in fields(word)})
    with pytest.raises(FrozenInstanceError):
        setattr(seen, fields(word)[0].name, "y")
