"""Writing into a profile: which application opens mailboxes. Comments and the rest stay.

A profile that names another application is never changed in silence: the caller has to say so.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from portineria.doors.files import write_atomic
from portineria.doors.profiles import MOST, parse
from portineria.doors.textfile import read_text
from portineria.fault import OtherApp, StateFault


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
    probe = document.get("probe")
    if probe is None:
        probe = document["probe"] = {}
    there = probe.get(naming.key) or {}
    if str(there.get("client_id", "")).lower() == naming.client_id.lower():
        return False
    if there and not replacing:
        raise OtherApp(
            f"the profile names another application under probe.{naming.key}: "
            f"{there.get('client_id')}",
            where=str(profile),
            try_=f"write client_id: {naming.client_id}, certificate: file:{naming.certificate} "
            f"there if the new one is meant",
        )
    probe[naming.key] = {
        "client_id": naming.client_id,
        "certificate": f"file:{naming.certificate}",
    }
    _write(profile, document)
    return True


def forget_app(profile: Path, client_id: str) -> tuple[str, ...]:
    """Take an application out that is gone; the entries that named it."""
    document = _read(profile)
    probe = document.get("probe") or {}
    gone = tuple(
        key
        for key in ("app", "smtp_app")
        if str((probe.get(key) or {}).get("client_id", "")).lower() == client_id.lower()
    )
    for key in gone:
        del probe[key]
    if gone:
        if not probe:
            del document["probe"]
        _write(profile, document)
    return gone


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 100
    return yaml


def _read(profile: Path) -> Any:
    text = read_text(profile, most=MOST)
    parse(text, name=profile.stem, path=profile)
    try:
        return _yaml().load(text)
    except YAMLError as error:
        raise StateFault(
            f"the profile cannot be read for writing: {str(error)[:120]}",
            where=str(profile),
            try_=StateFault.mend,
        ) from None


def _write(profile: Path, document: Any) -> None:
    """Only what reads back as a profile is written, whole or not at all."""
    told = io.StringIO()
    _yaml().dump(document, told)
    text = told.getvalue()
    parse(text, name=profile.stem, path=profile)
    try:
        write_atomic(profile, text.encode(), mode=profile.stat().st_mode & 0o777)
    except OSError as error:
        raise StateFault(
            f"the profile cannot be written: {error.strerror}",
            where=str(profile),
            try_=StateFault.mend,
        ) from None
