"""What `connect` writes down before it makes anything, so that it is never made twice.

One small file beside the key, gone once the profile is written: keys/NAME.connect.json. The tag
in it stands on the application too. Implements run.connect.Attempt.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from portineria.clock import Clock
from portineria.doors.files import write_atomic
from portineria.doors.textfile import read_octets
from portineria.fault import StateFault, WrongTenant
from portineria.tenant.ownaccess import Registered

SCHEMA = "portineria.connect-attempt/1"
MOST = 64 * 1024


class FileAttempt:
    """`client_id` is "" until the application was made."""

    def __init__(self, path: Path, tenant_id: str, clock: Clock) -> None:
        """Take up what is there. Raises WrongTenant, StateFault; nothing is written yet."""
        self._path = path
        self._clock = clock
        self._tenant_id = tenant_id
        self.tag = f"portineria:control:{uuid4().hex}"
        self.client_id = ""
        self._sent = ""
        if path.exists():
            self._take_up()

    def waited(self) -> float | None:
        if not self._sent:
            return None
        return (self._clock.now() - datetime.fromisoformat(self._sent)).total_seconds()

    def creating(self) -> None:
        self._sent = self._clock.now().isoformat()
        self._write()

    def made(self, app: Registered) -> None:
        self.client_id = app.client_id
        self._write()

    def over(self) -> None:
        """The profile is written: from now on that says which application it is."""
        self._path.unlink(missing_ok=True)

    def _take_up(self) -> None:
        try:
            kept = json.loads(read_octets(self._path, most=MOST))
            tag, tenant = str(kept["tag"]), str(kept["tenant_id"])
            client_id, sent = str(kept["client_id"]), str(kept["sent"])
        except (ValueError, KeyError, TypeError):
            raise StateFault(
                "what an earlier `connect` has written down cannot be read",
                where=str(self._path),
                try_="look for an application called Portineria control in the Entra admin center, "
                "remove it, then remove this file",
            ) from None
        if tenant != self._tenant_id:
            raise WrongTenant(
                "an earlier `connect` of this profile rests unfinished, for another tenant",
                where=str(self._path),
                try_="finish that one, or choose another --profile",
                evidence={"tenant_id": tenant},
            )
        self.tag, self.client_id, self._sent = tag, client_id, sent

    def _write(self) -> None:
        document = {
            "schema": SCHEMA,
            "tenant_id": self._tenant_id,
            "tag": self.tag,
            "client_id": self.client_id,
            "sent": self._sent,
        }
        try:
            write_atomic(self._path, json.dumps(document, indent=1).encode() + b"\n")
        except OSError as error:
            raise StateFault(
                f"the attempt cannot be written down: {error.strerror}",
                where=str(self._path),
                try_=StateFault.mend,
            ) from None
