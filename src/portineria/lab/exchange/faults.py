"""Every error this face can utter, one named constructor each.

Source: dossier exchange-online 2.7. `error.message` is always "Invalid Operation"; the truth
is inside. Lines marked *synthetic* have no captured text: the words are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from portineria.lab.ask import Answer
from portineria.lab.exchange.envelope import as_json

_INVOCATION = "Microsoft.Exchange.AdminApi.CommandInvocation."
_TASKS = "Microsoft.Exchange.Configuration.Tasks."
_OUTER = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"

_TRANSIENT = "Microsoft.Exchange.Data.Directory.SuitabilityDirectoryException"
_MOMENT = "The server is temporarily unavailable. The issue may be transient."
_STATUS = {502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout"}

SERVER = "LAB00DC001.LAB00A001.PROD.OUTLOOK.COM"
EXPIRED_PAGE = "Expired or Invalid pagination request. Default Expiry time is 00:30:00"
CONCURRENCY = (
    "You have reached the maximum number of concurrent requests per tenant. "
    "Please wait and try again"
)
NUL_RUN = b"\x00" * 256


class Refusal(Exception):
    """The service says no. `answer` is what goes on the wire."""

    def __init__(self, answer: Answer, text: str = "") -> None:
        super().__init__(text or f"HTTP {answer.status}")
        self.answer = answer


def inside(
    status: int,
    code: str,
    kind: str,
    text: str,
    *,
    error_id: str = "",
    details: bool = True,
) -> Refusal:
    """An "Invalid Operation" with `text` and the exception's full type name inside it."""
    return Refusal(
        as_json(
            status,
            {"error": error_body(code, kind, text, error_id=error_id, details=details)},
            {"x-ExceptionType": kind.rpartition(".")[2]},
        ),
        text,
    )


def error_body(
    code: str, kind: str, text: str, *, error_id: str = "", details: bool = True
) -> dict[str, Any]:
    """The `error` member itself; the same body can also sit inside an answer of status 200."""
    body: dict[str, Any] = {"code": code, "message": "Invalid Operation"}
    if details:
        detail = {"code": "Client", "target": "", "message": f"{error_id}|{kind}|{text}"}
        body["details"] = [detail]
    body["innererror"] = {
        "message": "Invalid Operation",
        "type": _OUTER,
        "stacktrace": "",
        "internalexception": {"message": text, "type": kind, "stacktrace": ""},
    }
    body["adminapi.warnings@odata.type"] = "#Collection(String)"
    body["@adminapi.warnings"] = []
    return body


def unknown_parameter(names: Iterable[str]) -> Refusal:
    """A parameter that the cmdlet does not have."""
    text = (
        "Parameter set cannot be resolved using the specified named parameters. "
        f"Invalid cmdlet parameters specified. {', '.join(names)}"
    )
    return inside(400, "BadRequest", _INVOCATION + "AmbiguousParameterSetException", text)


def missing_parameter(name: str) -> Refusal:
    """A mandatory parameter is absent, or null. Synthetic: PowerShell's own sentence."""
    text = (
        "Cannot process command because of one or more missing mandatory parameters: "
        f"{name}. Parameter set cannot be resolved using the specified named parameters."
    )
    return inside(400, "BadRequest", _INVOCATION + "AmbiguousParameterSetException", text)


def bad_value(parameter: str, value: object, wanted: str) -> Refusal:
    """A value of the wrong type for its parameter."""
    text = (
        f"Cannot process argument transformation on parameter '{parameter}'. "
        f'Cannot convert value "{value}" to type "{wanted}".'
    )
    return inside(400, "BadRequest", _INVOCATION + "ParameterTransformationException", text)


def bad_choice(parameter: str, value: object, choices: Sequence[str]) -> Refusal:
    """A value that is no member of its enum. Enum errors come without `details`."""
    text = (
        f"Cannot process argument transformation on parameter '{parameter}'. Unable to match "
        f"the identifier name {value} to a valid enumerator name. Specify one of the following "
        f"enumerator names and try again: {', '.join(choices)}"
    )
    kind = _INVOCATION + "ParameterTransformationException"
    return inside(400, "BadRequest", kind, text, details=False)


def bad_filter(text: str) -> Refusal:
    """A filter that cannot be read, or names a property the server cannot filter by. Synthetic."""
    text = f"Cannot bind parameter 'Filter' to the target. Exception setting \"Filter\": {text}"
    return inside(400, "BadRequest", _INVOCATION + "ParameterTransformationException", text)


def not_found(identity: str) -> Refusal:
    """No object answers to this identity."""
    text = (
        f"The operation couldn't be performed because object '{identity}' "
        f"couldn't be found on '{SERVER}'."
    )
    kind = _TASKS + "ManagementObjectNotFoundException"
    return inside(404, "NotFound", kind, text, error_id="Ex6F9304")


def ambiguous(identity: str) -> Refusal:
    """Several objects answer to this identity. Synthetic over REST."""
    text = f"The operation couldn't be performed because '{identity}' matches multiple entries."
    return inside(400, "BadRequest", _TASKS + "ManagementObjectAmbiguousException", text)


def already_exists(what: str) -> Refusal:
    """The object is there already. Synthetic: status and type name are unverified."""
    text = f"The object '{what}' already exists on '{SERVER}'."
    kind = "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException"
    return inside(409, "Conflict", kind, text)


def still_in_use(what: str, by: str) -> Refusal:
    """The object is assigned and stays. Synthetic."""
    text = f"The authentication policy '{what}' can't be removed because {by}."
    return inside(400, "BadRequest", _TASKS + "TaskInvalidOperationException", text)


def too_long(parameter: str, length: int, limit: int) -> Refusal:
    """A name longer than its limit. Synthetic words, documented limit."""
    text = (
        f"Cannot process argument transformation on parameter '{parameter}'. "
        f"The length of the property is too long. The maximum length is {limit} and the "
        f"length of the value provided is {length}."
    )
    return inside(400, "BadRequest", _INVOCATION + "ParameterTransformationException", text)


def expired_page() -> Refusal:
    """The page token is older than 30 minutes, foreign, or met another server."""
    return inside(400, "BadRequest", _INVOCATION + "InvalidPaginationException", EXPIRED_PAGE)


def malformed(text: str) -> Refusal:
    """The request is not a cmdlet call at all. Synthetic."""
    body = {"error": {"code": "BadRequest", "message": text}}
    return Refusal(as_json(400, body), text)


def no_such_resource(path: str) -> Refusal:
    """An address that is no part of this face, or another tenant's. Synthetic."""
    text = f"No HTTP resource was found that matches '{path}'."
    return Refusal(as_json(404, {"error": {"code": "NotFound", "message": text}}), text)


def unauthorized() -> Refusal:
    """No token, a bad or expired one, or an application that was granted nothing at all."""
    return Refusal(
        Answer(status=401, body=b"", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    )


def forbidden() -> Refusal:
    """Permission without a role, a cmdlet the roles do not cover, or no such cmdlet at all.

    The body is a run of NUL bytes; its length was not recorded (256 here).
    """
    return Refusal(Answer(status=403, body=NUL_RUN))


def throttled(retry_after: float | None) -> Refusal:
    """Too many at once for this tenant: plain text, with or without Retry-After (seconds)."""
    headers = {"content-type": "text/plain; charset=utf-8"}
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, round(retry_after)))
    return Refusal(Answer(status=429, body=CONCURRENCY.encode(), headers=headers))


def server_error(status: int, retry_after: float | None) -> Refusal:
    """500, 502, 503 or 504: a moment's failure. Synthetic words, a type that is retried."""
    refusal = inside(status, _STATUS.get(status, "InternalServerError"), _TRANSIENT, _MOMENT)
    if retry_after is None:
        return refusal
    headers = {**refusal.answer.headers, "Retry-After": str(max(1, round(retry_after)))}
    return Refusal(replace(refusal.answer, headers=headers), _MOMENT)


def embedded_error() -> Refusal:
    """Status 200 and an `error` in the body, where a hasty reader looks for `value`."""
    body = {"error": error_body("ServiceUnavailable", _TRANSIENT, _MOMENT)}
    return Refusal(as_json(200, body), _MOMENT)
