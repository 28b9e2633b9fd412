"""Where a browser can open, and what is said where it cannot."""

from __future__ import annotations

import webbrowser

import pytest

from portineria.cli.invite import by_device_code, has_browser, inviter
from portineria.doors.signin import Invitation

PLACES = [
    ("a desktop", {"DISPLAY": ":0"}, "linux", True),
    ("a desktop of another kind", {"WAYLAND_DISPLAY": "w"}, "linux", True),
    ("a server", {}, "linux", False),
    ("a Mac", {}, "darwin", True),
    ("Windows", {}, "win32", True),
    ("a Mac over SSH", {"SSH_CONNECTION": "1"}, "darwin", False),
    ("over SSH", {"SSH_TTY": "/dev/pts/0", "BROWSER": "lynx"}, "linux", False),
    ("over SSH with a forwarded screen", {"SSH_CONNECTION": "1", "DISPLAY": ":10"}, "linux", True),
    ("a browser that is named", {"BROWSER": "firefox"}, "linux", True),
]


@pytest.mark.parametrize(("place", "environment", "platform", "found"), PLACES)
def test_whether_a_browser_can_open(
    place: str, environment: dict[str, str], platform: str, found: bool
) -> None:
    assert has_browser(environment, platform) is found, place


@pytest.mark.parametrize("browser", [True, False])
def test_a_code_is_shown_where_there_is_no_browser_and_no_page_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, browser: bool
) -> None:
    monkeypatch.setattr("portineria.cli.invite.has_browser", lambda *_: browser)
    assert by_device_code(device_code=False, no_browser=False, port=0) is not browser
    assert by_device_code(device_code=True, no_browser=False, port=0)
    assert not by_device_code(device_code=False, no_browser=True, port=0)
    assert not by_device_code(device_code=False, no_browser=False, port=8400)


def _refuses(_: str) -> bool:
    raise webbrowser.Error


@pytest.mark.parametrize(
    ("no_browser", "opens", "said"),
    [
        (True, None, "Open this in a browser on this machine"),
        (False, lambda _: True, "in the browser that has opened"),
        (False, lambda _: False, "Open this in a browser on this machine"),
        (False, _refuses, "Open this in a browser on this machine"),
    ],
)
def test_the_address_is_always_said_and_never_on_stdout(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    no_browser: bool,
    opens: object,
    said: str,
) -> None:
    if opens is None:
        monkeypatch.setattr(webbrowser, "open", pytest.fail)
    else:
        monkeypatch.setattr(webbrowser, "open", opens)
    inviter(no_browser=no_browser)(Invitation(url="https://login.example/authorize?x"))
    told = capsys.readouterr()
    assert said in told.err
    assert "https://login.example/authorize?x" in told.err
    assert told.out == ""


def test_a_code_comes_with_what_to_do_where_it_is_blocked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    inviter(no_browser=False)(Invitation(url="https://login.example/device", code="ABC"))
    told = capsys.readouterr().err
    assert "open https://login.example/device on any device and type ABC" in told
    assert "AADSTS530033" in told
    assert "--no-browser --port 8400" in told
