"""Judges one HTTP answer: data, a next page, or the fault that it is.

One pure function per API. Branch on codes first; Conditional Access is the exception, it
numbers its texts. Nothing of a body is quoted that could be a token.
Sources: dossiers, Graph 1.3, 1.4, 2.7, 7.3 and Exchange Online 2.3, 2.5, 2.6, 2.7.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from portineria.fault import (
    Conflict,
    Fault,
    Incomplete,
    NotFound,
    NotLicensed,
    PermissionFault,
    ServiceFault,
    Throttled,
)
from portineria.m365.data import Data, members, text, texts
from portineria.m365.messages import Response

Keep = Collection[str] | None
CONCURRENCY = "You have reached the maximum number of concurrent requests per tenant"
PAGING = "Expired or Invalid pagination request"

_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*")
_NUMBERED = re.compile(r"^\d{4}: ")
_THERE = re.compile(r"already|conflicting object", re.IGNORECASE)
_UNLICENSED_CODES = {
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    "AadPremiumLicenseRequired",
}

_API = "Entra admin center, App registrations, your application, API permissions"
_LATER = "a token issued before does not carry it"
PERMISSION = (
    "grant the application permission Exchange.ManageAsApp with admin consent "
    f"({_API}, Office 365 Exchange Online), and the directory role Exchange Administrator "
    f"(Roles & admins, Add assignments); {_LATER}"
)
ROLE = (
    "assign the application the directory role Exchange Administrator (Entra admin center, Roles & "
    "admins, Exchange Administrator, Add assignments): Exchange.ManageAsApp alone does not do; "
    f"{_LATER}"
)


def read_graph(answer: Response, *, where: str, needs: str = "", keep: Keep = None) -> Data | Fault:
    """Graph's answer. `needs` names the permission that the call asks for, for its refusal;
    `keep` the members of rows that are wanted, where the others need not be."""
    body = _json(answer.body, keep)
    error = members(body.get("error")) if body is not None else {}
    if answer.status < 300 and not error:
        if body is None:
            return _not_json(answer, where)
        return Data(
            body=body,
            rows=_rows(body.get("value")),
            next=text(body.get("@odata.nextLink")) or None,
            count=_whole_number(body.get("@odata.count")),
        )
    code, message = text(error.get("code")), _graph_message(error)
    evidence = _evidence(answer, code, members(error.get("innerError")))
    return _graph_fault(answer, code, message, evidence, where, needs)


def _graph_message(error: Mapping[str, Any]) -> str:
    """The text that says something: Conditional Access hides it in innerError at times."""
    outer = text(error.get("message"))
    inner = text(members(error.get("innerError")).get("message"))
    if _NUMBERED.match(inner) and not _NUMBERED.match(outer):
        return inner
    return outer or inner


def _graph_fault(
    answer: Response,
    code: str,
    message: str,
    evidence: Mapping[str, object],
    where: str,
    needs: str,
) -> Fault:
    said = clean(message) or f"HTTP {answer.status} without an explanation"
    if answer.status == 401:
        return PermissionFault(
            f"Graph did not accept the access token: {said}",
            where=where,
            try_="check `tenant`, `cloud` and the credential in the profile",
            evidence=evidence,
        )
    if "Security Defaults is enabled in the tenant" in message:
        return Conflict(
            f"security defaults are on, and exclude an enabled Conditional Access policy: {said}",
            where=where,
            try_="keep the policy in report-only until security defaults are off",
            evidence=evidence,
        )
    if code in _UNLICENSED_CODES or message.startswith("1039:") or "not licensed" in message:
        return NotLicensed(
            f"the tenant is not licensed for this: {said}",
            where=where,
            try_="buy the licence that it needs (Entra ID P1 for Conditional Access)",
            evidence=evidence,
        )
    if answer.status == 403:
        return PermissionFault(
            f"no permission {needs}: {said}" if needs else f"no permission: {said}",
            where=where,
            try_=f"grant {needs or 'it'} on Microsoft Graph as an application permission, with "
            f"admin consent: {_API}; {_LATER}",
            evidence=evidence,
        )
    return _plain_fault(answer, said, evidence, where)


def _plain_fault(
    answer: Response, said: str, evidence: Mapping[str, object], where: str
) -> ServiceFault:
    """What the status alone says, for both services."""
    if answer.status == 404:
        return NotFound(f"not found: {said}", where=where, evidence=evidence)
    if answer.status == 409 or (answer.status == 400 and _THERE.search(said)):
        return Conflict(f"the service sees a conflict: {said}", where=where, evidence=evidence)
    if answer.status == 429:
        return Throttled(
            f"throttled: {said}",
            where=where,
            try_="wait some minutes and run the command again",
            evidence=evidence,
        )
    if answer.status >= 500:
        return ServiceFault(
            f"the service failed (HTTP {answer.status}): {said}",
            where=where,
            try_="run the command again; if it stays, look at the Service health page",
            evidence=evidence,
        )
    return ServiceFault(f"the service refused: {said}", where=where, evidence=evidence)


def read_exchange(answer: Response, *, where: str, keep: Keep = None) -> Data | Fault:
    """The answer of Exchange's admin API, a batch's part included. `keep` as for Graph."""
    if answer.status in (401, 403):
        return _exchange_forbidden(answer, where)
    body = _json(answer.body, keep)
    if body is None:
        return _exchange_not_json(answer, where)
    error = members(body.get("error")) or members(body.get("@odata.error"))
    if answer.status < 300 and not error:
        return Data(
            body=body,
            rows=_rows(body.get("value")),
            next=text(body.get("@odata.nextLink")) or None,
            warnings=texts(body.get("@adminapi.warnings")),
        )
    return _exchange_fault(answer, error, where)


def _exchange_forbidden(answer: Response, where: str) -> Fault:
    """401 without any grant, 403 without the second; the 403 body is a run of NUL bytes."""
    evidence = _evidence(answer, "")
    if answer.status == 401:
        why = (
            "Exchange did not accept the access token: it has expired, or the application lacks "
            "the permission Exchange.ManageAsApp"
        )
        return PermissionFault(why, where=where, try_=PERMISSION, evidence=evidence)
    _, said = exchange_message(members((_json(answer.body) or {}).get("error")))
    command = where or "this command"
    why = (
        f"Exchange refused ({clean(said)}): the application has no directory role that covers "
        f"{command}, or there is no such command"
        if said
        else "Exchange refused without saying why: the application has no directory role that "
        f"covers {command}, or there is no such command"
    )
    return PermissionFault(why, where=where, try_=ROLE, evidence=evidence)


def _exchange_not_json(answer: Response, where: str) -> Fault:
    said = clean(answer.body.decode("utf-8", "replace"))
    if said.startswith(CONCURRENCY):
        return Throttled(f"throttled: {said}", where=where, evidence=_evidence(answer, ""))
    if answer.status < 300:
        return _not_json(answer, where)
    said = said or f"HTTP {answer.status} without an explanation"
    return _plain_fault(answer, said, _evidence(answer, ""), where)


def _exchange_fault(answer: Response, error: Mapping[str, Any], where: str) -> Fault:
    """The truth inside "Invalid Operation": internal exception, first detail, then message."""
    kind, message = exchange_message(error)
    said = clean(message) or f"HTTP {answer.status} without an explanation"
    evidence = {**_evidence(answer, text(error.get("code"))), "exception": kind}
    if PAGING in message:
        return Incomplete(
            f"the listing broke off between pages: {said}",
            where=where,
            try_="run it again; what was read so far is a part and was thrown away",
            evidence=evidence,
        )
    if CONCURRENCY in message:
        return Throttled(f"throttled: {said}", where=where, evidence=evidence)
    if "ManagementObjectNotFound" in kind:
        return NotFound(f"not found: {said}", where=where, evidence=evidence)
    if "AlreadyExists" in kind:
        return Conflict(f"it exists already: {said}", where=where, evidence=evidence)
    return _plain_fault(answer, said, evidence, where)


def exchange_message(error: Mapping[str, Any]) -> tuple[str, str]:
    """(exception type, text) of an error envelope, in the order that finds the truth."""
    inner = members(error.get("innererror")) or members(error.get("innerError"))
    internal = members(inner.get("internalexception"))
    details = error.get("details")
    first = members(details[0]) if isinstance(details, list) and details else {}
    parts = text(first.get("message")).split("|", 2)
    detail_kind, detail = (parts[1], parts[2]) if len(parts) == 3 else ("", parts[0])
    kind = text(internal.get("type")) or detail_kind or text(inner.get("type"))
    message = text(internal.get("message")) or detail or text(error.get("message"))
    return kind, message


def clean(message: str) -> str:
    """A text of the service's, fit to show: one line, no control characters, no token."""
    printable = "".join(sign if sign.isprintable() else " " for sign in message)
    return _TOKEN.sub("(token)", " ".join(printable.split()))[:600]


def _json(body: bytes, keep: Keep = None) -> Mapping[str, Any] | None:
    """The JSON object of a body, {} for an empty body, None for anything else.

    With `keep`, other members are dropped while it is read, object by object: a page of a
    thousand rows is never held with all that Microsoft prints of each. An error is read whole.
    """
    if not body:
        return {}
    wanted = None if keep is None else _ENVELOPE.union(keep)
    lean = None if wanted is None else partial(_members_of, wanted)
    try:
        document = json.loads(body, object_pairs_hook=lean)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    if lean is not None and not _ERRORS.isdisjoint(document):
        return _json(body)
    return document


_ERRORS = frozenset({"error", "@odata.error"})
_ENVELOPE = _ERRORS | {"value", "@odata.nextLink", "@odata.count", "@adminapi.warnings"}


def _members_of(wanted: Collection[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if name in wanted}


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _rows(value: object) -> tuple[Mapping[str, Any], ...] | None:
    """A list of objects, or None: what is not one is never an empty one."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        return None
    return tuple(value)


def _not_json(answer: Response, where: str) -> Fault:
    return ServiceFault(
        f"HTTP {answer.status} came with something that is not the service's JSON",
        where=where,
        try_="a proxy or a sign-in page may stand in between: check the way to the service",
        evidence=_evidence(answer, ""),
    )


def _evidence(
    answer: Response, code: str, inner: Mapping[str, Any] | None = None
) -> dict[str, object]:
    found: dict[str, object] = {"status": answer.status}
    if code:
        found["code"] = code
    for name in ("request-id", "client-request-id"):
        value = answer.headers.get(name) or text((inner or {}).get(name))
        if value:
            found[name] = value
    if wait := answer.headers.get("retry-after"):
        found["retry-after"] = wait
    return found
