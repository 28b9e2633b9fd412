"""A value that will not print itself."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Holds a password, key or token. Only `reveal()` speaks, and it is easy to search for.

    It compares by content, has no useful repr, str or format, and cannot be pickled or
    turned into JSON by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored by accident")
