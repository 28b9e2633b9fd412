"""Names in a terminal: shown as they are, never acted upon, in lines and columns that stay put."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.policy.show.visible import columns, line, visible, width

FSI, PDI = "\u2068", "\u2069"

SHOWN = [
    ("Ada Example", "Ada Example"),
    ("Nora O'Malley", "Nora O'Malley"),
    ("Sunny 🌻 Desk", "Sunny 🌻 Desk"),
    ("Jörg Müller", "Jörg Müller"),
    ("日本 太郎", "日本 太郎"),
    # Signs that steer a terminal, or hide.
    ("Ada\x1b[31m", "Ada\\x1b[31m"),
    ("Ada\r\nHacker", "Ada\\r\\nHacker"),
    ("bell\a tab\t nul\0 del\x7f", "bell\\x07 tab\\t nul\\x00 del\\x7f"),
    ("csi\x9b31m", "csi\\x9b31m"),
    ("right\u202eleft", "right\\u202eleft"),
    ("isolate\u2067d", "isolate\\u2067d"),
    ("para\u2029graph", "para\\u2029graph"),
    ("zero\u200bwidth", "zero\\u200bwidth"),
    ("soft\u00adhyphen", "soft\\xadhyphen"),
    ("tag\U000e0041", "tag\\U000e0041"),
    ("half \ud800", "half \\ud800"),
    ("unassigned \u0378", "unassigned \\u0378"),
    # Blanks are blanks.
    ("no\u00a0break", "no break"),
    ("wide\u3000blank", "wide blank"),
    # Joiners join emoji and letters, and hide nothing.
    ("👩\u200d💻 desk", "👩\u200d💻 desk"),
    ("ad\u200dmin", "ad\\u200dmin"),
    ("\u200dadmin\u200d", "\\u200dadmin\\u200d"),
]


@pytest.mark.parametrize(("name", "shown"), SHOWN, ids=[ascii(name) for name, _ in SHOWN])
def test_a_name_is_shown_and_what_would_steer_or_hide_is_escaped(name: str, shown: str) -> None:
    assert visible(name) == line(name) == shown


RUNS = [
    ("יעל דוגמה", f"{FSI}יעל דוגמה{PDI}"),
    ("יעל@contoso.example", f"{FSI}יעל{PDI}@contoso.example"),
    ("יעל (yael@contoso.example) opens", f"{FSI}יעל{PDI} (yael@contoso.example) opens"),
    ("«יעל», «דוד»", f"«{FSI}יעל{PDI}», «{FSI}דוד{PDI}»"),
    ("grant יעל-לוי 2 ended", f"grant {FSI}יעל-לוי{PDI} 2 ended"),
    ("שָׁלוֹם", f"{FSI}שָׁלוֹם{PDI}"),
    ("محمد", f"{FSI}محمد{PDI}"),
    ("می\u200cخواهم", f"{FSI}می\u200cخواهم{PDI}"),
    ("room ٣٤", f"room {FSI}٣٤{PDI}"),
    ("ט 1 ט", f"{FSI}ט 1 ט{PDI}"),
    ("א\u202eb", f"{FSI}א{PDI}\\u202eb"),
]


@pytest.mark.parametrize(("text", "shown"), RUNS, ids=[ascii(text) for text, _ in RUNS])
def test_right_to_left_names_are_isolated_one_by_one(text: str, shown: str) -> None:
    assert line(text) == shown


@given(st.text() | st.text(alphabet="aאב '1\n\u2068\u2069\u202e\u200d\u05b8🌻"))
@settings(max_examples=400)
def test_no_line_holds_a_control_and_every_isolate_is_closed(text: str) -> None:
    shown = line(text)
    inside = 0
    for at, sign in enumerate(shown):
        inside += (sign == FSI) - (sign == PDI)
        assert inside in (0, 1)
        joiner = sign in "\u200c\u200d" and 0 < at < len(shown) - 1
        assert category(sign) not in ("Cc", "Cs", "Zl", "Zp")
        assert category(sign) != "Cf" or sign in (FSI, PDI) or joiner
    assert inside == 0
    assert line(shown) == shown


WIDTHS = [
    ("ada", 3),
    ("יעל", 3),
    (f"{FSI}יעל{PDI}", 3),
    ("🌻", 2),
    ("👩\u200d💻", 2),
    ("❤️", 2),
    ("🇮🇹", 2),
    ("日本", 4),
    ("cafe\u0301", 4),
    ("שָׁ", 1),
    ("", 0),
]


@pytest.mark.parametrize(("text", "columns_wide"), WIDTHS, ids=[ascii(text) for text, _ in WIDTHS])
def test_a_text_is_as_wide_as_a_terminal_draws_it(text: str, columns_wide: int) -> None:
    assert width(text) == columns_wide


def test_columns_begin_under_each_other_whatever_the_names() -> None:
    names = ["ada", "יעל דוגמה", "🌻 desk", "日本 太郎", "👩\u200d💻", "o\x1bx", "a" * 64]
    rows = [(f"{name}@contoso.example", "imap", "open") for name in names]
    lines = list(columns(rows))
    assert {width(text.partition("imap")[0]) for text in lines} == {64 + 16 + 2}
    assert {text[-4:] for text in lines} == {"open"}


@given(st.lists(st.lists(st.text(max_size=8), min_size=3, max_size=3), max_size=5))
@settings(max_examples=100)
def test_every_column_begins_at_one_place(rows: list[list[str]]) -> None:
    lines = list(columns([(*row, "|") for row in rows], gap="\N{BROKEN BAR}"))
    assert len(lines) == len(rows)
    for place in range(3):
        starts = {
            width("\N{BROKEN BAR}".join(text.split("\N{BROKEN BAR}")[: place + 1]))
            for text in lines
        }
        if not any("\N{BROKEN BAR}" in cell for row in rows for cell in row):
            assert len(starts) <= 1
