"""The control door: a second way in for tests and for people who play with the lab.

It arranges and looks; it is no part of what is imitated, so no weather touches it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from portineria.lab import seeds
from portineria.lab.ask import Answer, Ask
from portineria.lab.licensing import NotAssigned, assign
from portineria.lab.login import consent
from portineria.lab.login.conditional import EXCHANGE
from portineria.lab.login.people import remember
from portineria.lab.seeds.facts import facts
from portineria.lab.weather import PRESETS, Weather, forecast
from portineria.lab.world import Document

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

MAIL_SCOPES = " ".join(
    f"https://outlook.office.com/{name}"
    for name in ("IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send")
)
Handler = Callable[["Lab", Ask, Mapping[str, str]], Answer | Awaitable[Answer]]


class Arrangement(ValueError):
    """What was asked of the control door makes no sense; the text says why."""


async def answer(lab: Lab, ask: Ask) -> Answer:
    known = False
    for method, pattern, handler in _DOORS:
        match = pattern.fullmatch(ask.path)
        known = known or match is not None
        if match is not None and method == ask.method:
            try:
                told = handler(lab, ask, match.groupdict())
                return told if isinstance(told, Answer) else await told
            except Arrangement as fault:
                return Answer(status=400, body={"error": str(fault)})
    return Answer(status=405 if known else 404, body={"error": "no such door"})


async def reset(lab: Lab, ask: Ask, _: Mapping[str, str]) -> Answer:
    """{"seed": name}: a fresh world; history and the sky's memory are cleared."""
    name = _body(ask).get("seed") or lab.seed
    plant(lab, str(name))
    await lab.tell(lab)
    return Answer(body={"seed": lab.seed, "tenant": lab.world.tenant_id})


def plant(lab: Lab, name: str) -> None:
    """Load a seed, as large as the lab's was, and forget what was. Raises Arrangement for an
    unknown one."""
    try:
        seeds.load(lab.world, name, mailboxes=lab.mailboxes)
    except (seeds.NoSuchSeed, seeds.NoSuchSize) as fault:
        raise Arrangement(str(fault)) from None
    lab.seed = name
    lab.info = {**lab.info, **facts(lab.world), "seed": name}
    lab.history.clear()
    lab.sky.forget()
    lab.forget_mail()


def change_weather(lab: Lab, ask: Ask, _: Mapping[str, str]) -> Answer:
    """{"name": preset, "overrides": {…}}."""
    body = _body(ask)
    try:
        lab.weather = forecast(str(body.get("name", "fair")), body.get("overrides"))
    except (ValueError, TypeError) as fault:
        raise Arrangement(str(fault)) from None
    lab.info = {**lab.info, "weather": lab.weather.name}
    lab.sky.forget()
    return Answer(body=_weather(lab.weather))


def show_weather(lab: Lab, ask: Ask, _: Mapping[str, str]) -> Answer:
    return Answer(body={**_weather(lab.weather), "presets": list(PRESETS)})


def history(lab: Lab, ask: Ask, _: Mapping[str, str]) -> Answer:
    """Everything asked so far; `?wrote=1` only what changed the tenant."""
    rows = [asked.as_json() for asked in lab.history.asked]
    if ask.query.get("wrote") == "1":
        rows = [row for row in rows if row["wrote"]]
    return Answer(body={"value": rows})


def clear_history(lab: Lab, ask: Ask, _: Mapping[str, str]) -> Answer:
    lab.history.clear()
    return Answer(status=204)


def truth(lab: Lab, ask: Ask, names: Mapping[str, str]) -> Answer:
    """Every document of a kind as it is now, by key."""
    return Answer(body={"value": dict(_table(lab, names["kind"]).items())})


def put(lab: Lab, ask: Ask, names: Mapping[str, str]) -> Answer:
    """Replace a document; `?merge=1` only its members that are sent; `null` deletes."""
    table = _table(lab, names["kind"])
    try:
        body = ask.json()
    except ValueError:
        raise Arrangement("the body is not JSON") from None
    if ask.query.get("merge") == "1":
        body = {**(table.get(names["key"]) or {}), **body}
    table.put(names["key"], body)
    return Answer(status=204)


def refresh_token(lab: Lab, ask: Ask, names: Mapping[str, str]) -> Answer:
    """Pretend that this person signed in with a browser earlier, and consented if they may.

    {"client_id"?, "mfa": bool = the person is registered, "scope"?, "consent": bool = true}.
    """
    body = _body(ask)
    user = _person(lab, names["upn"])
    client = str(body.get("client_id") or lab.info.get("public_client_id", ""))
    principal = lab.world["servicePrincipals"].find("appId", client)
    if principal is None:
        raise Arrangement(f"no application {client!r}")
    scope = str(body.get("scope") or MAIL_SCOPES)
    if body.get("consent", True) and consent.people_may_consent(lab.world):
        _consent(lab, principal, user, scope)
    amr = ["pwd", "mfa"] if body.get("mfa", user.get("mfaRegistered", False)) else ["pwd"]
    grant = {"clientId": client, "userId": user["id"], "scope": scope, "amr": amr}
    token = remember(lab.world, grant)
    return Answer(body={"refresh_token": token, "client_id": client, "scope": scope})


def licence(lab: Lab, ask: Ask, names: Mapping[str, str]) -> Answer:
    """{"part": part number or null}: the person's one licence from now on, as if an administrator
    had chosen it; Exchange applies its mailbox plan to the mailbox.
    """
    user = _person(lab, names["upn"])
    part = _body(ask).get("part")
    skus = {sku["skuPartNumber"]: sku["skuId"] for sku in lab.world["subscribedSkus"].all()}
    if part is not None and part not in skus:
        raise Arrangement(f"no licence {part!r}; there is: {', '.join(sorted(skus))}")
    held = [row["skuId"] for row in user["assignedLicenses"]]
    added = [] if part is None else [{"skuId": skus[str(part)], "disabledPlans": []}]
    try:
        assign(lab.world, user, added, held)
    except NotAssigned as refused:
        raise Arrangement(str(refused)) from None
    mailbox = lab.world["mailboxes"].find("ExternalDirectoryObjectId", user["id"]) or {}
    shown = ("PrimarySmtpAddress", "MailboxPlan", "ImapEnabled", "PopEnabled")
    return Answer(body={"licence": part, "mailbox": {name: mailbox.get(name) for name in shown}})


def rename(lab: Lab, ask: Ask, names: Mapping[str, str]) -> Answer:
    """{"upn": new, "name"?: display name}: as the admin centre renames a person. The old address
    stays as an alias, unless {"keep": false}.
    """
    user, body = _person(lab, names["upn"]), _body(ask)
    upn, name = body.get("upn"), body.get("name") or user["displayName"]
    if not isinstance(upn, str) or lab.world["users"].find("userPrincipalName", upn):
        raise Arrangement("give a new upn that nobody has")
    mailbox = lab.world["mailboxes"].find("ExternalDirectoryObjectId", user["id"])
    lab.world["users"].patch(user["id"], userPrincipalName=upn, mail=upn, displayName=name)
    if mailbox is not None:
        old = [f"smtp:{one.partition(':')[2]}" for one in mailbox["EmailAddresses"]]
        kept = [one for one in old if one != f"smtp:{upn}"] if body.get("keep", True) else []
        addresses = [f"SMTP:{upn}", *kept]
        lab.world["users"].patch(user["id"], proxyAddresses=addresses)
        members = dict.fromkeys(
            ("UserPrincipalName", "PrimarySmtpAddress", "WindowsEmailAddress"), upn
        )
        lab.world["mailboxes"].patch(
            mailbox["Guid"], DisplayName=name, EmailAddresses=addresses, **members
        )
    return Answer(body={"id": user["id"], "upn": upn, "name": name})


def _person(lab: Lab, upn: str) -> Document:
    user = lab.world["users"].find("userPrincipalName", upn)
    if user is None:
        raise Arrangement(f"nobody is called {upn}")
    return user


def info(lab: Lab, ask: Ask, _: Mapping[str, str]) -> Answer:
    return Answer(body=lab.info)


def stop(lab: Lab, ask: Ask, _: Mapping[str, str]) -> Answer:
    lab.stop()
    return Answer(status=202, body={"stopping": True})


def _consent(lab: Lab, principal: Document, user: Document, scope: str) -> None:
    resource = lab.world["servicePrincipals"].find("appId", EXCHANGE)
    if resource is None:
        raise Arrangement("the tenant has no Exchange Online service principal")
    names = [part.rpartition("/")[2] for part in scope.split() if "/" in part]
    consent.allow(lab.world, principal, user["id"], resource["id"], names)


def _table(lab: Lab, kind: str) -> Any:
    if kind not in lab.world.tables:
        raise Arrangement(f"no kind {kind!r}; there is: {', '.join(lab.world.tables)}")
    return lab.world[kind]


def _body(ask: Ask) -> dict[str, Any]:
    try:
        body = ask.json() if ask.body else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Arrangement("the body is not a JSON object")
    return body


def _weather(weather: Weather) -> dict[str, Any]:
    return asdict(weather)


_DOORS: tuple[tuple[str, re.Pattern[str], Handler], ...] = (
    ("POST", re.compile("/reset"), reset),
    ("GET", re.compile("/weather"), show_weather),
    ("POST", re.compile("/weather"), change_weather),
    ("GET", re.compile("/history"), history),
    ("DELETE", re.compile("/history"), clear_history),
    ("GET", re.compile("/world/(?P<kind>[^/]+)"), truth),
    ("PUT", re.compile("/world/(?P<kind>[^/]+)/(?P<key>.*)"), put),
    ("POST", re.compile("/people/(?P<upn>[^/]+)/refresh-token"), refresh_token),
    ("POST", re.compile("/people/(?P<upn>[^/]+)/licence"), licence),
    ("POST", re.compile("/people/(?P<upn>[^/]+)/rename"), rename),
    ("GET", re.compile("/info"), info),
    ("POST", re.compile("/stop"), stop),
)
