"""Writes the generated documents, or checks that they are what would be written.

Generated: docs/ladder.md (from the ladder), the picture in docs/architecture.md (from the
imports), FIDELITY.md (from the lab's parts), docs/commands.md (from --help).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "portineria"
FLOORS = (
    ("cli",),
    ("wiring",),
    ("doors",),
    ("run", "m365", "lab"),
    ("policy", "mail"),
    ("tenant",),
    ("config", "clock", "secret", "fault"),
)


def rooms_used_by(room: str) -> set[str]:
    """Which other rooms a room imports, read from the code itself."""
    place = SOURCE / room
    files = place.rglob("*.py") if place.is_dir() else [SOURCE / f"{room}.py"]
    used = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
                if node.module == "portineria":
                    names = [f"portineria.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            used |= {n.split(".")[1] for n in names if n.startswith("portineria.")}
    return used - {room}


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
    text = (ROOT / "docs" / "architecture.md").read_text()
    before, _, rest = text.partition("<!-- picture -->\n")
    _, _, after = rest.partition("<!-- end of picture -->")
    return f"{before}<!-- picture -->\n{picture()}\n<!-- end of picture -->{after}"


def ladder() -> str:
    from portineria.policy.show.ladder import ladder_page

    return ladder_page()


PARTS = (
    "src/portineria/lab/FIDELITY.part.md",
    "src/portineria/lab/exchange/FIDELITY.part.md",
    "src/portineria/lab/post/FIDELITY.part.md",
)
INTRODUCTION = """# How faithful the lab is

The lab imitates Microsoft from documents and captures, and shares no code with the program it
tests. Each faithful line names its source and a test that exists and ran. What the sources call
unverified stands under Unknown, and can be run under either reading. This page is put together
from the parts that lie beside the code (`make docs`).
"""


def fidelity() -> str:
    sections: dict[str, list[str]] = {"Faithful": [], "Deliberately different": [], "Unknown": []}
    current = ""
    for part in PARTS:
        for line in (ROOT / part).read_text().splitlines():
            if line.startswith("#"):
                current = next((name for name in sections if name in line), "")
            elif current and line.startswith("- "):
                sections[current].append(line)
            elif current and line.strip() and sections[current]:
                sections[current][-1] += " " + line.strip()
    body = "".join(f"\n## {name}\n\n" + "\n".join(ls) + "\n" for name, ls in sections.items())
    return INTRODUCTION + body


def commands() -> str:
    from portineria.cli.reference import commands_page

    return commands_page()


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/architecture.md": architecture,
    "docs/ladder.md": ladder,
    "docs/commands.md": commands,
    "FIDELITY.md": fidelity,
}


def main() -> int:
    stale = []
    for name, write in DOCUMENTS.items():
        path, wanted = ROOT / name, write()
        if sys.argv[1:] == ["--write"]:
            path.write_text(wanted)
        elif not path.exists() or path.read_text() != wanted:
            stale.append(name)
    for name in stale:
        print(f"{name} is not what the code says: run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
