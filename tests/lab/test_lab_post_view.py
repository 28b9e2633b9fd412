"""Two clients in one folder: each sees its own past until it is told, and is told in time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from post_tenant import Talk, Tenant, guid, xoauth2

LETTER = b"From: b@x\r\nSubject: letter\r\n\r\nhi\r\n"


async def opened(tenant: Tenant, verb: str = "SELECT") -> Talk:
    talk = await tenant.imap()
    await talk.say(f"a AUTHENTICATE XOAUTH2 {xoauth2('ada', tenant.user_token('ada', 'imap'))}")
    assert (await talk.say(f"b {verb} INBOX")).startswith("b OK")
    return talk


async def two(mails: int = 3) -> tuple[Tenant, Talk, Talk]:
    tenant = Tenant()
    tenant.receives("ada", *[LETTER] * mails)
    return tenant, await opened(tenant), await opened(tenant)


def told(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("* ")]


async def test_new_mail_is_told_at_the_next_command() -> None:
    tenant, first, _ = await two()
    tenant.receives("ada", LETTER, LETTER)
    assert told(await first.all("c NOOP")) == ["* 5 EXISTS", "* 5 RECENT"]
    assert told(await first.all("d NOOP")) == []


async def test_flags_that_others_set_are_told_and_ones_own_are_not_repeated() -> None:
    _, first, second = await two()
    assert told(await first.all("c STORE 2 +FLAGS (\\Seen)")) == [
        "* 2 FETCH (FLAGS (\\Seen \\Recent))"
    ]
    assert told(await first.all("d NOOP")) == []
    assert told(await second.all("c NOOP")) == ["* 2 FETCH (FLAGS (\\Seen))"]
    await second.all("d STORE 3 +FLAGS.SILENT (\\Flagged)")
    assert told(await second.all("e NOOP")) == []
    assert told(await first.all("e CHECK")) == ["* 3 FETCH (FLAGS (\\Flagged \\Recent))"]


@pytest.mark.parametrize(
    "command", ["FETCH 1:3 UID", "UID FETCH 1:* FLAGS", "STORE 1 +FLAGS (\\Seen)", "SEARCH ALL"]
)
async def test_numbers_hold_while_messages_are_fetched_stored_and_searched(command: str) -> None:
    _, first, second = await two()
    await second.all("c STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    assert told(await second.all("d EXPUNGE")) == ["* 2 EXPUNGE", "* 1 EXPUNGE"]
    answer = await first.all(f"c {command}")
    assert not [line for line in answer if "EXPUNGE" in line]
    assert answer[-1].startswith("c OK")
    assert told(await first.all("d FETCH 3 UID"))[0] == "* 3 FETCH (UID 3)"
    assert told(await first.all("e NOOP")) == ["* 2 EXPUNGE", "* 1 EXPUNGE"]
    assert told(await first.all("f FETCH 1 UID")) == ["* 1 FETCH (UID 3)"]


async def test_a_message_that_is_gone_can_be_fetched_until_its_end_is_told() -> None:
    _, first, second = await two(1)
    await second.all("c STORE 1 +FLAGS.SILENT (\\Deleted)")
    await second.all("d CLOSE")
    assert "Subject: letter" in await first.all("c FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
    assert told(await first.all("d NOOP")) == ["* 1 EXPUNGE"]
    assert await first.say("e FETCH 1 UID") == "e NO The specified message set is invalid."


async def test_only_select_takes_the_mark_of_being_recent_away() -> None:
    tenant = Tenant()
    tenant.receives("ada", LETTER)
    looking = await opened(tenant, "EXAMINE")
    assert told(await looking.all("c SEARCH NEW")) == ["* SEARCH 1"]
    first = await opened(tenant)
    second = await opened(tenant)
    assert told(await first.all("c FETCH 1 FLAGS")) == ["* 1 FETCH (FLAGS (\\Recent))"]
    assert told(await second.all("c FETCH 1 FLAGS")) == ["* 1 FETCH (FLAGS ())"]


async def test_a_folder_deleted_under_a_client_stays_as_it_saw_it() -> None:
    tenant = Tenant()
    first, second = await opened(tenant), await opened(tenant)
    await first.all("c CREATE Passing")
    await first.all("d APPEND Passing {2+}\r\nhi")
    await first.all("e SELECT Passing")
    await second.all("c DELETE Passing")
    assert "hi)" in await first.all("f FETCH 1 BODY[]")
    assert (await first.say("g CLOSE")) == "g OK CLOSE completed."
    assert (await first.say("h SELECT Passing")) == "h NO Passing doesn't exist."


async def test_what_pop_deletes_is_told_to_imap() -> None:
    tenant, first, _ = await two()
    pop = await tenant.pop()
    await pop.say("AUTH XOAUTH2")
    await pop.say(xoauth2("ada", tenant.user_token("ada", "pop")))
    await pop.say("DELE 2")
    assert told(await first.all("c NOOP")) == []
    await pop.say("QUIT")
    assert told(await first.all("d NOOP")) == ["* 2 EXPUNGE"]


# --- IDLE ---


async def test_a_client_that_idles_is_told_at_once() -> None:
    tenant, first, second = await two(1)
    await first.say("c IDLE")
    tenant.receives("ada", LETTER)
    await second.all("c STORE 1 +FLAGS.SILENT (\\Seen)")
    await second.all("d STORE 1 +FLAGS.SILENT (\\Deleted)")
    await second.all("e EXPUNGE")
    assert first.pushed() == [
        "* 2 EXISTS",
        "* 2 RECENT",
        "* 1 FETCH (FLAGS (\\Seen \\Recent))",
        "* 1 FETCH (FLAGS (\\Seen \\Deleted \\Recent))",
        "* 1 EXPUNGE",
    ]
    assert await first.all("DONE") == ["c OK IDLE completed."]
    tenant.receives("ada", LETTER)
    assert first.pushed() == []
    assert told(await first.all("d NOOP")) == ["* 2 EXISTS", "* 2 RECENT"]


async def test_news_from_before_idle_are_told_when_it_begins() -> None:
    tenant, first, _ = await two(0)
    tenant.receives("ada", LETTER)
    assert await first.all("c IDLE") == [
        "+ IDLE accepted, awaiting DONE command.",
        "* 1 EXISTS",
        "* 1 RECENT",
    ]


async def test_a_copy_of_many_is_one_piece_of_news() -> None:
    _, first, second = await two(3)
    await second.all("c CREATE Copies")
    await first.all("c SELECT Copies")
    await first.all("d IDLE")
    await second.all("d COPY 1:3 Copies")
    assert first.pushed() == ["* 3 EXISTS", "* 3 RECENT"]


async def test_a_client_that_left_is_not_told() -> None:
    tenant, first, second = await two(1)
    await first.say("c IDLE")
    first.front.close()
    first.front.close()
    tenant.receives("ada", LETTER)
    assert first.pushed() == []
    assert told(await second.all("c NOOP")) == ["* 2 EXISTS", "* 1 RECENT"]
    folder = tenant.office.store.inbox(guid("ada"))
    assert len(folder.watchers) == 1


# --- any story: after NOOP each client's picture is the folder ---

COMMANDS = [
    "STORE 1 +FLAGS (\\Seen)",
    "STORE 1:* -FLAGS.SILENT (\\Seen)",
    "STORE 1 +FLAGS.SILENT (\\Deleted)",
    "UID STORE 2:3 +FLAGS (\\Deleted \\Flagged)",
    "EXPUNGE",
    "UID EXPUNGE 1:3",
    "UID MOVE 2 INBOX",
    "MOVE 1 Archive",
    "COPY 1:* INBOX",
    "FETCH 1:* (UID FLAGS)",
    "FETCH 1 BODY[]",
    "SEARCH UNSEEN",
    "NOOP",
    "APPEND INBOX (\\Draft) {2+}\r\nhi",
    "SELECT INBOX",
    "EXAMINE INBOX",
    "IDLE\r\nDONE",
]


class Picture:
    """What a client believes of the folder, from untagged lines alone."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.count = 0

    async def give(self, command: str) -> None:
        lines = await self.talk.all(f"t {command}")
        if command.startswith(("SELECT", "EXAMINE")):
            self.count = 0
        kept = command.split()[0] in ("FETCH", "STORE", "SEARCH")
        for line in lines:
            words = line.split()
            match words[:3]:
                case ["*", number, "EXISTS"]:
                    assert int(number) >= self.count
                    self.count = int(number)
                case ["*", number, "EXPUNGE"]:
                    assert not kept, (command, lines)
                    assert 1 <= int(number) <= self.count
                    self.count -= 1
                case ["*", number, "FETCH"]:
                    assert 1 <= int(number) <= self.count


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(COMMANDS)), max_size=25))
def test_after_any_story_every_client_knows_the_folder(story: list[tuple[int, str]]) -> None:
    asyncio.run(_told(story))


async def _told(story: list[tuple[int, str]]) -> None:
    tenant = Tenant()
    tenant.receives("ada", *[LETTER] * 4)
    pictures = [Picture(await opened(tenant)) for _ in range(3)]
    for picture in pictures:
        await picture.give("SELECT INBOX")
    for who, command in story:
        await pictures[who].give(command)
    folder = tenant.office.store.inbox(guid("ada"))
    uids = [stored.uid for stored in folder.messages]
    assert uids == sorted(set(uids))
    for picture in pictures:
        await picture.give("NOOP")
        assert picture.count == len(uids)
        if uids:
            rows = told(await picture.talk.all("t FETCH 1:* (UID FLAGS)"))
            assert [int(row.split()[4]) for row in rows] == uids
            for row, stored in zip(rows, folder.messages, strict=True):
                flags = row.partition("FLAGS (")[2].rstrip(")").split()
                assert set(flags) - {"\\Recent"} == stored.flags
