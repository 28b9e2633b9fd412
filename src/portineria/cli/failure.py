"""Errors, rendered once: a few lines on stderr, or one JSON object on stdout."""

from __future__ import annotations

import errno
import sys
from typing import Any

import click

from portineria.cli.frame import Asked
from portineria.cli.mouth import heard
from portineria.fault import Fault, NoFile, OperatorFault, UsageFault
from portineria.tongue.say import say

_CIRCUMSTANCES = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE)
)
"""What no program can foresee at every place that writes; none of these is our bug."""


def as_fault(error: Exception, verb: str = "portineria") -> Fault:
    """Any exception as an error for people. What nobody foresaw is our bug, exit 70."""
    match error:
        case Fault():
            return error
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else verb
            return UsageFault(_sentence(error.format_message()), where=path, try_=f"{path} --help")
        case click.ClickException():
            return OperatorFault(_sentence(error.format_message()))
        case OSError() if error.errno in _CIRCUMSTANCES:
            return NoFile(
                f"the system refused: {error.strerror}",
                where=str(error.filename or ""),
                try_="make room on that disk, or let yourself write there",
            )
        case _ if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            inner = error.exceptions[0]
            return as_fault(inner, verb) if isinstance(inner, Exception) else _ours(error)
        case _:
            return _ours(error)


def _ours(error: BaseException) -> Fault:
    # The message of a foreign exception may quote what it was working on: only its type is shown.
    return Fault(f"this is a bug in portineria: {type(error).__name__}", where=_last_line(error))


def _last_line(error: BaseException) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "portineria" in frame.filename]
    if not ours:
        return ""
    path = ours[-1].filename.rpartition("portineria/")[2]
    return f"{path}:{ours[-1].lineno}"


def tell(fault: Fault, said: Asked, error: BaseException) -> None:
    """Every error says where, why and what to try: what it does not say itself, its kind says."""
    fault.where = fault.where or said.verb
    if fault.exit_code == Fault.exit_code and said.verbose:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if said.json:
        from portineria.cli.faces.answer import print_document

        if heard(lambda: print_document(error_object(fault))) is None:
            return
    print(error_text(fault), file=sys.stderr)


def error_object(fault: Fault) -> dict[str, Any]:
    return {
        "schema": "portineria/error@1",
        "error": {
            "code": fault.code,
            "where": fault.where,
            "why": fault.why,
            "try": fault.try_ or fault.mend,
            "evidence": fault.evidence,
        },
    }


def error_text(fault: Fault) -> str:
    """`error: why`, then where, what to try, and whatever evidence fits a line.

    What a tenant or a file said in it cannot speak to the terminal.
    """
    from portineria.cli.faces.tables import plain

    why = "\n".join(map(say, fault.why.split("\n")))
    heads = {"where:": fault.where, "try:": fault.try_ or fault.mend}
    width = max(len(say(head)) for head in heads)
    lines = [f"{say('error:')} {why}"]
    lines += [f"  {say(head):<{width}} {say(told)}" for head, told in heads.items() if told]
    lines += [
        f"  {name}: {value}"
        for name, value in fault.evidence.items()
        if isinstance(value, str | int | float) and value != ""
    ]
    return "\n".join(map(plain, "\n".join(lines).split("\n")))


def _sentence(text: str) -> str:
    """Click's messages in the form of ours: no capital, no full stop."""
    text = text.strip().removesuffix(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
