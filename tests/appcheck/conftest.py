"""One lab with real doors for all tests of a worker, planted anew for each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from appserver import Desk, a_desk, open_lab_server

from portineria.lab.lab import Lab


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, dict[str, Any]]]:
    with open_lab_server(tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture
def desk(
    lab_server: tuple[Lab, dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    monkeypatch.setenv("PORTINERIA_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("PORTINERIA_PROFILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return a_desk(*lab_server, tmp_path, capsys)
