"""Records what ran, so that a promise whose test was skipped or never ran is found; and holds
every answer that is printed as JSON, in whatever test, against its published schema.

A property never fails because the machine was busy. Where EXAMPLES is set (`make mutants`,
`make covered`) it draws the same few examples every time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from portineria.cli.faces import answer
from portineria.tenant.lazyjson import pieces

os.environ["PORTINERIA_LANG"] = "en"  # whatever whoever runs the tests speaks

_outcomes: dict[str, str] = {}

settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("busy")
if "EXAMPLES" in os.environ:
    settings.register_profile(
        "few",
        settings.get_profile("busy"),
        max_examples=int(os.environ["EXAMPLES"]),
        derandomize=True,
        database=None,
    )
    settings.load_profile("few")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist asks this of every worker; the worker itself is not told how tests are dealt."""
    node.workerinput["dealt"] = node.config.option.dist


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow ones first, dealt out: each worker begins with a stretch of the list as long as the
    others' (pytest-xdist, worksteal), and gives away only what stands at its end.

    Where a worker takes whole files (loadfile) their tests stay in the order in which they stand.
    """
    if getattr(config, "workerinput", {}).get("dealt") != "worksteal":
        return
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow")]
    slow.sort(key=lambda item: "test_cli_soak" not in item.nodeid)  # it takes five minutes
    quick = iter([item for item in items if not item.get_closest_marker("slow")])
    each, over = divmod(len(items), workers)
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        mine = slow[worker::workers]
        room = each + (worker < over) - len(mine)
        dealt += [*mine, *(item for _, item in zip(range(room), quick, strict=False))]
    items[:] = [*dealt, *quick]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the worst outcome of a test's three steps (the controller sees all workers)."""
    if report.when == "call" or report.outcome != "passed":
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    name = os.environ.get("RAN")
    if not name or hasattr(session.config, "workerinput"):
        return
    folder = Path(session.config.rootpath) / ".ran"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(_outcomes, indent=0, sort_keys=True))


@pytest.fixture(autouse=True)
def _every_answer_has_its_schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Listens where answers and errors are printed in this process."""
    printed: list[Any] = []
    aloud = answer.print_document

    def heard(document: Any) -> None:
        printed.append(json.loads("".join(pieces(document))))
        aloud(document)

    monkeypatch.setattr(answer, "print_document", heard)
    yield
    if printed:
        from published import judge

        for document in printed:
            judge(document)
