"""Joins what was counted with the switches of the tenant: who breaks, who stays, what is idle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from portineria.policy.effective import Context, effective
from portineria.policy.policywrite import inherited, open_doors
from portineria.policy.readings import RETIREMENT
from portineria.policy.show.why import answer
from portineria.policy.usage.submission import Sender
from portineria.policy.usage.tally import Count, Key, Tally
from portineria.policy.usage.use import ORDER, Evidence, Idle, Method, Standing, Use
from portineria.policy.verdict import Allowed, Answer
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind
from portineria.tenant.signin import MailApp
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

WITH_MAILBOX = {
    RecipientKind.USER,
    RecipientKind.SHARED,
    RecipientKind.ROOM,
    RecipientKind.EQUIPMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """`apps` are the applications with consent for mail, by client id in small letters."""

    snapshot: Snapshot
    apps: Mapping[str, MailApp]
    now: datetime
    protocols: frozenset[Protocol] = frozenset(Protocol)

    def uses(self, tally: Tally, senders: Iterable[Sender] = ()) -> tuple[Use, ...]:
        """Every use, worst first, the latest before the earlier."""
        counted = (self._use(key, count) for key, count in tally.counts.items())
        found = [use for use in counted if use.protocols and self._concerns(use, tally.mailboxes)]
        known = {
            (use.mailbox.guid, use.method)
            for use in found
            if use.mailbox and use.evidence.worked and use.protocols == (Protocol.SMTP,)
        }
        found += self._reported(senders, known, tally.mailboxes)
        return tuple(sorted(found, key=_rank))

    def _concerns(self, use: Use, mailboxes: frozenset[str] | None) -> bool:
        """An application concerns the mailboxes asked about unless its rights open none of them."""
        if mailboxes is None or use.mailbox is not None:
            return True
        boxes = (self.snapshot.mailbox(guid) for guid in mailboxes)
        return any(box is not None and self._opens(use.app_id, box) is not False for box in boxes)

    def idle(self, uses: Iterable[Use], judged: frozenset[Protocol]) -> Iterator[Idle]:
        """Mailboxes with a door open, of the protocols that can be judged, and no use of it."""
        if isinstance(self.snapshot.mailboxes, Unseen):
            return
        worked = [use for use in uses if use.evidence.worked]
        used = {(use.mailbox.guid, p) for use in worked if use.mailbox for p in use.protocols}
        alone = [use for use in worked if use.method is Method.APP]
        for box in self.snapshot.mailboxes:
            if box.kind not in WITH_MAILBOX:
                continue
            opened = {app.app_id: self._opens(app.app_id, box) for app in alone}
            by_app = {p for app in alone if opened[app.app_id] is True for p in app.protocols}
            doors = [
                protocol
                for protocol in self._open(box)
                if protocol in judged - by_app and (box.guid, protocol) not in used
            ]
            if doors:
                names = (
                    app.app_name or app.app_id
                    for app in alone
                    if opened[app.app_id] is None and {*app.protocols} & {*doors}
                )
                yield Idle(mailbox=box, protocols=tuple(doors), unless=tuple(dict.fromkeys(names)))

    def _opens(self, app_id: str, box: Mailbox) -> bool | None:
        """Whether an application's right opens the mailbox; None where it was not looked at."""
        right = self.snapshot.right(app_id, box.guid)
        if isinstance(right, Unseen):
            return None
        found = (right.full_access, right.scoped_smtp)
        if True in found:
            return True
        return None if any(isinstance(one, Unseen) for one in found) else False

    def _use(self, key: Key, count: Count) -> Use:
        _, method, protocol, app_id = key
        evidence = count.evidence()
        app = self.apps.get(app_id)
        may = self._may(method, protocol, app)
        told = protocol is not None or len(may) == 1
        today, layer, because = self._today(count.mailbox, may, method, app_id, evidence)
        return Use(
            mailbox=count.mailbox,
            protocols=tuple(p for p in Protocol if p in may & self.protocols),
            told=told,
            method=method,
            evidence=evidence,
            standing=_standing(method, evidence, today, told and count.mailbox is not None),
            app_id=app_id,
            app_name=count.name or (app.name if app else ""),
            today=today,
            layer=layer,
            because=because,
            opens=self._opened(app_id) if method is Method.APP else (),
        )

    def _opened(self, app_id: str) -> tuple[str, ...]:
        boxes = () if isinstance(self.snapshot.mailboxes, Unseen) else self.snapshot.mailboxes
        return tuple(box.address for box in boxes if self._opens(app_id, box) is True)

    def _may(
        self, method: Method, protocol: Protocol | None, app: MailApp | None
    ) -> frozenset[Protocol]:
        """The protocols that it may have been: the one told, or what the application may do."""
        if protocol is not None:
            return frozenset({protocol})
        if method is Method.BASIC or app is None:
            return frozenset(Protocol)
        return app.alone if method is Method.APP else app.as_user

    def _reported(
        self,
        senders: Iterable[Sender],
        known: set[tuple[str, Method]],
        mailboxes: frozenset[str] | None,
    ) -> Iterator[Use]:
        """Senders of the report whom the log does not show already."""
        if Protocol.SMTP not in self.protocols:
            return
        for sender in senders:
            box = self.snapshot.mailbox(sender.address)
            if box is None or (mailboxes is not None and box.guid not in mailboxes):
                continue
            if (box.guid, sender.method) in known:
                continue
            evidence = Evidence(messages=sender.messages)
            may = frozenset({Protocol.SMTP})
            today, layer, because = self._today(box, may, sender.method, "", evidence)
            yield Use(
                mailbox=box,
                protocols=(Protocol.SMTP,),
                told=True,
                method=sender.method,
                evidence=evidence,
                standing=_standing(
                    sender.method, evidence, today, sender.method is not Method.UNTOLD
                ),
                today=today,
                layer=layer,
                because=because,
                reported=True,
            )

    def _today(
        self,
        box: Mailbox | None,
        may: frozenset[Protocol],
        method: Method,
        app_id: str,
        evidence: Evidence,
    ) -> tuple[Answer, str, str]:
        """Effective access of the same now: the best of the protocols that it may have been."""
        if box is None or method is Method.UNTOLD:
            return Answer.UNKNOWN, "", ""
        caller = _caller(method, app_id)
        context = Context(self.now, _address(evidence))
        verdicts = [
            effective(self.snapshot, box, protocol, caller, context) for protocol in sorted(may)
        ]
        verdicts.sort(key=lambda one: (Answer.YES, Answer.UNKNOWN, Answer.NO).index(answer(one)))
        if not verdicts:
            return Answer.UNKNOWN, "", ""
        best = verdicts[0]
        if isinstance(best, Allowed):
            return Answer.YES, "", ""
        return answer(best), best.by.layer.value, best.by.because

    def _open(self, box: Mailbox) -> list[Protocol]:
        doors = open_doors(box, inherited(self.snapshot))
        return [Protocol(name) for name in doors if Protocol(name) in self.protocols]


def ends(today: date) -> tuple[tuple[Protocol, str], ...]:
    """When passwords go off, for each protocol whose eras hold a day that is still to come."""
    return tuple(
        (protocol, era.start.isoformat())
        for protocol, eras in RETIREMENT.items()
        for era in eras
        if era.start > today and era.open is not True
    )


def _caller(method: Method, app_id: str) -> Caller:
    if method is Method.BASIC:
        return Basic()
    return AppOnly(app_id) if method is Method.APP else UserThrough()


def _address(evidence: Evidence) -> IPv4Address | IPv6Address | None:
    """The most frequent one: Conditional Access may turn on it."""
    try:
        return ip_address(evidence.addresses[0][0]) if evidence.addresses else None
    except ValueError:
        return None


def _standing(method: Method, evidence: Evidence, today: Answer, told: bool) -> Standing:
    if method is Method.BASIC:
        if not evidence.worked:
            return Standing.KNOCKS
        return Standing.BROKEN if today is Answer.NO else Standing.BREAKS
    if not evidence.worked:
        return Standing.REFUSED
    return Standing.STAYS if told else Standing.UNTOLD


def _rank(use: Use) -> tuple[int, float, str, str]:
    last = use.evidence.last.timestamp() if use.evidence.last else 0.0
    address = use.mailbox.address if use.mailbox else ""
    return ORDER[use.standing], -last, address, use.app_id
