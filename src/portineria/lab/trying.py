"""What people may use today, found by trying it.

The lab has no function that answers whether an access is allowed. So it asks itself as a stranger
would: on a copy of the tenant, in fair weather, with tokens from the login and conversations with
the mail hosts. Nothing of it is left in the tenant, in its history or in its counters.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from portineria.clock import VirtualClock
from portineria.lab import control
from portineria.lab.ask import Ask, Seen
from portineria.lab.lab import Lab
from portineria.lab.login import face as login
from portineria.lab.post.front import Front
from portineria.lab.post.office import PostOffice
from portineria.lab.post.serve import DOORS
from portineria.lab.weather import Weather

PROTOCOLS = ("imap", "pop", "smtp")
WAYS = ("basic", "oauth-user", "oauth-app")
"""A password; a token of the person, who signed in with a browser; a token of the mail app."""

HERE = "127.0.0.1"
MAIL = "https://outlook.office365.com/.default"

Person = dict[str, Any]
Open = dict[str, list[str]]
"""Protocol to the ways that got in; empty where none did."""


async def try_all(lab: Lab, people: Sequence[Person]) -> dict[str, Open]:
    """Address to what got in, for every person, protocol and way."""
    twin = _twin(lab)
    office = PostOffice(twin.world, lambda: twin.weather)
    app = await _app_token(twin)
    found: dict[str, Open] = {}
    for person in people:
        given = {
            "basic": str(person["password"]),
            "oauth-user": await _user_token(twin, person["upn"]),
            "oauth-app": app,
        }
        found[person["upn"]] = {
            protocol: [
                way
                for way, what in given.items()
                if what and await _got_in(office, protocol, person["upn"], way, what)
            ]
            for protocol in PROTOCOLS
        }
    return found


def _twin(lab: Lab) -> Lab:
    """The same tenant where nothing that happens matters, and waiting takes no time."""
    clock = VirtualClock(lab.clock.now())
    weather = replace(Weather(), readings=lab.weather.readings, effects=lab.weather.effects)
    return Lab(lab.world.fork(clock), clock, weather, urls=lab.urls, seed=lab.seed, info=lab.info)


async def _app_token(twin: Lab) -> str:
    app = twin.info["mail_app"]
    return await _token(
        twin,
        grant_type="client_credentials",
        client_id=app["client_id"],
        client_secret=app["client_secret"],
        scope=MAIL,
    )


async def _user_token(twin: Lab, upn: str) -> str:
    answer = await control.answer(twin, _ask(twin, "control", f"/people/{upn}/refresh-token"))
    signed_in = answer.body
    return await _token(
        twin,
        grant_type="refresh_token",
        client_id=signed_in["client_id"],
        refresh_token=signed_in["refresh_token"],
        scope=signed_in["scope"],
    )


async def _token(twin: Lab, **form: str) -> str:
    """An access token, or "" where the login refuses."""
    ask = _ask(twin, "login", f"/{twin.world.tenant_id}/oauth2/v2.0/token", urlencode(form))
    answer = await login.answer(twin, ask)
    return str(answer.body.get("access_token", ""))


def _ask(twin: Lab, face: str, path: str, body: str = "") -> Ask:
    return Ask(face=face, method="POST", path=path, body=body.encode(), seen=Seen(twin.world))


@dataclass(frozen=True, slots=True)
class Step:
    """One line to send, and how the answer begins where it is a yes."""

    line: str
    yes: tuple[str, ...]


async def _got_in(office: PostOffice, protocol: str, upn: str, way: str, what: str) -> bool:
    """Log in and touch the mailbox: only that tells whether it is really open."""
    front = DOORS[_DOOR[protocol]].front(office, HERE)
    try:
        await front.open()
        for step in _steps(protocol, upn, way, what):
            if not await _say(front, step):
                return False
        return True
    finally:
        front.close()


async def _say(front: Front, step: Step) -> bool:
    said = (await front.receive(f"{step.line}\r\n".encode())).decode("utf-8", "replace")
    if front.shaking:
        front.tls_started()
    last = said.rstrip("\r\n").rpartition("\n")[2]
    return last.startswith(step.yes)


def _steps(protocol: str, upn: str, way: str, what: str) -> Iterable[Step]:
    raw = f"user={upn}\x01auth=Bearer {what}\x01\x01"
    return _TALKS[protocol](upn, "" if way == "basic" else _base64(raw), what)


def _imap(upn: str, token: str, password: str) -> Iterable[Step]:
    if token:
        yield Step(f"A1 AUTHENTICATE XOAUTH2 {token}", ("A1 OK",))
    else:
        yield Step(f'A1 LOGIN "{upn}" "{password}"', ("A1 OK",))
    yield Step("A2 SELECT INBOX", ("A2 OK",))


def _pop(upn: str, token: str, password: str) -> Iterable[Step]:
    if token:
        yield Step("AUTH XOAUTH2", ("+ ",))
        yield Step(token, ("+OK",))
    else:
        yield Step(f"USER {upn}", ("+OK",))
        yield Step(f"PASS {password}", ("+OK",))
    yield Step("STAT", ("+OK",))


def _smtp(upn: str, token: str, password: str) -> Iterable[Step]:
    yield Step("EHLO [127.0.0.1]", ("250 ",))
    yield Step("STARTTLS", ("220 ",))
    yield Step("EHLO [127.0.0.1]", ("250 ",))
    if token:
        yield Step(f"AUTH XOAUTH2 {token}", ("235 ",))
    else:
        yield Step("AUTH LOGIN", ("334 ",))
        yield Step(_base64(upn), ("334 ",))
        yield Step(_base64(password), ("235 ",))
    yield Step(f"MAIL FROM:<{upn}>", ("250 ",))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_DOOR = {"imap": "imaps", "pop": "pops", "smtp": "smtp"}
_TALKS = {"imap": _imap, "pop": _pop, "smtp": _smtp}
