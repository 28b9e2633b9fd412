"""Security defaults, Conditional Access and named locations, as Graph answers them."""

from __future__ import annotations

from typing import Any

import pytest
from body_tenant import ACCESS, BLOCK_LEGACY, DEFAULTS, Tenant, error, tenant

from portineria.lab.graph.conditional import EMPTY_CLIENTS, GENERIC, LICENCE, PREMIUM, SCHEMA
from portineria.lab.graph.protections import CONFLICT

PLACES = "identity/conditionalAccess/namedLocations"
SCOPES = "You cannot perform the requested operation, required scopes are missing in the token."


async def listed(t: Tenant, path: str = ACCESS) -> list[Any]:
    value: list[Any] = (await t.graph("GET", path)).json()["value"]
    return value


# --- security defaults and Conditional Access ----------------------------------------------


async def test_security_defaults_are_read_and_written() -> None:
    async with tenant() as t:
        before = (await t.graph("GET", DEFAULTS)).json()
        answer = await t.defaults(False)
        after = (await t.graph("GET", DEFAULTS)).json()
    assert (before["isEnabled"], after["isEnabled"]) == (True, False)
    assert before["id"] == "00000000-0000-0000-0000-000000000005"
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"isEnabled": False, "@odata.type": "#microsoft.graph.anything"}, 204),
        ({"isEnabled": False, "displayName": "Mine"}, 400),
        ({"@odata.type": "#microsoft.graph.anything"}, 400),
    ],
)
async def test_annotations_are_no_members(body: dict[str, Any], expected: int) -> None:
    async with tenant() as t:
        assert (await t.graph("PATCH", DEFAULTS, body)).status_code == expected


async def test_an_enabled_policy_is_refused_while_security_defaults_are_on() -> None:
    async with tenant() as t:
        created = await t.graph("POST", ACCESS, {**BLOCK_LEGACY, "state": "enabled"})
        staged = await t.made()
        enabled = await t.graph("PATCH", f"{ACCESS}/{staged}", {"state": "enabled"})
        assert [row["state"] for row in await listed(t)] == ["enabledForReportingButNotEnforced"]
    for answer in (created, enabled):
        assert answer.status_code == 400
        assert (error(answer)["code"], error(answer)["message"]) == ("BadRequest", CONFLICT)


@pytest.mark.parametrize("state", ["disabled", "enabledForReportingButNotEnforced"])
async def test_report_only_and_disabled_policies_live_beside_security_defaults(state: str) -> None:
    async with tenant() as t:
        await t.made(state=state)


async def test_report_only_is_refused_under_the_other_reading() -> None:
    async with tenant() as t:
        t.weather(readings={"report-only-under-security-defaults": "refused"})
        answer = await t.graph("POST", ACCESS, BLOCK_LEGACY)
        assert error(answer)["message"] == CONFLICT
        await t.made(state="disabled")


async def test_security_defaults_are_refused_while_a_policy_is_enabled() -> None:
    async with tenant() as t:
        await t.defaults(False)
        policy = await t.made(state="enabled")
        refused = await t.defaults(True)
        await t.graph("PATCH", f"{ACCESS}/{policy}", {"state": "disabled"})
        accepted = await t.defaults(True)
    assert (refused.status_code, accepted.status_code) == (400, 204)


async def test_the_policy_endpoint_sees_security_defaults_some_seconds_late() -> None:
    """Tools sleep between the two steps (1.3)."""
    async with tenant() as t:
        t.weather(effects={"policyCheck": 3.0})
        staged = await t.made()
        await t.defaults(False)
        early = await t.graph("PATCH", f"{ACCESS}/{staged}", {"state": "enabled"})
        t.clock.advance(3)
        late = await t.graph("PATCH", f"{ACCESS}/{staged}", {"state": "enabled"})
    assert (early.status_code, late.status_code) == (400, 204)


async def test_without_entra_p1_policies_are_read_and_not_written() -> None:
    async with tenant("contoso-free") as t:
        found = await listed(t)
        refused = await t.graph("POST", ACCESS, {**BLOCK_LEGACY, "state": "disabled"})
    assert found == []
    assert refused.status_code == 403
    assert (error(refused)["code"], error(refused)["message"]) == ("AccessDenied", LICENCE)


# --- shapes ---------------------------------------------------------------------------------


async def test_a_policy_is_read_back_with_every_member() -> None:
    async with tenant() as t:
        created = await t.graph("POST", ACCESS, BLOCK_LEGACY)
        policy = created.json()
        read = (await t.graph("GET", f"{ACCESS}/{policy['id']}")).json()
    assert created.status_code == 201
    assert policy["modifiedDateTime"] is None
    conditions = read["conditions"]
    assert conditions["userRiskLevels"] == conditions["users"]["excludeUsers"] == []
    for absent in (
        "platforms",
        "locations",
        "devices",
        "clientApplications",
        "authenticationFlows",
    ):
        assert conditions[absent] is None
    assert conditions["users"]["includeGuestsOrExternalUsers"] is None
    assert read["grantControls"]["authenticationStrength"] is None
    assert read["sessionControls"] is None


async def test_a_change_keeps_what_it_does_not_name_and_is_dated() -> None:
    async with tenant() as t:
        policy = await t.made()
        answer = await t.graph("PATCH", f"{ACCESS}/{policy}", {"displayName": "Renamed"})
        read = (await t.graph("GET", f"{ACCESS}/{policy}")).json()
    assert (answer.status_code, answer.content) == (204, b"")
    assert read["displayName"] == "Renamed"
    assert read["state"] == BLOCK_LEGACY["state"]
    assert read["modifiedDateTime"] is not None


async def test_two_policies_may_have_one_name() -> None:
    async with tenant() as t:
        assert await t.made() != await t.made()
        assert len(await listed(t)) == 2


async def test_a_deleted_policy_can_be_restored_and_purged() -> None:
    bin_ = "identity/conditionalAccess/deletedItems/policies"
    async with tenant() as t:
        policy = await t.made()
        assert (await t.graph("DELETE", f"{ACCESS}/{policy}")).status_code == 204
        assert await listed(t) == []
        assert [row["id"] for row in await listed(t, bin_)] == [policy]
        assert (await t.graph("POST", f"{bin_}/{policy}/restore")).status_code == 200
        assert [row["id"] for row in await listed(t)] == [policy]
        await t.graph("DELETE", f"{ACCESS}/{policy}")
        assert (await t.graph("DELETE", f"{bin_}/{policy}")).status_code == 204
        assert await listed(t, bin_) == []


# --- validation -----------------------------------------------------------------------------


def changed(**conditions: Any) -> dict[str, Any]:
    return {**BLOCK_LEGACY, "conditions": {**BLOCK_LEGACY["conditions"], **conditions}}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({**BLOCK_LEGACY, "colour": "red"}, SCHEMA),
    ({**BLOCK_LEGACY, "state": "on"}, SCHEMA),
    ({**BLOCK_LEGACY, "id": "11111111-1111-1111-1111-111111111111"}, SCHEMA),
    ({"displayName": "nothing else"}, SCHEMA),
    (changed(clientAppTypes=["smtp"]), SCHEMA),
    (changed(users={"includeUsers": "All"}), SCHEMA),
    (changed(clientAppTypes=[]), EMPTY_CLIENTS),
    (changed(signInRiskLevels=["high"]), PREMIUM),
]


@pytest.mark.parametrize(("body", "text"), WRONG)
async def test_what_does_not_fit_is_refused_by_its_number(body: dict[str, Any], text: str) -> None:
    async with tenant() as t:
        answer = await t.graph("POST", ACCESS, body)
        assert await listed(t) == []
    assert answer.status_code == 400
    assert error(answer)["message"] == text


NUMBERED = [
    (changed(users={"includeUsers": []}), "1011"),
    (changed(applications={}), "1011"),
    (changed(locations={"includeLocations": ["11111111-1111-1111-1111-111111111111"]}), "1040"),
    (
        {
            **BLOCK_LEGACY,
            "grantControls": {"operator": "OR", "builtInControls": ["passwordChange"]},
        },
        "1032",
    ),
]


@pytest.mark.parametrize(("body", "number"), NUMBERED)
async def test_other_refusals_carry_their_number(body: dict[str, Any], number: str) -> None:
    async with tenant() as t:
        answer = await t.graph("POST", ACCESS, body)
    assert answer.status_code == 400
    assert error(answer)["message"].startswith(f"{number}: ")


async def test_the_older_form_hides_the_number_inside() -> None:
    async with tenant() as t:
        t.weather(conditional_access_errors="older")
        answer = await t.graph("POST", ACCESS, changed(clientAppTypes=[]))
    assert error(answer)["message"] == GENERIC
    assert error(answer)["innerError"]["message"] == EMPTY_CLIENTS


async def test_enumerations_are_read_in_any_case() -> None:
    async with tenant() as t:
        policy = (await t.graph("POST", ACCESS, changed(clientAppTypes=["ALL"]))).json()
    assert policy["conditions"]["clientAppTypes"] == ["all"]


async def test_a_tenant_holds_195_policies() -> None:
    async with tenant() as t:
        policy = await t.made()
        one = t.lab.world["conditionalAccess"].get(policy)
        for number in range(194):
            t.lab.world["conditionalAccess"].put(str(number), one)
        assert (await t.graph("POST", ACCESS, BLOCK_LEGACY)).status_code == 400


# --- permissions ----------------------------------------------------------------------------


async def test_policy_endpoints_and_directory_endpoints_refuse_in_different_words() -> None:
    async with tenant() as t:
        rows = t.lab.world["appRoleAssignments"]
        for key, _ in list(rows.items()):
            rows.put(key, None)
        policy = await t.graph("GET", DEFAULTS)
        write = await t.graph("POST", ACCESS, BLOCK_LEGACY)
        directory = await t.graph("GET", "users")
    assert policy.status_code == write.status_code == directory.status_code == 403
    assert (error(policy)["code"], error(policy)["message"]) == ("AccessDenied", SCOPES)
    assert error(write)["code"] == "AccessDenied"
    assert error(directory)["code"] == "Authorization_RequestDenied"
    assert error(directory)["message"] == "Insufficient privileges to complete the operation."


async def test_an_old_token_keeps_the_permissions_it_was_issued_with() -> None:
    async with tenant() as t:
        rows = t.lab.world["appRoleAssignments"]
        kept = list(rows.items())
        for key, _ in kept:
            rows.put(key, None)
        poor = await t.bearer()
        for key, row in kept:
            rows.put(key, row)
        assert (await t.graph("GET", DEFAULTS, bearer=poor)).status_code == 403
        assert (await t.graph("GET", DEFAULTS)).status_code == 200


# --- named locations ------------------------------------------------------------------------

OFFICE = {
    "@odata.type": "#microsoft.graph.ipNamedLocation",
    "displayName": "Office",
    "isTrusted": False,
    "ipRanges": [
        {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/28"}
    ],
}


async def test_named_locations_are_made_changed_and_deleted() -> None:
    async with tenant() as t:
        made = await t.graph("POST", PLACES, OFFICE)
        key = made.json()["id"]
        changed_ = await t.graph("PATCH", f"{PLACES}/{key}", {"isTrusted": True})
        read = (await t.graph("GET", f"{PLACES}/{key}")).json()
        gone = await t.graph("DELETE", f"{PLACES}/{key}")
        missing = await t.graph("GET", f"{PLACES}/{key}")
    assert made.status_code == 201
    assert made.json()["modifiedDateTime"] is None
    assert (changed_.status_code, gone.status_code, missing.status_code) == (204, 204, 404)
    assert read["isTrusted"] is True
    assert read["modifiedDateTime"] is not None


@pytest.mark.parametrize(
    "body",
    [
        {**OFFICE, "ipRanges": []},
        {**OFFICE, "@odata.type": "#microsoft.graph.namedLocation"},
        {**OFFICE, "ipRanges": [{"cidrAddress": "203.0.113.0/28"}]},
        {**OFFICE, "surprise": 1},
    ],
)
async def test_a_location_that_does_not_fit_is_refused(body: dict[str, Any]) -> None:
    async with tenant() as t:
        assert (await t.graph("POST", PLACES, body)).status_code == 400


async def test_a_location_made_just_now_cannot_be_named_yet() -> None:
    async with tenant() as t:
        t.weather(effects={"policyCheck": 5.0})
        place = (await t.graph("POST", PLACES, OFFICE)).json()["id"]
        body = changed(locations={"includeLocations": ["All"], "excludeLocations": [place]})
        early = await t.graph("POST", ACCESS, body)
        t.clock.advance(5)
        late = await t.graph("POST", ACCESS, body)
    assert error(early)["message"].startswith("1040: ")
    assert late.status_code == 201


# --- what-if --------------------------------------------------------------------------------


async def what_if(t: Tenant, upn: str, client_app: str, **body: Any) -> list[Any]:
    asked = {
        "signInIdentity": {
            "@odata.type": "#microsoft.graph.userSignIn",
            "userId": t.user(upn)["id"],
        },
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": ["00000002-0000-0ff1-ce00-000000000000"],
        },
        "signInConditions": {"clientAppType": client_app, "ipAddress": "203.0.113.10"},
        **body,
    }
    answer = await t.graph("POST", "identity/conditionalAccess/evaluate", asked)
    assert answer.status_code == 200, answer.text
    value: list[Any] = answer.json()["value"]
    return value


async def test_what_if_shows_what_a_sign_in_would_meet() -> None:
    async with tenant() as t:
        await t.made()
        await t.made(state="disabled")
        legacy = await what_if(t, "scan@contoso.example", "other")
        modern = await what_if(t, "scan@contoso.example", "mobileAppsAndDesktopClients")
        only = await what_if(t, "scan@contoso.example", "browser", appliedPoliciesOnly=True)
    assert [(row["policyApplies"], row["analysisReasons"]) for row in legacy] == [
        (True, "notSet"),
        (False, "policyNotEnabled"),
    ]
    assert modern[0]["analysisReasons"] == "clientApps"
    assert only == []


async def test_what_if_is_no_write() -> None:
    async with tenant() as t:
        await t.made()
        t.lab.history.clear()
        await what_if(t, "scan@contoso.example", "other")
        assert list(t.lab.history.writes()) == []
