"""What is served without a link is the same for everybody; what a link shows, it shows once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx2
import pytest

from portineria.clock import VirtualClock
from portineria.doors.settinglinks import Kept, Links
from portineria.doors.settingserver import SettingServer, Words
from portineria.settings.domainwide import WHOEVER
from portineria.settings.given import Login, Place, Server, Tls
from portineria.tenant.mailbox import Protocol

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
IMAP = Server(
    protocol=Protocol.IMAP,
    place=Place(host="outlook.office365.com", port=993, tls=Tls.IMPLICIT),
    login=Login.OAUTH,
    user=WHOEVER,
)
WORDS = Words(language="en", title="Yours", note="Once & for all", button="Show <it>")
OFFERS = {"contoso.example": (IMAP,), "shut.example": ()}
CONFIG = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"


class House:
    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(NOW)
        self.links = Links(folder / "settings")
        self.server = SettingServer(OFFERS, self.links, self.clock, lambda: WORDS)
        transport = httpx2.ASGITransport(self.server.app())
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://contoso.example")

    def link(self, **more: object) -> str:
        given = {"kind": "text/html", "name": "", "text": "<p>the settings", "until": NOW}
        kept = Kept(**{**given, "until": NOW + timedelta(hours=1), **more})  # type: ignore[arg-type]
        return f"/s/{self.links.make(kept).reveal()}"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    found = House(tmp_path)
    async with found.client:
        yield found


@pytest.mark.parametrize(
    "url",
    [
        f"http://contoso.example{WELL_KNOWN}",
        f"http://autoconfig.contoso.example{CONFIG}",
        f"http://autoconfig.contoso.example{CONFIG}?emailaddress=ada@contoso.example",
        f"http://settings.example{CONFIG}?emailaddress=nobody@CONTOSO.example",
    ],
)
async def test_every_way_of_asking_is_answered_alike(house: House, url: str) -> None:
    answer = await house.client.get(url)
    assert answer.status_code == 200
    root = ET.fromstring(answer.content)
    assert root.findtext("emailProvider/domain") == "contoso.example"
    assert root.findtext("emailProvider/incomingServer/username") == WHOEVER
    assert root.findtext("emailProvider/incomingServer/authentication") == "OAuth2"
    assert answer.content == (await house.client.get(f"http://contoso.example{CONFIG}")).content


async def test_nobody_is_told_whether_an_address_is_there(house: House) -> None:
    first, second = [
        await house.client.get(CONFIG, params={"emailaddress": f"{who}@contoso.example"})
        for who in ("ada", "nobody-at-all")
    ]
    assert (first.content, dict(first.headers)) == (second.content, dict(second.headers))


@pytest.mark.parametrize(
    "url",
    [
        f"http://fabrikam.example{CONFIG}",
        f"http://shut.example{CONFIG}",
        "http://contoso.example/",
        "http://contoso.example/s/",
        "http://contoso.example/s/no-such-token",
        "http://contoso.example/../settings",
    ],
)
async def test_everything_else_is_not_found(house: House, url: str) -> None:
    assert (await house.client.get(url)).status_code == 404


def asked(address: str) -> str:
    return f"<Autodiscover><Request><EMailAddress>{address}</EMailAddress></Request></Autodiscover>"


async def test_autodiscover_answers_for_its_domains(house: House) -> None:
    url = "/autodiscover/autodiscover.xml"
    answer = await house.client.post(url, content=asked("x@contoso.example"))
    assert "<Server>outlook.office365.com</Server>" in answer.text
    assert "<LoginName>x@contoso.example</LoginName>" in answer.text
    other = await house.client.post(url, content=asked("x@fabrikam.example"))
    assert "cannot be found" in other.text
    assert "Invalid Request" in (await house.client.post(url, content="<x/>")).text
    assert "Invalid Request" in (await house.client.get(url)).text
    assert (await house.client.post(url, content=b"x" * 70_000)).status_code == 413
    json = await house.client.get("/autodiscover/autodiscover.json?Protocol=AutodiscoverV1")
    assert json.json()["Url"] == "https://contoso.example/autodiscover/autodiscover.xml"
    assert (await house.client.get("/autodiscover/autodiscover.json")).status_code == 400


async def test_a_link_shows_its_page_once_and_looking_does_not_use_it_up(house: House) -> None:
    link = house.link()
    for _ in range(3):
        looked = await house.client.get(link)
        assert looked.status_code == 200
        assert "the settings" not in looked.text
        assert "Show &lt;it&gt;" in looked.text
        assert "Once &amp; for all" in looked.text
        assert '<html lang="en">' in looked.text
    shown = await house.client.post(link)
    assert shown.text == "<p>the settings"
    assert shown.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert (await house.client.post(link)).status_code == 404
    assert (await house.client.get(link)).status_code == 404
    assert list(house.links.folder.iterdir()) == []


async def test_of_many_who_press_at_once_one_has_it(house: House) -> None:
    link = house.link()
    answers = await asyncio.gather(*(house.client.post(link) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [200] + [404] * 7


async def test_a_link_ends(house: House) -> None:
    link = house.link()
    house.clock.advance(3601)
    assert (await house.client.get(link)).status_code == 404
    assert (await house.client.post(link)).status_code == 404
    late = house.link(until=NOW + timedelta(hours=2))
    house.clock.advance(3601)
    house.links.sweep(house.clock.now())
    assert list(house.links.folder.iterdir()) == []
    assert late


async def test_a_file_is_handed_over_by_its_name(house: House) -> None:
    link = house.link(kind="application/x-apple-aspen-config", name="mail.mobileconfig")
    shown = await house.client.post(link)
    assert shown.headers["content-disposition"] == 'attachment; filename="mail.mobileconfig"'
    assert shown.headers["content-type"].startswith("application/x-apple-aspen-config")


def test_the_folder_holds_no_link(tmp_path: Path) -> None:
    links = Links(tmp_path / "settings")
    kept = Kept(kind="text/html", name="", text="x", until=NOW)
    token = links.make(kept).reveal()
    (path,) = links.folder.iterdir()
    assert token not in path.name + path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert links.folder.stat().st_mode & 0o777 == 0o700
