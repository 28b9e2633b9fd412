"""Which objects an identity means: all of its names, everything for an empty one, 404 else."""

from __future__ import annotations

import pytest
from exchange_tenant import DOMAIN, Tenant, guid, mailbox, small_world, tenant_of
from hypothesis import given
from hypothesis import strategies as st

from portineria.lab.exchange import shapes
from portineria.lab.exchange.faults import Refusal
from portineria.lab.exchange.identity import (
    distinguished_name,
    mailbox_names,
    matching,
    only,
)


@pytest.fixture
def tenant() -> Tenant:
    return tenant_of(small_world())


@pytest.mark.parametrize(
    "identity",
    [
        guid(2),
        guid(2).upper(),
        "bbbbbbbb-0000-0000-0000-000000000002",
        "Bea O'Sample",
        "bea o'sample",
        "bea",
        "bea@contoso.example",
        f"2@{DOMAIN}",
        "LAB00A001\\bea",
        f"CN=Bea O'Sample,OU={DOMAIN},OU=Microsoft Exchange Hosted Organizations,"
        "DC=LAB00A001,DC=PROD,DC=OUTLOOK,DC=COM",
    ],
)
async def test_a_mailbox_answers_to_each_of_its_names(tenant: Tenant, identity: str) -> None:
    assert await tenant.names("Get-CASMailbox", Identity=identity) == ["Bea O'Sample"]


@pytest.mark.parametrize(
    "cmdlet",
    ["Get-CASMailbox", "Get-EXOCasMailbox", "Get-Mailbox", "Get-User", "Get-Recipient"],
)
@pytest.mark.parametrize("identity", [None, ""])
async def test_an_empty_identity_returns_everything(
    tenant: Tenant, cmdlet: str, identity: str | None
) -> None:
    """The danger that Microsoft documents: a client must refuse empty identities itself."""
    assert len(await tenant.rows(cmdlet, Identity=identity)) == 3


@pytest.mark.parametrize(
    "cmdlet",
    [
        "Get-CASMailbox",
        "Get-User",
        "Get-CASMailboxPlan",
        "Get-AuthenticationPolicy",
        "Get-ServicePrincipal",
        "Set-CASMailbox",
        "Remove-AuthenticationPolicy",
    ],
)
async def test_an_identity_that_nobody_has_is_404(tenant: Tenant, cmdlet: str) -> None:
    answer = await tenant.call(cmdlet, Identity="nobody")
    inner = answer.json()["error"]["innererror"]["internalexception"]
    assert answer.status_code == 404
    assert inner["type"].endswith("ManagementObjectNotFoundException")
    assert inner["message"].startswith(
        "The operation couldn't be performed because object 'nobody' couldn't be found on '"
    )
    assert answer.json()["error"]["details"][0]["message"].startswith("Ex6F9304|Microsoft.")


async def test_a_write_without_an_identity_is_refused(tenant: Tenant) -> None:
    answer = await tenant.call("Set-CASMailbox", ImapEnabled=False)
    assert answer.status_code == 400
    assert [row["ImapEnabled"] for row in await tenant.rows("Get-CASMailbox")] == [
        True,
        False,
        True,
    ]


async def test_a_write_to_a_name_that_two_have_is_refused(tenant: Tenant) -> None:
    twin = mailbox(4, "Ada Example", PrimarySmtpAddress="ada2@contoso.example")
    tenant.world["mailboxes"].put(guid(4), twin)
    text = await tenant.truth("Set-CASMailbox", Identity="Ada Example", ImapEnabled=False)
    assert "'Ada Example' matches multiple entries" in text
    assert (await tenant.rows("Get-CASMailbox", Identity=guid(1)))[0]["ImapEnabled"] is True


async def test_a_guid_means_its_mailbox_even_if_another_is_named_so(tenant: Tenant) -> None:
    tenant.world["mailboxes"].put(guid(4), mailbox(4, guid(1)))
    answer = await tenant.call("Set-CASMailbox", Identity=guid(1), PopEnabled=False)
    assert answer.status_code == 200
    assert (await tenant.rows("Get-CASMailbox", Identity="ada"))[0]["PopEnabled"] is False


names = st.text("abc O'+,=\\é", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(st.lists(names, min_size=1, max_size=6, unique_by=str.lower), st.data())
def test_every_printed_name_finds_its_object_in_any_case(
    chosen: list[str], data: st.DataObject
) -> None:
    documents = [
        shapes.whole(mailbox(i, f"{name} {i}"), DOMAIN) for i, name in enumerate(chosen, start=1)
    ]
    wanted = data.draw(st.sampled_from(documents))
    text = data.draw(st.sampled_from([str(n) for n in mailbox_names(wanted) if n]))
    for spelling in (text, text.lower()):
        found = matching(documents, spelling, mailbox_names)
        assert wanted in found
        assert all(any(str(n).lower() == text.lower() for n in mailbox_names(d)) for d in found)


@given(names)
def test_a_name_with_special_characters_stays_one_part_of_its_dn(name: str) -> None:
    dn = distinguished_name(name, DOMAIN)
    parts, escaped = [""], False
    for character in dn:
        if character == "," and not escaped:
            parts.append("")
        elif character == "\\" and not escaped:
            escaped = True
            continue
        else:
            parts[-1] += character
        escaped = False
    assert parts[0] == f"CN={name}"
    assert len(parts) == 7


@given(st.text(min_size=1))
def test_only_gives_the_one_or_refuses(identity: str) -> None:
    document = shapes.whole(mailbox(1, "Ada Example"), DOMAIN)
    known = identity.lower() in {str(name).lower() for name in mailbox_names(document) if name}
    try:
        found: object = only([document], identity, mailbox_names)
    except Refusal as refusal:
        found = refusal.answer.status
    assert found == (document if known else 404)
