"""What is written piece by piece is what would have been written whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portineria.tenant.lazyjson import Keyed, Listed, canonical, made, pieces, whole

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def later(value: Any, depth: int = 0) -> Any:
    """The same value with its outer lists and objects made late, in the order of their names."""
    if isinstance(value, list):
        return Listed(lambda: iter(value))
    if isinstance(value, dict) and depth:
        return Keyed(lambda: ((name, value[name]) for name in sorted(value)))
    if isinstance(value, dict):
        return {name: later(member, depth + 1) for name, member in value.items()}
    return value


@given(PLAIN)
@example({"b": {"d": 1, "c": [None]}, "a": [2]})
def test_the_pieces_say_what_the_whole_says(value: Any) -> None:
    lazy = later(value)
    assert whole(lazy) == value
    assert json.loads("".join(pieces(lazy))) == value
    assert json.loads(json.dumps(lazy, default=made)) == value


@given(PLAIN)
@example({"b": {"d": 1, "c": [None]}, "a": [2]})
def test_canonical_pieces_are_the_canonical_text(value: Any) -> None:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert "".join(canonical(value)) == text
    assert "".join(canonical(later(value))) == text


@given(PLAIN)
def test_without_long_lists_it_looks_as_json_dumps_makes_it(value: Any) -> None:
    assert "".join(pieces(value)) == json.dumps(value, ensure_ascii=False, indent=2)


def test_each_item_of_a_long_list_stands_on_a_line() -> None:
    document = {"rows": Listed(lambda: [{"a": [1]}, {"b": 2}]), "none": Listed(lambda: ())}
    text = '{\n  "rows": [\n    {"a": [1]},\n    {"b": 2}\n  ],\n  "none": []\n}'
    assert "".join(pieces(document)) == text
    keyed = Keyed(lambda: [("x", {"y": datetime(2026, 1, 2, tzinfo=UTC)})])
    assert "".join(pieces(keyed)) == '{\n  "x": {"y": "2026-01-02 00:00:00+00:00"}\n}'
    assert "".join(pieces(Keyed(lambda: ()))) == "{}"


def test_no_more_than_one_item_is_made_ahead_of_what_is_written() -> None:
    begun: list[int] = []

    def rows() -> Iterator[int]:
        for number in range(1000):
            begun.append(number)
            yield number

    for writing in (pieces, canonical):
        begun.clear()
        told = iter(writing({"rows": Listed(rows)}))
        while len(begun) < 3:
            next(told)
        assert begun == [0, 1, 2]


def test_what_has_no_json_is_refused_as_ever() -> None:
    with pytest.raises(TypeError, match="set has no JSON"):
        json.dumps({"a": set()}, default=made)
