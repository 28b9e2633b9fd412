"""Asks somebody to sign in: opens a browser where there is one, else says what to open and type."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from portineria.cli.faces.tables import plain
from portineria.tongue.say import compose, say

if TYPE_CHECKING:
    from portineria.doors.signin import Invitation


def has_browser(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a browser can open where the person sits: not over SSH, and not without a screen."""
    if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return True
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return False
    return bool(environment.get("BROWSER")) or platform in {"darwin", "win32"}


def by_device_code(*, device_code: bool, no_browser: bool, port: int) -> bool:
    """A code is the way of a machine without a browser, unless a page was asked for."""
    if device_code or no_browser or port:
        return device_code
    return not has_browser(os.environ, sys.platform)


def inviter(*, no_browser: bool) -> Callable[[Invitation], None]:
    def invite(invitation: Invitation) -> None:
        if invitation.code:
            told = "To sign in, open {} on any device and type {}"
            _tell(compose(told, invitation.url, invitation.code))
            blocked = (
                "Where that page says AADSTS53003 or AADSTS530033, device codes are blocked: "
                "press\nCtrl-C here, and use --no-browser --port 8400 through "
                "ssh -L 8400:127.0.0.1:8400"
            )
            for line in say(blocked).split("\n"):
                _tell(line)
            return
        if no_browser or not _opened(invitation.url):
            _tell(say("Open this in a browser on this machine, and sign in:"))
        else:
            _tell(say("Sign in, in the browser that has opened; or open this on this machine:"))
        _tell(f"  {invitation.url}")

    return invite


def _opened(url: str) -> bool:
    import webbrowser

    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _tell(text: str) -> None:
    print(plain(text), file=sys.stderr, flush=True)
