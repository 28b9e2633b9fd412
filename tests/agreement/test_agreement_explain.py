"""Whatever the lab refuses with is explained: to the fewest layers, and by the state to the one."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest
from matrix import HOST
from stage import stage
from uttering import ADDRESS, CASES, Case, arranged, said

from portineria.lab.post import refusals
from portineria.policy.effective import Access, Context
from portineria.policy.explain.find import Message, find
from portineria.policy.explain.meaning import layers_of
from portineria.policy.explain.state import judge

LAB_ONLY = {"mailbox"}
"""Gates that a recipient meets which is no mailbox: of it there is no state to ask."""


@pytest.mark.parametrize("one", CASES, ids=[one.name for one in CASES])
async def test_a_refusal_is_explained_by_its_words_and_by_the_state(
    one: Case, tmp_path: Path
) -> None:
    async with stage(tmp_path, start=one.start) as lab:
        who = await arranged(lab, one)
        heard = await said(lab, one)
        gates = [row["gate"] for row in lab.history if row["outcome"] == "refused"]
        assert gates == [one.gate], heard
        findings = find(heard)
        assert findings.known, heard
        (found,) = findings.messages
        words = frozenset({one.caller})
        assert {layer.value for layer in layers_of(found.saying, words)} == one.leaves
        snapshot = await lab.look(ADDRESS)
        box = snapshot.mailbox(ADDRESS)
        assert box is not None
        access = Access(
            snapshot, box, one.protocol, who, Context(lab.clock.now(), ip_address(HOST))
        )
        told = judge(Message(saying=found.saying, callers=words, lines=(1,)), [access])
        layers = [None if judged.layer is None else judged.layer.value for judged in told]
        assert layers == ([one.layer] if one.layer else []), told


def test_every_gate_of_the_mail_hosts_has_a_case() -> None:
    def below(kind: type[refusals.Refused]) -> set[str]:
        return {kind.gate} | {gate for one in kind.__subclasses__() for gate in below(one)}

    gates = below(refusals.Refused) - {""} - LAB_ONLY
    assert gates == {one.gate for one in CASES}
