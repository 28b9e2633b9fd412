"""Access tokens from Microsoft's own library. msal is synchronous: it works in a thread.

A fresh msal application for every request: it would keep a refused answer (HTTP 400) for 60
seconds, and a permission granted meanwhile would go unseen. Our own cache keeps good tokens.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import msal  # type: ignore[import-untyped]
import requests

from portineria.clock import Clock
from portineria.doors.proof import AppCredential, proof
from portineria.doors.trouble import in_between, unreachable
from portineria.fault import Fault, WrongTenant
from portineria.m365.oauth.refusals import token_fault
from portineria.m365.skew import skew
from portineria.secret import Secret

logging.getLogger("msal").addHandler(logging.NullHandler())
# Without it msal's own remarks go to standard error, tracebacks and token answers among them.

EARLY = 300.0
"""Seconds before its end at which a token is not used any more."""
TIMEOUT = 30.0
_MICROSOFT = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
    }
)
_TROUBLES = (
    requests.RequestException,
    msal.exceptions.MsalError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
)
"""What msal raises: its own, its session's, and what it stumbles over in an odd document."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Whom to ask. `login` is an origin, `ca_file` a PEM bundle instead of the built-in one."""

    login: str
    tenant: str
    ca_file: Path | None = None
    proxy: str | None = None

    @property
    def url(self) -> str:
        return f"{self.login}/{self.tenant}"

    @property
    def host(self) -> str:
        return urlsplit(self.login).hostname or ""


class _Cached(ABC):
    """Keeps good tokens by scope, and lets one request at a time ask for more.

    `off` is how many seconds this machine's clock is ahead of the service's; None: not known.
    """

    def __init__(self, authority: Authority, clock: Clock) -> None:
        self.off: float | None = None
        self._authority = authority
        self._clock = clock
        self._kept: dict[str, tuple[Secret, float]] = {}
        self._asking = asyncio.Lock()

    async def token(self, scope: str) -> Secret:
        """Raises OperatorFault, PermissionFault, ServiceFault or NoAnswer."""
        if self.left(scope) > 0:
            return self._kept[scope][0]
        async with self._asking:
            if self.left(scope) > 0:
                return self._kept[scope][0]
            return await self._fresh(scope)

    async def ahead(self, scope: str) -> None:
        """Ask for the next one while the one before is still good, so that nobody waits for it.

        Raises as `token`; the one before is kept then.
        """
        async with self._asking:
            await self._fresh(scope)

    def left(self, scope: str) -> float:
        """Seconds for which the token that is kept will still be given out."""
        kept = self._kept.get(scope)
        return 0.0 if kept is None else kept[1] - self._clock.tick()

    def forget(self) -> None:
        self._kept.clear()

    async def _fresh(self, scope: str) -> Secret:
        answer = await asyncio.to_thread(self._ask_service, scope)
        await asyncio.to_thread(self._take, answer)
        return self._hold(scope, answer)

    def _hold(self, scope: str, answer: Answer) -> Secret:
        token, life = Secret(str(answer["access_token"])), float(answer.get("expires_in") or 0)
        self._kept[scope] = (token, self._clock.tick() + max(life - EARLY, life / 2))
        return token

    @abstractmethod
    def _take(self, answer: Answer) -> None:
        """Whatever else an answer brings; called in a thread."""

    def _ask_service(self, scope: str) -> Answer:
        """Raises Fault where no token is given."""
        with web_session(self._authority) as session:
            web = Web(session, self._authority, self._clock)
            answer = web.asked(lambda: self._ask(web, scope))
            self.off = web.off
            if "access_token" not in answer:
                raise web.refused(answer)
            return answer

    @abstractmethod
    def _ask(self, web: Web, scope: str) -> Answer:
        """The service's own answer, a token or a refusal; called in a thread."""


class AppTokens(_Cached):
    """An application's own tokens (client credentials). Implements m365.messages.Tokens."""

    def __init__(self, authority: Authority, credential: AppCredential, clock: Clock) -> None:
        super().__init__(authority, clock)
        self._credential = credential

    def _ask(self, web: Web, scope: str) -> Answer:
        application = msal.ConfidentialClientApplication(
            self._credential.client_id,
            client_credential=proof(self._credential, self._clock.now()),
            **web.options,
        )
        answer: Answer = application.acquire_token_for_client(scopes=[scope])
        return answer

    def _take(self, answer: Answer) -> None:
        """An application's brings nothing else."""


class UserTokens(_Cached):
    """A person's tokens, from a refresh token. Implements m365.messages.Tokens.

    `keep` is called, in a thread, with each refresh token that takes the place of the last one.
    """

    def __init__(
        self,
        authority: Authority,
        client_id: str,
        refresh: Secret,
        clock: Clock,
        keep: Callable[[Secret], None] = lambda _: None,
    ) -> None:
        super().__init__(authority, clock)
        self._client_id = client_id
        self._refresh = refresh
        self._keep = keep

    def adopt(self, refresh: Secret) -> None:
        """Another refresh token of the same person, from now on."""
        self._refresh = refresh

    def _ask(self, web: Web, scope: str) -> Answer:
        application = msal.PublicClientApplication(self._client_id, **web.options)
        answer: Answer = application.acquire_token_by_refresh_token(
            self._refresh.reveal(), scopes=self._scopes(scope)
        )
        return answer

    def _scopes(self, scope: str) -> list[str]:
        return [scope]

    def _take(self, answer: Answer) -> None:
        fresh = answer.get("refresh_token")
        if fresh and fresh != self._refresh.reveal():
            self._refresh = Secret(str(fresh))
            self._keep(self._refresh)


def web_session(authority: Authority) -> requests.Session:
    """A session that the environment cannot redirect: REQUESTS_CA_BUNDLE would beat `verify`."""
    web = requests.Session()
    web.trust_env = False
    web.verify = True if authority.ca_file is None else str(authority.ca_file)
    if authority.proxy:
        web.proxies = {"https": authority.proxy}
    elif authority.host not in _LOOPBACK and not proxy_bypass(authority.host):
        web.proxies = {kind: url for kind, url in getproxies().items() if kind in ("https", "all")}
    return web


class Web:
    """The session as msal uses it, with a time limit on each call.

    A redirect is not followed: a secret goes where it was sent. Of the last answer `status` is
    kept (0: none came), what it refused with, and `off`: how many seconds this machine's clock is
    ahead of its Date. msal drops most of that where it raises.
    """

    def __init__(self, web: requests.Session, authority: Authority, clock: Clock) -> None:
        self._web = web
        self._authority = authority
        self._clock = clock
        self.off: float | None = None
        self.status = 0
        self.refusal: Answer = {}

    @property
    def options(self) -> dict[str, Any]:
        """What every application of msal's is made with."""
        return {
            "authority": self._authority.url,
            "instance_discovery": self._authority.host in _MICROSOFT,
            "http_client": self,
        }

    def asked(self, ask: Callable[[], Answer]) -> Answer:
        """What msal was told, refusals included. Raises Fault where it could not go on."""
        try:
            return ask()
        except _TROUBLES as error:
            raise _explain(error, self._authority, self) from error

    def public_client(self, client_id: str) -> Any:
        """An application of msal's that has no secret. Raises Fault."""
        made: list[Any] = []

        def make() -> Answer:
            made.append(msal.PublicClientApplication(client_id, **self.options))
            return {}

        self.asked(make)
        return made[0]

    def refused(self, answer: Answer) -> Fault:
        """The fault of an answer that holds no token."""
        return token_fault(self.status, answer, self._authority.url, self.off)

    def get(self, url: str, **options: Any) -> requests.Response:
        return self._ask("GET", url, options)

    def post(self, url: str, **options: Any) -> requests.Response:
        return self._ask("POST", url, options)

    def close(self) -> None:
        self._web.close()

    def _ask(self, method: str, url: str, options: Mapping[str, Any]) -> requests.Response:
        """Raises Intercepted where somebody else answered."""
        self.status = 0
        answer = self._web.request(method, url, timeout=TIMEOUT, allow_redirects=False, **options)
        self.status = answer.status_code
        headers = answer.headers
        stranger = in_between(
            answer.status_code,
            headers.get("content-type", ""),
            answer.content,
            headers.get("location", ""),
            self._authority.host,
        )
        if stranger is not None:
            raise stranger
        self.off = skew(headers.get("date", ""), self._clock.now())
        self.refusal = _refusal(answer)
        return answer


def _explain(error: Exception, authority: Authority, web: Web) -> Fault:
    """msal and requests speak in exceptions of their own; only their kind is quoted."""
    if web.status == 429 or web.status >= 500:
        return token_fault(web.status, {}, authority.url, web.off)
    if isinstance(error, requests.RequestException):
        loopback = authority.host in _LOOPBACK
        return unreachable(error, authority.host, sent=False, loopback=loopback)
    if web.refusal:
        return token_fault(web.status, web.refusal, authority.url, web.off)
    return WrongTenant(
        f"the token service {authority.host} could not be used for tenant {authority.tenant}",
        where=authority.url,
        try_="check `tenant`, `cloud` and the credential in the profile",
        evidence={"error": type(error).__name__, "detail": _first_line(error)},
    )


def _refusal(answer: requests.Response) -> Answer:
    """The JSON object that a refusal carries, or nothing."""
    if answer.status_code < 400:
        return {}
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
