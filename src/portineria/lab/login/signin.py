"""Sign-ins of people: the password that basic clients bring, and what stops it at Entra.

Refusals are raised as SignInFault with the AADSTS code. The order is Entra's: who you are
first, then what the tenant's protections say; Conditional Access comes last, after the first
factor has succeeded (entra-graph 2.10).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from portineria.lab.ask import Seen
from portineria.lab.login.conditional import EXCHANGE, SignIn, judge, roles_of, unmet
from portineria.lab.login.refusals import SignInFault
from portineria.lab.login.signinlog import (
    BASIC_AGENT,
    BASIC_CLIENTS,
    INTERACTIVE,
    Attempt,
    recorded,
)
from portineria.lab.weather import Weather
from portineria.lab.world import Document, World

__all__ = ["SignInFault", "by_password"]

LOCKOUT = 10
"""Wrong passwords until smart lockout. The number is the service's default."""
LOCKED = timedelta(seconds=60)
LEGACY = frozenset({"other", "exchangeActiveSync"})
SYNC_ROLE = "d29b2b05-8046-44ba-8758-1e26182fcf32"
MFA_ROLES = frozenset(
    {
        "62e90394-69f5-4237-9190-012177145e10",
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
        "c4e39bd9-1100-46d3-8c65-fb160da0071f",
        "b0f54661-2d74-4c50-afa3-1ec803f12efe",
        "158c047a-c907-4556-b7ef-446551a6b5f7",
        "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
        "29232cdf-9323-42fd-ade2-1d097af3e4de",
        "729827e3-9c14-49f7-bb1b-9608f156bbb8",
        "966707d0-3269-4727-9be2-8c3a10f19b9d",
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
        "194ae4cb-b126-40b2-bd5b-6091b380977d",
        "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",
        "69091246-20e8-4a56-aa4d-066075b2a7a8",
        "fe930be7-5e62-47db-91af-98c3a49a38b1",
        "0526716b-113d-4c15-b2c8-68e3c22b9f80",
        "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e",
    }
)
"""The roles that security defaults hold to MFA at every sign-in (entra-graph 1.2, 2.9)."""


async def by_password(
    world: World,
    weather: Weather,
    upn: str,
    password: str,
    address: str,
    client_app: str = "other",
    application: str = EXCHANGE,
    client: str = BASIC_CLIENTS["smtp"],
) -> Document:
    """Sign a person in by name and password; the user's document. `client` is what the log of
    sign-ins calls the program.

    Raises SignInFault: 50034 unknown, 50053 locked, 50126 wrong password, 50057 disabled,
    530035 security defaults, 50076 per-user MFA, 53003 Conditional Access.
    """
    given = Attempt(
        event=INTERACTIVE,
        client=client,
        protocol="ropc",
        agent=BASIC_AGENT,
        address=address,
        name=upn,
        resource=application,
    )
    with recorded(as_of_sign_in(world, weather), given):
        given.user = world["users"].find("userPrincipalName", upn)
        user = first_factor(world, upn, password)
        sign_in = SignIn(user=user, application=application, client_app=client_app, address=address)
        check_protections(world, weather, sign_in)
    return user


def first_factor(world: World, upn: str, password: str) -> Document:
    """The person behind a name and a password. Raises SignInFault 50034, 50053, 50126, 50057."""
    user = world["users"].find("userPrincipalName", upn)
    if user is None:
        raise SignInFault(50034, name=upn)
    _check_password(world, user, password)
    if not user.get("accountEnabled", True):
        raise SignInFault(50057)
    return user


def check_protections(world: World, weather: Weather, sign_in: SignIn) -> None:
    """Security defaults, per-user MFA, Conditional Access, after the first factor.

    They are seen as old as the weather says they take to act. Raises SignInFault.
    """
    seen = as_of_sign_in(world, weather)
    _security_defaults(seen, sign_in)
    _per_user_mfa(sign_in)
    _conditional_access(seen, sign_in)


def as_of_sign_in(world: World, weather: Weather) -> Seen:
    """The world as the login sees it: policies take their time to act."""
    return Seen(
        world,
        {
            "policies": weather.effect("securityDefaults"),
            "conditionalAccess": weather.effect("conditionalAccess"),
            "namedLocations": weather.effect("conditionalAccess"),
            "applications": weather.effect("application"),
            "servicePrincipals": weather.effect("application"),
            "appRoleAssignments": weather.effect("consent"),
            "oauth2PermissionGrants": weather.effect("consent"),
        },
    )


def _check_password(world: World, user: Document, password: str) -> None:
    state = world["signInState"].get(user["id"]) or {"wrong": 0, "until": ""}
    now = world.clock.now()
    if state["until"] and now < datetime.fromisoformat(state["until"]):
        raise SignInFault(50053)
    if user.get("password") and user["password"] == password:
        if state["wrong"]:
            world["signInState"].put(user["id"], {"wrong": 0, "until": ""})
        return
    wrong = state["wrong"] + 1
    until = (now + LOCKED).isoformat() if wrong >= LOCKOUT else ""
    world["signInState"].put(user["id"], {"wrong": wrong, "until": until})
    raise SignInFault(50126)


def _security_defaults(seen: Seen, sign_in: SignIn) -> None:
    policy = seen.get("policies", "securityDefaults")
    if sign_in.user is None or policy is None or not policy["isEnabled"]:
        return
    roles = roles_of(seen, sign_in.user["id"])
    if SYNC_ROLE in roles:
        return
    if sign_in.client_app in LEGACY:
        raise SignInFault(530035)
    if roles & MFA_ROLES and "mfa" not in sign_in.amr:
        raise SignInFault(50076 if sign_in.user.get("mfaRegistered") else 50079)


def _per_user_mfa(sign_in: SignIn) -> None:
    state = (sign_in.user or {}).get("perUserMfaState", "disabled")
    if state in ("enabled", "enforced") and "mfa" not in sign_in.amr:
        raise SignInFault(50076)


def _conditional_access(seen: Seen, sign_in: SignIn) -> None:
    lacking = [(met.policy["id"], unmet(met, sign_in)) for met in judge(seen, sign_in)]
    legacy = sign_in.client_app in LEGACY
    for policy, what in lacking:
        if what == "block" or (what and legacy):
            wanted = {"essential": True, "values": [policy]}
            claims = json.dumps({"access_token": {"capolids": wanted}}, separators=(",", ":"))
            raise SignInFault(53003, claims=claims)
    for _, what in lacking:
        if what == "mfa":
            raise SignInFault(50076)
        if what:
            raise SignInFault(530033 if sign_in.transfer else 53000)
