"""One cmdlet call from bytes to envelope: read it, let the weather have it, run it, print it.

Source: dossier exchange-online 2.4 to 2.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from portineria.lab.ask import Answer, Ask
from portineria.lab.exchange import (
    addressbook,
    authpolicy,
    casmailbox,
    faults,
    groups,
    mailboxes,
    organization,
    permissions,
    plans,
    rbac,
    serviceprincipals,
    users,
    values,
)
from portineria.lab.exchange.authorise import roles_behind
from portineria.lab.exchange.declare import Call, Cmdlet
from portineria.lab.exchange.envelope import as_json, select, success
from portineria.lab.exchange.faults import Refusal
from portineria.lab.exchange.habits import Habits
from portineria.lab.exchange.paging import DEFAULT_RESULT_SIZE, MORE, Place, page_size, turn
from portineria.lab.login import tokens
from portineria.lab.scan import scan
from portineria.lab.sky import Turn, weathered
from portineria.lab.world import known_id

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

CMDLETS: Mapping[str, Cmdlet] = MappingProxyType(
    {
        cmdlet.name.lower(): cmdlet
        for family in (
            addressbook,
            authpolicy,
            casmailbox,
            groups,
            mailboxes,
            organization,
            permissions,
            plans,
            rbac,
            serviceprincipals,
            users,
        )
        for cmdlet in family.CMDLETS
    }
)


@dataclass(frozen=True, slots=True)
class Command:
    """What was asked to run, as sent; `cmdlet` is None for a name nobody knows."""

    name: str
    parameters: Mapping[str, Any]

    @property
    def cmdlet(self) -> Cmdlet | None:
        return CMDLETS.get(self.name.lower())


def command_of(ask: Ask) -> Command:
    """Read the body. JSON member names have a fixed casing. Raises Refusal (400)."""
    try:
        given = ask.json()["CmdletInput"]
        name, parameters = given["CmdletName"], given.get("Parameters") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise faults.malformed("The request body has no CmdletInput with a CmdletName.") from None
    if not isinstance(name, str) or not isinstance(parameters, dict):
        raise faults.malformed("CmdletName is a string and Parameters an object.")
    return Command(name, parameters)


async def serve(lab: Lab, ask: Ask) -> Answer:
    """One POST to InvokeCommand, whole or as a part of a batch. Raises sky.Cut."""
    try:
        command = command_of(ask)
    except Refusal as refusal:
        return refusal.answer
    return await run(lab, ask, command)


async def run(lab: Lab, ask: Ask, command: Command) -> Answer:
    """Run a command that has been read, under the weather, and write it down."""
    cmdlet = command.cmdlet
    named = replace(
        ask,
        operation=cmdlet.name if cmdlet else "unknown cmdlet",
        writes=cmdlet is not None and cmdlet.writes and not _asks_what_if(command),
        target=_target(command),
        caller=tokens.caller(ask.bearer),
    )

    def handler(lab: Lab, ask: Ask) -> Answer:
        return _answer(lab, ask, command)

    return await weathered(lab, named, handler, refused)


def refused(turn: Turn) -> Answer:
    """A 429, a 5xx, or a 200 with an error inside, in this service's words."""
    if turn.status == 429:
        return faults.throttled(turn.retry_after).answer
    if turn.status == 200:
        return faults.embedded_error().answer
    return faults.server_error(turn.status, turn.retry_after).answer


def _asks_what_if(command: Command) -> bool:
    return any(name.lower() == "whatif" and value for name, value in command.parameters.items())


def _target(command: Command) -> str:
    """What the call names, for the history: never more than identities."""
    lower = {name.lower(): value for name, value in command.parameters.items()}
    names = (lower.get(key) for key in ("identity", "name", "appid", "user", "trustee"))
    return "/".join(str(name) for name in names if name)


def _answer(lab: Lab, ask: Ask, command: Command) -> Answer:
    habits = Habits.of(lab.weather)
    try:
        answer = _run(lab, ask, command, habits)
    except Refusal as refusal:
        answer = _beside(refusal.answer) if habits.warnings_beside else refusal.answer
    headers = {
        "request-id": known_id("exchange request", str(len(lab.history.asked))),
        "X-CalculatedBETarget": faults.SERVER,
        **({"Cmdlet-Name": command.cmdlet.name} if command.cmdlet else {}),
    }
    return replace(answer, headers={**headers, **answer.headers})


def _beside(answer: Answer) -> Answer:
    """The same error with its warnings pair beside `error`, where others have seen it."""
    if not isinstance(answer.body, dict):
        return answer
    error = dict(answer.body["error"])
    pair = {name: error.pop(name) for name in list(error) if "adminapi.warnings" in name}
    return replace(answer, body={"error": error, **pair})


def _run(lab: Lab, ask: Ask, command: Command, habits: Habits) -> Answer:
    held = roles_behind(lab, ask.bearer)
    cmdlet = command.cmdlet
    if cmdlet is None or not held & cmdlet.roles:
        raise faults.forbidden()
    given = values.read(cmdlet, command.parameters)
    call = Call(world=lab.world, seen=ask.seen, given=given, habits=habits)
    rows = scan(cmdlet.handler(call))
    anchor = ask.headers.get("x-anchormailbox", "")
    place = Place.of({"name": cmdlet.name, "with": command.parameters}, anchor, lab.clock.now())
    page = turn(
        rows,
        place,
        limit=_limit(cmdlet, given),
        size=page_size(ask.headers.get("prefer", "")),
        token=ask.query.get("$skiptoken"),
        habits=habits,
    )
    warnings = [*call.warnings, *([MORE] if page.truncated else [])]
    chosen = ask.query.get("$select", "") if ask.method == "POST" else ""
    columns = [name for name in chosen.split(",") if name.strip()]
    base = f"{lab.urls['exchange']}/adminapi/beta/{lab.world.tenant_id}"
    link = None if page.token is None else _link(base, ask, page.token)
    chosen_rows = select(page.rows, columns)
    return as_json(200, success(chosen_rows, warnings, context=base, next_link=link))


def _limit(cmdlet: Cmdlet, given: Mapping[str, Any]) -> int | None:
    if not any(parameter.name == "ResultSize" for parameter in cmdlet.parameters):
        return None
    size: int | None = given.get("ResultSize", DEFAULT_RESULT_SIZE)  # None is Unlimited
    return size


def _link(base: str, ask: Ask, token: str) -> str:
    """The address of the next page: this one's own query, with the token instead."""
    tail = ask.path.split("/", 4)[-1]
    query = {**ask.query, "$skiptoken": token}
    pairs = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in query.items())
    return f"{base}/{quote(tail)}?{pairs}"
