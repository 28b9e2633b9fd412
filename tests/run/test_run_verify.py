"""Promised against seen: kept, broken, pending, or could not tell because."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from run_fakes import SteppingCrew, drive

from leftover import left_in_english
from portineria.clock import VirtualClock
from portineria.fault import PermissionFault
from portineria.policy.plan import Cell
from portineria.policy.refusals import Reading, Stage
from portineria.policy.verdict import Answer, Layer
from portineria.run.probe import Probe
from portineria.run.verify import Verdict, Verified, exit_code, judge, verify
from portineria.tenant.access import Transport
from portineria.tenant.mailbox import Protocol, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

sys.path.insert(0, str(Path(__file__).parent.parent / "policy"))
from given import APP, NOW, guid, mailbox, shared, tenant

ENDED = NOW - timedelta(minutes=10)
LONG_AGO = NOW - timedelta(days=3)


def snapshot(smtp: SmtpSwitch = SmtpSwitch.ON, *, defaults: bool = False) -> Snapshot:
    """Ada's SMTP switch as given; everything else lets the mail app and passwords through."""
    boxes = (mailbox("ada", smtp=smtp), shared("post"))
    return tenant(
        mailboxes=boxes,
        security_defaults=defaults,
        transport=Transport(smtp_auth_disabled=True),
    )


def cell(promised: str, caller: str = f"app:{APP}", name: str = "ada") -> Cell:
    return Cell(
        mailbox=guid(name),
        address=f"{name}@contoso.example",
        protocol=Protocol.SMTP,
        caller=caller,
        promised=promised,
        before="no",
        after="yes" if promised == "open" else "no",
    )


def said(answer: Answer, layers: Iterable[Layer] = ()) -> Probe:
    reading = Reading(meaning="said so", layers=frozenset(layers), passed=answer is Answer.YES)
    return Probe(
        protocol=Protocol.SMTP,
        mailbox="ada@contoso.example",
        caller="app",
        server="localhost:587",
        answer=answer,
        because="the server let us in" if answer is Answer.YES else "cut",
        stage=Stage.AUTH,
        line="535 5.7.139 no",
        reading=reading,
        transcript=(),
        seconds=0.1,
        tls=None,
    )


IN = said(Answer.YES)
CUT = said(Answer.UNKNOWN)
SWITCH = said(Answer.NO, {Layer.MAILBOX_SWITCH, Layer.TENANT_SWITCH})
PERHAPS = said(Answer.NO, {Layer.MAILBOX_SWITCH, Layer.CREDENTIAL})
PASSWORD = said(Answer.NO, {Layer.CREDENTIAL})
NOTHING = Unseen("the profile names no password for it under probe.passwords")
K, B, P, C = Verdict.KEPT, Verdict.BROKEN, Verdict.PENDING, Verdict.COULD_NOT_TELL


@pytest.mark.parametrize(
    ("promised", "switch", "wire", "soon", "late"),
    [
        ("open", SmtpSwitch.ON, IN, K, K),
        ("open", SmtpSwitch.ON, SWITCH, P, B),
        ("open", SmtpSwitch.ON, PERHAPS, P, C),
        ("open", SmtpSwitch.ON, PASSWORD, C, C),
        ("open", SmtpSwitch.ON, CUT, C, C),
        ("open", SmtpSwitch.ON, NOTHING, C, C),
        ("open", SmtpSwitch.OFF, IN, B, B),
        ("open", SmtpSwitch.OFF, SWITCH, B, B),
        ("open", SmtpSwitch.OFF, NOTHING, B, B),
        ("refused", SmtpSwitch.OFF, SWITCH, K, K),
        ("refused", SmtpSwitch.OFF, PERHAPS, K, K),
        ("refused", SmtpSwitch.OFF, PASSWORD, C, C),
        ("refused", SmtpSwitch.OFF, IN, P, B),
        ("refused", SmtpSwitch.OFF, CUT, C, C),
        ("refused", SmtpSwitch.OFF, NOTHING, C, C),
        ("refused", SmtpSwitch.ON, SWITCH, B, B),
        ("refused", SmtpSwitch.ON, NOTHING, B, B),
    ],
)
def test_a_promise_is_judged_by_what_was_read_and_what_the_wire_said(
    promised: str, switch: SmtpSwitch, wire: Probe | Unseen, soon: Verdict, late: Verdict
) -> None:
    for ended, wanted in ((ENDED, soon), (LONG_AGO, late)):
        row = judge(cell(promised), snapshot(switch), wire, NOW, ended)
        assert (row.verdict, row.because != "") == (wanted, True), row.because
        assert left_in_english(row.because) == ""


def test_pending_says_until_when() -> None:
    row = judge(cell("open"), snapshot(), SWITCH, NOW, ENDED)
    assert (row.verdict, row.until) == (P, ENDED + timedelta(hours=1))


def test_without_a_run_nothing_is_pending() -> None:
    assert judge(cell("open"), snapshot(), SWITCH, NOW).verdict is B


def test_what_could_not_be_read_is_settled_by_a_login_and_by_nothing_else() -> None:
    unseen = replace(snapshot(), transport=Unseen("no permission"))
    inherits = replace(unseen, mailboxes=(mailbox("ada", smtp=SmtpSwitch.INHERIT), shared("post")))
    assert judge(cell("open"), inherits, NOTHING, NOW).verdict is C
    assert judge(cell("open"), inherits, IN, NOW).verdict is K
    assert judge(cell("refused"), inherits, NOTHING, NOW).verdict is C
    assert judge(cell("refused"), inherits, SWITCH, NOW).verdict is K


def test_a_mailbox_that_is_gone_breaks_a_promise_of_access_and_keeps_one_of_refusal() -> None:
    assert judge(cell("open", name="gone"), snapshot(), NOTHING, NOW).verdict is B
    assert judge(cell("refused", name="gone"), snapshot(), NOTHING, NOW).verdict is K
    blind = replace(snapshot(), mailboxes=Unseen("no permission"))
    assert judge(cell("refused"), blind, NOTHING, NOW).verdict is C


def rows(*verdicts: Verdict) -> list[Verified]:
    one = judge(cell("open"), snapshot(), IN, NOW)
    return [replace(one, verdict=verdict) for verdict in verdicts]


@pytest.mark.parametrize(
    ("verdicts", "code"), [((), 0), ((K, K), 0), ((K, P), 3), ((C,), 3), ((K, B, C), 1)]
)
def test_the_exit_code_tells_the_worst(verdicts: tuple[Verdict, ...], code: int) -> None:
    assert exit_code(rows(*verdicts)) == code


def test_every_cell_gets_one_login_and_they_come_in_their_order() -> None:
    asked: list[str] = []

    async def prober(one: Cell) -> Probe | Unseen:
        asked.append(one.promised)
        if one.promised == "refused":
            raise PermissionFault("AADSTS53003 blocked by Conditional Access")
        return IN

    clock = VirtualClock(datetime.fromisoformat(NOW.isoformat()))
    cells = [cell("open"), cell("refused"), cell("open")]
    found = drive(verify(cells, snapshot(), prober, SteppingCrew(4), clock, ENDED))
    assert [row.cell for row in found] == cells
    assert sorted(asked) == ["open", "open", "refused"]
    assert isinstance(found[1].wire, Unseen)
    assert "AADSTS53003" in found[1].wire.because
