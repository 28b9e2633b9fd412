"""The log of sign-ins, page by page: nothing left out, nothing twice, within its own limit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from m365_fakedoor import FakeTokens
from m365_labworld import lab_world

from portineria.clock import VirtualClock
from portineria.fault import Incomplete, NotLicensed, PermissionFault
from portineria.m365.endpoints import Endpoints
from portineria.m365.graph import signins
from portineria.m365.messages import Request, Response
from portineria.m365.pace import REPORT_SPAN, REPORT_TURNS, Burst
from portineria.m365.session import Session
from portineria.tenant.mailbox import Protocol
from portineria.tenant.signin import Event, SignIn, Wanted

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MONTH = NOW - timedelta(days=30)


def row(number: int, at: str) -> dict[str, Any]:
    return {"id": f"s{number}", "createdDateTime": at, "userId": "u", "status": {"errorCode": 0}}


def key(at: str) -> tuple[str, str]:
    """A time as text that sorts, with seven decimals."""
    whole, _, fraction = at.rstrip("Z").partition(".")
    return whole, fraction.ljust(7, "0")


class Log:
    """A log of rows, newest first, in pages of two; it obeys `le` and counts its chains."""

    def __init__(self, *times: str) -> None:
        self.rows = [row(number, at) for number, at in enumerate(times)]
        self.chains = 0
        self.filters: list[str] = []

    async def send(self, request: Request) -> Response:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        text = query["$filter"]
        self.filters.append(text)
        until = text.partition("createdDateTime le ")[2].partition(" ")[0]
        kept = [one for one in self.rows if key(one["createdDateTime"]) <= key(until)]
        start = int(query.get("$skiptoken", "0"))
        self.chains += start == 0
        body: dict[str, Any] = {"value": kept[start : start + 2]}
        if start + 2 < len(kept):
            body["@odata.nextLink"] = f"{request.url.partition('&$skip')[0]}&$skiptoken={start + 2}"
        return Response(status=200, headers={}, body=json.dumps(body).encode())


def session(log: Log, clock: VirtualClock | None = None) -> Session:
    return Session(log, FakeTokens(), clock or VirtualClock(NOW), Endpoints(), "t")


def wanted(event: Event = Event.INTERACTIVE, **more: Any) -> Wanted:
    return Wanted(event=event, since=MONTH, until=NOW, **more)


async def everything(pages: AsyncIterator[tuple[SignIn, ...]]) -> list[SignIn]:
    return [one async for page in pages for one in page]


def times(count: int) -> list[str]:
    """Newest first, with the seven decimals of .NET, several in one tick."""
    return [
        f"{NOW - timedelta(seconds=1 + number // 3):%Y-%m-%dT%H:%M:%S}.{9999999 - number % 3}Z"
        for number in range(count)
    ]


@pytest.mark.parametrize("chain", [2, 3, 12, 50])
async def test_a_log_is_told_whole_and_once_however_often_it_is_asked_anew(
    monkeypatch: pytest.MonkeyPatch, chain: int
) -> None:
    monkeypatch.setattr(signins, "CHAIN", chain)
    log = Log(*times(23))
    found = await everything(signins.pages(session(log), wanted()))
    assert len(found) == len(log.rows)
    assert (log.chains == 1) is (chain == 50)


async def test_more_in_one_moment_than_can_be_listed_is_no_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signins, "CHAIN", 2)
    log = Log(*["2026-11-01T11:00:00Z"] * 9)
    with pytest.raises(Incomplete, match="one moment"):
        await everything(signins.pages(session(log), wanted()))


async def test_a_row_without_a_date_is_no_row() -> None:
    with pytest.raises(Incomplete, match="bears no date"):
        await everything(signins.pages(session(Log("")), wanted()))


async def test_what_is_asked_for_is_what_is_wanted() -> None:
    log = Log()
    await everything(signins.pages(session(log), wanted()))
    await everything(
        signins.pages(
            session(log),
            wanted(Event.SILENT, apps=("app-1", "app-2"), people=("o'malley@contoso.example",)),
        )
    )
    first, second = log.filters
    assert first.startswith("createdDateTime ge 2026-10-02T12:00:00Z and createdDateTime le ")
    assert "(clientAppUsed eq 'Authenticated SMTP' or " in first
    assert "signInEventTypes" not in first
    assert "(appId eq 'app-1' or appId eq 'app-2')" in second
    assert "(userPrincipalName eq 'o''malley@contoso.example')" in second
    assert second.endswith("signInEventTypes/any(t: t eq 'nonInteractiveUser')")


async def test_a_sign_in_that_does_not_say_how_it_ended_did_not_get_in() -> None:
    told = signins.sign_in({"createdDateTime": "2026-11-01T00:00:00Z"}, Event.INTERACTIVE)
    assert told.error == -1


async def test_the_limit_of_reports_is_kept_and_other_calls_do_not_wait() -> None:
    clock = VirtualClock(NOW)
    log = Log(*times(23))
    await everything(signins.pages(session(log, clock), wanted()))
    assert clock.tick() == pytest.approx(2 * REPORT_SPAN)
    burst = Burst(clock, REPORT_TURNS, REPORT_SPAN)
    burst.hold(7.0)
    before = clock.tick()
    await burst.turn()
    assert clock.tick() - before == pytest.approx(7.0)


async def test_the_labs_log_is_read_without_being_throttled_once() -> None:
    async with lab_world("contoso") as world:
        found = {
            event: await everything(world.reader.sign_ins(asked))
            for event, asked in (
                (Event.INTERACTIVE, wanted()),
                (
                    Event.SILENT,
                    wanted(Event.SILENT, apps=("9e5f94bc-e8a4-4e73-b8be-63364c29d753",)),
                ),
                (
                    Event.APPLICATION,
                    wanted(Event.APPLICATION, apps=(world.lab.info["mail_app"]["client_id"],)),
                ),
            )
        }
        assert not [one for one in world.lab.history.asked if one.weather == "throttled"]
    assert {one.client for one in found[Event.INTERACTIVE]} == {
        "Authenticated SMTP",
        "IMAP4",
        "POP3",
    }
    assert {one.name for one in found[Event.SILENT]} == {"ada@contoso.example"}
    assert {one.user_id for one in found[Event.APPLICATION]} == {""}
    assert {one.password for one in found[Event.INTERACTIVE]} == {True}


async def test_bad_weather_tells_the_same() -> None:
    async with lab_world("contoso") as fair, lab_world("contoso", "throttled") as foul:
        told = [await everything(world.reader.sign_ins(wanted())) for world in (fair, foul)]
    assert told[0] == told[1]


async def test_applications_are_found_by_what_they_were_consented_to() -> None:
    async with lab_world() as world:
        apps = {app.name: app for app in await world.reader.mail_apps()}
        mail = world.lab.info["mail_app"]["client_id"]
    every = frozenset(Protocol)
    assert apps["Thunderbird"].as_user == apps["Mail program"].as_user == every
    assert apps["Thunderbird"].alone == frozenset()
    assert (apps["Mail access"].alone, apps["Mail access"].id) == (every, mail)
    assert "Portineria control" not in apps


async def test_an_application_that_cannot_be_named_makes_it_fail() -> None:
    async with lab_world() as world:
        found = world.lab.world["servicePrincipals"].find("displayName", "Thunderbird")
        assert found is not None
        world.lab.world["servicePrincipals"].put(found["id"], None)
        with pytest.raises(Exception, match="not found"):
            await world.reader.mail_apps()


async def test_a_free_tenant_and_a_missing_permission_are_told_apart() -> None:
    async with lab_world("contoso-free") as world:
        with pytest.raises(NotLicensed):
            await everything(world.reader.sign_ins(wanted()))
    async with lab_world(app="mail_app") as world:
        with pytest.raises(PermissionFault, match=r"AuditLog\.Read\.All"):
            await everything(world.reader.sign_ins(wanted()))
