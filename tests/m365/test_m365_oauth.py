"""Plain tokens over the HTTP door, and refusals by their numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from m365_fakedoor import FakeDoor, answer

from portineria.clock import VirtualClock
from portineria.fault import (
    BadCredential,
    ClockFault,
    Fault,
    OperatorFault,
    PermissionFault,
    ServiceFault,
    WrongTenant,
)
from portineria.m365.messages import NoAnswer, Response
from portineria.m365.oauth.client_credentials import ClientCredentials
from portineria.m365.oauth.refusals import token_fault
from portineria.m365.skew import skew, told
from portineria.secret import Secret


def credentials(door: FakeDoor) -> tuple[ClientCredentials, VirtualClock]:
    clock = VirtualClock(datetime(2026, 11, 1, tzinfo=UTC))
    login = "https://login.microsoftonline.com"
    return ClientCredentials(door, clock, login, "tenant", "app", Secret("hush")), clock


GOOD = answer({"access_token": "one", "expires_in": 3600})


async def test_a_token_is_asked_for_as_rfc_6749_says_and_kept() -> None:
    door = FakeDoor(GOOD, answer({"access_token": "two", "expires_in": 3600}))
    tokens, clock = credentials(door)
    assert (await tokens.token("s/.default")).reveal() == "one"
    assert (await tokens.token("s/.default")).reveal() == "one"
    assert parse_qs(door.asked[0].body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["app"],
        "client_secret": ["hush"],
        "scope": ["s/.default"],
    }
    clock.advance(3300)
    assert (await tokens.token("s/.default")).reveal() == "two"


async def test_a_token_service_that_stumbles_is_asked_again() -> None:
    door = FakeDoor(
        NoAnswer("cut", sent=True),
        answer({}, 503),
        Response(status=429, headers={"retry-after": "30"}),
        GOOD,
    )
    tokens, clock = credentials(door)
    assert (await tokens.token("s")).reveal() == "one"
    assert clock.tick() >= 30


async def test_a_token_service_that_stays_away_is_the_networks_fault() -> None:
    tokens, _ = credentials(FakeDoor(*[NoAnswer("cut", sent=True)] * 9))
    with pytest.raises(NoAnswer):
        await tokens.token("s")


async def test_a_refusal_is_final_and_holds_no_secret() -> None:
    door = FakeDoor(answer({"error": "invalid_client", "error_codes": [7000215]}, 401))
    tokens, _ = credentials(door)
    with pytest.raises(OperatorFault) as caught:
        await tokens.token("s")
    assert len(door.asked) == 1
    assert "hush" not in f"{caught.value.why}{caught.value.evidence}"


async def test_what_is_not_json_is_not_a_token() -> None:
    tokens, _ = credentials(FakeDoor(Response(status=200, body=b"<html>")))
    with pytest.raises(ServiceFault):
        await tokens.token("s")


@pytest.mark.parametrize(
    ("document", "kind", "said"),
    [
        ({"error_codes": [7000222]}, BadCredential, "expired"),
        ({"error_description": "AADSTS90002: Tenant 'x' not found."}, WrongTenant, "Tenant 'x'"),
        ({"error_codes": [900382]}, WrongTenant, "another cloud"),
        ({"error_codes": [700024]}, ClockFault, "is not valid now"),
        ({"error_codes": [700027]}, BadCredential, "not registered"),
        (
            {"error_description": "AADSTS700027: … [Reason - The key used is expired., …]"},
            BadCredential,
            "the certificate is not valid now",
        ),
        ({"error_codes": [70011]}, OperatorFault, "scope"),
        ({"error_codes": [53003], "claims": "{}"}, PermissionFault, "Conditional Access"),
        ({"error_codes": [50076]}, PermissionFault, "multi-factor"),
        ({"error_codes": [90033], "error": "temporarily_unavailable"}, ServiceFault, "failed"),
        ({"error_codes": [1], "error": "invalid_client"}, BadCredential, "credential"),
        ({"error_codes": ["x"]}, ServiceFault, "no token"),
        ({}, ServiceFault, "no token"),
    ],
)
def test_a_number_tells_whose_fault_it_is(
    document: dict[str, Any], kind: type[Fault], said: str
) -> None:
    fault = token_fault(400, document, "https://login.example")
    assert type(fault) is kind
    assert said in fault.why


@pytest.mark.parametrize(
    ("date", "ahead", "words"),
    [
        ("Sun, 01 Nov 2026 12:00:00 GMT", 0.0, ""),
        ("Sun, 01 Nov 2026 11:59:30 GMT", 30.0, ""),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 3600.0, "1 h ahead of"),
        ("Sun, 01 Nov 2026 13:02:00 GMT", -3720.0, "1 h 2 min behind"),
        ("Fri, 30 Oct 2026 11:30:00 GMT", 174600.0, "2 d 30 min ahead of"),
        ("yesterday", None, ""),
        ("", None, ""),
    ],
)
def test_the_clocks_are_compared_by_the_date_of_an_answer(
    date: str, ahead: float | None, words: str
) -> None:
    off = skew(date, datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert (off, told(off)) == (ahead, words)


def test_a_refused_assertion_says_by_how_much_the_clock_is_off() -> None:
    fault = token_fault(401, {"error_codes": [700024]}, "https://login.example", -3600.0)
    assert fault.why.startswith("this machine's clock is 1 h behind the service's")
    assert fault.evidence["clock"] == "1 h behind the service's"
    other = token_fault(401, {"error_codes": [7000215]}, "https://login.example", -3600.0)
    assert "clock" not in other.why
    assert other.evidence["clock"] == "1 h behind the service's"
