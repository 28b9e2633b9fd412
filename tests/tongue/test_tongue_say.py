"""Which language, and what is said in it: whole sentences, values kept, nothing ever fails."""

from __future__ import annotations

import subprocess
import sys
from time import process_time

import pytest

from portineria.tongue.catalogue import DEEPEST, Catalogue, catalogue
from portineria.tongue.po import Entry, read
from portineria.tongue.say import ENGLISH, ITALIAN, compose, either, language, say, speak
from portineria.tongue.template import Template

PAIRS = [
    ("the door is shut", "la porta è chiusa"),
    ("«{}» is shut", "«{}» è chiusa"),
    ("not seen: {}", "non visto: {:say}"),
    ("{} of {}", "di {1} {0}"),
    ("{} and {} more", "{} e altri {:n}"),
    ("refused by {}: {}", "rifiutato da {:each}: {}"),
    ("policy", "criterio"),
    ("switch", "interruttore"),
]
WORDS = Catalogue([Entry(english, other) for english, other in PAIRS])

SAYINGS = {
    "whole": ("the door is shut", "la porta è chiusa"),
    "a name is kept": ("«the door is shut» is shut", "«the door is shut» è chiusa"),
    "braces in a name": ("«{0} {say}» is shut", "«{0} {say}» è chiusa"),
    "a sentence inside": ("not seen: the door is shut", "non visto: la porta è chiusa"),
    "what is not ours inside": ("not seen: HTTP 403", "non visto: HTTP 403"),
    "turned round": ("one of two", "di two one"),
    "a number is one": ("a and b and 7 more", "a and b e altri 7"),
    "no number": ("a and many more", "a and many more"),
    "words in a row": (
        "refused by policy, switch or mfa: 535 no",
        "rifiutato da criterio, interruttore o mfa: 535 no",
    ),
    "several": ("the door is shut; «x» is shut", "la porta è chiusa; «x» è chiusa"),
    "several, one foreign": ("Bad gateway; the door is shut", "Bad gateway; la porta è chiusa"),
    "on several lines": ("not seen: a\nb", "non visto: a\nb"),
    "foreign": ("Bad gateway", "Bad gateway"),
    "empty": ("", ""),
    "right to left": ("«\u05d0\u05d1» is shut", "«\u05d0\u05d1» è chiusa"),
    "a name that ends twice": ("«a» is shut, «b» is shut", "«a» is shut, «b» is shut"),
    "a name that is a sentence": ("not seen: x of y", "non visto: di y x"),
    "a name that looks like another": ("«not seen» of x» is shut", "«not seen» of x» is shut"),
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = [Entry(", ", ", "), Entry(" or ", " o "), Entry(" and ", " e ")]
    every = [Entry(english, other) for english, other in PAIRS]
    monkeypatch.setattr("portineria.tongue.catalogue.catalogue", lambda _: Catalogue(every + extra))
    speak(ITALIAN)


@pytest.mark.parametrize(("english", "told"), SAYINGS.values(), ids=list(SAYINGS))
def test_a_sentence_is_said_and_its_values_are_kept(small: None, english: str, told: str) -> None:
    assert say(english) == told


def test_in_english_a_sentence_comes_back_as_it_is() -> None:
    text = "not seen: the door is shut"
    assert say(text) is text
    assert compose("{} of {}", 1, "two") == "1 of two"


def test_what_is_composed_knows_its_values_whatever_they_look_like(small: None) -> None:
    assert compose("{} of {}", "x of y", "z") == "di z x of y"
    assert compose("{} is unheard of", "x of y") == "x of y is unheard of"


def test_one_of_several_words_is_said_word_by_word(small: None) -> None:
    assert either(["policy", "mfa", "switch"]) == "criterio o mfa o interruttore"


def test_a_template_that_is_only_composed_is_never_found_in_a_sentence() -> None:
    words = Catalogue([Entry("{} of {}", "{} di {}", composed=True)])
    assert words.say("x of y") == "x of y"
    assert words.compose("{} of {}", ("x", "y")) == "x di y"


def test_sentences_inside_sentences_end_somewhere(small: None) -> None:
    deep = "not seen: " * (DEEPEST + 3) + "policy"
    assert say(deep).startswith("non visto: non visto: ")
    assert say(deep).endswith("not seen: policy")


@pytest.mark.parametrize("name", ["not seen: " * 2000, "» is shut" * 2000, "x; " * 2000])
def test_no_name_makes_it_slow(small: None, name: str) -> None:
    begun = process_time()
    say(f"«{name}» is shut")
    say(f"not seen: {name}")
    assert process_time() - begun < 2


def test_ten_thousand_different_sentences_are_said_in_seconds() -> None:
    words = catalogue("it")
    begun = process_time()
    for number in range(10_000):
        words.say(f"smtp opens for basic on person{number}@contoso.example from 203.0.113.1")
    assert process_time() - begun < 10


LANGUAGE = [
    ([], {}, ENGLISH),
    ([], {"LANG": "C.UTF-8"}, ENGLISH),
    ([], {"LANG": "it_IT.UTF-8"}, ITALIAN),
    ([], {"LANG": "it"}, ITALIAN),
    ([], {"LANG": "it@euro"}, ITALIAN),
    ([], {"LANG": "it.UTF-8"}, ITALIAN),
    ([], {"LANG": "iu_CA.UTF-8"}, ENGLISH),
    ([], {"LANG": "it_IT", "LC_MESSAGES": "en_GB"}, ENGLISH),
    ([], {"LANG": "en", "LC_MESSAGES": "it-CH"}, ITALIAN),
    ([], {"LC_ALL": "C", "LC_MESSAGES": "it"}, ENGLISH),
    ([], {"LC_ALL": "", "LC_MESSAGES": "it"}, ITALIAN),
    ([], {"PORTINERIA_LANG": "it", "LC_ALL": "en"}, ITALIAN),
    ([], {"PORTINERIA_LANG": "fr", "LC_ALL": "it"}, ENGLISH),
    (["why", "--lang", "it"], {"PORTINERIA_LANG": "en"}, ITALIAN),
    (["--lang=it", "why"], {}, ITALIAN),
    (["--lang", "it", "why", "--lang", "en"], {}, ENGLISH),
    (["why", "--lang", "fr"], {"LANG": "it"}, ENGLISH),
    (["why", "--lang"], {"LANG": "it"}, ENGLISH),
]


@pytest.mark.parametrize(("words", "environment", "wanted"), LANGUAGE)
def test_the_language_is_the_options_or_the_environments(
    words: list[str], environment: dict[str, str], wanted: str
) -> None:
    assert language(words, environment) == wanted


def test_english_reads_no_catalogue() -> None:
    program = "import sys, portineria.tongue.say; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "portineria.tongue.say" in done.stdout
    assert "portineria.tongue.catalogue" not in done.stdout
    assert "portineria.tongue.po" not in done.stdout


BAD = [("{name}", "x"), ("{:n}", "{}"), ("{}", "{:loud}"), ("{}", "x"), ("x", "{}"), ("{}", "{1}")]


@pytest.mark.parametrize(("english", "other"), BAD)
def test_an_entry_that_does_not_fit_together_is_refused(english: str, other: str) -> None:
    with pytest.raises(ValueError, match=r"slot"):
        Template(english, other)


PO = """# a remark
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#: policy/where.py
#, composed
msgid "{} has "
"two lines"
msgstr "{} ha "
"due righe"

msgid "not yet"
msgstr ""
"""


def test_a_file_of_translators_is_read() -> None:
    assert list(read(PO)) == [Entry("{} has two lines", "{} ha due righe", composed=True)]
    with pytest.raises(ValueError, match="msgctxt"):
        list(read('msgctxt "x"\n'))
