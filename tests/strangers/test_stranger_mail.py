"""Mail programs that nobody here wrote, unmodified, at every state of the door: in where it is
open, out where it is not, with Exchange Online's words.

One table: program × protocol × state. `states.py` holds the states and what must be met in each,
`clients/` the programs. In is more than a login: a letter is fetched, or sent and seen to arrive.
"""

from __future__ import annotations

import asyncio
import base64
import json
import poplib
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from arranging import Change, arranged, blocking, security_defaults, user
from clients import PROGRAMS, python_poplib
from clients.node import Node, NodeProgram
from clients.program import Errand, Own, Program, Protocol, run
from clients.python_imaplib import inbox, letters
from running_lab import Doors
from states import (
    ADA,
    BRUNO,
    INVOICES,
    LEAVER,
    STATES,
    WAITING,
    In,
    Out,
    State,
    errand,
    of_ada,
)

from portineria.clock import SystemClock
from portineria.doors.stream import TcpDial
from portineria.lab.authority import authority
from portineria.mail.conversation import Password, Token
from portineria.policy.refusals import CallerKind
from portineria.policy.verdict import Answer, Layer
from portineria.run.probe import Ask, Probe, probe
from portineria.run.probe import Tls as ProbeTls
from portineria.secret import Secret as SecretText
from portineria.tenant.mailbox import Protocol as MailProtocol

pytestmark = pytest.mark.stranger

ROWS = [
    (state, protocol, program)
    for state in STATES
    for protocol in state.meets
    for program in PROGRAMS
    if protocol in program.speaks and program.name not in state.without
    if program.starttls or state.tls[protocol] != "starttls"
]
SPEAKERS = [(program, protocol) for program in PROGRAMS for protocol in sorted(program.speaks)]
NUMBERS = count(1)


@pytest.fixture(scope="module")
def state(request: pytest.FixtureRequest, lab: Doors) -> Iterator[tuple[State, str]]:
    """A state, arranged, and the secret that a program comes with; once for all its rows."""
    wanted: State = request.param
    with arranged(lab, wanted.changes):
        yield wanted, wanted.secret(lab)


def made(program: type[Program], node: Node) -> Program:
    return program(node) if issubclass(program, NodeProgram) else program()


@pytest.mark.parametrize(
    ("state", "protocol", "program"),
    ROWS,
    indirect=["state"],
    ids=[f"{program.name}, {protocol}, {state.name}" for state, protocol, program in ROWS],
)
def test_in_where_it_is_open_and_out_with_the_reason_where_it_is_not(
    lab: Doors,
    node: Node,
    state: tuple[State, str],
    protocol: Protocol,
    program: type[Program],
    tmp_path: Path,
) -> None:
    of, secret = state
    letter = WAITING if protocol != "smtp" else f"Letter {next(NUMBERS)} by {program.name}"
    asked = errand(lab, protocol, secret, of, letter=letter)
    lab.forget()
    outcome = made(program, node).go(asked, tmp_path)
    match of.meets[protocol]:
        case In():
            assert outcome.done, outcome.shown
            assert letter in (arrived(lab) if protocol == "smtp" else outcome.fetched)
            assert {row["path"] for row in lab.history()} == {"accepted"}
        case Out() as out:
            assert not outcome.done
            assert letter not in outcome.fetched
            own = program.own.get((protocol, of.occasion), Own(out.says, sent=True))
            assert bare_of(own.shows) in spoken(outcome.shown), outcome.shown
            assert_uttered(lab, out.gate if own.sent else "", out.says, own.shows)


def assert_uttered(lab: Doors, gate: str, *sentences: str) -> None:
    """By the lab's own history this gate refused, with one of the sentences, and no letter was
    taken; with gate "" nothing was even refused."""
    heard = lab.history()
    assert ("smtp message", "accepted") not in [(row["operation"], row["path"]) for row in heard]
    refused = [row for row in heard if row["path"] != "accepted"]
    assert {row["path"] for row in refused} == ({gate} if gate else set()), refused
    said = "\n".join(spoken(row["said"]) for row in refused)
    # What the bracket at the end holds is another each time.
    assert not gate or any(bare_of(each).rstrip("[ ") in said for each in sentences), said


def bare_of(sentence: str) -> str:
    """Without the status before it, which some programs leave out."""
    return spoken(sentence.removeprefix("-ERR ").removeprefix("BAD ").removeprefix("NO "))


def spoken(text: str) -> str:
    """Some programs fold lines."""
    return re.sub(r"\s+", " ", text)


def arrived(lab: Doors) -> str:
    """The letters in the mailbox that letters are sent to, read by an application."""
    with inbox(errand(lab, "imap", lab.app_token(), user=INVOICES)) as box:
        return "\n".join(letters(box))


# --- our own probe comes to the same door, and hears the same ---

LAYERS = {
    "protocol flag": Layer.MAILBOX_SWITCH,
    "tenant switch": Layer.TENANT_SWITCH,
    "mailbox switch": Layer.MAILBOX_SWITCH,
    "mailbox right": Layer.MAILBOX_RIGHT,
    "service principal": Layer.SERVICE_PRINCIPAL,
    "mailbox": Layer.RECIPIENT,
    "licence": Layer.LICENCE,
    "token": Layer.CREDENTIAL,
    "security defaults": Layer.SECURITY_DEFAULTS,
    "retirement": Layer.BASIC_RETIREMENT,
    "authentication policy": Layer.AUTHENTICATION_POLICY,
    "conditional access": Layer.CONDITIONAL_ACCESS,
    "credentials": Layer.CREDENTIAL,
    "account locked": Layer.ACCOUNT,
    "sign-in": Layer.ACCOUNT,
}
PROBED = [
    (state, protocol)
    for state in STATES
    for protocol in state.meets
    # It never speaks without TLS, and never sends mail, under whatever name.
    if state.occasion != "clear" and not state.sender
]


@pytest.mark.parametrize(
    ("state", "protocol"),
    PROBED,
    indirect=["state"],
    ids=[f"probe, {protocol}, {state.name}" for state, protocol in PROBED],
)
def test_our_probe_gets_in_where_the_strangers_do_and_names_the_layer_where_they_do_not(
    lab: Doors, state: tuple[State, str], protocol: Protocol
) -> None:
    of, secret = state
    found = probed(errand(lab, protocol, secret, of), "user" if of.secret is of_ada else "app")
    said = "\n".join(map(str, found.transcript))
    assert secret[:12] not in said
    match of.meets[protocol]:
        case In():
            assert found.answer is Answer.YES, said
            assert (found.tls or "").startswith("TLSv1.")
        case Out() as out:
            assert found.answer is Answer.NO, said
            assert found.reading is not None
            assert LAYERS[out.gate] in found.reading.layers


def probed(asked: Errand, caller: CallerKind) -> Probe:
    kind = Password if asked.kind == "password" else Token
    wanted = Ask(
        protocol=MailProtocol(asked.protocol),
        host=asked.host,
        port=asked.port,
        tls=ProbeTls(asked.tls),
        mailbox=asked.user,
        credential=kind(asked.user, SecretText(asked.secret)),
        caller="basic" if asked.kind == "password" else caller,
    )
    return asyncio.run(probe(TcpDial(asked.ca), SystemClock(asyncio.sleep), wanted))


# --- more than the table asks ---


@pytest.mark.parametrize(
    ("program", "protocol"),
    SPEAKERS,
    ids=[f"{program.name}, {protocol}" for program, protocol in SPEAKERS],
)
def test_none_of_them_speaks_to_a_server_whose_authority_it_does_not_know(
    lab: Doors, node: Node, program: type[Program], protocol: Protocol, tmp_path: Path
) -> None:
    """So the table proves also that each of them checks the lab's certificate."""
    unknown = authority(tmp_path / "another", lab.clock).path
    asked = replace(errand(lab, protocol, lab.app_token()), ca=unknown)
    lab.forget()
    (tmp_path / "own").mkdir()
    outcome = made(program, node).go(asked, tmp_path / "own")
    assert not outcome.done
    assert re.search("certificate|trust|verif", outcome.shown, re.IGNORECASE), outcome.shown
    assert lab.history() == []


def test_tokens_are_as_long_as_those_that_programs_stumble_over(lab: Doors) -> None:
    """Real access tokens have 1.5 to 2.5 kB."""
    for token in (lab.app_token(), lab.person_token(ADA)):
        assert 2_100 <= len(token) <= 2_500


def test_pop_takes_no_token_in_one_line(lab: Doors) -> None:
    """Exchange Online documents the form in two lines only."""
    asked = errand(lab, "pop", lab.app_token())
    line = base64.b64encode(asked.xoauth2().encode()).decode()
    client = python_poplib.connected(asked)
    try:
        with pytest.raises(poplib.error_proto, match="-ERR Authentication failure: unknown user"):
            python_poplib.command(client, f"AUTH XOAUTH2 {line}")
    finally:
        client.close()


# Where Conditional Access, security defaults or the account itself refuse a token, a mail program
# never comes to the mail server: its helper gets no token. Here the helper is curl.
NO_TOKENS = {
    "Conditional Access blocks the person": (
        ADA,
        "AADSTS53003",
        (security_defaults(on=False), blocking("Block all", "all")),
    ),
    "security defaults want a second factor of an administrator": (
        "helpdesk@contoso.example",
        "AADSTS50079",
        (),
    ),
    "per-user MFA is enforced": (BRUNO, "AADSTS50076", (user(BRUNO, perUserMfaState="enforced"),)),
    "the account is disabled": (LEAVER, "AADSTS50057", ()),
    "the sessions were revoked": (
        ADA,
        "AADSTS50173",
        (user(ADA, signInSessionsValidFromDateTime="2100-01-01T00:00:00Z"),),
    ),
}


@pytest.mark.parametrize(
    ("who", "code", "changes"),
    NO_TOKENS.values(),
    ids=[f"curl, token, {name}" for name in NO_TOKENS],
)
def test_no_token_is_given_where_the_sign_in_is_refused(
    lab: Doors, who: str, code: str, changes: tuple[Change, ...], tmp_path: Path
) -> None:
    url = f"{lab.info['login']}/{lab.info['tenant']}/oauth2/v2.0/token"
    with arranged(lab, changes):
        form = lab.signed_in(who)
        fields = "".join(f'data-urlencode = "{name}={value}"\n' for name, value in form.items())
        ended = run(
            tmp_path, "curl", "-q", "-s", "--cacert", str(lab.ca), "-K", "-", url, text=fields
        )
    answer = json.loads(ended.out)
    assert answer["error"] == "invalid_grant"
    assert answer["error_description"].startswith(f"{code}: ")
    assert "access_token" not in answer
