"""Writes profiles: a new one whole, and single members of one that is there, comments kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from portineria.doors.files import write_atomic
from portineria.doors.profiles import HOSTS, ORIGINS, SCOPES, VERSION
from portineria.doors.textfile import read_text
from portineria.fault import StateFault
from portineria.m365.endpoints import CLOUDS, Endpoints

MOST = 1024 * 1024


def new_profile(
    path: Path,
    *,
    tenant_id: str,
    about: str,
    endpoints: Endpoints,
    client_id: str,
    certificate: Path,
    ca: Path | None,
) -> None:
    """Write a profile that is not there yet, whole or not at all. Raises StateFault."""
    document = CommentedMap(
        {
            "schema": VERSION,
            "tenant": tenant_id,
            **_where(endpoints),
            "control": {"client_id": client_id, "certificate": reference_to(certificate, path)},
        }
    )
    if ca is not None:
        document["ca"] = str(ca)
    document.yaml_set_start_comment(f"Written by `portineria connect`: {about}.")
    write_document(path, document)


def set_people(path: Path, client_id: str, tokens: Path, delegates: Mapping[str, str]) -> None:
    """Say in a profile through which client people sign in, and where their tokens are.

    Everything else in it stays as it was written. Raises StateFault.
    """
    document = round_trip().load(read_text(path, most=MOST))
    probe = document.setdefault("probe", {})
    user = probe.setdefault("user", {})
    user["client_id"] = client_id
    user["refresh_tokens"] = reference_to(tokens, path)
    if delegates:
        user.setdefault("delegates", {}).update(delegates)
    write_document(path, document)


def _where(endpoints: Endpoints) -> dict[str, object]:
    """A cloud by its name, or the hosts of whatever else it is."""
    for name, known in CLOUDS.items():
        if known == endpoints:
            return {"cloud": name}
    usual = Endpoints()
    hosts = {name: str(getattr(endpoints, name)) for name in (*ORIGINS, *HOSTS)}
    scopes = {
        name: getattr(endpoints, name)
        for name in SCOPES
        if getattr(endpoints, name) != getattr(usual, name)
    }
    return {"endpoints": {**hosts, **scopes}}


def reference_to(file: Path, profile: Path) -> str:
    return f"file:{os.path.relpath(file, profile.parent)}"


def write_document(path: Path, document: CommentedMap) -> None:
    text = StringIO()
    round_trip().dump(document, text)
    try:
        write_atomic(path, text.getvalue().encode())
    except OSError as error:
        raise StateFault(
            f"the profile cannot be written: {error.strerror}",
            where=str(path),
            try_=StateFault.mend,
        ) from None


def round_trip() -> YAML:
    yaml = YAML()
    yaml.width = 100
    return yaml
