"""What the lab says that people may use is what happens when somebody really logs in.

One side is `people[].open` as it is printed; the other is Python's own mail clients on the sockets,
with passwords and with tokens of the login's HTTP interface. There is no expected column.
"""

from __future__ import annotations

import asyncio
import base64
import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from portineria.lab.serve import Options, serve
from portineria.lab.trying import PROTOCOLS, WAYS

MAIL = "https://outlook.office365.com"
Info = dict[str, Any]


def place(address: str) -> tuple[str, int]:
    host, _, port = address.partition(":")
    return host, int(port)


def imap(info: Info, context: ssl.SSLContext, upn: str, password: str, raw: str) -> None:
    with imaplib.IMAP4_SSL(*place(info["imaps"]), ssl_context=context) as client:
        if raw:
            client.authenticate("XOAUTH2", lambda _: raw.encode())
        else:
            client.login(upn, password)
        assert client.select("INBOX")[0] == "OK"


def pop(info: Info, context: ssl.SSLContext, upn: str, password: str, raw: str) -> None:
    client = poplib.POP3_SSL(*place(info["pops"]), context=context)
    try:
        if raw:
            client._shortcmd("AUTH XOAUTH2")
            client._shortcmd(base64.b64encode(raw.encode()).decode())
        else:
            client.user(upn)
            client.pass_(password)
        client.stat()
    finally:
        client.close()


def smtp(info: Info, context: ssl.SSLContext, upn: str, password: str, raw: str) -> None:
    with smtplib.SMTP(*place(info["smtp"])) as client:
        client.starttls(context=context)
        client.ehlo()
        if raw:
            client.auth("XOAUTH2", lambda _=None: raw)
        else:
            client.login(upn, password)
        assert client.mail(upn)[0] == 250


LOGINS: dict[str, Callable[[Info, ssl.SSLContext, str, str, str], None]] = {
    "imap": imap,
    "pop": pop,
    "smtp": smtp,
}
REFUSED = (imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPException, AssertionError)


def tokens(info: Info, context: ssl.SSLContext, person: Info) -> dict[str, str]:
    """A token of each way that has one, "" where the login refuses."""
    endpoint = f"{info['login']}/{info['tenant']}/oauth2/v2.0/token"
    with httpx2.Client(verify=context, trust_env=False) as http:
        signed_in = http.post(f"{info['control']}/people/{person['upn']}/refresh-token").json()
        forms = {
            "oauth-user": {"grant_type": "refresh_token", **signed_in},
            "oauth-app": {
                "grant_type": "client_credentials",
                "client_id": info["mail_app"]["client_id"],
                "client_secret": info["mail_app"]["client_secret"],
                "scope": f"{MAIL}/.default",
            },
        }
        return {
            way: http.post(endpoint, data=form).json().get("access_token", "")
            for way, form in forms.items()
        }


def opened(info: Info, context: ssl.SSLContext, person: Info) -> dict[str, list[str]]:
    given = {"basic": person["password"], **tokens(info, context, person)}
    found: dict[str, list[str]] = {protocol: [] for protocol in PROTOCOLS}
    for protocol, log_in in LOGINS.items():
        for way in WAYS:
            raw = f"user={person['upn']}\x01auth=Bearer {given[way]}\x01\x01"
            if not given[way]:
                continue
            try:
                log_in(info, context, person["upn"], person["password"], raw * (way != "basic"))
            except REFUSED:
                continue
            found[protocol].append(way)
    return found


async def test_what_is_told_as_open_is_what_gets_in(tmp_path: Path) -> None:
    running = await serve(Options(state_dir=tmp_path / "lab", seed="contoso"))
    try:
        info = running.info
        context = ssl.create_default_context(cafile=info["ca"])

        def everybody() -> dict[str, dict[str, list[str]]]:
            return {one["upn"]: opened(info, context, one) for one in info["people"]}

        found = await asyncio.to_thread(everybody)
    finally:
        await running.close()
    assert {one["upn"]: one["open"] for one in info["people"]} == found
    ways = {(protocol, way) for one in found.values() for protocol in one for way in one[protocol]}
    assert ways >= {(p, way) for p in ("imap", "pop") for way in ("oauth-user", "oauth-app")}
    assert any(not any(one.values()) for one in found.values())


async def test_an_open_door_for_passwords_is_told_too(tmp_path: Path) -> None:
    """With security defaults off and SMTP on, as nobody should have it."""
    running = await serve(Options(state_dir=tmp_path / "lab", seed="small"))
    try:
        lab = running.lab
        lab.world["policies"].patch("securityDefaults", isEnabled=False)
        lab.world["transport"].patch("", SmtpClientAuthenticationDisabled=False)
        await lab.tell(lab)
        told = {one["upn"]: one for one in lab.info["people"]}
        ada, context = (
            told["ada@contoso.example"],
            ssl.create_default_context(cafile=lab.info["ca"]),
        )
        found = await asyncio.to_thread(opened, lab.info, context, ada)
    finally:
        await running.close()
    assert "basic" in ada["open"]["smtp"]
    assert ada["open"] == found


async def test_trying_leaves_no_trace_in_the_tenant(tmp_path: Path) -> None:
    running = await serve(Options(state_dir=tmp_path / "lab", seed="small"))
    try:
        lab = running.lab
        before = {kind: dict(table.items()) for kind, table in lab.world.tables.items()}
        made = lab.world.made
        await lab.tell(lab)
        assert {kind: dict(table.items()) for kind, table in lab.world.tables.items()} == before
        assert lab.world.made == made
        assert lab.history.asked == []
    finally:
        await running.close()


async def test_a_seed_planted_later_is_told_as_it_is(tmp_path: Path) -> None:
    running = await serve(Options(state_dir=tmp_path / "lab", seed="small", weather="flaky"))
    try:
        info = running.info
        context = ssl.create_default_context(cafile=info["ca"])
        async with httpx2.AsyncClient(verify=context, trust_env=False) as http:
            await http.post(f"{info['control']}/reset", json={"seed": "contoso"})
            told = (await http.get(f"{info['control']}/info")).json()
    finally:
        await running.close()
    assert told["seed"] == "contoso"
    assert told["options"]["seed"] == "small"
    olga = next(one for one in told["people"] if one["upn"] == "olga.legacy@contoso.example")
    assert olga["open"] == {"imap": ["oauth-user"], "pop": ["oauth-user"], "smtp": ["oauth-user"]}
    assert olga["mailbox"] == "UserMailbox"


async def test_the_mail_app_opens_the_mailboxes_that_are_named(tmp_path: Path) -> None:
    running = await serve(Options(state_dir=tmp_path / "lab", seed="contoso"))
    await running.close()
    info = running.info
    open_to_app = {
        one["upn"] for one in info["people"] if any("oauth-app" in w for w in one["open"].values())
    }
    assert set(info["mail_app"]["mailboxes"]) == open_to_app
