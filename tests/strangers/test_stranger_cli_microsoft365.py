"""CLI for Microsoft 365, unmodified, under Microsoft's own names: what an administrator asks it.

Beside each answer stands what the lab's control door says is true.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Any

import pytest
from cli365 import M365, Answers, Command, ids
from clients.node import FOLDER
from enclave import Enclave, enclave

pytestmark = [pytest.mark.stranger, pytest.mark.slow]

ADMIN = "admin@contoso.example"
GRAPH = "https://graph.microsoft.com"
ROLES = "@graph/roleManagement/directory"
POLICIES = "@graph/identity/conditionalAccess/policies"
TAG = "WindowsAzureActiveDirectoryIntegratedApp"
REGISTERING = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "CrossTenantInformation.ReadBasic.All",
)
"""What the administrator's application needs beside what it has in the seed."""
DELEGATED = ("Directory.Read.All", "Policy.Read.All", "CrossTenantInformation.ReadBasic.All")
REPORT_ONLY = {
    "displayName": "Block legacy authentication",
    "state": "enabledForReportingButNotEnforced",
    "conditions": {
        "clientAppTypes": ["exchangeActiveSync", "other"],
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["All"]},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["block"]},
}

Rows = dict[str, dict[str, Any]]


def truth(inside: Enclave, kind: str) -> Rows:
    """Every document of a kind as it is in the lab now, by key."""
    found: Rows = inside.control("GET", f"/world/{kind}")["value"]
    return found


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enclave]:
    """Contoso and its 250 people. Conditional Access without its limit of one request a second:
    at a 429 that names no time this program waits ten seconds."""
    with enclave(tmp_path_factory.mktemp("cli365"), seed="contoso") as found:
        found.control("POST", "/weather", {"overrides": {"conditional_access_per_second": 0}})
        graph = named(found, "Microsoft Graph")
        for role in (role for role in graph["appRoles"] if role["value"] in REGISTERING):
            given = {
                "id": role["id"],
                "principalId": found.info["admin"]["principal_id"],
                "resourceId": graph["id"],
                "appRoleId": role["id"],
                "createdDateTime": "2026-01-01T00:00:00Z",
                "resourceDisplayName": graph["displayName"],
            }
            found.control("PUT", f"/world/appRoleAssignments/{role['id']}", given)
        yield found


def named(inside: Enclave, name: str) -> dict[str, Any]:
    """The service principal of this name."""
    rows = truth(inside, "servicePrincipals").values()
    return next(row for row in rows if row["displayName"] == name)


# --- three connections, each with a home of its own ------------------------------------------


@dataclass(frozen=True, slots=True)
class Refused:
    wrong_secret: Future[CompletedProcess[str]]
    without_permission: Future[Answers]


@pytest.fixture(scope="module")
def refused(inside: Enclave) -> Iterator[Refused]:
    """Beside the others, one at a time: a start takes seconds, and there are two cores."""
    with ThreadPoolExecutor(1) as pool:
        yield Refused(pool.submit(wrong_secret, inside), pool.submit(without_permission, inside))


def wrong_secret(inside: Enclave) -> CompletedProcess[str]:
    cli = M365(inside, "wrong")
    app = {**inside.info["admin"], "client_secret": "not-the-secret"}
    return cli.run("login", "--authType", "secret", *cli.application(app))


def without_permission(inside: Enclave) -> Answers:
    """An application that may open mailboxes, and nothing in Graph."""
    app = inside.info["mail_app"]
    login = {
        "authType": "secret",
        "appId": app["client_id"],
        "secret": app["client_secret"],
        "tenant": inside.info["tenant"],
    }
    return M365(inside, "mail").answers(
        login=("login", login),
        policies=("entra policy list", {"type": "conditionalAccess", "debug": True}),
        defaults=("entra policy list", {"type": "identitySecurityDefaultsEnforcement"}),
        users=("entra user list", {}),
    )


@dataclass(frozen=True, slots=True)
class Session:
    """What `login` said, every answer, and the pages that a person saw."""

    cli: M365
    connection: dict[str, Any]
    answers: Answers
    pages: tuple[str, ...] = ()
    line: CompletedProcess[str] | None = None
    """A command on the command line, in the administrator's session."""


@pytest.fixture(scope="module")
def by_secret(inside: Enclave, refused: Refused) -> Session:
    """As an application: registers another one, makes a policy, then lists everything."""
    cli = M365(inside, "secret")
    admin = inside.info["admin"]
    connection = cli.sign_in(admin)
    register = {
        "name": "CLI for Microsoft 365",
        "platform": "publicClient",
        "redirectUris": "http://localhost",
        "allowPublicClientFlows": True,
        "apisDelegated": ",".join(f"{GRAPH}/{scope}" for scope in DELEGATED),
        "grantAdminConsent": True,
    }
    make = {
        "url": POLICIES,
        "method": "post",
        "content-type": "application/json",
        "body": json.dumps(REPORT_ONLY),
    }
    asked: dict[str, Command] = {
        "registered": ("entra app add", register),
        "made": ("request", make),
        "users": ("entra user list", {}),
        "guests": ("entra user list", {"type": "Guest", "properties": "id,userType"}),
        "apps": ("entra app list", {}),
        "principals": ("entra enterpriseapp list", {}),
        "tagged": ("entra enterpriseapp list", {"tag": TAG}),
        "permissions": ("entra approleassignment list", {"appId": admin["client_id"]}),
        "same": ("entra approleassignment list", {"appObjectId": admin["principal_id"]}),
        "roles": ("entra roledefinition list", {}),
        "holders": ("request", {"url": f"{ROLES}/roleAssignments?$expand=principal"}),
        "pim": ("entra pim role assignment list", {}),
        "licences": ("entra license list", {}),
        "licences of a person": ("entra user license list", {"userName": ADMIN}),
        "defaults": ("entra policy list", {"type": "identitySecurityDefaultsEnforcement"}),
        "policies": ("entra policy list", {"type": "conditionalAccess"}),
        "policies by path": ("request", {"url": POLICIES}),
        "organization": ("entra organization list", {}),
        "doctor": ("cli doctor", {}),
        "tenant": ("tenant info get", {"tenantId": inside.info["tenant"]}),
    }
    return Session(cli, connection, cli.answers(**asked))


@pytest.fixture(scope="module")
def by_code(inside: Enclave, by_secret: Session) -> Session:
    """As a person, through the application that was just registered. Security defaults ask for a
    second factor at the page, and are off when they are listed again."""
    client = by_secret.answers["registered"]["appId"]
    cli = M365(inside, "person")
    with ThreadPoolExecutor(1) as pool:  # while the other one waits for the person
        line = pool.submit(by_secret.cli.run, "entra", "license", "list")
        connection, pages = cli.sign_in_by_code(client, ADMIN)
    inside.control("PUT", "/world/policies/securityDefaults?merge=1", {"isEnabled": False})
    principal = next(
        row["id"] for row in truth(inside, "servicePrincipals").values() if row["appId"] == client
    )
    program = named(inside, "Mail program")
    answers = cli.answers(
        status=("status", {}),
        users=("entra user list", {"properties": "id,userPrincipalName"}),
        licences=("entra user license list", {"userName": ADMIN}),
        grants=("entra oauth2grant list", {"spObjectId": principal}),
        older=("entra oauth2grant list", {"spObjectId": program["id"]}),
        defaults=("entra policy list", {"type": "identitySecurityDefaultsEnforcement"}),
        tenant=("tenant info get", {}),
    )
    return Session(cli, connection, answers, tuple(pages), line.result())


def test_it_logs_in_by_secret(inside: Enclave, by_secret: Session) -> None:
    assert by_secret.connection["authType"] == "secret"
    assert by_secret.connection["appId"] == inside.info["admin"]["client_id"]
    assert by_secret.connection["connectedAs"] == "Portineria control"


def test_it_runs_on_the_node_that_comes_along(by_secret: Session) -> None:
    """Not on one that the machine has, which may be older than its parts allow."""
    wanted = json.loads((FOLDER / "package.json").read_text())["optionalDependencies"]
    assert {f"v{version}" for version in wanted.values()} == {
        by_secret.answers["doctor"]["nodeVersion"]
    }


def test_it_logs_in_by_device_code_with_a_person_at_the_page(by_code: Session) -> None:
    assert by_code.connection["authType"] == "deviceCode"
    assert by_code.connection["connectedAs"] == by_code.answers["status"]["connectedAs"] == ADMIN
    assert "Approve sign in request" in by_code.pages


def test_it_lists_every_user_page_by_page(
    inside: Enclave, by_secret: Session, by_code: Session
) -> None:
    known = truth(inside, "users")
    assert ids(by_secret.answers["users"]) == ids(by_code.answers["users"]) == sorted(known)
    guests = [row["id"] for row in known.values() if row["userType"] == "Guest"]
    assert ids(by_secret.answers["guests"]) == sorted(guests) != []
    pages = [row for row in inside.control("GET", "/history")["value"] if row["target"] == "/users"]
    assert len(pages) > 3


def test_it_registers_an_application_and_lists_all_of_them(
    inside: Enclave, by_secret: Session
) -> None:
    known = truth(inside, "applications")
    assert ids(by_secret.answers["apps"]) == sorted(known)
    made = known[by_secret.answers["registered"]["objectId"]]
    assert made["displayName"] == "CLI for Microsoft 365"
    assert made["isFallbackPublicClient"] is True


def test_it_lists_service_principals_and_those_with_a_tag(
    inside: Enclave, by_secret: Session
) -> None:
    known = truth(inside, "servicePrincipals")
    assert ids(by_secret.answers["principals"]) == sorted(known)
    tagged = sorted(key for key, row in known.items() if TAG in row["tags"])
    assert ids(by_secret.answers["tagged"]) == tagged != []


def test_it_lists_the_permissions_of_an_application_by_name(
    inside: Enclave, by_secret: Session
) -> None:
    """Found by the application's id, with its assignments expanded, and by object id."""
    principals = truth(inside, "servicePrincipals")
    mine = inside.info["admin"]["principal_id"]
    known = sorted(
        (row["resourceDisplayName"], role["value"])
        for row in truth(inside, "appRoleAssignments").values()
        if row["principalId"] == mine
        for role in principals[row["resourceId"]]["appRoles"]
        if role["id"] == row["appRoleId"]
    )
    for way in ("permissions", "same"):
        rows = by_secret.answers[way]
        assert sorted((row["resourceDisplayName"], row["roleName"]) for row in rows) == known


def test_it_lists_directory_roles_and_who_holds_them(inside: Enclave, by_secret: Session) -> None:
    """For the holders it has but `request`, and PIM's list, which Entra ID P1 does not open."""
    assert ids(by_secret.answers["roles"]) == sorted(truth(inside, "roleDefinitions"))
    holders = by_secret.answers["holders"]["value"]
    known = truth(inside, "roleAssignments")
    assert ids(holders) == sorted(known)
    assert all(row["principal"]["id"] == known[row["id"]]["principalId"] for row in holders)
    assert "Microsoft Entra ID P2" in by_secret.answers.refusal("pim")


def test_it_lists_the_grants_of_an_application(
    inside: Enclave, by_secret: Session, by_code: Session
) -> None:
    known = truth(inside, "oauth2PermissionGrants")
    for way, client in (("grants", "CLI for Microsoft 365"), ("older", "Mail program")):
        mine = named(inside, client)["id"]
        expected = sorted(key for key, row in known.items() if row["clientId"] == mine)
        assert ids(by_code.answers[way]) == expected != []
    (grant,) = by_code.answers["grants"]
    assert grant["scope"].split() == list(DELEGATED)


def test_it_lists_licences_and_those_of_a_person(
    inside: Enclave, by_secret: Session, by_code: Session
) -> None:
    """The latter only for a person: as an application the program refuses by itself."""
    known = truth(inside, "subscribedSkus")
    units = {row["id"]: row["consumedUnits"] for row in by_secret.answers["licences"]}
    assert units == {key: row["consumedUnits"] for key, row in known.items()} != {}
    person = next(
        row for row in truth(inside, "users").values() if row["userPrincipalName"] == ADMIN
    )
    held = sorted(row["skuId"] for row in person["assignedLicenses"])
    assert sorted(row["skuId"] for row in by_code.answers["licences"]) == held != []
    assert "requires delegated permissions" in by_secret.answers.refusal("licences of a person")


def test_it_shows_security_defaults_on_and_off(
    inside: Enclave, by_secret: Session, by_code: Session
) -> None:
    kept = truth(inside, "policies")["securityDefaults"]
    before, after = by_secret.answers["defaults"], by_code.answers["defaults"]
    assert (before["isEnabled"], after["isEnabled"], kept["isEnabled"]) == (True, False, False)
    assert before["id"] == after["id"] == kept["id"]


def test_it_makes_and_lists_conditional_access_policies(
    inside: Enclave, by_secret: Session
) -> None:
    known = truth(inside, "conditionalAccess")
    listed = by_secret.answers["policies"]
    assert ids(listed) == ids(by_secret.answers["policies by path"]["value"]) == sorted(known)
    assert by_secret.answers["made"]["id"] in known
    assert [row["state"] for row in listed] == [row["state"] for row in known.values()]


def test_it_tells_of_the_organization_and_of_a_tenant(
    inside: Enclave, by_secret: Session, by_code: Session
) -> None:
    """Of the tenant by its id, and by the domain of the person who signed in."""
    known = truth(inside, "organization")
    (mine,) = by_secret.answers["organization"]
    assert mine == known[inside.info["tenant"]]
    by_id, by_domain = by_secret.answers["tenant"], by_code.answers["tenant"]
    assert by_id == by_domain
    assert (by_id["tenantId"], by_id["displayName"]) == (mine["id"], mine["displayName"])
    assert by_id["defaultDomainName"] == inside.info["domain"]


def test_a_wrong_secret_is_refused_in_the_words_of_entra(refused: Refused) -> None:
    done = refused.wrong_secret.result()
    assert done.returncode == 1
    assert "AADSTS7000215: Invalid client secret provided." in done.stderr
    assert "not-the-secret" not in done.stderr


def test_what_an_application_may_not_is_refused_in_the_words_of_graph(
    inside: Enclave, refused: Refused
) -> None:
    answers = refused.without_permission.result()
    assert answers["login"]["connectedAs"] == "Mail access"
    scopes = "required scopes are missing in the token"
    assert scopes in answers.refusal("policies")
    assert '"code": "AccessDenied"' in answers.log("policies"), answers.log("policies")
    assert scopes in answers.refusal("defaults")
    assert answers.refusal("users") == "Insufficient privileges to complete the operation."


def test_one_process_for_many_commands_says_what_the_command_line_says(
    by_secret: Session, by_code: Session
) -> None:
    assert by_code.line is not None
    assert by_code.line.returncode == 0, by_code.line.stderr
    assert json.loads(by_code.line.stdout) == by_secret.answers["licences"]


def test_it_looks_for_no_update_and_keeps_its_connections_in_its_home(
    inside: Enclave, by_code: Session
) -> None:
    """update-notifier would have left a file of its own beside the settings."""
    home = inside.folder / by_code.cli.name
    assert {path.name for path in home.rglob("*") if path.is_file()} == {
        ".cli-m365-all-connections.json",
        ".cli-m365-connection.json",
        ".cli-m365-msal.json",
        "cli-m365-config.json",
    }
