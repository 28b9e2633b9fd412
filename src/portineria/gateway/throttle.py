"""Failed logins: by address and by name, with a wait that grows, and memory that does not.

Two tables of a fixed size. Whoever failed a few times is a *suspect*; whoever failed too often is
*locked* for a while that doubles with each further failure. A flood of strangers pushes the oldest
suspects out, who had little to lose; a lock is pushed out only by another lock, and each of those
costs an attacker as many failures as the first one did. So nobody buys his own entry out cheaply.

Whoever got in before, under this name from this address, is judged by his own mistakes alone: a
stranger who guesses at a scanner's name does not lock the scanner out, nor does a neighbour behind
the same address who has his password wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Generic, TypeVar

from portineria.gateway.admission import Address, folded
from portineria.gateway.limits import Limits

SUSPECTS = 65_536
LOCKED = 16_384
KNOWN = 65_536
"""Entries of each table: 90 MB when all are full of IPv6 networks and addresses as names."""
FIRST = 1.0
"""Seconds of the first wait."""
FORGOTTEN = 3600.0
"""Seconds without a failure after which a suspect is none."""


@dataclass(slots=True)
class _Mark:
    failures: int
    last: float
    until: float = 0.0


Key = TypeVar("Key", str, tuple[str, str])
Kept = TypeVar("Kept")


@dataclass(slots=True)
class _Table(Generic[Key]):
    """One kind of key."""

    failures: int
    longest: float
    suspects: OrderedDict[Key, _Mark] = field(default_factory=OrderedDict)
    locked: OrderedDict[Key, _Mark] = field(default_factory=OrderedDict)

    def every(self) -> set[Key]:
        return self.suspects.keys() | self.locked.keys()

    def wait(self, key: Key, now: float) -> float:
        """Seconds until this one may try again; 0.0 where it may now."""
        mark = self.locked.get(key)
        return 0.0 if mark is None else max(0.0, mark.until - now)

    def failed(self, key: Key, now: float) -> None:
        mark = self.locked.pop(key, None) or self.suspects.pop(key, None)
        if mark is None or now - mark.last > FORGOTTEN:
            mark = _Mark(0, now)
        mark.failures, mark.last = mark.failures + 1, now
        if mark.failures < self.failures:
            _keep(self.suspects, key, mark, SUSPECTS)
            return
        doublings = min(mark.failures - self.failures, 30)
        mark.until = now + min(self.longest, FIRST * 2.0**doublings)
        _keep(self.locked, key, mark, LOCKED)

    def forgive(self, key: Key) -> bool:
        found = [self.locked.pop(key, None), self.suspects.pop(key, None)]
        return any(mark is not None for mark in found)


def _keep(table: OrderedDict[Key, Kept], key: Key, kept: Kept, most: int) -> None:
    """The newest last; the oldest goes where the table is full.

    A plain dict would look for its oldest past every place that was ever emptied before it.
    """
    if len(table) >= most:
        table.popitem(last=False)
    table[key] = kept


class Throttle:
    """`now` is a monotonic second of the owner's clock."""

    def __init__(self, limits: Limits) -> None:
        longest = float(limits.lockout_seconds)
        self._addresses: _Table[str] = _Table(limits.failures, longest)
        self._names: _Table[str] = _Table(limits.failures, longest)
        self._pairs: _Table[tuple[str, str]] = _Table(limits.failures, longest)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def verdict(self, address: Address, name: str, now: float) -> str:
        """Why this login is not even looked at, or nothing. The client hears what it hears of a
        wrong password."""
        place, called = block(address), folded(name)
        if (called, place) in self._known:
            waits = self._pairs.wait((called, place), now)
            return "too many failed logins under this name from this address" if waits else ""
        if self._addresses.wait(place, now):
            return "too many failed logins from this address"
        if self._names.wait(called, now):
            return "too many failed logins under this name"
        return ""

    def failed(self, address: Address, name: str, now: float) -> None:
        place, called = block(address), folded(name)
        if (called, place) in self._known:
            self._pairs.failed((called, place), now)
            return
        self._addresses.failed(place, now)
        self._names.failed(called, now)

    def passed(self, address: Address, name: str) -> None:
        """It got in: its address is forgiven, and known to belong to the name."""
        place, called = block(address), folded(name)
        self._addresses.forgive(place)
        self._pairs.forgive((called, place))
        self._known.pop((called, place), None)
        _keep(self._known, (called, place), None, KNOWN)

    def unlock(self, what: str) -> bool:
        """Forgive a name, or an address as `block` writes it; whether there was anything."""
        called = folded(what)
        pairs = {key for key in self._pairs.every() if what == key[1] or called == key[0]}
        tables = [self._names.forgive(called), self._addresses.forgive(what)]
        return any([*tables, *(self._pairs.forgive(key) for key in pairs)])

    @property
    def locked(self) -> int:
        return sum(len(table.locked) for table in (self._addresses, self._names, self._pairs))

    @property
    def held(self) -> int:
        """Entries in memory."""
        tables = (self._addresses, self._names, self._pairs)
        return len(self._known) + sum(len(t.suspects) + len(t.locked) for t in tables)


@lru_cache(maxsize=4096)
def block(address: Address) -> str:
    """An IPv6 address stands for its /64: whoever has one has all of them (RFC 6177)."""
    plain: IPv4Address | IPv6Address = getattr(address, "ipv4_mapped", None) or address
    if isinstance(plain, IPv6Address):
        return str(IPv6Network((plain, 64), strict=False))
    return str(plain)


def written(who: str) -> str:
    """An address as the throttle writes it; a name as it is."""
    try:
        return block(ip_address(who.strip()))
    except ValueError:
        return who


class Crowd:
    """Sessions that are open, counted by address and by credential."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places: dict[str, int] = {}
        self._credentials: dict[str, int] = {}
        self.total = 0

    def enter(self, address: Address) -> str:
        """Why one more is too many, or nothing: then it is counted, until `leave`."""
        place = block(address)
        if self.total >= self._limits.sessions:
            return "too many sessions"
        if self._places.get(place, 0) >= self._limits.sessions_per_address:
            return "too many sessions from this address"
        self.total += 1
        self._places[place] = self._places.get(place, 0) + 1
        return ""

    def leave(self, address: Address) -> None:
        self.total -= 1
        _less(self._places, block(address))

    def log_in(self, credential: str) -> str:
        if self._credentials.get(credential, 0) >= self._limits.sessions_per_credential:
            return "too many sessions of this credential"
        self._credentials[credential] = self._credentials.get(credential, 0) + 1
        return ""

    def log_out(self, credential: str) -> None:
        _less(self._credentials, credential)


def _less(counts: dict[str, int], key: str) -> None:
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]
