"""Tokens through Microsoft's library, against a token endpoint on loopback."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from doors_tls import send, serving, write_app_certificate, write_chain
from portineria.clock import VirtualClock
from portineria.doors.identity import AppTokens, Authority, UserTokens
from portineria.doors.proof import AppCredential
from portineria.fault import Fault, OperatorFault, PermissionFault
from portineria.m365.messages import NoAnswer
from portineria.secret import Secret

TENANT = "11111111-2222-3333-4444-555555555555"
SCOPE = "https://graph.microsoft.com/.default"
APP = AppCredential(client_id="app", secret=Secret("hush"))


class TokenService:
    """Discovery and token endpoint; remembers what was posted, answers from a list."""

    def __init__(self) -> None:
        self.posted: list[dict[str, str]] = []
        self.answers: list[tuple[int, dict[str, Any] | bytes]] = []
        self.origin = ""

    def __call__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        base = f"{self.origin}/{TENANT}"
        if handler.path.startswith(f"/{TENANT}/v2.0/.well-known/openid-configuration"):
            document = {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
            send(handler, 200, json.dumps(document).encode(), Content_Type="application/json")
        elif handler.path == f"/{TENANT}/oauth2/v2.0/token":
            self.posted.append({name: one[0] for name, one in parse_qs(body.decode()).items()})
            status, document = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            send(handler, status, body, Content_Type="application/json")
        else:
            error = {
                "error": "invalid_tenant",
                "error_description": "AADSTS90002: Tenant not found.",
            }
            send(handler, 400, json.dumps(error).encode(), Content_Type="application/json")


def token(value: str, **more: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": value, **more}


def refusal(number: int, error: str, status: int = 400, **more: Any) -> tuple[int, dict[str, Any]]:
    return status, {
        "error": error,
        "error_description": f"AADSTS{number}: No. Trace ID: t Correlation ID: c Timestamp: x",
        "error_codes": [number],
        "correlation_id": "c",
        "trace_id": "t",
        **more,
    }


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_chain(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def service(chain: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenService]:
    """The environment names a bundle and a proxy that would both break it, if they were used."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(chain[1]))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    service = TokenService()
    with serving(chain[1], service) as origin:
        service.origin = origin
        yield service


@pytest.fixture
def authority(service: TokenService, chain: tuple[Path, Path]) -> Authority:
    return Authority(login=service.origin, tenant=TENANT, ca_file=chain[0])


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 1, tzinfo=UTC))


async def test_a_secret_gets_a_token_which_is_kept_until_shortly_before_its_end(
    service: TokenService, authority: Authority, clock: VirtualClock
) -> None:
    service.answers = [token("one"), token("two")]
    tokens = AppTokens(authority, APP, clock)
    assert (await tokens.token(SCOPE)).reveal() == "one"
    assert (await tokens.token(SCOPE)).reveal() == "one"
    assert service.posted[0]["client_secret"] == "hush"
    assert service.posted[0]["scope"] == SCOPE
    clock.advance(3300)
    assert (await tokens.token(SCOPE)).reveal() == "two"


async def test_a_forgotten_token_is_asked_for_again(
    service: TokenService, authority: Authority, clock: VirtualClock
) -> None:
    service.answers = [token("one"), token("two")]
    tokens = AppTokens(authority, APP, clock)
    await tokens.token(SCOPE)
    tokens.forget()
    assert (await tokens.token(SCOPE)).reveal() == "two"


async def test_a_certificate_signs_with_ps256(
    service: TokenService, authority: Authority, tmp_path: Path
) -> None:
    service.answers = [token("one")]
    clock = VirtualClock(datetime.now(UTC))
    path = write_app_certificate(tmp_path / "app.pem")
    await AppTokens(authority, AppCredential(client_id="app", certificate_file=path), clock).token(
        SCOPE
    )
    assertion = service.posted[0]["client_assertion"]
    header = json.loads(base64.urlsafe_b64decode(assertion.partition(".")[0] + "=="))
    assert header["alg"] == "PS256"
    assert "client_secret" not in service.posted[0]


async def test_a_refusal_is_asked_about_again_and_not_remembered(
    service: TokenService, authority: Authority, clock: VirtualClock
) -> None:
    """msal alone would repeat a 400 from its memory for 60 seconds."""
    service.answers = [refusal(700016, "unauthorized_client"), token("now it is known")]
    tokens = AppTokens(authority, APP, clock)
    with pytest.raises(OperatorFault, match="not known in this tenant"):
        await tokens.token(SCOPE)
    assert (await tokens.token(SCOPE)).reveal() == "now it is known"


REFUSALS = [
    (refusal(7000215, "invalid_client", 401), OperatorFault, "AADSTS7000215"),
    (refusal(53003, "invalid_grant", claims='{"policy":"p-1"}'), PermissionFault, "AADSTS53003"),
    (refusal(530035, "invalid_grant"), PermissionFault, "AADSTS530035"),
    (refusal(65001, "invalid_grant"), PermissionFault, "AADSTS65001"),
]


@pytest.mark.parametrize(("said", "kind", "code"), REFUSALS)
async def test_a_refusal_bears_its_number_and_a_repair_and_no_secret(
    said: tuple[int, dict[str, Any]],
    kind: type[Fault],
    code: str,
    service: TokenService,
    authority: Authority,
    clock: VirtualClock,
) -> None:
    service.answers = [said]
    with pytest.raises(kind) as caught:
        await AppTokens(authority, APP, clock).token(SCOPE)
    fault = caught.value
    assert fault.evidence["code"] == code
    assert fault.try_
    assert "Trace ID" not in fault.why
    assert "hush" not in f"{fault.why}{fault.try_}{fault.where}{fault.evidence}"


async def test_a_tenant_nobody_knows_is_the_operators_to_mend(
    service: TokenService, chain: tuple[Path, Path], clock: VirtualClock
) -> None:
    authority = Authority(login=service.origin, tenant="nobody.example", ca_file=chain[0])
    with pytest.raises(OperatorFault, match="tenant"):
        await AppTokens(authority, APP, clock).token(SCOPE)


@pytest.mark.parametrize("body", [b"hush hush", b"[]", b'"hush"', b"{}", b"\xff", b""])
async def test_an_odd_answer_is_a_fault_and_is_not_repeated_anywhere(
    body: bytes,
    service: TokenService,
    authority: Authority,
    clock: VirtualClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """msal logs an answer that is no JSON as it is, with a traceback; nobody may hear that."""
    service.answers = [(200, body)]
    with pytest.raises(Fault) as caught:
        await AppTokens(authority, APP, clock).token(SCOPE)
    fault = caught.value
    assert fault.exit_code in (2, 6)
    assert "hush" not in f"{fault.why}{fault.try_}{fault.where}{fault.evidence}"
    assert capsys.readouterr().err == ""
    assert logging.getLogger("msal").handlers


async def test_a_service_that_is_not_trusted_or_not_there_is_the_networks_fault(
    service: TokenService, clock: VirtualClock
) -> None:
    untrusted = Authority(login=service.origin, tenant=TENANT)
    with pytest.raises(NoAnswer, match="not trusted") as caught:
        await AppTokens(untrusted, APP, clock).token(SCOPE)
    assert "REQUESTS_CA_BUNDLE" in caught.value.try_
    nobody = Authority(login="https://localhost:9", tenant=TENANT)
    with pytest.raises(NoAnswer, match="cannot be reached"):
        await AppTokens(nobody, APP, clock).token(SCOPE)


@pytest.mark.parametrize(
    "content", [None, "-----BEGIN CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\n", "é"]
)
async def test_a_certificate_file_that_lacks_a_half_is_the_operators_to_mend(
    content: str | None, authority: Authority, clock: VirtualClock, tmp_path: Path
) -> None:
    path = tmp_path / "app.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(OperatorFault):
        await AppTokens(
            authority, AppCredential(client_id="app", certificate_file=path), clock
        ).token(SCOPE)


async def test_an_app_without_a_proof_is_told_so(authority: Authority, clock: VirtualClock) -> None:
    with pytest.raises(OperatorFault, match="neither a secret nor a certificate"):
        await AppTokens(authority, AppCredential(client_id="app"), clock).token(SCOPE)


async def test_a_persons_refresh_token_is_replaced_and_the_new_one_kept(
    service: TokenService, authority: Authority, clock: VirtualClock
) -> None:
    service.answers = [token("one", refresh_token="r-2"), token("two", refresh_token="r-2")]
    kept: list[Secret] = []
    tokens = UserTokens(authority, "client", Secret("r-1"), clock, kept.append)
    assert (await tokens.token("https://outlook.office.com/SMTP.Send")).reveal() == "one"
    assert kept == [Secret("r-2")]
    tokens.forget()
    await tokens.token("https://outlook.office.com/SMTP.Send")
    assert [form["refresh_token"] for form in service.posted] == ["r-1", "r-2"]
    assert kept == [Secret("r-2")]


async def test_a_revoked_sign_in_asks_to_sign_in_again(
    service: TokenService, authority: Authority, clock: VirtualClock
) -> None:
    service.answers = [refusal(50173, "invalid_grant")]
    with pytest.raises(OperatorFault) as caught:
        await UserTokens(authority, "client", Secret("r-1"), clock).token("x/SMTP.Send")
    assert "sign in again" in caught.value.try_
