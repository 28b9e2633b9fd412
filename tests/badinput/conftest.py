"""One lab for the module, and a desk for each row."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from badlab import BadLab, HastyClock, open_bad_lab
from desk import Desk, copy_state

from portineria.cli import labs
from portineria.cli.main import main
from portineria.doors.state import StateFolder

ENVIRONMENT = (
    "PORTINERIA_PROFILE", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY",
    "http_proxy", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)  # fmt: skip


@pytest.fixture(scope="session")
def bad_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BadLab]:
    with open_bad_lab(tmp_path_factory.mktemp("badlab")) as lab:
        yield lab


@pytest.fixture(scope="session")
def template(bad_lab: BadLab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the lab's profile and its private files."""
    state = StateFolder(tmp_path_factory.mktemp("template") / "state").make()
    labs.write_profile(state, bad_lab.info)
    return state.root


@pytest.fixture(scope="session")
def plans() -> dict[str, str]:
    """Plans by their policy, so that each is made once."""
    return {}


@pytest.fixture
def desk(
    bad_lab: BadLab,
    template: Path,
    plans: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    folder, state = tmp_path / "desk", tmp_path / "state"
    folder.mkdir(mode=0o700)
    copy_state(template, state)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORTINERIA_STATE", str(state))
    monkeypatch.setenv("PORTINERIA_PROFILE", "lab")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr("portineria.wiring.opening.system_clock", HastyClock)
    monkeypatch.chdir(folder)

    def planned(policy: str) -> str:
        if policy not in plans:
            (tmp_path / "policy.yaml").write_text(policy)
            words = ["plan", str(tmp_path / "policy.yaml"), "-o", str(tmp_path / "plan.json")]
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                assert main(words) == 0
            plans[policy] = (tmp_path / "plan.json").read_text()
            bad_lab.restore()
        return plans[policy]

    secrets = [bad_lab.info["admin"]["client_secret"], bad_lab.info["mail_app"]["client_secret"]]
    secrets += [one["password"] for one in bad_lab.info["people"] if one["password"]]
    bad_lab.restore()
    found = Desk(folder, state, bad_lab, capsys, monkeypatch, secrets, [], planned)
    try:
        yield found
    finally:
        for close in reversed(found.closing):
            close()
        bad_lab.restore()
        sys.stdout.flush()
