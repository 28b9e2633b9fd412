"""How long the service may take: one table, read by what was made and by the layer that decides."""

from datetime import timedelta

from portineria.policy.delays import DELAYS, Made, longest
from portineria.policy.verdict import Confidence, Layer


def test_everything_that_can_be_young_has_a_latest_time_and_a_source() -> None:
    assert set(DELAYS) == set(Made)
    for delay in DELAYS.values():
        assert timedelta() < delay.most <= timedelta(hours=2)
        assert delay.source
        assert delay.usual


def test_what_nothing_documents_says_so() -> None:
    guessed = {made for made, row in DELAYS.items() if row.confidence is Confidence.UNVERIFIED}
    assert Made.RIGHT not in guessed
    assert Made.SCOPED_ROLE not in guessed
    assert Made.CONSENT in guessed


def test_of_several_layers_the_slowest_counts() -> None:
    assert longest([]) == timedelta()
    assert longest([Layer.CREDENTIAL]) == timedelta()
    assert longest([Layer.MAILBOX_SWITCH, Layer.MAILBOX_RIGHT]) == timedelta(hours=2)
