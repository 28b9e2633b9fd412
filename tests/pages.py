"""A browser of one trick: reads the form of a page, fills it in, and says where to send it.

It knows HTML forms and nothing of the lab, runs no scripts, and speaks to nobody: the tests
carry what it fills in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit


@dataclass(slots=True)
class Page:
    """One page: its title, heading texts, alert, and the members of its form as they stand."""

    url: str
    title: str = ""
    text: str = ""
    alert: str = ""
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)

    def filled(self, press: str = "", **values: str) -> tuple[str, dict[str, str]]:
        """Where the form goes and with which members; `press` names a button. KeyError for a
        field that the page does not have."""
        for name in values:
            self.fields[name]
        pressed = {press: self.buttons[press]} if press else {}
        return urljoin(self.url, self.action), {**self.fields, **values, **pressed}


def read(url: str, html: str) -> Page:
    reader = _Reader(Page(url))
    reader.feed(html)
    return reader.page


def members(location: str) -> dict[str, str]:
    """What a redirect carries, in its query or behind its #."""
    parts = urlsplit(location)
    return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inside = "alert" if given.get("role") == "alert" else tag
        if tag == "form":
            self.page.action = given["action"]
        elif tag == "input" and given.get("name"):
            self.page.fields[given["name"]] = given.get("value", "")
        elif tag == "button" and given.get("name"):
            self.page.buttons[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "title":
            self.page.title += data
        elif self.inside == "alert":
            self.page.alert += data
        elif self.inside not in ("style", "script"):
            self.page.text += f"{data} "
