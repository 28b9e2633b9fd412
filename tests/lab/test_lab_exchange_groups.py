"""Groups that Exchange keeps itself, and the roles of applications that they bound."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_tenant import MAIL_APP, MAIL_CLIENT, Tenant, small_world, tenant_of

ADA, ROLE = "ada@contoso.example", "Application SMTP.SendAsApp"
SECURITY = {"Name": "Senders", "Type": "Security"}


@pytest.fixture
def tenant() -> Tenant:
    return tenant_of(small_world())


async def names(tenant: Tenant, group: str = "Senders") -> list[str]:
    rows = await tenant.rows("Get-DistributionGroupMember", Identity=group)
    return [row["PrimarySmtpAddress"] for row in rows]


async def test_a_group_is_made_empty_and_answers_with_its_row(tenant: Tenant) -> None:
    answer = await tenant.call("New-DistributionGroup", **SECURITY, DisplayName="The senders")
    (row,) = answer.json()["value"]
    assert row["RecipientTypeDetails"] == "MailUniversalSecurityGroup"
    assert row["PrimarySmtpAddress"].startswith("Senders@")
    for identity in ("Senders", "The senders", row["Guid"], row["PrimarySmtpAddress"]):
        (found,) = await tenant.rows("Get-DistributionGroup", Identity=identity)
        assert found["Guid"] == row["Guid"]
    assert await names(tenant) == []
    directory = list(tenant.lab.world["groups"].all())
    assert [g["mailEnabled"] and g["securityEnabled"] for g in directory[-1:]] == [True]


async def test_without_a_type_it_is_a_distribution_group(tenant: Tenant) -> None:
    answer = await tenant.call("New-DistributionGroup", Name="List")
    assert answer.json()["value"][0]["RecipientTypeDetails"] == "MailUniversalDistributionGroup"


async def test_a_name_that_is_taken_too_long_or_missing_makes_none(tenant: Tenant) -> None:
    await tenant.call("New-DistributionGroup", **SECURITY)
    before = len(list(tenant.lab.world["groups"].all()))
    assert (await tenant.call("New-DistributionGroup", **SECURITY)).status_code == 409
    assert (await tenant.call("New-DistributionGroup", Name="x" * 65)).status_code == 400
    assert (await tenant.call("New-DistributionGroup")).status_code == 400
    assert len(list(tenant.lab.world["groups"].all())) == before


async def test_members_come_and_go_one_by_one(tenant: Tenant) -> None:
    await tenant.call("New-DistributionGroup", **SECURITY)
    member = {"Identity": "Senders", "Member": ADA, "BypassSecurityGroupManagerCheck": True}
    assert (await tenant.call("Add-DistributionGroupMember", **member)).is_success
    assert await names(tenant) == [ADA]
    assert (await tenant.call("Add-DistributionGroupMember", **member)).status_code == 409
    assert (await tenant.call("Remove-DistributionGroupMember", **member)).is_success
    assert await names(tenant) == []
    assert (await tenant.call("Remove-DistributionGroupMember", **member)).status_code == 404


@pytest.mark.parametrize("given", [{}, {"Identity": "Senders"}, {"Member": ADA}])
async def test_a_membership_names_both(tenant: Tenant, given: dict[str, Any]) -> None:
    await tenant.call("New-DistributionGroup", **SECURITY)
    assert (await tenant.call("Add-DistributionGroupMember", **given)).status_code == 400


async def test_a_mailbox_is_no_group(tenant: Tenant) -> None:
    call = await tenant.call("Add-DistributionGroupMember", Identity=ADA, Member=ADA)
    assert call.status_code == 404


async def test_a_removed_group_is_gone_from_the_directory_too(tenant: Tenant) -> None:
    await tenant.call("New-DistributionGroup", **SECURITY)
    assert (await tenant.call("Remove-DistributionGroup", Identity="Senders")).is_success
    assert (await tenant.call("Get-DistributionGroup", Identity="Senders")).status_code == 404
    assert all(g["displayName"] != "Senders" for g in tenant.lab.world["groups"].all())


async def scoped(tenant: Tenant) -> None:
    await tenant.call("New-DistributionGroup", **SECURITY)
    await tenant.call(
        "New-ServicePrincipal", AppId=MAIL_CLIENT, ObjectId=MAIL_APP, DisplayName="Mail"
    )
    (group,) = await tenant.rows("Get-DistributionGroup", Identity="Senders")
    await tenant.call(
        "New-ManagementRoleAssignment",
        Name="bound",
        Role=ROLE,
        App=MAIL_APP,
        RecipientGroupScope=group["Guid"],
    )


async def verdict(tenant: Tenant, who: str = ADA) -> str:
    (row,) = await tenant.rows(
        "Test-ServicePrincipalAuthorization", Identity=MAIL_CLIENT, Resource=who
    )
    return str(row["InScope"])


async def test_a_role_reaches_the_direct_members_of_its_group(tenant: Tenant) -> None:
    await scoped(tenant)
    assert await verdict(tenant) == "False"
    await tenant.call("Add-DistributionGroupMember", Identity="Senders", Member=ADA)
    assert await verdict(tenant) == "True"
    (row,) = await tenant.rows("Get-ManagementRoleAssignment", RoleAssignee=MAIL_APP)
    assert (row["RecipientWriteScope"], "group" in row) == ("Group", False)


async def test_another_group_of_the_same_name_lends_nobody_a_role(tenant: Tenant) -> None:
    """The scope is the group itself, not what it is called."""
    await scoped(tenant)
    (mailbox,) = await tenant.rows("Get-Mailbox", Identity=ADA)
    twin = {
        "id": "99999999-0000-0000-0000-000000000001",
        "displayName": "Senders",
        "members": [mailbox["ExternalDirectoryObjectId"]],
    }
    tenant.lab.world["groups"].put(twin["id"], twin)
    assert await verdict(tenant) == "False"
