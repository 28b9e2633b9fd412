"""What the matrix leaves out: worlds that cannot be, and rows that hang on a reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from matrix import (
    PROTECTIONS,
    RESIDENTS,
    UNREACHABLE,
    Logins,
    Setting,
    Tally,
    arrange,
    compare,
    policy_body,
    predicted,
    protect,
    set_security_defaults,
    settings,
    settle_in,
)
from stage import POLICIES, stage

from portineria.policy.readings import (
    BASIC_SMTP_AFTER_2026,
    POP_DISABLED_REFUSAL,
    SMTP_REFUSAL_ORDER,
    Reading,
)
from portineria.policy.verdict import Unknown
from portineria.tenant.caller import Basic
from portineria.tenant.mailbox import Protocol

OPEN = Setting(
    p1=True,
    security_defaults=False,
    conditional_access="none",
    tenant_switch=False,
    default=None,
)


def test_the_reachable_and_the_unreachable_worlds_are_all_there_are() -> None:
    reachable = {(p1, *protection) for p1, rows in PROTECTIONS.items() for protection in rows}
    kinds = ("none", "report-only", "enforced", "foreign")
    product = {(p1, sd, ca) for p1 in (True, False) for sd in (True, False) for ca in kinds}
    assert reachable.isdisjoint(UNREACHABLE)
    assert reachable | set(UNREACHABLE) == product


@pytest.mark.parametrize(
    ("p1", "defaults", "kind"),
    UNREACHABLE,
    ids=[f"P1 {p1}, security defaults {sd}, {ca}" for p1, sd, ca in UNREACHABLE],
)
async def test_an_unreachable_world_is_refused_by_the_service_itself(
    p1: bool, defaults: bool, kind: str, tmp_path: Path
) -> None:
    async with stage(tmp_path) as lab:
        if not p1:
            lab.without_p1()
        await settle_in(lab)
        await protect(lab, defaults, "none")
        body = policy_body(lab, kind)
        refused = await lab.graph("POST", POLICIES, body)
        assert refused.status_code == (400 if p1 else 403), refused.text
        if p1:
            idle = await lab.graph(
                "POST", POLICIES, {**body, "state": "enabledForReportingButNotEnforced"}
            )
            lab.settle()
            path = f"{POLICIES}/{idle.json()['id']}"
            assert (await lab.graph("PATCH", path, {"state": "enabled"})).status_code == 400
        assert (await lab.graph("GET", POLICIES)).json()["value"] == ([] if not p1 else [ANY])


class _Any:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and other["state"] != "enabled"

    __hash__ = None  # type: ignore[assignment]


ANY = _Any()


async def test_security_defaults_do_not_come_back_while_a_policy_is_enforced(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as lab:
        await settle_in(lab)
        await protect(lab, False, "enforced")
        assert (await set_security_defaults(lab, True)).status_code == 400


async def test_a_snapshot_that_is_out_of_date_quarrels_with_the_wire(tmp_path: Path) -> None:
    """The comparison can fail: a tenant that was opened after the look, and one that was shut."""
    async with stage(tmp_path) as lab:
        await settle_in(lab)
        await protect(lab, False, "none")
        shut = replace(OPEN, tenant_switch=True, default="Deny basic")
        for before, after in ((OPEN, shut), (shut, OPEN)):
            await arrange(lab, before)
            stale = await lab.look()
            await arrange(lab, after)
            tally = Tally()
            await compare(lab, after, stale, tally)
            assert tally.quarrels


@pytest.mark.parametrize("option", BASIC_SMTP_AFTER_2026.options)
async def test_basic_smtp_after_2026_agrees_under_every_reading(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally()
    async with stage(tmp_path, start=datetime(2027, 2, 1, 9, 0, tzinfo=UTC)) as lab:
        await settle_in(lab)
        lab.read_as(**{BASIC_SMTP_AFTER_2026.id: option})
        await protect(lab, False, "none")
        await arrange(lab, OPEN)
        snapshot = await lab.look()
        logins = Logins(lab)
        for one in (one for one in RESIDENTS if not one.excluded):
            unsettled = predicted(snapshot, lab, one, Protocol.SMTP, Basic())
            if isinstance(unsettled, Unknown):
                tally.compare(
                    one.name, unsettled, await logins.login(one, Protocol.SMTP, Basic()), False
                )
            known = replace(snapshot, settled={BASIC_SMTP_AFTER_2026.id: option})
            verdict = predicted(known, lab, one, Protocol.SMTP, Basic())
            said = await logins.login(one, Protocol.SMTP, Basic())
            tally.compare(f"{one.name} {option}", verdict, said, True)
    with capsys.disabled():
        print(f"\nbasic SMTP in 2027, read as {option}\n{tally.table()}")
    assert not tally.quarrels, "\n".join(tally.quarrels[:20])
    assert tally.readings[BASIC_SMTP_AFTER_2026.id]


@pytest.mark.parametrize(
    ("reading", "option"),
    [
        (reading, option)
        for reading in (POP_DISABLED_REFUSAL, SMTP_REFUSAL_ORDER)
        for option in reading.options
    ],
    ids=lambda value: value.id if isinstance(value, Reading) else value,
)
async def test_where_and_in_which_order_it_refuses_changes_no_answer(
    reading: Reading, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally(any_order=option == "credentials-first")
    async with stage(tmp_path) as lab:
        await settle_in(lab)
        lab.read_as(**{reading.id: option})
        for protection, setting in settings(True):
            if setting.tenant_switch and setting.default and protection == (False, "enforced"):
                await protect(lab, *protection)
                await arrange(lab, setting)
                await compare(lab, setting, await lab.look(), tally)
    with capsys.disabled():
        print(f"\n{reading.id} read as {option}\n{tally.table()}")
    assert tally.counts["logins"]
    assert not tally.quarrels, "\n".join(tally.quarrels[:20])
