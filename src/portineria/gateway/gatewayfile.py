"""`gateway.yaml` (schema portineria/gateway-file@1): where the gateway listens and how it behaves.

Who may enter is not in it: that follows from the policy's grants. Every mistake of a file is told
at once, with line and column. Paths begin at the file's own folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

from portineria.gateway.admission import Network
from portineria.gateway.bodies import BareLf
from portineria.gateway.limits import Limits, Pacing
from portineria.policy.marked import Page, Spot, need, shown
from portineria.tenant.mailbox import Protocol

VERSION = "portineria/gateway-file@1"
KEYS = (
    "schema",
    "name",
    "listen",
    "certificates",
    "client_ca",
    "proxy",
    "upstream",
    "limits",
    "pacing",
    "pool",
    "control",
    "workers",
    "database",
    "health",
)
LISTEN_KEYS = ("protocol", "at", "tls", "networks", "old_tls", "bare_lf")
UPSTREAM_KEYS = ("imap", "pop", "smtp", "ca", "scope")
SERVER_KEYS = ("at", "tls")
CERTIFICATE_KEYS = ("certificate", "key")
MOST_POOL = 64
MOST_WORKERS = 64
NAME = "localhost"


class Tls(StrEnum):
    """How a connection begins. `none`: in the clear, and passwords before TLS are taken."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenWish:
    """One place where clients come in. Of `networks` alone cleartext and old TLS are taken."""

    protocol: Protocol
    host: str
    port: int
    tls: Tls
    networks: tuple[Network, ...] = ()
    old_tls: bool = False
    bare_lf: BareLf = BareLf.MEND

    @property
    def weakness(self) -> str:
        """What it takes that is less than TLS 1.2: `cleartext`, `old-tls`, or nothing."""
        if self.tls is Tls.NONE:
            return "cleartext"
        return "old-tls" if self.old_tls else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWish:
    """A mail server that takes XOAUTH2."""

    host: str
    port: int
    tls: Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWish:
    certificate: Path
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseWish:
    """Where the connection to PostgreSQL is written: `file` or `env`, its name, and who says so."""

    kind: str
    name: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFile:
    """A whole file. `servers` without a protocol: that of the profile's endpoints."""

    listen: tuple[ListenWish, ...]
    name: str = NAME
    certificates: tuple[CertificateWish, ...] = ()
    client_ca: Path | None = None
    proxies: tuple[Network, ...] = ()
    servers: Mapping[Protocol, ServerWish] = field(default_factory=dict)
    servers_ca: Path | None = None
    scope: str | None = None
    limits: Limits = field(default_factory=Limits)
    pacing: Pacing = field(default_factory=Pacing)
    pool: int = 0
    control: tuple[str, int] | None = None
    workers: int = 1
    database: DatabaseWish | None = None
    health: tuple[str, int] | None = None


def parse(text: str, *, file: str, folder: Path) -> GatewayFile:
    """Raises marked.FileFault with every mistake."""
    page = Page(file, discreet=True)
    root = page.open(text.removeprefix("\ufeff"))
    found = page.mapping(root, KEYS, "the gateway file") or {}
    example = "write listen: [{protocol: imap, at: 127.0.0.1:993, tls: implicit}]"
    need(page, root, found, "listen", "the gateway file", example)
    if (spot := found.get("schema")) is not None and spot.node.value != VERSION:
        page.complain(spot, f"schema {shown(spot)} is not known here", f"write {VERSION}")
    read = _Reader(page, folder)
    servers, ca, scope = read.upstream(found.get("upstream"))
    result = GatewayFile(
        listen=read.listen(found.get("listen")),
        name=read.name(found.get("name")),
        certificates=read.certificates(found.get("certificates")),
        client_ca=read.path(found.get("client_ca"), "client_ca"),
        proxies=read.networks(found.get("proxy"), "proxy"),
        servers=servers,
        servers_ca=ca,
        scope=scope,
        limits=read.numbers(found.get("limits"), Limits(), least=1),
        pacing=read.numbers(found.get("pacing"), Pacing(), least=0),
        pool=read.number(found.get("pool"), "pool", 0, MOST_POOL) or 0,
        control=read.control(found.get("control")),
        workers=read.number(found.get("workers"), "workers", 1, MOST_WORKERS) or 1,
        database=read.database(found.get("database")),
        health=read.place(found["health"], least=0) if "health" in found else None,
    )
    page.finish()
    return result


Numbers = TypeVar("Numbers", Limits, Pacing)
MOST_NUMBER = 10_000_000


@dataclass(frozen=True, slots=True)
class _Reader:
    page: Page
    folder: Path

    def listen(self, spot: Spot | None) -> tuple[ListenWish, ...]:
        items = (self.page.items(spot, "listen") or []) if spot else []
        if spot and not items and not self.page.complaints:
            self.page.complain(spot, "nobody is listened to", "write at least one place")
        wishes = [wish for item in items if (wish := self._listen(item)) is not None]
        places: set[tuple[str, int]] = set()
        for item, wish in zip(items, wishes, strict=False):
            if wish.port and (wish.host, wish.port) in places:
                told = f"{wish.host}:{wish.port} is listened at already"
                self.page.complain(item, told, "give it another port")
            places.add((wish.host, wish.port))
        return tuple(wishes)

    def _listen(self, spot: Spot) -> ListenWish | None:
        found = self.page.mapping(spot, LISTEN_KEYS, "a place to listen")
        if found is None:
            return None
        for key in ("protocol", "at"):
            need(self.page, spot, found, key, "a place to listen", _EXAMPLE)
        protocol = _of(found, "protocol", lambda s: self.page.choice(s, Protocol, "the protocol"))
        at = _of(found, "at", lambda s: self.place(s, least=0))
        tls = _of(found, "tls", lambda s: self.page.choice(s, Tls, "tls")) or Tls.IMPLICIT
        old = _of(found, "old_tls", self.flag) or False
        networks = self.networks(found.get("networks"), "networks")
        if (tls is Tls.NONE or old) and not networks:
            told = "cleartext and old TLS are for named networks only"
            self.page.complain(spot, told, "write networks: [10.0.0.0/24]")
        if networks and tls is not Tls.NONE and not old:
            told = "networks name who may come in the clear or by old TLS, and nobody may here"
            where = "take them out: where a device may come from stands in its credential and grant"
            self.page.complain(found["networks"], told, where)
        bare_lf = _of(found, "bare_lf", lambda s: self.page.choice(s, BareLf, "bare_lf"))
        if bare_lf and protocol not in (None, Protocol.SMTP):
            told = f"bare_lf is about messages, and {protocol} takes none"
            self.page.complain(found["bare_lf"], told, "take it out")
        if protocol is None or at is None:
            return None
        return ListenWish(
            protocol=protocol,
            host=at[0],
            port=at[1],
            tls=tls,
            networks=networks,
            old_tls=old,
            bare_lf=bare_lf or BareLf.MEND,
        )

    def name(self, spot: Spot | None) -> str:
        value = self.page.text(spot, "the name") if spot else None
        if spot and value and not _is_host(value):
            self.page.complain(spot, f"{value!r} is no name of a host", "write gate.contoso.com")
        return value or NAME

    def certificates(self, spot: Spot | None) -> tuple[CertificateWish, ...]:
        found = []
        for item in (self.page.items(spot, "certificates") or []) if spot else []:
            keys = self.page.mapping(item, CERTIFICATE_KEYS, "a certificate") or {}
            need(
                self.page, item, keys, "certificate", "a certificate", "write certificate: gate.pem"
            )
            path = self.path(keys.get("certificate"), "certificate")
            if path is not None:
                key = self.path(keys.get("key"), "key")
                found.append(CertificateWish(certificate=path, key=key))
        return tuple(found)

    def upstream(
        self, spot: Spot | None
    ) -> tuple[dict[Protocol, ServerWish], Path | None, str | None]:
        found = (self.page.mapping(spot, UPSTREAM_KEYS, "upstream") or {}) if spot else {}
        servers = {}
        for protocol in Protocol:
            if (one := found.get(protocol.value)) is not None:
                server = self._server(one)
                if server is not None:
                    servers[protocol] = server
        scope = self.page.text(found["scope"], "the scope") if "scope" in found else None
        return servers, self.path(found.get("ca"), "ca"), scope

    def _server(self, spot: Spot) -> ServerWish | None:
        found = self.page.mapping(spot, SERVER_KEYS, "a mail server") or {}
        need(self.page, spot, found, "at", "a mail server", "write at: mail.contoso.com:993")
        tls = _of(found, "tls", lambda s: self.page.choice(s, Tls, "tls")) or Tls.IMPLICIT
        if tls is Tls.NONE:
            told = "a token never goes in the clear"
            self.page.complain(found["tls"], told, "write implicit or starttls")
        at = _of(found, "at", lambda s: self.place(s, least=1))
        return None if at is None else ServerWish(host=at[0], port=at[1], tls=tls)

    def place(self, spot: Spot, *, least: int) -> tuple[str, int] | None:
        """`127.0.0.1:993`, `[::]:993`, `mail.contoso.com:993`."""
        value = self.page.text(spot, "a place")
        if value is None:
            return None
        host, _, port = value.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if bare and port.isdecimal() and least <= int(port) < 65536:
            return bare, int(port)
        self.page.complain(spot, f"{value!r} is no place", "write 127.0.0.1:993 or [::]:993")
        return None

    def networks(self, spot: Spot | None, what: str) -> tuple[Network, ...]:
        found = []
        for item in (self.page.items(spot, what) or []) if spot else []:
            value = self.page.text(item, "a network")
            try:
                found.append(ip_network(value or "0.0.0.0/32"))
            except ValueError:
                told = f"{value!r} names no network"
                self.page.complain(item, told, "write 10.0.0.0/24, or one address")
        return tuple(found)

    def path(self, spot: Spot | None, what: str) -> Path | None:
        value = self.page.text(spot, what) if spot else None
        return None if value is None else self.folder / value.removeprefix("file:")

    def flag(self, spot: Spot) -> bool:
        if spot.node.value not in ("true", "false"):
            self.page.complain(spot, f"{shown(spot)} is neither true nor false", "write true")
        return bool(spot.node.value == "true")

    def number(self, spot: Spot | None, what: str, least: int, most: int) -> int | None:
        if spot is None:
            return None
        value = str(spot.node.value)
        if spot.kind == "int" and value.isdecimal() and least <= int(value) <= most:
            return int(value)
        told = f"{what} cannot be {shown(spot)}"
        self.page.complain(spot, told, f"write a number from {least} to {most}")
        return None

    def numbers(self, spot: Spot | None, base: Numbers, *, least: int) -> Numbers:
        known = [one.name for one in fields(base)]
        found = (self.page.mapping(spot, known, "the numbers") or {}) if spot else {}
        read = {key: self.number(one, key, least, MOST_NUMBER) for key, one in found.items()}
        return replace(base, **{key: value for key, value in read.items() if value is not None})

    def control(self, spot: Spot | None) -> tuple[str, int] | None:
        """Only loopback: it answers whoever asks."""
        at = None if spot is None else self.place(spot, least=0)
        if spot is not None and at is not None and at[0] not in _LOOPBACK:
            told = f"the control port answers whoever asks, and {at[0]} can be reached by others"
            self.page.complain(spot, told, "write 127.0.0.1:9180")
        return at

    def database(self, spot: Spot | None) -> DatabaseWish | None:
        """By reference only: what it names holds a password."""
        value = self.page.text(spot, "the database") if spot else None
        if spot is None or value is None:
            return None
        kind, _, name = value.partition(":")
        if kind not in ("file", "env") or not name.strip() or name.startswith("//"):
            told = "where the database is, and its password, does not belong into this file"
            self.page.complain(spot, told, "write database: file:database.conninfo, or env:NAME")
            return None
        where = f"{self.page.file}:{spot.place.line}:{spot.place.column}"
        name = str(self.folder / name.strip()) if kind == "file" else name.strip()
        return DatabaseWish(kind=kind, name=name, where=where)


_EXAMPLE = "write {protocol: imap, at: 127.0.0.1:993, tls: implicit}"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Value = TypeVar("Value")


def _of(found: Mapping[str, Spot], key: str, read: Callable[[Spot], Value | None]) -> Value | None:
    return None if key not in found else read(found[key])


def _is_host(text: str) -> bool:
    labels = text.split(".")
    return len(text) < 254 and all(
        label and len(label) < 64 and label.replace("-", "").isalnum() and label.isascii()
        for label in labels
    )
