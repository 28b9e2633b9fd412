"""Where a promise is tried from, and which promises are exposure."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from given import APP, DOMAIN, NOW, address, mailbox, tenant, tries, user
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.policy.plan import Cell, Plan
from portineria.policy.planner import make_plan
from portineria.policy.policyfile import parse
from portineria.policy.promise import exposure, first_host, outside, twins_left_open
from portineria.tenant.mailbox import Protocol
from portineria.tenant.people import Licences
from portineria.tenant.snapshot import Snapshot

WHOLE_V4 = ("0.0.0.0/1", "128.0.0.0/1")
WHOLE_V6 = ("::/1", "8000::/1")


@pytest.mark.parametrize(
    ("networks", "elsewhere"),
    [
        (("203.0.113.0/28",), "192.0.2.1"),
        (("192.0.2.0/24",), "198.51.100.1"),
        (("198.51.100.0/24",), "192.0.2.1"),
        (("192.0.2.0/24", "198.51.100.0/24"), "2001:db8::1"),
        (("2001:db8::/32",), "192.0.2.1"),
        (WHOLE_V4, "2001:db8::1"),
        (("127.0.0.0/31",), "127.0.0.2"),
        (("203.0.113.0/28", "127.0.0.1/32"), "127.0.0.2"),
        (("127.0.0.1/32", "127.0.0.2/32"), "127.0.0.3"),
        (("127.0.0.0/8",), "192.0.2.1"),
        (("::1/128",), "127.0.0.1"),
        ((*WHOLE_V4, *WHOLE_V6), ""),
    ],
)
def test_elsewhere_is_an_address_in_none_of_the_networks(
    networks: tuple[str, ...], elsewhere: str
) -> None:
    """Beside loopback's networks it is loopback's, so that a lab can come from there."""
    assert outside(ip_network(text) for text in networks) == elsewhere


NETWORKS = st.builds(
    lambda number, length: ip_network((number, length), strict=False),
    st.ip_addresses(v=4).map(int),
    st.integers(1, 32),
) | st.builds(
    lambda number, length: ip_network((number, length), strict=False),
    st.ip_addresses(v=6).map(int).filter(lambda number: number >= 2**32),
    st.integers(1, 128),
)


@given(st.lists(NETWORKS, min_size=1, max_size=4))
@settings(max_examples=tries(200))
def test_here_is_in_the_network_and_elsewhere_is_in_none(networks: list[object]) -> None:
    listed = [ip_network(str(network)) for network in networks]
    for network in listed:
        assert first_host(network) in network
    elsewhere = outside(listed)
    documented = map(ip_address, ("192.0.2.1", "198.51.100.1", "2001:db8::1", "127.0.0.1"))
    everywhere = all(any(one in network for network in listed) for one in documented)
    assert elsewhere or everywhere, "a whole Internet leaves no elsewhere"
    assert not elsewhere or not any(ip_address(elsewhere) in network for network in listed)


@pytest.mark.parametrize(
    ("network", "host"),
    [
        ("203.0.113.0/28", "203.0.113.1"),
        ("203.0.113.0/30", "203.0.113.1"),
        ("203.0.113.0/31", "203.0.113.0"),
        ("203.0.113.7/32", "203.0.113.7"),
        ("2001:db8::/64", "2001:db8::1"),
        ("2001:db8::7/128", "2001:db8::7"),
    ],
)
def test_here_is_the_first_host_that_may_have_an_address(network: str, host: str) -> None:
    assert str(first_host(ip_network(network))) == host


def scanner(networks: tuple[str, ...], **seen: object) -> Plan:
    listed = ", ".join(f'"{network}"' for network in networks)
    grant = (
        f"{{name: scanner, who: {{mailboxes: [{address('x')}]}}, allow: [smtp], through: basic, "
        f"from: [{listed}], owner: it@{DOMAIN}, reason: knows no OAuth}}"
    )
    snapshot: Snapshot = replace(
        tenant(mailboxes=(mailbox("x"),), people=(user("x"),), security_defaults=False),
        **seen,  # type: ignore[arg-type]
    )
    text = f"tenant: {DOMAIN}\ngrants: [{grant}]"
    return make_plan(snapshot, parse(text, read_csv=None), NOW, mail_app=APP)


def places(made: Plan) -> list[tuple[str, str]]:
    return [(cell.place, cell.promised) for cell in made.cells]


def test_a_basic_grant_is_promised_open_from_its_network_and_refused_from_elsewhere() -> None:
    made = scanner(("203.0.113.0/28",))
    assert places(made) == [("203.0.113.1", "open"), ("192.0.2.1", "refused")]


def test_a_grant_from_everywhere_promises_nothing_of_elsewhere() -> None:
    """No address is left to be refused: what is not there is not promised."""
    assert places(scanner((*WHOLE_V4, *WHOLE_V6))) == [("0.0.0.1", "open")]


def test_without_p1_no_place_is_promised_for_nothing_tells_places_apart() -> None:
    made = scanner(("203.0.113.0/28",), licences=Licences(entra_p1=False))
    assert places(made) == [("", "open")]


# --- exposure -----------------------------------------------------------------------------------


def cell(promised: str, before: str, after: str, place: str = "") -> Cell:
    return Cell(
        mailbox="guid-x",
        address=address("x"),
        protocol=Protocol.SMTP,
        caller="basic",
        promised=promised,
        before=before,
        after=after,
        layer="",
        place=place,
    )


YES, NO, PERHAPS = "yes", "no", "could not tell"


@pytest.mark.parametrize(
    ("promised", "before", "after", "exposed"),
    [
        ("open", NO, YES, True),
        ("open", PERHAPS, YES, True),
        ("open", YES, YES, False),
        ("open", NO, PERHAPS, True),
        ("open", NO, NO, False),
        ("open", YES, PERHAPS, False),
        ("refused", NO, YES, True),
        ("refused", YES, YES, False),
        ("refused", NO, PERHAPS, False),
        ("refused", NO, NO, False),
    ],
)
def test_whatever_opens_or_is_promised_open_and_may_open_is_exposure(
    promised: str, before: str, after: str, exposed: bool
) -> None:
    told = exposure([cell(promised, before, after)])
    assert told == ((f"smtp opens for basic on {address('x')}",) if exposed else ())


def test_exposure_names_the_place() -> None:
    assert exposure([cell("open", NO, YES, "203.0.113.1")]) == (
        f"smtp opens for basic on {address('x')} from 203.0.113.1",
    )


@pytest.mark.parametrize(
    ("promised", "after", "left"),
    [
        ("refused", YES, True),
        ("refused", PERHAPS, True),
        ("refused", NO, False),
        ("open", YES, False),
        ("open", NO, False),
    ],
)
def test_a_twin_is_left_open_unless_it_is_surely_refused(
    promised: str, after: str, left: bool
) -> None:
    one = cell(promised, NO, after)
    assert twins_left_open([one]) == ([one] if left else [])
