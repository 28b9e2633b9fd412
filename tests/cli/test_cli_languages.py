"""Answers in Italian: the same option before and after the verb, the same JSON, the same plan."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from saying import Say

from leftover import left_over
from portineria.cli import progress as faces
from portineria.clock import VirtualClock
from portineria.tongue.say import ENGLISH, ITALIAN, speak

WHY = ("why", "scan@contoso.example", "smtp", "--as", "basic", "--snapshot")
VARIABLES = ("PORTINERIA_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def nothing_said_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_the_option_stands_before_or_after_the_verb(say: Say, kept: Path) -> None:
    after = say(*WHY, kept, "--lang", "it")
    before = say("--lang", "it", *WHY, kept)
    assert after == before
    assert after.code == 1
    head, _, rest = after.out.partition("\n")
    assert head == (
        "SMTP di scan@contoso.example come basic: no, rifiutato da: interruttore del tenant"
    )
    assert "→  STOP  interruttore del tenant" in rest
    assert "Per cambiarlo: Set-CASMailbox" in rest
    assert left_over(after.out) == ""


@pytest.mark.parametrize("name", VARIABLES)
def test_without_it_the_environment_says(
    say: Say, kept: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "it_IT.UTF-8")
    assert say(*WHY, kept).out.startswith("SMTP di ")
    assert say("--lang", "en", *WHY, kept).out.startswith("SMTP of ")


def test_a_language_ends_with_the_command_that_asked_for_it(say: Say, kept: Path) -> None:
    assert say("--lang", "it", *WHY, kept).out.startswith("SMTP di ")
    assert say(*WHY, kept).out.startswith("SMTP of ")


def test_the_table_of_many_answers_and_the_posture_are_in_italian(say: Say, kept: Path) -> None:
    told = say("why", "scan@contoso.example", "--snapshot", kept, "--lang", "it")
    assert told.out.split()[:5] == ["Protocollo", "Chiamante", "Aperto", "Livello", "Perché"]
    assert left_over(told.out) == ""
    look = say("look", "--snapshot", kept, "--mailboxes", "--lang", "it")
    assert "Interruttore  attivato  disattivato  come il tenant" in look.out
    assert left_over(look.out.replace("Entra ID P1", "")) == ""


def test_json_is_english_byte_for_byte(say: Say, kept: Path) -> None:
    asked = [*WHY, kept, "--json"]
    assert say(*asked, "--lang", "it") == say(*asked)
    wrong = ["why", "nobody@contoso.example", "--snapshot", kept, "--json"]
    assert say(*wrong, "--lang", "it") == say(*wrong)
    assert json.loads(say(*wrong, "--lang", "it").out)["error"]["why"].startswith("there is no")


def test_a_grant_that_speaks_is_told_in_italian(say: Say, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        "tenant: contoso.example\neveryone_else: {pop: off}\ngrants:\n"
        "  - {name: a, who: {mailboxes: [scan@contoso.example]}, allow: [imap]}\n"
        "  - {name: b, who: {mailboxes: [scan@contoso.example]}, deny: [smtp], reason: has left}\n"
    )
    told = say(
        "why", "scan@contoso.example", "--snapshot", kept, "--policy", "policy.yaml", "--lang", "it"
    )
    assert told.code == 0
    assert "policy.yaml lo vuole aperto: «a» lo apre\n  + «a» apre: con oauth-user" in told.out
    assert "  - «b» nega: has left" in told.out
    assert "  - everyone_else chiude: pop: off" in told.out
    assert left_over(told.out) == ""


USAGE = {
    ("whyy",): "errore: non c'è un verbo 'whyy'; si intendeva why?",
    ("why",): "errore: manca l'argomento 'MAILBOX'",
    ("why", "a", "--nonsense"): "errore: non c'è un'opzione '--nonsense'",
    ("why", "a", "xmpp"): "errore: valore non valido per",
    ("why", "a", "--as"): "errore: l'opzione '--as' richiede un argomento",
    ("why", "a", "imap", "c"): "errore: argomento di troppo (c)",
    ("why", "a", "--as", "root"): "errore: 'root' non è un chiamante: scrivere basic",
    ("plan", "none.yaml"): "errore: il file non può essere letto: il file o la cartella non esiste",
}


@pytest.mark.parametrize("words", USAGE, ids=" ".join)
def test_a_mistake_on_the_command_line_is_told_in_italian(say: Say, words: tuple[str, ...]) -> None:
    told = say("--lang", "it", *words)
    assert told.code == 2
    assert told.err.startswith(USAGE[words]), told.err
    assert "\n  dove:    " in told.err
    assert "\n  rimedio: " in told.err
    assert say(*words).err.startswith("error: ")


def test_a_language_that_is_not_known_is_a_mistake(say: Say, kept: Path) -> None:
    told = say(*WHY, kept, "--lang", "fr")
    assert told.code == 2
    assert "'fr' is not one of 'en', 'it'" in told.err


def test_progress_is_told_in_italian(capsys: pytest.CaptureFixture[str]) -> None:
    speak(ITALIAN)
    try:
        teller = faces.progress(VirtualClock(datetime(2026, 11, 23, tzinfo=UTC)))
        teller.step("reading again", 1, 20)
        teller.step("rights of «of»", 7)
        teller.step("named_locations")
        teller.close()
    finally:
        speak(ENGLISH)
    assert capsys.readouterr().err.splitlines() == [
        "lettura di controllo: 1 su 20",
        "diritti di «of»: 7 finora",
        "località denominate",
    ]
