"""One call: the envelope of success, the truth inside an error, and who may call at all."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from exchange_tenant import (
    ADMIN,
    BASE,
    DOMAIN,
    GLOBAL_READER,
    MAIL_APP,
    PERSON,
    SECURITY_READER,
    TENANT,
    Tenant,
    command,
    give_role,
    guid,
    small_world,
    tenant_of,
    token,
)

from portineria.lab.exchange.invoke import CMDLETS


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    tenant = tenant_of(small_world())
    async with tenant.http:
        yield tenant


async def test_a_whole_answer_has_an_empty_array_of_warnings(tenant: Tenant) -> None:
    body = (await tenant.call("Get-TransportConfig")).json()
    assert body["@adminapi.warnings"] == []
    assert body["adminapi.warnings@odata.type"] == "#Collection(String)"
    assert body["@odata.context"].endswith("$metadata#Collection(Exchange.GenericHashTable)")
    assert TENANT in body["@odata.context"]


async def test_typed_members_have_a_sidecar_in_front_of_them(tenant: Tenant) -> None:
    row = (await tenant.rows("Get-CASMailbox", Identity=guid(1)))[0]
    members = list(row)
    assert row["Guid@data.type"] == "System.Guid"
    assert row["EmailAddresses@odata.type"] == "#Collection(String)"
    assert members.index("Guid@data.type") + 1 == members.index("Guid")
    transport = (await tenant.rows("Get-TransportConfig"))[0]
    assert transport["AnonymousSenderToRecipientRatePerHour@data.type"] == "System.Int32"


async def test_a_set_answers_an_empty_value(tenant: Tenant) -> None:
    answer = await tenant.call("Set-CASMailbox", Identity=guid(1), ImapEnabled=False)
    assert answer.status_code == 200
    assert answer.json()["value"] == []
    assert answer.json()["@adminapi.warnings"] == []


async def test_a_set_of_nothing_new_succeeds_with_a_warning(tenant: Tenant) -> None:
    answer = await tenant.call("Set-CASMailbox", Identity=guid(1), ImapEnabled=True)
    warning = answer.json()["@adminapi.warnings"][0]
    assert warning.endswith("but no settings of 'Ada Example' have been modified.")
    assert answer.json()["value"] == []


async def test_cmdlets_and_parameters_have_no_case_and_members_have_one(tenant: Tenant) -> None:
    answer = await tenant.call("set-casmailbox", IDENTITY=guid(1), imapENABLED=False)
    assert answer.status_code == 200
    row = (await tenant.rows("GET-CASMAILBOX", identity=guid(1)))[0]
    assert row["ImapEnabled"] is False
    wrong = {"cmdletinput": {"cmdletname": "Get-CASMailbox"}}
    assert (await tenant.post(f"{BASE}/InvokeCommand", wrong)).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        f"/AdminApi/beta/{TENANT}/InvokeCommand",
        f"/ADMINAPI/BETA/{TENANT.upper()}/invokecommand",
        f"/adminapi/beta/{DOMAIN}/InvokeCommand",
    ],
)
async def test_the_path_has_no_case_and_takes_id_or_domain(tenant: Tenant, path: str) -> None:
    answer = await tenant.post(path, command("Get-TransportConfig", {}))
    assert answer.status_code == 200


async def test_another_tenants_path_is_not_served(tenant: Tenant) -> None:
    answer = await tenant.post(
        "/adminapi/beta/fabrikam.onmicrosoft.com/InvokeCommand", command("Get-TransportConfig", {})
    )
    assert answer.status_code == 404


async def test_select_leaves_only_the_named_columns(tenant: Tenant) -> None:
    answer = await tenant.post(
        f"{BASE}/InvokeCommand?$select=Guid,imapenabled", command("Get-CASMailbox", {})
    )
    assert [set(row) for row in answer.json()["value"]] == [
        {"Guid", "Guid@data.type", "ImapEnabled"}
    ] * 3


async def test_an_error_says_invalid_operation_and_keeps_the_truth_inside(tenant: Tenant) -> None:
    answer = await tenant.call("Get-CASMailbox", BogusParameter=1)
    error = answer.json()["error"]
    text = (
        "Parameter set cannot be resolved using the specified named parameters. "
        "Invalid cmdlet parameters specified. BogusParameter"
    )
    kind = "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException"
    assert answer.status_code == 400
    assert error["code"] == "BadRequest"
    assert error["message"] == error["innererror"]["message"] == "Invalid Operation"
    assert error["details"] == [
        {"code": "Client", "target": "", "message": f"|{kind}|{text}"},
    ]
    assert error["innererror"]["internalexception"] == {
        "message": text,
        "type": kind,
        "stacktrace": "",
    }
    assert error["@adminapi.warnings"] == []
    assert answer.headers["x-ExceptionType"] == "AmbiguousParameterSetException"


async def test_the_warnings_of_an_error_can_be_beside_it(tenant: Tenant) -> None:
    tenant.reading("exchange-error-warnings", "beside")
    body = (await tenant.call("Get-CASMailbox", BogusParameter=1)).json()
    assert body["@adminapi.warnings"] == []
    assert "@adminapi.warnings" not in body["error"]


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        ("ImapEnabled", "true", 'Cannot convert value "true" to type "System.Boolean"'),
        ("ImapEnabled", None, "System.Boolean"),
        ("PopMessagesRetrievalMimeFormat", "Text", "TextOnly, HtmlOnly"),
        ("PopMessagesRetrievalMimeFormat", "Nonsense", "Nonsense"),
        ("EwsAllowList", {"Add": ["a"]}, "EwsAllowList"),
    ],
)
async def test_a_bad_value_is_a_transformation_error_and_changes_nothing(
    tenant: Tenant, parameter: str, value: object, words: str
) -> None:
    before = tenant.world["mailboxes"].get(guid(1))
    answer = await tenant.call("Set-CASMailbox", Identity=guid(1), **{parameter: value})
    inner = answer.json()["error"]["innererror"]["internalexception"]
    assert answer.status_code == 400
    assert inner["type"].endswith("ParameterTransformationException")
    assert words in inner["message"]
    assert tenant.world["mailboxes"].get(guid(1)) == before


async def test_an_enum_error_has_no_details(tenant: Tenant) -> None:
    answer = await tenant.call(
        "Set-CASMailbox", Identity=guid(1), ImapMessagesRetrievalMimeFormat="Nonsense"
    )
    assert "details" not in answer.json()["error"]


async def test_an_enum_member_is_found_by_an_unambiguous_prefix(tenant: Tenant) -> None:
    await tenant.call("Set-CASMailbox", Identity=guid(1), ImapMessagesRetrievalMimeFormat="tn")
    row = (await tenant.rows("Get-CASMailbox", Identity=guid(1)))[0]
    assert row["ImapMessagesRetrievalMimeFormat"] == "Tnef"


async def test_what_if_changes_nothing_and_is_no_write(tenant: Tenant) -> None:
    await tenant.call("Set-CASMailbox", Identity=guid(1), ImapEnabled=False, WhatIf=True)
    assert (await tenant.rows("Get-CASMailbox", Identity=guid(1)))[0]["ImapEnabled"] is True
    assert not list(tenant.lab.history.writes())


async def test_a_write_is_remembered_by_cmdlet_target_and_caller(tenant: Tenant) -> None:
    tenant.bearer = token(tenant.world, ADMIN, appid="client-1")
    await tenant.call("Set-CASMailbox", Identity=guid(1), ImapEnabled=False)
    (asked,) = tenant.lab.history.writes()
    assert (asked.operation, asked.target, asked.caller) == ("Set-CASMailbox", guid(1), "client-1")
    assert asked.wrote


async def test_without_a_token_the_answer_is_401(tenant: Tenant) -> None:
    body = command("Get-TransportConfig", {})
    assert (await tenant.http.post(f"{BASE}/InvokeCommand", json=body)).status_code == 401
    tenant.bearer = "no.such.token"
    assert (await tenant.call("Get-TransportConfig")).status_code == 401


async def test_a_token_for_another_audience_or_too_old_is_401(tenant: Tenant) -> None:
    from portineria.lab.login import tokens

    tenant.bearer = tokens.mint(
        tenant.world,
        audience="https://graph.microsoft.com",
        subject=ADMIN,
        roles=["Exchange.ManageAsApp"],
    )
    assert (await tenant.call("Get-TransportConfig")).status_code == 401
    tenant.bearer = token(tenant.world)
    tenant.world.clock.advance(3600)
    assert (await tenant.call("Get-TransportConfig")).status_code == 401


async def test_neither_permission_nor_role_is_401(tenant: Tenant) -> None:
    tenant.bearer = token(tenant.world, MAIL_APP, "IMAP.AccessAsApp")
    assert (await tenant.call("Get-TransportConfig")).status_code == 401


async def test_the_permission_alone_is_403_with_a_body_of_nul_bytes(tenant: Tenant) -> None:
    tenant.bearer = token(tenant.world, MAIL_APP)
    answer = await tenant.call("Get-TransportConfig")
    assert answer.status_code == 403
    assert answer.content
    assert set(answer.content) == {0}


async def test_an_unknown_cmdlet_is_the_same_403(tenant: Tenant) -> None:
    answer = await tenant.call("Get-NoSuchThing")
    assert answer.status_code == 403
    assert set(answer.content) == {0}


@pytest.mark.parametrize(
    ("role", "cmdlet", "status"),
    [
        (GLOBAL_READER, "Get-CASMailbox", 200),
        (GLOBAL_READER, "Get-OrganizationConfig", 200),
        (GLOBAL_READER, "Set-CASMailbox", 403),
        (GLOBAL_READER, "New-AuthenticationPolicy", 403),
        (SECURITY_READER, "Get-TransportConfig", 200),
        (SECURITY_READER, "Get-OrganizationConfig", 403),
        (SECURITY_READER, "Set-TransportConfig", 403),
        ("31392ffb-586c-42d1-9346-e59415a2cc4e", "Set-CASMailbox", 200),
        ("31392ffb-586c-42d1-9346-e59415a2cc4e", "Set-TransportConfig", 403),
    ],
)
async def test_a_directory_role_covers_its_cmdlets_and_no_others(
    tenant: Tenant, role: str, cmdlet: str, status: int
) -> None:
    give_role(tenant.world, MAIL_APP, role)
    tenant.bearer = token(tenant.world, MAIL_APP)
    parameters = {"Identity": guid(1)} if "Mailbox" in cmdlet else {}
    assert (await tenant.call(cmdlet, **parameters)).status_code == status


async def test_a_role_group_of_exchange_does_as_well_as_a_directory_role(tenant: Tenant) -> None:
    group = {"Name": "Mail switches", "Roles": ["Mail Recipients"], "Members": [MAIL_APP]}
    tenant.world["exchangeRoleGroups"].put("Mail switches", group)
    tenant.bearer = token(tenant.world, MAIL_APP)
    assert (await tenant.call("Get-CASMailbox")).status_code == 200
    assert (await tenant.call("Get-TransportConfig")).status_code == 403


@pytest.mark.parametrize(
    ("scope", "status"), [("Exchange.Manage", 200), ("IMAP.AccessAsUser.All", 401)]
)
async def test_a_person_needs_the_delegated_scope_and_a_role(
    tenant: Tenant, scope: str, status: int
) -> None:
    give_role(tenant.world, PERSON, GLOBAL_READER)
    tenant.bearer = token(tenant.world, PERSON, scp=scope)
    assert (await tenant.call("Get-TransportConfig")).status_code == status


async def test_a_role_can_come_through_a_group(tenant: Tenant) -> None:
    tenant.world["groups"].put("g1", {"id": "g1", "members": [MAIL_APP]})
    give_role(tenant.world, "g1", GLOBAL_READER)
    tenant.bearer = token(tenant.world, MAIL_APP)
    assert (await tenant.call("Get-TransportConfig")).status_code == 200


def test_every_cmdlet_has_a_role_and_no_parameter_twice() -> None:
    for cmdlet in CMDLETS.values():
        names = [parameter.name.lower() for parameter in cmdlet.parameters]
        assert cmdlet.roles
        assert len(set(names)) == len(names), cmdlet.name


async def test_the_module_is_told_which_cmdlets_the_caller_may_use(tenant: Tenant) -> None:
    give_role(tenant.world, MAIL_APP, GLOBAL_READER)
    tenant.bearer = token(tenant.world, MAIL_APP)
    answer = await tenant.get(f"/AdminApi/v1.0/{TENANT}/EXOModuleFile?Version=3.9.2")
    names = answer.json()["value"][0]["exportedCmdlets"]
    assert "Get-CASMailbox" in names
    assert "Set-CASMailbox" not in names
