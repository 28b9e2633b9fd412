"""JUnit XML, as CI systems read it: one testcase for each mailbox, protocol and caller.

yes passes, no is a failure. Could not tell is never a pass: an error where the network, TLS or the
protocol broke, skipped where there was nothing to log in with or the words say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from portineria.cli.faces.told import Told
from portineria.policy.verdict import Answer

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2, Char) cannot hold, not even escaped."""


def junit(rows: Sequence[Told]) -> bytes:
    """The whole document, UTF-8."""
    suite = Element("testsuite", name="portineria probe", tests=str(len(rows)))
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for row in rows:
        kind = _kind(row)
        case = SubElement(
            suite,
            "testcase",
            classname=f"portineria.probe.{row.protocol}",
            name=_clean(row.name),
            time=f"{row.probe.seconds if row.probe else 0:.3f}",
        )
        if kind:
            counts[kind] += 1
            told = SubElement(case, kind, message=_clean(row.because))
            if kind != "skipped":
                told.set("type", _clean(row.layer) or "unknown")
        if row.probe is not None:
            lines = "\n".join(map(str, row.probe.transcript))
            SubElement(case, "system-out").text = _clean(lines)
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(counts[kind]))
    text: bytes = tostring(suite, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _kind(row: Told) -> str:
    match row.answer:
        case Answer.YES:
            return ""
        case Answer.NO:
            return "failure"
        case Answer.UNKNOWN:
            return "error" if row.broken else "skipped"


def _clean(text: str) -> str:
    return _ILLEGAL.sub("�", text)
