"""Where an answer of /authorize goes: registered redirect URIs, and the three response modes.

Source: Microsoft's pages on redirect URIs and on the authorization code flow. A loopback's port
does not count; a URI without a path is answered with a slash.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from portineria.lab.ask import Answer
from portineria.lab.login import pages
from portineria.lab.world import Document

MODES = ("query", "fragment", "form_post")
LOOPBACK = frozenset({"localhost", "127.0.0.1"})
KINDS = ("publicClient", "web", "spa")


def registered_as(app: Document, uri: str) -> str:
    """The kind a redirect URI is registered as (one of KINDS), or ""."""
    for kind in KINDS:
        if any(_same(one, uri) for one in (app.get(kind) or {}).get("redirectUris") or ()):
            return kind
    return ""


def _same(registered: str, given: str) -> bool:
    if registered == given:
        return True
    one, other = urlsplit(registered), urlsplit(given)
    if (one.scheme, one.path or "/", one.query) != (other.scheme, other.path or "/", other.query):
        return False
    if one.hostname in LOOPBACK:
        return one.hostname == other.hostname
    return one.netloc == other.netloc


def back(uri: str, mode: str, members: Mapping[str, str]) -> Answer:
    """Send the browser to the application with these members; empty ones are left out."""
    given = {name: value for name, value in members.items() if value}
    if mode == "form_post":
        return pages.handing_over(uri, given)
    sign = "#" if mode == "fragment" else "&" if urlsplit(uri).query else "?"
    base = uri if urlsplit(uri).path or urlsplit(uri).query else f"{uri}/"
    headers = {"location": f"{base}{sign}{urlencode(given)}", "cache-control": "no-store, no-cache"}
    return Answer(status=302, headers=headers)
