"""Lists of mailboxes beside the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from desk import ERP, Desk, Row

PLAN = ["plan", "policy.yaml"]
POLICY = ERP.replace("mailboxes: [erp@contoso.example]", "csv: floor2.csv")
NAMES = ["erp@contoso.example", "monitor@contoso.example", "scan@contoso.example"]


def listed(content: str | bytes, policy: str = POLICY) -> Callable[[Desk], None]:
    def arrange(desk: Desk) -> None:
        desk.write("floor2.csv", content)
        desk.write("policy.yaml", policy)

    return arrange


def spellings(name: str) -> Iterator[str]:
    """One address in every mixture of capitals: different rows that mean one mailbox."""
    for signs in product(*({sign.lower(), sign.upper()} for sign in name)):
        yield "".join(signs)


def many(count: int) -> list[str]:
    """So many different rows that mean erp@contoso.example."""
    found = spellings(NAMES[0])
    return [next(found) for _ in range(count)]


def bad_at_99_999(desk: Desk) -> None:
    rows = ["mailbox", *many(99_999)]
    rows[99_998] = "nobody at all"
    listed("\n".join(rows))(desk)


def hundred_thousand(desk: Desk) -> None:
    listed("mailbox\n" + "\n".join(many(100_000)) + "\n")(desk)


def missing(desk: Desk) -> None:
    desk.write("policy.yaml", POLICY)
    desk.write("floor3.csv", NAMES[0])


def folder(desk: Desk) -> None:
    desk.write("policy.yaml", POLICY)
    (desk.folder / "floor2.csv").mkdir()


def row(name: str, arrange: Callable[[Desk], None], why: object, try_: object) -> Row:
    return Row(name=name, words=PLAN, exit=2, code="bad-file", arrange=arrange,
               where="policy.yaml:4:16", why=why, try_=try_)  # fmt: skip


def works(name: str, arrange: Callable[[Desk], None], *why: str) -> Row:
    """No bad input: it must be read, and be planned for."""
    return Row(name=f"works: {name}", words=PLAN, exit=0, arrange=arrange,
               why=["erp@contoso.example", *why])  # fmt: skip


ACCENTS = "nome;mailbox\nContabilità;erp@contoso.example\n"

ROWS = [
    row("no such file", missing, "floor2.csv: the file cannot be read: No such file",
        "did you mean floor3.csv?"),
    row("a folder", folder, "floor2.csv: the file cannot be read: Is a directory", "a file in it"),
    row("a name that no file has", listed("", POLICY.replace("floor2.csv", '"a\\0b"')),
        "a CSV file holds a control character", "write it anew"),
    row("a bad row", listed("mailbox\nerp@contoso.example\nnobody\n"),
        "floor2.csv row 3: 'nobody' is no address", "correct that row"),
    row("a bad row behind remarks and empty ones",
        listed("# ours\n\nmailbox\nerp@contoso.example\n\nnobody\n"), "row 6", "correct that row"),
    row("a bad row behind a cell of two lines",
        listed('name,mailbox\n"two\nlines",erp@contoso.example\nx,nobody\n'), "row 3: 'nobody'",
        "correct that row"),
    row("a short row", listed("name;mailbox\nAda\n"), "row 2: an empty cell", "correct that row"),
    row("row 99,999 of 100,000", bad_at_99_999, "floor2.csv row 99999: 'nobody at all'",
        "correct that row"),
    row("an open quote", listed('mailbox\nerp@contoso.example\n"x@y.example\n'),
        "row 3: a quote is opened and never closed", 'close it with a "'),
    row("columns without names", listed("Ada,Turin\n"), "row 1: several columns",
        "name the columns in the first row"),
    row("nobody", listed("mailbox\n"), "floor2.csv names no mailbox", "one address a line"),
    row("empty", listed(""), "floor2.csv names no mailbox", "one address a line"),
    row("Latin-1 with accents", listed(ACCENTS.encode("latin-1")),
        ["not UTF-8 but looks like Windows-1252 or Latin-1", "row 2, byte 24 (0xE0)", "«à»"],
        ["CSV UTF-8", "iconv -f WINDOWS-1252 -t UTF-8 floor2.csv"]),
    row("Windows-1252", listed("name;mailbox\n“Ada”;a@b.example\n".encode("cp1252")),
        ["looks like Windows-1252: row 2", "(0x93)"], "iconv"),
    row("UTF-16 without its mark", listed(ACCENTS.encode("utf-16-le")),
        "UTF-16 without a byte-order mark", ["CSV UTF-8", "iconv -f UTF-16LE"]),
    row("UTF-16 that breaks off", listed(ACCENTS.encode("utf-16")[:-1]),
        "begins as UTF-16 and breaks off", "CSV UTF-8"),
    row("a workbook", listed(b"PK\x03\x04\xff\xfe"), "an Excel workbook", "CSV UTF-8"),
    works("with a byte-order mark", listed("\ufeffMailbox\r\nERP@contoso.example\r\n")),
    works("in Excel's UTF-16", listed(ACCENTS.encode("utf-16"))),
    works("with 100,000 rows", hundred_thousand),
]  # fmt: skip
