"""The words of our own access: what a control app may hold, and what one was seen to hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Access(StrEnum):
    """What Portineria is let do in a tenant."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """An application permission by its name. `resource` is the client id of the service that has
    it, `calls` what is asked with it. `only_for` is the access that needs it; None: any."""

    value: str
    resource: str
    why: str
    calls: tuple[str, ...]
    only_for: Access | None = None
    instead: str = ""
    """Another one that serves where the cloud does not have this one."""
    optional: bool = False
    """Asked for only where somebody wishes it; to hold it is right, and to lack it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryRole:
    """A role of the directory by its template's id."""

    id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKey:
    """A certificate as an application holds it: its public half. `ends` is ISO 8601."""

    id: str
    name: str
    ends: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """An application as it is registered. `secrets` is how many client secrets it has."""

    object_id: str
    client_id: str
    name: str
    keys: tuple[AppKey, ...] = ()
    secrets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One application permission that a service principal was given."""

    id: str
    resource: str
    """Object id of the service's principal."""
    permission_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRole:
    """One directory role that a service principal holds, for the whole directory or a part."""

    id: str
    role: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A service with its application permissions: the object id of its principal, ids by value."""

    id: str
    permissions: dict[str, str]
