"""What people ask most, in Italian and whole: every rung's word."""

from __future__ import annotations

import pytest
from asked import access, open_tenant
from test_policy_rungs import TABLE

from leftover import left_over
from portineria.policy.effective import walk
from portineria.policy.show import why
from portineria.tongue.say import ITALIAN, speak


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[2].value} {row[3]}")
def test_every_refusal_and_every_doubt_is_explained_in_italian(row: tuple) -> None:
    _, twist, protocol, caller, _ = row
    question = access(twist(open_tenant()), protocol, caller)
    verdict = walk(question)
    document = why.document(question, verdict)
    speak(ITALIAN)
    assert left_over(why.text(question, verdict)) == ""
    assert why.document(question, verdict) == document
