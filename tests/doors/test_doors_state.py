"""The state folder is private, and stays so."""

import stat
from pathlib import Path

import pytest

from portineria.config import OPTIONS, state_folder
from portineria.doors.state import FOLDERS, StateFolder
from portineria.fault import OperatorFault


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "new" / "state").make()
    for folder in (state.root, *(state.root / name for name in FOLDERS)):
        assert mode(folder) == 0o700
    named = {state.profiles, state.runs, state.snapshots, state.tokens, state.keys, state.lab}
    assert named == {state.root / name for name in FOLDERS}


def test_making_it_again_changes_nothing(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state").make()
    (state.runs / "kept").write_text("kept")
    state.make()
    assert (state.runs / "kept").read_text() == "kept"


def test_a_folder_open_to_others_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(OperatorFault, match="open to others") as caught:
        StateFolder(folder).make()
    assert caught.value.try_ == f"chmod 700 {folder}"
    assert mode(folder) == 0o755
    assert list(folder.iterdir()) == []


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(OperatorFault):
        StateFolder(tmp_path / "state").make()


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ("/given", {"XDG_STATE_HOME": "/xdg"}, "/given"),
        (None, {"XDG_STATE_HOME": "/xdg"}, "/xdg/portineria"),
        (None, {"XDG_STATE_HOME": "relative"}, "/home/ada/.local/state/portineria"),
        (None, {}, "/home/ada/.local/state/portineria"),
        ("", {}, "/home/ada/.local/state/portineria"),
    ],
)
def test_the_folder_is_found_by_option_then_xdg(
    given: str | None, environment: dict[str, str], expected: str
) -> None:
    assert state_folder(given, environment, Path("/home/ada")) == Path(expected)


def test_options_have_help_and_names_of_their_own() -> None:
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)
    assert all(option.help.endswith(".") for option in OPTIONS)
    assert {option.name for option in OPTIONS} == {
        "profile",
        "state",
        "lang",
        "json",
        "yes",
        "verbose",
    }
