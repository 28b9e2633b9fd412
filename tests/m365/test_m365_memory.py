"""What is kept of a tenant does not grow with what Microsoft prints of each mailbox."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from m365_fakedoor import INVOKE, TENANT, FakeTokens, cmdlet

from portineria.clock import VirtualClock
from portineria.m365.endpoints import Endpoints
from portineria.m365.messages import Request, Response
from portineria.m365.reader import TenantReading
from portineria.m365.session import Session
from portineria.tenant.mailbox import Mailbox, SmtpSwitch
from portineria.tenant.people import User

PAGE = 100
KEPT = 900
"""Bytes for one mailbox and the account behind it, strings included."""
SLACK = 200 * 1024
"""Bytes by which Python's own table of shared strings may grow or not in between."""


class Printed:
    """A tenant printed page by page, each row with `ballast` members that nobody asked for.

    All pages are printed before anything is measured.
    """

    def __init__(self, mailboxes: int, ballast: int) -> None:
        self.ballast = {f"Raw{number}": f"raw value {number}" for number in range(ballast)}
        starts = range(0, mailboxes, PAGE)
        self.rows = [self._page(start, mailboxes, self._row, INVOKE) for start in starts]
        graph = f"{Endpoints().graph}/v1.0/users"
        self.accounts = [self._page(start, mailboxes, self._account, graph) for start in starts]

    async def send(self, request: Request) -> Response:
        number = int(request.url.rpartition("skiptoken=")[2]) if "token=" in request.url else 0
        if "/users" in request.url:
            return Response(status=200, body=self.accounts[number])
        if cmdlet(request) == "Get-AuthenticationPolicy":
            return Response(status=200, body=b'{"value": []}')
        return Response(status=200, body=self.rows[number])

    def _page(
        self, start: int, mailboxes: int, printed: Callable[[int], dict[str, Any]], url: str
    ) -> bytes:
        value = [printed(number) for number in range(start, min(start + PAGE, mailboxes))]
        link = {"@odata.nextLink": f"{url}?%24skiptoken={start // PAGE + 1}"}
        following = link if start + PAGE < mailboxes else {}
        return json.dumps({"@adminapi.warnings": [], "value": value, **following}).encode()

    def _row(self, number: int) -> dict[str, Any]:
        address = f"Somebody.{number:06}@contoso.example"
        return {
            **self.ballast,
            "Guid": f"0f6a2f1e-3c9d-4c1b-9f5e-{number:012}",
            "ExternalDirectoryObjectId": f"bbbbbbbb-0000-4000-8000-{number:012}",
            "PrimarySmtpAddress": address,
            "UserPrincipalName": address,
            "EmailAddresses": [f"SMTP:{address}", f"smtp:{number}@contoso.onmicrosoft.com"],
            "MailboxPlan": "ExchangeOnline",
            "DisplayName": f"Somebody {number:06}",
            "RecipientTypeDetails": "UserMailbox",
            "ImapEnabled": True,
            "PopEnabled": False,
            "SmtpClientAuthenticationDisabled": None,
            "AuthenticationPolicy": None,
        }

    def _account(self, number: int) -> dict[str, Any]:
        row = self._row(number)
        plan = {"capabilityStatus": "Enabled", "servicePlanId": "efb87545-963c-4e0d-99df-69c6"}
        return {
            **self.ballast,
            "id": row["ExternalDirectoryObjectId"],
            "userPrincipalName": row["UserPrincipalName"],
            "displayName": row["DisplayName"],
            "accountEnabled": True,
            "department": "Accounting",
            "assignedPlans": [{**plan, **self.ballast} for _ in range(2)],
        }


def reading(mailboxes: int, ballast: int) -> TenantReading:
    door = Printed(mailboxes, ballast)
    clock = VirtualClock(datetime(2026, 11, 1, tzinfo=UTC))
    return TenantReading(Session(door, FakeTokens(), clock, Endpoints(), TENANT))


def quiet(text: str, done: int = 0, total: int = 0) -> None:
    """Nobody listens to the progress."""


@contextmanager
def measured() -> Iterator[dict[str, int]]:
    """Bytes that Python holds at the end, and held at the most, of what was made inside."""
    found: dict[str, int] = {}
    gc.collect()
    tracemalloc.start()
    try:
        yield found
        gc.collect()
        found["kept"], found["peak"] = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


async def look(mailboxes: int, ballast: int) -> tuple[dict[str, int], tuple[Mailbox, ...], Any]:
    """The lesser of two: in a large process Python's table of shared strings may double in one."""
    least: dict[str, int] = {}
    for _ in range(2):
        reader = reading(mailboxes, ballast)
        with measured() as found:
            boxes = await reader.mailboxes(quiet)
            users = await reader.users(quiet)
        least = {name: min(size, least.get(name, size)) for name, size in found.items()}
    return least, boxes, users


async def test_a_mailbox_and_its_account_cost_less_than_a_kilobyte() -> None:
    few, _, _ = await look(PAGE, 60)
    many, boxes, users = await look(8 * PAGE, 60)
    assert (len(boxes), len(users)) == (8 * PAGE, 8 * PAGE)
    assert (many["kept"] - few["kept"]) / (7 * PAGE) < KEPT


async def test_what_is_printed_of_a_mailbox_and_not_asked_for_is_never_held() -> None:
    """Neither at the end, nor of a whole page while it is read: its text, and one row, that is
    all."""
    lean, _, _ = await look(4 * PAGE, 0)
    fat, _, _ = await look(4 * PAGE, 60)
    text = len(Printed(PAGE, 60).accounts[0]) - len(Printed(PAGE, 0).accounts[0])
    assert abs(fat["kept"] - lean["kept"]) < SLACK
    assert fat["peak"] - lean["peak"] < text + SLACK


async def test_the_most_that_is_held_does_not_grow_with_the_number_of_pages() -> None:
    few, _, _ = await look(2 * PAGE, 60)
    many, _, _ = await look(8 * PAGE, 60)
    over_few, over_many = few["peak"] - few["kept"], many["peak"] - many["kept"]
    assert over_many - over_few < SLACK, "a page is dropped when it has been read"


async def test_an_account_and_its_mailbox_share_their_strings() -> None:
    _, (box, *_), users = await look(PAGE, 0)
    user = users[box.entra_id]
    assert isinstance(user, User)
    assert box.smtp is SmtpSwitch.INHERIT
    assert box.address is box.upn is user.upn
    assert (box.entra_id is user.id, box.display_name is user.display_name) == (True, True)
