"""A person signs in: by authorization code with PKCE on a loopback, or by device code.

What comes of it lives in memory and nowhere else. msal leads the protocol, in a thread; who is
invited, and how, is the caller's. Source: Graph dossier 5.2; RFC 7636, 8252, 8628.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from portineria.clock import Clock
from portineria.doors.identity import Answer, Authority, UserTokens, Web, web_session
from portineria.doors.loopback import Loopback
from portineria.fault import Fault, NotSignedIn, WrongTenant
from portineria.m365.oauth.refusals import code_of, token_fault
from portineria.secret import Secret

COMMAND_LINE_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft Graph Command Line Tools, Microsoft's own public client: what Connect-MgGraph uses.
Evidence: Microsoft Learn, "Verify first-party Microsoft applications in sign-in reports"."""
WITHIN = 300.0
"""Seconds that the page of a sign-in is waited for."""
SLOWER = 5.0
"""Seconds added to the interval of polls at each slow_down. Source: RFC 8628 section 3.5."""
_BLOCKED = frozenset({53003, 530033, 50097, 53000, 53001})
_NOT_BY_CODE = (
    "leave --device-code out and sign in with a browser; over SSH: --no-browser --port 8400, with "
    "ssh -L 8400:127.0.0.1:8400 from the machine that has the browser"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a person is asked to do: open `url`, and type `code` there where there is one."""

    url: str
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who signed in. `roles` are template ids of directory roles; None where no token told."""

    upn: str
    oid: str
    tenant_id: str
    name: str = ""
    roles: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How somebody is to sign in. `scopes` are whole names, all of one resource."""

    scopes: tuple[str, ...]
    client_id: str = COMMAND_LINE_TOOLS
    device_code: bool = False
    hint: str = ""
    """The name that stands on the page already."""
    port: int = 0
    """Of the loopback; 0 is any free one."""
    within: float = WITHIN


class AdminSession(UserTokens):
    """Tokens of the person who signed in, for any resource that was consented to, while this
    object lives. Implements m365.messages.Tokens."""

    def __init__(
        self, authority: Authority, clock: Clock, wish: Wish, answer: Answer, person: Person
    ) -> None:
        refresh = Secret(str(answer.get("refresh_token") or ""))
        super().__init__(authority, wish.client_id, refresh, clock)
        self.person = person
        self._wish = wish
        self._hold(_default(wish.scopes[0]), answer)

    @property
    def refresh(self) -> Secret:
        """The newest refresh token; empty where none was given."""
        return self._refresh

    def _scopes(self, scope: str) -> list[str]:
        """`.default` of the resource that was signed in for means what was asked for."""
        return list(self._wish.scopes) if scope == _default(self._wish.scopes[0]) else [scope]


async def sign_in(
    authority: Authority, clock: Clock, wish: Wish, invite: Callable[[Invitation], None]
) -> AdminSession:
    """Raises NotSignedIn, PermissionFault, WrongTenant, OperatorFault, NetworkFault."""
    flow = _by_device if wish.device_code else _by_code
    answer = await flow(authority, clock, wish, invite)
    person = _person(answer)
    if person.tenant_id != authority.tenant:
        raise WrongTenant(
            f"{person.upn or 'the person'} signed in to another tenant than was asked for",
            where=authority.url,
            try_="sign in with an account of this tenant, or name the tenant of that account",
            evidence={"tenant_id": person.tenant_id},
        )
    return AdminSession(authority, clock, wish, answer, person)


async def _by_code(
    authority: Authority, clock: Clock, wish: Wish, invite: Callable[[Invitation], None]
) -> Answer:
    async with Loopback(wish.port) as loopback:
        with web_session(authority) as session:
            web = Web(session, authority, clock)
            app, flow = await asyncio.to_thread(_begin, web, wish, loopback.uri)
            said = "Sign in with a browser on this machine."
            invite(Invitation(url=str(flow["auth_uri"]), message=said))
            came = await loopback.answer(str(flow["state"]), wish.within)
            if "code" not in came:
                raise _bounced(came, authority)

            def redeem() -> Answer:
                found: Answer = app.acquire_token_by_auth_code_flow(flow, dict(came))
                return found

            return await asyncio.to_thread(_given, web, redeem)


def _begin(web: Web, wish: Wish, uri: str) -> tuple[Any, dict[str, Any]]:
    app = web.public_client(wish.client_id)
    hint = {"login_hint": wish.hint} if wish.hint else {"prompt": "select_account"}

    def begin() -> Answer:
        # By form_post the code stands in no address line, and in no browser's history.
        flow: Answer = app.initiate_auth_code_flow(
            list(wish.scopes), redirect_uri=uri, response_mode="form_post", **hint
        )
        return flow

    return app, dict(web.asked(begin))


async def _by_device(
    authority: Authority, clock: Clock, wish: Wish, invite: Callable[[Invitation], None]
) -> Answer:
    with web_session(authority) as session:
        web = Web(session, authority, clock)
        app, flow = await asyncio.to_thread(_device, web, wish)
        url, code = str(flow["verification_uri"]), str(flow["user_code"])
        invite(Invitation(url=url, code=code, message=str(flow.get("message") or "")))
        interval, end = float(flow.get("interval") or 5), clock.tick() + float(flow["expires_in"])

        def poll() -> Answer:
            # Asked once: the waiting is ours, so that it can be interrupted.
            found: Answer = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
            return found

        while clock.tick() < end:
            await clock.sleep(interval)
            answer = await asyncio.to_thread(web.asked, poll)
            error = answer.get("error")
            if error == "slow_down":
                interval += SLOWER
            elif error != "authorization_pending":
                return _by_code_allowed(web, answer)
        raise NotSignedIn(
            "nobody entered the code before it expired", where=url, try_=NotSignedIn.mend
        )


def _device(web: Web, wish: Wish) -> tuple[Any, dict[str, Any]]:
    """Raises Fault where no code is given out."""
    app = web.public_client(wish.client_id)

    def begin() -> Answer:
        flow: Answer = app.initiate_device_flow(list(wish.scopes))
        return flow

    flow = dict(web.asked(begin))
    if "user_code" not in flow:
        raise web.refused(flow)
    return app, flow


def _by_code_allowed(web: Web, answer: Answer) -> Answer:
    """A device code is often blocked where a browser is not: then that is the advice."""
    if "access_token" in answer:
        return answer
    fault = web.refused(answer)
    if code_of(answer) in _BLOCKED:
        fault.try_ = _NOT_BY_CODE
    raise fault


def _given(web: Web, redeem: Callable[[], Answer]) -> Answer:
    answer = web.asked(redeem)
    if "access_token" not in answer:
        raise web.refused(answer)
    return answer


def _bounced(came: Mapping[str, str], authority: Authority) -> Fault:
    """What the authorize endpoint sent back in place of a code."""
    if code_of(came) == 0 and came.get("error") == "access_denied":
        return NotSignedIn(
            f"the sign-in was cancelled: {came.get('error_description') or 'access denied'}"[:300],
            where=authority.url,
            try_=NotSignedIn.mend,
        )
    return token_fault(0, came, authority.url)


def _person(answer: Answer) -> Person:
    told = answer.get("id_token_claims")
    claims: Mapping[str, Any] = told if isinstance(told, dict) else {}
    wids = claims.get("wids") or claims_of(str(answer.get("access_token"))).get("wids")
    return Person(
        upn=str(claims.get("preferred_username") or claims.get("upn") or ""),
        oid=str(claims.get("oid") or ""),
        tenant_id=str(claims.get("tid") or "").lower(),
        name=str(claims.get("name") or ""),
        roles=frozenset(map(str, wids)) if isinstance(wids, list) else None,
    )


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says, unverified; nothing where it cannot be read. Only ever a hint."""
    try:
        part = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def _default(scope: str) -> str:
    return f"{scope.rpartition('/')[0]}/.default"


def scopes_of(default: str, values: Collection[str]) -> tuple[str, ...]:
    """Whole names of permissions on the resource that `default` ("…/.default") names."""
    resource = default.removesuffix("/.default")
    return tuple(f"{resource}/{value}" for value in values)
