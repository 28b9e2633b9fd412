"""Errors that say where, why and what to try, and programs can tell apart."""

from __future__ import annotations

from collections.abc import Iterator

from portineria.fault import Fault, NetworkFault, OperatorFault, ServiceFault, Throttled


def family(kind: type[Fault] = Fault) -> Iterator[type[Fault]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == Fault.__module__:
            yield from family(child)


def test_a_fault_keeps_all_that_it_was_told_and_reads_as_its_reason() -> None:
    told = Throttled("slow down", where="graph users", try_="wait", evidence={"status": 429})
    assert str(told) == told.why == "slow down"
    assert (told.where, told.try_, told.evidence) == ("graph users", "wait", {"status": 429})


def test_what_was_not_told_is_empty() -> None:
    bare = OperatorFault("no such file")
    assert (bare.where, bare.try_, bare.evidence) == ("", "", {})


def test_evidence_is_the_faults_own() -> None:
    shared: dict[str, object] = {"status": 500}
    first, second = ServiceFault("a", evidence=shared), ServiceFault("b", evidence=shared)
    shared["status"] = 503
    first.evidence["more"] = True
    assert second.evidence == {"status": 500}


def test_each_kind_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in family()]
    assert len(codes) > 10
    assert sorted(codes) == sorted(set(codes))


def test_a_kind_ends_the_program_like_the_kind_it_belongs_to() -> None:
    for branch in Fault.__subclasses__():
        if branch.__module__ == Fault.__module__:
            assert {kind.exit_code for kind in family(branch)} == {branch.exit_code}
            assert branch.exit_code != Fault.exit_code
    assert (Fault.exit_code, OperatorFault.exit_code) == (70, 2)
    assert NetworkFault.exit_code == ServiceFault.exit_code == 6
