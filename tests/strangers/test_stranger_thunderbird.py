"""Thunderbird, as people have it: out with a password, in with its built-in Microsoft sign-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from enclave import Enclave, enclave
from thunderbird.program import Thunderbird, thunderbird

pytestmark = [pytest.mark.stranger, pytest.mark.slow]

ADA = "ada@contoso.example"
THUNDERBIRD = "9e5f94bc-e8a4-4e73-b8be-63364c29d753"  # its own registration at Microsoft


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enclave]:
    with enclave(tmp_path_factory.mktemp("thunderbird")) as found:
        rows = found.control("GET", "/world/mailboxes")["value"]
        key = next(key for key, row in rows.items() if row["PrimarySmtpAddress"] == ADA)
        opened = {
            "ImapEnabled": True,
            "PopEnabled": True,
            "SmtpClientAuthenticationDisabled": False,
        }
        found.control("PUT", f"/world/mailboxes/{key}?merge=1", opened)
        yield found


@pytest.fixture(scope="module")
def program(inside: Enclave) -> Iterator[Thunderbird]:
    with thunderbird(inside) as found:
        yield found


@pytest.fixture(scope="module")
def password(inside: Enclave) -> str:
    return next(str(row["password"]) for row in inside.info["people"] if row["upn"] == ADA)


def asked(inside: Enclave, operation: str) -> list[tuple[str, str]]:
    """Mechanism or method, and the gate or path, of every such request to the lab."""
    rows = inside.control("GET", "/history")["value"]
    return [(row["method"], row["path"]) for row in rows if row["operation"] == operation]


CANNOT = "out: Unable to log in at server. Probably wrong configuration, username or password."


def test_imap_offers_thunderbird_no_way_to_use_a_password(
    program: Thunderbird, inside: Enclave, password: str
) -> None:
    """Exchange says LOGINDISABLED and AUTH=XOAUTH2 alone: it is not even tried."""
    assert program.set_up(ADA, "imap", password=password) == CANNOT, program.story()
    assert asked(inside, "imap auth") == []


def test_pop_refuses_the_password_of_thunderbird(
    program: Thunderbird, inside: Enclave, password: str
) -> None:
    assert program.set_up(ADA, "pop3", password=password) == CANNOT, program.story()
    assert asked(inside, "pop auth") == [("PLAIN", "retirement"), ("USER", "retirement")]


def test_smtp_refuses_the_password_of_thunderbird(
    program: Thunderbird, inside: Enclave, password: str
) -> None:
    question, outcome = program.try_to_send(ADA, password)
    assert "smtp.office365.com" in question
    assert outcome.startswith("out: "), program.story()
    assert asked(inside, "smtp auth") == [("LOGIN", "security defaults")]
