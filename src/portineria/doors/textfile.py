"""Text files as people hand them in: UTF-8, or Excel's UTF-16; anything else is named.

A file in another encoding is not guessed at: an address read wrongly is another address. What was
found, where, and how to save it anew is said instead.
"""

from __future__ import annotations

import errno
from difflib import get_close_matches
from pathlib import Path

from portineria.fault import BadEncoding, BadFile, NoFile, OperatorFault

MOST = 64 * 1024 * 1024
"""Octets of a file that people write. Above it somebody named the wrong file."""

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
    (b"", "utf-8-sig", "UTF-8"),
)
_NO_TEXT = (
    (b"PK\x03\x04", "an Excel workbook, or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook or Word document"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
)
_PRINTED = frozenset(b"\t\n\r\f")


def read_text(path: Path, *, most: int = MOST, secret: bool = False) -> str:
    """The whole text, without a byte-order mark. Raises NoFile, BadEncoding, BadFile.

    Of a `secret` file no sign is shown.
    """
    data = read_octets(path, most=most)
    codec, name = next((codec, name) for mark, codec, name in _MARKS if data.startswith(mark))
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise _not_text(path, data, error.start, name, secret) from None
    if "\0" in text:
        raise _holds_nothing(path, data)
    return text


def read_octets(path: Path, *, most: int = MOST) -> bytes:
    """The whole file, which may be a pipe. Raises NoFile, and BadFile where it is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise no_file(path, error) from None
    except ValueError:
        raise NoFile(
            "the name holds a sign that no file's name has",
            where=repr(str(path)),
            try_="write the name anew",
        ) from None
    if len(data) > most:
        raise BadFile(
            f"the file is larger than {most // 1024 // 1024} MiB",
            where=str(path),
            try_="name the right file, or split it: a grant may name several CSV files",
        )
    return data


def no_file(path: Path, error: OSError) -> NoFile:
    """Why a file cannot be read, with the nearest name there is."""
    return NoFile(
        f"the file cannot be read: {error.strerror}", where=str(path), try_=_advice(path, error)
    )


def _advice(path: Path, error: OSError) -> str:
    if error.errno == errno.EISDIR:
        return f"it is a folder: name a file in it, {path}/…"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"let yourself read it: chmod u+r {path}, or work as its owner"
    try:
        names = [one.name for one in path.parent.iterdir() if one.name != path.name]
    except OSError:
        names = []
    if close := get_close_matches(path.name, names, n=1):
        return f"did you mean {path.parent / close[0]}?"
    return f"check the name; it was looked for in {path.parent.absolute()}"


def _not_text(path: Path, data: bytes, start: int, name: str, secret: bool) -> OperatorFault:
    row = data.count(b"\n", 0, start) + 1
    place = f"row {row}, byte {start + 1}"
    if name != "UTF-8":
        return _fault(f"the file begins as {name} and breaks off at byte {start + 1}", path)
    if b"\0" in data:
        return _holds_nothing(path, data)
    if kind := named_kind(data):
        return _fault(f"the file is no text: it is {kind}", path)
    found = _single_octets(data)
    if not found:
        return _fault(f"the file is no text: {place} belongs to no encoding known here", path)
    sign = data[start : start + 1].decode(found, "replace")
    told = "Windows-1252" if _typographic(data) else "Windows-1252 or Latin-1"
    return _fault(
        f"the file is not UTF-8 but looks like {told}: {place}"
        if secret
        else f"the file is not UTF-8 but looks like {told}: {place} (0x{data[start]:02X}) would be "
        f"«{sign}»",
        path,
        f"iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8-{path.name}",
        {"encoding": told, "row": row, "byte": start + 1},
    )


def _holds_nothing(path: Path, data: bytes) -> OperatorFault:
    """NUL octets: in every second place they are UTF-16 without its mark."""
    at = data.index(0)
    if kind := named_kind(data):
        return _fault(f"the file is no text: it is {kind}", path)
    halves = [data[side::2].count(0) * 2 for side in (0, 1)]
    if max(halves) > len(data) * 0.6 and min(halves) < len(data) * 0.2 and len(data) > 3:
        order = "BE" if halves[0] > halves[1] else "LE"
        return _fault(
            f"the file is UTF-16 without a byte-order mark: row 1, byte {at + 1} is NUL",
            path,
            f"iconv -f UTF-16{order} -t UTF-8 {path.name} > utf8-{path.name}",
            {"encoding": f"UTF-16{order}", "row": 1, "byte": at + 1},
        )
    row = data.count(b"\n", 0, at) + 1
    return _fault(f"the file is no text: row {row}, byte {at + 1} is NUL", path)


def _fault(
    why: str, path: Path, command: str = "", evidence: dict[str, object] | None = None
) -> BadEncoding:
    advice = f"{BadEncoding.mend}; or {command}" if command else BadEncoding.mend
    return BadEncoding(why, where=str(path), try_=advice, evidence=evidence)


def named_kind(data: bytes) -> str:
    """What file of another kind begins so; "" for none that is known."""
    return next((kind for mark, kind in _NO_TEXT if data.startswith(mark)), "")


def _single_octets(data: bytes) -> str:
    """The codec of one octet a sign that fits all of it, or "" where controls show no text."""
    if any(octet < 32 and octet not in _PRINTED for octet in data):
        return ""
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    return "cp1252"


def _typographic(data: bytes) -> bool:
    """Octets that Windows-1252 has and Latin-1 has not: curly quotes, the euro, dashes."""
    return any(0x80 <= octet <= 0x9F for octet in data)
