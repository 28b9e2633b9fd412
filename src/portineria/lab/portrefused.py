"""A port that cannot be had, told in words."""

from __future__ import annotations

import errno

_WHY = {
    errno.EADDRINUSE: "is taken: another program listens there (address already in use)",
    errno.EACCES: "is not for this user: numbers below 1024 belong to the administrator",
    errno.EPERM: "is not for this user: numbers below 1024 belong to the administrator",
}


class PortRefused(OSError):
    """A port cannot be had: `port` its number, `doors` who wanted it, `why` in words."""

    def __init__(self, port: int, doors: tuple[str, ...], cause: OSError) -> None:
        why = _WHY.get(cause.errno or 0) or (cause.strerror or str(cause))
        super().__init__(cause.errno, f"port {port} ({', '.join(doors)}) {why}")
        self.port = port
        self.doors = doors
        self.why = why
