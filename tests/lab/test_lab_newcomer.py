"""A tenant before any application is registered: who may make one, and how long it is new."""

from __future__ import annotations

import base64
from typing import Any

import httpx2
import pytest
from body_tenant import EXCHANGE, Tenant, error, tenant
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portineria.lab.graph import delegated
from portineria.lab.login import tokens
from portineria.lab.login.tokens import signing_key

ADMIN, ADA, HELP = "admin@contoso.example", "ada@contoso.example", "helpdesk@contoso.example"
SCOPES = (
    "Application.ReadWrite.All Application.Read.All AppRoleAssignment.ReadWrite.All "
    "RoleManagement.ReadWrite.Directory DelegatedPermissionGrant.ReadWrite.All Policy.Read.All "
    "Policy.ReadWrite.SecurityDefaults User.Read.All User.RevokeSessions.All"
)
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
EXCHANGE_APP = "00000002-0000-0ff1-ce00-000000000000"
READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
ROLES = "roleManagement/directory/roleAssignments"
DER = base64.b64encode(signing_key().certificate).decode()
KEY = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": DER, "displayName": "ours"}


def person(t: Tenant, upn: str, scopes: str = SCOPES) -> str:
    """A token that this person would have through an application with these scopes."""
    return tokens.mint(
        t.lab.world,
        audience="https://graph.microsoft.com",
        subject=t.user(upn)["id"],
        scp=scopes,
        idtyp="user",
    )


async def ask(t: Tenant, method: str, path: str, body: Any = None, upn: str = ADMIN) -> Any:
    return await t.graph(method, path, body, bearer=person(t, upn))


async def made(t: Tenant, **more: Any) -> dict[str, Any]:
    answer = await ask(t, "POST", "applications", {"displayName": "New", **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def principal(t: Tenant, app: dict[str, Any]) -> str:
    answer = await ask(t, "POST", "servicePrincipals", {"appId": app["appId"]})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def service(t: Tenant, app_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(t, "GET", f"servicePrincipals(appId='{app_id}')")).json()
    return found


async def give(
    t: Tenant, holder: str, app_id: str, value: str, upn: str = ADMIN
) -> httpx2.Response:
    owner = await service(t, app_id)
    (role,) = [one["id"] for one in owner["appRoles"] if one["value"] == value]
    body = {"principalId": holder, "resourceId": owner["id"], "appRoleId": role}
    answer: httpx2.Response = await ask(
        t, "POST", f"servicePrincipals/{owner['id']}/appRoleAssignedTo", body, upn
    )
    return answer


async def test_a_bare_tenant_has_people_and_no_application_of_its_own_to_administer_with() -> None:
    async with tenant("bare") as t:
        assert t.lab.info["admin"] == {"client_id": "", "client_secret": "", "principal_id": ""}
        names = {app["displayName"] for app in t.lab.world["applications"].all()}
        assert names == {"Mail program"}
        assert t.user(ADMIN)["mfaRegistered"]
        tools = "Microsoft Graph Command Line Tools"
        assert t.lab.world["servicePrincipals"].find("displayName", tools) is None


# --- scopes say what is asked, roles what is allowed ---------------------------------------------

ASKED = [
    ("GET", "users", None, {ADMIN: 200, ADA: 200, HELP: 200}),
    ("GET", "servicePrincipals", None, {ADMIN: 200, ADA: 200, HELP: 200}),
    ("GET", "policies/authorizationPolicy", None, {ADMIN: 200, ADA: 403, HELP: 403}),
    ("POST", "applications", {"displayName": "x"}, {ADMIN: 201, ADA: 403, HELP: 403}),
    (
        "PATCH",
        "policies/identitySecurityDefaultsEnforcementPolicy",
        {"isEnabled": False},
        {ADMIN: 204, ADA: 403, HELP: 403},
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "expected"), ASKED)
async def test_a_person_opens_what_scopes_and_roles_both_allow(
    method: str, path: str, body: Any, expected: dict[str, int]
) -> None:
    for upn, status in expected.items():
        async with tenant("bare") as t:
            assert (await ask(t, method, path, body, upn)).status_code == status, upn
            if status < 300:
                less = await t.graph(method, path, body, bearer=person(t, upn, "User.Read"))
                assert less.status_code == 403


async def test_permissions_of_graph_are_not_for_those_who_manage_applications() -> None:
    async with tenant("bare") as t:
        row = {"roleDefinitionId": delegated.APPLICATION, "principalId": t.user(ADA)["id"]}
        t.lab.world["roleAssignments"].put("a", {"id": "a", "directoryScopeId": "/", **row})
        app = await made(t)
        holder = await principal(t, app)
        assert (await give(t, holder, EXCHANGE_APP, "Exchange.ManageAsApp", ADA)).status_code == 201
        refused = await give(t, holder, GRAPH_APP, "User.Read.All", ADA)
        assert refused.status_code == 403
        assert error(refused)["code"] == "Authorization_RequestDenied"
        assert (await give(t, holder, GRAPH_APP, "User.Read.All")).status_code == 201
        body = {"principalId": holder, "roleDefinitionId": READER, "directoryScopeId": "/"}
        assert (await ask(t, "POST", ROLES, body, ADA)).status_code == 403


# --- what an application has --------------------------------------------------------------------


async def test_a_certificate_is_kept_by_its_id_and_replaced_by_what_is_sent() -> None:
    async with tenant("bare") as t:
        app = await made(t, tags=["ours"])
        path = f"applications/{app['id']}"
        assert (await ask(t, "PATCH", path, {"keyCredentials": [KEY]})).status_code == 204
        (first,) = (await ask(t, "GET", path)).json()["keyCredentials"]
        assert first["key"] is None
        assert first["displayName"] == "ours"
        sha1 = x509.load_der_x509_certificate(base64.b64decode(DER))
        assert first["endDateTime"].startswith(f"{sha1.not_valid_after_utc:%Y-%m-%d}")
        both = {"keyCredentials": [first, {**KEY, "displayName": "second"}]}
        await ask(t, "PATCH", path, both)
        rows = (await ask(t, "GET", path)).json()["keyCredentials"]
        assert [row["displayName"] for row in rows] == ["ours", "second"]
        assert rows[0]["keyId"] == first["keyId"]
        (kept, _) = t.lab.world["applications"].get(app["id"])["certificates"]  # type: ignore[index]
        assert x509.load_pem_x509_certificate(kept.encode()).public_bytes(Encoding.DER)
        await ask(t, "PATCH", path, {"keyCredentials": []})
        assert (await ask(t, "GET", path)).json()["keyCredentials"] == []
        unknown = {"keyCredentials": [{"keyId": "other", "key": None}]}
        assert (await ask(t, "PATCH", path, unknown)).status_code == 400
        found = await ask(t, "GET", "applications?$filter=tags/any(t:t eq 'ours')")
        assert [row["id"] for row in found.json()["value"]] == [app["id"]]


async def test_a_secret_is_taken_away_by_its_id() -> None:
    async with tenant("bare") as t:
        app = await made(t)
        await principal(t, app)
        path = f"applications/{app['id']}"
        secret = (await ask(t, "POST", f"{path}/addPassword", {})).json()
        form = {"client_id": app["appId"], "client_secret": secret["secretText"]}
        assert (await t.token(**form)).status_code == 200
        gone = {"keyId": secret["keyId"]}
        assert (await ask(t, "POST", f"{path}/removePassword", gone)).status_code == 204
        assert (await t.token(**form)).json()["error_codes"] == [7000215]
        assert (await ask(t, "POST", f"{path}/removePassword", gone)).status_code == 400


async def test_whoever_makes_an_application_owns_it() -> None:
    async with tenant("bare") as t:
        app = await made(t)
        path = f"applications/{app['id']}/owners"
        (owner,) = (await ask(t, "GET", path)).json()["value"]
        assert owner["userPrincipalName"] == ADMIN
        assert "owners" not in app
        assert (await ask(t, "DELETE", f"{path}/{owner['id']}/$ref")).status_code == 204
        assert (await ask(t, "GET", path)).json()["value"] == []
        assert (await ask(t, "DELETE", f"{path}/{owner['id']}/$ref")).status_code == 404


async def test_nothing_is_made_twice() -> None:
    async with tenant("bare") as t:
        app = await made(t)
        holder = await principal(t, app)
        again = await ask(t, "POST", "servicePrincipals", {"appId": app["appId"]})
        assert again.status_code == 409
        body = {"principalId": holder, "roleDefinitionId": READER, "directoryScopeId": "/"}
        assert (await ask(t, "POST", ROLES, body)).status_code == 201
        refused = await ask(t, "POST", ROLES, body)
        assert refused.status_code == 400
        assert "conflicting object" in error(refused)["message"]
        for wrong in ({"principalId": "nobody"}, {"roleDefinitionId": "none"}):
            assert (await ask(t, "POST", ROLES, {**body, **wrong})).status_code == 404


async def test_a_deleted_application_takes_all_along_and_can_be_restored_or_purged() -> None:
    async with tenant("bare") as t:
        app = await made(t)
        holder = await principal(t, app)
        await give(t, holder, GRAPH_APP, "User.Read.All")
        body = {"principalId": holder, "roleDefinitionId": READER, "directoryScopeId": "/"}
        await ask(t, "POST", ROLES, body)
        assert (await ask(t, "DELETE", f"applications/{app['id']}")).status_code == 204
        assert (await ask(t, "GET", f"servicePrincipals/{holder}")).status_code == 404
        for kind in ("appRoleAssignments", "roleAssignments"):
            assert not [r for r in t.lab.world[kind].all() if r["principalId"] == holder]
        bin_ = "directory/deletedItems"
        (row,) = (await ask(t, "GET", f"{bin_}/microsoft.graph.application")).json()["value"]
        assert row["id"] == app["id"]
        assert row["deletedDateTime"]
        assert "certificates" not in row
        assert (await ask(t, "POST", f"{bin_}/{app['id']}/restore")).status_code == 200
        assert (await ask(t, "GET", f"applications/{app['id']}")).status_code == 200
        await ask(t, "DELETE", f"applications/{app['id']}")
        assert (await ask(t, "GET", f"{bin_}/{app['id']}")).status_code == 200
        assert (await ask(t, "DELETE", f"{bin_}/{app['id']}")).status_code == 204
        assert (await ask(t, "GET", f"{bin_}/{app['id']}")).status_code == 404


# --- how long it is new -----------------------------------------------------------------------


async def test_what_was_just_made_is_not_known_everywhere_and_the_refusals_say_so() -> None:
    async with tenant("bare") as t:
        t.weather("service")
        app = await made(t)
        early = await ask(t, "POST", "servicePrincipals", {"appId": app["appId"]})
        assert early.status_code == 400
        assert "does not reference a valid application object" in error(early)["message"]
        t.clock.advance(6)
        holder = await principal(t, app)
        assert (await give(t, holder, GRAPH_APP, "User.Read.All")).status_code == 404
        body = {"principalId": holder, "roleDefinitionId": READER, "directoryScopeId": "/"}
        assert (await ask(t, "POST", ROLES, body)).status_code == 404
        assert (await ask(t, "PATCH", f"applications/{app['id']}", {})).status_code == 204
        secret = (await ask(t, "POST", f"applications/{app['id']}/addPassword", {})).json()
        form = {"client_id": app["appId"], "client_secret": secret["secretText"]}
        assert (await t.token(**form)).json()["error_codes"][0] in (7000229, 7000215)
        t.clock.advance(11)
        assert (await t.token(**form)).status_code == 200


async def test_a_token_request_right_after_the_registration_is_700016() -> None:
    async with tenant("bare") as t:
        t.weather("service")
        app = await made(t)
        form = {"client_id": app["appId"], "client_secret": "x"}
        assert (await t.token(**form)).json()["error_codes"] == [700016]
        t.clock.advance(11)
        assert (await t.token(**form)).json()["error_codes"] == [7000229]


async def test_exchange_learns_of_a_directory_role_after_a_quarter_of_an_hour() -> None:
    async with tenant("bare") as t:
        app = await made(t)
        holder = await principal(t, app)
        await give(t, holder, EXCHANGE_APP, "Exchange.ManageAsApp")
        secret = (await ask(t, "POST", f"applications/{app['id']}/addPassword", {})).json()
        t.weather("fair", effects={"directoryRole": 900.0})
        body = {"principalId": holder, "roleDefinitionId": READER, "directoryScopeId": "/"}
        await ask(t, "POST", ROLES, body)
        form = {"client_id": app["appId"], "client_secret": secret["secretText"]}

        async def organization() -> int:
            bearer = await t.bearer(**form, scope=EXCHANGE)
            url = f"https://exchange.lab/adminapi/beta/{t.lab.world.tenant_id}/InvokeCommand"
            sent = {"CmdletInput": {"CmdletName": "Get-OrganizationConfig", "Parameters": {}}}
            headers = {"authorization": f"Bearer {bearer}"}
            return (await t.http.post(url, json=sent, headers=headers)).status_code

        assert await organization() == 403
        t.clock.advance(901)
        assert await organization() == 200


async def test_a_persons_token_names_their_directory_roles() -> None:
    async with tenant("bare") as t:
        for upn, roles in (
            (ADMIN, [delegated.GLOBAL]),
            (ADA, ["b79fbf4d-3ef9-4689-8143-76b194e85509"]),
        ):
            given = await t.control("POST", f"people/{upn}/refresh-token", {"mfa": True})
            answer = await t.token(
                grant_type="refresh_token",
                client_id=given.json()["client_id"],
                client_secret="",
                refresh_token=given.json()["refresh_token"],
                scope=given.json()["scope"],
            )
            assert tokens.read(t.lab.world, answer.json()["access_token"])["wids"] == roles
