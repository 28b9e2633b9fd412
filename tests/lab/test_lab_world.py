"""The world remembers its past."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.clock import VirtualClock
from portineria.lab.world import World


def _world() -> tuple[World, VirtualClock]:
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    return World(clock, "tenant"), clock


def test_an_older_reading_shows_the_older_document() -> None:
    world, clock = _world()
    world["users"].put("a", {"name": "before"})
    clock.advance(10)
    world["users"].put("a", {"name": "after"})
    assert world["users"].get("a") == {"name": "after"}
    assert world["users"].get("a", age=5) == {"name": "before"}
    assert world["users"].get("a", age=11) is None


def test_a_deleted_document_is_still_there_for_those_who_lag() -> None:
    world, clock = _world()
    world["groups"].put("g", {"id": "g"})
    clock.advance(5)
    world["groups"].put("g", None)
    assert list(world["groups"].all()) == []
    assert list(world["groups"].all(age=3)) == [{"id": "g"}]


def test_documents_are_copies() -> None:
    world, _ = _world()
    given_ = {"members": ["x"]}
    world["groups"].put("g", given_)
    given_["members"].append("y")
    read = world["groups"].get("g")
    assert read is not None
    read["members"].append("z")
    assert world["groups"].get("g") == {"members": ["x"]}


def test_a_deaf_world_accepts_and_forgets_until_it_hears_again() -> None:
    world, _ = _world()
    world["users"].put("a", {"name": "before"})
    with world.deaf():
        world["users"].put("a", {"name": "after"})
        world["users"].patch("a", name="after")
    assert world["users"].get("a") == {"name": "before"}
    world["users"].patch("a", name="later")
    assert world["users"].get("a") == {"name": "later"}


def test_patching_what_is_not_there_is_an_error() -> None:
    world, _ = _world()
    with pytest.raises(KeyError):
        world["users"].patch("nobody", name="x")


def test_things_are_found_whatever_the_case() -> None:
    world, _ = _world()
    world["users"].put("a", {"userPrincipalName": "Ada@Contoso.Example"})
    assert world["users"].find("userPrincipalName", "ada@contoso.example") is not None
    assert world["users"].find("userPrincipalName", "bea@contoso.example") is None


def test_the_same_story_makes_the_same_ids() -> None:
    first, second = _world()[0], _world()[0]
    assert [first.new_id("x") for _ in range(3)] == [second.new_id("x") for _ in range(3)]
    assert first.new_id("x") != first.new_id("x")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1), st.integers(0, 60))
def test_a_reading_of_the_past_is_what_was_read_then(
    steps: list[tuple[int, int]], age: int
) -> None:
    world, clock = _world()
    seen = [(0, world["users"].get("a"))]
    for wait, value in steps:
        clock.advance(wait)
        world["users"].put("a", {"value": value})
        seen.append((round(clock.tick()), world["users"].get("a")))
    then = clock.tick() - age
    expected = next((read for at, read in reversed(seen) if at <= then), None)
    assert world["users"].get("a", age=age) == expected
