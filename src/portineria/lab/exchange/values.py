"""JSON values become parameter values, with PowerShell's leniencies and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from portineria.lab.exchange import faults
from portineria.lab.exchange.declare import COMMON, Cmdlet, Kind, Parameter

HASHTABLE = "#Exchange.GenericHashTable"
UNLIMITED = "Unlimited"


@dataclass(frozen=True, slots=True)
class Edit:
    """A multi-valued change: what to add and what to remove."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def of(self, current: Sequence[str]) -> list[str]:
        """The edited list; values compare without regard to case."""
        gone = {value.lower() for value in self.remove}
        kept = [value for value in current if value.lower() not in gone]
        there = {value.lower() for value in kept}
        return kept + [value for value in self.add if value.lower() not in there]


def read(cmdlet: Cmdlet, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The sent parameters by declared name and type, whatever their case. Raises Refusal."""
    declared = {p.name.lower(): p for p in (*COMMON, *cmdlet.parameters)}
    strange = [name for name in sent if name.lower() not in declared and "@" not in name]
    if strange:
        raise faults.unknown_parameter(strange)
    values: dict[str, Any] = {}
    for name, value in sent.items():
        if "@" not in name:
            parameter = declared[name.lower()]
            values[parameter.name] = value_of(parameter, value)
    return values


def value_of(parameter: Parameter, value: Any) -> Any:
    """One value of the parameter's kind. null clears where the kind can be cleared."""
    return _READERS[parameter.kind](parameter, value)


def _boolean(parameter: Parameter, value: Any) -> bool | None:
    """Booleans and numbers, as PowerShell has it; a string is refused, "true" included."""
    if value is None and parameter.kind is Kind.NULLABLE:
        return None
    if isinstance(value, int | float):
        return bool(value)
    raise faults.bad_value(parameter.name, "" if value is None else value, "System.Boolean")


def _integer(parameter: Parameter, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise faults.bad_value(parameter.name, value, "System.Int32") from None


def _size(parameter: Parameter, value: Any) -> int | None:
    """A count, or None for "Unlimited"."""
    if isinstance(value, str) and value.strip().lower() == UNLIMITED.lower():
        return None
    number = _integer(parameter, value)
    if number < 0:
        raise faults.bad_value(parameter.name, value, "Microsoft.Exchange.Data.Unlimited")
    return number


def _date(parameter: Parameter, value: Any) -> str | None:
    """An ISO 8601 date as the service prints it (UTC, whole seconds)."""
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise faults.bad_value(parameter.name, value, "System.DateTime") from None
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return parsed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _choice_or_null(parameter: Parameter, value: Any) -> str | None:
    return None if value is None else _choice(parameter, value)


def _choice(parameter: Parameter, value: Any) -> str:
    """An enum member by number, by name, or by any prefix that only one member has."""
    if isinstance(value, int) and 0 <= value < len(parameter.choices):
        return parameter.choices[value]
    text = str(value).strip().lower()
    for choice in parameter.choices:
        if choice.lower() == text:
            return choice
    near = [choice for choice in parameter.choices if text and choice.lower().startswith(text)]
    if len(near) == 1:
        return near[0]
    raise faults.bad_choice(parameter.name, value, parameter.choices)


def _text(parameter: Parameter, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise faults.bad_value(parameter.name, type(value).__name__, "System.String")
    return str(value)


def _texts(parameter: Parameter, value: Any) -> list[str] | Edit:
    return _edit(parameter, value) if isinstance(value, Mapping) else _items(value)


def _choices(parameter: Parameter, value: Any) -> list[str]:
    return [_choice(parameter, item) for item in _items(value)]


def _items(value: Any) -> list[str]:
    if value is None:
        return []
    items = value if isinstance(value, list) else str(value).split(",")
    return [str(item).strip() for item in items]


def _edit(parameter: Parameter, value: Mapping[str, Any]) -> Edit:
    """`{"@odata.type": "#Exchange.GenericHashTable", "Add": [...], "Remove": [...]}`."""
    if value.get("@odata.type") != HASHTABLE:
        raise faults.bad_value(parameter.name, "Object", "Microsoft.Exchange.Data.MultiValued")
    members = {name.lower(): _list(item) for name, item in value.items() if "@" not in name}
    if strange := set(members) - {"add", "remove"}:
        raise faults.bad_value(parameter.name, ", ".join(sorted(strange)), "Add or Remove")
    return Edit(members.get("add", ()), members.get("remove", ()))


def _list(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


_READERS: Mapping[Kind, Callable[[Parameter, Any], Any]] = MappingProxyType(
    {
        Kind.BOOLEAN: _boolean,
        Kind.NULLABLE: _boolean,
        Kind.SWITCH: _boolean,
        Kind.TEXT: _text,
        Kind.TEXTS: _texts,
        Kind.CHOICE: _choice_or_null,
        Kind.CHOICES: _choices,
        Kind.INTEGER: _integer,
        Kind.SIZE: _size,
        Kind.DATE: _date,
        Kind.ANY: lambda parameter, value: value,
    }
)
