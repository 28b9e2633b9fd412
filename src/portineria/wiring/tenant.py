"""One tenant, opened: everything that a command can ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from uuid import uuid4

from portineria.clock import Clock
from portineria.doors.files import Lock
from portineria.doors.journal import Runs
from portineria.doors.keyring import Keyring
from portineria.doors.profiles import Profile
from portineria.doors.shield import SignalShield
from portineria.doors.state import StateFolder
from portineria.doors.stream import TcpDial
from portineria.fault import Fault, WrongTenant
from portineria.m365.messages import Door
from portineria.m365.reader import TenantReading
from portineria.m365.resources import TenantResources
from portineria.m365.session import Session
from portineria.m365.skew import told
from portineria.mail.conversation import Credential, Nobody, Password
from portineria.policy.desired import Desired
from portineria.policy.expiry import expired_plan
from portineria.policy.guards.case import Case
from portineria.policy.guards.registry import speak, standing
from portineria.policy.plan import Cell, Plan, Stop
from portineria.policy.planner import make_plan
from portineria.policy.refusals import CallerKind
from portineria.policy.who import members
from portineria.run.journal import RunState
from portineria.run.look import Wants, look, look_closer
from portineria.run.means import Guards, Means
from portineria.run.memory import memory_of
from portineria.run.ports import Crew, Progress
from portineria.run.probe import Ask, Probe, Tls, no_token, probe
from portineria.run.verify import Prober
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough, parse_caller
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen
from portineria.wiring.mailserver import Manner
from portineria.wiring.wants import remembered, wants_of, wants_of_plan

CLOCK_OFF = 300.0
"""Seconds by which the clocks may differ: what Microsoft's services tolerate too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """How a plan was handed over: with its digest, or with a yes; and words against guards."""

    digest: str | None = None
    yes: bool = False
    accepted: tuple[str, ...] = ()
    replacing: bool = False
    """Whether the profile may name a new application in the place of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One tenant and everything that speaks to it, while its connections are open."""

    profile: Profile
    tenant_id: str
    state: StateFolder
    clock: Clock
    crew: Crew
    door: Door
    reader: TenantReading
    session: Session
    resources: TenantResources
    dial: TcpDial
    keyring: Keyring
    clock_off: float | None = None
    """Seconds by which this machine's clock is ahead of the login service's."""

    @property
    def clock_told(self) -> str:
        """ "1 h ahead of the service's", or "" where the clocks agree well enough."""
        if abs(self.clock_off or 0.0) < CLOCK_OFF:
            return ""
        return f"{told(self.clock_off)} the service's"

    @property
    def mail_app(self) -> str | None:
        """The client id that oauth-app and gateway grants mean when they name none."""
        return self.profile.probe.app.client_id if self.profile.probe.app else None

    @property
    def smtp_app(self) -> str | None:
        """The one that they mean for SMTP, where it has a registration of its own."""
        return self.profile.probe.smtp_app.client_id if self.profile.probe.smtp_app else None

    def app_for(self, protocol: Protocol) -> str | None:
        """The application that the profile logs in as, by protocol."""
        return (self.smtp_app if protocol is Protocol.SMTP else None) or self.mail_app

    async def look(self, progress: Progress, wants: Wants | None = None) -> Snapshot:
        """A snapshot now, with what the profile settles."""
        wanted = replace(wants or Wants(), own_app=self.profile.control.client_id)
        found = await look(self.reader, self.tenant_id, self.clock, self.crew, progress, wanted)
        return replace(found, settled=dict(self.profile.settled))

    async def look_for(
        self, desired: Desired, progress: Progress, *, all_rights: bool = False
    ) -> Snapshot:
        """A snapshot with all that planning `desired` depends on; `all_rights` asks for those of
        our applications on every mailbox of a large tenant too.

        Whom a group or a filter means is known only after a first look: where these name
        mailboxes that no grant names itself, a closer one reads their rights too.
        """
        wants = replace(
            wants_of(desired, self.mail_app, self.smtp_app),
            rights_on=remembered(memory_of(self.runs())),
            all_rights=all_rights,
        )
        first = await self.look(progress, wants)
        meant = frozenset(
            box.guid for grant in desired.grants for box in members(grant, first).mailboxes
        )
        named = {box.guid for name in wants.mailboxes if (box := first.mailbox(name))}
        if meant <= named:
            return first
        closer = replace(wants, mailboxes=meant | named)
        return await look_closer(first, self.reader, self.crew, progress, closer)

    async def look_again(self, plan: Plan, progress: Progress) -> Snapshot:
        """A snapshot with all that the guards of `plan` look at."""
        return await self.look(progress, wants_of_plan(plan))

    def plan(self, snapshot: Snapshot, desired: Desired, accepted: Iterable[str]) -> Plan:
        """What would be done. Raises WrongTenant for a policy of another tenant."""
        self.refuse_other_tenant(snapshot, desired.tenant)
        return make_plan(
            snapshot,
            desired,
            self.clock.now(),
            accepted=accepted,
            mail_app=self.mail_app,
            smtp_app=self.smtp_app,
            memory=memory_of(self.runs()),
        )

    def plan_expired(self, snapshot: Snapshot, desired: Desired, accepted: Iterable[str]) -> Plan:
        """What would be closed because its grant ended. Raises as `plan`."""
        self.refuse_other_tenant(snapshot, desired.tenant)
        return expired_plan(
            snapshot,
            desired,
            self.clock.now(),
            accepted=tuple(accepted),
            mail_app=self.mail_app,
            smtp_app=self.smtp_app,
            memory=memory_of(self.runs()),
        )

    def refuse_other_tenant(self, snapshot: Snapshot, name: str) -> None:
        """A policy written for one tenant is never planned for another."""
        domains = () if isinstance(snapshot.domains, Unseen) else snapshot.domains
        known = {domain.name.lower() for domain in domains} | {self.tenant_id, self.profile.tenant}
        if name not in known:
            raise WrongTenant(
                f"the policy is for {name}, and the profile {self.profile.name!r} reaches "
                f"{self.profile.tenant}",
                where="tenant",
                try_="choose the profile of that tenant with --profile, or correct `tenant`",
                evidence={"tenant_id": self.tenant_id},
            )

    def lock(self) -> Lock:
        """Held by whoever writes to this tenant. Entering it raises GuardStop."""
        return Lock(self.state.runs / f"{self.tenant_id}.lock")

    def means(self, run: str, progress: Progress) -> Means:
        """What carrying out a run needs, with that run's journal."""
        return Means(
            resources=self.resources,
            journal=Runs(self.state.root).journal(run),
            clock=self.clock,
            crew=self.crew,
            progress=progress,
            shield=SignalShield(progress.step),
        )

    def prober(self, snapshot: Snapshot) -> Prober:
        """Real logins for promises, with what the profile holds, from where this machine can."""

        async def log_in(cell: Cell) -> Probe | Unseen:
            box = snapshot.mailbox(cell.mailbox)
            if box is None:
                return Unseen("the mailbox was not seen")
            if cell.place and not self._may_speak_from(cell.place):
                return Unseen(f"this machine does not log in from {cell.place} (probe.from)")
            caller = parse_caller(cell.caller)
            return await self.log_in(box, cell.protocol, caller, cell.place or None)

        return log_in

    async def log_in(
        self,
        box: Mailbox,
        protocol: Protocol,
        caller: Caller,
        source: str | None,
        manner: Manner | None = None,
    ) -> Probe | Unseen:
        """One login with what the profile holds; Unseen where it holds nothing for it.

        Raises Fault where no token could be had for a reason that says nothing of the access.
        """
        given = manner.password if manner else None
        credential: Credential | Unseen
        try:
            if given is not None and isinstance(caller, Basic):
                credential = Password(box.upn, given)
            else:
                credential = await self.keyring.credential(caller, box, protocol)
        except Fault as fault:
            refused = no_token(fault, protocol, box.address, kind_of(caller))
            if refused is None:
                raise
            return refused
        if isinstance(credential, Unseen):
            return credential
        ask = self.ask(protocol, box.address, credential, kind_of(caller), source)
        if manner is None:
            return await probe(self.dial, self.clock, ask)
        ask = replace(ask, closer=manner.closer, patience=manner.patience)
        return await probe(TcpDial(self.profile.ca, limit=manner.seconds), self.clock, ask)

    def ask(
        self,
        protocol: Protocol,
        mailbox: str,
        credential: Credential | Nobody,
        caller: CallerKind,
        source: str | None = None,
    ) -> Ask:
        """One conversation with the mail server of the profile."""
        server = getattr(self.profile.endpoints, protocol.value)
        return Ask(
            protocol=protocol,
            host=server.host,
            port=server.port,
            tls=Tls.STARTTLS if protocol is Protocol.SMTP else Tls.IMPLICIT,
            mailbox=mailbox,
            credential=credential,
            caller=caller,
            source=source,
        )

    def _may_speak_from(self, place: str) -> bool:
        address = ip_address(place)
        return address.is_loopback or address in self.keyring.sources

    def new_run(self) -> str:
        """An id that sorts by time."""
        return f"{self.clock.now():%Y%m%dT%H%M%SZ}-{uuid4().hex[:6]}"

    def runs(self, *, newest_first: bool = False) -> Iterator[RunState]:
        """Every run of this tenant, oldest first, one at a time. Raises BadJournal."""
        runs = Runs(self.state.root).each(newest_first=newest_first)
        return (run for run in runs if run.tenant_id == self.tenant_id)

    def unfinished(self) -> list[RunState]:
        """Its runs that did not come to their end. Raises BadJournal."""
        runs = Runs(self.state.root).unfinished()
        return [run for run in runs if run.tenant_id == self.tenant_id]

    def guards(self, plan: Plan, handed: Handed, progress: Progress) -> Guards:
        """Look afresh and ask every guard about `plan`; what a given word overrules is left out."""

        async def ask() -> tuple[Stop, ...]:
            snapshot = await self.look_again(plan, progress)
            case = Case(
                plan=plan,
                snapshot=snapshot,
                now=self.clock.now(),
                applying=True,
                promised_digest=handed.digest,
                typed_yes=handed.yes,
            )
            return standing(speak(case), (*plan.accepted, *handed.accepted))

        return ask


def kind_of(caller: Caller) -> CallerKind:
    """How the readers of wire texts call a caller."""
    match caller:
        case Basic():
            return "basic"
        case UserThrough():
            return "user"
        case AppOnly():
            return "app"
