"""Which script was asked for."""

from __future__ import annotations

from importlib import resources

from portineria.cli.policies import read_plan
from portineria.policy.script.render import Script, render

COMMON = "# <common>\n"
"""Where what the classics have in common is put in, so that each is a file that runs alone."""


def written(plan: str | None, classic: str | None, name: str) -> Script:
    """A plan's file as a script, or a classic, or the one that exports.

    Raises OperatorFault, GuardStop.
    """
    if plan is not None:
        return render(read_plan(plan), _text("apply.ps1"), name)
    if classic is None:
        return Script(_text("export.ps1"), "")
    return Script(
        _text(f"classics/{classic}.ps1").replace(COMMON, _text("classics/common.ps1")), ""
    )


def _text(name: str) -> str:
    return (resources.files("portineria.policy.script") / name).read_text("utf-8")
