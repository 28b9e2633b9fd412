"""One request to a face of the lab, and its answer: what every face takes and gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from portineria.lab.index import Names
from portineria.lab.world import Document, World


@dataclass(frozen=True, slots=True)
class Seen:
    """The world as the replica that serves this request sees it: some seconds ago.

    `ages` maps a kind to its lag in seconds; "" is the lag of every kind not named.
    """

    world: World
    ages: Mapping[str, float] = field(default_factory=dict)

    def age(self, kind: str) -> float:
        return self.ages.get(kind, self.ages.get("", 0.0))

    def fresh(self, kind: str) -> Seen:
        """The same replica, but with this kind as it is now."""
        return Seen(self.world, {**self.ages, kind: 0.0})

    def get(self, kind: str, key: str) -> Document | None:
        return self.world[kind].get(key, self.age(kind))

    def find(self, kind: str, member: str, value: str) -> Document | None:
        return self.world[kind].find(member, value, self.age(kind))

    def all(self, kind: str) -> Iterator[Document]:
        return self.world[kind].all(self.age(kind))

    def scan(self, kind: str, start: int = 0) -> Iterator[tuple[int, Document]]:
        return self.world[kind].scan(self.age(kind), start)

    def look(self, kind: str, key: str) -> Document | None:
        return self.world[kind].look(key, self.age(kind))

    def called(self, kind: str, names: Names, wanted: str) -> Iterator[Document]:
        return self.world[kind].called(names, wanted, self.age(kind))

    def items(self, kind: str) -> Iterator[tuple[str, Document]]:
        return self.world[kind].items(self.age(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, or one part of a batch.

    `path` is decoded and begins with "/"; `query` is decoded, its names as sent; header names
    are lower case. `operation` is what weather and history call it: "PATCH /policies/…" in
    Graph, a cmdlet's name in Exchange, a grant type at the token endpoint. `writes` says
    whether it may change the world, `target` what it names, `caller` the client id behind it.
    """

    face: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"
    operation: str = ""
    writes: bool = False
    target: str = ""
    caller: str = ""
    seen: Seen

    def json(self) -> Any:
        """The body as JSON. Raises ValueError when it is none."""
        return json.loads(self.body)

    @property
    def bearer(self) -> str:
        """The bearer token of the Authorization header, or ""."""
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if kind.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`body` is bytes as they are, anything else JSON, None nothing at all."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False).encode()
