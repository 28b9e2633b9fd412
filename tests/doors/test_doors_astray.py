"""The probe against bad servers on real sockets: each a verdict in time, none a traceback, and
never more than a little memory."""

from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from badservers import (
    Serve,
    asking_for_ever,
    dripping,
    flooding,
    in_the_clear_after_all,
    refusing_the_handshake,
    saying,
    serving,
    silent,
    starttls,
    then_close,
)

from chains import Chain, make_chain
from portineria.clock import SystemClock
from portineria.doors import tlsversions
from portineria.doors.stream import TcpDial
from portineria.doors.tlsversions import Lookers
from portineria.mail.conversation import Nobody, Password, Token
from portineria.policy.verdict import Answer
from portineria.run.probe import Ask, Patience, Probe, Tls, Trouble, probe
from portineria.run.survey import Survey, survey
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

IMAP, POP, SMTP = Protocol
ADA = "ada@contoso.example"
TOKEN = Token(ADA, Secret("eyJ0" + "aB3-_z" * 370))
WAIT = 1.0  # seconds that a look waits: a server may stay silent behind its handshake
AMPLE = 2.0  # seconds that a probe waits: a slow machine reads a flood to its limit in them
MOST = 6_000_000  # octets of memory at the worst moment
HELLO = b"* OK hi\r\n"
OFFER = b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\nA1 OK done\r\n"


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("good"))


def ask(port: int, tls: Tls, protocol: Protocol, credential: object = TOKEN) -> Ask:
    return Ask(
        protocol=protocol,
        host="127.0.0.1",
        port=port,
        tls=tls,
        mailbox=ADA,
        credential=credential,  # type: ignore[arg-type]
        caller="user",
        closer=True,
        foreign=True,
        patience=Patience(line=AMPLE, whole=4 * AMPLE),
    )


async def tried(
    serve: Serve,
    trusts: Chain,
    context: ssl.SSLContext | None = None,
    tls: Tls = Tls.IMPLICIT,
    protocol: Protocol = IMAP,
) -> Probe:
    clock = SystemClock(asyncio.sleep)
    began = monotonic()
    async with serving(serve, context) as port:
        tracemalloc.start()
        try:
            found = await probe(TcpDial(trusts.ca, limit=AMPLE), clock, ask(port, tls, protocol))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert monotonic() - began < 10
        assert most < MOST
    assert TOKEN.secret.reveal()[:8] not in repr(found)
    assert sum(len(line.text) for line in found.transcript) < 100_000
    return found


IN_TLS: dict[str, tuple[Serve, Protocol, Trouble, str]] = {
    "silent": (silent, IMAP, Trouble.NETWORK, "did not answer in time"),
    "closing at once": (then_close(), IMAP, Trouble.NETWORK, "closed the connection"),
    "closing in a greeting": (then_close(b"* O"), IMAP, Trouble.NETWORK, "closed the connection"),
    "closing mid-literal": (
        then_close(HELLO, b"* X {1000}\r\nabc"),
        IMAP,
        Trouble.NETWORK,
        "closed the connection",
    ),
    "a literal of absurd size": (
        saying(HELLO, b"* X {9999999999}\r\n"),
        IMAP,
        Trouble.PROTOCOL,
        "literal too long",
    ),
    "a line of 10 MB": (
        flooding(b"* OK ", b"x" * 100_000),
        IMAP,
        Trouble.PROTOCOL,
        "a line without an end",
    ),
    "a greeting that never ends": (dripping, IMAP, Trouble.NETWORK, "did not end a line within"),
    "an SMTP greeting of endless lines": (
        flooding(b"", b"220-more\r\n" * 100),
        SMTP,
        Trouble.PROTOCOL,
        "says too much",
    ),
    "HTTP": (
        saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        IMAP,
        Trouble.PROTOCOL,
        "not the greeting of an IMAP server",
    ),
    "garbage": (
        saying(bytes(range(128, 256)) + b"\0\xff\r\n"),
        POP,
        Trouble.PROTOCOL,
        "not the answer of a POP3 server",
    ),
    "asking for ever": (
        asking_for_ever,
        IMAP,
        Trouble.PROTOCOL,
        "keeps asking after everything was said",
    ),
    "a flood of capabilities": (
        flooding(HELLO, b"* CAPABILITY " + b"X" * 200 + b"\r\n"),
        IMAP,
        Trouble.PROTOCOL,
        "says too much",
    ),
    "a POP list without an end": (
        flooding(b"+OK\r\n+OK\r\n", b"TOP\r\n" * 100),
        POP,
        Trouble.PROTOCOL,
        "says too much",
    ),
    "another protocol's greeting": (
        saying(b"220 mail ESMTP\r\n"),
        POP,
        Trouble.PROTOCOL,
        "not the answer of a POP3 server",
    ),
    "an answer to somebody else": (
        saying(HELLO, b"Z9 OK yours\r\n"),
        IMAP,
        Trouble.PROTOCOL,
        "not an answer to our command",
    ),
}


@pytest.mark.parametrize(("serve", "protocol", "trouble", "because"), IN_TLS.values(), ids=IN_TLS)
async def test_a_bad_server_behind_good_tls_is_a_verdict(
    good: Chain, serve: Serve, protocol: Protocol, trouble: Trouble, because: str
) -> None:
    found = await tried(serve, good, good.context(), protocol=protocol)
    assert (found.answer, found.trouble) == (Answer.UNKNOWN, trouble)
    assert because in found.because
    assert found.facts is not None
    assert found.facts.trusted


CLEAR: dict[str, tuple[Serve, Protocol, Trouble, str]] = {
    "silent, as one that waits for TLS": (silent, IMAP, Trouble.NETWORK, "--tls implicit"),
    "STARTTLS not offered": (
        saying(b"220 hi\r\n", b"250 x\r\n", b"221 bye\r\n"),
        SMTP,
        Trouble.TLS,
        "",
    ),
    "STARTTLS refused": (
        saying(HELLO, b"* CAPABILITY STARTTLS\r\nA1 OK\r\n", b"A2 NO not today\r\n", b"A3 OK\r\n"),
        IMAP,
        Trouble.TLS,
        "",
    ),
    "STARTTLS without a handshake": (
        then_close(b"220 hi\r\n", b"250 STARTTLS\r\n", b"220 go\r\n"),
        SMTP,
        Trouble.TLS,
        "",
    ),
    "plain text in place of a handshake": (
        in_the_clear_after_all,
        SMTP,
        Trouble.TLS,
        "",
    ),
    "TLS in place of a greeting": (
        saying(b"\x15\x03\x01\x00\x02\x02\x28\r\n"),
        IMAP,
        Trouble.PROTOCOL,
        "--tls implicit",
    ),
    "a web server": (
        saying(b"HTTP/1.0 400 Bad Request\r\n"),
        SMTP,
        Trouble.PROTOCOL,
        "a web server answers here",
    ),
    "an IMAP server": (saying(HELLO), POP, Trouble.PROTOCOL, "--protocol imap"),
}


@pytest.mark.parametrize(("serve", "protocol", "trouble", "advice"), CLEAR.values(), ids=CLEAR)
async def test_a_bad_start_in_the_clear_is_a_verdict_and_no_secret_was_said(
    good: Chain, serve: Serve, protocol: Protocol, trouble: Trouble, advice: str
) -> None:
    found = await tried(serve, good, tls=Tls.STARTTLS, protocol=protocol)
    assert (found.answer, found.trouble) == (Answer.UNKNOWN, trouble)
    assert advice in found.advice
    assert found.tls is None
    assert not any("<token" in line.text for line in found.transcript)


async def test_plain_text_where_tls_was_meant_says_so(good: Chain) -> None:
    found = await tried(saying(b"220 this is not TLS\r\n"), good)
    assert found.trouble is Trouble.TLS
    assert "does not speak TLS here" in found.because
    assert found.advice == "it answered in the clear: try --tls starttls, or check the port"


async def test_nobody_there_is_a_trouble_of_the_network(good: Chain) -> None:
    async with serving(silent) as port:
        pass
    found = await probe(TcpDial(good.ca), SystemClock(asyncio.sleep), ask(port, Tls.IMPLICIT, IMAP))
    assert (found.answer, found.trouble) == (Answer.UNKNOWN, Trouble.NETWORK)


async def test_what_comes_between_starttls_and_the_handshake_is_counted_and_never_heard(
    good: Chain,
) -> None:
    serve = starttls(good.context(), injected=b"250 AUTH XOAUTH2\r\n235 in\r\n")
    found = await tried(serve, good, tls=Tls.STARTTLS, protocol=SMTP)
    assert found.dropped > 0
    assert found.answer is Answer.UNKNOWN
    assert "AUTH XOAUTH2" not in "".join(map(str, found.transcript))


# --- certificates ---

BAD: dict[str, tuple[Callable[[Path], Chain], str, bool]] = {
    "another name": (
        lambda folder: make_chain(folder, name="other.example"),
        "it is made out to other.example, not to 127.0.0.1",
        True,
    ),
    "expired": (lambda folder: make_chain(folder, days=-3), "it expired on ", True),
    "signed by itself": (
        lambda folder: make_chain(folder, alone=True),
        "it is signed by itself, by no authority",
        True,
    ),
    "an unknown authority": (make_chain, "", False),
}


async def looked(
    serve: Serve, context: ssl.SSLContext | None, tls: Tls, protocol: Protocol, deep: bool = True
) -> Survey:
    async with serving(serve, context) as port:
        wanted = ask(port, tls, protocol, Nobody())
        return await survey(wanted, Lookers(limit=WAIT), SystemClock(asyncio.sleep), deep=deep)


@pytest.mark.parametrize(("make", "complaint", "trusted"), BAD.values(), ids=BAD)
async def test_a_certificate_that_is_not_trusted_is_a_verdict_and_is_read_all_the_same(
    good: Chain,
    tmp_path: Path,
    make: Callable[[Path], Chain],
    complaint: str,
    trusted: bool,
) -> None:
    bad = make(tmp_path)
    greet = saying(HELLO, OFFER)
    found = await tried(greet, bad if trusted else good, bad.context())
    assert (found.answer, found.trouble) == (Answer.UNKNOWN, Trouble.TLS)
    assert "is not trusted" in found.because
    assert not any(line.text.startswith("A") for line in found.transcript)
    seen = await looked(greet, bad.context(), Tls.IMPLICIT, IMAP, deep=False)
    assert seen.facts is not None
    assert seen.facts.certificate is not None
    assert not seen.facts.trusted
    assert "".join(seen.complaints).startswith(complaint)


async def test_a_good_certificate_is_told_with_its_chain_and_its_days(good: Chain) -> None:
    found = await tried(saying(HELLO, OFFER), good, good.context())
    assert found.facts is not None
    certificate = found.facts.certificate
    assert certificate is not None
    assert certificate.chain == ("CN=127.0.0.1", "CN=Authority for 127.0.0.1")
    assert certificate.days_left(SystemClock(asyncio.sleep).now()) == 60
    assert (certificate.names, found.facts.trusted) == (("127.0.0.1",), True)
    assert found.facts.version == "TLSv1.3"
    assert found.facts.cipher.startswith("TLS_")


# --- versions of TLS, and what is behind STARTTLS ---


def only(chain: Chain, *versions: ssl.TLSVersion) -> ssl.SSLContext:
    context = chain.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = versions[0], versions[-1]
    return context


OLD = ssl.TLSVersion.TLSv1
TAKES = {
    "1.0 only": ((OLD,), ["yes", "no", "no", "no"]),
    "1.1 and 1.2": ((ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2), ["no", "yes", "yes", "no"]),
    "1.2 and 1.3": ((ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), ["no", "no", "yes", "yes"]),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("versions", "wanted"), TAKES.values(), ids=TAKES)
async def test_each_version_of_tls_is_tried(
    good: Chain, versions: tuple[ssl.TLSVersion, ...], wanted: list[str]
) -> None:
    seen = await looked(saying(HELLO, OFFER), only(good, *versions), Tls.IMPLICIT, IMAP)
    assert list(seen.versions) == ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    assert [finding.answer.value for finding in seen.versions.values()] == wanted
    assert seen.hygiene is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_server_of_tls_1_0_alone_gets_no_login_and_is_told_why(good: Chain) -> None:
    old = only(good, OLD)
    found = await tried(saying(HELLO, OFFER), good, old)
    assert (found.answer, found.trouble) == (Answer.UNKNOWN, Trouble.TLS)
    seen = await looked(saying(HELLO, OFFER), old, Tls.IMPLICIT, IMAP, deep=False)
    assert seen.versions["TLSv1.0"].answer is Answer.YES
    alert = refusing_the_handshake(b"\x15\x03\x01\x00\x02\x02\x46")
    found = await tried(alert, good)
    assert (found.answer, found.trouble) == (Answer.UNKNOWN, Trouble.TLS)
    assert "speaks no TLS version that is allowed here" in found.because


async def test_where_no_version_comes_about_nothing_is_said_of_any() -> None:
    seen = await looked(saying(b"220 no TLS\r\n"), None, Tls.IMPLICIT, SMTP)
    assert {finding.answer for finding in seen.versions.values()} == {Answer.UNKNOWN}
    assert "does not speak TLS" in seen.trouble


async def test_a_version_that_is_cut_is_refused_where_another_comes_about(good: Chain) -> None:
    """Some servers close the connection in place of an alert: asyncio's does."""
    seen = await looked(saying(HELLO, OFFER), good.context(), Tls.IMPLICIT, IMAP)
    assert seen.versions["TLSv1.0"].answer is Answer.NO
    assert seen.versions["TLSv1.0"].because == "the server refuses it"


async def test_what_this_machine_cannot_offer_could_not_be_told(good: Chain) -> None:
    class Modern(Lookers):
        def only(self, version: str) -> TcpDial | Unseen:
            old = version in ("TLSv1.0", "TLSv1.1")
            return Unseen("not offered here any more") if old else super().only(version)

    async with serving(saying(HELLO, OFFER), good.context()) as port:
        wanted = ask(port, Tls.IMPLICIT, IMAP, Nobody())
        clock = SystemClock(asyncio.sleep)
        seen = await survey(wanted, Modern(limit=WAIT), clock, deep=True)
    told = [(finding.answer, finding.because) for finding in seen.versions.values()]
    assert told[:2] == [(Answer.UNKNOWN, "not offered here any more")] * 2
    assert {answer for answer, _ in told[2:]} == {Answer.YES}


@pytest.mark.parametrize(("obeys", "answer"), [(False, Answer.YES), (True, Answer.NO)])
async def test_a_server_that_obeys_what_came_in_the_clear_is_found_out(
    good: Chain, obeys: bool, answer: Answer
) -> None:
    seen = await looked(starttls(good.context(), obeys=obeys), None, Tls.STARTTLS, SMTP)
    assert seen.hygiene is not None
    assert seen.hygiene.answer is answer
    assert ("CVE-2011-0411" in seen.hygiene.because) == obeys


def test_an_openssl_without_a_version_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(context: ssl.SSLContext, ciphers: str) -> None:
        raise ssl.SSLError("no cipher match")

    monkeypatch.setattr(ssl.SSLContext, "set_ciphers", refused)
    found = Lookers().only("TLSv1.0")
    assert isinstance(found, Unseen)
    assert found.because.startswith("this machine's OpenSSL ")
    monkeypatch.setattr(tlsversions, "_offers", lambda _: False)
    assert isinstance(Lookers().only("TLSv1.3"), Unseen)


async def test_a_password_is_never_said_to_a_server_that_is_not_trusted(
    good: Chain, tmp_path: Path
) -> None:
    bad = make_chain(tmp_path, alone=True)
    heard = bytearray()

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO)
        while data := await reader.read(1000):
            heard.extend(data)

    async with serving(listening, bad.context()) as port:
        password = Password(ADA, Secret("correct horse"))
        wanted = ask(port, Tls.IMPLICIT, IMAP, password)
        await probe(TcpDial(good.ca, limit=AMPLE), SystemClock(asyncio.sleep), wanted)
    assert heard == b""
