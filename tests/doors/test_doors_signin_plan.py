"""Who signs in for a plan that changes Entra: asked only where it must be, and told apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portineria.clock import VirtualClock
from portineria.doors import keys
from portineria.doors.signin import Person
from portineria.doors.state import StateFolder
from portineria.fault import BadCredential, NoFile, PermissionFault
from portineria.m365.endpoints import Endpoints
from portineria.m365.graph.ownapps import thumbprint
from portineria.policy.change import Change, Family, Phase, Target, Verb
from portineria.policy.plan import Plan
from portineria.tenant.apps import AppKind
from portineria.wiring import mailapps

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GLOBAL, HELPDESK = next(iter(sorted(mailapps.MAY_CONSENT))), "729827e3-9c14-49f7-bb1b-9608f156bbb8"


@dataclass
class FakeProfile:
    name: str = "own"
    path: Path = Path("own.yaml")
    endpoints: Endpoints = Endpoints()  # noqa: RUF009
    ca: Path | None = None


@dataclass
class FakeTenant:
    """As much of a tenant as is asked for here."""

    state: StateFolder
    clock: VirtualClock
    profile: FakeProfile
    tenant_id: str = "t"


@pytest.fixture
def tenant(tmp_path: Path) -> Any:
    state = StateFolder(tmp_path / "state").make()
    return FakeTenant(state, VirtualClock(NOW), FakeProfile())


def plan(*families: Family) -> Plan:
    changes = tuple(
        Change(
            id=number,
            verb=Verb.CREATE,
            target=Target(family=family, key="k", name="n"),
            before=None,
            after={},
            phase=Phase.STAGE,
            because=(),
            reason="",
        )
        for number, family in enumerate(families, 1)
    )
    return Plan(
        tenant_id="t", made_at=NOW, snapshot_taken_at=NOW, policy_digest="", changes=changes
    )


def test_a_person_is_asked_for_what_is_entras_and_not_yet_done() -> None:
    assert not mailapps.needs_person(plan(Family.MAILBOX, Family.GROUP, Family.EXCHANGE_PRINCIPAL))
    for family in (Family.APPLICATION, Family.SERVICE_PRINCIPAL, Family.APP_ROLE):
        assert mailapps.needs_person(plan(Family.MAILBOX, family))
        assert not mailapps.needs_person(plan(Family.MAILBOX, family), done={2: None})


@pytest.mark.parametrize(
    ("roles", "lets"), [(None, True), (frozenset({GLOBAL}), True), (frozenset({HELPDESK}), False)]
)
async def test_whoever_may_not_consent_is_told_before_the_first_write(
    roles: frozenset[str] | None, lets: bool, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the token tells no roles the service itself will say so."""

    class Signed:
        person = Person(upn="x@contoso.example", oid="o", tenant_id="t", roles=roles)

    async def sign_in(*_: Any) -> Any:
        return Signed()

    monkeypatch.setattr(mailapps, "sign_in", sign_in)
    invite: Any = None
    if lets:
        assert (await mailapps.invite_administrator(tenant, invite, invite)).person.roles == roles
        return
    with pytest.raises(PermissionFault) as caught:
        await mailapps.invite_administrator(tenant, invite, invite)
    assert "nothing was written" in caught.value.why


def test_keys_are_made_once_and_found_by_their_thumbprint(tenant: Any) -> None:
    first = mailapps.ready_keys(tenant)
    assert mailapps.ready_keys(tenant) == first
    assert len(set(first.values())) == len(AppKind)
    find = mailapps.certificate_of(tenant.state)
    for kind, wanted in first.items():
        path = mailapps.key_file(tenant.state, "own", kind)
        assert path.stat().st_mode & 0o777 == 0o600
        assert thumbprint(find(wanted)) == wanted
    (tenant.state.keys / "0-other.pem").write_text("no key")
    assert find(first[AppKind.SMTP])
    with pytest.raises(NoFile):
        find("AB" * 20)


def test_a_key_that_ended_is_made_anew_and_a_broken_one_is_told(tenant: Any) -> None:
    first = mailapps.ready_keys(tenant)
    tenant.clock.advance(keys.DAYS * 86400.0)
    assert set(mailapps.ready_keys(tenant).values()).isdisjoint(first.values())
    mailapps.key_file(tenant.state, "own", AppKind.MAIL).write_text("no key")
    with pytest.raises(BadCredential):
        mailapps.ready_keys(tenant)
