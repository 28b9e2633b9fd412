"""What a text from the wire or the token endpoint can mean: a set of layers, never a guess.

A server seldom says which of its rules refused. The answer here is every layer the text can
come from, as small as public captures allow; the tenant's state narrows it (`narrowed`). A
text nobody has described is not a refusal that we understand: `known` is False and the answer
is *could not tell*. So is a throttled or failing service. Source: the rows in `wiretexts/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from portineria.policy.verdict import Answer, Confidence, Layer, Rung
from portineria.policy.wiretexts import imap, pop, smtp
from portineria.policy.wiretexts.rows import CallerKind, Row, Sense, Stage
from portineria.policy.wiretexts.standard import STANDARD
from portineria.policy.wiretexts.tokens import TOKEN_ROWS, TokenRow
from portineria.tenant.mailbox import Protocol

__all__ = [
    "CallerKind",
    "Reading",
    "Stage",
    "narrowed",
    "read",
    "read_standard",
    "read_token_error",
]

_ROWS: dict[Protocol, tuple[Row, ...]] = {
    Protocol.IMAP: imap.ROWS,
    Protocol.POP: pop.ROWS,
    Protocol.SMTP: smtp.ROWS,
}

_TAG = re.compile(r"^[A-Za-z0-9.]+ (?=(OK|NO|BAD)\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one text means for the access that was asked for.

    `layers` can have refused; empty unless this is a refusal. `passed` means the conversation
    may go on (whether that is already a yes, the stage tells). `temporary` means asking again
    may give another answer, after `wait` seconds if the service said so. `confidence` and
    `source` are the row's; UNVERIFIED is not to be stated as a fact.
    """

    meaning: str
    layers: frozenset[Layer] = frozenset()
    passed: bool = False
    known: bool = True
    temporary: bool = False
    wait: float | None = None
    confidence: Confidence = Confidence.CAPTURED
    source: str = ""

    @property
    def answer(self) -> Answer:
        """Of this text alone: NO only where a refusal is understood."""
        if self.passed:
            return Answer.YES
        return Answer.NO if self.layers else Answer.UNKNOWN


UNHEARD = Reading(meaning="a text that is not in the catalogue", known=False)


def read(protocol: Protocol, caller_kind: CallerKind, stage: Stage, line: str) -> Reading:
    """Read the line that decided a stage.

    `line` is one answer as it came: an IMAP tag may stand in front, the lines of one SMTP
    reply are joined by spaces, capabilities are joined into one line.
    """
    return _first(_ROWS[protocol], protocol, caller_kind, stage, line) or UNHEARD


def read_standard(protocol: Protocol, caller_kind: CallerKind, stage: Stage, line: str) -> Reading:
    """The same of a server of which nobody says that it is Exchange Online.

    What the RFCs define stands first; after it Exchange Online's own words, by which it may
    still be known, or a server that imitates it.
    """
    found = _first(STANDARD[protocol], protocol, caller_kind, stage, line)
    return found or read(protocol, caller_kind, stage, line)


def _first(
    rows: Iterable[Row], protocol: Protocol, caller_kind: CallerKind, stage: Stage, line: str
) -> Reading | None:
    text = _TAG.sub("", line.strip()) if protocol is Protocol.IMAP else line.strip()
    for row in rows:
        if stage in row.stages and caller_kind in row.callers:
            found = re.search(row.pattern, text, re.IGNORECASE)
            if found is not None:
                return _reading(row, found)
    return None


def read_token_error(code: int, caller_kind: CallerKind) -> Reading:
    """Read the first of the token endpoint's `error_codes` (AADSTS without the letters)."""
    for row in TOKEN_ROWS:
        if code in row.codes and caller_kind in row.callers:
            return _token_reading(row)
    return UNHEARD


def narrowed(reading: Reading, ladder: Iterable[Rung]) -> frozenset[Layer]:
    """The layers of a reading that the tenant's state also refuses by; the whole set if none.

    The credential, which no rung judges, remains only where no rung refuses.
    """
    refusing = {rung.layer for rung in ladder if rung.answer is Answer.NO}
    both = reading.layers & refusing
    return both or reading.layers


def _reading(row: Row, found: re.Match[str]) -> Reading:
    milliseconds = found.groupdict().get("ms")
    return Reading(
        meaning=row.meaning,
        layers=row.layers,
        passed=row.sense is Sense.PASSED,
        temporary=row.sense is Sense.LATER,
        wait=None if milliseconds is None else int(milliseconds) / 1000,
        confidence=row.confidence,
        source=row.source,
    )


def _token_reading(row: TokenRow) -> Reading:
    return Reading(
        meaning=row.meaning,
        layers=row.layers,
        temporary=row.sense is Sense.LATER,
        confidence=Confidence.DOCUMENTED,
        source="entra-graph 5.6",
    )
