"""A real login, and what its answer means.

The probe speaks to a mail server as a client would: greeting, capabilities, TLS, login, and
for IMAP and POP the first look at the mailbox, because a shut mailbox may show only there. It
sends no mail. Its answer is yes or no only if the server said so in words that are understood;
everything else (a cut, a time-out, an untrusted certificate, a throttle, an unknown text) is
*could not tell*, with the reason. Every conversation ends: `attempt` bounds its lines and its
whole, the stream each single wait.
"""

from __future__ import annotations

from portineria.clock import Clock
from portineria.fault import Fault
from portineria.policy.refusals import CallerKind, Stage, read_token_error
from portineria.run.asking import Ask, Patience, Probe, Tls, Trouble
from portineria.run.attempt import Attempt
from portineria.run.cuts import Cut, NotReached, NotTrusted, TimedOut, TlsFailed
from portineria.run.ports import Dial
from portineria.tenant.mailbox import Protocol


async def probe(dial: Dial, clock: Clock, ask: Ask) -> Probe:
    """Try one login. Never raises for what a server or network does; that is in the answer."""
    attempt = Attempt(ask, clock)
    try:
        stream = await dial(ask.host, ask.port, tls=ask.tls is Tls.IMPLICIT, source=ask.source)
    except Cut as cut:
        attempt.cut(cut)
        return attempt.result()
    try:
        await attempt.converse(stream)
    except Cut as cut:
        attempt.cut(cut)
    finally:
        await stream.close()
    return attempt.result()


def no_token(fault: Fault, protocol: Protocol, mailbox: str, caller: CallerKind) -> Probe | None:
    """The token endpoint's refusal as the answer it is; None where its code is not known.

    Conditional Access, consent and disabled accounts stop OAuth there, before any mail server.
    """
    code = str(fault.evidence.get("code", "")).removeprefix("AADSTS")
    reading = read_token_error(int(code), caller) if code.isdecimal() else None
    if reading is None or not reading.known:
        return None
    return Probe(
        protocol=protocol,
        mailbox=mailbox,
        caller=caller,
        server=fault.where,
        answer=reading.answer,
        because=reading.meaning,
        stage=Stage.SIGN_IN,
        line=f"AADSTS{code}: no token",
        reading=reading,
        transcript=(),
        seconds=0.0,
        tls=None,
    )


__all__ = [
    "Ask",
    "Cut",
    "NotReached",
    "NotTrusted",
    "Patience",
    "Probe",
    "TimedOut",
    "Tls",
    "TlsFailed",
    "Trouble",
    "no_token",
    "probe",
]
