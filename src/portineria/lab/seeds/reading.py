"""A seed's files as plain data. A variant has a `base` and brings only what differs."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FOLDER = Path(__file__).parent
NAMES = ("contoso", "contoso-free", "small", "bare")
KINDS = (
    "tenant",
    "licences",
    "people",
    "crowd",
    "groups",
    "roles",
    "apps",
    "protections",
    "exchange",
    "signins",
)
"""The files of a seed; what they hold is told at the top of each in `contoso`."""


class NoSuchSeed(ValueError):
    """There is no seed of that name; the text lists those there are."""


def seed_data(name: str) -> dict[str, Any]:
    """Every kind of a seed by name, the base's where the variant is silent; yours to change."""
    if name not in NAMES:
        raise NoSuchSeed(f"no seed called {name!r}; there is: {', '.join(NAMES)}")
    return deepcopy(_merged(name))


@cache
def shared(name: str) -> Any:
    """One of the lists that all seeds use. Cached: it is data of the package."""
    return _file(FOLDER / f"{name}.yaml")


@cache
def _merged(name: str) -> dict[str, Any]:
    folder = FOLDER / name
    base = _file(folder / "seed.yaml").get("base")
    data = dict(_merged(base)) if base else {}
    for kind in KINDS:
        path = folder / f"{kind}.yaml"
        if path.exists():
            data[kind] = _file(path)
    return data


def _file(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
