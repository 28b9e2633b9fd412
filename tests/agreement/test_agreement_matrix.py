"""Effective access agrees with the wire in every reachable combination of layers."""

from __future__ import annotations

from pathlib import Path

import pytest
from matrix import Tally, arrange, compare, protect, settings, settle_in
from stage import stage

from portineria.policy.readings import SMTP_OAUTH_UNDER_SECURITY_DEFAULTS as OAUTH_SMTP

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("p1", [True, False], ids=["with P1", "without P1"])
async def test_effective_access_and_the_wire_agree(
    p1: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally()
    async with stage(tmp_path) as lab:
        if not p1:
            lab.without_p1()
        await settle_in(lab)
        before = None
        for protection, setting in settings(p1):
            if protection != before:
                await protect(lab, *protection)
                before = protection
            await arrange(lab, setting)
            snapshot = await lab.look()
            # The applications of our own are asked for by plans; no rung looks at them.
            assert set(snapshot.unseen()) <= {"own"}
            await compare(lab, setting, snapshot, tally)
            if setting.security_defaults:
                for option in OAUTH_SMTP.options:
                    lab.read_as(**{OAUTH_SMTP.id: option})
                    await compare(lab, setting, snapshot, tally, {OAUTH_SMTP.id: option})
    with capsys.disabled():
        print(f"\nagreement, {'with' if p1 else 'without'} P1\n{tally.table()}")
    assert not tally.quarrels, "\n".join(tally.quarrels[:20])
    assert tally.counts["open on both sides"]
    assert tally.readings[OAUTH_SMTP.id]
