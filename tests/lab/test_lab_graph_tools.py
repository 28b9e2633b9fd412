"""What tools for administrators ask of Graph: roles, related objects, licences, other spellings."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from body_tenant import Tenant, error, tenant

ROLES = "roleManagement/directory"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
P2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"


async def rows(t: Tenant, path: str, **headers: str) -> list[dict[str, Any]]:
    answer = await t.graph("GET", path, **headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def consent(t: Tenant, role: str) -> None:
    """Give the control application one more permission of Graph."""
    graph = t.lab.world["servicePrincipals"].find("displayName", "Microsoft Graph")
    assert graph is not None
    row = {
        "id": role,
        "principalId": t.lab.info["admin"]["principal_id"],
        "resourceId": graph["id"],
        "appRoleId": next(each["id"] for each in graph["appRoles"] if each["value"] == role),
    }
    t.lab.world["appRoleAssignments"].put(role, row)


# --- roles ----------------------------------------------------------------------------------


async def test_role_definitions_are_listed_filtered_and_got_by_their_template() -> None:
    async with tenant() as t:
        listed = await rows(t, f"{ROLES}/roleDefinitions")
        named = await rows(t, f"{ROLES}/roleDefinitions?$filter=displayName eq 'Global Reader'")
        one = (await t.graph("GET", f"{ROLES}/roleDefinitions/{GLOBAL}?$select=displayName")).json()
        none = await t.graph("GET", f"{ROLES}/roleDefinitions/{t.lab.world.tenant_id}")
        known = {row["id"] for row in t.lab.world["roleDefinitions"].all()}
    assert {row["id"] for row in listed} == {row["templateId"] for row in listed} == known
    assert [row["id"] for row in named] == ["f2ef992c-3afb-46b9-b7cf-a126ee74c451"]
    assert one["displayName"] == "Global Administrator"
    assert (none.status_code, error(none)["code"]) == (404, "Request_ResourceNotFound")


async def test_every_role_that_somebody_holds_has_a_definition_and_is_activated() -> None:
    async with tenant("contoso") as t:
        held = {row["roleDefinitionId"] for row in t.lab.world["roleAssignments"].all()}
        activated = await rows(t, "directoryRoles")
    assert {row["roleTemplateId"] for row in activated} == held
    assert all(row["displayName"] for row in activated)


async def test_role_assignments_show_holder_and_role_when_asked_to() -> None:
    async with tenant() as t:
        path = f"{ROLES}/roleAssignments?$filter=roleDefinitionId eq '{GLOBAL}'"
        bare = await rows(t, path)
        whole = await rows(t, f"{path}&$expand=principal,roleDefinition($select=displayName)")
        narrow = await rows(t, f"{path}&$select=id&$expand=principal($select=userPrincipalName)")
    assert not any("principal" in row or "roleDefinition" in row for row in bare)
    assert [row["principal"]["id"] for row in whole] == [row["principalId"] for row in bare]
    assert {row["principal"]["@odata.type"] for row in whole} == {"#microsoft.graph.user"}
    assert {str(row["roleDefinition"]) for row in whole} == {
        "{'displayName': 'Global Administrator'}"
    }
    assert all(set(row) == {"id", "principal"} for row in narrow)
    named = {"@odata.type": "#microsoft.graph.user"}
    assert {**named, "userPrincipalName": "bg1@contoso.onmicrosoft.com"} in [
        row["principal"] for row in narrow
    ]


@pytest.mark.parametrize("what", ["shoes", "principal($top=1)", "principal,shoes"])
async def test_what_nothing_is_related_by_cannot_be_expanded(what: str) -> None:
    async with tenant() as t:
        answer = await t.graph("GET", f"{ROLES}/roleAssignments?$expand={what}")
    assert (answer.status_code, error(answer)["code"]) == (400, "BadRequest")
    assert error(answer)["message"].startswith("Parsing OData Select and Expand failed:")


async def test_a_role_held_by_a_group_or_an_application_is_expanded_to_it() -> None:
    async with tenant() as t:
        group = next(t.lab.world["groups"].all())
        row = {"id": "g", "principalId": group["id"], "roleDefinitionId": GLOBAL}
        t.lab.world["roleAssignments"].put("g", row)
        t.lab.world["roleAssignments"].put("n", {**row, "id": "n", "principalId": "nobody"})
        found = {
            row["principalId"]: row["principal"]
            for row in await rows(t, f"{ROLES}/roleAssignments?$expand=principal")
        }
        mine = t.lab.info["admin"]["principal_id"]
    assert found[mine]["@odata.type"] == "#microsoft.graph.servicePrincipal"
    assert found[group["id"]]["@odata.type"] == "#microsoft.graph.group"
    assert "members" not in found[group["id"]]
    assert found["nobody"] is None


async def test_pims_list_needs_entra_id_p2() -> None:
    path = f"{ROLES}/roleAssignmentScheduleInstances?$expand=roleDefinition($select=displayName)"
    async with tenant() as t:
        refused = await t.graph("GET", path)
        sku = next(t.lab.world["subscribedSkus"].all())
        plans = [*sku["servicePlans"], {"servicePlanId": P2, "servicePlanName": "AAD_PREMIUM_P2"}]
        t.lab.world["subscribedSkus"].patch(sku["id"], servicePlans=plans)
        found = await rows(t, path)
        known = {row["id"] for row in t.lab.world["roleAssignments"].all()}
    assert refused.status_code == 400
    assert error(refused)["code"] == "AadPremiumLicenseRequired"
    assert error(refused)["message"].endswith("or Microsoft Entra ID Governance license.")
    assert {row["roleAssignmentOriginId"] for row in found} == known
    assert {(row["assignmentType"], row["memberType"]) for row in found} == {("Assigned", "Direct")}


# --- applications ---------------------------------------------------------------------------


async def test_a_service_principal_shows_its_permissions_but_not_more_than_twenty() -> None:
    async with tenant() as t:
        mine = t.lab.info["admin"]["client_id"]
        path = f"servicePrincipals?$filter=appId eq '{mine}'&$expand=appRoleAssignments"
        (few,) = await rows(t, path)
        single = await t.graph("GET", f"servicePrincipals/{few['id']}?$expand=appRoleAssignments")
        listed = await rows(t, f"servicePrincipals/{few['id']}/appRoleAssignments")
        for number in range(20):
            row = {**listed[0], "id": f"more-{number}"}
            t.lab.world["appRoleAssignments"].put(row["id"], row)
        (many,) = await rows(t, path)
    assert few["appRoleAssignments"] == listed == single.json()["appRoleAssignments"]
    assert len(many["appRoleAssignments"]) == 20


async def test_service_principals_are_found_by_tag_without_more() -> None:
    async with tenant() as t:
        tag = "WindowsAzureActiveDirectoryIntegratedApp"
        found = await rows(t, f"servicePrincipals?$filter=(tags/any(t:t eq '{tag}'))")
        some = await rows(t, "servicePrincipals?$filter=tags/any(t:startsWith(t,'windows'))")
        none = await rows(t, "servicePrincipals?$filter=tags/any(t:t eq 'HideApp')")
        mine = {app["appId"] for app in t.lab.world["applications"].all()}
    assert mine <= {row["appId"] for row in found}
    assert (some, none) == (found, [])


async def test_addresses_are_filtered_by_any_of_them() -> None:
    asked = "users?$count=true&$select=mail&$filter=proxyAddresses/any"
    async with tenant() as t:
        answers = [
            await rows(t, f"{asked}({text})", ConsistencyLevel="eventual")
            for text in (
                "a:a eq 'smtp:ada@contoso.example'",
                "a:startsWith(a,'SMTP:ada@')",
                "a:endsWith(a,'ada@contoso.example')",
            )
        ]
    assert answers == [[{"mail": "ada@contoso.example"}]] * 3


async def test_the_application_behind_a_token_is_named_in_it() -> None:
    async with tenant() as t:
        claims = jwt.decode(await t.bearer(), options={"verify_signature": False})
    assert (claims["app_displayname"], claims["idtyp"]) == ("Portineria control", "app")


async def test_a_collection_is_counted_whole_beside_its_first_page() -> None:
    async with tenant() as t:
        path = "servicePrincipals?$top=1&$count=true"
        body = (await t.graph("GET", path, ConsistencyLevel="eventual")).json()
        known = sum(1 for _ in t.lab.world["servicePrincipals"].all())
    assert (len(body["value"]), body["@odata.count"]) == (1, known)


# --- the tenant and its licences --------------------------------------------------------------


async def test_the_licences_of_a_person_are_told_with_their_plans() -> None:
    async with tenant() as t:
        ada = t.user("ada@contoso.example")
        (whole,) = await rows(t, "users/ada@contoso.example/licenseDetails")
        off = whole["servicePlans"][0]["servicePlanId"]
        licence = {"skuId": whole["skuId"], "disabledPlans": [off]}
        t.lab.world["users"].patch(ada["id"], assignedLicenses=[licence])
        (part,) = await rows(t, f"users/{ada['id']}/licenseDetails?$select=servicePlans")
        none = await rows(t, "users/bg1@contoso.onmicrosoft.com/licenseDetails")
        (sku,) = [row for row in await rows(t, "subscribedSkus") if row["skuId"] == whole["skuId"]]
    assert whole["servicePlans"] == sku["servicePlans"]
    assert whole["skuPartNumber"] == sku["skuPartNumber"]
    told = {plan["servicePlanId"]: plan["provisioningStatus"] for plan in part["servicePlans"]}
    assert {plan for plan, status in told.items() if status == "Disabled"} == {off}
    assert none == []


@pytest.mark.parametrize(
    "how",
    ["ByTenantId(tenantId='{tenant}')", "ByDomainName(domainName='Works.contoso.example')"],
)
async def test_what_another_tenant_may_know_of_this_one(how: str) -> None:
    async with tenant() as t:
        mine = t.lab.world.tenant_id
        path = "tenantRelationships/findTenantInformation" + how.format(tenant=mine)
        refused = await t.graph("GET", path)
        consent(t, "CrossTenantInformation.ReadBasic.All")
        told = (await t.graph("GET", path)).json()
    assert (refused.status_code, error(refused)["code"]) == (403, "Authorization_RequestDenied")
    told.pop("@odata.context")
    assert told == {
        "tenantId": mine,
        "federationBrandName": None,
        "displayName": "Contoso",
        "defaultDomainName": "contoso.example",
    }


async def test_of_other_tenants_nothing_is_known() -> None:
    async with tenant() as t:
        consent(t, "CrossTenantInformation.ReadBasic.All")
        path = (
            "tenantRelationships/findTenantInformationByDomainName(domainName='fabrikam.example')"
        )
        answer = await t.graph("GET", path)
    assert answer.status_code == 404


# --- other spellings --------------------------------------------------------------------------


async def test_conditional_access_is_listed_among_the_policies_too() -> None:
    """And counts for the same limit of one request a second."""
    async with tenant() as t:
        made = await t.made()
        found = await rows(t, "policies/conditionalAccessPolicies")
        bearer = await t.bearer()
        first = await t.graph("GET", "identity/conditionalAccess/policies", bearer=bearer)
        url = "https://graph.lab/v1.0/policies/conditionalAccessPolicies"
        at_once = await t.http.get(url, headers={"authorization": f"Bearer {bearer}"})
    assert [row["id"] for row in found] == [made]
    assert (first.status_code, at_once.status_code) == (200, 429)


async def test_the_tenant_may_be_called_myorganization() -> None:
    async with tenant() as t:
        one = await rows(t, "myorganization/applications?$select=id")
        other = await rows(t, "applications?$select=id")
        bare = await t.graph("GET", "myorganization")
    assert one == other
    assert bare.status_code == 400


@pytest.mark.parametrize("path", ["users/ada@contoso.example", "users", "organization", "groups"])
async def test_members_are_selected_in_any_case_and_shown_in_microsofts(path: str) -> None:
    async with tenant() as t:
        body = (await t.graph("GET", f"{path}?$select=ID,displayname")).json()
    row = body["value"][0] if "value" in body else body
    assert {name for name in row if "@" not in name} == {"id", "displayName"}


async def test_without_metadata_there_are_no_annotations_but_those_of_the_collection() -> None:
    async with tenant() as t:
        group = next(g for g in t.lab.world["groups"].all() if g["displayName"] == "Scanners")
        path = f"groups/{group['id']}/transitiveMembers?$top=1&$count=true"
        sent = {"accept": "application/json; odata.metadata=none", "ConsistencyLevel": "eventual"}
        bare = await t.graph("GET", path, **sent)
        full = await t.graph("GET", path, ConsistencyLevel="eventual")
    assert bare.headers["content-type"].startswith("application/json;odata.metadata=none;")
    assert {name for name in bare.json() if "@" in name} == {"@odata.count", "@odata.nextLink"}
    assert "@odata.type" in full.json()["value"][0]
    assert "@odata.type" not in bare.json()["value"][0]
