"""What a gateway counts, and the text in which Prometheus reads it.

Source: Prometheus, Exposition formats (text format 0.0.4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from portineria.doors.gate.house import Record

PREFIX = "portineria_gateway_"
Sample = tuple[dict[str, str], float]


@dataclass(slots=True)
class Counts:
    """Since the start. Why a login was turned away is told as it stands in the log."""

    sessions: Counter[str] = field(default_factory=Counter)
    logins: Counter[str] = field(default_factory=Counter)
    turned: Counter[tuple[str, str]] = field(default_factory=Counter)
    octets: Counter[tuple[str, str]] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    token_failures: int = 0
    upstream_refusals: int = 0
    upstream_busy: int = 0

    def ended(self, record: Record) -> None:
        """One session is over."""
        protocol = record.protocol.value
        self.sessions[protocol] += 1
        self.octets[protocol, "in"] += record.from_client
        self.octets[protocol, "out"] += record.from_server
        self.messages["taken"] += record.messages
        self.messages["refused"] += record.refused
        self.messages["ambiguous"] += record.ambiguous
        if record.turned:
            self.turned[protocol, record.turned] += 1

    def text(self, now: Iterable[tuple[str, str, float]]) -> str:
        """`now` are gauges: name, help, value. Ends with a newline."""
        return "\n".join((*self._counters(), *_gauges(now))) + "\n"

    def _counters(self) -> Iterator[str]:
        by_protocol = [({"protocol": name}, float(n)) for name, n in self.sessions.items()]
        yield from _metric("sessions_total", "Sessions that are over.", by_protocol)
        logins = [({"protocol": name}, float(n)) for name, n in self.logins.items()]
        yield from _metric("logins_total", "Logins that the mail server took.", logins)
        turned = [({"protocol": p, "why": w}, float(n)) for (p, w), n in self.turned.items()]
        yield from _metric("turned_away_total", "Sessions turned away, and why.", turned)
        octets = [({"protocol": p, "way": w}, float(n)) for (p, w), n in self.octets.items()]
        yield from _metric("octets_total", "Octets of finished sessions, in the clear.", octets)
        messages = [({"outcome": name}, float(n)) for name, n in self.messages.items()]
        yield from _metric("messages_total", "Messages, by what the mail server said.", messages)
        failures: list[Sample] = [({}, float(self.token_failures))]
        yield from _metric("token_failures_total", "Times that no token was to be had.", failures)
        refusals: list[Sample] = [({}, float(self.upstream_refusals))]
        told = "Logins that the mail server refused with a token that it had."
        yield from _metric("upstream_refusals_total", told, refusals)
        busy: list[Sample] = [({}, float(self.upstream_busy))]
        yield from _metric("upstream_busy_total", "Times that it said it is too much.", busy)


def _metric(name: str, told: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {PREFIX}{name} {told}"
    yield f"# TYPE {PREFIX}{name} counter"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
        yield f"{PREFIX}{name}{f'{{{inside}}}' if inside else ''} {value:g}"


def _gauges(now: Iterable[tuple[str, str, float]]) -> Iterator[str]:
    for name, told, value in now:
        yield f"# HELP {PREFIX}{name} {told}"
        yield f"# TYPE {PREFIX}{name} gauge"
        yield f"{PREFIX}{name} {value:g}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def merged(texts: Mapping[str, str]) -> str:
    """The texts of several processes as one, each sample labelled with its `worker`.

    Source: Prometheus, Exposition formats: the samples of one metric stand together.
    """
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for worker, text in texts.items():
        for line in text.splitlines():
            if line.startswith("#"):
                name = line.split(" ")[2]
                if line not in heads.setdefault(name, []):
                    heads[name].append(line)
                continue
            called, value = line.rsplit(" ", 1)
            name, _, labels = called.partition("{")
            inside = f'worker="{_label(worker)}"' + (f",{labels[:-1]}" if labels else "")
            samples.setdefault(name, []).append(f"{name}{{{inside}}} {value}")
    lines = [line for name, head in heads.items() for line in (*head, *samples.get(name, []))]
    return "\n".join(lines) + "\n"
