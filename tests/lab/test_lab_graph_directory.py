"""The directory: people, groups, roles, licences, applications, and batches of calls."""

from __future__ import annotations

from typing import Any

import pytest
from body_tenant import ACCESS, Tenant, error, tenant

EVENTUAL = {"ConsistencyLevel": "eventual"}


async def names(t: Tenant, path: str, **headers: str) -> list[str]:
    answer = await t.graph("GET", path, **headers)
    assert answer.status_code == 200, answer.text
    return [row.get("userPrincipalName") or row["displayName"] for row in answer.json()["value"]]


async def test_people_come_in_pages_that_follow_each_other() -> None:
    async with tenant("contoso") as t:
        found: list[str] = []
        url, pages = "users?$select=id,userPrincipalName&$top=99", 0
        while url:
            body = (await t.graph("GET", url)).json()
            found += [row["userPrincipalName"] for row in body["value"]]
            url, pages = body.get("@odata.nextLink", ""), pages + 1
    assert (len(found), len(set(found)), pages) == (250, 250, 3)


@pytest.mark.parametrize("top", ["0", "1000", "many"])
async def test_a_page_has_at_most_999_rows(top: str) -> None:
    async with tenant() as t:
        assert (await t.graph("GET", f"users?$top={top}")).status_code == 400


async def test_without_select_a_user_has_the_default_members() -> None:
    async with tenant() as t:
        row = (await t.graph("GET", "users?$top=1")).json()["value"][0]
    assert "accountEnabled" not in row
    assert row["mobilePhone"] is None


async def test_nothing_private_of_the_lab_is_shown() -> None:
    async with tenant() as t:
        text = (await t.graph("GET", "users")).text
        ada = (await t.graph("GET", "users/ada@contoso.example")).text
        apps = (await t.graph("GET", "applications")).text
        group = (await t.graph("GET", "groups")).text
    secret = t.lab.info["admin"]["client_secret"]
    for private in ("Lab-", "perUserMfaState", "mfaRegistered", '"members"', secret):
        assert private not in text + ada + apps + group


async def test_a_user_is_got_by_id_and_by_name() -> None:
    async with tenant() as t:
        select = "?$select=id,accountEnabled,assignedPlans"
        by_name = (await t.graph("GET", f"users/leaver@contoso.example{select}")).json()
        by_id = (await t.graph("GET", f"users/{by_name['id']}{select}")).json()
        missing = await t.graph("GET", "users/nobody@contoso.example")
    assert by_name == by_id
    assert by_name["accountEnabled"] is False
    assert {plan["service"] for plan in by_name["assignedPlans"]} == {
        "exchange",
        "AADPremiumService",
    }
    assert missing.status_code == 404
    assert error(missing)["code"] == "Request_ResourceNotFound"
    assert error(missing)["message"] == (
        "Resource 'nobody@contoso.example' does not exist or one of its queried "
        "reference-property objects are not present."
    )


@pytest.mark.parametrize(
    "name",
    [
        "nora.o'malley@contoso.example",
        "guest_fabrikam.example%23EXT%23@contoso.onmicrosoft.com",
        "NORA.O%27MALLEY@contoso.example",
    ],
)
async def test_odd_names_are_found(name: str) -> None:
    async with tenant("contoso") as t:
        assert (await t.graph("GET", f"users/{name}")).status_code == 200


FILTERS = [
    ("accountEnabled eq false", ["leaver@contoso.example"]),
    ("userPrincipalName eq 'ADA@contoso.example'", ["ada@contoso.example"]),
    (
        "startswith(userPrincipalName,'bg')",
        ["bg1@contoso.onmicrosoft.com", "bg2@contoso.onmicrosoft.com"],
    ),
    (
        "startswith(displayName,'Ada') or (department eq 'Accounting' and accountEnabled eq true)",
        ["ada@contoso.example", "bruno@contoso.example"],
    ),
    ("mail eq 'it''s nobody'", []),
]


@pytest.mark.parametrize(("text", "expected"), FILTERS)
async def test_plain_filters_need_nothing_special(text: str, expected: list[str]) -> None:
    async with tenant() as t:
        found = await names(t, f"users?$filter={text}&$select=userPrincipalName,displayName")
    # the invoices mailbox has an account that is not enabled either
    assert [name for name in found if not name.startswith("invoices")] == expected


ADVANCED = [
    "userType ne 'Guest'",
    "endsWith(mail,'@contoso.example')",
    "assignedPlans/any(p:p/servicePlanId eq 9aaf7827-d63c-4b61-89c3-182f06f82e5c and "
    "p/capabilityStatus eq 'Enabled')",
]


@pytest.mark.parametrize("text", ADVANCED)
async def test_advanced_filters_need_the_header_and_the_count(text: str) -> None:
    async with tenant() as t:
        bare = await t.graph("GET", f"users?$filter={text}")
        half = await t.graph("GET", f"users?$filter={text}", ConsistencyLevel="eventual")
        whole = await t.graph(
            "GET", f"users?$filter={text}&$count=true", ConsistencyLevel="eventual"
        )
    assert (bare.status_code, half.status_code, whole.status_code) == (400, 400, 200)
    assert error(bare)["code"] == error(half)["code"] == "Request_UnsupportedQuery"
    assert whole.json()["@odata.count"] == len(whole.json()["value"]) > 0


async def test_what_an_advanced_query_lacks_is_said_in_microsofts_words() -> None:
    async with tenant() as t:
        ends = await t.graph("GET", "users?$filter=endsWith(mail,'@contoso.example')")
        search = await t.graph("GET", 'users?$search="displayName:Ada"')
    assert error(ends)["message"].startswith(
        "Operator 'endsWith' is not supported because the required parameters might be missing."
    )
    assert "'ConsistencyLevel: eventual'" in error(search)["message"]


async def test_a_count_without_its_header_is_silently_missing() -> None:
    async with tenant() as t:
        bare = await t.graph("GET", "users?$count=true")
        whole = await t.graph("GET", "users?$count=true", ConsistencyLevel="eventual")
    assert (bare.status_code, "@odata.count" in bare.json()) == (200, False)
    assert whole.json()["@odata.count"] == len(whole.json()["value"])


async def test_a_context_names_what_was_selected() -> None:
    async with tenant() as t:
        answers = [
            (await t.graph("GET", path)).json()["@odata.context"]
            for path in ("users", "users?$select=id,mail", "organization?$select=id")
        ]
    root = "https://graph.lab/v1.0/$metadata#"
    assert answers == [f"{root}users", f"{root}users(id,mail)", f"{root}organization(id)"]


async def test_every_answer_names_its_request() -> None:
    async with tenant() as t:
        named = {"client_request_id": "5e0fbd0c-1f6f-4a8e-9b67-2f6f2b3b9d11"}
        good = await t.graph("GET", "users?$top=1", **named)
        bad = await t.graph("GET", "users/nobody", **named)
    assert good.headers["client-request-id"] == named["client_request_id"]
    assert good.headers["request-id"]
    assert good.headers["content-type"].startswith("application/json;odata.metadata=minimal;")
    assert bad.headers["request-id"] == error(bad)["innerError"]["request-id"]


async def test_a_cast_may_be_written_with_the_schemas_alias() -> None:
    async with tenant() as t:
        group = next(g for g in t.lab.world["groups"].all() if g["displayName"] == "Scanners")
        answers = [
            await t.graph(
                "GET",
                f"groups/{group['id']}/transitiveMembers/{cast}?$count=true",
                ConsistencyLevel="eventual",
            )
            for cast in ("graph.user", "microsoft.graph.user")
        ]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json()["value"] == answers[1].json()["value"]


@pytest.mark.parametrize(
    "text", ["accountEnabled", "a eq", "(a eq 'b'", "a gt 'b'", "a eq 'b' 'c'"]
)
async def test_a_filter_that_makes_no_sense_is_refused(text: str) -> None:
    async with tenant() as t:
        assert (await t.graph("GET", f"users?$filter={text}")).status_code == 400


async def test_people_are_counted_with_the_header() -> None:
    async with tenant() as t:
        answer = await t.graph("GET", "users/$count", ConsistencyLevel="eventual")
        refused = await t.graph("GET", "users/$count")
    assert (answer.text, refused.status_code) == ("12", 400)
    assert answer.headers["content-type"].startswith("text/plain")


async def test_selecting_what_collections_cannot_show_is_501() -> None:
    async with tenant() as t:
        assert (await t.graph("GET", "users?$select=id,mailboxSettings")).status_code == 501
        assert (await t.graph("GET", "users?$select=id,shoeSize")).status_code == 400


async def test_members_of_a_group_are_found_through_other_groups() -> None:
    async with tenant() as t:
        group = (await t.graph("GET", "groups?$filter=displayName eq 'Scanners'")).json()["value"][
            0
        ]
        path = f"groups/{group['id']}/transitiveMembers/microsoft.graph.user?$count=true"
        found = await names(t, path, ConsistencyLevel="eventual")
        bare = await t.graph("GET", path)
    assert found == ["scan@contoso.example", "scan.archive@contoso.example"]
    assert bare.status_code == 400


async def test_role_assignments_are_filtered_by_role_or_by_holder() -> None:
    base = "roleManagement/directory/roleAssignments"
    role = "62e90394-69f5-4237-9190-012177145e10"
    async with tenant() as t:
        body = (await t.graph("GET", f"{base}?$filter=roleDefinitionId eq '{role}'")).json()
        holders = {row["principalId"] for row in body["value"]}
        bg1 = t.user("bg1@contoso.onmicrosoft.com")["id"]
        mine = (await t.graph("GET", f"{base}?$filter=principalId eq '{bg1}'")).json()["value"]
    assert len(holders) == 3
    assert [row["roleDefinitionId"] for row in mine] == [role]


async def test_the_tenant_tells_its_name_domains_and_licences() -> None:
    async with tenant() as t:
        organization = (await t.graph("GET", "organization")).json()["value"][0]
        domains = (await t.graph("GET", "domains")).json()["value"]
        skus = (await t.graph("GET", "subscribedSkus")).json()["value"]
    assert organization["id"] == t.lab.world.tenant_id
    assert {row["id"]: row["authenticationType"] for row in domains} == {
        "contoso.onmicrosoft.com": "Managed",
        "contoso.example": "Managed",
        "works.contoso.example": "Federated",
    }
    plans = {plan["servicePlanName"] for sku in skus for plan in sku["servicePlans"]}
    assert "AAD_PREMIUM" in plans
    assert skus[0]["id"] == f"{t.lab.world.tenant_id}_{skus[0]['skuId']}"


async def test_per_user_mfa_is_read_in_beta_only() -> None:
    async with tenant("contoso") as t:
        path = "users/pia.mfa@contoso.example/authentication/requirements"
        beta = await t.graph("GET", f"https://graph.lab/beta/{path}")
        stable = await t.graph("GET", path)
    assert beta.json()["perUserMfaState"] == "enforced"
    assert stable.status_code == 400


async def test_sign_in_logs_need_a_premium_licence() -> None:
    async with tenant("contoso-free") as t:
        client = t.lab.info["admin"]["principal_id"]
        graph = t.lab.world["servicePrincipals"].find("displayName", "Microsoft Graph")
        assert graph is not None
        role = next(r["id"] for r in graph["appRoles"] if r["value"] == "AuditLog.Read.All")
        row = {"id": "x", "principalId": client, "resourceId": graph["id"], "appRoleId": role}
        t.lab.world["appRoleAssignments"].put("x", row)
        answer = await t.graph("GET", "auditLogs/signIns")
    assert answer.status_code == 403
    assert error(answer)["code"] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


async def test_a_service_principal_is_found_by_its_app_id() -> None:
    exchange = "00000002-0000-0ff1-ce00-000000000000"
    async with tenant() as t:
        short = (await t.graph("GET", f"servicePrincipals(appId='{exchange}')")).json()
        listed = (await t.graph("GET", f"servicePrincipals?$filter=appId eq '{exchange}'")).json()
        given = (await t.graph("GET", f"servicePrincipals/{short['id']}/appRoleAssignedTo")).json()
    assert listed["value"][0]["id"] == short["id"]
    values = {role["id"]: role["value"] for role in short["appRoles"]}
    mail = t.lab.info["mail_app"]["principal_id"]
    roles = {values[row["appRoleId"]] for row in given["value"] if row["principalId"] == mail}
    assert roles == {"IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "nonsense", 400), ("DELETE", "organization", 405), ("POST", "users", 405)],
)
async def test_unknown_paths_and_methods(method: str, path: str, status: int) -> None:
    async with tenant() as t:
        assert (await t.graph(method, path)).status_code == status


async def test_errors_have_graphs_envelope() -> None:
    async with tenant() as t:
        answer = await t.graph("GET", "groups/none", client_request_id="abc")
    inner = error(answer)["innerError"]
    assert inner["client-request-id"] == "abc"
    assert not inner["date"].endswith("Z")
    assert inner["request-id"]


@pytest.mark.parametrize("bearer", ["nonsense", "a.b.c"])
async def test_a_bad_token_is_401(bearer: str) -> None:
    async with tenant() as t:
        answer = await t.graph("GET", "users", bearer=bearer)
    assert (answer.status_code, error(answer)["code"]) == (401, "InvalidAuthenticationToken")


async def test_a_token_for_exchange_is_no_token_for_graph() -> None:
    async with tenant() as t:
        other = await t.bearer(scope="https://outlook.office365.com/.default")
        assert (await t.graph("GET", "users", bearer=other)).status_code == 401


# --- applications and consent ---------------------------------------------------------------

ADMIN = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
)


def empower(t: Tenant) -> None:
    """Give the control application what only an administrator's own session has."""
    graph = t.lab.world["servicePrincipals"].find("displayName", "Microsoft Graph")
    assert graph is not None
    for role in graph["appRoles"]:
        if role["value"] in ADMIN:
            row = {
                "id": role["value"],
                "principalId": t.lab.info["admin"]["principal_id"],
                "resourceId": graph["id"],
                "appRoleId": role["id"],
            }
            t.lab.world["appRoleAssignments"].put(role["value"], row)


async def test_an_application_is_made_consented_and_gets_a_token() -> None:
    async with tenant() as t:
        empower(t)
        app = (await t.graph("POST", "applications", {"displayName": "New"})).json()
        principal = (await t.graph("POST", "servicePrincipals", {"appId": app["appId"]})).json()
        asked = {"passwordCredential": {"displayName": "x"}}
        added = await t.graph("POST", f"applications/{app['id']}/addPassword", asked)
        exchange = (
            await t.graph("GET", "servicePrincipals(appId='00000002-0000-0ff1-ce00-000000000000')")
        ).json()
        role = next(r for r in exchange["appRoles"] if r["value"] == "SMTP.SendAsApp")
        body = {
            "principalId": principal["id"],
            "resourceId": exchange["id"],
            "appRoleId": role["id"],
        }
        path = f"servicePrincipals/{exchange['id']}/appRoleAssignedTo"
        given = await t.graph("POST", path, body)
        again = await t.graph("POST", path, body)
        token = await t.token(
            client_id=app["appId"],
            client_secret=added.json()["secretText"],
            scope="https://outlook.office365.com/.default",
        )
        shown = await t.graph("GET", f"applications/{app['id']}")
    assert (added.status_code, given.status_code, again.status_code) == (200, 201, 400)
    assert token.status_code == 200
    assert added.json()["secretText"] not in shown.text


async def test_delegated_consent_is_granted_extended_and_withdrawn() -> None:
    async with tenant() as t:
        empower(t)
        rows = (await t.graph("GET", "oauth2PermissionGrants")).json()["value"]
        key = rows[0]["id"]
        extended = await t.graph("PATCH", f"oauth2PermissionGrants/{key}", {"scope": "SMTP.Send"})
        gone = await t.graph("DELETE", f"oauth2PermissionGrants/{key}")
        made = await t.graph(
            "POST",
            "oauth2PermissionGrants",
            {
                "clientId": rows[0]["clientId"],
                "consentType": "AllPrincipals",
                "principalId": None,
                "resourceId": rows[0]["resourceId"],
                "scope": "SMTP.Send",
            },
        )
    assert (extended.status_code, gone.status_code, made.status_code) == (204, 204, 201)


async def test_a_directory_role_is_given_and_taken() -> None:
    base = "roleManagement/directory/roleAssignments"
    async with tenant() as t:
        empower(t)
        body = {
            "principalId": t.user("ada@contoso.example")["id"],
            "roleDefinitionId": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
            "directoryScopeId": "/",
        }
        given = await t.graph("POST", base, body)
        taken = await t.graph("DELETE", f"{base}/{given.json()['id']}")
    assert (given.status_code, taken.status_code) == (201, 204)


# --- batches --------------------------------------------------------------------------------


async def batch(t: Tenant, *requests: dict[str, Any]) -> Any:
    return await t.graph("POST", "$batch", {"requests": list(requests)})


async def test_each_part_of_a_batch_has_its_own_status() -> None:
    async with tenant() as t:
        answer = await batch(
            t,
            {"id": "1", "method": "GET", "url": "/organization"},
            {"id": "2", "method": "GET", "url": "/users/nobody@contoso.example"},
            {"id": "3", "method": "GET", "url": "/users/$count", "headers": EVENTUAL},
            {"id": "4", "method": "GET", "url": "/organization", "dependsOn": ["2"]},
        )
    found = {part["id"]: part["status"] for part in answer.json()["responses"]}
    assert answer.status_code == 200
    assert found == {"1": 200, "2": 404, "3": 200, "4": 424}


async def test_a_part_can_be_throttled_inside_a_200() -> None:
    async with tenant() as t:
        answer = await batch(
            t,
            {"id": "1", "method": "GET", "url": f"/{ACCESS}"},
            {"id": "2", "method": "GET", "url": f"/{ACCESS}"},
        )
    statuses = [part["status"] for part in answer.json()["responses"]]
    assert (answer.status_code, statuses) == (200, [200, 429])
    assert "Retry-After" not in answer.json()["responses"][1]["headers"]


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"id": str(n), "method": "GET", "url": "/domains"} for n in range(21)],
        [{"id": "a", "method": "GET", "url": "/x"}, {"id": "A", "method": "GET", "url": "/y"}],
        [{"id": "1", "method": "PATCH", "url": "/x", "body": {}}],
    ],
)
async def test_a_malformed_batch_is_400_as_a_whole(requests: list[dict[str, Any]]) -> None:
    async with tenant() as t:
        assert (await batch(t, *requests)).status_code == 400
