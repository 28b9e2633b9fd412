"""What the documents point at is there, and the repository speaks of itself alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = tuple(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).is_file()
)
PAGES = tuple(path for path in FILES if path.suffix == ".md" and "dialogues" not in path.parts)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
            for heading in headings}  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{name(page)} points at {target}"
        if anchor:
            assert anchor in anchors(found), f"{name(page)} points at {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_in_the_documents_exists(page: Path) -> None:
    """Whatever is written as code and looks like a path, but for files that a recipe makes."""
    text = page.read_text(encoding="utf-8")
    made = set(re.findall(r"^New file `([^`\n]+)`:$", text, re.MULTILINE))
    words = [word for word in re.findall(r"`([^`\n]+)`", text) if word not in made]
    for word in words:
        path = word.partition("::")[0]
        if re.fullmatch(r"(?:src|tests|docs|benchmarks|\.ci)/[\w./-]+", path):
            assert (ROOT / path).exists(), f"{name(page)} names {path}"


def test_every_word_of_make_in_the_documents_is_one() -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"setup", "check", "test", "demo"} <= known
    told: set[str] = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for words in re.findall(r"(?:`|^ {4}|^)make((?: [a-z]+)+)(?:`|$)", text, re.MULTILINE):
            told |= set(words.split())
    assert told <= known, told - known
    assert {"test", "check"} <= told


def test_every_word_of_make_is_explained() -> None:
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    explained = set(re.findall(r'@echo "([a-z]+) {2,}', text))
    assert set(phony.split()) - explained == {"help", "ci", "clean"}


HOME = "/" + "root/"
MACHINE = re.compile(
    rf"(?<![\w.~])(?:{HOME}|/(?:{'wo' + 'rk'}|{'tm' + 'p'})/\w|/{'home'}/(?!ada\b))"
)
REGISTRIES = re.compile(
    "(?:" + "|".join(("py" + "pi", "npm" + "js", "deb" + "ian")) + r")\.(?:org|com|io)\b"
)


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRIES], ids=["a machine's path", "a registry"])
def test_no_file_names_what_is_not_of_this_repository(pattern: re.Pattern[str]) -> None:
    found = []
    for path in FILES:
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{name(path)}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert MACHINE.search(f"see {HOME}x")
    assert MACHINE.search("in /" + "tmp/bash")
    assert not MACHINE.search("https://graph.microsoft.com/" + "tmp/x")
    assert REGISTRIES.search("from py" + "pi.org")
