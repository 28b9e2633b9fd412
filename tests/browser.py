"""Somebody in front of a browser: opens a page of a login, fills in what it asks, presses on.

It trusts one authority, runs no scripts, and knows of the login only what stands on its pages.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2

import pages

STEPS = 10
"""More pages than any sign-in has."""


@dataclass(slots=True)
class Browser:
    """`press` names the button for a page, by its title; every other page is gone through."""

    ca: str
    upn: str
    password: str
    press: Mapping[str, str] = field(default_factory=dict)
    follow: bool = True
    """Whether the answer is carried to the program that waits for it."""
    seen: list[str] = field(default_factory=list)
    """The titles of the pages gone through, and at the end that of the program's own page."""
    said: str = ""
    """The last page's text."""

    def go(self, url: str, code: str = "") -> dict[str, str]:
        """From a URL to the end; what was handed to the program (empty for a device)."""
        trust = ssl.create_default_context(cafile=self.ca)
        with httpx2.Client(verify=trust, trust_env=False) as http:
            answer = http.get(url)
            for _ in range(STEPS):
                if answer.is_redirect:
                    return self._carried(http, answer.headers["location"])
                page = self._read(answer)
                if not page.action:
                    return {}
                if not page.action.startswith("/"):  # handed over by a form
                    if self.follow:
                        self._read(http.post(page.action, data=page.fields))
                    return page.fields
                press = self.press.get(page.title, "")
                target, form = page.filled(press, **self._answers(page, code))
                answer = http.post(target, data=form)
        raise AssertionError(f"no end after {self.seen}")

    def _carried(self, http: httpx2.Client, location: str) -> dict[str, str]:
        if self.follow:
            self._read(http.get(location))
        return pages.members(location)

    def _read(self, answer: httpx2.Response) -> pages.Page:
        page = pages.read(str(answer.url), answer.text)
        self.seen.append(page.title)
        self.said = f"{page.text}{page.alert}"
        return page

    def _answers(self, page: pages.Page, code: str) -> dict[str, str]:
        known = {"loginfmt": self.upn, "passwd": self.password, "otc": code}
        return {name: value for name, value in known.items() if name in page.fields}
