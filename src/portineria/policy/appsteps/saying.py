"""Small words that several steps say alike."""

from __future__ import annotations

from datetime import datetime

from portineria.tenant.mailapp import MailApp

EXCHANGE = "Office 365 Exchange Online"


def when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M UTC}"


def object_id(app: MailApp) -> str:
    """The enterprise application's object id, or where to find it."""
    return app.object_id or "ENTERPRISE_APPLICATION_OBJECT_ID"


def register(app: MailApp) -> str:
    """The exact command that makes Exchange know the application."""
    return (
        f"New-ServicePrincipal -AppId {app.client_id} -ObjectId {object_id(app)} -DisplayName "
        f'"{app.name}"'
    )
