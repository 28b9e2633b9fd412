"""After a refusal: which layers are left, what to change, who can."""

import pytest

from portineria.policy.mending import left, mends
from portineria.policy.refusals import Reading
from portineria.policy.verdict import Answer, Layer, Rung

SWITCH, RIGHT, CREDENTIAL = Layer.MAILBOX_SWITCH, Layer.MAILBOX_RIGHT, Layer.CREDENTIAL
READING = Reading(meaning="shut", layers=frozenset({SWITCH, RIGHT, CREDENTIAL}))


def rung(layer: Layer, answer: Answer, remedy: str = "") -> Rung:
    return Rung(layer=layer, answer=answer, because="so", remedy=remedy)


@pytest.mark.parametrize(
    ("ladder", "wanted"),
    [
        ([], {SWITCH, RIGHT, CREDENTIAL}),
        ([rung(SWITCH, Answer.NO), rung(RIGHT, Answer.UNKNOWN)], {SWITCH}),
        ([rung(SWITCH, Answer.YES), rung(RIGHT, Answer.UNKNOWN)], {RIGHT, CREDENTIAL}),
        ([rung(SWITCH, Answer.YES), rung(RIGHT, Answer.YES)], {CREDENTIAL}),
        ([rung(Layer.LICENCE, Answer.NO), rung(SWITCH, Answer.YES)], {RIGHT, CREDENTIAL}),
        ([rung(SWITCH, Answer.YES), rung(SWITCH, Answer.UNKNOWN)], {SWITCH, RIGHT, CREDENTIAL}),
    ],
)
def test_a_layer_that_refuses_is_left_or_else_those_that_are_not_cleared(
    ladder: list[Rung], wanted: set[Layer]
) -> None:
    assert left(READING, ladder) == wanted


def test_nothing_is_left_where_the_state_clears_all_of_them() -> None:
    reading = Reading(meaning="shut", layers=frozenset({SWITCH}))
    assert left(reading, [rung(SWITCH, Answer.YES)]) == frozenset()


def test_the_change_is_the_ladders_where_it_has_one() -> None:
    told = mends({SWITCH, RIGHT}, [rung(SWITCH, Answer.NO, "Set-CASMailbox -PopEnabled $true")])
    assert [(mend.layer, mend.who) for mend in told] == [
        (RIGHT, "an Exchange Administrator"),
        (SWITCH, "an Exchange Administrator"),
    ]
    assert told[1].change == "Set-CASMailbox -PopEnabled $true"
    assert told[0].change == "give whoever logs in a right to this mailbox"


@pytest.mark.parametrize("layer", Layer)
def test_every_layer_has_a_change_and_somebody_who_can(layer: Layer) -> None:
    (mend,) = mends({layer}, [rung(layer, Answer.YES, "no matter")])
    assert mend.change
    assert mend.who
    assert mend.change != "no matter"
