"""Take stock: read the logs page by page, count, and join the count with the tenant's switches.

A log that breaks off is a source that could not be seen, with the reason; what was counted until
then stays, since it did happen, but no door is called idle for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol as Port

from portineria.fault import Fault, NetworkFault, NotLicensed, PermissionFault, ServiceFault
from portineria.policy.usage.judge import Judge, ends
from portineria.policy.usage.submission import Sender
from portineria.policy.usage.tally import Tally
from portineria.policy.usage.use import Inventory, Source, Use
from portineria.run.ports import Progress
from portineria.tenant.mailbox import Protocol
from portineria.tenant.signin import Event, MailApp, SignIn, Wanted
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

HOUR = 3600.0
AT_ONCE = 12
"""Applications or people named in one filter: a URL has an end."""
REPORT = "SMTP AUTH clients report"
MAIL_APPS = "applications with mail permissions"
_STREAMS = {
    Event.INTERACTIVE: "sign-ins with a person there",
    Event.SILENT: "sign-ins without a person",
    Event.APPLICATION: "sign-ins of applications",
}


class SignInReader(Port):
    """The tenant's logs. Both raise ServiceFault or NetworkFault."""

    async def mail_apps(self) -> tuple[MailApp, ...]: ...

    def sign_ins(self, wanted: Wanted) -> AsyncIterator[tuple[SignIn, ...]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked: so many days, these protocols, these mailboxes (guids; None for all), and
    the senders of a report (None where none was given)."""

    days: int
    protocols: frozenset[Protocol] = frozenset(Protocol)
    mailboxes: frozenset[str] | None = None
    senders: tuple[Sender, ...] | None = None


@dataclass(slots=True)
class Counted:
    """What the logs gave: the tally, where it came from, and the applications."""

    tally: Tally
    since: datetime
    until: datetime
    sources: list[Source]
    apps: Mapping[str, MailApp]


async def count(
    reader: SignInReader | None, snapshot: Snapshot, wish: Wish, until: datetime, progress: Progress
) -> Counted:
    """Read the logs from newest to oldest. Without a reader they are not looked at."""
    tally = Tally(snapshot, wish.protocols, wish.mailboxes)
    found = Counted(tally, until - timedelta(days=wish.days), until, [], {})
    if reader is None:
        found.sources.append(Source(name="sign-in logs", because="not looked at"))
        return found
    try:
        apps = await reader.mail_apps()
        found.apps = {app.id.lower(): app for app in apps if app.as_user | app.alone}
        found.sources.append(Source(name=MAIL_APPS, rows=len(found.apps)))
    except (ServiceFault, NetworkFault) as fault:
        found.sources.append(Source(name=MAIL_APPS, because=fault.why))
    people = _people(snapshot, wish)
    closed = ""
    for event in Event:
        name = _STREAMS[event]
        if closed:
            found.sources.append(Source(name=name, because=closed))
            continue
        source, refused = await _stream(reader, found, event, people, progress)
        found.sources.append(source)
        closed = source.because if refused else ""
    return found


async def _stream(
    reader: SignInReader,
    found: Counted,
    event: Event,
    people: tuple[str, ...],
    progress: Progress,
) -> tuple[Source, bool]:
    """What one kind of sign-ins gave, and whether the others will be refused like it."""
    rows = 0
    name = _STREAMS[event]
    try:
        for wanted in _wanted(found, event, people):
            async for page in reader.sign_ins(wanted):
                found.tally.add(page)
                rows += len(page)
                if page:
                    _tell(progress, name, found, page[-1].at)
    except (ServiceFault, NetworkFault) as fault:
        why = why_unseen(fault, found.tally.snapshot)
        refused = isinstance(fault, NotLicensed | PermissionFault)
        return Source(name=name, rows=rows, because=why), refused
    return Source(name=name, rows=rows), False


def why_unseen(fault: Fault, snapshot: Snapshot) -> str:
    """A licence that is there and not seen is a known issue of Graph's. Source: dossier 6.3."""
    licences = snapshot.licences
    if not isinstance(fault, NotLicensed):
        return fault.why
    if not isinstance(licences, Unseen) and licences.entra_p1:
        return (
            "the service says that the tenant has no premium licence, and it has Entra ID P1: "
            "grant Directory.Read.All on Microsoft Graph too, which the logs need at times"
        )
    return (
        "the tenant has no Entra ID P1, without which nobody may read the sign-in logs; the SMTP "
        "AUTH clients report of the Exchange admin center can be read instead (--csv FILE)"
    )


def _wanted(found: Counted, event: Event, people: tuple[str, ...]) -> list[Wanted]:
    """Questions that leave nothing out: passwords, and the applications with mail permissions."""
    alone = event is Event.APPLICATION
    apps = [app.id for app in found.apps.values() if (app.alone if alone else app.as_user)]
    named = [()] if alone or not people else _parts(people)
    asked = [*([] if alone else [()]), *_parts(apps)]
    return [
        Wanted(event=event, since=found.since, until=found.until, apps=part, people=some)
        for part in asked
        for some in named
    ]


def _parts(items: list[str] | tuple[str, ...]) -> list[tuple[str, ...]]:
    return [tuple(items[start : start + AT_ONCE]) for start in range(0, len(items), AT_ONCE)]


def _people(snapshot: Snapshot, wish: Wish) -> tuple[str, ...]:
    """Names to ask for where a few mailboxes are wanted; of many, all are read."""
    if wish.mailboxes is None or len(wish.mailboxes) > AT_ONCE:
        return ()
    boxes = (snapshot.mailbox(guid) for guid in sorted(wish.mailboxes))
    return tuple(box.upn for box in boxes if box is not None)


def _tell(progress: Progress, name: str, found: Counted, at: datetime) -> None:
    """Time is what is known of the whole: how much of it lies behind."""
    total = int((found.until - found.since).total_seconds() / HOUR)
    done = int((found.until - at).total_seconds() / HOUR)
    progress.step(f"{name}, hours", min(done, total), total)


def conclude(counted: Counted, snapshot: Snapshot, wish: Wish) -> Inventory:
    """Join what was counted with a snapshot, which may have been looked at more closely since."""
    judge = Judge(snapshot=snapshot, apps=counted.apps, now=counted.until, protocols=wish.protocols)
    uses = judge.uses(replace(counted.tally, snapshot=snapshot), wish.senders or ())
    unjudged = _unjudged(counted, wish)
    judged = wish.protocols - {protocol for protocol, _ in unjudged}
    idle = tuple(judge.idle(uses, judged))
    if wish.mailboxes is not None:
        idle = tuple(one for one in idle if one.mailbox.guid in wish.mailboxes)
    sources = list(counted.sources)
    if wish.senders is not None:
        sources.append(Source(name=REPORT, rows=len(wish.senders)))
    return Inventory(
        since=counted.since,
        until=counted.until,
        uses=uses,
        idle=idle,
        unjudged=unjudged,
        outsiders=counted.tally.outsiders,
        sources=tuple(sources),
        ends=ends(counted.until.date()),
    )


def _unjudged(counted: Counted, wish: Wish) -> tuple[tuple[Protocol, str], ...]:
    """A door is idle only where every log was read; the report alone tells of SMTP, and of its
    own days, so that it does not make up for them."""
    why = next((source.because for source in counted.sources if source.because), "")
    return tuple((protocol, why) for protocol in Protocol if why and protocol in wish.protocols)


def looked_at(uses: tuple[Use, ...], most: int) -> frozenset[str]:
    """Mailboxes whose rights and per-user MFA decide what becomes of a use: the worst first."""
    guids = (use.mailbox.guid for use in uses if use.mailbox and use.evidence.worked)
    return frozenset(list(dict.fromkeys(guids))[:most])
