"""What systemd is told, and that nobody minds where it is not there."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from portineria.doors.gate.notify import READY, notify, reloading


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_what_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool
) -> None:
    place = f"@portineria-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{place[1:]}" if abstract else place)
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", place)
        notify(READY)
        assert listening.recv(100) == b"READY=1"
        notify(reloading())
        told = listening.recv(100)
        assert told.startswith(b"RELOADING=1\nMONOTONIC_USEC=")


@pytest.mark.parametrize("place", ["", "/nowhere/notify"])
def test_where_nobody_listens_nothing_happens(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", place)
    notify(READY)
