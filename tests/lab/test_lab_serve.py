"""The lab on real ports of the loopback: TLS under its own authority, and a clean end."""

from __future__ import annotations

import asyncio
import imaplib
import os
import signal
import smtplib
import socket
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509

from portineria.clock import SystemClock
from portineria.lab.authority import authority
from portineria.lab.names import NAMES
from portineria.lab.portrefused import PortRefused
from portineria.lab.ports import FACES, ORDER, SHARED
from portineria.lab.serve import Options, Running, run_forever, serve

LISTENING = "0A"  # a socket's state in /proc/net/tcp
MAIL = ("imaps", "imap", "pops", "pop", "smtp")


@asynccontextmanager
async def served(folder: Path, **options: Any) -> AsyncIterator[Running]:
    running = await serve(Options(state_dir=folder, seed="small", **options))
    try:
        yield running
    finally:
        await running.close()


def kept(running: Running) -> bytes:
    return Path(running.info["ca"]).read_bytes()


def trusting(running: Running) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=running.info["ca"])


def client(running: Running) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(verify=trusting(running), trust_env=False)


async def token(http: httpx2.AsyncClient, info: dict[str, Any]) -> str:
    answer = await http.post(
        f"{info['login']}/{info['tenant']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": info["admin"]["client_id"],
            "client_secret": info["admin"]["client_secret"],
            "scope": f"{info['graph']}/.default",
        },
    )
    return str(answer.json()["access_token"])


async def test_a_tenant_planted_anew_has_no_mail(tmp_path: Path) -> None:
    async with served(tmp_path / "lab") as running, client(running) as http:
        office = running.lab.forget_mail.__self__  # type: ignore[attr-defined]
        office.store.inbox("somebody").add(b"x", running.lab.clock.now())
        assert (await http.post(f"{running.info['control']}/reset", json={})).status_code == 200
        assert office.store.inbox("somebody").messages == []


async def test_every_door_opens_under_the_labs_own_authority(tmp_path: Path) -> None:
    async with served(tmp_path / "lab") as running, client(running) as http:
        info = running.info
        bearer = {"authorization": f"Bearer {await token(http, info)}"}
        domains = await http.get(f"{info['graph']}/v1.0/domains", headers=bearer)
        told = (await http.get(f"{info['control']}/info")).json()
        exchange = await http.get(f"{info['exchange']}/adminapi/beta/x/InvokeCommand")
        assert set(MAIL) | set(FACES) <= set(info)
    assert domains.status_code == 200
    assert exchange.status_code in (401, 404, 405)
    assert told == info


async def test_mail_doors_answer_with_a_certificate_that_is_trusted(tmp_path: Path) -> None:
    async with served(tmp_path / "lab") as running:
        context = trusting(running)
        imap_host, _, imap_port = running.info["imaps"].partition(":")
        smtp_host, _, smtp_port = running.info["smtp"].partition(":")

        def talk() -> tuple[str, int]:
            with imaplib.IMAP4_SSL(imap_host, int(imap_port), ssl_context=context) as imap:
                welcome = imap.welcome.decode()
            with smtplib.SMTP(smtp_host, int(smtp_port)) as smtp:
                return welcome, smtp.starttls(context=context)[0]

        welcome, started = await asyncio.to_thread(talk)
    assert "Microsoft Exchange IMAP4 service is ready" in welcome
    assert started == 220


def listening(ports: set[int]) -> set[str]:
    """At which addresses somebody listens on these ports, in hexadecimal as the system tells."""
    rows = [
        row.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for row in Path(table).read_text().splitlines()[1:]
    ]
    heard = [row[1].partition(":") for row in rows if row[3] == LISTENING]
    return {address for address, _, port in heard if int(port, 16) in ports}


async def test_every_port_is_on_the_loopback_only(tmp_path: Path) -> None:
    async with served(tmp_path / "lab") as running:
        assert set(running.ports) == set(ORDER)
        assert listening(set(running.ports.values())) == {"0100007F"}  # 127.0.0.1, turned round


async def test_a_cut_connection_is_cut(tmp_path: Path) -> None:
    fault = {"operation": "GET /domains", "nth": 1, "fault": "cut-after"}
    async with (
        served(tmp_path / "lab", overrides={"scheduled": [fault]}) as running,
        client(running) as http,
    ):
        bearer = {"authorization": f"Bearer {await token(http, running.info)}"}
        with pytest.raises(httpx2.TransportError):
            await http.get(f"{running.info['graph']}/v1.0/domains", headers=bearer)
        answer = await http.get(f"{running.info['graph']}/v1.0/domains", headers=bearer)
    assert answer.status_code == 200


async def test_the_authority_survives_a_restart_and_keeps_its_key_private(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    async with served(folder) as running:
        first = kept(running)
    async with served(folder) as running:
        second = kept(running)
    assert first == second
    assert stat.S_IMODE((folder / "ca.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {"ca.key", "ca.pem"}


async def test_the_certificate_names_the_lab_and_microsofts_hosts(tmp_path: Path) -> None:
    async with served(tmp_path, hosts=("mail.test", "localhost")) as running:
        host, _, port = running.info["imaps"].partition(":")
        text = await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)))
    certificate = x509.load_pem_x509_certificate(text.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "graph.microsoft.com", "smtp.office365.com"} <= set(NAMES)
    assert names.get_values_for_type(x509.DNSName) == [*NAMES, "mail.test"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_a_broken_authority_is_made_anew(tmp_path: Path) -> None:
    clock = SystemClock(asyncio.sleep)
    authority(tmp_path, clock)
    (tmp_path / "ca.key").write_text("nonsense")
    made = authority(tmp_path, clock)
    assert made.path.read_bytes().startswith(b"-----BEGIN CERTIFICATE")


async def test_a_taken_port_is_an_error_that_leaves_nothing_open(tmp_path: Path) -> None:
    async with served(tmp_path / "one") as running:
        port = int(running.info["graph"].rpartition(":")[2])
        with pytest.raises(PortRefused, match="address already in use") as refused:
            await serve(Options(state_dir=tmp_path / "two", seed="small", ports={"graph": port}))
    assert (refused.value.port, refused.value.doors) == (port, ("graph",))


def free_run(length: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(20_000 + os.getpid() % 9_000, 60_000, length):
        with ExitStack() as held:
            try:
                for port in range(first, first + length):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
        return first
    raise AssertionError("no free ports")


async def test_ports_are_counted_from_a_base_in_the_order_of_the_doors(tmp_path: Path) -> None:
    first = free_run(len(ORDER))
    async with served(tmp_path / "lab", base_port=first) as running:
        told = [int(running.info[door].rpartition(":")[2]) for door in ORDER]
    assert (*FACES, *MAIL) == ORDER
    assert told == list(range(first, first + 9))


async def test_where_one_port_of_the_row_is_taken_none_is_left_open(tmp_path: Path) -> None:
    first = free_run(len(ORDER))
    with socket.create_server(("127.0.0.1", first + 8)):
        with pytest.raises(PortRefused, match=rf"port {first + 8} \(smtp\) is taken"):
            await serve(Options(state_dir=tmp_path, seed="small", base_port=first))
        for port in range(first, first + 8):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize("first", [0, -1, 65_528, 70_000])
def test_a_row_of_ports_that_cannot_be_is_refused(first: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the first may be 1 to 65527"):
        Options(state_dir=tmp_path, base_port=first).numbers()


def test_real_ports_are_microsofts(tmp_path: Path) -> None:
    assert Options(state_dir=tmp_path, real_ports=True).numbers() == {
        **{"login": 443, "graph": 443, "exchange": 443},
        **{"imaps": 993, "imap": 143, "pops": 995, "pop": 110, "smtp": 587},
    }


async def test_behind_one_port_the_name_decides_and_addresses_are_microsofts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = free_run(1)
    monkeypatch.setattr("portineria.lab.serve.REAL_PORTS", dict.fromkeys(SHARED, shared))
    async with (
        served(tmp_path / "lab", real_ports=True, hosts=("mail.test",)) as running,
        client(running) as http,
    ):
        info = running.info

        async def ask(host: str, path: str) -> httpx2.Response:
            url = f"https://localhost:{shared}{path}"
            return await http.get(url, headers={"host": host}, extensions={"sni_hostname": host})

        discovery = f"/{info['tenant']}/v2.0/.well-known/openid-configuration"
        issuer = (await ask("login.microsoftonline.com", discovery)).json()["issuer"]
        told = (await http.get(f"{info['control']}/info")).json()
        answers = {
            (host, path): (await ask(host, path)).status_code
            for host in ("graph.microsoft.com", "login.windows.net", "mail.test", "control.lab")
            for path in ("/v1.0/domains", "/adminapi/beta/x", discovery, "/info")
        }
        assert (await ask("elsewhere.example", "/info")).status_code == 421
    assert info["graph"] == f"https://graph.microsoft.com:{shared}"
    assert info["exchange"] == f"https://outlook.office365.com:{shared}"
    assert issuer == f"https://login.microsoftonline.com:{shared}/{info['tenant']}/v2.0"
    assert info["imaps"].startswith("outlook.office365.com:")
    assert info["smtp"].startswith("smtp.office365.com:")
    assert info["control"].startswith("https://localhost:")
    assert told == info
    assert answers["graph.microsoft.com", "/v1.0/domains"] == 401
    assert answers["mail.test", "/v1.0/domains"] == 401
    assert answers["mail.test", "/adminapi/beta/x"] != 421
    assert answers["mail.test", discovery] == answers["login.windows.net", discovery] == 200
    assert {answers["control.lab", path] for path in ("/info", discovery)} == {421}
    assert answers["mail.test", "/info"] == 404


@pytest.mark.parametrize("bad", [{"seed": "fabrikam"}, {"weather": "sunny"}])
async def test_unknown_seeds_and_weathers_are_refused(bad: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is"):
        await serve(Options(state_dir=tmp_path, **{"seed": "small", **bad}))


async def test_a_signal_ends_it_and_shuts_every_door(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []

    def ready(info: dict[str, Any]) -> None:
        told.append(info)
        os.kill(os.getpid(), signal.SIGTERM)

    async with asyncio.timeout(10):
        await run_forever(Options(state_dir=tmp_path / "lab", seed="small"), ready)
    host, _, port = told[0]["smtp"].partition(":")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_control_door_ends_it_too(tmp_path: Path) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        options = Options(state_dir=tmp_path / "lab", seed="small")
        group.create_task(run_forever(options, heard.put_nowait))
        info = await heard.get()
        context = ssl.create_default_context(cafile=info["ca"])
        async with httpx2.AsyncClient(verify=context, trust_env=False) as http:
            assert (await http.post(f"{info['control']}/stop")).status_code == 202
