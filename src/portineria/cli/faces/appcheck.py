"""The steps of `app check`: a ladder for one mailbox, a table for several, one JSON object."""

from __future__ import annotations

from collections.abc import Sequence

from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import plain, print_many
from portineria.policy.appsteps.ladder import Checked
from portineria.policy.show import appcheck
from portineria.run.appcheck import exit_code, together
from portineria.run.appwait import Waited


def print_checks(waited: Waited, *, as_json: bool) -> int:
    """Print, and give the exit code: the answer for all of them together."""
    checks = waited.checks
    if as_json:
        told = {"attempts": waited.attempts, "seconds": round(waited.seconds, 3)}
        document = appcheck.document(checks, together(checks))
        print_json(appcheck.SCHEMA, {**document, **told})
    elif len({check.case.place and check.case.place.name for check in checks}) == 1:
        print(appcheck.text(checks), end="")
    else:
        _print_many(checks)
    return exit_code(checks)


def _print_many(checks: Sequence[Checked]) -> None:
    print_many(("Mailbox", "Protocol", "", "Answer"), lambda: map(_row, checks))
    for told in appcheck.mending(checks):
        print(plain(told))


def _row(check: Checked) -> tuple[str, ...]:
    place = check.case.place
    return (
        place.address if place else "",
        check.case.protocol.value.upper(),
        appcheck.MARKS[check.answer],
        appcheck.headline(check),
    )
