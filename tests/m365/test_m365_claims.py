"""What a token says of itself, and what a refusal of one comes to."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from portineria.fault import BadCredential, NetworkFault, ServiceFault
from portineria.m365.oauth.claims import claims_of, refused_of
from portineria.m365.oauth.refusals import token_fault
from portineria.secret import Secret
from portineria.tenant.mailapp import TokenClaims, TokenRefused
from portineria.tenant.unseen import Unseen


def a_token(body: Any) -> Secret:
    middle = urlsafe_b64encode(json.dumps(body).encode()).rstrip(b"=").decode()
    return Secret(f"eyJhbGciOiJub25lIn0.{middle}.signature")


def test_claims_are_read_and_the_token_is_not_kept() -> None:
    token = a_token(
        {"aud": "https://outlook.office365.com", "tid": "t", "appid": "a", "oid": "o",
         "roles": ["POP.AccessAsApp", "IMAP.AccessAsApp"], "iat": 1762300800, "exp": 1762304400}
    )  # fmt: skip
    found = claims_of(token)
    assert found == TokenClaims(
        audience="https://outlook.office365.com",
        tenant="t",
        app_id="a",
        object_id="o",
        roles=("IMAP.AccessAsApp", "POP.AccessAsApp"),
        issued=datetime(2025, 11, 5, tzinfo=UTC),
        expires=datetime(2025, 11, 5, 1, tzinfo=UTC),
    )
    assert token.reveal() not in repr(found)
    assert "signature" not in repr(found)


def test_odd_claims_are_left_out() -> None:
    found = claims_of(a_token({"azp": "a", "exp": 1e300, "iat": "soon"}))
    assert isinstance(found, TokenClaims)
    assert (found.app_id, found.roles, found.issued, found.expires) == ("a", (), None, None)


@pytest.mark.parametrize("text", ["opaque", "a.b", "a.!!!.c", "a.W10.c", "a.eyJ.c"])
def test_what_is_no_json_web_token_is_not_read(text: str) -> None:
    assert isinstance(claims_of(Secret(text)), Unseen)


def test_a_refusal_keeps_its_number_and_its_repair() -> None:
    document = {"error": "invalid_client", "error_codes": [7000222], "error_description": "expired"}
    found = refused_of(token_fault(401, document, "login"))
    assert isinstance(found, TokenRefused)
    assert (found.code, found.expired) == (7000222, False)
    assert "make a new secret" in found.remedy


def test_an_expired_certificate_is_told_from_an_unknown_one() -> None:
    said = "AADSTS700027: Client assertion failed. [Reason - The key used is expired.]"
    found = refused_of(token_fault(401, {"error_codes": [700027], "error_description": said}, "x"))
    assert isinstance(found, TokenRefused)
    assert (found.code, found.expired) == (700027, True)


def test_what_says_nothing_of_the_credential_is_unseen() -> None:
    assert refused_of(NetworkFault("no route")) == Unseen("no route")
    assert refused_of(ServiceFault("the token service failed")) == Unseen(
        "the token service failed"
    )
    assert isinstance(refused_of(token_fault(503, {}, "login")), Unseen)
    ours = refused_of(BadCredential("the certificate expired on Monday", try_="make a new one"))
    assert ours == TokenRefused(
        code=0, why="the certificate expired on Monday", remedy="make a new one"
    )
