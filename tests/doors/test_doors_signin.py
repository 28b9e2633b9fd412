"""People sign in: on a loopback with PKCE, and by device code, on the lab's pages."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx2
import pytest

import pages
from browser import Browser
from portineria.clock import SystemClock
from portineria.doors.identity import Authority
from portineria.doors.loopback import Loopback
from portineria.doors.signin import AdminSession, Invitation, Wish, claims_of, scopes_of, sign_in
from portineria.fault import Fault, NotSignedIn, OperatorFault, PermissionFault, WrongTenant
from portineria.lab.seeds.people import password
from portineria.lab.serve import Options, Running, serve

pytestmark = pytest.mark.filterwarnings("ignore:Attempted too soon")

F = TypeVar("F", bound=Fault)
GRAPH = "https://graph.microsoft.com/.default"
ADMIN, ADA, BRUNO = "admin@contoso.example", "ada@contoso.example", "bruno@contoso.example"
SCOPES = scopes_of(GRAPH, ("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"))
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Running]:
    running = await serve(Options(state_dir=tmp_path, seed="small"))
    try:
        yield running
    finally:
        await running.close()


def authority(lab: Running, tenant: str = "") -> Authority:
    info = lab.info
    return Authority(login=info["login"], tenant=tenant or info["tenant"], ca_file=Path(info["ca"]))


def clock() -> SystemClock:
    return SystemClock(asyncio.sleep)


def quick() -> SystemClock:
    """Seconds between polls pass at once."""
    return SystemClock(lambda seconds: asyncio.sleep(seconds / 500))


def someone(lab: Running, upn: str, **more: Any) -> Browser:
    return Browser(lab.info["ca"], upn, password(upn), **more)


async def signed_in(
    lab: Running, browser: Browser | None, wish: Wish, turned: SystemClock | None = None
) -> AdminSession:
    """One sign-in, with somebody who takes the invitation and goes to the end of it."""
    calls: list[asyncio.Future[Any]] = []

    def invite(invitation: Invitation) -> None:
        if browser is not None:
            call = asyncio.to_thread(browser.go, invitation.url, invitation.code)
            calls.append(asyncio.ensure_future(call))

    try:
        return await sign_in(authority(lab), turned or clock(), wish, invite)
    finally:
        await asyncio.gather(*calls)


async def refused(kind: type[F], *given: Any, **more: Any) -> F:
    """The fault that a sign-in ends in, which has to be of this kind."""
    with pytest.raises(kind) as caught:
        await signed_in(*given, **more)
    return caught.value


async def test_an_administrator_signs_in_with_a_second_factor_and_allows_what_is_asked(
    lab: Running,
) -> None:
    browser = someone(lab, ADMIN)
    session = await signed_in(lab, browser, Wish(scopes=SCOPES))
    assert session.person.upn == ADMIN
    assert session.person.tenant_id == lab.info["tenant"]
    assert session.person.roles == {GLOBAL_ADMINISTRATOR}
    assert browser.seen[1:3] == ["Approve sign in request", "Permissions requested"]
    assert "You may close this window" in browser.said
    claims = claims_of((await session.token(GRAPH)).reveal())
    assert set(claims["scp"].split()) == {scope.rpartition("/")[2] for scope in SCOPES}


async def test_the_tenant_gets_the_principal_of_microsofts_client_only_when_somebody_consents(
    lab: Running,
) -> None:
    rows = lab.lab.world["servicePrincipals"]
    assert rows.find("appId", Wish(scopes=SCOPES).client_id) is None
    await signed_in(lab, someone(lab, ADMIN), Wish(scopes=SCOPES))
    assert rows.find("appId", Wish(scopes=SCOPES).client_id) is not None


async def test_a_forgotten_token_is_fetched_again_without_anybody(lab: Running) -> None:
    session = await signed_in(lab, someone(lab, ADMIN), Wish(scopes=SCOPES))
    first, refresh = await session.token(GRAPH), session.refresh
    session.forget()
    again = await session.token(GRAPH)
    assert again != first
    assert claims_of(again.reveal())["scp"] == claims_of(first.reveal())["scp"]
    assert session.refresh != refresh


async def test_another_resource_needs_its_own_consent(lab: Running) -> None:
    session = await signed_in(lab, someone(lab, ADMIN), Wish(scopes=SCOPES))
    exchange = "https://outlook.office365.com/.default"
    with pytest.raises(PermissionFault, match="nobody consented"):
        await session.token(exchange)
    world = lab.lab.world
    client = world["servicePrincipals"].find("appId", Wish(scopes=SCOPES).client_id)
    resource = world["servicePrincipals"].find("displayName", "Office 365 Exchange Online")
    assert client is not None
    assert resource is not None
    grant = {"clientId": client["id"], "resourceId": resource["id"], "principalId": None}
    world["oauth2PermissionGrants"].put("g", {**grant, "id": "g", "scope": "Exchange.Manage"})
    assert claims_of((await session.token(exchange)).reveal())["scp"] == "Exchange.Manage"


async def test_nothing_of_a_session_can_be_printed(lab: Running) -> None:
    session = await signed_in(lab, someone(lab, ADMIN), Wish(scopes=SCOPES))
    token = await session.token(GRAPH)
    told = f"{session} {session!r} {session.person} {token} {session.refresh!r}"
    assert token.reveal() not in told
    assert session.refresh.reveal() not in told


@pytest.mark.parametrize(
    ("upn", "press", "why"),
    [
        (ADMIN, {"Sign in to your account": "cancel"}, "cancelled: the user canceled"),
        (ADMIN, {"Approve sign in request": "cancel"}, "cancelled: the user denied"),
        (ADMIN, {"Permissions requested": "cancel"}, "the person declined"),
    ],
)
async def test_who_goes_back_is_told_what_they_left(
    lab: Running, upn: str, press: dict[str, str], why: str
) -> None:
    browser = someone(lab, upn, press=press)
    fault = await refused(NotSignedIn, lab, browser, Wish(scopes=SCOPES))
    assert why in fault.why
    assert "The terminal says why" in browser.said


async def test_an_ordinary_person_cannot_allow_it(lab: Running) -> None:
    browser = someone(lab, ADA, press={"Need admin approval": "cancel"})
    fault = await refused(NotSignedIn, lab, browser, Wish(scopes=SCOPES))
    assert browser.seen[1] == "Need admin approval"
    assert "where the page asks for an administrator, one has to sign in" in fault.try_


async def test_nobody_comes(lab: Running) -> None:
    fault = await refused(NotSignedIn, lab, None, Wish(scopes=SCOPES, within=0.05))
    assert "nobody signed in within" in fault.why


async def test_an_account_of_another_tenant_is_refused(
    lab: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entra itself refuses most of them; a client that looks at nothing would take the rest."""
    other = "99999999-2222-3333-4444-555555555555"
    monkeypatch.setattr("portineria.lab.login.people.id_token", _of_tenant(lab, other))
    fault = await refused(WrongTenant, lab, someone(lab, ADMIN), Wish(scopes=SCOPES))
    assert fault.evidence == {"tenant_id": other}


def _of_tenant(lab: Running, tenant: str) -> Any:
    from portineria.lab.login import tokens

    def made(_: Any, client_id: str, user: dict[str, Any], nonce: str) -> str:
        claims = {"aud": client_id, "tid": tenant, "oid": user["id"], "nonce": nonce, "iss": "x"}
        return tokens.sign(lab.lab.world, {**claims, "sub": "s", "preferred_username": "eve@x"})

    return made


async def test_a_redirect_that_is_not_registered_is_seen_on_the_page_and_waited_out(
    lab: Running,
) -> None:
    for key, row in list(lab.lab.world["foreignApplications"].items()):
        lab.lab.world["foreignApplications"].put(key, {**row, "publicClient": {}})
    browser = someone(lab, ADMIN)
    await refused(NotSignedIn, lab, browser, Wish(scopes=SCOPES, within=0.5))
    assert "AADSTS50011" in browser.said


# --- the loopback ---------------------------------------------------------------------------


async def test_a_port_that_is_taken_is_named(lab: Running) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        fault = await refused(OperatorFault, lab, None, Wish(scopes=SCOPES, port=port))
    assert fault.where == f"--port {port}"


async def test_only_what_carries_our_state_ends_the_wait_and_only_once() -> None:
    async with Loopback() as loopback, httpx2.AsyncClient(trust_env=False) as http:
        port = loopback.uri.rpartition(":")[2]
        waiting = asyncio.ensure_future(loopback.answer("mine", 10))
        await asyncio.sleep(0)

        async def knock(path: str, method: str = "GET") -> int:
            return (await http.request(method, f"http://127.0.0.1:{port}{path}")).status_code

        assert await knock("/favicon.ico") == 404
        assert await knock("/other?code=c&state=mine", "POST") == 404
        assert await knock("/?code=c&state=theirs") == 400
        assert await knock("/?code=c") == 400
        assert not waiting.done()
        assert await knock("/?code=c&state=mine") == 200
        assert await waiting == {"code": "c", "state": "mine"}
        assert await knock("/?code=other&state=mine") == 410


async def test_who_only_connects_or_sends_rubbish_stops_nobody() -> None:
    async with Loopback() as loopback, httpx2.AsyncClient(trust_env=False) as http:
        port = int(loopback.uri.rpartition(":")[2])
        waiting = asyncio.ensure_future(loopback.answer("mine", 10))
        _, silent = await asyncio.open_connection("127.0.0.1", port)
        _, loud = await asyncio.open_connection("127.0.0.1", port)
        loud.write(b"\xff" * 100_000)
        query = urlencode({"error": "access_denied", "state": "mine"})
        page = await http.get(f"http://127.0.0.1:{port}/?{query}")
        assert "did not succeed" in pages.read("", page.text).text
        assert (await waiting)["error"] == "access_denied"
        silent.close()
        loud.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


# --- device code ------------------------------------------------------------------------------


def device(**more: Any) -> Wish:
    return Wish(scopes=SCOPES, device_code=True, **more)


async def test_somebody_enters_the_code_elsewhere(lab: Running) -> None:
    browser = someone(lab, ADMIN)
    session = await signed_in(lab, browser, device(), quick())
    assert session.person.upn == ADMIN
    assert browser.seen[0] == "Enter code"
    assert browser.seen[-1] == "You have signed in"


async def test_a_code_that_is_declined(lab: Running) -> None:
    title = "Are you trying to sign in to Microsoft Graph Command Line Tools?"
    browser = someone(lab, ADMIN, press={title: "cancel"})
    fault = await refused(NotSignedIn, lab, browser, device(), quick())
    assert "the person declined" in fault.why


async def test_a_code_that_nobody_enters(lab: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    monkeypatch.setattr("portineria.lab.login.devices.GOOD_FOR", timedelta(seconds=1))
    fault = await refused(NotSignedIn, lab, None, device(), quick())
    assert "expired" in fault.why


async def test_where_conditional_access_blocks_device_codes_a_browser_is_the_advice(
    lab: Running,
) -> None:
    policy = {
        "id": "p",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["All"]},
            "authenticationFlows": {"transferMethods": "deviceCodeFlow"},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["compliantDevice"]},
    }
    browser = someone(lab, ADMIN)

    async def later() -> None:
        while browser.seen[-1:] != ["You have signed in"]:  # noqa: ASYNC110 - a thread's
            await asyncio.sleep(0.01)
        lab.lab.world["conditionalAccess"].put("p", policy)

    slow = SystemClock(lambda seconds: asyncio.sleep(seconds / 10))
    async with asyncio.TaskGroup() as group:
        group.create_task(later())
        fault = await refused(PermissionFault, lab, browser, device(), slow)
    assert "AADSTS530033" in str(fault.evidence)
    assert "--no-browser" in fault.try_


async def test_a_client_that_is_not_known_gets_no_code(lab: Running) -> None:
    unknown = "11111111-2222-3333-4444-555555555555"
    fault = await refused(WrongTenant, lab, None, device(client_id=unknown))
    assert "not known in this tenant" in fault.why
