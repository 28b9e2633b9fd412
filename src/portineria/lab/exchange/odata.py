"""The GET side: CasMailbox as an OData set, and what Microsoft's module asks when it starts.

Source: dossier exchange-online 2.2 and 2.9. A set is the REST-native cmdlet in other words.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portineria.lab.ask import Answer, Ask
from portineria.lab.exchange import faults
from portineria.lab.exchange.authorise import roles_behind
from portineria.lab.exchange.envelope import as_json
from portineria.lab.exchange.faults import Refusal
from portineria.lab.exchange.invoke import CMDLETS, Command, refused, run
from portineria.lab.login import tokens
from portineria.lab.sky import weathered

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

_SET = re.compile(r"casmailbox(?:\('(?P<key>[^']*)'\))?$", re.IGNORECASE)


async def serve_get(lab: Lab, ask: Ask, tail: str) -> Answer:
    """A GET below the tenant's root. Unknown sets are 404. Raises sky.Cut."""
    if (found := _SET.match(tail)) is not None:
        try:
            command = _command(ask, found["key"])
        except Refusal as refusal:
            return refusal.answer
        answer = await run(lab, ask, command)
        return _as_set(lab, answer, one=found["key"] is not None)
    name = tail.partition("(")[0].lower()
    if name not in ("exomodulefile", "exobanner"):
        return faults.no_such_resource(tail).answer
    named = replace(ask, operation=f"GET {name}", caller=tokens.caller(ask.bearer))
    return await weathered(lab, named, _module if name == "exomodulefile" else _banner, refused)


def _command(ask: Ask, key: str | None) -> Command:
    """Get-EXOCasMailbox with the query's options. Raises 400 for a key that is no base64."""
    query = {name.lower(): value for name, value in ask.query.items()}
    parameters: dict[str, Any] = {"ResultSize": "Unlimited"}
    if key is not None:
        parameters["Identity"] = _decoded(key) if query.get("isencoded") == "true" else key
    for option, parameter in (("$filter", "Filter"), ("anr", "Anr")):
        if option in query:
            parameters[parameter] = query[option]
    if "propertyset" in query:
        parameters["PropertySets"] = query["propertyset"].split(",")
    if "$select" in query:
        parameters["Properties"] = query["$select"].split(",")
    if "$top" in query:
        parameters["ResultSize"] = query["$top"]
    return Command("Get-EXOCasMailbox", parameters)


def _decoded(key: str) -> str:
    try:
        return base64.b64decode(key, validate=True).decode()
    except ValueError:
        raise faults.malformed("The key is not base64, though isEncoded says so.") from None


def _as_set(lab: Lab, answer: Answer, *, one: bool) -> Answer:
    if not isinstance(answer.body, dict) or "value" not in answer.body:
        return answer
    context = f"{lab.urls['exchange']}/adminapi/beta/{lab.world.tenant_id}/$metadata#CasMailbox"
    if one:
        single = {"@odata.context": f"{context}/$entity", **answer.body["value"][0]}
        return replace(answer, body=single)
    return replace(answer, body={**answer.body, "@odata.context": context})


def _module(lab: Lab, ask: Ask) -> Answer:
    """The names of the cmdlets this caller may use."""
    try:
        held = roles_behind(lab, ask.bearer)
    except Refusal as refusal:
        return refusal.answer
    names = sorted(cmdlet.name for cmdlet in CMDLETS.values() if cmdlet.roles & held)
    return as_json(200, {"value": [{"exportedCmdlets": names}]})


def _banner(lab: Lab, ask: Ask) -> Answer:
    try:
        roles_behind(lab, ask.bearer)
    except Refusal as refusal:
        return refusal.answer
    return as_json(200, {"value": []})
