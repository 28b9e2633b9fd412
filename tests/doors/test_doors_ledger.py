"""What several gateways count together; each database that there is stands in DATABASES."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from portineria.clock import SystemClock, VirtualClock
from portineria.doors.gate import ledger as ledger_file
from portineria.doors.gate.ledger import Ledger, Word, refuse_other_key
from portineria.doors.gate.sqlstore import Postgres, Sql, SqliteFile
from portineria.doors.gate.turns import OwnTurns, SharedTurns
from portineria.fault import BadCredential, NetworkFault, StateFault
from portineria.gateway.limits import Pacing
from portineria.gateway.manners import DAY, NotToday, Wait
from portineria.secret import Secret
from postgres import Server, postgres

BOX, OTHER = "scan@contoso.example", "erp@contoso.example"
PACING = Pacing(smtp_connections=1, messages_per_minute=2, recipients_per_day=5)
CLOCK = SystemClock(asyncio.sleep)
Opening = Callable[[str], Ledger]
STRANGE = pytest.mark.stranger


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as found:
        yield found


def _sql(kind: str, request: pytest.FixtureRequest, folder: Path) -> Sql:
    if kind == "sqlite":
        return SqliteFile(folder / "gateway" / "x.sqlite", CLOCK)
    return Postgres(Secret(request.getfixturevalue("server").conninfo), "here")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=STRANGE)])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Ledgers of processes of any name, each with a connection of its own to one empty database."""
    opened: list[Sql] = []

    def one(process: str) -> Ledger:
        opened.append(_sql(request.param, request, tmp_path))
        return Ledger(opened[-1], process)

    first = one("sweeper")
    with first.sql.whole("tables") as rows:
        for table in ("process", "ticket", "paced", "word", "gatekey"):
            rows(f"DELETE FROM {table}")
    yield one
    for sql in opened:
        sql.close()


def test_connections_are_had_in_the_order_of_asking_across_processes(opening: Opening) -> None:
    left, right = opening("left"), opening("right")
    for one in (left, right):
        one.live()
    first, second, third = left.queue(BOX), right.queue(BOX), left.queue(BOX)
    assert [left.has(BOX, n, 2) for n in (first, second, third)] == [True, True, False]
    assert left.has(OTHER, right.queue(OTHER), 1), "no mailbox holds up another"
    right.give_back(second)
    assert left.has(BOX, third, 2)


def test_of_one_connection_two_processes_never_have_both(opening: Opening) -> None:
    ledgers = [opening(f"p{number}") for number in range(4)]
    had: list[tuple[str, str]] = []

    def work(one: Ledger) -> None:
        one.live()
        for _ in range(5):
            ticket = one.queue(BOX)
            while not one.has(BOX, ticket, 1):
                pass
            had.append(("in", one.process))
            had.append(("out", one.process))
            one.give_back(ticket)

    threads = [Thread(target=work, args=(one,)) for one in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(had) == 40
    for (what, who), (then, whom) in zip(had[::2], had[1::2], strict=True):
        assert (what, then, who) == ("in", "out", whom)


def test_what_a_silent_process_had_is_free_again(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = opening("dead"), opening("alive")
    monkeypatch.setattr(ledger_file, "LIVES", -1.0)
    dead.live()
    ticket = dead.queue(BOX)
    monkeypatch.undo()
    alive.live()
    mine = alive.queue(BOX)
    assert alive.has(BOX, mine, 1)
    with alive.sql.whole() as rows:
        assert rows("SELECT count(*) FROM ticket WHERE n = ?", ticket) == [(0,)]
    alive.leave()
    with alive.sql.whole() as rows:
        assert rows("SELECT count(*) FROM ticket") == [(0,)]


def test_a_process_that_was_taken_for_dead_has_its_tickets_again(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections are open still: without its tickets a mailbox would get as many more."""
    away, alive = opening("away"), opening("alive")
    alive.live()
    monkeypatch.setattr(ledger_file, "LIVES", -1.0)
    away.live()
    gone, held = away.queue(OTHER), away.queue(BOX)
    monkeypatch.undo()
    alive.live()
    mine = alive.queue(BOX)
    assert alive.has(BOX, mine, 1), "while nothing is heard of it, others go on"
    away.give_back(gone)
    away.live()
    assert away.has(BOX, held, 1)
    assert not alive.has(BOX, mine, 1)
    assert alive.has(OTHER, alive.queue(OTHER), 1)
    away.live()
    away.give_back(held)
    assert alive.has(BOX, mine, 1)


def test_a_process_that_nobody_buried_keeps_its_tickets(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opening("one")
    monkeypatch.setattr(ledger_file, "LIVES", -1.0)
    one.live()
    held = one.queue(BOX)
    monkeypatch.undo()
    one.live()
    assert one.has(BOX, held, 1)
    assert not one.has(BOX, one.queue(BOX), 1)


def test_messages_and_recipients_count_across_processes(opening: Opening) -> None:
    left, right = opening("left"), opening("right")
    answers = [one.ask(BOX, PACING, 20.0) for one in (left, right, left)]
    assert [type(one) for one in answers] == [Wait, Wait, NotToday]
    left.delivered(OTHER, PACING, 3)
    right.delivered(OTHER, PACING, 2)
    told = left.ask(OTHER, PACING, 20.0)
    assert isinstance(told, NotToday)
    assert told.reply.startswith("452 ")


def test_what_is_too_much_for_one_rests_the_other(opening: Opening) -> None:
    left, right = opening("left"), opening("right")
    left.throttled(BOX)
    told = right.ask(BOX, PACING, 60.0)
    assert isinstance(told, Wait)
    assert 25.0 < told.seconds <= 30.0


def test_words_are_heard_once_by_everybody_else(opening: Opening) -> None:
    left, right = opening("left"), opening("right")
    left.say([Word("failed", "192.0.2.1", "of before")])
    assert (left.hear(), right.hear()) == ([], [])
    left.say([Word("failed", "192.0.2.1", "scanner"), Word("unlock", "", "scanner")])
    assert right.hear() == [Word("failed", "192.0.2.1", "scanner"), Word("unlock", "", "scanner")]
    assert (left.hear(), right.hear()) == ([], [])


def test_gateways_with_another_key_are_told(opening: Opening) -> None:
    one = opening("one")
    assert refuse_other_key(one.sql, "key-1") is None
    assert refuse_other_key(one.sql, "key-1") is None
    assert refuse_other_key(one.sql, "key-2") == "key-1"


async def test_who_waits_too_long_gives_its_ticket_back(opening: Opening) -> None:
    left, right = (SharedTurns(PACING, 0.3, CLOCK, opening(name)) for name in ("left", "right"))
    place = await left.take(BOX, smtp=True)
    assert place is not None
    assert await right.take(BOX, smtp=True) is None
    assert await right.take(BOX, smtp=False) is not None, "IMAP has connections of its own"
    left.give_back(place)
    again = await right.take(BOX, smtp=True)
    assert again is not None
    assert (left.trouble, right.trouble) == ("", "")
    for one in (left, right):
        await one.leave()


async def test_a_days_recipients_outlive_the_process(opening: Opening) -> None:
    before = OwnTurns(PACING, 20.0, CLOCK, opening("before"))
    before.delivered(BOX, 5)
    await before.leave()
    after = OwnTurns(PACING, 20.0, CLOCK, opening("after"))
    assert isinstance(after.ask(BOX), NotToday)
    assert isinstance(after.ask(OTHER), Wait)


async def test_what_a_mailbox_sent_is_written_once_and_forgotten_after_its_day(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[set[str]] = []
    keep = Ledger.keep

    def listen(self: Ledger, changed: Any) -> None:
        written.append(set(changed))
        keep(self, changed)

    clock = VirtualClock(datetime(2026, 11, 1, tzinfo=UTC))
    ledger = opening("one")
    turns = OwnTurns(PACING, 20.0, clock, ledger)
    monkeypatch.setattr(Ledger, "keep", listen)
    turns.delivered(BOX, 1)
    await turns.leave()
    turns.delivered(OTHER, 1)
    await turns.leave()
    await turns.leave()
    assert written == [{BOX}, {OTHER}], "written without need, or not at all"
    assert set(ledger.kept()) == {BOX, OTHER}
    clock.advance(DAY + 1)
    turns.pace.sweep(clock.now().timestamp())
    await turns.leave()
    assert ledger.kept() == {}


async def test_what_cannot_be_kept_now_is_kept_the_next_time(
    opening: Opening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StateFault("the disk is full", where="here", try_="make room")

    ledger = opening("one")
    turns = OwnTurns(PACING, 20.0, CLOCK, ledger)
    turns.delivered(BOX, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "keep", fail)
        await turns.leave()
    assert "the disk is full" in caplog.text
    assert ledger.kept() == {}
    await turns.leave()
    assert set(ledger.kept()) == {BOX}


@STRANGE
async def test_without_its_database_a_gateway_gives_no_turns_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with postgres() as server:
        turns = SharedTurns(PACING, 1.0, CLOCK, Ledger(Postgres(Secret(server.conninfo), "x"), "p"))
        assert await turns.take(BOX, smtp=True) is not None
        server.stop()
        with pytest.raises(NetworkFault, match="does not answer") as told:
            await turns.take(BOX, smtp=False)
        assert "only-for-tests" not in repr(told.value) + told.value.where
        answer = await turns.ask(BOX)
        assert isinstance(answer, NotToday)
        assert answer.reply.startswith("451 4.3.0")
        monkeypatch.setattr("portineria.doors.gate.turns.SILENT", 0.0)
        assert "does not answer" in turns.trouble
        monkeypatch.undo()
        server.start()
        assert await turns.take(BOX, smtp=False) is not None
        assert isinstance(await turns.ask(BOX), Wait)
        assert turns.trouble == ""
        await turns.leave()


@STRANGE
def test_a_connection_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(BadCredential, match="no connection to PostgreSQL") as told:
        Postgres(Secret("pass word=hunter2 ="), "gateway.yaml:3:11")
    assert "hunter2" not in str(told.value) + told.value.try_
