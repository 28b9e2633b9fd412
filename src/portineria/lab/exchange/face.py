"""The face itself: which address answers what.

    POST /adminapi/{beta|v1.0}/{tenant}/InvokeCommand     one cmdlet
    POST /adminapi/{beta|v1.0}/{tenant}/$batch            up to ten
    GET  /adminapi/{beta|v1.0}/{tenant}/CasMailbox        the same, read as an OData set
    GET  /adminapi/v1.0/{tenant}/EXOModuleFile            what the module asks when it starts

Paths have no case. `{tenant}` is the tenant's id or one of its onmicrosoft.com domains.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portineria.lab.ask import Answer, Ask
from portineria.lab.exchange import faults
from portineria.lab.exchange.batch import serve_batch
from portineria.lab.exchange.invoke import serve
from portineria.lab.exchange.odata import serve_get

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

_PATH = re.compile(r"/adminapi/(?:beta|v1\.0)/(?P<tenant>[^/]+)/(?P<tail>.+)$", re.IGNORECASE)


async def answer(lab: Lab, ask: Ask) -> Answer:
    """Answer one request of this face. Raises sky.Cut when the weather breaks the connection."""
    tail = _tail(lab, ask.path)
    if tail is None:
        return faults.no_such_resource(ask.path).answer
    match (ask.method, tail.lower()):
        case ("POST", "invokecommand"):
            return await serve(lab, ask)
        case ("POST", "$batch"):
            return await serve_batch(lab, ask, lambda path: _is_invoke(lab, path))
        case ("GET", _):
            return await serve_get(lab, ask, tail)
        case _:
            return faults.no_such_resource(ask.path).answer


def _tail(lab: Lab, path: str) -> str | None:
    """What follows the tenant in a path, or None for a foreign tenant or another path."""
    found = _PATH.match(path)
    if found is None:
        return None
    tenant = found["tenant"].lower()
    own = {lab.world.tenant_id.lower(), lab.world.initial_domain.lower()}
    return found["tail"] if tenant in own else None


def _is_invoke(lab: Lab, path: str) -> bool:
    return (_tail(lab, path) or "").lower() == "invokecommand"
