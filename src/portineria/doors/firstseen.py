"""When this program first saw what bears no date. Implements run.appcheck.FirstSeen.

One small file a tenant, `checks/TENANT.json`: names of applications and mailboxes by their ids, and
dates. A file that cannot be read is begun anew: what is lost is only how long something was seen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from portineria.doors.files import private_folder, write_atomic
from portineria.doors.state import StateFolder
from portineria.fault import StateFault


class FirstSeenFile:
    """The memory of one tenant."""

    def __init__(self, state: StateFolder, tenant_id: str) -> None:
        self._path = state.root / "checks" / f"{tenant_id}.json"

    def note(
        self, present: Collection[str], absent: Collection[str], now: datetime
    ) -> Mapping[str, datetime]:
        """When each of `present` was seen first; `absent` ones are forgotten. Raises StateFault."""
        had = _read(self._path)
        kept = {key: at for key, at in had.items() if key not in absent}
        # A clock that was turned back must not make old things younger than they can be.
        kept |= {key: min(kept.get(key, now), now) for key in present}
        if kept != had:
            self._write(kept)
        return {key: kept[key] for key in present}

    def _write(self, kept: Mapping[str, datetime]) -> None:
        private_folder(self._path.parent)
        told = {key: kept[key].isoformat() for key in sorted(kept)}
        try:
            write_atomic(self._path, f"{json.dumps(told, indent=0)}\n".encode())
        except OSError as error:
            raise StateFault(
                f"what was seen cannot be written down: {error.strerror}",
                where=str(self._path),
                try_=StateFault.mend,
            ) from None


def _read(path: Path) -> dict[str, datetime]:
    try:
        told = json.loads(path.read_bytes())
        dates = {str(key): datetime.fromisoformat(at) for key, at in told.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
    return {key: at for key, at in dates.items() if at.tzinfo is not None}
