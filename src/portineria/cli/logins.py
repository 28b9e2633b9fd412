"""Real logins: to the mailboxes of a tenant, beside what is expected of them, or to any server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from portineria.cli.frame import Asked
from portineria.cli.probewish import ServerWish, Wish, callers_of
from portineria.cli.questions import find_mailbox
from portineria.cli.session import with_tenant
from portineria.fault import NetworkFault, ServiceFault
from portineria.policy.effective import Access, Context, walk
from portineria.policy.refusals import CallerKind
from portineria.policy.verdict import Answer, Effective
from portineria.run.asking import Ask
from portineria.run.look import Wants
from portineria.run.probe import Probe, Trouble, probe
from portineria.run.probing import by_mailbox
from portineria.run.survey import Survey, survey
from portineria.tenant.caller import Basic, Caller
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

if TYPE_CHECKING:
    from portineria.run.ports import Progress
    from portineria.wiring.mailserver import MailServers
    from portineria.wiring.tenant import Tenant

NOT_ASKED = Unseen("nobody was to look at the tenant")
NO_TENANT = Unseen("no tenant was named")
GONE = Unseen("there is no mailbox of that name in this tenant")


@dataclass(frozen=True, slots=True)
class Question:
    """One login. `box` is Unseen where the tenant has none of that name."""

    name: str
    box: Mailbox | Unseen
    protocol: Protocol
    caller: Caller | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What was expected, Unseen where nobody looked, and what the wire said: Unseen where there
    was nothing to log in with."""

    question: Question
    expected: Effective | Unseen
    found: Probe | Unseen

    @property
    def address(self) -> str:
        box = self.question.box
        return box.address if isinstance(box, Mailbox) else self.question.name

    @property
    def caller(self) -> str:
        return "nobody" if self.question.caller is None else str(self.question.caller)

    @property
    def answer(self) -> Answer:
        return Answer.UNKNOWN if isinstance(self.found, Unseen) else self.found.answer


@dataclass(frozen=True, slots=True)
class Logins:
    """All that was tried, in the order asked, and the servers that were looked at."""

    rows: tuple[Tried, ...]
    servers: tuple[Survey, ...]


def log_in(said: Asked, wish: Wish) -> Logins:
    """Look once, then try every login with what the profile holds. Raises Fault."""

    async def work(tenant: Tenant, teller: Progress) -> Logins:
        by_protocol = {
            protocol: callers_of(wish.callers, tenant.app_for(protocol))
            for protocol in wish.protocols
        }
        callers = list(dict.fromkeys(one for each in by_protocol.values() for one in each))
        snapshot = await _looked(tenant, teller, wish, callers) if wish.look else NOT_ASKED
        questions = [
            Question(name, box, protocol, caller)
            for name, box in _boxes(snapshot, wish.mailboxes)
            for protocol in wish.protocols
            for caller in by_protocol[protocol]
        ]

        async def one(question: Question) -> Tried:
            expected = _expected(tenant, snapshot, question, wish.source)
            return Tried(question, expected, await _login(tenant, question, wish))

        rows = await by_mailbox(questions, _name, one, tenant.crew, wish.jobs, teller)
        return Logins(tuple(rows), await _surveys(tenant, wish, rows))

    return with_tenant(said, work)


def look_at(server: ServerWish, protocol: Protocol, wish: Wish) -> Logins:
    """Try a server that belongs to no tenant: the wire stands alone. Raises NoFile."""
    from portineria.cli.loop import run
    from portineria.cli.progress import progress
    from portineria.wiring.mailserver import open_servers
    from portineria.wiring.opening import system_clock

    def ask(name: str) -> Ask:
        return Ask(
            protocol=protocol,
            host=server.host,
            port=server.port,
            tls=server.tls,
            mailbox=name,
            credential=server.credential(name),
            caller=_kind(server.caller),
            source=wish.source,
            closer=True,
            foreign=True,
            patience=wish.manner.patience,
        )

    names = wish.mailboxes or ("",)
    questions = [Question(name, NO_TENANT, protocol, server.caller) for name in names]

    async def work(servers: MailServers, teller: Progress) -> Logins:
        async def one(question: Question) -> Tried:
            found = await probe(servers.dial, servers.clock, ask(question.name))
            return Tried(question, NO_TENANT, found)

        rows = await by_mailbox(questions, _name, one, servers.crew, wish.jobs, teller)
        seen: tuple[Survey, ...] = ()
        if wish.deep or _untrusted(rows, protocol):
            teller.step("looking at the server")
            looked = await survey(ask(""), servers.lookers, servers.clock, deep=wish.deep)
            seen = (looked,)
        return Logins(tuple(rows), seen)

    async def whole() -> Logins:
        teller = progress(system_clock())
        try:
            async with open_servers(server.ca, wish.manner) as servers:
                return await work(servers, teller)
        finally:
            teller.close()

    return run(whole())


def _kind(caller: Caller | None) -> CallerKind:
    from portineria.wiring.tenant import kind_of

    return kind_of(caller or Basic())


def _name(question: Question) -> str:
    return question.name


async def _looked(
    tenant: Tenant, teller: Progress, wish: Wish, callers: Sequence[Caller]
) -> Snapshot | Unseen:
    named = (None if isinstance(one, Basic) else one.client_id for one in callers)
    names = frozenset(name.lower() for name in wish.mailboxes)
    wants = Wants(mailboxes=names, apps=frozenset(filter(None, named)))
    found = await tenant.look(teller, wants)
    return found.mailboxes if isinstance(found.mailboxes, Unseen) else found


def _boxes(snapshot: Snapshot | Unseen, names: Sequence[str]) -> list[tuple[str, Mailbox | Unseen]]:
    """Who is meant by each name. One that is alone and not there is an error: NoSuch."""
    if isinstance(snapshot, Unseen):
        return [(name, _unlooked(name)) for name in names]
    if len(names) == 1:
        return [(names[0], find_mailbox(snapshot, names[0]))]
    return [(name, snapshot.mailbox(name) or GONE) for name in names]


def _unlooked(name: str) -> Mailbox:
    """A mailbox of which no more is known than its address."""
    return Mailbox(guid="", entra_id=None, address=name, upn=name, display_name=name)


def _expected(
    tenant: Tenant, snapshot: Snapshot | Unseen, question: Question, source: str | None
) -> Effective | Unseen:
    box, caller = question.box, question.caller
    if isinstance(snapshot, Unseen):
        return snapshot
    if isinstance(box, Unseen) or caller is None:
        return GONE
    place = None if source is None else ip_address(source)
    context = Context(tenant.clock.now(), place)
    return walk(Access(snapshot, box, question.protocol, caller, context))


async def _login(tenant: Tenant, question: Question, wish: Wish) -> Probe | Unseen:
    if isinstance(question.box, Unseen) or question.caller is None:
        return GONE
    try:
        return await tenant.log_in(
            question.box, question.protocol, question.caller, wish.source, wish.manner
        )
    except (ServiceFault, NetworkFault) as fault:
        return Unseen(f"no token could be had: {fault.why}")


async def _surveys(tenant: Tenant, wish: Wish, rows: Sequence[Tried]) -> tuple[Survey, ...]:
    from portineria.doors.tlsversions import Lookers
    from portineria.mail.conversation import Nobody

    lookers = Lookers(limit=wish.manner.seconds)
    found = []
    for protocol in wish.protocols:
        if wish.deep or _untrusted(rows, protocol):
            ask = tenant.ask(protocol, "", Nobody(), "basic", wish.source)
            found.append(await survey(ask, lookers, tenant.clock, deep=wish.deep))
    return tuple(found)


def _untrusted(rows: Sequence[Tried], protocol: Protocol) -> bool:
    """Somebody met a server whose TLS did not come about: it is worth a look."""
    return any(
        isinstance(row.found, Probe) and row.found.trouble is Trouble.TLS
        for row in rows
        if row.question.protocol is protocol
    )
