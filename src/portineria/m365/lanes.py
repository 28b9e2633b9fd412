"""What kind of request a method or a cmdlet is, and in which lane it waits."""

from __future__ import annotations

from portineria.m365.retry import Kind, Lane

METHODS = {
    "GET": Kind.READ,
    "PATCH": Kind.IDEMPOTENT,
    "PUT": Kind.IDEMPOTENT,
    "DELETE": Kind.DELETE,
    "POST": Kind.CREATE,
}
_VERBS = {
    "Get": Kind.READ,
    "Test": Kind.READ,
    "Set": Kind.IDEMPOTENT,
    "Remove": Kind.DELETE,
}


def kind_of(cmdlet: str) -> Kind:
    """From its verb; what is not known counts as a create, which is never sent twice."""
    return _VERBS.get(cmdlet.partition("-")[0], Kind.CREATE)


_LIMITED = {
    "/identity/conditionalaccess/": Lane.CONDITIONAL_ACCESS,
    "/auditlogs/": Lane.REPORTS,
}


def lane_of(url: str) -> Lane:
    """Some families have limits of their own. Source: Graph dossier 7.1."""
    path = url.lower()
    return next((lane for part, lane in _LIMITED.items() if part in path), Lane.GRAPH)
