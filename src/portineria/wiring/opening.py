"""From a profile to an open tenant: its id, its credential tried, its connections."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from portineria.clock import Clock, SystemClock
from portineria.doors.crew import AsyncCrew
from portineria.doors.http import HttpDoor
from portineria.doors.identity import AppTokens, Authority
from portineria.doors.keyring import Keyring, credential_of
from portineria.doors.profiles import Profile
from portineria.doors.state import StateFolder
from portineria.doors.stream import TcpDial
from portineria.fault import ServiceFault, WrongTenant
from portineria.m365.endpoints import CLOUDS
from portineria.m365.messages import Door, Request
from portineria.m365.oauth.refusals import token_fault
from portineria.m365.reader import TenantReading
from portineria.m365.resources import TenantResources
from portineria.m365.session import Session
from portineria.m365.skew import skew
from portineria.wiring.tenant import Tenant

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def system_clock() -> Clock:
    return SystemClock(asyncio.sleep)


@asynccontextmanager
async def open_tenant(profile: Profile, state: StateFolder) -> AsyncIterator[Tenant]:
    """Everything that a profile describes. Raises OperatorFault, ServiceFault, NetworkFault."""
    clock = system_clock()
    async with HttpDoor(profile.ca) as door:
        tenant_id = await find_tenant_id(door, profile, clock)
        login = authority(profile, tenant_id)
        tokens = AppTokens(login, credential_of(profile.control), clock)
        await _knock(tokens, profile)
        session = Session(door, tokens, clock, profile.endpoints, tenant_id)
        yield Tenant(
            profile=profile,
            tenant_id=tenant_id,
            state=state,
            clock=clock,
            crew=AsyncCrew(),
            door=door,
            reader=TenantReading(session),
            session=session,
            resources=TenantResources(session),
            dial=TcpDial(profile.ca),
            keyring=Keyring(login, profile.endpoints, profile.probe, clock),
            clock_off=tokens.off,
        )


async def _knock(tokens: AppTokens, profile: Profile) -> None:
    """One token before all else: what is wrong with the credential or the way is said once.

    What the service refuses to this application is for each family of the look to tell.
    """
    with suppress(ServiceFault):
        await tokens.token(profile.endpoints.graph_scope)


def authority(profile: Profile, tenant_id: str) -> Authority:
    return Authority(login=profile.endpoints.login, tenant=tenant_id, ca_file=profile.ca)


async def find_tenant_id(door: Door, profile: Profile, clock: Clock) -> str:
    """The tenant's id. A domain is asked of the login service, which needs no token for it.

    Raises WrongTenant, ServiceFault, NoAnswer. Source: Graph dossier 5, OpenID configuration:
    asked by domain, its addresses carry the id; 5.7, the cloud's name.
    """
    try:
        return str(UUID(profile.tenant))
    except ValueError:
        pass
    url = f"{profile.endpoints.login}/{profile.tenant}/v2.0/.well-known/openid-configuration"
    answer = await door.send(Request(method="GET", url=url))
    document = _document(answer.body)
    if answer.status != 200:
        off = skew(answer.headers.get("date", ""), clock.now())
        raise token_fault(answer.status, document, str(profile.path), off)
    found = _GUID.search(str(document.get("token_endpoint")).lower())
    if found is None:
        raise ServiceFault(
            f"the login service did not say the id of {profile.tenant}",
            where=url,
            try_="write the tenant's id into the profile instead of its domain",
        )
    _refuse_other_cloud(profile, str(document.get("cloud_instance_name") or ""))
    return found[0]


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}


def _refuse_other_cloud(profile: Profile, instance: str) -> None:
    """A tenant of another cloud is known by name here too, but gets no token."""
    if instance in ("", profile.endpoints.instance):
        return
    clouds = [name for name, cloud in CLOUDS.items() if cloud.instance == instance]
    raise WrongTenant(
        f"{profile.tenant} is a tenant of another cloud: {instance}, and the profile's is "
        f"{profile.endpoints.instance}",
        where=str(profile.path),
        try_=f"write cloud: {' or cloud: '.join(clouds)}"
        if clouds
        else "this cloud is not known here: name its hosts under `endpoints`",
        evidence={"cloud": instance},
    )
