"""portineria gateway unlock"""

from __future__ import annotations

import click

from portineria.cli.completing import credentials
from portineria.cli.frame import asked, verb
from portineria.tongue.say import compose


@verb(
    "unlock",
    examples=[
        "portineria gateway unlock scanner-2f",
        "portineria gateway unlock 192.0.2.7 --json",
    ],
    short_help="Let a name or an address that failed too often try again.",
)
@click.argument("who", shell_complete=credentials)
def unlock(who: str) -> None:
    """Let a login name or an address try again at once that failed to log in too often.

    WHO is a name as a device types it, or an IP address. Every gateway that shares the credentials
    of this state folder forgives within a second. No password becomes right by it.
    """
    from portineria.cli.faces.answer import print_json
    from portineria.doors.gate.ledger import Ledger, Word
    from portineria.doors.state import StateFolder
    from portineria.gateway.throttle import written
    from portineria.wiring.gatewaystore import usual_store
    from portineria.wiring.opening import system_clock

    said = asked()
    name = written(who)
    sql = usual_store(StateFolder(said.state).make().root / "gateway", system_clock())
    try:
        Ledger(sql, "unlock").say([Word("unlock", "", name)])
    finally:
        sql.close()
    if said.json:
        print_json("portineria/gateway-unlock@1", {"unlocked": name})
    else:
        print(compose("{} may try again: gateways that run know within a second.", name))
