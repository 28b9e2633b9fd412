"""One login as it is told: the same words for people, JSON and JUnit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portineria.cli.logins import Tried
from portineria.policy.mending import Mend, left, mends
from portineria.policy.show import why
from portineria.policy.verdict import Answer, Layer, Rung
from portineria.run.probe import Probe, Trouble
from portineria.tenant.unseen import Unseen

_BROKEN = {Trouble.NETWORK, Trouble.TLS, Trouble.PROTOCOL, Trouble.SERVICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`admits` are the layers that the server's words let stand, `leaves` those of them that the
    tenant's state leaves; None where nobody looked, `unlooked` says why. `trouble` is a layer below
    them all. `mends` say what would change it, and who can."""

    mailbox: str
    protocol: str
    caller: str
    answer: Answer
    because: str
    expected: Answer | None
    unlooked: str
    admits: frozenset[Layer]
    leaves: frozenset[Layer] | None
    mends: tuple[Mend, ...]
    trouble: Trouble | None
    advice: str
    probe: Probe | None

    @property
    def name(self) -> str:
        """`IMAP of ada@contoso.example as basic`."""
        if not self.mailbox:
            return f"{self.protocol.upper()} without a login"
        return f"{self.protocol.upper()} of {self.mailbox} as {self.caller}"

    @property
    def broken(self) -> bool:
        """No answer because the network, TLS, the protocol or the service failed."""
        return self.answer is Answer.UNKNOWN and self.trouble in _BROKEN

    @property
    def rank(self) -> int:
        """The worst first: refused, broken, not told, let in."""
        if self.answer is Answer.UNKNOWN:
            return 1 if self.broken else 2
        return 0 if self.answer is Answer.NO else 3

    @property
    def layer(self) -> str:
        """The layers or the trouble in few words, for a table."""
        layers = self.leaves or self.admits
        return " or ".join(sorted(layers)) if layers else (self.trouble or "")


def told(tried: Tried) -> Told:
    expected = tried.expected
    ladder: tuple[Rung, ...] = () if isinstance(expected, Unseen) else expected.ladder
    found = tried.found
    reading = found.reading if isinstance(found, Probe) and found.answer is not Answer.YES else None
    admits = reading.layers if reading else frozenset()
    leaves = left(reading, ladder) if reading and not isinstance(expected, Unseen) else None
    return Told(
        mailbox=tried.address,
        protocol=tried.question.protocol.value,
        caller=tried.caller,
        answer=tried.answer,
        because=found.because,
        expected=None if isinstance(expected, Unseen) else why.answer(expected),
        unlooked=expected.because if isinstance(expected, Unseen) else "",
        admits=admits,
        leaves=leaves,
        mends=mends(leaves or admits, ladder),
        trouble=Trouble.CREDENTIAL if isinstance(found, Unseen) else found.trouble,
        advice="" if isinstance(found, Unseen) else found.advice,
        probe=None if isinstance(found, Unseen) else found,
    )


def document(one: Told) -> dict[str, Any]:
    """As JSON. What only a conversation would have told is left out where there was none."""
    members: dict[str, Any] = {
        "mailbox": one.mailbox,
        "protocol": one.protocol,
        "caller": one.caller,
        "expected": one.expected.value if one.expected else None,
        "unlooked": one.unlooked or None,
        "answer": one.answer.value,
        "because": one.because,
        "trouble": one.trouble.value if one.trouble else None,
        "advice": one.advice,
        "layers": sorted(one.admits),
        "leaves": None if one.leaves is None else sorted(one.leaves),
        "mends": [
            {"layer": mend.layer.value, "change": mend.change, "who": mend.who}
            for mend in one.mends
        ],
    }
    if (found := one.probe) is None:
        return members
    return {
        **members,
        "server": found.server,
        "stage": found.stage.value,
        "line": found.line,
        "seconds": round(found.seconds, 3),
        "tls": found.tls,
        "offered": {when.value: list(words) for when, words in found.offered.items()},
        "transcript": [str(line) for line in found.transcript],
    }
