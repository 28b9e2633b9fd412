"""Security defaults. Source: Graph dossier 1.1; the policy has one fixed id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portineria.fault import ServiceFault
from portineria.m365.data import truth
from portineria.m365.session import Session

PATH = "/policies/identitySecurityDefaultsEnforcementPolicy"
READ = "Policy.Read.All"
WRITE = "Policy.ReadWrite.SecurityDefaults"


async def read(session: Session) -> bool:
    data = await session.graph("GET", PATH, needs=READ)
    enabled = truth(data.body.get("isEnabled"))
    if enabled is None:
        raise ServiceFault("the answer does not say whether security defaults are on", where=PATH)
    return enabled


async def write(session: Session, after: Mapping[str, Any]) -> None:
    body = {"isEnabled": bool(after["isEnabled"])}
    await session.graph("PATCH", PATH, body, needs=WRITE)
