"""What people ask most, in Italian and whole: every rung's word."""

from __future__ import annotations

import re

import pytest
from asked import access, open_tenant
from test_policy_rungs import TABLE
from test_run_verify import (
    CUT,
    ENDED,
    IN,
    LONG_AGO,
    NOTHING,
    NOW,
    PASSWORD,
    PERHAPS,
    SWITCH,
    cell,
    snapshot,
)

from leftover import left_over
from portineria.cli.faces.verified import print_verified
from portineria.policy.effective import walk
from portineria.policy.show import why
from portineria.run.verify import judge
from portineria.tenant.mailbox import SmtpSwitch
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


def test_promises_beside_what_was_found_are_told_in_italian(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wires = (IN, CUT, SWITCH, PERHAPS, PASSWORD, NOTHING)
    rows = [
        judge(cell(promised), snapshot(switch), wire, NOW, ended)
        for promised in ("open", "refused")
        for switch in (SmtpSwitch.ON, SmtpSwitch.OFF)
        for wire in wires
        for ended in (ENDED, LONG_AGO)
    ]
    print_verified("20261123T201500Z-3f9a1c", rows, as_json=True)
    english = capsys.readouterr().out
    speak(ITALIAN)
    print_verified("20261123T201500Z-3f9a1c", rows, as_json=False)
    told = capsys.readouterr().out
    assert told.startswith("Esecuzione 20261123T201500Z-3f9a1c: 48 promesse: ")
    assert {"mantenuta", "non mantenuta", "in sospeso"} <= set(re.split(r"  +|, | fino al", told))
    assert left_over(told) == ""
    print_verified("20261123T201500Z-3f9a1c", rows, as_json=True)
    assert capsys.readouterr().out == english
