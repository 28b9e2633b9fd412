"""Draws the last act of `portineria demo` as docs/pictures/demo.svg (`make picture`).

Plain SVG with the reader's own fixed font: nothing is fetched from anywhere.
"""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

COLOURS = {"kept": "#7ec16e", "broken": "#e06c6c", "refused": "#d7b35a", "open": "#6cb6d9"}
WORDS = re.compile(rf"\b({'|'.join(COLOURS)})\b")
CELL, LINE, MARGIN = 7.8, 19, 18


def drawn(line: str, y: int) -> str:
    """One line; each run of one colour stands at its own column, so that columns stay straight."""
    runs, at = [], 0
    for part in WORDS.split(line):
        if part.strip():
            indent = len(part) - len(part.lstrip())
            colour = COLOURS.get(part, "#d8d8d8")
            x = MARGIN + (at + indent) * CELL
            length = len(part.strip()) * CELL
            runs.append(
                f'<text x="{x:.1f}" y="{y}" fill="{colour}" textLength="{length:.1f}" '
                f'xml:space="preserve">{escape(part.strip())}</text>'
            )
        at += len(part)
    return "".join(runs)


def main() -> None:
    text = sys.stdin.read()
    lines = text[text.index("3. The scanner") :].rstrip().splitlines()
    width = max(map(len, lines)) * CELL + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    body = "\n".join(drawn(line, MARGIN + (n + 1) * LINE - 5) for n, line in enumerate(lines))
    (Path(__file__).parent / "demo.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        'font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13">\n'
        f"<title>The last act of portineria demo</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="#1f2329"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    main()
