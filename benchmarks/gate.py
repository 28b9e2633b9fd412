"""A gateway for the benchmark: the product's own gate, with its limits, throttling and log, before
a mail server and with a token that are given."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

from portineria.cli.loop import run
from portineria.clock import SystemClock
from portineria.doors.gate import gatelog
from portineria.doors.gate.gate import Gate
from portineria.doors.gate.house import Behind
from portineria.doors.gate.servertls import ServerTls
from portineria.doors.gate.turns import OwnTurns
from portineria.gateway.admission import Credential, Entrance, Register, proof_of
from portineria.gateway.gatewayfile import CertificateWish, GatewayFile, ListenWish, Tls
from portineria.gateway.limits import Limits, Pacing
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol


class Given:
    """Implements gate.Tokens with the one that there is."""

    def __init__(self, token: str) -> None:
        self._token = Secret(token)

    async def token(self, entrance: Entrance) -> Secret:
        return self._token

    def renew(self, entrance: Entrance) -> bool:
        return False


def main() -> None:
    """Reads what it is given as JSON: leaf, ca, mailbox, token, password, pool, and servers by
    protocol as [port, whether it begins in the clear]. Prints its ports as JSON."""
    given = json.loads(sys.stdin.readline())
    gatelog.begin()
    key, mailbox = b"k" * 32, given["mailbox"]
    asked = [Protocol(name) for name in given["servers"]]
    file = GatewayFile(
        listen=tuple(
            ListenWish(protocol=one, host="127.0.0.1", port=0, tls=Tls.IMPLICIT) for one in asked
        ),
        certificates=(CertificateWish(certificate=Path(given["leaf"])),),
        limits=Limits(sessions_per_address=20_000, sessions_per_credential=20_000, sessions=20_000),
        pacing=Pacing(mailbox_connections=0, smtp_connections=0, messages_per_minute=0),
        pool=given["pool"],
    )
    context = ssl.create_default_context(cafile=given["ca"])
    one = Credential(
        id="bench",
        names=(mailbox,),
        proof=proof_of(key, Secret(given["password"])),
        mailboxes=(mailbox,),
        protocols=frozenset(Protocol),
        created=datetime.now(UTC),
    )
    doors = [Entrance(mailbox=mailbox, protocol=each, grant="bench") for each in asked]
    servers = {
        Protocol(name): Behind("127.0.0.1", port, starttls, context)
        for name, (port, starttls) in given["servers"].items()
    }
    gate = Gate(
        file,
        ServerTls(file.certificates),
        servers,
        Register(key, [one], doors),
        Given(given["token"]),
        clock := SystemClock(asyncio.sleep),
        OwnTurns(file.pacing, float(file.limits.patience_seconds), clock),
    )

    def ready(gate: Gate) -> None:
        ports = {wish.protocol.value: port for wish, port in gate.ports}
        print(json.dumps(ports), flush=True)

    run(gate.serve(ready), serving=True)


if __name__ == "__main__":
    main()
