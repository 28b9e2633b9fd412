"""Everything the use-cases ask of the world, owned by them and implemented by doors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from portineria.policy.change import Change, Fields, Missing, Target, Written
from portineria.tenant.unseen import Unseen

Item = TypeVar("Item")
Result = TypeVar("Result")


class Resources(Protocol):
    """Reads and writes single objects of the tenant, in the fields of policy.change.Family."""

    async def read(self, target: Target, fields: Sequence[str]) -> Fields | Missing | Unseen:
        """The named fields as they are now. Service errors are raised, never guessed at."""
        ...

    async def read_each(
        self, asked: Sequence[tuple[Target, Sequence[str]]]
    ) -> list[Fields | Missing | Unseen]:
        """Like `read`, for several objects of one family that the service tells in one request.

        Answers in the order asked. Meant for Conditional Access, which allows a request a second,
        and for mailboxes and users, of which there are thousands: at most ten of these, and what
        cannot be read of one is Unseen.
        """
        ...

    async def find(self, target: Target) -> tuple[str, ...] | Unseen:
        """Keys of the objects of this family whose name is exactly `target.name`."""
        ...

    async def write(self, change: Change) -> Written:
        """Exactly one remote write (retries of a refused request are the session's).

        Raises fault.ServiceFault; an answer that was lost on the way raises its
        subclass AmbiguousWrite, because the write may have happened.
        """
        ...


class Crew(Protocol):
    """Bounded concurrency, so that use-cases need no event loop of their own."""

    def each(
        self, items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], limit: int
    ) -> AsyncIterator[tuple[Item, Result]]:
        """Yield (item, result) as they finish; the first exception stops the rest."""
        ...


class Journal(Protocol):
    """An append-only story of one run. Each line is on the disk when `append` returns."""

    def append(self, entry: Mapping[str, Any]) -> None:
        """Raises fault.StateFault where the disk refuses: then nothing of the line is there."""
        ...

    def reserve(self, octets: int) -> None:
        """Keep room for so many octets of lines to come. Raises StateFault where there is none."""
        ...

    def release(self) -> None:
        """Give that room back."""
        ...

    def entries(self) -> list[dict[str, Any]]:
        """Every whole line so far; a torn last line is dropped and reported by `torn`."""
        ...

    @property
    def torn(self) -> bool: ...


class Progress(Protocol):
    """Told what is going on; writes for people, never to standard output."""

    def step(self, text: str, done: int = 0, total: int = 0) -> None: ...


class Stream(Protocol):
    """A byte stream to a mail server, as doors/stream.py opens it."""

    async def read(self) -> bytes:
        """Some bytes, or b"" at the end. Raises run.probe.Cut on a broken connection."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def start_tls(self) -> None: ...

    async def close(self) -> None: ...


class Dial(Protocol):
    """Opens a stream to `host:port`; `tls` means TLS from the first byte.

    `source` is the local address to speak from, where the network decides. Raises
    run.probe.Cut. The stream itself bounds every wait: a connection, a handshake, a read and
    a write that take longer raise Cut too.
    """

    async def __call__(
        self, host: str, port: int, *, tls: bool, source: str | None = None
    ) -> Stream: ...
