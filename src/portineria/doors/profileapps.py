"""Which applications a profile names for mail: entered after a run made them, taken out after
one took them away. Comments and the rest stay.

A profile that names another application is never changed in silence: the caller has to say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from portineria.doors.profiles import MOST, parse
from portineria.doors.profilewrite import reference_to, round_trip, write_document
from portineria.doors.textfile import read_text
from portineria.fault import OtherApp


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """One entry below `probe:`, `app` or `smtp_app`, and the application with its key file."""

    key: str
    client_id: str
    certificate: Path


def name_app(profile: Path, naming: Naming, *, replacing: bool = False) -> bool:
    """Enter an application; False where the profile names it already. Raises OtherApp where it
    names another and `replacing` was not said, StateFault, and what reading a profile raises.
    """
    document = _read(profile)
    probe = document.get("probe") or {}
    there = probe.get(naming.key) or {}
    if _is(there, naming.client_id):
        return False
    file = reference_to(naming.certificate, profile)
    if there and not replacing:
        raise OtherApp(
            f"the profile names another application under probe.{naming.key}: "
            f"{there.get('client_id')}",
            where=str(profile),
            try_=f"write client_id: {naming.client_id} and certificate: {file} there, if the new "
            "one is meant",
        )
    probe[naming.key] = {"client_id": naming.client_id, "certificate": file}
    document["probe"] = probe
    _write(profile, document)
    return True


def forget_app(profile: Path, client_id: str) -> tuple[str, ...]:
    """Take an application out that is gone; the entries that named it."""
    document = _read(profile)
    probe = document.get("probe") or {}
    gone = tuple(key for key in ("app", "smtp_app") if _is(probe.get(key) or {}, client_id))
    for key in gone:
        del probe[key]
    if gone:
        if not probe:
            del document["probe"]
        _write(profile, document)
    return gone


def _is(entry: Any, client_id: str) -> bool:
    return str(entry.get("client_id", "")).lower() == client_id.lower()


def _read(profile: Path) -> Any:
    """The document for writing. Raises what reading it as a profile raises."""
    text = read_text(profile, most=MOST)
    parse(text, name=profile.stem, path=profile)
    return round_trip().load(text)


def _write(profile: Path, document: Any) -> None:
    """Only what reads back as a profile is written. Raises as reading does, and StateFault."""
    told = StringIO()
    round_trip().dump(document, told)
    parse(told.getvalue(), name=profile.stem, path=profile)
    write_document(profile, document)
