"""One mail server by itself, before anybody logs in: its certificate, its TLS, its hygiene.

Nothing secret is ever said here, so nothing has to be trusted: the certificate of a server that no
login would speak to can be read, and so can a version of TLS that no login would use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol as Port

from portineria.clock import Clock
from portineria.mail.conversation import Nobody, When
from portineria.mail.injection import Hygiene, Injection
from portineria.policy.verdict import Answer
from portineria.run.asking import Ask, Tls, Trouble
from portineria.run.cuts import Cut
from portineria.run.ports import Dial, Stream
from portineria.run.probe import Probe, probe
from portineria.run.tlsfacts import TlsFacts, complaints
from portineria.tenant.unseen import Unseen

VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")


class Lookers(Port):
    """Dials that are good for looking only."""

    def trusting(self) -> Dial:
        """TLS as usual, with no certificate checked."""
        ...

    def only(self, version: str) -> Dial | Unseen:
        """One of VERSIONS and no other; Unseen where this machine cannot offer it."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One question about a server: `because` is a whole clause for people."""

    answer: Answer
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a server showed.

    `complaints` are of its certificate, each a whole clause. `versions` says of each version of
    TLS whether the server takes it, where somebody asked or none came about; `hygiene` whether it
    drops what comes in the clear behind STARTTLS, where somebody asked.
    """

    ask: Ask
    facts: TlsFacts | None
    complaints: tuple[str, ...]
    trouble: str = ""
    offered: Mapping[When, tuple[str, ...]] = field(default_factory=dict)
    versions: Mapping[str, Finding] = field(default_factory=dict)
    hygiene: Finding | None = None


async def survey(ask: Ask, lookers: Lookers, clock: Clock, *, deep: bool) -> Survey:
    """Look at the server of `ask`, whose credential is left out. Never raises for what it does."""
    nobody = replace(ask, credential=Nobody(), closer=False)
    found = await probe(lookers.trusting(), clock, nobody)
    facts = found.facts
    certificate = facts.certificate if facts else None
    return Survey(
        ask=nobody,
        facts=facts,
        complaints=tuple(complaints(certificate, ask.host, clock.now())) if certificate else (),
        trouble="" if found.trouble is Trouble.CREDENTIAL else found.because,
        offered=found.offered,
        versions=await _versions(nobody, lookers, clock) if deep or facts is None else {},
        hygiene=await _hygiene(nobody, lookers, clock) if deep else None,
    )


async def _versions(ask: Ask, lookers: Lookers, clock: Clock) -> dict[str, Finding]:
    tried: dict[str, Probe | Unseen] = {}
    for version in VERSIONS:
        dial = lookers.only(version)
        tried[version] = dial if isinstance(dial, Unseen) else await probe(dial, clock, ask)
    works = any(isinstance(one, Probe) and one.tls for one in tried.values())
    return {version: _version(one, works) for version, one in tried.items()}


def _version(tried: Probe | Unseen, works: bool) -> Finding:
    """A refused handshake tells of its version only where another version comes about: some servers
    cut the connection at a version they do not take, and a broken network looks like that."""
    if isinstance(tried, Unseen):
        return Finding(Answer.UNKNOWN, tried.because)
    if tried.tls:
        return Finding(Answer.YES, "the server takes it")
    if tried.trouble is Trouble.TLS and works:
        return Finding(Answer.NO, "the server refuses it")
    return Finding(Answer.UNKNOWN, tried.because)


_TOLD = {
    Hygiene.DROPPED: Finding(Answer.YES, "what came in the clear behind STARTTLS was dropped"),
    Hygiene.ENDED: Finding(Answer.YES, "the server broke off at octets behind STARTTLS"),
    Hygiene.OBEYED: Finding(
        Answer.NO,
        "the server obeyed a command that came in the clear behind STARTTLS: whoever sits on the "
        "wire can speak for its clients (CVE-2011-0411)",
    ),
    Hygiene.NOT_ASKED: Finding(Answer.UNKNOWN, "the server did not come as far as STARTTLS"),
}


async def _hygiene(ask: Ask, lookers: Lookers, clock: Clock) -> Finding | None:
    if ask.tls is not Tls.STARTTLS:
        return None
    talk = Injection(ask.protocol.value)
    try:
        stream = await lookers.trusting()(ask.host, ask.port, tls=False, source=ask.source)
    except Cut as cut:
        return Finding(Answer.UNKNOWN, cut.why)
    try:
        await _inject(talk, stream, clock, ask.patience.whole)
    except Cut:
        talk.eof()
    finally:
        await stream.close()
    return _TOLD[talk.found or Hygiene.NOT_ASKED]


async def _inject(talk: Injection, stream: Stream, clock: Clock, limit: float) -> None:
    began = clock.tick()
    while talk.found is None:
        if said := talk.take():
            await stream.write(said)
        if talk.wants_tls:
            await stream.start_tls()
            talk.tls_started()
        elif (heard := await stream.read()) and clock.tick() - began < limit:
            talk.receive(heard)
        else:
            talk.eof()
