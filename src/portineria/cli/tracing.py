"""Listens at the gateway's own socket and prints what it tells of one credential."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

from portineria.cli.faces.tables import plain
from portineria.fault import NoSuch


def follow(state: Path, credential: str, sessions: int | None, *, as_json: bool) -> None:
    """Until so many sessions are over, or for ever. Raises NoSuch where no gateway runs."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(state / "gateway" / "control.sock"))
        except OSError:
            raise NoSuch(
                "no gateway is running here",
                where=str(state / "gateway"),
                try_="portineria gateway up --detach",
            ) from None
        path = f"/trace?credential={quote(credential, safe='')}"
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
        with line.makefile("rb") as told:
            for text in _lines(told):
                print(text if as_json else _for_people(text), flush=True)
                if json.loads(text)["half"] == "*" and "it is over" in text:
                    sessions = None if sessions is None else sessions - 1
                if sessions == 0:
                    return


def _lines(told: IO[bytes]) -> Iterator[str]:
    while told.readline().strip():
        pass  # the head of the answer
    while octets := told.readline():
        yield octets.decode().rstrip("\n")


def _for_people(text: str) -> str:
    one = json.loads(text)
    return plain(f"{one.get('from', '')} {one.get('protocol', '')} {one['half']:>3} {one['text']}")
