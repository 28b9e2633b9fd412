"""Where the state folder is, and that the options are told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from portineria.config import OPTIONS, state_folder

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("given", "environment", "folder"),
    [
        (None, {}, "/home/ada/.local/state/portineria"),
        (None, {"XDG_STATE_HOME": "/var/state"}, "/var/state/portineria"),
        (None, {"XDG_STATE_HOME": "state"}, "/home/ada/.local/state/portineria"),
        (None, {"XDG_STATE_HOME": ""}, "/home/ada/.local/state/portineria"),
        ("", {"XDG_STATE_HOME": "/var/state"}, "/var/state/portineria"),
        ("/srv/p", {"XDG_STATE_HOME": "/var/state"}, "/srv/p"),
    ],
)
def test_the_state_folder_is_the_one_given_or_stands_in_the_xdg_folder(
    given: str | None, environment: dict[str, str], folder: str
) -> None:
    """A relative XDG_STATE_HOME is to be ignored, the specification says."""
    assert state_folder(given, environment, HOME) == Path(folder)


def test_a_folder_that_is_given_may_be_relative_or_begin_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder("here", {}, HOME) == tmp_path / "here"
    assert state_folder("~/there", {}, HOME) == tmp_path / "there"


def test_an_option_without_a_value_is_a_flag() -> None:
    flags = {option.name for option in OPTIONS if option.flag}
    assert flags == {"json", "yes", "verbose"}
    assert {option.name for option in OPTIONS} - flags == {"profile", "state", "lang"}


def test_options_share_no_name_and_no_letter_and_a_flag_has_no_default() -> None:
    names = [option.name for option in OPTIONS]
    letters = [option.short for option in OPTIONS if option.short]
    assert len(set(names)) == len(names)
    assert len(set(letters)) == len(letters)
    assert not [option.name for option in OPTIONS if option.flag and option.default]
    assert all(option.help.endswith(".") for option in OPTIONS)
