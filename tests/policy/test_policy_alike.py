"""What means the same to Microsoft, however it is spelled."""

from __future__ import annotations

from typing import Any

import pytest

from portineria.policy.alike import alike


@pytest.mark.parametrize(
    ("wanted", "seen", "same"),
    [
        (None, False, False),
        (False, None, False),
        (True, 1, False),
        (None, "", True),
        (None, [], True),
        ({}, None, True),
        (["a", "b"], ["B", "A"], True),
        (["a"], ["a", "b"], False),
        ({"users": {"includeUsers": ["All"]}}, {"users": {"includeUsers": ["All"]}}, True),
        ({"a": 1}, {"a": 1, "b": None, "c": []}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"a": 1, "x@odata.context": "https://graph"}, True),
        ({"@odata.type": "#ip"}, {"@odata.type": "#country"}, False),
        ([{"cidrAddress": "a"}], [{"cidrAddress": "a"}], True),
        ([{"cidrAddress": "a"}], [{"cidrAddress": "b"}], False),
        ("x", ["x"], False),
        ({"a": 1}, ["a"], False),
    ],
)
def test_values_that_mean_the_same_are_alike(wanted: Any, seen: Any, same: bool) -> None:
    assert alike(wanted, seen) is same
    assert alike(seen, wanted) is same
