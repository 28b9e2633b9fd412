"""The family of errors, by whose fault it is. Each says where, why and what to try.

Fault
├── OperatorFault     what was given cannot be used               exit 2
│   ├── UsageFault          a word of the command line
│   ├── BadFile             a policy or profile with mistakes in it
│   ├── NoFile              a file or folder cannot be read or written
│   ├── BadEncoding         a file is not UTF-8 text
│   ├── BadPlan             no plan of this version, or one that was edited
│   ├── BadJournal          a run's journal cannot be believed
│   ├── StateFault          the state folder cannot be used, or its disk is full
│   ├── NoSuch              a profile, a run or a mailbox of that name is not there
│   ├── BadCredential       a secret or certificate does not serve
│   ├── ClockFault          this machine's clock is wrong
│   └── WrongTenant         another tenant, another cloud, an unknown application
├── CouldNotSee       the answer depends on what was not seen     exit 3
├── GuardStop         stopped before anything was written         exit 4
│   ├── Locked              another process works on the tenant
│   └── Unfinished          an earlier run rests unfinished
├── PartlyApplied     stopped in the middle, can be resumed       exit 5
├── NetworkFault      the way to the service is broken            exit 6
│   ├── NotTrusted          the TLS certificate is not trusted
│   └── InBetween           a proxy or a sign-in page stands in the way
├── ServiceFault      Microsoft refused or failed                 exit 6
│   ├── PermissionFault     a grant or role is missing
│   ├── NotSignedIn         nobody signed in, or they declined
│   ├── NotLicensed         the tenant lacks the licence
│   ├── NotFound            the object is not there
│   ├── Conflict            it exists already, or forbids this
│   ├── Throttled           told to wait, longer than we may
│   ├── AmbiguousWrite      the answer was lost: it may have happened
│   └── Incomplete          a listing ended early
└── anything else is our bug                                      exit 70

`code` is what programs may branch on, and stable; docs/errors.md is drawn from this file, from
the first sentence of each docstring and from `mend`, what helps in general.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class Fault(Exception):
    """Our own mistake: something that nobody foresaw.

    An error for people: `where` it is, `why`, what to `try_`, and evidence. Evidence is JSON-like
    and holds no secret: correlation ids, status, a wire line.
    """

    exit_code: ClassVar[int] = 70
    code: ClassVar[str] = "internal"
    mend: ClassVar[str] = "run it again with --verbose and report what it prints"

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
    """A word or a value that was given means nothing here."""

    exit_code = 2
    code = "bad-input"
    mend = "correct what `where` names"


class UsageFault(OperatorFault):
    """A verb, an option or an argument is unknown, missing or misplaced."""

    code = "usage"
    mend = "read the verb's --help"


class BadFile(OperatorFault):
    """A policy, profile or list has mistakes in it; each is shown with its line and column."""

    code = "bad-file"
    mend = "correct these and run the same command again"


class OtherApp(OperatorFault):
    """The profile names an application that is not the one that was made."""

    code = "other-app"
    mend = "name the right one in the profile, or say --fresh where a new one is meant"


class NoFile(OperatorFault):
    """A file or folder that was named cannot be read or written."""

    code = "no-file"
    mend = "check the name, and what its owner and mode allow"


class BadEncoding(OperatorFault):
    """A file is text in another encoding, or no text at all."""

    code = "encoding"
    mend = "save it as UTF-8: in Excel «CSV UTF-8», in an editor «Save with encoding»"


class BadPlan(OperatorFault):
    """The file is no plan, a plan of another version, or one that was edited afterwards."""

    code = "bad-plan"
    mend = "make it again: portineria plan policy.yaml --output plan.json"


class BadJournal(OperatorFault):
    """A run's journal cannot be read as a whole, so what it promised is not known."""

    code = "bad-journal"
    mend = "do not resume that run: move its folder away, look at the tenant, and plan afresh"


class StateFault(OperatorFault):
    """The state folder cannot be used, is open to others, or its disk is full."""

    code = "state-folder"
    mend = "make room or give it back to yourself, or name another one with --state"


class NoSuch(OperatorFault):
    """There is no profile, no run or no mailbox of that name."""

    code = "no-such"
    mend = "portineria runs list, portineria look --mailboxes, or the profiles that `try` lists"


class BadCredential(OperatorFault):
    """A secret or a certificate is wrong, has expired, or cannot be used."""

    code = "credential"
    mend = "make a new one in the Entra admin center: App registrations, Certificates & secrets"


class ClockFault(OperatorFault):
    """This machine's clock is wrong, so what it signs is not valid."""

    code = "clock"
    mend = "set the clock: timedatectl set-ntp true"


class WrongTenant(OperatorFault):
    """The tenant or the application is not known there, or belongs to another tenant or cloud."""

    code = "tenant"
    mend = "check `tenant`, `cloud` and `client_id` in the profile"


class CouldNotSee(Fault):
    """The answer depends on something that could not be seen; it is neither yes nor no."""

    exit_code = 3
    code = "could-not-see"
    mend = "portineria look says what could not be seen, and why"


class GuardStop(Fault):
    """A guard spoke before anything was written."""

    exit_code = 4
    code = "guard"
    mend = "read the reason; --accept WORD says that you mean it"


class Locked(GuardStop):
    """Another process is working on this tenant."""

    code = "locked"
    mend = "wait until it has finished"


class Unfinished(GuardStop):
    """An earlier run of this tenant rests unfinished."""

    code = "unfinished"
    mend = "portineria apply --resume last, or portineria undo last"


class PartlyApplied(Fault):
    """A run rests in the middle: everything written is in its journal, and it can be resumed."""

    exit_code = 5
    code = "partly-applied"
    mend = "when the cause is gone: portineria apply --resume last"


class NetworkFault(Fault):
    """The service cannot be reached, or the connection broke."""

    exit_code = 6
    code = "network"
    mend = "check the name, the network and the proxy"


class NotTrusted(NetworkFault):
    """The TLS certificate of the service is not trusted by this machine."""

    code = "not-trusted"
    mend = "name the PEM file of the CA that signed it as `ca` in the profile"


class InBetween(NetworkFault):
    """A proxy or a sign-in page stands between this machine and the service."""

    code = "proxy"
    mend = "export HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, or sign in to the network first"


class ServiceFault(Fault):
    """Microsoft's service refused or failed."""

    exit_code = 6
    code = "service"
    mend = "run the command again; if it stays, look at the Service health page"


class PermissionFault(ServiceFault):
    """The application lacks a permission, a directory role or a consent."""

    code = "permission"
    mend = "grant what is named, with admin consent; the README lists all that is needed"


class NotSignedIn(ServiceFault):
    """Nobody signed in: the page was left, declined, or not answered in time."""

    code = "sign-in"
    mend = "run the command again and sign in; --device-code is for a machine without a browser"


class NotLicensed(ServiceFault):
    """The tenant has no licence for this."""

    code = "not-licensed"
    mend = "Conditional Access needs Entra ID P1"


class NotFound(ServiceFault):
    """The service has no such object."""

    code = "not-found"
    mend = "look again: it may have been removed, or be a few seconds old"


class Conflict(ServiceFault):
    """The service sees a conflict with something that is there."""

    code = "conflict"
    mend = "look at what is there, and plan again"


class Throttled(ServiceFault):
    """The service asks to wait, longer than a command may."""

    code = "throttled"
    mend = "wait some minutes and run the command again"


class AmbiguousWrite(ServiceFault):
    """The answer to a write was lost: it may have happened."""

    code = "ambiguous-write"
    mend = "look at the object before repeating it"


class Incomplete(ServiceFault):
    """A listing ended early: what was read is a part, and must not pass for the whole."""

    code = "incomplete"
    mend = "run the command again; the part was thrown away"
