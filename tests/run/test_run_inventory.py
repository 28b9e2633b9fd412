"""Taking stock: what is asked of the logs, what is said where they cannot be read, and its cost."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from run_fakes import drive

from portineria.fault import Fault, Incomplete, NotLicensed, PermissionFault
from portineria.policy.usage.submission import Sender
from portineria.policy.usage.use import Inventory, Method, Standing
from portineria.run.inventory import AT_ONCE, Wish, conclude, count, looked_at
from portineria.tenant.access import Transport
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.people import Licences, User
from portineria.tenant.signin import Event, MailApp, SignIn, Wanted
from portineria.tenant.snapshot import Snapshot

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BIRD = MailApp(id="bird", name="Bird", as_user=frozenset({Protocol.IMAP}))
ERP = MailApp(id="erp", name="ERP", alone=frozenset({Protocol.SMTP}))


def tenant(mailboxes: int = 2, *, p1: bool = True) -> Snapshot:
    boxes = tuple(
        Mailbox(
            guid=f"guid-{number}",
            entra_id=f"user-{number}",
            address=f"box{number}@contoso.example",
            upn=f"box{number}@contoso.example",
            display_name="",
        )
        for number in range(mailboxes)
    )
    people = {
        box.entra_id or "": User(id=box.entra_id or "", upn=box.upn, display_name="")
        for box in boxes
    }
    return Snapshot(
        tenant_id="t",
        taken_at=NOW,
        licences=Licences(entra_p1=p1),
        security_defaults=False,
        conditional_access=(),
        named_locations=(),
        authentication_policies=(),
        transport=Transport(smtp_auth_disabled=False),
        mailboxes=boxes,
        users=people,
        role_members={},
    )


@dataclass
class Told:
    """Progress that is remembered."""

    steps: list[tuple[str, int, int]] = field(default_factory=list)

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        self.steps.append((text, done, total))


@dataclass
class Logs:
    """Gives the pages of each kind of sign-in, then the fault if there is one."""

    pages: dict[Event, list[tuple[SignIn, ...]]] = field(default_factory=dict)
    faults: dict[Event, Fault] = field(default_factory=dict)
    apps: tuple[MailApp, ...] = (BIRD, ERP)
    no_apps: Fault | None = None
    asked: list[Wanted] = field(default_factory=list)

    async def mail_apps(self) -> tuple[MailApp, ...]:
        if self.no_apps is not None:
            raise self.no_apps
        return self.apps

    async def sign_ins(self, wanted: Wanted) -> AsyncIterator[tuple[SignIn, ...]]:
        self.asked.append(wanted)
        if not wanted.apps:
            for page in self.pages.get(wanted.event, ()):
                yield page
        if wanted.event in self.faults:
            raise self.faults[wanted.event]


def basic(number: int = 0, hours: float = 0.0) -> SignIn:
    return SignIn(
        at=NOW - timedelta(hours=hours),
        event=Event.INTERACTIVE,
        user_id=f"user-{number}",
        client="Authenticated SMTP",
        address="203.0.113.7",
    )


def take(
    logs: Logs | None,
    wish: Wish | None = None,
    snapshot: Snapshot | None = None,
    told: Told | None = None,
) -> Inventory:
    seen, wanted = snapshot or tenant(), wish or Wish(days=30)
    counted = drive(count(logs, seen, wanted, NOW, told or Told()))
    return conclude(counted, seen, wanted)


def test_passwords_are_asked_for_and_the_applications_that_may_open_mail() -> None:
    logs = Logs({Event.INTERACTIVE: [(basic(),)]})
    found = take(logs)
    assert [(one.event, one.apps) for one in logs.asked] == [
        (Event.INTERACTIVE, ()),
        (Event.INTERACTIVE, ("bird",)),
        (Event.SILENT, ()),
        (Event.SILENT, ("bird",)),
        (Event.APPLICATION, ("erp",)),
    ]
    assert all(one.since == NOW - timedelta(days=30) for one in logs.asked)
    assert [use.standing for use in found.uses] == [Standing.BREAKS]
    assert [one.mailbox.guid for one in found.idle] == ["guid-0", "guid-1"]
    assert found.unseen == {}
    assert found.ends == ((Protocol.SMTP, "2027-01-01"),)


def test_of_a_few_mailboxes_only_their_people_are_asked_about() -> None:
    logs = Logs(apps=tuple(MailApp(id=f"a{n}", name="", as_user=BIRD.as_user) for n in range(20)))
    found = take(logs, Wish(days=7, mailboxes=frozenset({"guid-1"})))
    interactive = [one for one in logs.asked if one.event is Event.INTERACTIVE]
    assert [one.people for one in interactive] == [("box1@contoso.example",)] * 3
    assert [len(one.apps) for one in interactive] == [0, AT_ONCE, 20 - AT_ONCE]
    assert [one.mailbox.guid for one in found.idle] == ["guid-1"]
    many = Logs()
    everybody = frozenset(f"guid-{n}" for n in range(AT_ONCE + 1))
    take(many, Wish(days=7, mailboxes=everybody), tenant(AT_ONCE + 1))
    assert {one.people for one in many.asked} == {()}


@pytest.mark.parametrize(
    ("p1", "fault", "why"),
    [
        (False, NotLicensed("no licence"), "the tenant has no Entra ID P1"),
        (True, NotLicensed("no licence"), "grant Directory.Read.All"),
        (True, PermissionFault("no permission AuditLog.Read.All"), "AuditLog.Read.All"),
    ],
)
def test_what_cannot_be_read_is_asked_for_once_and_its_reason_told(
    p1: bool, fault: Fault, why: str
) -> None:
    logs = Logs(faults={Event.INTERACTIVE: fault})
    found = take(logs, snapshot=tenant(p1=p1))
    assert len(logs.asked) == 1
    assert len(found.unseen) == 3
    assert all(why in because for because in found.unseen.values())
    assert found.idle == ()
    assert [protocol for protocol, _ in found.unjudged] == list(Protocol)


def test_a_log_that_breaks_off_keeps_what_it_told_and_calls_no_door_idle() -> None:
    logs = Logs({Event.INTERACTIVE: [(basic(),)]}, {Event.INTERACTIVE: Incomplete("broke off")})
    found = take(logs)
    assert found.unseen == {"sign-ins with a person there": "broke off"}
    assert [use.evidence.got_in for use in found.uses] == [1]
    assert found.idle == ()
    assert {one.event for one in logs.asked} == set(Event)


def test_without_the_applications_oauth_is_not_seen_and_passwords_are() -> None:
    logs = Logs(
        {Event.INTERACTIVE: [(basic(),)]}, no_apps=PermissionFault("no Application.Read.All")
    )
    found = take(logs)
    assert list(found.unseen.values()) == ["no Application.Read.All"]
    assert {one.apps for one in logs.asked} == {()}
    assert found.uses
    assert found.idle == ()


def test_without_a_tenant_the_report_alone_is_read() -> None:
    report = (Sender("box0@contoso.example", Method.BASIC, 4),)
    found = take(None, Wish(days=30, senders=report))
    assert [use.evidence.messages for use in found.uses] == [4]
    assert found.unseen == {"sign-in logs": "not looked at"}
    assert [source.rows for source in found.sources] == [0, 1]


def test_progress_tells_how_much_of_the_time_lies_behind() -> None:
    told = Told()
    pages = [(basic(hours=6),), (), (basic(hours=12),)]
    take(Logs({Event.INTERACTIVE: pages}), Wish(days=1), told=told)
    assert told.steps == [
        ("sign-ins with a person there, hours", 6, 24),
        ("sign-ins with a person there, hours", 12, 24),
    ]


def test_the_worst_are_looked_at_more_closely_and_not_too_many() -> None:
    pages = [tuple(basic(number, number) for number in range(5))]
    found = take(Logs({Event.INTERACTIVE: pages}), snapshot=tenant(5))
    assert looked_at(found.uses, 2) == {"guid-0", "guid-1"}


class Month(Logs):
    """A month of many sign-ins, made as they are asked for."""

    def __init__(self, number: int, mailboxes: int) -> None:
        super().__init__()
        self.number, self.mailboxes = number, mailboxes

    async def sign_ins(self, wanted: Wanted) -> AsyncIterator[tuple[SignIn, ...]]:
        if wanted.event is Event.INTERACTIVE and not wanted.apps:
            for start in range(0, self.number, 1000):
                yield tuple(self._made(start))

    def _made(self, start: int) -> Iterator[SignIn]:
        for number in range(start, start + 1000):
            yield SignIn(
                at=NOW - timedelta(seconds=number),
                event=Event.INTERACTIVE,
                user_id=f"user-{number % self.mailboxes}",
                name=f"guess{number}@contoso.example",
                client="Authenticated SMTP",
                address=f"203.{number % 251}.113.{number % 241}",
                agent=f"agent {number % 97}",
                error=0 if number % 3 else 50126,
            )


def test_what_is_held_grows_with_the_mailboxes_and_not_with_the_log() -> None:
    held = {}
    for number in (10_000, 40_000):
        snapshot = tenant(50)
        drive(count(Month(1000, 50), snapshot, Wish(days=30), NOW, Told()))
        gc.collect()
        tracemalloc.start()
        counted = drive(count(Month(number, 50), snapshot, Wish(days=30), NOW, Told()))
        held[number] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sum(c.results.total() for c in counted.tally.counts.values()) == number
    assert held[40_000] < held[10_000] * 1.2
    assert held[40_000] < 4 * 1024 * 1024
