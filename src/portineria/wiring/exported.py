"""A snapshot out of a folder of exported state: by the same reading that looks at a tenant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from portineria.doors.crew import AsyncCrew
from portineria.doors.exportfolder import EXPORT, ExportFolder
from portineria.fault import BadFile
from portineria.m365.data import text
from portineria.m365.reader import TenantReading
from portineria.m365.session import Session
from portineria.run.look import Wants, look
from portineria.tenant.snapshot import Snapshot
from portineria.wiring.opening import system_clock


class _Quiet:
    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        """Files are read in a moment: there is nothing to tell."""


async def look_at_export(folder: Path) -> Snapshot:
    """As of the moment of the export. Raises NoFile, BadFile, and ServiceFault where the folder has
    nothing at all of a tenant."""
    exported = ExportFolder(folder)
    about = exported.about()
    try:
        taken = datetime.fromisoformat(about.taken)
    except ValueError:
        raise BadFile(
            f"{about.taken!r} is no moment", where=str(folder / "about.json"), try_=EXPORT
        ) from None
    # The readers ask it as they ask a session; of what they call it has all.
    reader = TenantReading(cast("Session", exported))
    wants = Wants(groups=await _groups(exported))
    clock, crew = system_clock(), AsyncCrew()
    found = await look(reader, about.tenant, clock, crew, _Quiet(), wants)
    return replace(found, taken_at=taken.replace(tzinfo=taken.tzinfo or UTC))


async def _groups(exported: ExportFolder) -> frozenset[str]:
    """Those whose members were saved, by every name that a policy may call them."""
    saved = exported.groups()
    if not saved:
        return frozenset()
    rows = [row for row in await exported.graph_list("/groups") if text(row.get("id")) in saved]
    names = {text(row.get(key)) for row in rows for key in ("id", "displayName", "mail")}
    return frozenset(names - {""})
