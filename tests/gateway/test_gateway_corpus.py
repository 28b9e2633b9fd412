"""What the fuzzer kept is played again: no crash, nothing passes before the login."""

from __future__ import annotations

from fuzz import kept, one_input, packed, pieces, seeds


def test_every_input_that_the_fuzzer_kept_holds_what_is_promised() -> None:
    inputs = [*kept(), *seeds()]
    assert len(inputs) > 300
    for name, data in inputs:
        try:
            one_input(data)
        except AssertionError as broken:
            broken.add_note(name)
            raise


def test_an_input_is_taken_apart_as_it_was_packed() -> None:
    parts = [(0, b"EHLO x\r\n"), (1, b"220 hello\r\n"), (2, b""), (1, b"y" * 63)]
    assert list(pieces(packed(*parts))) == parts
    assert list(pieces(packed((0, b"a" * 100)))) == [(0, b"a" * 63), (0, b"a" * 37)]
