"""In any weather what is said is true: seen as it is or unseen, written or not or unsure."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from m365_labworld import lab_world

from portineria.fault import AmbiguousWrite, NetworkFault, ServiceFault
from portineria.lab.weather import Weather
from portineria.policy.change import Change, Family, Missing, Phase, Target, Verb
from portineria.policy.conditionalbody import block_legacy
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

SHARE = st.sampled_from([0.0, 0.0, 0.1, 0.3, 0.6])
STORMS = st.builds(
    Weather,
    seed=st.integers(1, 10_000),
    throttled=SHARE,
    retry_after=st.sampled_from([(None,), (1.0, None), (40.0,), (900.0,)]),
    server_errors=SHARE,
    cut_before=SHARE,
    cut_after=SHARE,
    conditional_access_errors=st.sampled_from(["newer", "older"]),
    truncated=st.booleans(),
    page=st.sampled_from([0, 3, 5, 1000]),
    readings=st.fixed_dictionaries(
        {"exchange-paging": st.sampled_from(["works", "refused", "strict-affinity"])}
    ),
)
FAMILIES = [field.name for field in fields(Snapshot) if field.name != "taken_at"]


@settings(max_examples=12, deadline=None)
@given(STORMS)
async def test_a_family_is_seen_as_it_is_or_not_at_all(storm: Weather) -> None:
    async with lab_world() as fair:
        truth = await fair.look()
    async with lab_world(weather=storm) as world:
        try:
            seen = await world.look()
        except (ServiceFault, NetworkFault):
            return
    for name in FAMILIES:
        found = getattr(seen, name)
        if isinstance(found, Unseen):
            continue
        wanted = getattr(truth, name)
        if name == "mailboxes":
            found, wanted = _without_unseen(found, wanted)
        assert found == wanted, name


def _without_unseen(found: Any, wanted: Any) -> tuple[Any, Any]:
    """Mailboxes whose switches could not be listed say so, each for itself."""
    assert [box.guid for box in found] == [box.guid for box in wanted]
    pairs = [
        (getattr(one, name), getattr(other, name))
        for one, other in zip(found, wanted, strict=True)
        for name in ("imap", "pop", "smtp", "authentication_policy", "kind", "address", "entra_id")
        if not isinstance(getattr(one, name), Unseen)
    ]
    return [one for one, _ in pairs], [other for _, other in pairs]


def wanted_change(kind: str, guid: str) -> Change:
    body = block_legacy([])
    target, verb, after = {
        "switch": (
            Target(family=Family.MAILBOX, key=guid, name="ada"),
            Verb.UPDATE,
            {"ImapEnabled": False},
        ),
        "policy": (
            Target(family=Family.CONDITIONAL_ACCESS, key="", name=body["displayName"]),
            Verb.CREATE,
            body,
        ),
        "authentication policy": (
            Target(family=Family.AUTHENTICATION_POLICY, key="", name="Door"),
            Verb.CREATE,
            {"AllowBasicAuthSmtp": True},
        ),
    }[kind]
    return Change(
        id=1,
        verb=verb,
        target=target,
        before=None,
        after=after,
        phase=Phase.CLOSE,
        because=(),
        reason="",
    )


@settings(max_examples=25, deadline=None)
@given(STORMS, st.sampled_from(["switch", "policy", "authentication policy"]))
async def test_a_write_is_done_or_not_or_said_to_be_unsure(storm: Weather, kind: str) -> None:
    async with lab_world() as world:
        ada = (await world.look()).mailbox("ada@contoso.example")
        assert ada is not None
        change = wanted_change(kind, ada.guid)
        world.lab.weather = storm
        told: bool | None
        try:
            await world.resources.write(change)
            told = True
        except AmbiguousWrite:
            told = None
        except (ServiceFault, NetworkFault):
            told = False
        sent = len([one for one in world.lab.history.writes() if one.wrote])
        world.lab.weather = Weather()
        done = await happened(world, change)
    if told is not None:
        assert done is told
    if change.verb is Verb.CREATE:
        assert sent <= 1


async def happened(world: Any, change: Change) -> bool:
    if change.verb is Verb.CREATE:
        found = await world.resources.find(change.target)
        assert len(found) <= 1
        return bool(found)
    seen = await world.resources.read(change.target, tuple(change.after or ()))
    assert not isinstance(seen, (Missing, Unseen))
    return bool(seen == change.after)
