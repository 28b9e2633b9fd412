"""The control door: arranging, looking, and no part of what is imitated."""

from __future__ import annotations

import pytest
from body_tenant import ACCESS, BLOCK_LEGACY, DEFAULTS, tenant


async def test_reset_plants_another_seed_and_forgets_the_history() -> None:
    async with tenant() as t:
        await t.defaults(False)
        answer = await t.control("POST", "reset", {"seed": "contoso-free"})
        assert answer.json()["seed"] == "contoso-free"
        assert len(list(t.lab.world["users"].all())) == 250
        assert t.lab.history.asked == []
        assert (await t.graph("GET", DEFAULTS)).json()["isEnabled"] is True
        assert (await t.control("GET", "info")).json()["seed"] == "contoso-free"


async def test_reset_without_a_name_plants_the_same_seed_again() -> None:
    async with tenant() as t:
        await t.defaults(False)
        await t.control("POST", "reset")
        assert (await t.graph("GET", DEFAULTS)).json()["isEnabled"] is True
        assert len(list(t.lab.world["users"].all())) == 12


async def test_weather_is_changed_and_shown() -> None:
    async with tenant() as t:
        body = {"name": "lag", "overrides": {"seed": 9, "retry_after": [1, None]}}
        changed = await t.control("POST", "weather", body)
        shown = (await t.control("GET", "weather")).json()
    assert changed.status_code == 200
    assert (shown["name"], shown["seed"], shown["retry_after"]) == ("lag", 9, [1, None])
    assert "accepts-and-forgets" in shown["presets"]


async def test_history_shows_what_wrote() -> None:
    async with tenant() as t:
        await t.graph("POST", ACCESS, {**BLOCK_LEGACY, "state": "enabled"})
        await t.defaults(False)
        every = (await t.control("GET", "history")).json()["value"]
        wrote = (await t.control("GET", "history?wrote=1")).json()["value"]
        await t.control("DELETE", "history")
        empty = (await t.control("GET", "history")).json()["value"]
    assert len(every) > len(wrote) == 1
    assert wrote[0]["target"] == f"/{DEFAULTS}"
    assert empty == []


async def test_the_truth_is_seen_and_arranged() -> None:
    async with tenant() as t:
        boxes = (await t.control("GET", "world/mailboxes")).json()["value"]
        key = next(k for k, box in boxes.items() if box["PrimarySmtpAddress"].startswith("ada@"))
        await t.control("PUT", f"world/mailboxes/{key}?merge=1", {"ImapEnabled": False})
        ada = t.lab.world["mailboxes"].get(key)
        await t.http.put(f"https://control.lab/world/mailboxes/{key}", content=b"null")
        gone = t.lab.world["mailboxes"].get(key)
    assert ada is not None
    assert (ada["ImapEnabled"], ada["PopEnabled"]) == (False, True)
    assert gone is None


async def test_what_there_is_one_of_has_an_empty_key() -> None:
    async with tenant() as t:
        body = {"SmtpClientAuthenticationDisabled": False}
        await t.control("PUT", "world/transport/?merge=1", body)
        transport = t.lab.world["transport"].get("")
    assert transport is not None
    assert transport["SmtpClientAuthenticationDisabled"] is False


async def test_no_weather_touches_the_control_door() -> None:
    async with tenant() as t:
        t.weather("flaky", server_errors=1.0)
        assert (await t.control("GET", "info")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "reset", {"seed": "fabrikam"}, 400),
        ("POST", "weather", {"name": "sunny"}, 400),
        ("POST", "weather", {"name": "fair", "overrides": {"scheduled": [{"x": 1}]}}, 400),
        ("POST", "weather", [], 400),
        ("GET", "world/unicorns", None, 400),
        ("POST", "people/nobody@contoso.example/refresh-token", {}, 400),
        ("POST", "people/ada@contoso.example/refresh-token", {"client_id": "x"}, 400),
        ("GET", "nothing", None, 404),
        ("DELETE", "info", None, 405),
    ],
)
async def test_what_makes_no_sense_is_refused(
    method: str, path: str, body: object, status: int
) -> None:
    async with tenant() as t:
        answer = await t.control(method, path, body)
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_an_unknown_host_is_told_so() -> None:
    async with tenant() as t:
        assert (await t.http.get("https://elsewhere.example/")).status_code == 421


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("login.microsoftonline.com", "/common/discovery/instance"),
        ("graph.microsoft.com", "/v1.0/organization"),
    ],
)
async def test_microsofts_own_names_reach_the_same_faces(host: str, path: str) -> None:
    async with tenant() as t:
        answer = await t.http.get(f"https://{host}{path}")
    assert answer.status_code in (200, 401)
