"""One standing lab for the mail programs, and one node for those from npm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from arranging import arranged
from clients.node import Node
from clients.python_smtplib import Smtplib
from running_lab import Doors, open_doors
from states import ADA, BRUNO, ERP, GROUND, INVOICES, LEAVER, errand


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """Arranged as GROUND says, with a letter waiting in every mailbox that the table opens."""
    with open_doors(tmp_path_factory.mktemp("lab")) as found, arranged(found, GROUND):
        for address in (ERP, ADA, BRUNO, LEAVER, INVOICES):
            sent = Smtplib().go(errand(found, "smtp", found.app_token(), to=address), Path())
            assert sent.done, sent.shown
        yield found


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    process = Node(tmp_path_factory.mktemp("node"))
    yield process
    process.close()
