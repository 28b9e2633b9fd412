"""The report said in blocks: what `html` and `markdown` draw, in the language of whoever asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from portineria.policy.report.doors import Door
from portineria.policy.report.finding import Finding, Severity
from portineria.policy.report.whole import Report
from portineria.policy.usage.judge import ends
from portineria.policy.verdict import Answer
from portineria.tenant.unseen import Unseen
from portineria.tongue.say import compose, say

MOST_ROWS = 60
"""Mailboxes that a page lists of a kind; JSON has all of them."""
MOST_EVIDENCE = 12


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One of the three outcomes as a cell: `answer` chooses how it looks, `text` says it."""

    answer: Answer
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str


Cell = str | Mark | Code


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One finding: a mark and a title, what was seen, where that comes from, what mends it."""

    mark: Mark
    title: str
    note: str
    because: str
    evidence: tuple[str, ...]
    papers: tuple[str, ...]
    code: tuple[str, ...]


Block = Heading | Paragraph | Table | Card


@dataclass(frozen=True, slots=True)
class Failed:
    """A profile whose report could not be made, and why."""

    name: str
    because: str


def title() -> str:
    return say("IMAP, POP and SMTP: who can get in")


def blocks(reports: Sequence[Report], failed: Sequence[Failed] = ()) -> Iterator[Block]:
    """The whole page. Several tenants have a table of all of them in front."""
    yield Heading(1, title())
    if len(reports) + len(failed) > 1:
        yield _overview(reports, failed)
    for report in reports:
        yield from _tenant(report)


def _overview(reports: Sequence[Report], failed: Sequence[Failed]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            report.name,
            *(str(report.count(answer)) for answer in (Answer.NO, Answer.UNKNOWN, Answer.YES)),
            str(_open(report)) if not isinstance(report.doors, Unseen) else "?",
            "",
        )
        for report in reports
    ]
    rows += [(one.name, "?", "?", "?", "?", say(one.because)) for one in failed]
    columns = ("Tenant", "does not hold", "could not tell", "holds", "Open doors", "Because")
    return Table(tuple(map(say, columns)), tuple(rows))


def _open(report: Report) -> int:
    doors = () if isinstance(report.doors, Unseen) else report.doors
    return sum(door.answer is Answer.YES for door in doors)


def _tenant(report: Report) -> Iterator[Block]:
    yield Heading(2, report.name)
    yield Paragraph(
        compose("Tenant {}, seen {} UTC", report.tenant_id, f"{report.taken_at:%Y-%m-%d %H:%M:%S}")
    )
    yield Paragraph(_summary(report))
    yield Heading(3, say("What protects it"))
    yield Table(
        (say("Layer"), say("Protects"), say("What was seen")),
        tuple((say(one.layer), _mark(one.answer), say(one.says)) for one in report.posture),
    )
    yield from _findings(report)
    yield from _doors(report)
    if report.unseen:
        yield Heading(3, say("Could not be seen"))
        rows = ((say(name.replace("_", " ")), say(why)) for name, why in report.unseen.items())
        yield Table((say("What"), say("Because")), tuple(rows))


def _summary(report: Report) -> str:
    return compose(
        "Checks that do not hold: {}. Could not be told: {}. Hold: {}.",
        *(report.count(answer) for answer in (Answer.NO, Answer.UNKNOWN, Answer.YES)),
    )


_HOLDS = {Answer.YES: "holds", Answer.NO: "does not hold", Answer.UNKNOWN: "could not tell"}
_ORDER = {Answer.NO: 0, Answer.UNKNOWN: 1, Answer.YES: 2}


def _mark(answer: Answer) -> Mark:
    return Mark(answer, say(answer.value))


def _findings(report: Report) -> Iterator[Block]:
    """What does not hold first; of what holds a table is enough."""
    ranked = sorted(report.findings, key=lambda found: _ORDER[found.answer])
    grave = [found for found in ranked if found.answer is not Answer.YES]
    yield Heading(3, say("Findings"))
    if not grave:
        yield Paragraph(say("Every check holds."))
    yield from map(_card, grave)
    rows = tuple(
        (say(found.check.title), say(found.because), ", ".join(_shown(found)))
        for found in ranked
        if found.answer is Answer.YES
    )
    if rows:
        yield Heading(3, say("What holds"))
        yield Table((say("Check"), say("What was seen"), say("Evidence")), rows)


_SEVERITY = {Severity.HIGH: "grave", Severity.MEDIUM: "middling", Severity.LOW: "slight"}


def _card(found: Finding) -> Card:
    check = found.check
    papers = [compose("Source: {}", check.source)]
    papers += [compose("How others read it: {}", say(reading)) for reading in check.readings]
    return Card(
        mark=Mark(found.answer, say(_HOLDS[found.answer])),
        title=say(check.title),
        note=f"{say(_SEVERITY[check.severity])}, {check.id}",
        because=say(found.because),
        papers=tuple(papers),
        evidence=_shown(found),
        code=tuple(say(line) for line in (check.policy, check.command) if line),
    )


def _shown(found: Finding) -> tuple[str, ...]:
    more = len(found.evidence) - MOST_EVIDENCE
    if more <= 0:
        return found.evidence
    return *found.evidence[:MOST_EVIDENCE], compose("and {} more: --json lists them all", more)


def _doors(report: Report) -> Iterator[Block]:
    yield Heading(3, say("Open doors"))
    doors = report.doors
    if isinstance(doors, Unseen):
        yield Paragraph(compose("Mailboxes could not be seen: {}", doors.because))
        return
    yield Paragraph(say("A door is one mailbox and one protocol that somebody could come through."))
    if report.policy is None:
        yield Paragraph(
            say("No policy was given, so which doors somebody asked for is not known: --policy.")
        )
    yes = [door for door in doors if door.answer is Answer.YES]
    parts = (
        ("By a grant", [door for door in yes if door.grants]),
        ("Without a grant", [door for door in yes if not door.grants]),
        ("Could not be told", [door for door in doors if door.answer is Answer.UNKNOWN]),
    )
    for name, some in parts:
        yield Heading(4, compose("{}: {}", say(name), len(some)))
        yield from _some(some)
    yield from _ending(yes, report.taken_at.date())


def _some(doors: Sequence[Door]) -> Iterator[Block]:
    """One row a mailbox, where its doors are alike."""
    if not doors:
        return
    alike: dict[tuple[object, ...], list[Door]] = {}
    for door in doors:
        key = (door.mailbox.guid, door.password, door.person, door.grants, door.because)
        alike.setdefault(key, []).append(door)
    rows = list(alike.values())
    names = ("Mailbox", "Protocol", "By password", "By OAuth", "Grant", "Because")
    yield Table(tuple(map(say, names)), tuple(map(_row, rows[:MOST_ROWS])))
    yield from _more(len(rows) - MOST_ROWS)


def _more(number: int) -> Iterator[Block]:
    if number > 0:
        yield Paragraph(compose("and {} more: --json lists them all", number))


def _row(doors: Sequence[Door]) -> tuple[Cell, ...]:
    door = doors[0]
    return (
        door.mailbox.address,
        ", ".join(one.protocol.value.upper() for one in doors),
        _mark(door.password),
        _mark(door.person),
        ", ".join(door.grants),
        say(door.because),
    )


def _ending(doors: Sequence[Door], today: date) -> Iterator[Block]:
    """What basic's end would break, if it is used."""
    by_password = [door for door in doors if door.password is Answer.YES]
    yield Heading(4, compose("{}: {}", say("What breaks when basic goes off"), len(by_password)))
    for protocol, day in ends(today):
        told = "Passwords for {} are off by default from {} (UTC)."
        yield Paragraph(compose(told, protocol.value.upper(), day))
    if by_password:
        yield Paragraph(
            say(
                "These doors open to a password today, and whoever uses one needs OAuth or the "
                "gateway by then. Who does: portineria inventory."
            )
        )
        yield Table(
            (say("Mailbox"), say("Protocol"), say("By OAuth")),
            tuple(
                (door.mailbox.address, door.protocol.value.upper(), _mark(door.person))
                for door in by_password[:MOST_ROWS]
            ),
        )
        yield from _more(len(by_password) - MOST_ROWS)
