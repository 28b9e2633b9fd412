"""`explain` as it is called: texts, files, standard input, a tenant's state, and no secret."""

import io
import json
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from saying import Say

TENANT_OFF = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
)
SECRETS = {
    "password": "correct-horse7",
    "token": "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJvdXRsb29rIn0.c2lnbmF0dXJl",
    "pass": "sunshine22",
    "secret": "8Q~abcdefGHIJklmn0pqrsTUV",
}


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_a_known_text_is_told_whole_and_the_exit_code_is_0(say: Say) -> None:
    told = say("explain", TENANT_OFF)
    assert told.code == 0
    for word in (
        "tenant switch",
        "captured: exchange-online 1.9, 5.5",
        "an Exchange Administrator",
    ):
        assert word in told.out


def test_words_need_no_quotes(say: Say) -> None:
    assert say("explain", *TENANT_OFF.split()).out == say("explain", TENANT_OFF).out


def test_what_pop3_says_is_no_option(say: Say) -> None:
    told = say("explain", "-ERR Logon failure: unknown user name or bad password.")
    assert told.code == 0
    assert "POP3" in told.out


@pytest.mark.parametrize(
    "text", ["hello", "535 5.7.139 Authentication unsuccessful, the moon", "99999"]
)
def test_what_is_not_known_is_said_to_be_so_with_exit_code_3(say: Say, text: str) -> None:
    assert say("explain", text).code == 3
    assert say("explain", text, "--json").json["known"] is False


def test_json_has_every_line_and_no_state_where_none_was_asked(say: Say) -> None:
    told = say("explain", TENANT_OFF, "--json").json
    (message,) = told["messages"]
    assert (message["id"], message["layers"], message["lines"]) == (
        "smtp-tenant-off",
        ["tenant switch"],
        [1],
    )
    assert message["here"] is None
    assert told["told"] is True


def test_a_file_and_standard_input_say_the_same(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = f"line\n{TENANT_OFF}\nAADSTS53003: no\n{TENANT_OFF}\n".encode("utf-16")
    (tmp_path / "printer.log").write_bytes(log)
    of_file = say("explain", "printer.log", "--json").json
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(log)))
    assert say("explain", "-", "--json").json == of_file
    assert [one["lines"] for one in of_file["messages"]] == [[2, 4], [3]]


def test_standard_input_that_is_too_large_is_refused(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portineria.doors.logfile.MOST", 10)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 11)))
    told = say("explain", "-")
    assert told.code == 2
    assert "standard input" in told.err


def test_a_state_says_which_layer_it_is_and_what_changes_it(say: Say, kept: Path) -> None:
    words = ("explain", "535 5.7.139", "--mailbox", "scan@contoso.example", "--snapshot", kept)
    told = say(*words, "--as", "basic")
    assert told.code == 0
    assert "here        SMTP as basic: tenant switch, because" in told.out
    assert "then refused by: security defaults" in told.out
    (row,) = say(*words, "--as", "basic", "--json").json["messages"][0]["here"]
    assert (row["layer"], row["also"]) == ("tenant switch", ["security defaults"])


def test_what_the_state_cannot_tell_has_exit_code_3_and_a_reason(say: Say, kept: Path) -> None:
    told = say(
        "explain",
        "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be "
        "authenticated successfully.",
        *("--mailbox", "scan@contoso.example", "--as", "basic", "--snapshot", kept),
    )
    assert told.code == 3
    assert "could not tell, because" in told.out


def test_a_caller_narrows_the_words_as_well(say: Say) -> None:
    row = say("explain", "535 5.7.3 Authentication unsuccessful", "--as", "basic", "--json").json
    assert row["messages"][0]["layers"] == ["account", "credential"]
    other = say("explain", "NO LOGIN failed.", "--as", "app:x", "--json").json
    assert other["messages"][0]["layers"]


def test_a_protocol_and_all_callers_can_be_asked_at_once(say: Say, kept: Path) -> None:
    words = ("explain", "AADSTS50057", "--mailbox", "ada@contoso.example", "--snapshot", kept)
    rows = say(*words, "--protocol", "imap", "--json").json["messages"][0]["here"]
    assert {(row["protocol"], row["caller"]) for row in rows} == {
        ("imap", "basic"),
        ("imap", "user"),
    }


def test_nothing_known_asks_no_tenant(say: Say) -> None:
    told = say("explain", "hello", "--mailbox", "ada@contoso.example")
    assert told.code == 3
    assert told.err == ""


def test_the_catalogue_is_listed_for_people_and_as_json(say: Say) -> None:
    rows = say("explain", "--list", "--json").json["refusals"]
    assert len(rows) > 150
    table = say("explain", "--list").out
    assert all(row["id"] in table for row in rows)
    assert say("explain", "--list", "x").code == 2


@pytest.mark.parametrize("words", [(), ("./nowhere.log",), ("x", "--as", "nobody")])
def test_words_that_mean_nothing_are_bad_input(say: Say, words: tuple[str, ...]) -> None:
    assert say("explain", *words).code == 2


def test_a_name_that_no_file_can_have_is_a_text(say: Say) -> None:
    assert say("explain", "x" * 5000).code == 3


def test_no_secret_of_a_pasted_log_is_told(say: Say, tmp_path: Path) -> None:
    """As they stand, in base64 and in answers that repeat them; on both streams."""
    payload = b64(f"user=ada@x.example\x01auth=Bearer {SECRETS['token']}\x01\x01")
    plain = b64(f"\0ada@x.example\0{SECRETS['password']}")
    log = f"""C: AUTH XOAUTH2 {payload}
S: 535 5.7.3 Authentication unsuccessful
C: AUTH PLAIN {plain}
S: 500 5.3.3 Unrecognized command '{plain}'
S: 550 5.9.9 I do not know {SECRETS["password"]} nor {b64(SECRETS["password"])} nor {payload}
a1 LOGIN ada@x.example {SECRETS["pass"]}
a1 NO no such {SECRETS["pass"]} here
PASS {SECRETS["pass"]}
-ERR bad {SECRETS["pass"]} and {b64(SECRETS["pass"])}
client_secret={SECRETS["secret"]}
AADSTS99999: secret {SECRETS["secret"]} is not one
{{"error": {{"code": "{SECRETS["secret"]}", "message": "{SECRETS["token"]}"}}}}
"""
    (tmp_path / "session.log").write_text(log)
    for words in (("explain", "session.log"), ("explain", log)):
        for more in ((), ("--json",), ("--verbose",)):
            told = say(*words, *more)
            assert told.code == 3
            both = told.out + told.err
            for secret in (*SECRETS.values(), payload, plain):
                forms = (secret, b64(secret), secret[:10], b64(secret)[:12])
                assert not [form for form in forms if form.lower() in both.lower()], both
    assert json.loads(say("explain", "session.log", "--json").out)["unknown"]
