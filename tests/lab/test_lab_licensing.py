"""Licences, and what Exchange makes of them; people who are renamed; and who is in a group."""

from __future__ import annotations

from typing import Any

import pytest
from body_tenant import Tenant, error, tenant

SPB = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"
KIOSK = "80b2d799-d2ba-4d2a-8842-fb0d0f3a4b82"
EMS = "efccb6f7-5641-4e0e-bd10-b4976e1bf68e"
ADA = "ada@contoso.example"


def box(t: Tenant, address: str = ADA) -> dict[str, Any]:
    found = t.lab.world["mailboxes"].find("PrimarySmtpAddress", address)
    assert found is not None
    return found


def close_by_hand(t: Tenant, address: str = ADA) -> None:
    guid = box(t, address)["Guid"]
    t.lab.world["mailboxes"].patch(
        guid, ImapEnabled=False, PopEnabled=False, SmtpClientAuthenticationDisabled=True
    )


async def allowed(t: Tenant, *permissions: str) -> None:
    """Consent to these for the control application, which has them in no seed."""
    graph = t.lab.world["servicePrincipals"].find("displayName", "Microsoft Graph")
    assert graph is not None
    ids = {role["value"]: role["id"] for role in graph["appRoles"]}
    for name in permissions:
        row = {
            "id": name,
            "principalId": t.lab.info["admin"]["principal_id"],
            "resourceId": graph["id"],
            "appRoleId": ids[name],
        }
        t.lab.world["appRoleAssignments"].put(name, row)


async def assign(t: Tenant, upn: str, add: list[str], remove: list[str]) -> Any:
    body = {"addLicenses": [{"skuId": sku} for sku in add], "removeLicenses": remove}
    return await t.graph("POST", f"users/{upn}/assignLicense", body)


async def test_another_licence_applies_its_mailbox_plan_over_what_was_set_by_hand() -> None:
    async with tenant("contoso") as t:
        await allowed(t, "LicenseAssignment.ReadWrite.All")
        close_by_hand(t)
        answer = await assign(t, ADA, [KIOSK], [SPB])
        assert answer.status_code == 200
        assert answer.json()["userPrincipalName"] == ADA
        kiosk = box(t)
        assert kiosk["MailboxPlan"].startswith("ExchangeOnlineDeskless-")
        assert (kiosk["ImapEnabled"], kiosk["PopEnabled"]) == (False, True)
        assert (await assign(t, ADA, [SPB], [KIOSK])).status_code == 200
        standard = box(t)
        assert standard["MailboxPlan"].startswith("ExchangeOnline-")
        assert (standard["ImapEnabled"], standard["PopEnabled"]) == (True, True)
        assert standard["SmtpClientAuthenticationDisabled"] is True


async def test_a_licence_that_means_the_same_plan_leaves_the_mailbox_alone() -> None:
    async with tenant("contoso") as t:
        await allowed(t, "LicenseAssignment.ReadWrite.All")
        close_by_hand(t)
        assert (await assign(t, ADA, [EMS], [])).status_code == 200
        assert box(t)["ImapEnabled"] is False
        held = {row["skuId"] for row in t.user(ADA)["assignedLicenses"]}
        assert held == {SPB, EMS}


async def test_plans_that_are_no_longer_held_are_shown_as_deleted() -> None:
    async with tenant("contoso") as t:
        await allowed(t, "LicenseAssignment.ReadWrite.All")
        await assign(t, ADA, [], [SPB])
        states = {plan["capabilityStatus"] for plan in t.user(ADA)["assignedPlans"]}
        assert states == {"Deleted"}
        assert box(t)["MailboxPlan"].startswith("ExchangeOnline-")


REFUSED = [
    (ADA, [], [KIOSK], "User does not have a corresponding license."),
    (ADA, ["0"], [], "License 0 does not correspond to a valid company License."),
]


@pytest.mark.parametrize(("upn", "add", "remove", "text"), REFUSED)
async def test_a_change_that_cannot_be_is_refused_in_the_services_words(
    upn: str, add: list[str], remove: list[str], text: str
) -> None:
    async with tenant("contoso") as t:
        await allowed(t, "LicenseAssignment.ReadWrite.All")
        answer = await assign(t, upn, add, remove)
        assert (answer.status_code, error(answer)["message"]) == (400, text)
        assert {row["skuId"] for row in t.user(upn)["assignedLicenses"]} == {SPB}


async def test_without_a_location_or_a_seat_there_is_no_licence() -> None:
    async with tenant("contoso") as t:
        await allowed(t, "LicenseAssignment.ReadWrite.All")
        t.lab.world["users"].patch(t.user(ADA)["id"], usageLocation=None)
        assert "invalid usage location" in error(await assign(t, ADA, [EMS], []))["message"]
        sku = t.lab.world["subscribedSkus"].find("skuId", EMS)
        assert sku is not None
        units = {**sku["prepaidUnits"], "enabled": 1}
        t.lab.world["subscribedSkus"].patch(sku["id"], prepaidUnits=units)
        refused = await assign(t, "bruno@contoso.example", [EMS], [])
        assert "does not have any available licenses" in error(refused)["message"]


async def test_licences_are_changed_by_those_only_who_may() -> None:
    async with tenant() as t:
        assert (await assign(t, ADA, [], [])).status_code == 403
        await allowed(t, "LicenseAssignment.ReadWrite.All")
        assert (await assign(t, ADA, [], [])).status_code == 200
        half = await t.graph("POST", f"users/{ADA}/assignLicense", {"addLicenses": []})
        assert half.status_code == 400


async def test_the_control_door_changes_the_one_licence_of_a_person() -> None:
    async with tenant("contoso") as t:
        close_by_hand(t)
        path = f"people/{ADA}/licence"
        told = (await t.control("POST", path, {"part": "EXCHANGEDESKLESS"})).json()
        assert (told["mailbox"]["ImapEnabled"], told["mailbox"]["PopEnabled"]) == (False, True)
        assert (await t.control("POST", path, {"part": None})).status_code == 200
        assert t.user(ADA)["assignedLicenses"] == []
        assert (await t.control("POST", path, {"part": "SPB"})).status_code == 200
        assert box(t)["ImapEnabled"] is True
        unknown = await t.control("POST", path, {"part": "E9"})
        assert "there is: EMS, EXCHANGEDESKLESS, SPB" in unknown.json()["error"]
        nobody = await t.control("POST", "people/x@contoso.example/licence", {"part": "SPB"})
        assert nobody.status_code == 400


@pytest.mark.parametrize("keep", [True, False])
async def test_a_person_is_renamed_and_keeps_id_mailbox_and_the_old_address(keep: bool) -> None:
    async with tenant("contoso") as t:
        before, mailbox = t.user(ADA), box(t)
        body = {"upn": "ada.new@contoso.example", "name": "Ada New", "keep": keep}
        assert (await t.control("POST", f"people/{ADA}/rename", body)).status_code == 200
        after, now = t.user("ada.new@contoso.example"), box(t, "ada.new@contoso.example")
        assert (after["id"], now["Guid"]) == (before["id"], mailbox["Guid"])
        assert after["displayName"] == now["DisplayName"] == "Ada New"
        aliases = ["smtp:ada@contoso.example", "smtp:ada@contoso.onmicrosoft.com"]
        assert now["EmailAddresses"] == ["SMTP:ada.new@contoso.example", *aliases * keep]
        taken = {"upn": "bruno@contoso.example"}
        assert (
            await t.control("POST", "people/ada.new@contoso.example/rename", taken)
        ).status_code == 400
        back = {"upn": ADA}
        await t.control("POST", "people/ada.new@contoso.example/rename", back)
        assert box(t)["EmailAddresses"].count(f"smtp:{ADA}") == 0


# --- who is in a group -------------------------------------------------------------------------


async def held(t: Tenant, name: str, version: str = "v1.0") -> list[dict[str, Any]]:
    group = t.lab.world["groups"].find("displayName", name)
    assert group is not None
    path = f"https://graph.lab/{version}/groups/{group['id']}/transitiveMembers"
    answer = await t.graph("GET", f"{path}?$select=id,displayName,mail")
    assert answer.status_code == 200
    return list(answer.json()["value"])


def types(rows: list[dict[str, Any]]) -> list[str]:
    return sorted({row["@odata.type"].rpartition(".")[2] for row in rows})


async def test_members_of_every_type_are_told_and_what_may_not_be_read_by_id_alone() -> None:
    async with tenant("contoso") as t:
        rows = await held(t, "Mixed")
        assert types(rows) == ["device", "group", "orgContact", "user"]
        named = {row["@odata.type"].rpartition(".")[2]: row["displayName"] for row in rows}
        assert (named["device"], named["orgContact"]) == (None, None)
        await allowed(t, "Device.Read.All", "OrgContact.Read.All")
        rows = await held(t, "Mixed")
        named = {row["@odata.type"].rpartition(".")[2]: row["displayName"] for row in rows}
        assert (named["device"], named["orgContact"]) == ("LAPTOP-7", "Carla Contact")


async def test_applications_in_a_group_are_told_in_beta_only() -> None:
    async with tenant("contoso") as t:
        assert "servicePrincipal" in types(await held(t, "Mixed", "beta"))


async def test_a_circle_of_groups_ends_and_is_no_member_of_itself() -> None:
    async with tenant("contoso") as t:
        rows = await held(t, "Inner circle")
        names = sorted(row["displayName"] for row in rows)
        assert names == ["Ada Example", "Bruno Example", "Outer circle"]


async def test_groups_show_what_they_are() -> None:
    async with tenant("contoso") as t:
        select = "id,displayName,mail,groupTypes,mailEnabled,securityEnabled,membershipRule"
        rows = (await t.graph("GET", f"groups?$select={select}&$top=999")).json()["value"]
    by_name = {row["displayName"]: row for row in rows}
    assert by_name["Board"]["groupTypes"] == ["Unified"]
    assert by_name["All devices"]["groupTypes"] == ["DynamicMembership"]
    assert by_name["All devices"]["membershipRule"]
    projects = [row for row in rows if row["displayName"] == "Projects"]
    assert sorted(row["mailEnabled"] for row in projects) == [False, True]
