"""Every sentence of the lab has a case here, whether a gate utters it or a machine in between.

The lab's words are taken from its own modules, the reader's from its catalogue; neither is made
from the other. What the lab itself calls synthetic nobody has ever heard from the service: such a
sentence may be known by its code, or be unknown, and is never taken for a refusal.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from portineria.clock import VirtualClock
from portineria.lab.exchange import faults
from portineria.lab.graph import call
from portineria.lab.login.refusals import REFUSALS, SignInFault, refusal_answer
from portineria.lab.post import refusals, sentences
from portineria.lab.post.sentences import Session
from portineria.lab.world import World
from portineria.policy.explain.find import find
from portineria.policy.explain.meaning import layers_of, meant
from portineria.policy.wiretexts.rows import Sense

SESSION = Session(
    "LA1P000CA0016.outlook.office365.com", "LA1P000MB0007.LABP000", "08DE000000000001"
)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OWN_WORDS = {
    "IMAP_FOLDER_FIXED": "what a folder that must stay answers was never shown",
    "POP_NO_MESSAGE": "what a message that is not there answers was never shown",
    "pop: too_many_mistakes": "the number behind it is the lab's",
    "REPORT_UNDELIVERABLE": "a subject",
}
"""Words that nobody has captured, and that are no refusal of an access."""


def _of_module() -> dict[str, str]:
    named = {
        name: value
        for name, value in vars(sentences).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("_")
    }
    named |= {
        "smtp_send_as_denied": sentences.smtp_send_as_denied("a@x.example", "b@x.example"),
        "imap_no_folder": sentences.imap_no_folder("Archive"),
        "imap_no_target": sentences.imap_no_target("Archive"),
        "smtp_authenticated": sentences.smtp_authenticated(SESSION),
        "smtp_accepted": sentences.smtp_accepted("1@x.example", SESSION),
    }
    words = {
        "imap": sentences.imap_words(SESSION),
        "pop": sentences.pop_words(SESSION),
        "smtp": sentences.smtp_words(SESSION, NOW, "192.0.2.7"),
    }
    for face, machine in words.items():
        for field in dataclasses.fields(machine):
            value = getattr(machine, field.name)
            if isinstance(value, str):
                named[f"{face}: {field.name}"] = value
    for kind in vars(refusals).values():
        if isinstance(kind, type) and issubclass(kind, refusals.Refused):
            named[f"gate: {kind.__name__}"] = kind.smtp
    return named


SPOKEN = _of_module()
NOES = {
    name: text.replace("{stamp}", SESSION.stamp(NOW)).replace("{verb}", "FETCH")
    for name, text in SPOKEN.items()
    if text.startswith(("NO ", "BAD ", "-ERR", "* BYE")) or text[:1] in ("4", "5")
}


def test_the_lab_has_many_sentences_and_all_that_say_no_are_looked_at() -> None:
    assert len(NOES) > 45
    assert set(OWN_WORDS) - {"REPORT_UNDELIVERABLE"} <= set(NOES)


@pytest.mark.parametrize("name", NOES)
def test_every_no_of_the_mail_hosts_is_explained(name: str) -> None:
    findings = find(NOES[name])
    if name in OWN_WORDS:
        assert all(not layers_of(one.saying) for one in findings.messages)
        return
    assert findings.known, (NOES[name], [one.shown for one in findings.unknown])
    assert len(findings.messages) == 1
    assert all(one.sense is not Sense.PASSED for one in meant(findings.messages[0].saying))


@pytest.mark.parametrize("number", REFUSALS)
def test_every_refusal_of_the_token_endpoint_is_explained_by_its_number(number: int) -> None:
    world = World(VirtualClock(NOW), "11111111-2222-3333-4444-555555555555", "contoso.example")
    fault = SignInFault(number, now="now", start="then", end="soon")
    body = json.dumps(refusal_answer(world, "c0ffee", fault).body)
    for text in (body, json.dumps(json.loads(body), indent=2), f"msal: {json.loads(body)!r}"):
        findings = find(text)
        assert findings.known, text
        assert [one.saying.number for one in findings.messages] == [number]
    assert find(f"AADSTS{number}").messages[0].saying.number == number


EXCHANGE: dict[str, tuple[faults.Refusal, str]] = {
    "unknown_parameter": (faults.unknown_parameter(["X"]), "exchange-parameters"),
    "missing_parameter": (faults.missing_parameter("X"), "exchange-parameters"),
    "bad_value": (faults.bad_value("X", 1, "bool"), "exchange-value"),
    "bad_choice": (faults.bad_choice("X", 1, ["a"]), "exchange-value"),
    "bad_filter": (faults.bad_filter("x"), "exchange-value"),
    "too_long": (faults.too_long("X", 2, 1), "exchange-value"),
    "not_found": (faults.not_found("x"), "exchange-not-found"),
    "ambiguous": (faults.ambiguous("x"), "exchange-ambiguous"),
    "already_exists": (faults.already_exists("x"), "exchange-exists"),
    "still_in_use": (faults.still_in_use("x", "y"), "exchange-invalid-operation"),
    "expired_page": (faults.expired_page(), "exchange-page"),
    "malformed": (faults.malformed("x"), "graph-code-request"),
    "no_such_resource": (faults.no_such_resource("/x"), "graph-code-request"),
    "unauthorized": (faults.unauthorized(), "exchange-token"),
    "forbidden": (faults.forbidden(), "exchange-no-role"),
    "throttled": (faults.throttled(3), "exchange-throttled"),
    "server_error": (faults.server_error(503, 3), "exchange-transient"),
    "embedded_error": (faults.embedded_error(), "exchange-transient"),
}


def test_every_constructor_of_exchange_has_a_case() -> None:
    made = {
        name
        for name, value in vars(faults).items()
        if callable(value)
        and getattr(value, "__annotations__", {}).get("return") == "Refusal"
        and name != "inside"
    }
    assert made == set(EXCHANGE)


@pytest.mark.parametrize("name", EXCHANGE)
def test_every_refusal_of_exchange_is_explained(name: str) -> None:
    refusal, wanted = EXCHANGE[name]
    (message,) = find(_http(refusal)).messages
    assert message.saying.id == wanted
    if wanted in ("exchange-token", "exchange-no-role"):
        assert layers_of(message.saying)
    else:
        assert not layers_of(message.saying)


def _http(refusal: faults.Refusal) -> str:
    """The answer as a client with a trace prints it."""
    answer = refusal.answer
    body = answer.body.decode() if isinstance(answer.body, bytes) else json.dumps(answer.body)
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return f"HTTP/1.1 {answer.status}\n{headers}\n\n{body}\n"


def graph_body(code: str, message: str, inner: dict[str, Any] | None = None) -> str:
    inner = {**(inner or {}), "date": "2026-11-23T09:00:00", "request-id": "c0ffee"}
    return json.dumps({"error": {"code": code, "message": message, "innerError": inner}})


def test_graphs_not_found_is_explained_in_the_labs_words() -> None:
    (message,) = find(graph_body("Request_ResourceNotFound", call.NOT_FOUND)).messages
    assert message.saying.id == "graph-not-found"
