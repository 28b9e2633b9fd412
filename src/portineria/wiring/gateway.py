"""The gateway, put together: doors file, credentials, tokens of the mail app, listeners."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from portineria.clock import Clock
from portineria.doors.files import write_atomic
from portineria.doors.gate.control import Control
from portineria.doors.gate.credentialfile import SqliteCredentials, hash_key
from portineria.doors.gate.gate import Gate
from portineria.doors.gate.gatetokens import GateTokens
from portineria.doors.gate.house import Behind
from portineria.doors.gate.notify import READY, STOPPING, notify, reloading
from portineria.doors.gate.ownca import certified
from portineria.doors.gate.servertls import ServerTls
from portineria.doors.gate.trace import Tracer
from portineria.doors.http import HttpDoor
from portineria.doors.identity import AppTokens
from portineria.doors.keyring import credential_of
from portineria.doors.profiles import Profile
from portineria.doors.textfile import read_text
from portineria.fault import BadCredential, Fault, NoFile, OperatorFault, WrongTenant
from portineria.gateway.admission import Credential, Register
from portineria.gateway.doorsfile import AGAIN, Doors, parse
from portineria.gateway.gatewayfile import CertificateWish, GatewayFile, ListenWish, Tls
from portineria.tenant.mailbox import Protocol
from portineria.wiring.opening import authority, find_tenant_id, system_clock

MOST_DOORS = 256 * 1024 * 1024
EVERY = 0.5
"""Seconds between two looks at the credentials and the doors file."""
RUNNING, SOCKET, CA = "running.json", "control.sock", "ca.pem"
"""Names in the gateway's folder."""
log = logging.getLogger("portineria.gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a gateway says of itself once it listens; kept in the state folder while it does.

    `ca` is the file that devices trust where the gateway made its own certificate.
    """

    pid: int
    listeners: dict[str, str]
    control: str
    ca: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `gateway run` was asked for. Without certificates the gateway makes its own."""

    doors: Path
    folder: Path
    file: GatewayFile


def read_doors(path: Path) -> Doors:
    """Raises NoFile, BadEncoding, BadFile."""
    return parse(read_text(path, most=MOST_DOORS), str(path))


async def run_gateway(
    profile: Profile, wanted: Wanted, ready: Callable[[Gate, Doors, Running], None]
) -> None:
    """Serve until SIGTERM or SIGINT. Raises OperatorFault, ServiceFault, NetworkFault."""
    clock = system_clock()
    async with HttpDoor(profile.ca) as door:
        tenant = await find_tenant_id(door, profile, clock)
    tokens = _tokens(profile, tenant, wanted.file, clock)
    store = SqliteCredentials(wanted.folder)
    try:
        source = _Source(wanted, store, hash_key(wanted.folder), tenant)
        source.read()
        gate = Gate(
            wanted.file,
            ServerTls(_certificates(wanted, clock), wanted.file.client_ca),
            _servers(profile, wanted.file),
            source.register(),
            tokens,
            clock,
        )
        control = _control(gate, wanted)
        said: list[Path] = []  # another gateway's, that runs here already, is not ours to take away

        def up() -> None:
            running = Running(
                pid=os.getpid(),
                listeners=_addresses(gate.ports),
                control=f"http://{control.host}:{control.port}",
                ca=None if wanted.file.certificates else str(wanted.folder / CA),
            )
            write_atomic(wanted.folder / RUNNING, json.dumps(asdict(running)).encode())
            said.append(wanted.folder / RUNNING)
            ready(gate, source.doors, running)
            notify(READY)

        try:
            await _serve(gate, source, tokens, control, up)
        finally:
            notify(STOPPING)
            for file in said:
                file.unlink(missing_ok=True)
    finally:
        store.close()


def _tokens(profile: Profile, tenant: str, file: GatewayFile, clock: Clock) -> GateTokens:
    """The mail app's, and for SMTP those of the app of its own where the profile has one."""
    app = profile.probe.app or profile.probe.smtp_app
    if app is None:
        raise BadCredential(
            "the profile names no mail app, which opens the mailboxes for the gateway",
            where=str(profile.path),
            try_="portineria app create policy.yaml makes one and names it under probe.app",
        )
    whom = authority(profile, tenant)
    every = AppTokens(whom, credential_of(app), clock)
    smtp = profile.probe.smtp_app
    apps = dict.fromkeys(Protocol, every)
    if smtp is not None and smtp is not app:
        apps[Protocol.SMTP] = AppTokens(whom, credential_of(smtp), clock)
    return GateTokens(apps, file.scope or profile.endpoints.exchange_scope, clock)


def _certificates(wanted: Wanted, clock: Clock) -> Sequence[CertificateWish]:
    if wanted.file.certificates:
        return wanted.file.certificates
    names = [wanted.file.name, "localhost", "127.0.0.1"]
    return (certified(wanted.folder, list(dict.fromkeys(names)), clock.now()),)


def _addresses(ports: Iterable[tuple[ListenWish, int]]) -> dict[str, str]:
    """`imaps: host:port` and so on, as `gateway up --json` prints them."""
    names = {}
    for wish, port in ports:
        implicit = "s" if wish.tls is Tls.IMPLICIT else ""
        names[f"{wish.protocol.value}{implicit}"] = f"{wish.host}:{port}"
    return names


def _control(gate: Gate, wanted: Wanted) -> Control:
    tracer = Tracer()
    gate.taps = tracer.tap
    host, port = wanted.file.control or ("127.0.0.1", 0)
    return Control(gate, tracer, wanted.folder / SOCKET, host, port)


async def _serve(
    gate: Gate, source: _Source, tokens: GateTokens, control: Control, ready: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    hung_up = asyncio.Event()
    troubles: BaseException | None = None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, gate.stop)
    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    try:
        async with asyncio.TaskGroup() as group:
            chores: list[asyncio.Task[None]] = []

            def listening(_: Gate) -> None:
                chores.append(group.create_task(_watch(gate, source, hung_up)))
                chores.append(group.create_task(tokens.keep()))
                chores.append(group.create_task(control.serve(ready)))

            try:
                await gate.serve(listening)
            finally:
                for chore in chores:
                    chore.cancel()
    except* OSError as group:
        troubles = group
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
    if troubles is not None:
        raise _cannot_listen(troubles)


def _cannot_listen(error: BaseException) -> OperatorFault:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return OperatorFault(
        f"the gateway cannot listen: {error}",
        where="--listen",
        try_="name an address of this machine and a port that is free",
    )


async def _watch(gate: Gate, source: _Source, hung_up: asyncio.Event) -> None:
    """A file that cannot be read changes nothing: what is open ends when its own time ends."""
    since = gate.clock.now()
    while True:
        await gate.clock.sleep(EVERY)
        now = gate.clock.now()
        try:
            if hung_up.is_set():
                notify(reloading())
                gate.server_tls.load()
                log.info("certificates and doors are read again")
            fresh = source.changed(forced=hung_up.is_set())
        except Fault as fault:
            log.error("%s (%s); what was known before stays in force", fault.why, fault.where)
            fresh = False
        if hung_up.is_set():
            hung_up.clear()
            notify(READY)
        if fresh or source.ended(since, now):
            gate.replace(source.register())
        since = now


def _servers(profile: Profile, file: GatewayFile) -> dict[Protocol, Behind]:
    """Those of the profile's cloud, but for those that the file names."""
    at = {
        Protocol.IMAP: profile.endpoints.imap,
        Protocol.POP: profile.endpoints.pop,
        Protocol.SMTP: profile.endpoints.smtp,
    }
    usual, named = _context(profile.ca), _context(file.servers_ca or profile.ca)
    found = {
        protocol: Behind(where.host, where.port, protocol is Protocol.SMTP, usual)
        for protocol, where in at.items()
    }
    return found | {
        protocol: Behind(wish.host, wish.port, wish.tls is Tls.STARTTLS, named)
        for protocol, wish in file.servers.items()
    }


def _context(ca: Path | str | None) -> ssl.SSLContext:
    """Raises BadCredential where the file is no authority."""
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as error:
        raise BadCredential(
            f"the mail server's authority cannot be read: {type(error).__name__}",
            where=str(ca),
            try_="name a PEM file",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(slots=True)
class _Source:
    """What the register is made from, and whether it is another than before."""

    wanted: Wanted
    store: SqliteCredentials
    key: bytes = field(repr=False)
    tenant: str
    doors: Doors = field(init=False)
    credentials: list[Credential] = field(default_factory=list)
    _stamp: tuple[int, int, int] = (0, 0, 0)

    def read(self) -> None:
        """Raises NoFile, BadFile, WrongTenant, StateFault."""
        stamp = self._stamped()
        doors = read_doors(self.wanted.doors)
        if doors.tenant != self.tenant:
            raise WrongTenant(
                f"the doors are those of tenant {doors.tenant}, the profile's is {self.tenant}",
                where=str(self.wanted.doors),
                try_=AGAIN,
            )
        self.store.changed()
        self.credentials = self.store.every()
        self.doors, self._stamp = doors, stamp

    def changed(self, *, forced: bool) -> bool:
        """Whether there is anything new; it is read then. Raises as `read`.

        A revocation counts though the doors file be broken: credentials come first.
        """
        fresh = self.store.changed()
        if fresh:
            self.credentials = self.store.every()
        try:
            if not forced and self._stamped() == self._stamp:
                return fresh
            self.read()
        except Fault as fault:
            if not fresh:
                raise
            log.error("%s (%s); the doors of before stay", fault.why, fault.where)
        return True

    def register(self) -> Register:
        return Register(self.key, self.credentials, self.doors.entrances)

    def ended(self, since: datetime, now: datetime) -> bool:
        ends = [one.until for one in self.credentials]
        ends += [one.until for one in self.doors.entrances]
        return any(until is not None and since < until <= now for until in ends)

    def _stamped(self) -> tuple[int, int, int]:
        try:
            found = self.wanted.doors.stat()
        except OSError as error:
            raise NoFile(
                f"the doors file cannot be read: {error.strerror}",
                where=str(self.wanted.doors),
                try_=AGAIN,
            ) from None
        return found.st_ino, found.st_mtime_ns, found.st_size
