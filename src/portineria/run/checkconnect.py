"""Is our own access right? Each step by itself, the first wrong one named, nothing taken for yes.

An answer is yes, no, or could not tell; a permission beyond what is needed is a no as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from portineria.clock import Clock
from portineria.fault import Fault, NetworkFault, OperatorFault, PermissionFault
from portineria.policy.verdict import Answer
from portineria.run.replication import EARLY_CODES
from portineria.tenant.ownaccess import Access, DirectoryRole, HeldRole, Permission

SOON = timedelta(days=30)
"""A certificate that ends within this time is told, and is good until then."""


class OwnAccess(Protocol):
    """The control app of a profile, as itself. Every method raises Fault."""

    def certificate_ends(self) -> datetime | None:
        """None where the profile names a secret: nobody tells when that one ends."""
        ...

    async def granted(self, service: str) -> frozenset[str]:
        """The permissions in a fresh token for the service of this client id."""
        ...

    async def read_graph(self) -> None: ...
    async def read_exchange(self) -> None: ...
    async def roles(self) -> tuple[HeldRole, ...]:
        """The directory roles of its own enterprise application."""
        ...

    def forget(self) -> None:
        """Fetch new tokens next time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`repair` is "" where nothing is to be done. `fault` is what the service said, if anything."""

    name: str
    answer: Answer
    because: str
    repair: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the control app of this access is to hold. `graph` and `exchange` are client ids,
    `names` the services' names by client id."""

    access: Access
    permissions: tuple[Permission, ...]
    role: DirectoryRole
    graph: str
    exchange: str
    names: Mapping[str, str]

    def values(self, service: str) -> tuple[Permission, ...]:
        return tuple(one for one in self.permissions if one.resource == service)


def missing(wanted: Collection[Permission], held: Collection[str]) -> tuple[str, ...]:
    """What is needed and not held; where the cloud lacks one, what serves instead is as good."""
    return tuple(
        one.value
        for one in wanted
        if not one.optional
        and one.value not in held
        and (not one.instead or one.instead not in held)
    )


async def check(own: OwnAccess, expected: Expected, clock: Clock) -> list[Step]:
    """Every step, in the order in which one needs the other."""
    steps = [_certificate(own, clock.now())]
    for service in (expected.graph, expected.exchange):
        steps += await _permissions(own, expected, service)
    steps.append(await _read(own.read_graph, "Graph answers", "a read of the organisation"))
    steps.append(await _exchange(own, expected))
    steps.append(await _role(own, expected.role))
    return steps


def first_wrong(steps: Collection[Step]) -> Step | None:
    """The first no; where there is none, the first that could not be told."""
    for wrong in (Answer.NO, Answer.UNKNOWN):
        for step in steps:
            if step.answer is wrong:
                return step
    return None


def _certificate(own: OwnAccess, now: datetime) -> Step:
    name = "credential"
    try:
        ends = own.certificate_ends()
    except Fault as fault:
        return Step(name=name, answer=Answer.NO, because=fault.why, repair=fault.try_, fault=fault)
    if ends is None:
        told = "the profile names a secret; whether and when it ends only the portal shows"
        return Step(name=name, answer=Answer.YES, because=told)
    days = (ends - now).days
    if ends <= now:
        return Step(
            name=name,
            answer=Answer.NO,
            because=f"the certificate has expired on {ends:%Y-%m-%d}",
            repair="portineria connect rotate",
        )
    because = f"the certificate is good until {ends:%Y-%m-%d}, for {days} days"
    repair = "portineria connect rotate" if ends - now < SOON else ""
    return Step(name=name, answer=Answer.YES, because=because, repair=repair)


async def _permissions(own: OwnAccess, expected: Expected, service: str) -> list[Step]:
    title = expected.names[service]
    token, permissions = f"token for {title}", f"permissions on {title}"
    try:
        held = await own.granted(service)
    except Fault as fault:
        unknown = "no token was given, so its permissions could not be seen"
        return [
            failed(token, fault),
            Step(name=permissions, answer=Answer.UNKNOWN, because=unknown),
        ]
    wanted = expected.values(service)
    lack = missing(wanted, held)
    known = {one.value for one in wanted} | {one.instead for one in wanted}
    more = sorted(held - known)
    return [
        Step(name=token, answer=Answer.YES, because="the token service gives one"),
        _judged(permissions, lack, more, expected.access),
    ]


def _judged(name: str, lack: Collection[str], more: Collection[str], access: Access) -> Step:
    again = f"portineria connect TENANT --access {access}"
    if lack:
        return Step(
            name=name,
            answer=Answer.NO,
            because=f"missing: {', '.join(lack)}",
            repair=f"{again} gives what is missing; a new token carries it some minutes later",
        )
    if more:
        return Step(
            name=name,
            answer=Answer.NO,
            because=f"more than {access} access needs: {', '.join(more)}",
            repair=f"{again} takes away what is not needed",
        )
    return Step(name=name, answer=Answer.YES, because="all that is needed, and nothing else")


async def _read(read: Callable[[], Awaitable[None]], name: str, what: str) -> Step:
    try:
        await read()
    except Fault as fault:
        return failed(name, fault)
    return Step(name=name, answer=Answer.YES, because=f"{what} was answered")


async def _exchange(own: OwnAccess, expected: Expected) -> Step:
    """Two grants, and one door: 401 without the permission, 403 without the role."""
    step = await _read(own.read_exchange, "Exchange answers", "Get-OrganizationConfig")
    if step.fault is None or step.fault.evidence.get("status") != 403:
        return step
    return Step(
        name=step.name,
        answer=Answer.NO,
        because="the permission is there, and no directory role that Exchange goes by",
        repair=f"give it {expected.role.name}: portineria connect TENANT --access "
        f"{expected.access}; a new role takes up to 15 minutes",
        fault=step.fault,
    )


async def _role(own: OwnAccess, role: DirectoryRole) -> Step:
    name = "directory role"
    try:
        held = await own.roles()
    except Fault as fault:
        return Step(
            name=name,
            answer=Answer.UNKNOWN,
            because=f"its roles could not be seen: {fault.why}",
            repair=fault.try_,
            fault=fault,
        )
    others = [one for one in held if one.role != role.id]
    if not any(one.role == role.id and one.scope == "/" for one in held):
        return Step(
            name=name,
            answer=Answer.NO,
            because=f"it does not hold {role.name} for the whole directory",
            repair="portineria connect TENANT gives it",
        )
    if others:
        return Step(
            name=name,
            answer=Answer.NO,
            because=f"beside {role.name} it holds {len(others)} more, which are not needed",
            repair="portineria connect TENANT takes them away",
        )
    return Step(name=name, answer=Answer.YES, because=f"{role.name}, and no other")


def failed(name: str, fault: Fault) -> Step:
    """A no where somebody said no; could not tell where nobody was reached."""
    said_no = isinstance(fault, (OperatorFault, PermissionFault))
    code = str(fault.evidence.get("code") or "")
    early = f"{fault.try_}; a new application or certificate takes some minutes to be known"
    return Step(
        name=name,
        answer=Answer.NO if said_no and not isinstance(fault, NetworkFault) else Answer.UNKNOWN,
        because=fault.why,
        repair=early if code in EARLY_CODES else fault.try_ or fault.mend,
        fault=fault,
    )
