"""What a gateway runs by: its file, its doors and its credentials; the last two are read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from portineria.doors.files import stamp
from portineria.doors.gate.credentialfile import Credentials
from portineria.doors.gate.gatelog import log
from portineria.doors.textfile import read_text
from portineria.fault import Fault, NoFile, WrongTenant
from portineria.gateway.admission import Credential, Register
from portineria.gateway.doorsfile import AGAIN, Doors, parse
from portineria.gateway.gatewayfile import GatewayFile
from portineria.gateway.gatewayfile import parse as parse_file

MOST_FILE = 1024 * 1024
MOST_DOORS = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `gateway run` was asked for. Without certificates the gateway makes its own."""

    doors: Path
    folder: Path
    file: GatewayFile


def read_file(path: Path) -> GatewayFile:
    """A `gateway.yaml`; what it names lies beside it. Raises NoFile, BadEncoding, FileFault."""
    return parse_file(read_text(path, most=MOST_FILE), file=str(path), folder=path.parent)


def read_doors(path: Path) -> Doors:
    """Raises NoFile, BadEncoding, BadFile."""
    return parse(read_text(path, most=MOST_DOORS), str(path))


@dataclass(slots=True)
class Source:
    """What the register is made from, and whether it is another than before."""

    wanted: Wanted
    store: Credentials
    key: bytes = field(repr=False)
    tenant: str
    doors: Doors = field(init=False)
    credentials: list[Credential] = field(default_factory=list)
    _stamp: tuple[int, int, int] = (0, 0, 0)

    def read(self) -> None:
        """Raises NoFile, BadFile, WrongTenant, StateFault."""
        seen = self._stamped()
        doors = read_doors(self.wanted.doors)
        if doors.tenant != self.tenant:
            raise WrongTenant(
                f"the doors are those of tenant {doors.tenant}, the profile's is {self.tenant}",
                where=str(self.wanted.doors),
                try_=AGAIN,
            )
        self.store.changed()
        self.credentials = self.store.every()
        self.doors, self._stamp = doors, seen

    def changed(self, *, forced: bool) -> bool:
        """Whether there is anything new; it is read then. Raises as `read`.

        A revocation counts though the doors file be broken: credentials come first.
        """
        fresh = self.store.changed()
        if fresh:
            self.credentials = self.store.every()
        try:
            if not forced and self._stamped() == self._stamp:
                return fresh
            self.read()
        except Fault as fault:
            if not fresh:
                raise
            log.error("%s (%s); the doors of before stay", fault.why, fault.where)
        return True

    def register(self) -> Register:
        return Register(self.key, self.credentials, self.doors.entrances)

    def ended(self, since: datetime, now: datetime) -> bool:
        ends = [one.until for one in self.credentials]
        ends += [one.until for one in self.doors.entrances]
        return any(until is not None and since < until <= now for until in ends)

    def _stamped(self) -> tuple[int, int, int]:
        if (found := stamp(self.wanted.doors)) is not None:
            return found
        why = "the doors file cannot be read"
        raise NoFile(why, where=str(self.wanted.doors), try_=AGAIN)
