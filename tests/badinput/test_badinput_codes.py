"""docs/errors.md lists every code there is, and every code is met."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from test_badinput import BY_NAME

import portineria
from portineria.cli.errorpage import errors_page, kinds
from portineria.cli.reference import _OPENING as COMMANDS
from portineria.fault import Fault

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "internal": "tests/cli/test_cli_frame.py",
    "sign-in": "tests/doors/test_doors_signin.py",
    "other-app": "tests/doors/test_doors_profileapps.py",
    "not-licensed": "tests/m365/test_m365_answers.py",
    "not-found": "tests/m365/test_m365_answers.py",
    "conflict": "tests/m365/test_m365_answers.py",
    "ambiguous-write": "tests/m365/test_m365_session.py",
    "incomplete": "tests/m365/test_m365_slicing.py",
}
"""Codes that no command ends with by a bad input: they are reasons within a look or a run, or
take somebody in front of a browser."""


def test_every_code_is_met_by_a_row_of_the_table() -> None:
    met = {row.code for row in BY_NAME.values()} - {""}
    known = {kind.code: kind for kind in kinds()}
    assert met | set(ELSEWHERE) == set(known)
    assert met & set(ELSEWHERE) == set()
    for code, file in ELSEWHERE.items():
        assert known[code].__name__ in (ROOT / file).read_text(encoding="utf-8")


def test_no_code_is_told_twice_and_each_says_what_it_means_and_what_helps() -> None:
    codes = [kind.code for kind in kinds()]
    assert len(codes) == len(set(codes))
    for kind in kinds():
        assert (kind.__doc__ or "").partition("\n")[0].endswith(".")
        assert kind.mend
        assert not kind.mend.endswith(".")
        assert f"| `{kind.code}` | {kind.exit_code} |" in errors_page()


def every(kind: type[Fault]) -> Iterator[type[Fault]]:
    yield kind
    for child in kind.__subclasses__():
        yield from every(child)


def test_nobody_makes_up_a_code_elsewhere() -> None:
    for module in walk_packages(portineria.__path__, "portineria."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    assert {kind.code for kind in every(Fault)} == {kind.code for kind in kinds()}
    for kind in every(Fault):
        if kind.__module__ != Fault.__module__:
            assert "code" not in vars(kind), f"{kind.__name__} has a code that the page lacks"


def test_every_exit_code_of_an_error_stands_in_the_list_of_them() -> None:
    for code in {kind.exit_code for kind in kinds()}:
        assert f" {code} " in COMMANDS
