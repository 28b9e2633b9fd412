"""Marionette, the remote control inside Mozilla's programs: JSON in length-prefixed frames.

Source: Firefox source docs, "Marionette protocol". A command is [0, id, name, parameters], its
answer [1, id, error, result]; every frame is LENGTH:JSON. The server greets first.
"""

from __future__ import annotations

import json
import socket
from typing import Any


class MarionetteError(AssertionError):
    """The program says that a command failed; the text is its own, with its stack."""


class Marionette:
    """One session in the program's own (chrome) context, where scripts may do what it may."""

    def __init__(self, connection: socket.socket, *, timeout: float = 60.0) -> None:
        connection.settimeout(timeout)
        self._connection = connection
        self._buffer = b""
        self._count = 0
        self._receive()
        self.command("WebDriver:NewSession", capabilities={"alwaysMatch": {}})
        # A script that hangs is given up there before the connection is given up here.
        self.command("WebDriver:SetTimeouts", script=int(timeout * 500))
        self.command("Marionette:SetContext", value="chrome")

    def command(self, name: str, /, **parameters: object) -> Any:
        """Raises MarionetteError; OSError or TimeoutError where nothing is answered."""
        self._count += 1
        body = json.dumps([0, self._count, name, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(body), body))
        _, number, error, result = self._receive()
        assert number == self._count, (number, self._count)
        if error:
            raise MarionetteError(f"{error['error']}: {error['message']}\n{error['stacktrace']}")
        return result

    def do(self, script: str, *arguments: object) -> Any:
        """The value that the script's promise comes to. `script` is the body of an async
        function with `arguments`."""
        body = f"return (async function() {{ {script}\n}}).apply(null, arguments);"
        given = {"script": body, "args": list(arguments), "newSandbox": True, "sandbox": "system"}
        return self.command("WebDriver:ExecuteScript", **given)["value"]

    def declined(self) -> str:
        """The question that stands in the way, answered with its Cancel; "" where none does."""
        try:
            asked = str(self.command("WebDriver:GetAlertText")["value"])
        except MarionetteError as fault:
            if "no such alert" not in str(fault):
                raise
            return ""
        self.command("WebDriver:DismissAlert")
        return asked

    def close(self) -> None:
        self._connection.close()

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._more()
        length, _, self._buffer = self._buffer.partition(b":")
        while len(self._buffer) < int(length):
            self._more()
        frame, self._buffer = self._buffer[: int(length)], self._buffer[int(length) :]
        return json.loads(frame)

    def _more(self) -> None:
        data = self._connection.recv(65_536)
        if not data:
            raise ConnectionResetError("the program has ended the conversation")
        self._buffer += data
