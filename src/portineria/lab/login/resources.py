"""The resources that tokens are made for, and the scopes that name them (entra-graph 5.3)."""

from __future__ import annotations

from dataclasses import dataclass

from portineria.lab.login.conditional import EXCHANGE, GRAPH
from portineria.lab.login.refusals import SignInFault

OPENID = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a scope string asks for. `scopes` is empty for `.default`."""

    audience: str
    application: str
    scopes: tuple[str, ...] = ()
    offline: bool = False


def resource_of(name: str, urls: dict[str, str]) -> tuple[str, str] | None:
    """(audience, appId) of a resource identifier, or None. The lab's own URLs are Microsoft's."""
    name = name.rstrip("/")
    known = {
        "https://graph.microsoft.com": ("https://graph.microsoft.com", GRAPH),
        GRAPH: (GRAPH, GRAPH),
        urls["graph"]: ("https://graph.microsoft.com", GRAPH),
        "https://outlook.office365.com": ("https://outlook.office365.com", EXCHANGE),
        "https://outlook.office.com": ("https://outlook.office.com", EXCHANGE),
        "https://ps.outlook.com": ("https://ps.outlook.com", EXCHANGE),
        EXCHANGE: (EXCHANGE, EXCHANGE),
        urls["exchange"]: ("https://outlook.office365.com", EXCHANGE),
    }
    return known.get(name)


def app_only(scope: str, urls: dict[str, str]) -> Wanted:
    """The one resource of a client-credentials request. Raises SignInFault 1002012, 500011."""
    names = [name for name in scope.split() if name not in OPENID]
    if len(names) != 1 or not names[0].endswith("/.default"):
        raise SignInFault(1002012, scope=scope)
    identifier = names[0].removesuffix("/.default")
    found = resource_of(identifier, urls)
    if found is None:
        raise SignInFault(500011, name=identifier)
    return Wanted(*found)


def delegated(scope: str, urls: dict[str, str]) -> Wanted:
    """The one resource and its scopes in a user's request. Raises SignInFault 70011, 500011."""
    parts = scope.split()
    offline = "offline_access" in parts
    split = [_split(part) for part in parts if part not in OPENID]
    resources = {identifier for identifier, _ in split}
    scopes = tuple(dict.fromkeys(name for _, name in split))
    if len(resources) != 1 or (".default" in scopes and len(scopes) > 1):
        raise SignInFault(70011, scope=scope)
    identifier = resources.pop()
    found = resource_of(identifier, urls)
    if found is None:
        raise SignInFault(500011, name=identifier)
    named = () if scopes == (".default",) else scopes
    return Wanted(*found, scopes=named, offline=offline)


def _split(part: str) -> tuple[str, str]:
    """A bare scope belongs to Microsoft Graph."""
    identifier, slash, name = part.rpartition("/")
    return (identifier, name) if slash else ("https://graph.microsoft.com", part)
