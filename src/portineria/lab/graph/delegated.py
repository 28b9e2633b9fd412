"""What a person may do through an application: scopes say what it asks, roles what they may.

A token of a person opens no more than both allow. Which roles suffice is Microsoft Learn's
"Least privileged roles by task" and "Default user permissions"; members may read the directory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from portineria.lab.ask import Seen
from portineria.lab.login.conditional import roles_of

GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED = "e8611ab8-c189-46e8-94e1-60213ab1f814"
APPLICATION = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION = "158c047a-c907-4556-b7ef-446551a6b5f7"
SECURITY = "194ae4cb-b126-40b2-bd5b-6091b380977d"
CONDITIONAL = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
USER = "fe930be7-5e62-47db-91af-98c3a49a38b1"
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
READERS = (
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",  # Global Reader
    "5d6b6bb7-de71-4623-b4af-96380a352509",  # Security Reader
)

Roles = frozenset[str]
_APPLICATIONS: Roles = frozenset({GLOBAL, APPLICATION, CLOUD_APPLICATION})
_CONSENTING: Roles = _APPLICATIONS | {PRIVILEGED}
_POLICIES: Roles = frozenset({GLOBAL, SECURITY, CONDITIONAL})
CONSENTING_TO_GRAPH: Roles = frozenset({GLOBAL, PRIVILEGED})
"""Who may give an application permission of Microsoft Graph: not those who manage applications."""

_RULES: tuple[tuple[str, str, Roles], ...] = (
    ("[^G]", "/servicePrincipals.*/appRoleAssign", _CONSENTING),
    ("[^G]", "/oauth2PermissionGrants", _CONSENTING),
    ("[^G]", "/(applications|servicePrincipals|directory/deletedItems)", _APPLICATIONS),
    ("[^G]", "/roleManagement/directory", frozenset({GLOBAL, PRIVILEGED})),
    ("[^G]", "/users/.*/revokeSignInSessions", frozenset({GLOBAL, USER, HELPDESK})),
    ("[^G]", "/users", frozenset({GLOBAL, USER})),
    ("[^G]", "/(identity|policies)/", _POLICIES),
    ("G", "/(identity|policies)/", _POLICIES.union(READERS)),
)
"""Method, path, and who may; the first that fits counts, and without one every member may."""


def may(seen: Seen, claims: Mapping[str, Any], method: str, path: str) -> bool:
    """Whether a token's person is enough for this; an application's own token always is."""
    if not claims.get("scp"):
        return True
    for methods, paths, roles in _RULES:
        if re.match(methods, method) and re.match(paths, path, re.IGNORECASE):
            return bool(roles_of(seen, str(claims.get("oid", ""))) & roles)
    return True
