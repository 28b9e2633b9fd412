"""Say a sentence in the language of whoever asked.

The code writes English, and so do plans, journals and JSON: they are read by programs, and by
people of another language later on. Only what is printed for somebody passes through `say`, which
finds the template that the whole sentence was made from, and puts its values into the other
language's. It works for a sentence of an earlier run as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portineria.tongue.catalogue import Catalogue

ENGLISH, ITALIAN = "en", "it"
LANGUAGES = (ENGLISH, ITALIAN)
OPTION = "--lang"
VARIABLES = ("PORTINERIA_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is set decides. Source: POSIX 1003.1, 8.2, for the last three."""

_spoken: ContextVar[Catalogue | None] = ContextVar("spoken", default=None)
"""Of this context, so that one process can answer two people."""


def say(text: str) -> str:
    """A sentence, or several with "; " between them; in English it comes back as it is."""
    catalogue = _spoken.get()
    return text if catalogue is None else catalogue.say(text)


def compose(template: str, *values: object) -> str:
    """A sentence of a template (`{}` for each value) and its values, which are known here: for
    what is printed at once, and has names in it that might be taken for words of ours."""
    catalogue = _spoken.get()
    told = tuple(map(str, values))
    return template.format(*told) if catalogue is None else catalogue.compose(template, told)


def either(words: Iterable[str]) -> str:
    """Words of ours with "or" between them."""
    return say(" or ").join(map(say, words))


def speak(language: str) -> None:
    """From here on, answer in this language, one of LANGUAGES."""
    if language == ENGLISH:
        _spoken.set(None)
        return
    from portineria.tongue.catalogue import catalogue

    _spoken.set(catalogue(language))


def language(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """The last `--lang` on a command line, else what the environment says; English otherwise.

    It is read before the command line is, so that an error in it is told in that language too.
    """
    for at in range(len(words) - 1, -1, -1):
        name, _, value = words[at].partition("=")
        if name == OPTION:
            value = value or "".join(words[at + 1 : at + 2])
            return value if value in LANGUAGES else ENGLISH
    given = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    # it, it_IT.UTF-8, it-CH, it@euro
    word = given.replace("-", "_").partition("_")[0].partition(".")[0].partition("@")[0]
    return ITALIAN if word.lower() == ITALIAN else ENGLISH


def spoken_language() -> str:
    """One of LANGUAGES: for a page that has to name its own."""
    return ENGLISH if _spoken.get() is None else ITALIAN
