"""Looking: what fails says why and stays unseen, the rest is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from portineria.clock import VirtualClock
from portineria.doors.crew import AsyncCrew
from portineria.fault import Fault, NetworkFault, OperatorFault, PermissionFault, ServiceFault
from portineria.run.look import MANY_NAMES, Tell, Wants, look, look_closer
from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    MailboxPlan,
    NamedLocation,
    Organization,
    PolicyState,
    Transport,
)
from portineria.tenant.apps import App, AppKind, MailboxRight, OwnApp, ScopeGroup
from portineria.tenant.mailbox import Mailbox, RecipientKind
from portineria.tenant.people import GLOBAL_ADMINISTRATOR, Domain, Group, Licences, User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

BOX = Mailbox(
    guid="g-1",
    entra_id="u-1",
    address="ada@x.example",
    upn="ada@x.example",
    display_name="Ada Example",
)
OTHER = replace(BOX, guid="g-2", entra_id="u-2", address="bea@x.example", upn="bea@x.example")
OURS = (
    OwnApp(id="mail", name="mail app", kind=AppKind.MAIL, principal_id="p1", registered=("p1",)),
    OwnApp(
        id="smtp",
        name="SMTP app",
        kind=AppKind.SMTP,
        principal_id="p2",
        registered=("wrong",),
        group=ScopeGroup(id="g", name="senders", members=frozenset({"g-2"})),
    ),
    OwnApp(id="half", name="half made", kind=AppKind.MAIL),
)
POLICY = ConditionalAccessPolicy(
    id="p",
    name="P",
    state=PolicyState.ENABLED,
    client_apps=frozenset({"all"}),
    include_groups=frozenset({"group-of-policy"}),
    exclude_roles=frozenset({"role-of-policy"}),
)
FAMILIES = (
    "domains",
    "licences",
    "security_defaults",
    "conditional_access",
    "named_locations",
    "authentication_policies",
    "transport",
    "organization",
    "mailbox_plans",
    "mailboxes",
    "users",
    "user_consent",
)


STRANGERS = {
    "team@x.example": RecipientKind.GROUP,
    "u-1": RecipientKind.MAIL_USER,
    "u-synced": RecipientKind.MAIL_USER,
}
"""Directory ids stand for addresses, where somebody's account is to be found."""


class FakeReader:
    """A small tenant; `broken` families raise."""

    def __init__(self, **broken: Fault) -> None:
        self.broken = broken
        self.asked: list[tuple[str, Any]] = []

    def _ask(self, name: str, detail: Any = None) -> None:
        self.asked.append((name, detail))
        if name in self.broken:
            raise self.broken[name]

    def about(self, name: str) -> list[Any]:
        return [detail for asked, detail in self.asked if asked == name]

    async def domains(self) -> tuple[Domain, ...]:
        self._ask("domains")
        return (Domain(name="x.example"),)

    async def licences(self) -> Licences:
        self._ask("licences")
        return Licences(entra_p1=True)

    async def security_defaults(self) -> bool:
        self._ask("security_defaults")
        return True

    async def conditional_access(self) -> tuple[ConditionalAccessPolicy, ...]:
        self._ask("conditional_access")
        return (POLICY,)

    async def named_locations(self) -> tuple[NamedLocation, ...]:
        self._ask("named_locations")
        return ()

    async def authentication_policies(self) -> tuple[AuthenticationPolicy, ...]:
        self._ask("authentication_policies")
        return ()

    async def transport(self) -> Transport:
        self._ask("transport")
        return Transport(smtp_auth_disabled=True)

    async def organization(self) -> Organization:
        self._ask("organization")
        return Organization()

    async def mailbox_plans(self) -> tuple[MailboxPlan, ...]:
        self._ask("mailbox_plans")
        return ()

    async def mailboxes(self, tell: Tell) -> tuple[Mailbox, ...]:
        self._ask("mailboxes")
        tell("mailboxes", 2)
        return (BOX, OTHER)

    async def recipient(self, name: str) -> Mailbox | None:
        self._ask("recipient", name)
        kind = STRANGERS.get(name)
        if kind is None:
            return None
        return replace(BOX, guid=f"g-{name}", entra_id=name, address=name, upn="", kind=kind)

    async def users(self, tell: Tell) -> Mapping[str, User]:
        self._ask("users")
        people = (
            User(id=f"u-{n}", upn=f"{n}", display_name="", per_user_mfa=NOT_LOOKED_AT)
            for n in (1, 2)
        )
        synced = User(id="u-synced", upn="s", display_name="", synced=True)
        return {**{user.id: user for user in people}, synced.id: synced}

    async def user_consent(self) -> bool | Unseen:
        self._ask("user_consent")
        return Unseen("case by case")

    async def role_members(self, roles: Collection[str]) -> Mapping[str, frozenset[str]]:
        self._ask("role_members", frozenset(roles))
        return {role: frozenset() for role in roles}

    async def group(self, name: str) -> tuple[Group, ...]:
        self._ask("group", name)
        return (Group(id=f"id-{name}", name=name, members=frozenset({"u-1"})),)

    async def recipients(self, names: Collection[str], tell: Tell) -> Mapping[str, Mailbox]:
        self._ask("recipients", len(names))
        found = {name: await FakeReader().recipient(name) for name in names}
        return {name: box for name, box in found.items() if box is not None}

    async def per_user_mfa(self, user_ids: Sequence[str]) -> Mapping[str, bool | Unseen]:
        self._ask("per_user_mfa", tuple(user_ids))
        return dict.fromkeys(user_ids, True)

    async def app(self, client_id: str) -> App | None:
        self._ask("app", client_id)
        return None if client_id == "nobody" else App(id=client_id, name="", principal_id="sp")

    async def own_apps(self) -> tuple[OwnApp, ...]:
        self._ask("own_apps")
        return OURS

    async def rights(
        self, app: App, guids: Collection[str]
    ) -> Mapping[tuple[str, str], MailboxRight]:
        self._ask("rights", tuple(guids))
        return {(app.id, guid): MailboxRight(full_access=True) for guid in guids}


class Quiet:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.steps: list[tuple[str, int, int]] = []

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        self.told.append(text)
        self.steps.append((text, done, total))


async def seen(reader: FakeReader, **wants: Any) -> Snapshot:
    clock = VirtualClock(datetime(2026, 11, 1, tzinfo=UTC))
    return await look(reader, "tenant", clock, AsyncCrew(), Quiet(), Wants(**wants))


async def test_a_whole_tenant_is_seen() -> None:
    snapshot = await seen(FakeReader(), own_app="me")
    assert snapshot.mailboxes == (BOX, OTHER)
    unasked = dict.fromkeys(("apps", "own"), "not looked at")
    assert snapshot.unseen() == {"user_consent": "case by case", **unasked}
    assert snapshot.own_app == "me"


@pytest.mark.parametrize("family", [*FAMILIES, "role_members"])
@pytest.mark.parametrize(
    "fault", [PermissionFault("no permission X"), ServiceFault("failed"), NetworkFault("cut")]
)
async def test_a_family_that_fails_is_unseen_with_its_reason_and_the_rest_is_seen(
    family: str, fault: Fault
) -> None:
    snapshot = await seen(FakeReader(**{family: fault}))
    assert getattr(snapshot, family) == Unseen(fault.why)
    for other in {*FAMILIES, "role_members"} - {family, "user_consent"}:
        assert not isinstance(getattr(snapshot, other), Unseen), other


async def test_a_tenant_that_shows_nothing_at_all_is_a_failure() -> None:
    fault = NetworkFault("no way there")
    with pytest.raises(NetworkFault, match="no way there"):
        await seen(FakeReader(**dict.fromkeys(FAMILIES, fault)))


async def test_a_refused_credential_is_not_a_reason_to_see_less() -> None:
    with pytest.raises(OperatorFault):
        await seen(FakeReader(domains=OperatorFault("the client secret is wrong")))


async def test_groups_and_roles_that_a_policy_names_are_read_too() -> None:
    reader = FakeReader()
    snapshot = await seen(reader, groups=frozenset({"Scanners"}))
    assert set(reader.about("group")) == {"Scanners", "group-of-policy"}
    assert {"role-of-policy", GLOBAL_ADMINISTRATOR} <= set(reader.about("role_members")[0])
    assert set(snapshot.groups) == {"id-Scanners", "id-group-of-policy"}


async def test_a_group_that_cannot_be_read_is_there_without_its_members() -> None:
    snapshot = await seen(FakeReader(group=ServiceFault("throttled")))
    assert snapshot.groups["group-of-policy"].members == Unseen("throttled")


async def test_rights_and_mfa_are_read_for_the_wanted_only() -> None:
    reader = FakeReader()
    wanted = frozenset({"ADA@x.example"})
    snapshot = await seen(reader, mailboxes=wanted, apps=frozenset({"app"}))
    assert reader.about("rights") == [("g-1",)]
    assert reader.about("per_user_mfa") == [("u-1",)]
    assert snapshot.right("app", "g-1") == MailboxRight(full_access=True)
    assert snapshot.right("app", "g-2") == NOT_LOOKED_AT
    assert isinstance(snapshot.users, Mapping)
    assert snapshot.users["u-1"].per_user_mfa is True
    assert snapshot.users["u-2"].per_user_mfa == NOT_LOOKED_AT


async def test_rights_that_cannot_be_read_are_unseen_for_each_mailbox() -> None:
    reader = FakeReader(rights=PermissionFault("no role"), per_user_mfa=PermissionFault("no beta"))
    snapshot = await seen(reader, mailboxes=frozenset({"g-1"}), apps=frozenset({"app"}))
    right = snapshot.right("app", "g-1")
    assert isinstance(right, MailboxRight)
    assert right.full_access == Unseen("no role")
    assert isinstance(snapshot.users, Mapping)
    assert snapshot.users["u-1"].per_user_mfa == Unseen("no beta")


async def test_an_app_that_is_not_there_is_absent_and_one_that_fails_hides_all() -> None:
    assert (await seen(FakeReader(), apps=frozenset({"nobody"}))).apps == {}
    snapshot = await seen(FakeReader(app=ServiceFault("down")), apps=frozenset({"app"}))
    assert snapshot.apps == Unseen("down")


async def test_a_wanted_name_that_is_no_mailbox_is_said_to_be_what_it_is() -> None:
    snapshot = await seen(FakeReader(), mailboxes=frozenset({"team@x.example", "no@x.example"}))
    found = snapshot.mailbox("team@x.example")
    assert found is not None
    assert found.kind is RecipientKind.GROUP
    assert snapshot.mailbox("no@x.example") is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("u-synced", RecipientKind.ON_PREMISES), ("u-other", RecipientKind.MAIL_USER)],
)
async def test_a_mail_user_of_the_companys_own_directory_is_on_premises(
    name: str, kind: RecipientKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STRANGERS, "u-other", RecipientKind.MAIL_USER)
    found = (await seen(FakeReader(), mailboxes=frozenset({name}))).mailbox(name)
    assert found is not None
    assert found.kind is kind


async def test_a_name_that_could_not_be_looked_up_is_kept_with_the_reason() -> None:
    snapshot = await seen(FakeReader(recipient=ServiceFault("down")), mailboxes=frozenset({"x@y"}))
    assert snapshot.unread == {"x@y": "down"}
    assert snapshot.mailbox("x@y") is None


async def test_the_groups_that_were_looked_for_are_remembered() -> None:
    snapshot = await seen(FakeReader(), groups=frozenset({"Scanners"}))
    assert snapshot.groups_asked == {"Scanners", "group-of-policy"}


async def test_no_more_than_a_few_readings_run_at_a_time() -> None:
    running, most = 0, 0

    class Slow(FakeReader):
        async def group(self, name: str) -> tuple[Group, ...]:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            return ()

    await seen(Slow(), groups=frozenset(str(n) for n in range(40)))
    assert 1 < most <= 4


async def test_everything_means_every_mailbox() -> None:
    reader = FakeReader()
    await seen(reader, everything=True, apps=frozenset({"app"}))
    assert reader.about("rights") == [("g-1", "g-2")]
    assert reader.about("per_user_mfa") == [("u-1", "u-2")]


class Crowded(FakeReader):
    """Many mailboxes, each with an account."""

    size = 250

    async def mailboxes(self, tell: Tell) -> tuple[Mailbox, ...]:
        return tuple(
            replace(BOX, guid=f"g-{n}", entra_id=f"u-{n}", address=f"{n}@x.example", upn="")
            for n in range(self.size)
        )

    async def users(self, tell: Tell) -> Mapping[str, User]:
        return {f"u-{n}": User(id=f"u-{n}", upn="", display_name="") for n in range(250)}


async def test_many_mailboxes_are_asked_about_in_parts_and_counted() -> None:
    reader, quiet = Crowded(), Quiet()
    clock = VirtualClock(datetime(2026, 11, 1, tzinfo=UTC))
    wants = Wants(everything=True, apps=frozenset({"app"}))
    snapshot = await look(reader, "tenant", clock, AsyncCrew(), quiet, wants)
    assert sorted(map(len, reader.about("rights"))) == [50, 100, 100]
    assert sorted(map(len, reader.about("per_user_mfa"))) == [10, *[20] * 12]
    assert len(snapshot.rights) == 250
    assert isinstance(snapshot.users, Mapping)
    assert all(user.per_user_mfa is True for user in snapshot.users.values())
    assert {("rights of app", 250, 250), ("per-user MFA", 250, 250)} <= set(quiet.steps)


async def test_many_unknown_names_are_looked_for_in_a_listing() -> None:
    reader = FakeReader()
    names = {f"{n}@nowhere.example" for n in range(MANY_NAMES)} | {"team@x.example"}
    snapshot = await seen(reader, mailboxes=frozenset(names))
    assert reader.about("recipients") == [MANY_NAMES + 1]
    assert reader.about("recipient") == []
    assert snapshot.mailbox("team@x.example") is not None
    assert snapshot.mailbox("7@nowhere.example") is None
    assert snapshot.unread == {}


async def test_many_names_that_could_not_be_looked_up_are_all_kept_with_the_reason() -> None:
    names = frozenset(f"{n}@nowhere.example" for n in range(MANY_NAMES + 1))
    snapshot = await seen(FakeReader(recipients=ServiceFault("down")), mailboxes=names)
    assert snapshot.unread == dict.fromkeys(names, "down")


async def test_a_closer_look_adds_to_what_was_seen_and_lists_nothing_again() -> None:
    reader = FakeReader()
    first = await seen(reader, mailboxes=frozenset({"no@x.example", "team@x.example"}))
    listed = list(reader.asked)
    wants = Wants(mailboxes=frozenset({"g-2"}), apps=frozenset({"app"}))
    closer = await look_closer(first, reader, AsyncCrew(), Quiet(), wants)
    assert closer.mailbox("team@x.example") is not None
    assert (closer.taken_at, closer.mailboxes) == (first.taken_at, first.mailboxes)
    assert closer.right("app", "g-2") == MailboxRight(full_access=True)
    assert {name for name, _ in reader.asked[len(listed) :]} == {"app", "rights", "per_user_mfa"}


async def test_our_applications_are_seen_with_their_rights_on_every_mailbox_of_a_small_tenant() -> (
    None
):
    reader = FakeReader()
    snapshot = await seen(reader, own=True)
    assert snapshot.own == OURS
    assert snapshot.right("mail", "g-1") == MailboxRight(full_access=True)
    # Of the one that sends, nobody is asked about but who is in its group.
    assert sorted(reader.about("rights")) == [("g-1", "g-2"), ("g-2",)]
    assert isinstance(snapshot.apps, Mapping)
    assert {key: app.registered_as for key, app in snapshot.apps.items()} == {
        "mail": "p1",
        "smtp": "wrong",
    }


async def test_of_a_large_tenant_only_the_wanted_and_the_remembered_are_asked() -> None:
    few, all_ = Crowded(), Crowded()
    clock, own = VirtualClock(datetime(2026, 11, 1, tzinfo=UTC)), OURS[0].id
    few.size = all_.size = 501
    wants = Wants(own=True, rights_on=frozenset({"g-7"}))
    await look(few, "tenant", clock, AsyncCrew(), Quiet(), wants)
    assert ("g-7",) in few.about("rights")
    assert sum(map(len, few.about("rights"))) == 3  # g-7 of both, and the member of the group
    snapshot = await look(
        all_, "tenant", clock, AsyncCrew(), Quiet(), replace(wants, all_rights=True)
    )
    assert sum(1 for app, _ in snapshot.rights if app == own) == 501


async def test_our_applications_that_cannot_be_read_are_unseen_and_the_rest_is_seen() -> None:
    snapshot = await seen(FakeReader(own_apps=ServiceFault("down")), own=True)
    assert snapshot.own == Unseen("down")
    assert snapshot.mailboxes == (BOX, OTHER)
