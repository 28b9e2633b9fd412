"""Users and groups (entra-graph 3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from portineria.lab.ask import Answer, Seen
from portineria.lab.graph import logs, organization
from portineria.lab.graph.call import Call, GraphFault, malformed, not_found, one
from portineria.lab.graph.expand import select
from portineria.lab.graph.query import eventual, listing, plain_listing, selected
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


def users(call: Call) -> Answer:
    _refuse_single_only(call)
    shown = _all(call, "users").map(_user)
    if "signinactivity" in call.ask.query.get("$select", "").lower():
        logs.refuse_reader(call)
        shown = shown.map(logs.activity(call))
    return listing(call, "users", shown, (*USER, "signInActivity"), DEFAULT_USER)


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


def licences(call: Call) -> Answer:
    """What each of a person's licences is, and which of its plans are on."""
    found = find_user(call.seen, call.names["id"])
    what = f"users('{found['id']}')/licenseDetails"
    return plain_listing(call, what, organization.details(call, found["assignedLicenses"]))


def member_of(call: Call) -> Answer:
    found = find_user(call.seen, call.names["id"])
    holding = transitive_groups(call.seen, found["id"])
    groups = _all(call, "groups").only(lambda row: row["id"] in holding)
    return listing(call, "directoryObjects", groups.map(lambda row: typed("group", public(row))))


def groups(call: Call) -> Answer:
    return listing(call, "groups", _all(call, "groups").map(public))


def group(call: Call) -> Answer:
    found = public(_find_group(call))
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
            return typed(type_, public(found))
        return typed(type_, {"id": name, **dict.fromkeys(public(found).keys() - {"id"})})
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


def _refuse_single_only(call: Call) -> None:
    names = call.ask.query.get("$select", "").split(",")
    if any(name in _SINGLE_ONLY for name in names):
        raise GraphFault(501, "NotImplemented", "This operation target is not yet supported.")


def typed(type_: str, row: Document) -> Document:
    """A row among others of another type."""
    return {"@odata.type": f"#microsoft.graph.{type_}", **row}


def public(row: Document) -> Document:
    """A user or group without the members that are the lab's own."""
    return {name: value for name, value in row.items() if name not in PRIVATE}


def _user(row: Document) -> Document:
    shown: dict[str, Any] = {name: [] if name in EMPTY else None for name in USER}
    return {**shown, **public(row)}
