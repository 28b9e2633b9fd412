"""All sayings, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping

from portineria.policy.wiretexts.said_exchange import EXCHANGE
from portineria.policy.wiretexts.said_graph import GRAPH
from portineria.policy.wiretexts.said_mailbox import IMAP, POP
from portineria.policy.wiretexts.said_message import MESSAGE
from portineria.policy.wiretexts.said_program import APPLICATION, REQUEST
from portineria.policy.wiretexts.said_signin import CONSENT, PEOPLE, POLLING
from portineria.policy.wiretexts.said_smtp import LATER, LOGIN, TALK
from portineria.policy.wiretexts.sayings import Saying

SAYINGS: tuple[Saying, ...] = (
    *LOGIN,
    *LATER,
    *TALK,
    *MESSAGE,
    *IMAP,
    *POP,
    *PEOPLE,
    *CONSENT,
    *APPLICATION,
    *REQUEST,
    *POLLING,
    *GRAPH,
    *EXCHANGE,
)
BY_ID: Mapping[str, Saying] = {saying.id: saying for saying in SAYINGS}
BY_NUMBER: Mapping[int, Saying] = {saying.number: saying for saying in SAYINGS if saying.number}
