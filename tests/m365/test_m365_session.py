"""The conversation: what is sent, what is repeated, and what is raised."""

from __future__ import annotations

import json

import pytest
from m365_fakedoor import (
    INVOKE,
    TENANT,
    FakeDoor,
    FakeTokens,
    answer,
    open_session,
    parameters_of,
    rows,
)

from portineria.fault import AmbiguousWrite, NotFound, PermissionFault, ServiceFault, Throttled
from portineria.m365.data import TRUNCATED, Incomplete
from portineria.m365.messages import NoAnswer, Request, Response
from portineria.m365.retry import Limits

POLICIES = "/identity/conditionalAccess/policies"
CUT = NoAnswer("cut", sent=True)
UNREACHED = NoAnswer("unreached", sent=False)


async def test_a_token_the_service_dislikes_is_renewed_once() -> None:
    tokens = FakeTokens()
    door = FakeDoor(answer({}, 401), answer({"value": []}))
    session, _ = open_session(door, tokens)
    await session.graph("GET", "/domains")
    assert tokens.forgotten == 1
    assert door.asked[0].headers["authorization"] != door.asked[1].headers["authorization"]


async def test_a_second_unauthorised_answer_is_final() -> None:
    door = FakeDoor(answer({}, 401), answer({}, 401))
    session, clock = open_session(door)
    with pytest.raises(PermissionFault):
        await session.graph("GET", "/domains")
    assert len(door.asked) == 2
    assert clock.tick() == 0


async def test_a_throttled_call_waits_as_long_as_it_is_told() -> None:
    door = FakeDoor(
        Response(status=429, headers={"retry-after": "21"}), answer({"value": [{"id": "a"}]})
    )
    session, clock = open_session(door)
    assert await session.graph_list("/domains") == [{"id": "a"}]
    assert clock.tick() == 21.0


async def test_conditional_access_calls_keep_under_one_a_second() -> None:
    door = FakeDoor(*[answer({"id": str(n)}) for n in range(4)])
    session, clock = open_session(door)
    for _ in range(4):
        await session.graph("GET", f"{POLICIES}/x")
    assert clock.tick() == pytest.approx(3 * 1.25)


async def test_other_calls_do_not_pay_for_conditional_access() -> None:
    door = FakeDoor(*[answer({"value": []})] * 4)
    session, clock = open_session(door)
    for _ in range(4):
        await session.graph_list("/domains")
    assert clock.tick() == 0.0


async def test_a_create_whose_answer_is_lost_is_never_sent_twice() -> None:
    for lost in (CUT, answer({}, 500), answer({}, 502), answer({}, 504)):
        door = FakeDoor(lost)
        session, _ = open_session(door)
        with pytest.raises(AmbiguousWrite):
            await session.graph("POST", POLICIES, {"displayName": "x"})
        assert len(door.asked) == 1


async def test_a_create_that_was_refused_or_never_left_is_sent_again() -> None:
    door = FakeDoor(answer({}, 429), answer({}, 503), UNREACHED, answer({"id": "new"}, 201))
    session, _ = open_session(door)
    assert (await session.graph("POST", POLICIES, {})).body["id"] == "new"


async def test_an_update_is_repeated_after_a_lost_answer() -> None:
    door = FakeDoor(CUT, Response(status=204))
    session, _ = open_session(door)
    await session.graph("PATCH", f"{POLICIES}/x", {"state": "enabled"})
    assert len(door.asked) == 2


async def test_an_update_that_was_perhaps_done_is_not_called_refused() -> None:
    door = FakeDoor(CUT, answer({"error": {"code": "AccessDenied", "message": "no"}}, 403))
    session, _ = open_session(door)
    with pytest.raises(AmbiguousWrite):
        await session.graph("PATCH", f"{POLICIES}/x", {"state": "enabled"})


async def test_a_delete_that_is_not_found_after_a_lost_answer_was_done() -> None:
    door = FakeDoor(CUT, answer({}, 404))
    session, _ = open_session(door)
    await session.graph("DELETE", f"{POLICIES}/x")


async def test_a_delete_of_what_was_never_there_says_so() -> None:
    session, _ = open_session(FakeDoor(answer({}, 404)))
    with pytest.raises(NotFound):
        await session.graph("DELETE", f"{POLICIES}/x")


async def test_patience_ends_and_the_number_of_attempts_is_told() -> None:
    door = FakeDoor(*[answer({}, 429)] * 9)
    session, clock = open_session(door, limits=Limits(attempts=4, waiting=60.0))
    with pytest.raises(Throttled) as caught:
        await session.graph("GET", "/domains")
    assert len(door.asked) == 4
    assert caught.value.evidence["attempts"] == 4
    assert clock.tick() < 60.0


async def test_a_next_page_on_another_host_gets_no_token() -> None:
    door = FakeDoor(answer({"value": [], "@odata.nextLink": "https://evil.example/v1.0/users"}))
    session, _ = open_session(door)
    with pytest.raises(Incomplete):
        await session.graph_list("/users")
    assert len(door.asked) == 1


async def test_a_host_that_only_begins_like_ours_is_another_host() -> None:
    link = "https://graph.microsoft.com.evil.example/v1.0/users"
    session, _ = open_session(FakeDoor(answer({"value": [], "@odata.nextLink": link})))
    with pytest.raises(Incomplete):
        await session.graph_list("/users")


async def test_pages_are_followed_to_the_end() -> None:
    link = "https://graph.microsoft.com/v1.0/users?$skiptoken=2"
    door = FakeDoor(
        answer({"value": [{"id": "a"}], "@odata.nextLink": link}), answer({"value": [{"id": "b"}]})
    )
    session, _ = open_session(door)
    assert [row["id"] for row in await session.graph_list("/users")] == ["a", "b"]
    assert door.paths[1] == link


async def test_a_command_carries_what_exchange_wants_to_see() -> None:
    door = FakeDoor(rows())
    session, _ = open_session(door)
    await session.exchange("Set-CASMailbox", {"Identity": "g", "ImapEnabled": True})
    request = door.asked[0]
    assert request.url == INVOKE
    assert json.loads(request.body) == {
        "CmdletInput": {
            "CmdletName": "Set-CASMailbox",
            "Parameters": {"Identity": "g", "ImapEnabled": True},
        }
    }
    assert request.headers["x-responseformat"] == "json"
    assert request.headers["x-anchormailbox"].endswith(f"@{TENANT}")
    assert request.headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize("identity", [None, "", "  "])
async def test_an_empty_identity_is_never_sent(identity: str | None) -> None:
    door = FakeDoor()
    session, _ = open_session(door)
    with pytest.raises(ValueError, match="every object"):
        await session.exchange("Set-CASMailbox", {"identity": identity})
    with pytest.raises(ValueError, match="every object"):
        await session.exchange_batch([("Get-CASMailbox", {"Identity": identity})])
    assert door.asked == []


async def test_a_listing_asks_for_everything_and_posts_the_same_again_for_each_page() -> None:
    link = f"{INVOKE}?%24skiptoken=2"
    door = FakeDoor(rows({"Guid": "a"}, **{"@odata.nextLink": link}), rows({"Guid": "b"}))
    session, _ = open_session(door)
    assert [row["Guid"] for row in await session.exchange_list("Get-Mailbox")] == ["a", "b"]
    first, second = door.asked
    assert parameters_of(first)["Parameters"] == {"ResultSize": "Unlimited"}
    assert (second.url, second.body) == (link, first.body)
    assert second.headers["x-anchormailbox"] == first.headers["x-anchormailbox"]


async def test_a_listing_cut_short_is_never_taken_for_the_whole() -> None:
    warning = f"{TRUNCATED} than are currently displayed."
    truncated = rows({"Guid": "a"}, **{"@adminapi.warnings": [warning]})
    session, _ = open_session(FakeDoor(truncated))
    with pytest.raises(Incomplete):
        await session.exchange_list("Get-Mailbox")


async def test_a_page_that_expired_makes_the_listing_incomplete() -> None:
    link = f"{INVOKE}?%24skiptoken=2"
    message = "Expired or Invalid pagination request. Default Expiry time is 00:30:00"
    refused = answer(
        {
            "error": {
                "message": "Invalid Operation",
                "innererror": {"internalexception": {"message": message, "type": "X"}},
            }
        },
        400,
    )
    session, _ = open_session(FakeDoor(rows({"Guid": "a"}, **{"@odata.nextLink": link}), refused))
    with pytest.raises(Incomplete):
        await session.exchange_list("Get-Mailbox")


async def test_a_listing_without_a_list_is_incomplete() -> None:
    session, _ = open_session(FakeDoor(answer({})))
    with pytest.raises(Incomplete):
        await session.exchange_list("Get-Mailbox")


async def test_a_batch_is_ten_at_a_time_and_refused_parts_go_again_alone() -> None:
    def batch(first: int, count: int, throttled: int = -1) -> Response:
        parts = [
            {"id": str(n), "status": 429, "body": "slow down"}
            if n == throttled
            else {"id": str(n), "status": 200, "body": {"value": [{"n": first + n}]}}
            for n in reversed(range(count))
        ]
        return answer({"responses": parts})

    door = FakeDoor(batch(0, 10, throttled=3), rows({"n": 3}), batch(10, 2))
    session, _ = open_session(door)
    calls = [("Get-MailboxPermission", {"Identity": f"g{n}"}) for n in range(12)]
    found = await session.exchange_batch(calls)
    assert [data.rows[0]["n"] for data in found if not isinstance(data, Exception)] == list(
        range(12)
    )
    assert len(door.asked) == 3


async def test_one_bad_part_of_a_batch_does_not_spoil_the_others() -> None:
    parts = [
        {"id": "0", "status": 200, "body": {"value": []}},
        {"id": "1", "status": 403, "body": "\0\0\0"},
    ]
    session, _ = open_session(FakeDoor(answer({"responses": parts})))
    good, bad = await session.exchange_batch(
        [("Get-MailboxPermission", {"Identity": n}) for n in "ab"]
    )
    assert not isinstance(good, Exception)
    assert isinstance(bad, PermissionFault)


async def test_no_fault_ever_holds_the_token() -> None:
    for said in (answer({}, 401), CUT, answer({}, 500), answer({}, 403), answer({}, 429)):
        session, _ = open_session(FakeDoor(*[said] * 9))
        with pytest.raises((ServiceFault, NoAnswer)) as caught:
            await session.graph("PATCH", f"{POLICIES}/x", {})
        told = caught.value
        assert "token-" not in f"{told.why}{told.try_}{told.where}{told.evidence}"


def test_neither_a_request_nor_an_answer_shows_what_it_carries() -> None:
    headers = {"authorization": "Bearer hush"}
    shown = repr(Request(method="GET", url="https://x.example", headers=headers, body=b"hush"))
    shown += repr(Response(status=200, headers=headers, body=b"hush"))
    assert "hush" not in shown
