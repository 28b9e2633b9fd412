"""Seeds: the tenants to begin with hold together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portineria.clock import VirtualClock
from portineria.lab import seeds
from portineria.lab.exchange.recipients import has_mailbox, is_deleted
from portineria.lab.seeds.facts import facts
from portineria.lab.seeds.people import password
from portineria.lab.world import Document, World


def planted(name: str) -> World:
    world = World(VirtualClock(datetime(2026, 11, 1, tzinfo=UTC)))
    seeds.load(world, name)
    return world


def boxes(world: World) -> list[Document]:
    return [box for box in world["mailboxes"].all() if has_mailbox(box)]


@pytest.mark.parametrize(
    ("name", "people"), [("contoso", 250), ("contoso-free", 250), ("small", 12)]
)
def test_a_seed_has_its_people_and_no_two_of_one_name(name: str, people: int) -> None:
    world = planted(name)
    found = {user["userPrincipalName"].lower() for user in world["users"].all()}
    assert len(found) == people == len(list(world["users"].all()))


@pytest.mark.parametrize("name", seeds.NAMES)
def test_every_reference_of_a_seed_leads_somewhere(name: str) -> None:
    world = planted(name)
    kinds = ("users", "groups", "servicePrincipals", "contacts")
    objects = {row["id"] for kind in kinds for row in world[kind].all()}
    for box in world["mailboxes"].all():
        owner = box["ExternalDirectoryObjectId"]
        assert owner is None or (owner in objects) is not is_deleted(box)
    for row in world["roleAssignments"].all():
        assert row["principalId"] in objects
    for row in world["appRoleAssignments"].all():
        assert {row["principalId"], row["resourceId"]} <= objects
    plans = {plan["Name"] for plan in world["mailboxPlans"].all()}
    assert {box["MailboxPlan"] for box in boxes(world)} - {None} <= plans


@pytest.mark.parametrize("name", ["contoso", "contoso-free"])
def test_members_of_groups_exist(name: str) -> None:
    world = planted(name)
    kinds = ("users", "groups", "devices", "contacts", "servicePrincipals")
    objects = {row["id"] for kind in kinds for row in world[kind].all()}
    for group in world["groups"].all():
        assert set(group["members"]) <= objects


def test_a_seed_is_the_same_each_time() -> None:
    one, two = planted("contoso"), planted("contoso")
    for kind in one.tables:
        assert dict(one[kind].items()) == dict(two[kind].items())


def test_loading_again_forgets_everything() -> None:
    world = planted("small")
    world["users"].put("extra", {"id": "extra"})
    seeds.load(world, "small")
    assert world["users"].get("extra") is None


def test_seeds_are_old_news_to_those_who_lag() -> None:
    world = planted("small")
    assert len(list(world["users"].all(age=86_400.0))) == 12


KINDS = {
    "UserMailbox": "ada@contoso.example",
    "SharedMailbox": "info@contoso.example",
    "RoomMailbox": "room.blue@contoso.example",
    "EquipmentMailbox": "car@contoso.example",
    "DiscoveryMailbox": "discovery.search@contoso.example",
    "MailUser": "hq@contoso.example",
    "GuestMailUser": "guest@fabrikam.example",
    "MailContact": "carla@fabrikam.example",
    "GroupMailbox": "board@contoso.example",
    "MailUniversalSecurityGroup": "scanners@contoso.example",
    "MailUniversalDistributionGroup": "projects@contoso.example",
    "DynamicDistributionGroup": "everybody@contoso.example",
    "PublicFolder": "notices@contoso.example",
}


@pytest.mark.parametrize(("details", "address"), KINDS.items())
def test_contoso_has_one_of_each_kind_of_recipient(details: str, address: str) -> None:
    found = planted("contoso")["mailboxes"].find("PrimarySmtpAddress", address)
    assert found is not None
    assert found["RecipientTypeDetails"] == details
    assert not is_deleted(found)


def test_contoso_has_what_is_left_of_people_who_are_gone_and_an_account_for_high_volume() -> None:
    world = planted("contoso")
    inactive, deleted, volume = (
        world["mailboxes"].find("PrimarySmtpAddress", f"{name}@contoso.example") or {}
        for name in ("gerda.gone", "justus.left", "payroll")
    )
    assert (inactive["IsInactiveMailbox"], deleted["IsInactiveMailbox"]) == (True, False)
    assert inactive["WhenSoftDeleted"]
    assert deleted["WhenSoftDeleted"]
    assert (volume["RecipientTypeDetails"], volume["IsHVEAccount"]) == ("MailUser", True)


def test_two_people_and_two_groups_of_contoso_have_one_name() -> None:
    world = planted("contoso")
    for kind, name in (("users", "Anna Rossi"), ("groups", "Projects")):
        namesakes = [row for row in world[kind].all() if row["displayName"] == name]
        assert len({row["id"] for row in namesakes}) == len(namesakes) == 2


def test_an_unknown_seed_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(seeds.NoSuchSeed, match="contoso, contoso-free, small"):
        seeds.load(World(VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))), "fabrikam")


def test_the_free_tenant_has_no_entra_p1_and_the_others_do() -> None:
    def plans(name: str) -> set[str]:
        skus = planted(name)["subscribedSkus"].all()
        return {plan["servicePlanName"] for sku in skus for plan in sku["servicePlans"]}

    assert "AAD_PREMIUM" in plans("contoso")
    assert "AAD_PREMIUM" in plans("small")
    assert not {plan for plan in plans("contoso-free") if plan.startswith("AAD_PREMIUM")}


def test_contoso_protects_itself_and_keeps_smtp_closed() -> None:
    world = planted("contoso")
    defaults, transport = world["policies"].get("securityDefaults"), world["transport"].get("")
    assert defaults is not None
    assert transport is not None
    assert defaults["isEnabled"] is True
    assert transport["SmtpClientAuthenticationDisabled"] is True
    found = boxes(world)
    assert sum(box["ImapEnabled"] for box in found) > len(found) * 0.7
    assert sum(box["PopEnabled"] for box in found) > len(found) * 0.6


def test_the_mail_application_has_rights_on_named_mailboxes_only() -> None:
    world = planted("contoso")
    mail = facts(world)["mail_app"]
    owners = {box["Guid"]: box["UserPrincipalName"] for box in boxes(world)}
    opened = {
        owners[key.partition("/")[0]]
        for key, row in world["mailboxPermissions"].items()
        if row["User"] == mail["principal_id"] and row["AccessRights"] == ["FullAccess"]
    }
    assert opened == {f"{name}@contoso.example" for name in ("erp", "monitor", "scan", "invoices")}
    registered = world["exchangeServicePrincipals"].get(mail["principal_id"])
    assert registered is not None
    assert registered["AppId"] == mail["client_id"]


def test_people_have_passwords_of_their_own() -> None:
    world = planted("contoso")
    given = [user["password"] for user in world["users"].all() if user["password"]]
    assert len(set(given)) == len(given) > 200
    ada = world["users"].find("userPrincipalName", "ada@contoso.example")
    assert ada is not None
    assert ada["password"] == password("ADA@contoso.example")


def test_the_facts_name_the_odd_ones() -> None:
    people = {person["upn"] for person in facts(planted("contoso"))["people"]}
    assert {"scan@contoso.example", "nora.o'malley@contoso.example"} <= people
    assert len(people) < 40
