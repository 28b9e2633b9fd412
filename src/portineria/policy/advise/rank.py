"""Ranks the ways for a need: those that can be by what they expose, then what could not be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from portineria.policy.advise.costs import COSTS, ends, money
from portineria.policy.advise.facts import Fact
from portineria.policy.advise.needs import Around, Knows, Need
from portineria.policy.advise.ways import JUDGES, Case, Option, Way
from portineria.policy.verdict import Answer

NO_END = "No end was announced."
_ORDER = {Answer.YES: 0, Answer.UNKNOWN: 1, Answer.NO: 2}
_LEAST = {way: place for place, way in enumerate(Way)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """All six options for one need, best first. `reason` says why the first is the first."""

    need: Need
    options: tuple[Option, ...]
    reason: str

    @property
    def answer(self) -> Answer:
        """Whether there is a way: YES, NO, or could not tell from what was said."""
        return self.options[0].said.answer


def advise(needs: Iterable[Need], around: Around, today: date) -> tuple[Advice, ...]:
    return tuple(_advise(Case(need=need, around=around, today=today)) for need in needs)


def _advise(case: Case) -> Advice:
    options = sorted(
        (_option(way, case) for way in Way),
        key=lambda one: (_ORDER[one.said.answer], _LEAST[one.way]),
    )
    return Advice(need=case.need, options=tuple(options), reason=_reason(case, options))


def _option(way: Way, case: Case) -> Option:
    cost, end = COSTS[way], ends(way, case)
    sources = dict.fromkeys(fact.source for fact in cost.facts)
    return Option(
        way=way,
        said=JUDGES[way](case),
        exposure=cost.exposure,
        work=cost.work,
        money=money(way, case),
        cannot=cost.cannot,
        stops=_stops(end, case.today),
        ends=end,
        sources=tuple(sources),
    )


def _stops(end: Fact | None, today: date) -> str:
    if end is None or end.day is None:
        return NO_END
    left = (end.day - today).days
    if left <= 0:
        return f"{end.when}, which has come: {end.says}"
    return f"{end.when}, in {left} days: {end.says}"


def _reason(case: Case, options: list[Option]) -> str:
    first = options[0]
    if first.said.answer is Answer.NO:
        return "none of the ways serves this need as it was described"
    if first.said.answer is Answer.UNKNOWN:
        return "which way serves it could not be told from what was said"
    if first.way is Way.OAUTH:
        return "the client knows OAuth, which exposes the least and has no end"
    if first.way is Way.GATEWAY and case.need.knows is Knows.UNKNOWN:
        return "the gateway serves whoever reads mail; OAuth would be better if the client knows it"
    if first.way is Way.GATEWAY:
        return "the client cannot use OAuth itself, and the gateway does it in its place"
    if first.way is Way.HIGH_VOLUME:
        return "the volume is more than a mailbox may send, and all of it stays inside"
    return "no way with a login serves it, and this one exposes the least of those that are left"
