"""Commands run in this process, with a state folder and a kept snapshot of their own."""

from pathlib import Path

import pytest
from saying import Said, Say, a_snapshot, keep

from portineria.cli.main import main


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def say(
    state: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Say:
    monkeypatch.setenv("PORTINERIA_STATE", str(state))
    monkeypatch.delenv("PORTINERIA_PROFILE", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return run


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return keep(a_snapshot(), tmp_path / "snapshot.json")
