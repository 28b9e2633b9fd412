"""A tenant of any size: as many mailboxes as asked for, varied, the same each time."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portineria.clock import VirtualClock
from portineria.lab import seeds
from portineria.lab.exchange.recipients import has_mailbox
from portineria.lab.seeds.crowd import LARGEST, fill
from portineria.lab.seeds.people import namesakes
from portineria.lab.seeds.reading import seed_data, shared
from portineria.lab.serve import Options, serve
from portineria.lab.world import World

MANY = 1500


def planted(mailboxes: int, name: str = "contoso") -> World:
    world = World(VirtualClock(datetime(2026, 11, 1, tzinfo=UTC)))
    seeds.load(world, name, mailboxes=mailboxes)
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return planted(MANY)


def boxes(world: World) -> list[dict[str, Any]]:
    return [dict(row) for _, row in world["mailboxes"].scan() if has_mailbox(dict(row))]


@pytest.mark.parametrize(
    ("name", "mailboxes"), [("contoso", 250), ("contoso-free", 77), ("small", 11)]
)
def test_a_tenant_has_as_many_mailboxes_as_were_asked_for(name: str, mailboxes: int) -> None:
    assert len(boxes(planted(mailboxes, name))) == mailboxes


def test_those_with_a_story_are_there_whatever_the_size(world: World) -> None:
    upns = {row["userPrincipalName"] for _, row in world["users"].scan()}
    assert {"scan@contoso.example", "erp@contoso.example"} <= upns


def test_the_crowd_is_of_every_kind_in_believable_proportions(world: World) -> None:
    kinds = Counter(box["RecipientTypeDetails"] for box in boxes(world))
    shares = {kind: number / MANY for kind, number in kinds.items()}
    assert shares["UserMailbox"] == pytest.approx(0.87, abs=0.02)
    assert shares["SharedMailbox"] == pytest.approx(0.07, abs=0.01)
    assert shares["RoomMailbox"] == pytest.approx(0.04, abs=0.01)
    assert shares["EquipmentMailbox"] == pytest.approx(0.02, abs=0.01)
    smtp = {box["SmtpClientAuthenticationDisabled"] for box in boxes(world)}
    assert smtp == {True, False, None}
    states = Counter((box["ImapEnabled"], box["PopEnabled"]) for box in boxes(world))
    assert min(states.values()) > MANY // 20


def test_an_address_has_at_most_64_characters_before_the_at_and_some_have_them_all(
    world: World,
) -> None:
    lengths = {len(box["UserPrincipalName"].partition("@")[0]) for box in boxes(world)}
    assert max(lengths) == 64


def test_every_licence_in_use_was_bought_and_enough_of_it(world: World) -> None:
    used = Counter(
        held["skuId"] for _, user in world["users"].scan() for held in user["assignedLicenses"]
    )
    bought = {
        sku["skuId"]: sku["prepaidUnits"]["enabled"] for _, sku in world["subscribedSkus"].scan()
    }
    assert all(bought[sku] >= number for sku, number in used.items())


def test_everybody_is_in_the_group_of_a_department_and_they_in_one(world: World) -> None:
    groups = {row["displayName"]: row for _, row in world["groups"].scan()}
    departments = [row for name, row in groups.items() if name.startswith("Department ")]
    assert {row["id"] for row in departments} == set(groups["Everybody"]["members"])
    people = {row["id"] for _, row in world["users"].scan() if row["surname"] and not row["note"]}
    assert people == {member for row in departments for member in row["members"]}


def test_no_two_have_one_address_where_the_pairs_of_names_run_out() -> None:
    lists = shared("names")
    pairs = len(lists["given"]) * len(lists["family"])
    given = namesakes()
    assert len({next(given) for _ in range(pairs)}) == pairs
    data = seed_data("contoso")
    fill(data, pairs + 2000)
    upns = {str(p.get("upn") or p["name"]).lower() for p in data["people"]["named"]}
    assert len(upns) == len(data["people"]["named"])


def test_the_same_size_is_the_same_tenant() -> None:
    one, two = planted(300), planted(300)
    for kind in one.tables:
        assert dict(one[kind].items()) == dict(two[kind].items())


@pytest.mark.parametrize("mailboxes", [-1, 0, 10, LARGEST + 1])
def test_a_size_that_cannot_be_is_refused_with_the_limits(mailboxes: int) -> None:
    with pytest.raises(seeds.NoSuchSize, match=rf"\d+ belong to .* and {LARGEST} is the most"):
        planted(mailboxes)


async def test_a_lab_on_real_ports_is_as_large_as_its_options_say(tmp_path: Path) -> None:
    running = await serve(Options(state_dir=tmp_path, seed="contoso", mailboxes=60))
    try:
        assert running.info["options"]["mailboxes"] == 60
        assert len(boxes(running.lab.world)) == 60
        assert json.loads(json.dumps(running.info)) == running.info
    finally:
        await running.close()
