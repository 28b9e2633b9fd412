"""Writes the generated documents, or checks that they are what would be written.

Generated: docs/ladder.md (from the ladder), docs/refusals.md (from the catalogue of refusals),
docs/advise.md (from the dated facts), the picture in docs/architecture.md (from the
imports), FIDELITY.md (from the lab's parts), docs/commands.md (from --help), docs/errors.md (from
the family of errors), docs/schemas.md (from the published schemas), the permissions in
docs/connect.md (from their table), the states in docs/strangers.md (from the strangers' tests), the
tables in docs/app-check.md (from the steps), the checks in docs/report.md (from their registry),
docs/gateway-quirks.md (from the gateway's dialogues).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "portineria"
FLOORS = (
    ("cli",),
    ("wiring",),
    ("doors",),
    ("run", "m365", "gateway", "settings", "lab"),
    ("policy", "mail"),
    ("tenant",),
    ("config", "clock", "secret", "fault", "tongue"),
)


def rooms_used_by(room: str) -> set[str]:
    """Which other rooms a room imports, read from the code itself."""
    place = SOURCE / room
    files = place.rglob("*.py") if place.is_dir() else [SOURCE / f"{room}.py"]
    used = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
                if node.module == "portineria":
                    names = [f"portineria.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            used |= {n.split(".")[1] for n in names if n.startswith("portineria.")}
    return used & {name for floor in FLOORS for name in floor} - {room}


def picture() -> str:
    """The floors with what each room really leans on."""
    lines = ["```text"]
    for floor in FLOORS:
        for room in floor:
            if not (SOURCE / room).exists() and not (SOURCE / f"{room}.py").exists():
                continue
            used = rooms_used_by(room)
            order = [r for f in FLOORS for r in f if r in used]
            lines.append(f"{room:<8} -> {' '.join(order) if order else '(nothing)'}")
        lines.append("")
    lines[-1] = "```"
    return "\n".join(lines)


def architecture() -> str:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- picture -->\n")
    _, _, after = rest.partition("<!-- end of picture -->")
    return f"{before}<!-- picture -->\n{picture()}\n<!-- end of picture -->{after}"


def strangers() -> str:
    """The states of the door, as the strangers' tests have them."""
    sys.path.insert(0, str(ROOT / "tests" / "strangers"))
    from states import page

    text = (ROOT / "docs" / "strangers.md").read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- states -->\n")
    _, _, after = rest.partition("<!-- end of states -->")
    return f"{before}<!-- states -->\n{page()}\n<!-- end of states -->{after}"


def _for(permission: Any, write: Any) -> str:
    if permission.optional:
        return "who wishes it"
    return "writing" if permission.only_for is write else "reading and writing"


def app_check() -> str:
    """The steps of the mail app, and the delays of the service."""
    from portineria.policy.show import appsteps

    text = (ROOT / "docs" / "app-check.md").read_text(encoding="utf-8")
    for name, table in (("steps", appsteps.steps()), ("delays", appsteps.delays())):
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        _, _, after = rest.partition(f"<!-- end of {name} -->")
        text = f"{before}<!-- {name} -->\n{table}\n<!-- end of {name} -->{after}"
    return text


def quirks() -> str:
    """The odd clients that the gateway serves, as its dialogues quote them."""
    rows = ["| client that | where that comes from | quoted in |", "|---|---|---|"]
    for path in sorted((ROOT / "tests" / "dialogues" / "gateway").glob("quirk-*.txt")):
        first, second = path.read_text(encoding="utf-8").splitlines()[:2]
        quirk, who = first.removeprefix("# quirk: "), second.removeprefix("# who: ")
        rows.append(f"| {quirk} | {who} | `{path.name}` |")
    return _QUIRKS + "\n".join(rows) + "\n"


_QUIRKS = """# Odd clients

The gateway serves clients that keep to no book. Each row is a dialogue in
`tests/dialogues/gateway`, in which the client is quoted; `make docs` writes this page from them.
A client that the gateway does not serve is worth a new dialogue: `portineria gateway trace` shows
what it says.

"""


def report() -> str:
    """The checks that a report makes."""
    from portineria.policy.report.registry import CHECKS

    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    before, _, rest = text.partition("|---|---|---|\n")
    _, _, after = rest.partition("\n\n**Open doors**")
    rows = "\n".join(f"| `{one.id}` | {one.severity.value} | {one.title} |" for one in CHECKS)
    return f"{before}|---|---|---|\n{rows}\n\n**Open doors**{after}"


def connect() -> str:
    """The permissions that `connect` asks for, as the table has them."""
    from portineria.m365.permissions import NAMES, PERMISSIONS
    from portineria.tenant.ownaccess import Access

    head = ["| permission | for | why |", "|---|---|---|"]
    rows = [
        f"| `{one.value}` on {NAMES[one.resource]} | {_for(one, Access.WRITE)} | {one.why} |"
        for one in PERMISSIONS
    ]
    text = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- permissions -->\n")
    _, _, after = rest.partition("<!-- end of permissions -->")
    told = "\n".join(head + rows)
    return f"{before}<!-- permissions -->\n{told}\n<!-- end of permissions -->{after}"


def ladder() -> str:
    from portineria.policy.show.ladder import page

    return page()


def refusals() -> str:
    from portineria.policy.show.refusals import page

    return page()


def advise() -> str:
    from portineria.policy.show.advisepage import page

    return page()


PARTS = (
    "src/portineria/lab/FIDELITY.part.md",
    "src/portineria/lab/exchange/FIDELITY.part.md",
    "src/portineria/lab/post/FIDELITY.part.md",
)
SECTIONS = {
    "Faithful": "Each line names its source and, below it, the tests that hold it.",
    "Deliberately different": "Known, and so on purpose.",
    "Unknown": "No source says it. The lab takes one reading, and where a reading has a name it "
    "can be run under the others ([docs/lab.md](docs/lab.md), *Where nobody knows*).",
}
INTRODUCTION = """# How faithful the lab is

The lab imitates Microsoft from documents and captures, and shares no code with the program it
tests. What a source says is one thing and what the service does another: where the two have not
been seen to agree, that stands under Unknown. The names in brackets are sections of the notes in
[docs/sources.md](docs/sources.md). This page is put together by `make docs` from the parts that
lie beside the lab's code.
"""
_TESTS = re.compile(r" ?\((tests/[^)]+)\)$")


def fidelity() -> str:
    """A section a kind, and in it a heading for each face of the lab."""
    page = [INTRODUCTION]
    parts = [_part((ROOT / name).read_text(encoding="utf-8")) for name in PARTS]
    for section, told in SECTIONS.items():
        page.append(f"## {section}\n\n{told}\n")
        for title, entries in parts:
            lines = [_entry(line) for line in entries.get(section, ())]
            page.append(f"### {title}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(page)


def _part(text: str) -> tuple[str, dict[str, list[str]]]:
    """The title of a part and its entries by section, each in one line.

    Raises ValueError where a line would be lost: under a heading that is not known.
    """
    title, current = "", ""
    entries: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            title = line[2:]
        elif line.startswith("## "):
            current = line[3:]
            if current not in SECTIONS:
                raise ValueError(f"{title}: no section is called {current}")
        elif line.startswith("- ") and current:
            entries.setdefault(current, []).append(line)
        elif line.strip() and current:
            entries[current][-1] += " " + line.strip()
    return title, entries


def _entry(line: str) -> str:
    """Its tests go on lines of their own, so that the sentence can be read."""
    tests = _TESTS.search(line)
    if tests is None:
        return line
    ids = [f"  `{test.strip()}`" for test in tests[1].split(",")]
    return "\n".join([f"{line[: tests.start()]}\\", "\\\n".join(ids)])


def errors() -> str:
    from portineria.cli.errorpage import errors_page

    return errors_page()


def commands() -> str:
    from portineria.cli.reference import commands_page

    return commands_page()


def schemas() -> str:
    from portineria.cli.schemapage import schemas_page

    return schemas_page()


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/advise.md": advise,
    "docs/app-check.md": app_check,
    "docs/report.md": report,
    "docs/gateway-quirks.md": quirks,
    "docs/architecture.md": architecture,
    "docs/commands.md": commands,
    "docs/errors.md": errors,
    "docs/connect.md": connect,
    "docs/ladder.md": ladder,
    "docs/refusals.md": refusals,
    "docs/schemas.md": schemas,
    "docs/strangers.md": strangers,
    "FIDELITY.md": fidelity,
}


def main() -> int:
    stale = []
    for name, write in DOCUMENTS.items():
        path, wanted = ROOT / name, write()
        if sys.argv[1:] == ["--write"]:
            path.write_text(wanted, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
            stale.append(name)
    for name in stale:
        print(f"{name} is not what the code says: run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
