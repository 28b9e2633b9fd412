"""Both halves of the gateway's three dialects under a fuzzer that follows coverage.

`python tests/gateway/fuzz.py [--runs N]` (`make fuzz`) goes on from the corpus beside it and keeps
there what reaches something new. An input is a list of pieces of both sides; the invariants are
those of test_gateway_wild: no crash, nothing passes before the login, what is held is bounded. CI
plays the corpus as it is (test_gateway_corpus.py).

Needs atheris (`pip install atheris`), which is built for some releases of Python alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from gateway_talk import SHORT, session
from test_gateway_wild import MOST_HELD, Owner

CORPUS = Path(__file__).parent / "corpus.zip"
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
    """Remembers what each side said, for a tag is answered with itself."""

    typed, told = b"", b""


def one_input(data: bytes) -> None:
    """Two octets come first: which protocol, and the ways of TLS and who is let in.

    Raises AssertionError where an invariant does not hold.
    """
    which, flags = (*data[:2], 0, 0)[:2]
    admits = [bool(flags >> bit & 1) for bit in (4, 5, 6, 7)]
    made = session(PROTOCOLS[which % 3], tls=bool(flags & 1), starttls=bool(flags & 2), clear=True)
    owner = Watching(made, admits)
    owner.session.start()
    owner.turn()
    for side, octets in pieces(data[2:]):
        if owner.session.piping or owner.session.over:
            return
        _feed(owner, side, octets)


def _feed(owner: Watching, side: int, octets: bytes) -> None:
    match side:
        case 0:
            owner.typed += octets
            owner.session.from_client(octets)
        case 1:
            owner.told += octets
            owner.session.from_server(octets)
        case 2:
            owner.session.client_left()
        case _:
            owner.session.server_left()
    owner.turn()
    if not owner.inside:
        for secret, went, own in (
            (b"SECRET-OF-THE-CLIENT", owner.server, owner.told),
            (b"SECRET-OF-THE-SERVER", owner.client, owner.typed),
            (b"right", owner.server, owner.told),
        ):
            assert secret not in went or secret in own
    assert SHORT.reveal().encode() not in owner.client
    assert owner.session.held <= MOST_HELD + MOST_OCTETS


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


def main() -> int:
    words = argparse.ArgumentParser(description="Both halves of the gateway under a fuzzer.")
    words.add_argument("--runs", type=int, default=2_000_000)
    words.add_argument("--inside", help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.inside:
        fuzz(Path(asked.inside), asked.runs)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder, first = Path(name), dict([*kept(), *seeds()])
        for entry, data in first.items():
            (folder / entry).write_bytes(data)
        # The fuzzer ends its process itself, and leaves in the folder what reaches something new.
        own = [sys.executable, __file__, "--inside", name, f"--runs={asked.runs}"]
        code = subprocess.run(own, check=False).returncode
        sown = {entry for entry, _ in seeds()}
        with zipfile.ZipFile(CORPUS, "w", zipfile.ZIP_DEFLATED) as held:
            for one in sorted(folder.iterdir()):
                if one.name not in sown:
                    entry = zipfile.ZipInfo(one.name, (2026, 1, 1, 0, 0, 0))
                    held.writestr(entry, one.read_bytes(), zipfile.ZIP_DEFLATED)
    return code


def kept() -> Iterator[tuple[str, bytes]]:
    """Inputs by name, as the last run left them."""
    if CORPUS.exists():
        with zipfile.ZipFile(CORPUS) as held:
            for name in held.namelist():
                yield name, held.read(name)


def fuzz(folder: Path, runs: int) -> None:
    """Does not come back."""
    import atheris

    for name, module in list(sys.modules.items()):
        if name.startswith(("portineria.gateway", "portineria.mail")):
            _instrumented(atheris, module)
    limits = [f"-max_len={MOST_OCTETS}", "-timeout=5", "-rss_limit_mb=2048"]
    how = [f"-runs={runs}", "-print_final_stats=1", "-reduce_inputs=1", str(folder)]
    atheris.Setup([sys.argv[0], *limits, *how], one_input)
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
    sys.exit(main())
