"""Applications of our own as Graph and Exchange tell and take them."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from m365_labworld import LabWorld, lab_world

from portineria.fault import NoFile, NotFound, NotSignedIn, ServiceFault
from portineria.m365 import appresources
from portineria.m365.data import Data
from portineria.m365.exchange import scopes
from portineria.m365.graph import ownapps
from portineria.m365.resources import TenantResources, no_certificate
from portineria.policy.change import Change, Family, Missing, Phase, Target, Verb
from portineria.tenant.access import EXCHANGE_ONLINE

DER = b"a certificate"
SHA1 = hashlib.sha1(DER, usedforsecurity=False).hexdigest().upper()
ERP = "erp@contoso.example"


def change(family: Family, verb: Verb, key: str = "k", **after: Any) -> Change:
    return Change(
        id=1,
        verb=verb,
        target=Target(family=family, key=key, name="n"),
        before=None,
        after=after,
        phase=Phase.STAGE,
        because=(),
        reason="",
    )


@pytest.mark.parametrize(
    "shown",
    [
        {"key": base64.b64encode(DER).decode(), "customKeyIdentifier": "chosen by somebody"},
        {"customKeyIdentifier": base64.b64encode(bytes.fromhex(SHA1)).decode()},
        {"customKeyIdentifier": SHA1.lower()},
    ],
    ids=["the certificate itself", "Base64 of the thumbprint", "the thumbprint in hexadecimal"],
)
def test_a_certificate_is_known_by_its_thumbprint(shown: dict[str, str]) -> None:
    assert ownapps.thumbprints({"keyCredentials": [shown]}) == [SHA1]


def test_what_is_no_thumbprint_is_nobodys() -> None:
    for odd in ("", "AAAA", "not base 64!"):
        assert SHA1 not in ownapps.thumbprints({"keyCredentials": [{"customKeyIdentifier": odd}]})
    assert ownapps.thumbprints({}) == []
    assert ownapps.secrets({"passwordCredentials": [{"keyId": "b"}, {"keyId": "a"}]}) == ["a", "b"]


async def test_only_what_bears_both_tags_is_ours() -> None:
    async with lab_world() as world:
        for number, tags in enumerate(
            (["Portineria"], ["Portineria", "Portineria.mail"], ["Portineria.mail"], [])
        ):
            key = f"00000000-0000-0000-0000-00000000000{number}"
            row = {"id": key, "appId": f"app-{number}", "displayName": "Portineria: x"}
            world.lab.world["applications"].put(key, {**row, "tags": tags})
        assert [app.id for app in await ownapps.tagged(world.session)] == ["app-1"]


async def test_a_permission_that_the_resource_does_not_offer_is_told() -> None:
    async with lab_world() as world:
        with pytest.raises(ServiceFault, match="offers no application permission"):
            await ownapps.assign_app_role(world.session, "p/Mail.Fly", EXCHANGE_ONLINE)


async def test_entras_part_is_not_written_without_a_person() -> None:
    async with lab_world() as world:
        for family in (Family.APPLICATION, Family.SERVICE_PRINCIPAL, Family.APP_ROLE):
            with pytest.raises(NotSignedIn):
                await world.resources.write(change(family, Verb.CREATE))
        assert list(world.lab.history.writes()) == []


@pytest.mark.parametrize(
    ("family", "verb"),
    [
        (Family.SERVICE_PRINCIPAL, Verb.UPDATE),
        (Family.APP_ROLE, Verb.UPDATE),
        (Family.GROUP, Verb.UPDATE),
        (Family.ROLE_ASSIGNMENT, Verb.UPDATE),
    ],
)
async def test_a_verb_that_a_family_does_not_know_is_our_own_mistake(
    family: Family, verb: Verb
) -> None:
    async with lab_world() as world:
        with pytest.raises(ValueError, match="knows no update"):
            await appresources.write(
                world.session, world.session, change(family, verb), no_certificate
            )


async def test_a_certificate_that_is_not_here_is_not_sent() -> None:
    async with lab_world() as world:
        resources = TenantResources(world.session, world.session)
        update = change(Family.APPLICATION, Verb.UPDATE, keyCredentials=[SHA1])
        with pytest.raises(NoFile):
            await resources.write(update)
        assert list(world.lab.history.writes()) == []


async def mail_app(world: LabWorld) -> tuple[str, str]:
    """The principal of the seed's mail app, and the guid of a mailbox."""
    snapshot = await world.look()
    box = snapshot.mailbox(ERP)
    assert box is not None
    return world.lab.info["mail_app"]["principal_id"], box.guid


async def test_the_right_to_send_as_comes_and_goes() -> None:
    async with lab_world() as world:
        principal, guid = await mail_app(world)
        key = f"{guid}/{principal}"
        target = Target(family=Family.RECIPIENT_PERMISSION, key=key, name="n")
        assert await world.resources.read(target, ("AccessRights",)) == Missing()
        await world.resources.write(change(Family.RECIPIENT_PERMISSION, Verb.CREATE, key))
        seen = await world.resources.read(target, ("AccessRights",))
        assert seen == {"AccessRights": ["SendAs"]}
        assert await world.resources.find(target) == (key,)
        await world.resources.write(change(Family.RECIPIENT_PERMISSION, Verb.DELETE, key))
        assert await world.resources.find(target) == ()


class Telling:
    """A session that answers each cmdlet with these rows."""

    def __init__(self, **rows: Any) -> None:
        self.rows = rows
        self.asked: list[dict[str, Any]] = []

    async def exchange(self, cmdlet: str, parameters: Any) -> Data:
        self.asked.append(dict(parameters))
        found = self.rows[cmdlet.replace("-", "_")]
        if isinstance(found, Exception):
            raise found
        return Data(rows=tuple(found))


GROUP = {"Guid": "GROUP-1", "DistinguishedName": "CN=Senders", "DisplayName": "Senders"}


@pytest.mark.parametrize("member", ["RecipientGroupScope", "CustomResourceScope"])
async def test_the_group_that_bounds_a_role_is_looked_up_wherever_it_is_shown(member: str) -> None:
    row = {"Name": "bound", "Role": "R", "RecipientWriteScope": "Group", member: "CN=Senders"}
    session: Any = Telling(Get_ManagementRoleAssignment=[row], Get_DistributionGroup=[GROUP])
    (found,) = await scopes.assignments(session, "p")
    assert (found.group, found.scope) == ("group-1", "Group")


async def test_a_role_without_a_group_or_with_one_that_is_gone_has_none() -> None:
    wide = {"Name": "wide", "Role": "R", "RecipientWriteScope": "Organization"}
    lost = {**wide, "RecipientWriteScope": "Group", "RecipientGroupScope": "CN=Gone"}
    session: Any = Telling(
        Get_ManagementRoleAssignment=[wide, lost], Get_DistributionGroup=NotFound("gone")
    )
    assert [one.group for one in await scopes.assignments(session, "p")] == ["", ""]


async def test_a_group_is_made_under_a_plain_alias_and_says_its_id() -> None:
    session: Any = Telling(New_DistributionGroup=[GROUP])
    made = await scopes.create_group(session, {"DisplayName": "Portineria: SMTP senders ab12"})
    assert made == "group-1"
    (asked,) = session.asked
    assert asked["Alias"] == "portineria-smtp-senders-ab12"
    assert (asked["Type"], asked["MemberJoinRestriction"]) == ("Security", "Closed")
    dumb: Any = Telling(New_DistributionGroup=[])
    with pytest.raises(ServiceFault, match="did not say its id"):
        await scopes.create_group(dumb, {"DisplayName": "x"})


async def test_a_registration_of_another_client_id_does_not_count() -> None:
    """An Identity that nobody has may answer with everything (Get-ServicePrincipal as others)."""
    rows = [{"AppId": "OTHER", "ObjectId": "o"}, {"AppId": "MINE", "ObjectId": "m"}]
    session: Any = Telling(Get_ServicePrincipal=rows)
    assert await scopes.registered(session, "mine") == ("m",)
    nobody: Any = Telling(Get_ServicePrincipal=NotFound("none"))
    assert await scopes.registered(nobody, "mine") == ()
