"""Settings over the web: one server for programs that look for them, links for people."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from portineria.cli import session
from portineria.cli.frame import Asked
from portineria.cli.giving import FORMS, Asking, client_named, found_for
from portineria.cli.loop import run
from portineria.doors.settinglinks import Kept, Links
from portineria.doors.settingserver import SettingServer, Words
from portineria.doors.state import StateFolder
from portineria.fault import Fault, OperatorFault, UsageFault
from portineria.settings.domainwide import offers
from portineria.settings.given import Missing
from portineria.tenant.snapshot import Snapshot
from portineria.tongue.say import compose, say, spoken_language
from portineria.wiring.opening import system_clock
from portineria.wiring.settings import direct_places

if TYPE_CHECKING:
    from portineria.m365.endpoints import Endpoints
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant

EVERY = 3600.0
"""Seconds between two looks at the tenant."""
KINDS = {
    "html": ("text/html", ""),
    "mobileconfig": ("application/x-apple-aspen-config", "mail.mobileconfig"),
    "autoconfig": ("text/xml", "config-v1.1.xml"),
    "markdown": ("text/plain", ""),
}
Look = Callable[[], Awaitable[Snapshot]]


def links(said: Asked) -> Links:
    return Links(StateFolder(said.state).make().root / "settings")


def make_link(said: Asked, mailbox: str, given: dict[str, Any]) -> tuple[str, datetime]:
    """Raises as `settings MAILBOX` does; UsageFault for a base that is no address of a page."""
    base = urlsplit(given["base"])
    if base.scheme not in ("http", "https") or not base.hostname or base.query or base.fragment:
        raise UsageFault(
            f"{given['base']!r} is no address of a page",
            where="--base",
            try_="write --base https://settings.contoso.com",
        )
    asking = Asking(
        mailbox=mailbox,
        client=given["client"],
        protocols=(),
        form=given["form"],
        gateway=given["gateway"],
        snapshot=given["snapshot"],
        output=None,
    )
    found = found_for(said, asking)
    try:
        text = FORMS[given["form"]](found)
    except Missing as missing:
        raise OperatorFault(
            str(missing), where="--format", try_="portineria settings MAILBOX says what is closed"
        ) from None
    kind, name = KINDS[given["form"]]
    until = system_clock().now() + timedelta(hours=given["hours"])
    token = links(said).make(Kept(kind=kind, name=name, text=text, until=until))
    return f"{given['base'].rstrip('/')}/s/{token.reveal()}", until


def run_server(said: Asked, given: dict[str, Any]) -> None:
    """Raises UsageFault, OperatorFault, and what a look raises."""
    host, port = _place(given["at"])
    tls = _tls(given, host)
    client = client_named(given["client"])
    if given["snapshot"] is not None:
        kept = session.read_snapshot(Path(given["snapshot"]))

        async def look() -> Snapshot:
            return kept

        run(_serve(said, look, client_offers(client, _usual()), (host, port, tls)))
        return

    async def work(tenant: Tenant, teller: Progress) -> None:
        places = client_offers(client, tenant.profile.endpoints)
        await _serve(said, lambda: tenant.look(teller), places, (host, port, tls))

    session.with_tenant(said, work)


def client_offers(client: Any, endpoints: Endpoints) -> Callable[[Snapshot, datetime], Any]:
    return lambda seen, now: offers(seen, client, direct_places(endpoints), now)


def _usual() -> Endpoints:
    from portineria.m365.endpoints import Endpoints

    return Endpoints()


async def _serve(
    said: Asked,
    look: Look,
    judge: Callable[[Snapshot, datetime], Any],
    place: tuple[str, int, tuple[Path, Path] | None],
) -> None:
    clock, kept = system_clock(), links(said)
    server = SettingServer(judge(await look(), clock.now()), kept, clock, _words)
    host, port, tls = place

    async def look_again() -> None:
        """What was known before is served where the tenant cannot be seen."""
        while True:
            await clock.sleep(EVERY)
            kept.sweep(clock.now())
            try:
                server.offers = judge(await look(), clock.now())
            except Fault as fault:
                print(compose("warning: {} ({})", fault.why, fault.where), file=sys.stderr)

    def ready(port: int) -> None:
        _announce(said, server, f"{'https' if tls else 'http'}://{host}:{port}")

    looking = asyncio.ensure_future(look_again())
    try:
        await server.serve(host, port, tls, ready)
    except OSError as error:
        raise OperatorFault(
            f"it cannot listen: {error.strerror or error}",
            where="--at",
            try_="name an address of this machine and a port that is free",
        ) from None
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


def _announce(said: Asked, server: SettingServer, url: str) -> None:
    from portineria.cli.faces.answer import print_json

    domains = {name: [one.protocol.value for one in some] for name, some in server.offers.items()}
    if said.json:
        print_json("portineria/settings-serve@1", {"url": url, "domains": domains})
    else:
        print(compose("Settings are served at {}", url))
        for name, protocols in domains.items():
            print(f"  {name}: {', '.join(protocols) or say('nothing is open')}")
    sys.stdout.flush()


def _words() -> Words:
    return Words(
        language=spoken_language(),
        title=say("Your mail settings"),
        note=say("This link shows them once: print them, or write them down."),
        button=say("Show them"),
    )


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageFault(
            f"{text!r} is no place to listen", where="--at", try_="write --at 127.0.0.1:8480"
        )
    return host.strip("[]"), int(port)


def _tls(given: dict[str, Any], host: str) -> tuple[Path, Path] | None:
    if given["certificate"] is not None:
        return Path(given["certificate"]), Path(given["key"] or given["certificate"])
    try:
        near = ip_address(host).is_loopback
    except ValueError:
        near = host == "localhost"
    if not near:
        raise UsageFault(
            "without a certificate it serves this machine alone",
            where="--at",
            try_="name --certificate and --key, or put a server with TLS before it",
        )
    return None
