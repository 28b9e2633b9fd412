"""A machine that has let somebody in can hand the conversation to somebody else, losing nothing."""

from __future__ import annotations

import pytest
from mail_owner import MACHINES

from portineria.mail.events import Login

LOGINS = {
    "imap": b"a1 LOGIN ada right\r\n",
    "pop": b"USER ada\r\nPASS right\r\n",
    "smtp": b"EHLO x\r\nAUTH PLAIN AGFkYQByaWdodA==\r\n",
}
BEHIND = b"what comes next\r\nand half a li"
YES = {"imap": "OK in", "pop": "+OK in", "smtp": "235 2.7.0 in"}


@pytest.mark.parametrize("protocol", LOGINS)
def test_what_came_behind_the_login_is_handed_over_unread(protocol: str) -> None:
    machine = MACHINES[protocol](True)
    machine.start()
    machine.receive(LOGINS[protocol] + BEHIND)
    assert isinstance(machine.next_event(), Login)
    machine.accept(YES[protocol])
    assert machine.surrender() == BEHIND
    machine.speak(b"in another's name\r\n")
    assert machine.take().endswith(b"in another's name\r\n")
    machine.receive(b"nobody listens\r\n")
    assert machine.next_event() is None
