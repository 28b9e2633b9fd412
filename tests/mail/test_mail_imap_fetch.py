"""What FETCH asks and what a message answers: items, sections, ENVELOPE, BODYSTRUCTURE."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue import FOLDER
from portineria.mail import mime
from portineria.mail.events import Argument
from portineria.mail.imap.grammar import ImapSyntax
from portineria.mail.imap.section import Section, items, section
from portineria.mail.imap.structure import addresses, cut, envelope, nstring, structure

PARTS = (FOLDER / "post" / "mail" / "parts.eml").read_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("flags", ("FLAGS",)),
        (b"UID", ("UID",)),
        ("FAST", ("FLAGS", "INTERNALDATE", "RFC822.SIZE")),
        ("all", ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE")),
        (("UID", "BODY"), ("UID", "BODY")),
        ("RFC822", (Section("RFC822", marks_seen=True),)),
        (("RFC822.HEADER",), (Section("RFC822.HEADER", text="HEADER"),)),
        ("rfc822.text", (Section("RFC822.TEXT", text="TEXT", marks_seen=True),)),
        ("BODY.PEEK[]", (Section("BODY[]"),)),
        ("body[1.2.mime]", (Section("BODY[1.2.MIME]", (1, 2), "MIME", marks_seen=True),)),
        ("BODY.PEEK[text]<3.9>", (Section("BODY[TEXT]<3>", (), "TEXT", (), (3, 9)),)),
        (
            'BODY.PEEK[4.HEADER.FIELDS.NOT (To "From")]',
            (
                Section(
                    "BODY[4.HEADER.FIELDS.NOT (To From)]", (4,), "HEADER.FIELDS.NOT", ("To", "From")
                ),
            ),
        ),
    ],
)
def test_items_are_read(asked: Argument, wanted: tuple[object, ...]) -> None:
    assert items(asked) == wanted


@pytest.mark.parametrize(
    "asked",
    [
        "",
        (),
        ("FAST",),
        "NONSENSE",
        (("FLAGS",),),
        b"\xff",
        "BODY[0]",
        "BODY[1.]",
        "BODY[.TEXT]",
        "BODY[1TEXT]",
        "BODY[MIME]",
        "BODY[HEADER.FIELDS]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[TEXT (A)]",
        "BODY[]<1>",
        "BODY[]<0.0>",
        "BODY[" + ".".join("1" * 41) + "]",
        "BODY[1](",
        b'BODY[HEADER.FIELDS ("a\r\n* 1 EXPUNGE")]',
    ],
)
def test_what_is_no_item_is_refused(asked: Argument) -> None:
    with pytest.raises(ImapSyntax):
        items(asked)


@given(st.text(st.sampled_from('BODY.PEK[]<>()0123HEADRFILSNTXMI "ab'), max_size=30))
def test_no_item_crashes(text: str) -> None:
    try:
        items(text)
    except ImapSyntax:
        return
    assert items(text)


# --- sections ---


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", PARTS),
        ("1.1", b"Caf=C3=A9"),
        ("1.2.MIME", b"Content-Type: text/html; charset=utf-8\r\n\r\n"),
        ("3", b"Subject: inside\r\n\r\nThe forwarded text."),
        ("3.HEADER", b"Subject: inside\r\n\r\n"),
        ("3.HEADER.FIELDS (SUBJECT)", b"Subject: inside\r\n\r\n"),
        ("3.HEADER.FIELDS.NOT (subject)", b"\r\n"),
        ("3.TEXT", b"The forwarded text."),
        ("3.1", b"The forwarded text."),
        ("3.1.MIME", b"Subject: inside\r\n\r\n"),
        ("3.2", None),
        ("3.1.1", None),
        ("1.3", None),
        ("2.1", None),
        ("2.HEADER", None),
        ("4", None),
    ],
)
def test_a_section_is_cut_out_exactly(name: str, expected: bytes | None) -> None:
    message = mime.parse(PARTS)
    assert cut(message, section(f"BODY[{name}]")) == expected
    if expected is not None:
        assert cut(message, section(f"BODY[{name}]<2.3>")) == expected[2:5]


def test_part_one_of_a_message_without_parts_is_its_body() -> None:
    message = mime.parse(b"Subject: x\r\n\r\nbody")
    assert cut(message, section("BODY[1]")) == b"body"
    assert cut(message, section("BODY[1.MIME]")) == b"Subject: x\r\n\r\n"
    assert cut(message, section("BODY[TEXT]")) == b"body"
    assert cut(message, section("BODY[2]")) is None
    assert cut(message, section("BODY[1.1]")) is None
    assert cut(message, section("BODY[1.TEXT]")) is None


def test_a_message_that_is_only_a_message_has_its_parts_below_one() -> None:
    message = mime.parse(b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nbody")
    assert cut(message, section("BODY[1]")) == b"Subject: in\r\n\r\nbody"
    assert cut(message, section("BODY[1.HEADER]")) == b"Subject: in\r\n\r\n"
    assert cut(message, section("BODY[1.1]")) == b"body"


@given(st.lists(st.integers(1, 4), max_size=4), st.sampled_from(["", "HEADER", "TEXT", "MIME"]))
def test_no_address_crashes(numbers: list[int], text: str) -> None:
    address = ".".join([*map(str, numbers), *([text] if text else [])])
    if numbers or text != "MIME":
        found = cut(mime.parse(PARTS), section(f"BODY[{address}]"))
        assert found is None or found in PARTS


# --- strings, addresses, ENVELOPE ---


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        (None, b"NIL"),
        (b"", b'""'),
        (b'a "b" \\c', b'"a \\"b\\" \\\\c"'),
        (b"Gr\xc3\xbc\xc3\x9fe", b"{7}\r\nGr\xc3\xbc\xc3\x9fe"),
        (b"a\nb", b"{3}\r\na\nb"),
        (b"x" * 1_001, b"{1001}\r\n" + b"x" * 1_001),
    ],
)
def test_strings_are_quoted_or_counted(raw: bytes | None, written: bytes) -> None:
    assert nstring(raw) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (b"", b"NIL"),
        (b"a@b.example", b'((NIL NIL "a" "b.example"))'),
        (b'"Doe, J." <j@x>, k@y', b'(("Doe, J." NIL "j" "x")(NIL NIL "k" "y"))'),
        (b"=?utf-8?q?J=C3=BC?= <j@x>", b'(("=?utf-8?q?J=C3=BC?=" NIL "j" "x"))'),
        (b"postmaster", b'((NIL NIL "postmaster" ""))'),
        (b"undisclosed-recipients:;", b'((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))'),
        (b'"A B": a@x;', b'((NIL NIL "A B" NIL)(NIL NIL "a" "x")(NIL NIL NIL NIL))'),
        (b"J\xfc <j@x>", b'(({2}\r\nJ\xfc NIL "j" "x"))'),
    ],
)
def test_addresses_are_written_in_four(value: bytes, written: bytes) -> None:
    assert addresses(b"To: " + value + b"\r\n\r\n", "to") == written


def test_an_envelope_fills_in_the_sender_or_does_not() -> None:
    header = b"From: a@b\r\nSubject: x\r\nReply-To: c@d\r\nDate: today\r\n\r\n"
    start, end = b'("today" "x" ((NIL NIL "a" "b")) ', b' ((NIL NIL "c" "d")) NIL NIL NIL NIL NIL)'
    assert envelope(header) == start + b'((NIL NIL "a" "b"))' + end
    assert envelope(header, defaults=False) == start + b"NIL" + end


# --- BODY and BODYSTRUCTURE ---


@pytest.mark.parametrize(
    ("content", "body", "more"),
    [
        (
            b"\r\nhi\r\nthere",
            b'"text" "plain" ("charset" "us-ascii") NIL NIL "7BIT" 9 2',
            b" NIL NIL NIL NIL",
        ),
        (
            b"Content-Type: image/png\r\nContent-ID: <i>\r\nContent-Description: d\r\n"
            b"Content-Transfer-Encoding: BASE64\r\nContent-MD5: m==\r\n"
            b"Content-Disposition: inline\r\nContent-Language: de, en\r\n"
            b"Content-Location: here\r\n\r\nAA==",
            b'"image" "png" NIL "<i>" "d" "BASE64" 4',
            b' "m==" ("inline" NIL) ("de" "en") "here"',
        ),
        (
            b"Content-Type: text/html; charset=x; a=b\r\nContent-Language: it\r\n"
            b"Content-Disposition:\r\n\r\n",
            b'"text" "html" ("charset" "x" "a" "b") NIL NIL "7BIT" 0 0',
            b' NIL NIL "it" NIL',
        ),
    ],
)
def test_the_structure_of_one_part(content: bytes, body: bytes, more: bytes) -> None:
    part = mime.parse(content)
    assert structure(part, extended=False) == b"(" + body + b")"
    assert structure(part, extended=True) == b"(" + body + more + b")"


def test_the_structure_of_parts_inside_parts() -> None:
    part = mime.parse(PARTS)
    envelope_ = b'(NIL "inside" NIL NIL NIL NIL NIL NIL NIL NIL)'
    assert structure(part, extended=False) == (
        b'((("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" 9 1)'
        b'("text" "html" ("charset" "utf-8") NIL NIL "7BIT" 13 1) "alternative")'
        b'("application" "pdf" ("name" "scan.pdf") NIL NIL "base64" 8)'
        b'("message" "rfc822" NIL NIL NIL "7BIT" 38 ' + envelope_ +
        b' ("text" "plain" ("charset" "us-ascii") NIL NIL "7BIT" 19 1) 3) "mixed")'
    )  # fmt: skip
    extended = structure(part, extended=True)
    assert extended.endswith(b' 3 NIL NIL NIL NIL) "mixed" ("boundary" "outer") NIL NIL NIL)')
    assert b'"base64" 8 NIL ("attachment" ("filename" "scan.pdf")) NIL NIL)' in extended
