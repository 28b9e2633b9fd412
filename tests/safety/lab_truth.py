"""The real lab in this process, arranged as a story wants it, and its truth as a snapshot."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from worlds import FOREIGN, PEOPLE, SMTP, Story, address

from portineria.lab.weather import Weather
from portineria.m365.exchange.authentication import name_of, policy
from portineria.policy.change import Family
from portineria.policy.conditionalbody import from_graph, location_from_graph
from portineria.policy.desired import Desired
from portineria.run.look import Wants
from portineria.tenant.access import Organization, Transport
from portineria.tenant.mailbox import SmtpSwitch
from portineria.tenant.snapshot import Snapshot

sys.path.insert(0, str(Path(__file__).parent.parent / "m365"))
from m365_labworld import LabWorld, lab_world

KEEPERS = ("bg1@contoso.onmicrosoft.com", "bg2@contoso.onmicrosoft.com")


@dataclass
class LabTenant:
    """`base` is what an honest look saw at the start: what no run changes is taken from it."""

    world: LabWorld
    base: Snapshot

    @property
    def app(self) -> str:
        return str(self.world.lab.info["mail_app"]["client_id"])

    def truth(self) -> Snapshot:
        """The documents as they are now, past every lag, in the words of the tenant."""
        lab = self.world.lab.world
        known = tuple(policy(row) for row in lab["authenticationPolicies"].all())
        assert isinstance(self.base.mailboxes, tuple)
        boxes = []
        for box in self.base.mailboxes:
            row = lab["mailboxes"].get(box.guid)
            assert row is not None
            boxes.append(
                replace(
                    box,
                    imap=row["ImapEnabled"],
                    pop=row["PopEnabled"],
                    smtp=SmtpSwitch.from_disabled(row[SMTP]),
                    authentication_policy=name_of(row["AuthenticationPolicy"], known),
                )
            )
        (transport,) = lab["transport"].all()
        (organization,) = lab["exchangeOrganization"].all()
        defaults = lab["policies"].get("securityDefaults")
        assert defaults is not None
        return replace(
            self.base,
            mailboxes=tuple(boxes),
            authentication_policies=known,
            transport=Transport(smtp_auth_disabled=transport[SMTP]),
            organization=Organization(
                default_authentication_policy=name_of(
                    organization["DefaultAuthenticationPolicy"], known
                )
            ),
            security_defaults=defaults["isEnabled"],
            conditional_access=tuple(from_graph(row) for row in lab["conditionalAccess"].all()),
            named_locations=tuple(location_from_graph(r) for r in lab["namedLocations"].all()),
        )

    def documents(self) -> str:
        """All that a run may change, for remembering what was measured."""
        kinds = (
            "mailboxes", "authenticationPolicies", "transport", "exchangeOrganization",
            "policies", "conditionalAccess", "namedLocations",
        )  # fmt: skip
        return repr([list(self.world.lab.world[kind].items()) for kind in kinds])


@asynccontextmanager
async def lab_tenant(story: Story) -> AsyncIterator[LabTenant]:
    """A fair day in the small lab, with three mailboxes, as the story describes it."""
    async with lab_world(weather="fair") as world:
        _arrange(story, world)
        world.clock.advance(60)
        app = str(world.lab.info["mail_app"]["client_id"])
        wants = Wants(everything=True, apps=frozenset({app}))
        yield LabTenant(world, await world.look(wants))


def wished(story: Story) -> Desired:
    """The same wishes with the lab's break-glass accounts."""
    posture = replace(story.desired.posture, break_glass=KEEPERS)
    return replace(story.desired, posture=posture)


def _arrange(story: Story, world: LabWorld) -> None:
    lab = world.lab.world
    for guid, row in list(lab["mailboxes"].items()):
        name = row["Name"]
        if name not in PEOPLE or row["PrimarySmtpAddress"] != address(name):
            lab["mailboxes"].put(guid, None)
            continue
        lab["mailboxes"].patch(guid, **story.documents[Family.MAILBOX, f"guid-{name}"])
    lab["transport"].patch("", **story.documents[Family.TRANSPORT, ""])
    lab["policies"].patch("securityDefaults", **story.documents[Family.SECURITY_DEFAULTS, ""])
    foreign = story.documents.get((Family.CONDITIONAL_ACCESS, "foreign"))
    if foreign is not None:
        lab["conditionalAccess"].put("foreign", _foreign(foreign, world))


def _foreign(body: dict[str, Any], world: LabWorld) -> dict[str, Any]:
    """As Graph stores it, with the lab's own break-glass accounts left out."""
    people = world.lab.world["users"]
    keepers = [people.find("userPrincipalName", upn) for upn in KEEPERS]
    conditions = {
        **body["conditions"],
        "users": {
            **body["conditions"]["users"],
            "excludeUsers": [keeper["id"] for keeper in keepers if keeper is not None],
        },
    }
    created = "2026-01-01T00:00:00Z"
    return {
        **body,
        "id": "foreign",
        "displayName": FOREIGN,
        "conditions": conditions,
        "createdDateTime": created,
    }


def calm() -> Weather:
    return Weather()
