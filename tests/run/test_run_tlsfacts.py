"""Whose certificate it is, and what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portineria.run.tlsfacts import Certificate, complaints, covers

NOW = datetime(2026, 11, 4, tzinfo=UTC)


def certificate(**changes: object) -> Certificate:
    usual: dict[str, object] = {
        "subject": "CN=mail.example",
        "issuer": "CN=authority",
        "names": ("mail.example",),
        "begins": NOW - timedelta(10),
        "ends": NOW + timedelta(10),
    }
    return Certificate(**{**usual, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "host", "good"),
    [
        (("mail.example",), "MAIL.example.", True),
        (("*.example.org",), "mail.example.org", True),
        (("*.example.org",), "a.mail.example.org", False),
        (("*.example.org",), "example.org", False),
        (("*.org",), "example.org", False),
        (("m*.example.org",), "mail.example.org", False),
        (("127.0.0.1",), "127.0.0.1", True),
        (("0:0:0:0:0:0:0:1",), "::1", True),
        (("127.0.0.1",), "127.0.0.2", False),
        ((), "mail.example", False),
    ],
)
def test_a_star_stands_for_one_whole_label_and_an_address_for_itself(
    names: tuple[str, ...], host: str, good: bool
) -> None:
    assert covers(names, host) is good


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"names": ("other.example",)}, ["it is made out to other.example, not to mail.example"]),
        ({"names": ()}, ["it is made out to no name at all, not to mail.example"]),
        ({"ends": NOW - timedelta(1)}, ["it expired on 2026-11-03"]),
        ({"begins": NOW + timedelta(1)}, ["it is not valid before 2026-11-05"]),
        ({"issuer": "CN=mail.example"}, ["it is signed by itself, by no authority"]),
    ],
)
def test_each_mistake_of_a_certificate_is_a_clause(
    changes: dict[str, object], told: list[str]
) -> None:
    assert list(complaints(certificate(**changes), "mail.example", NOW)) == told


def test_days_left_are_whole_and_below_zero_when_it_is_over() -> None:
    assert certificate().days_left(NOW) == 10
    assert certificate(ends=NOW - timedelta(hours=1)).days_left(NOW) == -1
