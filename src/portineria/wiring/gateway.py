"""The gateway, put together: doors file, credentials, tokens of the mail app, listeners."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from portineria.doors.gate.credentialfile import SqliteCredentials, hash_key
from portineria.doors.gate.crossing import Behind
from portineria.doors.gate.gate import Gate, Listener
from portineria.doors.http import HttpDoor
from portineria.doors.identity import AppTokens
from portineria.doors.keyring import credential_of
from portineria.doors.profiles import Profile
from portineria.doors.textfile import read_text
from portineria.fault import BadCredential, Fault, NoFile, OperatorFault, WrongTenant
from portineria.gateway.admission import Credential, Register
from portineria.gateway.doorsfile import AGAIN, Doors, parse
from portineria.tenant.mailbox import Protocol
from portineria.wiring.opening import authority, find_tenant_id, system_clock

MOST_DOORS = 256 * 1024 * 1024
EVERY = 0.5
"""Seconds between two looks at the credentials and the doors file."""
log = logging.getLogger("portineria.gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `gateway run` was asked for."""

    doors: Path
    folder: Path
    listeners: tuple[Listener, ...]
    certificate: Path
    key: Path | None


def read_doors(path: Path) -> Doors:
    """Raises NoFile, BadEncoding, BadFile."""
    return parse(read_text(path, most=MOST_DOORS), str(path))


async def run_gateway(
    profile: Profile, wanted: Wanted, ready: Callable[[Gate, Doors], None]
) -> None:
    """Serve until SIGTERM or SIGINT. Raises OperatorFault, ServiceFault, NetworkFault."""
    clock = system_clock()
    app = profile.probe.app
    if app is None:
        raise BadCredential(
            "the profile names no mail app, which opens the mailboxes for the gateway",
            where=str(profile.path),
            try_="portineria app create policy.yaml makes one and names it under probe.app",
        )
    async with HttpDoor(profile.ca) as door:
        tenant = await find_tenant_id(door, profile, clock)
    store = SqliteCredentials(wanted.folder)
    try:
        source = _Source(wanted, store, hash_key(wanted.folder), tenant)
        source.read()
        gate = Gate(
            wanted.listeners,
            server_context(wanted),
            _servers(profile),
            source.register(),
            AppTokens(authority(profile, tenant), credential_of(app), clock),
            profile.endpoints.exchange_scope,
            clock,
        )
        await _serve(gate, source, lambda: ready(gate, source.doors))
    finally:
        store.close()


async def _serve(gate: Gate, source: _Source, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    hung_up = asyncio.Event()
    troubles: BaseException | None = None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, gate.stop)
    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(gate, source, hung_up))
            await gate.serve(lambda _: ready())
            watching.cancel()
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
            fresh = source.changed(forced=hung_up.is_set())
        except Fault as fault:
            log.error("%s (%s); what was known before stays in force", fault.why, fault.where)
            fresh = False
        hung_up.clear()
        if fresh or source.ended(since, now):
            gate.replace(source.register())
        since = now


def server_context(wanted: Wanted) -> ssl.SSLContext:
    """TLS 1.2 and better, as whoever was certified. Raises BadCredential."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(wanted.certificate, wanted.key, password="")
    except (OSError, ValueError) as error:
        raise BadCredential(
            f"the certificate or its key cannot be used: {type(error).__name__}",
            where=str(wanted.certificate),
            try_="name PEM files: the certificate with its chain, and the key without a password",
        ) from None
    return context


def _servers(profile: Profile) -> dict[Protocol, Behind]:
    context = ssl.create_default_context(cafile=profile.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    at = {
        Protocol.IMAP: profile.endpoints.imap,
        Protocol.POP: profile.endpoints.pop,
        Protocol.SMTP: profile.endpoints.smtp,
    }
    return {
        protocol: Behind(where.host, where.port, protocol is Protocol.SMTP, context)
        for protocol, where in at.items()
    }


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
