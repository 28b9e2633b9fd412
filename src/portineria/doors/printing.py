"""A page as PDF, by whichever browser is on this machine: it draws the page as it prints it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from portineria.fault import OperatorFault

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
WITHIN = 60


def printed(page: str) -> bytes:
    """The page asks for nothing outside, and is drawn in a profile of its own that is thrown away.

    Raises OperatorFault where there is no browser, or where it prints nothing.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise OperatorFault(
            "no browser that prints was found on this machine",
            where="--format",
            try_="write --format html, open it and print it; or install chromium",
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(page, encoding="utf-8")
        words = [browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions"]
        words += ["--no-pdf-header-footer", "--print-to-pdf-no-header"]
        words += ["--no-sandbox"] if os.geteuid() == 0 else []  # its sandbox refuses root
        words += [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={folder / 'page.pdf'}"]
        try:
            subprocess.run(  # noqa: S603 - a browser of this machine, and a page of our own
                [*words, (folder / "page.html").as_uri()],
                check=False,
                capture_output=True,
                timeout=WITHIN,
            )
            return (folder / "page.pdf").read_bytes()
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OperatorFault(
                f"the browser printed nothing: {type(error).__name__}",
                where=browser,
                try_="write --format html, open it and print it",
            ) from None
