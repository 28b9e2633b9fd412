"""The small grammars of IMAP: names, wildcards, dates, sequence sets, SEARCH."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.mail.events import Argument
from portineria.mail.imap import names
from portineria.mail.imap.dates import day, moment, written
from portineria.mail.imap.grammar import ImapSyntax, as_set, chosen, sequence
from portineria.mail.imap.names import BadName
from portineria.mail.imap.searching import (
    DEPTH,
    Day,
    Either,
    Every,
    Flag,
    Header,
    Key,
    NoSuchKey,
    Not,
    Numbers,
    Search,
    Size,
    Words,
    search,
)

# --- names ---


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        ("INBOX", "INBOX"),
        ("&-", "&"),
        ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),  # RFC 3501 section 5.1.3
        ("Gr&APwA3w-e", "Grüße"),
        ("&2D3eAA-", "😀"),
    ],
)
def test_modified_utf7_both_ways(wire: str, text: str) -> None:
    assert names.shown(wire) == text
    assert names.encoded(text) == wire


@pytest.mark.parametrize("wire", ["a & b", "&", "ü", "&A-", "&2D0-", "a\tb", "&ZeV nLIqe-"])
def test_what_is_not_modified_utf7_is_refused(wire: str) -> None:
    with pytest.raises(BadName):
        names.shown(wire)


@given(st.text())
def test_every_name_survives_the_wire(text: str) -> None:
    try:
        text.encode("utf-16")
    except UnicodeEncodeError:
        return  # half of a pair, which no name holds
    wire = names.encoded(text)
    assert wire.isascii()
    assert wire.isprintable()
    assert names.shown(wire) == text


def test_levels_and_what_is_above() -> None:
    assert names.levels("a/b &AOQ-/c/") == ("a", "b &AOQ-", "c")
    assert names.ancestors("a/b/c") == ["a", "a/b"]
    assert names.ancestors("a") == []
    for bad in ("", "/", "a//b", "/a", "a & b"):
        with pytest.raises(BadName):
            names.levels(bad)


NAMES = ["INBOX", "INBOX/a", "Archive", "Sent Items", "a.b/c", "axb/c"]


@pytest.mark.parametrize(
    ("reference", "pattern", "found"),
    [
        ("", "*", NAMES),
        ("", "%", ["INBOX", "Archive", "Sent Items"]),
        ("", "inbox", ["INBOX"]),
        ("", "inbox/%", []),
        ("", "INBOX*", ["INBOX", "INBOX/a"]),
        ("INBOX/", "%", ["INBOX/a"]),
        ("a.", "*", ["a.b/c"]),
        ("", "%/%", ["INBOX/a", "a.b/c", "axb/c"]),
        ("", "*%", NAMES),
        ("", "archive", []),
        ("", "Sent Items", ["Sent Items"]),
    ],
)
def test_list_finds(reference: str, pattern: str, found: list[str]) -> None:
    matches = names.matcher(reference, pattern)
    assert [name for name in NAMES if matches(name)] == found


# --- dates ---


def test_dates_and_times_are_read_and_written() -> None:
    assert day("1-Feb-1994") == date(1994, 2, 1)
    assert day("01-FEB-1994") == date(1994, 2, 1)
    found = moment("17-Jul-1996 02:44:25 -0700")
    assert found == datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)
    assert moment(" 7-Jul-1996 02:44:25 +0130") == datetime(1996, 7, 7, 1, 14, 25, tzinfo=UTC)
    assert written(found) == "17-Jul-1996 09:44:25 +0000"
    here = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert written(here) == "02-Jan-2026 03:04:05 +0200"


@pytest.mark.parametrize(
    "text", ["", "yesterday", "30-Feb-1994", "1-Foo-1994", "1-Feb-94", "0-Jan-2000"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ImapSyntax):
        day(text)


@pytest.mark.parametrize(
    "time", ["", " 25:00:00 +0000", " 00:61:00 +0000", " 00:00:00 +9900", " 00:00:00"]
)
def test_what_is_no_time_is_refused(time: str) -> None:
    with pytest.raises(ImapSyntax):
        moment(f"01-Jan-2026{time}")
    with pytest.raises(ImapSyntax):
        moment("01-Jan-0001 00:00:00 +0100")  # before the first day


# --- sequence sets ---


@pytest.mark.parametrize(
    ("text", "found"),
    [("1", [2]), ("2:*", [2, 4, 5, 9]), ("*", [9]), ("*:5", [5, 9]), ("4,2,4:5", [2, 4, 5])],
)
def test_a_sequence_set_chooses(text: str, found: list[int]) -> None:
    assert chosen(sequence(text), [2, 4, 5, 9]) == ([] if text == "1" else found)
    assert chosen(sequence(text), []) == []


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5),
    st.sets(st.integers(1, 30)),
)
def test_chosen_is_what_the_rfc_says(pairs: list[tuple[int, int]], numbers: set[int]) -> None:
    keys = sorted(numbers)
    last = keys[-1] if keys else 0
    spans = [sorted((a or last, b or last)) for a, b in pairs]
    assert chosen(pairs, keys) == [n for n in keys if any(a <= n <= b for a, b in spans)]


def test_numbers_are_drawn_together() -> None:
    assert as_set([]) == ""
    assert as_set([3]) == "3"
    assert as_set([1, 2, 3, 5, 7, 8]) == "1:3,5,7:8"
    assert as_set([9, 4, 5]) == "9,4:5"


@given(st.lists(st.integers(1, 50), unique=True))
def test_a_written_set_names_the_same_numbers(numbers: list[int]) -> None:
    if numbers:
        assert chosen(sequence(as_set(numbers)), sorted(numbers)) == sorted(numbers)


# --- SEARCH ---

SEEN, RECENT = Flag("\\Seen"), Flag("\\Recent")


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("ALL",), (Every(),)),
        (("unseen", "SEEN"), (Not(SEEN), SEEN)),
        (("NEW",), (Every((RECENT, Not(SEEN))),)),
        (("OLD", "RECENT"), (Not(RECENT), RECENT)),
        (("NOT", "NOT", "SEEN"), (Not(Not(SEEN)),)),
        (("OR", "SEEN", ("ALL", "OLD")), (Either(SEEN, Every((Every(), Not(RECENT)))),)),
        (("SUBJECT", b"x y"), (Header("subject", b"x y"),)),
        (("HEADER", "X-A", ""), (Header("x-a", b""),)),
        (("BODY", "b", "TEXT", b"\xff"), (Words(b"b", False), Words(b"\xff", True))),
        (("KEYWORD", "$A", "UNKEYWORD", "b"), (Flag("$A"), Not(Flag("b")))),
        (("LARGER", "5", "SMALLER", b"6"), (Size(True, 5), Size(False, 6))),
        (("UID", "1:*", "2,4"), (Numbers(((1, 0),), uid=True), Numbers(((2, 2), (4, 4))))),
        (("SINCE", "1-Jan-2026"), (Day("SINCE", date(2026, 1, 1)),)),
        (("SENTBEFORE", b"1-Jan-2026"), (Day("BEFORE", date(2026, 1, 1), sent=True),)),
    ],
)
def test_search_keys_are_read(arguments: tuple[Argument, ...], keys: tuple[Key, ...]) -> None:
    assert search(arguments) == Search(Every(keys))
    assert search(("CHARSET", "us-ascii", *arguments)) == Search(Every(keys), "US-ASCII")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("CHARSET",),
        ("CHARSET", "UTF-8"),
        ((),),
        ("NOT",),
        ("OR", "SEEN"),
        ("FROM",),
        ("FROM", ("x",)),
        ("LARGER", "x"),
        ("LARGER", "٣"),
        ("LARGER", "99999999999"),
        ("ON", "today"),
        ("UID", "x"),
        ("HEADER", "x"),
        (b"\xff",),
    ],
)
def test_what_is_no_search_is_refused(arguments: tuple[Argument, ...]) -> None:
    with pytest.raises(ImapSyntax):
        search(arguments)


def test_a_word_that_is_no_key_is_told_apart() -> None:
    with pytest.raises(NoSuchKey):
        search(("FROBNICATE",))


def test_search_is_not_deeper_than_the_limit() -> None:
    assert search(("NOT",) * (DEPTH - 1) + ("ALL",))
    for deep in (("NOT",) * 5_000 + ("ALL",), ("OR",) * 5_000):
        with pytest.raises(ImapSyntax):
            search(deep)
    inside: Argument = ("ALL",)
    for _ in range(DEPTH):
        inside = (inside,)
    with pytest.raises(ImapSyntax):
        search((inside,))


WORDS = [
    "ALL",
    "NOT",
    "OR",
    "SEEN",
    "FROM",
    "x",
    "1:*",
    "UID",
    "ON",
    "1-Jan-2026",
    "LARGER",
    "9",
    b"b",
]
arguments_ = st.recursive(
    st.sampled_from(WORDS), lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=8
)


@given(st.lists(arguments_, max_size=8).map(tuple))
def test_no_search_crashes(arguments: tuple[Argument, ...]) -> None:
    try:
        assert search(arguments).charset == ""
    except ImapSyntax:
        return
