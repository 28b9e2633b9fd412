"""What each kind of recipient is called, and why a grant cannot open those that it cannot.

Grants, the ladder and the documents all speak of a kind in the words of this one table.
Source: Get-Recipient, RecipientTypeDetails; Microsoft Learn: High Volume Email, inactive
mailboxes, About shared mailboxes.
"""

from __future__ import annotations

from dataclasses import dataclass

from portineria.tenant.mailbox import Mailbox, RecipientKind


@dataclass(frozen=True, slots=True)
class Trait:
    """`called` with its article. `why` is a whole clause, "" where grants can open the kind;
    `instead` the nearest thing that can. `switches`: whether it has protocol switches at all.
    """

    called: str
    why: str = ""
    instead: str = ""
    switches: bool = True

    @property
    def refusal(self) -> str:
        """Why a grant cannot open it, with what it is."""
        return f"it is {self.called}: {self.why}"


TRAITS: dict[RecipientKind, Trait] = {
    RecipientKind.USER: Trait("a user mailbox"),
    RecipientKind.SHARED: Trait("a shared mailbox"),
    RecipientKind.ROOM: Trait("a room mailbox"),
    RecipientKind.EQUIPMENT: Trait("an equipment mailbox"),
    RecipientKind.DISCOVERY: Trait(
        "a discovery mailbox",
        "it holds what searches for compliance found, and no mail program belongs there",
        "export what was found, or use a shared mailbox",
    ),
    RecipientKind.GROUP: Trait(
        "the mailbox of a Microsoft 365 group",
        "it has no login, and no protocol switches",
        "use a shared mailbox, or grant the people of the group: who: {groups: […]}",
        switches=False,
    ),
    RecipientKind.DISTRIBUTION: Trait(
        "a distribution group",
        "it hands mail on, and there is no mailbox behind it",
        "grant the people of the group: who: {groups: […]}, or use a shared mailbox",
        switches=False,
    ),
    RecipientKind.INACTIVE: Trait(
        "an inactive mailbox",
        "its account is gone, and it is kept for compliance only",
        "recover it into a mailbox that is in use",
        switches=False,
    ),
    RecipientKind.SOFT_DELETED: Trait(
        "a deleted mailbox",
        "it was deleted and waits to be restored or purged; nobody can log in to it",
        "restore its account, or leave it out of the grant",
        switches=False,
    ),
    RecipientKind.ON_PREMISES: Trait(
        "an on-premises mailbox",
        "the mailbox lives on an Exchange server of your own",
        "move the mailbox to Exchange Online, or open the protocol on that server",
        switches=False,
    ),
    RecipientKind.MAIL_USER: Trait(
        "a mail user",
        "it has an address here and its mailbox elsewhere",
        "grant a mailbox of this tenant, or give the account a licence with one",
        switches=False,
    ),
    RecipientKind.GUEST: Trait(
        "a guest",
        "the mailbox is in another tenant",
        "ask the administrator of the guest's own tenant",
        switches=False,
    ),
    RecipientKind.CONTACT: Trait(
        "a mail contact",
        "an entry of the address book, without an account and a mailbox",
        "grant a mailbox of this tenant",
        switches=False,
    ),
    RecipientKind.PUBLIC_FOLDER: Trait(
        "a public folder",
        "it has no login of its own",
        "use a shared mailbox",
        switches=False,
    ),
    RecipientKind.HVE: Trait(
        "a High Volume Email account",
        "it only sends, through a host and by rules of its own",
        "leave it out of the grant (see Get-HVEAccountSettings), or use a shared mailbox",
        switches=False,
    ),
    RecipientKind.OTHER: Trait(
        "a recipient of another kind",
        "this program does not know it as a mailbox",
        "leave it out of the grant, or use a user or shared mailbox",
    ),
}

GRANTABLE = frozenset(kind for kind, trait in TRAITS.items() if not trait.why)


def trait(box: Mailbox) -> Trait:
    return TRAITS[box.kind]
