"""Draws docs/errors.md: every code of an error, its exit code, what it means, what helps."""

from __future__ import annotations

import json
from collections.abc import Iterator

from portineria import fault
from portineria.cli.failure import error_object, error_text
from portineria.fault import Fault
from portineria.policy.marked import FileFault
from portineria.policy.policyfile import parse

_OPENING = """\
# Errors

Every error is told once: what is wrong, `where`, and what to `try`. Below them stands evidence,
such as a correlation id; never a secret. `make docs` writes this page from
`src/portineria/fault.py`.

{text}

With `--json` the same is one object on standard output, and standard error holds progress only:

{json}

`code` is for programs, and stable; `why` and `try` are for people, and may be worded better at
any time. A run that rests answers with `portineria/run@1` and the same members under `error`; where
it rests in the middle, `evidence.cause` has the code of what stopped it. What a run wrote stands
in its journal, whatever the code: `portineria runs list`.

| code | exit | what it means | what helps |
|---|---|---|---|
"""

_EXAMPLE = "tennant: contoso.onmicrosoft.com\n"


def errors_page() -> str:
    """The whole page, ending with a newline."""
    example = _example()
    text = f"```text\n{error_text(example)}\n```"
    document = json.dumps(error_object(example), indent=2, ensure_ascii=False)
    opening = _OPENING.format(text=text, json=f"```json\n{document}\n```")
    return opening + "".join(f"{row}\n" for row in _rows())


def kinds() -> list[type[Fault]]:
    """Every kind that has a code of its own, as fault.py tells them."""
    found = [one for one in vars(fault).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, Fault) and "code" in vars(one)]


def _rows() -> Iterator[str]:
    ordered = sorted(kinds(), key=lambda kind: kind.exit_code)
    for kind in ordered:
        means = (kind.__doc__ or "").partition("\n")[0].rstrip(".")
        yield f"| `{kind.code}` | {kind.exit_code} | {means} | {kind.mend} |"


def _example() -> Fault:
    try:
        parse(_EXAMPLE, read_csv=None)
    except FileFault as mistakes:
        return mistakes
    raise AssertionError("the example has a mistake in it")
