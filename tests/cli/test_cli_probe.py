"""`probe`: its words, its faces, and logins to the embedded tenant and to any server."""

from __future__ import annotations

import json
import re
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from saying import Say
from shell import Shell

from leftover import left_over
from portineria.cli.faces.junit import junit
from portineria.cli.faces.probe import IN_FULL, print_logins
from portineria.cli.faces.told import Told
from portineria.clock import SystemClock
from portineria.mail.transcript import Line, Side
from portineria.policy.refusals import Stage
from portineria.policy.verdict import Answer, Layer
from portineria.run.probe import Probe, Trouble
from portineria.tenant.mailbox import Protocol
from portineria.tongue.say import ENGLISH, ITALIAN, speak
from published import judged

# --- words ---

MISTAKES = {
    "nobody": ((), "no mailbox is named", "MAILBOX"),
    "no caller": (("a@b.example", "--as", "someone"), "is not a caller", "--as"),
    "no address": (("a@b.example", "--from", "home"), "'home' is no address", "--from"),
    "TLS without a server": (("a@b.example", "--tls", "implicit"), "belongs to --server", "--tls"),
    "a token without a server": (("a@b.example", "--token", "env:T"), "belongs to", "--token"),
    "one password for two": (
        ("a@b.example", "c@b.example", "--password", "env:P"),
        "one password cannot be that of several mailboxes",
        "--password",
    ),
    "no server": (("--server", "mail.example:0"), "is no server", "--server"),
    "a server without a port": (("--server", "mail.example"), "is no server", "--server"),
    "an odd port": (("--server", "mail.example:2525"), "which protocol", "--protocol"),
    "an odd port of IMAP": (("imap", "--server", "h:9930"), "whether TLS comes first", "--tls"),
    "a login of nobody": (("--server", "h:993", "--token", "env:T"), "nobody is named", "MAILBOX"),
    "two logins": (
        ("a@b.example", "--server", "h:993", "--token", "env:T", "--password", "env:T"),
        "a password and a token are two logins",
        "--token",
    ),
    "basic without a password": (
        ("a@b.example", "--server", "h:993", "--token", "env:T", "--as", "basic"),
        "logged in to with what the line names",
        "--as",
    ),
    "no such variable": (("a@b.example", "--password", "env:NO"), "is not set", "--password"),
    "no such list": (("--file", "none.csv"), "cannot be read", "none.csv"),
    "no authorities": (("--server", "h:993", "--ca", "none.pem"), "cannot be used", "none.pem"),
    "an unwritable report": (("a@b.example", "--junit", "no/x.xml"), "cannot be written", "x.xml"),
}


@pytest.mark.parametrize(("words", "why", "where"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_is_said_before_anything_is_asked(
    say: Say, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], why: str, where: str
) -> None:
    monkeypatch.setenv("T", "token")
    said = say("probe", *words, "--json")
    error = said.json["error"]
    assert said.code == 2
    assert why in error["why"]
    assert where in error["where"]


@pytest.mark.parametrize("word", ["hunter2", "hunter2:x", "env:", "https://hunter2"])
def test_a_secret_on_the_line_is_refused_and_never_repeated(say: Say, word: str) -> None:
    said = say("probe", "a@b.example", "--password", word)
    assert said.code == 2
    assert "hunter2" not in said.out + said.err
    assert "env:NAME or file:PATH" in said.err


def test_a_list_with_a_row_that_is_no_address_is_refused_with_its_row(
    say: Say, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text("address\na@b.example\nnobody\n")
    error = say("probe", "--file", "people.csv", "--json").json["error"]
    assert error["where"] == "people.csv:3"
    (tmp_path / "people.csv").write_text("# nobody yet\n")
    assert (
        say("probe", "--file", "people.csv", "--json").json["error"]["why"] == "the list is empty"
    )


# --- faces ---

HOSTILE = "<a href='x'>&amp;\x1b[2J\x00\ufffe]]>@b.example"
LONE = "\ud800"  # half a character, as an argument that is not UTF-8 brings one


def row(answer: Answer, trouble: Trouble | None = None, mailbox: str = "a@b.example") -> Told:
    probe = Probe(
        protocol=Protocol.IMAP,
        mailbox=mailbox,
        caller="basic",
        server="h:993",
        answer=answer,
        because="so",
        stage=Stage.AUTH,
        line="",
        reading=None,
        transcript=(Line(Side.SERVER, "* OK \x1b <b> ]]>"),),
        seconds=1.25,
        tls=None,
    )
    return Told(
        mailbox=mailbox,
        protocol="imap",
        caller="basic",
        answer=answer,
        because=f"because of {mailbox}",
        expected=None,
        unlooked="nobody was to look at the tenant",
        admits=frozenset({Layer.CREDENTIAL}) if answer is Answer.NO else frozenset(),
        leaves=None,
        mends=(),
        trouble=trouble,
        advice="",
        probe=probe,
    )


ROWS = [
    row(Answer.YES),
    row(Answer.UNKNOWN),
    row(Answer.NO),
    row(Answer.UNKNOWN, Trouble.TLS),
    replace(row(Answer.UNKNOWN, Trouble.CREDENTIAL), probe=None),
    row(Answer.NO, mailbox=HOSTILE),
]


def test_junit_has_a_case_a_login_and_could_not_tell_is_never_a_pass() -> None:
    suite = fromstring(junit(ROWS))
    kinds = [
        [part.tag for part in case if part.tag != "system-out"] for case in suite.iter("testcase")
    ]
    assert kinds == [[], ["skipped"], ["failure"], ["error"], ["skipped"], ["failure"]]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "2", "errors": "1", "skipped": "2"}
    case = suite.findall("testcase")[2]
    assert case.get("name") == "IMAP of a@b.example as basic"
    assert (case.get("classname"), case.get("time")) == ("portineria.probe.imap", "1.250")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("type") == "credential"


def test_junit_stays_xml_whatever_a_name_or_a_server_says() -> None:
    (case,) = fromstring(junit([row(Answer.NO, mailbox=HOSTILE + LONE)])).iter("testcase")
    shown = "<a href='x'>&amp;�[2J��]]>@b.example�"
    assert case.get("name") == f"IMAP of {shown} as basic"
    assert case.findtext("system-out") == "S: * OK � <b> ]]>"


def printed(rows: list[Told], capsys: pytest.CaptureFixture[str], **how: bool) -> tuple[int, str]:
    now = SystemClock(lambda _: None).now()  # type: ignore[arg-type, return-value]
    code = print_logins(rows, (), now, **{"as_json": False, "talk": False, **how})
    return code, capsys.readouterr().out


def test_the_table_has_the_worst_first_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = printed(ROWS[:5], capsys)
    table = text[text.index("Answer ") :].splitlines()
    assert code == 1
    assert [line.split("  ")[0] for line in table[1:6]] == [
        "no",
        "could not tell",
        "could not tell",
        "could not tell",
        "yes",
    ]
    assert "TLS" in table[2]
    assert table[-1] == "5 logins: 1 no, 3 could not tell, 1 yes"


def test_every_answer_is_told_in_italian(capsys: pytest.CaptureFixture[str]) -> None:
    speak(ITALIAN)
    try:
        told = printed(ROWS, capsys, talk=True)[1]
    finally:
        speak(ENGLISH)
    assert "accessi: " in told
    ours = [line for line in told.splitlines() if not re.match(r"  [CS*]?:", line)]
    assert left_over("\n".join(ours).replace("because of", "")) == ""


def test_many_are_told_in_a_table_and_with_talk_in_full(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [row(Answer.YES)] * (IN_FULL + 1)
    assert "S: * OK" not in printed(many, capsys)[1]
    assert printed(many, capsys, talk=True)[1].count("S: * OK") == len(many)
    assert printed(many, capsys)[0] == 0


@pytest.mark.parametrize(
    ("rows", "code"), [(ROWS[:1], 0), (ROWS[:2], 3), (ROWS[:3], 1), (ROWS[1:2], 3)]
)
def test_the_worst_answer_is_the_exit_code(
    rows: list[Told], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(rows, capsys)[0] == code
    assert printed(rows, capsys, as_json=True)[0] == code


def test_hostile_names_reach_neither_the_terminal_nor_break_the_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = [row(Answer.NO, mailbox=HOSTILE)]
    assert "\x1b" not in printed(named, capsys)[1]
    assert judged(printed(named, capsys, as_json=True)[1])["results"][0]["mailbox"].endswith(
        "@b.example"
    )


# --- the embedded tenant ---

LAB = ("--profile", "lab", "probe")
ERP, ADA, SCAN = "erp@contoso.example", "ada@contoso.example", "scan@contoso.example"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    found = Shell(tmp_path_factory.mktemp("lab"))
    try:
        found("lab", "up", "--detach", "--seed", "small")
        yield found
    finally:
        found("lab", "down", code=None)


@pytest.fixture(scope="module")
def opened(shell: Shell) -> Shell:
    """SMTP is open for ERP, ADA and SCAN, POP for ERP, and no security defaults stand before a
    password."""
    info = shell.json("lab", "status")
    trust = ssl.create_default_context(cafile=info["ca"])

    def control(method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{info['control']}{path}", data, method=method)
        with urllib.request.urlopen(asked, context=trust) as answer:
            return json.loads(answer.read() or b"null")

    for key, box in control("GET", "/world/mailboxes")["value"].items():
        if box["PrimarySmtpAddress"] in (ERP, ADA, SCAN):
            more = {"SmtpClientAuthenticationDisabled": False, "PopEnabled": True}
            control("PUT", f"/world/mailboxes/{key}", {**box, **more})
    defaults = control("GET", "/world/policies")["value"]["securityDefaults"]
    control("PUT", "/world/policies/securityDefaults", {**defaults, "isEnabled": False})
    return shell


def by_cell(found: Any) -> dict[tuple[str, str, str], Any]:
    return {
        (one["mailbox"], one["protocol"], one["caller"].partition(":")[0]): one
        for one in found["results"]
    }


@pytest.mark.slow
def test_every_caller_is_tried_on_every_protocol(opened: Shell) -> None:
    words = (ERP, ADA, SCAN, "--as", "app", "--as", "user", "--as", "basic", "--junit", "j.xml")
    found = opened.json(*LAB, *words, code=1)
    cells = by_cell(found)
    assert len(cells) == 27
    wanted = {
        (ERP, "imap", "app"): "yes",
        (ERP, "pop", "app"): "yes",
        (ERP, "smtp", "app"): "yes",
        (ADA, "imap", "user"): "yes",
        (ADA, "pop", "user"): "yes",
        (ADA, "smtp", "user"): "yes",
        (ADA, "imap", "basic"): "no",
        (ADA, "pop", "basic"): "no",
        (SCAN, "smtp", "basic"): "yes",
        (ADA, "imap", "app"): "no",
        (ERP, "imap", "user"): "could not tell",
    }
    assert {cell: cells[cell]["answer"] for cell in wanted} == wanted
    for cell, one in cells.items():
        if one["answer"] != "could not tell" and one["expected"] != "could not tell":
            assert one["expected"] == one["answer"], cell
    right = cells[ADA, "imap", "app"]
    assert right["leaves"] == ["mailbox right"]
    assert right["mends"][0]["who"] == "an Exchange Administrator"
    assert "after the login" in cells[ERP, "imap", "app"]["offered"]
    sent = cells[ERP, "smtp", "app"]
    assert sent["stage"] == "mail transaction"
    assert not any(line.startswith(("C: RCPT", "C: DATA")) for line in sent["transcript"])
    assert cells[ERP, "imap", "user"]["trouble"] == "no credential"
    suite = fromstring((opened.folder / "j.xml").read_bytes())
    assert suite.get("tests") == "27"
    assert suite.get("failures") == str(found["counts"]["no"])
    info = opened.json("lab", "status")
    secrets = [info["admin"]["client_secret"], info["mail_app"]["client_secret"]]
    secrets += [person["password"] for person in info["people"] if person["password"]]
    text = json.dumps(found) + (opened.folder / "j.xml").read_text() + opened.err
    assert not any(secret in text for secret in secrets)


@pytest.mark.slow
def test_without_a_look_the_wire_stands_alone(opened: Shell) -> None:
    found = opened.json(*LAB, ADA, "imap", "--as", "app", "--no-look", code=1)
    (one,) = found["results"]
    assert (one["expected"], one["leaves"]) == (None, None)
    assert one["unlooked"] == "nobody was to look at the tenant"
    assert "mailbox right" in one["layers"]
    assert len(one["layers"]) > 2
    assert "mailboxes" not in opened.err


@pytest.mark.slow
def test_of_a_list_who_is_not_there_is_told_and_the_rest_is_tried(opened: Shell) -> None:
    (opened.folder / "people.csv").write_text(f"address\n{ERP}\nnobody@contoso.example\n")
    found = opened.json(*LAB, "--file", "people.csv", "--protocol", "imap", code=3)
    assert [one["answer"] for one in found["results"]] == ["yes", "could not tell"]
    assert "no mailbox of that name" in found["results"][1]["because"]
    opened(*LAB, "nobody@contoso.example", "imap", code=2)
    assert "there is no mailbox 'nobody@contoso.example'" in opened.err


@pytest.mark.slow
def test_deep_tells_of_each_server_its_tls_and_its_hygiene(opened: Shell) -> None:
    found = opened.json(*LAB, ERP, "imap", "smtp", "--deep", code=0)
    imap, smtp = found["servers"]
    assert set(imap["versions"]) == {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
    assert imap["versions"]["TLSv1.3"]["answer"] == "yes"
    assert imap["hygiene"] is None
    assert smtp["hygiene"]["answer"] == "yes"
    assert smtp["certificate"]["days_left"] > 0
    assert smtp["complaints"] == []
    shown = opened(*LAB, ERP, "smtp", "--deep")
    assert "what came in the clear behind STARTTLS was dropped" in shown


@pytest.mark.slow
def test_any_server_is_tried_without_a_profile_and_its_password_by_reference(
    opened: Shell, tmp_path: Path
) -> None:
    info = opened.json("lab", "status")
    known = next(one["password"] for one in info["people"] if one["upn"] == SCAN)
    secret = tmp_path / "secret"
    secret.write_text(known)
    secret.chmod(0o600)
    server = ("--server", info["smtp"], "--protocol", "smtp", "--tls", "starttls")
    words = ("probe", SCAN, *server, "--ca", info["ca"])
    found = opened.json(*words, "--password", f"file:{secret}")
    (one,) = found["results"]
    assert (one["answer"], one["caller"], one["expected"]) == ("yes", "basic", None)
    assert known not in json.dumps(found)
    (nobody,) = opened.json(*words[:1], *words[2:], code=3)["results"]
    assert (nobody["caller"], nobody["trouble"]) == ("nobody", "no credential")
    untrusted = opened.json("probe", *server, code=3)
    assert untrusted["results"][0]["trouble"] == "TLS"
    assert untrusted["servers"][0]["certificate"]["names"][0] == "localhost"
    opened("probe", *server, code=3)
