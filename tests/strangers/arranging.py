"""Ways to change a lab through its control door, each of which can be taken back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from running_lab import Doors, Row

Key = Callable[[Doors], str]
Document = Callable[[Doors], Row | None]
Undo = Callable[[], object]


class Change(ABC):
    @abstractmethod
    def make(self, lab: Doors) -> Undo:
        """Do it; what is returned takes it back."""


@contextmanager
def arranged(lab: Doors, changes: Sequence[Change]) -> Iterator[None]:
    """The lab with these changes, and as it was before afterwards."""
    undoing: list[Undo] = []
    try:
        undoing.extend(change.make(lab) for change in changes)
        yield
    finally:
        for undo in reversed(undoing):
            undo()


@dataclass(frozen=True, slots=True)
class Put(Change):
    """A document as it is to be; `of` makes it, or None where there is to be none."""

    kind: str
    key: Key
    of: Document

    def make(self, lab: Doors) -> Undo:
        key = self.key(lab)
        before = lab.table(self.kind).get(key)
        lab.put(self.kind, key, self.of(lab))
        return lambda: lab.put(self.kind, key, before)


@dataclass(frozen=True, slots=True)
class Members(Change):
    """Some members of a document that is there."""

    kind: str
    key: Key
    members: Mapping[str, object]

    def make(self, lab: Doors) -> Undo:
        key = self.key(lab)
        before = lab.table(self.kind)[key]
        lab.put(self.kind, key, {**before, **self.members})
        return lambda: lab.put(self.kind, key, before)


@dataclass(frozen=True, slots=True)
class Weather(Change):
    """Fair weather with these members replaced."""

    members: Mapping[str, object]

    def make(self, lab: Doors) -> Undo:
        lab.control("POST", "/weather", {"name": "fair", "overrides": dict(self.members)})
        return lambda: lab.control("POST", "/weather", {"name": "fair"})


@dataclass(frozen=True, slots=True)
class On(Change):
    """A date to come. Place it last: what is arranged on a later day is not seen before it."""

    day: datetime

    def make(self, lab: Doors) -> Undo:
        def back() -> None:
            lab.clock.ahead = timedelta()

        lab.clock.ahead = max(self.day - datetime.now(UTC), timedelta())
        return back


# --- what is arranged most, by its names in Microsoft 365 ---


def mailbox(address: str, **members: object) -> Change:
    return Members("mailboxes", lambda lab: lab.mailbox(address), members)


def user(upn: str, **members: object) -> Change:
    return Members("users", lambda lab: lab.user(upn), members)


def tenant_smtp(*, off: bool) -> Change:
    return Members("transport", lambda _: "", {"SmtpClientAuthenticationDisabled": off})


def security_defaults(*, on: bool) -> Change:
    return Members("policies", lambda _: "securityDefaults", {"isEnabled": on})


def reading(name: str, value: str) -> Change:
    return Weather({"readings": {name: value}})


def app_permission(address: str, *, allowed: bool = True) -> Change:
    """FullAccess of the mail application to this mailbox."""
    return full_access(address, lambda lab: str(lab.info["mail_app"]["principal_id"]), allowed)


def full_access(address: str, principal: Key, allowed: bool = True) -> Change:
    row = {"Identity": address, "AccessRights": ["FullAccess"], "Deny": False}
    return Put(
        "mailboxPermissions",
        lambda lab: f"{lab.mailbox(address)}/{principal(lab)}",
        lambda lab: {**row, "User": principal(lab)} if allowed else None,
    )


def send_as(address: str, principal: Key) -> Change:
    row = {"Identity": address, "AccessRights": ["SendAs"]}
    return Put(
        "recipientPermissions",
        lambda lab: f"{lab.mailbox(address)}/{principal(lab)}",
        lambda lab: {**row, "Trustee": principal(lab)},
    )


def scoped_role(role: str, principal: Key, address: str) -> tuple[Change, Change]:
    """Application RBAC: the role, for this one mailbox."""
    scope = {"Name": "One", "RecipientFilter": f"PrimarySmtpAddress -eq '{address}'"}
    row = {"Name": "Scoped", "Role": role, "CustomResourceScope": "One"}
    return (
        Put("managementScopes", lambda _: "One", lambda _: scope),
        Put(
            "managementRoleAssignments",
            lambda _: "Scoped",
            lambda lab: {**row, "RoleAssignee": principal(lab)},
        ),
    )


def denying_basic(name: str) -> Change:
    """An authentication policy in which every kind of basic authentication is off."""
    kinds = ("Imap", "Pop", "Smtp")
    switches = {f"AllowBasicAuth{kind}": False for kind in kinds}
    return Put("authenticationPolicies", lambda _: name, lambda _: {"Name": name, **switches})


def blocking(name: str, *clients: str) -> Change:
    """A Conditional Access policy, enforced, that blocks everybody with these client kinds."""
    policy = {
        "id": name,
        "displayName": name,
        "state": "enabled",
        "conditions": {
            "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": list(clients),
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }
    return Put("conditionalAccess", lambda _: name, lambda _: policy)
