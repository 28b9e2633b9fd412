"""Proves a mail app step by step: everything is read, a login is tried, the steps are judged.

A use-case that writes nothing. Each attempt asks for a fresh token, because an old one carries
the roles of its own hour, and reads everything again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol as Port

from portineria.clock import Clock
from portineria.policy.appsteps import seen
from portineria.policy.appsteps.case import AppCase, Login, Place
from portineria.policy.appsteps.ladder import Checked, check
from portineria.policy.appsteps.step import Outcome
from portineria.policy.recipients import GRANTABLE
from portineria.policy.rungs.access import Access, Context
from portineria.run.ports import Crew, Progress
from portineria.run.probe import Probe
from portineria.secret import Secret
from portineria.tenant.access import Transport
from portineria.tenant.apps import MailboxRight
from portineria.tenant.caller import AppOnly
from portineria.tenant.mailapp import MailApp, OwnProof, TokenClaims, TokenRefused
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.people import User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

LIMIT = 4
"""Conversations and Exchange requests at a time (Exchange dossier 2.11, 4.2)."""
AT_ONCE = 50
"""Mailboxes that one worker reads before it takes more, ten a request."""
NO_LOGIN = Unseen("there is nothing to log in to")

Recipient = tuple[Mailbox | Unseen | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Held:
    """A token, and what it says of itself."""

    token: Secret
    claims: TokenClaims


class Own(Port):
    """One application of the profile: what it proves itself with, and a token each time."""

    @property
    def proof(self) -> OwnProof: ...

    @property
    def begins(self) -> Secret | None:
        """The beginning of its secret, as long as the hints that Graph shows."""
        ...

    async def token(self) -> Held | TokenRefused | Unseen:
        """A new one, never one that was kept."""
        ...


class AppReader(Port):
    """What is read of applications and mailboxes; Unseen with its reason where it cannot be."""

    async def app(
        self, client_id: str, proof: OwnProof, begins: Secret | None, token: TokenClaims | None
    ) -> MailApp: ...

    async def transport(self) -> tuple[Transport | Unseen, datetime | None]: ...

    async def mailboxes(self, names: Sequence[str]) -> Mapping[str, Recipient]: ...

    async def users(self, ids: Collection[str]) -> Mapping[str, User] | Unseen: ...

    async def rights(
        self, app: MailApp, guids: Sequence[str]
    ) -> Mapping[str, MailboxRight | Unseen]: ...


class FirstSeen(Port):
    """Remembers, from one call to the next, when something undated was seen first."""

    def note(
        self, present: Collection[str], absent: Collection[str], now: datetime
    ) -> Mapping[str, datetime]:
        """When each of `present` was seen first; `absent` ones are forgotten."""
        ...


class Given(Port):
    """When a run of ours gave something that bears no date of its own; None: no run did."""

    def right(self, principal: str, guid: str) -> datetime | None: ...

    def member(self, guid: str) -> datetime | None: ...


LogIn = Callable[[Mailbox, Protocol, str, Secret], Awaitable[Probe]]
"""One real login: to this mailbox, by this protocol, with this `user=` and this token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Everything from outside. `audience` is the resource that the mail hosts take tokens for."""

    reader: AppReader
    own: Mapping[str, Own]
    log_in: LogIn
    memory: FirstSeen
    given: Given
    clock: Clock
    crew: Crew
    progress: Progress
    tenant_id: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppQuestion:
    """What is to be proved: which app by which protocol, into which mailboxes.

    Without mailboxes the steps of the app alone are judged. `user` is what another program sends
    as `user=`; None is each mailbox's own address.
    """

    apps: Mapping[Protocol, str]
    mailboxes: tuple[str, ...] = ()
    user: str | None = None


@dataclass(frozen=True, slots=True)
class _Sight:
    """The tenant as one attempt saw it."""

    apps: Mapping[str, MailApp]
    tokens: Mapping[str, Secret]
    recipients: Mapping[str, Recipient]
    snapshot: Snapshot
    transport_changed: datetime | None
    rights: Mapping[tuple[str, str], MailboxRight | Unseen]


async def app_check(hands: Hands, asked: AppQuestion) -> tuple[Checked, ...]:
    """One attempt: every app, protocol and mailbox judged, in the order asked.

    Raises OperatorFault where our own credential for reading does not serve.
    """
    sight = await _look(hands, asked)
    cells = [
        (protocol, client_id, name)
        for name in asked.mailboxes or ("",)
        for protocol, client_id in asked.apps.items()
    ]
    places = [_place(hands, asked, sight, *cell) if cell[2] else None for cell in cells]
    tried = await _try(hands, sight, cells, places)
    first_seen = _noted(hands, sight, [place for place in tried if place is not None])
    now = hands.clock.now()
    return tuple(
        check(
            AppCase(
                now=now,
                tenant_id=hands.tenant_id,
                audience=hands.audience,
                app=sight.apps[client_id],
                protocol=protocol,
                place=place,
                first_seen=first_seen,
            )
        )
        for (protocol, client_id, _), place in zip(cells, tried, strict=True)
    )


async def _look(hands: Hands, asked: AppQuestion) -> _Sight:
    apps, tokens = {}, {}
    for client_id in dict.fromkeys(asked.apps.values()):
        hands.progress.step(f"application {client_id}")
        own = hands.own[client_id]
        held = await own.token()
        claims = held.claims if isinstance(held, Held) else None
        app = await hands.reader.app(client_id, own.proof, own.begins, claims)
        apps[client_id] = replace(app, token=held.claims if isinstance(held, Held) else held)
        if isinstance(held, Held):
            tokens[client_id] = held.token
    names = tuple(dict.fromkeys((*asked.mailboxes, *filter(None, [asked.user]))))
    transport, changed = (
        await hands.reader.transport() if asked.mailboxes else (NOT_LOOKED_AT, None)
    )
    recipients = await _recipients(hands, names)
    boxes = [one for one, _ in recipients.values() if isinstance(one, Mailbox)]
    return _Sight(
        apps=apps,
        tokens=tokens,
        recipients=recipients,
        snapshot=Snapshot(
            tenant_id=hands.tenant_id,
            taken_at=hands.clock.now(),
            transport=transport,
            mailboxes=tuple(boxes),
            users=await hands.reader.users({box.entra_id for box in boxes if box.entra_id}),
        ),
        transport_changed=changed,
        rights=await _rights(hands, apps, [box.guid for box in boxes]),
    )


async def _recipients(hands: Hands, names: Sequence[str]) -> dict[str, Recipient]:
    found: dict[str, Recipient] = {}
    parts = [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
    async for _, part in hands.crew.each(parts, hands.reader.mailboxes, LIMIT):
        found |= part
        hands.progress.step("mailboxes", len(found), len(names))
    return found


async def _rights(
    hands: Hands, apps: Mapping[str, MailApp], guids: Sequence[str]
) -> dict[tuple[str, str], MailboxRight | Unseen]:
    parts = [
        (app, guids[start : start + AT_ONCE])
        for app in apps.values()
        for start in range(0, len(guids), AT_ONCE)
    ]

    async def read(part: tuple[MailApp, Sequence[str]]) -> Mapping[str, MailboxRight | Unseen]:
        return await hands.reader.rights(*part)

    found: dict[tuple[str, str], MailboxRight | Unseen] = {}
    async for (app, _), told in hands.crew.each(parts, read, LIMIT):
        found |= {(app.client_id, guid): right for guid, right in told.items()}
        hands.progress.step("rights on mailboxes", len(found), len(guids) * len(apps))
    return found


def _place(
    hands: Hands, asked: AppQuestion, sight: _Sight, protocol: Protocol, client_id: str, name: str
) -> Place:
    found, changed = sight.recipients[name]
    if not isinstance(found, Mailbox):
        return Place(name=name, access=found, user=asked.user or name, user_box=found)
    context = Context(hands.clock.now())
    access = Access(sight.snapshot, found, protocol, AppOnly(client_id), context)
    app = sight.apps[client_id]
    named, _ = sight.recipients[asked.user] if asked.user else (found, None)
    return Place(
        name=name,
        access=access,
        user=asked.user or found.address,
        user_box=named,
        changed=changed,
        transport_changed=sight.transport_changed,
        right=sight.rights[client_id, found.guid],
        right_given=hands.given.right(app.object_id or "", found.guid),
        member_since=hands.given.member(found.guid),
    )


async def _try(
    hands: Hands,
    sight: _Sight,
    cells: Sequence[tuple[Protocol, str, str]],
    places: Sequence[Place | None],
) -> list[Place | None]:
    """Log in wherever there is a token and a mailbox; nothing is sent, nothing is read."""

    async def one(number: int) -> Login | Unseen:
        protocol, client_id, _ = cells[number]
        place = places[number]
        token = sight.tokens.get(client_id)
        if place is None or place.box is None or token is None:
            return NO_LOGIN
        if place.box.kind not in GRANTABLE:
            return NO_LOGIN
        return login_of(await hands.log_in(place.box, protocol, place.user, token))

    found = list(places)
    numbers = [number for number, place in enumerate(places) if place is not None]
    done = 0
    async for number, login in hands.crew.each(numbers, one, LIMIT):
        place = found[number]
        found[number] = None if place is None else replace(place, login=login)
        done += 1
        hands.progress.step("logins", done, len(numbers))
    return found


def login_of(probe: Probe) -> Login:
    """What a conversation says of the access."""
    return Login(
        answer=probe.answer,
        because=probe.because,
        stage=probe.stage,
        line=probe.line,
        layers=frozenset() if probe.reading is None else probe.reading.layers,
    )


def _noted(hands: Hands, sight: _Sight, places: Sequence[Place]) -> Mapping[str, datetime]:
    told: dict[str, bool] = {}
    for app in sight.apps.values():
        told |= seen.told(app, [place for place in places if _is_of(place, app)])
    present = {key for key, there in told.items() if there}
    return hands.memory.note(present, told.keys() - present, hands.clock.now())


def _is_of(place: Place, app: MailApp) -> bool:
    return isinstance(place.access, Access) and place.access.client_id == app.client_id


def together(checks: Iterable[Checked]) -> Outcome:
    """One answer for all: wrong beats pending, pending beats could not tell."""
    answers = {one.answer for one in checks}
    order = (Outcome.NO, Outcome.PENDING, Outcome.UNKNOWN)
    return next((one for one in order if one in answers), Outcome.YES)


def exit_code(checks: Iterable[Checked]) -> int:
    """1 where one is wrong, else 3 where one is pending or could not be told, else 0."""
    return {Outcome.NO: 1, Outcome.YES: 0}.get(together(checks), 3)
