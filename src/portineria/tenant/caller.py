"""Who logs in: by password, a person through a client that speaks OAuth, or an application."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Basic:
    """A user name and a password, whatever the SASL mechanism (PLAIN, LOGIN, USER/PASS)."""

    def __str__(self) -> str:
        return "basic"


@dataclass(frozen=True, slots=True)
class UserThrough:
    """A person with an access token got through a client application (its client id)."""

    client_id: str | None = None

    def __str__(self) -> str:
        return "user" if self.client_id is None else f"user:{self.client_id}"


@dataclass(frozen=True, slots=True)
class AppOnly:
    """An application with a token of its own (client credentials)."""

    client_id: str

    def __str__(self) -> str:
        return f"app:{self.client_id}"


Caller = Basic | UserThrough | AppOnly


def parse_caller(text: str) -> Caller:
    """Read `basic`, `user`, `user:CLIENT_ID` or `app:CLIENT_ID`. Raises ValueError otherwise."""
    kind, _, client_id = text.strip().partition(":")
    if kind == "basic" and not client_id:
        return Basic()
    if kind == "user":
        return UserThrough(client_id or None)
    if kind == "app" and client_id:
        return AppOnly(client_id)
    raise ValueError(
        f"{text!r} is not a caller: write basic, user, user:CLIENT_ID or app:CLIENT_ID"
    )
