"""A secret has no text form; only `reveal` speaks."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass

import pytest

from portineria.secret import Secret

SPOKEN = "hunter2-but-longer"


@dataclass
class Holder:
    secret: Secret


@pytest.mark.parametrize(
    "say",
    [
        repr,
        str,
        lambda secret: f"{secret}",
        lambda secret: f"{secret:>40}",
        lambda secret: f"{secret!r}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - this way of saying it too
        lambda secret: str([secret, {"of": secret}]),
        lambda secret: repr(Holder(secret)),
        lambda secret: json.dumps(secret, default=str),
        lambda secret: str(ValueError(secret)),
        lambda secret: str(dir(secret)),
    ],
)
def test_however_it_is_said_it_is_not_told(say: object) -> None:
    assert SPOKEN not in say(Secret(SPOKEN))  # type: ignore[operator]


@pytest.mark.parametrize("store", [pickle.dumps, json.dumps, copy.copy, copy.deepcopy, vars])
def test_it_is_not_stored_by_accident(store: object) -> None:
    with pytest.raises(TypeError):
        store(Secret(SPOKEN))  # type: ignore[operator]


def test_it_compares_by_content_and_speaks_when_asked() -> None:
    assert Secret(SPOKEN) == Secret(SPOKEN) != Secret("another")
    assert Secret(SPOKEN) != SPOKEN
    assert Secret(SPOKEN).reveal() == SPOKEN
    assert not Secret("")


def test_equal_secrets_count_once_and_their_hash_is_not_that_of_the_text() -> None:
    assert len({Secret(SPOKEN), Secret(SPOKEN), Secret("another")}) == 2
    assert hash(Secret(SPOKEN)) != hash(SPOKEN)
