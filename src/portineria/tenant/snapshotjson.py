"""A snapshot as JSON and back, member by member along the types of the words.

Unseen is written as {"unseen": "because"}, so that it survives as what it is. Members that a
newer version wrote and this one does not know are refused, never dropped. A member that is not in
the file is an Unseen where its word admits one, and else refused: defaults are for code, and off,
none or empty is never read out of what somebody left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from portineria.tenant.lazyjson import Keyed, Listed, whole
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

SCHEMA = "portineria/snapshot@1"
LEFT_OUT = Unseen("the snapshot file does not say")


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """JSON-like, the same for equal snapshots: sets are sorted."""
    found: dict[str, Any] = whole(lazily(snapshot))
    return found


def lazily(snapshot: Snapshot) -> dict[str, Any]:
    """The same, but that mailboxes, users and rights are made when they are written."""
    document = {"schema": SCHEMA}
    for field in fields(snapshot):
        value = getattr(snapshot, field.name)
        later = _LATER.get(field.name)
        document[field.name] = _write(value) if later is None or not value else later(value)
    return document


def from_json(document: Mapping[str, Any]) -> Snapshot:
    """Raises ValueError for another schema, for whatever does not fit it, or is not there."""
    if document.get("schema") != SCHEMA:
        raise ValueError(f"not {SCHEMA}: {document.get('schema')!r}")
    members = {name: value for name, value in document.items() if name != "schema"}
    found = _read(Snapshot, members, "snapshot")
    assert isinstance(found, Snapshot)
    return found


def _write(value: Any) -> Any:
    match value:
        case Unseen():
            return {"unseen": value.because}
        case _ if is_dataclass(value):
            return {field.name: _write(getattr(value, field.name)) for field in fields(value)}
        case Mapping():
            return {key: _write(value[key]) for key in sorted(value)}
        case frozenset():
            return sorted(_write(item) for item in value)
        case tuple():
            return [_write(item) for item in value]
        case StrEnum() | datetime() | IPv4Network() | IPv6Network():
            return value.isoformat() if isinstance(value, datetime) else str(value)
        case _:
            return value


def _later_listed(value: Any) -> Any:
    return _write(value) if isinstance(value, Unseen) else Listed(lambda: map(_write, value))


def _later_keyed(value: Any) -> Any:
    if isinstance(value, Unseen):
        return _write(value)
    return Keyed(lambda: ((key, _write(value[key])) for key in sorted(value)))


def _later_paired(value: Mapping[Any, Any]) -> Any:
    """Pairs as keys have no place in JSON: such a mapping is a list of [first, second, value]."""
    return Listed(lambda: ([*key, _write(value[key])] for key in sorted(value)))


_LATER = {"mailboxes": _later_listed, "users": _later_keyed, "rights": _later_paired}
"""The families of which there may be thousands."""


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _read_union(get_args(kind), value, where)
    if origin is not None:
        return _read_container(origin, get_args(kind), value, where)
    return _read_plain(kind, value, where)


def _read_union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if isinstance(value, dict) and set(value) == {"unseen"} and Unseen in kinds:
        return Unseen(str(value["unseen"]))
    if value is None and NoneType in kinds:
        return None
    if {IPv4Network, IPv6Network} <= set(kinds):
        return _network(value, where)
    (kind,) = (kind for kind in kinds if kind not in (Unseen, NoneType))
    return _read(kind, value, where)


def _read_container(origin: Any, kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if origin is tuple:
        return tuple(_read(kinds[0], item, where) for item in _list(value, where))
    if origin is frozenset:
        return frozenset(_read(kinds[0], item, where) for item in _list(value, where))
    key, member = kinds
    if get_origin(key) is tuple:
        if value == {}:
            return {}
        return dict(_pair(get_args(key), member, item, where) for item in _list(value, where))
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object, found {value!r}")
    return {name: _read(member, item, f"{where}.{name}") for name, item in value.items()}


def _pair(kinds: tuple[Any, ...], member: Any, value: Any, where: str) -> tuple[Any, Any]:
    """One row of such a mapping: its two-part key, and what is kept under it."""
    *key, last = _list(value, where)
    if len(key) != len(kinds):
        raise ValueError(f"{where}: expected {len(kinds)} keys and a value, found {value!r}")
    names = (_read(kind, name, where) for kind, name in zip(kinds, key, strict=True))
    return tuple(names), _read(member, last, where)


def _read_plain(kind: Any, value: Any, where: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return _read_object(kind, value, where)
    if kind is datetime:
        return _moment(value, where)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    if not isinstance(value, kind):
        raise ValueError(f"{where}: expected {kind.__name__}, found {value!r}")
    return value


def _read_object(kind: type, value: Any, where: str) -> Any:
    hints = _hints(kind)
    if not isinstance(value, dict) or set(value) - set(hints):
        raise ValueError(f"{where}: not a {kind.__name__}: {value!r}")
    members = {name: _read(hints[name], item, f"{where}.{name}") for name, item in value.items()}
    for name in hints:
        if name not in value:
            members[name] = _left_out(hints[name], f"{where}.{name}")
    return kind(**members)


def _left_out(kind: Any, where: str) -> Unseen:
    if Unseen not in get_args(kind):
        raise ValueError(f"{where} is missing")
    return LEFT_OUT


def _network(value: Any, where: str) -> IPv4Network | IPv6Network:
    if not isinstance(value, str):  # a number would be read as an address
        raise ValueError(f"{where}: expected a network, found {value!r}")
    try:
        return ip_network(value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _moment(value: Any, where: str) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{where}: expected a date with its time zone, found {value!r}")
    return found


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{where}: expected a list, found {value!r}")
    return value
