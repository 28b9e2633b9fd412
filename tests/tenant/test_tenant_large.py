"""A snapshot of thousands: found at once, held in little, written in pieces."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

from portineria.tenant.apps import MailboxRight
from portineria.tenant.lazyjson import pieces
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.naming import folded
from portineria.tenant.people import User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.snapshotjson import from_json, lazily, to_json


def crowd(number: int) -> Snapshot:
    boxes = tuple(
        Mailbox(
            guid=f"0f6a2f1e-3c9d-4c1b-9f5e-{n:012}",
            entra_id=f"bbbbbbbb-0000-4000-8000-{n:012}",
            address=f"somebody.{n:06}@contoso.example",
            upn=f"somebody.{n:06}@contoso.example",
            display_name=f"Somebody {n:06}",
            aliases=(f"s{n}@contoso.example",),
        )
        for n in range(number)
    )
    users = {
        str(box.entra_id): User(
            id=str(box.entra_id), upn=box.upn, display_name=box.display_name, enabled=n % 9 > 0
        )
        for n, box in enumerate(boxes)
    }
    return Snapshot(
        tenant_id="t",
        taken_at=datetime(2026, 11, 1, tzinfo=UTC),
        mailboxes=boxes,
        users=users,
        rights={("app", box.guid): MailboxRight(full_access=True) for box in boxes},
    )


def held(task: Callable[[], object]) -> tuple[int, int]:
    """Bytes that a task leaves, and the most that it held meanwhile."""
    gc.collect()
    tracemalloc.start()
    try:
        found = task()
        gc.collect()
        kept, peak = tracemalloc.get_traced_memory()
        assert found is not None
        return kept, peak
    finally:
        tracemalloc.stop()


def test_everybody_is_found_by_each_name() -> None:
    seen = crowd(2000)
    assert not hasattr(seen.mailboxes, "because")
    for box in seen.mailboxes:
        for name in (box.address.upper(), box.upn, box.guid, box.entra_id, *box.aliases):
            assert seen.called(f" {name} ") == (box,)
    assert seen.called("nobody@contoso.example") == ()


def test_names_borne_by_several_keep_their_order() -> None:
    seen = crowd(3)
    one, two, three = seen.mailboxes
    shared = (two.address,)
    boxes = (
        Mailbox(**{**_members(one), "aliases": shared}),
        two,
        Mailbox(**{**_members(three), "aliases": shared, "upn": two.address}),
    )
    found = Snapshot(tenant_id="t", taken_at=seen.taken_at, mailboxes=boxes)
    assert found.called(two.address) == (boxes[1], boxes[2], boxes[0])
    assert found.mailbox(two.address) is boxes[1]


def _members(box: Mailbox) -> dict[str, object]:
    return {name: getattr(box, name) for name in Mailbox.__dataclass_fields__}


def test_the_index_of_names_copies_no_name() -> None:
    """Four names of a mailbox, which are in their form already: places in a table, no more."""
    seen = crowd(3000)
    kept, _ = held(lambda: seen.mailbox("nobody") or seen.called(seen.mailboxes[0].guid))
    assert kept / 3000 < 330
    assert folded("ada@contoso.example") == folded("ADA@contoso.example ")


def test_a_snapshot_is_written_without_being_held_as_text_or_twice() -> None:
    small, large = crowd(2500), crowd(5000)
    total = sum(map(len, pieces(lazily(large))))
    assert total > 1_000_000
    _, few = held(lambda: sum(map(len, pieces(lazily(small)))))
    _, many = held(lambda: sum(map(len, pieces(lazily(large)))))
    assert many < few + 100_000, "the names of users and rights are put in order, no more"


def test_what_is_written_in_pieces_is_read_whole() -> None:
    seen = crowd(50)
    assert from_json(json.loads("".join(pieces(lazily(seen))))) == seen
    assert to_json(seen) == json.loads("".join(pieces(lazily(seen))))
