"""The check of what the gateway lets in."""

from __future__ import annotations

from portineria.policy.report.finding import Case, Found, fails, holds


def weak_doors(case: Case) -> Found | None:
    """Of doors that a file asks for: who gives no file did not ask."""
    if case.gateway is None:
        return None
    weak = [f"{door.place}: {door.takes}, {', '.join(door.networks)}" for door in case.gateway]
    if weak:
        return fails("its file lets cleartext or old TLS in from some networks", *weak)
    return holds("every listener of its file asks for TLS 1.2 or better")
