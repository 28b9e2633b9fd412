"""What the mail hosts see of the tenant: who answers to a name, who is licensed, who calls."""

from __future__ import annotations

from typing import Any

import pytest
from post_tenant import PASSWORD, PLAN, SKU, Tenant, guid, person

from portineria.lab.login.refusals import SignInFault
from portineria.lab.post.refusals import BY_SIGN_IN
from portineria.lab.weather import Weather
from portineria.lab.world import World

NO_MAILBOX = "550 Mailbox cannot be accessed"


def licensed(tenant: Tenant, **licence: Any) -> None:
    user = tenant.world["users"].get(person("ada")) or {}
    tenant.put("users", person("ada"), {**user, "assignedLicenses": [{"skuId": SKU, **licence}]})


def plans(tenant: Tenant, *names: str) -> None:
    rows = [{"servicePlanId": f"plan-{name}", "servicePlanName": name} for name in names]
    tenant.put("subscribedSkus", SKU, {"skuId": SKU, "servicePlans": rows})


@pytest.mark.parametrize(
    ("names", "reply"),
    [
        (("EXCHANGE_S_STANDARD",), "235 "),
        (("EXCHANGE_S_DESKLESS",), "235 "),
        (("EXCHANGE_S_FOUNDATION",), NO_MAILBOX),
        (("TEAMS1", "EXCHANGE_S_ENTERPRISE"), "235 "),
        ((), NO_MAILBOX),
    ],
)
async def test_only_a_plan_with_a_mailbox_in_it_is_a_licence(
    names: tuple[str, ...], reply: str
) -> None:
    tenant = Tenant()
    plans(tenant, *names)
    assert (await tenant.smtp_login()).startswith(reply)


async def test_a_plan_that_was_unticked_is_no_licence() -> None:
    tenant = Tenant()
    licensed(tenant, disabledPlans=["something else"])
    assert (await tenant.smtp_login()).startswith("235 ")
    licensed(tenant, disabledPlans=[PLAN])
    assert await tenant.smtp_login() == NO_MAILBOX


async def test_a_shared_mailbox_needs_no_licence() -> None:
    tenant = Tenant()
    tenant.world["mailboxes"].patch(guid("desk"), SmtpClientAuthenticationDisabled=False)
    tenant.register()
    tenant.allow("desk")
    assert (await tenant.smtp_bearer("desk", tenant.app_token("smtp"))).startswith("235 ")


@pytest.mark.parametrize("kind", ["MailUser", "GuestMailUser", "GroupMailbox", "MailContact"])
async def test_a_recipient_that_is_no_mailbox_cannot_be_accessed(kind: str) -> None:
    tenant = Tenant()
    tenant.world["mailboxes"].patch(guid("ada"), RecipientTypeDetails=kind)
    assert await tenant.smtp_login() == NO_MAILBOX


async def test_every_address_of_a_mailbox_names_it_whatever_the_case() -> None:
    tenant = Tenant()
    token = tenant.user_token("ada", "smtp")
    for name in ("ADA@Contoso.Example", "ada@contoso.onmicrosoft.example"):
        assert (await tenant.smtp_bearer(name, token)).startswith("235 ")
    assert (await tenant.smtp_bearer("ada@fabrikam.example", token)).startswith("535 5.7.3")


async def test_an_exchange_registration_under_another_client_id_does_not_count() -> None:
    tenant = Tenant()
    tenant.register()
    tenant.allow("ada")
    token = tenant.app_token("smtp", appid="another client")
    assert (await tenant.smtp_bearer("ada", token)).startswith("535 5.7.3")
    assert tenant.history[-1]["gate"] == "service principal"


async def test_a_right_other_than_full_access_opens_nothing() -> None:
    tenant = Tenant()
    tenant.register()
    tenant.allow("ada")
    key = next(iter(tenant.world["mailboxPermissions"].versions))
    tenant.world["mailboxPermissions"].patch(key, AccessRights=["ReadPermission"])
    assert (await tenant.smtp_bearer("ada", tenant.app_token("smtp"))).startswith("535 5.7.3")
    tenant.world["mailboxPermissions"].patch(key, AccessRights=["FullAccess"], Deny=True)
    assert (await tenant.smtp_bearer("ada", tenant.app_token("smtp"))).startswith("535 5.7.3")


async def test_a_policy_is_found_by_name_guid_or_dn_and_a_name_of_nothing_denies_nothing() -> None:
    tenant = Tenant()
    policy = {"Name": "No basic", "Guid": "g-1", "DistinguishedName": "CN=No basic,OU=x"}
    tenant.put("authenticationPolicies", "g-1", {**policy, "AllowBasicAuthSmtp": False})
    for name, reply in [
        ("no BASIC", "535 5.7.139"),
        ("g-1", "535 5.7.139"),
        ("CN=No basic,OU=x", "535 5.7.139"),
        ("deleted meanwhile", "235 "),
    ]:
        tenant.world["mailboxes"].patch(guid("ada"), AuthenticationPolicy=name)
        assert (await tenant.smtp_login()).startswith(reply), name


async def test_the_login_service_is_told_who_where_from_and_with_what() -> None:
    """Conditional Access judges the address of the device, not of the mail host."""
    tenant, asked = Tenant(), []

    async def sign_in(
        world: World, weather: Weather, upn: str, password: str, address: str
    ) -> None:
        asked.append((upn, password == PASSWORD, address))

    tenant.office.sign_in = sign_in
    assert (await tenant.smtp_login()).startswith("235 ")
    assert asked == [("ada@contoso.example", True, "192.0.2.7")]


@pytest.mark.parametrize("code", [*BY_SIGN_IN, 50034, 50057, 50173])
async def test_every_refusal_of_the_login_service_becomes_a_reply(code: int) -> None:
    tenant = Tenant()

    async def sign_in(*_given: object) -> None:
        raise SignInFault(code)

    tenant.office.sign_in = sign_in
    reply = await tenant.smtp_login()
    assert reply.startswith("535 5.7.139 " if code in BY_SIGN_IN else "535 5.7.3 ")


async def test_mail_and_counters_can_be_forgotten() -> None:
    tenant = Tenant()
    await tenant.smtp_login()
    tenant.office.note_sent(guid("ada"), 5)
    tenant.office.store.inbox(guid("ada")).add(b"x", tenant.clock.now())
    tenant.office.forget()
    assert tenant.office.connections[guid("ada")] == 0
    assert tenant.office.recipients_today(guid("ada")) == 0
    assert not tenant.office.store.inbox(guid("ada")).messages
