"""Our own client machines against the post office, octet by octet; and junk after a login."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from post_tenant import PASSWORD, Talk, Tenant, guid, xoauth2

from portineria.lab.post.serve import DOORS
from portineria.mail.conversation import (
    Answered,
    Conversation,
    Finished,
    Password,
    Step,
    TlsWanted,
    Token,
)
from portineria.mail.imap.client import ImapClient
from portineria.mail.pop.client import PopClient
from portineria.mail.smtp.client import SmtpClient
from portineria.secret import Secret

Make = Callable[[Password | Token, bool], Conversation]
CLIENTS: dict[str, Make] = {
    "imap": lambda credential, starttls: ImapClient(credential, starttls=starttls),
    "pop": lambda credential, starttls: PopClient(credential, starttls=starttls),
    "smtp": lambda credential, starttls: SmtpClient(credential, starttls=starttls),
}


async def talk(tenant: Tenant, door: str, client: Conversation, piece: int) -> dict[Step, Answered]:
    """What the server decided, step by step; the conversation must end in goodbye."""
    front = DOORS[door].front(tenant.office, "192.0.2.7")
    to_client = await front.open()
    answered: dict[Step, Answered] = {}
    for _ in range(200):
        for start in range(0, len(to_client), piece):
            client.receive(to_client[start : start + piece])
        to_client = b""
        while (event := client.next_event()) is not None:
            match event:
                case Answered():
                    answered[event.step] = event
                case TlsWanted():
                    assert front.shaking
                    front.tls_started()
                    client.tls_started()
                case Finished():
                    return answered
                case _:
                    raise AssertionError(event)
        octets = client.take()
        for start in range(0, len(octets), piece):
            to_client += await front.receive(octets[start : start + piece])
    raise AssertionError("the conversation never ended")


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize("door", DOORS)
async def test_our_clients_reach_the_mailbox_with_a_token(door: str, piece: int) -> None:
    tenant, protocol = Tenant(), door.removesuffix("s")
    token = tenant.user_token("ada", protocol)
    credential = Token("ada@contoso.example", Secret(token))
    client = CLIENTS[protocol](credential, not DOORS[door].implicit_tls)
    answered = await talk(tenant, door, client, piece)
    assert answered[Step.LOGIN].ok
    assert protocol == "smtp" or answered[Step.OPEN].ok
    assert token not in repr(answered)


async def test_our_smtp_client_is_refused_in_the_services_words() -> None:
    tenant = Tenant()
    credential = Password("bob@contoso.example", Secret(PASSWORD))
    answered = await talk(tenant, "smtp", CLIENTS["smtp"](credential, True), 100_000)
    assert not answered[Step.LOGIN].ok
    assert "SmtpClientAuthentication is disabled for the Tenant" in answered[Step.LOGIN].line


async def test_our_imap_client_meets_the_mailbox_that_stays_shut() -> None:
    tenant = Tenant()
    tenant.world["mailboxes"].patch(guid("ada"), ImapEnabled=False)
    credential = Token("ada@contoso.example", Secret(tenant.user_token("ada", "imap")))
    answered = await talk(tenant, "imaps", CLIENTS["imap"](credential, False), 100_000)
    assert answered[Step.LOGIN].ok
    assert not answered[Step.OPEN].ok
    assert "User is authenticated but not connected." in answered[Step.OPEN].line


# --- tokens as long as an AUTH line may be ---


def filling(tenant: Tenant, protocol: str, octets: int) -> str:
    """A login line with a valid token, of `octets` or a few less, its line end included."""

    def line(extra: int) -> str:
        return xoauth2("ada", tenant.user_token("ada", protocol, wids=["x" * extra]))

    extra = 4_000 + (octets - 2 - len(line(4_000))) * 9 // 16 + 4
    while len(found := line(extra)) > octets - 2:
        extra -= 1
    return found


async def test_a_token_that_fills_the_login_line_opens_the_mailbox() -> None:
    tenant = Tenant()
    rows = (
        ("imap", "a AUTHENTICATE XOAUTH2", "a OK", (True, False)),
        ("smtp", "AUTH XOAUTH2", "235 ", (True, False)),
        ("pop", "AUTH XOAUTH2", "+OK", (False,)),  # which takes two lines only (5.3)
    )
    for octets, (protocol, verb, opens, ways) in product((3_000, 12_288), rows):
        line = filling(tenant, protocol, octets)
        assert octets - 8 <= len(line) + 2 <= octets
        for initial in ways:
            talk = await {"imap": tenant.imap, "smtp": tenant.smtp, "pop": tenant.pop}[protocol]()
            if not initial:
                await talk.say(verb)
            answer = await talk.say(f"{verb} {line}" if initial else line)
            assert answer.startswith(opens), (protocol, octets, initial)
            talk.front.close()


# --- junk behind a login ---

# fmt: off
WORDS = [
    "SELECT", "EXAMINE", "LIST", "LSUB", "STATUS", "FETCH", "STORE", "SEARCH", "APPEND",
    "EXPUNGE", "CLOSE", "UNSELECT", "CHECK", "NOOP", "NAMESPACE", "UID", "COPY", "MOVE",
    "INBOX", "Drafts", '""', '"*"', "%", "1", "1:*", "2,*", "0", "(FLAGS)", "(UID",
    "BODY[]<0.5>)", "BODY[1]", "BODY[HEADER.FIELDS", "(A)]", "ENVELOPE", "+FLAGS",
    "-FLAGS.SILENT", "(\\Deleted)", "\\Seen", "NOT", "UNSEEN", "SUBJECT", "HEADER", "x", "ALL",
    "(MESSAGES)", "(NONSENSE)", "{2+}\r\nhi", "BODYSTRUCTURE", "RFC822", "FULL",
    "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "a/b", "a/&-", "&", "IDLE",
    "OR", "(SEEN", "OLD)", "ON", "1-Jan-2026", "LARGER", "CHARSET", "BODY[1.MIME]", "BODY[2.TEXT]",
]
# fmt: on


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=6), max_size=8))
def test_no_command_behind_a_login_crashes_the_front(commands: list[list[str]]) -> None:
    asyncio.run(_all_answered(commands))


async def _all_answered(commands: list[list[str]]) -> None:
    tenant = Tenant()
    for _ in range(2):
        tenant.office.store.inbox(guid("ada")).add(b"From: x\r\n\r\nhi\r\n", tenant.clock.now())
    imap: Talk = await tenant.imap()
    await imap.say(f"a AUTHENTICATE XOAUTH2 {xoauth2('ada', tenant.user_token('ada', 'imap'))}")
    assert (await imap.say("b SELECT INBOX")).startswith("b OK")
    for words in commands:
        answer = await imap.front.receive(f"c {' '.join(words)}\r\n".encode())
        if b"+ IDLE" in answer:
            answer += await imap.front.receive(b"DONE\r\n")
        assert answer.endswith(b"\r\n")
        assert answer.splitlines()[-1].startswith((b"c OK", b"c NO", b"c BAD", b"* "))
        if imap.closed:
            return
