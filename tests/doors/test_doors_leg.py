"""A leg by itself: when it reads on, and that what TLS carries arrives as it was sent."""

from __future__ import annotations

import asyncio
import random
import ssl
from pathlib import Path
from typing import Any, cast

import pytest
from legowner import Ear

from doors_tls import write_chain
from portineria.doors.gate.leg import GATHERED, SIZE, STREAM, Leg


class Wire(asyncio.Transport):
    """A transport that keeps what is written, and counts in how many pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.reading, self.written, self.pieces = True, bytearray(), 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: Any) -> None:
        self.written += data
        self.pieces += 1

    def close(self) -> None:
        pass


def standing(context: ssl.SSLContext | None = None, name: str | None = None) -> tuple[Leg, Wire]:
    wire = Wire()
    leg = Leg(Ear(), context, name)
    leg.connection_made(wire)
    return leg, wire


def come(leg: Leg, octets: bytes) -> None:
    """One read of the loop."""
    leg.get_buffer(-1)[: len(octets)] = octets
    leg.buffer_updated(len(octets))


PIECE = b"x" * STREAM
SMALL = b"x" * (STREAM - 1)
FULL = b"x" * SIZE

READS: list[tuple[str, list[bytes], bool]] = [
    ("an answer in one piece", [PIECE], True),
    ("two small ones", [SMALL, SMALL], True),
    ("a stream", [PIECE, PIECE], False),
    ("a stream's small end", [PIECE, SMALL], True),
    ("an answer to what was said in between", [PIECE, b"", PIECE], True),
    ("a full buffer", [FULL], False),
]
"""What is read one after the other, b"" for something said, and whether the leg then reads on at
once."""


@pytest.mark.parametrize(
    ("reads", "at_once"), [row[1:] for row in READS], ids=[r[0] for r in READS]
)
def test_a_stream_is_left_to_gather_and_an_answer_never(
    reads: list[bytes], *, at_once: bool
) -> None:
    async def story() -> None:
        leg, wire = standing()
        for octets in reads:
            if octets:
                come(leg, octets)
            else:
                leg.send(b"next\r\n")
        assert wire.reading is at_once
        await asyncio.sleep(20 * GATHERED)
        assert wire.reading
        assert len(cast("Ear", leg._owner).heard) == sum(map(len, reads))

    asyncio.run(story())


def test_what_comes_late_is_no_stream() -> None:
    async def story() -> None:
        leg, wire = standing()
        come(leg, PIECE)
        await asyncio.sleep(0.02)
        come(leg, PIECE)
        assert wire.reading

    asyncio.run(story())


def test_a_slow_reader_is_waited_for_however_long_a_stream_has_gathered() -> None:
    async def story() -> None:
        leg, wire = standing()
        come(leg, PIECE)
        come(leg, PIECE)
        leg.wait(True, 1)
        await asyncio.sleep(20 * GATHERED)
        assert not wire.reading
        leg.wait(False, 1)
        assert wire.reading

    asyncio.run(story())


def shaken(asking: ssl.SSLContext, serving: ssl.SSLContext) -> tuple[Leg, Leg, Wire]:
    """A client and a server after their handshake, and what the server writes to."""
    near, out = standing(asking, "localhost")
    far, back = standing(serving)
    assert not back.written, "a server spoke before its client"
    while not (near.secure and far.secure):
        for wire, other in ((out, far), (back, near)):
            octets, wire.written = bytes(wire.written), bytearray()
            come(other, octets)
    return near, far, back


@pytest.mark.parametrize("cut", [False, True])
def test_the_last_words_go_with_the_closing_ones_of_tls(tmp_path: Path, *, cut: bool) -> None:
    """Also where the other end hung up without a word: what was said is sent, not kept."""
    own, leaf = write_chain(tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(leaf)

    async def story() -> None:
        near, far, back = shaken(ssl.create_default_context(cafile=own), serving)
        come(near, bytes(back.written))
        back.written, back.pieces = bytearray(), 0
        if cut:
            far.eof_received()
        far.send(b"221 2.0.0 bye\r\n", last=True)
        far.close()
        assert back.pieces == 1
        come(near, bytes(back.written))
        ear = cast("Ear", near._owner)
        assert (ear.heard, ear.whys) == (b"221 2.0.0 bye\r\n", [] if cut else [""])

    asyncio.run(story())


@pytest.mark.parametrize("record", [1_000, 4_096, 16_384])
@pytest.mark.parametrize("seed", range(4))
def test_what_tls_carries_arrives_as_it_was_sent_however_it_is_cut(
    tmp_path: Path, record: int, seed: int
) -> None:
    """Full buffers, records that are cut by their end, and what an earlier read left unfinished."""
    own, leaf = write_chain(tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(leaf)
    dice = random.Random(seed)
    letter = dice.randbytes(3 * SIZE)

    async def story() -> None:
        near, far, back = shaken(ssl.create_default_context(cafile=own), serving)
        for begin in range(0, len(letter), record):
            far.send(letter[begin : begin + record])
        while back.written:
            most = dice.choice([1, record, SIZE, SIZE, SIZE])
            octets, back.written = bytes(back.written[:most]), back.written[most:]
            come(near, octets)
        assert cast("Ear", near._owner).heard == letter
        assert not cast("Ear", near._owner).whys

    asyncio.run(story())
