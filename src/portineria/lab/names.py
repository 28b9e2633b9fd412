"""Host names: which face answers at which, and what the certificate of the lab is good for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "login.lab": "login",
        "login.microsoftonline.com": "login",
        "login.microsoft.com": "login",
        "login.windows.net": "login",
        "sts.windows.net": "login",
        "microsoft.com": "login",
        "www.microsoft.com": "login",
        "graph.lab": "graph",
        "graph.microsoft.com": "graph",
        "exchange.lab": "exchange",
        "outlook.office365.com": "exchange",
        "outlook.office.com": "exchange",
        "control.lab": "control",
    }
)
"""Host to face. `login.windows.net`, `sts.windows.net` and `login.microsoft.com` are other names
of the login that token libraries know (MSAL's list of known authorities); `microsoft.com` is
where a device code is typed in, at /devicelogin."""

MAIL = ("mail.lab", "smtp.office365.com")
"""Names that mail alone is served at."""

NAMES = ("localhost", *HOSTS, *MAIL)
ADDRESSES = ("127.0.0.1", "::1")

REAL: Mapping[str, str] = MappingProxyType(
    {
        "login": "login.microsoftonline.com",
        "graph": "graph.microsoft.com",
        "exchange": "outlook.office365.com",
        "imaps": "outlook.office365.com",
        "imap": "outlook.office365.com",
        "pops": "outlook.office365.com",
        "pop": "outlook.office365.com",
        "smtp": "smtp.office365.com",
    }
)
"""What Microsoft calls each door (dossier exchange-online 4.1)."""

GRAPH_VERSIONS = frozenset({"v1.0", "beta"})


def shared_face(host: str, path: str, extra: Iterable[str]) -> str:
    """Which face a request means on the port that login, graph and exchange share; "" for none.

    Microsoft's names decide. Under another name of this machine (`extra`) the path does, for
    those of the three never meet. The control door is not there.
    """
    known = HOSTS.get(host)
    if known is not None:
        return "" if known == "control" else known
    if host not in {"localhost", *ADDRESSES, *extra}:
        return ""
    first = path.lstrip("/").partition("/")[0]
    if first in GRAPH_VERSIONS:
        return "graph"
    return "exchange" if first == "adminapi" else "login"
