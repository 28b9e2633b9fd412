"""Which object an -Identity means, among all the names that Exchange accepts for it.

Source: dossier exchange-online 1.2, 1.3. An empty identity means everything (documented as a
danger); a non-empty one that nobody answers to is a 404 over REST.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from portineria.lab.exchange import faults
from portineria.lab.world import Document

Names = Callable[[Document], Iterable[Any]]

HOSTED = "Microsoft Exchange Hosted Organizations"
FOREST = ("LAB00A001", "PROD", "OUTLOOK", "COM")


def organization_id(domain: str) -> str:
    """The canonical name of the tenant: what Exchange calls its OrganizationId."""
    return f"{'.'.join(FOREST)}/{HOSTED}/{domain}"


def distinguished_name(name: str, domain: str) -> str:
    """A DN in the form that Exchange Online prints for objects of a tenant."""
    forest = ",".join(f"DC={part}" for part in FOREST)
    return f"CN={_escaped(name)},OU={domain},OU={HOSTED},{forest}"


def policy_dn(name: str, domain: str) -> str:
    """The DN of an authentication policy: it lives in the configuration, not among people."""
    return distinguished_name(name, domain).replace(
        f",OU={domain}", f",CN=Auth Policies,CN=Configuration,CN={domain}", 1
    )


def _escaped(name: str) -> str:
    """RFC 4514 section 2.4: the characters that a DN value must escape."""
    return "".join(f"\\{c}" if c in ',+"\\<>;=' else c for c in name)


def by_members(*members: str) -> Names:
    """An object answers to the values of these members of its document."""
    return lambda document: (document.get(member) for member in members)


def mailbox_names(document: Document) -> Iterable[Any]:
    """Every name of a recipient: keys, names, DNs, and each of its addresses."""
    for member in _MAILBOX_NAMES:
        yield document.get(member)
    for address in document.get("EmailAddresses") or ():
        kind, _, bare = str(address).partition(":")
        if kind.lower() == "smtp":
            yield bare
    if document.get("SamAccountName"):
        yield f"{document.get('NetBiosName', 'LAB00A001')}\\{document['SamAccountName']}"


def mailbox_keys(document: Mapping[str, Any]) -> Iterable[str]:
    """The names of a recipient as it is stored, for an index: those that are made of others
    with "=" or "\\" in them are left out."""
    names = {str(document[member]) for member in _STORED if document.get(member)}
    for address in (*(document.get("EmailAddresses") or ()), document.get("UserPrincipalName")):
        bare = str(address).partition(":")[2] or str(address)
        names |= {bare, bare.partition("@")[0]}
    return names


_STORED = (
    "Guid",
    "ExternalDirectoryObjectId",
    "ExchangeGuid",
    "Identity",
    "Name",
    "Alias",
    "UserPrincipalName",
    "PrimarySmtpAddress",
    "SamAccountName",
    "DisplayName",
)

_MAILBOX_NAMES = (
    "Guid",
    "ExternalDirectoryObjectId",
    "ExchangeGuid",
    "Identity",
    "Name",
    "Alias",
    "DistinguishedName",
    "UserPrincipalName",
    "PrimarySmtpAddress",
    "LegacyExchangeDN",
    "SamAccountName",
    "DisplayName",
)


def matching(documents: Iterable[Document], identity: str | None, names: Names) -> list[Document]:
    """All documents for an empty identity, else those that answer to it. Raises 404 for none."""
    if not identity:
        return list(documents)
    wanted = identity.lower()
    found = [d for d in documents if any(str(n).lower() == wanted for n in names(d) if n)]
    if not found:
        raise faults.not_found(identity)
    return found


def only(documents: Iterable[Document], identity: str | None, names: Names) -> Document:
    """The one document that a write means. Raises 400 without an identity, or for several."""
    if not identity:
        raise faults.missing_parameter("Identity")
    found = matching(documents, identity, names)
    if len(found) > 1:
        found = _by_key(found, identity) or found
    if len(found) > 1:
        raise faults.ambiguous(identity)
    return found[0]


def _by_key(documents: list[Document], identity: str) -> list[Document]:
    """A Guid is never ambiguous, whatever another object calls itself."""
    return [d for d in documents if str(d.get("Guid", "")).lower() == identity.lower()]
