"""Many reads of Graph in one request, each with a status of its own.

Every part counts against the limits as a request of its own does; what is saved is the way.
Source: Graph dossier 7.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from portineria.fault import Fault
from portineria.m365.answers import read_graph
from portineria.m365.batch import parts_of
from portineria.m365.data import Data
from portineria.m365.messages import Response
from portineria.m365.retry import Kind, mishap
from portineria.m365.session import Session

BATCH = 20


async def read_each(
    session: Session, paths: Sequence[str], *, needs: str, version: str
) -> list[Data | Fault]:
    """The answers in the order of the paths, at most BATCH; a part that was refused for the
    moment is asked again alone. Raises ServiceFault, NetworkFault where the whole was lost.
    """
    asked = [{"id": str(n), "method": "GET", "url": path} for n, path in enumerate(paths)]
    body = {"requests": asked}
    told = await session.graph(
        "POST", "/$batch", body, kind=Kind.READ, needs=needs, version=version
    )
    answers = zip(paths, parts_of(told, len(paths)), strict=True)
    return [await _read(session, path, answer, needs, version) for path, answer in answers]


async def _read(
    session: Session, path: str, answer: Response | None, needs: str, version: str
) -> Data | Fault:
    if answer is not None and mishap(answer) is None:
        return read_graph(answer, where=f"GET {path}", needs=needs)
    try:
        return await session.graph("GET", path, needs=needs, version=version)
    except Fault as fault:
        return fault
