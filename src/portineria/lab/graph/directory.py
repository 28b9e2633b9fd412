"""Organization, domains, licences, users, groups and roles (entra-graph 1.5, 3, 8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from portineria.lab.ask import Answer, Seen
from portineria.lab.graph.call import Call, GraphFault, done, malformed, not_found, one
from portineria.lab.graph.query import eventual, listing, plain_listing, select, selected
from portineria.lab.login.conditional import transitive_groups
from portineria.lab.scan import Scan
from portineria.lab.world import Document

PRIVATE = frozenset({"password", "mfaRegistered", "perUserMfaState", "members", "note"})
"""Members of the lab's own, never shown by Graph."""

DEFAULT_USER = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
USER = (
    *DEFAULT_USER,
    "accountEnabled",
    "assignedLicenses",
    "assignedPlans",
    "createdDateTime",
    "department",
    "onPremisesImmutableId",
    "onPremisesSyncEnabled",
    "proxyAddresses",
    "signInSessionsValidFromDateTime",
    "usageLocation",
    "userType",
)
_SINGLE_ONLY = ("aboutMe", "mailboxSettings")
EMPTY = frozenset({"businessPhones", "assignedLicenses", "assignedPlans", "proxyAddresses"})


def organization(call: Call) -> Answer:
    return plain_listing(call, "organization", call.seen.all("organization"))


def domains(call: Call) -> Answer:
    return plain_listing(call, "domains", call.seen.all("domains"))


def skus(call: Call) -> Answer:
    return plain_listing(call, "subscribedSkus", call.seen.all("subscribedSkus"))


def users(call: Call) -> Answer:
    _refuse_single_only(call)
    return listing(call, "users", _all(call, "users").map(_user), USER, DEFAULT_USER)


def _all(call: Call, kind: str) -> Scan:
    return Scan(partial(call.seen.scan, kind))


def count_users(call: Call) -> Answer:
    if not eventual(call):
        raise malformed("$count is not currently supported.")
    number = sum(1 for _ in call.seen.scan("users"))
    return Answer(body=str(number).encode(), headers={"content-type": "text/plain"})


def user(call: Call) -> Answer:
    names = selected(call, (*USER, *_SINGLE_ONLY)) or DEFAULT_USER
    return one(call, "users", select(_user(find_user(call.seen, call.names["id"])), names))


def shown_user(row: Document) -> Document:
    """A person with the default members."""
    return select(_user(row), DEFAULT_USER)


def revoke(call: Call) -> Answer:
    found = find_user(call.seen, call.names["id"])
    call.world["users"].patch(found["id"], signInSessionsValidFromDateTime=call.now())
    return Answer(body={"@odata.context": call.context("Edm.Boolean"), "value": True})


def requirements(call: Call) -> Answer:
    """Beta: the state of per-user MFA."""
    found = find_user(call.seen, call.names["id"])
    return Answer(body={"perUserMfaState": found.get("perUserMfaState", "disabled")})


def member_of(call: Call) -> Answer:
    found = find_user(call.seen, call.names["id"])
    holding = transitive_groups(call.seen, found["id"])
    groups = _all(call, "groups").only(lambda row: row["id"] in holding)
    return listing(call, "directoryObjects", groups.map(lambda row: _typed("group", _public(row))))


def groups(call: Call) -> Answer:
    return listing(call, "groups", _all(call, "groups").map(_public))


def group(call: Call) -> Answer:
    found = _public(_find_group(call))
    return one(call, "groups", select(found, selected(call, ())))


def members(call: Call) -> Answer:
    """Whoever is in a group, of every type; what the caller may not read shows its id alone."""
    return listing(call, "directoryObjects", _members_of(call))


def user_members(call: Call) -> Answer:
    """The cast is an advanced query (entra-graph 3.3)."""
    if not eventual(call) or call.ask.query.get("$count") != "true":
        text = "Unsupported query: the cast needs ConsistencyLevel and $count (synthetic)"
        raise GraphFault(400, "Request_UnsupportedQuery", text)
    return listing(call, "users", _people_in(call).map(_user), USER, DEFAULT_USER)


def roles(call: Call) -> Answer:
    """Only roles that somebody holds are activated ones here."""
    used = {row["roleDefinitionId"] for row in call.seen.all("roleAssignments")}
    rows = [{"id": name, "roleTemplateId": name, "displayName": None} for name in sorted(used)]
    return plain_listing(call, "directoryRoles", rows)


def role_assignments(call: Call) -> Answer:
    return listing(call, "roleManagement/directory/roleAssignments", _assignments(call))


def assign_role(call: Call) -> Answer:
    body = call.body()
    try:
        row = {
            "id": call.world.new_id("roleAssignment"),
            "principalId": body["principalId"],
            "roleDefinitionId": body["roleDefinitionId"],
            "directoryScopeId": body.get("directoryScopeId", "/"),
        }
    except KeyError as missing:
        raise malformed(f"A value is required for property {missing}.") from None
    call.world["roleAssignments"].put(row["id"], row)
    return one(call, "roleManagement/directory/roleAssignments", row, 201)


def unassign_role(call: Call) -> Answer:
    if call.seen.get("roleAssignments", call.names["id"]) is None:
        raise not_found(call.names["id"])
    call.world["roleAssignments"].put(call.names["id"], None)
    return done()


def sign_ins(call: Call) -> Answer:
    """403 without a premium licence; the lab keeps no sign-in log, so it is empty with one."""
    if not has_plan(call.seen, AAD_PREMIUM):
        raise GraphFault(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )
    return plain_listing(call, "auditLogs/signIns", [])


AAD_PREMIUM = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
AAD_PREMIUM_P2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"


def has_plan(seen: Seen, plan: str) -> bool:
    """Whether an enabled subscription carries this service plan (entra-graph 1.5)."""
    return any(
        sku["capabilityStatus"] == "Enabled"
        and any(each["servicePlanId"] == plan for each in sku["servicePlans"])
        for sku in seen.all("subscribedSkus")
    )


def find_user(seen: Seen, name: str) -> Document:
    """By object id or user principal name. Raises GraphFault 404."""
    found = seen.get("users", name.lower()) or seen.find("users", "userPrincipalName", name)
    if found is None:
        raise not_found(name)
    return found


def _find_group(call: Call) -> Document:
    found = call.seen.get("groups", call.names["id"].lower())
    if found is None:
        raise not_found(call.names["id"])
    return found


_TYPES = (
    ("users", "user", ("User.Read.All", "User.ReadBasic.All")),
    ("groups", "group", ("Group.Read.All", "GroupMember.Read.All")),
    ("devices", "device", ("Device.Read.All",)),
    ("contacts", "orgContact", ("OrgContact.Read.All",)),
    ("servicePrincipals", "servicePrincipal", ("Application.Read.All",)),
)
"""Kind, type, and the permissions of which one shows more than the id."""


def _members_of(call: Call) -> Scan:
    names = list(_member_ids(call, _find_group(call)["id"]))

    def since(start: int) -> Iterator[tuple[int, Document]]:
        for behind, name in enumerate(islice(names, start, None), start + 1):
            member = _member(call, name)
            if member is not None:
                yield behind, member

    return Scan(since)


def _member(call: Call, name: str) -> Document | None:
    held = set(call.claims.get("roles") or ()) | set(str(call.claims.get("scp", "")).split())
    for kind, type_, permissions in _TYPES:
        found = call.seen.look(kind, name)
        if found is None or (type_ == "servicePrincipal" and call.version != "beta"):
            continue
        if held & {*permissions, "Directory.Read.All"}:
            return _typed(type_, _public(found))
        return _typed(type_, {"id": name, **dict.fromkeys(_public(found).keys() - {"id"})})
    return None


def _people_in(call: Call) -> Scan:
    """The users of a group and of the groups inside it, each once. Only their ids are gathered
    before the page is known: a group may hold everybody."""
    people = list(_member_ids(call, _find_group(call)["id"]))

    def since(start: int) -> Iterator[tuple[int, Document]]:
        for behind, name in enumerate(islice(people, start, None), start + 1):
            person = call.seen.look("users", name)
            if person is not None:
                yield behind, person

    return Scan(since)


def _member_ids(call: Call, group: str) -> Iterator[str]:
    """Every member, through the groups inside, each once; a circle of groups ends."""
    waiting, met = deque([group]), set[str]()
    while waiting:
        name = waiting.popleft()
        if name in met:
            continue
        met.add(name)
        if name != group:
            yield name
        inner = call.seen.look("groups", name)
        if inner is not None:
            waiting.extend(inner.get("members", []))


def _assignments(call: Call) -> Iterator[Document]:
    expand = call.ask.query.get("$expand", "") == "principal"
    for row in call.seen.all("roleAssignments"):
        yield {**row, "principal": _principal(call, row["principalId"])} if expand else row


def _principal(call: Call, name: str) -> Document | None:
    for kind, type_ in (("users", "user"), ("servicePrincipals", "servicePrincipal")):
        found = call.seen.get(kind, name)
        if found is not None:
            return _typed(type_, _public(found))
    return None


def _refuse_single_only(call: Call) -> None:
    names = call.ask.query.get("$select", "").split(",")
    if any(name in _SINGLE_ONLY for name in names):
        raise GraphFault(501, "NotImplemented", "This operation target is not yet supported.")


def _typed(type_: str, row: Document) -> Document:
    return {"@odata.type": f"#microsoft.graph.{type_}", **row}


def _public(row: Document) -> Document:
    return {name: value for name, value in row.items() if name not in PRIVATE}


def _user(row: Document) -> Document:
    shown: dict[str, Any] = {name: [] if name in EMPTY else None for name in USER}
    return {**shown, **_public(row)}
