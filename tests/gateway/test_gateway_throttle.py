"""Failed logins and crowds: what is turned away, for how long, and how much memory that takes."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.gateway import throttle as throttling
from portineria.gateway.limits import Limits
from portineria.gateway.throttle import Crowd, Throttle, block

HERE, THERE = ip_address("192.0.2.1"), ip_address("198.51.100.7")
LIMITS = Limits(failures=3, lockout_seconds=60, sessions=3, sessions_per_address=2)


def failing(times: int, *, name: str = "scan", start: float = 0.0) -> Throttle:
    found = Throttle(LIMITS)
    for _ in range(times):
        found.failed(HERE, name, start)
    return found


def test_a_few_mistakes_cost_nothing() -> None:
    assert failing(2).verdict(HERE, "scan", 0.0) == ""


@pytest.mark.parametrize(
    ("failures", "wait"), [(3, 1.0), (4, 2.0), (5, 4.0), (9, 60.0), (99, 60.0)]
)
def test_each_further_mistake_doubles_the_wait_up_to_the_longest(
    failures: int, wait: float
) -> None:
    found = failing(failures)
    assert found.verdict(HERE, "somebody else", wait - 0.01)
    assert found.verdict(HERE, "somebody else", wait) == ""


def test_the_address_and_the_name_wait_each_for_itself() -> None:
    found = failing(3)
    assert "address" in found.verdict(HERE, "another", 0.0)
    assert "name" in found.verdict(THERE, "scan", 0.0)
    assert found.verdict(THERE, "another", 0.0) == ""


def test_a_name_is_found_however_it_is_written() -> None:
    found = failing(3, name="DOMAIN\\Scan")
    assert found.verdict(THERE, "domain/scan", 0.0)


def test_guessing_at_a_name_does_not_lock_out_whoever_got_in_from_elsewhere() -> None:
    found = Throttle(LIMITS)
    found.passed(THERE, "scan")
    for _ in range(20):
        found.failed(HERE, "scan", 0.0)
    assert found.verdict(THERE, "scan", 0.0) == ""
    assert found.verdict(ip_address("203.0.113.9"), "scan", 0.0)


def test_a_neighbour_with_a_wrong_password_does_not_lock_out_who_got_in_before() -> None:
    found = Throttle(LIMITS)
    found.passed(HERE, "scan")
    for _ in range(20):
        found.failed(HERE, "printer", 0.0)
    assert found.verdict(HERE, "scan", 0.0) == ""
    assert "address" in found.verdict(HERE, "new", 0.0)


def test_who_got_in_before_is_judged_by_his_own_mistakes() -> None:
    found = Throttle(LIMITS)
    found.passed(HERE, "scan")
    for _ in range(3):
        found.failed(HERE, "scan", 0.0)
    assert "under this name from this address" in found.verdict(HERE, "scan", 0.5)
    assert found.verdict(HERE, "new", 0.5) == ""
    found.passed(HERE, "scan")
    assert found.verdict(HERE, "scan", 0.5) == ""


def test_getting_in_forgives_the_address() -> None:
    found = failing(2)
    found.passed(HERE, "scan")
    found.failed(HERE, "other", 0.0)
    found.failed(HERE, "another", 0.0)
    assert found.verdict(HERE, "third", 0.0) == ""


def test_an_hour_without_a_mistake_is_forgotten() -> None:
    found = failing(2)
    found.failed(HERE, "scan", throttling.FORGOTTEN + 1)
    assert found.verdict(HERE, "scan", throttling.FORGOTTEN + 1) == ""


@pytest.mark.parametrize("what", ["scan", "192.0.2.1"])
def test_an_administrator_unlocks_a_name_or_an_address(what: str) -> None:
    found = failing(3)
    assert found.locked == 2
    assert found.unlock(what)
    assert found.locked == 1
    assert not found.unlock("nobody")


@pytest.mark.parametrize("what", ["scan", "192.0.2.1"])
def test_unlocking_forgives_a_known_address_its_own_mistakes_too(what: str) -> None:
    found = Throttle(LIMITS)
    found.passed(HERE, "scan")
    for _ in range(3):
        found.failed(HERE, "scan", 0.0)
    assert found.unlock(what)
    assert found.verdict(HERE, "scan", 0.5) == ""


def test_an_address_is_unlocked_however_it_is_typed_and_a_name_stays_a_name() -> None:
    written = [throttling.written(who) for who in ("2001:db8::9", " 192.0.2.1", "scanner-2f")]
    assert written == ["2001:db8::/64", "192.0.2.1", "scanner-2f"]


@pytest.mark.slow
def test_a_million_addresses_take_bounded_memory_and_lock_nobody_else_out() -> None:
    found = failing(3, start=0.0)
    for number in range(1_000_000):
        found.failed(IPv4Address(0x0A000000 + number), f"guess {number}", 0.0)
    most = 2 * (throttling.SUSPECTS + throttling.LOCKED) + throttling.KNOWN
    assert found.held <= most
    # His own lock is still there: a million strangers did not push it out.
    assert found.verdict(HERE, "x", 0.5)
    assert found.verdict(THERE, "scan", 0.5)
    assert found.verdict(THERE, "honest", 0.5) == ""


def test_a_lock_is_pushed_out_by_locks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "LOCKED", 2)
    found = Throttle(LIMITS)
    for number in range(3):
        for _ in range(3):
            found.failed(IPv4Address(number), f"name {number}", 0.0)
    assert found.verdict(IPv4Address(0), "x", 0.0) == ""
    assert found.verdict(IPv4Address(2), "x", 0.0)


def test_known_addresses_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "KNOWN", 2)
    found = Throttle(LIMITS)
    for number in (0, 1, 1, 2):
        found.passed(IPv4Address(number), "scan")
    assert found.held == 2


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_an_ipv6_address_stands_for_its_network(address: str, stands_for: str) -> None:
    assert block(ip_address(address)) == stands_for


def test_sessions_are_counted_by_address_and_in_all() -> None:
    crowd = Crowd(LIMITS)
    assert [crowd.enter(HERE) for _ in range(3)] == ["", "", "too many sessions from this address"]
    assert crowd.enter(THERE) == ""
    assert crowd.enter(IPv6Address("::1")) == "too many sessions"
    crowd.leave(HERE)
    assert crowd.enter(HERE) == ""
    for address in (HERE, HERE, THERE):
        crowd.leave(address)
    assert crowd.total == 0


def test_sessions_of_a_credential_are_counted() -> None:
    crowd = Crowd(Limits(sessions_per_credential=1))
    assert crowd.log_in("a") == ""
    assert crowd.log_in("a") == "too many sessions of this credential"
    assert crowd.log_in("b") == ""
    crowd.log_out("a")
    assert crowd.log_in("a") == ""


@settings(max_examples=50)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["fail", "pass", "ask"]), st.integers(0, 3), st.integers(0, 3))
    )
)
def test_whoever_never_failed_is_never_turned_away_for_his_address(
    steps: list[tuple[str, int, int]],
) -> None:
    found, failed = Throttle(LIMITS), set()
    for at, (what, place, name) in enumerate(steps):
        address = IPv4Address(place)
        if what == "fail":
            found.failed(address, f"n{name}", float(at))
            failed |= {f"a{place}", f"n{name}"}
        elif what == "pass":
            found.passed(address, f"n{name}")
        elif not {f"a{place}", f"n{name}"} & failed:
            assert found.verdict(address, f"n{name}", float(at)) == ""
