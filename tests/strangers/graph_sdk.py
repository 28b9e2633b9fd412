"""Microsoft's Graph SDK for Python pointed at the lab, as its documentation has it.

Only tests that are about to run import this: the SDK is large, and `make test` does not have it.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpx
from azure.identity import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory

SCOPE = "https://graph.microsoft.com/.default"


def client_of(info: dict[str, Any], app: dict[str, str] | None = None) -> GraphServiceClient:
    """A client that trusts the lab's authority; `app` has client_id and client_secret."""
    named = app or info["admin"]
    credential = ClientSecretCredential(
        info["tenant"],
        named["client_id"],
        named["client_secret"],
        authority=info["login"],
        disable_instance_discovery=True,
        connection_verify=info["ca"],
    )
    provider = AzureIdentityAuthenticationProvider(
        credential, scopes=[SCOPE], allowed_hosts=["localhost"]
    )
    base = f"{info['graph']}/v1.0"
    trust = ssl.create_default_context(cafile=info["ca"])
    bare = httpx.AsyncClient(base_url=base, verify=trust, trust_env=False)
    adapter = GraphRequestAdapter(
        provider, client=GraphClientFactory.create_with_default_middleware(client=bare)
    )
    adapter.base_url = base
    return GraphServiceClient(request_adapter=adapter)
