"""The ladder for people, or all answers as one object; and what the answers mean as exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portineria.cli.faces import spoken
from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import print_table
from portineria.cli.questions import Answered
from portineria.policy.show import why
from portineria.policy.verdict import Allowed, Answer
from portineria.tongue.say import say

EXIT = {Answer.YES: 0, Answer.NO: 1, Answer.UNKNOWN: 3}


def print_why(answers: Sequence[Answered], *, as_json: bool) -> int:
    """Print and give the exit code: the answer itself when one question was asked, else 0."""
    if as_json:
        print_json(
            "portineria/why@1",
            {"answers": [_document(one) for one in answers]},
        )
    else:
        _print_text(answers)
    return EXIT[why.answer(answers[0].verdict)] if len(answers) == 1 else 0


def _document(one: Answered) -> dict[str, Any]:
    document = why.document(one.access, one.verdict)
    if one.spoken is None:
        return {**document, "policy": None}
    return {**document, "policy": spoken.document(one.spoken)}


def _print_text(answers: Sequence[Answered]) -> None:
    if len(answers) > 1:
        print_table(("Protocol", "Caller", "Open", "Layer", "Because"), map(_row, answers))
        print()
    print("\n".join(map(_text, answers)), end="")


def _text(one: Answered) -> str:
    told = why.text(one.access, one.verdict)
    return told if one.spoken is None else told + spoken.text(one.access, one.verdict, one.spoken)


def _row(one: Answered) -> tuple[str, ...]:
    decided = None if isinstance(one.verdict, Allowed) else one.verdict.by
    return (
        one.access.protocol.value.upper(),
        str(one.access.caller),
        say(why.answer(one.verdict).value),
        say(decided.layer.value) if decided else "",
        say(decided.because) if decided else "",
    )
