"""Single objects: what is read is comparable with a plan, what is written is one request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from m365_fakedoor import FakeDoor, answer, open_session, parameters_of, rows

from portineria.fault import NotFound
from portineria.m365.messages import Response
from portineria.m365.resources import TenantResources
from portineria.policy.change import Change, Family, Missing, Phase, Target, Verb, Written
from portineria.policy.conditionalbody import block_legacy, block_legacy_outside, ip_location
from portineria.run.sight import difference
from portineria.tenant.unseen import Unseen

GUID = "0f6a2f1e-3c9d-4c1b-9f5e-2a7f6f1d9c01"
USER = "7d0d0000-0000-4000-8000-000000000001"
POLICY = "7359d0e0-d8a9-4afa-8a93-e23e099d7be8"
PRINCIPAL = "9e000000-0000-4000-8000-000000000009"
NO_BASIC = {
    "Name": "No Basic",
    "Guid": "aaaaaaaa-0000-4000-8000-000000000001",
    "AllowBasicAuthImap": False,
    "AllowBasicAuthPop": False,
    "AllowBasicAuthSmtp": "True",
}
DN = "CN=No Basic,CN=Auth Policies,CN=Configuration,CN=contoso.onmicrosoft.com,DC=example"


def target(family: Family, key: str = "", name: str = "x") -> Target:
    return Target(family=family, key=key, name=name)


def change(
    family: Family, verb: Verb, key: str, after: dict[str, Any] | None, name: str = "x"
) -> Change:
    return Change(
        id=1,
        verb=verb,
        target=target(family, key, name),
        before=None,
        after=after,
        phase=Phase.CLOSE,
        because=(),
        reason="",
    )


def resources(**table: Any) -> tuple[TenantResources, FakeDoor]:
    named = {name.replace("__", "-"): said for name, said in table.items()}
    door = FakeDoor(table=named)
    session, _ = open_session(door)
    return TenantResources(session), door


def graph(table: dict[str, Any]) -> tuple[TenantResources, FakeDoor]:
    door = FakeDoor(table=table)
    session, _ = open_session(door)
    return TenantResources(session), door


async def test_a_mailbox_is_read_by_its_guid_with_null_kept_apart_from_false() -> None:
    row = {"Guid": GUID.upper(), "ImapEnabled": "True", "SmtpClientAuthenticationDisabled": None}
    box, _ = resources(Get__CASMailbox=rows(row))
    fields = ("ImapEnabled", "SmtpClientAuthenticationDisabled")
    assert await box.read(target(Family.MAILBOX, GUID), fields) == {
        "ImapEnabled": True,
        "SmtpClientAuthenticationDisabled": None,
    }


async def test_an_answer_about_everybody_is_not_an_answer_about_one() -> None:
    """Microsoft warns that an Identity that does not exist may return every mailbox."""
    others = rows({"Guid": "other-1", "ImapEnabled": True}, {"Guid": "other-2"})
    box, _ = resources(Get__CASMailbox=others)
    assert await box.read(target(Family.MAILBOX, GUID), ("ImapEnabled",)) == Missing()


async def test_a_switch_that_is_not_shown_is_unseen_and_not_off() -> None:
    box, _ = resources(Get__CASMailbox=rows({"Guid": GUID, "ImapEnabled": True}))
    seen = await box.read(target(Family.MAILBOX, GUID), ("ImapEnabled", "PopEnabled"))
    assert isinstance(seen, Unseen)
    assert "PopEnabled" in seen.because


@pytest.mark.parametrize("identifier", ["No Basic", NO_BASIC["Guid"], DN, "org\\No Basic"])
async def test_an_authentication_policy_is_its_name_however_it_is_written(identifier: str) -> None:
    row = {"ExternalDirectoryObjectId": USER, "AuthenticationPolicy": identifier}
    user, _ = resources(Get__User=rows(row), Get__AuthenticationPolicy=rows(NO_BASIC))
    seen = await user.read(target(Family.USER, USER), ("AuthenticationPolicy",))
    assert seen == {"AuthenticationPolicy": "No Basic"}


async def test_nobody_has_a_policy_where_none_is_written() -> None:
    user, _ = resources(Get__User=rows({"ExternalDirectoryObjectId": USER}))
    seen = await user.read(target(Family.USER, USER), ("AuthenticationPolicy",))
    assert seen == {"AuthenticationPolicy": None}


async def test_members_that_the_organization_leaves_out_mean_their_defaults() -> None:
    org, _ = resources(Get__OrganizationConfig=rows({"Name": "contoso"}))
    fields = ("DefaultAuthenticationPolicy", "RejectDirectSend")
    assert await org.read(target(Family.ORGANIZATION), fields) == {
        "DefaultAuthenticationPolicy": None,
        "RejectDirectSend": False,
    }


async def test_what_is_not_found_is_missing() -> None:
    policy, _ = graph({f"/identity/conditionalAccess/policies/{POLICY}": answer({}, 404)})
    assert await policy.read(target(Family.CONDITIONAL_ACCESS, POLICY), ("state",)) == Missing()


async def test_sessions_cannot_be_read_back_and_say_so() -> None:
    sessions, _ = graph({})
    assert isinstance(await sessions.read(target(Family.SESSIONS, USER), ("revoked",)), Unseen)


def as_the_service_shows(body: dict[str, Any]) -> dict[str, Any]:
    """Every array there, absent objects null, order its own. Source: Graph dossier 2.2."""
    conditions = body["conditions"]
    users = {"includeGuestsOrExternalUsers": None, **conditions["users"]}
    return {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x",
        "id": POLICY,
        "templateId": None,
        "modifiedDateTime": None,
        **body,
        "conditions": {
            "userRiskLevels": [],
            "signInRiskLevels": [],
            "platforms": None,
            "locations": None,
            "devices": None,
            "clientApplications": None,
            **conditions,
            "clientAppTypes": list(reversed(conditions["clientAppTypes"])),
            "users": {name: list(reversed(v or [])) if v else v for name, v in users.items()},
            "applications": {
                "includeUserActions": [],
                "applicationFilter": None,
                **conditions["applications"],
            },
        },
        "grantControls": {
            **body["grantControls"],
            "customAuthenticationFactors": [],
            "termsOfUse": [],
            "authenticationStrength": None,
        },
        "sessionControls": None,
    }


@pytest.mark.parametrize(
    "body", [block_legacy(["b", "a"]), block_legacy_outside(["u"], "location-1", "floor 2")]
)
async def test_a_policy_of_ours_comes_back_as_it_was_asked_for(body: dict[str, Any]) -> None:
    path = f"/identity/conditionalAccess/policies/{POLICY}"
    policy, _ = graph({path: answer(as_the_service_shows(body))})
    seen = await policy.read(target(Family.CONDITIONAL_ACCESS, POLICY), tuple(body))
    assert seen == body
    assert difference(body, seen) is None


async def test_a_condition_that_somebody_added_is_seen() -> None:
    body = block_legacy(["a"])
    shown = as_the_service_shows(body)
    shown["conditions"]["platforms"] = {"includePlatforms": ["windows"], "excludePlatforms": []}
    policy, _ = graph({f"/identity/conditionalAccess/policies/{POLICY}": answer(shown)})
    seen = await policy.read(target(Family.CONDITIONAL_ACCESS, POLICY), ("conditions",))
    assert isinstance(seen, dict)
    assert difference({"conditions": body["conditions"]}, seen) is not None


async def test_objects_are_found_by_exactly_their_name() -> None:
    found = answer(
        {
            "value": [
                {"id": "1", "displayName": "A"},
                {"id": "2", "displayName": "a"},
                {"id": "3", "displayName": "A"},
            ]
        }
    )
    policies, _ = graph({"/identity/conditionalAccess/policies": found})
    assert await policies.find(target(Family.CONDITIONAL_ACCESS, name="A")) == ("1", "3")
    assert isinstance(
        await policies.read(target(Family.CONDITIONAL_ACCESS, name="A"), ("state",)), Unseen
    )


WRITES: list[tuple[Change, str, dict[str, Any]]] = [
    (
        change(Family.MAILBOX, Verb.UPDATE, GUID, {"SmtpClientAuthenticationDisabled": None}),
        "Set-CASMailbox",
        {"Identity": GUID, "SmtpClientAuthenticationDisabled": None},
    ),
    (
        change(Family.USER, Verb.UPDATE, USER, {"AuthenticationPolicy": None}),
        "Set-User",
        {"Identity": USER, "AuthenticationPolicy": None},
    ),
    (
        change(Family.TRANSPORT, Verb.UPDATE, "", {"SmtpClientAuthenticationDisabled": True}),
        "Set-TransportConfig",
        {"SmtpClientAuthenticationDisabled": True},
    ),
    (
        change(Family.ORGANIZATION, Verb.UPDATE, "", {"RejectDirectSend": True}),
        "Set-OrganizationConfig",
        {"RejectDirectSend": True},
    ),
    (
        change(Family.MAILBOX_PLAN, Verb.UPDATE, GUID, {"ImapEnabled": False}),
        "Set-CASMailboxPlan",
        {"Identity": GUID, "ImapEnabled": False},
    ),
    (
        change(
            Family.AUTHENTICATION_POLICY,
            Verb.CREATE,
            "",
            {"AllowBasicAuthImap": False, "AllowBasicAuthSmtp": True},
            "No Basic",
        ),
        "New-AuthenticationPolicy",
        {"Name": "No Basic", "AllowBasicAuthSmtp": True},
    ),
    (
        change(Family.AUTHENTICATION_POLICY, Verb.UPDATE, "P", {"AllowBasicAuthPop": False}),
        "Set-AuthenticationPolicy",
        {"Identity": "P", "AllowBasicAuthPop": False},
    ),
    (
        change(Family.AUTHENTICATION_POLICY, Verb.DELETE, "P", None),
        "Remove-AuthenticationPolicy",
        {"Identity": "P", "Confirm": False},
    ),
    (
        change(
            Family.MAILBOX_PERMISSION,
            Verb.CREATE,
            f"{GUID}/{PRINCIPAL}",
            {"AccessRights": ["FullAccess"]},
        ),
        "Add-MailboxPermission",
        {
            "Identity": GUID,
            "User": PRINCIPAL,
            "AccessRights": ["FullAccess"],
            "AutoMapping": False,
        },
    ),
    (
        change(Family.MAILBOX_PERMISSION, Verb.DELETE, f"{GUID}/{PRINCIPAL}", None),
        "Remove-MailboxPermission",
        {
            "Identity": GUID,
            "User": PRINCIPAL,
            "AccessRights": ["FullAccess"],
            "Confirm": False,
        },
    ),
]


@pytest.mark.parametrize(("wanted", "cmdlet", "parameters"), WRITES)
async def test_a_change_of_exchange_is_one_command(
    wanted: Change, cmdlet: str, parameters: dict[str, Any]
) -> None:
    writer, door = graph({cmdlet: rows()})
    await writer.write(wanted)
    assert [parameters_of(request) for request in door.asked] == [
        {"CmdletName": cmdlet, "Parameters": parameters}
    ]


GRAPH_WRITES: list[tuple[Change, str, Response, Written]] = [
    (
        change(Family.SECURITY_DEFAULTS, Verb.UPDATE, "", {"isEnabled": False}),
        "PATCH /policies/identitySecurityDefaultsEnforcementPolicy",
        Response(status=204),
        Written(),
    ),
    (
        change(Family.CONDITIONAL_ACCESS, Verb.CREATE, "", block_legacy([])),
        "POST /identity/conditionalAccess/policies",
        answer({"id": POLICY}, 201),
        Written(POLICY),
    ),
    (
        change(Family.CONDITIONAL_ACCESS, Verb.UPDATE, POLICY, {"state": "enabled"}),
        f"PATCH /identity/conditionalAccess/policies/{POLICY}",
        Response(status=204),
        Written(),
    ),
    (
        change(Family.CONDITIONAL_ACCESS, Verb.DELETE, POLICY, None),
        f"DELETE /identity/conditionalAccess/policies/{POLICY}",
        Response(status=204),
        Written(),
    ),
    (
        change(Family.NAMED_LOCATION, Verb.CREATE, "", ip_location("Floor 2", ())),
        "POST /identity/conditionalAccess/namedLocations",
        answer({"id": "loc"}, 201),
        Written("loc"),
    ),
    (
        change(Family.SESSIONS, Verb.CREATE, USER, {"revoked": True}),
        f"POST /users/{USER}/revokeSignInSessions",
        answer({"value": True}),
        Written(),
    ),
]


@pytest.mark.parametrize(("wanted", "call", "said", "written"), GRAPH_WRITES)
async def test_a_change_of_the_directory_is_one_request(
    wanted: Change, call: str, said: Response, written: Written
) -> None:
    writer, door = graph({call: said})
    assert await writer.write(wanted) == written
    assert len(door.asked) == 1


async def test_conditions_are_sent_whole() -> None:
    path = f"PATCH /identity/conditionalAccess/policies/{POLICY}"
    writer, door = graph({path: Response(status=204)})
    after = {"conditions": block_legacy(["a"])["conditions"]}
    await writer.write(change(Family.CONDITIONAL_ACCESS, Verb.UPDATE, POLICY, after))
    sent = json.loads(door.asked[0].body)["conditions"]
    assert sent["users"]["excludeUsers"] == ["a"]
    assert sent["users"]["includeRoles"] == []
    assert sent["locations"] is None


@pytest.mark.parametrize(
    ("family", "verb"),
    [
        (Family.MAILBOX, Verb.CREATE),
        (Family.TRANSPORT, Verb.DELETE),
        (Family.SECURITY_DEFAULTS, Verb.DELETE),
        (Family.SESSIONS, Verb.DELETE),
        (Family.MAILBOX_PERMISSION, Verb.UPDATE),
    ],
)
async def test_a_verb_that_a_family_does_not_know_sends_nothing(family: Family, verb: Verb) -> None:
    writer, door = graph({})
    with pytest.raises(ValueError):
        await writer.write(change(family, verb, "k", {}))
    assert door.asked == []


APP_ROW = {"AppId": "app", "ObjectId": PRINCIPAL, "Identity": "sp-identity", "DisplayName": "Mail"}
RIGHTS = [
    ([{"User": PRINCIPAL, "AccessRights": ["FullAccess"]}], True),
    ([{"User": "sp-identity", "AccessRights": ["FullAccess, ReadPermission"]}], True),
    ([{"User": PRINCIPAL, "AccessRights": ["ReadPermission"]}], False),
    ([{"User": "someone else", "AccessRights": ["FullAccess"]}], False),
    (
        [
            {"User": PRINCIPAL, "AccessRights": ["FullAccess"]},
            {"User": PRINCIPAL, "AccessRights": ["FullAccess"], "Deny": True},
        ],
        False,
    ),
    ([], False),
]


@pytest.mark.parametrize(("permissions", "held"), RIGHTS)
async def test_a_right_is_held_by_the_applications_own_ids(
    permissions: list[dict[str, Any]], held: bool
) -> None:
    table = {"Get-ServicePrincipal": rows(APP_ROW), "Get-MailboxPermission": rows(*permissions)}
    reader, _ = graph(table)
    seen = await reader.read(
        target(Family.MAILBOX_PERMISSION, f"{GUID}/{PRINCIPAL}"), ("AccessRights",)
    )
    assert seen == ({"AccessRights": ["FullAccess"]} if held else Missing())


async def test_a_display_name_alone_could_be_anybodys() -> None:
    table = {
        "Get-ServicePrincipal": rows(APP_ROW),
        "Get-MailboxPermission": rows({"User": "Mail", "AccessRights": ["FullAccess"]}),
    }
    reader, _ = graph(table)
    key = f"{GUID}/{PRINCIPAL}"
    assert isinstance(
        await reader.read(target(Family.MAILBOX_PERMISSION, key), ("AccessRights",)), Unseen
    )


async def test_a_failure_of_the_service_is_raised_and_not_called_missing() -> None:
    reader, _ = graph({"Get-CASMailbox": Response(status=403, body=b"\0" * 9)})
    with pytest.raises(Exception, match="refused without saying why") as caught:
        await reader.read(target(Family.MAILBOX, GUID), ("ImapEnabled",))
    assert not isinstance(caught.value, NotFound)


def answered(*parts: tuple[int, Any]) -> Response:
    told = [{"id": str(n), "status": code, "body": body} for n, (code, body) in enumerate(parts)]
    return answer({"responses": told})


BATCH = "/11111111-2222-3333-4444-555555555555/$batch"


async def test_several_mailboxes_are_read_in_one_request_each_by_its_own_key() -> None:
    keys = [f"0f6a2f1e-3c9d-4c1b-9f5e-{number:012}" for number in range(4)]
    gone = {"error": {"details": [{"message": "|ManagementObjectNotFoundException|not there"}]}}
    told = answered(
        (200, {"value": [{"Guid": keys[0].upper(), "ImapEnabled": "False"}]}),
        (404, gone),
        (400, {"error": {"message": "no"}}),
        (200, {"value": [{"Guid": "another", "ImapEnabled": True}]}),
    )
    several, door = graph({BATCH: told})
    asked = [(target(Family.MAILBOX, key), ("ImapEnabled",)) for key in keys]
    first, second, third, fourth = await several.read_each(asked)
    assert first == {"ImapEnabled": False}
    assert second == Missing()
    assert isinstance(third, Unseen)
    assert fourth == Missing(), "an answer counts only if it bears the key that was asked for"
    assert len(door.asked) == 1
    commands = [part["body"]["CmdletInput"] for part in json.loads(door.asked[0].body)["requests"]]
    assert commands[2] == {"CmdletName": "Get-CASMailbox", "Parameters": {"Identity": keys[2]}}


async def test_several_users_are_read_in_one_request_with_their_policies_by_name() -> None:
    people = [USER, USER.replace("1", "2")]
    told = answered(
        (200, {"value": [{"ExternalDirectoryObjectId": people[0], "AuthenticationPolicy": DN}]}),
        (200, {"value": [{"ExternalDirectoryObjectId": people[1], "AuthenticationPolicy": None}]}),
    )
    several, door = graph({BATCH: told, "Get-AuthenticationPolicy": rows(NO_BASIC)})
    asked = [(target(Family.USER, key), ("AuthenticationPolicy",)) for key in people]
    assert await several.read_each(asked) == [
        {"AuthenticationPolicy": "No Basic"},
        {"AuthenticationPolicy": None},
    ]
    assert [request.url.rpartition("/")[2] for request in door.asked] == ["$batch", "InvokeCommand"]
