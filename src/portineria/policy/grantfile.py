"""The `grants` part of the policy file: who, which protocols, through which caller, until when."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import ip_network
from uuid import UUID

from portineria.fault import OperatorFault
from portineria.policy.csvlist import RowError, addresses, is_address
from portineria.policy.desired import Grant, OpenedBy, Through, Who
from portineria.policy.marked import Page, Spot, shown
from portineria.tenant.access import Network
from portineria.tenant.mailbox import Protocol

CsvReader = Callable[[str], str]
"""Gives the text of the CSV file that a policy names; raises OSError or OperatorFault."""

GRANT_KEYS = (
    "name",
    "who",
    "allow",
    "deny",
    "through",
    "app",
    "sign_in",
    "from",
    "until",
    "owner",
    "reason",
)
WHO_KEYS = ("mailboxes", "groups", "csv", "where")
WHERE_KEYS = ("type", "domain", "department", "name")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ID = re.compile(r"\s*[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\s*")


class GrantedKind(StrEnum):
    """The mailbox types that `where: {type: …}` can ask for."""

    USER = "user"
    SHARED = "shared"
    ROOM = "room"
    EQUIPMENT = "equipment"


@dataclass(frozen=True, slots=True)
class _Reader:
    page: Page
    read_csv: CsvReader | None

    def grant(self, spot: Spot) -> Grant | None:
        """One grant, or None where it was too broken to say anything more about it."""
        found = self.page.mapping(spot, GRANT_KEYS, "a grant")
        if found is None:
            return None
        name = self.page.text(found["name"], "the name") if "name" in found else None
        if "name" not in found:
            self.page.complain(spot, "a grant has no name", "give it one: name: scanners")
        who = self._who(found["who"]) if "who" in found else None
        if "who" not in found:
            self.page.complain(
                spot, "a grant has no who", "name mailboxes: who: {mailboxes: [a@contoso.example]}"
            )
        allow = self._protocols(found.get("allow"), "allow")
        deny = self._protocols(found.get("deny"), "deny")
        self._one_of_both(spot, found)
        through = self._through(found)
        grant = Grant(
            name=name or "",
            who=who or Who(),
            allow=allow,
            deny=deny,
            through=through,
            app=self._app(found.get("app"), through),
            opened_by=self._opened_by(found, through),
            networks=self._networks(spot, found, through),
            until=self._until(found.get("until")),
            owner=self._words(found.get("owner"), "the owner"),
            reason=self._words(found.get("reason"), "the reason"),
            place=spot.place,
        )
        return grant if name and who else None

    def _one_of_both(self, spot: Spot, found: dict[str, Spot]) -> None:
        if "allow" in found and "deny" in found:
            self.page.complain(
                found["deny"], "a grant allows and denies", "make two grants of it: deny beats all"
            )
        elif "deny" in found:
            for key in ("through", "app", "sign_in", "from", "until"):
                if key in found:
                    self.page.complain(
                        found[key], f"a grant that denies carries no {key}", "take the key out"
                    )
        elif "allow" not in found:
            self.page.complain(
                spot, "a grant neither allows nor denies", "write allow: [imap] or deny: [imap]"
            )

    def _through(self, found: dict[str, Spot]) -> Through:
        if "through" not in found:
            return Through.OAUTH_USER
        read = self.page.choice(found["through"], Through, "through")
        return read or Through.OAUTH_USER

    def _protocols(self, spot: Spot | None, key: str) -> frozenset[Protocol]:
        if spot is None:
            return frozenset()
        items = self.page.items(spot, key)
        if items == []:
            self.page.complain(spot, f"{key} is empty", "name imap, pop or smtp")
        read = [self.page.choice(item, Protocol, "a protocol") for item in items or ()]
        return frozenset(one for one in read if one)

    def _app(self, spot: Spot | None, through: Through) -> str | None:
        if spot is None:
            return None
        if through not in {Through.OAUTH_APP, Through.GATEWAY}:
            self.page.complain(
                spot, f"app has no meaning through {through}", "it goes with oauth-app or gateway"
            )
            return None
        value = self.page.text(spot, "the app")
        if value is None:
            return None
        try:
            return str(UUID(value))
        except ValueError:
            self.page.complain(
                spot, f"{shown(spot)} is no client id", "copy the Application (client) ID, a GUID"
            )
            return None

    def _opened_by(self, found: dict[str, Spot], through: Through) -> OpenedBy:
        if (spot := found.get("sign_in")) is None:
            return OpenedBy.APP
        if through is not Through.GATEWAY and "deny" not in found:
            told = f"sign_in has no meaning through {through}"
            self.page.complain(spot, told, "it goes with gateway")
        read = self.page.choice(spot, OpenedBy, "sign_in") or OpenedBy.APP
        if read is OpenedBy.PERSON and "app" in found:
            told = "app names an application, and sign_in: person uses none"
            self.page.complain(found["app"], told, "take one of them out")
        return read

    def _networks(
        self, spot: Spot, found: dict[str, Spot], through: Through
    ) -> tuple[Network, ...]:
        if "from" not in found:
            if through is Through.BASIC and "deny" not in found:
                self.page.complain(
                    spot,
                    "a grant through basic has no from",
                    "name the networks that the device speaks from: from: [203.0.113.0/28]",
                )
            return ()
        if through in {Through.OAUTH_USER, Through.OAUTH_APP} and "deny" not in found:
            self.page.complain(
                found["from"],
                f"from is not enforced through {through}",
                "it goes with basic or gateway; for OAuth use a Conditional Access policy",
            )
        items = self.page.items(found["from"], "from")
        if items == []:
            self.page.complain(found["from"], "from is empty", "name a network or take it out")
        read = [self._network(item) for item in items or ()]
        return tuple(one for one in read if one is not None)

    def _network(self, spot: Spot) -> Network | None:
        value = self.page.text(spot, "a network")
        if value is None:
            return None
        try:
            network = ip_network(value)
        except ValueError as error:
            self.page.complain(
                spot, f"{shown(spot)} is no network: {error}", _nearest_network(value)
            )
            return None
        if network.prefixlen == 0:
            self.page.complain(
                spot, f"{value} is the whole Internet", "name the networks of the device alone"
            )
            return None
        return network

    def _until(self, spot: Spot | None) -> date | None:
        if spot is None:
            return None
        value = str(spot.node.value)
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.page.complain(spot, f"{shown(spot)} is no date", "write a day as 2027-03-31")
        return None

    def _words(self, spot: Spot | None, what: str) -> str:
        return "" if spot is None else self.page.text(spot, what) or ""

    def _who(self, spot: Spot) -> Who | None:
        found = self.page.mapping(spot, WHO_KEYS, "who")
        if found is None:
            return None
        if not found:
            self.page.complain(spot, "who names nobody", "name mailboxes, groups, csv or where")
            return None
        boxes = self._list(found.get("mailboxes"), "mailboxes", granted_name)
        files = self._files(found.get("csv"))
        listed = tuple(address for file in files for address in self._csv(*file))
        return Who(
            mailboxes=tuple(dict.fromkeys((*boxes, *listed))),
            groups=self._list(found.get("groups"), "groups", _group_name),
            csv=tuple(name for _, name in files),
            where=self._where(found.get("where")),
        )

    def _list(
        self, spot: Spot | None, what: str, read: Callable[[Page, Spot], str | None]
    ) -> tuple[str, ...]:
        if spot is None:
            return ()
        items = self.page.items(spot, what)
        if items == []:
            self.page.complain(spot, f"{what} is empty", "name somebody or take the key out")
        return tuple(name for item in items or () if (name := read(self.page, item)))

    def _files(self, spot: Spot | None) -> list[tuple[Spot, str]]:
        """The CSV files named, as one name or a list of them."""
        if spot is None:
            return []
        items = [spot] if spot.kind == "str" else self.page.items(spot, "csv") or []
        return [(item, name) for item in items if (name := self.page.text(item, "a CSV file"))]

    def _csv(self, spot: Spot, name: str) -> tuple[str, ...]:
        if self.read_csv is None:
            self.page.complain(spot, f"{name} cannot be read here", "list the mailboxes instead")
            return ()
        try:
            found = addresses(self.read_csv(name))
        except RowError as error:
            self.page.complain(spot, f"{name} row {error.row}: {error.why}", error.try_)
        except OperatorFault as error:
            self.page.complain(spot, f"the file {name}: {error.why}", error.try_)
        except OSError as error:
            self.page.complain(
                spot,
                f"the file {name}: {error.strerror or 'cannot be read'}",
                "paths begin at the policy",
            )
        else:
            if not found:
                self.page.complain(spot, f"{name} names no mailbox", "one address a line")
            return found
        return ()

    def _where(self, spot: Spot | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if spot is None:
            return ()
        found = self.page.mapping(spot, WHERE_KEYS, "where")
        if found == {}:
            self.page.complain(spot, "where is empty", f"known here: {', '.join(WHERE_KEYS)}")
        read = {key: self._values(key, value) for key, value in sorted((found or {}).items())}
        return tuple((key, values) for key, values in read.items() if values)

    def _values(self, key: str, spot: Spot) -> tuple[str, ...]:
        """One value of a filter's key, or a list of them."""
        items = self.page.items(spot, key) if spot.kind == "seq" else [spot]
        if not items:
            self.page.complain(spot, f"where.{key} is empty", "name a value or take it out")
        words = (
            self.page.choice(item, GrantedKind, key)
            if key == "type"
            else self.page.text(item, f"where.{key}")
            for item in items or ()
        )
        return tuple(dict.fromkeys(str(word) for word in words if word))


def granted_name(page: Page, spot: Spot) -> str | None:
    """A mailbox in a grant: its address, or its id where an address would not tell it apart."""
    if _ID.fullmatch(str(spot.node.value)):
        return str(spot.node.value).strip().lower()
    return mailbox_name(page, spot)


def _nearest_network(value: str) -> str:
    """An address inside a network was written, or a range, or something else altogether."""
    try:
        return f"did you mean {ip_network(value, strict=False)}?"
    except ValueError:
        return "write it as 203.0.113.0/28, or one address as 203.0.113.5"


def mailbox_name(page: Page, spot: Spot) -> str | None:
    """A mail address, lower case."""
    value = page.text(spot, "a mailbox")
    if value is None:
        return None
    if not is_address(value):
        page.complain(spot, f"{shown(spot)} is no address", "write it as name@contoso.example")
        return None
    return value.lower()


def _group_name(page: Page, spot: Spot) -> str | None:
    return page.text(spot, "a group")


def read_grants(
    page: Page, spot: Spot, read_csv: CsvReader | None, break_glass: frozenset[str]
) -> tuple[Grant, ...]:
    """All grants; names are unique and no break-glass account is among those let in."""
    reader = _Reader(page, read_csv)
    grants: list[Grant] = []
    names: dict[str, int] = {}
    items = None if spot.kind == "null" else page.items(spot, "grants")
    for item in items or ():
        grant = reader.grant(item)
        if grant is None:
            continue
        if grant.name in names:
            page.complain(
                item,
                f"there are two grants called {grant.name!r}",
                f"the first stands in line {names[grant.name]}; give one another name",
            )
        names.setdefault(grant.name, item.place.line)
        for address in sorted(break_glass & set(grant.who.mailboxes)) if grant.allow else ():
            page.complain(
                item,
                f"{grant.name} lets in {address}, a break-glass account",
                "a break-glass account opens no mailbox protocol; take it out of the grant",
            )
        grants.append(grant)
    return tuple(grants)
