"""A text of the service as it is met in the wild: in somebody's log, without stage or caller.

The rows of `imap pop smtp tokens` judge a line of which the probe knows when it came and to whom.
A *saying* is how such a line is found and named where nothing is known about it. What it means
and which layers it can come from is asked of the rows, so that both say the same; texts that no
probe meets (Graph, Exchange's admin API, sizes, connectors) bring their own meaning.

In a text `‹…›` may be absent, `{name}` is any short text, `{word}` one word, `{n}` a number, and
`¶` at the end says that the sentence is over: nothing but a bracket or an end may follow; `⏎` at
the beginning stands for the beginning of a line. A text in
parentheses is none: it stands for what only a JSON body shows.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from portineria.policy.verdict import Confidence, Layer
from portineria.policy.wiretexts.rows import ANYONE, CallerKind, Sense, Stage


class Face(StrEnum):
    """Who says it."""

    SMTP = "SMTP"
    IMAP = "IMAP"
    POP = "POP3"
    SIGN_IN = "token endpoint"
    GRAPH = "Microsoft Graph"
    EXCHANGE = "Exchange admin API"


class Beyond(StrEnum):
    """What can refuse the admin APIs beside the ladder's layers, which are those of mail."""

    ROLE = "directory role"
    TENANT_LICENCE = "licence of the tenant"


Where = Layer | Beyond

CLIENT = "whoever runs the client"
EXCHANGE_ADMIN = "an Exchange Administrator"
NOBODY = "nobody: wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One text of the catalogue. `texts` are its documented forms, the first is shown.

    `stages` are set where rows judge it, `number` where the token endpoint's codes do, and
    `codes` are error codes that stand for it in a JSON body whatever the words beside them.
    `layers` and `meaning` are for what no row knows. `repair` is one whole clause and `who` can
    do it; where layers refuse, each has its own repair as well (`policy/mending.py`).
    """

    id: str
    face: Face
    texts: tuple[str, ...]
    source: str
    confidence: Confidence
    sense: Sense = Sense.REFUSED
    meaning: str = ""
    layers: frozenset[Where] = frozenset()
    callers: frozenset[CallerKind] = ANYONE
    stages: frozenset[Stage] = frozenset()
    number: int = 0
    codes: frozenset[str] = frozenset()
    repair: str = ""
    who: str = ""

    @property
    def text(self) -> str:
        """The first form, as it is shown."""
        return shown(self.texts[0])


def shown(template: str) -> str:
    return template.translate(_MARKS)


_MARKS = {ord("‹"): None, ord("›"): None, ord("¶"): None, ord("⏎"): None}


def wire(
    face: Face,
    id_: str,
    texts: str | tuple[str, ...],
    stages: Set[Stage],
    source: str,
    *,
    confidence: Confidence = Confidence.CAPTURED,
    callers: frozenset[CallerKind] = ANYONE,
    meaning: str = "",
    repair: str = "",
    who: str = "",
) -> Saying:
    """A refusal that the rows judge."""
    return Saying(
        id=id_,
        face=face,
        texts=(texts,) if isinstance(texts, str) else texts,
        source=source,
        confidence=confidence,
        callers=callers,
        stages=frozenset(stages),
        meaning=meaning,
        repair=repair,
        who=who,
    )


def aside(
    face: Face,
    id_: str,
    texts: str | tuple[str, ...],
    sense: Sense,
    meaning: str,
    source: str,
    *,
    repair: str = "",
    who: str = "",
    confidence: Confidence = Confidence.CAPTURED,
    layers: Set[Where] = frozenset(),
    codes: Set[str] = frozenset(),
) -> Saying:
    """A text with its own meaning, for what no row judges."""
    return Saying(
        id=id_,
        face=face,
        texts=(texts,) if isinstance(texts, str) else texts,
        source=source,
        confidence=confidence,
        sense=sense,
        meaning=meaning,
        layers=frozenset(layers),
        codes=frozenset(codes),
        repair=repair,
        who=who,
    )
