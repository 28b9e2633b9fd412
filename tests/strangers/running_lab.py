"""A lab with open doors, and the ways to arrange and to watch it that its control door gives."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from portineria.clock import SystemClock
from portineria.lab.serve import Options, Running, serve

OUTLOOK = "https://outlook.office365.com/.default"
MAIL = "https://outlook.office.com/"
DELEGATED = f"{MAIL}IMAP.AccessAsUser.All {MAIL}POP.AccessAsUser.All {MAIL}SMTP.Send"
Row = dict[str, Any]
FRESH = 60.0
"""Seconds after which a connection is not used again: half of what the lab keeps one open."""


class TurnedClock(SystemClock):
    """The machine's time and some more, for what happens on a date."""

    def __init__(self) -> None:
        super().__init__(asyncio.sleep)
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class NoToken(Exception):
    """The token endpoint refused; the text is its error_description."""


@dataclass
class Doors:
    """`info` is what `portineria lab up --json` prints."""

    info: dict[str, Any]
    context: ssl.SSLContext
    clock: TurnedClock
    _control: http.client.HTTPSConnection = field(init=False)
    _asked: float = 0.0
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = urllib.parse.urlsplit(self.info["control"])
        self._control = http.client.HTTPSConnection(
            str(where.hostname), where.port, context=self.context, timeout=20
        )

    @property
    def ca(self) -> Path:
        return Path(self.info["ca"])

    def port(self, door: str) -> int:
        return int(self.info[door].rpartition(":")[2])

    def password(self, upn: str) -> str:
        return next(str(row["password"]) for row in self.info["people"] if row["upn"] == upn)

    # --- tokens, as any program would ask for them ---

    def app_token(self, app: str = "mail_app", scope: str = OUTLOOK) -> str:
        """An application's own, by client credentials. Raises NoToken."""
        named = {name: self.info[app][name] for name in ("client_id", "client_secret")}
        return self.token({"grant_type": "client_credentials", "scope": scope, **named})

    def person_token(self, upn: str) -> str:
        """A person's, for mail, as if they had signed in with a browser. Raises NoToken."""
        return self.token(self.signed_in(upn))

    def signed_in(self, upn: str) -> dict[str, str]:
        """The form that a mail program sends for a new token of this person."""
        had = self.control("POST", f"/people/{urllib.parse.quote(upn)}/refresh-token", {})
        return {
            "grant_type": "refresh_token",
            "client_id": had["client_id"],
            "refresh_token": had["refresh_token"],
            "scope": DELEGATED,
        }

    def token(self, form: Mapping[str, str]) -> str:
        url = f"{self.info['login']}/{self.info['tenant']}/oauth2/v2.0/token"
        asked = urllib.request.Request(url, urllib.parse.urlencode(form).encode())
        try:
            with urllib.request.urlopen(asked, context=self.context) as answer:
                return str(json.load(answer)["access_token"])
        except urllib.error.HTTPError as refusal:
            raise NoToken(json.load(refusal)["error_description"]) from None

    # --- the control door ---

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One request over a connection that stays open: the table makes hundreds. One that was
        not used for long is made anew, for the lab closes it some time."""
        now = time.monotonic()
        if now - self._asked > FRESH:
            self._control.close()
        self._asked = now
        text = None if body is None and method == "GET" else json.dumps(body)
        self._control.request(method, path, text)
        with self._control.getresponse() as answer:
            content = answer.read()
            assert answer.status < 300, f"{method} {path}: {answer.status} {content[:500]!r}"
        return json.loads(content) if content else None

    def close(self) -> None:
        self._control.close()

    def table(self, kind: str) -> dict[str, Row]:
        return cast("dict[str, Row]", self.control("GET", f"/world/{kind}")["value"])

    def put(self, kind: str, key: str, document: Row | None) -> None:
        self.control("PUT", f"/world/{kind}/{urllib.parse.quote(key)}", document)

    def key(self, kind: str, **member: str) -> str:
        """The key of the one document with this member. It never changes, so it is kept."""
        ((name, value),) = member.items()
        if (kind, value) not in self._keys:
            rows = self.table(kind).items()
            self._keys[kind, value] = next(key for key, row in rows if row.get(name) == value)
        return self._keys[kind, value]

    def mailbox(self, address: str) -> str:
        return self.key("mailboxes", PrimarySmtpAddress=address)

    def user(self, upn: str) -> str:
        return self.key("users", userPrincipalName=upn)

    def history(self) -> list[Row]:
        """What was heard at the mail hosts since `forget`."""
        rows = self.control("GET", "/history")["value"]
        return [row for row in rows if row["face"] in ("imap", "pop", "smtp")]

    def forget(self) -> None:
        self.control("DELETE", "/history")


@contextmanager
def open_doors(folder: Path, seed: str = "small") -> Iterator[Doors]:
    """A lab in a thread of its own, closed at the end."""
    loop, clock = asyncio.new_event_loop(), TurnedClock()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait_for(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    running: Running | None = None
    try:
        running = wait_for(serve(Options(state_dir=folder, seed=seed, clock=clock)))
        trust = ssl.create_default_context(cafile=running.info["ca"])
        found = Doors(running.info, trust, clock)
        yield found
        found.close()
    finally:
        if running is not None:
            wait_for(running.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
