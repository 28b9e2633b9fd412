"""All messages of a pasted text: which of the catalogue, where, said to whom as far as it shows.

Nothing is guessed: what has the form of an answer and is not in the catalogue is returned as
strange, and where nothing has that form, nothing is found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from portineria.policy.explain.bodies import Body, bodies
from portineria.policy.explain.pasted import Pasted, pasted
from portineria.policy.explain.pattern import Found, search
from portineria.policy.explain.strange import Near, Strange, strange
from portineria.policy.wiretexts.catalogue import BY_NUMBER
from portineria.policy.wiretexts.rows import ANYONE, BASIC, TOKEN, CallerKind
from portineria.policy.wiretexts.sayings import Face, Saying

MOST = 500
"""Strange fragments that are looked at: a log of nothing else is somebody else's log."""
BACK = 16_000
"""Signs before a message in which a login is looked for that it may answer: a token is long."""

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
    rest = pasted(_without(raw, errors))
    words, logins = search(rest.text), list(_LOGIN.finditer(rest.text))
    gathered = [_of_body(raw, one) for one in errors]
    gathered += [_of_words(rest, one, logins) for one in _once(rest, words)]
    left = _blanked(rest.plain, words)
    strangers = [_of_strange(rest, one) for _, one in zip(range(MOST), strange(left), strict=False)]
    strangers += [_unread(raw, one) for one in errors if one.saying is None]
    return Findings(
        _grouped([one for one in gathered if one is not None]),
        _counted(strangers),
        raw.rstrip("\n").count("\n") + 1,
    )


def _bare(number: int) -> Findings:
    """A number alone is a code of the token endpoint, or nothing."""
    if saying := BY_NUMBER.get(number):
        return Findings((Message(saying=saying, callers=ANYONE, lines=(1,)),), (), 1)
    return Findings((), (Unknown(str(number) if number < 10**8 else "…", (1,), number),), 1)


def _without(raw: str, errors: list[Body]) -> str:
    """The text with its bodies blanked, line for line."""
    for one in errors:
        blank = re.sub(r"[^\n]", " ", raw[one.start : one.end])
        raw = raw[: one.start] + blank + raw[one.end :]
    return raw


def _once(where: Pasted, words: list[Found]) -> list[Found]:
    """Without the word that OAuth has for what a number of the same line says better."""
    told = {where.line(one.start) for one in words if one.saying.number}
    wordy = [one for one in words if one.saying.face is Face.SIGN_IN and not one.saying.number]
    return [one for one in words if one not in wordy or where.line(one.start) not in told]


def _blanked(text: str, words: list[Found]) -> str:
    """Without what is known, and without what stands behind it in the same line or sentence."""
    for one in reversed(words):
        end = text.find("\n", one.end)
        tail = text[one.end : len(text) if end < 0 else end]
        keep = re.search(r"(?<![\w.])[45]\d\d[ -]\d\.\d{1,3}\.\d{1,3}|aadsts\d", tail)
        stop = one.end + (keep.start() if keep else len(tail))
        begin = text.rfind("\n", 0, one.start) + 1
        begin = max(begin, one.start - 24)
        text = text[:begin] + re.sub(r"[^\n]", " ", text[begin:stop]) + text[stop:]
    return text


def _of_body(raw: str, one: Body) -> Message | None:
    if one.saying is None:
        return None
    line = raw.count("\n", 0, one.start) + 1
    return Message(
        saying=one.saying, callers=one.saying.callers, lines=(line,), policies=one.policies
    )


def _unread(raw: str, one: Body) -> Unknown:
    told = f"AADSTS{one.number}" if one.number else "an error body of which no part is known"
    return Unknown(told, (raw.count("\n", 0, one.start) + 1,), one.number)


def _of_words(where: Pasted, one: Found, logins: list[re.Match[str]]) -> Message:
    callers = one.saying.callers
    if one.saying.face in _ASKED:
        callers = callers & _login_before(logins, one.start) or callers
    return Message(saying=one.saying, callers=callers, lines=(where.line(one.start),))


def _of_strange(where: Pasted, one: Strange) -> Unknown:
    return Unknown(one.shown, (where.line(one.start),), one.number, one.near)


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
