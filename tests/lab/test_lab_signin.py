"""A person signs in with a password, as basic clients do through Exchange."""

from __future__ import annotations

from typing import Any

import pytest
from body_tenant import Tenant, tenant

from portineria.lab.ask import Seen
from portineria.lab.login.conditional import SignIn, judge, unmet
from portineria.lab.login.refusals import SignInFault
from portineria.lab.login.signin import by_password
from portineria.lab.seeds.people import password

SCAN = "scan@contoso.example"
INSIDE, OUTSIDE = "203.0.113.5", "198.51.100.7"


async def sign_in(
    t: Tenant, upn: str = SCAN, given: str | None = None, address: str = INSIDE
) -> int:
    """0 when it succeeds, else the number after AADSTS."""
    try:
        await by_password(
            t.lab.world, t.lab.weather, upn, password(upn) if given is None else given, address
        )
    except SignInFault as fault:
        return fault.code
    return 0


def switch_defaults_off(t: Tenant) -> None:
    t.lab.world["policies"].patch("securityDefaults", isEnabled=False)


def policy(t: Tenant, **changes: Any) -> None:
    """An enabled policy that blocks everybody's legacy clients, put there behind the API."""
    key = str(changes.pop("id", "p1"))
    conditions = {
        "clientAppTypes": ["exchangeActiveSync", "other"],
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["All"]},
        **changes.pop("conditions", {}),
    }
    document = {
        "id": key,
        "state": "enabled",
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
        **changes,
        "conditions": conditions,
    }
    t.lab.world["conditionalAccess"].put(key, document)


async def test_security_defaults_stop_legacy_clients_whose_password_is_right() -> None:
    async with tenant() as t:
        assert await sign_in(t) == 530035
        assert await sign_in(t, given="wrong") == 50126


async def test_without_protections_the_right_password_is_enough() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        assert await sign_in(t) == 0


async def test_unknown_wrong_and_disabled_are_told_apart() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        assert await sign_in(t, "nobody@contoso.example", "x") == 50034
        assert await sign_in(t, given="x") == 50126
        assert await sign_in(t, "leaver@contoso.example") == 50057


async def test_ten_wrong_passwords_lock_the_account_for_a_minute() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        assert [await sign_in(t, given="x") for _ in range(10)] == [50126] * 10
        assert await sign_in(t) == 50053
        t.clock.advance(61)
        assert await sign_in(t) == 0


async def test_a_right_password_forgives_the_wrong_ones_before() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        for _ in range(3):
            assert [await sign_in(t, given="x") for _ in range(9)] == [50126] * 9
            assert await sign_in(t) == 0


async def test_per_user_mfa_stops_a_password_alone() -> None:
    async with tenant("contoso") as t:
        switch_defaults_off(t)
        assert await sign_in(t, "pia.mfa@contoso.example") == 50076


async def test_the_synchronisation_account_is_not_held_by_security_defaults() -> None:
    async with tenant("contoso") as t:
        assert await sign_in(t, "sync_server@contoso.onmicrosoft.com") == 0


async def test_conditional_access_comes_after_the_password() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        policy(t)
        assert await sign_in(t, given="x") == 50126
        assert await sign_in(t) == 53003


async def test_an_mfa_policy_for_all_clients_stops_legacy_ones_too() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        mfa = {"operator": "OR", "builtInControls": ["mfa"]}
        policy(t, conditions={"clientAppTypes": ["all"]}, grantControls=mfa)
        assert await sign_in(t) == 53003


async def test_an_mfa_policy_for_modern_clients_leaves_legacy_ones_alone() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        modern = {"clientAppTypes": ["browser", "mobileAppsAndDesktopClients"]}
        policy(t, conditions=modern, grantControls={"operator": "OR", "builtInControls": ["mfa"]})
        assert await sign_in(t) == 0


@pytest.mark.parametrize("state", ["disabled", "enabledForReportingButNotEnforced"])
async def test_policies_that_are_not_enabled_stop_nobody(state: str) -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        policy(t, state=state)
        assert await sign_in(t) == 0


async def test_an_excluded_user_passes_and_so_does_a_member_of_a_nested_excluded_group() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        scanners = t.lab.world["groups"].find("displayName", "Scanners")
        assert scanners is not None
        all_but = {"includeUsers": ["All"], "excludeGroups": [scanners["id"]]}
        policy(t, conditions={"users": all_but})
        assert await sign_in(t) == 0
        assert await sign_in(t, "scan.archive@contoso.example") == 0
        assert await sign_in(t, "ada@contoso.example") == 53003


async def test_a_named_location_lets_its_network_through_and_nobody_else() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        office = {"id": "n1", "isTrusted": False, "ipRanges": [{"cidrAddress": "203.0.113.0/28"}]}
        t.lab.world["namedLocations"].put("n1", office)
        where = {"includeLocations": ["All"], "excludeLocations": ["n1"]}
        policy(t, conditions={"locations": where})
        assert await sign_in(t, address=INSIDE) == 0
        assert await sign_in(t, address=OUTSIDE) == 53003


async def test_policies_take_as_long_as_the_weather_says() -> None:
    async with tenant() as t:
        switch_defaults_off(t)
        t.clock.advance(1000)
        t.weather("fair", effects={"conditionalAccess": 120.0})
        policy(t)
        assert await sign_in(t) == 0
        t.clock.advance(121)
        assert await sign_in(t) == 53003


WHO = [
    ({"includeUsers": ["None"]}, "users"),
    ({"includeUsers": ["All"]}, ""),
    ({"includeUsers": ["GuestsOrExternalUsers"]}, "users"),
    ({"includeRoles": ["62e90394-69f5-4237-9190-012177145e10"]}, "users"),
    ({"includeUsers": ["All"], "excludeUsers": ["GuestsOrExternalUsers"]}, ""),
]


@pytest.mark.parametrize(("users", "reason"), WHO)
async def test_the_user_condition_is_judged_first(users: dict[str, Any], reason: str) -> None:
    async with tenant() as t:
        policy(t, conditions={"users": users, "clientAppTypes": ["all"]})
        met = judge(Seen(t.lab.world), SignIn(user=t.user(SCAN)))
    assert [each.reason for each in met] == [reason]


async def test_roles_and_guests_are_named() -> None:
    admin = {"includeRoles": ["62e90394-69f5-4237-9190-012177145e10"]}
    async with tenant("contoso") as t:
        policy(t, conditions={"users": admin, "clientAppTypes": ["all"]})
        guests = {"includeUsers": ["GuestsOrExternalUsers"]}
        policy(t, id="p2", conditions={"users": guests, "clientAppTypes": ["all"]})
        boss = SignIn(user=t.user("admin@contoso.example"))
        guest = SignIn(user=t.user("guest_fabrikam.example#EXT#@contoso.onmicrosoft.com"))
        assert [m.applies for m in judge(Seen(t.lab.world), boss)] == [True, False]
        assert [m.applies for m in judge(Seen(t.lab.world), guest)] == [False, True]


CONTROLS = [
    ("OR", ["mfa", "compliantDevice"], {"pwd", "mfa"}, ""),
    ("AND", ["mfa", "compliantDevice"], {"pwd", "mfa"}, "device"),
    ("AND", ["mfa", "compliantDevice"], {"pwd"}, "mfa"),
    ("OR", ["compliantDevice"], {"pwd", "mfa"}, "device"),
    ("OR", ["block"], {"pwd", "mfa"}, "block"),
    ("OR", [], {"pwd"}, ""),
]


@pytest.mark.parametrize(("operator", "controls", "amr", "lacking"), CONTROLS)
async def test_what_a_policy_demands(
    operator: str, controls: list[str], amr: set[str], lacking: str
) -> None:
    async with tenant() as t:
        grant = {"operator": operator, "builtInControls": controls}
        policy(t, conditions={"clientAppTypes": ["all"]}, grantControls=grant)
        sign_in = SignIn(user=t.user(SCAN), amr=frozenset(amr))
        (met,) = judge(Seen(t.lab.world), sign_in)
    assert unmet(met, sign_in) == lacking


async def test_the_exclusion_is_told_before_the_client_app() -> None:
    """Microsoft's order: an excluded user shows as not applied even on browsers (2.10)."""
    async with tenant() as t:
        users = {"includeUsers": ["All"], "excludeUsers": [t.user(SCAN)["id"]]}
        policy(t, conditions={"users": users})
        met = judge(Seen(t.lab.world), SignIn(user=t.user(SCAN), client_app="browser"))
    assert [each.reason for each in met] == ["users"]
