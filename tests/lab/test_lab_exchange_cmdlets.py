"""What each family of cmdlets reads and writes."""

from __future__ import annotations

import pytest
from exchange_tenant import (
    DOMAIN,
    MAIL_APP,
    MAIL_CLIENT,
    Tenant,
    guid,
    mailbox,
    small_world,
    tenant_of,
)

from portineria.lab.exchange.authpolicy import SWITCHES
from portineria.lab.exchange.identity import policy_dn


@pytest.fixture
def tenant() -> Tenant:
    return tenant_of(small_world())


async def one(tenant: Tenant, cmdlet: str, /, **parameters: object) -> dict[str, object]:
    (row,) = await tenant.rows(cmdlet, **parameters)
    return row


# --- mailboxes -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [True, False, None])
async def test_the_smtp_switch_has_three_states_and_null_clears(
    tenant: Tenant, value: bool | None
) -> None:
    await tenant.call("Set-CASMailbox", Identity=guid(1), SmtpClientAuthenticationDisabled=True)
    await tenant.call("Set-CASMailbox", Identity=guid(1), SmtpClientAuthenticationDisabled=value)
    row = await one(tenant, "Get-CASMailbox", Identity=guid(1))
    assert row["SmtpClientAuthenticationDisabled"] is value


async def test_numbers_are_booleans_as_in_powershell(tenant: Tenant) -> None:
    await tenant.call("Set-CASMailbox", Identity=guid(1), ImapEnabled=0)
    assert (await one(tenant, "Get-CASMailbox", Identity=guid(1)))["ImapEnabled"] is False


async def test_a_list_is_added_to_and_taken_from_with_a_hashtable(tenant: Tenant) -> None:
    table = {"@odata.type": "#Exchange.GenericHashTable"}
    await tenant.call("Set-CASMailbox", Identity=guid(1), EwsAllowList=["a", "b"])
    edit = {**table, "Add": ["c", "B"], "Remove": ["A"]}
    await tenant.call("Set-CASMailbox", Identity=guid(1), EwsAllowList=edit)
    row = await one(tenant, "Get-CASMailbox", Identity=guid(1))
    assert row["EwsAllowList"] == ["b", "c"]
    await tenant.call("Set-CASMailbox", Identity=guid(1), EwsAllowList=None)
    assert (await one(tenant, "Get-CASMailbox", Identity=guid(1)))["EwsAllowList"] == []


async def test_the_default_columns_of_the_rest_cmdlet_lack_the_smtp_switch(tenant: Tenant) -> None:
    for sets in ({}, {"PropertySets": "Imap,Pop"}):
        row = await one(tenant, "Get-EXOCasMailbox", Identity=guid(1), **sets)
        assert row["ImapEnabled"] is True
        assert "SmtpClientAuthenticationDisabled" not in row
    for sets in ({"PropertySets": "All"}, {"Properties": "SmtpClientAuthenticationDisabled"}):
        row = await one(tenant, "Get-EXOCasMailbox", Identity=guid(1), **sets)
        assert row["SmtpClientAuthenticationDisabled"] is None


ODD = {
    4: {"RecipientTypeDetails": "GroupMailbox"},
    5: {"IsInactiveMailbox": True},
    6: {"WhenSoftDeleted": "2026-11-20T09:00:00Z"},
    7: {"RecipientTypeDetails": "MailUser"},
    8: {"RecipientTypeDetails": "MailUser", "IsHVEAccount": True},
    9: {"RecipientTypeDetails": "GuestMailUser"},
    10: {"RecipientTypeDetails": "MailContact"},
    11: {"RecipientTypeDetails": "MailUniversalSecurityGroup"},
    12: {"RecipientTypeDetails": "DynamicDistributionGroup"},
    13: {"RecipientTypeDetails": "PublicFolder"},
    14: {"RecipientTypeDetails": "PublicFolderMailbox"},
}


@pytest.fixture
def odd(tenant: Tenant) -> Tenant:
    """Three mailboxes, and one of everything else that has an address."""
    for number, members in ODD.items():
        document = mailbox(number, f"Odd{number} Example", **members)
        tenant.world["mailboxes"].put(guid(number), document)
    return tenant


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "found"),
    [
        ("Get-Mailbox", {"GroupMailbox": True}, (4,)),
        ("Get-Mailbox", {"InactiveMailboxOnly": True}, (5,)),
        ("Get-Mailbox", {"SoftDeletedMailbox": True}, (6,)),
        ("Get-Mailbox", {"PublicFolder": True}, (14,)),
        ("Get-MailUser", {}, (7, 8, 9)),
        ("Get-MailUser", {"HVEAccount": True}, (8,)),
        ("Get-MailContact", {}, (10,)),
        ("Get-UnifiedGroup", {}, (4,)),
        ("Get-DistributionGroup", {}, (11,)),
        ("Get-DynamicDistributionGroup", {}, (12,)),
        ("Get-Recipient", {"RecipientTypeDetails": "PublicFolder"}, (13,)),
    ],
)
async def test_every_kind_of_recipient_has_a_listing_of_its_own(
    odd: Tenant, cmdlet: str, parameters: dict[str, object], found: tuple[int, ...]
) -> None:
    names = [f"Odd{number} Example" for number in found]
    assert sorted(await odd.names(cmdlet, **parameters)) == sorted(names)


async def test_groups_mail_users_and_deleted_mailboxes_are_not_in_the_ordinary_listings(
    odd: Tenant,
) -> None:
    for cmdlet in ("Get-CASMailbox", "Get-EXOCasMailbox", "Get-Mailbox", "Get-EXOMailbox"):
        assert len(await odd.rows(cmdlet)) == 3, cmdlet
    assert len(await odd.rows("Get-Mailbox", IncludeInactiveMailbox=True)) == 4
    assert len(await odd.rows("Get-User")) == 3 + 3
    deleted = 2
    assert len(await odd.rows("Get-Recipient")) == 3 + len(ODD) - deleted


@pytest.mark.parametrize("number", [5, 6, 4])
async def test_a_recipient_without_switches_is_not_found_by_those_who_write_them(
    odd: Tenant, number: int
) -> None:
    answer = await odd.call("Set-CASMailbox", Identity=f"Odd{number} Example", ImapEnabled=False)
    assert answer.status_code == 404


# --- tenant-wide ---------------------------------------------------------------------------


async def test_the_transport_settings_are_one_row_and_can_be_changed(tenant: Tenant) -> None:
    row = await one(tenant, "Get-TransportConfig")
    assert row["Identity"] == row["Name"] == "Transport Settings"
    assert row["SmtpClientAuthenticationDisabled"] is True
    assert row["AllowLegacyTLSClients"] is None
    await tenant.call(
        "Set-TransportConfig", SmtpClientAuthenticationDisabled=False, AllowLegacyTLSClients=False
    )
    row = await one(tenant, "Get-TransportConfig")
    assert row["SmtpClientAuthenticationDisabled"] is False
    assert row["AllowLegacyTLSClients"] is False


async def test_the_tenant_switch_is_never_null(tenant: Tenant) -> None:
    answer = await tenant.call("Set-TransportConfig", SmtpClientAuthenticationDisabled=None)
    assert answer.status_code == 400


async def test_unset_is_null_and_direct_send_may_be_missing_altogether(tenant: Tenant) -> None:
    row = await one(tenant, "Get-OrganizationConfig")
    assert row["DefaultAuthenticationPolicy"] is None
    assert row["PublicFoldersEnabled"] == "Local"
    assert "RejectDirectSend" not in row
    await tenant.call("Set-OrganizationConfig", RejectDirectSend=True)
    assert (await one(tenant, "Get-OrganizationConfig"))["RejectDirectSend"] is True


async def test_a_plan_has_no_smtp_switch_and_leaves_existing_mailboxes_alone(
    tenant: Tenant,
) -> None:
    row = await one(tenant, "Get-CASMailboxPlan")
    assert "SmtpClientAuthenticationDisabled" not in row
    await tenant.call("Set-CASMailboxPlan", Identity=guid(90), ImapEnabled=False, PopEnabled=False)
    row = await one(tenant, "Get-CASMailboxPlan", Identity=row["Name"])
    assert (row["ImapEnabled"], row["PopEnabled"]) == (False, False)
    assert (await one(tenant, "Get-CASMailbox", Identity=guid(1)))["ImapEnabled"] is True
    answer = await tenant.call(
        "Set-CASMailboxPlan", Identity=guid(90), SmtpClientAuthenticationDisabled=True
    )
    assert answer.status_code == 400


async def test_accepted_domains_are_the_directorys(tenant: Tenant) -> None:
    row = await one(tenant, "Get-AcceptedDomain")
    assert (row["DomainName"], row["Default"]) == ("contoso.example", True)


# --- authentication policies ---------------------------------------------------------------


async def test_a_new_policy_denies_everything(tenant: Tenant) -> None:
    row = await one(tenant, "New-AuthenticationPolicy", Name="No basic")
    assert [row[switch] for switch in SWITCHES] == [False] * 12
    assert await tenant.names("Get-AuthenticationPolicy") == ["No basic"]


@pytest.mark.parametrize(("length", "status"), [(64, 200), (65, 400)])
async def test_a_policys_name_has_at_most_64_characters(
    tenant: Tenant, length: int, status: int
) -> None:
    answer = await tenant.call("New-AuthenticationPolicy", Name="x" * length)
    assert answer.status_code == status


async def test_a_second_policy_of_the_same_name_is_a_conflict(tenant: Tenant) -> None:
    await tenant.call("New-AuthenticationPolicy", Name="No basic")
    answer = await tenant.call("New-AuthenticationPolicy", Name="NO BASIC")
    assert answer.status_code == 409
    assert "AlreadyExists" in answer.headers["x-ExceptionType"]
    assert len(await tenant.rows("Get-AuthenticationPolicy")) == 1


@pytest.mark.parametrize("form", ["Name", "Guid", "DistinguishedName"])
async def test_a_policy_is_assigned_by_name_guid_or_dn_and_cleared_by_null(
    tenant: Tenant, form: str
) -> None:
    policy = await one(tenant, "New-AuthenticationPolicy", Name="No, basic")
    await tenant.call("Set-User", Identity=guid(1), AuthenticationPolicy=policy[form])
    await tenant.call("Set-OrganizationConfig", DefaultAuthenticationPolicy=policy[form])
    assert (await one(tenant, "Get-User", Identity="ada"))["AuthenticationPolicy"] == "No, basic"
    row = await one(tenant, "Get-OrganizationConfig")
    assert row["DefaultAuthenticationPolicy"] == "No, basic"
    await tenant.call("Set-User", Identity=guid(1), AuthenticationPolicy=None)
    assert (await one(tenant, "Get-User", Identity="ada"))["AuthenticationPolicy"] is None


async def test_a_policy_that_is_not_there_cannot_be_assigned(tenant: Tenant) -> None:
    for cmdlet, name in (
        ("Set-User", "AuthenticationPolicy"),
        ("Set-OrganizationConfig", "DefaultAuthenticationPolicy"),
    ):
        answer = await tenant.call(cmdlet, Identity=guid(1), **{name: "nothing"})
        assert answer.status_code == 404


async def test_rows_can_name_a_policy_by_its_dn(tenant: Tenant) -> None:
    tenant.reading("exchange-policy-identifier", "dn")
    await tenant.call("New-AuthenticationPolicy", Name="No basic")
    await tenant.call("Set-User", Identity=guid(1), AuthenticationPolicy="No basic")
    await tenant.call("Set-OrganizationConfig", DefaultAuthenticationPolicy="No basic")
    dn = policy_dn("No basic", DOMAIN)
    assert (await one(tenant, "Get-User", Identity="ada"))["AuthenticationPolicy"] == dn
    row = await one(tenant, "Get-OrganizationConfig")
    assert row["DefaultAuthenticationPolicy"] == dn


async def test_members_of_a_policy_are_filtered_by_its_dn_and_not_its_name(tenant: Tenant) -> None:
    await tenant.call("New-AuthenticationPolicy", Name="No basic")
    await tenant.call("Set-User", Identity=guid(1), AuthenticationPolicy="No basic")
    dn = policy_dn("No basic", DOMAIN)
    by_dn = await tenant.rows("Get-User", Filter=f"AuthenticationPolicy -eq '{dn}'")
    assert [row["Guid"] for row in by_dn] == [guid(1)]
    assert await tenant.rows("Get-User", Filter="AuthenticationPolicy -eq 'No basic'") == []


async def test_a_policy_in_use_stays(tenant: Tenant) -> None:
    await tenant.call("New-AuthenticationPolicy", Name="No basic")
    await tenant.call("Set-OrganizationConfig", DefaultAuthenticationPolicy="No basic")
    assert "default" in await tenant.truth("Remove-AuthenticationPolicy", Identity="No basic")
    await tenant.call("Set-OrganizationConfig", DefaultAuthenticationPolicy=None)
    await tenant.call("Set-User", Identity=guid(1), AuthenticationPolicy="No basic")
    text = await tenant.truth("Remove-AuthenticationPolicy", Identity="No basic")
    assert "assigned to 1 users" in text
    await tenant.call("Set-User", Identity=guid(1), AuthenticationPolicy=None)
    assert (await tenant.call("Remove-AuthenticationPolicy", Identity="No basic")).is_success
    assert await tenant.rows("Get-AuthenticationPolicy") == []


async def test_a_policy_allows_what_it_is_told_to(tenant: Tenant) -> None:
    await tenant.call("New-AuthenticationPolicy", Name="Some", AllowBasicAuthSmtp=True)
    await tenant.call(
        "Set-AuthenticationPolicy", Identity="Some", AllowBasicAuthImap=True, allowbasicauthsmtp=0
    )
    row = await one(tenant, "Get-AuthenticationPolicy", Identity="Some")
    assert row["AllowBasicAuthImap"] is True
    assert row["AllowBasicAuthSmtp"] is False


async def test_tokens_are_revoked_by_a_date_in_utc(tenant: Tenant) -> None:
    await tenant.call(
        "Set-User", Identity=guid(1), StsRefreshTokensValidFrom="2026-11-23T10:00:00+01:00"
    )
    row = await one(tenant, "Get-User", Identity=guid(1))
    assert row["StsRefreshTokensValidFrom"] == "2026-11-23T09:00:00Z"
    assert row["StsRefreshTokensValidFrom@data.type"] == "System.DateTime"
    answer = await tenant.call("Set-User", Identity=guid(1), StsRefreshTokensValidFrom="soon")
    assert answer.status_code == 400


# --- applications --------------------------------------------------------------------------


async def registered(tenant: Tenant) -> None:
    await tenant.call(
        "New-ServicePrincipal", AppId=MAIL_CLIENT, ObjectId=MAIL_APP, DisplayName="Mail"
    )


async def test_an_application_is_registered_once(tenant: Tenant) -> None:
    await registered(tenant)
    row = await one(tenant, "Get-ServicePrincipal", Identity=MAIL_APP)
    assert (row["AppId"], row["ObjectId"], row["DisplayName"]) == (MAIL_CLIENT, MAIL_APP, "Mail")
    answer = await tenant.call("New-ServicePrincipal", AppId=MAIL_CLIENT, ObjectId=MAIL_APP)
    assert answer.status_code == 409


async def test_the_wrong_object_id_is_accepted(tenant: Tenant) -> None:
    """The usual mistake: nothing complains until a mailbox does not open."""
    wrong = "cccccccc-0000-0000-0000-000000000001"
    answer = await tenant.call("New-ServicePrincipal", AppId=MAIL_CLIENT, ObjectId=wrong)
    assert answer.is_success


@pytest.mark.parametrize("name", [MAIL_APP, MAIL_CLIENT, "Mail"])
async def test_an_application_is_given_a_mailbox_under_any_of_its_names(
    tenant: Tenant, name: str
) -> None:
    await registered(tenant)
    answer = await tenant.call(
        "Add-MailboxPermission",
        Identity=guid(3),
        User=name,
        AccessRights="FullAccess",
        AutoMapping=False,
        InheritanceType="All",
        Confirm=False,
    )
    assert answer.is_success
    assert tenant.world["mailboxPermissions"].get(f"{guid(3)}/{MAIL_APP}") is not None
    row = await one(tenant, "Get-MailboxPermission", Identity=guid(3), User=name)
    expected = {
        "Identity": "Scan Floor2",
        "User": MAIL_APP,
        "AccessRights": ["FullAccess"],
        "IsInherited": False,
        "Deny": False,
        "InheritanceType": "All",
    }
    assert {member: row[member] for member in expected} == expected


async def test_a_permission_needs_a_principal_that_exchange_knows(tenant: Tenant) -> None:
    answer = await tenant.call(
        "Add-MailboxPermission", Identity=guid(3), User=MAIL_APP, AccessRights="FullAccess"
    )
    assert answer.status_code == 404


async def test_the_mailboxs_own_rights_are_joined_in_one_string(tenant: Tenant) -> None:
    row = await one(tenant, "Get-MailboxPermission", Identity=guid(1))
    assert row["User"] == "NT AUTHORITY\\SELF"
    assert row["AccessRights"] == ["FullAccess, ReadPermission"]


async def test_a_permission_is_taken_away(tenant: Tenant) -> None:
    await registered(tenant)
    given = {"Identity": guid(3), "User": MAIL_APP, "AccessRights": ["FullAccess"]}
    await tenant.call("Add-MailboxPermission", **given)
    await tenant.call("Remove-MailboxPermission", **given)
    assert await tenant.rows("Get-MailboxPermission", Identity=guid(3), User=MAIL_APP) == []
    answer = await tenant.call("Remove-MailboxPermission", **given)
    assert answer.is_success
    assert answer.json()["@adminapi.warnings"]


async def test_a_person_is_given_a_mailbox_under_their_directory_id(tenant: Tenant) -> None:
    await tenant.call("Add-MailboxPermission", Identity=guid(3), User="ada@contoso.example")
    person = "bbbbbbbb-0000-0000-0000-000000000001"
    assert tenant.world["mailboxPermissions"].get(f"{guid(3)}/{person}") is not None


async def test_send_as_is_the_only_recipient_permission(tenant: Tenant) -> None:
    await registered(tenant)
    given = {"Identity": guid(3), "Trustee": MAIL_APP, "AccessRights": "SendAs"}
    await tenant.call("Add-RecipientPermission", **given, Confirm=False)
    row = await one(tenant, "Get-RecipientPermission", Identity=guid(3))
    assert (row["Trustee"], row["AccessControlType"]) == (MAIL_APP, "Allow")
    assert row["AccessRights"] == ["SendAs"]
    refused = await tenant.call(
        "Add-RecipientPermission", **{**given, "AccessRights": "FullAccess"}
    )
    assert refused.status_code == 400
    await tenant.call("Remove-RecipientPermission", **given)
    assert await tenant.rows("Get-RecipientPermission", Identity=guid(3)) == []


async def scoped(tenant: Tenant) -> None:
    """Mail may send as the members of Scanners, by application RBAC."""
    await registered(tenant)
    scanner = "bbbbbbbb-0000-0000-0000-000000000003"
    group = {"id": "g1", "displayName": "Scanners", "members": [scanner]}
    tenant.world["groups"].put("g1", group)
    dn = f"CN=Scanners,OU={DOMAIN},OU=Microsoft Exchange Hosted Organizations"
    dn += ",DC=LAB00A001,DC=PROD,DC=OUTLOOK,DC=COM"
    row = await one(
        tenant,
        "New-ManagementScope",
        Name="Scan scope",
        RecipientRestrictionFilter=f"MemberOfGroup -eq '{dn}'",
    )
    assert row["RecipientFilter"] == f"MemberOfGroup -eq '{dn}'"
    await tenant.call(
        "New-ManagementRoleAssignment",
        Name="Scan",
        Role="Application SMTP.SendAsApp",
        App=MAIL_APP,
        CustomResourceScope="Scan scope",
    )


async def test_a_role_assignment_reads_back_with_its_scope(tenant: Tenant) -> None:
    await scoped(tenant)
    row = await one(tenant, "Get-ManagementRoleAssignment", RoleAssignee=MAIL_APP)
    assert row["Role"] == "Application SMTP.SendAsApp"
    assert row["RoleAssigneeType"] == "ServicePrincipal"
    assert row["CustomResourceScope"] == "Scan scope"
    assert row["RecipientWriteScope"] == "CustomRecipientScope"


@pytest.mark.parametrize(
    ("resource", "in_scope"), [(guid(3), "True"), (guid(1), "False"), (None, "Not Run")]
)
async def test_the_check_says_whether_a_mailbox_is_in_scope(
    tenant: Tenant, resource: str | None, in_scope: str
) -> None:
    await scoped(tenant)
    asked = {} if resource is None else {"Resource": resource}
    row = await one(tenant, "Test-ServicePrincipalAuthorization", Identity=MAIL_APP, **asked)
    assert row["InScope"] == in_scope
    assert row["RoleName"] == "Application SMTP.SendAsApp"
    assert row["ScopeType"] == "CustomRecipientScope"
    assert row["AllowedResourceScope"] == "Scan scope"


async def test_the_check_looks_past_the_replica(tenant: Tenant) -> None:
    tenant.weather(lag={"": 60.0})
    await scoped(tenant)
    assert await tenant.rows("Get-ManagementRoleAssignment") == []
    rows = await tenant.rows("Test-ServicePrincipalAuthorization", Identity=MAIL_APP)
    assert len(rows) == 1


@pytest.mark.parametrize("role", ["Application IMAP.AccessAsApp", "Application POP.AccessAsApp"])
async def test_there_is_no_such_role_for_imap_or_pop(tenant: Tenant, role: str) -> None:
    await scoped(tenant)
    answer = await tenant.call(
        "New-ManagementRoleAssignment", Role=role, App=MAIL_APP, CustomResourceScope="Scan scope"
    )
    assert answer.status_code == 404


async def test_a_removed_application_takes_its_assignments_and_leaves_the_scopes(
    tenant: Tenant,
) -> None:
    await scoped(tenant)
    await tenant.call("Remove-ServicePrincipal", Identity=MAIL_APP)
    assert await tenant.rows("Get-ManagementRoleAssignment") == []
    assert await tenant.names("Get-ManagementScope") == ["Scan scope"]
