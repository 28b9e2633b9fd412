"""Advice, printed; the exit code says whether each need has a way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portineria.cli.faces.answer import print_document
from portineria.cli.faces.tables import plain
from portineria.cli.faces.why import EXIT
from portineria.policy.advise.rank import Advice
from portineria.policy.show import advise
from portineria.policy.verdict import Answer

_WORST = (Answer.NO, Answer.UNKNOWN, Answer.YES)


def print_advice(advices: Sequence[Advice], today: date, *, as_json: bool) -> int:
    """Print, and give the worst answer as exit code."""
    if as_json:
        print_document(advise.document(advices, today))
    else:
        for line in advise.text(advices, today):
            print(plain(line))
    answers = {advice.answer for advice in advices}
    return EXIT[next(answer for answer in _WORST if answer in answers)]
