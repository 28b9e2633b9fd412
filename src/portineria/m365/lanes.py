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


def lane_of(url: str) -> Lane:
    """Conditional Access has a limit of its own. Source: Graph dossier 7.1."""
    limited = "/identity/conditionalaccess/" in url.lower()
    return Lane.CONDITIONAL_ACCESS if limited else Lane.GRAPH
