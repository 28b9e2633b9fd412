"""A gateway for the benchmark: the product's own gate, with its limits, throttling and log, before
a mail server and with a token that are given. Prints its port."""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path

from portineria.clock import SystemClock
from portineria.doors.gate.gate import Gate
from portineria.doors.gate.house import Behind
from portineria.doors.gate.servertls import ServerTls
from portineria.gateway.admission import Credential, Entrance, Register, proof_of
from portineria.gateway.gatewayfile import CertificateWish, GatewayFile, ListenWish, Tls
from portineria.gateway.limits import Limits, Pacing
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol


class Given:
    """Implements gate.Tokens with the one that there is."""

    def __init__(self, token: str) -> None:
        self._token = Secret(token)

    async def token(self, protocol: Protocol, mailbox: str) -> Secret:
        return self._token

    def renew(self, protocol: Protocol, mailbox: str) -> bool:
        return False


def main(leaf: str, port: str, ca: str, mailbox: str, token: str, password: str) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    key = b"k" * 32
    file = GatewayFile(
        listen=(ListenWish(protocol=Protocol.IMAP, host="127.0.0.1", port=0, tls=Tls.IMPLICIT),),
        certificates=(CertificateWish(certificate=Path(leaf)),),
        limits=Limits(sessions_per_address=10_000, sessions_per_credential=10_000),
        pacing=Pacing(mailbox_connections=0),
    )
    context = ssl.create_default_context(cafile=ca)
    one = Credential(
        id="bench",
        names=(mailbox,),
        proof=proof_of(key, Secret(password)),
        mailboxes=(mailbox,),
        protocols=frozenset(Protocol),
        created=datetime.now(UTC),
    )
    doors = [Entrance(mailbox=mailbox, protocol=Protocol.IMAP, grant="bench")]
    servers = {each: Behind("127.0.0.1", int(port), False, context) for each in Protocol}
    gate = Gate(
        file,
        ServerTls(file.certificates),
        servers,
        Register(key, [one], doors),
        Given(token),
        SystemClock(asyncio.sleep),
    )
    asyncio.run(gate.serve(lambda _: print(gate.ports[0][1], flush=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
