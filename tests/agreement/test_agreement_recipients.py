"""What the client calls a recipient, beside Exchange's listings of it, and the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from matrix import Logins
from stage import Stage, stage

from portineria.policy.desired import Grant
from portineria.policy.effective import Context, effective
from portineria.policy.policyfile import parse
from portineria.policy.recipients import GRANTABLE
from portineria.policy.verdict import Allowed, Answer, Layer, Refused
from portineria.policy.who import members
from portineria.tenant.caller import AppOnly
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind
from portineria.tenant.snapshot import Snapshot

Kind = RecipientKind
LISTINGS: list[tuple[set[Kind], str, dict[str, Any]]] = [
    ({Kind.USER}, "Get-Mailbox", {"RecipientTypeDetails": "UserMailbox"}),
    ({Kind.SHARED}, "Get-Mailbox", {"RecipientTypeDetails": "SharedMailbox"}),
    ({Kind.ROOM}, "Get-Mailbox", {"RecipientTypeDetails": "RoomMailbox"}),
    ({Kind.EQUIPMENT}, "Get-Mailbox", {"RecipientTypeDetails": "EquipmentMailbox"}),
    ({Kind.DISCOVERY}, "Get-Mailbox", {"RecipientTypeDetails": "DiscoveryMailbox"}),
    ({Kind.INACTIVE}, "Get-Mailbox", {"InactiveMailboxOnly": True}),
    ({Kind.SOFT_DELETED}, "Get-Mailbox", {"SoftDeletedMailbox": True}),
    ({Kind.GROUP}, "Get-UnifiedGroup", {}),
    ({Kind.GROUP}, "Get-Mailbox", {"GroupMailbox": True}),
    ({Kind.CONTACT}, "Get-MailContact", {}),
    ({Kind.HVE}, "Get-MailUser", {"HVEAccount": True}),
    ({Kind.HVE, Kind.MAIL_USER, Kind.ON_PREMISES, Kind.GUEST}, "Get-MailUser", {}),
    ({Kind.GUEST}, "Get-Recipient", {"RecipientTypeDetails": "GuestMailUser"}),
    ({Kind.PUBLIC_FOLDER}, "Get-Recipient", {"RecipientTypeDetails": "PublicFolder"}),
]
UNDECIDED = {Kind.HVE, Kind.DISCOVERY}
"""Another layer may refuse them; of what they are the ladder says that it could not tell."""
SWITCHED = {Kind.USER, Kind.SHARED, Kind.ROOM, Kind.EQUIPMENT, Kind.DISCOVERY}


@dataclass(frozen=True)
class Whole:
    """One lab with everybody in it, and everybody looked up by name."""

    lab: Stage
    seen: Snapshot

    def called(self, kinds: set[Kind]) -> set[str]:
        assert isinstance(self.seen.mailboxes, tuple)
        return {box.address for box in self.seen.mailboxes if box.kind in kinds}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    async with stage(tmp_path_factory.mktemp("recipients"), seed="contoso") as lab:
        addresses = [row["PrimarySmtpAddress"] for row in lab.lab.world["mailboxes"].all()]
        yield Whole(lab, await lab.look(*(address.lower() for address in addresses)))


async def listed(lab: Stage, cmdlet: str, parameters: dict[str, Any]) -> set[str]:
    rows = await lab.exchange(cmdlet, ResultSize="Unlimited", **parameters)
    return {row["PrimarySmtpAddress"].lower() for row in rows}


@pytest.mark.asyncio(loop_scope="module")
async def test_every_recipient_is_called_what_exchange_lists_it_as(whole: Whole) -> None:
    for kinds, cmdlet, parameters in LISTINGS:
        shown = await listed(whole.lab, cmdlet, parameters)
        assert shown == whole.called(kinds) != set(), f"{cmdlet} {parameters}"
    groups = await listed(whole.lab, "Get-DistributionGroup", {})
    groups |= await listed(whole.lab, "Get-DynamicDistributionGroup", {})
    assert groups == whole.called({Kind.DISTRIBUTION})
    assert whole.called({Kind.OTHER}) == set()
    assert whole.seen.unread == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_whoever_has_switches_is_shown_with_them(whole: Whole) -> None:
    assert await listed(whole.lab, "Get-CASMailbox", {}) == whole.called(SWITCHED)


@pytest.mark.asyncio(loop_scope="module")
async def test_on_premises_is_who_the_directory_synchronises(whole: Whole) -> None:
    world = whole.lab.lab.world
    synced = {
        row["PrimarySmtpAddress"]
        for row in world["mailboxes"].all()
        if row["RecipientTypeDetails"] == "MailUser" and row["IsDirSynced"]
    }
    assert whole.called({Kind.ON_PREMISES}) == synced != set()


def one_of_each(seen: Snapshot) -> list[Mailbox]:
    assert isinstance(seen.mailboxes, tuple)
    first = {box.kind: box for box in reversed(seen.mailboxes)}
    return [box for kind, box in sorted(first.items()) if kind not in GRANTABLE]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_mail_hosts_let_nobody_into_what_no_grant_can_open(whole: Whole) -> None:
    """With an application's good token: what is refused is the recipient."""
    logins, told = Logins(whole.lab), set()
    app = AppOnly(whole.lab.lab.info["mail_app"]["client_id"])
    for box in one_of_each(whole.seen):
        for protocol in Protocol:
            now = Context(whole.lab.clock.now())
            verdict = effective(whole.seen, box, protocol, app, now)
            assert not isinstance(verdict, Allowed), (box.address, protocol)
            if box.kind not in UNDECIDED:
                assert isinstance(verdict, Refused)
                assert verdict.by.layer is Layer.RECIPIENT
            said = await logins.login(box, protocol, app)
            assert said.answer is Answer.NO, (box.address, protocol, said)
        told.add(box.kind)
    assert told == set(Kind) - GRANTABLE - {Kind.OTHER}


GROUPS = ("Mixed", "Inner circle", "Board", "All devices", "Empty", "Scanners", "Projects")
HELD = {
    "Mixed": "scan scan.archive",
    "Inner circle": "ada bruno",
    "Board": "ada",
    "All devices": "scan scan+archive scan.archive",
    "Empty": "",
    "Scanners": "scan scan.archive",
}
LEFT_OUT = {
    "Mixed": ["a contact", "a device", "a guest", "an account without a mailbox"],
    "Board": ["a guest"],
}


@pytest.mark.asyncio(loop_scope="module")
async def test_groups_give_their_mailboxes_and_tell_whom_they_leave_out(whole: Whole) -> None:
    seen = await whole.lab.look(groups=GROUPS, everything=False)
    assert HELD.keys() | {"Projects"} == set(GROUPS)
    for name, held in HELD.items():
        found = members(grant_of(name), seen)
        names = {box.address.partition("@")[0] for box in found.mailboxes}
        assert names == set(held.split()), name
        assert (found.refusals, found.unseen) == ((), ()), name
        kinds = sorted(one.kind for one in found.left_out if one.address != "hq@contoso.example")
        assert kinds == LEFT_OUT.get(name, []), name
    (refusal,) = members(grant_of("Projects"), seen).refusals
    assert refusal.why == "2 groups have this name"
    ids = [group.id for group in seen.groups.values() if group.name == "Projects"]
    for key in ids:
        assert key in refusal.instead
        assert len(members(grant_of(key), seen).mailboxes) == 1


def grant_of(group: str) -> Grant:
    text = f"tenant: x.example\ngrants: [{{name: g, who: {{groups: ['{group}']}}, allow: [imap]}}]"
    return parse(text, read_csv=None).grants[0]
