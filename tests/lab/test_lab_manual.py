"""docs/lab.md names what there is, all of it and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portineria.lab.control import _DOORS
from portineria.lab.lab import Lab
from portineria.lab.seeds.reading import NAMES
from portineria.lab.weather import EFFECTS, PRESETS, READINGS, Weather, forecast

MANUAL = Path(__file__).parents[2] / "docs" / "lab.md"


def table(heading: str) -> dict[str, str]:
    """First cell to second of the table whose first heading this is."""
    text = MANUAL.read_text(encoding="utf-8")
    _, _, below = text.partition(f"| {heading} |")
    rows = {}
    for line in below.splitlines()[2:]:
        if not line.startswith("|"):
            break
        name, value = (cell.strip() for cell in line.strip("|").split("|")[:2])
        rows[name] = value
    assert rows, f"no table headed {heading}"
    return rows


def plain(names: object) -> set[str]:
    return {name.strip("`") for name in names}  # type: ignore[attr-defined]


def test_every_seed_is_described() -> None:
    assert plain(table("seed")) == set(NAMES)


def test_every_weather_is_described() -> None:
    assert plain(table("weather")) == set(PRESETS)


def test_every_effect_is_listed_with_its_delay() -> None:
    told = {name.strip("`"): cell.partition(",") for name, cell in table("effect").items()}
    assert {name: float(cell[0]) for name, cell in told.items()} == {
        name: seconds for name, (seconds, _) in EFFECTS.items()
    }
    assumed = {name for name, cell in told.items() if "assumed" in cell[2]}
    assert assumed == {name for name, (_, note) in EFFECTS.items() if "UNVERIFIED" in note}


def test_every_reading_is_listed_with_its_values_in_order() -> None:
    told = {
        name.strip("`"): tuple(re.findall("`([^`]+)`", cell))
        for name, cell in table("reading").items()
    }
    assert told == dict(READINGS)


def test_every_request_of_the_control_door_is_listed() -> None:
    def known(method: str, pattern: re.Pattern[str]) -> str:
        path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: m[1].upper(), pattern.pattern)
        return f"{method} {path}"

    assert plain(table("request")) == {known(method, pattern) for method, pattern, _ in _DOORS}


def test_the_doors_are_those_of_the_lab() -> None:
    told = {name for cell in table("door") for name in re.findall(r"\w+", cell)}
    from portineria.lab.post.serve import DOORS

    faces = set(Lab.__dataclass_fields__["urls"].default_factory())  # type: ignore[misc]
    assert told == faces | set(DOORS)


@pytest.mark.parametrize(
    "member",
    re.findall(
        "`([a-z_]+)`",
        re.search("A preset can be changed(.*)", MANUAL.read_text(encoding="utf-8"))[1],
    ),  # type: ignore[index]
)
def test_every_member_named_is_one_of_the_weather(member: str) -> None:
    assert member in Weather.__dataclass_fields__


def test_every_fault_named_can_be_scheduled() -> None:
    from typing import get_args

    from portineria.lab.weather import FaultKind

    line = re.search("^Faults are (.*)$", MANUAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert line is not None
    assert set(re.findall("`([^`]+)`", line[1])) == set(get_args(FaultKind))


def test_the_weather_of_the_examples_is_accepted() -> None:
    import json

    bodies = re.findall(r"/weather\".*\n\s+-d '(.*)'", MANUAL.read_text(encoding="utf-8"))
    assert len(bodies) == 3
    for body in map(json.loads, bodies):
        assert forecast(body.get("name", "fair"), body["overrides"]) != Weather()
