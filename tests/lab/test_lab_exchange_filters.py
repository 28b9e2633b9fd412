"""The filter language: what it says, what it refuses, and that no text breaks it."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_tenant import Tenant, guid, small_world, tenant_of
from hypothesis import given
from hypothesis import strategies as st

from portineria.lab.exchange.faults import Refusal
from portineria.lab.exchange.filters import compile_filter

ADA = {"Name": "Ada", "On": True, "Off": False, "Gone": None, "Size": 5, "Many": ["smtp:a", "x"]}
MEMBERS = frozenset(ADA)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("On -eq $true", True),
        ("on -EQ 'True'", True),
        ("Off -ne $false", False),
        ("Gone -eq $null", True),
        ("Gone -eq 'x'", False),
        ("Name -eq 'ADA'", True),
        ('Name -eq "ada"', True),
        ("Name -like 'a*'", True),
        ("Name -like '*d*'", True),
        ("Name -like 'd*'", False),
        ("Name -notlike 'd*'", True),
        ("Name -eq 'a*'", False),
        ("Many -eq 'SMTP:A'", True),
        ("Many -like 'smtp:*'", True),
        ("Many -eq 'y'", False),
        ("Size -gt 4 -and Size -le 5", True),
        ("Size -lt 5", False),
        ("Name -gt 4", False),
        ("-not Off -eq $true", True),
        ("-not (On -eq $true)", False),
        ("(On -eq $true)-and(Off -eq $false)", True),
        ("On -eq $true -or Off -eq $true -and Off -eq $true", True),
        ("(On -eq $true -or Off -eq $true) -and Off -eq $true", False),
        ("On eq true and Name eq 'ada'", True),
        ("not On eq true or Gone eq null", True),
    ],
)
def test_a_filter_says(text: str, holds: bool) -> None:
    assert compile_filter(text, MEMBERS)(ADA) is holds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "On",
        "On -eq",
        "On -eq $maybe",
        "On -is $true",
        "On -eq $true -and",
        "(On -eq $true",
        "On -eq $true)",
        "On -eq $true Off -eq $true",
        "Name -eq 'open",
        "'Ada' -eq Name",
        "; Remove-Mailbox",
    ],
)
def test_what_is_no_filter_is_refused_with_400(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        compile_filter(text, MEMBERS)
    assert caught.value.answer.status == 400


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_a_400(text: str) -> None:
    try:
        answered: object = compile_filter(text, MEMBERS)(ADA)
    except Refusal as refusal:
        answered = refusal.answer.status
    assert answered in (True, False, 400)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_quoted_value_means_itself(value: str, other: str) -> None:
    for quote in "'\"":
        quoted = quote + value.replace(quote, quote * 2) + quote
        test = compile_filter(f"Name -eq {quoted}", MEMBERS)
        assert test({"Name": value})
        assert test({"Name": other}) is (other.lower() == value.lower())


leaves = st.sampled_from(
    [("On -eq $true", True), ("Off -eq $true", False), ("Name -like 'a*'", True)]
)


def _combined(children: st.SearchStrategy[tuple[str, bool]]) -> st.SearchStrategy[Any]:
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: (f"({p[0][0]}) -and ({p[1][0]})", p[0][1] and p[1][1])),
        pairs.map(lambda p: (f"({p[0][0]}) -or ({p[1][0]})", p[0][1] or p[1][1])),
        children.map(lambda c: (f"-not ({c[0]})", not c[1])),
    )


@given(st.recursive(leaves, _combined, max_leaves=12))
def test_and_or_and_not_mean_what_they_say(pair: tuple[str, bool]) -> None:
    text, holds = pair
    assert compile_filter(text, MEMBERS)(ADA) is holds


@pytest.fixture
def tenant() -> Tenant:
    return tenant_of(small_world())


async def test_mailboxes_are_filtered_by_their_flags(tenant: Tenant) -> None:
    assert await tenant.names("Get-CASMailbox", Filter="ImapEnabled -eq $false") == ["Bea O'Sample"]
    both = "ImapEnabled -eq $true -and PopEnabled -eq $true"
    assert await tenant.names("Get-CASMailbox", Filter=both) == ["Ada Example"]
    assert await tenant.names("Get-CASMailbox", Filter="Name -like '*O''S*'") == ["Bea O'Sample"]


@pytest.mark.parametrize(
    "member", ["SmtpClientAuthenticationDisabled", "Identity", "ImapUseProtocolDefaults"]
)
async def test_the_smtp_switch_and_others_cannot_be_filtered_by(
    tenant: Tenant, member: str
) -> None:
    text = await tenant.truth("Get-CASMailbox", Filter=f"{member} -eq $true")
    assert f'"{member}" is not a recognized filterable property' in text


async def test_recipient_types_are_filtered_by_their_own_parameter(tenant: Tenant) -> None:
    rows = await tenant.rows("Get-CASMailbox", RecipientTypeDetails="SharedMailbox")
    assert [row["Guid"] for row in rows] == [guid(3)]
    assert len(await tenant.rows("Get-Mailbox", RecipientTypeDetails=["UserMailbox"])) == 2
