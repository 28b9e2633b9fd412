"""The gate on real sockets: who comes in how, what upstream does, what is bounded, what is left."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import struct
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from gatehouse import BOX, LOOPBACK, PASSWORD, House, credential, listen, standing

from doors_tls import write_chain
from portineria.doors.gate import gatelog
from portineria.doors.gate import leg as legs
from portineria.doors.gate import pool as pools
from portineria.doors.gate.credentialfile import generated
from portineria.gateway.admission import Register
from portineria.gateway.bodies import BareLf
from portineria.gateway.gatewayfile import CertificateWish, Tls
from portineria.gateway.limits import Limits, Pacing
from portineria.tenant.mailbox import Protocol

IMAP, POP, SMTP = Protocol.IMAP, Protocol.POP, Protocol.SMTP
LOGIN = f"a1 LOGIN scan {PASSWORD}".encode()
NEAR = {"tls": Tls.NONE, "networks": LOOPBACK}
FAR = {"tls": Tls.NONE, "networks": (ip_network("192.0.2.0/24"),)}

Story = Callable[[House], Awaitable[None]]


def tell(folder: Path, story: Story, *listeners: Any, **more: Any) -> None:
    async def whole() -> None:
        async with standing(folder, *listeners, **more) as house:
            await story(house)

    asyncio.run(whole())


# --- how one comes in ---


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS, Tls.NONE])
def test_each_way_to_begin_leads_to_a_pipe(tmp_path: Path, tls: Tls) -> None:
    async def story(house: House) -> None:
        client = await house.knock(tls=tls is Tls.IMPLICIT)
        assert await client.ask() == b"* OK Portineria is ready."
        if tls is Tls.STARTTLS:
            assert b"OK Begin TLS" in await client.ask(b"a0 STARTTLS")
            await client.writer.start_tls(house.tls, server_hostname="localhost")
        assert await client.ask(LOGIN) == b"a1 OK Welcome."
        assert await client.ask(b"a2 NOOP") == b"a2 OK NOOP done"
        assert house.upstream.logins == ["token-1"]

    networks = LOOPBACK if tls is Tls.NONE else ()
    tell(tmp_path, story, listen(IMAP, tls, networks=networks))


def test_in_the_clear_a_password_is_taken_from_named_networks_only(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        near, far = await house.knock(0), await house.knock(1)
        await near.ask()
        await far.ask()
        assert await near.ask(LOGIN) == b"a1 OK Welcome."
        assert await far.ask(LOGIN) == b"a1 NO [PRIVACYREQUIRED] STARTTLS first."

    tell(tmp_path, story, listen(IMAP, **NEAR), listen(IMAP, **FAR))


def test_old_tls_is_taken_from_named_networks_only(tmp_path: Path) -> None:
    def old(house: House) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=house.ca)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        return context

    async def story(house: House) -> None:
        near = await house.knock(0, tls=old(house))
        assert b"ready" in await near.ask()
        assert near.writer.get_extra_info("ssl_object").version() == "TLSv1.1"
        for at in (1, 2):
            with pytest.raises(ssl.SSLError):
                await house.knock(at, tls=old(house))

    far = (ip_network("192.0.2.0/24"),)
    tell(
        tmp_path,
        story,
        listen(IMAP, Tls.IMPLICIT, old_tls=True, networks=LOOPBACK),
        listen(IMAP, Tls.IMPLICIT, old_tls=True, networks=far),
        listen(IMAP, Tls.IMPLICIT),
    )


def test_certificates_are_chosen_by_name_and_read_again_without_a_cut(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    other_ca, other_leaf = write_chain(other, "gate.example")

    async def story(house: House) -> None:
        trusting = ssl.create_default_context(cafile=other_ca)
        named = await house.knock(tls=trusting, name="gate.example")
        assert b"ready" in await named.ask()
        plain = await house.knock(tls=True)
        assert b"ready" in await plain.ask()
        # Other files under the same names, and both sessions go on.
        write_chain(other, "gate.example")
        house.gate.server_tls.load()
        with pytest.raises(ssl.SSLCertVerificationError):
            await house.knock(tls=trusting, name="gate.example")
        assert await named.ask(LOGIN) == b"a1 OK Welcome."
        other_leaf.write_text("no certificate any more")
        with pytest.raises(Exception, match="certificate"):
            house.gate.server_tls.load()
        assert b"ready" in await (await house.knock(tls=True)).ask()

    async def whole() -> None:
        async with standing(tmp_path, listen(IMAP, Tls.IMPLICIT)) as house:
            tls = house.gate.server_tls
            tls.certificates = (*tls.certificates, CertificateWish(certificate=other_leaf))
            tls.load()
            await story(house)

    asyncio.run(whole())


def test_a_device_without_the_certificate_that_is_asked_for_is_out(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        bare = await house.knock(tls=True)
        with suppress(ssl.SSLError, ConnectionError):  # so some clients hear of it
            assert await bare.ask() == b""
        context = house.tls
        context.load_cert_chain(tmp_path / "leaf.pem")
        assert b"ready" in await (await house.knock(tls=context)).ask()

    tell(tmp_path, story, listen(IMAP, Tls.IMPLICIT), client_ca=tmp_path / "ca.pem")


# --- balancers ---


def proxied(address: str) -> bytes:
    body = ip_address(address).packed + ip_address("192.0.2.1").packed + b"\0\1\0\2"
    head = b"\r\n\r\n\x00\r\nQUIT\n" + struct.pack("!BBH", 0x21, 0x11, len(body))
    return head + body


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
def test_a_balancer_says_for_whom_it_speaks_before_any_tls(tmp_path: Path, tls: Tls) -> None:
    async def story(house: House) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.gate.ports[0][1])
        for octet in proxied("203.0.113.7"):
            writer.write(bytes([octet]))
        await writer.drain()
        if tls is Tls.IMPLICIT:
            await writer.start_tls(house.tls, server_hostname="localhost")
        assert b"ready" in await asyncio.wait_for(reader.readline(), 10)
        (crossing,) = house.gate.open
        assert str(crossing.address) == "203.0.113.7"

    tell(tmp_path, story, listen(IMAP, tls), proxies=LOOPBACK)


def test_from_a_trusted_balancer_nobody_comes_unannounced_and_from_others_it_is_no_greeting(
    tmp_path: Path,
) -> None:
    async def unannounced(house: House) -> None:
        client = await house.knock()
        client.writer.write(b"a1 CAPABILITY\r\n")
        assert await client.gone()

    async def from_others(house: House) -> None:
        client = await house.knock()
        await client.ask()
        client.writer.write(proxied("203.0.113.7"))
        await house.until(lambda: len(house.gate.open) == 1)
        (crossing,) = house.gate.open
        assert str(crossing.address) == "127.0.0.1"

    tell(tmp_path, unannounced, listen(IMAP), proxies=LOOPBACK)
    tell(tmp_path, from_others, listen(IMAP))


# --- tokens and the mail server ---


def test_a_token_that_was_withdrawn_is_renewed_once_and_nobody_notices(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        assert await client.ask(LOGIN) == b"a1 OK Welcome."
        assert house.upstream.logins == ["token-1", "token-2"]
        assert house.gate.troubles == {}

    def withdrawn(upstream: Any) -> None:
        upstream.refuse = {"token-1"}

    tell(tmp_path, story, listen(IMAP, **NEAR), renewals=1, upstream=withdrawn)


def test_a_mailbox_that_is_refused_is_told_as_such_and_remembered(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        assert b"a1 NO [CONTACTADMIN]" in await client.ask(LOGIN)
        assert list(house.gate.troubles) == [BOX]
        house.upstream.refuse = set()
        assert await client.ask(LOGIN) == b"a1 OK Welcome."
        assert house.gate.troubles == {}
        assert house.gate.crowd.log_in("c1") == ""

    def refusing(upstream: Any) -> None:
        upstream.refuse = {"token-1"}

    limits = Limits(sessions_per_credential=2)
    tell(tmp_path, story, listen(IMAP, **NEAR), upstream=refusing, limits=limits)


def test_a_wrong_password_never_touches_a_token_or_the_mail_server(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        answer = b"a1 NO [AUTHENTICATIONFAILED] User name or password is wrong."
        assert await client.ask(b"a1 LOGIN scan wrong") == answer
        assert await client.ask(b"a1 LOGIN nobody wrong") == answer
        assert house.upstream.sessions == 0

    tell(tmp_path, story, listen(IMAP, **NEAR))


def test_a_device_whose_fields_were_mixed_up_leaves_its_password_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, gatelog.log.name)
    password = generated().reveal()

    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        for name in (password, password.upper(), f"{password}/{BOX}", f"OFFICE\\\\{password}"):
            assert b"a1 NO" in await client.ask(f'a1 LOGIN "{name}" wrong'.encode())
        assert [name for _, name in house.gate.failures] == [
            "(a password)",
            "(a password)",
            f"(a password)/{BOX}",
            "OFFICE\\(a password)",
        ]
        client.writer.close()

    tell(tmp_path, story, listen(IMAP, **NEAR))
    assert "(a password)" in caplog.text
    assert password not in caplog.text.casefold()


@pytest.mark.parametrize("name", ["scan", "SCAN", BOX])
def test_where_the_password_is_a_name_the_name_is_taken_for_a_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """A person's own, of whatever shape, in a device whose fields were mixed up."""
    caplog.set_level(logging.INFO, gatelog.log.name)

    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        assert b"a1 NO" in await client.ask(f'a1 LOGIN "Summer2026!" {name}'.encode())
        assert b"a2 NO" in await client.ask(f"a2 LOGIN scan {name}".encode())
        told = [told for _, told in house.gate.failures]
        assert told == ["(a password)", "scan"], "whoever guesses a name as its password is told"
        client.writer.close()

    tell(tmp_path, story, listen(IMAP, **NEAR))
    assert "Summer" not in caplog.text


def test_of_a_name_of_thousands_of_letters_little_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, gatelog.log.name)

    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        assert b"a1 NO" in await client.ask(f'a1 LOGIN "{"n" * 9000}" wrong'.encode())
        assert [len(name) for _, name in house.gate.failures] == [321]
        client.writer.close()

    tell(tmp_path, story, listen(IMAP, **NEAR))
    assert "n" * 320 in caplog.text
    assert "n" * 321 not in caplog.text


def test_a_mail_server_that_is_not_trusted_or_not_there_is_a_later_and_never_a_fallback(
    tmp_path: Path,
) -> None:
    async def story(house: House) -> None:
        servers = house.gate.mail_servers
        untrusted = replace(servers[IMAP], context=ssl.create_default_context())
        gone = replace(servers[IMAP], port=1)
        wrong_name = replace(servers[IMAP], host="127.0.0.2")
        for behind in (untrusted, gone, wrong_name):
            house.gate.mail_servers = {**servers, IMAP: behind}
            client = await house.knock()
            await client.ask()
            assert b"a1 NO [UNAVAILABLE]" in await client.ask(LOGIN)
        assert house.upstream.logins == []

    tell(tmp_path, story, listen(IMAP, **NEAR))


def test_tls_with_the_mail_server_is_taken_up_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for _ in range(3):
            client = await house.knock()
            await client.ask()
            assert await client.ask(LOGIN) == b"a1 OK Welcome."
            assert await client.ask(b"a2 NOOP") == b"a2 OK NOOP done"
        assert house.upstream.resumed == [False, True, True]

    tell(tmp_path, story, listen(IMAP, **NEAR))


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_connection_that_waits_is_taken_and_another_one_takes_its_place(
    tmp_path: Path, protocol: Protocol
) -> None:
    async def story(house: House) -> None:
        pool = house.gate.pool
        await house.until(lambda: pool.ready == 2)
        before = house.upstream.sessions
        client = await house.knock()
        await client.ask()
        if protocol is IMAP:
            assert await client.ask(LOGIN) == b"a1 OK Welcome."
            assert await client.ask(b"a2 NOOP") == b"a2 OK NOOP done"
        elif protocol is POP:
            await client.ask(b"USER scan")
            assert b"+OK" in await client.ask(f"PASS {PASSWORD}".encode())
            assert await client.ask(b"NOOP") == b"+OK NOOP"
        else:
            assert b"235" in await client.log_in()
            assert await client.ask(b"NOOP") == b"250 ok"
        assert pool.taken == 1
        await house.until(lambda: pool.ready == 2)
        assert house.upstream.sessions == before + 1
        assert house.upstream.logins == ["token-1"], "whoever waits holds no token"

    tell(tmp_path, story, listen(protocol, **NEAR), pool=2)


def test_one_that_died_while_it_waited_is_passed_over(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        pool = house.gate.pool
        await house.until(lambda: pool.ready == 1)
        for writer in list(house.upstream.open):
            writer.transport.abort()
        await house.until(lambda: pool.ready == 0 or house.upstream.sessions > 1)
        client = await house.knock()
        await client.ask()
        assert await client.ask(LOGIN) == b"a1 OK Welcome."

    tell(tmp_path, story, listen(IMAP, **NEAR), pool=1)


def test_one_that_waited_too_long_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "OLDEST", 0.3)

    async def story(house: House) -> None:
        await house.until(lambda: house.upstream.sessions >= 3)
        assert len(house.upstream.open) <= 2

    tell(tmp_path, story, listen(IMAP, **NEAR), pool=1)


def test_what_the_mail_server_takes_is_told_before_anybody_logged_in(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.until(lambda: b"SIZE 1000" in house.gate._offers)
        client = await house.knock()
        await client.ask()
        assert b"250-SIZE 1000" in await client.answers(b"EHLO scanner")
        assert b"235" in await client.log_in()
        told = await client.ask(f"MAIL FROM:<{BOX}> SIZE=1001".encode())
        assert told == b"552 5.3.4 The mail server takes messages up to 1000 octets."

    tell(tmp_path, story, listen(SMTP, **NEAR))


# --- manners ---


async def send(client: Any, sender: str = BOX) -> bytes:
    for line in (f"MAIL FROM:<{sender}>", "RCPT TO:<ada@contoso.example>", "DATA"):
        said = await client.ask(line.encode())
        if said[:1] not in (b"2", b"3"):
            return bytes(said)
    return bytes(await client.ask(b"Subject: x\r\n\r\nhello\r\n."))


def test_a_message_waits_for_its_turn_and_then_is_told_to_come_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        await client.log_in()
        assert [await send(client) for _ in range(2)] == [b"250 2.0.0 taken"] * 2
        assert (await send(client)).startswith(b"451 4.7.1")
        assert len(house.upstream.mails) == 2
        assert await client.ask(b"QUIT") == b"250 ok"

    pacing = Pacing(messages_per_minute=2)
    limits = Limits(patience_seconds=1)
    tell(tmp_path, story, listen(SMTP, **NEAR), pacing=pacing, limits=limits)


def test_a_device_that_knows_no_cr_is_served_where_the_listener_says_so(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        await client.log_in()
        said = f"MAIL FROM:<{BOX}>\nRCPT TO:<ada@contoso.example>\nDATA\n"
        client.writer.write(said.encode())
        assert [(await client.ask())[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        client.writer.write(b"Subject: x\n\nhello\n.\n")
        assert (await client.ask())[:3] == b"250"
        assert house.upstream.mails == [b"Subject: x\r\n\r\nhello\r\n.\r\n"]

    tell(tmp_path, story, listen(SMTP, bare_lf=BareLf.END, **NEAR))


def test_a_connection_too_many_waits_until_one_is_free(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        first, second = await house.knock(), await house.knock()
        await first.ask()
        await second.ask()
        assert b"235" in await first.log_in()
        waiting = asyncio.ensure_future(second.log_in())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        first.hang_up()
        assert b"235" in await waiting

    tell(tmp_path, story, listen(SMTP, **NEAR), pacing=Pacing(smtp_connections=1))


def test_who_waits_longer_than_patience_is_told_so_and_may_come_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        first, second = await house.knock(), await house.knock()
        await first.ask()
        await second.ask()
        assert b"235" in await first.log_in()
        assert (await second.log_in()).startswith(b"421 4.7.0")

    pacing, limits = Pacing(smtp_connections=1), Limits(patience_seconds=1)
    tell(tmp_path, story, listen(SMTP, **NEAR), pacing=pacing, limits=limits)


def test_upstreams_too_much_makes_the_mailbox_rest(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        await client.log_in()
        assert (await send(client)).startswith(b"451 4.7.500")
        assert (await send(client)).startswith(b"451 4.7.1")
        assert house.gate.counts.upstream_busy == 1

    def busy(upstream: Any) -> None:
        upstream.answer = b"451 4.7.500 Server busy. Please try again later\r\n"

    limits = Limits(patience_seconds=5)
    tell(tmp_path, story, listen(SMTP, **NEAR), upstream=busy, limits=limits)


def test_a_sender_that_the_credential_does_not_name_is_refused_before_the_mail_server(
    tmp_path: Path,
) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        await client.log_in()
        assert (await send(client, "ada@contoso.example")).startswith(b"550 5.7.60")
        assert await send(client, "shared@contoso.example") == b"250 2.0.0 taken"
        assert await send(client, "") == b"250 2.0.0 taken"

    one = credential(send_as=("shared@contoso.example",))
    tell(tmp_path, story, listen(SMTP, **NEAR), credentials=(one,))


def test_a_device_without_a_password_sends_as_its_mailbox_alone(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        assert b"220" in await client.ask()
        # It says all at once, as an old device does.
        assert b"250 8BITMIME" in (await client.answers(b"EHLO gauge"))[-1]
        assert await send(client) == b"250 2.0.0 taken"
        assert (await send(client, "ada@contoso.example")).startswith(b"550 5.7.60")
        # With STARTTLS still to come nobody is known by the address.
        other = await house.knock(1)
        await other.ask()
        await other.answers(b"EHLO gauge")
        assert (await other.ask(f"MAIL FROM:<{BOX}>".encode())).startswith(b"530")

    one = credential(proof="", networks=LOOPBACK, protocols=frozenset({SMTP}))
    tell(tmp_path, story, listen(SMTP, **NEAR), listen(SMTP), credentials=(one,))


def test_a_device_without_a_password_that_has_to_wait_too_long_is_sent_away(
    tmp_path: Path,
) -> None:
    async def story(house: House) -> None:
        first, second = await house.knock(), await house.knock()
        assert b"220" in await first.ask()
        assert b"220" in await second.ask()
        assert (await second.ask()).startswith(b"421 4.3.0")
        assert await second.gone()

    one = credential(proof="", networks=LOOPBACK, protocols=frozenset({SMTP}))
    pacing, limits = Pacing(smtp_connections=1), Limits(patience_seconds=1)
    more = {"pacing": pacing, "limits": limits}
    tell(tmp_path, story, listen(SMTP, **NEAR), credentials=(one,), **more)


# --- bounds ---


def test_guessing_is_slowed_down_and_the_right_password_waits_as_well(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        for _ in range(3):
            assert b"AUTHENTICATIONFAILED" in await client.ask(b"a1 LOGIN scan wrong")
        assert b"AUTHENTICATIONFAILED" in await client.ask(LOGIN)
        await asyncio.sleep(1.1)
        assert await client.ask(LOGIN) == b"a1 OK Welcome."

    tell(tmp_path, story, listen(IMAP, **NEAR), limits=Limits(failures=3))


def test_sessions_are_bounded_by_address_and_said_so(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        staying = [await house.knock() for _ in range(2)]
        for client in staying:
            await client.ask()
        third = await house.knock()
        assert await third.ask() == b"* BYE Too many sessions. Try again later."
        assert await third.gone()

    tell(tmp_path, story, listen(IMAP), limits=Limits(sessions_per_address=2))


def test_a_login_that_takes_too_long_is_ended_whatever_drips_in(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()

        async def drip() -> None:
            while True:
                client.writer.write(b"a")
                await asyncio.sleep(0.1)

        dripping = asyncio.ensure_future(drip())
        try:
            await house.until(lambda: not house.gate.open)
        finally:
            dripping.cancel()

    tell(tmp_path, story, listen(IMAP), limits=Limits(login_seconds=1))


def test_who_has_logged_in_by_smtp_may_think_before_it_sends(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        assert b"235" in await client.log_in()
        assert house.gate.counts.logins["smtp"] == 1
        await asyncio.sleep(2.5)
        assert await send(client) == b"250 2.0.0 taken"

    tell(tmp_path, story, listen(SMTP, **NEAR), limits=Limits(login_seconds=1))


def test_a_session_in_which_nobody_says_anything_is_ended(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        assert await client.ask(LOGIN) == b"a1 OK Welcome."
        assert await client.gone()

    tell(tmp_path, story, listen(IMAP, **NEAR), limits=Limits(idle_seconds=1))


def test_a_reader_that_does_not_read_makes_the_mail_server_wait(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        client.writer.write(LOGIN + b"\r\n")
        (crossing,) = house.gate.open
        transport = crossing.client.transport
        assert transport is not None
        sizes = [0]

        def settled() -> bool:
            sizes.append(transport.get_write_buffer_size())
            return sizes[-1] > 0 and len(sizes) > 50 and len(set(sizes[-50:])) == 1

        await house.until(settled)
        assert max(sizes) <= 2 * legs.SIZE + 65_536, "nothing more is taken for it"

    def flooding(upstream: Any) -> None:
        upstream.flood = b"* OK flood\r\n" * 4_000_000

    tell(tmp_path, story, listen(IMAP, **NEAR), upstream=flooding)


@pytest.mark.parametrize("protocol", [IMAP, SMTP])
def test_a_client_that_says_too_much_before_it_is_answered_is_read_no_further(
    tmp_path: Path, protocol: Protocol
) -> None:
    async def story(house: House) -> None:
        client = await house.knock()
        await client.ask()
        if protocol is SMTP:
            await client.log_in()
            for line in (f"MAIL FROM:<{BOX}>", "RCPT TO:<ada@contoso.example>"):
                await client.ask(line.encode())
            client.writer.write(b"DATA\r\n")
        else:
            client.writer.write(LOGIN + b"\r\n")
        client.writer.write(b"a2 NOOP\r\n" * 3_000_000)
        await asyncio.sleep(0.5)
        (crossing,) = house.gate.open
        session = crossing._session  # gone where nothing is read any more
        assert (session is None) == (protocol is not SMTP)
        assert session is None or session._login is None, "it held the token"
        waiting = crossing.server and crossing.server.transport
        held = 0 if session is None else session.held
        held += waiting.get_write_buffer_size() if waiting else 0
        assert held < 4 * legs.SIZE, held

    def deaf(upstream: Any) -> None:
        upstream.deaf = True

    tell(tmp_path, story, listen(protocol, **NEAR), upstream=deaf)


def test_a_thousand_sessions_of_every_kind_leave_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    chance = random.Random(7)

    async def one(house: House) -> None:
        at = chance.randrange(3)
        try:
            client = await house.knock(at)
            for line in chance.choice(SAYINGS):
                client.writer.write(line)
                if chance.random() < 0.5:
                    await asyncio.sleep(0)
                if chance.random() < 0.2:
                    break
            if chance.random() < 0.5:
                client.writer.transport.abort()
                return
            if chance.random() < 0.5:
                await asyncio.wait_for(client.reader.read(200), 0.5)
            client.hang_up()
        except (OSError, TimeoutError):
            pass

    async def story(house: House) -> None:
        for _ in range(20):
            await asyncio.gather(*(one(house) for _ in range(50)))
        await house.until(lambda: not house.gate.open)
        assert house.gate.crowd.total == 0
        assert [slots.held for slots in house.gate.turns.slots.values()] == [0, 0]
        await house.until(lambda: not house.upstream.open)

    limits = Limits(failures=100_000)
    pacing = Pacing(smtp_connections=0, mailbox_connections=0)
    listeners = [listen(protocol, **NEAR) for protocol in Protocol]
    tell(tmp_path, story, *listeners, limits=limits, pacing=pacing)
    assert [record.message for record in caplog.records] == []


SAYINGS = [
    [LOGIN + b"\r\n", b"a2 NOOP\r\n", b"a3 LOGOUT\r\n"],
    [b"USER scan\r\n", f"PASS {PASSWORD}\r\n".encode(), b"STAT\r\n"],
    [
        b"EHLO x\r\nAUTH PLAIN AHNjYW4AcmlnaHQtcGFzc3dvcmQ=\r\n",
        f"MAIL FROM:<{BOX}>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n".encode(),
        b"x\r\n.\r\n",
    ],
    [b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n"],
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200],
    [b"a1 LOGIN {5}\r\n", b"scan", b" x\r\n"],
    [b"AUTH PLAIN\r\n", b"*\r\n", b"QUIT\r\n"],
    [b"\r\n" * 50],
    [b"A" * 20_000],
]


# --- the end ---


def test_a_message_on_its_way_is_answered_before_the_gateway_stops(tmp_path: Path) -> None:
    async def whole() -> None:
        async with standing(tmp_path, listen(SMTP, **NEAR), listen(IMAP)) as house:
            busy, idle = await house.knock(0), await house.knock(1)
            await busy.ask()
            await idle.ask()
            await busy.log_in()
            for line in (f"MAIL FROM:<{BOX}>", "RCPT TO:<ada@contoso.example>", "DATA"):
                await busy.ask(line.encode())
            house.gate.stop()
            assert await idle.ask() == b"* BYE The gateway stops. Try again later."
            assert await busy.ask(b"Subject: x\r\n\r\nhello\r\n.") == b"250 2.0.0 taken"
            assert await busy.gone()

    asyncio.run(whole())


def test_whoever_may_not_stay_is_sent_away_and_others_are_not(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        mine, his = await house.knock(), await house.knock()
        for client, name in ((mine, b"scan"), (his, b"other")):
            await client.ask()
            line = b"a1 LOGIN " + name + b" " + PASSWORD.encode()
            assert await client.ask(line) == b"a1 OK Welcome."
        found = house.gate.register
        doors = [one for some in found._entrances.values() for one in some]
        house.gate.replace(Register(b"k" * 32, [other], doors))
        assert await mine.gone()
        assert await his.ask(b"a2 NOOP") == b"a2 OK NOOP done"

    other = credential(id="c2", names=("other",))
    tell(tmp_path, story, listen(IMAP, **NEAR), credentials=(credential(), other))
