"""Both halves of the gateway's three dialects under a fuzzer that follows coverage.

`python tests/gateway/fuzz.py [--runs N]` (`make fuzz`) goes on from the corpus beside it and keeps
what is new there. An input is a list of pieces of both sides; the same invariants hold as in
test_gateway_wild: no crash, nothing passes before the login, what is held is bounded. Besides that,
the same octets split in other places lead to the same octets out. CI plays the corpus as it is
(test_gateway_corpus.py).

Needs atheris (`pip install atheris`), which is built for some releases of Python alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from gateway_talk import SHORT, session
from test_gateway_wild import MOST_HELD, Owner

from portineria.gateway.session import ClientTls, ServerTls

CORPUS = Path(__file__).parent / "corpus"
PROTOCOLS = ("imap", "pop", "smtp")
MOST_OCTETS = 4096
Piece = tuple[int, bytes]


def pieces(data: bytes) -> Iterator[Piece]:
    """A head of one octet each: two bits for the side, six for how many octets follow."""
    at = 0
    while at < len(data):
        head, at = data[at], at + 1
        count = head & 63
        yield head >> 6, data[at : at + count]
        at += count


def packed(*parts: Piece) -> bytes:
    """The octets of an input: what `pieces` takes apart."""
    found = b""
    for side, octets in parts:
        for start in range(0, max(1, len(octets)), 63):
            some = octets[start : start + 63]
            found += bytes([side << 6 | len(some)]) + some
    return found


class Watching(Owner):
    """Counts handshakes."""

    handshakes = 0

    def _do(self, event: object) -> None:
        self.handshakes += isinstance(event, ClientTls | ServerTls)
        super()._do(event)


def play(data: bytes, *, by_octet: bool = False) -> tuple[bytes, bytes, bool]:
    """What the client and the server heard, and whether it went on to the end of the input.

    Two octets come first: which protocol, and the ways of TLS and who is let in.
    Raises AssertionError.
    """
    which, flags = (*data[:2], 0, 0)[:2]
    admits = [bool(flags >> bit & 1) for bit in (4, 5, 6, 7)]
    made = session(PROTOCOLS[which % 3], tls=bool(flags & 1), starttls=bool(flags & 2), clear=True)
    owner = Watching(made, admits)
    owner.session.start()
    owner.turn()
    for side, octets in pieces(data[2:]):
        parts = [bytes([one]) for one in octets] if by_octet and side < 2 else [octets]
        for part in parts:
            if owner.session.piping or owner.session.over:
                return owner.client, owner.server, False
            handshakes = owner.handshakes
            _feed(owner, side, part)
            if owner.handshakes > handshakes:
                break  # what came in one piece with the word for TLS is thrown away
    return owner.client, owner.server, True


def _feed(owner: Owner, side: int, octets: bytes) -> None:
    match side:
        case 0:
            owner.session.from_client(octets)
        case 1:
            owner.session.from_server(octets)
        case 2:
            owner.session.client_left()
        case _:
            owner.session.server_left()
    owner.turn()
    if not owner.inside:
        assert b"SECRET-OF-THE-CLIENT" not in owner.server
        assert b"SECRET-OF-THE-SERVER" not in owner.client
        assert b"right" not in owner.server
    assert SHORT.reveal().encode() not in owner.client
    assert owner.session.held <= MOST_HELD + MOST_OCTETS


def one_input(data: bytes) -> None:
    """Raises AssertionError where an invariant does not hold."""
    *whole, through = play(data)
    if len(data) > 600:
        return
    *split, also = play(data, by_octet=True)
    # Where a session ends or goes over into a pipe, or a server says more than it was asked, the
    # rest of a piece finds it a command earlier or later: that is judged by test_gateway_splits.
    assert not (through and also) or whole[0] == split[0], "other splits lead elsewhere"


def seeds() -> Iterator[tuple[str, bytes]]:
    """Whole sessions of each dialect, to begin with."""
    from test_gateway_wild import CLIENT, SERVER

    for number, name in enumerate(PROTOCOLS):
        for flags in (0x01, 0xF1, 0xF3, 0x52, 0xF0):
            head = bytes([number, flags])
            for at, (left, right) in enumerate(zip(CLIENT, SERVER, strict=False)):
                yield f"{name}-{flags:02x}-{at:02}", head + packed((0, left), (1, right))
            both = [(side, said) for pair in zip(CLIENT, SERVER, strict=False)
                    for side, said in enumerate(pair) if len(said) < 200]  # fmt: skip
            yield f"{name}-{flags:02x}-all", head + packed(*both)


def main() -> None:
    import atheris

    words = argparse.ArgumentParser(description="Both halves of the gateway under a fuzzer.")
    words.add_argument("--runs", type=int, default=2_000_000)
    asked = words.parse_args()
    CORPUS.mkdir(exist_ok=True)
    if not any(CORPUS.iterdir()):
        for name, data in seeds():
            (CORPUS / name).write_bytes(data)
    for name in [name for name in sys.modules if name.startswith("portineria")]:
        module = sys.modules[name]
        if name.startswith(("portineria.gateway", "portineria.mail")):
            _instrumented(atheris, module)
    atheris.Setup(
        [sys.argv[0], str(CORPUS), f"-runs={asked.runs}", f"-max_len={MOST_OCTETS}", "-timeout=5",
         "-rss_limit_mb=2048", "-print_final_stats=1"],
        one_input,
    )  # fmt: skip
    atheris.Fuzz()


def _instrumented(atheris: object, module: object) -> None:
    """Every function and method that a module of ours defines."""
    import types

    wrap = atheris.instrument_func  # type: ignore[attr-defined]
    for name, one in list(vars(module).items()):
        if isinstance(one, types.FunctionType) and one.__module__ == module.__name__:  # type: ignore[attr-defined]
            setattr(module, name, wrap(one))
        elif isinstance(one, type) and one.__module__ == module.__name__:  # type: ignore[attr-defined]
            for method, function in list(vars(one).items()):
                if isinstance(function, types.FunctionType):
                    setattr(one, method, wrap(function))


if __name__ == "__main__":
    main()
