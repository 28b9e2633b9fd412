"""The words are those that administrators meet in Microsoft's own screens, everywhere the same."""

from __future__ import annotations

import re

import pytest

from portineria.tongue.catalogue import entries

ITALIAN = list(entries("it"))
TERMS = {
    r"security defaults": r"impostazioni predefinite per la sicurezza|\bsuperarle\b",
    r"Conditional Access": r"accesso condizionale",
    r"conditional access policies|Conditional Access polic": r"criteri[o]? .*accesso condizionale",
    r"authentication polic": r"criteri[o]? di autenticazione",
    r"[Ll]egacy authentication": r"[Aa]utenticazione legacy",
    r"basic authentication": r"autenticazione di base",
    r"multi-factor authentication": r"autenticazione a più fattori",
    r"per-user MFA": r"MFA per utente",
    r"break-glass": r"accesso di emergenza|\bbreak_glass\b",
    r"report-only": r"solo report",
    r"mailbox": r"cassett[ae] postal[ei]|protocollo di posta|mailbox|\bessa\b|\bl[ae] elenca\b",
    r"shared mailbox": r"cassett[ae] postal[ei] (utente o )?condivis[ae]",
    r"app registration": r"registrazione app",
    r"enterprise application": r"applicazione aziendale",
    r"service principal": r"entità servizio",
    r"admin consent": r"consenso amministratore",
    r"consent": r"consens",
    r"client secret": r"segreto client",
    r"certificate": r"certificat",
    r"access token": r"token di accesso",
    r"refresh token": r"token di aggiornamento",
    r"Global Administrator": r"amministrator[ei] global[ei]",
    r"Exchange Administrator": r"Amministratore di Exchange",
    r"directory role": r"ruolo della directory",
    r"application permission": r"autorizzazione dell'applicazione|autorizzazione Exchange",
    r"authenticated SMTP": r"SMTP autenticato",
    r"device code": r"codic[ei] dispositivo",
    r"licen[cs]e": r"licenz",
    r"\bgrants?\b(?! (it|what|\{\}|the application|another|(a|the) mailbox|Directory))": r"conce",
}
"""English to Italian, as regular expressions. Commands and keys of files stay as they are."""
NEVER = (
    "politic[ah]",
    "casell[ae]",
    "autenticazione basic",
    "autenticazione legacy di base",
    "predefinite di sicurezza",
    "permess[oi] (dell|di (?!legger|scriver))",
    "principale del servizio",
    "accesso token",
    "token di rinnov",
    "(^|; )(seleziona|immetti|scrivi|usa|esegui|controlla|guarda|togli|aggiungi) ",
)
"""Words that the screens do not use, and the imperative."""


@pytest.mark.parametrize("term", TERMS)
def test_a_term_has_one_name(term: str) -> None:
    said = [one for one in ITALIAN if re.search(term, one.english)]
    assert said
    strange = [one for one in said if not re.search(TERMS[term], one.other, re.IGNORECASE)]
    assert [(one.english, one.other) for one in strange] == []


@pytest.mark.parametrize("word", NEVER)
def test_no_other_name_is_used(word: str) -> None:
    assert [one.other for one in ITALIAN if re.search(word, one.other, re.IGNORECASE)] == []


def test_quotation_marks_ellipses_and_commands_are_kept() -> None:
    for one in ITALIAN:
        for kept in ("«", "»", "`", "…"):
            assert one.other.count(kept) >= one.english.count(kept) or kept in "`«»", one.other
        for command in re.findall(r"\b[A-Z]\w+-[A-Z]\w+\b|--[a-z-]+", one.english):
            assert command in one.other, one.other
