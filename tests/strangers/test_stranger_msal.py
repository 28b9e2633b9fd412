"""Microsoft's own token library, unmodified, over a real socket.

Its session does not trust the environment: REQUESTS_CA_BUNDLE would override the lab's
authority there (entra-graph 5.8).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
import msal
import pytest
import requests
from certificates import self_signed
from signing_in import Person, browser_of

from portineria.lab.login.tokens import read
from portineria.lab.serve import Options, Running, serve

pytestmark = pytest.mark.stranger

GRAPH = "https://graph.microsoft.com/.default"
EXCHANGE = "https://outlook.office365.com/.default"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Running]:
    running = await serve(Options(state_dir=tmp_path / "lab", seed="small"))
    yield running
    await running.close()


def session_of(lab: Running) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = lab.info["ca"]
    return session


async def acquired(
    lab: Running, credential: Any, scope: str, authority: str = "", **options: Any
) -> dict[str, Any]:
    """One fresh application object and one call, as the library's own users make them.

    `sent` of the answer are the bodies that went out.
    """
    info = lab.info
    sent: list[str] = []

    def ask() -> dict[str, Any]:
        with session_of(lab) as session:
            session.hooks["response"].append(lambda got, **_: sent.append(str(got.request.body)))
            named = (
                {} if options else {"authority": authority or f"{info['login']}/{info['tenant']}"}
            )
            app = msal.ConfidentialClientApplication(
                info["admin"]["client_id"],
                client_credential=credential,
                instance_discovery=False,
                http_client=session,
                **named,
                **options,
            )
            answer: dict[str, Any] = app.acquire_token_for_client([scope])
            return {**answer, "sent": sent}

    return await asyncio.to_thread(ask)


@pytest.mark.parametrize("scope", [GRAPH, EXCHANGE])
async def test_msal_gets_a_token_with_a_secret(lab: Running, scope: str) -> None:
    answer = await acquired(lab, lab.info["admin"]["client_secret"], scope)
    claims = read(lab.lab.world, answer["access_token"])
    assert answer["token_source"] == "identity_provider"
    assert claims["aud"] == scope.removesuffix("/.default")


async def test_msal_accepts_the_tenant_by_its_domain(lab: Running) -> None:
    secret = lab.info["admin"]["client_secret"]
    by_name = f"{lab.info['login']}/{lab.info['initial_domain']}"
    assert "access_token" in await acquired(lab, secret, GRAPH, by_name)


async def test_msal_accepts_the_lab_as_an_oidc_authority(lab: Running) -> None:
    secret = lab.info["admin"]["client_secret"]
    oidc = f"{lab.info['login']}/{lab.info['tenant']}/v2.0"
    assert "access_token" in await acquired(lab, secret, GRAPH, oidc_authority=oidc)


async def test_msal_reports_a_wrong_secret_by_its_number(lab: Running) -> None:
    answer = await acquired(lab, "wrong", GRAPH)
    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000215]


@pytest.mark.parametrize("public", [True, False])
async def test_msal_gets_a_token_with_a_certificate(lab: Running, public: bool) -> None:
    """With the certificate it sends PS256 and x5t#S256, with a thumbprint alone RS256 and x5t."""
    certificate = self_signed(lab)
    certificate.register(lab.info["admin"]["client_id"])
    credential = {"private_key": certificate.private_pem, "public_certificate": certificate.pem}
    if not public:
        credential = {
            "private_key": certificate.private_pem,
            "thumbprint": certificate.thumbprint,
        }
    answer = await acquired(lab, credential, GRAPH)
    assert "access_token" in answer, answer
    assertion = dict(parse_qsl(answer["sent"][-1]))["client_assertion"]
    assert jwt.get_unverified_header(assertion)["alg"] == ("PS256" if public else "RS256")


# --- people -------------------------------------------------------------------------------

READ = ["User.Read"]
DOOR = "http://localhost:8400"


@contextmanager
def public_app(lab: Running) -> Iterator[msal.PublicClientApplication]:
    with session_of(lab) as session:
        yield msal.PublicClientApplication(
            lab.info["public_client_id"],
            authority=f"{lab.info['login']}/{lab.info['tenant']}",
            instance_discovery=False,
            http_client=session,
        )


@pytest.mark.parametrize("mode", ["form_post", "query"])
@pytest.mark.filterwarnings("ignore:response_mode")
async def test_msal_signs_a_person_in_by_code_with_pkce_and_refreshes(
    lab: Running, mode: str
) -> None:
    """It checks state, nonce and the id_token itself, and keeps what it got by scope."""

    def story() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        with public_app(lab) as app:
            flow = app.initiate_auth_code_flow(READ, redirect_uri=DOOR, response_mode=mode)
            given = Person(lab).go(flow["auth_uri"])
            first = app.acquire_token_by_auth_code_flow(flow, given)
            (account,) = app.get_accounts()
            kept = app.acquire_token_silent(READ, account)
            fresh = app.acquire_token_silent(READ, account, force_refresh=True)
            return first, kept, fresh

    first, kept, fresh = await asyncio.to_thread(story)
    assert first["id_token_claims"]["preferred_username"] == "ada@contoso.example"
    assert "User.Read" in first["scope"].split()
    assert (kept["token_source"], fresh["token_source"]) == ("cache", "identity_provider")
    assert read(lab.lab.world, fresh["access_token"])["upn"] == "ada@contoso.example"


async def test_msal_refuses_to_redeem_a_code_of_another_flow(lab: Running) -> None:
    """PKCE at work: the code is good, the verifier is that of another request."""

    def story() -> dict[str, Any]:
        with public_app(lab) as app:
            flows = [
                app.initiate_auth_code_flow(READ, DOOR, state="s", response_mode="form_post")
                for _ in range(2)
            ]
            given = Person(lab).go(flows[0]["auth_uri"])
            answer: dict[str, Any] = app.acquire_token_by_auth_code_flow(flows[1], given)
            return answer

    answer = await asyncio.to_thread(story)
    assert answer["error"] == "invalid_grant"
    assert answer["error_codes"] == [501481]


async def test_msal_opens_a_browser_and_listens_at_its_own_door(lab: Running) -> None:
    person = Person(lab, "admin@contoso.example")

    def story() -> dict[str, Any]:
        with public_app(lab) as app, browser_of(person):
            answer: dict[str, Any] = app.acquire_token_interactive(
                ["https://outlook.office.com/SMTP.Send"], timeout=20
            )
            return answer

    answer = await asyncio.to_thread(story)
    assert answer["scope"].split()[0] == "https://outlook.office.com/SMTP.Send", answer
    assert "Approve sign in request" in person.seen


@pytest.mark.parametrize(
    ("upn", "error"), [("ada@contoso.example", ""), ("helpdesk@contoso.example", "pending")]
)
async def test_msal_signs_in_by_device_code(lab: Running, upn: str, error: str) -> None:
    """Who is stopped at the page by security defaults leaves the program waiting."""

    def story() -> dict[str, Any]:
        with public_app(lab) as app:
            flow = app.initiate_device_flow(READ)
            Person(lab, upn).go(flow["verification_uri"], flow["user_code"])
            answer: dict[str, Any] = app.acquire_token_by_device_flow(
                flow, exit_condition=lambda flow: True
            )
            return answer

    answer = await asyncio.to_thread(story)
    assert answer.get("error", "") == (f"authorization_{error}" if error else ""), answer
    assert ("refresh_token" in answer) is not bool(error)


async def test_msal_reports_a_policy_that_blocks_and_its_claims(lab: Running) -> None:
    world = lab.lab.world
    world["policies"].patch("securityDefaults", isEnabled=False)

    def story() -> dict[str, Any]:
        with public_app(lab) as app:
            flow = app.initiate_auth_code_flow(READ, DOOR, response_mode="form_post")
            given = Person(lab).go(flow["auth_uri"])
            app.acquire_token_by_auth_code_flow(flow, given)
            world["conditionalAccess"].put("p1", BLOCK_EVERYBODY)
            (account,) = app.get_accounts()
            answer: dict[str, Any] = app.acquire_token_silent_with_error(
                READ, account, force_refresh=True
            )
            return answer

    answer = await asyncio.to_thread(story)
    assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [53003])
    assert answer["classification"] == "message_only"


BLOCK_EVERYBODY: dict[str, Any] = {
    "id": "p1",
    "displayName": "Nobody",
    "state": "enabled",
    "conditions": {
        "clientAppTypes": ["all"],
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["All"]},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["block"]},
}
