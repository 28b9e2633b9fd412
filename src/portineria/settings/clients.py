"""What is known of mail programs and devices: a data file, with the evidence for each entry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from portineria.policy.verdict import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`oauth`: whether it can log in to Exchange Online with a token by these protocols; UNKNOWN
    where nothing is known of it. `client_id` is the registered client that it signs in with, None
    where it has none of its own. `format` is the file that it reads, "" for none; `screen` where
    a device's own menus have these settings, in the maker's words. `tls` is the newest version of
    TLS that it speaks, where that is older than 1.2, which Microsoft's servers want; else ""."""

    id: str
    name: str
    oauth: Answer
    client_id: str | None = None
    format: str = ""
    screen: str = ""
    tls: str = ""
    note: str = ""
    source: str = ""


ANY = Client(id="any", name="any client", oauth=Answer.UNKNOWN)


@cache
def known() -> dict[str, Client]:
    """By id, in the order of the file."""
    text = (resources.files(__package__) / "clients.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(text)
    answers = {"yes": Answer.YES, "no": Answer.NO, "unknown": Answer.UNKNOWN}
    return {row["id"]: Client(**{**row, "oauth": answers[row["oauth"]]}) for row in rows}
