"""Whoever reads a citation can look up what it means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portineria.lab.weather import READINGS
from portineria.policy.advise.facts import FACTS
from portineria.policy.wiretexts.catalogue import SAYINGS

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
NUMBER = r"\b\d+(?:\.\d+)?"


def listed(dossier: str) -> set[str]:
    _, _, below = SOURCES.partition(f"\n## {dossier}\n")
    return set(re.findall(rf"^\| ({NUMBER}) \|", below.partition("\n## ")[0], re.MULTILINE))


def cited() -> set[tuple[str, str]]:
    found = set()
    text = (ROOT / "FIDELITY.md").read_text(encoding="utf-8")
    for dossier, numbers in re.findall(r"\[(entra-graph|exchange-online) ([^\]]*)\]", text):
        found |= {(dossier, number) for number in re.findall(NUMBER, numbers)}
    names = {"Graph": "entra-graph", "Exchange": "exchange-online"}
    for path in (ROOT / "src").rglob("*.py"):
        text = " ".join(path.read_text(encoding="utf-8").split())
        for name, numbers in re.findall(
            rf"(Graph|Exchange) dossier ({NUMBER}(?:(?:, | and ){NUMBER})*)", text
        ):
            found |= {(names[name], number) for number in re.findall(NUMBER, numbers)}
    return found | catalogued()


def catalogued() -> set[tuple[str, str]]:
    """What the catalogue of refusals and the dated facts cite, as people read it."""
    sources = [saying.source for saying in SAYINGS] + [fact.source for fact in FACTS]
    return {
        (dossier, number)
        for source in sources
        for dossier, numbers in re.findall(r"(entra-graph|exchange-online) ([\d., ]+)", source)
        for number in re.findall(NUMBER, numbers)
    }


@pytest.mark.parametrize("dossier", ["entra-graph", "exchange-online"])
def test_every_section_that_is_cited_is_explained(dossier: str) -> None:
    mine = {number for name, number in cited() if name == dossier}
    assert len(mine) > 20
    assert mine <= listed(dossier), mine - listed(dossier)


def test_no_section_is_explained_twice() -> None:
    for dossier in ("entra-graph", "exchange-online"):
        _, _, below = SOURCES.partition(f"\n## {dossier}\n")
        numbers = re.findall(rf"^\| ({NUMBER}) \|", below.partition("\n## ")[0], re.MULTILINE)
        assert len(numbers) == len(set(numbers))


def test_every_reading_named_as_unknown_can_be_chosen() -> None:
    _, _, unknown = (ROOT / "FIDELITY.md").read_text(encoding="utf-8").partition("\n## Unknown\n")
    named = set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", unknown))
    assert named <= set(READINGS)
    assert len(named) > 4
