"""Finding somebody by a name, however it is spelled, and however many bear it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.tenant.mailbox import Mailbox
from portineria.tenant.naming import folded
from portineria.tenant.people import User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

ADA = Mailbox(
    guid="0F6A",
    entra_id="7D0D",
    address="ada@x.example",
    upn="a.example@x.example",
    display_name="Ada",
    aliases=("a.old@x.example",),
)
BEN = replace(ADA, guid="B", entra_id=None, address="ben@x.example", upn="", aliases=())


def seen(*boxes: Mailbox, **changes: object) -> Snapshot:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Snapshot(tenant_id="t", taken_at=at, mailboxes=boxes, **changes)  # type: ignore[arg-type]


SAME = [
    ("Ada@X.example", "ada@x.example"),
    (" ada@x.example\t", "ada@x.example"),
    (
        "caf\N{LATIN SMALL LETTER E WITH ACUTE}@x.example",
        "cafe\N{COMBINING ACUTE ACCENT}@x.example",
    ),
    ("STRASSE@x.example", "straße@x.example"),
    ("יעל", " יעל "),
    ("İbrahim", "i̇brahim"),
    ("ΜΑΡΙΟΣ", "μάριος".replace("ά", "α")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(st.text())
@settings(max_examples=200)
def test_folding_twice_is_as_folding_once(name: str) -> None:
    assert folded(folded(name)) == folded(name)


@pytest.mark.parametrize(
    "name",
    ["ada@x.example", "ADA@X.EXAMPLE", "A.Example@x.example", "a.OLD@x.example", "0f6a", "7d0d"],
)
def test_a_mailbox_answers_to_each_of_its_names_whatever_the_case(name: str) -> None:
    assert seen(ADA, BEN).mailbox(name) == ADA


@pytest.mark.parametrize("name", ["", " ", "x.example", "ada@y.example"])
def test_nobody_answers_to_a_name_that_nobody_bears(name: str) -> None:
    assert seen(ADA, BEN).mailbox(name) is None
    assert seen(ADA, BEN).called(name) == ()


def test_where_ones_address_is_anothers_sign_in_name_the_owner_comes_first() -> None:
    other = replace(BEN, upn="ada@x.example", aliases=("a.old@x.example",))
    found = seen(other, ADA)
    assert found.called("ada@x.example") == (ADA, other)
    assert found.called("a.old@x.example") == (other, ADA)
    assert found.mailbox("ada@x.example") == ADA


def test_however_many_bear_a_name_each_answers_once() -> None:
    """The owner by address, then in the order in which they were read."""
    others = tuple(
        replace(BEN, guid=f"G{n}", address=f"{n}@x.example", upn="ada@x.example", aliases=aliases)
        for n, aliases in enumerate([("ADA@x.example",), (), ("ada@x.example", "Ada@x.example")])
    )
    assert seen(*others, ADA).called("ada@x.example") == (ADA, *others)


def test_a_mailbox_that_bears_one_name_twice_answers_to_it_once() -> None:
    plain = replace(ADA, upn="ADA@x.example", aliases=("ada@X.example",))
    assert seen(plain, BEN).called("ada@x.example") == (plain,)


def test_mailboxes_that_were_not_seen_have_no_names() -> None:
    snapshot = replace(seen(), mailboxes=Unseen("no permission"))
    assert snapshot.mailbox("ada@x.example") is None


def test_an_account_is_found_by_its_sign_in_name_whatever_the_case() -> None:
    user = User(id="u", upn="ada@x.example", display_name="Ada")
    assert seen(users={"u": user}).user_by_upn(" ADA@x.example") == user
    assert seen(users={"u": user}).user_by_upn("ben@x.example") is None
    assert seen(users=Unseen("no permission")).user_by_upn("ada@x.example") is None
