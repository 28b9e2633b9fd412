"""Given a need, the ways in their order, with reasons, prices and the day each stops."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.policy.advise import facts
from portineria.policy.advise.costs import COSTS
from portineria.policy.advise.facts import FACTS
from portineria.policy.advise.needs import Around, Knows, Need, Sends, around, of_policy
from portineria.policy.advise.rank import NO_END, Advice, advise
from portineria.policy.advise.ways import Option, Way
from portineria.policy.policyfile import parse
from portineria.policy.show import advise as show
from portineria.policy.show import advisepage
from portineria.policy.verdict import Answer, Confidence
from portineria.tenant.mailbox import Protocol

IMAP, POP, SMTP = Protocol
TODAY = date(2026, 11, 23)
NEXT_YEAR = date(2027, 3, 1)
MARKS = {Answer.YES: "", Answer.UNKNOWN: "?", Answer.NO: "-"}
WORDS = {
    Way.OAUTH: "oauth",
    Way.GATEWAY: "gateway",
    Way.HIGH_VOLUME: "hve",
    Way.CONNECTOR: "connector",
    Way.DIRECT_SEND: "direct",
    Way.BASIC: "basic",
}


def need(protocol: Protocol = SMTP, **said: object) -> Need:
    return Need(name="the need", protocol=protocol, **said)  # type: ignore[arg-type]


NOTHING_KNOWN = Around()


def one(need_: Need, there: Around = NOTHING_KNOWN, today: date = TODAY) -> Advice:
    (found,) = advise([need_], there, today)
    return found


def ranking(found: Advice) -> str:
    """`oauth gateway ?hve -basic`: could be, could not tell, cannot be."""
    return " ".join(MARKS[way.said.answer] + WORDS[way.way] for way in found.options)


def option(found: Advice, way: Way) -> Option:
    return next(one for one in found.options if one.way is way)


INSIDE = {"sends": Sends.INTERNAL}
OUTSIDE = {"sends": Sends.EXTERNAL}
FIXED = {"fixed_address": True}
ROAMING = {"fixed_address": False}

TABLE = [
    (
        "a program that knows OAuth",
        need(knows=Knows.OAUTH, **OUTSIDE),
        Around(),
        TODAY,
        "oauth gateway basic ?connector -hve -direct",
        "knows OAuth, which exposes the least",
    ),
    (
        "a scanner with a password, inside",
        need(knows=Knows.BASIC, **INSIDE, **FIXED),
        Around(),
        TODAY,
        "gateway hve connector direct basic -oauth",
        "the gateway does it in its place",
    ),
    (
        "the same after the end of 2026",
        need(knows=Knows.BASIC, **INSIDE, **FIXED),
        Around(),
        NEXT_YEAR,
        "gateway hve connector direct ?basic -oauth",
        "the gateway does it in its place",
    ),
    (
        "the same in a tenant with security defaults that rejects direct send",
        need(knows=Knows.BASIC, **INSIDE, **FIXED),
        Around(rejects_direct_send=True, security_defaults=True),
        TODAY,
        "gateway connector -oauth -hve -direct -basic",
        "the gateway does it in its place",
    ),
    (
        "the same when High Volume Email takes no password any more",
        need(knows=Knows.BASIC, **INSIDE, **FIXED),
        Around(),
        date(2028, 10, 1),
        "gateway connector direct ?basic -oauth -hve",
        "the gateway does it in its place",
    ),
    (
        "and in that month itself",
        need(knows=Knows.BASIC, **INSIDE, **FIXED),
        Around(),
        date(2028, 9, 30),
        "gateway hve connector direct ?basic -oauth",
        "the gateway does it in its place",
    ),
    (
        "a device without any login, at a fixed address",
        need(knows=Knows.NOTHING, **INSIDE, **FIXED),
        Around(),
        TODAY,
        "gateway connector direct -oauth -hve -basic",
        "the gateway does it in its place",
    ),
    (
        "a device without any login, anywhere",
        need(knows=Knows.NOTHING, **INSIDE, **ROAMING),
        Around(),
        TODAY,
        "direct ?gateway -oauth -hve -connector -basic",
        "no way with a login serves it",
    ),
    (
        "such a device that writes to customers",
        need(knows=Knows.NOTHING, **OUTSIDE, **ROAMING),
        Around(),
        TODAY,
        "?gateway -oauth -hve -connector -direct -basic",
        "could not be told",
    ),
    (
        "more than a mailbox may send, inside",
        need(knows=Knows.BASIC, volume=50_000, **INSIDE, **FIXED),
        Around(),
        TODAY,
        "hve connector direct -oauth -gateway -basic",
        "more than a mailbox may send",
    ),
    (
        "more than a mailbox may send, outside, from anywhere",
        need(knows=Knows.OAUTH, volume=50_000, **OUTSIDE, **ROAMING),
        Around(),
        TODAY,
        "-oauth -gateway -hve -connector -direct -basic",
        "none of the ways",
    ),
    (
        "just as much as a mailbox may send",
        need(knows=Knows.OAUTH, volume=10_000, **OUTSIDE, **ROAMING),
        Around(),
        TODAY,
        "oauth gateway -hve -connector -direct -basic",
        "knows OAuth",
    ),
    (
        "a reader with a password",
        need(IMAP, knows=Knows.BASIC),
        Around(),
        TODAY,
        "gateway -oauth -hve -connector -direct -basic",
        "the gateway does it in its place",
    ),
    (
        "a reader without a login",
        need(POP, knows=Knows.NOTHING, **FIXED),
        Around(),
        TODAY,
        "-oauth -gateway -hve -connector -direct -basic",
        "none of the ways",
    ),
    (
        "a reader of which nothing was said",
        need(IMAP),
        Around(),
        TODAY,
        "gateway ?oauth -hve -connector -direct -basic",
        "OAuth would be better if the client knows it",
    ),
    (
        "a sender of which nothing was said",
        need(),
        Around(),
        TODAY,
        "?oauth ?gateway ?hve ?connector ?direct ?basic",
        "could not be told from what was said",
    ),
    (
        "a sender inside, of unknown login",
        need(**INSIDE, **FIXED),
        Around(),
        TODAY,
        "connector direct ?oauth ?gateway ?hve ?basic",
        "no way with a login serves it",
    ),
]


@pytest.mark.parametrize(
    ("given_", "there", "today", "wanted", "reason"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_the_ways_of_a_need_in_their_order(
    given_: Need, there: Around, today: date, wanted: str, reason: str
) -> None:
    found = one(given_, there, today)
    assert ranking(found) == wanted
    assert reason in found.reason


NEEDS = st.builds(
    Need,
    name=st.just("x"),
    protocol=st.sampled_from(Protocol),
    knows=st.sampled_from(Knows),
    sends=st.sampled_from(Sends),
    volume=st.none() | st.integers(0, 200_000),
    fixed_address=st.sampled_from([None, True, False]),
)
DAYS = st.integers(0, 1500).map(lambda days: TODAY + timedelta(days=days))


@given(NEEDS, DAYS)
def test_every_way_is_judged_once_and_every_judgement_has_a_reason_and_a_source(
    given_: Need, today: date
) -> None:
    found = one(given_, Around(), today)
    assert {way.way for way in found.options} == set(Way)
    answers = [way.said.answer for way in found.options]
    assert answers == sorted(answers, key=[Answer.YES, Answer.UNKNOWN, Answer.NO].index)
    for way in found.options:
        assert way.said.because
        assert way.sources
        assert way.stops
    assert found.answer is answers[0]
    assert show.document([found], today)
    assert list(show.text([found], today))


@given(NEEDS, st.sampled_from(["knows", "sends", "fixed_address", "volume"]))
def test_saying_more_never_turns_could_not_tell_into_a_way_that_was_ruled_out_before(
    given_: Need, member: str
) -> None:
    """What was not said is never taken for no: what cannot be without it cannot be with it."""
    unsaid = {"knows": Knows.UNKNOWN, "sends": Sends.UNKNOWN}.get(member)
    members = {name: getattr(given_, name) for name in given_.__dataclass_fields__}
    silent = one(Need(**{**members, member: unsaid}))
    told = one(given_)
    for way in Way:
        if option(silent, way).said.answer is Answer.NO:
            assert option(told, way).said.answer is Answer.NO


def test_the_price_of_high_volume_email_is_told_by_the_volume() -> None:
    told = option(one(need(volume=20_000, **INSIDE)), Way.HIGH_VOLUME).money
    assert told.endswith("25.20 a month for 20000 a day.")
    assert option(one(need(**INSIDE)), Way.HIGH_VOLUME).money == (
        "About 42 US dollars for a million recipients."
    )


def test_every_end_has_its_day_and_says_how_long_is_left_or_that_it_has_come() -> None:
    basic = need(knows=Knows.BASIC, **INSIDE)
    assert option(one(basic), Way.BASIC).stops.startswith("2027-01-01, in 39 days: ")
    assert "which has come" in option(one(basic, today=NEXT_YEAR), Way.BASIC).stops
    assert option(one(basic), Way.HIGH_VOLUME).stops.startswith("2028-09, in ")
    oauth = need(knows=Knows.OAUTH, **INSIDE)
    assert option(one(oauth), Way.HIGH_VOLUME).stops == NO_END
    assert option(one(oauth), Way.OAUTH).stops == NO_END
    assert option(one(need(IMAP)), Way.BASIC).stops.startswith("2023-01-01, which has come: ")


def test_every_fact_has_a_source_and_none_of_them_is_unverified() -> None:
    for fact in FACTS:
        assert fact.says.endswith(".")
        assert fact.source
        assert fact.confidence is not Confidence.UNVERIFIED
    assert {fact for cost in COSTS.values() for fact in cost.facts} == set(FACTS)
    assert facts.HVE_HERE.when == "2026-03"
    assert facts.DAILY.when == ""


POLICY = """
tenant: contoso.onmicrosoft.com
posture: {direct_send: reject, security_defaults: on}
grants:
  - {name: erp, who: {mailboxes: [erp@contoso.example]}, allow: [imap, smtp], through: oauth-app}
  - name: scanners
    who: {groups: [Scanners]}
    allow: [smtp]
    through: basic
    from: [203.0.113.0/28]
    until: 2027-03-31
    owner: it@contoso.example
    reason: Ricoh MP C3004
  - {name: leaver, who: {mailboxes: [x@contoso.example]}, deny: [smtp]}
"""


def test_a_grant_is_a_need_for_each_protocol_that_it_opens() -> None:
    desired = parse(POLICY, read_csv=None)
    needs = list(of_policy(desired))
    assert [(n.name, n.protocol, n.knows, n.mailbox, n.fixed_address) for n in needs] == [
        ("erp", IMAP, Knows.OAUTH, "erp@contoso.example", None),
        ("erp", SMTP, Knows.OAUTH, "erp@contoso.example", None),
        ("scanners", SMTP, Knows.BASIC, "", True),
    ]
    assert needs[2].client == "Ricoh MP C3004"
    assert around(desired) == Around(rejects_direct_send=True, security_defaults=True)
    silent = parse("tenant: contoso.onmicrosoft.com", read_csv=None)
    assert around(silent) == Around()
    assert list(of_policy(silent)) == []


def test_what_was_described_is_told_back_in_the_headline() -> None:
    whole = Need(
        name="scanner",
        protocol=SMTP,
        mailbox="scan@contoso.example",
        client="Ricoh",
        knows=Knows.BASIC,
        sends=Sends.INTERNAL,
        volume=200,
    )
    (headline, *_) = show.text([one(whole)], TODAY)
    assert next(show.text([one(Need(name="", protocol=IMAP))], TODAY)).startswith("the need: IMAP")
    assert headline == (
        "scanner: SMTP, mailbox scan@contoso.example, Ricoh, knows a password login only, sends "
        "inside the tenant only, 200 recipients a day, as of 2026-11-23"
    )


def test_the_page_tells_every_way_and_every_fact_with_its_source() -> None:
    page = advisepage.page()
    for way, fact in product(Way, FACTS):
        assert f"| {way.value} | " in page
        assert f"| {fact.says} | {fact.confidence.value} | {fact.source} |" in page
