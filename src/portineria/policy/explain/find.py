"""All messages of a pasted text: which of the catalogue, where, said to whom as far as it shows.

Nothing is guessed: what has the form of an answer and is not in the catalogue is returned as
strange, and where nothing has that form, nothing is found.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from portineria.policy.explain.bodies import Body, bodies
from portineria.policy.explain.pasted import Pasted, pasted
from portineria.policy.explain.pattern import Found, search
from portineria.policy.explain.strange import Near, Strange, near, strange
from portineria.policy.wiretexts.catalogue import BY_NUMBER
from portineria.policy.wiretexts.rows import ANYONE, BASIC, TOKEN, CallerKind
from portineria.policy.wiretexts.sayings import Face, Saying

NEAREST = 200
"""Strange fragments of which it is asked what they are near to: that takes its time."""
BACK = 16_000
"""Signs before a message in which a login is looked for that it may answer: a token is long."""

LEAD = 24
"""Signs before a message that belong to it: a code, a tag, a quote."""
_ANOTHER = re.compile(r"(?<![\w.])[45]\d\d[ -]\d\.\d{1,3}\.\d{1,3}|aadsts\d", re.IGNORECASE)
_BARE = re.compile(r"\d{5,8}")
_LOGIN = re.compile(
    r"(?<![\w-])auth(?:enticate)? (?P<how>xoauth2|oauthbearer|login|plain)(?![\w-])"
    r"|(?<!\w)(?=[a-z.]*\d)[a-z0-9.]{1,12} login \S+ \S"
    r"|^(?:[c>] ?:? ?)?(?:user|pass) \S+$",
    re.MULTILINE,
)
_ASKED = frozenset({Face.SMTP, Face.IMAP, Face.POP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One text of the catalogue as it was said to one kind of caller.

    `callers` are those that it can have been said to: fewer than the saying's own where the log
    shows the login before it. `lines` are numbers of the pasted lines, one each time.
    """

    saying: Saying
    callers: frozenset[CallerKind]
    lines: tuple[int, ...]
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fragment that is not known, and where it stands; `near` is named and no more."""

    shown: str
    lines: tuple[int, ...]
    number: int = 0
    near: Near | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a text holds. `lines` is how many lines it has."""

    messages: tuple[Message, ...]
    unknown: tuple[Unknown, ...]
    lines: int

    @property
    def known(self) -> bool:
        """Whether there was something, and all of it is in the catalogue."""
        return bool(self.messages) and not self.unknown


def find(raw: str) -> Findings:
    """Everything that is known in a text, and everything that only looks like an answer."""
    if _BARE.fullmatch(raw.strip()):
        return _bare(int(raw))
    errors = bodies(raw)
    rest = pasted(_without(raw, ((one.start, one.end) for one in errors)))
    words, logins = search(rest.text), list(_LOGIN.finditer(rest.text))
    line = _numbers(raw)
    gathered = [
        Message(
            saying=one.saying,
            callers=one.saying.callers,
            lines=(line(one.start),),
            policies=one.policies,
        )
        for one in errors
        if one.saying
    ]
    gathered += [_of_words(rest, one, logins) for one in _once(rest, words)]
    left = _without(rest.plain, (_about(rest.plain, one) for one in words))
    strangers = [_of_strange(rest, one, at) for at, one in enumerate(strange(left))]
    strangers += [_unread(one, line(one.start)) for one in errors if one.saying is None]
    return Findings(
        _grouped(gathered),
        _counted(strangers),
        raw.rstrip("\n").count("\n") + 1,
    )


def _bare(number: int) -> Findings:
    """A number alone is a code of the token endpoint, or nothing."""
    if saying := BY_NUMBER.get(number):
        return Findings((Message(saying=saying, callers=ANYONE, lines=(1,)),), (), 1)
    return Findings((), (Unknown(str(number) if number < 10**8 else "…", (1,), number),), 1)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with these stretches blanked, line for line."""
    out, at = [], 0
    for start, end in sorted(spans):
        out += [text[at:start], re.sub(r"[^\n]", " ", text[max(at, start) : end])]
        at = max(at, end)
    return "".join([*out, text[at:]])


def _once(where: Pasted, words: list[Found]) -> list[Found]:
    """Without the word that OAuth has for what a number of the same line says better."""
    told = {where.line(one.start) for one in words if one.saying.number}
    wordy = [one for one in words if one.saying.face is Face.SIGN_IN and not one.saying.number]
    return [one for one in words if one not in wordy or where.line(one.start) not in told]


def _about(text: str, one: Found) -> tuple[int, int]:
    """A known message with what leads to it and what stands behind it in its line, up to the next
    code: none of that is strange."""
    end = text.find("\n", one.end)
    tail = text[one.end : len(text) if end < 0 else end]
    another = _ANOTHER.search(tail)
    begin = max(text.rfind("\n", 0, one.start) + 1, one.start - LEAD)
    return begin, one.end + (another.start() if another else len(tail))


def _numbers(raw: str) -> Callable[[int], int]:
    """From an offset to the number of its line."""
    breaks = [found.start() for found in re.finditer("\n", raw)]
    return lambda offset: bisect_left(breaks, offset) + 1


def _unread(one: Body, line: int) -> Unknown:
    told = f"AADSTS{one.number}" if one.number else "an error body of which no part is known"
    return Unknown(told, (line,), one.number)


def _of_words(where: Pasted, one: Found, logins: list[re.Match[str]]) -> Message:
    callers = one.saying.callers
    if one.saying.face in _ASKED:
        callers = callers & _login_before(logins, one.start) or callers
    return Message(saying=one.saying, callers=callers, lines=(where.line(one.start),))


def _of_strange(where: Pasted, one: Strange, at: int) -> Unknown:
    nearest = near(one.words) if at < NEAREST else None
    return Unknown(one.shown, (where.line(one.start),), one.number, nearest)


def _login_before(logins: list[re.Match[str]], at: int) -> frozenset[CallerKind]:
    """Whose login was the last before this place: by what it showed, a password or a token."""
    before = bisect_right(logins, at, key=re.Match.start)
    if before == 0 or at - logins[before - 1].end() > BACK:
        return ANYONE
    return TOKEN if logins[before - 1]["how"] in ("xoauth2", "oauthbearer") else BASIC


def _grouped(messages: list[Message]) -> tuple[Message, ...]:
    """The same said to the same callers is one message with several lines, in order of the text."""
    groups: dict[tuple[str, frozenset[CallerKind]], list[Message]] = {}
    for one in sorted(messages, key=lambda message: message.lines):
        groups.setdefault((one.saying.id, one.callers), []).append(one)
    return tuple(map(_sum, groups.values()))


def _sum(group: list[Message]) -> Message:
    first = group[0]
    return Message(
        saying=first.saying,
        callers=first.callers,
        lines=tuple(line for one in group for line in one.lines),
        policies=tuple(dict.fromkeys(policy for one in group for policy in one.policies)),
    )


def _counted(strangers: list[Unknown]) -> tuple[Unknown, ...]:
    groups: dict[tuple[str, int], list[Unknown]] = {}
    for one in sorted(strangers, key=lambda unknown: unknown.lines):
        groups.setdefault((one.shown, one.number), []).append(one)
    return tuple(
        Unknown(group[0].shown, tuple(_lines(group)), group[0].number, group[0].near)
        for group in groups.values()
    )


def _lines(group: list[Unknown]) -> Iterator[int]:
    for one in group:
        yield from one.lines
