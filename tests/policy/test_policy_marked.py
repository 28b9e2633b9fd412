"""A file near secrets: what looks like a key may hold one, and is not repeated."""

from __future__ import annotations

import pytest

from portineria.policy.marked import FileFault, Page

KEYS = ("secret", "tenant")
STUCK = "secret:hunter2"


def told(text: str, *, discreet: bool) -> FileFault:
    page = Page("profile.yaml", discreet=discreet)
    page.mapping(page.open(text), KEYS, "the profile")
    with pytest.raises(FileFault) as caught:
        page.finish()
    return caught.value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{{{STUCK}}}", "1:2: unknown key (not shown) in the profile"),
        (f"{{{STUCK}, {STUCK}}}", "1:18: a key is written twice in the profile"),
        ("{secert: x}", "1:2: unknown key 'secert' in the profile"),
        ("{tenant: a, tenant: b}", "1:13: tenant is written twice in the profile"),
    ],
)
def test_of_a_key_only_a_plain_word_is_shown(text: str, line: str) -> None:
    fault = told(text, discreet=True)
    assert line in str(fault)
    assert "hunter2" not in f"{fault} {fault.evidence} {fault.where}"


def test_an_open_file_shows_what_stands_in_it() -> None:
    fault = told(f"{{{STUCK}, {STUCK}}}", discreet=False)
    assert f"unknown key '{STUCK}' in the profile" in str(fault)
    assert f"{STUCK} is written twice in the profile" in str(fault)
