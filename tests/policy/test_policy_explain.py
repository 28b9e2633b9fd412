"""Messages found in a text: which, where, to whom; JSON bodies; and what is not known."""

import json
import string

import pytest
from given import tries
from hypothesis import given, settings
from hypothesis import strategies as st
from wild import NEW, SPOKEN

from portineria.policy.explain.find import NEAREST, find
from portineria.policy.explain.meaning import layers_of, meant, repairs
from portineria.policy.explain.state import Judged
from portineria.policy.explain.strange import masked
from portineria.policy.show import explain, refusals
from portineria.policy.show.explain import Explained
from portineria.policy.verdict import Layer
from portineria.policy.wiretexts.catalogue import BY_ID, SAYINGS
from portineria.policy.wiretexts.sayings import Beyond

TENANT_OFF = SPOKEN["smtp-tenant-off"]
REFUSED = SPOKEN["smtp-refused"] + NEW
POLICY = "0f6a2f1e-3c9d-4c1b-9f5e-2a7f6f1d9c01"


def ids(text: str) -> list[str]:
    return [message.saying.id for message in find(text).messages]


def shown(text: str) -> str:
    return "\n".join(explain.text(Explained(find(text), None, str)))


# --- several in one log ---------------------------------------------------------------------


def test_messages_are_counted_grouped_and_told_with_the_numbers_of_their_lines() -> None:
    log = "\n".join(["begin", REFUSED, "noise", TENANT_OFF, "", REFUSED, "AADSTS53003: x", REFUSED])
    found = find(log)
    assert [(one.saying.id, one.lines) for one in found.messages] == [
        ("smtp-refused", (2, 6, 8)),
        ("smtp-tenant-off", (4,)),
        ("aadsts53003", (7,)),
    ]
    assert found.known
    told = shown(log)
    assert "3 times, lines 2, 6, 8" in told
    assert "line 4" in told
    assert "8 lines: 5 messages that are known, of 3 kinds; 0 that are not known" in told


def test_of_many_lines_the_first_are_told_and_json_has_all() -> None:
    log = "\n".join([REFUSED] * 40)
    assert "40 times, lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and more" in shown(log)
    document = explain.document(Explained(find(log), None, str))
    assert document["messages"][0]["lines"] == list(range(1, 41))


def test_two_messages_in_one_line_are_two() -> None:
    line = f"530 5.7.57 Client not authenticated to send mail. Error: {REFUSED}"
    assert ids(line) == ["smtp-login-first", "smtp-refused"]


@pytest.mark.parametrize(
    ("login", "callers"),
    [
        ("C: AUTH XOAUTH2 dXNlcj1hZGE=", {"user", "app"}),
        ("C: AUTH LOGIN", {"basic"}),
        ("C: a1 AUTHENTICATE XOAUTH2 dXNlcj1hZGE=", {"user", "app"}),
        ("a1 AUTHENTICATE PLAIN AGFkYQ==", {"basic"}),
        ("a1 LOGIN ada@contoso.example secret", {"basic"}),
        ("USER ada@contoso.example", {"basic"}),
        ("we cannot log in using OAuth", {"basic", "user", "app"}),
    ],
)
def test_a_login_in_the_log_tells_to_whom_it_was_said(login: str, callers: set[str]) -> None:
    (message,) = find(f"{login}\nS: {REFUSED}").messages
    assert message.callers == callers
    (far,) = find(f"{login}\n{'x ' * 9000}\n{REFUSED}").messages
    assert far.callers == {"basic", "user", "app"}


def test_a_login_that_the_message_cannot_answer_does_not_narrow_it() -> None:
    (message,) = find("C: AUTH XOAUTH2 dXNlcj1hZGE=\nS: A1 NO LOGIN failed.").messages
    assert message.callers == {"basic"}


# --- codes and bodies -----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["53003", " 53003\n", "AADSTS53003", "aadsts53003: Zugriff"])
def test_a_code_of_the_token_endpoint_is_enough(text: str) -> None:
    assert ids(text) == ["aadsts53003"]


@pytest.mark.parametrize(
    ("text", "shown"), [("99999", "99999"), ("AADSTS99999: x", "AADSTS99999:")]
)
def test_an_unknown_number_is_not_known_and_can_be_looked_up(text: str, shown: str) -> None:
    (unknown,) = find(text).unknown
    assert unknown.shown.startswith(shown)
    assert unknown.number == 99999
    told = "\n".join(explain.text(Explained(find(text), None, str)))
    assert "https://login.microsoftonline.com/error?code=99999" in told


def body(**members: object) -> str:
    return json.dumps({"error": "invalid_grant", **members})


def test_a_body_of_the_token_endpoint_is_one_message_and_names_its_policies() -> None:
    claims = json.dumps({"access_token": {"capolids": {"essential": True, "values": [POLICY]}}})
    text = body(
        error_description="AADSTS53003: no. Trace ID: x", error_codes=[53003], claims=claims
    )
    (message,) = find(f"before\n{text}\nafter").messages
    assert (message.saying.id, message.lines, message.policies) == ("aadsts53003", (2,), (POLICY,))
    assert POLICY in shown(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (body(error_codes=[65001]), ["aadsts65001"]),
        (body(error_description="AADSTS65001: no"), ["aadsts65001"]),
        (body(error_description="AADSTS65001: no", claims="{}"), ["aadsts65001"]),
        (json.dumps({"error_codes": ["x"], "error_description": "?"}), []),
        (json.dumps({"error": "authorization_pending"}), ["authorization-pending"]),
        (json.dumps({"error": "slow_down"}), ["slow-down"]),
        (json.dumps({"error": {"code": "Forbidden", "message": "x"}}), ["graph-code-denied"]),
        (json.dumps({"error": {"code": "", "message": ""}}), []),
        (json.dumps({"error": {"code": "Nope", "message": "x"}}), []),
        (
            json.dumps({"odata.error": {"code": "x", "message": {"value": "AADSTS700016: x"}}}),
            ["aadsts700016"],
        ),
        (json.dumps({"@odata.error": {"code": "TooManyRequests"}}), ["graph-throttled"]),
        (
            json.dumps({"error": {"code": "TooManyRequests", "innererror": {}}}),
            ["graph-throttled"],
        ),
        (json.dumps({"error": None, "value": []}), []),
        ('{"error": {"error": 1, ', []),
        ('{"error":' * 3000, []),
        (json.dumps({"m": body(error_codes=[53003])}), ["aadsts53003"]),
        ('{\\"error\\":\\"x', []),
    ],
)
def test_bodies_are_read_as_what_they_are(text: str, wanted: list[str]) -> None:
    assert ids(text) == wanted


def test_every_part_of_a_batch_is_read() -> None:
    parts = [
        {"id": "1", "status": 429, "body": {"error": {"code": "TooManyRequests"}}},
        {"id": "2", "status": 200, "body": {"value": []}},
        {"id": "3", "status": 404, "body": {"error": {"code": "Request_ResourceNotFound"}}},
        "no part",
    ]
    assert ids(json.dumps({"responses": parts})) == ["graph-throttled", "graph-not-found"]


def test_the_numbered_text_of_conditional_access_counts_wherever_it_stands() -> None:
    text = "1064: 'clientAppTypes' condition does not support []. If you want"
    older = {"code": "BadRequest", "message": "The server could not process the request."}
    inside = {"error": {**older, "innerError": {"code": "BadRequest", "message": text}}}
    outside = {"error": {"code": "BadRequest", "message": text}}
    assert ids(json.dumps(inside)) == ids(json.dumps(outside)) == ["graph-ca-clients"]
    deep: object = text
    for _ in range(9):
        deep = {"more": deep}
    assert ids(json.dumps({"error": {"code": "BadRequest", "x": deep}})) == ["graph-code-request"]


# --- what is not known ----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "hello", "my password is hunter2", "\0\0", "404 Not Found."])
def test_what_has_no_form_of_an_answer_is_nothing(text: str) -> None:
    found = find(text)
    assert found.messages == ()
    assert not found.known
    if not found.unknown:
        assert "nothing has the form of one" in "\n".join(explain.text(Explained(found, None, str)))


@pytest.mark.parametrize(
    "text",
    [
        "A2 NO I do not like you",
        "599 5.9.9 Something new",
        "-ERR what",
        "S: 550 go away please",
        "said: 535 5.7.139 Authentication unsuccessful, the moon is full",
    ],
)
def test_what_has_the_form_of_an_answer_is_shown_as_not_known(text: str) -> None:
    found = find(text)
    assert found.messages == ()
    assert len(found.unknown) == 1
    assert "not known: " in shown(text)


def test_a_nearly_known_text_is_named_with_what_it_lacks_and_nothing_is_concluded() -> None:
    text = "535 5.7.139 Authentication unsuccessful, frobnication is disabled for the Tenant."
    (unknown,) = find(text).unknown
    assert unknown.near
    assert unknown.near.saying.id == "smtp-tenant-off"
    assert unknown.near.lacks == ("SmtpClientAuthentication",)
    assert "nothing is concluded from it" in shown(text)
    words = "SmtpClientAuthentication for the Tenant is disabled"
    turned = f"535 5.7.139 Authentication unsuccessful, {words}"
    assert "none, but they stand otherwise" in shown(turned)


def test_of_very_many_strangers_it_is_asked_of_the_first_what_they_are_near_to() -> None:
    line = "535 5.7.139 Authentication unsuccessful, frobnication is disabled for the Tenant"
    found = find("\n".join([line] * (NEAREST + 5) + [line.replace("frob", "glob")]))
    assert [(len(one.lines), one.near is None) for one in found.unknown] == [
        (NEAREST + 5, False),
        (1, True),
    ]


def test_of_a_strange_line_only_words_that_are_no_secret_are_shown() -> None:
    line = (
        "535 5.9.9 user Zm9vYmFyYmF6 password hunter2 token: abc.def key='x9$k' for ada@x.example"
    )
    told = masked(line)
    for secret in ("Zm9v", "hunter2", "abc.def", "x9$k", "ada@"):
        assert secret not in told
    assert told.startswith("535 5.9.9 user …")
    assert "disabled for the Tenant" in masked("550 5.9.9 disabled for the Tenant")


@settings(max_examples=tries(200))
@given(
    st.text(alphabet=string.ascii_letters + string.digits + "+/=_-.!$", min_size=8, max_size=40)
    .filter(lambda word: any(sign.isdigit() for sign in word))
    .filter(lambda word: not word.startswith(("4", "5"))),
    st.sampled_from(["535 5.9.9 wrong {}", "A2 NO wrong {}", "-ERR wrong {}", "AADSTS99999: {}"]),
)
def test_a_word_with_signs_that_words_do_not_have_is_never_shown(word: str, line: str) -> None:
    whole = line.format(word)
    assert word not in "\n".join(explain.text(Explained(find(whole), None, str)))
    assert word not in json.dumps(explain.document(Explained(find(whole), None, str)))


# --- with a tenant's state ------------------------------------------------------------------


def test_what_the_state_says_stands_under_the_message_for_each_caller() -> None:
    findings = find(REFUSED)
    (message,) = findings.messages
    rows = (
        Judged(
            protocol="smtp",
            caller="basic",
            layer=Layer.ACCOUNT,
            because="its account is disabled",
            evidence="ada@x.example",
            remedy="enable it",
            who="somebody",
            also=(Layer.CREDENTIAL,),
        ),
        Judged(protocol="smtp", caller="user", layer=None, because="it may be anything"),
        Judged(protocol="smtp", caller="app:1", layer=Layer.CREDENTIAL, because="all passes"),
    )
    explained = Explained(findings, {message: rows}, str)
    told = "\n".join(explain.text(explained))
    assert "SMTP as basic: account, because its account is disabled" in told
    assert "seen in: ada@x.example" in told
    assert "change: enable it; who can: somebody" in told
    assert "then refused by: credential" in told
    assert "SMTP as user: could not tell, because it may be anything" in told
    assert told.count("seen in: ") == 1
    assert not explained.told
    here = explain.document(explained)["messages"][0]["here"]
    assert [row["layer"] for row in here] == ["account", None, "credential"]
    assert Explained(findings, {message: rows[:1]}, str).told


# --- meaning, repair, the catalogue ---------------------------------------------------------


def test_a_text_that_means_different_things_to_different_callers_says_which() -> None:
    told = shown(REFUSED)
    assert "for a password: the password was refused" in told
    assert "for an application's token:" in told
    assert layers_of(BY_ID["smtp-refused"], frozenset({"basic"})) == {
        Layer.CREDENTIAL,
        Layer.ACCOUNT,
    }
    assert meant(BY_ID["imap-login-failed"], frozenset({"app"})) == ()


def test_what_no_caller_can_hear_keeps_its_own_sense() -> None:
    message = find("A1 NO LOGIN failed.").messages[0]
    row = explain.saying_document(message.saying, frozenset({"app"}))
    assert row["sense"] == "refused"
    assert row["meanings"] == []


def test_repairs_are_the_texts_own_or_one_for_each_layer_that_is_open() -> None:
    own = BY_ID["aadsts53003"]
    assert [one.layer for one in repairs(own, layers_of(own))] == [""]
    several = BY_ID["imap-not-connected"]
    layers = [one.layer for one in repairs(several, layers_of(several))]
    assert layers[-1] == ""
    assert Layer.MAILBOX_SWITCH in layers
    admin = BY_ID["graph-privileges"]
    assert Beyond.ROLE in [one.layer for one in repairs(admin, layers_of(admin))]
    assert repairs(BY_ID["smtp-accepted"], frozenset()) == ()


def test_every_entry_can_be_told() -> None:
    for saying in SAYINGS:
        row = explain.saying_document(saying)
        assert row["meanings"]
        assert row["source"]
    for text in SPOKEN.values():
        assert shown(text)


def test_the_page_has_every_entry_once_with_its_source() -> None:
    page = refusals.page()
    for saying in SAYINGS:
        assert page.count(f'<a id="{saying.id}"></a>') == 1
        assert f"{saying.confidence.value}: {saying.source} |" in page
    assert [row[0] for row in refusals.rows()] == [saying.id for saying in SAYINGS]
