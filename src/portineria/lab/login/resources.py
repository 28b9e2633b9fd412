"""The resources that tokens are made for, and the scopes that name them (entra-graph 5.3)."""

from __future__ import annotations

from dataclasses import dataclass

from portineria.lab.login.conditional import EXCHANGE, GRAPH
from portineria.lab.login.refusals import SignInFault

OPENID = frozenset({"openid", "profile", "email", "offline_access"})
GRAPH_URL = "https://graph.microsoft.com"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a scope string asks of one resource. `scopes` is empty for `.default`, and for a
    request that names nothing but OpenID's scopes (`default` tells which). `asked` has the
    words as they were sent, which is how they come back.
    """

    audience: str
    application: str
    scopes: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    openid: frozenset[str] = frozenset()
    default: bool = False


def resource_of(name: str, urls: dict[str, str]) -> tuple[str, str] | None:
    """(audience, appId) of a resource identifier, or None. The lab's own URLs are Microsoft's."""
    name = name.rstrip("/")
    known = {
        GRAPH_URL: (GRAPH_URL, GRAPH),
        GRAPH: (GRAPH, GRAPH),
        urls["graph"]: (GRAPH_URL, GRAPH),
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
    return Wanted(*_known(names[0].removesuffix("/.default"), urls), default=True)


def delegated(scope: str, urls: dict[str, str]) -> Wanted:
    """The one resource and its scopes in a user's request. Raises SignInFault 70011, 500011."""
    found = every(scope, urls)
    if len(found) != 1:
        raise SignInFault(70011, scope=scope)
    return found[0]


def every(scope: str, urls: dict[str, str]) -> tuple[Wanted, ...]:
    """Each resource of a request, in order: /authorize may name several, the token endpoint one.

    Raises SignInFault 70011, 500011.
    """
    parts = tuple(dict.fromkeys(scope.split()))
    openid = frozenset(part for part in parts if part in OPENID)
    if not parts:
        raise SignInFault(70011, scope=scope)
    named: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        if part not in openid:
            named.setdefault(_known(_identifier(part), urls), []).append(part)
    if not named:
        return (Wanted(GRAPH_URL, GRAPH, openid=openid),)
    return tuple(_wanted(scope, resource, asked, openid) for resource, asked in named.items())


def _wanted(
    scope: str, resource: tuple[str, str], asked: list[str], openid: frozenset[str]
) -> Wanted:
    names = tuple(dict.fromkeys(part.rpartition("/")[2] for part in asked))
    default = ".default" in names
    if default and len(names) > 1:
        raise SignInFault(70011, scope=scope)
    return Wanted(*resource, () if default else names, tuple(asked), openid, default)


def _identifier(part: str) -> str:
    """A bare scope belongs to Microsoft Graph."""
    identifier, slash, _ = part.rpartition("/")
    return identifier if slash else GRAPH_URL


def _known(identifier: str, urls: dict[str, str]) -> tuple[str, str]:
    found = resource_of(identifier, urls)
    if found is None:
        raise SignInFault(500011, name=identifier)
    return found
