"""A probe answers yes or no only when the server said so, and says why when it cannot tell."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from portineria.clock import VirtualClock
from portineria.fault import ServiceFault
from portineria.mail.conversation import Credential, Nobody, Password, Token, When
from portineria.policy.refusals import CallerKind, Stage
from portineria.policy.verdict import Answer, Layer
from portineria.run.attempt import FIRST, LAST
from portineria.run.mistaken import advice_for
from portineria.run.ports import Stream
from portineria.run.probe import (
    Ask,
    Cut,
    NotReached,
    NotTrusted,
    Probe,
    TimedOut,
    Tls,
    TlsFailed,
    Trouble,
    no_token,
    probe,
)
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

IMAP, POP, SMTP = Protocol
ADA = "ada@contoso.example"
TOKEN = Token(ADA, Secret("eyJ0" + "aB3-_z" * 370))
PASSWORD = Password(ADA, Secret("correct horse"))
OFF = "535 5.7.139 Authentication unsuccessful, "


class Scripted:
    """A server that says its next piece whenever it is read from; None cuts the connection."""

    def __init__(self, clock: VirtualClock, pieces: list[str | Cut], tls: bool) -> None:
        self._clock = clock
        self._pieces = list(pieces)
        self.tls_version = "TLSv1.3" if tls else ""
        self.said = b""
        self.closed = False

    async def read(self) -> bytes:
        await self._clock.sleep(0.5)
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        if isinstance(piece, Cut):
            raise piece
        return piece.replace("\n", "\r\n").encode()

    async def write(self, data: bytes) -> None:
        self.said += data

    async def start_tls(self) -> None:
        self.tls_version = "TLSv1.2"

    async def close(self) -> None:
        self.closed = True


class Dialled:
    """A network with one server; remembers how it was called."""

    def __init__(self, *pieces: str | Cut, refuses: Cut | None = None) -> None:
        self.clock = VirtualClock(datetime(2026, 11, 4, tzinfo=UTC))
        self.pieces = list(pieces)
        self.refuses = refuses
        self.called: list[object] = []
        self.stream: Scripted | None = None

    async def __call__(
        self, host: str, port: int, *, tls: bool, source: str | None = None
    ) -> Stream:
        self.called.append((host, port, tls, source))
        if self.refuses:
            raise self.refuses
        self.stream = Scripted(self.clock, self.pieces, tls)
        return self.stream

    async def asked(
        self,
        protocol: Protocol,
        credential: Credential | Nobody = TOKEN,
        caller: CallerKind = "app",
        tls: Tls = Tls.IMPLICIT,
        source: str | None = None,
        *,
        closer: bool = False,
        foreign: bool = False,
    ) -> Probe:
        ask = Ask(
            protocol=protocol,
            host="mail.contoso.example",
            port=993,
            tls=tls,
            mailbox=ADA,
            credential=credential,
            caller=caller,
            source=source,
            closer=closer,
            foreign=foreign,
        )
        found = await probe(self, self.clock, ask)
        if self.stream is not None:
            assert self.stream.closed
        return found


IMAP_IN = (
    "* OK The Microsoft Exchange IMAP4 service is ready. [TQBO]\n",
    "* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR\nA1 OK CAPABILITY completed.\n",
    "+ \n",
    "A2 OK AUTHENTICATE completed.\n",
)
POP_IN = (
    "+OK ready\n",
    "+OK\nSASL PLAIN XOAUTH2\nUSER\n.\n",
    "+ \n",
    "+OK User successfully authenticated.\n",
)
SMTP_IN = ("220 ready\n", "250-x\n250 AUTH LOGIN XOAUTH2\n", "334 \n")


async def test_imap_is_open_when_the_inbox_opens() -> None:
    net = Dialled(*IMAP_IN, "A3 OK [READ-ONLY] EXAMINE completed.\n", "* BYE\nA4 OK\n")
    found = await net.asked(IMAP)
    assert found.answer is Answer.YES
    assert found.stage is Stage.FIRST_COMMAND
    assert found.tls == "TLSv1.3"
    assert found.seconds == 3.0
    assert net.stream is not None
    assert net.stream.said.endswith(b"A3 EXAMINE INBOX\r\nA4 LOGOUT\r\n")


async def test_imap_that_accepts_the_login_and_shuts_the_inbox_is_a_no() -> None:
    net = Dialled(*IMAP_IN, "A3 BAD User is authenticated but not connected.\n", "A4 OK\n")
    found = await net.asked(IMAP)
    assert found.answer is Answer.NO
    assert found.reading is not None
    assert found.reading.layers >= {Layer.MAILBOX_SWITCH, Layer.MAILBOX_RIGHT}
    assert found.line == "A3 BAD User is authenticated but not connected."


async def test_imap_for_a_password_stops_where_none_is_taken() -> None:
    net = Dialled(*IMAP_IN[:2], "A2 OK\n")
    found = await net.asked(IMAP, PASSWORD, "basic")
    assert found.answer is Answer.NO
    assert found.reading is not None
    assert found.reading.layers == {Layer.BASIC_RETIREMENT}
    assert net.stream is not None
    assert b"correct horse" not in net.stream.said


async def test_pop_is_judged_at_its_first_command() -> None:
    opened = await Dialled(*POP_IN, "+OK 0 0\n", "+OK bye\n").asked(POP)
    shut = await Dialled(*POP_IN, "-ERR Command is not valid in this state.\n", "+OK\n").asked(POP)
    assert (opened.answer, shut.answer) == (Answer.YES, Answer.NO)


async def test_smtp_is_open_at_235_and_sends_no_mail() -> None:
    net = Dialled(*SMTP_IN, "235 2.7.0 Authentication successful target host X\n", "221 bye\n")
    found = await net.asked(SMTP)
    assert found.answer is Answer.YES
    assert found.stage is Stage.AUTH
    assert net.stream is not None
    assert b"MAIL" not in net.stream.said


@pytest.mark.parametrize(
    ("line", "layers"),
    [
        (
            f"{OFF}SmtpClientAuthentication is disabled for the Mailbox. [X]",
            {Layer.MAILBOX_SWITCH},
        ),
        (f"{OFF}SmtpClientAuthentication is disabled for the Tenant. [X]", {Layer.TENANT_SWITCH}),
        (
            f"{OFF}basic authentication is disabled. [X]",
            {Layer.AUTHENTICATION_POLICY, Layer.BASIC_RETIREMENT},
        ),
    ],
)
async def test_smtp_refusals_name_their_layers(line: str, layers: set[Layer]) -> None:
    net = Dialled(*SMTP_IN, "334 UGFzc3dvcmQ6\n", line + "\n", "221 bye\n")
    found = await net.asked(SMTP, PASSWORD, "basic")
    assert found.answer is Answer.NO
    assert found.reading is not None
    assert found.reading.layers == layers
    assert found.line == line


@pytest.mark.parametrize(
    ("pieces", "because", "stage"),
    [
        ((), "closed the connection", Stage.GREETING),
        (IMAP_IN[:2], "closed the connection", Stage.AUTH),
        ((*IMAP_IN[:1], Cut("mail.contoso.example:993 cut the connection")), "cut", Stage.GREETING),
        ((TimedOut("mail.contoso.example:993 did not answer in time"),), "in time", Stage.GREETING),
        (
            (*IMAP_IN[:3], "A2 NO Server Unavailable. 15\n", "A3 OK\n"),
            "could not reach",
            Stage.AUTH,
        ),
        (
            (*IMAP_IN, "A3 BAD Request is throttled. Suggested Backoff Time: 5 milliseconds\n"),
            "throttles",
            Stage.FIRST_COMMAND,
        ),
        (
            (*IMAP_IN, "* BYE Connection closed. 14\n"),
            "ended the conversation",
            Stage.FIRST_COMMAND,
        ),
        ((*IMAP_IN, "A3 NO something quite new\n"), "not in the catalogue", Stage.FIRST_COMMAND),
        (("HTTP/1.1 400 Bad Request\n",), "not the greeting", Stage.GREETING),
        (("* BYE too busy\n",), "ended the conversation", Stage.GREETING),
        (
            (
                "* OK hi\n",
                "* CAPABILITY IMAP4rev1 AUTH=PLAIN\nA1 OK\n",
                "A2 OK\n",
            ),
            "XOAUTH2 is not offered",
            Stage.CAPABILITY,
        ),
    ],
)
async def test_everything_else_is_could_not_tell_because(
    pieces: tuple[str | Cut, ...], because: str, stage: Stage
) -> None:
    found = await Dialled(*pieces).asked(IMAP)
    assert found.answer is Answer.UNKNOWN
    assert because in found.because
    assert found.stage is stage


@pytest.mark.parametrize(
    ("cut", "stage"),
    [
        (TlsFailed("the handshake was cut", where="x"), Stage.TLS),
        (NotReached("mail.contoso.example:993 cannot be reached"), Stage.CONNECT),
        (NotTrusted("the certificate is not trusted"), Stage.TLS),
        (TimedOut("mail.contoso.example:993 did not answer in time"), Stage.CONNECT),
    ],
)
async def test_no_way_to_the_server_is_could_not_tell(cut: Cut, stage: Stage) -> None:
    found = await Dialled(refuses=cut).asked(POP)
    assert (found.answer, found.stage, found.because) == (Answer.UNKNOWN, stage, cut.why)
    assert str(found.transcript[-1]) == f"*: {cut.why}"


async def test_a_verdict_stands_though_the_goodbye_is_cut() -> None:
    net = Dialled(*SMTP_IN, "235 2.7.0 Authentication successful\n", Cut("cut"))
    assert (await net.asked(SMTP)).answer is Answer.YES
    net = Dialled(*SMTP_IN, "535 5.7.3 Authentication unsuccessful [X]\n", TimedOut("late"))
    assert (await net.asked(SMTP)).answer is Answer.NO


@pytest.mark.parametrize(
    ("piece", "because", "most"),
    [("*", "did not end a line within 30 seconds", 31), ("* OK\n* NO\n", "120 seconds", 125)],
)
async def test_a_server_that_drips_for_ever_is_given_up(
    piece: str, because: str, most: float
) -> None:
    """Octets without a line, or whole lines without an answer."""
    begin = [] if piece == "*" else ["* OK hi\n"]
    found = await Dialled(*begin, *([piece.splitlines(True)[-1]] * 400)).asked(IMAP)
    assert found.answer is Answer.UNKNOWN
    assert because in found.because
    assert found.trouble is Trouble.NETWORK
    assert found.seconds < most


async def test_a_flood_is_shown_by_its_beginning_and_its_end() -> None:
    found = await Dialled("* OK hi\n", *(["* NO wait\n"] * 200)).asked(IMAP)
    shown = [str(line) for line in found.transcript]
    assert len(shown) == FIRST + LAST + 1
    assert shown[FIRST].endswith("more lines)")


async def test_who_looks_closer_hears_what_is_offered_and_whether_the_sender_is_taken() -> None:
    net = Dialled(*SMTP_IN, "235 in\n", "250 2.1.0 Sender OK\n", "221 bye\n")
    found = await net.asked(SMTP, closer=True)
    assert (found.answer, found.stage) == (Answer.YES, Stage.MAIL)
    assert "nothing sent" in found.because
    assert found.offered[When.TLS] == ("AUTH LOGIN XOAUTH2",)
    assert net.stream is not None
    assert net.stream.said.endswith(b"MAIL FROM:<ada@contoso.example>\r\nQUIT\r\n")
    refused = Dialled(*SMTP_IN, "235 in\n", "550 5.7.60 SMTP; Client does not have\n", "221\n")
    found = await refused.asked(SMTP, closer=True)
    assert (found.answer, found.stage) == (Answer.NO, Stage.MAIL)
    assert found.reading is not None
    assert found.reading.layers == {Layer.MAILBOX_RIGHT}


async def test_a_login_that_holds_until_the_connection_is_cut_could_not_be_told_closer() -> None:
    net = Dialled(*SMTP_IN, "235 in\n", Cut("cut"))
    found = await net.asked(SMTP, closer=True)
    assert (found.answer, found.trouble) == (Answer.UNKNOWN, Trouble.NETWORK)


async def test_a_foreign_server_is_read_by_the_rfcs() -> None:
    said = ("+ \n", "A2 NO [AUTHENTICATIONFAILED] Authentication failed.\n", "A3 OK\n")
    for foreign, answer in ((True, Answer.NO), (False, Answer.UNKNOWN)):
        found = await Dialled(*IMAP_IN[:2], *said).asked(IMAP, foreign=foreign)
        assert found.answer is answer


async def test_without_a_credential_the_server_is_looked_at_and_left() -> None:
    net = Dialled(*IMAP_IN[:2], "A2 OK\n")
    found = await net.asked(IMAP, Nobody())
    assert (found.answer, found.trouble) == (Answer.UNKNOWN, Trouble.CREDENTIAL)
    assert "LOGINDISABLED" in found.offered[When.TLS]
    assert net.stream is not None
    assert b"AUTHENTICATE" not in net.stream.said


async def test_starttls_comes_before_the_credential_or_nothing_is_said() -> None:
    net = Dialled(
        "220 ready\n",
        "250-x\n250 STARTTLS\n",
        "220 go\n",
        "250-x\n250 AUTH XOAUTH2\n",
        "334 \n",
        "235 2.7.0 Authentication successful\n",
        "221 bye\n",
    )
    found = await net.asked(SMTP, tls=Tls.STARTTLS)
    assert found.answer is Answer.YES
    assert found.tls == "TLSv1.2"
    assert net.called == [("mail.contoso.example", 993, False, None)]
    bare = Dialled("220 ready\n", "250-x\n250 AUTH XOAUTH2\n", "221 bye\n")
    refused = await bare.asked(SMTP, tls=Tls.STARTTLS)
    assert refused.answer is Answer.UNKNOWN
    assert "no TLS" in refused.because
    assert bare.stream is not None
    assert bare.stream.said == b"EHLO [127.0.0.1]\r\nQUIT\r\n"


async def test_the_source_address_reaches_the_dial() -> None:
    net = Dialled(refuses=NotReached("no"))
    await net.asked(SMTP, source="127.0.0.9")
    assert net.called == [("mail.contoso.example", 993, True, "127.0.0.9")]


@pytest.mark.parametrize("credential", [TOKEN, PASSWORD])
async def test_nothing_of_a_probe_shows_the_secret(credential: Credential) -> None:
    secret = credential.secret.reveal()
    encoded = b64encode(secret.encode()).decode()
    net = Dialled(
        *SMTP_IN[:2],
        f"535 5.7.3 you said {secret} or {encoded}\n",
        "221 bye\n",
    )
    caller: CallerKind = "app" if credential is TOKEN else "basic"
    found = await net.asked(SMTP, credential, caller)
    assert found.answer is Answer.NO
    for text in (repr(found), found.line, "\n".join(map(str, found.transcript))):
        assert secret[:8] not in text
        assert encoded[:8] not in text
    assert found.line == "535 5.7.3 you said <secret> or <secret>"


def test_an_ask_does_not_show_its_credential() -> None:
    ask = Ask(
        protocol=IMAP,
        host="h",
        port=1,
        tls=Tls.IMPLICIT,
        mailbox=ADA,
        credential=PASSWORD,
        caller="basic",
    )
    assert "horse" not in repr(ask)


@pytest.mark.parametrize(
    ("code", "layer"),
    [
        ("AADSTS53003", Layer.CONDITIONAL_ACCESS),
        ("AADSTS65001", Layer.CONSENT),
        ("AADSTS530035", Layer.SECURITY_DEFAULTS),
    ],
)
def test_a_token_that_is_refused_is_an_answer_of_the_access(code: str, layer: Layer) -> None:
    fault = ServiceFault("no token was given", where="login", evidence={"code": code})
    found = no_token(fault, Protocol.IMAP, "ada@contoso.example", "user")
    assert found is not None
    assert (found.answer, found.stage) == (Answer.NO, Stage.SIGN_IN)
    assert found.reading is not None
    assert layer in found.reading.layers


@pytest.mark.parametrize("evidence", [{}, {"code": "AADSTS1"}, {"code": 503}])
def test_a_token_that_failed_for_an_unknown_reason_is_no_answer(evidence: dict) -> None:
    fault = ServiceFault("the token service failed", evidence=evidence)
    assert no_token(fault, Protocol.IMAP, "ada@contoso.example", "user") is None


@pytest.mark.parametrize(
    ("line", "protocol", "told"),
    [
        ("HTTP/1.1 400 Bad Request", IMAP, "web server"),
        ("<html>", POP, "web server"),
        ("SSH-2.0-OpenSSH", SMTP, "SSH"),
        ("* OK ready", SMTP, "--protocol imap"),
        ("+OK ready", IMAP, "--protocol pop"),
        ("220 ready", IMAP, "--protocol smtp"),
        ("\\x15\\x03\\x01", IMAP, "--tls implicit"),
        ("220 ready", SMTP, ""),
        ("what is this", IMAP, ""),
    ],
)
def test_a_server_that_is_another_is_named(line: str, protocol: Protocol, told: str) -> None:
    advice = advice_for(line, protocol)
    assert told in advice
    assert bool(told) == bool(advice)
