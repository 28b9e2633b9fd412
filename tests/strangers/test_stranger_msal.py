"""Microsoft's own token library, unmodified, over a real socket.

Its session does not trust the environment: REQUESTS_CA_BUNDLE would override the lab's
authority there (entra-graph 5.8).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

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


async def acquired(
    lab: Running, credential: Any, scope: str, authority: str = "", **options: Any
) -> dict[str, Any]:
    """One fresh application object and one call, as the library's own users make them."""
    info = lab.info

    def ask() -> dict[str, Any]:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = info["ca"]
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
            return answer

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
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _certificate(lab, key)
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    app = lab.lab.world["applications"].find("appId", lab.info["admin"]["client_id"])
    assert app is not None
    lab.lab.world["applications"].patch(app["id"], certificates=[pem])
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex()
    credential = {"private_key": private, "public_certificate": pem}
    if not public:
        credential = {"private_key": private, "thumbprint": thumbprint}
    answer = await acquired(lab, credential, GRAPH)
    assert "access_token" in answer, answer


def _certificate(lab: Running, key: rsa.RSAPrivateKey) -> x509.Certificate:
    now = lab.lab.clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "control")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
