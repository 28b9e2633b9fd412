"""Every text of the catalogue, in whatever a program makes of it; and nothing that is not one."""

import re
import string

import pytest
from given import tries
from hypothesis import given, settings
from hypothesis import strategies as st
from wild import OF_NO_USE, SPOKEN, WILD

from portineria.policy.explain.find import find
from portineria.policy.explain.meaning import layers_of, meant
from portineria.policy.explain.pasted import pasted
from portineria.policy.wiretexts.catalogue import BY_ID, SAYINGS
from portineria.policy.wiretexts.rows import Sense
from portineria.policy.wiretexts.tokens import TOKEN_ROWS

LINE_ONLY = {"smtp-payload"}
"""`334` is a message where it is a line of its own, and a number anywhere else."""
NEEDS_NO = {("imaplib", "imap-no-folder")}
"""Without its NO this one is anybody's sentence."""
RANDOM = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=200
) | st.text(alphabet=string.ascii_letters + string.digits + " .,:;-'\"()[]\n", max_size=300)


@pytest.mark.parametrize("name", WILD)
def test_every_text_is_found_in_this_dress_and_no_other_message_with_it(name: str) -> None:
    missed = []
    for id_, text in SPOKEN.items():
        saying = BY_ID[id_]
        if saying.face in OF_NO_USE.get(name, ()) or id_ in LINE_ONLY or "\0" in text:
            continue
        if (name, id_) in NEEDS_NO:
            continue
        found = find(WILD[name](text))
        ids = [message.saying.id for message in found.messages]
        if ids != [id_] or found.unknown:
            missed.append((id_, ids, [one.shown for one in found.unknown]))
    assert missed == []


def test_what_only_a_line_or_a_body_shows_is_found_there() -> None:
    assert [one.saying.id for one in find("334").messages] == ["smtp-payload"]
    nothing = "HTTP/1.1 403 Forbidden\n\n" + "\0" * 256
    (message,) = find(nothing).messages
    assert (message.saying.id, message.lines) == ("exchange-no-role", (3,))


@pytest.mark.parametrize("id_", SPOKEN)
def test_another_word_makes_it_unknown_or_a_smaller_right_set(id_: str) -> None:
    """Each word in turn is another one. What may be absent may as well be another."""
    saying, text = BY_ID[id_], SPOKEN[id_]
    words = text.split()
    for at, word in enumerate(words):
        changed = " ".join([*words[:at], _other(word), *words[at + 1 :]])
        for message in find(changed).messages:
            assert message.saying.face is saying.face, (changed, message.saying.id)
            assert layers_of(message.saying) <= layers_of(saying), (changed, message.saying.id)
            assert message.saying is saying or message.saying.sense is saying.sense, changed


def _other(word: str) -> str:
    """Another word, another number, of the same form."""
    if re.search(r"\d", word):
        return re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), word)
    return re.sub(r"[A-Za-z]+", "gladly", word)


@settings(max_examples=tries(300))
@given(RANDOM)
def test_a_made_up_text_is_never_a_refusal(text: str) -> None:
    assert [one.saying.id for one in find(text).messages if one.saying.sense is Sense.REFUSED] == []


@settings(max_examples=tries(150))
@given(
    st.sampled_from([400, 421, 432, 451, 500, 501, 504, 530, 535, 550, 552, 554]),
    st.from_regex(r"[45]\.[0-9]\.[0-9]{1,3}", fullmatch=True),
    st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=3, max_size=9),
)
def test_made_up_words_behind_a_code_are_unknown_or_known_by_the_code_alone(
    code: int, enhanced: str, words: list[str]
) -> None:
    """Codes whose meaning a standard fixes, or that Exchange has for one thing only."""
    text = f"{code} {enhanced} {' '.join(words)}"
    found = find(text)
    for message in found.messages:
        assert any(one == f"{code} {enhanced}" for one in message.saying.texts), text
        assert not layers_of(message.saying)
    assert found.known or found.unknown


@settings(max_examples=tries(100))
@given(st.sampled_from(sorted(SPOKEN)), st.sampled_from(sorted(WILD)), st.integers(0, 30))
def test_lines_before_and_behind_change_nothing_but_the_number_of_the_line(
    id_: str, dress: str, before: int
) -> None:
    if BY_ID[id_].face in OF_NO_USE.get(dress, ()):
        return
    alone = find(WILD[dress](SPOKEN[id_]))
    among = find("an ordinary line\n" * before + WILD[dress](SPOKEN[id_]) + "\nand another one")
    assert [m.saying for m in among.messages] == [m.saying for m in alone.messages]
    shift = [line + before for message in alone.messages for line in message.lines]
    assert [line for message in among.messages for line in message.lines] == shift


@settings(max_examples=tries(200))
@given(RANDOM)
def test_cleaning_keeps_the_lines_and_their_numbers(text: str) -> None:
    clean = pasted(text)
    assert len(clean.plain) == len(clean.text)
    assert len(clean.starts) == len(clean.numbers)
    assert clean.numbers[-1] <= len(re.split(r"\r\n|\r|\n", text))
    for start, number in zip(clean.starts, clean.numbers, strict=True):
        assert clean.line(start) == number


def test_every_entry_has_a_source_a_confidence_a_meaning_and_a_form() -> None:
    for saying in SAYINGS:
        assert saying.source
        assert saying.confidence
        assert saying.text
        assert meant(saying), saying.id
        assert all(one.meaning for one in meant(saying)), saying.id
        assert bool(saying.repair) == bool(saying.who), saying.id
        assert saying.id == saying.id.lower()


def test_a_refusal_names_a_layer_and_only_a_refusal_does() -> None:
    for saying in SAYINGS:
        for one in meant(saying):
            named = one.sense is Sense.REFUSED
            assert bool(one.layers) == named or one.sense is Sense.UNTOLD, saying.id


def test_no_two_entries_have_one_name_one_number_or_one_form() -> None:
    ids = [saying.id for saying in SAYINGS]
    assert len(ids) == len(set(ids))
    numbers = [saying.number for saying in SAYINGS if saying.number]
    assert len(numbers) == len(set(numbers))
    forms = [text for saying in SAYINGS for text in saying.texts if not text.startswith("AADSTS")]
    assert len(forms) == len(set(forms))


def test_every_number_that_the_probe_reads_is_explained_and_the_other_way_round() -> None:
    read = {code for row in TOKEN_ROWS for code in row.codes}
    assert read == {saying.number for saying in SAYINGS if saying.number}
