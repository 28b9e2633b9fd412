"""A program without a browser shows a code; somebody enters it elsewhere; the program is in."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from body_tenant import Tenant, tenant
from test_lab_authorize import ADA, MAIL, THUNDERBIRD, Browser, code, policy, shown
from test_lab_authorize import switch_defaults_off as open_up

from portineria.lab.login.tokens import read
from portineria.lab.seeds.people import password

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def started(t: Tenant, **changes: str) -> httpx2.Response:
    form = {"client_id": THUNDERBIRD, "scope": f"{MAIL} offline_access openid", **changes}
    return await t.http.post(
        "https://login.lab/organizations/oauth2/v2.0/devicecode",
        data={name: value for name, value in form.items() if value},
    )


async def polled(t: Tenant, flow: dict[str, Any], **changes: str) -> httpx2.Response:
    form = {"client_id": THUNDERBIRD, "grant_type": GRANT, "device_code": flow["device_code"]}
    url = "https://login.lab/organizations/oauth2/v2.0/token"
    return await t.http.post(url, data={**form, **changes})


async def entered(t: Tenant, flow: dict[str, Any], upn: str = ADA) -> httpx2.Response:
    """Open the page, enter the code, sign in: the page that asks whether it is one's device."""
    browser = Browser(t)
    page = await t.http.get(flow["verification_uri"])
    page = await browser.submit(page, otc=flow["user_code"])
    return await browser.submit(page, loginfmt=upn, passwd=password(upn))


async def test_a_code_is_shown_entered_and_turned_into_tokens() -> None:
    async with tenant() as t:
        flow = (await started(t)).json()
        waiting = await polled(t, flow)
        confirm = await entered(t, flow)
        done = await Browser(t).submit(confirm)
        body = (await polled(t, flow, client_info="1")).json()
        again = await polled(t, flow)
        claims = read(t.lab.world, body["access_token"])
    assert (flow["expires_in"], flow["interval"]) == (900, 5)
    assert flow["user_code"] in flow["message"]
    assert flow["verification_uri"] == "https://login.lab/common/oauth2/deviceauth"
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    assert code(waiting) == 70016
    assert "Thunderbird" in shown(confirm).title
    assert "You have signed in" in shown(done).title
    assert claims["upn"] == ADA
    assert {"refresh_token", "id_token", "client_info"} <= set(body)
    assert again.json()["error"] == "invalid_grant"


async def test_the_grant_may_be_called_by_its_old_short_name() -> None:
    async with tenant() as t:
        flow = (await started(t)).json()
        await Browser(t).submit(await entered(t, flow))
        done = await polled(t, flow, grant_type="device_code")
    assert done.status_code == 200, done.text


@pytest.mark.parametrize(("reading", "error"), [("slow_down", "slow_down"), ("pending", "")])
async def test_who_polls_too_fast_is_slowed_down_under_one_reading(
    reading: str, error: str
) -> None:
    async with tenant() as t:
        t.weather(readings={"device-code-haste": reading})
        flow = (await started(t)).json()
        await polled(t, flow)
        hasty = await polled(t, flow)
        t.clock.advance(5)
        patient = await polled(t, flow)
    assert hasty.json()["error"] == (error or "authorization_pending")
    assert patient.json()["error"] == "authorization_pending"


async def test_who_says_that_the_device_is_not_theirs_declines() -> None:
    async with tenant() as t:
        flow = (await started(t)).json()
        await Browser(t).submit(await entered(t, flow), press="cancel")
        answer = await polled(t, flow)
    assert (answer.status_code, answer.json()["error"]) == (400, "authorization_declined")


async def test_after_fifteen_minutes_the_code_is_dead_on_both_sides() -> None:
    async with tenant() as t:
        flow = (await started(t)).json()
        t.clock.advance(901)
        answer = await polled(t, flow)
        page = await t.http.get(flow["verification_uri"])
        late = await Browser(t).submit(page, otc=flow["user_code"])
    assert (answer.status_code, answer.json()["error"]) == (400, "expired_token")
    assert "AADSTS70019:" in shown(late).alert


@pytest.mark.parametrize("changes", [{"device_code": "another"}, {"client_id": "the public one"}])
async def test_a_device_code_that_was_not_given_is_a_bad_verification_code(
    changes: dict[str, str],
) -> None:
    async with tenant() as t:
        flow = (await started(t)).json()
        if "client_id" in changes:
            changes = {"client_id": t.lab.info["public_client_id"]}
        answer = await polled(t, flow, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_verification_code")


@pytest.mark.parametrize(
    ("entry", "expected"), [("", 90119), ("WRONGCODE", 70018), ("the same again", 90120)]
)
async def test_a_wrong_user_code_leaves_one_at_the_page(entry: str, expected: int) -> None:
    async with tenant() as t:
        flow = (await started(t)).json()
        await Browser(t).submit(await entered(t, flow))
        page = await t.http.get(flow["verification_uri"])
        given = flow["user_code"].lower() if entry == "the same again" else entry
        answer = await Browser(t).submit(page, otc=given)
    assert f"AADSTS{expected}:" in shown(answer).alert
    assert "otc" in shown(answer).fields


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": ""}, 900144),
        ({"scope": ""}, 900144),
        ({"client_id": "00000000-1111-2222-3333-444444444444"}, 700016),
        ({"client_id": "the public one"}, 50194),
        ({"scope": "https://outlook.office.com/Fly"}, 650053),
    ],
)
async def test_a_flow_that_cannot_begin_says_why(changes: dict[str, str], expected: int) -> None:
    async with tenant() as t:
        if changes.get("client_id") == "the public one":
            changes = {"client_id": t.lab.info["public_client_id"]}
        assert code(await started(t, **changes)) == expected


async def test_a_program_with_a_secret_shows_it_when_it_polls() -> None:
    async with tenant() as t:
        app = t.lab.world["foreignApplications"].find("appId", THUNDERBIRD)
        assert app is not None
        t.lab.world["foreignApplications"].patch(app["id"], isFallbackPublicClient=False)
        assert code(await polled(t, (await started(t)).json())) == 7000218


# --- Conditional Access and the flow ------------------------------------------------------


async def test_a_policy_against_the_device_code_flow_stops_it_and_nothing_else() -> None:
    async with tenant() as t:
        open_up(t)
        flows = {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}
        policy(t, builtInControls=["block"], conditions=flows)
        stopped = await entered(t, (await started(t)).json())
        browser = Browser(t)
        here = await browser.redeem(await browser.sign_in())
    assert "AADSTS53003:" in shown(stopped).alert
    assert here.status_code == 200


async def test_a_session_that_began_with_a_device_code_is_remembered_as_such() -> None:
    async with tenant() as t:
        open_up(t)
        flow = (await started(t)).json()
        await Browser(t).submit(await entered(t, flow))
        first = (await polled(t, flow)).json()
        flows = {"transferMethods": "deviceCodeFlow,authenticationTransfer"}
        policy(t, builtInControls=["block"], conditions={"authenticationFlows": flows})
        later = await t.http.post(
            "https://login.lab/organizations/oauth2/v2.0/token",
            data={
                "grant_type": "refresh_token",
                "client_id": THUNDERBIRD,
                "refresh_token": first["refresh_token"],
            },
        )
    assert code(later) == 53003


async def test_a_device_that_must_be_compliant_cannot_be_shown_to_another_one() -> None:
    async with tenant() as t:
        open_up(t)
        policy(t, builtInControls=["compliantDevice"])
        answer = await entered(t, (await started(t)).json())
    assert "AADSTS530033:" in shown(answer).alert


async def test_a_password_alone_is_no_grant() -> None:
    async with tenant() as t:
        answer = await t.token(
            grant_type="password", username=ADA, password=password(ADA), scope=MAIL
        )
    assert answer.json()["error"] == "unsupported_grant_type"
