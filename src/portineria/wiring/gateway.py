"""The gateway, put together: doors file, credentials, tokens of the mail app, listeners."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from portineria.clock import Clock
from portineria.doors.files import write_atomic
from portineria.doors.gate.control import Control
from portineria.doors.gate.credentialfile import Credentials, hash_key
from portineria.doors.gate.gate import Gate
from portineria.doors.gate.gatelog import log
from portineria.doors.gate.gateside import GateSide
from portineria.doors.gate.gatetokens import GateTokens
from portineria.doors.gate.house import Behind
from portineria.doors.gate.inherited import Inherited
from portineria.doors.gate.ledger import Ledger, Word
from portineria.doors.gate.notify import READY, STOPPING, notify, reloading
from portineria.doors.gate.ownca import certified
from portineria.doors.gate.ownfile import alone
from portineria.doors.gate.servertls import ServerTls
from portineria.doors.gate.trace import Tracer
from portineria.doors.gate.turns import OwnTurns, SharedTurns, Turns
from portineria.doors.http import HttpDoor
from portineria.doors.identity import AppTokens
from portineria.doors.keyring import credential_of
from portineria.doors.profiles import Profile
from portineria.doors.signins import SignIns
from portineria.fault import BadCredential, Fault, OperatorFault
from portineria.gateway.doorsfile import Doors
from portineria.gateway.gatewayfile import CertificateWish, GatewayFile, ListenWish, Tls
from portineria.tenant.mailbox import Protocol
from portineria.wiring.gatewaysource import Source, Wanted
from portineria.wiring.gatewaystore import open_store, remember
from portineria.wiring.opening import authority, find_tenant_id, system_clock

EVERY = 0.5
"""Seconds between two looks at the credentials and the doors file."""
RUNNING, SOCKET, CA = "running.json", "control.sock", "ca.pem"
"""Names in the gateway's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a gateway says of itself once it listens; kept in the state folder while it does.

    `ca` is the file that devices trust where the gateway made its own certificate; `health` where
    balancers of other machines ask. `weak` are doors that take less than TLS 1.2, from whom.
    """

    pid: int
    listeners: dict[str, str]
    control: str
    ca: str | None
    health: str | None
    weak: list[dict[str, Any]]


async def run_gateway(
    profile: Profile,
    wanted: Wanted,
    given: Inherited,
    ready: Callable[[Gate, Doors, Running], None],
) -> None:
    """Serve until SIGTERM or SIGINT. Raises OperatorFault, ServiceFault, NetworkFault."""
    clock = system_clock()
    by_itself = given.worker is None
    with alone(wanted.folder) if by_itself else nullcontext():
        async with HttpDoor(profile.ca) as door:
            tenant = await find_tenant_id(door, profile, clock)
        tokens = _tokens(profile, tenant, wanted.file, clock)
        if by_itself:
            remember(wanted.folder, wanted.file.database)
        sql = open_store(wanted.folder, wanted.file.database, clock)
        try:
            store = Credentials(sql)
            source = Source(wanted, store, hash_key(wanted.folder), tenant)
            source.read()
            ledger = Ledger(sql, f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}")
            gate = Gate(
                wanted.file,
                ServerTls(certificates(wanted, clock), wanted.file.client_ca),
                _servers(profile, wanted.file),
                source.register(),
                tokens,
                clock,
                _turns(wanted.file, ledger, clock),
            )
            control = _control(gate, wanted, given.worker)
            _tell_troubles(gate, tokens, source.doors)
            chores = _Chores(gate, source, ledger, tokens)

            def told(running: Running) -> None:
                ready(gate, source.doors, running)

            told_by = announced if by_itself else quietly
            with told_by(wanted, gate.ports, control, told) as up:
                await _serve(chores, given.doors, control, up)
        finally:
            sql.close()


@contextmanager
def announced(
    wanted: Wanted,
    ports: Sequence[tuple[ListenWish, int]],
    control: Control,
    ready: Callable[[Running], None],
) -> Iterator[Callable[[], None]]:
    """What is to be called once it listens: it is written down then, until the end of all."""
    said: list[Path] = []  # another gateway's, that runs here already, is not ours to take away

    def up() -> None:
        running = Running(
            pid=os.getpid(),
            listeners=_addresses(ports),
            control=f"http://{control.host}:{control.port}",
            ca=None if wanted.file.certificates else str(wanted.folder / CA),
            health=None if control.health is None else "{}:{}".format(*control.health),
            weak=_weak(ports),
        )
        for one in running.weak:
            log.warning("a weak door: %s", json.dumps(one))
        write_atomic(wanted.folder / RUNNING, json.dumps(asdict(running)).encode())
        said.append(wanted.folder / RUNNING)
        ready(running)
        notify(READY)

    try:
        yield up
    finally:
        notify(STOPPING)
        for file in said:
            file.unlink(missing_ok=True)


@contextmanager
def quietly(
    wanted: Wanted,
    ports: Sequence[tuple[ListenWish, int]],
    control: Control,
    ready: Callable[[Running], None],
) -> Iterator[Callable[[], None]]:
    """One of several: the process above it speaks for all."""
    yield lambda: None


def worker_socket(number: int) -> str:
    """The side door of one of several."""
    return f"worker-{number}.sock"


def _turns(file: GatewayFile, ledger: Ledger, clock: Clock) -> Turns:
    """Counted alone, or together where there are several processes or machines."""
    patience = float(file.limits.patience_seconds)
    if file.workers > 1 or file.database is not None:
        return SharedTurns(file.pacing, patience, clock, ledger)
    return OwnTurns(file.pacing, patience, clock, ledger)


def _tokens(profile: Profile, tenant: str, file: GatewayFile, clock: Clock) -> GateTokens:
    """The mail app's, for SMTP those of the app of its own where the profile has one; people's."""
    probe, whom = profile.probe, authority(profile, tenant)
    app = probe.app or probe.smtp_app
    apps = (
        {} if app is None else dict.fromkeys(Protocol, AppTokens(whom, credential_of(app), clock))
    )
    if probe.smtp_app is not None and probe.smtp_app is not app:
        apps[Protocol.SMTP] = AppTokens(whom, credential_of(probe.smtp_app), clock)
    return GateTokens(
        apps=apps,
        people=None if probe.user is None else SignIns(whom, probe.user, clock),
        scope=file.scope or profile.endpoints.exchange_scope,
        resource=profile.endpoints.mail_resource,
        profile=str(profile.path),
        clock=clock,
    )


def _tell_troubles(gate: Gate, tokens: GateTokens, doors: Doors) -> None:
    """Raises Fault where nothing that is wanted can be opened at all."""
    lacking = list(tokens.lacking(doors.entrances))
    if lacking and len(lacking) == len(doors.entrances):
        raise lacking[0][1]
    for mailbox, fault in {one.mailbox: fault for one, fault in lacking}.items():
        gate.trouble(mailbox, fault.why)
        log.error("%s; %s", fault.why, fault.try_)


def certificates(wanted: Wanted, clock: Clock) -> Sequence[CertificateWish]:
    if wanted.file.certificates:
        return wanted.file.certificates
    names = [wanted.file.name, "localhost", "127.0.0.1"]
    return (certified(wanted.folder, list(dict.fromkeys(names)), clock.now()),)


def _weak(ports: Iterable[tuple[ListenWish, int]]) -> list[dict[str, Any]]:
    return [
        {
            "door": _door(wish),
            "takes": wish.weakness,
            "from": [str(network) for network in wish.networks],
        }
        for wish, _ in ports
        if wish.weakness
    ]


def _addresses(ports: Iterable[tuple[ListenWish, int]]) -> dict[str, str]:
    """`imaps: host:port` and so on, as `gateway up --json` prints them."""
    return {_door(wish): f"{wish.host}:{port}" for wish, port in ports}


def _door(wish: ListenWish) -> str:
    return f"{wish.protocol.value}{'s' if wish.tls is Tls.IMPLICIT else ''}"


def _control(gate: Gate, wanted: Wanted, worker: int | None) -> Control:
    tracer = Tracer()
    gate.taps = tracer.tap
    side = GateSide(gate, tracer)
    if worker is not None:
        return Control(side, wanted.folder / worker_socket(worker), None)
    host, port = wanted.file.control or ("127.0.0.1", 0)
    return Control(side, wanted.folder / SOCKET, host, port, wanted.file.health)


@dataclass(slots=True)
class _Chores:
    """What goes on beside the sessions."""

    gate: Gate
    source: Source
    ledger: Ledger
    tokens: GateTokens
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self) -> None:
        """A file that cannot be read changes nothing: what is open ends when its own time ends."""
        gate, since = self.gate, self.gate.clock.now()
        while True:
            await gate.clock.sleep(EVERY)
            now, forced = gate.clock.now(), self.hung_up.is_set()
            fresh = False
            try:
                if forced:
                    notify(reloading())
                    gate.server_tls.load()
                    log.info("certificates and doors are read again")
                fresh = await asyncio.to_thread(self.source.changed, forced=forced)
                await self._words()
            except Fault as fault:
                log.error("%s (%s); what was known before stays in force", fault.why, fault.where)
            if forced:
                self.hung_up.clear()
                notify(READY)
            if fresh or self.source.ended(since, now):
                gate.replace(self.source.register())
            since = now

    async def _words(self) -> None:
        """Tell other gateways who failed to log in, and hear it of them."""
        gate, now = self.gate, self.gate.time()
        failed = [Word("failed", address, name) for address, name in gate.failures]
        gate.failures.clear()
        if failed and isinstance(gate.turns, SharedTurns):
            await asyncio.to_thread(self.ledger.say, failed)
        for word in await asyncio.to_thread(self.ledger.hear):
            if word.kind == "failed":
                gate.throttle.failed(ip_address(word.address), word.name, now)
            elif word.kind == "unlock" and gate.throttle.unlock(word.name):
                log.info("%s may try again", word.name)


async def _serve(
    chores: _Chores,
    doors: Sequence[socket.socket | None],
    control: Control,
    ready: Callable[[], None],
) -> None:
    loop, gate = asyncio.get_running_loop(), chores.gate
    troubles: BaseException | None = None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, gate.stop)
    loop.add_signal_handler(signal.SIGHUP, chores.hung_up.set)
    try:
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[None]] = []

            def listening(_: Gate) -> None:
                tasks.append(group.create_task(chores.watch()))
                tasks.append(group.create_task(chores.tokens.keep()))
                tasks.append(group.create_task(control.serve(ready)))

            try:
                await gate.serve(listening, doors)
            finally:
                for task in tasks:
                    task.cancel()
    except* OSError as group:
        troubles = group
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
    if troubles is not None:
        raise cannot_listen(troubles)


def cannot_listen(error: BaseException) -> OperatorFault:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return OperatorFault(
        f"the gateway cannot listen: {error}",
        where="--listen",
        try_="name an address of this machine and a port that is free",
    )


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
