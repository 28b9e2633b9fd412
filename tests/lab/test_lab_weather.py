"""Weather is deliberate, deterministic, and written down."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from body_tenant import ACCESS, BLOCK_LEGACY, DEFAULTS, Tenant, tenant

from portineria.lab.sky import Cut
from portineria.lab.weather import EFFECTS, PRESETS, READINGS, Scheduled, Weather, forecast


async def statuses(t: Tenant, path: str, count: int) -> list[int]:
    bearer = ""
    while not bearer:
        try:
            answer = await t.token()
        except Cut:
            continue
        bearer = answer.json().get("access_token", "")
    found = []
    for _ in range(count):
        try:
            found.append((await t.graph("GET", path, bearer=bearer)).status_code)
        except Cut:
            found.append(0)
    return found


async def test_fair_weather_changes_nothing() -> None:
    async with tenant() as t:
        assert await statuses(t, "organization", 50) == [200] * 50


async def test_conditional_access_takes_one_request_a_second_and_says_no_more() -> None:
    async with tenant() as t:
        bearer = await t.bearer()
        headers = {"authorization": f"Bearer {bearer}"}
        url = f"https://graph.lab/v1.0/{ACCESS}"
        first = await t.http.get(url, headers=headers)
        second = await t.http.get(url, headers=headers)
        places = await t.http.get(url.replace("policies", "namedLocations"), headers=headers)
        t.clock.advance(1.0)
        third = await t.http.get(url, headers=headers)
        other = await t.http.get("https://graph.lab/v1.0/domains", headers=headers)
    assert [first.status_code, second.status_code, places.status_code] == [200, 429, 429]
    assert [third.status_code, other.status_code] == [200, 200]
    assert "retry-after" not in second.headers


async def test_the_limit_is_a_knob() -> None:
    async with tenant() as t:
        t.weather(conditional_access_per_second=0.0)
        headers = {"authorization": f"Bearer {await t.bearer()}"}
        for _ in range(5):
            answer = await t.http.get(f"https://graph.lab/v1.0/{ACCESS}", headers=headers)
            assert answer.status_code == 200


async def test_throttled_weather_says_when_to_come_back_and_sometimes_does_not() -> None:
    async with tenant() as t:
        t.weather("throttled")
        bearer = ""
        while not bearer:
            bearer = (await t.token()).json().get("access_token", "")
        answers = [await t.graph("GET", "domains", bearer=bearer) for _ in range(80)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 5 < len(refused) < 50
    assert {answer.headers.get("retry-after") for answer in refused} == {"2", None, "1"}


async def test_the_same_seed_brings_the_same_weather() -> None:
    async with tenant() as one, tenant() as two, tenant() as three:
        one.weather("flaky", seed=3)
        two.weather("flaky", seed=3)
        three.weather("flaky", seed=4)
        runs = [await statuses(t, "domains", 120) for t in (one, two, three)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert {0, 200, 503} <= set(runs[0])


async def test_a_connection_cut_before_leaves_no_write_and_one_cut_after_does() -> None:
    async with tenant() as t:
        bearer = await t.bearer()
        for fault in ("cut-before", "cut-after"):
            t.weather(scheduled=[Scheduled(operation="^POST /identity", nth=1, fault=fault)])
            with pytest.raises(Cut):
                await t.graph("POST", ACCESS, BLOCK_LEGACY, bearer=bearer)
            expected = int(fault == "cut-after")
            assert len(list(t.lab.world["conditionalAccess"].all())) == expected
            last = t.lab.history.asked[-1]
            assert (last.status, last.wrote, last.weather) == (0, bool(expected), fault)


async def test_the_nth_matching_request_meets_its_scheduled_fault() -> None:
    async with tenant() as t:
        t.weather(scheduled=[{"operation": "GET /domains", "nth": 3, "fault": "503"}])
        assert await statuses(t, "domains", 4) == [200, 200, 503, 200]


async def test_new_weather_counts_from_one() -> None:
    async with tenant() as t:
        for _ in range(2):
            t.weather(scheduled=[{"operation": "GET /domains", "nth": 2, "fault": "500"}])
            assert await statuses(t, "domains", 3) == [200, 500, 200]


async def test_a_forgotten_write_answers_success_and_changes_nothing() -> None:
    async with tenant() as t:
        t.weather(forgets="SecurityDefaults")
        answer = await t.defaults(False)
        read = (await t.graph("GET", DEFAULTS)).json()
        noted = [asked for asked in t.lab.history.asked if asked.writes]
    assert answer.status_code == 204
    assert read["isEnabled"] is True
    assert [(asked.wrote, asked.weather) for asked in noted] == [(False, "forgotten")]


async def test_reads_lag_by_kind() -> None:
    async with tenant() as t:
        t.weather(lag={"conditionalAccess": 5.0})
        created = await t.graph("POST", ACCESS, BLOCK_LEGACY)
        path = f"{ACCESS}/{created.json()['id']}"
        assert (await t.graph("GET", path)).status_code == 404
        t.clock.advance(5)
        assert (await t.graph("GET", path)).status_code == 200


async def test_stale_weather_alternates_between_two_replicas() -> None:
    async with tenant() as t:
        bearer = await t.bearer()
        await t.graph("PATCH", DEFAULTS, {"isEnabled": False}, bearer=bearer)
        t.weather("stale", stale=60.0)
        seen = [
            (await t.graph("GET", DEFAULTS, bearer=bearer)).json()["isEnabled"] for _ in range(6)
        ]
    assert seen in ([False, True] * 3, [True, False] * 3)


async def test_pages_are_cut_short_and_still_lead_on() -> None:
    async with tenant() as t:
        t.weather(page=5)
        first = (await t.graph("GET", "users")).json()
        assert len(first["value"]) == 5
        second = (await t.graph("GET", first["@odata.nextLink"])).json()
        assert len(second["value"]) == 5


async def test_latency_is_virtual() -> None:
    async with tenant() as t:
        t.weather(latency=30.0)
        before = t.clock.tick()
        await t.token()
    assert t.clock.tick() - before == 30.0


async def test_history_never_holds_a_token_or_a_secret() -> None:
    async with tenant() as t:
        bearer = await t.bearer()
        await t.graph("GET", "users", bearer=bearer)
        await t.token(client_secret="a-wrong-secret")
        text = str([asked.as_json() for asked in t.lab.history.asked])
    assert bearer not in text
    assert t.lab.info["admin"]["client_secret"] not in text
    assert "a-wrong-secret" not in text
    assert t.lab.info["admin"]["client_id"] in text


async def test_a_refused_write_did_not_write() -> None:
    async with tenant() as t:
        await t.graph("POST", ACCESS, {**BLOCK_LEGACY, "state": "enabled"})
        (asked,) = t.lab.history.writes()
    assert (asked.status, asked.wrote, asked.target) == (400, False, f"/{ACCESS}")


def test_every_preset_is_valid_and_named_after_itself() -> None:
    assert {name: weather.name for name, weather in PRESETS.items()} == {n: n for n in PRESETS}
    for name in PRESETS:
        assert forecast(name) == PRESETS[name]


def test_service_weather_takes_microsofts_time_and_demo_seconds() -> None:
    for effect, (seconds, _) in EFFECTS.items():
        assert PRESETS["service"].effect(effect) == seconds
        assert PRESETS["demo"].effect(effect) <= 3.0
        assert PRESETS["fair"].effect(effect) == 0.0


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("sunny", {}),
        ("fair", {"rain": 1}),
        ("fair", {"effects": {"unknown": 1.0}}),
        ("fair", {"readings": {"unknown": "x"}}),
        ("fair", {"readings": {"xoauth2-failure": "x"}}),
    ],
)
def test_unknown_weather_is_refused_by_name(name: str, overrides: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        forecast(name, overrides)


@pytest.mark.parametrize("name", sorted(READINGS))
def test_every_reading_has_a_default_and_an_alternative(name: str) -> None:
    first, *others = READINGS[name]
    assert Weather().reading(name) == first
    assert others
    for other in others:
        assert forecast("fair", {"readings": {name: other}}).reading(name) == other


async def test_a_cut_is_what_http_clients_know_as_a_lost_connection() -> None:
    assert issubclass(Cut, ConnectionResetError)
    assert not issubclass(Cut, httpx2.HTTPError)
