"""What Exchange's admin API says (dossier exchange-online 2.3, 2.6, 2.7).

Its `error.message` is always "Invalid Operation": what counts is the exception inside.
"""

from __future__ import annotations

from functools import partial

from portineria.policy.verdict import Confidence, Layer
from portineria.policy.wiretexts.rows import Sense
from portineria.policy.wiretexts.sayings import (
    CLIENT,
    EXCHANGE_ADMIN,
    NOBODY,
    Beyond,
    Face,
    aside,
)

_exchange = partial(aside, Face.EXCHANGE)
_FIELD = Confidence.FIELD_REPORT
_CONSENTER = "a Privileged Role Administrator"
_REQUEST = "correct the program's request: the text says what it does not like"

EXCHANGE = (
    _exchange(
        "exchange-no-role",
        ("(HTTP 403 with a body of NUL octets)", "␀␀␀␀"),
        Sense.REFUSED,
        "the program has the permission and no directory role that covers this command, or "
        "there is no such command",
        "exchange-online 2.3, 2.7",
        layers={Beyond.ROLE},
        repair="give the application the role Exchange Administrator beside Exchange.ManageAsApp, "
        "then get a new token",
        who=_CONSENTER,
        confidence=Confidence.CAPTURED,
    ),
    _exchange(
        "exchange-token",
        'Bearer error="invalid_token"',
        Sense.REFUSED,
        "the access token has ended or is for another service, or the program was granted nothing "
        "at all",
        "exchange-online 2.3, 2.7",
        layers={Layer.CREDENTIAL, Layer.CONSENT},
        repair="get a new token for https://outlook.office365.com/.default; where that is refused "
        "as well, grant Exchange.ManageAsApp with admin consent",
        who=_CONSENTER,
    ),
    _exchange(
        "exchange-parameters",
        (
            "Parameter set cannot be resolved using the specified named parameters",
            "AmbiguousParameterSetException",
        ),
        Sense.BESIDE,
        "the command has no such parameter, lacks one, or does not take these together",
        "exchange-online 2.7",
        repair=_REQUEST,
        who=CLIENT,
    ),
    _exchange(
        "exchange-value",
        (
            "Cannot process argument transformation on parameter",
            "ParameterTransformationException",
        ),
        Sense.BESIDE,
        "a parameter has a value that it does not take; the text lists those that it does",
        "exchange-online 2.7",
        repair=_REQUEST,
        who=CLIENT,
    ),
    _exchange(
        "exchange-not-found",
        (
            "The operation couldn't be performed because object '{name}' couldn't be found on",
            "ManagementObjectNotFoundException",
        ),
        Sense.BESIDE,
        "Exchange knows no object of this name",
        "exchange-online 2.7",
        repair="check the name; an id is safer than a display name",
        who=CLIENT,
    ),
    _exchange(
        "exchange-ambiguous",
        ("ManagementObjectAmbiguousException", "matches multiple entries"),
        Sense.BESIDE,
        "several objects have this name",
        "exchange-online 1.2, 2.7",
        repair="name the object by its Guid",
        who=CLIENT,
        confidence=Confidence.UNVERIFIED,
    ),
    _exchange(
        "exchange-exists",
        ("ADObjectAlreadyExistsException", "{word}AlreadyExistsException"),
        Sense.BESIDE,
        "it is there already",
        "exchange-online 2.7",
        repair="look at what is there, and go on",
        who=CLIENT,
        confidence=Confidence.UNVERIFIED,
    ),
    _exchange(
        "exchange-invalid-operation",
        "TaskInvalidOperationException",
        Sense.BESIDE,
        "Exchange does not do this in the state that the object is in; the text inside tells why",
        "exchange-online 2.7",
        repair="read the text inside the error",
        who=EXCHANGE_ADMIN,
        confidence=Confidence.UNVERIFIED,
    ),
    _exchange(
        "exchange-page",
        ("Expired or Invalid pagination request", "InvalidPaginationException"),
        Sense.BESIDE,
        "the listing broke off between two pages: the mark of the next page was too old, or met "
        "another server",
        "exchange-online 2.6, 2.7",
        repair="begin the listing again, and throw away what was read",
        who=CLIENT,
        confidence=Confidence.CAPTURED,
    ),
    _exchange(
        "exchange-throttled",
        "You have reached the maximum number of concurrent requests per tenant",
        Sense.LATER,
        "more requests run at once than the tenant may have",
        "exchange-online 2.7",
        repair="wait as long as Retry-After says, and ask less at once",
        who=CLIENT,
    ),
    _exchange(
        "exchange-transient",
        (
            "SuitabilityDirectoryException",
            "DCOverloadedException",
            "ServerInMMException",
            "ADServerSettingsChangedException",
            "StorageTransientException",
            "UnableToWriteToAadException",
        ),
        Sense.LATER,
        "a server behind the API failed for the moment",
        "exchange-online 2.7",
        repair="try again in some minutes",
        who=NOBODY,
        confidence=_FIELD,
        codes={"ServiceUnavailable", "BadGateway", "GatewayTimeout", "InternalServerError"},
    ),
    _exchange(
        "exchange-code",
        "(Invalid Operation, with other words inside)",
        Sense.UNTOLD,
        'Exchange did not take the request; "Invalid Operation" says no more, and the text inside '
        "it is not known here",
        "exchange-online 2.7",
        repair="read `innererror.internalexception.message` of the answer",
        who=CLIENT,
        codes={"BadRequest", "NotFound", "Conflict"},
    ),
)
