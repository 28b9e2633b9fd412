"""From the words of `settings` to settings, written in one of many forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portineria.cli import session
from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import plain, print_table
from portineria.cli.frame import Asked
from portineria.cli.questions import find_mailbox
from portineria.doors import profiles
from portineria.doors.state import StateFolder
from portineria.fault import NoSuch, OperatorFault, UsageFault
from portineria.m365.endpoints import Endpoints
from portineria.policy.verdict import Answer
from portineria.run.look import Wants
from portineria.settings.clients import ANY, Client, known
from portineria.settings.formats import documents, pages, programs, relays
from portineria.settings.given import Missing, Server, Settings, settings
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tongue.say import say
from portineria.wiring.settings import direct_places, gateway_of

if TYPE_CHECKING:
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant

SCHEMA = "portineria/settings@1"
FORMS: dict[str, Callable[[Settings], str]] = {
    "markdown": pages.markdown,
    "html": pages.html,
    "pdf": pages.html,
    "autoconfig": documents.autoconfig,
    "mobileconfig": documents.mobileconfig,
    "dns": documents.zone,
    "msmtp": programs.msmtp,
    "mbsync": programs.mbsync,
    "fetchmail": programs.fetchmail,
    "getmail": programs.getmail,
    "neomutt": programs.neomutt,
    "curl": programs.curl,
    "python": programs.python,
    "postfix": relays.postfix,
    "ssmtp": relays.ssmtp,
    "powershell": relays.powershell,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The words as they were given."""

    mailbox: str
    client: str | None
    protocols: tuple[str, ...]
    form: str
    gateway: str | None
    snapshot: str | None
    output: str | None
    sign: str | None = None


def give(said: Asked, asking: Asking) -> int:
    """Raises UsageFault, NoSuch, and what a look raises."""
    session.refuse_unwritable(asking.output)
    _refuse_unsigned(asking)
    found = found_for(said, asking)
    _write(found, asking, as_json=said.json)
    if found.servers:
        return 0
    return 3 if any(one.answer is Answer.UNKNOWN for one in found.closed) else 1


def found_for(said: Asked, asking: Asking) -> Settings:
    """Raises as `give`."""
    if not asking.mailbox:
        raise UsageFault(
            "no mailbox is named",
            where="MAILBOX",
            try_="portineria settings ada@contoso.com; or --list-clients",
        )
    client = client_named(asking.client)
    snapshot, now, endpoints = _seen(said, asking, client)
    box = find_mailbox(snapshot, asking.mailbox)
    gateway = gateway_of(said.state / "gateway", asking.gateway, box.address, now)
    wanted = [Protocol(one) for one in asking.protocols] or list(Protocol)
    return settings(snapshot, box, client, direct_places(endpoints), gateway, now, wanted)


def client_named(name: str | None) -> Client:
    if name is None:
        return ANY
    clients = known()
    if name in clients:
        return clients[name]
    close = get_close_matches(name, clients, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise NoSuch(
        f"nothing is known of a client {name!r}",
        where="--client",
        try_=f"{hint}portineria settings --list-clients",
    )


def _seen(said: Asked, asking: Asking, client: Client) -> tuple[Snapshot, datetime, Endpoints]:
    """A kept snapshot is of the worldwide cloud, unless the profile says another."""
    if asking.snapshot is not None:
        kept = session.read_snapshot(Path(asking.snapshot))
        folder = StateFolder(said.state).profiles
        named = said.profile in profiles.names(folder)
        endpoints = profiles.load(folder, said.profile).endpoints if named else Endpoints()
        return kept, kept.taken_at, endpoints
    apps = frozenset({client.client_id}) if client.client_id else frozenset[str]()
    wants = Wants(mailboxes=frozenset({asking.mailbox.lower()}), apps=apps)

    async def look(tenant: Tenant, teller: Progress) -> tuple[Snapshot, datetime, Endpoints]:
        seen = await tenant.look(teller, wants)
        return seen, tenant.clock.now(), tenant.profile.endpoints

    return session.with_tenant(said, look)


def _write(found: Settings, asking: Asking, *, as_json: bool) -> None:
    if as_json:
        print_json(SCHEMA, document(found))
        return
    if asking.form == "table" and asking.output is None:
        _print(found)
        return
    form = "markdown" if asking.form == "table" else asking.form
    try:
        text = FORMS[form](found)
    except Missing as missing:
        told = "; ".join(f"{one.protocol.value.upper()}: {one.because}" for one in found.closed)
        raise OperatorFault(
            str(missing), where="--format", try_=f"see what is closed and why: {told}"
        ) from None
    octets = text.encode()
    if form == "pdf":
        from portineria.doors.printing import printed

        octets = printed(text)
    if asking.sign is not None:
        from portineria.doors.signedprofile import signed

        octets = signed(octets, Path(asking.sign))
    if asking.output is not None:
        session.write_octets(asking.output, [octets])
        print(asking.output)
    else:
        print(text, end="")


def _refuse_unsigned(asking: Asking) -> None:
    if asking.form == "pdf" and asking.output is None:
        raise UsageFault("a PDF goes into a file", where="--output", try_="write --output ada.pdf")
    if asking.sign is None:
        return
    if asking.form != "mobileconfig" or asking.output is None:
        raise UsageFault(
            "only a configuration profile is signed, and into a file",
            where="--sign",
            try_="write --format mobileconfig --output ada.mobileconfig",
        )


def _print(found: Settings) -> None:
    print(plain(pages.title(found)))
    if found.servers:
        print()
        print_table(pages.COLUMNS, map(pages.row, found.servers))
    notes = list(pages.remarks(found))
    if notes:
        print()
        for told in notes:
            print(plain(told))


def document(found: Settings) -> dict[str, Any]:
    return {
        "mailbox": found.address,
        "client": found.client.id,
        "servers": [_server(one) for one in found.servers],
        "closed": [
            {
                "protocol": one.protocol.value,
                "open": one.answer.value,
                "because": one.because,
                "opens": one.opens,
            }
            for one in found.closed
        ],
    }


def _server(one: Server) -> dict[str, Any]:
    return {
        "protocol": one.protocol.value,
        "host": one.place.host,
        "port": one.place.port,
        "tls": one.place.tls.value,
        "user": one.user,
        "login": one.login.value,
        "ca": one.ca,
    }


def tell_clients(*, as_json: bool) -> int:
    clients = known().values()
    if as_json:
        rows = [
            {
                "id": one.id,
                "name": one.name,
                "oauth": one.oauth.value,
                "client_id": one.client_id,
                "format": one.format,
                "screen": one.screen or None,
                "tls": one.tls or None,
                "note": one.note or None,
                "source": one.source,
            }
            for one in clients
        ]
        print_json("portineria/settings-clients@1", {"clients": rows})
        return 0
    columns = ("Name", "What it is", "Knows OAuth", "File", "Evidence")
    print_table(
        columns,
        ((one.id, say(one.name), say(one.oauth.value), one.format, one.source) for one in clients),
    )
    return 0
