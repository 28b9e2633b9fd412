"""Who is told by a leg, where nothing else is tried."""

from __future__ import annotations

from portineria.doors.gate.leg import Leg


class Ear:
    """Implements leg.Owner: keeps what it is told."""

    def __init__(self) -> None:
        self.heard, self.whys = bytearray(), list[str]()

    def connected(self, leg: Leg) -> None:
        pass

    def held(self, leg: Leg, octets: bytes) -> None:
        raise AssertionError("nothing is held here")

    def received(self, leg: Leg, octets: memoryview) -> None:
        self.heard += octets

    def secured(self, leg: Leg) -> None:
        pass

    def ended(self, leg: Leg, why: str) -> None:
        self.whys.append(why)

    def full(self, leg: Leg, is_full: bool) -> None:
        pass
