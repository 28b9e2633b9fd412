"""Where a cloud's services live, and the scopes to ask tokens for.

Sources: dossiers' tables of national clouds (Microsoft Learn, "National cloud deployments" and
"Exchange Online Admin API"); hosts known from third parties only are named in `unverified`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostPort:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """One cloud. `login`, `graph` and `exchange` are origins without a trailing slash.

    `unverified` names the fields for which no page of Microsoft's was found. The scopes stay
    Microsoft's own names even where the origins are an imitation's.
    """

    login: str = "https://login.microsoftonline.com"
    graph: str = "https://graph.microsoft.com"
    exchange: str = "https://outlook.office365.com"
    imap: HostPort = HostPort("outlook.office365.com", 993)
    pop: HostPort = HostPort("outlook.office365.com", 995)
    smtp: HostPort = HostPort("smtp.office365.com", 587)
    graph_scope: str = "https://graph.microsoft.com/.default"
    exchange_scope: str = "https://outlook.office365.com/.default"
    """Exchange administration, and the three mail protocols for an application."""
    mail_resource: str = "https://outlook.office.com"
    """Prefix of the delegated mail scopes: IMAP.AccessAsUser.All and its siblings."""
    instance: str = "microsoftonline.com"
    """How the login service calls this cloud (`cloud_instance_name`; Graph dossier 5.7)."""
    unverified: frozenset[str] = frozenset()


CLOUDS: dict[str, Endpoints] = {
    "global": Endpoints(),
    "gcc-high": Endpoints(
        login="https://login.microsoftonline.us",
        graph="https://graph.microsoft.us",
        exchange="https://outlook.office365.us",
        imap=HostPort("outlook.office365.us", 993),
        pop=HostPort("outlook.office365.us", 995),
        smtp=HostPort("smtp.office365.us", 587),
        graph_scope="https://graph.microsoft.us/.default",
        exchange_scope="https://outlook.office365.us/.default",
        mail_resource="https://outlook.office365.us",
        instance="microsoftonline.us",
        unverified=frozenset({"imap", "pop", "smtp", "mail_resource"}),
    ),
    "dod": Endpoints(
        login="https://login.microsoftonline.us",
        graph="https://dod-graph.microsoft.us",
        exchange="https://outlook-dod.office365.us",
        imap=HostPort("outlook-dod.office365.us", 993),
        pop=HostPort("outlook-dod.office365.us", 995),
        smtp=HostPort("outlook-dod.office365.us", 587),
        graph_scope="https://dod-graph.microsoft.us/.default",
        exchange_scope="https://outlook-dod.office365.us/.default",
        mail_resource="https://outlook.office365.us",
        instance="microsoftonline.us",
        unverified=frozenset({"imap", "pop", "smtp", "exchange_scope", "mail_resource"}),
    ),
    "china": Endpoints(
        login="https://login.partner.microsoftonline.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
        exchange="https://partner.outlook.cn",
        imap=HostPort("partner.outlook.cn", 993),
        pop=HostPort("partner.outlook.cn", 995),
        smtp=HostPort("partner.outlook.cn", 587),
        graph_scope="https://microsoftgraph.chinacloudapi.cn/.default",
        exchange_scope="https://partner.outlook.cn/.default",
        mail_resource="https://partner.outlook.cn",
        instance="partner.microsoftonline.cn",
        unverified=frozenset({"imap", "pop", "smtp", "exchange_scope", "mail_resource"}),
    ),
}
"""By the name a profile uses. GCC shares the worldwide endpoints: write `global`."""
