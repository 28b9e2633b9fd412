"""Somebody at a browser, for libraries that send their users to one: no scripts, no clicks.

It opens a page of the lab, fills in what the page asks for, and carries the answer to where the
lab sends it. The libraries under test know nothing of it.
"""

from __future__ import annotations

import ssl
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2
import pytest

import pages
from portineria.lab.seeds.people import password

STEPS = 8
"""More pages than any sign-in has."""


class Lab(Protocol):
    """A lab by what `lab up --json` says of it, in this process or in an enclave."""

    info: dict[str, Any]


@dataclass(slots=True)
class Person:
    """Somebody with a password and a browser that trusts the lab.

    `wires` is how the browser reaches the lab, where that is not the network of this machine.
    """

    lab: Lab
    upn: str = "ada@contoso.example"
    wires: httpx2.BaseTransport | None = None
    seen: list[str] = field(default_factory=list)
    """The titles of the pages gone through."""

    def go(self, url: str, code: str = "") -> dict[str, str]:
        """From a URL to the end; what was handed to the application (empty for a device)."""
        trust = ssl.create_default_context(cafile=self.lab.info["ca"])
        with httpx2.Client(verify=trust, trust_env=False, transport=self.wires) as http:
            answer = http.get(url)
            for _ in range(STEPS):
                if answer.is_redirect:
                    return pages.members(answer.headers["location"])
                page = pages.read(str(answer.url), answer.text)
                self.seen.append(page.title)
                if not page.action.startswith("/"):
                    return page.fields  # handed over by POST, or the end of a device's flow
                target, form = page.filled(**self._answers(page, code))
                answer = http.post(target, data=form)
        raise AssertionError(f"no end after {self.seen}")

    def _answers(self, page: pages.Page, code: str) -> dict[str, str]:
        known = {"loginfmt": self.upn, "passwd": password(self.upn), "otc": code}
        return {name: value for name, value in known.items() if name in page.fields}


@contextmanager
def browser_of(person: Person) -> Iterator[None]:
    """Inside, a program that opens a browser gets this person's, which calls at its door."""
    calls: list[threading.Thread] = []

    def visit(url: str) -> None:
        asked = pages.members(url)
        given = person.go(url)
        if asked.get("response_mode") == "form_post":
            httpx2.post(asked["redirect_uri"], data=given, trust_env=False)
        else:
            httpx2.get(asked["redirect_uri"], params=given, trust_env=False)

    def opened(url: str, new: int = 0, autoraise: bool = True) -> bool:
        calls.append(threading.Thread(target=visit, args=(url,), daemon=True))
        calls[-1].start()
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webbrowser, "open", opened)
        yield
    for call in calls:
        call.join(10)
