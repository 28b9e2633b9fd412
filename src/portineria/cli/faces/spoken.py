"""What a policy says of an access, under the ladder of `why`: who speaks, and what is amiss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from portineria.cli.faces.tables import plain
from portineria.cli.spoken import Spoken
from portineria.policy.effective import Access
from portineria.policy.show.cells import voice_line
from portineria.policy.show.why import answer
from portineria.policy.verdict import Answer, Effective
from portineria.tongue.say import compose, say

WORDS = {"open": "wants it open", "refused": "wants it refused", "": "asks nothing of it"}


def text(access: Access, verdict: Effective, spoken: Spoken) -> str:
    """Lines below the ladder, a blank one first; ends with a newline."""
    return "\n".join(map(plain, _lines(access, verdict, spoken))) + "\n"


def _lines(access: Access, verdict: Effective, spoken: Spoken) -> Iterator[str]:
    said = spoken.sentence
    yield ""
    yield f"{spoken.file} {say(WORDS[said.wanted])}: {say(said.because)}"
    yield from (f"  {voice_line(voice, str(access.caller))}" for voice in said.voices)
    yield from (f"  ? {compose('perhaps more: {}', told)}" for told in spoken.unseen)
    seen = answer(verdict)
    if said.ended and seen is not Answer.NO:
        ended = "IT ENDED, AND IT IS STILL OPEN" if seen is Answer.YES else "IT ENDED"
        yield f"{say(ended)}: portineria apply --expired-only {spoken.file}"
    elif said.wanted and seen.value != {"open": "yes", "refused": "no"}[said.wanted]:
        yield compose("That is not what is in force: portineria plan {}", spoken.file)


def document(spoken: Spoken) -> dict[str, Any]:
    """The same as JSON; `wanted` is open, refused, or "" where the policy asks neither."""
    said = spoken.sentence
    return {
        "file": spoken.file,
        "wanted": said.wanted,
        "ended": said.ended,
        "because": said.because,
        "voices": [asdict(voice) for voice in said.voices],
        "unseen": list(spoken.unseen),
    }
