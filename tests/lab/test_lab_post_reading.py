"""SEARCH compares text as people read it, and odd messages stop nobody."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from post_tenant import Tenant, xoauth2

CODED = b"Subject: =?utf-8?q?Montr=C3=A9al?= =?utf-8?b?IGhpdmVy?= 2026\r\n"
LONG = "In the café they wait for the parcel."


async def found(message: bytes, key: str) -> bool:
    tenant = Tenant()
    tenant.receives("ada", message)
    talk = await tenant.imap()
    await talk.say(f"a AUTHENTICATE XOAUTH2 {xoauth2('ada', tenant.user_token('ada', 'imap'))}")
    await talk.say("b SELECT INBOX")
    answer = await talk.all(f"c SEARCH {key}")
    assert answer[-1] == "c OK SEARCH completed."
    return answer[0] == "* SEARCH 1"


@pytest.mark.parametrize(
    ("message", "key", "expected"),
    [
        (CODED + b"\r\n", "SUBJECT montr", True),
        (CODED + b"\r\n", 'SUBJECT "al hiver 2026"', True),
        (CODED + b"\r\n", 'TEXT "hiver 2026"', True),
        (CODED + b"\r\n", "BODY montr", False),
        (CODED + b"\r\n", "SUBJECT =?utf-8", False),
        (b"Subject: =?nonsense?q?=C3?= x\r\n\r\n", "SUBJECT x", True),
        (b"Subject: =?utf-8?b?A?= x\r\n\r\n", "SUBJECT =?utf-8?b?A?=", True),
        (b"\r\nplain text\r\n", 'BODY "IN TEX"', True),
        (
            b"Content-Type: text/plain; charset=latin-1\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\nthe par=\r\ncel, caf=E9\r\n",
            'BODY "the parcel"',
            True,
        ),
        (
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + b64encode(LONG.encode()),
            'BODY "for the parcel"',
            True,
        ),
        (b"Content-Transfer-Encoding: base64\r\n\r\nA", "BODY a", True),
        (b"Content-Type: text/plain; charset=martian\r\n\r\nhello", "BODY hello", True),
        (b"Content-Type: text/plain; charset=\x00\r\n\r\nhello", "BODY hello", True),
        (b"Content-Type: image/png\r\n\r\nhello", "BODY hello", False),
        (b"Content-Type: message/rfc822\r\n\r\nSubject: a\r\n\r\ninside", "BODY inside", True),
        (b"Date: Thu, 1 Jan 1970 23:30:00 -0800\r\n\r\n", "SENTON 1-Jan-1970", True),
        (b"Date: never\r\n\r\n", "SENTSINCE 1-Jan-1970", False),
        (b"\r\n", "NOT SENTSINCE 1-Jan-1970", True),
        (b"Date: Thu, 1 Jan 99999 00:00:00\r\n\r\n", "SENTBEFORE 1-Jan-2030", False),
    ],
)
async def test_search_reads_what_people_read(message: bytes, key: str, expected: bool) -> None:
    assert await found(message, key) is expected


WORDS = [
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: text/plain; charset=utf-16\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b'Content-Disposition: attachment; filename="\xe9\r\n',
    b"From: =?x?q?\xff?= <a@b>, group: c@d;\r\n",
    b'To: "unclosed\r\n',
    b"Date: 99 99 99\r\n",
    b"\r\n",
    b"\n",
    b"--b",
    b"--b--",
    b"text \xc3",
    b"\x00",
]
ASKED = (
    "ENVELOPE BODY BODYSTRUCTURE RFC822.SIZE BODY.PEEK[1.1] BODY.PEEK[2.MIME] BODY.PEEK[TEXT] "
    "BODY.PEEK[HEADER.FIELDS (TO)] RFC822.HEADER"
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=14).map(b"".join), min_size=1, max_size=4)
)
def test_no_message_breaks_fetch_or_search(messages: list[bytes]) -> None:
    asyncio.run(_read(messages))


async def _read(messages: list[bytes]) -> None:
    tenant = Tenant()
    tenant.receives("ada", *messages)
    talk = await tenant.imap()
    await talk.say(f"a AUTHENTICATE XOAUTH2 {xoauth2('ada', tenant.user_token('ada', 'imap'))}")
    await talk.say("b SELECT INBOX")
    answer = await talk.front.receive(f"c FETCH 1:* ({ASKED})\r\n".encode())
    assert answer.endswith(b"c OK FETCH completed.\r\n")
    for key in ("TEXT x", "BODY x", "SENTON 1-Jan-2026", "FROM a TO b SUBJECT c"):
        assert (await talk.say(f"d SEARCH {key}")) == "d OK SEARCH completed."
