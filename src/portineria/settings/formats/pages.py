"""Tables for people: plain, Markdown, and one page to print with a code to photograph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources

import segno

from portineria.policy.show.visible import line, visible
from portineria.settings.given import Closed, Login, Server, Settings, Tls
from portineria.tongue.say import compose, say, spoken_language

COLUMNS = ("Protocol", "Server", "Port", "Encryption", "User name", "Login")
_TLS = {Tls.IMPLICIT: "SSL/TLS", Tls.STARTTLS: "STARTTLS", Tls.NONE: "none"}


def row(server: Server) -> tuple[str, ...]:
    """In the order of COLUMNS, as mail programs call these things."""
    return (
        server.protocol.value.upper(),
        server.place.host,
        str(server.place.port),
        say(_TLS[server.place.tls]),
        server.user,
        say("password of the device" if server.login is Login.TYPED else server.login.value),
    )


def remarks(settings: Settings) -> Iterator[str]:
    """What is not given and why, and what else somebody has to know."""
    for closed in settings.closed:
        yield _closed(closed)
    for ca in dict.fromkeys(server.ca for server in settings.servers if server.ca):
        yield compose("The device has to trust this authority: {}", ca)
    if settings.client.screen:
        yield compose("On the device: {}", settings.client.screen)
    if settings.client.tls:
        told = (
            "It speaks TLS {} at most: the gateway takes that from a named network alone (old_tls)."
        )
        yield compose(told, settings.client.tls)
    if settings.client.note:
        yield say(settings.client.note)


def _closed(one: Closed) -> str:
    told = {
        "no": "{} is closed: {}. What opens it: {}",
        "could not tell": "Whether {} is open could not be told: {}. What settles it: {}",
    }[one.answer.value]
    return compose(told, one.protocol.value.upper(), one.because, one.opens)


def title(settings: Settings) -> str:
    return compose("Mail settings of {}", settings.address)


def markdown(settings: Settings) -> str:
    columns = tuple(map(say, COLUMNS))
    lines = [f"# {_plain(title(settings))}", ""]
    if settings.servers:
        lines += [_row(columns), _row(("---",) * len(columns))]
        lines += [_row(map(_plain, row(server))) for server in settings.servers]
        lines.append("")
    lines += [f"- {_plain(told)}" for told in remarks(settings)]
    return "\n".join(lines).rstrip() + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    return line(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "\\<")


def html(settings: Settings) -> str:
    """One page, that asks for nothing outside itself; its code says the same as its table."""
    style = (resources.files(__package__) / "page.css").read_text(encoding="utf-8")
    heads = "".join(f'<th scope="col">{escape(say(name))}</th>' for name in COLUMNS)
    rows = "".join(
        "<tr>" + "".join(f'<td dir="auto">{_shown(cell)}</td>' for cell in row(server)) + "</tr>"
        for server in settings.servers
    )
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    notes = "".join(f'<li dir="auto">{_shown(told)}</li>' for told in remarks(settings))
    code = f'<div class="qr">{_code(settings)}</div>' if settings.servers else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{spoken_language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{_shown(title(settings))}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<main>\n{code}<h1 dir="auto">{_shown(title(settings))}</h1>\n'
        f"{table if settings.servers else ''}\n{f'<ul>{notes}</ul>' if notes else ''}\n"
        "</main>\n</body>\n</html>\n"
    )


def _shown(text: str) -> str:
    return escape(visible(text))


def _code(settings: Settings) -> str:
    """The table as text, for a telephone's camera. No password is in it."""
    told = "\n".join(" ".join(row(server)) for server in settings.servers)
    label = escape(say("The same as text, for a camera"))
    drawn: str = segno.make(told, error="m", micro=False).svg_inline(scale=4)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
