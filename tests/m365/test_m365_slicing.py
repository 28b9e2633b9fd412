"""A listing whose second page is refused is made whole in slices, or is no listing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from m365_fakedoor import FakeDoor, open_session, parameters_of, rows

from portineria.m365.data import TRUNCATED, Incomplete
from portineria.m365.messages import Request, Response
from portineria.m365.slicing import DEPTH, inventory

CUT = {"@adminapi.warnings": [f"{TRUNCATED} than are currently displayed."]}


class CutShort(FakeDoor):
    """A service that gives `most` rows and no second page; understands our filters."""

    def __init__(self, names: list[str], most: int, blind: bool = False) -> None:
        super().__init__()
        self.names, self.most, self.blind = names, most, blind

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        wanted = "" if self.blind else parameters_of(request)["Parameters"].get("Filter", "")
        within, _, without = wanted.partition("-not")
        found = [name for name in self.names if _meant(name.lower(), within, without)]
        told: list[dict[str, Any]] = [{"Guid": name, "Name": name} for name in found]
        return rows(*told[: self.most], **(CUT if len(told) > self.most else {}))


def _meant(name: str, within: str, without: str) -> bool:
    prefixes = re.findall(r"'(.*?)\*'", within)
    excluded = re.findall(r"'(.*?)\*'", without)
    return all(map(name.startswith, prefixes)) and not any(map(name.startswith, excluded))


async def listed(door: FakeDoor) -> set[str]:
    session, _ = open_session(door)
    pages = inventory(session, "Get-Mailbox", ("Name",))
    return {row["Name"] async for page in pages for row in page}


NAMES = st.lists(
    st.text(alphabet="ab1.-éZ{", min_size=0, max_size=5), unique_by=str.lower, max_size=20
)


@settings(max_examples=60, deadline=None)
@given(NAMES, st.integers(1, 25))
async def test_slices_give_everything_or_say_that_they_do_not(names: list[str], most: int) -> None:
    try:
        assert await listed(CutShort(names, most)) == set(names)
    except Incomplete:
        assert most < len(names)


async def test_a_tenant_that_fits_is_listed_once() -> None:
    door = CutShort(["ada", "bea"], most=2)
    assert await listed(door) == {"ada", "bea"}
    assert len(door.asked) == 1


async def test_names_that_begin_alike_are_told_apart_by_more_letters() -> None:
    names = [f"user{number:04}" for number in range(300)]
    assert await listed(CutShort(names, most=50)) == set(names)


async def test_names_that_begin_with_any_sign_are_in_the_remainder() -> None:
    names = ["ada", "Éva", "{x}", "日本", "bea"]
    assert await listed(CutShort(names, most=3)) == set(names)


async def test_a_service_that_ignores_the_filter_is_not_asked_forever() -> None:
    door = CutShort(["ada", "bea", "cid"], most=2, blind=True)
    with pytest.raises(Incomplete):
        await listed(door)
    assert len(door.asked) <= DEPTH + 1


async def test_an_object_glimpsed_before_and_missing_from_the_slices_is_missed() -> None:
    class Forgetful(CutShort):
        async def send(self, request: Request) -> Response:
            answer = await super().send(request)
            self.names = self.names[1:] if len(self.asked) == 1 else self.names
            return answer

    with pytest.raises(Incomplete, match="lacks objects"):
        await listed(Forgetful(["ada", "bea", "cid"], most=2))
