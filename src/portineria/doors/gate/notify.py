"""Tells systemd how it goes, where systemd wants to know.

Source: systemd, sd_notify(3) and systemd.service(5), Type=notify and notify-reload.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

READY, STOPPING = "READY=1", "STOPPING=1"


def notify(told: str) -> None:
    """Nothing where nobody asked for it, or where it cannot be told: a service goes on without."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    address = f"\0{place[1:]}" if place.startswith("@") else place
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(address)
        line.sendall(told.encode())


def reloading() -> str:
    """What is said before a reload; READY comes behind it."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"
