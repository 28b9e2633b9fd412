"""What is known here of the gateway, for settings: where it listens, for whom it opens what."""

from __future__ import annotations

import json
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from portineria.doors.gate.credentialfile import FILE, Credentials
from portineria.fault import NoFile
from portineria.gateway.admission import Credential
from portineria.gateway.credentials import stands
from portineria.gateway.gatewayfile import GatewayFile
from portineria.m365.endpoints import Endpoints
from portineria.settings.given import Gateway, Place, Tls
from portineria.tenant.mailbox import Protocol
from portineria.wiring.gateway import CA, RUNNING
from portineria.wiring.gatewaysource import read_doors, read_file
from portineria.wiring.gatewaystore import REMEMBERED, usual_store
from portineria.wiring.opening import system_clock


def direct_places(endpoints: Endpoints) -> dict[Protocol, Place]:
    """Microsoft's own servers, of the profile's cloud."""
    at = {
        Protocol.IMAP: (endpoints.imap, Tls.IMPLICIT),
        Protocol.POP: (endpoints.pop, Tls.IMPLICIT),
        Protocol.SMTP: (endpoints.smtp, Tls.STARTTLS),
    }
    return {
        protocol: Place(host=where.host, port=where.port, tls=tls)
        for protocol, (where, tls) in at.items()
    }


def gateway_of(folder: Path, file: str | None, address: str, now: datetime) -> Gateway | None:
    """By its file, or by what a running one says; None where there is neither.

    `folder` is the gateway's own, with its doors and credentials. Raises NoFile, FileFault,
    BadFile, StateFault.
    """
    if file is not None:
        wished = read_file(Path(file))
        places, ca = _wished(wished), None if wished.certificates else str(folder / CA)
    else:
        told = _running(folder)
        if told is None:
            return None
        places, ca = told
    try:
        entrances = read_doors(folder / "doors.json").entrances
    except NoFile:
        entrances = ()
    mine = [one for one in entrances if one.mailbox.casefold() == address.casefold()]
    opened = {one.protocol for one in mine if one.until is None or now < one.until}
    return Gateway(places=places, opened=opened, names=_names(folder, address, now), ca=ca)


def _wished(file: GatewayFile) -> dict[Protocol, Place]:
    """The first place of each protocol that has TLS; else the first."""
    places: dict[Protocol, Place] = {}
    for wish in sorted(file.listen, key=lambda wish: wish.tls.value == Tls.NONE.value):
        place = Place(host=file.name, port=wish.port, tls=Tls(wish.tls.value))
        places.setdefault(wish.protocol, place)
    return places


def _running(folder: Path) -> tuple[dict[Protocol, Place], str | None] | None:
    try:
        told = json.loads((folder / RUNNING).read_text(encoding="utf-8"))
        listeners: dict[str, str] = told["listeners"]
        ca: str | None = told["ca"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    places: dict[Protocol, Place] = {}
    for protocol in Protocol:
        for name, tls in ((f"{protocol.value}s", Tls.IMPLICIT), (protocol.value, Tls.STARTTLS)):
            if name in listeners and protocol not in places:
                host, _, port = listeners[name].rpartition(":")
                host = _reached(host)
                places[protocol] = Place(host=host, port=int(port), tls=tls)
    return places, ca


def _reached(host: str) -> str:
    """Where it listens on this machine alone, or everywhere, its name here is all that is known."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return "localhost" if address.is_loopback or address.is_unspecified else host


def _names(folder: Path, address: str, now: datetime) -> dict[Protocol, str]:
    """The newest credential's first name, for each protocol that it is good for."""
    if not ((folder / FILE).exists() or (folder / REMEMBERED).exists()):
        return {}
    store = Credentials(usual_store(folder, system_clock()))
    try:
        every = store.every()
    finally:
        store.close()
    found: dict[Protocol, str] = {}
    for one in every:
        if not stands(one, now) or one.by_address:
            continue
        if address.casefold() in map(str.casefold, one.mailboxes):
            found |= {protocol: _login(one, address) for protocol in one.protocols}
    return found


def _login(one: Credential, address: str) -> str:
    return one.names[0] if len(one.mailboxes) == 1 else f"{one.names[0]}/{address}"
