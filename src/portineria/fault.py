"""The family of errors, by whose fault it is. Each says where, why and what to try.

Fault
├── OperatorFault     bad input, a wrong file, a wrong option         exit 2
├── GuardStop         a guard spoke before anything was written       exit 4
├── ServiceFault      Microsoft refused or failed                     exit 6
│   ├── PermissionFault     a grant or role is missing                exit 6
│   ├── NotLicensed         the tenant lacks the licence              exit 6
│   ├── NotFound            the object is not there                   exit 6
│   ├── Conflict            it exists already, or forbids this        exit 6
│   ├── Throttled           told to wait, longer than we may          exit 6
│   └── AmbiguousWrite      the answer was lost: it may have happened exit 6
├── NetworkFault      the way to the service is broken                exit 6
├── PartlyApplied     stopped in the middle, can be resumed           exit 5
└── anything else is our bug                                          exit 70
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class Fault(Exception):
    """An error for people: `where` it is, `why`, what to `try_`, and evidence.

    Evidence is JSON-like and holds no secret: correlation ids, status, a wire line.
    """

    exit_code: ClassVar[int] = 70
    code: ClassVar[str] = "internal"

    def __init__(
        self,
        why: str,
        *,
        where: str = "",
        try_: str = "",
        evidence: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.where = where
        self.try_ = try_
        self.evidence = dict(evidence or {})


class OperatorFault(Fault):
    exit_code = 2
    code = "bad-input"


class GuardStop(Fault):
    exit_code = 4
    code = "guard"


class PartlyApplied(Fault):
    exit_code = 5
    code = "partly-applied"


class NetworkFault(Fault):
    exit_code = 6
    code = "network"


class ServiceFault(Fault):
    exit_code = 6
    code = "service"


class PermissionFault(ServiceFault):
    code = "permission"


class NotLicensed(ServiceFault):
    code = "not-licensed"


class NotFound(ServiceFault):
    code = "not-found"


class Conflict(ServiceFault):
    code = "conflict"


class Throttled(ServiceFault):
    code = "throttled"


class AmbiguousWrite(ServiceFault):
    code = "ambiguous-write"
