"""A tenant read family by family, from the shapes that Microsoft answers in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from m365_fakedoor import INVOKE, FakeDoor, answer, open_session, parameters_of, rows

from portineria.fault import Fault, ServiceFault
from portineria.m365.data import TRUNCATED, Incomplete
from portineria.m365.messages import Response
from portineria.m365.reader import TenantReading
from portineria.tenant.access import EXCHANGE_ONLINE, AuthenticationPolicy, Organization
from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.mailbox import RecipientKind, SmtpSwitch
from portineria.tenant.people import EXCHANGE_ADMINISTRATOR, GLOBAL_ADMINISTRATOR, Domain, Licences
from portineria.tenant.unseen import Unseen

ADA = {
    "Guid": "AAAAAAAA-0000-4000-8000-000000000001",
    "ExternalDirectoryObjectId": "u-ada",
    "PrimarySmtpAddress": "Ada@contoso.example",
    "UserPrincipalName": "Ada@contoso.example",
    "DisplayName": "Ada Example",
    "RecipientTypeDetails": "UserMailbox",
}
SCAN = {
    **ADA,
    "Guid": "bbbbbbbb-0000-4000-8000-000000000002",
    "ExternalDirectoryObjectId": "u-scan",
    "PrimarySmtpAddress": "scan@contoso.example",
    "RecipientTypeDetails": "SharedMailbox",
}
SWITCHES = [
    {
        "Guid": ADA["Guid"],
        "ImapEnabled": True,
        "PopEnabled": False,
        "SmtpClientAuthenticationDisabled": None,
    },
    {
        "Guid": SCAN["Guid"],
        "ImapEnabled": False,
        "PopEnabled": False,
        "SmtpClientAuthenticationDisabled": False,
    },
]
PEOPLE = [
    {"Guid": ADA["Guid"], "AuthenticationPolicy": None},
    {"ExternalDirectoryObjectId": "u-scan", "AuthenticationPolicy": "CN=Allow SMTP,CN=x"},
]
ALLOW = {"Name": "Allow SMTP", "Guid": "c", "AllowBasicAuthSmtp": True, "AllowBasicAuthRpc": True}
FORBIDDEN = Response(status=403, body=b"\0" * 40)


def reading(table: dict[str, Any]) -> TenantReading:
    session, _ = open_session(FakeDoor(table=table))
    return TenantReading(session)


def tell(text: str, done: int = 0, total: int = 0) -> None:
    assert text
    assert done >= 0
    assert not total or done <= total


def counted(total: int) -> Response:
    """What the question for the number of accounts is answered."""
    return answer({"@odata.count": total, "value": [{"id": "u"}]})


COUNT = "GET /users?$select=id&$top=1&$count=true"


def boxes(**changed: Any) -> dict[str, Any]:
    return {
        "Get-Mailbox": rows(ADA, SCAN),
        "Get-CASMailbox": rows(*SWITCHES),
        "Get-User": rows(*PEOPLE),
        "Get-AuthenticationPolicy": rows(ALLOW),
        **{name.replace("__", "-"): said for name, said in changed.items()},
    }


async def test_three_listings_make_one_inventory() -> None:
    ada, scan = await reading(boxes()).mailboxes(tell)
    assert (ada.guid, ada.address, ada.kind) == (
        "aaaaaaaa-0000-4000-8000-000000000001",
        "ada@contoso.example",
        RecipientKind.USER,
    )
    assert (ada.imap, ada.pop, ada.smtp) == (True, False, SmtpSwitch.INHERIT)
    assert ada.authentication_policy is None
    assert (scan.kind, scan.smtp) == (RecipientKind.SHARED, SmtpSwitch.ON)
    assert scan.authentication_policy == "Allow SMTP"


async def test_switches_that_cannot_be_listed_are_unseen_and_the_mailboxes_stay() -> None:
    ada, _ = await reading(boxes(Get__CASMailbox=FORBIDDEN)).mailboxes(tell)
    for value in (ada.imap, ada.pop, ada.smtp):
        assert isinstance(value, Unseen)
    assert ada.authentication_policy is None


async def test_policies_that_cannot_be_listed_are_unseen_and_not_none() -> None:
    ada, _ = await reading(boxes(Get__User=FORBIDDEN)).mailboxes(tell)
    assert isinstance(ada.authentication_policy, Unseen)
    assert ada.imap is True


async def test_a_mailbox_that_the_second_listing_forgot_is_unseen() -> None:
    _, scan = await reading(boxes(Get__CASMailbox=rows(SWITCHES[0]))).mailboxes(tell)
    assert isinstance(scan.imap, Unseen)
    assert isinstance(scan.smtp, Unseen)


async def test_an_absent_smtp_switch_is_unseen_for_null_would_mean_inherit() -> None:
    row = {"Guid": ADA["Guid"], "ImapEnabled": True, "PopEnabled": True}
    ada, _ = await reading(boxes(Get__CASMailbox=rows(row))).mailboxes(tell)
    assert isinstance(ada.smtp, Unseen)


async def test_a_truncated_inventory_is_no_inventory() -> None:
    cut = rows(ADA, **{"@adminapi.warnings": [f"{TRUNCATED} than are displayed."]})
    with pytest.raises(Incomplete):
        await reading(boxes(Get__Mailbox=cut)).mailboxes(tell)


async def test_a_truncated_second_listing_hides_its_fields_of_everybody() -> None:
    cut = rows(*SWITCHES, **{"@adminapi.warnings": [f"{TRUNCATED} than are displayed."]})
    for box in await reading(boxes(Get__CASMailbox=cut)).mailboxes(tell):
        assert isinstance(box.imap, Unseen)


KINDS = [
    ("GroupMailbox", RecipientKind.GROUP),
    ("MailUniversalDistributionGroup", RecipientKind.DISTRIBUTION),
    ("MailUniversalSecurityGroup", RecipientKind.DISTRIBUTION),
    ("DynamicDistributionGroup", RecipientKind.DISTRIBUTION),
    ("GuestMailUser", RecipientKind.GUEST),
    ("MailUser", RecipientKind.MAIL_USER),
    ("RemoteUserMailbox", RecipientKind.ON_PREMISES),
    ("MailContact", RecipientKind.CONTACT),
    ("PublicFolder", RecipientKind.PUBLIC_FOLDER),
    ("PublicFolderMailbox", RecipientKind.PUBLIC_FOLDER),
    ("SchedulingMailbox", RecipientKind.OTHER),
]


@pytest.mark.parametrize(("details", "kind"), KINDS)
async def test_a_recipient_that_is_no_mailbox_is_named_for_what_it_is(
    details: str, kind: RecipientKind
) -> None:
    row = {
        **ADA,
        "RecipientTypeDetails": details,
        "EmailAddresses": ["SMTP:ada@contoso.example", "smtp:a@contoso.example"],
    }
    table = {"Get-Recipient": rows(row), "Get-MailUser": rows(SCAN)}
    found = await reading(table).recipient("a@contoso.example")
    assert found is not None
    assert found.kind is kind
    assert found.aliases == ("a@contoso.example",)
    assert isinstance(found.imap, Unseen)


async def test_a_mail_user_in_the_listing_for_high_volume_is_an_account_for_it() -> None:
    row = {**ADA, "RecipientTypeDetails": "MailUser"}
    table = {"Get-Recipient": rows(row), "Get-MailUser": rows(SCAN, ADA)}
    found = await reading(table).recipient("ada@contoso.example")
    assert found is not None
    assert found.kind is RecipientKind.HVE


async def test_a_mail_user_that_may_be_one_for_high_volume_is_not_called_anything_else() -> None:
    row = {**ADA, "RecipientTypeDetails": "MailUser"}
    table = {"Get-Recipient": rows(row), "Get-MailUser": FORBIDDEN}
    with pytest.raises(ServiceFault):
        await reading(table).recipient("ada@contoso.example")


async def test_what_was_deleted_is_found_where_deleted_mailboxes_stand() -> None:
    nobody = answer({"error": {"message": "x"}}, 404)
    gone = {**ADA, "IsInactiveMailbox": True}
    inactive = {"Get-Recipient": nobody, "Get-Mailbox": rows(gone)}
    found = await reading(inactive).recipient("ada@contoso.example")
    assert found is not None
    assert found.kind is RecipientKind.INACTIVE
    door = FakeDoor(table={"Get-Recipient": nobody, "Get-Mailbox": [nobody, rows(ADA)]})
    session, _ = open_session(door)
    found = await TenantReading(session).recipient("ada@contoso.example")
    assert found is not None
    assert found.kind is RecipientKind.SOFT_DELETED
    asked = [parameters_of(request)["Parameters"] for request in door.asked]
    assert [sorted(one) for one in asked] == [
        ["Identity"],
        ["Identity", "InactiveMailboxOnly"],
        ["Identity", "SoftDeletedMailbox"],
    ]
    among_deleted = {"Get-Recipient": nobody, "Get-Mailbox": [nobody, rows(gone)]}
    found = await reading(among_deleted).recipient("ada@contoso.example")
    assert found is not None
    assert found.kind is RecipientKind.INACTIVE


async def test_many_names_are_looked_for_in_listings_and_not_one_by_one() -> None:
    def of(number: int, details: str, **more: Any) -> dict[str, Any]:
        address = f"r{number}@contoso.example"
        named = {"PrimarySmtpAddress": address, "UserPrincipalName": address}
        return {**ADA, **named, "Guid": f"g-{number}", "RecipientTypeDetails": details, **more}

    table = {
        "Get-Recipient": rows(ADA, of(1, "GuestMailUser"), of(2, "MailUser"), of(3, "MailUser")),
        "Get-MailUser": rows(of(3, "MailUser")),
        "Get-Mailbox": [
            rows(of(4, "UserMailbox", IsInactiveMailbox=True)),
            rows(of(5, "UserMailbox"), of(6, "UserMailbox", IsInactiveMailbox=True)),
        ],
    }
    door = FakeDoor(table=table)
    session, _ = open_session(door)
    names = [f"R{number}@contoso.example" for number in range(1, 400)]
    found = await TenantReading(session).recipients(names, tell)
    assert {name: box.kind for name, box in found.items()} == {
        "R1@contoso.example": RecipientKind.GUEST,
        "R2@contoso.example": RecipientKind.MAIL_USER,
        "R3@contoso.example": RecipientKind.HVE,
        "R4@contoso.example": RecipientKind.INACTIVE,
        "R5@contoso.example": RecipientKind.SOFT_DELETED,
        "R6@contoso.example": RecipientKind.INACTIVE,
    }
    assert isinstance(found["R1@contoso.example"].imap, Unseen)
    assert len(door.asked) == 4


async def test_a_listing_that_is_cut_tells_nothing_of_many_names() -> None:
    cut = rows(SCAN, **{"@adminapi.warnings": [f"{TRUNCATED} than are displayed."]})
    table = {"Get-Recipient": cut, "Get-MailUser": rows()}
    with pytest.raises(Incomplete):
        await reading(table).recipients(["ada@contoso.example"], tell)


async def test_a_recipient_nobody_knows_is_none_even_if_everybody_is_returned() -> None:
    everybody = rows(ADA, SCAN)
    reader = reading({"Get-Recipient": everybody, "Get-Mailbox": everybody})
    assert await reader.recipient("x@contoso.example") is None


async def test_a_listing_that_was_cut_does_not_say_that_somebody_is_missing() -> None:
    cut = rows(SCAN, **{"@adminapi.warnings": [f"{TRUNCATED} than are displayed."]})
    with pytest.raises(Incomplete):
        await reading({"Get-Recipient": cut}).recipient("x@contoso.example")


PLANS = [
    ("ExchangeOnline-1a2b", "ExchangeOnline-1a2b"),
    ("CN=ExchangeOnline-1a2b,OU=x,DC=y", "ExchangeOnline-1a2b"),
    ("EURP1.PROD.OUTLOOK.COM/Hosted/contoso/ExchangeOnline-1a2b", "ExchangeOnline-1a2b"),
    (None, ""),
]


@pytest.mark.parametrize(("shown", "plan"), PLANS)
async def test_a_mailbox_tells_its_plan_and_its_other_addresses(shown: str, plan: str) -> None:
    row = {
        **ADA,
        "MailboxPlan": shown,
        "EmailAddresses": ["SMTP:Ada@contoso.example", "smtp:Old@contoso.example", "SIP:a@x"],
    }
    (ada,) = await reading(boxes(Get__Mailbox=rows(row))).mailboxes(tell)
    assert (ada.plan, ada.aliases) == (plan, ("old@contoso.example",))


async def test_the_tenants_own_settings_are_read() -> None:
    table = {
        "Get-TransportConfig": rows(
            {"SmtpClientAuthenticationDisabled": True, "AllowLegacyTLSClients": None}
        ),
        "Get-OrganizationConfig": rows({"DefaultAuthenticationPolicy": "c"}),
        "Get-AuthenticationPolicy": rows(ALLOW),
        "Get-CASMailboxPlan": rows(
            {"Name": "P", "Guid": "D", "ImapEnabled": True, "PopEnabled": False}
        ),
    }
    reader = reading(table)
    assert (await reader.transport()).smtp_auth_disabled is True
    assert await reader.organization() == Organization(default_authentication_policy="Allow SMTP")
    assert await reader.authentication_policies() == (
        AuthenticationPolicy(
            name="Allow SMTP", guid="c", allow_basic_smtp=True, allows_other_basic=True
        ),
    )
    (plan,) = await reader.mailbox_plans()
    assert (plan.guid, plan.imap, plan.pop) == ("d", True, False)


async def test_a_tenant_switch_that_is_not_shown_is_a_failure_and_not_off() -> None:
    with pytest.raises(ServiceFault):
        await reading({"Get-TransportConfig": rows({"Name": "x"})}).transport()


async def test_users_are_read_page_by_page_with_their_plans() -> None:
    link = "https://graph.microsoft.com/v1.0/users?$skiptoken=2"
    first = answer(
        {
            "@odata.nextLink": link,
            "value": [
                {
                    "id": "u-ada",
                    "userPrincipalName": "Ada@contoso.example",
                    "displayName": "Ada",
                    "accountEnabled": False,
                    "userType": "Guest",
                    "assignedPlans": [
                        {
                            "capabilityStatus": "Enabled",
                            "servicePlanId": "efb87545-963c-4e0d-99df-69c6916d9eb0",
                        },
                        {
                            "capabilityStatus": "Deleted",
                            "servicePlanId": "41781fb2-bc02-4b7c-bd55-b576c07bb09d",
                        },
                    ],
                }
            ],
        }
    )
    scan = {"id": "u-scan", "userPrincipalName": "scan@contoso.example", "accountEnabled": True}
    second = answer({"value": [scan]})
    told: list[tuple[str, int, int]] = []
    table = {"/users": [first, second], COUNT: counted(2)}
    found = await reading(table).users(lambda *said: told.append(said))
    assert told == [("accounts", 1, 2), ("accounts", 2, 2)]
    ada = found["u-ada"]
    assert (ada.upn, ada.enabled, ada.guest) == ("ada@contoso.example", False, True)
    assert (ada.exchange_plan, ada.entra_p1) == (True, False)
    assert isinstance(found["u-scan"].exchange_plan, Unseen)
    assert isinstance(ada.per_user_mfa, Unseen)


async def test_licences_count_only_what_is_bought_and_switched_on() -> None:
    def sku(status: str, plan: str, provisioning: str = "Success") -> dict[str, Any]:
        plans = [{"servicePlanId": plan, "provisioningStatus": provisioning}]
        return {"capabilityStatus": status, "servicePlans": plans}

    p1, p2 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998"
    skus = [sku("Enabled", p1), sku("Suspended", p2), sku("Enabled", p2, "Disabled")]
    table = {
        "/subscribedSkus": answer({"value": skus}),
        "/domains": answer({"value": [{"id": "C.example", "authenticationType": "Federated"}]}),
    }
    assert await reading(table).licences() == Licences(entra_p1=True)
    assert await reading(table).domains() == (Domain(name="c.example", federated=True),)


@pytest.mark.parametrize(
    ("policies", "wanted"),
    [
        (["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"], True),
        ([], False),
        (["ManagePermissionGrantsForOwnedResource.x"], False),
    ],
)
async def test_whether_people_may_consent(policies: list[str], wanted: bool) -> None:
    body = {"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": policies}}
    assert await reading({"/policies/authorizationPolicy": answer(body)}).user_consent() is wanted


async def test_a_consent_policy_in_between_is_not_judged() -> None:
    own = ["ManagePermissionGrantsForSelf.microsoft-user-default-low"]
    body = {"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": own}}
    found = await reading({"/policies/authorizationPolicy": answer(body)}).user_consent()
    assert isinstance(found, Unseen)


async def test_role_holders_come_directly_and_through_groups_but_not_from_a_unit() -> None:
    def held(role: str, principal: str, kind: str = "user", scope: str = "/") -> dict[str, Any]:
        return {
            "roleDefinitionId": role,
            "principalId": principal,
            "directoryScopeId": scope,
            "principal": {"@odata.type": f"#microsoft.graph.{kind}"},
        }

    assignments = answer(
        {
            "value": [
                held(GLOBAL_ADMINISTRATOR, "u-1"),
                held(GLOBAL_ADMINISTRATOR, "g-1", "group"),
                held(GLOBAL_ADMINISTRATOR, "u-unit", scope="/administrativeUnits/x"),
                held("other", "u-9"),
            ]
        }
    )
    members = answer({"value": [{"id": "u-2"}]})
    table = {
        "/roleManagement/directory/roleAssignments": assignments,
        "/groups/g-1/transitiveMembers/microsoft.graph.user": members,
    }
    wanted = {GLOBAL_ADMINISTRATOR, EXCHANGE_ADMINISTRATOR}
    assert await reading(table).role_members(wanted) == {
        GLOBAL_ADMINISTRATOR: frozenset({"u-1", "g-1", "u-2"}),
        EXCHANGE_ADMINISTRATOR: frozenset(),
    }


def member(name: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{type_}", "id": name, **more}


async def test_groups_of_one_name_are_all_given_and_hidden_members_say_so() -> None:
    listing = answer(
        {
            "value": [
                {"id": "g-1", "displayName": "O'Hara & Co"},
                {"id": "g-2", "displayName": "o'hara & co"},
                {"id": "g-3", "displayName": "O'Hara & Co of somewhere else"},
            ]
        }
    )
    table = {
        "/groups": listing,
        "/groups/g-1/transitiveMembers": answer({"value": [member("u", "user")]}),
        "/groups/g-2/transitiveMembers": answer({}, 403),
    }
    door = FakeDoor(table=table)
    session, _ = open_session(door)
    first, second = await TenantReading(session).group("O'Hara & Co")
    assert first.members == frozenset({"u"})
    assert isinstance(second.members, Unseen)
    assert "'O''Hara%20%26%20Co'" in door.paths[0]
    assert "mail eq" not in door.paths[0]


async def test_whoever_is_in_a_group_is_told_with_what_it_is() -> None:
    rows_ = [
        member("u", "user", displayName="Ada"),
        member("g", "group", displayName="Inside"),
        member("d", "device", displayName=None),
        member("c", "orgContact", displayName="Carla", mail="Carla@x.example"),
        member("s", "servicePrincipal", displayName="Backup"),
        member("o", "novelty"),
        {"id": "n"},
    ]
    table = {
        "/groups": answer({"value": [{"id": "g-1", "displayName": "Mixed"}]}),
        "/groups/g-1/transitiveMembers": answer({"value": rows_}),
    }
    (group,) = await reading(table).group("Mixed")
    assert group.members == frozenset({"u"})
    assert {(one.id, one.kind.value, one.name, one.address) for one in group.others} == {
        ("g", "group", "Inside", ""),
        ("d", "device", "", ""),
        ("c", "contact", "Carla", "carla@x.example"),
        ("s", "application", "Backup", ""),
        ("o", "object", "", ""),
        ("n", "object", "", ""),
    }


GROUPS = [
    ({"groupTypes": ["Unified"], "mailEnabled": True}, "Microsoft 365 group", False),
    ({"groupTypes": ["Unified", "DynamicMembership"]}, "Microsoft 365 group", True),
    ({"mailEnabled": True, "securityEnabled": True}, "mail-enabled security group", False),
    ({"mailEnabled": True, "securityEnabled": False}, "distribution group", False),
    ({"groupTypes": ["DynamicMembership"]}, "security group", True),
    ({}, "security group", False),
]


@pytest.mark.parametrize(("shown", "kind", "dynamic"), GROUPS)
async def test_a_group_is_named_for_what_it_is(
    shown: dict[str, Any], kind: str, dynamic: bool
) -> None:
    row = {"id": "g-1", "displayName": "Board", "mail": "Board@contoso.example", **shown}
    door = FakeDoor(
        table={
            "/groups": answer({"value": [row]}),
            "/groups/g-1/transitiveMembers": answer({"value": []}),
        }
    )
    session, _ = open_session(door)
    (group,) = await TenantReading(session).group("board@contoso.example")
    assert (group.kind, group.dynamic, group.address) == (kind, dynamic, "board@contoso.example")
    assert "or mail eq 'board%40contoso.example'" in door.paths[0]


def parts(*answers: tuple[int, Any]) -> Response:
    """The answer to a batch, in an order of its own."""
    told = [{"id": str(n), "status": code, "body": body} for n, (code, body) in enumerate(answers)]
    return answer({"responses": told[::-1]})


async def test_per_user_mfa_is_on_when_enabled_or_enforced_and_asked_in_one_request() -> None:
    states = ("disabled", "enabled", "enforced")
    door = FakeDoor(table={"/$batch": parts(*((200, {"perUserMfaState": s}) for s in states))})
    session, _ = open_session(door)
    found = await TenantReading(session).per_user_mfa(["u-1", "u-2", "u-3"])
    assert found == {"u-1": False, "u-2": True, "u-3": True}
    (request,) = door.asked
    assert request.url.endswith("/beta/$batch")
    assert json.loads(request.body)["requests"][1] == {
        "id": "1",
        "method": "GET",
        "url": "/users/u-2/authentication/requirements",
    }


async def test_a_part_that_was_throttled_is_asked_again_alone() -> None:
    table = {
        "/$batch": parts((429, {"error": {"code": "TooManyRequests"}}), (403, FORBIDDEN_PART)),
        "/users/u-1/authentication/requirements": answer({"perUserMfaState": "enabled"}),
    }
    found = await reading(table).per_user_mfa(["u-1", "u-2"])
    assert found["u-1"] is True
    assert isinstance(found["u-2"], Unseen)
    assert "Policy.Read.All" in found["u-2"].because


async def test_a_part_that_is_missing_is_asked_alone_and_one_refused_for_good_is_unseen() -> None:
    table = {"/$batch": parts(), "/users/u/authentication/requirements": FORBIDDEN}
    assert isinstance((await reading(table).per_user_mfa(["u"]))["u"], Unseen)


async def test_an_unheard_of_mfa_state_is_unseen() -> None:
    table = {"/$batch": parts((200, {}), (200, {"perUserMfaState": "new"}))}
    for seen in (await reading(table).per_user_mfa(["u-1", "u-2"])).values():
        assert isinstance(seen, Unseen)
        assert "unheard-of" in seen.because


FORBIDDEN_PART = {"error": {"code": "Authorization_RequestDenied", "message": "no"}}


EXCHANGE_SP = {"id": "sp-exo", "appRoles": [{"id": "role-1", "value": "IMAP.AccessAsApp"}]}
APP_PATHS: dict[str, Any] = {
    "/servicePrincipals(appId='app')": answer(
        {
            "id": "sp-app",
            "displayName": "Mail",
            "accountEnabled": True,
            "appRoleAssignmentRequired": True,
        }
    ),
    f"/servicePrincipals(appId='{EXCHANGE_ONLINE}')": answer(EXCHANGE_SP),
    "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')": answer({"id": "sp-graph"}),
    "/servicePrincipals/sp-app/appRoleAssignments": answer(
        {
            "value": [
                {"appRoleId": "role-1", "resourceId": "sp-exo"},
                {"appRoleId": "role-9", "resourceId": "sp-elsewhere"},
            ]
        }
    ),
    "/oauth2PermissionGrants": answer(
        {
            "value": [
                {
                    "clientId": "sp-app",
                    "consentType": "AllPrincipals",
                    "resourceId": "sp-exo",
                    "scope": " SMTP.Send IMAP.AccessAsUser.All",
                },
                {
                    "clientId": "sp-app",
                    "consentType": "Principal",
                    "resourceId": "sp-exo",
                    "scope": "POP.AccessAsUser.All",
                },
            ]
        }
    ),
    "Get-ServicePrincipal": rows({"AppId": "app", "ObjectId": "sp-app"}, {"AppId": "x"}),
}


async def test_an_app_is_read_from_both_halves() -> None:
    assert await reading(APP_PATHS).app("app") == App(
        id="app",
        name="Mail",
        principal_id="sp-app",
        assignment_required=True,
        roles=frozenset({"IMAP.AccessAsApp"}),
        scopes=frozenset({"SMTP.Send", "IMAP.AccessAsUser.All"}),
        registered_as="sp-app",
    )


@pytest.mark.parametrize(
    ("said", "wanted"),
    [(rows({"AppId": "x", "ObjectId": "y"}), None), (FORBIDDEN, Unseen), (answer({}, 404), None)],
)
async def test_an_app_that_exchange_does_not_know_differs_from_one_it_does_not_show(
    said: Response, wanted: Any
) -> None:
    found = await reading({**APP_PATHS, "Get-ServicePrincipal": said}).app("app")
    assert found is not None
    if wanted is None:
        assert found.registered_as is None
    else:
        assert isinstance(found.registered_as, Unseen)


async def test_an_app_the_tenant_does_not_have_is_none() -> None:
    assert await reading({"/servicePrincipals(appId='app')": answer({}, 404)}).app("app") is None


async def test_rights_are_read_in_batches_and_the_smtp_role_only_where_there_is_one() -> None:
    rights = {"value": [{"User": "sp-app", "AccessRights": ["FullAccess"]}]}
    gone = (404, {"error": {"message": "gone"}})
    role = {"Role": "Application SMTP.SendAsApp"}
    verdict = {"value": [{"RoleName": "Application SMTP.SendAsApp", "InScope": "True"}]}
    tenant = "11111111-2222-3333-4444-555555555555"
    table = {
        **APP_PATHS,
        f"/{tenant}/$batch": [parts((200, rights), gone), parts((200, verdict), gone)],
        "Get-ManagementRoleAssignment": rows(role),
    }
    app = App(id="app", name="", principal_id="sp-app")
    found = await reading(table).rights(app, ("g-1", "g-2"))
    assert found["app", "g-1"] == MailboxRight(full_access=True, scoped_smtp=True)
    assert isinstance(found["app", "g-2"].full_access, Unseen)
    assert isinstance(found["app", "g-2"].scoped_smtp, Unseen)


async def test_one_policy_that_is_not_understood_hides_the_family() -> None:
    """A part of the policies would read as if the missing one did not apply."""
    odd = answer({"value": [{"id": "p", "displayName": "P", "state": "somethingNew"}]})
    with pytest.raises(Fault, match="shape that is not understood"):
        await reading({"/identity/conditionalAccess/policies": odd}).conditional_access()


async def test_an_account_that_hides_whether_it_is_enabled_is_not_taken_for_either() -> None:
    people = answer({"value": [{"id": "u", "userPrincipalName": "u@contoso.example"}]})
    with pytest.raises(ServiceFault, match="enabled"):
        await reading({"/users": people, COUNT: FORBIDDEN}).users(tell)


async def test_accounts_are_listed_though_nobody_says_how_many_there_are() -> None:
    person = {"id": "u", "userPrincipalName": "u@contoso.example", "accountEnabled": True}
    for silent in (FORBIDDEN, rows({"id": "u"}), answer({"@odata.count": "two", "value": []})):
        told: list[tuple[str, int, int]] = []
        table = {"/users": answer({"value": [person]}), COUNT: silent}
        assert len(await reading(table).users(lambda *said, to=told: to.append(said))) == 1
        assert told == [("accounts", 1, 0)]


async def test_ten_thousand_mailboxes_are_read_a_page_at_a_time() -> None:
    """Only the members that are used are kept: whole rows would be many times as large."""

    def page(first: int) -> Response:
        link = {} if first == 9000 else {"@odata.nextLink": f"{INVOKE}?%24skiptoken={first}"}
        mailbox = {**SWITCHES[0], **ADA, "Ballast": "x" * 200}
        boxes = [
            {**mailbox, "Guid": f"g-{n:05}", "PrimarySmtpAddress": f"{n:05}@contoso.example"}
            for n in range(first, first + 1000)
        ]
        return rows(*boxes, **link)

    pages = [page(first) for first in range(0, 10_000, 1000)]
    table = dict.fromkeys(("Get-Mailbox", "Get-CASMailbox", "Get-User"), pages)
    counts: dict[str, list[tuple[int, int]]] = {}

    def count(text: str, done: int = 0, total: int = 0) -> None:
        counts.setdefault(text, []).append((done, total))

    boxes = await reading({**table, "Get-AuthenticationPolicy": rows()}).mailboxes(count)
    assert len(boxes) == 10_000
    assert boxes[1234].imap is True
    so_far = range(1000, 10_001, 1000)
    assert counts == {
        "mailboxes (Exchange does not say how many there are)": [(done, 0) for done in so_far],
        "switches of mailboxes": [(done, 10_000) for done in so_far],
        "authentication policies of mailboxes": [(done, 10_000) for done in so_far],
    }
