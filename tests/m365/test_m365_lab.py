"""The conversation with the embedded tenant, which knows Microsoft from the same dossiers only."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from m365_labworld import LabWorld, Quiet, lab_world

from portineria.fault import AmbiguousWrite, Conflict, NotLicensed, PermissionFault, ServiceFault
from portineria.lab.weather import Scheduled
from portineria.m365.data import Incomplete
from portineria.policy.change import Change, Family, Missing, Phase, Target, Verb, Written
from portineria.policy.conditionalbody import block_legacy, ip_location, mfa_for_all
from portineria.run.look import Wants
from portineria.run.sight import difference
from portineria.tenant.access import PolicyState
from portineria.tenant.mailbox import Mailbox, RecipientKind, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.snapshotjson import from_json, to_json
from portineria.tenant.unseen import Unseen

OAK = "Door, of oak"
"""A policy's Name with a comma, which a distinguished name must escape."""


def change(
    family: Family, verb: Verb, key: str, after: dict[str, Any] | None, name: str = "x"
) -> Change:
    return Change(
        id=1,
        verb=verb,
        target=Target(family=family, key=key, name=name),
        before=None,
        after=after,
        phase=Phase.CLOSE,
        because=(),
        reason="",
    )


def box(snapshot: Snapshot, name: str) -> Mailbox:
    found = snapshot.mailbox(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize("seed", ["small", "contoso", "contoso-free"])
async def test_a_whole_tenant_is_seen_and_kept(seed: str) -> None:
    async with lab_world(seed) as world:
        mail = world.lab.info["mail_app"]
        wants = Wants(
            mailboxes=frozenset({"ada@contoso.example"}),
            apps=frozenset({mail["client_id"]}),
            own=True,
        )
        snapshot = await world.look(wants)
    assert snapshot.unseen() == {}
    assert box(snapshot, "ada@contoso.example").kind is RecipientKind.USER
    assert isinstance(snapshot.apps, dict)
    assert snapshot.apps[mail["client_id"]].registered_as == mail["principal_id"]
    assert from_json(to_json(snapshot)) == snapshot


STORMS: list[dict[str, Any]] = [
    {"weather": "throttled"},
    {"weather": "flaky"},
    {"weather": "throttled", "retry_after": (None,)},
    {"weather": "fair", "page": 3},
    {"weather": "fair", "conditional_access_per_second": 0.5},
    {"weather": "fair", "readings": {"exchange-error-warnings": "beside"}},
    {"weather": "fair", "readings": {"exchange-paging": "strict-affinity"}, "page": 3},
    {"weather": "fair", "readings": {"exchange-paging": "refused"}, "page": 3},
    {"weather": "truncated"},
]


@pytest.mark.parametrize("storm", STORMS, ids=str)
async def test_bad_weather_takes_longer_and_shows_the_same(storm: dict[str, Any]) -> None:
    async with lab_world() as fair:
        wanted = await fair.look()
    async with lab_world(**storm) as world:
        seen = await world.look()
    assert replace(seen, taken_at=wanted.taken_at) == wanted


async def test_a_family_without_slices_that_is_cut_short_is_unseen() -> None:
    async with lab_world(readings={"exchange-paging": "refused"}, page=2) as world:
        with pytest.raises(Incomplete):
            await world.reader.mailbox_plans()


async def test_an_app_without_the_grants_is_told_of_both() -> None:
    async with lab_world(app="mail_app") as world:
        with pytest.raises(PermissionFault) as caught:
            await world.reader.transport()
        assert "Exchange.ManageAsApp" in caught.value.try_


async def one_of_each(world: LabWorld) -> list[tuple[Change, Any]]:
    """(a change, what it must read as afterwards) for every family that is updated."""
    ada = box(await world.look(), "ada@contoso.example")
    (plan, *_) = await world.reader.mailbox_plans()
    policy = change(
        Family.AUTHENTICATION_POLICY, Verb.CREATE, "", {"AllowBasicAuthSmtp": True}, "Door"
    )
    await world.resources.write(policy)
    assert ada.entra_id is not None
    cases: list[tuple[Family, str, dict[str, Any]]] = [
        (Family.MAILBOX, ada.guid, {"ImapEnabled": False, "PopEnabled": False}),
        (Family.MAILBOX, ada.guid, {"SmtpClientAuthenticationDisabled": False}),
        (Family.MAILBOX, ada.guid, {"SmtpClientAuthenticationDisabled": True}),
        (Family.MAILBOX, ada.guid, {"SmtpClientAuthenticationDisabled": None}),
        (Family.USER, ada.entra_id, {"AuthenticationPolicy": "Door"}),
        (Family.USER, ada.entra_id, {"AuthenticationPolicy": None}),
        (Family.TRANSPORT, "", {"SmtpClientAuthenticationDisabled": False}),
        (Family.TRANSPORT, "", {"AllowLegacyTLSClients": True}),
        (Family.ORGANIZATION, "", {"RejectDirectSend": True}),
        (Family.ORGANIZATION, "", {"DefaultAuthenticationPolicy": "Door"}),
        (Family.ORGANIZATION, "", {"DefaultAuthenticationPolicy": None}),
        (Family.MAILBOX_PLAN, plan.guid, {"ImapEnabled": False}),
        (Family.AUTHENTICATION_POLICY, "Door", {"AllowBasicAuthSmtp": False}),
        (Family.SECURITY_DEFAULTS, "", {"isEnabled": False}),
    ]
    return [(change(family, Verb.UPDATE, key, after), after) for family, key, after in cases]


@pytest.mark.parametrize("identifier", ["name", "dn"])
async def test_what_is_written_reads_back_in_the_same_words(identifier: str) -> None:
    readings = {"exchange-policy-identifier": identifier}
    async with lab_world(readings=readings) as world:
        for wanted, after in await one_of_each(world):
            await world.resources.write(wanted)
            seen = await world.resources.read(wanted.target, tuple(after))
            assert seen == after, wanted


async def test_written_switches_and_policies_are_in_the_next_snapshot() -> None:
    async with lab_world(readings={"exchange-policy-identifier": "dn"}) as world:
        ada = box(await world.look(), "ada@contoso.example")
        for wanted in (
            change(Family.AUTHENTICATION_POLICY, Verb.CREATE, "", {}, OAK),
            change(
                Family.USER,
                Verb.UPDATE,
                str(ada.entra_id),
                {"AuthenticationPolicy": OAK},
            ),
            change(
                Family.MAILBOX, Verb.UPDATE, ada.guid, {"SmtpClientAuthenticationDisabled": False}
            ),
            change(
                Family.ORGANIZATION,
                Verb.UPDATE,
                "",
                {"DefaultAuthenticationPolicy": OAK},
            ),
        ):
            await world.resources.write(wanted)
        after = await world.look()
    found = box(after, ada.guid)
    assert (found.smtp, found.authentication_policy) == (SmtpSwitch.ON, OAK)
    assert not isinstance(after.organization, Unseen)
    assert after.organization.default_authentication_policy == OAK


async def test_a_policy_and_its_location_live_from_create_to_delete() -> None:
    async with lab_world() as world:
        resources = world.resources
        place = ip_location("Floor 2", [ip_network("203.0.113.0/28")])
        made = await resources.write(change(Family.NAMED_LOCATION, Verb.CREATE, "", place))
        body = block_legacy([])
        created = await resources.write(change(Family.CONDITIONAL_ACCESS, Verb.CREATE, "", body))
        target = Target(family=Family.CONDITIONAL_ACCESS, key=created.id, name="x")
        seen = await resources.read(target, tuple(body))
        assert isinstance(seen, dict)
        assert difference(body, seen) is None
        named = Target(family=Family.CONDITIONAL_ACCESS, key="", name=body["displayName"])
        assert await resources.find(named) == (created.id,)
        location = Target(family=Family.NAMED_LOCATION, key=made.id, name="x")
        seen = await resources.read(location, tuple(place))
        assert isinstance(seen, dict)
        assert difference(place, seen) is None
        snapshot = await world.look()
        assert isinstance(snapshot.conditional_access, tuple)
        assert [policy.id for policy in snapshot.conditional_access] == [created.id]
        for family, key in (
            (Family.CONDITIONAL_ACCESS, created.id),
            (Family.NAMED_LOCATION, made.id),
        ):
            await resources.write(change(family, Verb.DELETE, key, None))
        assert await resources.read(target, ("state",)) == Missing()
        assert await resources.find(named) == ()


async def test_a_patch_of_the_state_leaves_the_rest() -> None:
    async with lab_world() as world:
        await world.resources.write(
            change(Family.SECURITY_DEFAULTS, Verb.UPDATE, "", {"isEnabled": False})
        )
        body = mfa_for_all(["00000000-0000-4000-8000-00000000000a"])
        made = await world.resources.write(change(Family.CONDITIONAL_ACCESS, Verb.CREATE, "", body))
        await world.resources.write(
            change(Family.CONDITIONAL_ACCESS, Verb.UPDATE, made.id, {"state": "enabled"})
        )
        target = Target(family=Family.CONDITIONAL_ACCESS, key=made.id, name="x")
        seen = await world.resources.read(target, tuple(body))
        assert isinstance(seen, dict)
        assert difference({**body, "state": "enabled"}, seen) is None


@pytest.mark.parametrize("form", ["newer", "older"])
async def test_the_services_own_rules_are_told_as_what_they_are(form: str) -> None:
    enabled = block_legacy([], PolicyState.ENABLED)
    empty = {**block_legacy([]), "conditions": {**block_legacy([])["conditions"]}}
    empty["conditions"]["clientAppTypes"] = []
    async with lab_world(conditional_access_errors=form) as world:
        with pytest.raises(Conflict, match="security defaults are on"):
            await world.resources.write(change(Family.CONDITIONAL_ACCESS, Verb.CREATE, "", enabled))
        with pytest.raises(ServiceFault, match="1064"):
            await world.resources.write(change(Family.CONDITIONAL_ACCESS, Verb.CREATE, "", empty))
    async with lab_world("contoso-free", conditional_access_errors=form) as world:
        with pytest.raises(NotLicensed):
            await world.resources.write(
                change(Family.CONDITIONAL_ACCESS, Verb.CREATE, "", block_legacy([]))
            )


@pytest.mark.parametrize(("fault", "stands"), [("cut-before", 0), ("cut-after", 1)])
async def test_a_create_whose_answer_is_lost_is_told_so_and_sent_once(
    fault: Any, stands: int
) -> None:
    lost = Scheduled(operation=r"^POST /identity/conditionalAccess/policies", nth=1, fault=fault)
    async with lab_world(scheduled=(lost,)) as world:
        body = block_legacy([])
        wanted = change(Family.CONDITIONAL_ACCESS, Verb.CREATE, "", body, name=body["displayName"])
        with pytest.raises(AmbiguousWrite):
            await world.resources.write(wanted)
        found = await world.resources.find(wanted.target)
        assert isinstance(found, tuple)
        assert len(found) == stands
        assert len(world.writes("conditionalAccess/policies")) == 1


@pytest.mark.parametrize("fault", ["cut-before", "cut-after", "500", "429", "503"])
async def test_an_update_goes_through_whatever_happens_once(fault: Any) -> None:
    lost = Scheduled(operation="Set-CASMailbox", nth=1, fault=fault)
    async with lab_world(scheduled=(lost,)) as world:
        ada = box(await world.look(), "ada@contoso.example")
        wanted = change(Family.MAILBOX, Verb.UPDATE, ada.guid, {"ImapEnabled": False})
        assert await world.resources.write(wanted) == Written()
        assert await world.resources.read(wanted.target, ("ImapEnabled",)) == {"ImapEnabled": False}
        assert len(world.writes("Set-CASMailbox")) == 2


async def test_success_with_an_error_inside_is_no_success() -> None:
    inside = Scheduled(operation="Set-CASMailbox", nth=1, fault="200")
    async with lab_world(scheduled=(inside,)) as world:
        ada = box(await world.look(), "ada@contoso.example")
        with pytest.raises(ServiceFault):
            await world.resources.write(
                change(Family.MAILBOX, Verb.UPDATE, ada.guid, {"ImapEnabled": False})
            )


async def test_our_own_pace_never_meets_the_limit_of_conditional_access() -> None:
    async with lab_world() as world:
        for _ in range(6):
            await world.reader.conditional_access()
        assert {seen.status for seen in world.lab.history.asked} == {200}
        assert world.clock.tick() == pytest.approx(5 * 1.25)


async def test_a_right_is_given_seen_and_taken_away() -> None:
    async with lab_world() as world:
        mail = world.lab.info["mail_app"]
        wants = Wants(
            mailboxes=frozenset({"ada@contoso.example"}), apps=frozenset({mail["client_id"]})
        )
        before = await world.look(wants)
        ada = box(before, "ada@contoso.example")
        key = f"{ada.guid}/{mail['principal_id']}"
        after = {"AccessRights": ["FullAccess"]}
        wanted = change(Family.MAILBOX_PERMISSION, Verb.CREATE, key, after)
        assert await world.resources.read(wanted.target, ("AccessRights",)) == Missing()
        assert await world.resources.write(wanted) == Written(key)
        assert await world.resources.read(wanted.target, ("AccessRights",)) == after
        right = (await world.look(wants)).right(mail["client_id"], ada.guid)
        assert not isinstance(right, Unseen)
        assert right.full_access is True
        await world.resources.write(change(Family.MAILBOX_PERMISSION, Verb.DELETE, key, None))
        assert await world.resources.read(wanted.target, ("AccessRights",)) == Missing()


async def test_people_are_signed_out_once() -> None:
    async with lab_world() as world:
        ada = box(await world.look(), "ada@contoso.example")
        await world.resources.write(
            change(Family.SESSIONS, Verb.CREATE, str(ada.entra_id), {"revoked": True})
        )
        assert len(world.writes("revokeSignInSessions")) == 1


async def test_names_are_found_as_people_write_them() -> None:
    async with lab_world() as world:
        ada = box(await world.look(), "ada@contoso.example")
        for family, key in ((Family.MAILBOX, ada.guid), (Family.USER, ada.entra_id)):
            target = Target(family=family, key="", name="ada@contoso.example")
            assert await world.resources.find(target) == (key,)
            nobody = Target(family=family, key="", name="nobody@contoso.example")
            assert await world.resources.find(nobody) == ()


async def test_a_progress_bar_hears_of_every_family() -> None:
    class Heard(Quiet):
        def __init__(self) -> None:
            self.said: list[str] = []

        def step(self, text: str, done: int = 0, total: int = 0) -> None:
            self.said.append(text)

    from portineria.doors.crew import AsyncCrew
    from portineria.run.look import look

    heard = Heard()
    async with lab_world() as world:
        tenant = world.lab.info["tenant"]
        await look(world.reader, tenant, world.clock, AsyncCrew(), heard, Wants())
    assert {"mailboxes", "users", "conditional_access", "transport"} <= set(heard.said)
