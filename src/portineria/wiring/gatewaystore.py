"""Which database a gateway of this state folder keeps its credentials in."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict
from pathlib import Path

from portineria.clock import Clock
from portineria.doors.files import write_atomic
from portineria.doors.gate.credentialfile import FILE, hash_key
from portineria.doors.gate.ledger import refuse_other_key
from portineria.doors.gate.sqlstore import Postgres, Sql, SqliteFile
from portineria.doors.references import Reference
from portineria.doors.textfile import read_text
from portineria.fault import BadCredential, StateFault
from portineria.gateway.gatewayfile import DatabaseWish
from portineria.wiring.gatewaysource import read_file

REMEMBERED = "database.json"
USUAL = "gateway.yaml"
MOST = 1024 * 1024


def open_store(folder: Path, wish: DatabaseWish | None, clock: Clock) -> Sql:
    """Raises OperatorFault, NetworkFault."""
    if wish is None:
        return SqliteFile(folder / FILE, clock)
    sql = Postgres(Reference(wish.kind, wish.name, wish.where).read(), wish.where)
    ours = hmac.new(hash_key(folder), b"the key of these gateways", hashlib.sha256).hexdigest()[:16]
    if refuse_other_key(sql, ours) is not None:
        sql.close()
        raise BadCredential(
            "the other gateways of this database hash passwords under another key",
            where=str(folder / "hash.key"),
            try_="copy gateway/hash.key from the state folder of one of them, mode 0600",
        )
    return sql


def usual_store(folder: Path, clock: Clock) -> Sql:
    """That of the file in the folder, else that of the gateway which last ran from it."""
    return open_store(folder, _wish(folder), clock)


def remember(folder: Path, wish: DatabaseWish | None) -> None:
    """For the verbs that look after credentials. It is a reference: no secret is in it."""
    if wish is None:
        (folder / REMEMBERED).unlink(missing_ok=True)
    else:
        write_atomic(folder / REMEMBERED, json.dumps(asdict(wish)).encode())


def _wish(folder: Path) -> DatabaseWish | None:
    usual, remembered = folder / USUAL, folder / REMEMBERED
    if usual.exists():
        return read_file(usual).database
    if not remembered.exists():
        return None
    try:
        return DatabaseWish(**json.loads(read_text(remembered, most=MOST)))
    except (ValueError, TypeError):
        raise StateFault(
            "what database the gateway uses cannot be read",
            where=str(remembered),
            try_="remove that file, and start the gateway again",
        ) from None
