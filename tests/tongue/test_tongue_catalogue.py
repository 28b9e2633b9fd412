"""The catalogues: every sentence has its words, every entry is found again, and none is lost."""

from __future__ import annotations

import re
from collections import Counter
from itertools import cycle, islice

import pytest

from portineria.tongue.catalogue import catalogue, entries, files
from portineria.tongue.template import NUMBER, Template
from sentences import BY_HAND, LANGUAGES, SOURCE, missing, pages

ITALIAN = list(entries("it"))
SLOTTED = [one for one in ITALIAN if "{}" in one.english and not one.composed]
NAMES = (
    "ada@contoso.example",
    "security defaults are off",
    "it is one of «all»; no grant opens it",
    "{} {0} {say} {{}}",
    "».: «",
    "\u05d0\u05d1 \u05d2\u05d3",
    "«x» was given y",
    "",
)
"""What people may call things, to make a sentence look like another."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_has_words_in_every_language(language: str) -> None:
    assert missing(language) == [], "`make sentences` makes room for them in src/portineria/tongue"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_hold_what_the_code_says_in_its_order_and_nothing_else(language: str) -> None:
    wanted = pages(language)
    assert {path.name for path in files(language)} == {
        *(path.name for path in wanted),
        *(f"{name}.po" for name in BY_HAND),
    }
    stale = [path.name for path, text in wanted.items() if path.read_text() != text]
    assert stale == [], "run `make sentences`"


def test_no_sentence_has_two_entries() -> None:
    assert [text for text, count in Counter(e.english for e in ITALIAN).items() if count > 1] == []


@pytest.mark.parametrize("entry", SLOTTED, ids=lambda entry: entry.english[:60])
def test_every_entry_is_found_by_a_sentence_of_its_own(entry) -> None:
    template = Template(entry.english, entry.other)
    values = [
        str(7 + at) if kind == NUMBER else f"Zoé{at}" for at, kind in enumerate(template.kinds)
    ]
    sentence = entry.english.format(*values)
    found = catalogue("it").found(sentence)
    assert found is not None
    assert found[0].english == entry.english
    assert list(found[1]) == values
    told = re.sub(r"\{(\d*):\w+\}", r"{\1}", entry.other).format(*values)
    assert catalogue("it").say(sentence) == told


@pytest.mark.parametrize("entry", SLOTTED, ids=lambda entry: entry.english[:60])
def test_no_name_is_translated_or_lost_whatever_it_is(entry) -> None:
    template = Template(entry.english, entry.other)
    for turn in range(len(NAMES)):
        names = list(islice(cycle(NAMES), turn, turn + len(template.kinds)))
        values = [
            "7" if kind == NUMBER else name if kind == "" else "not looked at"
            for name, kind in zip(names, template.kinds, strict=True)
        ]
        told = catalogue("it").say(entry.english.format(*values))
        for value, kind in zip(values, template.kinds, strict=True):
            assert kind != "" or value in told, (told, value)


def test_only_what_prints_says_anything_in_another_language() -> None:
    """Whatever decides, reads or writes knows English only: plans, journals and JSON with it."""
    who = {
        path.relative_to(SOURCE).parts[:2]
        for path in SOURCE.rglob("*.py")
        if "portineria.tongue" in path.read_text(encoding="utf-8")
    }
    assert {parts[0] for parts in who} == {"cli", "policy", "settings", "tongue"}
    assert {parts for parts in who if parts[0] == "policy"} == {("policy", "show")}
    assert {parts for parts in who if parts[0] == "settings"} == {("settings", "formats")}
