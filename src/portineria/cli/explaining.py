"""What `explain` needs: the text from wherever it is, and the tenant's state where it is asked."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from portineria.cli.frame import Asked
from portineria.cli.questions import ask, caller_of
from portineria.fault import BadFile, UsageFault
from portineria.policy.explain.find import Findings, Message, find
from portineria.policy.explain.state import Judged, judge, kind_of
from portineria.policy.show.explain import Explained

_PATHS = ("/", "./", "../", "~")


def text_of(words: Sequence[str]) -> str:
    """The text itself, a file's, or standard input's for `-`. Raises UsageFault, NoFile, BadFile.

    What is no file is taken for the text, and is never repeated in an error: it may hold a secret.
    """
    from portineria.doors.logfile import MOST, decoded, read_log

    if not words:
        raise UsageFault(
            "there is nothing to explain",
            where="TEXT",
            try_="give a text in quotes, a file, or - for what another program prints: portineria "
            'explain "535 5.7.3 Authentication unsuccessful"',
        )
    if list(words) == ["-"]:
        data = sys.stdin.buffer.read(MOST + 1)
        if len(data) > MOST:
            raise BadFile(
                f"the text is larger than {MOST // 1024 // 1024} MiB",
                where="standard input",
                try_="give the part around the message",
            )
        return decoded(data, "standard input")
    if len(words) == 1 and _is_file(words[0]):
        return read_log(Path(words[0]))
    return " ".join(words)


def _is_file(word: str) -> bool:
    try:
        there = Path(word).exists()
    except (OSError, ValueError):
        return False
    return there or (word.startswith(_PATHS) and not any(sign.isspace() for sign in word))


def explain(
    said: Asked,
    raw: str,
    *,
    mailbox: str | None,
    protocol: str | None,
    callers: Sequence[str],
    address: str | None,
    snapshot: str | None,
) -> Explained:
    """Find, and with a mailbox ask the tenant which of the layers it is. Raises Fault."""
    from portineria.mail.pasted import redactor

    findings = _said_to(find(raw), callers)
    here = None
    if mailbox is not None and findings.messages:
        here = _judged(said, findings, mailbox, protocol, callers, address, snapshot)
    return Explained(findings, here, redactor(raw).clean if findings.unknown else str)


def _said_to(findings: Findings, callers: Sequence[str]) -> Findings:
    """Only as it is said to these callers; a text that they cannot meet stays as it is."""
    kinds = frozenset(kind_of(caller_of(word)) for word in callers)
    if not kinds:
        return findings
    messages = [
        Message(
            saying=one.saying,
            callers=one.saying.callers & kinds or one.callers,
            lines=one.lines,
            policies=one.policies,
        )
        for one in findings.messages
    ]
    return Findings(tuple(messages), findings.unknown, findings.lines)


def _judged(
    said: Asked,
    findings: Findings,
    mailbox: str,
    protocol: str | None,
    callers: Sequence[str],
    address: str | None,
    snapshot: str | None,
) -> Mapping[Message, tuple[Judged, ...]]:
    accesses = [one.access for one in ask(said, mailbox, protocol, callers, address, snapshot)]
    return {message: judge(message, accesses) for message in findings.messages}


def refuse_idle(words: Sequence[str], why: str) -> None:
    """Raises UsageFault where words were given that have no meaning there."""
    if words:
        raise UsageFault(why, where="--list", try_="portineria explain --help")
