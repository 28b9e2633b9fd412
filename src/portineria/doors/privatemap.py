"""Lists of passwords and of people's tokens: `address: secret`, in a file of their owner's, or
sealed in a vault of ours."""

from __future__ import annotations

from portineria.doors.references import Reference
from portineria.doors.vault import Vault
from portineria.fault import BadFile
from portineria.policy.marked import FileFault, Page
from portineria.secret import Secret


def read_private_map(reference: Reference) -> dict[str, Secret]:
    """A file of `address: secret` lines, mode 0600; addresses lower case. Raises OperatorFault.

    A vault is opened; what stands in either is never repeated in an error.
    """
    reference.refuse_open()
    if (vault := Vault.at(reference.path)) is not None:
        return vault.read()
    page = Page(reference.name, discreet=True)
    text = reference.text()
    try:
        root = page.open(text)
    except FileFault as fault:
        place = fault.complaints[0].place
        raise BadFile(
            "the file is not YAML",
            where=f"{reference.name}:{place.line}",
            try_="write address: 'password', one a line, quoted",
        ) from None
    found: dict[str, Secret] = {}
    for key, value in page.pairs(root, "the file") or ():
        word = page.text(value, "a secret")
        if word is not None:
            found[str(key.node.value).lower()] = Secret(str(value.node.value))
    page.finish()
    return found
