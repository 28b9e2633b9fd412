"""What a text means, or the whole catalogue; the exit code says whether all of it is known."""

from __future__ import annotations

from portineria.cli.faces.answer import print_document, print_json
from portineria.cli.faces.tables import plain, print_many
from portineria.policy.show import explain, refusals
from portineria.policy.show.explain import Explained
from portineria.policy.wiretexts.catalogue import SAYINGS

KNOWN, NOT_KNOWN = 0, 3


def print_explained(explained: Explained, *, as_json: bool) -> int:
    if as_json:
        print_document(explain.document(explained))
    else:
        for line in explain.text(explained):
            print(plain(line))
    return KNOWN if explained.told else NOT_KNOWN


def print_catalogue(*, as_json: bool) -> int:
    if as_json:
        rows = [explain.saying_document(saying) for saying in SAYINGS]
        print_json(explain.LIST_SCHEMA, {"refusals": rows})
    else:
        print_many(refusals.COLUMNS, refusals.rows)
    return KNOWN
