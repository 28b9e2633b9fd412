"""Microsoft's credentials for its other libraries, unmodified, over a real socket."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from certificates import self_signed
from signing_in import Person, browser_of

from portineria.lab.login.tokens import read
from portineria.lab.serve import Options, Running, serve

pytestmark = pytest.mark.stranger

GRAPH = "https://graph.microsoft.com/.default"
MAIL = "https://outlook.office.com/IMAP.AccessAsUser.All"


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would win over the argument
        monkeypatch.delenv(name, raising=False)
    running = await serve(Options(state_dir=tmp_path / "lab", seed="small"))
    yield running
    await running.close()


@pytest.fixture
def azure() -> Any:
    """Imported here: `make test` collects this file without the library being there."""
    return importlib.import_module("azure.identity")


def places(lab: Running) -> dict[str, Any]:
    return {
        "authority": lab.info["login"],
        "disable_instance_discovery": True,
        "connection_verify": lab.info["ca"],
    }


async def claims_of(lab: Running, make: Callable[[], Any], scope: str = GRAPH) -> dict[str, Any]:
    """The claims of the token that this credential gets."""

    def ask() -> str:
        return make().get_token(scope).token

    return read(lab.lab.world, await asyncio.to_thread(ask))


async def test_a_client_secret_credential_gets_the_applications_token(
    lab: Running, azure: Any
) -> None:
    admin = lab.info["admin"]
    claims = await claims_of(
        lab,
        lambda: azure.ClientSecretCredential(
            lab.info["tenant"], admin["client_id"], admin["client_secret"], **places(lab)
        ),
    )
    assert claims["appid"] == admin["client_id"]
    assert "Policy.Read.All" in claims["roles"]


async def test_a_certificate_credential_gets_the_applications_token(
    lab: Running, azure: Any
) -> None:
    admin = lab.info["admin"]
    certificate = self_signed(lab)
    certificate.register(admin["client_id"])
    claims = await claims_of(
        lab,
        lambda: azure.CertificateCredential(
            lab.info["tenant"],
            admin["client_id"],
            certificate_data=(certificate.private_pem + certificate.pem).encode(),
            **places(lab),
        ),
    )
    assert claims["appidacr"] == "2"


async def test_a_device_code_credential_waits_for_the_person(lab: Running, azure: Any) -> None:
    shown: list[str] = []

    def prompt(page: str, code: str, expires: object) -> None:
        shown.append(code)
        Person(lab).go(page, code)

    claims = await claims_of(
        lab,
        lambda: azure.DeviceCodeCredential(
            lab.info["public_client_id"],
            tenant_id=lab.info["tenant"],
            prompt_callback=prompt,
            **places(lab),
        ),
        MAIL,
    )
    assert claims["upn"] == "ada@contoso.example"
    assert len(shown) == 1


async def test_an_interactive_credential_opens_a_browser_and_is_posted_the_code(
    lab: Running, azure: Any
) -> None:
    with browser_of(Person(lab)):
        claims = await claims_of(
            lab,
            lambda: azure.InteractiveBrowserCredential(
                client_id=lab.info["public_client_id"],
                tenant_id=lab.info["tenant"],
                timeout=20,
                **places(lab),
            ),
            MAIL,
        )
    assert claims["scp"] == "IMAP.AccessAsUser.All"


async def test_a_wrong_secret_is_an_authentication_error_with_its_number(
    lab: Running, azure: Any
) -> None:
    def make() -> Any:
        admin = lab.info["admin"]
        return azure.ClientSecretCredential(
            lab.info["tenant"], admin["client_id"], "wrong", **places(lab)
        )

    refused = importlib.import_module("azure.core.exceptions").ClientAuthenticationError
    with pytest.raises(refused, match="AADSTS7000215"):
        await claims_of(lab, make)
